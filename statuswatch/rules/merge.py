"""Two states that runs made from one base become one: no update is lost, and nothing is reported again. Pure.

Each value is merged in three ways: where one side left the base as it was, the other side's value counts. Where both
changed it, the side counts that is provably newer: it remembers more updates of the incident, or its documents state a
later time. Where neither is, the merge cannot be decided.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

import msgspec

from statuswatch.model.digest import UpdateDigest, encode_digests, parse_times
from statuswatch.model.event import PendingDelivery
from statuswatch.model.incident import IMPACT_SCALE, Component, Impact
from statuswatch.model.page import LookUp
from statuswatch.model.state import Failing, IncidentRecord, Outbox, PageState, SharedFailure, Suspicion
from statuswatch.rules.record import shrink

T = TypeVar("T")


class UndecidedError(Exception):
    """Both sides changed a value, and nothing shows which one is newer."""


class _Sides(NamedTuple):
    """The versions of a page's state: the older and the newer side, and their base. `ordered`: the order is proved."""

    base: PageState | None
    older: PageState
    newer: PageState
    ordered: bool


def three_way(
    base: Mapping[str, T], ours: Mapping[str, T], theirs: Mapping[str, T], merge: Callable[[str, T | None, T, T], T]
) -> dict[str, T]:
    """Return the entries of both sides. What one side removed stays removed, unless the other side changed it.

    `merge` is called with key, base, ours and theirs where both sides changed an entry.
    """
    merged = {}
    for key in {**ours, **theirs}:
        before, mine, other = base.get(key), ours.get(key), theirs.get(key)
        if mine in (before, other):
            kept = other
        elif other == before:
            kept = mine
        elif mine is None or other is None:
            kept = other if mine is None else mine
        else:
            kept = merge(key, before, mine, other)
        if kept is not None:
            merged[key] = kept
    return merged


# ---------------------------------------------------------------------------------------------------- a page


def merge_page(base: PageState | None, ours: PageState, theirs: PageState) -> PageState:
    """Return the state of a page that both sides changed. Raises UndecidedError.

    Validators are dropped: the next read must see the documents, and not hear that they are as one side saw them.
    """
    if (ours.url, ours.platform) != (theirs.url, theirs.platform):
        raise UndecidedError("its address or platform differs")
    sides = _order(base, ours, theirs)
    older, newer = sides.older, sides.newer
    return msgspec.structs.replace(
        newer,
        id=newer.id or older.id,
        identity=newer.identity or older.identity,
        baseline=_earliest(older.baseline, newer.baseline),  # of what is pruned on one side alone, the record stays
        read_at=max(filter(None, (older.read_at, newer.read_at)), default=None),
        watched_since=_earliest(older.known_since, newer.known_since),
        updated_at=_latest(older.updated_at, newer.updated_at),
        last_modified=_latest(older.last_modified, newer.last_modified),
        history_empty=newer.history_empty and older.history_empty,
        parser_version=min(older.parser_version, newer.parser_version),
        validators={},
        names={**older.names, **newer.names},
        components=newer.components or older.components,
        failing=_merge_failing(base, older.failing, newer.failing),
        suspicion=_merge_suspicion(base, older.suspicion, newer.suspicion),
        to_look_up=_merge_to_look_up(base, older.to_look_up, newer.to_look_up),
        incidents=_merge_incidents(sides),
    )


def _earliest(*times: datetime | None) -> datetime | None:
    return min(filter(None, times), default=None)


def _latest(older: Mapping[str, datetime], newer: Mapping[str, datetime]) -> dict[str, datetime]:
    return {**older, **newer} | {key: max(older[key], newer[key]) for key in older.keys() & newer.keys()}


def _order(base: PageState | None, ours: PageState, theirs: PageState) -> _Sides:
    """Return the sides in the order in which they were read, where the page's times and its updates do not disagree.

    The times of some pages go back when an incident ends.
    """
    signs = {_later_by_times(ours, theirs), _later_by_updates(ours, theirs)} - {0}
    later = signs.pop() if len(signs) == 1 else 0
    if later < 0:
        return _Sides(base, theirs, ours, ordered=True)
    return _Sides(base, ours, theirs, ordered=later > 0)


def _later_by_times(ours: PageState, theirs: PageState) -> int:
    """Return 1 where the documents of `theirs` state later times, -1 where those of `ours` do, else 0."""
    signs = set()
    for mine, other in ((ours.updated_at, theirs.updated_at), (ours.last_modified, theirs.last_modified)):
        signs |= {(other[key] > mine[key]) - (other[key] < mine[key]) for key in mine.keys() & other.keys()}
    if ours.read_at and theirs.read_at:
        signs.add((theirs.read_at > ours.read_at) - (theirs.read_at < ours.read_at))
    signs.discard(0)
    return signs.pop() if len(signs) == 1 else 0


def _later_by_updates(ours: PageState, theirs: PageState) -> int:
    """Return 1 where `theirs` remembers all updates that `ours` does, and more; -1 the other way round; else 0."""
    mine, other = _update_ids(ours), _update_ids(theirs)
    return (mine < other) - (other < mine)


def _update_ids(page: PageState) -> set[tuple[str, str]]:
    ids = {(key, digest.id_digest) for key, record in page.incidents.items() for digest in record.update_digests}
    return ids | {(key, "") for key in page.incidents}


def _merge_failing(base: PageState | None, older: Failing | None, newer: Failing | None) -> Failing | None:
    """Return the series of failing reads. One that a side has reported stays until a good read ends it with an event.

    The base's own series, ended by one side, has ended.
    """
    before = base.failing if base else None
    if older == newer or before in (older, newer):
        return newer if older == before else older
    if older and newer:
        since, reported = min(older.since, newer.since), older.reported or newer.reported
        return msgspec.structs.replace(newer, since=since, reported=reported)
    return _reported_by_one_side(before, older or newer)


def _reported_by_one_side(before: Failing | None, left: Failing | None) -> Failing | None:
    if left and left.reported and not (before and before.reported):
        return left
    return None


def _merge_suspicion(base: PageState | None, older: Suspicion | None, newer: Suspicion | None) -> Suspicion | None:
    """Return the suspicion; of two the younger one: it is believed later."""
    before = base.suspicion if base else None
    if older == newer or newer == before:
        return older
    if older == before:
        return newer
    return max(older, newer, key=lambda suspicion: suspicion.since) if older and newer else None


def _merge_to_look_up(
    base: PageState | None, older: Mapping[str, LookUp], newer: Mapping[str, LookUp]
) -> dict[str, LookUp]:
    return three_way(base.to_look_up if base else {}, older, newer, lambda *versions: versions[3])


# ------------------------------------------------------------------------------------------------ incidents


def _merge_incidents(sides: _Sides) -> dict[str, IncidentRecord]:
    """Return the records of both sides. Raises UndecidedError.

    A closed record that one side pruned stays. An open one disappears only where its id changed: the side that has it
    under its new id counts.
    """
    before = sides.base.incidents if sides.base else {}
    older, newer = sides.older.incidents, sides.newer.incidents
    _refuse_two_ids(before, older, newer)
    merged = {}
    for key in {**older, **newer}:
        first, second = older.get(key), newer.get(key)
        if first and second:
            merged[key] = _merge_record(key, before.get(key), first, second, ordered=sides.ordered)
        else:
            left = first or second
            if left and not _has_moved(key, before.get(key), left):
                merged[key] = left
    return merged


def _has_moved(key: str, before: IncidentRecord | None, left: IncidentRecord) -> bool:
    """Return whether the side without the record has it under another id. Raises UndecidedError."""
    if before is None or left.closed:
        return False
    if left != before:
        raise UndecidedError(f"incident {key}: one side has it no longer, the other changed it")
    return True


def _refuse_two_ids(
    before: Mapping[str, IncidentRecord], older: Mapping[str, IncidentRecord], newer: Mapping[str, IncidentRecord]
) -> None:
    """Raise UndecidedError where the sides may remember one new incident under two ids."""
    added = [
        {(record.kind, record.title, record.created_at): key for key, record in side.items() if key not in before}
        for side in (older, newer)
    ]
    for identity in added[0].keys() & added[1].keys():
        first, second = added[0][identity], added[1][identity]
        if first != second and second not in older and first not in newer and not older[first].closed:
            raise UndecidedError(f"incidents {first} and {second}: they may be the same")


def _merge_record(
    key: str, before: IncidentRecord | None, older: IncidentRecord, newer: IncidentRecord, *, ordered: bool
) -> IncidentRecord:
    """Return the record of an incident that both sides have. Raises UndecidedError."""
    if older == newer or newer == before:
        return older
    if older == before:
        return newer
    if not ordered and _remembers_less(newer, older):
        older, newer = newer, older
    elif not ordered and not _remembers_less(older, newer):
        newer = _with_changes_of(key, before, older, newer)
    return _with_proved_digest(_joined(older, newer), older, newer)


def _remembers_less(record: IncidentRecord, other: IncidentRecord) -> bool:
    """Return whether the other record remembers all updates of this one, and more; of brief ones, a later time."""
    if not (record.updates or other.updates):
        return record.last_update_at < other.last_update_at
    return _ids(record) < _ids(other)


def _with_proved_digest(joined: IncidentRecord, *sides: IncidentRecord) -> IncidentRecord:
    """Return the record with the digest of the side that it equals; without one where it equals neither.

    An entry of that digest is not compared, so it must have been compared with this record.
    """
    candidates = [msgspec.structs.replace(joined, entry_digest=side.entry_digest) for side in sides]
    proved = (candidate for candidate in candidates if candidate in sides)
    return next(proved, msgspec.structs.replace(joined, entry_digest=""))


def _ids(record: IncidentRecord) -> set[str]:
    return {digest.id_digest for digest in record.update_digests}


_COMPARED: Final = ("status", "impact", "title", "components", "scheduled_for", "scheduled_until")


# Where the newer record has none, the older one's is kept.
_FILLED: Final = (
    *("components", "scheduled_for", "scheduled_until", "url", "message"),
    *("impact_unstated", "components_unstated", "regions_unstated"),
)


def _with_changes_of(
    key: str, before: IncidentRecord | None, older: IncidentRecord, newer: IncidentRecord
) -> IncidentRecord:
    """Return the newer record with what only the older one changed. Raises UndecidedError if both changed a value."""
    changed = {}
    for name in _COMPARED:
        mine, other = getattr(older, name), getattr(newer, name)
        original = getattr(before, name) if before else None
        if mine in (other, original):
            continue
        if other != original:
            raise UndecidedError(f"incident {key}: both sides changed its {name}")
        changed[name] = mine
    changed["updates"] = encode_digests(_merge_digests(key, before, older, newer))
    return msgspec.structs.replace(newer, **changed)


def _merge_digests(
    key: str, before: IncidentRecord | None, older: IncidentRecord, newer: IncidentRecord
) -> Iterator[UpdateDigest]:
    """Yield the digests of the newer record, with the edits that only the older one saw. Raises UndecidedError."""
    former = _by_id(before) if before else {}
    edited = {key: digest for key, digest in _by_id(older).items() if digest != former.get(key)}
    for digest in newer.update_digests:
        other = edited.get(digest.id_digest, digest)
        if digest != other and digest != former.get(digest.id_digest):
            raise UndecidedError(f"incident {key}: both sides have another version of an update")
        yield other


def _by_id(record: IncidentRecord) -> dict[str, UpdateDigest]:
    return {digest.id_digest: digest for digest in record.update_digests}


def _joined(older: IncidentRecord, newer: IncidentRecord) -> IncidentRecord:
    """Return the newer record with what only the older one remembers."""
    updates, update_times = _joined_updates(older, newer)
    filled = {name: getattr(newer, name) or getattr(older, name) for name in _FILLED}
    created = [moment for moment in (older.created_at, newer.created_at) if moment]
    peak = _peak(older, newer)
    joined = msgspec.structs.replace(
        newer,
        **filled,
        updates=updates,
        update_times=update_times,
        last_update_at=newer.last_update_at if updates and updates == newer.updates else _last_update_at(older, newer),
        former_components=_former(older, newer),
        peak_impact=None if peak is newer.impact else peak,
        event_count=max(older.event_count, newer.event_count),
        created_at=min(created, default=None),
        closed_at_baseline=newer.closed and (newer if newer.event_count else older).closed_at_baseline,
    )
    return shrink(joined)


def _joined_updates(older: IncidentRecord, newer: IncidentRecord) -> tuple[str, str]:
    """Return the digests and the times of the updates of both; those that only the older one remembers come first."""
    newer_ids = _ids(newer)
    only_older = [digest for digest in older.update_digests if digest.id_digest not in newer_ids]
    digests = (*only_older, *newer.update_digests)
    times = {**parse_times(older.update_times), **parse_times(newer.update_times)}
    kept = [times[digest.id_digest] for digest in digests if digest.id_digest in times]
    return encode_digests(digests), " ".join(map(str, kept))


def _last_update_at(older: IncidentRecord, newer: IncidentRecord) -> datetime:
    return max(older.last_update_at, newer.last_update_at)


def _peak(older: IncidentRecord, newer: IncidentRecord) -> Impact:
    impacts = [record.peak_impact or record.impact for record in (older, newer)]
    comparable = [impact for impact in (newer.impact, *impacts) if impact in IMPACT_SCALE]
    return max(comparable, key=IMPACT_SCALE.index, default=newer.impact)


def _former(older: IncidentRecord, newer: IncidentRecord) -> tuple[Component, ...]:
    current = newer.components or older.components
    names = {component.name for component in current}
    ever = {*older.components, *older.former_components, *newer.former_components}
    return tuple(sorted(component for component in ever if component.name not in names))


# ----------------------------------------------------------------------------------- the outbox, shared incidents


def merge_shared(
    base: Mapping[str, SharedFailure], ours: Mapping[str, SharedFailure], theirs: Mapping[str, SharedFailure]
) -> dict[str, SharedFailure]:
    """Return the shared incidents that are open. Raises UndecidedError where both sides began one of a group."""

    def undecided(group: str, *_: SharedFailure | None) -> SharedFailure:
        raise UndecidedError(f"shared incident {group}: both sides have another one")

    return three_way(base, ours, theirs, undecided)


def merge_outbox(base: Outbox, ours: Outbox, theirs: Outbox) -> Outbox:
    """Return what waits on either side, by sink. What one side delivered waits no longer."""
    names = (*ours, *(name for name in theirs if name not in ours))
    merged = {name: _merge_queue(base.get(name, ()), ours.get(name, ()), theirs.get(name, ())) for name in names}
    return {name: queue for name, queue in merged.items() if queue}


def _merge_queue(
    base: Iterable[PendingDelivery], ours: Iterable[PendingDelivery], theirs: Iterable[PendingDelivery]
) -> tuple[PendingDelivery, ...]:
    before, mine, other = (_by_event(queue) for queue in (base, ours, theirs))
    delivered = {event_id for event_id in before if not (event_id in mine and event_id in other)}
    waiting = {**other, **mine}
    both = {key: _less_delivered(mine[key], other[key]) for key in mine.keys() & other.keys()}
    left = {key: both.get(key, delivery) for key, delivery in waiting.items() if key not in delivered}
    # The base's come first, in its order.
    order = {event_id: place for place, event_id in enumerate(before)}
    return tuple(sorted(left.values(), key=lambda one: (order.get(one.event.id, len(order)), one.detected_at)))


def _by_event(queue: Iterable[PendingDelivery]) -> dict[str, PendingDelivery]:
    return {delivery.event.id: delivery for delivery in queue}


def _less_delivered(ours: PendingDelivery, theirs: PendingDelivery) -> PendingDelivery:
    """Return the delivery with the recipients that wait for it on both sides, if any does."""
    if ours.recipients is msgspec.UNSET or theirs.recipients is msgspec.UNSET:
        return theirs if ours.recipients is msgspec.UNSET else ours
    left = tuple(recipient for recipient in ours.recipients if recipient in theirs.recipients)
    return msgspec.structs.replace(ours, recipients=left or ours.recipients)


def merge_written(ours: Mapping[str, datetime], theirs: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return the newest run over each scope that wrote either side."""
    return _latest(ours, theirs)


def merge_dropped(base: Mapping[str, int], ours: Mapping[str, int], theirs: Mapping[str, int]) -> dict[str, int]:
    """Return how many events were dropped on either side and are not announced yet, by sink."""
    names = sorted({*ours, *theirs})
    counts = {name: ours.get(name, 0) + theirs.get(name, 0) - base.get(name, 0) for name in names}
    return {name: count for name, count in counts.items() if count > 0}


def merge_started(
    base: Mapping[str, Iterable[str]], ours: Mapping[str, Iterable[str]], theirs: Mapping[str, Iterable[str]]
) -> dict[str, tuple[str, ...]]:
    """Return, by sink, the incidents whose start it received on either side; what ended on one side is left out."""
    merged = {}
    for name in sorted({*ours, *theirs}):
        before, mine, other = (frozenset(side.get(name, ())) for side in (base, ours, theirs))
        if started := (mine | other) - (before - mine) - (before - other):
            merged[name] = tuple(sorted(started))
    return merged

"""One incident as its page shows it now, against what is remembered of it: what to tell, and what to remember. Pure."""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from statuswatch import text
from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import (
    CLOSED_STATUSES,
    IMPACT_SCALE,
    STATED_BY_VENDOR,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
)
from statuswatch.model.page import Page
from statuswatch.model.state import IncidentRecord

MAX_MESSAGE: Final = 280  # characters of it that are remembered
_DIGEST: Final = re.compile(r"[A-Za-z0-9+/]{6}")
_ORDER: Final = {change: place for place, change in enumerate(Change)}


class Difference(msgspec.Struct, frozen=True):
    """`event` is None where nothing is to be told. The memory has to be written only where it differs from the old
    one.
    """

    event: Event | None
    known: IncidentRecord


def compare_unknown(page: Page, incident: Incident, baseline: datetime) -> Difference:
    """An id that was never seen: rules 2, 3 and 4."""
    if not incident.closed:
        return _tell(page, None, incident, EventKind.NEW, (), incident.updates)
    if max(incident.created_at, incident.last_update_at) > baseline:
        return _tell(page, None, incident, EventKind.RESOLVED, (Change.MISSED,), incident.updates)
    return Difference(None, new_record(incident))


def compare(page: Page, known: IncidentRecord, incident: Incident) -> Difference:
    """An id that is remembered: rules 5 to 9."""
    digests = _digests(incident)
    if _is_unchanged(known, incident, digests):
        return Difference(None, known)
    compared = _updates(known.updates, incident.updates, digests)
    fresh, edited = {it.id for it in compared.fresh}, {it.id for it in compared.edited}
    changes = _differences(known, incident, fresh=bool(fresh))
    if edited:
        changes.add(Change.EDITED)
    places = [_id_digest(update) for update in incident.updates]
    newest = known.updates.rpartition(" ")[2][:6]
    later = incident.updates[places.index(newest) + 1 :] if newest in places else ()
    since = (update for update in later if update.id in fresh and update.created_at > known.last_update_at)
    match known.closed, incident.closed:
        case False, True:
            kind, changes = EventKind.RESOLVED, {*changes, Change.STATUS}
        case True, False:
            kind, changes = EventKind.UPDATED, {*changes, Change.REOPENED} - {Change.STATUS}
        case True, True if _reopens(since):
            kind, changes = EventKind.RESOLVED, {*changes, Change.REOPENED} - {Change.STATUS}
        case _:
            kind, changes = EventKind.UPDATED, {*changes, Change.UPDATES} if fresh else changes
    if not changes:
        return Difference(None, updated_record(incident, known, compared.remembered))
    news = fresh | edited
    untold = tuple(update for update in incident.updates if update.id in news)
    return _tell(page, known, incident, kind, tuple(sorted(changes, key=_ORDER.__getitem__)), untold)


def _is_unchanged(known: IncidentRecord, incident: Incident, digests: list[str]) -> bool:
    """Whether it is over, as before, and nothing of it differs: true of nearly all that a calm page lists, and of that
    nothing has to be worked out.
    """
    return (
        known.closed
        and incident.status == known.status
        and incident.impact is known.impact
        and " ".join(digests) == known.updates
        and incident.components == known.components
        and incident.source_quality == known.source_quality
        and incident.scheduled_for is known.scheduled_for is None
        and incident.scheduled_until is known.scheduled_until is None
        and known.absent_since is None
        and known.title == _shortened(incident.title)
    )


def _reopens(since: Iterable[IncidentUpdate]) -> bool:
    """Whether what was said since the end, oldest first, opens it and closes it again. A note under an open status is
    no more than a note where nothing closes it after that.
    """
    closed = [update.status in CLOSED_STATUSES for update in since]
    return False in closed and True in closed[closed.index(False) :]


def close_absent(page: Page, key: str, known: IncidentRecord, why: Change, now: datetime) -> Difference:
    """A known open incident that its page does not show any more: rules 11 and 12. Its status stays the last one that
    the vendor stated; it is remembered as closed now, so that it can still reopen however old it is.
    """
    told = _tell(page, known, known.as_incident(key), EventKind.RESOLVED, (why,), ())
    return msgspec.structs.replace(
        told,
        known=_shrunk(msgspec.structs.replace(told.known, status="resolved", last_update_at=now, absent_since=None)),
    )


def is_worth_saving(was: IncidentRecord, now: IncidentRecord) -> bool:
    """Whether it has to be written. A message that was not remembered rides along with a write and causes none."""
    return now != was and msgspec.structs.replace(now, message=was.message) != was


def is_older_copy(known: IncidentRecord, incident: Incident) -> bool:
    """Whether the newest update that is known is missing: a CDN may serve an older copy than the last time. One without
    any update says nothing about its age: a document that adds them may have failed.
    """
    newest = known.updates.rpartition(" ")[2][:6]
    return bool(newest and incident.updates) and all(_id_digest(update) != newest for update in incident.updates)


def new_record(incident: Incident) -> IncidentRecord:
    """The memory of an incident that was never seen."""
    over = incident.closed
    return IncidentRecord(
        status=incident.status,
        impact=incident.impact,
        title=_shortened(incident.title) if over else incident.title,
        kind=incident.kind,
        last_update_at=to_second(max(incident.last_update_at, incident.created_at)),
        updates=" ".join(_digests(incident)),
        components=incident.components,
        source_quality=incident.source_quality,
        scheduled_for=_second_or(incident.scheduled_for, None),
        scheduled_until=_second_or(incident.scheduled_until, None),
        url="" if over else incident.url,
        message="" if over else _beginning(incident),
        created_at=None if over else to_second(incident.created_at),
    )


def updated_record(incident: Incident, known: IncidentRecord, updates: str | None = None) -> IncidentRecord:
    """The memory of an incident after this read. Without news it equals the old one; an empty or poorer value
    replaces nothing. `updates` are the digests, where they are worked out already.
    """
    components, source_quality = incident.components, incident.source_quality
    same = {part.name for part in components} == {part.name for part in known.components}
    no_better = (
        same
        and source_quality == known.source_quality
        and not any(part.group for part in set(components) - set(known.components))
    )
    if not components or (known.components and source_quality < known.source_quality) or no_better:
        components, source_quality = known.components, known.source_quality
    now = {part.name for part in components}
    impact = known.impact if incident.impact is Impact.UNKNOWN else incident.impact
    worst = highest_impact(impact, known)
    if updates is None:
        updates = _updates(known.updates, incident.updates, _digests(incident)).remembered
    return _shrunk(
        IncidentRecord(
            status=incident.status,
            impact=impact,
            title=incident.title or known.title,
            kind=known.kind,  # a decorating document may have told it, and fail now
            last_update_at=known.last_update_at
            if updates == known.updates
            else to_second(max(incident.last_update_at, incident.created_at)),
            updates=updates,
            components=components,
            source_quality=source_quality,
            peak_impact=worst if worst is not impact else None,
            former_components=tuple(
                sorted({part for part in (*known.components, *known.former_components) if part.name not in now})
            ),
            event_count=known.event_count,
            impact_unstated=known.impact_unstated,
            components_unstated=known.components_unstated,
            scheduled_for=_second_or(incident.scheduled_for, known.scheduled_for),
            scheduled_until=_second_or(incident.scheduled_until, known.scheduled_until),
            url=incident.url,
            message=_message(incident, known, updates),
            created_at=known.created_at or to_second(incident.created_at),
        )
    )


def _message(incident: Incident, known: IncidentRecord, updates: str) -> str:
    """The known one stays where nothing changed, and where this source has no words, or borrowed ones, for an update
    whose own words are known.
    """
    newest = incident.updates[-1] if incident.updates else None
    if known.message:
        if newest is None or updates == known.updates:
            return known.message
        was = next((it[8:] for it in known.updates.split() if it[:6] == _id_digest(newest)), "")
        if was and (not newest.body or (newest.from_enrichment and not was.endswith("~"))):
            return known.message
    return _beginning(incident)


def _beginning(incident: Incident) -> str:
    """Of the newest update's text, in one line."""
    flat = " ".join(incident.updates[-1].body.split()) if incident.updates else ""
    return flat if len(flat) <= MAX_MESSAGE else f"{flat[: MAX_MESSAGE - 1].rstrip()}…"


def highest_impact(impact: Impact, known: IncidentRecord | None) -> Impact:
    """The highest impact the incident ever had; one off the scale only where it never had one on it."""
    seen = [impact] if known is None else [impact, known.impact, known.peak_impact or known.impact]
    return max((it for it in seen if it in IMPACT_SCALE), key=IMPACT_SCALE.index, default=impact)


def to_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)


def _tell(
    page: Page,
    known: IncidentRecord | None,
    incident: Incident,
    kind: EventKind,
    changes: tuple[Change, ...],
    updates: tuple[IncidentUpdate, ...],
) -> Difference:
    after = updated_record(incident, known) if known else new_record(incident)
    after = msgspec.structs.replace(
        after,
        event_count=after.event_count + 1,
        impact_unstated=after.impact_unstated or _is_vague(after, known),
        components_unstated=after.components_unstated or not after.components,
    )
    # Not in the digest: components and bodies, which a decorating document may give at one telling and not at the next.
    told = (
        known,
        kind,
        changes,
        incident.status,
        incident.impact,
        incident.title,
        [(it.id, it.status) for it in updates],
    )
    title = incident.title or (known.title if known and not known.closed else "")
    shown = msgspec.structs.replace(
        incident, kind=after.kind, title=title, components=after.components, impact=after.impact
    )
    event = Event(
        id=event_id(page.key, incident.id, kind, told),
        kind=kind,
        changes=changes,
        page=page,
        incident=shown,
        updates=updates,
        peak_impact=highest_impact(after.impact, known),
        previous_peak_impact=highest_impact(known.impact, known) if known else None,
        all_components=tuple(sorted({*after.components, *after.former_components})),
        impact_unstated=after.impact_unstated,
        components_unstated=after.components_unstated,
    )
    return Difference(event, after)


def _is_vague(now: IncidentRecord, known: IncidentRecord | None) -> bool:
    """Whether no impact was ever stated that can be compared, so that filters pass it. That of a window never can."""
    return now.impact is Impact.UNKNOWN or (
        now.kind is IncidentKind.INCIDENT and highest_impact(now.impact, known) not in IMPACT_SCALE
    )


def event_id(page: str, incident: str, kind: EventKind, told: object) -> str:
    """The same however often an event is told, and no other event's: the memory it rests on counts the events of its
    incident.
    """
    digest = hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:12]
    return f"{page}/{incident}/{kind}/{digest}"


def _differences(known: IncidentRecord, incident: Incident, *, fresh: bool) -> set[Change]:
    """What differs but the updates. Filling in what was empty is no difference, nor is what a poorer or a richer source
    says. Names that were recovered may change by themselves: they count only beside a fresh update.
    """
    changes = set()
    if incident.status != known.status:
        changes.add(Change.STATUS)
    if incident.impact != known.impact and Impact.UNKNOWN not in (incident.impact, known.impact):
        changes.add(Change.IMPACT)
    if incident.title and known.title and known.title not in (incident.title, text.digest(incident.title)):
        changes.add(Change.TITLE)
    for now, then in ((incident.scheduled_for, known.scheduled_for), (incident.scheduled_until, known.scheduled_until)):
        if now and then and to_second(now) != then:
            changes.add(Change.SCHEDULE)
    names, known_names = {part.name for part in incident.components}, {part.name for part in known.components}
    comparable = incident.source_quality == known.source_quality and (
        fresh or incident.source_quality >= STATED_BY_VENDOR
    )
    if names and known_names and comparable and names != known_names:
        changes.add(Change.COMPONENTS)
    return changes


def _shrunk(known: IncidentRecord) -> IncidentRecord:
    """A closed incident without what only an open one needs."""
    if not known.closed:
        return known
    return msgspec.structs.replace(known, title=_shortened(known.title), url="", message="", created_at=None)


def _shortened(title: str) -> str:
    """Its digest; one that looks like a digest stays as it is."""
    return title if len(title) == 6 and _DIGEST.fullmatch(title) else text.digest(title)


def _id_digest(update: IncidentUpdate) -> str:
    return text.digest(update.id)


def _update_digest(update: IncidentUpdate) -> str:
    body = text.digest(update.body) + "~" * update.from_enrichment if update.body else ""
    return f"{text.digest(update.id)}{text.word_digest(update.status)}{body}"


class _Updates(NamedTuple):
    """Updates that were never seen, those edited in place, and the digests to remember."""

    fresh: tuple[IncidentUpdate, ...]
    edited: tuple[IncidentUpdate, ...]
    remembered: str


def _digests(incident: Incident) -> list[str]:
    return [_update_digest(update) for update in incident.updates]


def _updates(known: str, updates: tuple[IncidentUpdate, ...], news: list[str]) -> _Updates:
    """What is new among the updates, whose digests are `news`. Known ones that are listed no more come first and those
    just learned last, however they are dated: the last one is always the newest that is listed.
    """
    if not known:
        return _Updates(updates, (), " ".join(news))
    if not updates or " ".join(news) == known:
        return _Updates((), (), known)
    olds = {digest[:6]: digest for digest in known.split()}
    fresh, edited, listed = [], [], {}
    for update, new in zip(updates, news, strict=True):
        key, old = new[:6], olds.get(new[:6])
        listed[key] = new
        if old is None:
            fresh.append(update)
            continue
        if _is_edit(old, new):
            edited.append(update)
        if old[8:] and (not new[8:] or (update.from_enrichment and not old.endswith("~"))):
            listed[key] = new[:8] + old[8:]  # an empty or borrowed body replaces no better one
    newest = known.rpartition(" ")[2][:6]
    if newest in listed and all(olds.get(key) == digest for key, digest in listed.items()):
        return _Updates((), (), known)
    gone = [digest for key, digest in olds.items() if key not in listed]
    again = [digest for key, digest in listed.items() if key in olds]
    learned = [digest for key, digest in listed.items() if key not in olds]
    return _Updates(tuple(fresh), tuple(edited), " ".join([*gone, *again, *learned]))


def _is_edit(old: str, new: str) -> bool:
    """Another status, or another body where there was one and is one, from an equally rich source."""
    then, now = old[8:], new[8:]
    return old[6:8] != new[6:8] or bool(then and now and then.endswith("~") == now.endswith("~") and then != now)


def _second_or(moment: datetime | None, otherwise: datetime | None) -> datetime | None:
    return to_second(moment) if moment else otherwise

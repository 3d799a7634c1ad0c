"""One incident against its record: the event, if there is one, and the record after the read. Pure.

The rules are numbered as the rows of the contract's section 4. Rows 10 to 13, of incidents that are not listed, are
in `absence`.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from statuswatch import text
from statuswatch.model.digest import encode_updates, id_digest
from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import (
    CLOSED_STATUSES,
    EXPIRED,
    IMPACT_SCALE,
    LATEST,
    STATED_BY_VENDOR,
    Component,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
    by_kind,
    closing_time,
    component_names,
)
from statuswatch.model.page import Page
from statuswatch.model.state import IncidentRecord
from statuswatch.rules.filters import unstated_by_vendor
from statuswatch.rules.record import (
    baseline_record,
    highest_impact,
    is_older_copy,
    new_record,
    short_title,
    shrink,
    to_second,
    updated_record,
    with_entry_digest,
    with_updates,
    without_regions,
)
from statuswatch.rules.updates import UpdateComparison, compare_updates

_ORDER: Final = {change: place for place, change in enumerate(Change)}


class Difference(msgspec.Struct, frozen=True):
    """What a read shows of one incident: an event, if there is one, and the record from now on."""

    event: Event | None
    record: IncidentRecord


class _News(NamedTuple):
    """What an event reports: its kind, the changes in any order, and the updates not reported before."""

    kind: EventKind
    changes: Iterable[Change]
    updates: tuple[IncidentUpdate, ...]


def compare_unknown(page: Page, incident: Incident, baseline: datetime) -> Difference:
    """Compare an incident without a record: rules 2, 3, 3b and 4.

    One that is past its expiry when it is first seen is remembered and not reported.
    """
    record = new_record(incident)
    if incident.status == EXPIRED:
        return Difference(None, record)
    if not incident.closed:  # rule 2
        return _report(page, None, incident, _News(EventKind.NEW, (), incident.updates), record)
    if max(incident.created_at, closing_time(incident.updates) or incident.last_update_at) > baseline:  # rule 3
        news = _News(EventKind.RESOLVED, (Change.MISSED,), incident.updates)
        return _report(page, None, incident, news, record)
    later = tuple(update for update in incident.updates if update.created_at > baseline)
    if later:  # rule 3b
        news = _News(EventKind.UPDATED, (Change.UPDATES,), later)
        return _report(page, None, incident, news, msgspec.structs.replace(record, closed_at_baseline=True))
    return Difference(None, baseline_record(incident))  # rule 4


def compare(page: Page, record: IncidentRecord, incident: Incident, *, is_read_anew: bool = False) -> Difference:
    """Compare an incident with its record: rules 5 to 9c. An unchanged record is returned as the same object.

    An expired incident that is listed as it was stays expired. With `is_read_anew` another version of the parser wrote
    the record: a text that differs may be our own doing, and is no edit.
    """
    remembered = record
    record = with_updates(remembered, incident)
    encoded = encode_updates(incident.updates)
    if _is_closed_and_unchanged(record, incident, encoded):
        return Difference(None, _without_old_updates(with_entry_digest(record, incident), remembered, incident))
    updates = _with_replaced(record, incident, compare_updates(record.updates, incident.updates, encoded))
    if is_read_anew:
        updates = updates._replace(edited=())
    if _is_expired_as_before(record, incident, updates):
        return Difference(None, remembered)
    after = updated_record(incident, record, updates.remembered)
    if record.was_over_at_baseline and incident.closed:  # rule 9c
        updates = _published_later(record, updates)
    news = _find_news(record, incident, updates)
    if not news.changes:
        return Difference(None, _without_old_updates(after, remembered, incident))
    is_over = record.was_over_at_baseline and incident.closed and Change.REOPENED not in news.changes
    return _report(page, record, incident, news, msgspec.structs.replace(after, closed_at_baseline=is_over))


def _without_old_updates(after: IncidentRecord, before: IncidentRecord, incident: Incident) -> IncidentRecord:
    """Return the record as brief as it was; the same object where nothing differs.

    Where an older copy is believed, the updates that it lists are remembered, so that it is no suspicion again.
    """
    if not before.is_brief or is_older_copy(before, incident):
        return after
    brief = msgspec.structs.replace(after, updates="")
    return before if brief == before else brief


def without_event(incident: Incident, record: IncidentRecord | None) -> Difference:
    """Remember an incident without an event."""
    if record is None:
        return Difference(None, new_record(incident))
    updates = compare_updates(record.updates, incident.updates, encode_updates(incident.updates))
    return Difference(None, updated_record(incident, record, updates.remembered))


def close_absent(page: Page, key: str, record: IncidentRecord, change: Change, now: datetime) -> Difference:
    """Close an open incident without the vendor's word: rules 11, 12, 12c, 12d and 13b.

    The event keeps the vendor's last status, but for an expired one. The record is closed as of now, so that the
    incident can reopen however old it is.
    """
    status = EXPIRED if change is Change.EXPIRED else "resolved"
    incident = record.as_incident(key)
    if change is Change.EXPIRED:
        incident = msgspec.structs.replace(incident, status=EXPIRED)
    news = _News(EventKind.RESOLVED, (change,), ())
    difference = _report(page, record, incident, news, updated_record(incident, record, record.updates))
    closed = msgspec.structs.replace(difference.record, status=status, last_update_at=now)
    return Difference(difference.event, shrink(closed))


def is_expired_as_before(record: IncidentRecord, incident: Incident) -> bool:
    """Return whether the record expired, and the incident is listed as it was: open, with no other update."""
    if record.status != EXPIRED or incident.closed:
        return False
    updates = compare_updates(record.updates, incident.updates, encode_updates(incident.updates))
    return _is_expired_as_before(record, incident, updates)


def event_id(page: str, incident: str, kind: EventKind, content: object) -> str:
    """Return the id of an event: the same however often it is delivered, and different for every other event.

    `content` is all that the event rests on. The record in it counts the events of its incident.
    """
    digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:12]
    return f"{page}/{incident}/{kind}/{digest}"


def _is_expired_as_before(record: IncidentRecord, incident: Incident, updates: UpdateComparison) -> bool:
    return record.status == EXPIRED and not incident.closed and not updates.fresh and not updates.edited


def _published_later(record: IncidentRecord, updates: UpdateComparison) -> UpdateComparison:
    """Return only what was published after the newest remembered update."""
    later = tuple(update for update in updates.fresh if update.created_at > record.last_update_at)
    return updates._replace(fresh=later, edited=())


def _is_closed_and_unchanged(record: IncidentRecord, incident: Incident, encoded: str) -> bool:
    """Return whether nothing differs from the record of a closed incident.

    That is so for nearly all that a calm page lists, and spares the whole comparison.
    """
    return (
        record.closed
        and incident.status == record.status
        and incident.impact is record.impact
        and encoded == record.updates
        and incident.components == record.components
        and incident.source_quality == record.source_quality
        and incident.scheduled_for is record.scheduled_for is None
        and incident.scheduled_until is record.scheduled_until is None
        and record.absent_since is None
        and record.title == short_title(incident.title)
    )


def _with_replaced(record: IncidentRecord, incident: Incident, updates: UpdateComparison) -> UpdateComparison:
    """Return the comparison; an only update that was replaced by a later one counts as new, not as edited."""
    if len(incident.updates) > 1:
        return updates
    replaced = [update for update in updates.edited if update.id == LATEST]
    if not replaced or to_second(incident.last_update_at) <= record.last_update_at:
        return updates
    edited = tuple(update for update in updates.edited if update.id != LATEST)
    return updates._replace(fresh=(*replaced, *updates.fresh), edited=edited)


def _find_news(record: IncidentRecord, incident: Incident, updates: UpdateComparison) -> _News:
    """Return what differs from the record; without changes there is nothing to report."""
    changes = _changed_fields(record, incident, any_fresh=bool(updates.fresh))
    if updates.edited:  # rule 9
        changes.add(Change.EDITED)
    unreported_ids = {update.id for update in (*updates.fresh, *updates.edited)}
    unreported = tuple(update for update in incident.updates if update.id in unreported_ids)
    if record.closed:
        kind, changes = _news_of_closed(record, incident, updates, changes)
    elif incident.status == EXPIRED:  # rule 13b
        kind, changes = EventKind.RESOLVED, changes - {Change.STATUS} | _new_updates(updates) | {Change.EXPIRED}
    elif incident.closed:  # rule 5
        kind, changes = EventKind.RESOLVED, changes | {Change.STATUS}
    else:
        kind, changes = EventKind.UPDATED, changes | _new_updates(updates)
    return _News(kind, changes, unreported)


def _news_of_closed(
    record: IncidentRecord, incident: Incident, updates: UpdateComparison, changes: set[Change]
) -> tuple[EventKind, set[Change]]:
    reopened = changes - {Change.STATUS} | {Change.REOPENED}
    if not incident.closed:  # rule 6
        return EventKind.UPDATED, reopened
    if record.status != EXPIRED and _reopened_and_closed_again(record, incident, updates.fresh):  # rule 7
        return EventKind.RESOLVED, reopened
    if not updates.fresh and not updates.edited:  # rule 9b
        return EventKind.UPDATED, set()
    return EventKind.UPDATED, changes | _new_updates(updates)


def _new_updates(updates: UpdateComparison) -> set[Change]:
    return {Change.UPDATES} if updates.fresh else set()  # rule 8


def _reopened_and_closed_again(record: IncidentRecord, incident: Incident, fresh: tuple[IncidentUpdate, ...]) -> bool:
    """Return whether fresh updates since the end first reopen the incident and then close it: rule 7.

    Only updates that stand after the newest remembered one and are dated later than it are since the end; where the
    vendor took that one back, their time alone counts. A note under an open status is no more than a note where
    nothing closes the incident after it.
    """
    newest = record.newest_id_digest
    if not newest:
        return False
    ids = [id_digest(update) for update in incident.updates]
    fresh_ids = {update.id for update in fresh}
    later = incident.updates[ids.index(newest) + 1 if newest in ids else 0 :]
    closes = [
        update.status in CLOSED_STATUSES
        for update in later
        if update.id in fresh_ids and update.created_at > record.last_update_at
    ]
    return False in closes and True in closes[closes.index(False) :]


def _changed_fields(record: IncidentRecord, incident: Incident, *, any_fresh: bool) -> set[Change]:
    """Return what differs beside the updates. Filling in an empty value is no difference."""
    differences = {
        Change.STATUS: incident.status != record.status,
        Change.IMPACT: _impact_differs(record, incident),
        Change.TITLE: _title_differs(record, incident),
        Change.SCHEDULE: _schedule_differs(record, incident),
        Change.COMPONENTS: _components_differ(record, incident, any_fresh=any_fresh),
    }
    return {change for change, differs in differences.items() if differs}


def _impact_differs(record: IncidentRecord, incident: Incident) -> bool:
    return incident.impact != record.impact and Impact.UNKNOWN not in (incident.impact, record.impact)


def _title_differs(record: IncidentRecord, incident: Incident) -> bool:
    if not incident.title or not record.title:
        return False
    return record.title not in (incident.title, text.digest(incident.title))


def _schedule_differs(record: IncidentRecord, incident: Incident) -> bool:
    return _time_differs(record.scheduled_for, incident.scheduled_for) or _time_differs(
        record.scheduled_until, incident.scheduled_until
    )


def _time_differs(before: datetime | None, after: datetime | None) -> bool:
    return before is not None and after is not None and to_second(after) != before


def _components_differ(record: IncidentRecord, incident: Incident, *, any_fresh: bool) -> bool:
    """Return whether the names differ between two equally good sources.

    Names that were recovered from texts may change by themselves: they count only beside a fresh update.
    """
    if incident.source_quality != record.source_quality or incident.components == record.components:
        return False
    kinds = zip(by_kind(incident.components), by_kind(record.components), strict=True)
    differ = any(now and before and component_names(now) != component_names(before) for now, before in kinds)
    return differ and (any_fresh or incident.source_quality >= STATED_BY_VENDOR)


def _report(
    page: Page, record: IncidentRecord | None, incident: Incident, news: _News, after: IncidentRecord
) -> Difference:
    """Make the event of a difference. `record` is None where the incident was unknown."""
    unstated = unstated_by_vendor(page, after.components)
    after = msgspec.structs.replace(
        after,
        event_count=after.event_count + 1,
        impact_unstated=after.impact_unstated or _is_impact_unstated(after, record),
        components_unstated=after.components_unstated or unstated.services,
        regions_unstated=after.regions_unstated or unstated.regions,
    )
    changes = tuple(sorted(news.changes, key=_ORDER.__getitem__))
    # Components and bodies are left out: an enriching document may have them in one run and fail in the next.
    statuses = [(update.id, update.status) for update in news.updates]
    content = (_as_in_version_1(record), news.kind, changes, incident.status, incident.impact, incident.title, statuses)
    event = Event(
        id=event_id(page.key, incident.id, news.kind, content),
        kind=news.kind,
        changes=changes,
        page=page,
        incident=_shown(incident, record, after),
        updates=news.updates,
        peak_impact=highest_impact(after.impact, record),
        previous_peak_impact=highest_impact(record.impact, record) if record else None,
        all_components=tuple(sorted({*after.components, *after.former_components})),
        impact_unstated=after.impact_unstated,
        components_unstated=after.components_unstated,
        regions_unstated=after.regions_unstated or msgspec.UNSET,
        joined_components=_joined_components(record, after) or msgspec.UNSET,
    )
    return Difference(event, after)


def _as_in_version_1(record: IncidentRecord | None) -> IncidentRecord | None:
    """Return the record without what the first release did not have: event ids stay the same."""
    if record is None:
        return None
    record = msgspec.structs.replace(record, update_times="", not_found_since=None, entry_digest="")
    return without_regions(record)


def _joined_components(record: IncidentRecord | None, after: IncidentRecord) -> tuple[Component, ...]:
    """Return the components that a known incident names for the first time."""
    if record is None:
        return ()
    return tuple(sorted({*after.components} - {*record.components, *record.former_components}))


def _shown(incident: Incident, record: IncidentRecord | None, after: IncidentRecord) -> Incident:
    """Return the incident as an event shows it: what this read lacks is filled in from the record."""
    title = incident.title or (record.title if record and not record.closed else "")
    return msgspec.structs.replace(
        incident,
        kind=after.kind,
        title=title,
        components=after.components,
        impact=after.impact,
        entry_digest=msgspec.UNSET,
    )


def _is_impact_unstated(after: IncidentRecord, record: IncidentRecord | None) -> bool:
    """Return whether the vendor never stated an impact that can be compared, so that filters let the incident pass.

    For a maintenance only an unknown impact counts as unstated: its own impact is off the scale by nature.
    """
    if after.impact is Impact.UNKNOWN:
        return True
    return after.kind is IncidentKind.INCIDENT and highest_impact(after.impact, record) not in IMPACT_SCALE

"""The record of an incident in the state file: how it begins, how a read updates it, how it shrinks. Pure.

An empty or poorer value never replaces a better one, and times are kept to the second.
"""

import re
from datetime import datetime
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.model.digest import WITHOUT_ID, UpdateDigest, encode_updates, id_digest, parse_times
from statuswatch.model.incident import (
    EXPIRED,
    IMPACT_SCALE,
    Component,
    Impact,
    Incident,
    by_kind,
    component_names,
    services,
)
from statuswatch.model.state import IncidentRecord
from statuswatch.rules.updates import adopt_new_dates, adopt_vendor_ids, encode_times, is_poorer

MAX_MESSAGE: Final = 280  # characters of the newest update's text that are remembered
_DIGEST: Final = re.compile(r"[A-Za-z0-9+/]{6}")


def new_record(incident: Incident) -> IncidentRecord:
    """Return the record of an incident that was unknown."""
    return _record(incident, encode_updates(incident.updates))


def baseline_record(incident: Incident) -> IncidentRecord:
    """Return the record of an incident that was unknown and is no event: rules 1 and 4, and for what is open.

    Rule 9c: of one that was over before its page was watched, the time of the newest update is enough.
    """
    return _record(incident, "") if _is_told_by_time(incident) else new_record(incident)


def past_record(incident: Incident) -> IncidentRecord:
    """Return the record of an incident of which only the end was looked at: the baseline's record of all of it."""
    return IncidentRecord(
        status=incident.status,
        impact=incident.impact,
        title=short_title(incident.title),
        kind=incident.kind,
        last_update_at=incident.created_at,
        components=incident.components,
        source_quality=incident.source_quality,
        scheduled_for=_second_or(incident.scheduled_for, None),
        scheduled_until=_second_or(incident.scheduled_until, None),
        entry_digest=incident.entry_digest or "",
    )


def _record(incident: Incident, updates: str) -> IncidentRecord:
    closed = incident.closed  # a closed one is built as `shrink` leaves it
    return IncidentRecord(
        status=incident.status,
        impact=incident.impact,
        title=short_title(incident.title) if closed else incident.title,
        kind=incident.kind,
        last_update_at=_last_change(incident),
        updates=updates,
        components=incident.components,
        source_quality=incident.source_quality,
        scheduled_for=_second_or(incident.scheduled_for, None),
        scheduled_until=_second_or(incident.scheduled_until, None),
        url="" if closed else incident.url,
        message="" if closed else _summary(incident),
        created_at=None if closed else to_second(incident.created_at),
        status_unstated=incident.status_unstated is True and not closed,
        update_times=encode_times("", incident.updates, updates, only_without_id=closed) if updates else "",
        entry_digest=_entry_digest(incident),
    )


def with_updates(record: IncidentRecord, incident: Incident) -> IncidentRecord:
    """Return a brief record with the listed updates that were published until its newest one."""
    if not record.is_brief:
        return record
    old = [update for update in incident.updates if to_second(update.created_at) <= record.last_update_at]
    return msgspec.structs.replace(record, updates=encode_updates(old))


def with_entry_digest(record: IncidentRecord, incident: Incident) -> IncidentRecord:
    """Return the record with the digest of the listed bytes; the same object where that is remembered."""
    digest = _entry_digest(incident)
    return record if record.entry_digest == digest else msgspec.structs.replace(record, entry_digest=digest)


def is_older_copy(record: IncidentRecord, incident: Incident) -> bool:
    """Return whether all that is listed of an incident is older than the newest update of its brief record."""
    return record.is_brief and bool(incident.updates) and _last_change(incident) < record.last_update_at


def _entry_digest(incident: Incident) -> str:
    """Return the digest to remember. An open incident is compared with its record at every read."""
    return incident.entry_digest or "" if incident.closed and incident.status != EXPIRED else ""


def _is_told_by_time(incident: Incident) -> bool:
    """Return whether time alone tells what was published after the end: the newest update has its second for itself."""
    if not _entry_digest(incident):
        return False
    if not incident.updates:
        return True
    *earlier, newest = incident.updates
    second = to_second(newest.created_at)
    return second == _last_change(incident) and all(update.created_at < second for update in earlier)


def updated_record(incident: Incident, record: IncidentRecord, updates: str) -> IncidentRecord:
    """Return the record of a known incident after a read; without news it equals the old one.

    `updates` are the digests to remember. The kind never changes: a document that enriches may have stated it, and
    fail now.
    """
    components, source_quality = _best_components(incident, record)
    impact = record.impact if incident.impact is Impact.UNKNOWN else incident.impact
    peak = highest_impact(impact, record)
    unchanged = updates == record.updates
    updated = IncidentRecord(
        status=incident.status,
        impact=impact,
        title=incident.title or record.title,
        kind=record.kind,
        last_update_at=record.last_update_at if unchanged else _last_change(incident),
        updates=updates,
        components=components,
        source_quality=source_quality,
        peak_impact=None if peak is impact else peak,
        former_components=_former_components(components, record),
        event_count=record.event_count,
        impact_unstated=record.impact_unstated,
        components_unstated=record.components_unstated,
        regions_unstated=record.regions_unstated,
        scheduled_for=_second_or(incident.scheduled_for, record.scheduled_for),
        scheduled_until=_second_or(incident.scheduled_until, record.scheduled_until),
        url=incident.url,
        message=_message(incident, record, updates),
        created_at=record.created_at or to_second(incident.created_at),
        status_unstated=incident.status_unstated is True,
        update_times=encode_times(record.update_times, incident.updates, updates, only_without_id=incident.closed),
        closed_at_baseline=record.closed_at_baseline and incident.closed,
        entry_digest=_entry_digest(incident),
    )
    return shrink(updated)


def shrink(record: IncidentRecord) -> IncidentRecord:
    """Return the record of a closed incident without what only an open one needs; an open one stays as it is."""
    if not record.closed:
        return record
    times = record.update_times and encode_times(record.update_times, (), record.updates, only_without_id=True)
    title = short_title(record.title)
    return msgspec.structs.replace(
        record, title=title, url="", message="", created_at=None, update_times=times, status_unstated=False
    )


def without_regions(record: IncidentRecord) -> IncidentRecord:
    """Return the record without the regions of its incident: ids of events do not rest on them."""
    return msgspec.structs.replace(
        record,
        components=services(record.components),
        former_components=services(record.former_components),
        regions_unstated=False,
    )


def short_title(title: str) -> str:
    """Return the digest of a title; a title that looks like a digest stays as it is."""
    return title if len(title) == 6 and _DIGEST.fullmatch(title) else text.digest(title)


def is_worth_saving(before: IncidentRecord, after: IncidentRecord) -> bool:
    """Return whether the state file must be written for this record.

    What an earlier version did not remember, a message, the times of updates or that no status is stated, is saved with
    the next write; so is the digest of an entry, and what changes of an incident that is
    over: nobody is notified of it.
    """
    if after == before:
        return False
    if before.closed and after.closed:
        after = _without_changes_after_the_end(before, after)
    alike = msgspec.structs.replace(
        after,
        message=before.message,
        update_times=before.update_times,
        status_unstated=before.status_unstated,
        entry_digest=before.entry_digest,
    )
    return alike != before


def with_listed_ids(record: IncidentRecord, incident: Incident, *, made_of_times: bool) -> IncidentRecord:
    """Return the record with the ids that its updates are listed under now.

    Some were learned without one, from another document. Ids that are `made_of_times` change where a time is corrected.
    """
    updates, times = record.updates, record.update_times
    if WITHOUT_ID in times:
        updates, times = adopt_vendor_ids(updates, times, incident.updates)
    if made_of_times and updates:
        updates, times = adopt_new_dates(updates, times, incident.updates)
    if updates == record.updates and times == record.update_times:
        return record
    return msgspec.structs.replace(record, updates=updates, update_times=times)


def newest_update_second(record: IncidentRecord) -> int:
    """Return the second of the newest known update, since 1970."""
    seconds = [time.second for time in parse_times(record.update_times).values()]
    return max(seconds, default=int(record.last_update_at.timestamp()))


def _without_changes_after_the_end(before: IncidentRecord, after: IncidentRecord) -> IncidentRecord:
    """Return the record with what rules 9b and 9c make no event of as it was before."""
    if before.was_over_at_baseline and after.event_count == before.event_count:
        after = msgspec.structs.replace(after, updates=before.updates, last_update_at=before.last_update_at)
    return msgspec.structs.replace(
        after,
        status=before.status,
        impact=before.impact,
        title=before.title,
        components=before.components,
        source_quality=before.source_quality,
        peak_impact=before.peak_impact,
        former_components=before.former_components,
        scheduled_for=before.scheduled_for,
        scheduled_until=before.scheduled_until,
    )


def highest_impact(impact: Impact, record: IncidentRecord | None) -> Impact:
    """Return the highest impact the incident ever had, of those that can be compared; else the impact itself."""
    impacts = [impact]
    if record:
        impacts += [record.impact, record.peak_impact or record.impact]
    comparable = [impact for impact in impacts if impact in IMPACT_SCALE]
    return max(comparable, key=IMPACT_SCALE.index, default=impact)


def to_second(moment: datetime) -> datetime:
    """Return the time without the fraction of its second."""
    return moment.replace(microsecond=0) if moment.microsecond else moment


def _second_or(moment: datetime | None, otherwise: datetime | None) -> datetime | None:
    return to_second(moment) if moment else otherwise


def _last_change(incident: Incident) -> datetime:
    return to_second(max(incident.last_update_at, incident.created_at))


def _best_components(incident: Incident, record: IncidentRecord) -> tuple[tuple[Component, ...], int]:
    """Return the better of the listed and the remembered components, and the quality of their source."""
    is_worse = bool(record.components) and incident.source_quality < record.source_quality
    if not incident.components or is_worse or _adds_nothing(incident, record):
        return record.components, record.source_quality
    return _with_remembered_kinds(incident.components, record.components), incident.source_quality


def _with_remembered_kinds(listed: tuple[Component, ...], remembered: tuple[Component, ...]) -> tuple[Component, ...]:
    """Return the listed components, with the remembered services or regions where none is listed."""
    kinds = zip(by_kind(listed), by_kind(remembered), strict=True)
    return tuple(sorted(component for now, before in kinds for component in now or before))


def _adds_nothing(incident: Incident, record: IncidentRecord) -> bool:
    """Return whether the listed components have the remembered names, from an equally good source, and no new group."""
    if incident.source_quality != record.source_quality or component_names(incident.components) != component_names(
        record.components
    ):
        return False
    return not any(component.group for component in set(incident.components) - set(record.components))


def _former_components(components: tuple[Component, ...], record: IncidentRecord) -> tuple[Component, ...]:
    names = component_names(components)
    former = {*record.components, *record.former_components}
    return tuple(sorted(component for component in former if component.name not in names))


def _message(incident: Incident, record: IncidentRecord, updates: str) -> str:
    """Return the text to remember of the newest update.

    The remembered one stays where no update changed, and where this read has a poorer text for the same update.
    """
    if not record.message:
        return _summary(incident)
    if not incident.updates or updates == record.updates:
        return record.message
    newest = incident.updates[-1]
    before = _remembered_digest(record, id_digest(newest))
    if before and is_poorer(UpdateDigest.of(newest), before):
        return record.message
    return _summary(incident)


def _remembered_digest(record: IncidentRecord, update_id: str) -> UpdateDigest | None:
    return next((digest for digest in record.update_digests if digest.id_digest == update_id), None)


def _summary(incident: Incident) -> str:
    """Return the beginning of the newest update's text, in one line."""
    if not incident.updates:
        return ""
    flat = " ".join(incident.updates[-1].body.split())
    return flat if len(flat) <= MAX_MESSAGE else f"{flat[: MAX_MESSAGE - 1].rstrip()}…"

"""Incidents that opened, closed and left their list between two reads: found in longer lists. Pure.

A list of limited length has a gap where none of its entries is as it was at the last read. A longer list, which counts
only where its ids are those of the other lists, names what the gap may hold; the incidents' own documents say the rest.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from statuswatch.model.digest import id_digest
from statuswatch.model.incident import CLOSED_STATUSES, Incident, IncidentKind
from statuswatch.model.page import (
    Failure,
    FailureKind,
    Feed,
    LongerListEntry,
    LookUp,
    OwnDocuments,
    Page,
    PageSnapshot,
)
from statuswatch.model.state import IncidentRecord, PageState
from statuswatch.rules.absence import EXPIRE_AFTER, absent_records, found_in_longer_list, is_due, is_record_due, turn_of
from statuswatch.rules.diff import Difference, compare_unknown
from statuswatch.rules.record import to_second

MAX_OWN_DOCUMENTS: Final = 5  # incidents that are asked about in one run of a page, controls aside
MAX_ZONE: Final = timedelta(hours=14)  # a day of a list without a zone may end so much later than in UTC


def choose_incidents(state: PageState, feed: Feed, look_ups: Mapping[str, LookUp], now: datetime) -> list[str]:
    """Return the ids of the incidents whose own documents are read in this run: in turn over all that wait."""
    absent = absent_records(state, feed)
    found = found_in_longer_list(absent, feed)
    waiting = [key for key, record in absent.items() if key not in found and is_record_due(key, record, now)]
    waiting += [key for key, look_up in look_ups.items() if is_due(key, look_up.since, now) and key not in absent]
    return sorted(waiting, key=lambda key: turn_of(key, now))[:MAX_OWN_DOCUMENTS]


def needs_longer_list(state: PageState, feed: Feed) -> bool:
    """Return whether a list of known length is full, and none of its entries is as it was at the last read."""
    return any(_has_gap(state, feed, kind, size) for kind, size in feed.window_sizes.items())


def _has_gap(state: PageState, feed: Feed, kind: IncidentKind, size: int) -> bool:
    entries = [one for one in feed.incidents if one.kind is kind and one.id not in feed.in_summary_only]
    if kind not in feed.history or len(entries) < size:  # what is as remembered is no gap, and not among the entries
        return False
    return not any(_is_as_remembered(state.incidents.get(incident.id), incident) for incident in entries)


def _is_as_remembered(record: IncidentRecord | None, incident: Incident) -> bool:
    if record is None:
        return False
    if not incident.updates or record.is_brief:
        return record.last_update_at >= to_second(incident.last_update_at)
    return record.newest_id_digest == id_digest(incident.updates[-1])


def newest_remembered(state: PageState, now: datetime) -> datetime:
    """Return the time of the newest remembered update of the page."""
    moments = [min(record.last_update_at, now) for record in state.incidents.values()]
    return max(moments, default=state.baseline or now)


def look_ups_of(state: PageState, feed: Feed, entries: Sequence[LongerListEntry], now: datetime) -> dict[str, LookUp]:
    """Return what is to be looked up: what waits, and the entries of a longer list that the gap may hold."""
    listed = {incident.id for incident in feed.incidents}
    look_ups = dict(state.to_look_up)
    if not any(entry.id in listed for entry in entries):
        return look_ups
    newest = newest_remembered(state, now)
    for entry in entries:
        is_unknown = entry.id not in listed and entry.id not in state.incidents
        if is_unknown and entry.ended_by + MAX_ZONE > newest:
            look_ups.setdefault(entry.id, LookUp(newest, now))
    return look_ups


def compare_unlisted(
    page: Page, state: PageState, snapshot: PageSnapshot, baseline: datetime, now: datetime
) -> Iterator[tuple[str, Difference]]:
    """Yield the unknown incidents of longer lists whose closing update is later than the newest remembered one."""
    listed = {incident.id for incident in snapshot.feed.incidents}
    unknown: dict[str, tuple[Incident, datetime]] = {}
    if not (snapshot.feed.longer or snapshot.look_ups):
        return
    newest = newest_remembered(state, now)
    for incident in snapshot.feed.longer:
        unknown[incident.id] = (incident, newest)
    for key, look_up in snapshot.look_ups.items():
        own = snapshot.own.incidents.get(key)
        if isinstance(own, Incident):
            unknown[key] = (own, look_up.ends_after)
    for key, (incident, after) in unknown.items():
        if key in listed or key in state.incidents:
            continue
        if ends_after(incident, after):
            difference = compare_unknown(page, incident, baseline)
            if difference.event:
                yield key, difference


def ends_after(incident: Incident, moment: datetime) -> bool:
    """Return whether the incident was closed later than that."""
    closed_at = closing_time(incident)
    return closed_at is not None and to_second(closed_at) > moment


def closing_time(incident: Incident) -> datetime | None:
    """Return when the incident was closed; None while it is open. Notes after its end do not count."""
    if not incident.closed:
        return None
    closed_at = incident.last_update_at
    for update in reversed(incident.updates):
        if update.status not in CLOSED_STATUSES:
            break
        closed_at = update.created_at
    return closed_at


def remaining_look_ups(
    snapshot: PageSnapshot, records: Mapping[str, IncidentRecord], now: datetime
) -> dict[str, LookUp]:
    """Return what is still to be looked up: what was neither found closed, nor removed, nor waits for 14 days."""
    listed = {incident.id for incident in snapshot.feed.incidents}
    return {
        key: look_up
        for key, look_up in snapshot.look_ups.items()
        if key not in listed
        and key not in records
        and now - look_up.since < EXPIRE_AFTER
        and not _is_answered(snapshot.own, key)
    }


def _is_answered(own: OwnDocuments, key: str) -> bool:
    match own.incidents.get(key):
        case Incident() as incident:
            return incident.closed
        case Failure(kind=FailureKind.NOT_FOUND):
            return any(isinstance(control, Incident) for control in own.controls.values())
        case _:
            return False

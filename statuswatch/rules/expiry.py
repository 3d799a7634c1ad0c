"""Incidents that nobody ends: entries of feeds that state no status, after 14 days without an update. Pure.

Rule 13b of the contract, as far as it is about such entries. Time is measured by the clock of the run: many small
feeds have no date of their own, and publish nothing else for weeks.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from statuswatch.model.event import Change
from statuswatch.model.incident import EXPIRED, Incident
from statuswatch.model.page import Page
from statuswatch.model.state import IncidentRecord, PageState
from statuswatch.rules.diff import Difference, close_absent

MAX_SILENCE: Final = timedelta(days=14)


def with_expiry(
    incident: Incident, record: IncidentRecord | None, now: datetime, *, may_expire: bool = True
) -> Incident:
    """Return the incident as it counts: expired where it states no status and has been silent for too long.

    One that has expired stays so until the vendor publishes something later. Without `may_expire` no other does.
    """
    if incident.closed or incident.status_unstated is not True:
        return incident
    is_as_before = record is not None and record.status == EXPIRED and not _is_later(incident, record)
    is_due = may_expire and _is_silent(incident.last_update_at, _planned_end(incident), now)
    if not (is_as_before or is_due):
        return incident
    return msgspec.structs.replace(incident, status=EXPIRED)


def expires_silently(incident: Incident, record: IncidentRecord | None) -> bool:
    """Return whether an expired incident is remembered without an event.

    That is so for one that was past its time when it was first seen, and for one that the first release remembered
    and never reported: it did not note that no status was stated.
    """
    if incident.status != EXPIRED:
        return False
    if record is None:
        return True
    return not record.closed and not record.status_unstated and record.event_count == 0


def expire_absent(page: Page, key: str, difference: Difference, now: datetime) -> Difference:
    """Return the difference of an incident that is not listed, expired where it is due and nothing else ended it."""
    if difference.event or not _is_due(difference.record, now):
        return difference
    return close_absent(page, key, difference.record, Change.EXPIRED, now)


def expire_unchanged(page: Page, state: PageState, now: datetime) -> Iterator[tuple[str, Difference]]:
    """Yield what expires on a page whose documents say what they said before."""
    for key, record in state.incidents.items():
        if record.status_unstated and _is_due(record, now):
            yield key, close_absent(page, key, record, Change.EXPIRED, now)


def _is_due(record: IncidentRecord, now: datetime) -> bool:
    if record.closed or not record.status_unstated:
        return False
    return _is_silent(record.last_update_at, record.scheduled_until or record.scheduled_for, now)


def _is_silent(last_update_at: datetime, planned_end: datetime | None, now: datetime) -> bool:
    since = max(last_update_at, planned_end) if planned_end else last_update_at
    return now - since >= MAX_SILENCE


def _planned_end(incident: Incident) -> datetime | None:
    return incident.scheduled_until or incident.scheduled_for


def _is_later(incident: Incident, record: IncidentRecord) -> bool:
    return incident.last_update_at.replace(microsecond=0) > record.last_update_at

"""Reasons to distrust what a page serves: an older copy, or a history that is suddenly empty. Pure.

Nothing of a suspicious read is reported or remembered until a read at least half an hour later is still suspicious.
"""

from datetime import datetime, timedelta
from typing import Final

from statuswatch.model.incident import IncidentKind
from statuswatch.model.page import Feed
from statuswatch.model.state import PageState, Suspicion
from statuswatch.rules.diff import is_older_copy
from statuswatch.rules.record import to_second, with_vendor_ids

BELIEVE_SUSPICION_AFTER: Final = timedelta(minutes=30)
_STALE: Final = "an older copy"
_EMPTY: Final = "its history is suddenly empty"


def find_suspicion(state: PageState, feed: Feed) -> str:
    """Return why the documents may not show the page as it is now; "" where nothing speaks against them."""
    return _stale_page_time(state, feed) or _stale_incident(state, feed) or _empty_history(state, feed)


def continue_suspicion(before: Suspicion | None, reason: str, now: datetime) -> Suspicion:
    """Return the suspicion to remember: the one before it where it is of the same sort, else a new one.

    A stale copy may be stale now in one way and now in another. One noted by a clock that ran ahead begins anew.
    """
    if before is None or before.since > now or _is_stale(before.reason) != _is_stale(reason):
        return Suspicion(now, reason)
    return before


def is_believed(suspicion: Suspicion, now: datetime) -> bool:
    """Return whether the page has looked so for long enough to be taken at its word."""
    return now - suspicion.since >= BELIEVE_SUSPICION_AFTER


def _is_stale(reason: str) -> bool:
    return reason.startswith(_STALE)


def _stale_page_time(state: PageState, feed: Feed) -> str:
    for name, updated_at in feed.updated_at.items():
        if name in state.updated_at and to_second(updated_at) < state.updated_at[name]:
            return f"{_STALE} of {name}: its time of change went back"
    return ""


def _stale_incident(state: PageState, feed: Feed) -> str:
    for incident in feed.incidents:
        record = state.incidents.get(incident.id)
        if record and is_older_copy(with_vendor_ids(record, incident), incident):
            return f"{_STALE}: it lacks the newest known update of {incident.id}"
    return ""


def _empty_history(state: PageState, feed: Feed) -> str:
    if IncidentKind.INCIDENT not in feed.history:
        return ""
    if any(incident.kind is IncidentKind.INCIDENT for incident in feed.incidents):
        return ""
    had_incidents = any(record.kind is IncidentKind.INCIDENT for record in state.incidents.values())
    return _EMPTY if had_incidents else ""

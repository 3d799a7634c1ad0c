"""Reasons to distrust what a page serves: an older copy, or a history that is suddenly empty. Pure.

Nothing of a suspicious read is reported or remembered until a read at least half an hour later is still suspicious. A
read that is provably old is believed only after a day: nothing but time can show that the vendor means it.
"""

from datetime import datetime, timedelta
from itertools import chain
from typing import Final

from statuswatch.model.digest import id_digest
from statuswatch.model.incident import Incident, IncidentKind
from statuswatch.model.page import Feed, Page, PageSnapshot
from statuswatch.model.state import IncidentRecord, PageState, Suspicion
from statuswatch.rules.diff import is_expired_as_before
from statuswatch.rules.record import is_older_copy, to_second, with_listed_ids

BELIEVE_SUSPICION_AFTER: Final = timedelta(minutes=30)
BELIEVE_OLD_AFTER: Final = timedelta(hours=24)
_STALE: Final = "an older copy"
_EMPTY: Final = "its history is suddenly empty"


def find_suspicion(state: PageState, feed: Feed) -> str:
    """Return why the documents may not show the page as it is now; "" where nothing speaks against them."""
    return _stale_page_time(state, feed) or _stale_incident(state, feed) or _empty_history(state, feed)


def find_doubt(state: PageState | None, page: Page, feed: Feed, now: datetime) -> str:
    """Return why a run would not believe these documents of a page; "" where it would, or where it has no baseline."""
    if state is None or state.baseline is None or (state.url, state.id) != (page.url, page.id):
        return ""
    reason = find_suspicion(state, feed)
    return "" if reason and is_believed(continue_suspicion(state.suspicion, reason, now), now) else reason


def continue_suspicion(before: Suspicion | None, reason: str, now: datetime) -> Suspicion:
    """Return the suspicion to remember: the one before it where it is of the same sort, else a new one.

    A stale copy may be stale now in one way and now in another. One noted by a clock that ran ahead begins anew.
    """
    if before is None or before.since > now or _is_stale(before.reason) != _is_stale(reason):
        return Suspicion(now, reason)
    return before


def is_believed(suspicion: Suspicion, now: datetime, *, provably_old: bool = False) -> bool:
    """Return whether the page has looked so for long enough to be taken at its word."""
    return now - suspicion.since >= (BELIEVE_OLD_AFTER if provably_old else BELIEVE_SUSPICION_AFTER)


def is_provably_old(state: PageState, snapshot: PageSnapshot, now: datetime) -> bool:
    """Return whether the read shows by its own times that it is older than what is remembered.

    That is its page time, its `Last-Modified`, or an `Age` that reaches back before the last good read.
    """
    if _stale_page_time(state, snapshot.feed):
        return True
    for name, modified in snapshot.last_modified.items():
        if name in state.last_modified and modified < state.last_modified[name]:
            return True
    if state.read_at is None or snapshot.age is None:
        return False
    return now - timedelta(seconds=snapshot.age) < min(state.read_at, now)


def is_history_empty(state: PageState, feed: Feed) -> bool:
    """Return whether it is believed from now on that the page's history lists nothing, though incidents are known."""
    if IncidentKind.INCIDENT not in feed.history:
        return state.history_empty
    return _lists_no_incident(state, feed) and (state.history_empty or _knows_incidents(state))


def _is_stale(reason: str) -> bool:
    return reason.startswith(_STALE)


def _stale_page_time(state: PageState, feed: Feed) -> str:
    if feed.time_may_go_back:
        return ""
    for name, updated_at in feed.updated_at.items():
        if name in state.updated_at and to_second(updated_at) < state.updated_at[name]:
            return f"{_STALE} of {name}: its time of change went back"
    return ""


def _stale_incident(state: PageState, feed: Feed) -> str:
    for incident in feed.incidents:
        remembered = state.incidents.get(incident.id)
        if remembered is None:
            continue
        record = with_listed_ids(remembered, incident, made_of_times=feed.updates_have_no_ids)
        if _lacks_newest_update(record, incident) or is_older_copy(remembered, incident):
            return f"{_STALE}: it lacks the newest known update of {incident.id}"
        if _is_open_again_without_news(record, incident):
            return f"{_STALE}: it lists {incident.id} as open, with nothing later than its end"
    return ""


def _lacks_newest_update(record: IncidentRecord, incident: Incident) -> bool:
    """Return whether the newest remembered update is missing, and none is later than that.

    An incident without any update shows nothing of its age: the document that has its updates may have failed.
    """
    newest = record.newest_id_digest
    if not newest or not incident.updates:
        return False
    if any(id_digest(update) == newest for update in reversed(incident.updates)):
        return False
    return all(to_second(update.created_at) <= record.last_update_at for update in incident.updates)


def _is_open_again_without_news(record: IncidentRecord, incident: Incident) -> bool:
    """Return whether an incident that ended is listed as open, with nothing later than its end.

    The end is the time of the newest remembered update; of our detection, where the vendor published none. A note
    after the end counts to it: at worst, a reopening without an update is reported half an hour late. Where the list
    states when the incident last changed, a change after the end is later than that, too.
    """
    if not record.closed or incident.closed or is_expired_as_before(record, incident):
        return False
    moments = [update.created_at for update in incident.updates]
    if incident.kind is not IncidentKind.MAINTENANCE:  # some platforms date a window by the time it is planned for
        moments += [incident.created_at, incident.position]
    is_later = any(to_second(moment) > record.last_update_at for moment in moments)
    return not is_later and not _continues_after_its_end(record, incident)


def _continues_after_its_end(record: IncidentRecord, incident: Incident) -> bool:
    """Return whether an update stands after the one that the vendor ended the incident with, and as late.

    Some vendors date all updates alike; their order then shows which is later. Where the end is the time of our
    detection, an update before it shows nothing.
    """
    ids = [id_digest(update) for update in incident.updates]
    if record.newest_id_digest not in ids[:-1]:
        return False
    newest = incident.updates[ids.index(record.newest_id_digest)]
    return max(to_second(newest.created_at), to_second(incident.created_at)) >= record.last_update_at


def _empty_history(state: PageState, feed: Feed) -> str:
    if state.history_empty or IncidentKind.INCIDENT not in feed.history or not _lists_no_incident(state, feed):
        return ""
    return _EMPTY if _knows_incidents(state) else ""


def _lists_no_incident(state: PageState, feed: Feed) -> bool:
    kinds = (incident.kind for incident in feed.incidents)
    remembered_kinds = (state.incidents[key].kind for key in feed.as_remembered)
    return IncidentKind.INCIDENT not in chain(kinds, remembered_kinds)


def _knows_incidents(state: PageState) -> bool:
    return any(record.kind is IncidentKind.INCIDENT for record in state.incidents.values())

"""Open incidents that a good read does not list: rules 11 to 13. Pure.

Rule 10 needs no code: a closed incident that is no longer listed is kept as it is.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from statuswatch.model.event import Change
from statuswatch.model.page import Feed, Page
from statuswatch.model.state import IncidentRecord, PageState
from statuswatch.rules.diff import Difference, close_absent

BELIEVE_ABSENCE_AFTER: Final = timedelta(minutes=10)
MAX_DATED_AHEAD: Final = timedelta(minutes=10)  # updates are dated up to some minutes ahead of their publication


def judge_absences(page: Page, state: PageState, feed: Feed, now: datetime) -> Iterator[tuple[str, Difference]]:
    """Yield the id of each open incident that the feed does not list, and what its absence comes to."""
    listed = {incident.id for incident in feed.incidents}
    absent = {key: record for key, record in state.incidents.items() if not record.closed and key not in listed}
    if not absent:
        return
    window = HistoryWindow(feed)
    for key, record in absent.items():
        yield key, _judge(page, key, record, window, now)


class HistoryWindow:
    """The entries of a feed's history, by kind, prepared to be asked what must have rolled out of it."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._created: dict[str, list[datetime]] = {}  # ascending
        self._lowest: dict[str, list[datetime]] = {}  # earliest position among the entries created up to then
        for incident in sorted(feed.incidents, key=lambda incident: incident.created_at):
            lowest = self._lowest.setdefault(incident.kind, [])
            lowest.append(min(lowest[-1], incident.position) if lowest else incident.position)
            self._created.setdefault(incident.kind, []).append(incident.created_at)

    def holds_older_than(self, record: IncidentRecord) -> bool:
        """Return whether an entry still stands that had to roll out of the window before this incident.

        It must be older by creation and in the list's own order: a list ordered by last change may hold an entry that
        was created before the absent incident and changed after it.
        """
        if record.kind not in self.feed.history:
            return False
        created_at = record.created_at or record.last_update_at
        older = bisect_left(self._created.get(record.kind, ()), created_at)
        if not older:
            return False
        lowest = self._lowest[record.kind][older - 1]
        if self.feed.by_creation:
            return lowest < created_at
        return record.last_update_at - lowest > MAX_DATED_AHEAD


def _judge(page: Page, key: str, record: IncidentRecord, window: HistoryWindow, now: datetime) -> Difference:
    feed = window.feed
    in_full = not feed.skipped  # an entry that could not be understood may be this incident
    if in_full and record.kind in feed.current:  # rule 11: the page lists nothing but what is open
        return close_absent(page, key, record, Change.DELISTED, now)
    if in_full and (record.kind in feed.complete or window.holds_older_than(record)):  # rule 12
        return _withdraw(page, key, record, now)
    return Difference(None, msgspec.structs.replace(record, absent_since=None))  # rule 13: a window that rolled on


def _withdraw(page: Page, key: str, record: IncidentRecord, now: datetime) -> Difference:
    """Believe an absence at the second read, at least 10 minutes after the first. A clock may have run ahead."""
    if record.absent_since is None or record.absent_since > now:
        return Difference(None, msgspec.structs.replace(record, absent_since=now))
    if now - record.absent_since < BELIEVE_ABSENCE_AFTER:
        return Difference(None, record)
    return close_absent(page, key, record, Change.WITHDRAWN, now)

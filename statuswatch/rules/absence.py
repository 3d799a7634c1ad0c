"""Open incidents that a good read does not list: rules 11 to 13b. Pure.

Absence is looked up where the platform has a document for each incident, and inferred only where it has none. Rule 10
needs no code: a closed incident that is no longer listed is kept as it is.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec

from statuswatch.model.event import Change
from statuswatch.model.incident import Incident, IncidentKind
from statuswatch.model.page import Feed, Page, PageSnapshot
from statuswatch.model.state import IncidentRecord, PageState
from statuswatch.rules.diff import Difference, close_absent, compare
from statuswatch.rules.record import newest_update_second, to_second
from statuswatch.rules.updates import updates_unknown_by_time

BELIEVE_ABSENCE_AFTER: Final = timedelta(minutes=10)
EXPIRE_AFTER: Final = timedelta(days=14)
MAX_DATED_AHEAD: Final = timedelta(minutes=10)  # updates are dated up to some minutes ahead of their publication
MAX_CLOCK_AHEAD: Final = timedelta(days=1)  # of the servers' clocks: beyond it nothing expires
ALWAYS_ASK_WITHIN: Final = timedelta(days=1)  # after the first absence
ASK_EVERY_HOURS: Final = 12


def judge_absences(
    page: Page, state: PageState, snapshot: PageSnapshot, now: datetime
) -> Iterator[tuple[str, Difference]]:
    """Yield the id of each open incident that the page does not list, and what its absence comes to."""
    absent = absent_records(state, snapshot.feed)
    if not absent:
        return
    judge = _Judge(page, state, snapshot, now)
    longer = found_in_longer_list(absent, snapshot.feed)
    for key, record in absent.items():
        own = longer.get(key) or snapshot.own.incidents.get(key)
        if isinstance(own, Incident):
            yield key, compare_own_document(page, record, own, now)
        else:
            yield key, judge.judge(key, record)


def absent_records(state: PageState, feed: Feed) -> dict[str, IncidentRecord]:
    """Return the open records, by id, that no list has which can hold their kind.

    A list that was not read, or has an entry that could not be understood, may have any of them.
    """
    if feed.skipped:
        return {}
    listed = feed.as_remembered.union([incident.id for incident in feed.incidents])
    unlisted = state.incidents.keys() - listed
    if not unlisted:
        return {}
    return {
        key: record
        for key, record in state.incidents.items()
        if key in unlisted and not record.closed and record.kind not in feed.unread
    }


def found_in_longer_list(absent: Mapping[str, IncidentRecord], feed: Feed) -> dict[str, Incident]:
    """Return what a longer list, which was read anyway, says of absent incidents; an older copy says nothing."""
    return {
        incident.id: incident
        for incident in feed.longer
        if incident.id in absent and not is_older_document(absent[incident.id], incident)
    }


def is_due(key: str, since: datetime | None, now: datetime) -> bool:
    """Return whether an incident that is absent since then is asked about in this run.

    After its first day that is so in the runs of one hour in twelve, another one for each incident and day.
    """
    if since is None or since > now or now - since < ALWAYS_ASK_WITHIN:
        return True
    seconds = int(now.timestamp())
    turn = seconds // 3600 + seconds // 86_400 + _digest_number(key)
    return turn % ASK_EVERY_HOURS == 0


def turn_of(key: str, now: datetime) -> int:
    """Return the place of an incident among those that wait: another one in each run, without anything remembered."""
    return _digest_number(f"{key} {now.isoformat()}")


def is_record_due(key: str, record: IncidentRecord, now: datetime) -> bool:
    """Return whether an absent incident is asked about in this run; always once its 14 days are over."""
    return is_due(key, record.absent_since, now) or is_past_expiry(record, now)


def is_past_expiry(record: IncidentRecord, now: datetime) -> bool:
    """Return whether the incident is absent for 14 days; of a maintenance, counted from its scheduled end if later."""
    if record.absent_since is None:
        return False
    begin = record.absent_since
    if record.kind is IncidentKind.MAINTENANCE and record.scheduled_until:
        begin = max(begin, record.scheduled_until)
    return now - begin >= EXPIRE_AFTER


def compare_own_document(page: Page, record: IncidentRecord, own: Incident, now: datetime) -> Difference:
    """Compare an absent incident with its own document: rule 12b, or rules 8 and 9 where that shows it open.

    Updates are recognised across documents by time; bodies are never compared. A document without a schedule does not
    take back the one that is remembered.
    """
    fresh = updates_unknown_by_time(
        record.updates, record.update_times, own.updates, int(record.last_update_at.timestamp())
    )
    incident = msgspec.structs.replace(own, kind=record.kind, updates=fresh)
    if own.scheduled_for is None:
        schedule = {"scheduled_for": record.scheduled_for, "scheduled_until": record.scheduled_until}
        incident = msgspec.structs.replace(incident, **schedule)
    difference = compare(page, record, incident)
    after = difference.record
    if not after.closed:
        after = msgspec.structs.replace(after, absent_since=_first(record.absent_since, now), not_found_since=None)
    return msgspec.structs.replace(difference, record=after)


def is_older_document(record: IncidentRecord, own: Incident) -> bool:
    """Return whether an own document lacks the newest known update: it is an older copy then."""
    newest = max([own.created_at, *(update.created_at for update in own.updates)])
    return int(newest.timestamp()) < newest_update_second(record)


def awaits_second_read(page: Page, state: PageState, snapshot: PageSnapshot, now: datetime) -> bool:
    """Return whether a second read of the same documents ends an incident, so that they have to be read in full.

    Own documents are asked for in the runs in which they are due.
    """
    absent = {} if snapshot.own.supported else absent_records(state, snapshot.feed)
    judge = _Judge(page, state, snapshot, now) if absent else None
    return judge is not None and any(map(judge.ends_at_second_read, absent.values()))


class HistoryWindow:
    """The entries of a feed's history, by kind, prepared to be asked what must have rolled out of it."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._created: dict[str, list[datetime]] = {}  # ascending
        self._lowest: dict[str, list[datetime]] = {}  # earliest position among the entries created up to then
        entries = [incident for incident in feed.incidents if incident.id not in feed.in_summary_only]
        for incident in sorted(entries, key=lambda incident: incident.created_at):
            lowest = self._lowest.setdefault(incident.kind, [])
            lowest.append(min(lowest[-1], incident.position) if lowest else incident.position)
            self._created.setdefault(incident.kind, []).append(incident.created_at)

    def reaches_back_to(self, record: IncidentRecord) -> bool:
        """Return whether the history would have to list the incident: its window is not full, or an older one stands.

        Only a window of known size shows that.
        """
        size = self.feed.window_sizes.get(record.kind)
        if size is None or record.kind not in self.feed.history:
            return False
        return len(self._created.get(record.kind, ())) < size or self.holds_older_than(record)

    def holds_older_than(self, record: IncidentRecord) -> bool:
        """Return whether an entry still stands that had to roll out of the window before this incident.

        It must be older by creation and in the list's own order: a list ordered by last change may hold an entry that
        was created before the absent incident and changed after it.
        """
        created_at = record.created_at or record.last_update_at
        older = bisect_left(self._created.get(record.kind, ()), created_at)
        if not older:
            return False
        lowest = self._lowest[record.kind][older - 1]
        if self.feed.by_creation:
            return lowest < created_at
        return record.last_update_at - lowest > MAX_DATED_AHEAD


class _Judge:
    """Judges absent incidents of which no own document was found, by all that one read shows."""

    def __init__(self, page: Page, state: PageState, snapshot: PageSnapshot, now: datetime) -> None:
        self.page, self.snapshot, self.now = page, snapshot, now
        self.window = HistoryWindow(snapshot.feed)
        self.is_newer = _is_provably_newer(state, snapshot)
        self.may_expire = not is_clock_ahead(snapshot.served_at, now)

    def judge(self, key: str, record: IncidentRecord) -> Difference:
        """Return what the absence comes to; without an event, it is remembered since when the incident is absent."""
        change = self._change(key, record)
        if change:
            return close_absent(self.page, key, record, change, self.now)
        absent_since, not_found_since = _first(record.absent_since, self.now), record.not_found_since
        if self.snapshot.own.shows_removal(key, record.kind):
            not_found_since = _first(not_found_since, self.now)
        after = msgspec.structs.replace(record, absent_since=absent_since, not_found_since=not_found_since)
        return Difference(None, after)

    def _change(self, key: str, record: IncidentRecord) -> Change | None:
        """Return how the incident ended, in the order 12, 12c, 11, 12d, 13b; None where it stays open: rule 13."""
        own, feed = self.snapshot.own, self.snapshot.feed
        is_second_read = _is_long_ago(record.absent_since, self.now)
        if own.shows_removal(key, record.kind):  # rule 12; nothing else is judged before the second 404
            return Change.WITHDRAWN if _is_long_ago(record.not_found_since, self.now) else None
        if own.may_show_removal(key, record.kind):  # the control could not be read: nothing is judged but time
            return self._expired(record)
        if not own.supported and is_second_read and self.window.reaches_back_to(record):  # rule 12c
            return Change.WITHDRAWN
        has_history = record.kind in feed.history  # which may yet show the end: then a newer read is not enough
        if record.kind in feed.current and (is_second_read or (self.is_newer and not has_history)):  # rule 11
            return Change.DELISTED
        if own.supported and key not in own.incidents:
            return None  # it waits for a run in which its own document is read
        return self._change_without_document(record, is_second_read=is_second_read)

    def _change_without_document(self, record: IncidentRecord, *, is_second_read: bool) -> Change | None:
        if is_second_read and record.kind in self.snapshot.feed.complete:  # rule 12d
            return Change.DELISTED
        return self._expired(record)

    def _expired(self, record: IncidentRecord) -> Change | None:
        return Change.EXPIRED if self.may_expire and is_past_expiry(record, self.now) else None  # rule 13b

    def ends_at_second_read(self, record: IncidentRecord) -> bool:
        """Return whether a second read like this one ends the incident: by rule 12c, 11 or 12d."""
        feed = self.snapshot.feed
        is_current = record.kind in feed.current or record.kind in feed.complete
        return is_current or self.window.reaches_back_to(record)


def _is_provably_newer(state: PageState, snapshot: PageSnapshot) -> bool:
    """Return whether the read is newer than those before: by a page time, a `Last-Modified`, or an entry's update."""
    for name, updated_at in snapshot.feed.updated_at.items():
        if name in state.updated_at and to_second(updated_at) > state.updated_at[name]:
            return True
    for name, modified in snapshot.last_modified.items():
        if name in state.last_modified and to_second(modified) > state.last_modified[name]:
            return True
    newest = max((record.last_update_at for record in state.incidents.values()), default=None)
    return newest is not None and any(to_second(one.last_update_at) > newest for one in snapshot.feed.incidents)


def _first(since: datetime | None, now: datetime) -> datetime:
    """Return the first of a series of reads. One noted by a clock that ran ahead begins anew."""
    return since if since and since <= now else now


def _is_long_ago(since: datetime | None, now: datetime) -> bool:
    return since is not None and since <= now and now - since >= BELIEVE_ABSENCE_AFTER


def is_clock_ahead(served_at: datetime | None, now: datetime) -> bool:
    """Return whether the clock is more than a day ahead of the servers' own: then nothing expires."""
    return served_at is not None and now - to_second(served_at) > MAX_CLOCK_AHEAD


def _digest_number(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")

"""The events that the contract demands of a series of reads, worked out without anything of the program.

The rows are those of section 4 of the contract, the suspicions those of section 5.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.proofs.histories.documents import Listed, Listing, Update

ABSENT_FOR: Final = timedelta(minutes=10)
SUSPECT_FOR: Final = timedelta(minutes=30)
OLD_FOR: Final = timedelta(hours=24)
FAILING_FOR: Final = timedelta(hours=1)
EXPIRES_AFTER: Final = timedelta(days=14)
ASKED_OFTEN_FOR: Final = timedelta(days=1)
LOOK_UPS: Final = 5  # incidents of a page that one run asks about
PAGE: Final = "(page)"


@dataclass(frozen=True)
class Expected:
    """An event of one read: its kind, and the keys of its updates. Without `due` it may come now or later."""

    kind: str
    updates: frozenset[tuple[datetime, str]] = frozenset()  # time and status
    due: bool = True


@dataclass
class Remembered:
    """An incident as it was shown last; empty values never replace others."""

    last: Listed
    closed: bool
    end: datetime  # the newest update, or our detection
    updates: dict[str, Update]
    quiet: bool = False  # closed already at the baseline
    expired: bool = False
    absent_since: datetime | None = None


@dataclass
class Oracle:
    """One page. `review` takes one read after the other."""

    platform: str
    baseline: datetime | None = None
    records: dict[str, Remembered] = field(default_factory=dict)
    page_time: datetime | None = None
    list_time: datetime | None = None
    suspicion: tuple[bool, datetime] | None = None  # is it "stale", and since when
    history_empty: bool = False
    failing_since: datetime | None = None
    page_is_down: bool = False
    identity: str | None = None
    suspicious_reads: int = 0

    def review(self, now: datetime, listing: Listing | None) -> dict[str, Expected]:
        """Return the events that must come of one read, by incident; None is a read that failed."""
        if listing is None or (self.identity is not None and listing.identity != self.identity):
            return dict(self._fail(now))
        former, self.records = self.records, self._dated_anew(listing)
        reason = self._suspicion(listing) if self.baseline else None
        if reason and not self._believes(now, is_stale=reason[0], is_provable=reason[1]):
            self.records = former
            self.suspicious_reads += 1
            if not self.page_is_down:
                self.failing_since = None
            return {}
        expected = dict(self._recover())
        self.suspicion = None
        if self.baseline is None:
            self.baseline, self.identity = now, listing.identity
            self.records = {key: self._first_seen(one, quiet=one.closed) for key, one in listing.incidents.items()}
        else:
            self._note_emptiness(listing)
            newer = self._is_newer(listing)
            for key, one in listing.incidents.items():
                expected.update((key, event) for event in self._compare(key, one))
            expected.update(self._judge_absences(now, listing, newer=newer))
        self.page_time = listing.page_time or self.page_time
        self.list_time = listing.list_time or self.list_time
        return expected

    def _dated_anew(self, listing: Listing) -> dict[str, Remembered]:
        """Return the records with the updates that only got another time under their new keys."""
        if self.platform == "statuspage":  # its updates have ids
            return self.records
        return {
            key: _with_new_dates(before, listing.incidents[key]) if key in listing.incidents else before
            for key, before in self.records.items()
        }

    # ------------------------------------------------------------------------------------------- good reads, and others

    def _fail(self, now: datetime) -> Iterator[tuple[str, Expected]]:
        self.failing_since = self.failing_since or now
        if not self.page_is_down and now - self.failing_since >= FAILING_FOR:
            self.page_is_down = True
            yield PAGE, Expected("new")

    def _recover(self) -> Iterator[tuple[str, Expected]]:
        self.failing_since = None
        if self.page_is_down:
            self.page_is_down = False
            yield PAGE, Expected("resolved")

    def _suspicion(self, listing: Listing) -> tuple[bool, bool] | None:
        """Return what speaks against a read: is it an older copy (else suddenly empty), and provably so?"""
        if listing.page_time and self.page_time and listing.page_time < self.page_time:
            return True, True
        if any(self._is_stale(self.records[key], one) for key, one in listing.incidents.items() if key in self.records):
            return True, False
        knows = any(one.last.kind == "incident" for one in self.records.values())
        if listing.history and knows and not self.history_empty and not _has_incidents(listing):
            return False, False
        return None

    def _is_stale(self, before: Remembered, one: Listed) -> bool:
        newest = _newest(before)
        lacks_newest = newest and one.updates and newest.key not in {update.key for update in one.updates}
        if lacks_newest and all(update.at <= before.end for update in one.updates):
            return True
        if not before.closed or one.closed:
            return False
        if before.expired and not _fresh(before, one):
            return False
        keys = [update.key for update in one.updates]
        moments = [update.at for update in one.updates] + ([one.created_at] if one.kind == "incident" else [])
        is_later = any(at > before.end for at in moments)
        goes_on = newest is not None and newest.key in keys[:-1] and max(newest.at, one.created_at) >= before.end
        return not (is_later or goes_on)

    def _believes(self, now: datetime, *, is_stale: bool, is_provable: bool) -> bool:
        if self.suspicion is None or self.suspicion[0] != is_stale:
            self.suspicion = (is_stale, now)
        return now - self.suspicion[1] >= (OLD_FOR if is_provable else SUSPECT_FOR)

    def _note_emptiness(self, listing: Listing) -> None:
        knows = any(one.last.kind == "incident" for one in self.records.values())
        if listing.history:
            self.history_empty = not _has_incidents(listing) and (self.history_empty or knows)

    # ----------------------------------------------------------------------------------------------------- rows 2 to 9

    def _first_seen(self, one: Listed, *, quiet: bool = False) -> Remembered:
        return Remembered(one, one.closed, one.newest, {update.key: update for update in one.updates}, quiet=quiet)

    def _compare(self, key: str, one: Listed) -> Iterator[Expected]:
        before = self.records.get(key)
        if before is None:
            yield from self._compare_unknown(key, one)
            return
        fresh, edited = _fresh(before, one), _edited(before, one)
        if before.quiet and one.closed:  # row 9c
            fresh, edited = [update for update in fresh if update.at > before.end], []
        kind = self._kind(before, one, fresh=fresh, edited=edited)
        quiet = before.quiet and one.closed and kind != "resolved"
        self.records[key] = _merged(before, one, quiet=quiet)
        if kind:
            yield Expected(kind, _keys([*fresh, *edited]))

    def _compare_unknown(self, key: str, one: Listed) -> Iterator[Expected]:
        assert self.baseline
        later = [update for update in one.updates if update.at > self.baseline]
        is_missed = one.closed and max(one.created_at, one.closed_at) > self.baseline
        self.records[key] = self._first_seen(one, quiet=one.closed and not is_missed)
        if not one.closed:  # row 2
            yield Expected("new", _keys(one.updates))
        elif is_missed:  # row 3
            yield Expected("resolved", _keys(one.updates))
        elif later:  # row 3b
            yield Expected("updated", _keys(later))

    def _kind(self, before: Remembered, one: Listed, *, fresh: list[Update], edited: list[Update]) -> str:
        """Return the kind of the event, "" for none: rows 5 to 9c."""
        if before.closed and one.closed:
            if not before.expired and _reopens_and_closes(before, fresh):  # row 7
                return "resolved"
            return "updated" if fresh or edited else ""
        if before.closed:
            if before.expired and not fresh and not edited:
                return ""
            return "updated"  # row 6
        if one.closed:
            return "resolved"  # row 5
        return "updated" if fresh or edited or _differs(before.last, one, any_fresh=bool(fresh)) else ""

    # --------------------------------------------------------------------------------------------------- rows 11 to 13b

    def _is_newer(self, listing: Listing) -> bool:
        for now, before in ((listing.page_time, self.page_time), (listing.list_time, self.list_time)):
            if now and before and now > before:
                return True
        newest = max((one.end for one in self.records.values()), default=None)
        return newest is not None and any(one.newest > newest for one in listing.incidents.values())

    def _judge_absences(self, now: datetime, listing: Listing, *, newer: bool) -> Iterator[tuple[str, Expected]]:
        absent = [key for key, one in self.records.items() if not one.closed and key not in listing.incidents]
        is_crowded = self.platform == "statuspage" and len(absent) > LOOK_UPS
        for key in absent if not listing.skipped else ():
            one = self.records[key]
            one.absent_since = one.absent_since or now
            away = now - one.absent_since
            if listing.complete:
                at_once = self.platform == "slack" and newer  # row 11
                if at_once or away >= ABSENT_FOR:  # row 12d
                    in_turn = self.platform == "statuspage" and (is_crowded or away >= ASKED_OFTEN_FOR)
                    yield key, Expected("resolved", due=not in_turn)
            elif away >= EXPIRES_AFTER:  # row 13b
                one.expired = True
                yield key, Expected("resolved")

    def close(self, key: str, now: datetime) -> None:
        """Take note that an absent incident was reported as no longer listed."""
        one = self.records[key]
        one.closed, one.end, one.quiet, one.absent_since = True, now, False, None


def _has_incidents(listing: Listing) -> bool:
    return any(one.kind == "incident" for one in listing.incidents.values())


def _newest(before: Remembered) -> Update | None:
    """Return the newest update that is remembered: of the last read that listed it."""
    return before.last.updates[-1] if before.last.updates else None


def _fresh(before: Remembered, one: Listed) -> list[Update]:
    return [update for update in one.updates if update.key not in before.updates]


def _with_new_dates(before: Remembered, one: Listed) -> Remembered:
    """Return the record in which an update that appeared takes the place of one with its words that vanished."""
    listed = {update.key for update in one.updates}
    vanished = {(update.status, update.text): key for key, update in before.updates.items() if key not in listed}
    moved: dict[str, Update] = {}
    for update in _fresh(before, one):
        if key := vanished.pop((update.status, update.text), ""):
            moved[key] = update
    if not moved:
        return before
    updates = [moved.get(key, update) for key, update in before.updates.items()]
    last = replace(before.last, updates=tuple(moved.get(update.key, update) for update in before.last.updates))
    return replace(before, last=last, updates={update.key: update for update in updates})


def _edited(before: Remembered, one: Listed) -> list[Update]:
    pairs = [(before.updates[update.key], update) for update in one.updates if update.key in before.updates]
    return [
        after
        for former, after in pairs
        if former.status != after.status or (former.text and after.text and former.text != after.text)
    ]


def _differs(before: Listed, one: Listed, *, any_fresh: bool) -> bool:
    if before.status != one.status or (before.title and one.title and before.title != one.title):
        return True
    if before.impact != one.impact and "unknown" not in (before.impact, one.impact):
        return True
    if any(former and now and former != now for former, now in zip(before.schedule, one.schedule, strict=False)):
        return True
    if one.regions and before.regions and one.regions != before.regions:
        return True
    counts = one.named_by_vendor or any_fresh
    is_named = one.components and before.components and one.named_by_vendor == before.named_by_vendor
    return bool(is_named and counts and before.components != one.components)


def _reopens_and_closes(before: Remembered, fresh: list[Update]) -> bool:
    closes = [update.closes for update in fresh if update.at > before.end]
    return False in closes and True in closes[closes.index(False) :]


def _merged(before: Remembered, one: Listed, *, quiet: bool) -> Remembered:
    """Return what is remembered after a read: nothing empty or poorer replaces what is there."""
    keeps_components = not one.components or (before.last.named_by_vendor and not one.named_by_vendor)
    updates = dict(before.updates)
    for update in one.updates:
        former = updates.get(update.key)
        updates[update.key] = replace(update, text=update.text or former.text) if former else update
    last = replace(
        one,
        title=one.title or before.last.title,
        impact=before.last.impact if one.impact == "unknown" else one.impact,
        updates=one.updates or before.last.updates,
        components=before.last.components if keeps_components else one.components,
        named_by_vendor=before.last.named_by_vendor or one.named_by_vendor,
        regions=one.regions or before.last.regions,
    )
    if before.expired and before.closed and not one.closed and not _fresh(before, one):
        return replace(before, last=last, updates=updates)
    end = max(before.end, one.newest) if before.closed and one.closed else one.newest
    return Remembered(last, one.closed, end, updates, quiet=quiet)


def _keys(updates: tuple[Update, ...] | list[Update]) -> frozenset[tuple[datetime, str]]:
    return frozenset((update.at, update.status) for update in updates)

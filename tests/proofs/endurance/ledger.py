"""The events that are due of a page, worked out from the world alone, against those that were reported.

An event is due where a read without a fault shows an incident otherwise than it was reported last. At a faulty read an
event may come, if it is true; one that does not come is due at the next good read.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.support.world_model import window

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tests.support.world_model import Incident, Page, Snapshot

Json = dict[str, Any]
FORGOTTEN: Final = timedelta(days=90)  # contract, section 6
HOUR: Final = timedelta(hours=1)
# After its first day an absent incident is asked about in one hour of twelve only: it must end after 14 days.
WITHDRAWN_AFTER: Final = timedelta(days=14)


def plain(text: str) -> str:
    """Return a text without its markup and whitespace."""
    return "".join(re.sub(r"<[^>]*>", " ", text).split())


def differs(before: Incident, now: Incident, *, surely: bool) -> bool:
    """Return whether an incident differs from the one that was reported.

    A body that was reported at a faulty read may be remembered as empty, and filling that is no event: with `surely`
    it is no difference.
    """
    if (before.title, before.impact, before.schedule) != (now.title, now.impact, now.schedule):
        return True
    posts = {post.id: post for post in before.posts}
    for post in now.posts:
        previous = posts.get(post.id)
        if previous is None or previous.status != post.status:
            return True
        if previous.body != post.body and (previous.body or not surely):
            return True
    return False


@dataclass
class Ledger:
    """One page as it was reported; `false` and `lost` name the events that were not true, or did not come."""

    page: Page
    begun: datetime
    reported: dict[str, Incident] = field(default_factory=dict)  # each incident as it was reported last
    over_at_baseline: set[str] = field(default_factory=set)  # and not reopened since: edits of them are no events
    absent: dict[str, datetime] = field(default_factory=dict)  # open and not listed, since which read, all of them good
    happened: int = 0
    false: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    published: set[str] = field(default_factory=set)  # updates that a good read showed
    carried: set[str] = field(default_factory=set)  # updates that an event carried
    carried_as_new: Counter[str] = field(default_factory=Counter)  # the same, but for edited ones
    page_is_down: bool = False  # and was reported so
    maybe_failing_since: datetime | None = None  # reads may all have failed since then
    surely_failing_since: datetime | None = None

    def begin(self, snap: Snapshot) -> None:
        """Take the baseline. Of maintenance only what is open is read."""
        self.reported = {key: one for key in self.listed(snap) if not hidden(one := snap.incidents[key])}
        self.over_at_baseline = {key for key, one in self.reported.items() if one.closed}

    def listed(self, snap: Snapshot) -> set[str]:
        """Return the ids that the page lists."""
        return window(self.page.platform, snap.incidents)

    def review(self, snap: Snapshot, lines: Sequence[Json]) -> None:
        """Compare one read with the events that were reported of it."""
        lines = [with_vendor_ids(line, snap) for line in lines]
        events = {line["incident"]["id"]: line for line in lines if line["incident"]["kind"] != "page"}
        page_events = [line["event"] for line in lines if line["incident"]["kind"] == "page"]
        self._review_page(snap, page_events)
        due = self._due(snap, {*events, *page_events})
        for line in lines:
            if line["incident"]["kind"] != "page":
                self._review_event(snap, line)
        missed = sorted(due - events.keys())
        self.happened += len(missed)
        self.lost += [f"{self._place(snap)}: {key}" for key in missed]
        if snap.clean:
            self._remember(snap, events, anything_changed=bool(events or page_events))

    def _remember(self, snap: Snapshot, events: dict[str, Json], *, anything_changed: bool) -> None:
        for key in self.listed(snap):
            one = snap.incidents[key]
            if not one.closed or "reopened" in events.get(key, {}).get("changes", ()):
                self.over_at_baseline.discard(key)
            if key in events or not hidden(one) or anything_changed:
                self.reported[key] = one
                if not self._is_old(one, snap) or key in events:
                    self.published |= {post.id for post in one.posts if post.created_at > self.begun}
        for key in [key for key, one in self.reported.items() if one.closed and key not in self.page.incidents]:
            del self.reported[key]

    def _due(self, snap: Snapshot, changed: set[str]) -> set[str]:
        """Return the ids of which an event must come at this read."""
        if not snap.clean:
            self.absent.clear()
            return set()
        listed = self.listed(snap)
        due = {key for key in listed if self._is_due(snap, key, changed - {key})}
        missing = {
            key for key, one in self.reported.items() if not one.closed and is_over(snap, key) and key not in listed
        }
        withdraws = self.page.platform == "statuspage"
        self.absent = {key: self.absent.get(key, snap.at) for key in missing if withdraws}
        return due | {key for key, since in self.absent.items() if snap.at - since >= WITHDRAWN_AFTER}

    def _is_due(self, snap: Snapshot, key: str, changed: set[str]) -> bool:
        """Return whether an event of it must come. Past maintenance is read only when something else changed."""
        one, before = snap.incidents[key], self.reported.get(key)
        if hidden(one) and not changed and (before is None or before.closed):
            return False
        if before is None:
            return not self._is_old(one, snap)
        if key in self.over_at_baseline and one.closed and newest_post(one) <= newest_post(before):
            return False
        return differs(before, one, surely=True)

    def _is_old(self, one: Incident, snap: Snapshot) -> bool:
        """Return whether it ended before the page was first read, or so long ago that it may have been forgotten."""
        newest = max(one.created_at, *(post.created_at for post in one.posts))
        return one.closed and newest <= max(self.begun, snap.at - FORGOTTEN)

    def _review_event(self, snap: Snapshot, line: Json) -> None:
        updates = [update["id"] for update in line["updates"]]
        self.carried.update(updates)
        self.carried_as_new.update(updates if "edited" not in line["changes"] else ())
        is_true = self._is_true_withdrawal(snap, line) if "withdrawn" in line["changes"] else self._is_true(snap, line)
        self.happened += is_true
        if not is_true:
            self.false.append(f"{self._place(snap)}: {line['id']} {line['changes']}")

    def _is_true_withdrawal(self, snap: Snapshot, line: Json) -> bool:
        key = line["incident"]["id"]
        is_true = any(is_over(shown, key) for shown in shown_by(snap)) and key in self.reported
        self.reported.pop(key, None)
        return is_true

    def _is_true(self, snap: Snapshot, line: Json) -> bool:
        """Return whether the page stated so, and remember that it was reported."""
        key = line["incident"]["id"]
        stated = tuple(line["incident"][name] for name in ("title", "status"))
        impact = line["incident"]["impact"]
        is_listed = all(key in self.listed(shown) for shown in shown_by(snap))
        impact_may_lack = impact == "unknown" and not is_listed  # a longer list states none
        versions = [shown.incidents[key] for shown in shown_by(snap) if key in shown.incidents]
        bodies_may_lack = not snap.clean and self.page.empty_bodies
        alike = [one for one in versions if (one.title, one.status) == stated]
        matching = [one for one in alike if impact_may_lack or one.impact == impact]
        if not matching:
            return False
        one, before = matching[0], self.reported.get(key)
        without_bodies = replace(one, posts=tuple(replace(post, body="") for post in one.posts))
        self.reported[key] = one if snap.clean else without_bodies
        is_news = before is None or hidden(one) or any(differs(before, now, surely=False) for now in matching)
        return is_news and updates_are_true(line, versions, bodies_may_lack=bodies_may_lack)

    def _review_page(self, snap: Snapshot, events: Sequence[str]) -> None:
        """Compare the events of the page itself: unreadable after an hour of failed reads, and then readable again."""
        failed = snap.fault is not None and not snap.fault.soft
        failed_wholly = failed and snap.fault is not None and snap.fault.only is None
        self.maybe_failing_since = None if snap.clean else self.maybe_failing_since or (snap.at if failed else None)
        self.surely_failing_since = (self.surely_failing_since or snap.at) if failed_wholly else None
        if self.page_is_down:
            possible, due = ["resolved"] * (not failed_wholly), snap.clean
        else:
            possible = ["new"] * bool(failed and _an_hour_before(snap, self.maybe_failing_since))
            due = _an_hour_before(snap, self.surely_failing_since)
        is_true = [*events] == possible != []
        self.happened += is_true or due
        if events and not is_true:
            self.false.append(f"{self._place(snap)}: the page is {events}")
        if due and not events:
            self.lost.append(f"{self._place(snap)}: the page is {possible}")
        self.page_is_down = self.page_is_down != bool(events)

    def _place(self, snap: Snapshot) -> str:
        return f"{self.page.key} {snap.at:%Y-%m-%d %H:%M} {snap.fault or 'clean'}"


def _an_hour_before(snap: Snapshot, since: datetime | None) -> bool:
    return since is not None and snap.at - since >= HOUR


def shown_by(snap: Snapshot) -> list[Snapshot]:
    """Return what the documents of a read may show: the present, and a stale copy."""
    return [shown for shown in (snap, snap.stale) if shown]


def with_vendor_ids(line: Json, snap: Snapshot) -> Json:
    """Return the event with the vendor's ids of updates that were read in an own document, which has none."""
    one = snap.incidents.get(line["incident"]["id"])
    ids = {(post.status, f"{post.created_at:%Y-%m-%dT%H:%M:%SZ}"): post.id for post in one.posts} if one else {}
    updates = [
        {**update, "id": ids.get((update["status"], update["created_at"]), update["id"])}
        if update["id"].startswith("at-")
        else update
        for update in line["updates"]
    ]
    return {**line, "updates": updates}


def updates_are_true(line: Json, versions: Sequence[Incident], *, bodies_may_lack: bool) -> bool:
    """Return whether the page published every update of an event so."""
    stated = {(post.id, post.status, plain(post.body)) for one in versions for post in one.posts}
    return all(
        (update["id"], update["status"], plain(update["body"])) in stated or (bodies_may_lack and not update["body"])
        for update in line["updates"]
    )


def hidden(one: Incident) -> bool:
    """Return whether it stands only in a document that is not read at every run."""
    return one.kind == "maintenance" and one.closed


def is_over(snap: Snapshot, key: str) -> bool:
    """Return whether an incident ended, or is not there."""
    one = snap.incidents.get(key)
    return one is None or one.closed


def newest_post(one: Incident) -> datetime:
    """Return the time of the newest post."""
    return max(post.created_at for post in one.posts)

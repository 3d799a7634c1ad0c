"""The laws of the contract, against a simulated world whose truth is known.

The laws look at the JSON lines and at what the world did, never at the program's own objects.
STATUSWATCH_WORLD_SEEDS=200 makes a long run of them.
"""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest

from statuswatch.config.load import load_config
from statuswatch.delivery.deliver import deliver_report
from statuswatch.pipeline import check, run_of
from statuswatch.render import jsonlines
from tests.support.world_model import ALIKE, CLOSED, DOCUMENTS, Incident, Page, Platform, Snapshot, World, window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from statuswatch.model.report import RunReport

Json = dict[str, Any]

SEEDS: Final = range(int(os.environ.get("STATUSWATCH_WORLD_SEEDS", "1")))
KILLS: Final = 3
CALM_READS: Final = 64  # 25 minutes apart: an absent incident is asked about in one hour of twelve, another each day
MIN_SHARED: Final = 5  # pages that fail alike
PATIENCE: Final = 60  # seconds in which a page is read and a process ends, however busy the machine
START: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
PAGES: Final[dict[str, Platform]] = {
    "acme": "statuspage",
    "bolt": "statuspage",
    "curl": "incidentio",
    "dune": "incidentio",
}
# All stand on one host, and five on one platform: enough for a shared incident.
ALL_PAGES: Final[dict[str, Platform]] = PAGES | {
    "echo": "statuspage",
    "fort": "statuspage",
    "gust": "statuspage",
    "hail": "rss",
}
HOUR: Final = timedelta(hours=1)


class CrashError(Exception):
    """The machine went down."""


@dataclass
class Reader:
    """The program, run in this process against a world, with the world's clock."""

    world: World
    folder: Path
    timeout: int = PATIENCE  # seconds for one page

    def __post_init__(self) -> None:
        (self.folder / "statuswatch.toml").write_text(self.world.configuration(self.timeout))
        self.config = load_config(self.folder / "statuswatch.toml", {}, self.folder)
        self.state = self.folder / "state.json"

    def run(self, after_printing: Callable[[], None] = lambda: None) -> list[Json]:
        """Run once and return the printed lines; `after_printing` is called before anything is saved."""
        lines: list[Json] = []

        def print_events(report: RunReport) -> None:
            lines.extend(json.loads(jsonlines.render(event, self.world.now)) for event in report.events)
            after_printing()

        check(run_of(self.config), self.world.now, print_events, deliver_report((), partial=False))
        return lines


@dataclass(frozen=True)
class ReportedEvent:
    """One printed line, and the run that printed it."""

    run: int
    line: Json

    @property
    def id(self) -> str:
        return str(self.line["incident"]["id"])

    @property
    def kind(self) -> str:
        return str(self.line["event"])

    @property
    def status(self) -> str:
        return str(self.line["incident"]["status"])

    @property
    def withdrawn(self) -> bool:
        return bool({"withdrawn", "delisted"} & {*self.line["changes"]})

    @property
    def closed(self) -> bool:
        return self.status in CLOSED or self.withdrawn

    @property
    def updates(self) -> list[str]:
        return [update["id"] for update in self.line["updates"]]


@dataclass
class History:
    """The reads of one page, and the events that were reported of it."""

    page: Page
    events: list[ReportedEvent] = field(default_factory=list)  # of incidents
    page_events: list[ReportedEvent] = field(default_factory=list)  # of the page itself

    @property
    def runs(self) -> list[Snapshot]:
        return self.page.snapshots

    @property
    def baseline(self) -> int:
        return next(n for n, snap in enumerate(self.runs) if snap.clean)

    @property
    def at_baseline(self) -> set[str]:
        """Ids that the page listed when it was read for the first time."""
        return window(self.page.platform, self.runs[self.baseline].incidents)

    @property
    def listed_at_end(self) -> dict[str, Incident]:
        """Incidents that the page lists in the end."""
        final = self.runs[-1].incidents
        return {key: final[key] for key in window(self.page.platform, final)}

    def of(self, key: str) -> list[ReportedEvent]:
        return [event for event in self.events if event.id == key]

    def states_impact(self, event: ReportedEvent) -> bool:
        """Return whether the page stated the impact: incident.io's longer list, and what is learned of it, does not."""
        snap = self.runs[event.run]
        served = [snap, snap.stale] if snap.stale else [snap]
        return all(event.id in window(self.page.platform, copy.incidents) for copy in served)

    def last(self, key: str) -> ReportedEvent | None:
        return next(reversed(self.of(key)), None)

    def born(self, key: str) -> set[str]:
        """Return the ids of the updates that the page listed at its baseline."""
        old = self.runs[self.baseline].incidents.get(key)
        return {post.id for post in old.posts} if old else set()

    def candidates(self, run: int, key: str) -> list[Snapshot]:
        """Return the snapshots that may be believed: the present, or a stale copy that no earlier read contradicts.

        A stale copy of incident.io's own list is found out only by an update that it lacks: it states no time.
        """
        snap, stale = self.runs[run], self.runs[run].stale
        if stale is None or snap.fault is None:
            return [snap]
        now, then = snap.incidents.get(key), stale.incidents.get(key)
        blind = snap.fault.only == "proxy/incidents" and now and then and len(now.posts) == len(then.posts)
        return [snap, stale] if blind or stale.at > max(old.at for old in self.runs[:run] if old.clean) else [snap]

    def story(self, key: str) -> Story:
        """Return the story of an incident, for the message of a failed law."""
        return Story(self, key)


@dataclass(frozen=True)
class Story:
    """An incident read by read. It is told where it is printed: that takes longer than most laws."""

    history: History
    key: str

    def __str__(self) -> str:
        history, key = self.history, self.key
        lines, before = (
            [f"\n{history.page.key} ({history.page.platform}), incident {key}, baseline in run {history.baseline}"],
            None,
        )
        for run, snap in enumerate(history.runs):
            one = snap.incidents.get(key)
            posts = [(p.status, p.id, p.body) for p in one.posts] if one else []
            now = one and (one.title, one.impact, one.linked, one.schedule, posts)
            listed = key in window(history.page.platform, snap.incidents)
            reported = [
                f"  REPORTED {event.kind} {event.line['changes']} {event.status} {event.updates}"
                for event in history.of(key)
                if event.run == run
            ]
            if now != before or reported or snap.fault:
                wire = f"{snap.fault.kind} {snap.fault.only or 'all'} " if snap.fault else ""
                wire += f"(as of {snap.stale.at:%d %H:%M})" if snap.stale else ""
                wire += "" if listed else " [not listed]"
                lines.append(f" run {run} {snap.at:%d %H:%M} {wire} {now if now != before else ''}")
            lines, before = lines + reported, now
        return "\n".join(lines)


def pages_of(seed: int, folder: Path) -> tuple[list[History], list[ReportedEvent], list[list[Json]]]:
    """Let a world live for some days under a reader, and end with calm, clean reads.

    Return the histories of the pages, the events of shared incidents, and the lines of each run.
    """
    world, rng = World(seed, ALL_PAGES, START), Random(f"{seed}/reader")
    world.has_outages = True
    with world.served():
        reader, runs = Reader(world, folder), []
        for _ in range(22):
            world.read(faulty=True)
            runs.append(reader.run())
            world.advance(timedelta(minutes=5) * 144 ** rng.random())
        calm_reads = 4 if were_read_often(world) else CALM_READS
        for _ in range(calm_reads):
            world.read()
            runs.append(reader.run())
            world.now += timedelta(minutes=rng.randint(35, 50) if calm_reads == 4 else 25)
    histories = {key: History(page) for key, page in world.pages.items()}
    shared_events = []
    for run, lines in enumerate(runs):
        for line in lines:
            history = histories.get(line["page"]["key"])
            if history is None:
                shared_events.append(ReportedEvent(run, line))
            elif line["incident"]["kind"] == "page":
                history.page_events.append(ReportedEvent(run, line))
            else:
                history.events.append(ReportedEvent(run, name_by_vendor(line, history.page)))
    return list(histories.values()), shared_events, runs


def were_read_often(world: World) -> bool:
    """Return whether no page went a day without a clean read: after that, what is absent is asked about more rarely."""
    for page in world.pages.values():
        clean = [snap.at for snap in page.snapshots if snap.clean]
        gaps = [later - earlier for earlier, later in pairwise([*clean, world.now])]
        if any(gap > timedelta(hours=20) for gap in gaps):
            return False
    return True


def name_by_vendor(line: Json, page: Page) -> Json:
    """Return a line whose incident and updates, where the feed has no ids for them, have those of the vendor.

    Updates of incidents' own documents are named after their time; a feed's incidents have the vendor's id in their
    address, and their updates are told apart by their text, which no two share.
    """
    line = copy.deepcopy(line)
    if page.platform == "rss":
        address = re.search(r"/incidents/(\w+)", line["incident"]["url"])
        assert address, line
        line["incident"]["id"] = address[1]
    versions = [snap.incidents[key] for snap in page.snapshots if (key := line["incident"]["id"]) in snap.incidents]
    posts = [post for one in versions for post in one.posts]
    ids = {f"at-{post.created_at:%Y%m%dT%H%M%SZ}": post.id for post in posts}
    by_body = {plain(post.body): post.id for post in posts} if page.platform == "rss" else {}
    for update in line["updates"]:
        update["id"] = by_body.get(plain(update["body"])) or ids.get(update["id"], update["id"])
    return line


def plain(text: str) -> str:
    """Return a text without its markup and whitespace."""
    return "".join(re.sub(r"<[^>]*>", " ", text).split())


def every_update_is_reported_once(history: History) -> None:
    """Every update published after the baseline, of an incident still listed, was carried by exactly one event."""
    for key, one in history.listed_at_end.items():
        carried = [u for event in history.of(key) for u in event.updates if "edited" not in event.line["changes"]]
        either = {u for event in history.of(key) for u in event.updates}
        for post in one.posts:
            if post.id not in history.born(key):
                assert post.id in either, f"update {post.id} was never reported{history.story(key)}"
            assert carried.count(post.id) <= 1, f"update {post.id} was reported twice{history.story(key)}"


def an_old_update_is_not_reported(history: History) -> None:
    """An update that a page listed at its baseline is carried only when it was edited since."""
    for key in history.at_baseline:
        for event in history.of(key):
            if "edited" not in event.line["changes"] and "reopened" not in event.line["changes"]:
                assert not history.born(key) & set(event.updates), f"an old update was reported{history.story(key)}"


def a_reported_update_is_as_published(history: History) -> None:
    """A reported update has the status and, where the page was read whole, the body that stood at that time."""
    for event in history.events:
        truths = [i for s in history.candidates(event.run, event.id) if (i := s.incidents.get(event.id))]
        stated = [(p.id, p.status, plain(p.body)) for i in truths for p in i.posts]
        for update in event.line["updates"]:
            triple = (update["id"], update["status"], plain(update["body"]))
            lost = not update["body"] and history.page.empty_bodies and not history.runs[event.run].clean
            assert triple in stated or lost, f"{triple} was never published{history.story(event.id)}"


def every_edit_is_reported(history: History) -> None:
    """An update that is rewritten in place after it was reported is followed by an event of that incident.

    Of incidents that were over at the baseline, and did not reopen, edits are no events.
    """
    first = history.runs[history.baseline].incidents
    for key, one in history.listed_at_end.items():
        reopened = any("reopened" in event.line["changes"] for event in history.of(key))
        if key in first and first[key].closed and not reopened:
            continue
        final = {post.id: plain(post.body) for post in one.posts}
        for event in history.of(key):
            later = [t for t in history.of(key) if t.run > event.run]
            for update in event.line["updates"]:
                if update["body"] and final.get(update["id"]) != plain(update["body"]):
                    changes = {change for event in later for change in event.line["changes"]}
                    assert changes & {"edited", "updates", "reopened", "status"}, (
                        f"the edit of {update['id']} was never reported{history.story(key)}"
                    )


def the_kind_of_an_event_follows_from_the_previous_one(history: History) -> None:
    """First `new`, or `resolved` and missed; open to closed is `resolved`, closed to open `updated` and reopened."""
    first = history.runs[history.baseline].incidents
    for key in {event.id for event in history.events}:
        closed_before = first[key].closed if key in history.at_baseline else None
        for event in history.of(key):
            changes, where = event.line["changes"], history.story(key)
            if closed_before is None and key in first and event.kind != "new" and "missed" not in changes:
                closed_before = True  # not listed at the baseline, and remembered when it came back old and closed
            if closed_before is None:
                assert (event.kind, "missed" in changes) == (("resolved", True) if event.closed else ("new", False)), (
                    where
                )
            else:
                assert event.kind != "new" and "missed" not in changes, f"reported as unknown again{where}"
                again = any(u["status"] not in CLOSED for u in event.line["updates"]) and "edited" not in changes
                if closed_before and event.closed and again:
                    assert event.kind == "resolved" and "reopened" in changes, f"a reopening was not reported{where}"
                elif closed_before == event.closed:
                    assert event.kind == "updated" or "reopened" in changes, f"{event.kind} without a change{where}"
                else:
                    assert event.kind == ("resolved" if event.closed else "updated"), f"the wrong kind{where}"
                    assert event.closed or "reopened" in changes, f"a reopening was not named{where}"
            closed_before = event.closed


def resolved_is_never_false(history: History) -> None:
    """No incident is resolved while it is open, nor withdrawn if it was listed at every read since its last event."""
    for event in history.events:
        if event.kind == "resolved":
            since = max((t.run for t in history.of(event.id) if t.run < event.run), default=history.baseline)
            runs = history.runs[since + 1 : event.run] if event.withdrawn else []
            truths = [snap.incidents.get(event.id) for snap in [*runs, *history.candidates(event.run, event.id)]]
            assert any(one is None or one.closed for one in truths), f"it was open{history.story(event.id)}"


def every_end_is_reported(history: History) -> None:
    """An open incident that is closed or deleted in the end was `resolved`, unless its end was never listed."""
    first, final = history.runs[history.baseline].incidents, history.runs[-1].incidents
    for key in history.at_baseline | {event.id for event in history.events}:
        one, last = final.get(key), history.last(key)
        opened = not last.closed if last else not first[key].closed
        ended = one.closed if one else True
        if history.page.platform == "statuspage" or key in history.listed_at_end:
            assert not (opened and ended), f"its end was not reported{history.story(key)}"
        assert not (key in history.listed_at_end and last and last.closed and not ended), (
            f"it is open{history.story(key)}"
        )


def an_incident_is_reported_as_it_is(history: History) -> None:
    """Title, status and impact are those that stood at the time of the event; those of the last event stand now."""
    for event in history.events:
        reported = (event.line["incident"]["title"], event.status, event.line["incident"]["impact"])
        truths = [i for s in history.candidates(event.run, event.id) if (i := s.incidents.get(event.id))]
        facts = [(i.title, i.status, i.impact) for i in truths]
        if not history.states_impact(event):
            facts += [(i.title, i.status, reported[2]) for i in truths]  # unknown, or as it was remembered
        assert event.withdrawn or reported in facts, f"{reported} was not so{history.story(event.id)}"
    for key, one in history.listed_at_end.items():
        last = history.last(key)
        old = history.runs[history.baseline].incidents.get(key) if key in history.at_baseline else None
        now = (one.title, one.status, one.impact)
        if last:
            shown = last.line["incident"]
            impact = shown["impact"] if history.states_impact(last) else one.impact
            assert (shown["title"], shown["status"], impact) == now, f"a change was not reported{history.story(key)}"
            if one.schedule and "scheduled_for" in shown:
                plan = tuple(datetime.fromisoformat(shown[name]) for name in ("scheduled_for", "scheduled_until"))
                assert all(abs(a - b) < timedelta(seconds=1) for a, b in zip(plan, one.schedule, strict=True)), (
                    f"a new schedule was not reported{history.story(key)}"
                )
        elif old:
            assert (old.title, old.status, old.impact) == now, f"a change was never reported{history.story(key)}"
            assert old.schedule == one.schedule, f"a new schedule was never reported{history.story(key)}"
        else:
            assert one.closed and one.created_at < history.runs[history.baseline].at, (
                f"never reported{history.story(key)}"
            )


def changes_name_what_changed(history: History) -> None:
    """The `changes` of an `updated` event name status, impact and title exactly where the previous event has others."""
    for key in {event.id for event in history.events}:
        old = history.runs[history.baseline].incidents.get(key) if key in history.at_baseline else None
        previous = {"title": old.title, "status": old.status, "impact": old.impact} if old else None
        for event in history.of(key):
            now, changes = event.line["incident"], event.line["changes"]
            if previous and event.kind == "updated" and "reopened" not in changes:
                for name, before in previous.items():
                    assert (name in changes) == (before != now[name]), f"{name}: {changes}{history.story(key)}"
                assert changes, f"an event without a change{history.story(key)}"
            previous = {name: now[name] for name in ("title", "status", "impact")}


def no_event_without_a_change(history: History) -> None:
    """Between two events of an incident, and between the baseline and the first, the vendor changed something.

    Components and texts may be corrected where a faulty read, or a list that is poorer, had shown older ones.
    """
    for key in {event.id for event in history.events}:
        previous = [history.runs[history.baseline]] if key in history.at_baseline else []
        was_whole = True
        for event in history.of(key):
            candidates = history.candidates(event.run, event.id)
            before = [facts(snap.incidents.get(key)) for snap in previous]
            now = [facts(snap.incidents.get(key)) for snap in candidates]
            changed = len(before) != 1 or any(state not in before for state in now)
            corrected = not was_whole and {*event.line["changes"]} <= {"components", "edited"}
            assert changed or corrected, f"{event.kind} {event.line['changes']}{history.story(key)}"
            listed = key in window(history.page.platform, history.runs[event.run].incidents)
            previous, was_whole = candidates, history.runs[event.run].clean and listed


def facts(one: Incident | None) -> object:
    """Return the fields of an incident that are compared."""
    posts = [(p.id, p.status, p.body) for p in one.posts] if one else []
    return one and (one.title, one.impact, one.schedule, {*one.stated}, posts)


def components_once_stated_are_reported(history: History) -> None:
    """Components are reported as the vendor states them, and never as none once a clean read stated them."""
    for event in history.events:
        components = event.line["incident"]["components"]
        ever = [i for s in history.runs[: event.run + 1] if (i := s.incidents.get(event.id))]
        names = {name for one in ever for name in one.linked} | {n for i in ever for p in i.posts for n in p.components}
        where = history.story(event.id)
        assert all(any(name in text for name in names) for text in components), (
            f"no such component: {components}{where}"
        )
        clean = [
            one
            for n, s in enumerate(history.runs[: event.run + 1])
            if s.clean and n >= history.baseline and (one := s.incidents.get(event.id))
            if event.id in window(history.page.platform, s.incidents)
        ]
        if any(one.linked or any(p.components for p in one.posts) for one in clean):
            assert components, f"components were lost: {components}{where}"
        one = history.runs[event.run].incidents.get(event.id)
        listed = event.id in window(history.page.platform, history.runs[event.run].incidents)
        if history.runs[event.run].clean and one and one.linked and listed:
            assert len(components) == len(one.linked), f"not the components that are linked: {components}{where}"
            assert all(any(name in text for text in components) for name in one.linked), (
                f"a component is missing: {components}{where}"
            )


@dataclass(frozen=True)
class PageFailures:
    """The failures of all pages, read by read, and what was reported of them: by page, and shared."""

    histories: list[History]
    shared_events: list[ReportedEvent]

    def __post_init__(self) -> None:
        keys = {event.line["page"]["key"] for event in self.shared_events}
        assert keys <= {"host:127.0.0.1", "platform:statuspage"}, keys

    @property
    def times(self) -> list[datetime]:
        return [snap.at for snap in self.histories[0].runs]

    def members(self, group: str) -> list[History]:
        """Return the pages of a host or a platform."""
        on_host = group.startswith("host:")
        return [history for history in self.histories if on_host or group == f"platform:{history.page.platform}"]

    def fails_alike(self, history: History, run: int, kinds: tuple[str, ...], *, surely: bool) -> bool:
        """Return whether the page fails in one of these ways; a fault of one document only may make it fail."""
        fault = history.runs[run].fault
        return fault is not None and fault.kind in kinds and not (surely and fault.only)

    def failing_since(self, history: History, run: int, kinds: tuple[str, ...]) -> int:
        """Return the first of the reads up to this one that failed surely, and alike; this one must."""
        first = run
        while first and self.fails_alike(history, first - 1, kinds, surely=True):
            first -= 1
        return first

    def ongoing(self, run: int) -> list[ReportedEvent]:
        """Return the shared incidents that are open after a run."""
        latest = {event.line["page"]["key"]: event for event in self.shared_events if event.run <= run}
        return [event for event in latest.values() if event.kind == "new"]

    def last_shared_end(self, run: int) -> int:
        """Return the last run up to this one that ended a shared incident: hours count from there; 0 without one."""
        ends = [event.run for event in self.shared_events if event.kind == "resolved" and event.run <= run]
        return max(ends, default=0)

    def has_own_incident(self, history: History, run: int) -> bool:
        events = [event for event in history.page_events if event.run <= run]
        return bool(events) and events[-1].kind == "new"

    def may_wait(self, history: History, run: int, kinds: tuple[str, ...]) -> bool:
        """Return whether at least five pages and half of a group to which the page belongs may fail alike."""
        for group in ("host:127.0.0.1", f"platform:{history.page.platform}"):
            members = self.members(group)
            alike = [member for member in members if self.fails_alike(member, run, kinds, surely=False)]
            if len(alike) >= MIN_SHARED and 2 * len(alike) >= len(members):
                return True
        return False

    def story(self, run: int) -> str:
        """Tell the failures up to a run."""
        lines = [""]
        for number in range(max(0, run - 7), run + 1):
            faults = {h.page.key: (f.kind, f.only) for h in self.histories if (f := h.runs[number].fault)}
            events = [event.line for event in self.shared_events if event.run == number]
            events += [event.line for h in self.histories for event in h.page_events if event.run == number]
            reported = [(line["page"]["key"], line["event"], line["incident"].get("pages")) for line in events]
            lines.append(f" run {number} {self.times[number]:%d %H:%M} {faults}\n  REPORTED {reported}")
        return "\n".join(lines)


def a_page_has_its_own_incident_only_after_an_hour(failures: PageFailures) -> None:
    """A page is reported by itself once its failing reads span an hour, resolved at a read that succeeds: once each."""
    for history in failures.histories:
        failing: list[int] = []  # reads that may have failed since the last clean one
        down = False
        for run, snap in enumerate(history.runs):
            kinds = [event.kind for event in history.page_events if event.run == run]
            hard = snap.fault is not None and not snap.fault.soft
            failing = [] if snap.clean else failing + [run] * hard
            where = f"{history.page.key}: {kinds}{failures.story(run)}"
            assert kinds in ([], ["new"], ["resolved"]), where
            if kinds == ["new"]:
                assert not down and hard and snap.at - failures.times[failing[0]] >= HOUR, where
            if kinds == ["resolved"]:
                assert down and not (hard and snap.fault and snap.fault.only is None), where
            down = kinds == ["new"] if kinds else down
            is_second = run > 0 and history.runs[run - 1].clean  # the first may be taken for an older copy
            assert not (down and snap.clean and is_second), f"it reads again: {where}"
        assert not down


def every_failing_page_is_covered(failures: PageFailures) -> None:
    """A page that failed for an hour has its own incident, is covered by a shared one, or waits for one."""
    for history in failures.histories:
        surely: list[int] = []  # reads that did fail, with no other between
        for run, snap in enumerate(history.runs):
            hard = snap.fault is not None and not snap.fault.soft and snap.fault.only is None
            surely = [*surely, run] if hard else []
            if not surely or snap.fault is None:
                continue
            since = max(surely[0], failures.last_shared_end(run))
            if snap.at - failures.times[since] < HOUR or failures.has_own_incident(history, run):
                continue
            alike = next(kinds for kinds in ALIKE if snap.fault.kind in kinds)
            covering = [
                event
                for event in failures.ongoing(run)
                if history.page.key in event.line["incident"]["pages"]
                or (history in failures.members(event.line["page"]["key"]) and cause_of(failures, event) == alike)
            ]
            is_covered = covering or failures.may_wait(history, run, alike)
            assert is_covered, f"{history.page.key} is lost{failures.story(run)}"


def cause_of(failures: PageFailures, event: ReportedEvent) -> tuple[str, ...]:
    """Return the faults of the pages that a shared incident lists, and those that are alike."""
    listed = [history for history in failures.histories if history.page.key in event.line["incident"]["pages"]]
    fits = [
        kinds
        for kinds in ALIKE
        if all(failures.fails_alike(history, event.run, kinds, surely=False) for history in listed)
    ]
    assert len(fits) == 1, f"they do not fail alike: {event.line['incident']['pages']}{failures.story(event.run)}"
    return fits[0]


def a_shared_incident_is_true(failures: PageFailures) -> None:
    """It lists five pages or more, and half, that fail alike for an hour, none of them in two; it begins and ends once.

    It ends once fewer than half of the pages there fail.
    """
    for run, now in enumerate(failures.times):
        for event in [event for event in failures.shared_events if event.run == run]:
            group, where = event.line["page"]["key"], failures.story(run)
            members, listed = failures.members(group), event.line["incident"]["pages"]
            before = [old for old in failures.ongoing(run - 1) if old.line["page"]["key"] == group]
            if event.kind == "resolved":
                surely = [h for h in members if any(failures.fails_alike(h, run, k, surely=True) for k in ALIKE)]
                assert [old.id for old in before] == [event.id] and 2 * len(surely) < len(members), where
                continue
            assert event.kind == "new" and not before, where
            assert len(listed) >= MIN_SHARED and 2 * len(listed) >= len(members), where
            cause_of(failures, event)
            for history in members:
                if history.page.key in listed:
                    clean = [number for number, snap in enumerate(history.runs[: run + 1]) if snap.clean]
                    first = max(clean, default=-1) + 1
                    assert now - failures.times[first] >= HOUR, f"{history.page.key} failed for less{where}"
        pages = [key for event in failures.ongoing(run) for key in event.line["incident"]["pages"]]
        assert len(pages) == len(set(pages)), f"a page is in two shared incidents{failures.story(run)}"
        for event in failures.ongoing(run):
            members = failures.members(event.line["page"]["key"])
            perhaps = [history for history in members if not history.runs[run].clean]
            assert 2 * len(perhaps) >= len(members), f"its end was not reported{failures.story(run)}"
    ids = [(event.line["page"]["key"], event.id, event.kind) for event in failures.shared_events]
    assert len(ids) == len(set(ids)), ids


def a_shared_outage_is_reported(failures: PageFailures) -> None:
    """Where five pages and half of a group surely fail alike for an hour, a shared incident is open."""
    for run, now in enumerate(failures.times):
        for kinds in ALIKE:
            down = [history for history in failures.histories if failures.fails_alike(history, run, kinds, surely=True)]
            since = [max(failures.failing_since(h, run, kinds), failures.last_shared_end(run)) for h in down]
            long = [first for first in since if now - failures.times[first] >= HOUR]
            if len(long) >= MIN_SHARED and 2 * len(long) >= len(failures.histories):
                assert failures.ongoing(run), f"it was not reported{failures.story(run)}"


FAILURE_LAWS: Final = (
    a_page_has_its_own_incident_only_after_an_hour,
    every_failing_page_is_covered,
    a_shared_incident_is_true,
    a_shared_outage_is_reported,
)


def events_are_distinct_and_ordered(runs: list[list[Json]]) -> None:
    """Event ids are distinct and well formed; updates are oldest first; events go by their newest update."""
    every = [line["id"] for lines in runs for line in lines]
    assert len(every) == len(set(every)), sorted(key for key in every if every.count(key) > 1)
    for lines in runs:
        for line in lines:
            stem = f"{line['page']['key']}/{line['incident']['id']}/{line['event']}/"
            assert re.fullmatch(re.escape(stem) + "[0-9a-f]{12}", line["id"]), line["id"]
            assert any(times == sorted(times) for times in stamps(line).values()), line
        for by in ("created_at", "display_at"):  # written in seconds, so equal times may stand in either order
            keys = [max(stamps(line)[by]) for line in lines if line["updates"] and "edited" not in line["changes"]]
            if keys == sorted(keys):
                break
        else:
            pytest.fail(f"out of order: {[line['id'] for line in lines]}")


def stamps(line: Json) -> dict[str, list[datetime]]:
    """Return the times of a line's updates, as published and as claimed."""
    return {by: [datetime.fromisoformat(u[by]) for u in line["updates"]] for by in ("created_at", "display_at")}


LAWS: Final = (
    every_update_is_reported_once,
    an_old_update_is_not_reported,
    a_reported_update_is_as_published,
    every_edit_is_reported,
    the_kind_of_an_event_follows_from_the_previous_one,
    resolved_is_never_false,
    every_end_is_reported,
    an_incident_is_reported_as_it_is,
    changes_name_what_changed,
    no_event_without_a_change,
    components_once_stated_are_reported,
)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_law_holds(seed: int, tmp_path: Path) -> None:
    """Whatever vendors publish and whatever the wire makes of it, each law above holds."""
    histories, shared_events, runs = pages_of(seed, tmp_path)
    broken = []
    for law in LAWS:
        for history in histories:
            try:
                law(history)
            except AssertionError as error:
                broken.append(f"{law.__doc__} {error}")
    for failure_law in FAILURE_LAWS:
        try:
            failure_law(PageFailures(histories, shared_events))
        except AssertionError as error:
            broken.append(f"{failure_law.__doc__} {error}")
    assert not broken, "\n\n".join(broken)
    events_are_distinct_and_ordered(runs)
    assert sum(map(len, runs)) > 50


@pytest.fixture
def world() -> Iterator[World]:
    with World("small", PAGES, START).served() as served:
        yield served


def test_a_calm_run_costs_and_changes_nothing(world: World, tmp_path: Path) -> None:
    """A world at rest is read with at most two conditional requests a page, and state.json stays byte for byte."""
    reader, world.noisy = Reader(world, tmp_path), False
    world.read()
    reader.run()
    before = reader.state.read_bytes()
    for _ in range(2):
        world.now += timedelta(minutes=40)
        world.read()
        world.requests.clear()
        assert reader.run() == []
        assert reader.state.read_bytes() == before
        for key in world.pages:
            requests = [request for request in world.requests if request.page == key]
            assert len(requests) <= 2, requests
            assert all(request.conditional and request.status == 304 for request in requests), requests


def test_noise_is_not_news(world: World, tmp_path: Path) -> None:
    """Contract 4.6 and 6.1: moving timestamps, live component status, shuffled lists and reflowed bodies report and
    write nothing.
    """
    reader = Reader(world, tmp_path)
    world.read()
    reader.run()
    before = reader.state.read_bytes()
    for _ in range(4):
        world.now += timedelta(minutes=40)
        world.read()
        assert reader.run() == []
        assert reader.state.read_bytes() == before


def test_the_same_feeds_twice_give_no_event(world: World, tmp_path: Path) -> None:
    """Contract 4.13: a second run of the same feeds, good or faulty, reports nothing and writes nothing."""
    reader, event_count = Reader(world, tmp_path), 0
    for _ in range(7):
        world.read(faulty=True)
        event_count += len(reader.run())
        before = reader.state.read_bytes()
        assert reader.run() == []
        assert reader.state.read_bytes() == before
        world.advance(timedelta(hours=2))
    assert event_count


def test_slow_own_documents_cost_nothing(tmp_path: Path) -> None:
    """Contract 4.4.1: own documents that do not answer in their share of the time prove no withdrawal, and cost the
    page no event.

    What two reads do not list, and nothing else shows, is no longer listed.
    """
    world = World("slow", {"acme": "statuspage"}, START)
    page = world.pages["acme"]
    with world.served():
        reader = Reader(world, tmp_path, timeout=2)
        world.read()
        assert reader.run() == []
        recent = max((one for one in page.incidents.values() if not one.closed), key=lambda one: one.created_at)
        page.withdraw(recent, world.now)
        page.own_documents = "hang"
        ends: list[Json] = []
        for _ in range(2):
            begun = page.begin(world.now)
            world.now += timedelta(minutes=15)
            world.read()
            lines = reader.run()
            assert ("new", begun.id) in [(line["event"], line["incident"]["id"]) for line in lines]
            ends += [line for line in lines if line["event"] != "new"]
        assert any(request.path == f"incidents/{recent.id}.json" for request in world.requests)
        page.own_documents = "found"
        for _ in range(2):
            world.now += timedelta(minutes=15)
            world.read()
            ends += reader.run()
    assert [(line["event"], line["incident"]["id"], line["changes"]) for line in ends] == [
        ("resolved", recent.id, ["delisted"])
    ]


def test_a_crash_before_saving_repeats_the_same_events(world: World, tmp_path: Path) -> None:
    """Events that were printed and not saved are printed again with the same ids; a crash leaves the old state."""

    def crash() -> None:
        raise CrashError

    reader, event_count = Reader(world, tmp_path), 0
    world.read()
    reader.run()
    for _ in range(4):
        world.advance(timedelta(hours=2))
        world.read(faulty=True)
        before = reader.state.read_bytes()
        with pytest.raises(CrashError):
            reader.run(crash)
        assert reader.state.read_bytes() == before
        first = reader.run()
        reader.state.write_bytes(before)
        world.now += timedelta(minutes=1)
        assert [line["id"] for line in reader.run()] == [line["id"] for line in first]
        event_count += len(first)
    assert event_count


def test_a_kill_at_any_instant_loses_nothing(tmp_path: Path) -> None:
    """Killed again and again, the command leaves a whole state.json and reports everything, repeats with one id."""
    world, rng = World("killed", {"acme": "statuspage"}, datetime.now(UTC), tick=timedelta(milliseconds=1)), Random(1)
    page, state = world.pages["acme"], tmp_path / "state.json"
    page.withdraws = False
    command = KilledCommand(world, tmp_path)
    with world.served():
        (tmp_path / "statuswatch.toml").write_text(world.configuration(PATIENCE))
        command.run()
        baseline = {post.id for one in page.incidents.values() for post in one.posts}
        assert command.lines == [] and json.loads(state.read_text())
        for _ in range(KILLS):
            page.happen(datetime.now(UTC))
            command.run(kill_after=command.seconds * rng.uniform(0.0, 1.2))
            json.loads(state.read_text())
        command.run()
        count = len(command.lines)
        command.run()
        assert len(command.lines) == count, "reported again after an undisturbed run"
    listed = window("statuspage", page.incidents)
    reported = {update["id"] for line in command.lines for update in line["updates"]}
    missing = {post.id for key in listed for post in page.incidents[key].posts} - baseline - reported
    assert not missing, f"never reported: {missing}"
    assert_one_id_an_event(command.lines)


class KilledCommand:
    """The command as a process that may be killed; `seconds` is how long its last whole run lasted after a request."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        self.lines: list[Json] = []  # printed by all runs, as far as they are whole
        self.seconds = 0.0
        self._env = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "STATUSWATCH_"))}

    def run(self, kill_after: float | None = None) -> None:
        """Run the command; kill it so many seconds after its first request, unless it ended by then."""
        self.world.now = datetime.now(UTC)
        self.world.read()
        self.world.asked.clear()
        arguments = ["check", "--once", "--format", "jsonl", "--config", str(self.folder / "statuswatch.toml")]
        command = [sys.executable, "-m", "statuswatch", *arguments]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=self.folder, env=self._env) as process:
            assert self.world.asked.wait(PATIENCE), process.communicate()
            started = time.monotonic()
            try:
                text, errors = process.communicate(timeout=PATIENCE if kill_after is None else kill_after)
                assert process.returncode == 0, errors
                self.seconds = time.monotonic() - started
            except subprocess.TimeoutExpired:
                process.kill()
                text, errors = process.communicate()
                assert kill_after is not None, errors
        self.lines.extend(json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n"))


def assert_one_id_an_event(lines: list[Json]) -> None:
    """Assert that no id is of two events and, where an event has updates, that no event has two ids."""
    contents: dict[str, str] = {}
    ids: dict[str, set[str]] = {}
    for line in lines:
        fields = {key: value for key, value in line.items() if key not in ("id", "detected_at")}
        content = json.dumps(fields, sort_keys=True)
        assert contents.setdefault(line["id"], content) == content, f"one id for two events: {line['id']}"
        if line["updates"]:
            ids.setdefault(content, set()).add(line["id"])
    assert all(len(of_content) == 1 for of_content in ids.values()), f"two ids for one event: {ids}"


def test_the_world_is_the_same_for_the_same_seed() -> None:
    """Two worlds of one seed do the same, are spoiled alike and state the same; their documents are well formed."""
    worlds = [World(3, ALL_PAGES, START), World(3, ALL_PAGES, START)]
    for world in worlds:
        world.has_outages = True
    for _ in range(20):
        for world in worlds:
            world.advance(timedelta(hours=2))
            world.read(faulty=True)
    one, other = worlds
    for key, page in one.pages.items():
        assert page.snapshots == other.pages[key].snapshots
        assert {snap.clean for snap in page.snapshots} == {True, False}
        one.read()
        other.read()
        for path in DOCUMENTS[page.platform]:
            first, second = one.answer(key, path), other.answer(key, path)
            assert first == second and first and first[0] == 200
            assert path.endswith(("atom", "xml")) or json.loads(first[2])

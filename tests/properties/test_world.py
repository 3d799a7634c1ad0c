"""The laws of the contract, held against a simulated world whose truth is known.

Everything here is read from the JSON lines and from what the world did; nothing from the program's own objects.
STATUSWATCH_WORLD_SEEDS=200 makes a long run of it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest

from statuswatch.config.load import load_config
from statuswatch.pipeline import check
from statuswatch.render import jsonlines
from tests.support.world_model import CLOSED, DOCUMENTS, Incident, Page, Platform, Snapshot, World, window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from statuswatch.model.report import RunReport

Json = dict[str, Any]

SEEDS: Final = range(int(os.environ.get("STATUSWATCH_WORLD_SEEDS", "1")))
KILLS: Final = 6
START: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
PAGES: Final[dict[str, Platform]] = {
    "acme": "statuspage",
    "bolt": "statuspage",
    "curl": "incidentio",
    "dune": "incidentio",
}
HOUR: Final = timedelta(hours=1)


class CrashError(Exception):
    """The machine went down."""


@dataclass
class Reader:
    """The program, run in this process against a world, with the world's clock."""

    world: World
    folder: Path

    def __post_init__(self) -> None:
        (self.folder / "statuswatch.toml").write_text(self.world.configuration())
        self.config = load_config(self.folder / "statuswatch.toml", {}, self.folder)
        self.state = self.folder / "state.json"

    def run(self, after: Callable[[], None] = lambda: None) -> list[Json]:
        """Run once and return the lines told; `after` is called when they have been told and not yet saved."""
        lines: list[Json] = []

        def tell(report: RunReport) -> None:
            lines.extend(json.loads(jsonlines.render(event, self.world.now)) for event in report.events)
            after()

        check(self.config, self.world.now, tell)
        return lines


@dataclass(frozen=True)
class Told:
    """One line told, and the run that told it."""

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
    def gone(self) -> bool:
        return "withdrawn" in self.line["changes"]

    @property
    def closed(self) -> bool:
        return self.status in CLOSED or self.gone

    @property
    def updates(self) -> list[str]:
        return [update["id"] for update in self.line["updates"]]


@dataclass
class History:
    """What one page did, read by read, and what was told of it."""

    page: Page
    told: list[Told] = field(default_factory=list)  # of incidents
    unread: list[Told] = field(default_factory=list)  # of the page itself

    @property
    def runs(self) -> list[Snapshot]:
        return self.page.snapshots

    @property
    def baseline(self) -> int:
        return next(n for n, snap in enumerate(self.runs) if snap.clean)

    @property
    def known(self) -> set[str]:
        """What the page listed when it was read for the first time."""
        return window(self.page.platform, self.runs[self.baseline].incidents)

    @property
    def standing(self) -> dict[str, Incident]:
        """What the page lists in the end."""
        final = self.runs[-1].incidents
        return {key: final[key] for key in window(self.page.platform, final)}

    def of(self, key: str) -> list[Told]:
        return [told for told in self.told if told.id == key]

    def last(self, key: str) -> Told | None:
        return next(reversed(self.of(key)), None)

    def born(self, key: str) -> set[str]:
        """Return the ids of the updates that the page listed at its baseline."""
        old = self.runs[self.baseline].incidents.get(key)
        return {post.id for post in old.posts} if old else set()

    def candidates(self, run: int, key: str) -> list[Snapshot]:
        """Return what may be believed of an incident: the present, or a stale copy that nothing read before betrays.

        A stale copy of incident.io's own list betrays itself only by an update it lacks: it has no time of its page.
        """
        snap, stale = self.runs[run], self.runs[run].stale
        if stale is None or snap.fault is None:
            return [snap]
        now, then = snap.incidents.get(key), stale.incidents.get(key)
        blind = snap.fault.only == "proxy/incidents" and now and then and len(now.posts) == len(then.posts)
        return [snap, stale] if blind or stale.at > max(old.at for old in self.runs[:run] if old.clean) else [snap]

    def story(self, key: str) -> str:
        """Tell an incident read by read, for the message of a failed law."""
        lines, before = (
            [f"\n{self.page.key} ({self.page.platform}), incident {key}, baseline in run {self.baseline}"],
            None,
        )
        for run, snap in enumerate(self.runs):
            one = snap.incidents.get(key)
            posts = [(p.status, p.id, p.body) for p in one.posts] if one else []
            now = one and (one.title, one.impact, one.linked, one.schedule, posts)
            listed = key in window(self.page.platform, snap.incidents)
            told = [f"  TOLD {t.kind} {t.line['changes']} {t.status} {t.updates}" for t in self.of(key) if t.run == run]
            if now != before or told or snap.fault:
                wire = f"{snap.fault.kind} {snap.fault.only or 'all'} " if snap.fault else ""
                wire += f"(as of {snap.stale.at:%d %H:%M})" if snap.stale else ""
                wire += "" if listed else " [not listed]"
                lines.append(f" run {run} {snap.at:%d %H:%M} {wire} {now if now != before else ''}")
            lines, before = lines + told, now
        return "\n".join(lines)


def pages_of(seed: int, folder: Path) -> tuple[list[History], list[list[Json]]]:
    """Let a world live for some days under a reader, and end with calm, clean reads."""
    world, rng = World(seed, PAGES, START), Random(f"{seed}/reader")
    with world.served():
        reader, runs = Reader(world, folder), []
        for _ in range(22):
            world.read(faulty=True)
            runs.append(reader.run())
            world.advance(timedelta(minutes=5) * 144 ** rng.random())
        for _ in range(4):
            world.read()
            runs.append(reader.run())
            world.now += timedelta(minutes=rng.randint(35, 50))
    histories = {key: History(page) for key, page in world.pages.items()}
    for run, lines in enumerate(runs):
        for line in lines:
            history = histories[line["page"]["key"]]
            (history.unread if line["incident"]["kind"] == "page" else history.told).append(Told(run, line))
    return list(histories.values()), runs


def plain(text: str) -> str:
    """Return a text without its markup and whitespace."""
    return "".join(re.sub(r"<[^>]*>", " ", text).split())


def every_update_is_told_once(history: History) -> None:
    """Every update published after the baseline, of an incident still listed, was carried by exactly one event."""
    for key, one in history.standing.items():
        carried = [u for told in history.of(key) for u in told.updates if "edited" not in told.line["changes"]]
        either = {u for told in history.of(key) for u in told.updates}
        for post in one.posts:
            if post.id not in history.born(key):
                assert post.id in either, f"update {post.id} was never told{history.story(key)}"
            assert carried.count(post.id) <= 1, f"update {post.id} was told twice{history.story(key)}"


def an_old_update_is_not_told(history: History) -> None:
    """An update that a page listed at its baseline is carried only when it was edited since."""
    for key in history.known:
        for told in history.of(key):
            if "edited" not in told.line["changes"] and "reopened" not in told.line["changes"]:
                assert not history.born(key) & set(told.updates), f"an old update was told{history.story(key)}"


def a_carried_update_says_what_the_vendor_said(history: History) -> None:
    """An update told has the status and, where the page was read whole, the body that stood at that time."""
    for told in history.told:
        truths = [i for s in history.candidates(told.run, told.id) if (i := s.incidents.get(told.id))]
        stated = [(p.id, p.status, plain(p.body)) for i in truths for p in i.posts]
        for update in told.line["updates"]:
            triple = (update["id"], update["status"], plain(update["body"]))
            lost = not update["body"] and history.page.empty_bodies and not history.runs[told.run].clean
            assert triple in stated or lost, f"{triple} was never said{history.story(told.id)}"


def every_edit_is_told(history: History) -> None:
    """An update told and rewritten in place afterwards is followed by an event of that incident."""
    for key, one in history.standing.items():
        final = {post.id: plain(post.body) for post in one.posts}
        for told in history.of(key):
            later = [t for t in history.of(key) if t.run > told.run]
            for update in told.line["updates"]:
                if update["body"] and final.get(update["id"]) != plain(update["body"]):
                    seen = any({"edited", "updates", "reopened", "status"} & {*t.line["changes"]} for t in later)
                    assert seen, f"the edit of {update['id']} was never told{history.story(key)}"


def the_kind_of_an_event_follows_from_the_one_before(history: History) -> None:
    """First `new`, or `resolved` and missed; open to closed is `resolved`, closed to open `updated` and reopened."""
    first = history.runs[history.baseline].incidents
    for key in {told.id for told in history.told}:
        was = first[key].closed if key in history.known else None
        for told in history.of(key):
            changes, where = told.line["changes"], history.story(key)
            if was is None and key in first and told.kind != "new" and "missed" not in changes:
                was = True  # unlisted at the baseline, old and closed when it came back to the list: remembered then
            if was is None:
                assert (told.kind, "missed" in changes) == (("resolved", True) if told.closed else ("new", False)), (
                    where
                )
            else:
                assert told.kind != "new" and "missed" not in changes, f"told as unknown again{where}"
                again = any(u["status"] not in CLOSED for u in told.line["updates"]) and "edited" not in changes
                if was and told.closed and again:
                    assert told.kind == "resolved" and "reopened" in changes, f"a reopening was not told{where}"
                elif was == told.closed:
                    assert told.kind == "updated" or "reopened" in changes, f"told {told.kind} without a change{where}"
                else:
                    assert told.kind == ("resolved" if told.closed else "updated"), f"the wrong kind{where}"
                    assert told.closed or "reopened" in changes, f"a reopening was not named{where}"
            was = told.closed


def resolved_is_never_false(history: History) -> None:
    """No incident is told resolved while it is open, nor withdrawn if it stood at every read since it was last told."""
    for told in history.told:
        if told.kind == "resolved":
            since = max((t.run for t in history.of(told.id) if t.run < told.run), default=history.baseline)
            runs = history.runs[since + 1 : told.run] if told.gone else []
            truths = [snap.incidents.get(told.id) for snap in [*runs, *history.candidates(told.run, told.id)]]
            assert any(one is None or one.closed for one in truths), f"it was open{history.story(told.id)}"


def what_ended_is_told(history: History) -> None:
    """What was known open and is closed or deleted in the end was told `resolved`, unless its end was never listed."""
    first, final = history.runs[history.baseline].incidents, history.runs[-1].incidents
    for key in history.known | {told.id for told in history.told}:
        one, last = final.get(key), history.last(key)
        opened = not last.closed if last else not first[key].closed
        ended = one.closed if one else True
        if history.page.platform == "statuspage" or key in history.standing:
            assert not (opened and ended), f"its end was not told{history.story(key)}"
        assert not (key in history.standing and last and last.closed and not ended), f"it is open{history.story(key)}"


def an_incident_is_told_as_it_is(history: History) -> None:
    """Title, status, impact and link told are those that stood at that time; the last told are those that stand."""
    for told in history.told:
        told_of = (told.line["incident"]["title"], told.status, told.line["incident"]["impact"])
        truths = [i for s in history.candidates(told.run, told.id) if (i := s.incidents.get(told.id))]
        facts = [(i.title, i.status, i.impact) for i in truths]
        assert told.gone or told_of in facts, f"{told_of} was not so{history.story(told.id)}"
    for key, one in history.standing.items():
        last = history.last(key)
        old = history.runs[history.baseline].incidents.get(key) if key in history.known else None
        now = (one.title, one.status, one.impact)
        if last:
            said = last.line["incident"]
            assert (said["title"], said["status"], said["impact"]) == now, f"a change was not told{history.story(key)}"
            if one.schedule and "scheduled_for" in said:
                plan = tuple(datetime.fromisoformat(said[k]) for k in ("scheduled_for", "scheduled_until"))
                assert all(abs(a - b) < timedelta(seconds=1) for a, b in zip(plan, one.schedule, strict=True)), (
                    f"a new schedule was not told{history.story(key)}"
                )
        elif old:
            assert (old.title, old.status, old.impact) == now, f"a change was never told{history.story(key)}"
            assert old.schedule == one.schedule, f"a new schedule was never told{history.story(key)}"
        else:
            assert one.closed and one.created_at < history.runs[history.baseline].at, f"never told{history.story(key)}"


def changes_name_what_changed(history: History) -> None:
    """An `updated` event names status, impact and title in `changes` exactly where they differ from what was told."""
    for key in {told.id for told in history.told}:
        old = history.runs[history.baseline].incidents.get(key) if key in history.known else None
        was = {"title": old.title, "status": old.status, "impact": old.impact} if old else None
        for told in history.of(key):
            now, changes = told.line["incident"], told.line["changes"]
            if was and told.kind == "updated" and "reopened" not in changes:
                for name, before in was.items():
                    assert (name in changes) == (before != now[name]), f"{name}: {changes}{history.story(key)}"
                assert changes, f"an event without a change{history.story(key)}"
            was = {name: now[name] for name in ("title", "status", "impact")}


def no_event_without_a_change(history: History) -> None:
    """Between two events of an incident, and between the baseline and the first, the vendor changed something."""
    for key in {told.id for told in history.told} & history.known:
        seen = [history.runs[history.baseline]]
        for told in history.of(key):
            now, was = history.candidates(told.run, told.id), [facts(snap.incidents.get(key)) for snap in seen]
            assert any(facts(s.incidents.get(key)) not in was or len(was) > 1 for s in now), history.story(key)
            seen = now


def facts(one: Incident | None) -> object:
    """Return what is compared of an incident."""
    posts = [(p.id, p.status, p.body) for p in one.posts] if one else []
    return one and (one.title, one.impact, one.schedule, {*one.stated}, posts)


def components_once_stated_are_told(history: History) -> None:
    """Components are told as the vendor states them, and never as none once a clean read stated them."""
    for told in history.told:
        said = told.line["incident"]["components"]
        ever = [i for s in history.runs[: told.run + 1] if (i := s.incidents.get(told.id))]
        names = {name for one in ever for name in one.linked} | {n for i in ever for p in i.posts for n in p.components}
        where = f"told {said}{history.story(told.id)}"
        assert all(any(name in text for name in names) for text in said), f"no such component: {where}"
        clean = [
            one
            for n, s in enumerate(history.runs[: told.run + 1])
            if s.clean and n >= history.baseline and (one := s.incidents.get(told.id))
            if told.id in window(history.page.platform, s.incidents)
        ]
        if any(one.linked or any(p.components for p in one.posts) for one in clean):
            assert said, f"components were lost: {where}"
        one = history.runs[told.run].incidents.get(told.id)
        listed = told.id in window(history.page.platform, history.runs[told.run].incidents)
        if history.runs[told.run].clean and one and one.linked and listed:
            assert len(said) == len(one.linked), f"not the components that are linked: {where}"
            assert all(any(name in text for text in said) for name in one.linked), f"a component is missing: {where}"


def only_an_hour_of_failures_is_told_of_a_page(history: History) -> None:
    """A page is told unreadable once, after failing reads that span an hour, and readable again at a clean read."""
    failing: list[int] = []  # reads that may have failed since the last clean one
    surely: list[int] = []  # reads that did fail, with no other between
    down = False
    for run, snap in enumerate(history.runs):
        kinds = [told.kind for told in history.unread if told.run == run]
        hard = snap.fault is not None and not snap.fault.soft
        failing = [] if snap.clean else failing + [run] * hard
        surely = [*surely, run] if hard and snap.fault and snap.fault.only is None else []
        where = f"{history.page.key} run {run}: {kinds}, {[(str(s.at), s.fault) for s in history.runs[: run + 1]][-6:]}"
        assert kinds in ([], ["new"], ["resolved"]), where
        if kinds == ["new"]:
            assert not down and hard and snap.at - history.runs[failing[0]].at >= HOUR, where
        if kinds == ["resolved"]:
            assert down and not surely, where
        down = kinds == ["new"] if kinds else down
        assert down or not surely or snap.at - history.runs[surely[0]].at < HOUR, f"not told: {where}"
        assert not (down and snap.clean), f"it reads again: {where}"


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
    every_update_is_told_once,
    an_old_update_is_not_told,
    a_carried_update_says_what_the_vendor_said,
    every_edit_is_told,
    the_kind_of_an_event_follows_from_the_one_before,
    resolved_is_never_false,
    what_ended_is_told,
    an_incident_is_told_as_it_is,
    changes_name_what_changed,
    no_event_without_a_change,
    components_once_stated_are_told,
    only_an_hour_of_failures_is_told_of_a_page,
)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_law_holds(seed: int, tmp_path: Path) -> None:
    """Whatever vendors publish and whatever the wire makes of it, each law above holds."""
    histories, runs = pages_of(seed, tmp_path)
    broken = []
    for law in LAWS:
        for history in histories:
            try:
                law(history)
            except AssertionError as error:
                broken.append(f"{law.__doc__} {error}")
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
            asked = [request for request in world.requests if request.page == key]
            assert len(asked) <= 2 and all(r.conditional and r.status == 304 for r in asked), asked


def test_noise_is_not_news(world: World, tmp_path: Path) -> None:
    """Moving stamps, live component status, shuffled lists and reflowed bodies tell and write nothing."""
    reader = Reader(world, tmp_path)
    world.read()
    reader.run()
    before = reader.state.read_bytes()
    for _ in range(4):
        world.now += timedelta(minutes=40)
        world.read()
        assert reader.run() == []
        assert reader.state.read_bytes() == before


def test_the_same_feeds_twice_tell_nothing(world: World, tmp_path: Path) -> None:
    """A second run of the same feeds, good or faulty, tells nothing and writes nothing."""
    reader, told = Reader(world, tmp_path), 0
    for _ in range(7):
        world.read(faulty=True)
        told += len(reader.run())
        before = reader.state.read_bytes()
        assert reader.run() == []
        assert reader.state.read_bytes() == before
        world.advance(timedelta(hours=2))
    assert told


def test_a_crash_before_saving_repeats_the_same_events(world: World, tmp_path: Path) -> None:
    """What was told and not saved is told again under the same ids; a crash in between leaves the old state."""

    def crash() -> None:
        raise CrashError

    reader, told = Reader(world, tmp_path), 0
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
        told += len(first)
    assert told


def test_a_kill_at_any_instant_loses_nothing(tmp_path: Path) -> None:
    """Killed again and again, the command leaves a whole state.json and tells everything, repeats under one id."""
    world, rng = World("killed", {"acme": "statuspage"}, datetime.now(UTC), tick=timedelta(milliseconds=1)), Random(1)
    page, state, lines = world.pages["acme"], tmp_path / "state.json", list[Json]()
    page.withdraws = False
    command = [sys.executable, "-m", "statuswatch", "check", "--once", "--format", "jsonl"]
    env = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "STATUSWATCH_"))}

    def run(patience: float | None) -> float:
        """Run the command, kill it that many seconds after its first request, and return how long it lived."""
        world.now = datetime.now(UTC)
        world.read()
        world.asked.clear()
        out = subprocess.PIPE
        config = ["--config", str(tmp_path / "statuswatch.toml")]
        with subprocess.Popen([*command, *config], stdout=out, stderr=out, text=True, cwd=tmp_path, env=env) as process:
            assert world.asked.wait(20), process.communicate()
            since = time.monotonic()
            try:
                text, errors = process.communicate(timeout=patience)
                assert process.returncode == 0, errors
            except subprocess.TimeoutExpired:
                process.kill()
                text, _ = process.communicate()
        lines.extend(json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n"))
        return time.monotonic() - since

    with world.served():
        (tmp_path / "statuswatch.toml").write_text(world.configuration())
        tail = run(None)
        baseline = {post.id for one in page.incidents.values() for post in one.posts}
        assert lines == [] and json.loads(state.read_text())
        for _ in range(KILLS):
            page.happen(datetime.now(UTC))
            run(tail * rng.uniform(0.0, 1.2))
            json.loads(state.read_text())
        run(None)
        final = len(lines)
        run(None)
        assert len(lines) == final, "told again after an undisturbed run"
    shown = window("statuspage", page.incidents)
    told = {update["id"] for line in lines for update in line["updates"]}
    missing = {p.id for key in shown for p in page.incidents[key].posts} - baseline - told
    assert not missing, f"never told: {missing}"
    content: dict[str, str] = {}
    for line in lines:
        what = json.dumps(
            {key: value for key, value in line.items() if key not in ("id", "detected_at")}, sort_keys=True
        )
        assert content.setdefault(line["id"], what) == what, f"one id for two events: {line['id']}"
    ids: dict[str, set[str]] = {}
    for key, what in content.items():
        if json.loads(what)["updates"]:
            ids.setdefault(what, set()).add(key)
    assert all(len(same) == 1 for same in ids.values()), f"two ids for one event: {ids}"


def test_the_world_is_the_same_for_the_same_seed() -> None:
    """Two worlds of one seed do the same, are spoiled alike and state the same; their documents are well formed."""
    worlds = [World(3, PAGES, START), World(3, PAGES, START)]
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
            assert path.endswith("atom") or json.loads(first[2])

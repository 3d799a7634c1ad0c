"""`python -m tests.proofs.endurance [RUNS]`: one process of `check --watch` over some 200 days of a simulated world, with a
fault in a tenth of the reads and a sink that refuses a tenth of what it is sent; whether all that happened is told and
nothing else is, and whether anything grows. For Linux.

The command is the real one but for its clock, which is the world's. What happened is worked out from the world alone:
an event is due where a page that is read without a fault shows an incident otherwise than people know it. At a faulty
read an event may come, if it is true; what does not come is due at the next good one.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import threading
import time
from asyncio import Task
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from statuswatch import cli
from tests.proofs.crash.__main__ import EVENTS, Sink
from tests.support.world_model import HARD, SOFT, STEPS, Incident, Page, Snapshot, World, window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.support.world_model import Platform

Json = dict[str, Any]
CHECKOUT: Final = Path(__file__).parent.parent
START: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)
PAGES: Final[Mapping[str, Platform]] = {
    "acme": "statuspage",
    "bolt": "statuspage",
    "curl": "incidentio",
    "dune": "incidentio",
}
CALM: Final = ("bolt", "dune")  # their documents change with their content alone, so that "not modified" is an answer
FAULTS: Final = 0.12  # of the reads, before those are left out that would confirm each other
REFUSALS: Final = 0.1  # of the requests to the sink
KINDS: Final = (*HARD, *SOFT, *SOFT, "identity") * 6 + ("hang",)
TIMEOUT: Final = 20  # seconds: a busy machine must not fail a read that the world calls good
USUAL: Final = 2000  # runs
MOST_OPEN: Final = 5  # incidents of a page; its vendor resolves the oldest of more
FORGOTTEN: Final = timedelta(days=90)  # contract, section 6
VANISHED: Final = timedelta(days=120)  # closed for so long, and on no page any more
HOUR: Final = timedelta(hours=1)
BLOCKS: Final = 10  # rows of the table
GROWTH: Final = 1.1  # the most of the last quarter of the runs, over that of the quarter before
HEAD: Final = (
    *("runs", "day", "happened", "told", "false", "lost", "at the sink", "repeated", "refused"),
    *("state KB", "RSS MB", "files", "threads", "tasks", "garbage", "seconds"),
)


# ---- the watching process


class Clock(datetime):
    """What the command takes for the time."""

    moment: datetime = START

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.moment


def watch(config: str) -> None:
    """`check --watch`; where it would sleep it says how it is, and goes on when it is told the time."""

    counted = False

    def wait() -> bool:
        moment, _, count = sys.stdin.readline().strip().partition(" ")
        if not moment:
            raise KeyboardInterrupt
        Clock.moment = datetime.fromisoformat(moment)
        return bool(count)

    def rest(_: float) -> None:
        nonlocal counted
        figures = {
            "rss": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
            "files": len(os.listdir("/proc/self/fd")) - 1,  # noqa: PTH208 - but for the one that lists them
            "threads": threading.active_count(),
            "garbage": gc.collect() if counted else 0,
            "tasks": sum(isinstance(it, Task) for it in gc.get_objects()) if counted else 0,
        }
        sys.stdout.write(json.dumps({"figures": figures}) + "\n")
        sys.stdout.flush()
        counted = wait()

    counted = wait()
    vars(cli).update(datetime=Clock, time=SimpleNamespace(monotonic=time.monotonic, sleep=rest))
    sys.argv[1:] = ["check", "--watch", "--quiet", "--format", "jsonl", "--config", config]
    cli.main()


class Watcher:
    """That process, run by run."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        config = str(folder / "statuswatch.toml")
        self.talk = (folder / "talk.txt").open("w+")
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"from tests.proofs.endurance import watch; watch({config!r})"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.talk,
            cwd=folder,
            env=env,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.process.communicate("", timeout=60)
        finally:
            self.process.kill()
            self.talk.close()

    def run(self, now: datetime, *, count: bool) -> tuple[list[Json], Mapping[str, int]]:
        """One pass: the events, and how the process is after it."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{now.isoformat()}{' count' * count}\n")
        self.process.stdin.flush()
        lines: list[Json] = []
        for line in self.process.stdout:
            said = json.loads(line)
            if "figures" in said:
                return lines, said["figures"]
            lines.append(said)
        self.talk.seek(0)
        raise RuntimeError(f"it ended: {self.talk.read()[-2000:]}")


# ---- what happened


def plain(text: str) -> str:
    """A text without its markup and whitespace."""
    return "".join(re.sub(r"<[^>]*>", " ", text).split())


def differs(known: Incident, one: Incident, *, surely: bool) -> bool:
    """Whether an incident is otherwise than people know it. A text that was told at a faulty read may have been
    remembered as empty, and filling that is no news.
    """
    if (known.title, known.impact, known.schedule) != (one.title, one.impact, one.schedule):
        return True
    posts = {post.id: post for post in known.posts}
    return any(
        (was := posts.get(post.id)) is None
        or was.status != post.status
        or (was.body != post.body and (bool(was.body) or not surely))
        for post in one.posts
    )


@dataclass
class Ledger:
    """What people know of a page, and whether that is what happened; `false` and `lost` say what was wrong."""

    page: Page
    begun: datetime
    known: dict[str, Incident] = field(default_factory=dict)
    absent: dict[str, datetime] = field(default_factory=dict)  # open and gone, since which read, all of them good
    happened: int = 0
    false: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    published: set[str] = field(default_factory=set)  # updates that a good read showed
    carried: set[str] = field(default_factory=set)  # updates told
    fresh: Counter[str] = field(default_factory=Counter)  # those of events that are of no edited one
    down: bool = False
    failing: datetime | None = None  # since when reads may all have failed
    failed: datetime | None = None  # since when they did

    def begin(self, snap: Snapshot) -> None:
        """The baseline. Of windows only the open ones are read."""
        self.known = {key: one for key in self.listed(snap) if not hidden(one := snap.incidents[key])}

    def listed(self, snap: Snapshot) -> set[str]:
        return window(self.page.platform, snap.incidents)

    def review(self, snap: Snapshot, lines: Sequence[Json]) -> None:
        """One read, and what was told of it."""
        told = {line["incident"]["id"]: line for line in lines if line["incident"]["kind"] != "page"}
        unread = [line["event"] for line in lines if line["incident"]["kind"] == "page"]
        self._review_page(snap, unread)
        required = self._required(snap, {*told, *unread})
        for line in lines:
            if line["incident"]["kind"] != "page":
                self._review_event(snap, line)
        missed = sorted(required - told.keys())
        self.happened += len(missed)
        self.lost += [f"{self._where(snap)}: {key}" for key in missed]
        if not snap.clean:
            return
        for key in self.listed(snap):
            one = snap.incidents[key]
            if key in told or not hidden(one) or len({*told, *unread}) > 0:
                self.known[key] = one
                if not self._is_old(one, snap) or key in told:
                    self.published |= {post.id for post in one.posts if post.created_at > self.begun}
        for key in [key for key, one in self.known.items() if one.closed and key not in self.page.incidents]:
            del self.known[key]

    def _required(self, snap: Snapshot, dirty: set[str]) -> set[str]:
        """What must be told of this read."""
        if not snap.clean:
            self.absent.clear()
            return set()
        listed = self.listed(snap)
        due = {key for key in listed if self._is_due(snap, key, dirty - {key})}
        gone = {key for key, one in self.known.items() if not one.closed and is_over(snap, key) and key not in listed}
        self.absent = {key: self.absent.get(key, snap.at) for key in gone if self.page.platform == "statuspage"}
        return due | {key for key, since in self.absent.items() if snap.at - since >= timedelta(minutes=10)}

    def _is_due(self, snap: Snapshot, key: str, dirty: set[str]) -> bool:
        """Of a window that came and went the page is read only when something else of it moved."""
        one, known = snap.incidents[key], self.known.get(key)
        if hidden(one) and not dirty and (known is None or known.closed):
            return False
        return not self._is_old(one, snap) if known is None else differs(known, one, surely=True)

    def _is_old(self, one: Incident, snap: Snapshot) -> bool:
        """Whether it was over before the page was first read, or for so long that it may have been forgotten."""
        newest = max(one.created_at, *(post.created_at for post in one.posts))
        return one.closed and newest <= max(self.begun, snap.at - FORGOTTEN)

    def _review_event(self, snap: Snapshot, line: Json) -> None:
        key, gone = line["incident"]["id"], "withdrawn" in line["changes"]
        seen = [it for it in (snap, snap.stale) if it]
        where = f"{self._where(snap)}: {line['id']} {line['changes']}"
        updates = [update["id"] for update in line["updates"]]
        self.carried.update(updates)
        self.fresh.update(updates if "edited" not in line["changes"] else ())
        if gone:
            true = any(is_over(it, key) for it in seen) and key in self.known
            self.known.pop(key, None)
        else:
            said = tuple(line["incident"][name] for name in ("title", "status", "impact"))
            ones = [it.incidents[key] for it in seen if key in it.incidents]
            stated = {(post.id, post.status, plain(post.body)) for one in ones for post in one.posts}
            unsure = not snap.clean and self.page.empty_bodies
            facts = [one for one in ones if (one.title, one.status, one.impact) == said]
            true = bool(facts) and all(
                (it["id"], it["status"], plain(it["body"])) in stated or (unsure and not it["body"])
                for it in line["updates"]
            )
            if facts:
                one, known = facts[0], self.known.get(key)
                true = true and (known is None or hidden(one) or any(differs(known, it, surely=False) for it in facts))
                blank = tuple(replace(post, body="") for post in one.posts)
                self.known[key] = one if snap.clean else replace(one, posts=blank)
        self.happened += true
        self.false += [] if true else [where]

    def _review_page(self, snap: Snapshot, told: Sequence[str]) -> None:
        """A page that fails at every read for an hour is told once, and once that it reads again."""
        hard = snap.fault is not None and not snap.fault.soft
        wholly = hard and snap.fault is not None and snap.fault.only is None
        self.failing = None if snap.clean else self.failing or (snap.at if hard else None)
        self.failed = (self.failed or snap.at) if wholly else None
        if self.down:
            may, must = ["resolved"] * (not wholly), snap.clean
        else:
            may = ["new"] * bool(hard and self.failing and snap.at - self.failing >= HOUR)
            must = self.failed is not None and snap.at - self.failed >= HOUR
        true = [*told] == may != []
        self.happened += true or must
        self.false += [] if true or not told else [f"{self._where(snap)}: the page is {told}"]
        self.lost += [f"{self._where(snap)}: the page is {may}"] if must and not told else []
        self.down = self.down != bool(told)

    def _where(self, snap: Snapshot) -> str:
        return f"{self.page.key} {snap.at:%Y-%m-%d %H:%M} {snap.fault or 'clean'}"


def hidden(one: Incident) -> bool:
    """Whether it stands only in a document that is not read at every run."""
    return one.kind == "maintenance" and one.closed


def is_over(snap: Snapshot, key: str) -> bool:
    one = snap.incidents.get(key)
    return one is None or one.closed


# ---- the runs


class Left(NamedTuple):
    """What the process holds between two runs: open files, threads, asyncio's tasks, objects that nothing refers to."""

    files: int
    threads: int
    tasks: int
    garbage: int


@dataclass(frozen=True)
class Row:
    """The figures of a tenth of the runs: counts of all until then, and the most of each size."""

    runs: int
    day: int
    counts: Sequence[int]
    state: int
    rss: int
    left: Left
    seconds: float

    def __str__(self) -> str:
        sizes = f"{self.state / 1000:.0f}", f"{self.rss / 1e6:.1f}"
        cells: list[object] = [self.runs, self.day, *self.counts, *sizes, *self.left, f"{self.seconds:.0f}"]
        return f"| {' | '.join(map(str, cells))} |"


@dataclass
class Figures:
    """What came of it."""

    rows: list[Row] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)  # of state.json and memory, at each run
    left: list[Left] = field(default_factory=list)  # after the first run and at the end of each row
    told: int = 0
    ids: set[str] = field(default_factory=set)
    taken: Counter[str] = field(default_factory=Counter)
    ledgers: Sequence[Ledger] = ()
    faults: int = 0
    reads: int = 0

    @property
    def happened(self) -> int:
        return sum(it.happened for it in self.ledgers)

    @property
    def wrong(self) -> list[str]:
        """All that was not as it should be."""
        words = [f"false: {what}" for it in self.ledgers for what in it.false]
        words += [f"lost: {what}" for it in self.ledgers for what in it.lost]
        for it in self.ledgers:
            words += [f"an update was never told: {it.page.key} {key}" for key in it.published - it.carried]
            words += [f"an update was told twice: {it.page.key} {key}" for key, n in it.fresh.items() if n > 1]
        return words

    def growth(self, which: int) -> float:
        quarter = len(self.sizes) // 4
        third, last = self.sizes[-2 * quarter : -quarter], self.sizes[-quarter:]
        return max(it[which] for it in last) / max(it[which] for it in third)

    def verdicts(self) -> dict[str, bool]:
        """Each promise, with its figures, and whether it was kept."""
        updates = sum(len(it.published) for it in self.ledgers)
        carried = sum(len(it.published & it.carried) for it in self.ledgers)
        repeats = sum(self.taken.values()) - len(self.taken)
        state, memory = self.growth(0), self.growth(1)
        first, most = self.left[0], Left(*map(max, zip(*self.left, strict=True)))
        return {
            f"{self.happened} events happened, {self.told} were told under {len(self.ids)} ids; "
            f"{updates} updates were published, {carried} were told": self.happened == self.told == len(self.ids)
            and not self.wrong,
            f"{len(self.taken)} events reached the sink, {repeats} of them twice": {*self.taken} == self.ids
            and not repeats,
            f"state.json of the last quarter: {state:.2f} × of the third, at most {GROWTH}": state <= GROWTH,
            f"memory of the last quarter: {memory:.2f} × of the third, at most {GROWTH}": memory <= GROWTH,
            f"files, threads, tasks and garbage: {[*first]} after the first run, at most {[*most]}": first == most,
        }

    def table(self) -> str:
        machine = f"Python {platform.python_version()}, {os.cpu_count()} core(s)"
        lines: list[str] = [
            f"{datetime.now(UTC):%Y-%m-%d}, {machine}. {len(self.sizes)} runs of one process, {self.reads} reads of "
            f"{len(self.ledgers)} pages, {self.faults} of them faulty.",
            "",
            f"| {' | '.join(HEAD)} |",
            "|---" * len(HEAD) + "|",
            *map(str, self.rows),
            "",
            *(f"- {what}: {'met' if kept else '**missed**'}" for what, kept in self.verdicts().items()),
        ]
        return "\n".join([*lines, *self.wrong[:20]])


def settle(page: Page, now: datetime) -> None:
    """Vendors end what they began, and after some months a page no longer lists what is over."""
    for key in [key for key, it in page.incidents.items() if it.closed and now - it.posts[-1].created_at > VANISHED]:
        del page.incidents[key]
    at = now - timedelta(seconds=15)
    for kind, most in (("incident", MOST_OPEN), ("maintenance", 2)):
        live = [it for it in page.incidents.values() if it.kind == kind and not it.closed]
        for one in sorted(live, key=lambda it: it.created_at)[: max(0, len(live) - most)]:
            page.post(one, STEPS.get(one.status, "resolved"), at)
            at += timedelta(seconds=1)


def endure(folder: Path, runs: int = USUAL, seed: int = 1) -> Figures:
    """So many runs, and some calm ones in which the sink takes what waits for it."""
    rng, figures, begun = Random(f"{seed}/gaps"), Figures(), time.monotonic()
    world = World(f"{seed}/endurance", PAGES, START)
    world.share, world.kinds = 0.0, KINDS
    sink, state = Sink("sink", REFUSALS, Random(f"{seed}/sink"), threading.Event()), folder / "state.json"
    with ExitStack() as stack:
        stack.enter_context(world.served())
        stack.enter_context(sink)
        notify = f'[[notify]]\nsink = "webhook"\nurl_env = "SINK"\nevents = {EVENTS}\n'
        (folder / "statuswatch.toml").write_text(world.configuration(TIMEOUT) + notify)
        env = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "STATUSWATCH_"))}
        env |= {"PYTHONPATH": str(CHECKOUT), "NO_PROXY": "*", "SINK": sink.url}
        watcher = stack.enter_context(Watcher(folder, env))
        figures.ledgers = ledgers = [Ledger(page, START) for page in world.pages.values()]
        for key in CALM:
            world.pages[key].noisy = False
        for number in range(1, runs + 1):
            world.read(faulty=number > 1)
            ends_block = number * BLOCKS // runs > (number - 1) * BLOCKS // runs
            lines, now = watcher.run(world.now, count=ends_block or number == 1)
            for ledger in ledgers:
                snap = ledger.page.snapshots[-1]
                figures.reads, figures.faults = figures.reads + 1, figures.faults + (not snap.clean)
                if number == 1:
                    ledger.begin(snap)
                ledger.review(snap, [line for line in lines if line["page"]["key"] == ledger.page.key])
                del ledger.page.snapshots[:-10]
            world.requests.clear()
            figures.told += len(lines)
            figures.ids |= {line["id"] for line in lines}
            figures.taken = Counter(it["id"] for it in sink.taken)
            figures.sizes.append((state.stat().st_size, now["rss"]))
            if ends_block or number == 1:
                figures.left.append(Left(*(now[name] for name in Left._fields)))
            if ends_block:
                sizes = figures.sizes[len(figures.rows) * runs // BLOCKS :]
                counts = [
                    *(figures.happened, figures.told),
                    *(sum(len(it.false) for it in ledgers), sum(len(it.lost) for it in ledgers)),
                    *(len(figures.taken), sum(figures.taken.values()) - len(figures.taken), sink.refused),
                ]
                most = max(it[0] for it in sizes), max(it[1] for it in sizes)
                figures.rows.append(
                    Row(number, (world.now - START).days, counts, *most, figures.left[-1], time.monotonic() - begun)
                )
            if number < runs - 6:
                world.share = FAULTS
                world.advance(timedelta(minutes=5) * max(1.0, USUAL / runs) * 150 ** rng.random(), most=2)
                for page in world.pages.values():
                    settle(page, world.now)
            else:  # the last ones are calm: what is owed is told
                world.share, sink.share = 0.0, 0.0
                world.now += timedelta(minutes=40)
    return figures


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures = endure(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else USUAL)
    sys.stdout.write(figures.table() + "\n")
    sys.exit(not all(figures.verdicts().values()))


if __name__ == "__main__":
    main()

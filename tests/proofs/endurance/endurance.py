"""The runs of a watching process over a simulated world, and the figures of them."""

from __future__ import annotations

import os
import platform
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from tests.proofs.endurance.ledger import Ledger
from tests.proofs.endurance.watcher import Held, Watcher
from tests.support.refusing_sink import RefusingSink
from tests.support.world_model import HARD, SOFT, STEPS, Page, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.proofs.endurance.watcher import Pass
    from tests.support.world_model import Platform

Json = dict[str, Any]
REPOSITORY: Final = Path(__file__).parents[3]
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
KINDS: Final = (*HARD, *SOFT, *SOFT, "identity") * 6 + ("hang",)  # of faults
TIMEOUT: Final = 20  # seconds: a busy machine must not fail a read that the world calls good
USUAL: Final = 2000  # runs
CALM_RUNS: Final = 6  # the last ones: whatever is due comes by then
MAX_OPEN: Final = {"incident": 5, "maintenance": 2}  # of a page; its vendor ends the oldest of more
VANISHED: Final = timedelta(days=120)  # closed for so long, and on no page any more
BLOCKS: Final = 10  # rows of the table
MAX_GROWTH: Final = 1.1  # the maximum of the last quarter of the runs, over that of the quarter before
HEAD: Final = (
    *("runs", "day", "happened", "reported", "false", "lost", "at the sink", "repeated", "refused"),
    *("state KB", "RSS MB", "files", "threads", "tasks", "garbage", "seconds"),
)


@dataclass(frozen=True)
class Row:
    """The figures of a tenth of the runs: counts of all until then, and the maximum of each size."""

    runs: int
    day: int
    counts: Sequence[int]
    state: int
    memory: int
    held: Held
    seconds: float

    def __str__(self) -> str:
        sizes = f"{self.state / 1000:.0f}", f"{self.memory / 1e6:.1f}"
        cells: list[object] = [self.runs, self.day, *self.counts, *sizes, *self.held, f"{self.seconds:.0f}"]
        return f"| {' | '.join(map(str, cells))} |"


@dataclass
class Figures:
    """The figures of all runs."""

    ledgers: Sequence[Ledger]
    sink: RefusingSink
    rows: list[Row] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)  # of state.json and memory, at each run
    held: list[Held] = field(default_factory=list)  # after the first run and at the end of each row
    reported: int = 0
    ids: set[str] = field(default_factory=set)
    faults: int = 0
    reads: int = 0

    @property
    def happened(self) -> int:
        """How many events were due, or came and were true."""
        return sum(ledger.happened for ledger in self.ledgers)

    @property
    def wrong(self) -> list[str]:
        """Return whatever was not as it should be."""
        lines = [f"false: {place}" for ledger in self.ledgers for place in ledger.false]
        lines += [f"lost: {place}" for ledger in self.ledgers for place in ledger.lost]
        for ledger in self.ledgers:
            key = ledger.page.key
            lines += [f"an update was never reported: {key} {update}" for update in ledger.published - ledger.carried]
            repeated = [update for update, count in ledger.carried_as_new.items() if count > 1]
            lines += [f"an update was reported twice: {key} {update}" for update in repeated]
        return lines

    def growth(self, which: int) -> float:
        """Return the growth of a size: the maximum of the last quarter over that of the quarter before."""
        quarter = len(self.sizes) // 4
        third, last = self.sizes[-2 * quarter : -quarter], self.sizes[-quarter:]
        return max(sizes[which] for sizes in last) / max(sizes[which] for sizes in third)

    def verdicts(self) -> dict[str, bool]:
        """Return each promise, with its figures, and whether it was kept."""
        updates = sum(len(ledger.published) for ledger in self.ledgers)
        carried = sum(len(ledger.published & ledger.carried) for ledger in self.ledgers)
        accepted = {event["id"] for event in self.sink.accepted}
        repeated, state, memory = self.sink.repeated, self.growth(0), self.growth(1)
        first, most = self.held[0], Held(*map(max, zip(*self.held, strict=True)))
        all_reported = self.happened == self.reported == len(self.ids) and not self.wrong
        return {
            f"{self.happened} events happened, {self.reported} were reported with {len(self.ids)} ids; "
            f"{updates} updates were published, {carried} were reported": all_reported,
            f"{len(accepted)} events reached the sink, {repeated} of them twice": accepted == self.ids and not repeated,
            f"state.json of the last quarter: {state:.2f} × of the third, at most {MAX_GROWTH}": state <= MAX_GROWTH,
            f"memory of the last quarter: {memory:.2f} × of the third, at most {MAX_GROWTH}": memory <= MAX_GROWTH,
            f"files, threads, tasks and garbage: {[*first]} after the first run, at most {[*most]}": first == most,
        }

    def table(self) -> str:
        """Return the table, the verdicts, and the first lines of what was wrong."""
        machine = f"Python {platform.python_version()}, {os.cpu_count()} core(s)"
        lines: list[str] = [
            f"{datetime.now(UTC):%Y-%m-%d}, {machine}. {len(self.sizes)} runs of one process, {self.reads} reads of "
            f"{len(self.ledgers)} pages, {self.faults} of them faulty.",
            "",
            f"| {' | '.join(HEAD)} |",
            "|---" * len(HEAD) + "|",
            *map(str, self.rows),
            "",
            *(f"- {promise}: {'met' if kept else '**missed**'}" for promise, kept in self.verdicts().items()),
        ]
        return "\n".join([*lines, *self.wrong[:20]])


def endure(folder: Path, runs: int = USUAL, seed: int = 1) -> Figures:
    """Make so many runs; the last ones are calm, and the sink accepts what waits for it."""
    with ExitStack() as stack:
        trial = Trial(stack, folder, runs, seed)
        for number in range(1, runs + 1):
            trial.run(number)
            trial.advance(number)
    return trial.figures


class Trial:
    """A world, the sink, the process that watches it, and a ledger for each page."""

    def __init__(self, stack: ExitStack, folder: Path, runs: int, seed: int) -> None:
        self.runs, self.rng, self.started = runs, Random(f"{seed}/gaps"), time.monotonic()
        self.world = World(f"{seed}/endurance", PAGES, START)
        self.world.share, self.world.kinds = 0.0, KINDS
        for key in CALM:
            self.world.pages[key].noisy = False
        self.sink = stack.enter_context(RefusingSink("sink", REFUSALS, Random(f"{seed}/sink"), threading.Event()))
        stack.enter_context(self.world.served())
        self.state = folder / "state.json"
        (folder / "statuswatch.toml").write_text(self.world.configuration(TIMEOUT) + self.sink.configuration())
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "STATUSWATCH_"))}
        env = {**kept, "PYTHONPATH": str(REPOSITORY), "NO_PROXY": "*", "SINK": self.sink.url}
        self.watcher = stack.enter_context(Watcher(folder, env))
        ledgers = [Ledger(page, START) for page in self.world.pages.values()]
        self.figures = Figures(ledgers, self.sink)

    def run(self, number: int) -> None:
        """Let the process make one pass, and compare its events with the world."""
        self.world.read(faulty=number > 1)
        ends_block = number * BLOCKS // self.runs > (number - 1) * BLOCKS // self.runs
        passed = self.watcher.run(self.world.now, count=ends_block or number == 1)
        self._review(passed, is_baseline=number == 1)
        self.world.requests.clear()
        self.figures.sizes.append((self.state.stat().st_size, passed.memory))
        if ends_block or number == 1:
            self.figures.held.append(passed.held)
        if ends_block:
            self.figures.rows.append(self._row(number))

    def advance(self, number: int) -> None:
        """Let the vendors do something, but for the last runs: then everything that is due must come."""
        if number >= self.runs - CALM_RUNS:
            self.world.share, self.sink.share = 0.0, 0.0
            self.world.now += timedelta(minutes=40)
            return
        self.world.share = FAULTS
        scale = max(1.0, USUAL / self.runs)  # so that a short trial lasts as many months
        self.world.advance(timedelta(minutes=5) * scale * 150 ** self.rng.random(), most=2)
        for page in self.world.pages.values():
            settle(page, self.world.now)

    def _review(self, passed: Pass, *, is_baseline: bool) -> None:
        figures = self.figures
        for ledger in figures.ledgers:
            snap = ledger.page.snapshots[-1]
            figures.reads += 1
            figures.faults += not snap.clean
            if is_baseline:
                ledger.begin(snap)
            ledger.review(snap, [line for line in passed.lines if line["page"]["key"] == ledger.page.key])
            del ledger.page.snapshots[:-10]
        figures.reported += len(passed.lines)
        figures.ids |= {line["id"] for line in passed.lines}

    def _row(self, number: int) -> Row:
        figures, sink = self.figures, self.sink
        sizes = figures.sizes[len(figures.rows) * self.runs // BLOCKS :]
        false = sum(len(ledger.false) for ledger in figures.ledgers)
        lost = sum(len(ledger.lost) for ledger in figures.ledgers)
        accepted = len({event["id"] for event in sink.accepted})
        counts = [figures.happened, figures.reported, false, lost, accepted, sink.repeated, sink.refused]
        state, memory = (max(size) for size in zip(*sizes, strict=True))
        day, seconds = (self.world.now - START).days, time.monotonic() - self.started
        return Row(number, day, counts, state, memory, figures.held[-1], seconds)


def settle(page: Page, now: datetime) -> None:
    """Let the vendor end the oldest of what is open, and drop from the page what ended months ago."""
    vanished = [key for key, one in page.incidents.items() if one.closed and now - one.posts[-1].created_at > VANISHED]
    for key in vanished:
        del page.incidents[key]
    at = now - timedelta(seconds=15)
    for kind, maximum in MAX_OPEN.items():
        live = [one for one in page.incidents.values() if one.kind == kind and not one.closed]
        for one in sorted(live, key=lambda one: one.created_at)[: max(0, len(live) - maximum)]:
            page.post(one, STEPS.get(one.status, "resolved"), at)
            at += timedelta(seconds=1)

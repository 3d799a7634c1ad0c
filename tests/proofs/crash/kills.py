"""Runs that are killed at random instants, with three sinks of which one refuses a third of its requests.

Each sink must get every event that a twin reports which nobody kills. After each kill the pages may move on, and the
next run comes to its end; then the twin reads the same.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

import msgspec

from statuswatch.config.load import load_config
from statuswatch.delivery.deliver import deliver_report
from statuswatch.errors import StateError
from statuswatch.history.archive import read_archive
from statuswatch.pipeline import check, run_of
from statuswatch.render import jsonlines
from statuswatch.state import decode, decode_page
from tests.proofs.crash.faults import Row
from tests.support.refusing_sink import RefusingSink
from tests.support.world_model import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statuswatch.model.report import RunReport

Json = dict[str, Any]
REPOSITORY: Final = Path(__file__).parents[3]
COMMAND: Final = (sys.executable, "-m", "statuswatch", "check", "--quiet")
SHARES: Final = {"first": 0.0, "second": 0.0, "refusing": 1 / 3}  # of the requests that each sink refuses
IN_ONE_WORLD: Final = 50  # kills
MAX_CALM_RUNS: Final = 60  # until every event must have been accepted
PATIENCE: Final = 120  # seconds for a process to end
STEP: Final = timedelta(minutes=5)  # of the world between two runs


@dataclass
class Figures:
    """The figures of the kills; `wrong` must be empty."""

    kills: int = 0
    runs: int = 0
    files: Counter[str] = field(default_factory=Counter)  # old, new or other, after each kill
    codes: Counter[int] = field(default_factory=Counter)  # exit codes of the runs that were not killed
    lost: int = 0
    archived: int = 0
    events: list[Json] = field(default_factory=list)  # that the twin reports
    sinks: list[RefusingSink] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __add__(self, other: Figures) -> Figures:
        return Figures(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    def row(self) -> Row:
        """Return the line of the table."""
        repeated = sum(sink.repeated for sink in self.sinks)
        codes = ", ".join(f"{code} ({count})" for code, count in sorted(self.codes.items()))
        refused, requests = sum(sink.refused for sink in self.sinks), sum(len(sink.requests) for sink in self.sinks)
        message = f"the runs between: {codes}; the sinks refused {refused} of {requests} requests"
        receivers = f"{len(self.events)} events to each of three sinks, {self.archived} to the archive"
        name = f"SIGKILL at {self.kills} random instants, {receivers}"
        return Row(name, self.runs, self.files, self.lost, repeated, Counter([message]), self.wrong)


def kill_runs(folder: Path, kills: int, seed: int = 1) -> Figures:
    """Kill that many runs in one world, let the others end, and compare with the twin."""
    with ExitStack() as stack:
        trial = KillTrial(stack, folder, seed)
        trial.warm_up()
        while trial.figures.kills < kills:
            trial.kill_and_recover()
        trial.settle()
    trial.compare()
    return trial.figures


def kill_runs_in_worlds(folder: Path, kills: int) -> Figures:
    """Kill that many runs, in worlds of their own, one at a time on each core."""
    shares = [min(IN_ONE_WORLD, kills - first) for first in range(0, kills, IN_ONE_WORLD)]
    places = [folder / str(seed) for seed in range(len(shares))]
    for place in places:
        place.mkdir(parents=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return sum(pool.map(kill_runs, places, shares, range(len(shares))), Figures())


class KillTrial:
    """One world, its sinks, the runs that are killed in one folder, and their twin in another."""

    def __init__(self, stack: ExitStack, folder: Path, seed: int) -> None:
        self.rng, self.contacted, self.figures = Random(f"{seed}/kills"), threading.Event(), Figures()
        pages = {"acme": "statuspage", "bolt": "statuspage"}
        self.world = World(f"{seed}/crash", pages, datetime.now(UTC), withdraws=False)  # type: ignore[arg-type]
        self.sinks = self.figures.sinks = [
            RefusingSink(name, share, Random(f"{seed}/{name}"), self.contacted) for name, share in SHARES.items()
        ]
        for sink in self.sinks:
            stack.enter_context(sink)
        stack.enter_context(self.world.served())
        self.folder = folder / "killed"
        tables = "".join(sink.configuration() for sink in self.sinks)
        configure(self.folder, 'history = "history"\n' + self.world.configuration(PATIENCE) + tables)
        twin = folder / "twin"
        configure(twin, self.world.configuration(PATIENCE))
        self.twin = load_config(twin / "statuswatch.toml", {}, twin)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "STATUSWATCH_"))}
        addresses = {sink.name.upper(): sink.url for sink in self.sinks}
        self.env = {**kept, "PYTHONPATH": str(REPOSITORY), "NO_PROXY": "*", **addresses}
        self.seconds = 0.0  # that a run lasts

    @property
    def state(self) -> Path:
        """The state file of the runs that are killed."""
        return self.folder / "state.json"

    def start(self) -> subprocess.Popen[bytes]:
        """Start a run on what the pages state now."""
        self.figures.runs += 1
        self.world.read()
        self.world.asked.clear()
        self.contacted.clear()
        return subprocess.Popen(
            COMMAND, cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )

    def run(self) -> int:
        """Run to the end, and return the exit code."""
        with self.start() as process:
            _, errors = process.communicate(timeout=PATIENCE)
        self.figures.codes[process.returncode] += 1
        if process.returncode not in (0, 5):
            self.figures.wrong.append(f"exit {process.returncode}: {errors.decode()}")
        return process.returncode

    def run_twin(self) -> None:
        """Let the twin read the same."""

        def keep(report: RunReport) -> None:
            self.figures.events += [json.loads(jsonlines.render(event, report.detected_at)) for event in report.events]

        check(run_of(self.twin), datetime.now(UTC), keep, deliver_report((), partial=False))

    def warm_up(self) -> None:
        """Run twice: the baseline, and a run that is timed."""
        self.run()
        self.run_twin()
        started = time.monotonic()
        self.run()
        self.seconds = time.monotonic() - started

    def kill_and_recover(self) -> None:
        """Kill a run at a random instant, and let the next one end."""
        self.world.advance(STEP)
        instants = [(1.3, None), (0.5, self.world.asked), (0.3, self.contacted)]
        share, signal = self.rng.choice(instants)
        before = self.state.read_bytes()
        if self.kill(self.rng.uniform(0, share * self.seconds), signal):
            self.figures.kills += 1
            self.examine_file(before)
        if self.rng.random() < 0.5:
            self.world.advance(STEP)
        self.run()
        self.run_twin()

    def kill(self, seconds: float, signal: threading.Event | None) -> bool:
        """Kill a run so long after its start, or after a signal; return whether it had not ended by then."""
        with self.start() as process:
            while signal and not signal.wait(0.002) and process.poll() is None:
                pass
            with suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            process.kill()
        return process.returncode < 0

    def examine_file(self, before: bytes) -> None:
        """Note whether the state file is the old one or a new one: it must be complete at any instant."""
        file = "other"
        try:
            content = self.state.read_bytes()
            for key, page in decode(content, "state.json").pages.items():
                decode_page(page, key, "state.json")
            file = "old" if content == before else "new"
        except (StateError, OSError) as error:
            self.figures.wrong.append(f"invalid state.json after kill {self.figures.kills}: {error}")
        self.figures.files[file] += 1

    def settle(self) -> None:
        """Run until every event is accepted; then a run must find nothing to do, and no file may be left over."""
        for _ in range(MAX_CALM_RUNS):
            if self.run() == 0:
                break
        requests = [len(sink.requests) for sink in self.sinks]
        if self.run() != 0 or [len(sink.requests) for sink in self.sinks] != requests:
            self.figures.wrong.append("not calm in the end")
        expected = {"statuswatch.toml", "state.json", "history"}
        if left := {path.name for path in self.folder.iterdir()} - expected:
            self.figures.wrong.append(f"left behind: {left}")

    def compare(self) -> None:
        """Note every fact that the twin reported and a sink does not have."""
        reported = {fact for event in self.figures.events for fact in facts(event)}
        for sink in self.sinks:
            lost = sorted(reported - {fact for event in sink.accepted for fact in facts(event)})
            self.figures.lost += len(lost)
            self.figures.wrong += [f"{sink.name} never got {fact}" for fact in lost]
            self.figures.wrong += [f"{sink.name}: {fault}" for fault in misnamed(sink.accepted)]
        self.compare_archive(reported)

    def compare_archive(self, reported: set[tuple[str, ...]]) -> None:
        """Note every fact that a reader of the archive lacks, and what it could not read or would report twice."""
        reading = read_archive(self.folder / "history")
        self.figures.archived += len(reading.events)
        events = [msgspec.to_builtins(event) for event in reading.events]
        lost = sorted(reported - {fact for event in events for fact in facts(event)})
        self.figures.lost += len(lost)
        self.figures.wrong += [f"the archive never got {fact}" for fact in lost]
        self.figures.wrong += [f"the archive: {problem}" for problem in reading.problems]
        if repeated := len(reading.events) - len({event.id for event in reading.events}):
            self.figures.wrong.append(f"the archive: {repeated} events are repeated for its reader")


def configure(folder: Path, content: str) -> None:
    """Make a folder with a configuration."""
    folder.mkdir()
    (folder / "statuswatch.toml").write_text(content)


def facts(event: Json) -> Iterator[tuple[str, ...]]:
    """Yield the facts that an event states: how the incident stands, and each update."""
    incident = event["incident"]
    key = event["page"]["key"], incident["id"]
    yield (*key, incident["status"], incident["title"], incident["impact"])
    for update in event["updates"]:
        yield (*key, update["id"], update["status"], update["body"])


def misnamed(events: list[Json]) -> Iterator[str]:
    """Yield events of one id that differ, and repeats with another id.

    An event without an update may happen again: an impact goes up and down.
    """
    contents: dict[str, str] = {}
    ids: dict[str, set[str]] = {}
    for event in events:
        stated = {key: value for key, value in event.items() if key not in ("id", "detected_at")}
        content = json.dumps(stated, sort_keys=True)
        if contents.setdefault(event["id"], content) != content:
            yield f"one id for two events: {event['id']}"
        if event["updates"]:
            ids.setdefault(content, set()).add(event["id"])
    yield from (f"two ids for one event: {sorted(of_event)}" for of_event in ids.values() if len(of_event) > 1)

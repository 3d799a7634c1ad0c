"""The worst vendor over many runs: documents that make the state file grow at every read, if nothing bounds it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from statuswatch.model.page import Page
from statuswatch.model.state import PageState, State
from statuswatch.rules.limits import MAX_BYTES
from statuswatch.state import StateFile, decode_page, encode_page
from tests.support.plan_driver import read_page

Json = dict[str, Any]
START: Final = datetime(2026, 3, 7, 9, tzinfo=UTC)
RUNS: Final = 100
PAGE: Final = Page(key="worst", name="Worst", url="https://worst.example", platform="statuspage")
MAX_FILE: Final = MAX_BYTES + 100_000  # bytes; the lines of the file have some white space
MAX_MEMORY: Final = 400  # MB
Growing = Callable[[int], list[Json]]
GROWING: Final[dict[str, Growing]] = {}


def growing(function: Growing) -> Growing:
    """Register the incidents that a vendor lists in a run."""
    GROWING[function.__name__] = function
    return function


@cache
def at(run: int) -> str:
    """Return a time shortly before a run."""
    return (START + timedelta(minutes=5 * run - 1)).isoformat()


def listed(key: str, run: int, status: str = "investigating", **fields: Any) -> Json:
    """Return an incident with one update."""
    update = {"id": f"u{key}", "status": status, "created_at": at(run), "body": "x"}
    about = {"id": key, "name": "n", "status": status, "impact": "minor", "created_at": at(run)}
    return {**about, "incident_updates": [update], **fields}


@growing
def components_that_change_at_every_read(run: int) -> list[Json]:
    """100 incidents whose 100 components have new names at every read"""
    return [
        listed(
            f"a{number}", 1, components=[{"id": f"c{part}", "name": f"part {part} of run {run}"} for part in range(100)]
        )
        for number in range(100)
    ]


@growing
def new_closed_incidents_at_every_read(run: int) -> list[Json]:
    """8,000 incidents that are over, others at every read"""
    return [listed(f"r{run}x{number}", run, "resolved") for number in range(8_000)]


@growing
def as_many_new_closed_incidents_as_may_be(run: int) -> list[Json]:
    """1,200 incidents that are over, others at every read"""
    return [listed(f"r{run}x{number}", run, "resolved") for number in range(1_200)]


@growing
def long_texts(run: int) -> list[Json]:
    """9 MB of open incidents with long titles and messages, others at every read"""
    return [listed(f"r{run}x{number}", run, name=f"{number} {'t' * 480}", body="b" * 900) for number in range(6_000)]


@growing
def texts_of_the_greatest_length(run: int) -> list[Json]:
    """400 open incidents with long titles and messages, others at every read"""
    return [listed(f"r{run}x{number}", run, name=f"{number} {'t' * 480}", body="b" * 900) for number in range(400)]


@growing
def updates_at_every_read(run: int) -> list[Json]:
    """20 incidents with 200 new updates each at every read"""
    incidents = []
    for number in range(20):
        updates = [
            {"id": f"u{run}x{number}x{update}", "status": "x", "created_at": at(run), "body": f"{update}"}
            for update in range(200)
        ]
        incidents.append(listed(f"a{number}", 1) | {"incident_updates": updates})
    return incidents


class Growth(NamedTuple):
    """What so many runs came to: the largest state file in bytes, peak memory in megabytes, and how the page ended."""

    name: str
    runs: int
    size: int
    memory: float
    seconds: float
    failed: int
    reason: str

    @property
    def faults(self) -> list[str]:
        """What is beyond its bounds."""
        faults = [f"{self.size:,} bytes of state"] if self.size > MAX_FILE else []
        return [*faults, *([f"{self.memory:.0f} MB"] if self.memory > MAX_MEMORY else [])]

    def row(self) -> str:
        """Return the line of the table."""
        does = (GROWING[self.name].__doc__ or "").strip()
        failed = f"{self.failed} of {self.runs}: {self.reason}" if self.failed else "never"
        verdict = "held" if not self.faults else f"**{', '.join(self.faults)}**"
        return f"| {does} | {self.size / 1e6:.2f} MB | {self.memory:.0f} MB | {failed} | {verdict} |"


def grow(name: str, runs: int, folder: Path) -> Growth:
    """Read the page so often, and save each time; the memory is that of this process."""
    import resource

    file, state, sizes = StateFile(folder / "state.json"), None, [0]
    failed, reason, started = 0, "", time.monotonic()
    for run in range(runs):
        outcome = read_page(PAGE, state, START + timedelta(minutes=5 * run), documents(name, run))
        if outcome.failure:
            failed, reason = failed + 1, outcome.failure.reason
        state = save(file, outcome.state) if outcome.dirty and outcome.state else state
        sizes.append(file.path.stat().st_size if file.path.exists() else 0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return Growth(name, runs, max(sizes), memory, time.monotonic() - started, failed, reason)


def save(file: StateFile, page: PageState) -> PageState:
    """Save the state of the page, and return it as the file has it."""
    encoded = encode_page(page)
    file.save(State({PAGE.key: encoded}, dirty=True))
    return decode_page(encoded, PAGE.key, file.name)


def documents(name: str, run: int) -> dict[str, bytes]:
    """Return the documents of a run; in the first one nothing is listed."""
    about = {"page": {"id": "0" * 12}}
    summary = {**about, "components": [], "incidents": [], "scheduled_maintenances": []}
    incidents = GROWING[name](run) if run else []
    contents = {"incidents.json": {**about, "incidents": incidents}, "summary.json": summary}
    return {document: msgspec.json.encode(content) for document, content in contents.items()}


def grow_apart(name: str, runs: int) -> Growth:
    """Do it in a process of its own, whose peak memory counts."""
    command = [sys.executable, "-m", "tests.proofs.hostile.growth", "--json", "--runs", str(runs), name]
    return Growth(**json.loads(subprocess.run(command, check=True, capture_output=True).stdout))


def table(runs: int = RUNS) -> tuple[list[str], int]:
    """Return the lines of the table, and how many vendors were beyond a bound."""
    results = [grow_apart(name, runs) for name in GROWING]
    head = [
        f"| what a vendor lists, {runs} runs | largest state file | peak memory | failed | verdict |",
        "|---|---|---|---|---|",
    ]
    return [*head, *(result.row() for result in results)], sum(bool(result.faults) for result in results)


def main() -> int:
    """Print the table, or with `--json` the figures of one vendor."""
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.hostile.growth", description=__doc__)
    parser.add_argument("name", nargs="?", choices=GROWING)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.json:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(grow(options.name, options.runs, Path(folder))._asdict()))  # noqa: T201
        return 0
    lines, broken = table(options.runs)
    print("\n".join(lines))  # noqa: T201
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())

"""A simulated day of many pages through the whole watch: its loop, schedule, pipeline and state file are real."""

from __future__ import annotations

import resource
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from statuswatch.cli.watching import Watch
from statuswatch.config.schema import Config
from statuswatch.model.page import Page
from statuswatch.schedule import Interval
from tests.support.simulated_watch import SimulatedClock, SimulatedPasses, SimulatedVendors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from statuswatch import errors
    from statuswatch.cli.watching import PassPart
    from statuswatch.model.report import RunReport
    from statuswatch.net.client import Client

READ_SECONDS: Final = 0.4  # that a pass takes


class Day(NamedTuple):
    """What a day came to. `off` is the largest share by which the reads of a page differ from its interval."""

    pages: int
    hours: float
    reads: int
    off: float
    at_once: int
    sizes: tuple[int, ...]  # resident memory in MB, after each quarter


class CountingVendors(SimulatedVendors):
    """Vendors that count the reads of each page, and how many of one were ever in work at once."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Counter[str] = Counter()
        self.at_once = 0
        self._running: Counter[str] = Counter()

    @asynccontextmanager
    async def connect(self, page: Page, until: float) -> AsyncIterator[Client]:
        """Count a read while it lasts."""
        self._running[page.key] += 1
        self.counts[page.key] += 1
        self.at_once = max(self.at_once, self._running[page.key])
        async with super().connect(page, until) as client:
            yield client
        self._running[page.key] -= 1
        self.reads.clear()


class SlowPasses(SimulatedPasses):
    """Passes that take some time; their reports are not kept."""

    def make(self, part: PassPart) -> tuple[RunReport, errors.StatuswatchError | None]:
        """Make a pass that takes some time."""
        self.clock.advance(READ_SECONDS)
        made = super().make(part)
        self.reports.clear()
        return made


def intervals_of(keys: tuple[str, ...]) -> dict[str, Interval]:
    """Return the intervals of pages: of a hundred one is read every minute, and ten every hour; the rest is calm."""
    every = {0: 60.0, **dict.fromkeys(range(1, 11), 3600.0)}
    return {key: Interval(every[number % 100]) for number, key in enumerate(keys) if number % 100 in every}


def simulate_day(
    folder: Path, pages: int = 1000, hours: float = 24, *, settled: float = 2, note: Callable[[str], None] | None = None
) -> Day:
    """Watch so many pages for so many hours, after `settled` hours. `note` takes a line at each quarter."""
    keys = tuple(f"p{number}" for number in range(pages))
    clock, vendors = SimulatedClock(), CountingVendors()
    config = Config(
        pages=tuple(Page(key=key, name=key, url=f"https://{key}.example", platform="statuspage") for key in keys),
        state=folder / "state.json",
        source="a day",
        intervals=intervals_of(keys),
    )
    passes = SlowPasses(config, clock, vendors)
    before: Counter[str] = Counter()
    sizes: list[int] = []

    def quarter() -> None:
        sizes.append(resident())
        if note:
            note(f"{len(sizes)} of 5: {sizes[-1]} MB, {vendors.counts.total()} reads")

    begun, ended = settled * 60, (settled + hours) * 60
    clock.at(begun, lambda: before.update(vendors.counts))
    for part in range(5):
        clock.at(begun + (ended - begun) * part / 4, quarter)
    Watch(passes, clock=clock, seconds=ended * 60 + 1).run()
    counts = {key: vendors.counts[key] - before[key] for key in keys}
    planned = {key: hours * 3600 / config.interval(key).every for key in keys}
    # One read more or less is where the day begins and ends within an interval.
    off = max(max(0.0, abs(counts[key] - planned[key]) - 1) / planned[key] for key in keys)
    return Day(pages, hours, sum(counts.values()), off, vendors.at_once, tuple(sizes))


def resident() -> int:
    """Return the resident memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1_000_000

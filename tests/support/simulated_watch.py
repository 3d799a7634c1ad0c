"""A watch in simulated time: the loop, the schedule and the pipeline are real; clocks and vendors are not."""

from __future__ import annotations

import gc
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from statuswatch import errors, pipeline
from statuswatch.cli.check import delivery_of, raise_for
from statuswatch.cli.watching import Clock, Observer, PassPart, Wakeup, Watch
from statuswatch.config.schema import Config
from statuswatch.model.page import Page
from statuswatch.model.report import Delivery
from statuswatch.net.client import Client
from statuswatch.net.response import Response
from statuswatch.state import KeptState
from tests.support.fake_vendor import statuspage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from statuswatch.delivery.deliver import ConnectedSink
    from statuswatch.model.event import Event
    from statuswatch.model.page import Failure
    from statuswatch.model.report import RunReport
    from statuswatch.model.state import State
    from statuswatch.net.response import Progress

START: Final = datetime(2026, 3, 2, 8, tzinfo=UTC)


class NoWakeup(Wakeup):
    """A rest that only its clock ends."""

    def __init__(self) -> None:
        self.count = 0

    def wake(self) -> None:
        self.count += 1


class SimulatedClock(Clock):
    """A clock that moves only while the watch rests. `at` are calls at a time; `jumps` move the clock by itself."""

    def __init__(self, now: datetime = START) -> None:
        self.wakeup = NoWakeup()
        self.moment, self.seconds = now, 1000.0
        self.calls: list[tuple[float, Callable[[], None]]] = []
        gc.freeze()  # a watch collects garbage at almost every simulated minute: without all that other tests left

    def close(self) -> None:
        """Stay open, for another watch."""

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def at(self, minutes: float, call: Callable[[], None]) -> None:
        """Call so many minutes after the start."""
        self.calls.append((1000.0 + minutes * 60, call))
        self.calls.sort(key=lambda entry: entry[0])

    def rest(self, seconds: float) -> bool:
        if self.calls and self.calls[0][0] <= self.seconds + seconds:
            moment, call = self.calls.pop(0)
            self.advance(max(0.0, moment - self.seconds))
            call()
            return False
        self.advance(max(seconds, 0.001))
        return False

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)


class SimulatedVendors:
    """The pages of many vendors. `answers` are by page key; every other page is calm."""

    def __init__(self) -> None:
        self.answers: dict[str, Response | Failure] = {}
        self.incidents: dict[str, list[dict[str, Any]]] = {}
        self.reads: list[tuple[datetime, str]] = []
        self.now: Callable[[], datetime] = lambda: START

    @asynccontextmanager
    async def connect(self, page: Page, until: float) -> AsyncIterator[Client]:
        self.reads.append((self.now(), page.key))
        yield Client(_PageWire(self, page), until, pause=no_pause)

    def times(self, key: str) -> list[float]:
        """Return the minutes after the start at which a page was read."""
        return [(moment - START).total_seconds() / 60 for moment, read in self.reads if read == key]


async def no_pause(_: float) -> None:
    """Retry at once."""


class _PageWire:
    def __init__(self, vendors: SimulatedVendors, page: Page) -> None:
        self._vendors, self._page = vendors, page

    async def get(self, url: str, _: Mapping[str, str], progress: Progress) -> Response | Failure:
        progress.sent.set()
        progress.answered = True
        if self._page.key in self._vendors.answers:
            return self._vendors.answers[self._page.key]
        document = statuspage("", self._vendors.incidents.get(self._page.key, [])).get(urlsplit(url).path)
        return Response(200, {}, json.dumps(document).encode()) if document else Response(404, {})


class SimulatedPasses:
    """Passes over simulated vendors, with a real state file; `events` are all that was printed.

    Without `sinks` nothing is delivered.
    """

    quiet = True
    keys: tuple[str, ...] = ()
    sinks: tuple[ConnectedSink, ...] = ()

    def __init__(self, config: Config, clock: SimulatedClock, vendors: SimulatedVendors) -> None:
        self.config, self.clock, self.vendors = config, clock, vendors
        self.events: list[Event] = []
        self.reports: list[RunReport] = []
        vendors.now = clock.now

    def load(self) -> Config:
        return self.config

    def open_store(self) -> KeptState:
        return KeptState(pipeline.state_store(self.config, self.config.pages))

    def make(self, part: PassPart) -> tuple[RunReport, errors.StatuswatchError | None]:
        run = pipeline.run_of(self.config, part.keys)
        run = msgspec.structs.replace(
            run, store=part.store, last_reads=part.last_reads, connect=self.vendors.connect, partial=bool(part.keys)
        )
        deliver = delivery_of(self.config, self.sinks, run, words=self.keys, part=part) if self.sinks else keep_outbox
        report = pipeline.check(run, self.clock.now(), lambda report: self.events.extend(report.events), deliver)
        self.reports.append(report)
        try:
            raise_for(report)
        except (errors.NetworkError, errors.DeliveryError) as error:
            return report, error
        return report, None

    def event_lines(self) -> list[str]:
        """Return what was reported as "new acme"."""
        return [f"{event.kind} {event.page.key}" for event in self.events]


def keep_outbox(_: RunReport, before: State) -> Delivery:
    """Deliver nothing."""
    return Delivery(outbox=before.outbox)


def simulated(folder: Path, *keys: str, **settings: Any) -> tuple[SimulatedPasses, SimulatedClock, SimulatedVendors]:
    """Return a watch's passes over Statuspages with these keys."""
    pages = tuple(Page(key=key, name=key.title(), url=f"https://{key}.example", platform="statuspage") for key in keys)
    clock, vendors = SimulatedClock(), SimulatedVendors()
    config = Config(pages=pages, state=folder / "state.json", source="a test", **settings)
    return SimulatedPasses(config, clock, vendors), clock, vendors


def watch(passes: SimulatedPasses, minutes: float, observer: Observer | None = None) -> Watch:
    """Watch for so many minutes."""
    watching = Watch(passes, clock=passes.clock, seconds=minutes * 60, observer=observer)
    watching.run()
    return watching

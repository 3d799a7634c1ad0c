"""A process that stays running: one pass after another, each over the pages that are due."""

import gc
import os
import random
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple, Protocol

import typer

from statuswatch import errors
from statuswatch.cli.output import say

if TYPE_CHECKING:
    from types import FrameType

    from statuswatch.config.schema import Config
    from statuswatch.model.report import PageOutcome, RunReport
    from statuswatch.net.loop import Interruption
    from statuswatch.pipeline import LastReads
    from statuswatch.schedule import Interval, ReadResult
    from statuswatch.state import KeptState

MAX_REST = 30.0  # seconds without a look at the clock
MAX_OVERSLEPT = 5.0  # seconds by which a rest may last longer than planned
DELIVERY_PAUSE = 60.0  # seconds between two tries to deliver what waits
POSTPONED_BY = 5.0  # seconds, where another run holds the state file
COMPLAINT_PAUSE = 300.0  # seconds until the same error is printed again
COLLECTION_PAUSE = 60.0  # seconds between two collections of garbage
BETWEEN_RUNS = "interrupted between two passes; every finished pass is complete"
WITHIN_RUN = "interrupted; what was read is saved, and the next run continues from it"


class PassPart(NamedTuple):
    """What a pass has of the process that it is a part of.

    `keys` are the pages that are due, none for all of them. What waits in the outbox is tried only where `delivers`.
    `has_news` decides whether the pass is printed.
    """

    keys: tuple[str, ...]
    store: "KeptState"
    last_reads: "LastReads"
    interruption: "Interruption"
    delivers: bool
    on_page: "Callable[[PageOutcome], None]"
    has_news: "Callable[[RunReport], bool]"


class Passes(Protocol):
    """The command's side of a watch: its configuration, and one pass of it."""

    quiet: bool
    keys: tuple[str, ...]  # the pages that the command line names; none for all

    def load(self) -> "Config":
        """Load the configuration and connect the sinks. Raises UsageError; what was loaded before then stays."""

    def open_store(self) -> "KeptState":
        """Return the state file of the configuration."""

    def make(self, part: PassPart) -> "tuple[RunReport, errors.StatuswatchError | None]":
        """Make a pass; return its report, and the error that it ends with. Raises StateError and OutputError."""


class Wakeup:
    """What ends a rest early, from a signal handler or another thread."""

    def __init__(self) -> None:
        self._waiting, self._waking = socket.socketpair()
        self._waiting.settimeout(0)
        self._waking.settimeout(0)

    def wake(self) -> None:
        """End the rest, or the next one."""
        with suppress(OSError):  # full: it will wake anyhow
            self._waking.send(b"w")

    def close(self) -> None:
        """Close both ends."""
        self._waiting.close()
        self._waking.close()

    def wait(self, seconds: float) -> None:
        """Rest for so long."""
        if select.select([self._waiting], [], [], max(0.0, seconds))[0]:
            with suppress(OSError):
                self._waiting.recv(4096)


class Clock:
    """The clocks of the process, and its rest."""

    def __init__(self) -> None:
        self.wakeup = Wakeup()

    def close(self) -> None:
        """End: nothing wakes it any more."""
        self.wakeup.close()

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds of a clock that is never set."""
        return time.monotonic()

    def rest(self, seconds: float) -> bool:
        """Rest until the time is up or something wakes it; return whether it lasted far too long."""
        began_at = self.monotonic()
        self.wakeup.wait(seconds)
        return self.monotonic() - began_at > seconds + MAX_OVERSLEPT


class Rings:
    """Pages that somebody rang for, from any thread, until the watch takes them."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = Lock()

    def add(self, key: str) -> None:
        """Ring for a page: however often, it counts once."""
        with self._lock:
            self._keys.add(key)

    def holds(self, key: str) -> bool:
        """Return whether somebody rang for a page and the watch did not take that yet."""
        with self._lock:
            return key in self._keys

    def take(self) -> set[str]:
        """Return the pages, and forget them."""
        with self._lock:
            keys, self._keys = self._keys, set()
        return keys


class Observer:
    """What follows a watch. By itself it does nothing; `serve` has one that does."""

    def begun(self, settings: "Config") -> None:
        """Take over the configuration: at the beginning, and after each reload."""

    def passed(self, report: "RunReport", settings: "Config") -> None:
        """Take over what a pass came to."""

    def finished_ring(self, key: str) -> None:
        """Forget a ring: something changed, or its last read is over."""


class Watch:
    """The loop. Its schedule decides which pages are due; every pass loads, reads, prints, delivers and saves."""

    def __init__(
        self,
        passes: Passes,
        *,
        clock: Clock,
        seconds: float | None = None,
        observer: Observer | None = None,
    ) -> None:
        from statuswatch.net.loop import Interruption
        from statuswatch.net.systemd import Supervisor
        from statuswatch.pipeline import LastReads
        from statuswatch.schedule import Schedule

        self.clock, self.rings = clock, Rings()
        self.interruption = Interruption()
        self.settings = passes.load()
        intervals = self._intervals(passes)
        self._page_count = len(intervals)
        self.schedule = Schedule(intervals, clock.now().timestamp(), random.SystemRandom().random)
        self.is_saved = True  # False where the last pass could not use the state file
        self._passes, self._observer = passes, observer or Observer()
        self._store, self._last_reads = passes.open_store(), LastReads()
        self._supervisor = Supervisor()
        self._ends_at = None if seconds is None else clock.monotonic() + seconds
        self._signal, self._interrupts = 0, ""
        self._must_reload = self._is_within_pass = False
        self._deliver_at = self._collect_at = clock.monotonic()
        self._rung: set[str] = set()
        self._reasons: dict[str, str] = {}  # why pages failed, as far as that was printed
        self._complaints: dict[str, float] = {}
        self._error: errors.StatuswatchError | None = None  # that the last pass ended with

    def run(self) -> None:
        """Watch until a signal or the end of the time; end with the exit code of the last pass. Raises OutputError."""
        with closing(self.clock), self._handlers():
            self._observer.begun(self.settings)
            self._supervisor.ready(self._status())
            if not self._passes.quiet:
                say(f"[{self.clock.now():%Y-%m-%d %H:%M:%S} UTC] {self._status()}; Ctrl-C ends the watch")
            while not self._is_over():
                self._turn()
        self._supervisor.stopping()
        if self._signal == signal.SIGINT:
            say(self._interrupts)
            raise typer.Exit(errors.INTERRUPTED)
        if self._error and not self._signal:
            raise typer.Exit(self._error.exit_code)  # it is printed

    def wake(self) -> None:
        """Let the loop look at the rings."""
        self.clock.wakeup.wake()

    def ring(self, key: str) -> None:
        """Have a page read at once. For any thread."""
        self.rings.add(key)
        self.wake()

    def _turn(self) -> None:
        if self._must_reload:
            self._reload()
        now = self.clock.now().timestamp()
        for key in self.rings.take():
            if self.schedule.ring(key, now):
                self._rung.add(key)
            else:
                self._observer.finished_ring(key)
        keys = self.schedule.due(now)
        if keys or self._has_waiting():
            self._pass(keys)
        else:
            self._rest(now)

    def _pass(self, keys: tuple[str, ...]) -> None:
        is_whole = len(keys) == self._page_count and not self._passes.keys
        is_tried = self.clock.monotonic() >= self._deliver_at
        part = PassPart(
            keys=() if is_whole else keys,
            store=self._store,
            last_reads=self._last_reads,
            interruption=self.interruption,
            delivers=is_tried,
            on_page=lambda _: self._supervisor.ping(),
            has_news=self._has_news,
        )
        self._is_within_pass = True
        try:
            report, error = self._passes.make(part)
        except errors.StateError as state_error:
            self._complain(state_error)
            self._error, self.is_saved = state_error, False
            self.schedule.postpone(keys, self.clock.now().timestamp() + POSTPONED_BY)
            return
        finally:
            self._is_within_pass = False
        self.is_saved = True
        if error:
            self._complain(error)
        if is_tried or report.events:
            self._deliver_at = self.clock.monotonic() + DELIVERY_PAUSE
        elif isinstance(self._error, errors.DeliveryError):
            error = error or self._error  # nothing was tried since
        self._error = error
        self._settle(report, keys)

    def _settle(self, report: "RunReport", keys: tuple[str, ...]) -> None:
        now = self.clock.now().timestamp()
        counts = report.reached_anyone
        if counts:
            self._last_reads.note(report.pages, report.detected_at)
            self._store.keep(report.state)
        for outcome in report.pages:
            self.schedule.finish(outcome.page.key, result_of(outcome, counts=counts), now)
        read = {outcome.page.key for outcome in report.pages}
        self.schedule.postpone([key for key in keys if key not in read], now)  # interrupted
        self._finish_rings()
        self._observer.passed(report, self.settings)
        self._supervisor.ping()

    def _finish_rings(self) -> None:
        for key in [key for key in self._rung if not self.schedule.is_rung(key)]:
            self._rung.discard(key)
            self._observer.finished_ring(key)

    def _rest(self, now: float) -> None:
        if self.clock.monotonic() >= self._collect_at:
            collect_garbage()
            self._collect_at = self.clock.monotonic() + COLLECTION_PAUSE
        self._supervisor.ping()
        self._supervisor.report(self._status())
        pauses = [MAX_REST]
        if self.schedule.next_at is not None:
            pauses.append(self.schedule.next_at - now)
        if self._ends_at is not None:
            pauses.append(self._ends_at - self.clock.monotonic())
        if self._store.has_waiting:
            pauses.append(self._deliver_at - self.clock.monotonic())
        if self._supervisor.watchdog:
            pauses.append(self._supervisor.watchdog / 3)
        overslept = self.clock.rest(max(0.0, min(pauses)))
        self.schedule.observe(self.clock.now().timestamp(), self.clock.monotonic(), overslept=overslept)

    def _has_waiting(self) -> bool:
        """Return whether it is time to deliver what waits, though no page is due."""
        return self._store.has_waiting and self.clock.monotonic() >= self._deliver_at

    def _intervals(self, passes: Passes) -> "dict[str, Interval]":
        return {page.key: self.settings.interval(page.key) for page in self.settings.chosen(passes.keys)}

    def _is_over(self) -> bool:
        return bool(self._signal) or (self._ends_at is not None and self.clock.monotonic() >= self._ends_at)

    def _status(self) -> str:
        from statuswatch.render.phrases import counted

        failing = f", {len(self._reasons)} unknown" if self._reasons else ""
        return f"watching {counted(self._page_count, 'page')}{failing}"

    def _has_news(self, report: "RunReport") -> bool:
        """Return whether a pass is worth a line: an event, a change of the file, a sink, or another failure."""
        before = dict(self._reasons)
        for outcome in report.pages:
            if outcome.failure:
                self._reasons[outcome.page.key] = outcome.failure.reason
            else:
                self._reasons.pop(outcome.page.key, None)
        return bool(report.events or report.dirty or report.sinks) or self._reasons != before

    def _complain(self, error: errors.StatuswatchError) -> None:
        """Print an error; the same one not again for a while."""
        now = self.clock.monotonic()
        self._complaints = {text: at for text, at in self._complaints.items() if now - at < COMPLAINT_PAUSE}
        if str(error) not in self._complaints:
            self._complaints[str(error)] = now
            say(f"error: {error}")

    def _reload(self) -> None:
        self._must_reload = False
        self._supervisor.reloading()
        try:
            self.settings = self._passes.load()
        except errors.UsageError as error:
            for line in str(error).splitlines():
                say(f"error: {line}")
            say("the configuration is not loaded again: the one of before stays in use")
        else:
            self._store = self._passes.open_store()
            intervals = self._intervals(self._passes)
            self._page_count = len(intervals)
            self.schedule.configure(intervals, self.clock.now().timestamp())
            self._observer.begun(self.settings)
            say(f"the configuration is loaded again: {self._status()}")
        self._supervisor.ready(self._status())

    @contextmanager
    def _handlers(self) -> Iterator[None]:
        """Take SIGINT, SIGTERM and SIGHUP; a second SIGINT ends the process where it is."""
        on_terminal = has_terminal()

        def end(number: int, _: "FrameType | None") -> None:
            if self._signal == signal.SIGINT == number:
                raise KeyboardInterrupt
            self._signal, self._interrupts = number, WITHIN_RUN if self._is_within_pass else BETWEEN_RUNS
            self.interruption.request()
            self.wake()

        def hang_up(_: int, frame: "FrameType | None") -> None:
            if on_terminal and not has_terminal():  # its window was closed: it would go on unseen
                end(signal.SIGTERM, frame)
                return
            self._must_reload = True
            self.wake()

        handlers: dict[int, Callable[[int, FrameType | None], None]] = {signal.SIGINT: end, signal.SIGTERM: end}
        if hasattr(signal, "SIGHUP"):
            handlers[signal.SIGHUP] = hang_up
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def has_terminal() -> bool:
    """Return whether one of the standard streams is a terminal that is still open."""
    return any(os.isatty(number) for number in (0, 1, 2))


def result_of(outcome: "PageOutcome", *, counts: bool) -> "ReadResult":
    """Return what a read came to, as the schedule needs it. A suspicious one tells nothing."""
    from statuswatch.schedule import ReadResult

    if outcome.failure:
        return ReadResult(
            failed=True, answered=outcome.failure.answered, counts=counts, retry_after=outcome.failure.retry_after
        )
    if outcome.notes.suspicion:
        return ReadResult()
    is_open = outcome.open.incidents + outcome.open.in_progress > 0
    return ReadResult(changed=outcome.dirty or bool(outcome.events), is_open=is_open)


def collect_garbage() -> None:
    """Free the garbage of past passes: with the thresholds of `main` it would stay for hours.

    It runs on another thread: a Ctrl-C is raised on the main one, where a finalizer would swallow it.
    """
    thread = Thread(target=gc.collect)
    thread.start()
    thread.join()

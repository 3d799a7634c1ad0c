"""Which page is due when, in a process that stays running. Without I/O and clock: times are arguments.

Times are seconds since 1970. A page has a phase, hashed from its key, so that pages spread evenly over their interval,
and its slots follow the clock without drift. After a failure it backs off. A ring (a vendor pushed) makes it due at
once, and again a little later, for a cache may lag behind the push.
"""

import hashlib
import heapq
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

DEFAULT_EVERY: Final = 300.0
MIN_EVERY: Final = 10.0
MIN_EVERY_OPEN: Final = 60.0
MAX_EVERY: Final = 86_400.0
MAX_BACKOFF: Final = 900.0  # what a page backs off to by itself
MAX_RETRY_AFTER: Final = 3600.0  # that a server may ask for
CONTROL_PAUSE: Final = 10.0  # after a read that nobody answered, until it is repeated beside a control
MIN_RING_PAUSE: Final = 10.0  # between two reads of a page for rings
RING_PAUSES: Final = (10.0, 30.0, 120.0)  # after a ring, until something changed
MAX_STEP: Final = 5.0  # by which a clock may be corrected; more is a jump
MAX_STALE: Final = 1000  # items of the queue that stand for nothing any more


class Interval(msgspec.Struct, frozen=True):
    """How often a page is read: `every` so many seconds, `every_open` while something is open there; 0 if not set."""

    every: float = 0.0
    every_open: float = 0.0


class ReadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one read of a page came to, as the schedule needs it.

    `counts` is false where no page answered at all: our own network is the likely cause, and no page backs off for it.
    `is_open` is None where the read does not tell.
    """

    failed: bool = False
    answered: bool = True
    counts: bool = True
    changed: bool = False
    is_open: bool | None = None
    retry_after: float = 0.0


class Slot(msgspec.Struct, kw_only=True):
    """A page in the schedule. `answered` is None before its first read; `rung_at` is the time of its last ring.

    Before `not_before` its server asked not to be asked again.
    """

    key: str
    digest: int
    interval: Interval
    due_at: float
    answered: bool | None = None
    is_open: bool = False
    is_running: bool = False
    began_at: float | None = None
    failures: int = 0
    not_before: float = 0.0
    rung_at: float | None = None
    rings_left: tuple[float, ...] = ()

    @property
    def every(self) -> float:
        """Its interval at present, in seconds."""
        return (self.is_open and self.interval.every_open) or self.interval.every

    def next_after(self, now: float) -> float:
        """Return its first slot after a time."""
        every = self.every
        phase = self.digest % max(1, int(every))  # whole seconds: pages of one second are read together
        return (math.floor((now - phase) / every) + 1) * every + phase


def digest_of(key: str) -> int:
    """Return the number that the phase of a page is made from."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")


class Schedule:
    """When each page is due. `jitter` returns a random number from 0 to 1.

    `due` begins the reads of pages, `finish` ends each of them; a page that is being read is never due.
    """

    def __init__(self, intervals: Mapping[str, Interval], now: float, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._slots: dict[str, Slot] = {}
        self._queue: list[tuple[float, str]] = []
        self._clocks: tuple[float, float] | None = None
        self.configure(intervals, now)

    def configure(self, intervals: Mapping[str, Interval], now: float) -> None:
        """Take over the pages of a configuration: a new one is due at once, one with another interval at its slot."""
        for key in self._slots.keys() - intervals.keys():
            del self._slots[key]
        for key, interval in intervals.items():
            slot = self._slots.get(key)
            if slot is None:
                self._slots[key] = slot = Slot(key=key, digest=digest_of(key), interval=interval, due_at=now)
            elif slot.interval != interval:
                slot.interval = interval
                slot.due_at = min(slot.due_at, slot.next_after(now))
        self._rebuild()

    def observe(self, now: float, monotonic: float, *, overslept: bool = False) -> bool:
        """Take note of the clocks; return whether the clock jumped, or the process slept too long.

        Then every page is due at its next slot: what was missed is not made up for, which would be a burst.
        """
        before, self._clocks = self._clocks, (now, monotonic)
        if before is None:
            return False
        step = (now - before[0]) - (monotonic - before[1])
        if abs(step) <= MAX_STEP and not overslept:
            return False
        for slot in self._slots.values():
            if slot.began_at is not None and not slot.is_running:
                slot.began_at, slot.not_before = min(slot.began_at, now), min(slot.not_before, now + MAX_RETRY_AFTER)
                slot.due_at = slot.next_after(now)
                slot.rings_left = tuple(now + pause for pause in RING_PAUSES[: len(slot.rings_left)])
                slot.due_at = min((slot.due_at, *slot.rings_left))
        self._rebuild()
        return True

    def due(self, now: float) -> tuple[str, ...]:
        """Return the pages that are due, and begin their reads.

        Where none of them answered the last time, the next page that did is read with them, as a control: it shows
        whether our own network works.
        """
        slots = []
        while (due_at := self.next_at) is not None and due_at <= now:
            slot = self._slots[heapq.heappop(self._queue)[1]]
            slot.is_running, slot.began_at = True, now
            slots.append(slot)
        if slots and all(slot.answered is False for slot in slots):
            slots += self._control(now)
        return tuple(slot.key for slot in slots)

    def _control(self, now: float) -> list[Slot]:
        candidates = [slot for slot in self._slots.values() if slot.answered and not slot.is_running]
        controls = sorted(candidates, key=lambda slot: slot.due_at)[:1]
        for slot in controls:
            slot.is_running, slot.began_at = True, now
        return controls

    @property
    def next_at(self) -> float | None:
        """The time at which the next page is due; None where there is no page."""
        while self._queue:
            due_at, key = self._queue[0]
            slot = self._slots.get(key)
            if slot and slot.due_at == due_at and not slot.is_running:
                return due_at
            heapq.heappop(self._queue)
        return None

    def finish(self, key: str, result: ReadResult, now: float) -> None:
        """End the read of a page, and say when it is due again."""
        slot = self._slots.get(key)
        if slot is None:  # removed from the configuration meanwhile
            return
        began_at = now if slot.began_at is None else slot.began_at
        slot.is_running = False
        if result.is_open is not None:
            slot.is_open = result.is_open
        slot.due_at = self._next_due(slot, result, began_at, now)
        slot.answered = result.answered
        self._follow_ring(slot, began_at, changed=result.changed)
        self._push(slot)

    def postpone(self, keys: Iterable[str], until: float) -> None:
        """Put off pages whose reads did not take place."""
        for key in keys:
            if slot := self._slots.get(key):
                slot.is_running, slot.due_at = False, until
                self._push(slot)

    def ring(self, key: str, now: float) -> bool:
        """Make a page due at once, and again later until something changed; return whether there is such a page.

        Rings coalesce: between two reads for them there is a pause.
        """
        slot = self._slots.get(key)
        if slot is None:
            return False
        earliest = now if slot.rung_at is None or slot.began_at is None else slot.began_at + MIN_RING_PAUSE
        slot.rung_at = now
        slot.rings_left = tuple(now + pause for pause in RING_PAUSES)
        due_at = max(now, earliest, slot.not_before)
        if due_at < slot.due_at and not slot.is_running:
            slot.due_at = due_at
            self._push(slot)
        elif slot.is_running:
            slot.rings_left = (due_at, *slot.rings_left)
        return True

    def is_rung(self, key: str) -> bool:
        """Return whether a page is still read for a ring."""
        slot = self._slots.get(key)
        return slot is not None and slot.rung_at is not None

    @property
    def untried(self) -> tuple[str, ...]:
        """The pages that were never read by this process."""
        return tuple(slot.key for slot in [*self._slots.values()] if slot.answered is None)

    def late(self, now: float) -> tuple[str, ...]:
        """Return the pages that are later than their interval: the last read was due twice as long ago."""
        return tuple(slot.key for slot in [*self._slots.values()] if now > slot.due_at + slot.every)

    @property
    def size(self) -> int:
        """The number of items that the schedule holds."""
        return len(self._queue) + len(self._slots)

    def lag(self, now: float) -> float:
        """Return by how many seconds the most overdue page is late."""
        return max([0.0, *(now - slot.due_at for slot in [*self._slots.values()])])

    def _next_due(self, slot: Slot, result: ReadResult, began_at: float, now: float) -> float:
        if not result.counts:
            slot.failures = 0
            is_first = slot.answered is not False
            return now + CONTROL_PAUSE if is_first else slot.next_after(began_at + slot.every / 2)
        if not result.failed:
            slot.failures = 0
            return slot.next_after(began_at + slot.every / 2)  # never sooner: the first pass has no phases
        slot.failures += 1
        bound = min(MAX_BACKOFF, slot.every * 2.0 ** min(slot.failures, 20))
        slot.not_before = now + min(result.retry_after, MAX_RETRY_AFTER)
        return max(now + max(slot.every, self._jitter() * bound), slot.not_before)

    def _follow_ring(self, slot: Slot, began_at: float, *, changed: bool) -> None:
        """Keep the later reads of a ring, unless something changed at a read that began after it."""
        if slot.rung_at is None:
            return
        if changed and began_at >= slot.rung_at:
            slot.rings_left = ()
        slot.rings_left = tuple(at for at in slot.rings_left if at > began_at)
        if slot.rings_left:
            slot.due_at = min(slot.due_at, max(slot.rings_left[0], began_at + MIN_RING_PAUSE, slot.not_before))
        else:
            slot.rung_at = None

    def _push(self, slot: Slot) -> None:
        heapq.heappush(self._queue, (slot.due_at, slot.key))
        if len(self._queue) > 2 * len(self._slots) + MAX_STALE:
            self._rebuild()

    def _rebuild(self) -> None:
        self._queue = [(slot.due_at, key) for key, slot in self._slots.items()]
        heapq.heapify(self._queue)

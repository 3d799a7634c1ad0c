"""The schedule: which page is due when."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Final

import pytest

from statuswatch.schedule import Interval, ReadResult, Schedule, digest_of

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY: Final = 86_400
NOON: Final = 1_772_445_600.0
GOOD: Final = ReadResult()


class Simulation:
    """A schedule, and a clock that moves from one due page to the next; a read takes `seconds`."""

    def __init__(self, intervals: Mapping[str, Interval], seconds: float = 0.4) -> None:
        self.now, self.seconds = NOON, seconds
        self.schedule = Schedule(intervals, NOON, Random(1).random)
        self.reads: Counter[str] = Counter()
        self.times: list[float] = []

    def run_until(self, end: float, results: Mapping[str, ReadResult] | None = None) -> None:
        while (next_at := self.schedule.next_at) is not None and next_at < end:
            self.now = max(self.now, next_at)
            keys = self.schedule.due(self.now)
            assert len(keys) == len(set(keys)), "two runs of one page at once"
            assert not set(keys) & set(self.schedule.due(self.now)), "a page that is being read is due"
            self.reads.update(keys)
            self.times += [self.now] * len(keys)
            self.now += self.seconds
            for key in keys:
                self.schedule.finish(key, (results or {}).get(key, GOOD), self.now)


def test_a_day_of_a_thousand_pages() -> None:
    """Contract 2.20: 24 simulated hours of 1,000 pages: reads per page as configured within 1 %, evenly spread,
    memory flat.
    """
    intervals = {f"page{number}": Interval(2400 if number % 2 else 7200) for number in range(1000)}
    simulation = Simulation(intervals)
    simulation.run_until(NOON + 7200)
    simulation.reads.clear()
    simulation.times.clear()
    simulation.run_until(NOON + 7200 + DAY)
    for key, interval in intervals.items():
        assert simulation.reads[key] == DAY / interval.every, key
    assert simulation.schedule.size <= 2 * len(intervals)
    per_quarter = Counter(int(moment // 900) for moment in simulation.times[1000:-1000])
    assert max(per_quarter.values()) < 1.5 * sorted(per_quarter.values())[2]


def finish(schedule: Schedule, key: str, now: float, result: ReadResult = GOOD) -> None:
    assert key in schedule.due(now)
    schedule.finish(key, result, now)


def next_of(**result: object) -> float:
    """Return the seconds until a page is due again after one read with this result."""
    schedule = Schedule({"acme": Interval(300)}, NOON, lambda: 1.0)
    finish(schedule, "acme", NOON, ReadResult(**result))  # type: ignore[arg-type]
    return (schedule.next_at or 0) - NOON


def test_failures_back_off_to_a_quarter_of_an_hour() -> None:
    """Contract 2.20.1: after a failure a page backs off exponentially, with full jitter, to 15 minutes, never below
    its interval.
    """
    schedule = Schedule({"acme": Interval(60)}, NOON, lambda: 1.0)
    now, waits = NOON, []
    for _ in range(7):
        finish(schedule, "acme", now, ReadResult(failed=True))
        waits.append((schedule.next_at or 0) - now)
        now = schedule.next_at or 0
    assert waits == [120, 240, 480, 900, 900, 900, 900]
    finish(schedule, "acme", now)
    assert (schedule.next_at or 0) - now < 90
    calm = Schedule({"acme": Interval(60)}, NOON, lambda: 0.0)
    finish(calm, "acme", NOON, ReadResult(failed=True))
    assert calm.next_at == NOON + 60


@pytest.mark.parametrize(("header", "wait"), [(0, 600), (700, 700), (2000, 2000), (90_000, 3600)])
def test_retry_after_is_obeyed_up_to_an_hour(header: float, wait: float) -> None:
    """Contract 2.20.1: a failure with `Retry-After` waits at least so long, at most one hour."""
    assert next_of(failed=True, retry_after=header) == wait


def test_our_own_network_costs_no_page_its_interval() -> None:
    """A read that does not count is repeated soon, once, and then at the page's phase: it is not the page's fault."""
    assert next_of(failed=True, answered=False, counts=False) == 10


def test_a_page_that_did_not_answer_is_read_with_a_control() -> None:
    """Contract 2.20.4: where only pages are due that did not answer the last time, the next one that did is read
    beside them.
    """
    schedule = Schedule({"dead": Interval(60), "well": Interval(3600)}, NOON, lambda: 0.0)
    assert sorted(schedule.due(NOON)) == ["dead", "well"]
    schedule.finish("dead", ReadResult(failed=True, answered=False), NOON)
    schedule.finish("well", GOOD, NOON)
    assert schedule.due(NOON + 60) == ("dead", "well")


def test_a_ring_reads_at_once_and_again_until_something_changed() -> None:
    """Contract 2.22: a ring reads the page at once, then after 10, 30 and 120 seconds, until something changed."""
    schedule = Schedule({"acme": Interval(3600)}, NOON, lambda: 0.0)
    finish(schedule, "acme", NOON)
    rung = NOON + 1000
    assert schedule.ring("acme", rung) and not schedule.ring("bolt", rung)
    for pause in (0, 10, 30, 120):
        assert schedule.next_at == rung + pause and schedule.is_rung("acme")
        finish(schedule, "acme", rung + pause)
    assert not schedule.is_rung("acme") and (schedule.next_at or 0) > rung + 900


def test_a_change_ends_a_ring_but_not_a_later_one() -> None:
    """Contract 2.22: something changed: the ring is answered. One that came while the page was read is not."""
    schedule = Schedule({"acme": Interval(3600)}, NOON, lambda: 0.0)
    finish(schedule, "acme", NOON)
    schedule.ring("acme", NOON + 100)
    finish(schedule, "acme", NOON + 100, ReadResult(changed=True))
    assert not schedule.is_rung("acme")
    schedule.ring("acme", NOON + 200)
    assert schedule.due(NOON + 200) == ("acme",)
    schedule.ring("acme", NOON + 201)
    schedule.finish("acme", ReadResult(changed=True), NOON + 202)
    assert schedule.is_rung("acme") and schedule.next_at == NOON + 210


def test_rings_coalesce() -> None:
    """Contract 2.22: 10,000 rings a minute cost one read in ten seconds."""
    schedule = Schedule({"acme": Interval(3600)}, NOON, lambda: 0.0)
    finish(schedule, "acme", NOON)
    reads = 0
    for number in range(10_000):
        now = NOON + 100 + number * 0.006
        schedule.ring("acme", now)
        for key in schedule.due(now):
            reads += 1
            schedule.finish(key, GOOD, now)
    assert reads == 6


def test_a_ring_does_not_ask_a_server_that_asked_for_a_pause() -> None:
    """Contract 2.22: a forged push causes one polite read: `Retry-After` holds for rings too."""
    schedule = Schedule({"acme": Interval(300)}, NOON, lambda: 0.0)
    finish(schedule, "acme", NOON, ReadResult(failed=True, retry_after=1800))
    schedule.ring("acme", NOON + 10)
    assert schedule.next_at == NOON + 1800


def test_a_page_that_was_removed_is_forgotten() -> None:
    """A reload adds pages at once, removes others, and keeps the slots of the rest."""
    schedule = Schedule({"acme": Interval(300), "bolt": Interval(300)}, NOON, lambda: 0.0)
    assert len(schedule.due(NOON)) == 2
    schedule.configure({"acme": Interval(300), "curl": Interval(300)}, NOON + 1)
    schedule.finish("acme", GOOD, NOON + 2)
    schedule.finish("bolt", GOOD, NOON + 2)
    assert schedule.due(NOON + 2) == ("curl",)
    assert schedule.untried == ("curl",)


def test_lateness() -> None:
    """A page is late once its last read was due two intervals ago."""
    schedule = Schedule({"acme": Interval(300)}, NOON, lambda: 0.0)
    assert schedule.untried == ("acme",) and schedule.late(NOON + 100) == ()
    finish(schedule, "acme", NOON)
    due = schedule.next_at or 0
    assert schedule.late(due + 299) == () and schedule.late(due + 301) == ("acme",)
    assert schedule.lag(due + 20) == 20


def test_no_page_is_read_sooner_than_half_its_interval() -> None:
    """Contract 2.20: the slot that follows the first read of all pages at once may be near; then it is left out."""
    schedule = Schedule({f"page{number}": Interval(300) for number in range(100)}, NOON, lambda: 0.0)
    for key in schedule.due(NOON):
        schedule.finish(key, GOOD, NOON)
    assert NOON + 150 <= (schedule.next_at or 0) <= NOON + 160
    assert schedule.due(NOON + 149) == ()
    assert len(schedule.due(NOON + 450)) == 100


def test_phases_spread_evenly() -> None:
    """Contract 2.20: phases are hashed from the key: of 1,000 pages every sixth of an interval has its share."""
    phases = Counter(digest_of(f"page{number}") % 300 // 50 for number in range(1000))
    assert set(phases) == set(range(6)) and max(phases.values()) < 1.4 * min(phases.values())

"""A watch in simulated time: what is read when, and what it reports. Contract, section 2."""

from __future__ import annotations

import os
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import msgspec
import pytest
import typer
from filelock import FileLock

from statuswatch import state as state_module
from statuswatch.errors import NetworkError, UsageError
from statuswatch.model.page import Failure, FailureKind
from statuswatch.net.response import Response
from tests.support.fake_vendor import incident
from tests.support.simulated_watch import START, SimulatedClock, simulated, watch

if TYPE_CHECKING:
    from pathlib import Path

KEYS = tuple(f"p{number}" for number in range(10))
DOWN = Response(503, {})
UNREACHABLE = Failure(FailureKind.NO_CONNECTION, "no connection: refused")


def test_the_first_pass_reads_all_then_each_page_at_its_phase(tmp_path: Path) -> None:
    """Contract 2.20: the first pass reads every page at once; from then on each has its own phase, and its interval
    without drift.
    """
    passes, _, vendors = simulated(tmp_path, *KEYS, every=60)
    watch(passes, 6)
    first = {key: vendors.times(key) for key in KEYS}
    assert all(times[0] == 0 for times in first.values())
    assert len({round(times[1] % 1, 3) for times in first.values()}) > 5, "pages spread over the minute"
    for times in first.values():
        gaps = [later - earlier for earlier, later in pairwise(times[1:])]
        assert gaps and all(abs(gap - 1) < 1e-6 for gap in gaps), gaps
        assert 0.5 <= times[1] <= 1.5


def test_calm_passes_leave_the_state_file_as_it_is(tmp_path: Path) -> None:
    """Contract 2.20: a calm pass leaves state.json byte for byte, and does not load it again."""
    passes, clock, vendors = simulated(tmp_path, *KEYS, every=60)
    vendors.incidents["p1"] = [incident("a", "investigating")]
    versions: list[tuple[bytes, int]] = []
    for minute in (1, 9):
        clock.at(minute, lambda: versions.append((passes.config.state.read_bytes(), passes.config.state.stat().st_ino)))
    watch(passes, 10)
    assert versions[0] == versions[1] and len(vendors.reads) > 80
    assert passes.events == []


def test_a_change_is_reported_once_and_saved(tmp_path: Path) -> None:
    """Contract 2.20: what a vendor publishes between two reads is reported by the next one, once."""
    passes, clock, vendors = simulated(tmp_path, "p3", "p4", every=60)
    clock.at(5, lambda: vendors.incidents.update(p3=[incident("b", "investigating", at=START)]))
    watch(passes, 20)
    assert passes.event_lines() == ["new p3"]
    assert b'"b"' in passes.config.state.read_bytes()


def test_every_open_is_the_interval_while_something_is_open(tmp_path: Path) -> None:
    """Contract 2.20: `every_open` holds while an incident is open, `every` before and after."""
    passes, clock, vendors = simulated(tmp_path, "acme", every=600, every_open=60)
    clock.at(1, lambda: vendors.incidents.update(acme=[incident("b", "investigating", at=START)]))
    clock.at(50, lambda: vendors.incidents.update(acme=[incident("b", "investigating", "resolved", at=START)]))
    watch(passes, 120)
    times = vendors.times("acme")
    assert 25 < len([minute for minute in times if 16 < minute < 50]) < 40
    assert len([minute for minute in times if minute > 55]) <= 7


def test_an_outage_of_a_platform_is_one_shared_incident(tmp_path: Path) -> None:
    """Contract 5: under --watch, pages are read at different times, and a platform that is down is one incident."""
    passes, clock, vendors = simulated(tmp_path, *KEYS)
    clock.at(10, lambda: vendors.answers.update(dict.fromkeys(KEYS[:8], DOWN)))
    clock.at(120, vendors.answers.clear)
    watch(passes, 150)
    assert passes.event_lines() == ["new platform:statuspage", "resolved platform:statuspage"]
    new, resolved = passes.events
    assert len(new.incident.affected_pages) >= 5
    begun = next(report for report in passes.reports if report.events).detected_at
    assert timedelta(minutes=70) <= begun - START <= timedelta(minutes=95)
    assert resolved.incident.id == new.incident.id


def test_one_page_that_fails_is_reported_by_itself(tmp_path: Path) -> None:
    """Contract 5: a page whose reads fail for an hour is reported by a pass that read it then."""
    passes, clock, vendors = simulated(tmp_path, *KEYS[:3])
    clock.at(10, lambda: vendors.answers.update(p2=DOWN))
    watch(passes, 120)
    assert passes.event_lines() == ["new p2"]
    begun = next(report for report in passes.reports if report.events)
    assert "p2" in [outcome.page.key for outcome in begun.pages]
    first_failure = next(minute for minute in vendors.times("p2") if minute >= 10)
    assert begun.detected_at - START >= timedelta(minutes=first_failure + 60)


def test_a_failing_page_backs_off(tmp_path: Path) -> None:
    """Contract 2.20.1: after failures a page is read less often than its interval, and never more than 15 minutes
    apart.
    """
    passes, clock, vendors = simulated(tmp_path, "p2", every=60)
    clock.at(5, lambda: vendors.answers.update(p2=DOWN))
    watch(passes, 240)
    times = [minute for minute in vendors.times("p2") if minute > 6]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) < 80 and min(gaps) > 0.999 and max(gaps) < 15.001


def test_an_unreachable_page_is_read_beside_a_control(tmp_path: Path) -> None:
    """Contract 2.20.4: a page that nobody answers for is told from a network of our own that is down, by a page that
    answered.
    """
    passes, clock, vendors = simulated(tmp_path, *KEYS[:3])
    clock.at(10, lambda: vendors.answers.update(p2=UNREACHABLE))
    watch(passes, 120)
    assert passes.event_lines() == ["new p2"]


def test_without_a_network_nothing_is_reported(tmp_path: Path) -> None:
    """Contract 2.20.4: while our own network is down, no page fails for it, and nothing is written; afterwards all
    goes on.
    """
    passes, clock, vendors = simulated(tmp_path, *KEYS[:3])
    clock.at(10, lambda: vendors.answers.update(dict.fromkeys(KEYS, UNREACHABLE)))
    clock.at(150, vendors.answers.clear)
    contents: list[bytes] = []
    for minute in (9, 149, 179):
        clock.at(minute, lambda: contents.append(passes.config.state.read_bytes()))
    watch(passes, 180)
    assert passes.events == [] and contents[0] == contents[1] == contents[2]
    assert passes.reports[-1].reached_anyone


def test_the_end_tells_of_the_last_pass(tmp_path: Path) -> None:
    """Contract 2.20.5: with --for, the watch ends with the error of its last pass."""
    passes, _, vendors = simulated(tmp_path, "acme")
    vendors.answers["acme"] = UNREACHABLE
    with pytest.raises(typer.Exit) as ended:
        watch(passes, 1)
    assert ended.value.exit_code == NetworkError.exit_code


@pytest.mark.parametrize("hours", [8, -8])
def test_a_jump_of_the_clock_causes_no_burst(tmp_path: Path, hours: int) -> None:
    """Contract 2.20.3: after a suspend, or a clock that was set, pages are read at their phases: what was missed is
    not made up for.
    """
    passes, clock, vendors = simulated(tmp_path, *KEYS)

    def jump() -> None:
        clock.moment += timedelta(hours=hours)

    clock.at(30, jump)
    watch(passes, 60)
    after = [key for moment, key in vendors.reads[len(KEYS) :] if abs(moment - START) > timedelta(hours=4)]
    assert 5 * len(KEYS) <= len(after) <= 7 * len(KEYS)
    instants = [moment for moment, _ in vendors.reads[len(KEYS) :]]
    assert max(instants.count(moment) for moment in instants) <= 3


def test_another_run_holds_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 2.20.2: a lock that is held by another run postpones the pass, and ends nothing."""
    monkeypatch.setattr(state_module, "LOCK_TIMEOUT", 0.0)
    passes, clock, vendors = simulated(tmp_path, "acme", every=60)
    lock = FileLock(str(tmp_path / ".state.json.lock"))
    clock.at(5, lambda: setattr(lock, "held", lock.acquire()))
    clock.at(8, lambda: lock.release(force=True))
    watch(passes, 15)
    times = vendors.times("acme")
    assert not [minute for minute in times if 5 < minute < 8]
    assert [minute for minute in times if 8 <= minute < 8.2], "it is read as soon as the lock is free"


def test_another_run_wrote_the_state(tmp_path: Path) -> None:
    """Contract 2.20.2: the state file is loaded again if another run changed it: nothing is reported twice."""
    passes, clock, vendors = simulated(tmp_path, "acme", every=60)
    other, *_ = simulated(tmp_path, "acme")

    def publish_and_run() -> None:
        other.vendors.incidents = vendors.incidents
        vendors.incidents["acme"] = [incident("b", "investigating", at=START)]
        other.clock.moment = clock.moment
        watch(other, 0.001)

    clock.at(5, publish_and_run)
    watch(passes, 10)
    assert other.event_lines() == ["new acme"] and passes.events == []


def test_a_configuration_that_is_wrong_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract 2.20.5: SIGHUP loads the configuration again; a wrong one is named, and the one of before stays in
    use.
    """
    passes, clock, vendors = simulated(tmp_path, "acme", every=60)
    good = passes.config
    two = msgspec.structs.replace(good, pages=(*good.pages, msgspec.structs.replace(good.pages[0], key="bolt")))

    def refuse() -> None:
        passes.load = lambda: raise_usage()  # type: ignore[method-assign, assignment, return-value]
        hang_up()

    def accept() -> None:
        passes.config, passes.load = two, lambda: two  # type: ignore[method-assign]
        hang_up()

    clock.at(2, refuse)
    clock.at(5, accept)
    watch(passes, 10)
    printed = capsys.readouterr().err
    assert "error: pages: wrong" in printed and "the one of before stays in use" in printed
    assert "loaded again: watching 2 pages" in printed
    assert min(vendors.times("bolt")) < 5.1 and len(vendors.times("acme")) >= 9


def test_a_closed_terminal_ends_the_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 2.20.5: SIGHUP because the terminal is gone ends the watch, as SIGTERM does: it would go on unseen."""
    passes, clock, vendors = simulated(tmp_path, "acme", every=60)
    is_open = [True]
    monkeypatch.setattr(os, "isatty", lambda _: is_open[0])

    def close_window() -> None:
        is_open[0] = False
        hang_up()

    clock.at(2.5, hang_up)
    clock.at(5, close_window)
    watch(passes, 10)
    assert 5 <= len(vendors.times("acme")) <= 6


def raise_usage() -> None:
    raise UsageError("pages: wrong: correct it")


def hang_up() -> None:
    import signal

    os.kill(os.getpid(), signal.SIGHUP)


def test_the_clock_is_not_the_machines() -> None:
    """A simulated clock moves only while the watch rests."""
    clock = SimulatedClock()
    clock.rest(60)
    assert clock.now() - START == timedelta(minutes=1)

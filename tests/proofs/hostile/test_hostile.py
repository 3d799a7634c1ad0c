"""Section 5 of the contract against an origin that means harm: the short form of tests/proofs/hostile."""

import gc
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from statuswatch.model.page import PageSnapshot
from statuswatch.rules.reconcile import reconcile
from tests.proofs.hostile.behaviours import EITHER, LATE, ROWS
from tests.proofs.hostile.costliest import WORST
from tests.proofs.hostile.origin import ACTS
from tests.proofs.hostile.trial import play
from tests.support.page_timeline import PAGE, START, feed, incident, update

QUICK = [row for row in ROWS if row.quick]
# What once took time with its square, each as long as it takes to see that.
LONG = {
    "incidentio: components of the page": 5000,
    "instatus: incidents without an id": 900,
    "instatus: updates of one entry of the feed": 700,
    "slack: notes of one incident": 1500,
    "slack: notes of one incident that is over": 1500,
    "statusio: incidents in one of many containers": 1500,
}


def assert_in_proportion(seconds: Callable[[int], float], entries: int) -> None:
    """Four times the entries are four times the work; sixteen times would be hours, of 10 MB. CPU is counted, not time;
    one of three measurements may tell.
    """
    gc.collect()
    gc.disable()
    try:
        ratios = (seconds(4 * entries) / seconds(entries) for _ in range(3))
        assert any(ratio < 8 for ratio in ratios)
    finally:
        gc.enable()


@pytest.mark.parametrize(("worst", "entries"), LONG.items())
def test_a_document_takes_time_in_proportion_to_its_length(worst: str, entries: int) -> None:
    """5: the longest documents cost seconds of CPU, which all other pages have to wait for, and not hours."""
    (found,) = [it for it in WORST if f"{it.platform}: {it.of}" == worst]
    assert_in_proportion(found.seconds, entries)


def test_a_list_of_others_takes_time_in_proportion_to_its_length() -> None:
    """5: so does a list in which nothing is left of what was open, and nothing is older than that."""

    def seconds(count: int) -> float:
        before = feed(*(incident(f"a{number}", update(-number, "x")) for number in range(count)))
        after = feed(*(incident(f"b{number}", update(number + 1, "x")) for number in range(count)))
        known = reconcile(PAGE, None, PageSnapshot(before, {}, 1), START).memory
        begun = time.process_time()
        reconcile(PAGE, known, PageSnapshot(after, {}, 1), START + timedelta(hours=1))
        return time.process_time() - begun

    assert_in_proportion(seconds, 700)


@pytest.mark.parametrize("late", [True, False], ids=["late", "wrong"])
def test_hostile_pages_beside_good_ones(tmp_path: Path, *, late: bool) -> None:
    """5: each fails for its reason or is read as it is, no other page is affected, nothing reaches the terminal raw;
    and when it is well again nothing false is told, and nothing is lost.
    """
    rows = [row for row in QUICK if late is (row.fails in (LATE, EITHER))]
    played = play(tmp_path, rows, 2 if late else 30)
    assert played.faults == []
    assert {name: faults for name, faults in played.of.items() if faults} == {}
    assert len(played.acts) == len(ACTS) and len(rows) > 10

"""Section 5 of the contract against an origin that means harm: the short form of tests/hostile."""

import gc
import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from statuswatch.review import Read, review_page
from tests.hostile.worst import WORST
from tests.life import PAGE, START, feed, incident, said

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
        before = feed(*(incident(f"a{number}", said(-number, "x")) for number in range(count)))
        after = feed(*(incident(f"b{number}", said(number + 1, "x")) for number in range(count)))
        known = review_page(PAGE, None, Read(before, {}, 1), START).memory
        begun = time.process_time()
        review_page(PAGE, known, Read(after, {}, 1), START + timedelta(hours=1))
        return time.process_time() - begun

    assert_in_proportion(seconds, 700)

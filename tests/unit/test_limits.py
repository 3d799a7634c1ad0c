"""Contract 6: what is remembered of one page has a bound well above every real page."""

from __future__ import annotations

import msgspec
import pytest

from statuswatch.model.event import EventKind
from statuswatch.model.incident import Component, Incident
from statuswatch.model.page import FailureKind
from statuswatch.rules.limits import MAX_BYTES, MAX_COMPONENTS, MAX_INCIDENTS, check_limits
from statuswatch.state import encode_page
from tests.support.page_timeline import PageTimeline, incident, update


def crowd(count: int, start: int = 0, minutes: float = -60) -> list[Incident]:
    """Return incidents that are over since then."""
    return [incident(f"i{number}", update(minutes, "resolved")) for number in range(start, start + count)]


def failure_of(timeline: PageTimeline) -> str:
    """Return why the last read failed; "" where it did not."""
    failure = timeline.outcome.failure
    assert failure is None or failure.kind is FailureKind.UNUSABLE_BODY
    return failure.reason if failure else ""


def test_a_page_of_too_many_incidents() -> None:
    """Contract 6.9: a page that lists more incidents than may be remembered has failed with that reason, keeps what it
    had, and reports afterwards what it missed.
    """
    timeline = PageTimeline()
    timeline.read(0, incident("a", update(-5, "investigating")))
    before = timeline.state
    assert timeline.read(5, *crowd(MAX_INCIDENTS + 1)) == []
    assert failure_of(timeline) == "it lists 5,001 incidents, more than 5,000"
    assert before and timeline.state and timeline.state.incidents == before.incidents
    (event,) = timeline.read(10, incident("a", update(-5, "investigating"), update(4, "resolved")))
    assert (event.kind, event.incident.id) == (EventKind.RESOLVED, "a")


def test_new_closed_incidents_at_every_read() -> None:
    """Contract 6.9: incidents that no page lists any more count as long as they are remembered."""
    timeline = PageTimeline()
    for number in range(4):
        timeline.read(5 * number, *crowd(2_000, start=2_000 * number, minutes=5 * number - 1))
    assert failure_of(timeline) == "6,000 incidents to remember, more than 5,000"
    assert timeline.state and len(timeline.state.incidents) == 4_000


def test_components_that_change_at_every_read() -> None:
    """Contract 6.9: an incident remembers every component that it ever named, up to a bound."""
    timeline = PageTimeline()
    timeline.read(0)
    reads = 0
    while not failure_of(timeline):
        names = tuple(f"c{reads}x{number}" for number in range(400))
        reads += 1
        timeline.read(5 * reads, incident("a", update(1, "investigating"), components=names))
    assert failure_of(timeline) == "more than 5,000 components of incident a to remember"
    assert reads == MAX_COMPONENTS // 400 + 1
    assert timeline.state and len(timeline.state.incidents["a"].former_components) == 4_400


def test_long_texts() -> None:
    """Contract 6.9: few incidents may be too much to remember by the length of their texts."""
    timeline = PageTimeline()
    timeline.read(0, incident("a", update(-5, "investigating")))
    long = [
        incident(f"i{number}", update(1, "investigating"), components=[f"{number} {'c' * 450}"])
        for number in range(4_000)
    ]
    assert timeline.read(5, *long) == []
    assert "bytes to remember, more than 2,000,000" in failure_of(timeline)
    assert timeline.state and set(timeline.state.incidents) == {"a"}


def test_the_bound_holds_for_the_file() -> None:
    """6: the bound is on what stands in the state file, but for its white space."""
    timeline = PageTimeline()
    timeline.read(0, *crowd(MAX_INCIDENTS))
    assert not failure_of(timeline) and timeline.state
    assert len(encode_page(timeline.state)) < MAX_BYTES


@pytest.mark.parametrize("former", [False, True])
def test_components_of_a_page_of_the_size_of_the_largest(*, former: bool) -> None:
    """6: a page of ten times the incidents and components of the largest recorded one is within the bounds."""
    timeline = PageTimeline()
    timeline.read(0, *crowd(1_570))
    assert timeline.state
    names = tuple(Component(f"Component {number}") for number in range(1_130))
    record = next(iter(timeline.state.incidents.values()))
    fields = {"former_components": names} if former else {"components": names}
    wide = msgspec.structs.replace(record, **fields)
    state = msgspec.structs.replace(timeline.state, incidents={**timeline.state.incidents, "wide": wide})
    assert check_limits(state) == ""

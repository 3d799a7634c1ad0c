"""Section 4 of the contract, rows 3b, 9b and 9c: what the vendor does to an incident that is over."""

import pytest

from statuswatch.model.incident import Component, Impact, Incident, IncidentKind
from statuswatch.rules.merge import merge_page
from tests.support.page_timeline import PageTimeline, at, incident, shape, update, with_fields

OLD = incident("old", update(-900, "investigating"), update(-890, "resolved"))
NEW = incident("n", update(59, "investigating"))


def timeline_of(*incidents: Incident) -> PageTimeline:
    timeline = PageTimeline()
    timeline.read(0, *incidents)
    return timeline


def resolved() -> PageTimeline:
    """A page that reported the beginning and the end of `a`, with updates 1 and 2."""
    timeline = timeline_of(OLD)
    timeline.read(2, incident("a", update(1, "investigating")), OLD)
    assert len(timeline.read(3, OVER, OLD)) == 1
    return timeline


OVER = incident("a", update(1, "investigating"), update(2, "resolved"))


# ---------------------------------------------------------------------------------------------------------- row 3b


@pytest.mark.parametrize("status", ["monitoring", "postmortem", "resolved"])
def test_row_3b_a_later_update_of_what_was_over(status: str) -> None:
    """Contract 4, row 3b: an unknown incident that closed before the baseline is an update, with what was published
    since only.
    """
    timeline = timeline_of(OLD)
    late = incident("x", update(-100, "investigating"), update(-90, "resolved"), update(3, status), status="resolved")
    assert shape(timeline.read(5, late, OLD)) == [("updated", "x", ["updates"], ["u3"])]
    assert timeline.read(10, late, OLD) == [] and not timeline.outcome.dirty


@pytest.mark.parametrize(("minutes", "events"), [(-1, []), (0, []), (1, [("updated", "x", ["updates"], ["u1"])])])
def test_row_3b_later_than_the_baseline(minutes: int, events: list[object]) -> None:
    """Contract 4, row 3b: an update as old as the baseline is not later."""
    late = incident("x", update(-9, "investigating"), update(-8, "resolved"), update(minutes, "postmortem"))
    assert shape(timeline_of(OLD).read(5, late, OLD)) == events


def test_row_3b_a_note_between_end_and_postmortem() -> None:
    """Contract 4, row 3b: a postmortem is no end of its own, also after a note under an open status."""
    parts = [update(-9, "investigating"), update(-8, "resolved"), update(-7, "monitoring"), update(3, "postmortem")]
    assert shape(timeline_of(OLD).read(5, incident("x", *parts), OLD)) == [("updated", "x", ["updates"], ["u3"])]


@pytest.mark.parametrize("last", [("resolved",), ("investigating", "resolved"), ("postmortem",), ("available",)])
def test_row_3_an_end_since_the_baseline(last: tuple[str, ...]) -> None:
    """Contract 4, row 3: one that ended since, reopened before or not, is missed; so is one of which no update says
    when it ended.
    """
    parts = [update(-9, "investigating"), *(update(number, status) for number, status in enumerate(last, 1))]
    begun = (update(-8, "resolved", key="first"),) if len(last) > 1 else ()
    ended = incident("x", parts[0], *begun, *parts[1:], status="resolved")
    (event,) = timeline_of(OLD).read(5, ended, OLD)
    assert shape([event])[0][:3] == ("resolved", "x", ["missed"]) and event.updates == ended.updates


def test_row_3b_what_was_pruned() -> None:
    """Contract 4, row 3b, and 6.3: a forgotten incident that is listed again with a postmortem is an update, not a
    second end.
    """
    day = 24 * 60
    timeline = timeline_of(OLD)
    timeline.read(3, OVER, OLD)
    timeline.read(100 * day, OLD, incident("n", update(100 * day, "investigating")))
    assert timeline.state and "a" not in timeline.state.incidents
    noted = incident("a", *OVER.updates, update(100 * day + 1, "postmortem"))
    events = timeline.read(100 * day + 5, noted, OLD, incident("n", update(100 * day, "investigating")))
    assert [(kind, changes, len(ids)) for kind, _, changes, ids in shape(events)] == [("updated", ["updates"], 1)]


def test_expired_at_first_sight() -> None:
    """Contract 4.11: what is past its 14 days when it is first seen is remembered as expired, and no event."""
    timeline = timeline_of(OLD)
    silent = incident("x", update(1, "investigating"), status="expired")
    assert timeline.read(5, silent, OLD) == [] and not timeline.outcome.dirty
    timeline.read(10, silent, OLD, NEW)
    assert timeline.state and timeline.state.incidents["x"].status == "expired"
    closed = incident("x", update(1, "investigating"), update(20, "monitoring"), update(21, "resolved"))
    assert shape(timeline.read(25, closed, OLD, NEW)) == [("updated", "x", ["updates", "status"], ["u20", "u21"])]


# ------------------------------------------------------------------------------------------------- rows 9, 9b and 9c

DETAILS = [
    {"components": (Component("API"), Component("Web"))},
    {"impact": Impact.CRITICAL},
    {"title": "Another title"},
    {"status": "postmortem"},
    {"status": "completed", "title": "Another title", "impact": Impact.NONE, "components": (Component("Web"),)},
    {"kind": IncidentKind.MAINTENANCE, "scheduled_for": at(9)},
]


@pytest.mark.parametrize("details", DETAILS)
def test_row_9b_details_of_what_is_over(details: dict[str, object]) -> None:
    """Contract 4, row 9b: of a closed incident, only components, impact, title or the closed status differ: no event,
    no write.

    Recorded: Google Cloud changes the products of incidents that closed up to ten months before.
    """
    timeline = resolved()
    assert timeline.read(5, with_fields(OVER, **details), OLD) == [] and not timeline.outcome.dirty
    assert timeline.read(9000, with_fields(OVER, **details), OLD) == [] and not timeline.outcome.dirty


def test_row_9b_is_saved_with_the_next_write() -> None:
    """Contract 4, row 9b: the next write has it, and what filters look at includes it."""
    timeline = resolved()
    changed = with_fields(OVER, impact=Impact.CRITICAL, components=(Component("Web"),), status="postmortem")
    timeline.read(5, changed, OLD)
    timeline.read(60, changed, OLD, NEW)
    assert timeline.state
    record = timeline.state.incidents["a"]
    assert (record.impact, record.status, record.components) == (Impact.CRITICAL, "postmortem", (Component("Web"),))
    later = incident("a", *OVER.updates, update(70, "postmortem"), impact=Impact.MINOR, components=("Web",))
    (event,) = timeline.read(75, later, OLD, NEW)
    assert event.peak_impact is Impact.CRITICAL and Component("API") in event.all_components


def test_row_8_beside_details() -> None:
    """4.8: a new update of a closed incident is an event, and says what else differs."""
    later = incident("a", *OVER.updates, update(4, "postmortem"), title="Renamed", components=("API", "Web"))
    assert shape(resolved().read(5, later, OLD)) == [
        ("updated", "a", ["updates", "status", "title", "components"], ["u4"])
    ]


@pytest.mark.parametrize("edit", [update(2, "resolved", "It was DNS."), update(2, "completed", "resolved", key="u2")])
def test_row_9_an_edit_after_the_end(edit: object) -> None:
    """Contract 4, row 9: an update of a closed incident that is edited in place, in its body or its status, is an
    event.
    """
    edited = with_fields(OVER, updates=(OVER.updates[0], edit))
    assert shape(resolved().read(5, edited, OLD)) == [("updated", "a", ["edited"], ["u2"])]


def test_row_9c_an_edit_of_what_was_over_at_the_baseline() -> None:
    """Contract 4, row 9c: an edit of an incident that was closed at the baseline is no event and no write, at any later
    read.
    """
    timeline = timeline_of(OLD)
    edited = with_fields(OLD, updates=(OLD.updates[0], update(-890, "resolved", "It was DNS.")))
    assert len(timeline.read(5, edited, NEW)) == 1  # a write for another reason
    assert timeline.read(10, edited, NEW) == [] and not timeline.outcome.dirty
    again = with_fields(OLD, updates=(OLD.updates[0], update(-890, "completed", "Or not.", key="u-890")))
    assert timeline.read(15, again, NEW) == [] and not timeline.outcome.dirty


@pytest.mark.parametrize(("minutes", "is_event"), [(-895, False), (-890, False), (-889, True), (3, True)])
def test_row_9c_only_a_later_update(minutes: int, *, is_event: bool) -> None:
    """Contract 4, row 9c: only what is published later than the last update is an event; one as old, or older, is
    none.
    """
    timeline = timeline_of(OLD)
    updates = sorted((*OLD.updates, update(minutes, "resolved", "Added.", "added")), key=lambda part: part.created_at)
    grown = incident("old", *updates, status="resolved")
    events = timeline.read(5, grown)
    assert shape(events) == ([("updated", "old", ["updates"], ["added"])] if is_event else [])
    assert timeline.outcome.dirty is is_event
    later = incident("old", *updates, update(7, "postmortem"))
    assert shape(timeline.read(10, later)) == [("updated", "old", ["updates", "status"], ["u7"])]


def test_row_9c_stays_after_a_later_update() -> None:
    """Contract 4, row 9c: an incident that was over at the baseline is so for good: an edit after a reported update is
    no event.
    """
    timeline = timeline_of(OLD)
    noted = incident("old", *OLD.updates, update(3, "postmortem"))
    assert len(timeline.read(5, noted)) == 1
    assert timeline.state and timeline.state.incidents["old"].closed_at_baseline
    edited = with_fields(noted, updates=(*OLD.updates, update(3, "postmortem", "Corrected.")))
    assert timeline.read(10, edited) == [] and not timeline.outcome.dirty


def test_row_9c_ends_with_a_reopening() -> None:
    """Contract 4, rows 6, 7 and 9c: a reopening is an event; from then on the incident is like any other."""
    timeline = timeline_of(OLD)
    again = incident("old", *OLD.updates, update(3, "investigating"))
    assert shape(timeline.read(5, again)) == [("updated", "old", ["reopened"], ["u3"])]
    over = incident("old", *again.updates, update(7, "resolved"))
    assert shape(timeline.read(10, over)) == [("resolved", "old", ["status"], ["u7"])]
    edited = with_fields(over, updates=(*again.updates, update(7, "resolved", "It was DNS.")))
    assert shape(timeline.read(15, edited)) == [("updated", "old", ["edited"], ["u7"])]
    twice = incident("old", *OLD.updates, update(3, "investigating"), update(7, "resolved"))
    assert shape(timeline_of(OLD).read(10, twice)) == [("resolved", "old", ["reopened"], ["u3", "u7"])]


def test_row_9c_ends_with_a_reopening_after_an_event() -> None:
    """Contract 4, rows 7 and 9c: so it is where the incident had an event before, and was over again at the next read;
    and after a merge with a side that saw that event only (6.12).
    """
    timeline = timeline_of(OLD)
    noted = incident("old", *OLD.updates, update(3, "postmortem"))
    assert shape(timeline.read(5, noted)) == [("updated", "old", ["updates", "status"], ["u3"])]
    other = timeline.state
    again = (*noted.updates, update(7, "investigating"), update(8, "resolved"))
    assert shape(timeline.read(10, incident("old", *again))) == [("resolved", "old", ["reopened"], ["u7", "u8"])]
    assert timeline.state and other
    merged = PageTimeline()
    merged.state = merge_page(None, other, timeline.state)
    edited = incident("old", *again[:-1], update(8, "resolved", "It was DNS."))
    for side in (timeline, merged):
        assert shape(side.read(15, edited)) == [("updated", "old", ["edited"], ["u8"])]


def test_cancelled_closes() -> None:
    """Contract 4.2: `cancelled` is a closed status, in a maintenance and elsewhere."""
    window = incident("m", update(-5, "scheduled"), kind=IncidentKind.MAINTENANCE, impact=Impact.MAINTENANCE)
    timeline = timeline_of(OLD, window)
    cancelled = with_fields(window, status="cancelled", updates=(*window.updates, update(3, "cancelled")))
    assert shape(timeline.read(5, OLD, cancelled)) == [("resolved", "m", ["status"], ["u3"])]
    assert timeline.read(10, OLD, cancelled) == []

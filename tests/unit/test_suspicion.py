"""Section 5 of the contract: which reads are suspicious, and when a suspicion is believed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from statuswatch.model.incident import IncidentKind
from statuswatch.rules.suspicion import find_suspicion
from tests.support.page_timeline import PageTimeline, at, feed, incident, shape, snapshot, update, with_fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from statuswatch.model.event import Event
    from statuswatch.model.incident import Incident

INCIDENTS = frozenset({IncidentKind.INCIDENT})
OLD = incident("old", update(-900, "investigating"), update(-890, "resolved"))
BEGUN, NOTED, ENDED = update(1, "investigating"), update(10, "monitoring"), update(20, "resolved")
OVER = incident("a", BEGUN, NOTED, ENDED)
DAY = 24 * 60
ONLY_OPEN = {"history": frozenset[IncidentKind](), "current": INCIDENTS}


def timeline_of(*incidents: Incident, **fields: object) -> PageTimeline:
    timeline = PageTimeline()
    timeline.read(0, *incidents, **fields)
    return timeline


def is_suspicious(timeline: PageTimeline, *incidents: Incident) -> bool:
    assert timeline.state
    return bool(find_suspicion(timeline.state, feed(*incidents)))


@pytest.mark.parametrize(
    ("minutes", "is_stale"), [(15, True), (20, True), (20 + 0.5 / 60, True), (20 + 1 / 60, False), (25, False)]
)
def test_the_newest_known_update_is_missing(minutes: float, *, is_stale: bool) -> None:
    """Contract 5.5: a copy that lacks an incident's newest known update is an older one, unless it has a later one.

    One of the same second is not later: remembered times are cut to the second.
    """
    timeline = timeline_of(OVER, OLD)
    other = update(minutes, "monitoring", key="other")
    assert is_suspicious(timeline, incident("a", BEGUN, NOTED, other, status="resolved"), OLD) is is_stale


def test_a_later_update_is_reported_though_the_newest_known_one_is_missing() -> None:
    """Contract 4, row 8, and 5.5: what the vendor took back is no event; what is later is one, at once."""
    timeline = timeline_of(incident("a", BEGUN, NOTED), OLD)
    rewritten = incident("a", BEGUN, update(12, "monitoring"))
    assert shape(timeline.read(15, rewritten, OLD)) == [("updated", "a", ["updates"], ["u12"])]
    assert timeline.read(20, rewritten, OLD) == [] and not timeline.outcome.dirty
    assert timeline.read(25, incident("a", BEGUN, NOTED), OLD) == [] and timeline.outcome.notes.suspicion


@pytest.mark.parametrize("missing", [False, True])
def test_reopened_and_closed_again_since_the_end(*, missing: bool) -> None:
    """4.7: that holds also where the vendor took back the update that closed it first."""
    timeline = timeline_of(incident("a", BEGUN), OLD)
    timeline.read(21, OVER, OLD)
    before = (BEGUN, NOTED) if missing else OVER.updates
    twice = incident("a", *before, update(30, "identified"), update(40, "resolved", key="again"))
    assert shape(timeline.read(45, twice, OLD)) == [("resolved", "a", ["reopened"], ["u30", "again"])]


@pytest.mark.parametrize("minutes", [19, 20, 20 + 1 / 60, 30])
def test_open_again_after_an_end_that_the_vendor_published(minutes: float) -> None:
    """Contract 5.5: an incident known closed that is listed open with nothing later than its end is suspected, else it
    reopened.

    The end is the time of its closing update. An update that stands after that one is later, even by less than a
    second.
    """
    timeline = timeline_of(incident("a", BEGUN), OLD)
    timeline.read(21, OVER, OLD)
    again = incident("a", *OVER.updates, update(minutes, "identified", key="again"))
    if minutes < 20:
        again = with_fields(again, updates=tuple(sorted(again.updates, key=lambda update: update.created_at)))
    assert is_suspicious(timeline, again, OLD) is (minutes < 20)


def test_open_again_without_an_update() -> None:
    """Contract 4, row 6, and 5.5.1: without any later update it is suspected for half an hour, and then it has
    reopened.
    """
    timeline = timeline_of(incident("a", BEGUN), OLD)
    timeline.read(21, OVER, OLD)
    again = with_fields(OVER, status="investigating")
    assert timeline.read(25, again, OLD) == [] and "nothing later than its end" in timeline.outcome.notes.suspicion
    assert timeline.read(54, again, OLD) == [] and not timeline.outcome.dirty
    assert shape(timeline.read(55, again, OLD)) == [("updated", "a", ["reopened"], [])]
    assert timeline.read(60, again, OLD) == [] and not timeline.outcome.notes.suspicion


@pytest.mark.parametrize(("minutes", "is_stale"), [(15, True), (30, True), (30 + 1 / 60, False)])
def test_open_again_after_an_end_that_we_detected(minutes: float, *, is_stale: bool) -> None:
    """Contract 4.5.1: the end of what was no longer listed is the time of our detection, whatever the vendor published
    before.
    """
    timeline = timeline_of(incident("a", BEGUN), **ONLY_OPEN)
    for moment in (30, 30.5, 45):  # the first of these reads that proves the absence counts
        if any(event.kind == "resolved" for event in timeline.read(moment, **ONLY_OPEN)):
            break
    assert timeline.state
    detected = (timeline.state.incidents["a"].last_update_at - at(30)) / timedelta(minutes=1)
    later = incident("a", BEGUN, update(minutes + detected, "identified"))
    assert bool(find_suspicion(timeline.state, feed(later, **ONLY_OPEN))) is is_stale


def test_a_later_incident_of_the_same_id() -> None:
    """5: an incident that was created, or that its list says was changed, after the end is no older copy."""
    timeline = timeline_of(incident("a", BEGUN), OLD)
    timeline.read(21, OVER, OLD)
    assert is_suspicious(timeline, with_fields(incident("a", BEGUN), updates=(), created_at=at(20)), OLD)
    assert not is_suspicious(timeline, with_fields(incident("a", BEGUN), updates=(), created_at=at(21)), OLD)
    assert not is_suspicious(timeline, with_fields(incident("a", BEGUN), updates=(), position=at(21)), OLD)
    assert is_suspicious(timeline, with_fields(OVER, status="investigating", position=at(20)), OLD)
    assert not is_suspicious(timeline, with_fields(OVER, status="investigating", position=at(21)), OLD)


def test_a_window_is_not_later_for_its_planned_start() -> None:
    """5: an older copy of a window that was cancelled before it began is suspected, though it is dated by its start."""
    window = incident("m", kind=IncidentKind.MAINTENANCE, status="scheduled", created_at=at(DAY), position=at(DAY))
    fields = {"history": frozenset[IncidentKind](), "current": frozenset({IncidentKind.MAINTENANCE})}
    timeline = timeline_of(window, **fields)
    timeline.read(5, **fields)
    timeline.read(20, **fields)
    assert timeline.read(25, window, **fields) == [] and timeline.outcome.notes.suspicion


def believe_at(timeline: PageTimeline, reads: Iterable[int], **fields: object) -> int:
    """Read an older copy at these minutes; return the first at which it is believed."""
    for minutes in reads:
        timeline.apply(minutes, msgspec.structs.replace(snapshot(incident("a", BEGUN), OLD), **fields))
        if not timeline.outcome.notes.suspicion:
            return minutes
    return -1


def test_a_copy_that_shows_no_age_is_believed_after_half_an_hour() -> None:
    """Contract 5.5.1: that is at a read at least 30 minutes after the first suspicious one, not earlier."""
    timeline = timeline_of(OVER, OLD)
    assert believe_at(timeline, (25, 54, 55)) == 55


@pytest.mark.parametrize("header", ["Last-Modified", "Age"])
def test_a_copy_that_is_provably_old_is_believed_after_a_day(header: str) -> None:
    """Contract 5.5.1: a read with an older `Last-Modified`, or an `Age` from before the last good read, is believed
    after a day.
    """
    fields = {"last_modified": {"incidents.json": at(0)}, "age": 0}
    timeline = PageTimeline()
    timeline.apply(0, msgspec.structs.replace(snapshot(OVER, OLD), **fields))
    old = {"last_modified": {"incidents.json": at(-1)}, "age": 0} if header == "Last-Modified" else fields
    reads = (25, 55, DAY + 24, DAY + 25)
    if header == "Last-Modified":
        assert believe_at(timeline, reads, **old) == DAY + 25
        assert timeline.state and timeline.state.last_modified == old["last_modified"], "so the next is as old"
        return
    for minutes in reads[:-1]:
        assert believe_at(timeline, [minutes], **{**old, "age": minutes * 60 + 1}) == -1
    assert believe_at(timeline, [reads[-1]], **{**old, "age": reads[-1] * 60 + 1}) == reads[-1]


@pytest.mark.parametrize(("field", "value"), [("last_modified", {"incidents.json": at(0)}), ("age", 55 * 60)])
def test_a_copy_as_old_as_the_last_good_read_is_not_provably_old(field: str, value: object) -> None:
    """Contract 5.5.1: equal times prove nothing."""
    timeline = PageTimeline()
    timeline.apply(0, msgspec.structs.replace(snapshot(OVER, OLD), last_modified={"incidents.json": at(0)}, age=0))
    assert believe_at(timeline, [25]) == -1
    assert believe_at(timeline, [55], **{field: value}) == 55


def test_an_older_page_time_is_provably_old() -> None:
    """Contract 5.5.1: a page time that went back is a suspicion by itself, is believed after a day, and is then the
    known one.
    """
    older = {"updated_at": {"incidents.json": at(-1)}}
    timeline = timeline_of(OLD, updated_at={"incidents.json": at(0)})
    for minutes in (5, 35, DAY + 4):
        assert timeline.read(minutes, OLD, **older) == [] and timeline.outcome.notes.suspicion
    assert timeline.read(DAY + 5, OLD, **older) == [] and not timeline.outcome.notes.suspicion
    assert timeline.outcome.dirty and timeline.state and timeline.state.updated_at == older["updated_at"]
    assert timeline.read(DAY + 10, OLD, **older) == [] and not timeline.outcome.dirty


def test_a_page_time_that_may_go_back() -> None:
    """Contract 5.5: where the platform's page time goes back when an incident ends, it is no evidence, however old."""
    timeline = timeline_of(OLD, updated_at={"current": at(0)}, time_may_go_back=True)
    assert timeline.read(5, OLD, updated_at={"current": at(-DAY)}, time_may_go_back=True) == []
    assert not timeline.outcome.notes.suspicion


def read_between(timeline: PageTimeline, result: str) -> list[Event]:
    match result:
        case "good":
            return timeline.read(20, OVER, OLD)
        case "failed":
            return timeline.fail(20)
        case _:
            return timeline.unchanged(20)


@pytest.mark.parametrize(("result", "believed_at"), [("good", 65), ("failed", 35), ("unchanged", 35)])
def test_a_read_between_two_suspicious_ones(result: str, believed_at: int) -> None:
    """Contract 5.5.1: an unsuspicious good read starts the half hour anew. A failed one does not, and neither does one
    whose documents all answer 304: it says what the last read said, and counts neither for nor against a suspicion.
    """
    timeline = timeline_of(OVER, OLD)
    assert believe_at(timeline, [5]) == -1
    assert read_between(timeline, result) == []
    assert believe_at(timeline, [35, 40, 64, 65]) == believed_at


def test_documents_that_answer_304_believe_nothing() -> None:
    """Contract 5.6: half an hour of 304 after a suspicious read does not make it believed."""
    timeline = timeline_of(OVER, OLD)
    believe_at(timeline, [5])
    assert timeline.unchanged(40) == [] and not timeline.outcome.dirty
    assert timeline.state and timeline.state.suspicion and timeline.state.incidents["a"].status == "resolved"


@pytest.mark.parametrize("behind", [3 * 60, 3650 * DAY])
def test_a_clock_that_jumps_back(behind: int) -> None:
    """Contract 4.4.6: a suspicion noted by a clock that ran ahead begins anew."""
    timeline = timeline_of(OVER, OLD)
    believe_at(timeline, [behind])
    assert believe_at(timeline, [25, 54, 55]) == 55


def test_a_last_read_that_a_clock_ahead_dated() -> None:
    """Contract 4.4.6: a last good read of a time that has not come yet counts as the run's: any `Age` is from before
    it.
    """
    for age, believed_at in ((0, 55), (1, DAY + 25)):
        timeline = timeline_of(OVER, OLD)
        newer = snapshot(OVER, OLD, incident("n", update(30, "investigating")))
        timeline.apply(3650 * DAY, msgspec.structs.replace(newer, age=0))
        assert believe_at(timeline, [25, 55, DAY + 24, DAY + 25], age=age) == believed_at


def test_a_detection_that_a_clock_ahead_dated() -> None:
    """4.6, 5: a reopening is no more than half an hour late though its end was detected by a clock far ahead."""
    timeline = timeline_of(incident("a", BEGUN), **ONLY_OPEN)
    timeline.read(3650 * DAY, **ONLY_OPEN)
    timeline.read(3650 * DAY + 10, **ONLY_OPEN)
    again = incident("a", BEGUN, update(40, "identified"))
    timeline.read(45, again, **ONLY_OPEN)
    assert shape(timeline.read(75, again, **ONLY_OPEN)) == [("updated", "a", ["reopened"], ["u40"])]


@pytest.mark.parametrize("expired_by_vendor_time", [False, True])
def test_an_expired_incident_that_is_listed_as_it_was(*, expired_by_vendor_time: bool) -> None:
    """Contract 4.11: it is neither a suspicion nor a reopening, however often it is read; a later update reopens it."""
    timeline = timeline_of(incident("a", BEGUN), OLD)
    assert timeline.state
    fields = {"status": "expired"} if expired_by_vendor_time else {"status": "expired", "last_update_at": at(15 * DAY)}
    expired = msgspec.structs.replace(timeline.state.incidents["a"], event_count=1, **fields)
    timeline.state = msgspec.structs.replace(timeline.state, incidents={**timeline.state.incidents, "a": expired})
    for minutes in (15 * DAY + 5, 15 * DAY + 60):
        assert timeline.read(minutes, with_fields(incident("a", BEGUN), title="Renamed"), OLD) == []
        assert not timeline.outcome.notes.suspicion and not timeline.outcome.dirty
    later = update(15 * DAY + 61, "identified")
    assert shape(timeline.read(15 * DAY + 65, incident("a", BEGUN, later), OLD)) == [
        ("updated", "a", ["reopened"], [later.id])
    ]

"""Section 4 of the contract, row by row, and section 5's suspicions: the pure rules."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import msgspec
import pytest

from statuswatch.model.digest import encode_updates
from statuswatch.model.event import Change
from statuswatch.model.incident import Component, Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.rules import diff
from statuswatch.rules.filters import passes
from statuswatch.rules.record import new_record, updated_record
from statuswatch.rules.updates import compare_updates
from statuswatch.state import encode_page
from tests.support.page_timeline import PAGE, PageTimeline, at, incident, shape, snapshot, update, with_fields

OPEN = incident("a", update(1, "investigating"))
OLD = incident("old", update(-900, "investigating"), update(-890, "resolved"))
INCIDENTS = frozenset({IncidentKind.INCIDENT})
ONLY_OPEN = {"history": frozenset[IncidentKind](), "current": INCIDENTS}
FULL = {"window_sizes": {IncidentKind.INCIDENT: 1}}  # a history that every read here fills
NOT_FULL = {"window_sizes": {IncidentKind.INCIDENT: 50}}


def timeline_of(*baseline: object, **fields: object) -> PageTimeline:
    timeline = PageTimeline()
    assert timeline.read(0, *baseline, **fields) == []  # type: ignore[arg-type]
    return timeline


def test_what_an_incident_has() -> None:
    """Contract 4.1 and 4.2: what incidents and updates have, their kinds and impacts, and which statuses are closed."""
    fields = {"id", "kind", "title", "status", "impact", "url", "created_at", "components", "updates"}
    assert fields | {"scheduled_for", "scheduled_until"} <= set(Incident.__struct_fields__)
    assert {"id", "status", "body", "created_at", "display_at"} <= set(IncidentUpdate.__struct_fields__)
    assert {*map(str, IncidentKind)} == {"incident", "maintenance", "page"}
    assert {*map(str, Impact)} == {"none", "minor", "major", "critical", "maintenance", "unknown"}
    closed = {"resolved", "postmortem", "completed", "cancelled", "expired"}
    for status in (*closed, "investigating", "monitoring", "scheduled", "in_progress", "verifying", "reported"):
        assert incident("a", update(1, status)).closed is (status in closed)


def test_row_1_first_read() -> None:
    """Contract 4, row 1: the first read of a page reports nothing, and the run says how many incidents are open."""
    timeline = PageTimeline()
    assert timeline.read(0, OPEN, OLD) == []
    assert timeline.outcome.is_baseline and timeline.outcome.dirty
    assert timeline.state and sum(not record.closed for record in timeline.state.incidents.values()) == 1


def test_row_1_announced() -> None:
    """Contract 2.1: with --announce-open a baseline reports what is open, as new, and nothing that is closed."""
    timeline = PageTimeline()
    events = timeline.apply(0, snapshot(OPEN, OLD), announce_open=True)
    assert shape(events) == [("new", "a", [], ["u1"])]
    assert timeline.read(5, OPEN, OLD) == []


def test_row_2_new() -> None:
    """Contract 4, row 2, and 4.3: an unknown id that is open is new, with all its updates, oldest first."""
    timeline = timeline_of(OLD)
    events = timeline.read(5, incident("a", update(1, "investigating"), update(3, "identified")), OLD)
    assert shape(events) == [("new", "a", [], ["u1", "u3"])]


def test_row_2_new_though_old() -> None:
    """Contract 4, row 2: an unknown open incident is new however long ago it began."""
    assert shape(timeline_of(OLD).read(5, incident("z", update(-5000, "investigating")), OLD)) == [
        ("new", "z", [], ["u-5000"])
    ]


def test_row_3_missed() -> None:
    """Contract 4, row 3: what opened and closed between two runs is reported once, as resolved, with all its
    updates.
    """
    timeline = timeline_of(OLD)
    missed = incident("a", update(1, "investigating"), update(3, "resolved"))
    assert shape(timeline.read(60, missed, OLD)) == [("resolved", "a", ["missed"], ["u1", "u3"])]
    assert timeline.read(65, missed, OLD) == []


def test_row_3_missed_by_a_later_update() -> None:
    """Contract 4, row 3: an unknown closed incident counts as missed when any update of it is later than the
    baseline.
    """
    timeline = timeline_of(OLD)
    late = incident("a", update(-100, "investigating"), update(2, "postmortem"))
    assert shape(timeline.read(5, late, OLD)) == [("resolved", "a", ["missed"], ["u-100", "u2"])]


def test_row_4_unknown_and_over_before_the_baseline() -> None:
    """Contract 4, row 4: an unknown closed incident older than the baseline is no event; the next write, if any,
    remembers it.
    """
    timeline = timeline_of(OLD)
    older = incident("older", update(-999, "investigating"), update(-990, "resolved"))
    assert timeline.read(5, OLD, older) == [] and not timeline.outcome.dirty
    timeline.read(10, OPEN, OLD, older)
    assert timeline.state and "older" in timeline.state.incidents


def test_row_5_resolved() -> None:
    """Contract 4, row 5: a known open incident that is closed now is resolved, with the updates not reported before."""
    timeline = timeline_of(OPEN)
    over = incident("a", update(1, "investigating"), update(7, "monitoring"), update(9, "resolved"))
    assert shape(timeline.read(10, over)) == [("resolved", "a", ["status"], ["u7", "u9"])]


def test_row_6_reopened() -> None:
    """Contract 4, row 6: a known closed incident that is open again is an update, reopened."""
    timeline = timeline_of(incident("a", update(-9, "investigating"), update(-8, "resolved")))
    again = incident("a", update(-9, "investigating"), update(-8, "resolved"), update(4, "identified"))
    assert shape(timeline.read(5, again)) == [("updated", "a", ["reopened"], ["u4"])]


def test_row_7_reopened_and_closed_again() -> None:
    """Contract 4, row 7: a known closed incident that reopened and closed again since is resolved, reopened."""
    timeline = timeline_of(incident("a", update(-9, "investigating"), update(-8, "resolved")))
    twice = incident(
        "a", update(-9, "investigating"), update(-8, "resolved"), update(4, "identified"), update(6, "resolved")
    )
    assert shape(timeline.read(9, twice)) == [("resolved", "a", ["reopened"], ["u4", "u6"])]


def test_row_7_not_by_a_note_after_the_end() -> None:
    """Contract 4, row 7: a note after the end, under whatever status, reopens nothing while the vendor's status is
    closed.
    """
    timeline = timeline_of(incident("a", update(-9, "investigating"), update(-8, "resolved")))
    noted = incident(
        "a", update(-9, "investigating"), update(-8, "resolved"), update(4, "monitoring"), status="resolved"
    )
    assert shape(timeline.read(9, noted)) == [("updated", "a", ["updates"], ["u4"])]


def test_row_7_not_by_what_came_before_it_was_missed() -> None:
    """Contract 4, row 7: updates from before a delisted incident's end, published afterwards, are no reopening."""
    timeline = timeline_of(OPEN, **ONLY_OPEN)
    timeline.read(2, **ONLY_OPEN)
    assert shape(timeline.read(12, **ONLY_OPEN)) == [("resolved", "a", ["delisted"], [])]
    story = incident("a", update(1, "investigating"), update(6, "monitoring"), update(8, "resolved"))
    assert shape(timeline.read(14, story, **ONLY_OPEN)) == [("updated", "a", ["updates"], ["u6", "u8"])]


def test_row_8_updates() -> None:
    """Contract 4, row 8: new updates of a known incident are reported with what else differs."""
    timeline = timeline_of(OPEN)
    updates = update(1, "investigating"), update(7, "identified")
    more = incident("a", *updates, impact=Impact.MAJOR, components=("API", "Web"))
    assert shape(timeline.read(9, more)) == [("updated", "a", ["updates", "status", "impact", "components"], ["u7"])]


def test_row_8_postmortem() -> None:
    """Contract 4, row 8: a postmortem of a known closed incident is an update of it, not a second resolution."""
    timeline = timeline_of(incident("a", update(-9, "investigating"), update(-8, "resolved")))
    after = incident("a", update(-9, "investigating"), update(-8, "resolved"), update(4, "postmortem"))
    assert shape(timeline.read(5, after)) == [("updated", "a", ["updates", "status"], ["u4"])]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ("status", {"status": "monitoring"}),
        ("impact", {"impact": Impact.CRITICAL}),
        ("title", {"title": "Another title"}),
        ("components", {"components": (Component("API"), Component("Web"))}),
        ("edited", {"updates": (update(1, "investigating", "another body"),)}),
        ("edited", {"updates": (update(1, "identified", "investigating", key="u1"),)}),
    ],
)
def test_row_9_without_a_new_update(change: str, fields: dict[str, object]) -> None:
    """Contract 4, row 9, and 4.7: what differs without a new update is reported once."""
    timeline = timeline_of(OPEN)
    changed = with_fields(OPEN, **fields)
    assert [(kind, changes) for kind, _, changes, _ in shape(timeline.read(5, changed))] == [("updated", [change])]
    assert timeline.read(10, changed) == []


def test_row_8_many_updates() -> None:
    """Contract 4, row 8: any number of updates is reported."""
    timeline = timeline_of(OPEN)
    many = [update(1 + number / 10_000, "update", key=f"u1-{number}") for number in range(20_000)]
    (event,) = timeline.read(9, incident("a", update(1, "investigating"), *many))
    assert len(event.updates) == 20_000


def test_row_9_edit_carries_the_new_words() -> None:
    """Contract 4, row 9: an update that was edited in place is carried with its new body."""
    events = timeline_of(OPEN).read(5, with_fields(OPEN, updates=(update(1, "investigating", "It was the database."),)))
    assert events[0].updates[0].body == "It was the database."


def test_row_9_schedule() -> None:
    """Contract 4, row 9, and 4.7: a maintenance that moves is a change of schedule."""
    window = incident(
        "m", update(-5, "scheduled"), kind=IncidentKind.MAINTENANCE, scheduled_for=at(100), scheduled_until=at(160)
    )
    dirty = with_fields(window, scheduled_for=at(200), scheduled_until=at(260))
    assert shape(timeline_of(OLD, window).read(5, OLD, dirty)) == [("updated", "m", ["schedule"], [])]


def test_row_10_closed_and_gone() -> None:
    """Contract 4, row 10: a known closed incident that leaves the feed is no event, and stays in the state."""
    timeline = timeline_of(OLD, incident("b", update(-9, "investigating"), update(-8, "resolved")))
    assert timeline.read(5, OLD, complete=INCIDENTS) == [] and not timeline.outcome.dirty
    assert timeline.state and "b" in timeline.state.incidents


def test_row_11_delisted() -> None:
    """Contract 4, row 11: where a platform lists only what is open, what is absent at two reads 10 minutes apart is
    delisted.
    """
    timeline = timeline_of(OPEN, **ONLY_OPEN)
    assert timeline.read(5, **ONLY_OPEN) == [] and timeline.read(14, **ONLY_OPEN) == []
    assert shape(timeline.read(15, **ONLY_OPEN)) == [("resolved", "a", ["delisted"], [])]
    assert timeline.read(20, **ONLY_OPEN) == []


def test_row_11_at_once_in_a_newer_read() -> None:
    """Contract 4, row 11: at once, where a page time, a `Last-Modified` or an entry shows that the read is newer."""
    newer_entry = incident("b", update(4, "investigating"))
    timeline = timeline_of(OPEN, **ONLY_OPEN)
    assert [event.incident.id for event in timeline.read(5, newer_entry, **ONLY_OPEN)] == ["b", "a"]
    timeline = timeline_of(OPEN, **ONLY_OPEN, updated_at={"feed": at(0)})
    assert len(timeline.read(5, **ONLY_OPEN, updated_at={"feed": at(4)})) == 1
    timeline = timeline_of(OPEN, **ONLY_OPEN, updated_at={"feed": at(0)})
    assert timeline.read(5, **ONLY_OPEN, updated_at={"feed": at(0)}) == []
    listed, ended = snapshot(OPEN, **ONLY_OPEN), snapshot(**ONLY_OPEN)
    for later, count in ((0, 0), (1, 1)):
        timeline = PageTimeline()
        timeline.apply(0, msgspec.structs.replace(listed, last_modified={"feed": at(0)}))
        assert len(timeline.apply(5, msgspec.structs.replace(ended, last_modified={"feed": at(later)}))) == count


def test_row_11_not_at_once_beside_a_history() -> None:
    """Contract 4, row 11: where the page keeps a history, which may lag, a newer read alone shows no end."""
    both = {"current": INCIDENTS, "complete": INCIDENTS}
    timeline = timeline_of(OPEN, OLD, **both, updated_at={"feed": at(0)})
    for minutes in (5, 14):
        assert timeline.read(minutes, OLD, **both, updated_at={"feed": at(minutes)}) == []
    assert len(timeline.read(15, OLD, **both, updated_at={"feed": at(15)})) == 1


@pytest.mark.parametrize("shown_by", [ONLY_OPEN, {"complete": INCIDENTS}, NOT_FULL])
def test_what_a_second_read_would_end_is_read_in_full(shown_by: dict[str, Any]) -> None:
    """Contract 5.6: rows 12c, 11 and 12d are judged also where the documents stay as they are, hours later."""
    timeline = timeline_of(OPEN, OLD, **shown_by)
    assert timeline.state and timeline.state.validators
    assert timeline.read(5, OLD, **shown_by) == [] and not timeline.state.validators
    assert len(timeline.read(2 * 24 * 60, OLD, **shown_by)) == 1 and timeline.state.validators


def test_what_only_time_ends_is_read_conditionally() -> None:
    """Contract 4.4.2: an absence that no read can judge (row 13) keeps the validators."""
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read(5, OLD) == [] and timeline.state and timeline.state.validators


def test_row_12d_no_longer_listed() -> None:
    """Contract 4, row 12d: gone from a complete list of what is open, at two good reads 10 minutes apart, it is no
    longer listed.
    """
    timeline = timeline_of(OPEN, OLD, complete=INCIDENTS)
    assert timeline.read(5, OLD, complete=INCIDENTS) == [] and timeline.outcome.dirty
    assert timeline.read(14, OLD, complete=INCIDENTS) == [] and not timeline.outcome.dirty
    assert shape(timeline.read(15, OLD, complete=INCIDENTS)) == [("resolved", "a", ["delisted"], [])]
    assert timeline.read(20, OLD, complete=INCIDENTS) == []


def test_row_12c_withdrawn_from_a_history() -> None:
    """Contract 4, row 12c: gone from a history of known size in which an older entry still stands, at two reads, it is
    withdrawn.
    """
    timeline = timeline_of(OPEN, OLD, **FULL)
    assert timeline.read(5, OLD, **FULL) == []
    assert shape(timeline.read(16, OLD, **FULL)) == [("resolved", "a", ["withdrawn"], [])]


def test_row_12c_withdrawn_from_a_window_that_is_not_full() -> None:
    """Contract 4, row 12c: so is one gone from a window of known size that is not full; where the size is unknown,
    nothing shows.
    """
    newer = incident("n", update(3, "resolved"))
    timeline = timeline_of(OPEN, newer, **NOT_FULL)
    assert timeline.read(5, newer, **NOT_FULL) == []
    assert shape(timeline.read(16, newer, **NOT_FULL)) == [("resolved", "a", ["withdrawn"], [])]
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read(5, OLD) == timeline.read(16, OLD) == []


def test_row_12c_what_stands_beside_the_window_is_no_older_entry() -> None:
    """Contract 4, row 12c: an older entry that only a list of open ones has does not show how far the history reaches
    back.
    """
    beside = {**FULL, "in_summary_only": frozenset({"old"})}
    newer = incident("n", update(3, "resolved"))
    timeline = timeline_of(OPEN, OLD, newer, **beside)
    assert timeline.read(5, OLD, newer, **beside) == timeline.read(16, OLD, newer, **beside) == []


def test_absences_are_judged_in_order() -> None:
    """Contract 4.4: row 12c comes before 11 and 12d, and these before 13b. Own documents come first (see there)."""
    everything = {**NOT_FULL, "complete": INCIDENTS, "current": INCIDENTS}
    timeline = timeline_of(OPEN, OLD, **everything)
    assert timeline.read(5, OLD, **everything) == []
    assert shape(timeline.read(15, OLD, **everything)) == [("resolved", "a", ["withdrawn"], [])]
    timeline = timeline_of(OPEN, OLD, complete=INCIDENTS)
    assert timeline.read(5, OLD, complete=INCIDENTS) == []
    assert shape(timeline.read(15 * 24 * 60, OLD, complete=INCIDENTS)) == [("resolved", "a", ["delisted"], [])]


@pytest.mark.parametrize("shown_by", [ONLY_OPEN, {"complete": INCIDENTS}, NOT_FULL])
def test_the_vendors_last_status_is_kept(shown_by: dict[str, Any]) -> None:
    """Contract 4.5: the event of rows 11, 12c and 12d has the vendor's status; the incident is over, and can reopen."""
    timeline = timeline_of(OPEN, OLD, **shown_by)
    timeline.read(5, OLD, **shown_by)
    (event,) = timeline.read(15, OLD, **shown_by)
    assert event.incident.status == "investigating" and timeline.state and timeline.state.incidents["a"].closed
    again = incident("a", update(1, "investigating"), update(20, "identified"))
    assert shape(timeline.read(25, again, OLD, **shown_by)) == [("updated", "a", ["reopened"], ["u20"])]


def test_row_12c_listed_again() -> None:
    """Contract 4, row 12c: one that is back at the second read was never absent; a later absence counts anew."""
    timeline = timeline_of(OPEN, OLD, **FULL)
    timeline.read(5, OLD, **FULL)
    assert timeline.read(16, OPEN, OLD, **FULL) == [] and timeline.outcome.dirty
    assert timeline.read(27, OLD, **FULL) == [] and timeline.read(30, OLD, **FULL) == []


def test_row_12c_failed_read_between() -> None:
    """Contract 4, row 12c: only good reads count; a failed one neither proves nor disproves an absence."""
    timeline = timeline_of(OPEN, OLD, **FULL)
    timeline.read(5, OLD, **FULL)
    assert timeline.fail(20) == []
    assert shape(timeline.read(21, OLD, **FULL)) == [("resolved", "a", ["withdrawn"], [])]


def test_row_12c_withdrawn_and_shown_again() -> None:
    """Contract 4, row 6, and 5.5: a withdrawn incident that shows up again, open, has reopened, once that is no older
    copy any more.
    """
    timeline = timeline_of(OPEN, OLD, **FULL)
    timeline.read(5, OLD, **FULL)
    timeline.read(16, OLD, **FULL)
    assert timeline.read(20, OPEN, OLD, **FULL) == [] and timeline.outcome.notes.suspicion
    assert shape(timeline.read(50, OPEN, OLD, **FULL)) == [("updated", "a", ["reopened"], [])]


def test_absence_not_when_an_entry_was_not_understood() -> None:
    """Contract 4.4: an entry that could not be understood may be the missing one, so nothing is concluded."""
    timeline = timeline_of(OPEN, OLD, **FULL)
    assert timeline.read(5, OLD, skipped=("entry 3",), **FULL) == [] and not timeline.outcome.dirty
    assert timeline.read(30, OLD, skipped=("entry 3",), **FULL) == []


def test_absence_not_when_a_list_was_not_read() -> None:
    """Contract 4.4: a list that failed and can hold the kind proves nothing, and undoes nothing."""
    timeline = timeline_of(OPEN, OLD, **FULL)
    assert timeline.read(5, OLD, unread=INCIDENTS, **FULL) == [] and not timeline.outcome.dirty
    timeline.read(6, OLD, **FULL)
    assert timeline.read(17, OLD, unread=INCIDENTS, **FULL) == [] and not timeline.outcome.dirty
    assert len(timeline.read(18, OLD, unread=frozenset({IncidentKind.MAINTENANCE}), **FULL)) == 1


def test_row_13_window_rolled_on() -> None:
    """Contract 4, row 13: an open incident that rolled out of a full window stays open, however often it is missing."""
    newer = [
        incident(f"n{number}", update(10 + number, "investigating"), update(11 + number, "resolved"))
        for number in range(25)
    ]
    timeline = timeline_of(OPEN)
    assert [event.incident.id for event in timeline.read(60, *newer)] == [one.id for one in newer]
    for minutes in (80, 200, 5000):
        assert timeline.read(minutes, *newer) == [] and not timeline.outcome.dirty
    assert timeline.state and timeline.state.incidents["a"].absent_since == at(60)
    assert not timeline.state.incidents["a"].closed


def test_row_13b_expired() -> None:
    """Contract 4, row 13b: absent for 14 days, an incident has expired; listed as it was, it stays so; an update
    reopens it.
    """
    timeline = timeline_of(OPEN)
    newer = incident("n", update(2, "investigating"), update(3, "resolved"))
    assert [event.incident.id for event in timeline.read(5, newer)] == ["n"]
    assert timeline.read(5 + 14 * 24 * 60 - 1, newer) == []
    (expired,) = timeline.read(5 + 14 * 24 * 60, newer)
    assert shape([expired]) == [("resolved", "a", ["expired"], [])] and expired.incident.status == "expired"
    assert timeline.read(15 * 24 * 60, newer, OPEN) == [] and not timeline.outcome.dirty
    moved_on = incident("a", update(1, "investigating"), update(16 * 24 * 60, "monitoring"))
    (reopened,) = timeline.read(16 * 24 * 60 + 1, newer, moved_on)
    assert reopened.changes[0] is Change.REOPENED and [one.id for one in reopened.updates] == ["u23040"]


def test_row_13b_of_a_maintenance_counts_from_its_scheduled_end() -> None:
    """Contract 4.11: for maintenance the 14 days begin at the scheduled end, if that is later."""
    both = {"history": frozenset(IncidentKind)}
    days = 24 * 60
    window = incident(
        "m", update(1, "scheduled"), kind=IncidentKind.MAINTENANCE, scheduled_for=at(days), scheduled_until=at(2 * days)
    )
    newer = incident("n", update(2, "investigating"), update(3, "resolved"))
    timeline = timeline_of(window, **both)
    timeline.read(5, newer, **both)
    assert timeline.read(15 * days, newer, **both) == []
    assert shape(timeline.read(16 * days, newer, **both)) == [("resolved", "m", ["expired"], [])]


def test_row_13b_not_by_a_clock_that_runs_ahead() -> None:
    """Contract 4.4.6: if the clock is more than a day ahead of every `Date` header, nothing expires."""
    timeline = timeline_of(OPEN)
    newer = incident("n", update(2, "investigating"), update(3, "resolved"))
    timeline.read(5, newer)
    later = 20 * 24 * 60
    ahead = with_fields(snapshot(newer), served_at=at(later - 25 * 60))
    assert timeline.apply(later, ahead) == []
    assert len(timeline.apply(later, with_fields(snapshot(newer), served_at=at(later - 23 * 60)))) == 1


def test_row_13_window_ordered_by_last_change() -> None:
    """Contract 4.4: in a list ordered by last change, an entry created earlier but touched later proves nothing."""
    touched = with_fields(OLD, position=at(50))
    timeline = timeline_of(OPEN, touched, by_creation=False, **FULL)
    for minutes in (60, 80):
        assert timeline.read(minutes, touched, by_creation=False, **FULL) == []


def test_row_14_bad_reads() -> None:
    """Contract 4, row 14: a read that is not good reports nothing and leaves the records of the page as they were."""
    timeline = timeline_of(OPEN)
    assert timeline.state
    before = timeline.state.incidents
    assert timeline.fail(5) == []
    assert timeline.state.incidents == before
    assert timeline.read(10, OPEN, identity="another") == []
    assert timeline.outcome.failure and "another page" in timeline.outcome.failure.reason
    assert timeline.state.incidents == before


def test_noise() -> None:
    """Contract 4.6: order of components, times of display, white space and `updated_at` are no event and no write."""
    timeline = timeline_of(
        incident("a", update(1, "investigating", "Two  words"), components=("API", "Web")),
        updated_at={"incidents.json": at(1)},
    )
    noisy = incident("a", update(1, "investigating", "Two\nwords"), components=("Web", "API"))
    noisy = with_fields(noisy, updates=(msgspec.structs.replace(noisy.updates[0], display_at=at(3)),), position=at(4))
    assert timeline.read(5, noisy, updated_at={"incidents.json": at(4)}) == [] and not timeline.outcome.dirty


def test_an_update_no_longer_listed() -> None:
    """Contract 4.7: a known update that is no longer listed is no event."""
    timeline = timeline_of(incident("a", update(1, "investigating"), update(2, "identified")))
    assert timeline.read(5, incident("a", update(2, "identified"))) == [] and not timeline.outcome.dirty


def test_an_update_without_an_id_of_the_vendors_under_another_time() -> None:
    """Contract 4.4.3: one that vanishes while one of its status and text appears was re-dated: no event, no suspicion.

    Another status is news. Where the vendor gives updates ids, one under another id is another update.
    """
    first, second = update(1, "investigating"), update(3, "identified", "Found.")
    redated = update(5, "identified", "Found.")
    timeline = timeline_of(incident("a", first, second), updates_have_no_ids=True)
    assert timeline.read(5, incident("a", first, redated), updates_have_no_ids=True) == []
    assert timeline.outcome.dirty and not timeline.outcome.notes.suspicion
    assert timeline.read(9, incident("a", first, redated), updates_have_no_ids=True) == []
    assert not timeline.outcome.dirty
    watched = incident("a", first, update(7, "monitoring", "Found."))
    events = timeline.read(10, watched, updates_have_no_ids=True)
    assert shape(events) == [("updated", "a", ["updates", "status"], ["u7"])]
    with_ids = timeline_of(incident("a", first, second)).read(5, incident("a", first, redated))
    assert shape(with_ids) == [("updated", "a", ["updates"], ["u5"])]


def test_unlinked_components_are_kept_and_shown() -> None:
    """4: a vendor that unlinks all components when it resolves changes nothing: the last known ones are shown."""
    timeline = timeline_of(OPEN)
    over = incident("a", update(1, "investigating"), update(9, "resolved"), components=(), source_quality=0)
    (event,) = timeline.read(10, over)
    assert [str(change) for change in event.changes] == ["status"]
    assert [part.name for part in event.incident.components] == ["API"]
    later = incident("a", *over.updates, update(20, "postmortem"), components=(), source_quality=0)
    assert [part.name for part in timeline.read(30, later)[0].incident.components] == ["API"]


def test_poorer_and_richer_sources() -> None:
    """Contract 4.8: a poorer source never replaces a richer one, and neither that nor filling an empty one is an
    event.
    """
    bare = with_fields(OPEN, components=(), source_quality=0, impact=Impact.UNKNOWN)
    timeline = timeline_of(bare)
    assert (
        timeline.read(5, with_fields(OPEN, source_quality=1, components=(Component("Api (old name)"),))) == []
        and timeline.outcome.dirty
    )
    assert timeline.read(10, OPEN) == [] and timeline.outcome.dirty
    assert (
        timeline.read(15, with_fields(OPEN, source_quality=1, components=(Component("Api (old name)"),))) == []
        and not timeline.outcome.dirty
    )
    assert timeline.read(20, bare) == [] and not timeline.outcome.dirty
    assert timeline.state and timeline.state.incidents["a"].components == (Component("API"),)


def test_bodies_filled_and_emptied() -> None:
    """Contract 4.8: an empty body never replaces a known one, and filling an empty one is no event; a later edit is."""
    empty = incident("a", msgspec.structs.replace(update(1, "investigating"), body=""))
    filled = incident(
        "a", msgspec.structs.replace(update(1, "investigating"), body="Borrowed words", from_enrichment=True)
    )
    own = incident("a", update(1, "investigating", "Own words"))
    timeline = timeline_of(empty)
    assert timeline.read(5, filled) == [] and timeline.outcome.dirty
    assert timeline.read(6, empty) == [] and not timeline.outcome.dirty
    assert timeline.read(7, own) == [] and timeline.outcome.dirty
    assert timeline.read(8, filled) == [] and not timeline.outcome.dirty
    assert shape(timeline.read(9, incident("a", update(1, "investigating", "Edited words")))) == [
        ("updated", "a", ["edited"], ["u1"])
    ]


def test_the_same_feed_twice() -> None:
    """Contract 4.13: the same feed twice gives no second event and no second write."""
    timeline = timeline_of(OLD)
    assert len(timeline.read(5, OPEN, OLD)) == 1
    assert timeline.read(10, OPEN, OLD) == [] and not timeline.outcome.dirty
    assert timeline.unchanged(15) == [] and not timeline.outcome.dirty


def test_event_ids() -> None:
    """Contract 7.3: after a crash the same event has the same id; an incident that swings to and fro never repeats
    one.
    """
    timeline = timeline_of(OPEN, OLD)
    before = timeline.state
    major = with_fields(OPEN, impact=Impact.MAJOR)
    (first,) = timeline.read(5, major, OLD)
    timeline.state, timeline.event_ids = before, []
    (again,) = timeline.read(8, major, OLD)
    assert first.id == again.id
    page, key, kind, digest = first.id.split("/")
    assert (page, key, kind, len(digest)) == ("acme", "a", "updated", 12)
    for minutes in range(10, 20):  # `PageTimeline` refuses two events of one id
        assert len(timeline.read(minutes, OPEN if minutes % 2 == 0 else major, OLD)) == 1


def test_maintenance_goes_the_same_way() -> None:
    """Contract 4.9: scheduled, in_progress, verifying and completed are a life like any other."""
    steps_reported = []
    timeline = timeline_of(OLD)
    steps = [update(-1, "scheduled")]
    for minutes, status in ((1, ""), (10, "in_progress"), (20, "verifying"), (30, "completed")):
        steps += [update(minutes, status)] if status else []
        steps_reported += shape(timeline.read(minutes + 1, OLD, incident("m", *steps, kind=IncidentKind.MAINTENANCE)))
    assert [(kind, changes) for kind, _, changes, _ in steps_reported] == [
        ("new", []),
        ("updated", ["updates", "status"]),
        ("updated", ["updates", "status"]),
        ("resolved", ["status"]),
    ]


# ----------------------------------------------------------------------------------------------------------- suspicions


def test_older_copy_by_its_updates() -> None:
    """Contract 5.5: a copy that lacks an incident's newest known update is suspected: nothing is reported or
    changed.
    """
    full = incident("a", update(1, "investigating"), update(2, "resolved"))
    timeline = timeline_of(full, OLD)
    assert timeline.read(5, OPEN, OLD) == []
    assert "older copy" in timeline.outcome.notes.suspicion and timeline.outcome.failure is None
    assert timeline.state and timeline.state.incidents["a"].status == "resolved"
    assert timeline.read(10, full, OLD) == [] and timeline.state.suspicion is None


def test_copy_without_updates() -> None:
    """Contract 5.5: a copy that has no updates at all is no older one: the document that adds them failed this time."""
    timeline = timeline_of(incident("a", update(1, "investigating")), OLD)
    bare = with_fields(incident("a", update(1, "investigating")), updates=())
    assert timeline.read(5, bare, OLD) == [] and not timeline.outcome.notes.suspicion and not timeline.outcome.dirty


def test_older_copy_by_the_pages_own_time() -> None:
    """Contract 5.5: so is one whose own time of change is older than the remembered one, whatever it lists."""
    timeline = timeline_of(OLD, updated_at={"incidents.json": at(0)})
    assert timeline.read(5, OPEN, OLD, updated_at={"incidents.json": at(-1)}) == []
    assert timeline.outcome.notes.suspicion
    assert shape(timeline.read(6, OPEN, OLD, updated_at={"incidents.json": at(1)})) == [("new", "a", [], ["u1"])]


def test_suddenly_empty() -> None:
    """Contract 5.5: a history that is suddenly empty is suspected, believed after half an hour, and resolves nothing by
    itself.
    """
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read(5) == [] and "empty" in timeline.outcome.notes.suspicion
    assert timeline.read(34) == [] and timeline.outcome.notes.suspicion and not timeline.outcome.dirty
    assert timeline.read(35) == [] and not timeline.outcome.notes.suspicion
    assert timeline.read(500) == [] and not timeline.outcome.dirty
    assert timeline.state and not timeline.state.incidents["a"].closed


def test_suspicion_believed() -> None:
    """Contract 5.5.1: a read at least 30 minutes later that is suspicious still is believed; what it lacks is not
    missed again.
    """
    full = incident("a", update(1, "investigating"), update(2, "resolved"))
    timeline = timeline_of(full, OLD)
    assert timeline.read(5, OPEN, OLD) == []
    assert shape(timeline.read(35, OPEN, OLD)) == [("updated", "a", ["reopened"], [])]
    assert timeline.read(40, OPEN, OLD) == [] and not timeline.outcome.notes.suspicion
    assert timeline.read(45, OPEN, OLD) == [] and not timeline.outcome.dirty
    assert shape(timeline.read(50, full, OLD)) == [("resolved", "a", ["status"], [])]


def test_suspicion_interrupted() -> None:
    """Contract 5.5.1: a good read between two suspicious ones starts the half hour anew."""
    full = incident("a", update(1, "investigating"), update(2, "resolved"))
    timeline = timeline_of(full, OLD)
    timeline.read(5, OPEN, OLD)
    timeline.read(20, full, OLD)
    assert timeline.read(40, OPEN, OLD) == [] and timeline.outcome.notes.suspicion


# -------------------------------------------------------------------------------------------------- a page that fails


def test_failing_for_an_hour() -> None:
    """Contract 5.7: failing reads that span an hour make an incident of kind `page`, new once, resolved once."""
    timeline = timeline_of(OPEN)
    assert timeline.fail(65) == [] and timeline.outcome.dirty
    assert timeline.fail(100) == [] and not timeline.outcome.dirty
    assert timeline.fail(124) == []
    (event,) = timeline.fail(125)
    assert event.incident.kind is IncidentKind.PAGE and str(event.kind) == "new"
    assert event.incident.title == "Acme's status page cannot be read: HTTP 403 at every read since 10:05 UTC"
    assert timeline.fail(130) == [] and not timeline.outcome.dirty
    (over,) = timeline.read(200, OPEN)
    assert (str(over.kind), over.incident.id) == ("resolved", event.incident.id)
    assert timeline.read(205, OPEN) == [] and not timeline.outcome.dirty


def test_failing_then_good_within_the_hour() -> None:
    """Contract 5.7: one good read between starts the hour anew, and nothing is reported."""
    timeline = timeline_of(OPEN)
    timeline.fail(5)
    assert timeline.read(50, OPEN) == [] and timeline.outcome.dirty
    assert timeline.fail(70) == [] and timeline.fail(129) == []


def test_failing_from_the_start() -> None:
    """Contract 5.7: a page that could never be read is reported too, and its first good read is its baseline."""
    timeline = PageTimeline()
    timeline.fail(0)
    assert len(timeline.fail(60)) == 1
    assert [str(event.kind) for event in timeline.read(70, OPEN)] == ["resolved"]
    assert timeline.outcome.is_baseline


def test_recovered_as_it_was() -> None:
    """Contract 5.6: "not modified" after a failure is a good read."""
    timeline = timeline_of(OPEN)
    timeline.fail(5)
    assert timeline.unchanged(10) == [] and timeline.state and timeline.state.failing is None


def test_suspicion_is_never_a_page_incident() -> None:
    """Contract 5.5.1: a suspicion never becomes a `page` incident."""
    timeline = timeline_of(OPEN, OLD, updated_at={"incidents.json": at(0)})
    for minutes in (5, 20, 34):
        assert timeline.read(minutes, OPEN, OLD, updated_at={"incidents.json": at(-1)}) == []
    assert timeline.state and timeline.state.failing is None


# -------------------------------------------------------------------------------------------------------------- state


def test_pruned_after_ninety_days() -> None:
    """Contract 6.3: a closed incident gone from its feed is forgotten, with another write, 90 days after its last
    update.
    """
    over = incident("b", update(-9, "investigating"), update(-8, "resolved"))
    timeline = timeline_of(over, OLD)
    days = 24 * 60
    assert timeline.read(91 * days, OLD) == [] and not timeline.outcome.dirty
    timeline.read(91 * days + 5, OLD, incident("n", update(91 * days, "investigating")))
    assert timeline.state and set(timeline.state.incidents) == {"old", "n"}
    assert timeline.read(91 * days + 9, OLD, over, incident("n", update(91 * days, "investigating"))) == []


def test_pruned_where_only_what_is_open_is_listed() -> None:
    """6: of a feed that lists nothing but what is open, too, what is long over is forgotten."""
    lists = {"history": frozenset[IncidentKind](), "current": frozenset({IncidentKind.INCIDENT})}
    timeline = PageTimeline()
    timeline.read(0, OPEN, **lists)
    timeline.read(5, **lists)
    (delisted,) = timeline.read(15, **lists)
    assert delisted.changes == (Change.DELISTED,)
    timeline.read(100 * 24 * 60, incident("new", update(100 * 24 * 60, "investigating")), **lists)
    assert timeline.state and list(timeline.state.incidents) == ["new"]


def test_closed_incidents_are_small() -> None:
    """Contract 6.3: a remembered closed incident is an id, a status and digests: about 200 bytes, however long its
    texts are.
    """
    key = "01KA22ACNT50TDGYE1B9TJ86D2"
    statuses = enumerate(("investigating", "identified", "monitoring", "resolved"))
    updates = [update(number, status, "words " * 200, key=f"{key}{number}") for number, status in statuses]
    wordy = incident(key, *updates, title="A title " * 20)
    timeline = timeline_of(wordy)
    assert timeline.state
    empty = msgspec.structs.replace(timeline.state, incidents={})
    assert len(encode_page(timeline.state)) - len(encode_page(empty)) < 270


OVER = incident("a", update(1, "investigating"), update(2, "resolved"), title="Trouble")
VARIANTS = [
    OVER,
    *(with_fields(OVER, title=title) for title in ("More trouble", "Outage", "")),
    *(with_fields(OVER, impact=impact) for impact in Impact),
    *(with_fields(OVER, components=tuple(map(Component, parts))) for parts in ((), ("API", "Login"), ("Login",))),
    with_fields(OVER, components=(Component("API", "EU"),)),
    *(with_fields(OVER, source_quality=source_quality) for source_quality in (0, 2)),
    *(with_fields(OVER, updates=(OVER.updates[0], update(2, "resolved", body))) for body in ("Really.", " ")),
    with_fields(OVER, updates=OVER.updates[1:]),
    with_fields(OVER, status="completed"),
    with_fields(OVER, scheduled_for=at(60)),
    with_fields(OVER, scheduled_until=at(60)),
]


def test_what_is_passed_over_is_unchanged() -> None:
    """4: a closed incident that is passed over as unchanged is one that the rules find no difference in."""
    for before, after, absent in product(VARIANTS, VARIANTS, (None, at(5))):
        remembered = msgspec.structs.replace(new_record(before), absent_since=absent)
        difference = diff.compare(PAGE, remembered, after)
        if difference.record is remembered:
            updates = compare_updates(remembered.updates, after.updates, encode_updates(after.updates))
            assert difference.event is None
            assert updated_record(after, remembered, updates.remembered) == remembered
    remembered = new_record(OVER)
    assert diff.compare(PAGE, remembered, OVER).record is remembered, "the short way is not taken"


def messages(timeline: PageTimeline) -> dict[str, str]:
    assert timeline.state
    return {key: record.message for key, record in timeline.state.incidents.items()}


def test_the_last_message_of_an_open_incident() -> None:
    """6: of an open incident the newest message is remembered, in one line and cut; of a closed one none."""
    timeline = timeline_of(
        incident("a", update(1, "investigating", "First\nwords")), incident("b", update(1, "investigating")), OLD
    )
    assert messages(timeline) == {"a": "First words", "b": "investigating", "old": ""}
    long = update(3, "identified", "word " * 200)
    timeline.read(
        5, incident("a", update(1, "investigating", "First"), long), incident("b", update(1, "resolved")), OLD
    )
    assert messages(timeline)["a"].startswith("word word") and len(messages(timeline)["a"]) <= 280
    assert messages(timeline)["b"] == ""


def test_a_message_is_replaced_by_no_poorer_one() -> None:
    """4: an empty or borrowed body replaces no message of the same update, an edited one does, and an update without
    words has none.
    """
    own = update(1, "investigating", "Own words")
    timeline = timeline_of(incident("a", own))
    for body, from_enrichment in (("", False), ("Borrowed", True)):
        poorer = msgspec.structs.replace(own, body=body, from_enrichment=from_enrichment)
        timeline.read(5, incident("a", poorer, impact=Impact.MAJOR if from_enrichment else Impact.CRITICAL))
        assert timeline.outcome.dirty and messages(timeline) == {"a": "Own words"}
    timeline.read(6, incident("a", update(1, "investigating", "Edited words")))
    assert messages(timeline) == {"a": "Edited words"}
    timeline.read(7, incident("a", own, msgspec.structs.replace(update(6, "identified"), body="")))
    assert messages(timeline) == {"a": ""}


def test_a_message_is_that_of_the_newest_update() -> None:
    """4: an update that is published late, with an earlier time, does not replace the newest message, nor does
    one that is listed no more take it along.
    """
    timeline = timeline_of(incident("a", update(1, "investigating", "First"), update(9, "identified", "Newest")))
    late = update(4, "monitoring", "Late"), update(9, "identified", "Newest")
    timeline.read(12, incident("a", update(1, "investigating", "First"), *late))
    assert messages(timeline) == {"a": "Newest"}
    timeline.read(
        15, incident("a", update(1, "investigating", "First"), late[0]), incident("n", update(14, "investigating"))
    )
    assert timeline.outcome.dirty and messages(timeline)["a"] == "Newest"


def test_a_message_causes_no_write() -> None:
    """6: a calm run leaves a state that was written before messages were remembered as it was; the next write adds
    them.
    """
    timeline = timeline_of(OPEN, OLD)
    assert timeline.state
    before = {key: msgspec.structs.replace(record, message="") for key, record in timeline.state.incidents.items()}
    timeline.state = msgspec.structs.replace(timeline.state, incidents=before)
    assert timeline.read(5, OPEN, OLD) == [] and not timeline.outcome.dirty
    assert timeline.state.incidents == before
    timeline.read(10, OPEN, OLD, incident("n", update(9, "investigating")))
    assert timeline.outcome.dirty and messages(timeline) == {"a": "investigating", "n": "investigating", "old": ""}
    assert timeline.read(15, OPEN, OLD, incident("n", update(9, "investigating"))) == [] and not timeline.outcome.dirty


def test_a_withdrawn_incident_has_no_message() -> None:
    """6: what only an open incident needs goes with its withdrawal, and comes back when it is shown again."""
    timeline = timeline_of(OPEN, OLD, **FULL)
    timeline.read(5, OLD, **FULL)
    timeline.read(16, OLD, **FULL)
    assert messages(timeline)["a"] == ""
    timeline.read(20, OPEN, OLD, **FULL)
    timeline.read(50, OPEN, OLD, **FULL)  # half an hour later it is no older copy
    assert messages(timeline)["a"] == "investigating"


def test_validators_only_of_what_was_understood() -> None:
    """6: validators are kept only for documents that were understood in full, with the version of the parser."""
    timeline = timeline_of(OPEN)
    assert (
        timeline.state
        and timeline.state.validators["incidents.json"].etag == "etag"
        and timeline.state.parser_version == 1
    )
    timeline.read(5, OPEN, incident("b", update(4, "investigating")), skipped=("entry 2",))
    assert timeline.state.validators == {} and timeline.state.parser_version == 0


# ------------------------------------------------------------------------------------------------------------ filters


@pytest.mark.parametrize(
    ("fields", "incident_fields", "passing"),
    [
        ({"min_impact": Impact.MAJOR}, {"impact": Impact.MINOR}, False),
        ({"min_impact": Impact.MAJOR}, {"impact": Impact.MAJOR}, True),
        ({"min_impact": Impact.MAJOR}, {"impact": Impact.UNKNOWN}, True),
        ({"components": ("api*",)}, {}, True),
        ({"components": ("Web*",)}, {}, False),
        ({"components": ("Web*",)}, {"components": (), "source_quality": 0}, True),
        ({"components": ("ChatGPT - *",)}, {"components": ()}, True),
        ({"maintenance": False}, {"kind": IncidentKind.MAINTENANCE}, False),
        ({"maintenance": False}, {}, True),
        ({"kinds": ("new", "resolved")}, {}, True),
        ({"kinds": ("resolved",)}, {}, False),
        ({"kinds": ("incident",)}, {}, True),
        ({"kinds": ("maintenance", "page")}, {}, False),
        ({"kinds": ("new", "maintenance")}, {"kind": IncidentKind.MAINTENANCE}, True),
        ({"kinds": ("updated", "maintenance")}, {"kind": IncidentKind.MAINTENANCE}, False),
    ],
)
def test_filters(fields: dict[str, object], incident_fields: dict[str, object], *, passing: bool) -> None:
    """Contract 3.4: filters decide what is reported; what the vendor does not state passes."""
    timeline = PageTimeline(msgspec.structs.replace(PAGE, **fields))
    timeline.read(0, OLD)
    (event,) = timeline.read(5, incident("a", update(1, "investigating"), **incident_fields), OLD)
    assert passes(event) is passing


def test_filters_look_at_all_it_ever_was() -> None:
    """Contract 3.5: whoever received the start receives the end: the highest impact ever and all components ever
    named count.
    """
    timeline = PageTimeline(msgspec.structs.replace(PAGE, min_impact=Impact.MAJOR, components=("API",)))
    timeline.read(0, OLD)
    timeline.read(5, incident("a", update(1, "investigating"), impact=Impact.CRITICAL), OLD)
    calmer = incident("a", update(1, "investigating"), update(6, "monitoring"), impact=Impact.NONE, components=("Web",))
    assert passes(timeline.read(7, calmer, OLD)[0])
    over = incident("a", *calmer.updates, update(9, "resolved"), impact=Impact.NONE, components=("Web",))
    assert passes(timeline.read(10, over, OLD)[0])


def test_timestamps_at_the_edges() -> None:
    """5: times far in the past or the future are only times."""
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    ancient = datetime(1, 1, 1, tzinfo=UTC)
    timeline = timeline_of(OLD)
    odd = incident("a", update(1, "investigating"), created_at=ancient, position=ancient)
    odd = with_fields(odd, updates=(msgspec.structs.replace(odd.updates[0], created_at=far, display_at=ancient),))
    assert len(timeline.read(5, odd, OLD)) == 1
    assert timeline.read(10, odd, OLD) == []
    assert at(0) + timedelta(minutes=1) == at(1)


# ---------------------------------------------------------------------------------------------------- edges of rules


def test_row_7_within_one_second() -> None:
    """4.7: what counts is the order of updates: an incident may reopen and close within the second it was closed in."""
    parts = [msgspec.structs.replace(update(-8, status, key=status), created_at=at(-8) + timedelta(milliseconds=number))
             for number, status in ((100, "resolved"), (400, "identified"), (800, "completed"))]  # fmt: skip
    first = update(-9, "investigating")
    timeline = timeline_of(incident("a", first, parts[0]))
    assert shape(timeline.read(5, incident("a", first, *parts, status="resolved"))) == [
        ("resolved", "a", ["reopened"], ["identified", "completed"])
    ]


def test_backdated_update_and_older_copy() -> None:
    """5: the newest known update is the one learned last, however the vendor dates it."""
    u1, u2, u3 = update(1, "investigating"), update(30, "monitoring"), update(20, "resolved")
    timeline = timeline_of(incident("a", u1, u2), OLD)
    assert shape(timeline.read(35, incident("a", u1, u3, u2, status="resolved"), OLD)) == [
        ("resolved", "a", ["status"], ["u20"])
    ]
    assert timeline.read(40, incident("a", u1, u2), OLD) == [] and timeline.outcome.notes.suspicion


def test_received_while_unstated() -> None:
    """Contract 3.5: who received an incident while the vendor stated no components or impact receives it when it
    does.
    """
    for fields, unstated, stated in (
        ({"components": ("API*",)}, {"components": (), "source_quality": 0}, {"components": ("Billing",)}),
        ({"min_impact": Impact.MAJOR}, {"impact": Impact.UNKNOWN}, {"impact": Impact.MINOR}),
    ):
        timeline = PageTimeline(msgspec.structs.replace(PAGE, **fields))
        timeline.read(0, OLD)
        assert passes(timeline.read(5, incident("a", update(1, "investigating"), **unstated), OLD)[0])
        over = incident("a", update(1, "investigating"), update(9, "resolved"), **stated)
        assert passes(timeline.read(10, over, OLD)[0])


def test_second_component_of_one_name() -> None:
    """4: a second component of the same name is shown once the vendor links it, though the set of names is the same."""
    one, two = Component("Login", "APIs"), Component("Login", "ChatGPT")
    timeline = timeline_of(with_fields(OPEN, components=(one,)))
    assert timeline.read(5, with_fields(OPEN, components=(one, two))) == []
    over = incident("a", *OPEN.updates, update(9, "resolved"))
    (event,) = timeline.read(10, with_fields(over, components=(one, two)))
    assert [part.label for part in event.incident.components] == ["APIs - Login", "ChatGPT - Login"]


def test_an_empty_title_replaces_nothing() -> None:
    """Contract 4.8: an empty value never replaces a richer one."""
    over = with_fields(incident("a", *OPEN.updates, update(9, "resolved")), title="")
    assert timeline_of(OPEN).read(10, over)[0].incident.title == "Incident a"


def test_pruned_to_the_second() -> None:
    """Contract 6.3: what was pruned and is listed again is no event, whatever fraction of a second it closed at."""
    last = msgspec.structs.replace(update(-8, "resolved"), created_at=at(-8) + timedelta(milliseconds=700))
    over = incident("b", update(-9, "investigating"), last, created_at=at(-7))
    timeline = timeline_of(over, OLD)
    late = 91 * 24 * 60
    new = incident("n", update(late, "investigating"))
    timeline.read(late + 5, OLD, new)
    assert timeline.state and "b" not in timeline.state.incidents
    assert timeline.read(late + 9, OLD, new, over) == []


def test_suspicious_reads_are_reads() -> None:
    """Contract 5.5.1: a suspicious read ends a series of failing reads: the page answered."""
    timeline = timeline_of(OPEN, OLD, updated_at={"incidents.json": at(0)})
    timeline.fail(5)
    timeline.read(35, OPEN, OLD, updated_at={"incidents.json": at(-1)})
    assert timeline.fail(66) == []


def test_clock_set_right() -> None:
    """Contract 4.4.6: a suspicion, an absence or a failure noted by a clock that ran ahead does not hold for as long as
    it did.
    """
    days = 30 * 24 * 60
    older = {"updated_at": {"incidents.json": at(-1)}}
    timeline = timeline_of(OPEN, OLD, updated_at={"incidents.json": at(0)})
    timeline.read(days, OPEN, OLD, **older)
    timeline.read(10, OPEN, OLD, **older)
    assert timeline.outcome.notes.suspicion
    timeline.read(9 + 24 * 60, OPEN, OLD, **older)
    assert timeline.outcome.notes.suspicion
    assert timeline.read(10 + 24 * 60, OPEN, OLD, **older) == [] and not timeline.outcome.notes.suspicion
    failing = timeline_of(OPEN)
    failing.fail(days)
    failing.fail(10)
    assert len(failing.fail(70)) == 1
    absent = timeline_of(OPEN, OLD, **FULL)
    absent.read(days, OLD, **FULL)
    absent.read(10, OLD, **FULL)
    assert len(absent.read(20, OLD, **FULL)) == 1


def test_absence_without_proof() -> None:
    """Contract 4, row 13: an absence that nothing proves any more is remembered since its first read, and ends
    nothing.
    """
    timeline = timeline_of(OPEN, OLD, complete=INCIDENTS)
    timeline.read(5, OLD, complete=INCIDENTS)
    newer = [incident(f"n{number}", update(6 + number, "resolved")) for number in range(3)]
    timeline.read(20, *newer)
    assert timeline.state and timeline.state.incidents["a"].absent_since == at(5)


def test_hours_between_two_runs() -> None:
    """Contract 4.3 and 4.13: all that happened between two runs, however long it was, is reported once, as one event
    per incident.
    """
    timeline = timeline_of(OPEN, OLD)
    messages = [update(minutes, "monitoring", f"Message {minutes}") for minutes in range(60, 600, 60)]
    grown = incident("a", *OPEN.updates, *messages, update(700, "resolved"), title="Renamed", impact=Impact.CRITICAL)
    missed = [
        incident(f"m{number}", update(100 + number, "investigating"), update(101 + number, "resolved"))
        for number in range(9)
    ]
    events = timeline.read(720, grown, *missed, incident("n", update(710, "investigating")), OLD)
    assert sorted((event.incident.id, str(event.kind), len(event.updates)) for event in events) == sorted(
        [("a", "resolved", 10), ("n", "new", 1), *((one.id, "resolved", 2) for one in missed)]
    )
    assert timeline.read(725, grown, *missed, incident("n", update(710, "investigating")), OLD) == []


def test_a_thousand_pages_are_small() -> None:
    """6: a thousand pages of a dozen closed incidents of four messages each take less than 3 MB."""
    statuses = ("investigating", "identified", "monitoring", "resolved")
    closed = [
        incident(
            f"9tpgqq1h4b{number:02}",
            *(update(-90 + number + step, status, f"{status} {number}") for step, status in enumerate(statuses)),
        )
        for number in range(12)
    ]
    timeline = timeline_of(*closed, updated_at={"incidents.json": at(0), "summary.json": at(0)})
    assert timeline.state
    assert len(encode_page(timeline.state)) < 3_000


def test_another_pages_identity() -> None:
    """Contract 5.2: a document of a different page is a failed read, whatever it lists."""
    timeline = timeline_of(OPEN)
    assert timeline.read(5, incident("x", update(4, "investigating")), identity="another") == []
    assert timeline.outcome.failure and "another page" in str(timeline.outcome.failure)


def test_a_suspicion_goes_on_under_another_reason() -> None:
    """5: a copy that is older now in one way and now in another is believed after half an hour all the same."""
    a, b = (
        incident(key, update(1, "investigating", key=f"{key}1"), update(2, "resolved", key=f"{key}2")) for key in "ab"
    )
    older_a, older_b = (incident(key, update(1, "investigating", key=f"{key}1")) for key in "ab")
    timeline = timeline_of(a, b, OLD)
    timeline.read(5, older_a, b, OLD)
    assert timeline.read(20, a, older_b, OLD) == [] and not timeline.outcome.dirty
    assert [event.incident.id for event in timeline.read(36, a, older_b, OLD)] == ["b"]


# ------------------------------------------------------------------------------------------------------- exact bounds


@pytest.mark.parametrize(("seconds", "missed"), [(-1, False), (0, False), (1, True)])
def test_row_3_begins_right_after_the_baseline(seconds: int, *, missed: bool) -> None:
    """Contract 4, rows 3 and 4: a closing update counts as missed when it is later than the baseline, not when it is as
    old.
    """
    last = msgspec.structs.replace(update(0, "resolved"), created_at=at(seconds / 60))
    closed = incident("c", update(-9, "investigating"), last)
    assert bool(timeline_of(OLD).read(5, OLD, closed)) is missed


def test_row_7_only_by_updates_after_the_end() -> None:
    """Contract 4, row 7: updates of the very second in which the incident ended do not reopen it; those of the next
    do.
    """
    begun, ended = update(-9, "investigating"), update(-8, "resolved")
    for seconds, changes in ((0, ["updates"]), (1, ["reopened"])):
        later = at(-8) + timedelta(seconds=seconds)
        fresh = [
            msgspec.structs.replace(update(-8, status, key=f"{status} again"), created_at=later)
            for status in ("identified", "resolved")
        ]
        timeline = timeline_of(incident("a", begun))
        timeline.read(4, incident("a", begun, ended))
        events = timeline.read(5, incident("a", begun, ended, *fresh))
        assert [[str(change) for change in event.changes] for event in events] == [changes]


@pytest.mark.parametrize(("ahead", "withdrawn"), [(9, False), (10, False), (11, True)])
def test_row_12_slack_of_a_list_by_last_change(ahead: int, *, withdrawn: bool) -> None:
    """Contract 4, row 12c: updates are dated up to ten minutes ahead: an entry little older by its date need not stand
    lower.
    """
    older = with_fields(OLD, position=at(1 - ahead))
    timeline = timeline_of(OPEN, older, by_creation=False, **FULL)
    timeline.read(5, older, by_creation=False, **FULL)
    assert bool(timeline.read(16, older, by_creation=False, **FULL)) is withdrawn


def test_a_suspicion_of_another_sort_begins_anew() -> None:
    """5: an empty history does not inherit the half hour of an older copy."""
    full = incident("a", update(1, "investigating"), update(2, "resolved"))
    timeline = timeline_of(full, OLD)
    timeline.read(5, OPEN, OLD)
    assert timeline.read(30, complete=INCIDENTS) == []
    assert "empty" in timeline.outcome.notes.suspicion
    assert timeline.read(45, complete=INCIDENTS) == [] and timeline.outcome.notes.suspicion
    assert timeline.state and timeline.state.suspicion and timeline.state.suspicion.since == at(30)
    assert timeline.read(60, complete=INCIDENTS) == [] and not timeline.outcome.notes.suspicion


def test_a_reported_failure_ends_at_a_good_read() -> None:
    """5: a suspicious read keeps a failure that was reported; the next good read reports its end."""
    older = {"updated_at": {"incidents.json": at(-1)}}
    timeline = timeline_of(OPEN, OLD, updated_at={"incidents.json": at(0)})
    timeline.fail(5)
    (begun,) = timeline.fail(65)
    assert timeline.read(70, OPEN, OLD, **older) == [] and timeline.outcome.notes.suspicion
    (ended,) = timeline.read(75, OPEN, OLD)
    assert (str(ended.kind), ended.incident.id) == ("resolved", begun.incident.id)


def test_what_is_believed_is_read_like_any_other_page() -> None:
    """5, 6: a suspicious read that is believed is written, so the next read alike is conditional and no suspicion."""
    timeline = timeline_of(OPEN, OLD)
    timeline.read(5)
    timeline.read(40)
    assert timeline.state and timeline.state.suspicion is None and timeline.state.history_empty
    assert timeline.state.validators and timeline.state.parser_version == 1
    assert timeline.read(45) == [] and not timeline.outcome.notes.suspicion and not timeline.outcome.dirty
    timeline.read(50, OPEN, OLD)
    assert not timeline.state.history_empty
    assert timeline.read(55) == [] and timeline.outcome.notes.suspicion, "emptied once more, it is suspected once more"


DAYS_LATER = 91 * 24 * 60


def pruned(*closed: Incident, **fields: object) -> PageTimeline:
    """A page that forgot the closed incidents, in a write for another incident."""
    timeline = timeline_of(OLD)
    timeline.read(30, *closed, OLD)
    timeline.read(DAYS_LATER, NEW, OLD, **fields)
    return timeline


NEW = incident("n", update(DAYS_LATER - 1, "investigating"))


def test_pruned_only_where_the_kind_is_listed() -> None:
    """Contract 6.3: a list that was not read may still have the incident: nothing of its kind is forgotten
    meanwhile.
    """
    closed = incident("c", update(5, "resolved"))
    timeline = pruned(closed, history=frozenset({IncidentKind.MAINTENANCE}))
    assert timeline.state and "c" in timeline.state.incidents
    timeline.read(DAYS_LATER + 5, with_fields(NEW, title="Renamed"), OLD)
    assert "c" not in timeline.state.incidents


def test_pruned_only_when_no_longer_listed() -> None:
    """Contract 6.3: what the feed still lists stays remembered, however old it is."""
    closed = incident("c", update(5, "resolved"))
    timeline = timeline_of(OLD)
    timeline.read(30, closed, OLD)
    timeline.read(DAYS_LATER, NEW, closed, OLD)
    assert timeline.state and {"c", "old"} <= set(timeline.state.incidents)


def test_pruned_and_listed_again() -> None:
    """Contract 6.3: the baseline moves up past the newest pruned update: listed again, the incident is no event."""
    first = incident("c", update(5, "resolved"))
    late = msgspec.structs.replace(update(9, "resolved"), created_at=at(9) + timedelta(milliseconds=700))
    second = incident("d", late, created_at=at(8))
    timeline = pruned(first, second)
    assert timeline.state and set(timeline.state.incidents) == {"n", "old"}
    assert timeline.state.baseline == at(9) + timedelta(seconds=1)
    assert timeline.read(DAYS_LATER + 5, NEW, first, second, OLD) == []


def test_pruning_never_moves_the_baseline_back() -> None:
    """Contract 6.3: what is pruned may have ended before the baseline, which then stays."""
    closed = incident("c", update(-9, "resolved"))
    timeline = timeline_of(OLD, closed)
    timeline.read(DAYS_LATER, NEW, OLD)
    assert timeline.state and "c" not in timeline.state.incidents and timeline.state.baseline == at(0)
    older = incident("e", update(-8, "resolved"))
    assert timeline.read(DAYS_LATER + 5, NEW, older, OLD) == []

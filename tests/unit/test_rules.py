"""Section 4 of the contract, row by row, and section 5's suspicions: the pure rules."""

from datetime import UTC, datetime, timedelta
from itertools import product

import msgspec
import pytest

from statuswatch.model.event import Change
from statuswatch.model.incident import Component, Impact, IncidentKind
from statuswatch.rules import diff
from statuswatch.rules.filters import passes
from statuswatch.state import encode_page
from tests.support.page_timeline import PAGE, PageTimeline, at, feed, incident, shape, update, with_fields

OPEN = incident("a", update(1, "investigating"))
OLD = incident("old", update(-900, "investigating"), update(-890, "resolved"))
INCIDENTS = frozenset({IncidentKind.INCIDENT})


def life(*baseline: object, **fields: object) -> PageTimeline:
    it = PageTimeline()
    assert it.read(0, *baseline, **fields) == []  # type: ignore[arg-type]
    return it


def test_row_1_first_read() -> None:
    """4.1: a page that was never read before tells nothing, and the run says how many incidents are open."""
    it = PageTimeline()
    assert it.read(0, OPEN, OLD) == []
    assert it.review.is_baseline and it.review.dirty
    assert it.memory and sum(not known.closed for known in it.memory.incidents.values()) == 1


def test_row_1_announced() -> None:
    """2: with --announce-open a baseline tells what is open, as new, and nothing of what is closed."""
    from statuswatch.model.page import PageSnapshot

    it = PageTimeline()
    events = it.answer(0, PageSnapshot(feed(OPEN, OLD), {}, 1), announce_open=True)
    assert shape(events) == [("new", "a", [], ["u1"])]
    assert it.read(5, OPEN, OLD) == []


def test_row_2_new() -> None:
    """4.2: an unknown id that is open is new, with all its updates, oldest first."""
    it = life(OLD)
    events = it.read(5, incident("a", update(1, "investigating"), update(3, "identified")), OLD)
    assert shape(events) == [("new", "a", [], ["u1", "u3"])]


def test_row_2_new_though_old() -> None:
    """4.2: an unknown open incident is new however long ago it began."""
    assert shape(life(OLD).read(5, incident("z", update(-5000, "investigating")), OLD)) == [
        ("new", "z", [], ["u-5000"])
    ]


def test_row_3_missed() -> None:
    """4.3: what opened and closed between two runs is told once, as resolved, with all its updates."""
    it = life(OLD)
    gone_by = incident("a", update(1, "investigating"), update(3, "resolved"))
    assert shape(it.read(60, gone_by, OLD)) == [("resolved", "a", ["missed"], ["u1", "u3"])]
    assert it.read(65, gone_by, OLD) == []


def test_row_3_missed_by_a_later_update() -> None:
    """4.3: an unknown closed incident counts as missed when any update of it is later than the baseline."""
    it = life(OLD)
    late = incident("a", update(-100, "investigating"), update(2, "postmortem"))
    assert shape(it.read(5, late, OLD)) == [("resolved", "a", ["missed"], ["u-100", "u2"])]


def test_row_4_unknown_and_over_before_the_baseline() -> None:
    """4.4: an unknown closed incident older than the baseline tells nothing; the next write, if any, remembers it."""
    it = life(OLD)
    older = incident("older", update(-999, "investigating"), update(-990, "resolved"))
    assert it.read(5, OLD, older) == [] and not it.review.dirty
    it.read(10, OPEN, OLD, older)
    assert it.memory and "older" in it.memory.incidents


def test_row_5_resolved() -> None:
    """4.5: a known open incident that is closed now is resolved, with the updates not told before."""
    it = life(OPEN)
    over = incident("a", update(1, "investigating"), update(7, "monitoring"), update(9, "resolved"))
    assert shape(it.read(10, over)) == [("resolved", "a", ["status"], ["u7", "u9"])]


def test_row_6_reopened() -> None:
    """4.6: a known closed incident that is open again is an update, reopened."""
    it = life(incident("a", update(-9, "investigating"), update(-8, "resolved")))
    again = incident("a", update(-9, "investigating"), update(-8, "resolved"), update(4, "identified"))
    assert shape(it.read(5, again)) == [("updated", "a", ["reopened"], ["u4"])]


def test_row_7_reopened_and_closed_again() -> None:
    """4.7: a known closed incident that reopened and closed again since is resolved, reopened."""
    it = life(incident("a", update(-9, "investigating"), update(-8, "resolved")))
    twice = incident(
        "a", update(-9, "investigating"), update(-8, "resolved"), update(4, "identified"), update(6, "resolved")
    )
    assert shape(it.read(9, twice)) == [("resolved", "a", ["reopened"], ["u4", "u6"])]


def test_row_7_not_by_a_note_after_the_end() -> None:
    """4.7: a note after the end, under whatever status, reopens nothing while the vendor says that it is over."""
    it = life(incident("a", update(-9, "investigating"), update(-8, "resolved")))
    noted = incident(
        "a", update(-9, "investigating"), update(-8, "resolved"), update(4, "monitoring"), status="resolved"
    )
    assert shape(it.read(9, noted)) == [("updated", "a", ["updates"], ["u4"])]


def test_row_7_not_by_what_came_before_it_was_missed() -> None:
    """4.7: what the vendor says later of how a delisted incident went on before that is no reopening."""
    fields = {"history": frozenset(), "current": INCIDENTS}
    it = life(OPEN, **fields)
    assert shape(it.read(9, **fields)) == [("resolved", "a", ["delisted"], [])]
    story = incident("a", update(1, "investigating"), update(6, "monitoring"), update(8, "resolved"))
    assert shape(it.read(14, story, **fields)) == [("updated", "a", ["updates"], ["u6", "u8"])]


def test_row_8_updates() -> None:
    """4.8: new updates of a known incident are told with what else differs."""
    it = life(OPEN)
    updates = update(1, "investigating"), update(7, "identified")
    more = incident("a", *updates, impact=Impact.MAJOR, components=("API", "Web"))
    assert shape(it.read(9, more)) == [("updated", "a", ["updates", "status", "impact", "components"], ["u7"])]


def test_row_8_postmortem() -> None:
    """4.8: a postmortem of a known closed incident is an update of it, not a second resolution."""
    it = life(incident("a", update(-9, "investigating"), update(-8, "resolved")))
    after = incident("a", update(-9, "investigating"), update(-8, "resolved"), update(4, "postmortem"))
    assert shape(it.read(5, after)) == [("updated", "a", ["updates", "status"], ["u4"])]


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
    """4.9: what differs without a new update is told, once."""
    it = life(OPEN)
    changed = with_fields(OPEN, **fields)
    assert [(kind, changes) for kind, _, changes, _ in shape(it.read(5, changed))] == [("updated", [change])]
    assert it.read(10, changed) == []


def test_row_8_many_updates() -> None:
    """4.8: any number of updates is told, in time that grows with it."""
    it = life(OPEN)
    many = [update(1 + number / 10_000, "update", key=f"u1-{number}") for number in range(20_000)]
    (event,) = it.read(9, incident("a", update(1, "investigating"), *many))
    assert len(event.updates) == 20_000


def test_row_9_edit_carries_the_new_words() -> None:
    """4.9: an update that was edited in place is carried with its new body."""
    events = life(OPEN).read(5, with_fields(OPEN, updates=(update(1, "investigating", "It was the database."),)))
    assert events[0].updates[0].body == "It was the database."


def test_row_9_schedule() -> None:
    """4.9: a maintenance window that moves is told as a change of schedule."""
    window = incident(
        "m", update(-5, "scheduled"), kind=IncidentKind.MAINTENANCE, scheduled_for=at(100), scheduled_until=at(160)
    )
    dirty = with_fields(window, scheduled_for=at(200), scheduled_until=at(260))
    assert shape(life(OLD, window).read(5, OLD, dirty)) == [("updated", "m", ["schedule"], [])]


def test_row_10_closed_and_gone() -> None:
    """4.10: a known closed incident that leaves the feed tells nothing, and stays in memory."""
    it = life(OLD, incident("b", update(-9, "investigating"), update(-8, "resolved")))
    assert it.read(5, OLD, complete=INCIDENTS) == [] and not it.review.dirty
    assert it.memory and "b" in it.memory.incidents


def test_row_11_delisted() -> None:
    """4.11: where a platform lists only what is open, what is listed no longer is resolved, as delisted."""
    fields = {"history": frozenset(), "current": INCIDENTS}
    it = life(OPEN, **fields)
    assert shape(it.read(5, **fields)) == [("resolved", "a", ["delisted"], [])]
    assert it.read(10, **fields) == []


def test_row_12_withdrawn_from_a_complete_list() -> None:
    """4.12: gone from a complete list of what is open, at two good reads 10 minutes apart, it is withdrawn."""
    it = life(OPEN, OLD, complete=INCIDENTS)
    assert it.read(5, OLD, complete=INCIDENTS) == [] and it.review.dirty
    assert it.read(14, OLD, complete=INCIDENTS) == [] and not it.review.dirty
    assert shape(it.read(15, OLD, complete=INCIDENTS)) == [("resolved", "a", ["withdrawn"], [])]
    assert it.read(20, OLD, complete=INCIDENTS) == []


def test_row_12_withdrawn_from_a_history() -> None:
    """4.12: so is one gone from a history in which an older entry still stands."""
    it = life(OPEN, OLD)
    assert it.read(5, OLD) == []
    assert shape(it.read(16, OLD)) == [("resolved", "a", ["withdrawn"], [])]


def test_row_12_it_comes_back() -> None:
    """4.12: one that is back at the second read was never gone; a later absence counts from anew."""
    it = life(OPEN, OLD)
    it.read(5, OLD)
    assert it.read(16, OPEN, OLD) == [] and it.review.dirty
    assert it.read(27, OLD) == [] and it.read(30, OLD) == []


def test_row_12_failed_read_between() -> None:
    """4.12: only good reads count; a failed one neither proves nor disproves an absence."""
    it = life(OPEN, OLD)
    it.read(5, OLD)
    assert it.fails(20) == []
    assert shape(it.read(21, OLD)) == [("resolved", "a", ["withdrawn"], [])]


def test_row_12_withdrawn_and_shown_again() -> None:
    """4.6: a withdrawn incident that shows up again, open, has reopened."""
    it = life(OPEN, OLD)
    it.read(5, OLD)
    it.read(16, OLD)
    assert shape(it.read(20, OPEN, OLD)) == [("updated", "a", ["reopened"], [])]


def test_row_12_not_when_an_entry_was_not_understood() -> None:
    """5: an entry that could not be understood may be the missing one, so nothing is concluded."""
    it = life(OPEN, OLD)
    assert it.read(5, OLD, skipped=("entry 3",)) == [] and not it.review.dirty
    assert it.read(30, OLD, skipped=("entry 3",)) == []


def test_row_13_window_rolled_on() -> None:
    """4.13: an open incident that rolled out of a full window stays open, however often it is missing."""
    newer = [
        incident(f"n{number}", update(10 + number, "investigating"), update(11 + number, "resolved"))
        for number in range(25)
    ]
    it = life(OPEN)
    assert [event.incident.id for event in it.read(60, *newer)] == [one.id for one in newer]
    for minutes in (80, 200, 5000):
        assert it.read(minutes, *newer) == [] and not it.review.dirty
    assert it.memory and not it.memory.incidents["a"].closed


def test_row_13_window_ordered_by_last_change() -> None:
    """4.13: in a list ordered by last change, an entry created earlier but touched later proves nothing."""
    touched = with_fields(OLD, position=at(50))
    it = life(OPEN, touched, by_creation=False)
    for minutes in (60, 80):
        assert it.read(minutes, touched, by_creation=False) == [] and not it.review.dirty


def test_row_14_bad_reads() -> None:
    """4.14: a read that is not good tells nothing and leaves the memory of the page's incidents as it was."""
    it = life(OPEN)
    assert it.memory
    before = it.memory.incidents
    assert it.fails(5) == []
    assert it.memory.incidents == before
    assert it.read(10, OPEN, identity="another") == []
    assert it.review.failure and "another page" in it.review.failure.reason
    assert it.memory.incidents == before


def test_noise() -> None:
    """4: order of components, times of display, a body's white space and `updated_at` say nothing and write nothing."""
    it = life(
        incident("a", update(1, "investigating", "Two  words"), components=("API", "Web")),
        updated_at={"incidents.json": at(1)},
    )
    same = incident("a", update(1, "investigating", "Two\nwords"), components=("Web", "API"))
    same = with_fields(same, updates=(msgspec.structs.replace(same.updates[0], display_at=at(3)),), position=at(4))
    assert it.read(5, same, updated_at={"incidents.json": at(4)}) == [] and not it.review.dirty


def test_an_update_no_longer_listed() -> None:
    """4: a known update that is listed no longer tells nothing."""
    it = life(incident("a", update(1, "investigating"), update(2, "identified")))
    assert it.read(5, incident("a", update(2, "identified"))) == [] and not it.review.dirty


def test_unlinked_components_are_kept_and_shown() -> None:
    """4: a vendor that unlinks all components when it resolves changes nothing: the last known ones are shown."""
    it = life(OPEN)
    over = incident("a", update(1, "investigating"), update(9, "resolved"), components=(), source_quality=0)
    (event,) = it.read(10, over)
    assert [str(change) for change in event.changes] == ["status"]
    assert [part.name for part in event.incident.components] == ["API"]
    later = incident("a", *over.updates, update(20, "postmortem"), components=(), source_quality=0)
    assert [part.name for part in it.read(30, later)[0].incident.components] == ["API"]


def test_poorer_and_richer_sources() -> None:
    """4: a poorer source never replaces a richer one, and neither that nor filling an empty one tells anything."""
    bare = with_fields(OPEN, components=(), source_quality=0, impact=Impact.UNKNOWN)
    it = life(bare)
    assert (
        it.read(5, with_fields(OPEN, source_quality=1, components=(Component("Api (old name)"),))) == []
        and it.review.dirty
    )
    assert it.read(10, OPEN) == [] and it.review.dirty
    assert (
        it.read(15, with_fields(OPEN, source_quality=1, components=(Component("Api (old name)"),))) == []
        and not it.review.dirty
    )
    assert it.read(20, bare) == [] and not it.review.dirty
    assert it.memory and it.memory.incidents["a"].components == (Component("API"),)


def test_bodies_filled_and_emptied() -> None:
    """4: an empty body never replaces a known one, and filling an empty one tells nothing; a later edit does."""
    empty = incident("a", msgspec.structs.replace(update(1, "investigating"), body=""))
    filled = incident(
        "a", msgspec.structs.replace(update(1, "investigating"), body="Borrowed words", from_enrichment=True)
    )
    own = incident("a", update(1, "investigating", "Own words"))
    it = life(empty)
    assert it.read(5, filled) == [] and it.review.dirty
    assert it.read(6, empty) == [] and not it.review.dirty
    assert it.read(7, own) == [] and it.review.dirty
    assert it.read(8, filled) == [] and not it.review.dirty
    assert shape(it.read(9, incident("a", update(1, "investigating", "Edited words")))) == [
        ("updated", "a", ["edited"], ["u1"])
    ]


def test_the_same_feed_twice() -> None:
    """4: the same feed twice gives no second event and no second write."""
    it = life(OLD)
    assert len(it.read(5, OPEN, OLD)) == 1
    assert it.read(10, OPEN, OLD) == [] and not it.review.dirty
    assert it.unchanged(15) == [] and not it.review.dirty


def test_event_ids() -> None:
    """7: told again after a crash an event has the same id; an incident that swings to and fro never repeats one."""
    it = life(OPEN, OLD)
    before = it.memory
    major = with_fields(OPEN, impact=Impact.MAJOR)
    (first,) = it.read(5, major, OLD)
    it.memory, it.told = before, []
    (again,) = it.read(8, major, OLD)
    assert first.id == again.id
    page, key, kind, digest = first.id.split("/")
    assert (page, key, kind, len(digest)) == ("acme", "a", "updated", 12)
    for minutes in range(10, 20):  # `Life` refuses two events of one id
        assert len(it.read(minutes, OPEN if minutes % 2 == 0 else major, OLD)) == 1


def test_maintenance_goes_the_same_way() -> None:
    """4: scheduled, in_progress, verifying and completed are a life like any other."""
    told = []
    it = life(OLD)
    steps = [update(-1, "scheduled")]
    for minutes, status in ((1, ""), (10, "in_progress"), (20, "verifying"), (30, "completed")):
        steps += [update(minutes, status)] if status else []
        told += shape(it.read(minutes + 1, OLD, incident("m", *steps, kind=IncidentKind.MAINTENANCE)))
    assert [(kind, changes) for kind, _, changes, _ in told] == [
        ("new", []),
        ("updated", ["updates", "status"]),
        ("updated", ["updates", "status"]),
        ("resolved", ["status"]),
    ]


# ----------------------------------------------------------------------------------------------------------- suspicions


def test_older_copy_by_its_updates() -> None:
    """5: a copy that lacks an incident's newest known update is suspected: nothing is told and nothing else changes."""
    full = incident("a", update(1, "investigating"), update(2, "resolved"))
    it = life(full, OLD)
    assert it.read(5, OPEN, OLD) == []
    assert "older copy" in it.review.notes.suspicion and it.review.failure is None
    assert it.memory and it.memory.incidents["a"].status == "resolved"
    assert it.read(10, full, OLD) == [] and it.memory.suspicion is None


def test_copy_without_updates() -> None:
    """5: a copy that has no updates at all is no older one: the document that adds them failed this time."""
    it = life(incident("a", update(1, "investigating")), OLD)
    bare = with_fields(incident("a", update(1, "investigating")), updates=())
    assert it.read(5, bare, OLD) == [] and not it.review.notes.suspicion and not it.review.dirty


def test_older_copy_by_the_pages_own_time() -> None:
    """5: so is one whose own time of change is older than the remembered one, whatever it tells."""
    it = life(OLD, updated_at={"incidents.json": at(0)})
    assert it.read(5, OPEN, OLD, updated_at={"incidents.json": at(-1)}) == []
    assert it.review.notes.suspicion
    assert shape(it.read(6, OPEN, OLD, updated_at={"incidents.json": at(1)})) == [("new", "a", [], ["u1"])]


def test_suddenly_empty() -> None:
    """5: a history that is suddenly empty is suspected, believed after half an hour, and resolves nothing by itself."""
    it = life(OPEN, OLD)
    assert it.read(5) == [] and "empty" in it.review.notes.suspicion
    assert it.read(34) == [] and it.review.notes.suspicion and not it.review.dirty
    assert it.read(35) == [] and not it.review.notes.suspicion
    assert it.read(500) == [] and not it.review.dirty
    assert it.memory and not it.memory.incidents["a"].closed


def test_suspicion_believed() -> None:
    """5: a read at least 30 minutes later that still says so is believed; what it lacks is then not missed again."""
    full = incident("a", update(1, "investigating"), update(2, "resolved"))
    it = life(full, OLD)
    assert it.read(5, OPEN, OLD) == []
    assert shape(it.read(35, OPEN, OLD)) == [("updated", "a", ["reopened"], [])]
    assert it.read(40, OPEN, OLD) == [] and not it.review.notes.suspicion
    assert it.read(45, OPEN, OLD) == [] and not it.review.dirty
    assert shape(it.read(50, full, OLD)) == [("resolved", "a", ["status"], [])]


def test_suspicion_interrupted() -> None:
    """5: a good read between two suspicious ones starts the half hour anew."""
    full = incident("a", update(1, "investigating"), update(2, "resolved"))
    it = life(full, OLD)
    it.read(5, OPEN, OLD)
    it.read(20, full, OLD)
    assert it.read(40, OPEN, OLD) == [] and it.review.notes.suspicion


# -------------------------------------------------------------------------------------------------- a page that fails


def test_failing_for_an_hour() -> None:
    """5: failing reads that span an hour make an incident of kind `page`, told once, resolved once."""
    it = life(OPEN)
    assert it.fails(65) == [] and it.review.dirty
    assert it.fails(100) == [] and not it.review.dirty
    assert it.fails(124) == []
    (event,) = it.fails(125)
    assert event.incident.kind is IncidentKind.PAGE and str(event.kind) == "new"
    assert event.incident.title == "Acme's status page cannot be read: HTTP 403, failing at every read since 10:05 UTC"
    assert it.fails(130) == [] and not it.review.dirty
    (over,) = it.read(200, OPEN)
    assert (str(over.kind), over.incident.id) == ("resolved", event.incident.id)
    assert it.read(205, OPEN) == [] and not it.review.dirty


def test_failing_then_good_within_the_hour() -> None:
    """5: one good read between starts the hour anew, and nobody hears of it."""
    it = life(OPEN)
    it.fails(5)
    assert it.read(50, OPEN) == [] and it.review.dirty
    assert it.fails(70) == [] and it.fails(129) == []


def test_failing_from_the_start() -> None:
    """5: a page that could never be read is told too, and its first good read is its baseline."""
    it = PageTimeline()
    it.fails(0)
    assert len(it.fails(60)) == 1
    assert [str(event.kind) for event in it.read(70, OPEN)] == ["resolved"]
    assert it.review.is_baseline


def test_recovered_as_it_was() -> None:
    """5: "not modified" after a failure is a good read."""
    it = life(OPEN)
    it.fails(5)
    assert it.unchanged(10) == [] and it.memory and it.memory.failing is None


def test_suspicion_is_never_a_page_incident() -> None:
    """5: a suspicion never becomes a `page` incident."""
    it = life(OPEN, OLD, updated_at={"incidents.json": at(0)})
    for minutes in (5, 20, 34):
        assert it.read(minutes, OPEN, OLD, updated_at={"incidents.json": at(-1)}) == []
    assert it.memory and it.memory.failing is None


# ------------------------------------------------------------------------------------------------------------- memory


def test_pruned_after_ninety_days() -> None:
    """6: a closed incident gone from its feed is forgotten, with another write, 90 days after its last update."""
    over = incident("b", update(-9, "investigating"), update(-8, "resolved"))
    it = life(over, OLD)
    days = 24 * 60
    assert it.read(91 * days, OLD) == [] and not it.review.dirty
    it.read(91 * days + 5, OLD, incident("n", update(91 * days, "investigating")))
    assert it.memory and set(it.memory.incidents) == {"old", "n"}
    assert it.read(91 * days + 9, OLD, over, incident("n", update(91 * days, "investigating"))) == []


def test_pruned_where_only_what_is_open_is_listed() -> None:
    """6: of a feed that lists nothing but what is open, too, what is long over is forgotten."""
    lists = {"history": frozenset[IncidentKind](), "current": frozenset({IncidentKind.INCIDENT})}
    it = PageTimeline()
    it.read(0, OPEN, **lists)
    (gone,) = it.read(5, **lists)
    assert gone.changes == (Change.DELISTED,)
    it.read(100 * 24 * 60, incident("new", update(100 * 24 * 60, "investigating")), **lists)
    assert it.memory and list(it.memory.incidents) == ["new"]


def test_closed_incidents_are_small() -> None:
    """6: a remembered closed incident is an id, a status and digests: about 200 bytes, however long its texts are."""
    key = "01KA22ACNT50TDGYE1B9TJ86D2"
    statuses = enumerate(("investigating", "identified", "monitoring", "resolved"))
    updates = [update(number, status, "words " * 200, key=f"{key}{number}") for number, status in statuses]
    wordy = incident(key, *updates, title="A title " * 20)
    it = life(wordy)
    assert it.memory
    without = msgspec.structs.replace(it.memory, incidents={})
    assert len(encode_page(it.memory)) - len(encode_page(without)) < 270


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
    """4: a closed incident that is passed over as unchanged is one that the rules would make no news of."""
    for was, now, absent in product(VARIANTS, VARIANTS, (None, at(5))):
        known = msgspec.structs.replace(diff.new_record(was), absent_since=absent)
        difference = diff.compare(PAGE, known, now)
        if difference.known is known:
            assert difference.event is None and diff.updated_record(now, known) == known
    known = diff.new_record(OVER)
    assert diff.compare(PAGE, known, OVER).known is known, "the short way is not taken"


def messages(it: PageTimeline) -> dict[str, str]:
    assert it.memory
    return {key: known.message for key, known in it.memory.incidents.items()}


def test_the_last_message_of_an_open_incident() -> None:
    """6: of an open incident the newest message is remembered, in one line and cut; of a closed one none."""
    it = life(incident("a", update(1, "investigating", "First\nwords")), incident("b", update(1, "investigating")), OLD)
    assert messages(it) == {"a": "First words", "b": "investigating", "old": ""}
    long = update(3, "identified", "word " * 200)
    it.read(5, incident("a", update(1, "investigating", "First"), long), incident("b", update(1, "resolved")), OLD)
    assert messages(it)["a"].startswith("word word") and len(messages(it)["a"]) <= 280
    assert messages(it)["b"] == ""


def test_a_message_is_replaced_by_no_poorer_one() -> None:
    """4: an empty or borrowed body replaces no message of the same update, an edited one does, and an update without
    words has none.
    """
    own = update(1, "investigating", "Own words")
    it = life(incident("a", own))
    for body, from_enrichment in (("", False), ("Borrowed", True)):
        poorer = msgspec.structs.replace(own, body=body, from_enrichment=from_enrichment)
        it.read(5, incident("a", poorer, impact=Impact.MAJOR if from_enrichment else Impact.CRITICAL))
        assert it.review.dirty and messages(it) == {"a": "Own words"}
    it.read(6, incident("a", update(1, "investigating", "Edited words")))
    assert messages(it) == {"a": "Edited words"}
    it.read(7, incident("a", own, msgspec.structs.replace(update(6, "identified"), body="")))
    assert messages(it) == {"a": ""}


def test_a_message_is_that_of_the_newest_update() -> None:
    """4: an update that is published late, with an earlier time, does not replace the newest message, nor does
    one that is listed no more take it along.
    """
    it = life(incident("a", update(1, "investigating", "First"), update(9, "identified", "Newest")))
    late = update(4, "monitoring", "Late"), update(9, "identified", "Newest")
    it.read(12, incident("a", update(1, "investigating", "First"), *late))
    assert messages(it) == {"a": "Newest"}
    it.read(15, incident("a", update(1, "investigating", "First"), late[0]), incident("n", update(14, "investigating")))
    assert it.review.dirty and messages(it)["a"] == "Newest"


def test_a_message_causes_no_write() -> None:
    """6: a calm run leaves a state that was written before messages were remembered as it was; the next write adds
    them.
    """
    it = life(OPEN, OLD)
    assert it.memory
    before = {key: msgspec.structs.replace(known, message="") for key, known in it.memory.incidents.items()}
    it.memory = msgspec.structs.replace(it.memory, incidents=before)
    assert it.read(5, OPEN, OLD) == [] and not it.review.dirty
    assert it.memory.incidents == before
    it.read(10, OPEN, OLD, incident("n", update(9, "investigating")))
    assert it.review.dirty and messages(it) == {"a": "investigating", "n": "investigating", "old": ""}
    assert it.read(15, OPEN, OLD, incident("n", update(9, "investigating"))) == [] and not it.review.dirty


def test_a_withdrawn_incident_has_no_message() -> None:
    """6: what only an open incident needs goes with its withdrawal, and comes back when it is shown again."""
    it = life(OPEN, OLD)
    it.read(5, OLD)
    it.read(16, OLD)
    assert messages(it)["a"] == ""
    it.read(20, OPEN, OLD)
    assert messages(it)["a"] == "investigating"


def test_validators_only_of_what_was_understood() -> None:
    """6: validators are kept only for documents that were understood in full, with the version of the parser."""
    it = life(OPEN)
    assert it.memory and it.memory.validators["incidents.json"].etag == "etag" and it.memory.parser_version == 1
    it.read(5, OPEN, incident("b", update(4, "investigating")), skipped=("entry 2",))
    assert it.memory.validators == {} and it.memory.parser_version == 0


# ------------------------------------------------------------------------------------------------------------ filters


@pytest.mark.parametrize(
    ("fields", "incident_fields", "told"),
    [
        ({"min_impact": Impact.MAJOR}, {"impact": Impact.MINOR}, False),
        ({"min_impact": Impact.MAJOR}, {"impact": Impact.MAJOR}, True),
        ({"min_impact": Impact.MAJOR}, {"impact": Impact.UNKNOWN}, True),
        ({"components": ("api*",)}, {}, True),
        ({"components": ("Web*",)}, {}, False),
        ({"components": ("Web*",)}, {"components": (), "rank": 0}, True),
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
def test_filters(fields: dict[str, object], incident_fields: dict[str, object], told: bool) -> None:
    """3: filters decide what is told; what the vendor does not state passes."""
    it = PageTimeline(msgspec.structs.replace(PAGE, **fields))
    it.read(0, OLD)
    (event,) = it.read(5, incident("a", update(1, "investigating"), **incident_fields), OLD)
    assert passes(event) is told


def test_filters_look_at_all_it_ever_was() -> None:
    """3: whoever heard the beginning hears the end: the highest impact ever and all components ever named count."""
    it = PageTimeline(msgspec.structs.replace(PAGE, min_impact=Impact.MAJOR, components=("API",)))
    it.read(0, OLD)
    it.read(5, incident("a", update(1, "investigating"), impact=Impact.CRITICAL), OLD)
    calmer = incident("a", update(1, "investigating"), update(6, "monitoring"), impact=Impact.NONE, components=("Web",))
    assert passes(it.read(7, calmer, OLD)[0])
    over = incident("a", *calmer.updates, update(9, "resolved"), impact=Impact.NONE, components=("Web",))
    assert passes(it.read(10, over, OLD)[0])


def test_timestamps_at_the_edges() -> None:
    """5: times far in the past or the future are only times."""
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    ancient = datetime(1, 1, 1, tzinfo=UTC)
    it = life(OLD)
    odd = incident("a", update(1, "investigating"), created_at=ancient, position=ancient)
    odd = with_fields(odd, updates=(msgspec.structs.replace(odd.updates[0], created_at=far, display_at=ancient),))
    assert len(it.read(5, odd, OLD)) == 1
    assert it.read(10, odd, OLD) == []
    assert at(0) + timedelta(minutes=1) == at(1)


# ------------------------------------------------------------------------------------------------- found by review


def test_row_7_within_one_second() -> None:
    """4.7: what counts is the order of updates: an incident may reopen and close within the second it was closed in."""
    parts = [msgspec.structs.replace(update(-8, status, key=status), created_at=at(-8) + timedelta(milliseconds=number))
             for number, status in ((100, "resolved"), (400, "identified"), (800, "completed"))]  # fmt: skip
    first = update(-9, "investigating")
    it = life(incident("a", first, parts[0]))
    assert shape(it.read(5, incident("a", first, *parts, status="resolved"))) == [
        ("resolved", "a", ["reopened"], ["identified", "completed"])
    ]


def test_backdated_update_and_older_copy() -> None:
    """5: the newest known update is the one learned last, however the vendor dates it."""
    u1, u2, u3 = update(1, "investigating"), update(30, "monitoring"), update(20, "resolved")
    it = life(incident("a", u1, u2), OLD)
    assert shape(it.read(35, incident("a", u1, u3, u2, status="resolved"), OLD)) == [
        ("resolved", "a", ["status"], ["u20"])
    ]
    assert it.read(40, incident("a", u1, u2), OLD) == [] and it.review.notes.suspicion


def test_heard_while_vague() -> None:
    """3: who heard an incident while the vendor stated no components or impact hears of it when it does."""
    for fields, vague, clear in (
        ({"components": ("API*",)}, {"components": (), "rank": 0}, {"components": ("Billing",)}),
        ({"min_impact": Impact.MAJOR}, {"impact": Impact.UNKNOWN}, {"impact": Impact.MINOR}),
    ):
        it = PageTimeline(msgspec.structs.replace(PAGE, **fields))
        it.read(0, OLD)
        assert passes(it.read(5, incident("a", update(1, "investigating"), **vague), OLD)[0])
        over = incident("a", update(1, "investigating"), update(9, "resolved"), **clear)
        assert passes(it.read(10, over, OLD)[0])


def test_second_component_of_one_name() -> None:
    """4: a second component of the same name is shown once the vendor links it, though the set of names is the same."""
    one, two = Component("Login", "APIs"), Component("Login", "ChatGPT")
    it = life(with_fields(OPEN, components=(one,)))
    assert it.read(5, with_fields(OPEN, components=(one, two))) == []
    over = incident("a", *OPEN.updates, update(9, "resolved"))
    (event,) = it.read(10, with_fields(over, components=(one, two)))
    assert [part.label for part in event.incident.components] == ["APIs - Login", "ChatGPT - Login"]


def test_an_empty_title_replaces_nothing() -> None:
    """4: an empty value never replaces a richer one."""
    over = with_fields(incident("a", *OPEN.updates, update(9, "resolved")), title="")
    assert life(OPEN).read(10, over)[0].incident.title == "Incident a"


def test_pruned_to_the_second() -> None:
    """6: what was forgotten and is listed again is no news, whatever fraction of a second it closed at."""
    last = msgspec.structs.replace(update(-8, "resolved"), created_at=at(-8) + timedelta(milliseconds=700))
    over = incident("b", update(-9, "investigating"), last, created_at=at(-7))
    it = life(over, OLD)
    late = 91 * 24 * 60
    new = incident("n", update(late, "investigating"))
    it.read(late + 5, OLD, new)
    assert it.memory and "b" not in it.memory.incidents
    assert it.read(late + 9, OLD, new, over) == []


def test_suspicious_reads_are_reads() -> None:
    """5: "failing at every read since" is not said across a read that was only suspected."""
    it = life(OPEN, OLD, updated_at={"incidents.json": at(0)})
    it.fails(5)
    it.read(35, OPEN, OLD, updated_at={"incidents.json": at(-1)})
    assert it.fails(66) == []


def test_clock_set_right() -> None:
    """5: a suspicion, an absence or a failure noted by a clock that ran ahead does not hold for as long as it did."""
    days = 30 * 24 * 60
    older = {"updated_at": {"incidents.json": at(-1)}}
    it = life(OPEN, OLD, updated_at={"incidents.json": at(0)})
    it.read(days, OPEN, OLD, **older)
    it.read(10, OPEN, OLD, **older)
    assert it.review.notes.suspicion
    it.read(41, OPEN, OLD, **older)
    assert it.read(42, OPEN, OLD, **older) == [] and not it.review.notes.suspicion
    failing = life(OPEN)
    failing.fails(days)
    failing.fails(10)
    assert len(failing.fails(70)) == 1
    absent = life(OPEN, OLD)
    absent.read(days, OLD)
    absent.read(10, OLD)
    assert len(absent.read(20, OLD)) == 1


def test_absence_without_proof() -> None:
    """4.13: an absence that nothing proves any more is not held against the incident, nor against conditional reads."""
    it = life(OPEN, OLD, complete=INCIDENTS)
    it.read(5, OLD, complete=INCIDENTS)
    newer = [incident(f"n{number}", update(6 + number, "resolved")) for number in range(3)]
    it.read(20, *newer)
    assert it.memory and it.memory.incidents["a"].absent_since is None


def test_hours_between_two_runs() -> None:
    """4: all that happened between two runs, however long it was, is told once, as one event per incident."""
    it = life(OPEN, OLD)
    messages = [update(minutes, "monitoring", f"Message {minutes}") for minutes in range(60, 600, 60)]
    grown = incident("a", *OPEN.updates, *messages, update(700, "resolved"), title="Renamed", impact=Impact.CRITICAL)
    missed = [
        incident(f"m{number}", update(100 + number, "investigating"), update(101 + number, "resolved"))
        for number in range(9)
    ]
    events = it.read(720, grown, *missed, incident("n", update(710, "investigating")), OLD)
    assert sorted((event.incident.id, str(event.kind), len(event.updates)) for event in events) == sorted(
        [("a", "resolved", 10), ("n", "new", 1), *((one.id, "resolved", 2) for one in missed)]
    )
    assert it.read(725, grown, *missed, incident("n", update(710, "investigating")), OLD) == []


def test_a_thousand_pages_are_small() -> None:
    """6: a thousand pages of a dozen closed incidents of four messages each take less than 3 MB."""
    statuses = ("investigating", "identified", "monitoring", "resolved")
    closed = [
        incident(
            f"9tpgqq1h4b{number:02}",
            *(update(-90 + number + at, it, f"{it} {number}") for at, it in enumerate(statuses)),
        )
        for number in range(12)
    ]
    it = life(*closed, updated_at={"incidents.json": at(0), "summary.json": at(0)})
    assert it.memory
    assert len(encode_page(it.memory)) < 3_000


def test_another_pages_identity() -> None:
    """5: a document of a different page is a failed read, whatever it lists."""
    it = life(OPEN)
    assert it.read(5, incident("x", update(4, "investigating")), identity="another") == []
    assert it.review.failure and "another page" in str(it.review.failure)


def test_a_suspicion_goes_on_under_another_reason() -> None:
    """5: a copy that is older now in one way and now in another is believed after half an hour all the same."""
    a, b = (
        incident(key, update(1, "investigating", key=f"{key}1"), update(2, "resolved", key=f"{key}2")) for key in "ab"
    )
    older_a, older_b = (incident(key, update(1, "investigating", key=f"{key}1")) for key in "ab")
    it = life(a, b, OLD)
    it.read(5, older_a, b, OLD)
    assert it.read(20, a, older_b, OLD) == [] and not it.review.dirty
    assert [event.incident.id for event in it.read(36, a, older_b, OLD)] == ["b"]

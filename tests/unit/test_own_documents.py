"""Section 4, absence: what no list shows is looked up in the incidents' own documents, read by the plan of a run."""

import json
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

import msgspec
import pytest

from statuswatch.rules.absence import is_due
from statuswatch.rules.reconcile import needs_full_read
from statuswatch.rules.unlisted import MAX_OWN_DOCUMENTS
from tests.support.page_timeline import PageTimeline, at, shape
from tests.support.plan_driver import LOST, Lost

DAY: Final = 24 * 60
Json = dict[str, Any]
Page = dict[str, bytes | Lost | None]


def moment(minutes: float) -> str:
    return at(minutes).isoformat()


def stated(key: str, *updates: tuple[float, str], **fields: Any) -> Json:
    """An incident of API v2, from the minutes and statuses of its updates."""
    listed = [
        {"id": f"{key}{minutes:g}", "status": status, "body": f"{status}.", "created_at": moment(minutes)}
        for minutes, status in updates
    ]
    created, status = moment(updates[0][0]), updates[-1][1]
    body = {"id": key, "name": f"Trouble {key}", "status": status, "impact": "minor", "created_at": created}
    return {**body, "incident_updates": listed[::-1], **fields}


def own(incident: Json, **fields: Any) -> bytes:
    """The own document of an incident: `code` is the id of API v2, and the updates have none."""
    updates = [{name: value for name, value in one.items() if name != "id"} for one in incident["incident_updates"]]
    return json.dumps({**incident, "id": 1, "code": incident["id"], "incident_updates": updates, **fields}).encode()


def page(*incidents: Json, summary: Any = None, **own_documents: Any) -> Page:
    """The documents of a page; those of incidents are given by their ids."""
    head = {"id": "abcdefghijkl"}
    is_open = [one for one in incidents if one["status"] not in ("resolved", "completed")]
    listed: Json = {"page": head, "components": [], "scheduled_maintenances": []}
    documents: Page = {f"incidents/{key}.json": body for key, body in own_documents.items()}
    documents["incidents.json"] = json.dumps({"page": head, "incidents": incidents}).encode()
    documents["summary.json"] = json.dumps({**listed, "incidents": summary or is_open}).encode()
    documents["scheduled-maintenances.json"] = json.dumps(listed).encode()
    return documents


OPEN: Final = stated("a", (1, "investigating"))
OLD: Final = stated("old", (-900, "investigating"), (-890, "resolved"))
CONTROL: Final = {"old": own(OLD)}


def timeline_of(*incidents: Json) -> PageTimeline:
    timeline = PageTimeline()
    assert timeline.read_documents(0, page(*incidents)) == []
    return timeline


def requests(timeline: PageTimeline) -> list[str]:
    """Names of the own documents that the last read requested."""
    return [one.document for one in timeline.outcome.notes.requests if one.document.startswith("incidents/")]


def test_row_12_withdrawn() -> None:
    """Contract 4, row 12: 404 at two reads 10 minutes apart, while the document of a listed incident is found:
    withdrawn.
    """
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read_documents(15, page(OLD, a=None, **CONTROL)) == []
    assert timeline.read_documents(24, page(OLD, a=None, **CONTROL)) == [] and not timeline.outcome.dirty
    assert shape(timeline.read_documents(25, page(OLD, a=None, **CONTROL))) == [("resolved", "a", ["withdrawn"], [])]
    assert timeline.read_documents(35, page(OLD, a=None, **CONTROL)) == [] and requests(timeline) == []


def test_row_12_not_without_a_control() -> None:
    """Contract 4.4.1b: where the control is not found either, or there is none, a 404 is no proof: row 12d."""
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read_documents(15, page(OLD, a=None, old=None)) == []
    assert timeline.state and timeline.state.incidents["a"].not_found_since is None
    assert shape(timeline.read_documents(25, page(OLD, a=None, old=None))) == [("resolved", "a", ["delisted"], [])]
    window = stated("m", (1, "scheduled"), impact="maintenance")
    timeline = PageTimeline()
    begin = page(OLD)
    summary = json.loads(begin["summary.json"] or b"")  # type: ignore[arg-type]
    begin["summary.json"] = json.dumps({**summary, "scheduled_maintenances": [window]}).encode()
    timeline.read_documents(0, begin)
    assert timeline.read_documents(15, page(OLD, m=None, **CONTROL)) == []  # the control is of another kind
    assert shape(timeline.read_documents(25, page(OLD, m=None, **CONTROL))) == [("resolved", "m", ["delisted"], [])]


@pytest.mark.parametrize("control", [LOST, b"<html>"])
def test_a_control_that_cannot_be_read_judges_nothing(control: bytes | Lost) -> None:
    """Contract 4.4.1b: beside a control that fails in another way, a 404 ends nothing for 14 days (row 13b)."""
    timeline = timeline_of(OPEN, OLD)
    for minutes in (15, 25, 10 * DAY):
        assert timeline.read_documents(minutes, page(OLD, a=None, old=control)) == []
    assert timeline.state and timeline.state.incidents["a"].not_found_since is None
    events = timeline.read_documents(14 * DAY + 15, page(OLD, a=None, old=control))
    assert shape(events) == [("resolved", "a", ["expired"], [])]


def test_row_12b_closed_by_its_own_document() -> None:
    """Contract 4, row 12b: its own document shows it closed: `resolved` at once, with the updates that are new."""
    over = stated("a", (1, "investigating"), (8, "monitoring"), (12, "resolved"))
    timeline = timeline_of(OPEN, OLD)
    events = timeline.read_documents(15, page(OLD, a=own(over), **CONTROL))
    assert shape(events) == [("resolved", "a", ["status"], ["at-20260307T090800Z", "at-20260307T091200Z"])]
    assert timeline.read_documents(30, page(OLD, a=own(over), **CONTROL)) == []


def test_own_documents_are_judged_first() -> None:
    """Contract 4.4 and 4.5: rows 12b and 12 come before 12d, where the list of what is open is complete, too."""
    over = stated("a", (1, "investigating"), (12, "resolved"))
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read_documents(15, page(OLD, a=LOST, **CONTROL)) == []
    assert shape(timeline.read_documents(26, page(OLD, a=own(over), **CONTROL)))[0][:3] == ("resolved", "a", ["status"])
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read_documents(15, page(OLD, a=LOST, **CONTROL)) == []
    assert timeline.read_documents(26, page(OLD, a=None, **CONTROL)) == []
    (event,) = timeline.read_documents(36, page(OLD, a=None, **CONTROL))
    assert ([*event.changes], event.incident.status) == (["withdrawn"], "investigating")


def test_an_own_document_without_a_schedule_takes_none_back() -> None:
    """4.12b: the schedule that a list stated stays where the own document has none."""
    plan = {"scheduled_for": moment(600), "scheduled_until": moment(700), "impact": "maintenance"}
    window = stated("m", (1, "scheduled"), **plan)
    begin = page(OLD)
    summary = json.loads(begin["summary.json"] or b"")  # type: ignore[arg-type]
    begin["summary.json"] = json.dumps({**summary, "scheduled_maintenances": [window]}).encode()
    timeline = PageTimeline()
    timeline.read_documents(0, begin)
    over = stated("m", (1, "scheduled"), (12, "completed"), impact="maintenance")
    (event,) = timeline.read_documents(15, page(OLD, m=own(over), **CONTROL))
    assert (event.incident.scheduled_for, event.incident.scheduled_until) == (at(600), at(700))


def test_updates_without_an_id_are_replaced_by_those_of_a_list() -> None:
    """Contract 4.4.3: listed again, updates at the same second are the same, without an event."""
    over = stated("a", (1, "investigating"), (12, "resolved"))
    timeline = timeline_of(OPEN, OLD)
    assert len(timeline.read_documents(15, page(OLD, a=own(over), **CONTROL))) == 1
    assert timeline.read_documents(30, page(over, OLD)) == [] and not timeline.outcome.notes.suspicion
    assert timeline.read_documents(31, page(over, OLD)) == [] and not timeline.outcome.dirty
    noted = stated("a", (1, "investigating"), (12, "resolved"), (40, "postmortem"))
    assert shape(timeline.read_documents(45, page(noted, OLD)))[0][3] == ["a40"]


def test_shown_open_stays_open() -> None:
    """Contract 4.4.1: shown open by its own document it stays open, and rows 8 and 9 apply to that document."""
    grown = stated("a", (1, "investigating"), (12, "monitoring"), name="Renamed")
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read_documents(15, page(OLD, a=None, **CONTROL)) == []
    (event,) = timeline.read_documents(26, page(OLD, a=own(grown), **CONTROL))
    assert shape([event]) == [("updated", "a", ["updates", "status", "title"], ["at-20260307T091200Z"])]
    record = timeline.state and timeline.state.incidents["a"]
    assert record and record.absent_since == at(15) and record.not_found_since is None
    assert timeline.read_documents(40, page(OLD, a=own(grown), **CONTROL)) == [] and not timeline.outcome.dirty
    assert timeline.read_documents(15 * DAY, page(OLD, a=own(grown), **CONTROL)) == []


@pytest.mark.parametrize("body", [LOST, b"<html>", own({**OPEN, "id": "b"}), own({**OPEN, "incident_updates": []})])
def test_other_failures_neither_count_nor_reset(body: bytes | Lost) -> None:
    """Contract 4.4.1 and 4.4.1b: one that fails, is another incident's, or lacks the newest known update judges
    nothing.
    """
    grown = stated("a", (1, "investigating"), (3, "monitoring"))
    timeline = timeline_of(grown, OLD)
    assert timeline.read_documents(15, page(OLD, a=None, **CONTROL)) == []
    assert timeline.read_documents(20, page(OLD, a=body, **CONTROL)) == [] and not timeline.outcome.dirty
    assert shape(timeline.read_documents(26, page(OLD, a=None, **CONTROL))) == [("resolved", "a", ["withdrawn"], [])]


def test_row_12d_where_nothing_can_be_read() -> None:
    """Contract 4, row 12d: where own documents cannot be read, what is absent from a complete list at two reads is
    delisted.
    """
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read_documents(15, page(OLD, a=LOST, old=LOST)) == []
    assert shape(timeline.read_documents(26, page(OLD, a=LOST, old=LOST))) == [("resolved", "a", ["delisted"], [])]


def test_a_list_that_failed_proves_nothing() -> None:
    """Contract 4.4: without the summary, which can hold the incident, it is not absent and not asked about."""
    timeline = timeline_of(OPEN, OLD)
    lost: Page = {**page(OLD, a=None, **CONTROL), "summary.json": LOST}
    assert timeline.read_documents(15, lost) == [] and requests(timeline) == []
    assert timeline.state and timeline.state.incidents["a"].absent_since is None


def test_at_most_five_are_asked_about() -> None:
    """Contract 4.4.1: own documents are read of at most 5 incidents a run, the control apart."""
    many = [stated(f"n{number}", (number, "investigating")) for number in range(12)]
    timeline = timeline_of(*many, OLD)
    ended: Page = {
        **page(OLD, **CONTROL),
        **{f"incidents/{one['id']}.json": own({**one, "status": "resolved"}) for one in many},
    }
    counts = []
    for minutes in (20, 25, 30):
        counts.append(len(timeline.read_documents(minutes, ended)))
        assert len(requests(timeline)) <= MAX_OWN_DOCUMENTS + 1
    assert counts == [5, 5, 2]


def test_all_that_wait_have_their_turn() -> None:
    """Contract 4.4.1: which incidents are asked about changes from run to run, so that none waits for ever."""
    many = [stated(f"n{number}", (number, "investigating")) for number in range(12)]
    timeline = timeline_of(*many, OLD)
    shown: Page = {**page(OLD, **CONTROL), **{f"incidents/{one['id']}.json": own(one) for one in many}}
    names: set[str] = set()
    for minutes in range(20, 20 + 40 * 15, 15):
        assert timeline.read_documents(minutes, shown) == []
        names |= set(requests(timeline))
    assert len(names) == 13


def test_after_its_first_day_one_hour_in_twelve() -> None:
    """Contract 4.4.2: after its first day an absent incident is asked about in one hour in twelve; at 14 days,
    always.
    """
    hours = [hour for hour in range(24 * 13) if is_due("a", at(0), at(60 * hour))]
    assert hours[:24] == list(range(24)) and len(hours) == pytest.approx(24 + 24, abs=4)
    later = [hour for hour in hours if hour >= 24]
    assert {after - before for before, after in pairwise(later)} <= {11, 12, 23}


def test_lists_are_read_in_full_where_one_is_due() -> None:
    """Contract 4.4.1 and 4.4.2: on its first day an absent incident stops conditional requests, later only when it is
    due.
    """
    timeline = timeline_of(OPEN, OLD)
    timeline.read_documents(15, page(OLD, a=own(OPEN), **CONTROL))
    state = timeline.state
    assert state and needs_full_read(state, at(60)) and needs_full_read(state, at(14 * DAY + 15))
    later = [needs_full_read(state, at(2 * DAY + 60 * hour)) for hour in range(48)]
    assert later.count(True) in (3, 4, 5)


def test_what_came_and_went_within_one_gap_is_found() -> None:
    """Contract 4.4.4: where no entry of a full window is as it was, the ids of history.json are looked up.

    Only what closed after the newest remembered update is reported; what the budget leaves is read by the next runs.
    """
    timeline = timeline_of(OLD)
    newest = [stated(f"w{n}", (2000 + n, "investigating"), (2000.5 + n, "resolved")) for n in range(50)]
    gap = [stated(f"g{n}", (1000 + n, "investigating"), (1000.5 + n, "resolved")) for n in range(7)]
    before = stated("b", (-2000, "investigating"), (-1995, "resolved"))
    documents: Page = {**page(*newest), **{f"incidents/{one['id']}.json": own(one) for one in (*gap, before, *newest)}}
    documents["history.json?page=1"] = history(*newest, *gap, before, OLD)
    events = timeline.read_documents(3000, documents)
    assert {event.incident.id for event in events} >= {one["id"] for one in newest} and len(events) == 55
    assert timeline.state and len(timeline.state.to_look_up) == 2
    events = timeline.read_documents(3005, documents)
    assert {(str(event.kind), *event.changes) for event in events} == {("resolved", "missed")} and len(events) == 2
    assert timeline.state and timeline.state.to_look_up == {}
    assert timeline.read_documents(3010, documents) == []
    back: Page = {**documents, "incidents.json": page(gap[0], *newest[1:])["incidents.json"]}
    assert timeline.read_documents(3015, back) == [], "its updates have ids now, and the times that they had"


def test_a_longer_list_counts_only_where_its_ids_are_those_of_the_page() -> None:
    """Contract 4.4.4: where not one incident of both lists has the same id in both, the longer one is not used."""
    timeline = timeline_of(OLD)
    newest = [stated(f"w{n}", (2000 + n, "investigating"), (2000.5 + n, "resolved")) for n in range(50)]
    gap = stated("g", (1000, "investigating"), (1001, "resolved"))
    documents: Page = {**page(*newest), "incidents/g.json": own(gap), "history.json?page=1": history(gap)}
    assert len(timeline.read_documents(3000, documents)) == 50 and requests(timeline) == []


def test_a_longer_list_is_read_only_where_there_is_a_gap() -> None:
    """Contract 4.4.4: where one entry of the window is as it was, nothing can have rolled out unseen."""
    timeline = timeline_of(OLD)
    newest = [stated(f"w{n}", (2000 + n, "investigating"), (2000.5 + n, "resolved")) for n in range(49)]
    assert len(timeline.read_documents(3000, page(*newest, OLD))) == 49
    assert not any(one.document.startswith("history") for one in timeline.outcome.notes.requests)


def history(*incidents: Json) -> bytes:
    """`history.json`: one month after the other, and times without a year."""
    months: dict[tuple[int, str], list[Json]] = {}
    for one in incidents:
        end = datetime.fromisoformat(one["incident_updates"][0]["created_at"])
        timestamp = f"{end:%b} <var data-var='date'>{end:%d}</var>, <var data-var='time'>00:00</var> - {end:%H:%M} UTC"
        months.setdefault((end.year, f"{end:%B}"), []).append({"code": one["id"], "timestamp": timestamp})
    listed = [{"name": name, "year": year, "incidents": entries} for (year, name), entries in months.items()]
    return json.dumps({"months": listed}).encode()


def test_ids_that_change_for_a_whole_page() -> None:
    """Contract 4.4.5: unknown ids of the same kind, title and creation are the vanished ones: the record moves, no
    event.
    """
    renamed = [json.loads(json.dumps(one).replace(f'"{one["id"]}', f'"x{one["id"]}')) for one in (OPEN, OLD)]
    timeline = timeline_of(OPEN, OLD)
    assert timeline.read_documents(15, page(*renamed)) == [] and timeline.outcome.dirty
    assert timeline.state and set(timeline.state.incidents) == {"xa", "xold"}
    grown = msgspec.json.decode(msgspec.json.encode(renamed[0]))
    grown["incident_updates"].insert(0, stated("xa", (20, "monitoring"))["incident_updates"][0])
    events = timeline.read_documents(25, page({**grown, "status": "monitoring"}, renamed[1]))
    assert shape(events) == [("updated", "xa", ["updates", "status"], ["xa20"])]


def test_incidents_that_are_alike_do_not_move() -> None:
    """Contract 4.4.5: where two that vanish, or two that appear, have one title and creation, nobody knows which is."""
    twins = [stated(key, (1, "investigating"), name="Errors") for key in ("a", "b")]
    renamed = [json.loads(json.dumps(one).replace(f'"{one["id"]}', f'"x{one["id"]}')) for one in twins]
    timeline = timeline_of(*twins, OLD)
    events = timeline.read_documents(15, page(*renamed, OLD))
    assert [(str(event.kind), event.incident.id) for event in events] == [("new", "xa"), ("new", "xb")]

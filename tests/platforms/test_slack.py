"""Slack's own page."""

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.event import Event
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Document, Page, PageSnapshot
from statuswatch.platforms import slack
from statuswatch.platforms.parsing import ParseInput
from tests.support.page_timeline import START, PageTimeline, shape
from tests.support.platform_sample import URL, Json, only
from tests.support.samples.slack import ENDED, OPEN, PAGE, SAMPLE, WINDOW, current, entry, moment

read = SAMPLE.read


class Reads:
    """The timeline of a page, read from its two documents; None: there is no history."""

    def __init__(self) -> None:
        self.timeline = PageTimeline(PAGE)

    def at(self, minutes: float, listed: Json, history: list[Json] | bytes | None) -> list[Event]:
        past = history if history is None or isinstance(history, bytes) else json.dumps(history).encode()
        documents = {"current": json.dumps(listed).encode(), "history": past}
        feed = slack.parse(ParseInput(PAGE, documents, self.timeline.state))
        return self.timeline.apply(minutes, PageSnapshot(feed, {}, slack.PARSER_VERSION))


def test_ids() -> None:
    """Contract 4.10: incidents have the vendor's numbers; ids of notes are made of the incident and the time, and
    pinned here.
    """
    assert {incident.id: [update.id for update in incident.updates] for incident in read().incidents} == {
        "1578": ["c429bffdbec6", "d4efb121bb0c"],
        "1579": ["bea895a6bae0", "14a14f01ccbd"],
        "1577": ["3b6c9af27a05"],
    }
    assert {incident.id for incident in read(current=current({**OPEN, "id": "1579"})).incidents} == {"1578", "1579"}


def test_ids_are_those_of_both_documents() -> None:
    """4: both documents give an incident and its notes the same ids, in whatever order the notes stand."""
    over = {**OPEN, "status": "resolved", "notes": OPEN["notes"][::-1]}
    past = only(read(current=current(), history=[over]), "1579")
    assert [update.id for update in past.updates] == [update.id for update in only(read(), "1579").updates]
    assert [update.created_at for update in past.updates] == [
        START - timedelta(minutes=30),
        START - timedelta(minutes=20),
    ]


def test_notes_of_one_second() -> None:
    """4: two notes of one second are one update with the words of both, in whatever order they are listed."""
    twins = [{**OPEN["notes"][0], "body": "<p>B</p>"}, {**OPEN["notes"][0], "body": "<p>A</p>"}]
    first, second = (
        only(read(current=current({**OPEN, "notes": notes})), "1579").updates for notes in (twins, twins[::-1])
    )
    assert first == second and [update.body for update in first] == ["A\nB"]


def test_fields() -> None:
    """4: types, statuses, services and times; the only severity that is stated is that of an outage."""
    incident = only(read(), "1579")
    assert (incident.kind, incident.status, incident.impact) == (IncidentKind.INCIDENT, "active", Impact.UNKNOWN)
    assert [part.label for part in incident.components] == ["Messaging", "Search"]
    assert incident.created_at == START - timedelta(minutes=30) and incident.created_at.tzinfo is UTC
    assert incident.updates[0].body == "Note of -30." and incident.url == OPEN["url"]
    window = only(read(), "1577")
    assert (window.kind, window.status, window.impact) == (IncidentKind.MAINTENANCE, "in_progress", Impact.MAINTENANCE)
    outage = read(current=current({**OPEN, "type": "outage", "services": [], "url": "javascript:1"})).incidents[1]
    assert (outage.impact, outage.components, outage.source_quality, outage.url) == (Impact.CRITICAL, (), 0, URL)


def test_where_it_is_read() -> None:
    """3: both documents stand under the page's address, also where that is the address of the first."""
    for url in (URL, f"{URL}/api/v2.0.0/current"):
        assert slack.documents(Page(key="acme", name="Acme", url=url)) == (
            Document("current", f"{URL}/api/v2.0.0/current", required=True),
            Document("history", f"{URL}/api/v2.0.0/history"),
        )


def test_not_ok_and_nothing_listed() -> None:
    """5: a page that is not ok and lists nothing is refused."""
    with pytest.raises(FeedError, match="current: it says 'active' and lists nothing"):
        read(current={**current(), "status": "active"})
    assert only(read(current={**current(OPEN), "status": "ok"}), "1579").status == "active"


def test_ends_with_its_last_note() -> None:
    """4.5: an incident that left the current list ends as the history says, with its last note."""
    page = Reads()
    assert page.at(0, current(OPEN), [OPEN, ENDED]) == []
    over = entry(1579, "resolved", -30, -20, 4)
    (event,) = page.at(5, current(), [over, ENDED])
    assert shape([event])[0][:3] == ("resolved", "1579", ["status"])
    assert [(update.status, update.body) for update in event.updates] == [("resolved", "Note of 4.")]
    assert page.at(10, current(), [over, ENDED]) == []


def test_ends_without_a_note() -> None:
    """4.5: an incident that ends without a note repeats none, and nothing of it was edited."""
    page = Reads()
    page.at(0, current(OPEN), [OPEN, ENDED])
    (event,) = page.at(5, current(OPEN), [{**OPEN, "status": "resolved"}, ENDED])  # one of them is an older copy
    assert shape([event]) == [("resolved", "1579", ["status"], [])]
    assert page.at(10, current(OPEN), [{**OPEN, "status": "resolved"}, ENDED]) == []


def test_notes_after_the_end() -> None:
    """4.8: notes added after the end are updates, and reopen nothing."""
    page = Reads()
    page.at(0, current(OPEN), [OPEN, ENDED])
    page.at(5, current(), [entry(1579, "resolved", -30, -20, 4), ENDED])
    (event,) = page.at(9000, current(), [entry(1579, "resolved", -30, -20, 4, 8000, 8001), ENDED])
    assert shape([event])[0][:3] == ("updated", "1579", ["updates"]) and len(event.updates) == 2


def test_reopens() -> None:
    """4.6: an incident that is listed as open again has reopened, with its new note only."""
    page = Reads()
    page.at(0, current(OPEN), [OPEN, ENDED])
    page.at(5, current(), [entry(1579, "resolved", -30, -20, 4), ENDED])
    (event,) = page.at(10, current(entry(1579, "active", -30, -20, 4, 9)), [ENDED])
    assert shape([event])[0][:3] == ("updated", "1579", ["reopened"])
    assert [(update.status, update.body) for update in event.updates] == [("active", "Note of 9.")]


def test_opened_and_closed_between_reads() -> None:
    """4.3: an incident that began and ended between two reads is reported from the history, with all its notes."""
    page = Reads()
    page.at(0, current(), [ENDED])
    (event,) = page.at(60, current(), [entry(1580, "resolved", 10, 20, 30), ENDED])
    assert shape([event])[0][:3] == ("resolved", "1580", ["missed"])
    assert [update.status for update in event.updates] == ["active", "active", "resolved"]


def test_without_a_history() -> None:
    """4.11: where there is only the current list, an incident that left it is no longer listed."""
    page = Reads()
    page.at(0, current(OPEN, WINDOW), None)
    assert page.at(5, current(), None) == []
    assert shape(page.at(15, current(), None)) == [
        ("resolved", "1577", ["delisted"], []),
        ("resolved", "1579", ["delisted"], []),
    ]


@pytest.mark.parametrize("late", [[OPEN, ENDED], [ENDED], b"<html>"], ids=["open there", "not there", "not readable"])
def test_history_lags(late: Any) -> None:
    """Contract 4.4 and 4, row 12d: an incident that left the current list and is not over in the history is not
    reported for one read; where the history lists it as open, or could not be read, for any number.
    """
    over = entry(1579, "resolved", -30, -20, 4)
    page = Reads()
    page.at(0, current(OPEN), [OPEN, ENDED])
    assert page.at(5, current(), late) == []
    assert shape(page.at(6, current(), [over, ENDED]))[0][:3] == ("resolved", "1579", ["status"])

    page = Reads()
    page.at(0, current(OPEN), [OPEN, ENDED])
    assert page.at(5, current(), late) == []
    if late != [ENDED]:
        assert page.at(20, current(), late) == []
        assert shape(page.at(30, current(), [over, ENDED]))[0][:3] == ("resolved", "1579", ["status"])
        return
    assert shape(page.at(20, current(), late)) == [("resolved", "1579", ["delisted"], [])]
    assert page.at(25, current(), late) == []
    assert shape(page.at(30, current(), [over, ENDED]))[0][:3] == ("updated", "1579", ["updates"])  # its last note


def test_older_copy_of_the_current_list() -> None:
    """4.11: an incident that is missing from one copy and back in the next causes no event."""
    page = Reads()
    page.at(0, current(OPEN), [OPEN, ENDED])
    assert page.at(5, current(), [OPEN, ENDED]) == []
    assert page.at(10, current(OPEN), [OPEN, ENDED]) == []
    assert page.at(15, current(), [OPEN, ENDED]) == []


def test_only_the_current_list_opens() -> None:
    """4: an entry that only the history shows as open is from an older copy, and is not reported."""
    page = Reads()
    page.at(0, current(), [ENDED])
    assert page.at(5, current(), [entry(1580, "active", 2), ENDED]) == []


@pytest.mark.parametrize("spelling", ["cancelled", "canceled"])
def test_cancelled(spelling: str) -> None:
    """4.5: a window that was cancelled is over, with its last note, in either spelling.

    The status is recorded in a public guide to Slack's API.
    """
    page = Reads()
    page.at(0, current(WINDOW), [ENDED])
    over = entry(1577, spelling, -10, 4, type="maintenance")
    (event,) = page.at(5, current(), [over, ENDED])
    assert shape([event])[0][:3] == ("resolved", "1577", ["status"]) and event.incident.status == "cancelled"
    assert [(update.status, update.body) for update in event.updates] == [("cancelled", "Note of 4.")]
    assert page.at(10, current(), [over, ENDED]) == []
    assert page.at(15, current(), [ENDED]) == []


def test_a_copy_that_lists_what_is_over() -> None:
    """5: a copy of the current list that lists an incident again after it left is suspected (recorded on 2021-06-30).

    Nothing of it is reported, and the page's own time, which may go back, proves neither that nor the contrary.
    """
    page = Reads()
    page.at(0, current(), None)
    assert shape(page.at(5, current(entry(994, "active", 2)), None))[0][:3] == ("new", "994", [])
    assert page.at(10, {**current(), "date_updated": moment(8)}, None)[0].changes == ("delisted",)
    for minutes, listed in ((15, entry(994, "active", 2)), (25, None), (35, entry(994, "active", 2)), (50, None)):
        assert page.at(minutes, current(*[listed] if listed else []), None) == []
    assert page.timeline.outcome.notes.suspicion == ""


def test_a_true_reopening() -> None:
    """4.6: an incident that is listed again with a note later than its end has reopened (recorded on 2023-08-24)."""
    page = Reads()
    page.at(0, current(), None)
    page.at(5, current(entry(1258, "active", 2)), None)
    page.at(10, {**current(), "date_updated": moment(8)}, None)  # later than the list that had it: row 11
    (event,) = page.at(20, current(entry(1258, "active", 2, 8, 18)), None)
    assert shape([event])[0][:3] == ("updated", "1258", ["reopened"]) and len(event.updates) == 2


def test_a_note_that_was_rewritten() -> None:
    """4.8, 5: a copy that lacks the newest known note and has a later one is no older copy: the note is an update."""
    page = Reads()
    page.at(0, current(), [])
    page.at(15, current(entry(3101, "active", 5, 12)), [])
    (event,) = page.at(30, current(entry(3101, "active", 5, 28)), [])
    assert shape([event])[0][:3] == ("updated", "3101", ["updates"]) and event.updates[0].body == "Note of 28."
    assert page.at(40, current(entry(3101, "active", 5, 12)), []) == [] and page.timeline.outcome.notes.suspicion


def test_the_time_of_the_list_may_go_back() -> None:
    """5: the list's own time goes back when the newest of several incidents ends, and that is no suspicion."""
    page = Reads()
    first = {**current(entry(1, "active", 1), entry(2, "active", 4)), "date_updated": moment(4)}
    page.at(0, current(), None)
    page.at(5, first, None)
    shorter = {**current(entry(1, "active", 1)), "date_updated": moment(1)}
    page.at(10, shorter, None)
    assert page.timeline.outcome.notes.suspicion == ""
    assert only(read(current={**current(OPEN), "date_updated": "lately"}), "1579").status == "active"


def test_bad_entry_of_the_history() -> None:
    """Contract 4.4: an entry of the history that cannot be understood is reported, and may be what is absent."""
    bad = {**ENDED, "notes": 7}
    feed = read(history=[bad, ENDED])
    assert feed.skipped == () and "history: entry 0" in feed.losses[0] and only(feed, "1578").closed
    page = Reads()
    page.at(0, current(OPEN), [OPEN, bad, ENDED])
    page.at(5, current(), [OPEN, bad, ENDED])
    assert page.at(15, current(), [OPEN, bad, ENDED]) == []
    page.at(20, current(), [ENDED])
    assert shape(page.at(30, current(), [ENDED])) == [("resolved", "1579", ["delisted"], [])]


def test_suddenly_empty_history() -> None:
    """5: a history that is suddenly empty is a suspicion."""
    page = Reads()
    page.at(0, current(OPEN), [OPEN, ENDED])
    assert page.at(5, current(), []) == [] and "suddenly empty" in page.timeline.outcome.notes.suspicion


def test_times_without_a_zone() -> None:
    """5: times with and without an offset beside each other are understood."""
    mixed = copy.deepcopy(OPEN)
    mixed["notes"][0]["date_created"] = "2026-03-07T08:00:00"
    assert only(read(current=current(mixed)), "1579").updates[0].created_at == datetime(2026, 3, 7, 8, tzinfo=UTC)

"""Heroku."""

import copy
from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.platforms import heroku
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import Json, only
from tests.support.samples.heroku import CURRENT, INCIDENTS, SAMPLE, raw_update

read = SAMPLE.read


def test_ids_are_the_vendors() -> None:
    """4: ids are the vendor's numbers; an update without one is identified by its time, pinned here."""
    assert {incident.id: [update.id for update in incident.updates] for incident in read().incidents} == {
        "2963": ["71", "72", "73"],
        "2962": ["40bf43db184d", "a6aa287b7cbc"],
        "2964": ["74"],
    }


def test_ids_without_ids_survive() -> None:
    """4: an update without an id keeps its own when it is edited, or listed in another order."""
    documents: Any = copy.deepcopy(INCIDENTS)
    documents[1]["updates"].reverse()
    documents[1]["updates"][0]["contents"] = "Edited."
    documents[1]["title"] = "Renamed"
    before, after = only(read(), "2962"), only(read(incidents=documents), "2962")
    assert [update.id for update in before.updates] == [update.id for update in after.updates]


def test_only_state_closes() -> None:
    """4: `resolved` is ignored; an update after the end has a closed status, so that nothing is reopened."""
    closed = only(read(), "2963")
    assert closed.closed and [update.status for update in closed.updates] == ["issue", "resolved", "resolved"]


def test_impacts_and_components() -> None:
    """4: the worst colour of the systems is the impact, and green states none; the systems are the components."""
    feed = read()
    assert [only(feed, key).impact for key in ("2963", "2962", "2964")] == [Impact.MINOR, Impact.UNKNOWN, Impact.MAJOR]
    assert [component.label for component in only(feed, "2964").components] == ["Apps", "Data"]
    assert only(feed, "2962").source_quality == 0
    assert only(feed, "2964").updates[0].body == "We see errors."
    assert only(feed, "2963").created_at == datetime(2026, 9, 20, 8, 0, 0, 101000, tzinfo=UTC)


def test_what_other_clients_read() -> None:
    """4: fields that we do not read change nothing; an update without a type has the state of its incident."""
    # Fields of the current status that packages/status/test/status.test.ts of heroku/cli and the clients after it have:
    # regions as tags, the services of a system, the time at which an update was changed.
    entry: Json = {
        "id": 2970,
        "title": "Errors of the router",
        "state": "investigating",
        "resolved": False,
        "created_at": "2026-10-06T10:00:00Z",
        "updated_at": "2026-10-06T10:06:00Z",
        "full_url": "https://status.heroku.com/incidents/2970",
        "tags": ["EMEA", "NA"],
        "systems": [{"name": "Apps", "status": "red", "services": ["Apps"]}],
        "updates": [
            {"created_at": "2026-10-06T10:05:00Z", "updated_at": "2026-10-06T10:06:00Z", "contents": "<p>We look.</p>"},
            {**raw_update(80, "issue", "2026-10-06T10:00:00Z"), "updated_at": "2026-10-06T10:00:00Z"},
        ],
    }
    status = {"status": [{"system": "Apps", "status": "red"}], "incidents": [entry], "scheduled": []}
    current: dict[str, Any] = {"current-status": status}
    feed = read(incidents=[], **current)
    incident = only(feed, "2970")
    assert not feed.skipped and (incident.status, incident.impact) == ("investigating", Impact.MAJOR)
    assert [(update.status, update.body) for update in incident.updates] == [
        ("issue", "Words."),
        ("investigating", "We look."),
    ]


def test_addresses() -> None:
    """5: an incident's own address, under the page where it is relative."""
    assert only(read(), "2963").url == "https://status.heroku.com/incidents/2963"
    assert only(read(), "2962").url == f"{SAMPLE.page.url}/incidents/2962"


def test_what_is_listed() -> None:
    """4.12: the current status lists every open incident; without it no list is complete. Maintenance is not read."""
    assert read().history == read().complete == {IncidentKind.INCIDENT} and not read().current
    without: dict[str, Any] = {"current-status": b"[]"}
    assert (
        read(**without).complete == read(**without).history == set() and "current-status" in read(**without).losses[0]
    )
    assert {incident.kind for incident in read().incidents} == {IncidentKind.INCIDENT}


def test_timeline() -> None:
    """4: an incident is new from the current status, is resolved in the list, and its follow-up reopens nothing."""
    timeline = PageTimeline()
    begun = read()
    timeline.read(0, identity="heroku")
    assert shape(timeline.read(5, only(begun, "2964"), identity="heroku")) == [("new", "2964", [], ["74"])]
    over: Any = copy.deepcopy(CURRENT["incidents"][0])
    over["state"] = "resolved"
    over["updates"].insert(0, raw_update(75, "resolved", "2026-09-22T09:00:00.000Z"))
    resolved = parse_entry(over)
    assert shape(timeline.read(10, resolved, identity="heroku")) == [("resolved", "2964", ["status"], ["75"])]
    over["updates"].insert(0, raw_update(76, "followup", "2026-09-23T09:00:00.000Z"))
    assert shape(timeline.read(15, parse_entry(over), identity="heroku")) == [("updated", "2964", ["updates"], ["76"])]


def parse_entry(entry: Json) -> Any:
    return only(read(incidents=[entry]), str(entry["id"]))


def test_not_recognised_when_empty() -> None:
    """3: an empty list may be anyone's."""
    none: dict[str, Any] = {"current-status": {"incidents": []}}
    assert not heroku.matches(read(incidents=[], **none)) and heroku.matches(read())

"""Heroku."""

import copy
from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.platforms import heroku
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import Json, Sample, only


def said(key: int, kind: str, at: str, contents: str = "Words.") -> Json:
    """An update as of API v4."""
    return {"id": key, "created_at": at, "update_type": kind, "contents": contents}


def fixture() -> tuple[list[Json], Json]:
    """The newest incidents and the current status, with the oddities that readers of both report: `resolved` never
    true, maintenance that stays upcoming, an update after the end.
    """
    closed = {
        "id": 2963,
        "title": "Delays of builds",
        "state": "resolved",
        "resolved": False,
        "created_at": "2026-09-20T08:00:00.101Z",
        "full_url": "https://status.heroku.com/incidents/2963",
        "systems": [{"name": "Tools", "status": "green", "services": ["Builds"]}, {"name": "Apps", "status": "yellow"}],
        "updates": [
            said(73, "followup", "2026-09-21T08:00:00.000Z", "What had happened."),
            said(72, "resolved", "2026-09-20T09:30:00.000Z"),
            said(71, "issue", "2026-09-20T08:00:00.101Z"),
        ],
    }
    no_ids = {
        **closed,
        "id": 2962,
        "title": "Routing",
        "created_at": "2026-09-10T08:00:00.000Z",
        "full_url": "/incidents/2962",
        "systems": [],
        "updates": [
            {"created_at": "2026-09-10T08:30:00.000Z", "update_type": "resolved", "contents": "Over."},
            {"created_at": "2026-09-10T08:00:00.000Z", "update_type": "issue", "contents": "Begun."},
        ],
    }
    window = {**closed, "id": 2959, "state": "upcoming", "title": "Maintenance"}
    still = {
        **closed,
        "id": 2964,
        "title": "Errors of apps",
        "state": "issue",
        "created_at": "2026-09-22T08:00:00.000Z",
        "full_url": "https://status.heroku.com/incidents/2964",
        "systems": [{"name": "Apps", "status": "red"}, {"name": "Data", "status": "yellow"}],
        "updates": [said(74, "issue", "2026-09-22T08:00:00.000Z", "We see <b>errors</b>.")],
    }
    status = [{"system": "Apps", "status": "red"}, {"system": "Data", "status": "yellow"}]
    return [closed, no_ids, window], {"status": status, "incidents": [still], "scheduled": [window]}


INCIDENTS, CURRENT = fixture()
SAMPLE = Sample("heroku", {"incidents": INCIDENTS, "current-status": CURRENT}, "incidents", (), {"id": None}, "title")


def ended(documents: Any) -> str:
    """What was open moves from the current status to the list."""
    it = documents["current-status"]["incidents"].pop()
    it["state"] = "resolved"
    it["updates"].insert(0, said(75, "resolved", "2026-09-22T09:00:00.000Z"))
    documents["incidents"].insert(0, it)
    return str(it["id"])


def noted(documents: Any) -> None:
    """And is followed up."""
    documents["incidents"][0]["updates"].insert(0, said(76, "followup", "2026-09-23T09:00:00.000Z"))


read = SAMPLE.read


def test_ids_are_the_vendors() -> None:
    """4: ids are the vendor's numbers; an update without one is told apart by its time, pinned here."""
    assert {it.id: [one.id for one in it.updates] for it in read().incidents} == {
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
    assert [one.id for one in before.updates] == [one.id for one in after.updates]


def test_state_alone_tells() -> None:
    """4: `resolved` is not looked at; an update after the end has a closed status, so that nothing is reopened."""
    closed = only(read(), "2963")
    assert closed.closed and [one.status for one in closed.updates] == ["issue", "resolved", "resolved"]


def test_impacts_and_components() -> None:
    """4: the worst colour of the systems is the impact, and green states none; the systems are the components."""
    feed = read()
    assert [only(feed, key).impact for key in ("2963", "2962", "2964")] == [Impact.MINOR, Impact.UNKNOWN, Impact.MAJOR]
    assert [part.label for part in only(feed, "2964").components] == ["Apps", "Data"]
    assert only(feed, "2962").source_quality == 0
    assert only(feed, "2964").updates[0].body == "We see errors."
    assert only(feed, "2963").created_at == datetime(2026, 9, 20, 8, 0, 0, 101000, tzinfo=UTC)


def test_addresses() -> None:
    """5: an incident's own address, under the page where it is relative."""
    assert only(read(), "2963").url == "https://status.heroku.com/incidents/2963"
    assert only(read(), "2962").url == f"{SAMPLE.page.url}/incidents/2962"


def test_what_is_listed() -> None:
    """4.12: the current status lists every open incident; without it nothing says so. Windows are not read."""
    assert read().history == read().complete == {IncidentKind.INCIDENT} and not read().current
    without: dict[str, Any] = {"current-status": b"[]"}
    assert (
        read(**without).complete == read(**without).history == set() and "current-status" in read(**without).losses[0]
    )
    assert {it.kind for it in read().incidents} == {IncidentKind.INCIDENT}


def test_life() -> None:
    """4: an incident is new from the current status, is resolved in the list, and its follow-up reopens nothing."""
    life = PageTimeline()
    begun = read()
    life.read(0, identity="heroku")
    assert shape(life.read(5, only(begun, "2964"), identity="heroku")) == [("new", "2964", [], ["74"])]
    over: Any = copy.deepcopy(CURRENT["incidents"][0])
    over["state"] = "resolved"
    over["updates"].insert(0, said(75, "resolved", "2026-09-22T09:00:00.000Z"))
    resolved = heroku_incident(over)
    assert shape(life.read(10, resolved, identity="heroku")) == [("resolved", "2964", ["status"], ["75"])]
    over["updates"].insert(0, said(76, "followup", "2026-09-23T09:00:00.000Z"))
    assert shape(life.read(15, heroku_incident(over), identity="heroku")) == [("updated", "2964", ["updates"], ["76"])]


def heroku_incident(entry: Json) -> Any:
    return only(read(incidents=[entry]), str(entry["id"]))


def test_not_recognised_when_empty() -> None:
    """3: an empty list may be anyone's."""
    none: dict[str, Any] = {"current-status": {"incidents": []}}
    assert not heroku.matches(read(incidents=[], **none)) and heroku.matches(read())

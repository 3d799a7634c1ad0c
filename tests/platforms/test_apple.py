"""Apple: Apple Services and Apple Developer."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page, PageSnapshot
from statuswatch.platforms import apple
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import Json, only
from tests.support.samples.apple import BEFORE, NAME, SAMPLE, document, event


def read(**services: list[Json]) -> Any:
    return SAMPLE.read(system_status_en_US__js=document(**services))


def test_ids_are_the_vendors() -> None:
    """4: the message's id is the id of the incident and of its one update.

    It stays when the start is corrected, and when type, status or order change.
    """
    feed = SAMPLE.read()
    assert {incident.id: [update.id for update in incident.updates] for incident in feed.incidents} == {
        "2000004686": ["2000004686"],
        "1000000560": ["1000000560"],
    }
    corrected = event("2000004686", "resolved", epochStartDate=1750350000000, message="Sorry.")
    assert [incident.id for incident in read(Photos=[BEFORE], Mail=[corrected]).incidents] == [
        "1000000560",
        "2000004686",
    ]


def test_fields() -> None:
    """4: title, status, impact, text and times of an event."""
    feed = SAMPLE.read()
    ongoing, before = only(feed, "2000004686"), only(feed, "1000000560")
    assert (ongoing.title, ongoing.status, ongoing.impact) == ("Outage", "ongoing", Impact.MAJOR)
    assert ongoing.updates[0].body == "Users may be experiencing a problem.\nSome users are affected"
    assert ongoing.created_at == ongoing.updates[0].display_at == datetime(2025, 6, 19, 16, 56, tzinfo=UTC)
    assert ongoing.updates[0].created_at == datetime(2025, 6, 19, 17, 33, tzinfo=UTC)
    assert (before.status, before.closed, before.impact) == ("resolved", True, Impact.MINOR)
    assert before.updates[0].display_at == datetime(2025, 6, 17, 8, 56, tzinfo=UTC)


def test_what_is_listed() -> None:
    """4.11: an event that is absent is no longer listed: it may have been resolved and have left the list."""
    feed = SAMPLE.read()
    assert feed.current == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} and not feed.history and not feed.complete
    assert feed.updated_at == {NAME: datetime(2025, 6, 19, 17, 33, tzinfo=UTC)}
    assert read(Mail=[], Photos=[]).updated_at == {}


def test_one_incident_on_several_services() -> None:
    """4: one message on several services is one incident with these components and the worst of their impacts.

    Where the texts differ, each service has its own line.
    """
    outage = event("1", "ongoing", statusType="Outage", message="Down.", usersAffected="All users are affected")
    (incident,) = read(Web=[event("1", "ongoing")], Mail=[outage]).incidents
    assert [part.name for part in incident.components] == ["Mail", "Web"]
    assert (incident.title, incident.impact) == ("Outage", Impact.MAJOR)
    assert incident.updates[0].body == (
        "Mail: Down. All users are affected\nWeb: Users may be experiencing a problem. Some users are affected"
    )
    (incident,) = read(Web=[event("1", "ongoing")], Mail=[event("1", "ongoing")]).incidents
    assert incident.updates[0].body == "Users may be experiencing a problem.\nSome users are affected"


def test_open_while_one_service_is() -> None:
    """4: an incident is open while one of its services says so."""
    services = {"Mail": [event("1", "ongoing")], "Web": [event("1", "resolved", statusType="Outage")]}
    (incident,) = read(**services).incidents
    assert (incident.status, incident.impact, len(incident.components)) == ("ongoing", Impact.MINOR, 2)


@pytest.mark.parametrize(
    ("theirs", "ours"), [("upcoming", "scheduled"), ("ongoing", "in_progress"), ("completed", "completed")]
)
def test_maintenance(theirs: str, ours: str) -> None:
    """4: maintenance is a window with its schedule."""
    end = 1750356900000
    (incident,) = read(Mail=[event("1", theirs, statusType="Maintenance", epochEndDate=end)]).incidents
    assert (incident.kind, incident.impact, incident.status) == (IncidentKind.MAINTENANCE, Impact.MAINTENANCE, ours)
    assert incident.scheduled_for == datetime(2025, 6, 19, 16, 56, tzinfo=UTC)
    assert incident.scheduled_until == datetime(2025, 6, 19, 18, 15, tzinfo=UTC)


def test_resolved_without_an_end() -> None:
    """4: an event may be resolved without an end, as recorded on 2025-06-20; its time is then its start."""
    (incident,) = read(Mail=[event("1", "resolved", epochEndDate=None, datePosted=None)]).incidents
    assert incident.closed and incident.updates[0].created_at == incident.created_at


@pytest.mark.parametrize("call", ["jsonCallback(%s);", "jsonCallback( %s ) ;\n", "jsonCallback(%s)", "%s"])
def test_function_call(call: str) -> None:
    """5: the developer page's document is a call of a function; either is read, a cut one is not."""
    body = (call % json.dumps(SAMPLE.documents[NAME])).encode()
    assert SAMPLE.read(system_status_en_US__js=body) == SAMPLE.read()
    with pytest.raises(FeedError, match=NAME):
        SAMPLE.read(system_status_en_US__js=body.rstrip(b" ;\n)")[:-1])


def test_a_page_without_services() -> None:
    """5: a document that names no service is refused."""
    with pytest.raises(FeedError, match="no service"):
        read()


def test_events_without_an_id() -> None:
    """5: a document without ids and with other epochs, as an app stores it, is refused."""
    bare = {key: event("1", "resolved")[key] for key in ("message", "eventStatus", "epochStartDate", "epochEndDate")}
    with pytest.raises(FeedError, match="messageId"):
        read(Mail=[bare])


@pytest.mark.parametrize("posted", [None, "", "gestern", "13/40/2025 10:33 PDT", "06/19/2025 10:33 CEST"])
def test_publication_in_another_form(posted: str | None) -> None:
    """5: a time of publication in another form is not used."""
    feed = read(Mail=[event("1", "ongoing", datePosted=posted)])
    assert feed.updated_at == {} and feed.incidents[0].updates[0].created_at == feed.incidents[0].created_at


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.9.5:8765", f"http://127.0.9.5:8765/support/systemstatus/data/{NAME}"),
        ("https://www.apple.com/support/systemstatus", f"https://www.apple.com/support/systemstatus/data/{NAME}"),
        (
            "https://developer.apple.com/system-status",
            f"https://www.apple.com/support/systemstatus/data/developer/{NAME}",
        ),
        (f"https://acme.example/{NAME}", f"https://acme.example/{NAME}"),
    ],
)
def test_documents(url: str, address: str) -> None:
    """3: the document stands under the page's address; that of the developer page on the other host."""
    assert [document.url for document in apple.documents(Page(key="apple", name="Apple", url=url))] == [address]


def test_timeline() -> None:
    """4: an incident is new, joined by a service, resolved, reopened at once, resolved again (recorded on 2025-06-14).

    An older copy causes no event, nor does the resolved incident when it leaves the document.
    """

    def events(posted: str, status: str, *services: str) -> Any:
        fields = {"datePosted": f"06/14/2025 {posted} PDT", "epochStartDate": 1749934200000}  # it began at 13:50
        listed = {name: [event("1", status, **fields)] for name in services}
        return PageSnapshot(read(Other=[], **listed), {}, 1)

    timeline = PageTimeline()
    timeline.apply(0, PageSnapshot(read(Mail=[]), {}, 1))
    began = events("14:05", "ongoing", "Mail")
    assert shape(timeline.apply(20, began)) == [("new", "1", [], ["1"])]
    assert timeline.apply(25, began) == []
    assert shape(timeline.apply(30, events("14:15", "ongoing", "Mail", "Web"))) == [
        ("updated", "1", ["components"], [])
    ]
    resolved = events("14:40", "resolved", "Mail", "Web")
    assert shape(timeline.apply(40, resolved)) == [("resolved", "1", ["status", "edited"], ["1"])]
    assert timeline.apply(45, began) == [] and "older copy" in timeline.outcome.notes.suspicion
    assert timeline.apply(50, resolved) == []
    reopened = timeline.apply(60, events("15:21", "ongoing", "Mail", "Web"))
    assert shape(reopened) == [("updated", "1", ["reopened", "edited"], ["1"])]
    again = timeline.apply(90, events("16:24", "resolved", "Mail", "Web"))
    assert shape(again) == [("resolved", "1", ["status", "edited"], ["1"])]
    assert timeline.apply(4000, PageSnapshot(read(Mail=[]), {}, 1)) == []


def test_delisted() -> None:
    """4.11: an ongoing event that left the document is no longer listed."""
    timeline = PageTimeline()
    timeline.apply(0, PageSnapshot(SAMPLE.read(), {}, 1))
    without_ongoing = copy.deepcopy(SAMPLE.documents[NAME])
    assert isinstance(without_ongoing, dict)
    del without_ongoing["services"][0]["events"][0]
    snapshot = PageSnapshot(SAMPLE.read(system_status_en_US__js=without_ongoing), {}, 1)
    assert timeline.apply(10, snapshot) == []
    assert shape(timeline.apply(20, snapshot)) == [("resolved", "2000004686", ["delisted"], [])]

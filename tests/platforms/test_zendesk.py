"""Zendesk."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import zendesk
from statuswatch.platforms.parsing import ParseInput
from tests.support.page_timeline import PageTimeline, shape, with_fields
from tests.support.platform_sample import URL, Json, Sample, only

ARTICLE = "https://support.zendesk.com/hc/en-us/articles/1-Service-Incident"


def entry(key: str, started: str, **attributes: Any) -> Json:
    """Return an incident of api/ssp/incidents.json, with the fields of the recording of 2026-09-19."""
    usual = {
        "name": f"Incident {key}",
        "impact": "major",
        "postmortem": None,
        "startedAt": started,
        "maintResolvesAt": None,
        "status": "resolved",
        "outage": True,
        "degradation": False,
        "internalToolsOnly": False,
        "resolvedAt": None,
    }
    return {"id": key, "type": "incident", "attributes": {**usual, **attributes}, "relationships": {}}


def service(key: str, incident: int, number: int, name: str, parent: int | None = None) -> Json:
    facts = {"incidentId": incident, "serviceId": number, "serviceName": name, "serviceParentId": parent}
    return {"id": key, "type": "incidentService", "attributes": facts}


def fixture() -> Json:
    """Return the oddities of the recording: a stale status, a service beside its parts, an article."""
    return {
        "data": [
            entry("10315", "2026-09-17T16:53:02.000Z", impact="minor", status="investigating", name="Voice & <pod>"),
            entry("10240", "2026-09-01T16:15:00.000Z", resolvedAt="2026-09-01T18:27:03.000Z", postmortem=ARTICLE),
            entry("10079", "2026-07-24T11:18:16.000Z", resolvedAt="2026-07-24T12:42:29.000Z", status="monitoring"),
            entry("10158", "2026-07-23T10:14:00.000Z", resolvedAt="2026-08-07T13:32:00.000Z", impact="critical"),
        ],
        "included": [
            service("230382", 10315, 31, "Voice"),
            service("230384", 10315, 34, "Transcriptions", 31),
            service("230254", 10240, 63, "Sales"),
            service("230258", 10240, 67, "Calls", 63),
            service("230259", 10240, 31, "Voice"),
            service("230260", 10240, 35, "Calls", 31),
            {"id": "9", "type": "somethingElse", "attributes": {}},
        ],
    }


SAMPLE = Sample(
    "zendesk", {"incidents.json": fixture()}, "incidents.json", ("data",), {"attributes": {}}, "attributes.name"
)


def ended(documents: Any) -> str:
    """State the end of the open incident, with a stale status; return its id."""
    incident = documents["incidents.json"]["data"][0]
    incident["attributes"] |= {"resolvedAt": "2026-09-17T19:00:00.000Z", "status": "monitoring"}
    return str(incident["id"])


def noted(documents: Any) -> None:
    """Add an article."""
    documents["incidents.json"]["data"][0]["attributes"] |= {"postmortem": ARTICLE, "status": "resolved"}


read = SAMPLE.read


def test_ids_are_the_vendors() -> None:
    """4: ids of incidents stand in state.json, and are pinned here; there are no updates."""
    assert [(incident.id, incident.updates) for incident in read().incidents] == [
        ("10315", ()),
        ("10240", ()),
        ("10079", ()),
        ("10158", ()),
    ]


def test_the_end_alone_closes() -> None:
    """4: `resolvedAt` closes an incident, whatever `status` says; an article is its postmortem."""
    feed = read()
    assert [incident.status for incident in feed.incidents] == ["investigating", "postmortem", "resolved", "resolved"]
    assert only(feed, "10240").url == ARTICLE and only(feed, "10079").url == URL


def test_impacts_and_components() -> None:
    """4: services and their parts, with the service's name where two parts share theirs."""
    feed = read()
    assert [component.label for component in only(feed, "10315").components] == ["Transcriptions", "Voice"]
    labels = [component.label for component in only(feed, "10240").components]
    assert labels == ["Sales - Calls", "Voice - Calls", "Sales", "Voice"]
    assert [incident.impact for incident in feed.incidents] == [
        Impact.MINOR,
        Impact.MAJOR,
        Impact.MAJOR,
        Impact.CRITICAL,
    ]
    assert only(feed, "10079").source_quality == 0


def test_what_is_listed() -> None:
    """4.12: a list by beginning, of any status; it is not complete for any kind."""
    feed = read()
    assert feed.history == {IncidentKind.INCIDENT} and not feed.complete | feed.current and feed.by_creation
    assert only(feed, "10158").position == datetime(2026, 7, 23, 10, 14, tzinfo=UTC)


def test_without_an_end_stated() -> None:
    """5: an entry that does not state whether it is over is not understood."""
    document: Any = copy.deepcopy(SAMPLE.documents["incidents.json"])
    del document["data"][0]["attributes"]["resolvedAt"]
    feed = read(incidents__json=document)
    assert len(feed.incidents) == 3 and "resolvedAt" in feed.skipped[0]


def test_maintenance() -> None:
    """4: an entry with a planned end is maintenance."""
    document: Any = copy.deepcopy(SAMPLE.documents["incidents.json"])
    document["data"][0]["attributes"] |= {"maintResolvesAt": "2026-09-17T20:00:00.000Z", "status": "scheduled"}
    window = only(read(incidents__json=document), "10315")
    assert (window.kind, window.impact, window.status) == (IncidentKind.MAINTENANCE, Impact.MAINTENANCE, "scheduled")
    assert window.scheduled_until == datetime(2026, 9, 17, 20, tzinfo=UTC)


def test_address_of_the_document() -> None:
    """3: a page may be given by the address of its document."""
    address = f"{URL}/api/ssp/incidents.json"
    assert [zendesk.documents(Page(key="z", name="Z", url=url))[0].url for url in (URL, address)] == [address, address]


def test_timeline() -> None:
    """4: an incident begins, ends and gets its article, each reported once."""
    timeline = PageTimeline()
    begun = only(read(), "10315")
    feed = {"identity": "zendesk"}
    timeline.read(0, **feed)
    assert shape(timeline.read(5, begun, **feed)) == [("new", "10315", [], [])]
    over = with_fields(begun, status="resolved")
    assert shape(timeline.read(10, over, **feed)) == [("resolved", "10315", ["status"], [])]
    assert timeline.read(15, over, **feed) == []
    assert shape(timeline.read(20, with_fields(over, status="postmortem"), **feed)) == [
        ("updated", "10315", ["status"], [])
    ]


def test_not_recognised_when_empty() -> None:
    """3: an empty list may be anyone's."""
    body = json.dumps({"data": [], "included": []}).encode()
    feed = zendesk.parse(ParseInput(SAMPLE.page, {"incidents.json": body}))
    assert not zendesk.matches(feed) and zendesk.matches(read())

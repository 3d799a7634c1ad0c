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
from tests.support.platform_sample import URL, only
from tests.support.samples.zendesk import ARTICLE, SAMPLE, service

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
    """4: an incident begins and ends, each reported once; that it has an article then is no event (9b)."""
    timeline = PageTimeline()
    begun = only(read(), "10315")
    feed = {"identity": "zendesk"}
    timeline.read(0, **feed)
    assert shape(timeline.read(5, begun, **feed)) == [("new", "10315", [], [])]
    over = with_fields(begun, status="resolved")
    assert shape(timeline.read(10, over, **feed)) == [("resolved", "10315", ["status"], [])]
    assert timeline.read(15, over, **feed) == []
    assert timeline.read(20, with_fields(over, status="postmortem"), **feed) == []


def test_not_recognised_when_empty() -> None:
    """3: an empty list may be anyone's."""
    body = json.dumps({"data": [], "included": []}).encode()
    feed = zendesk.parse(ParseInput(SAMPLE.page, {"incidents.json": body}))
    assert not zendesk.matches(feed) and zendesk.matches(read())


def test_recorded_services() -> None:
    """4: services as recorded: parts of one name under several services, a part with white space around its name.

    The shape of server/src/adapters/vendorstatus/__fixtures__/zendesk-ssp-incidents.json of jczechowski-CXDO/ops-dash.
    """
    document: Any = copy.deepcopy(SAMPLE.documents["incidents.json"])
    document["included"] = [
        service("230117", 10240, 1, "Support"),
        service("230121", 10240, 58, "Analytics"),
        service("230128", 10240, 62, "Misc", 58),
        service("230131", 10240, 9, "Misc", 1),
        service("230144", 10240, 61, " Dashboard Scheduling & Sharing", 58),
    ]
    labels = {part.label for part in only(read(incidents__json=document), "10240").components}
    assert labels == {"Support", "Analytics", "Analytics - Misc", "Support - Misc", "Dashboard Scheduling & Sharing"}


def test_what_running_clients_read() -> None:
    """4: an open incident has null for its end; neither a planned end nor an article need be stated.

    The shape of tests/fixtures/zendesk-ssp-incidents.json of gzuercher/status-page-to-chat.
    """
    stated = {"name": "Slow", "impact": "minor", "startedAt": "2026-05-14T08:00:00.000Z", "status": "investigating"}
    incident = {"id": "9002", "type": "incident", "attributes": {**stated, "resolvedAt": None}}
    link = {"incidentId": 9002, "serviceId": 15, "serviceName": "Knowledge"}
    document = {"data": [incident], "included": [{"id": "1", "type": "incidentService", "attributes": link}]}
    (read_one,) = read(incidents__json=document).incidents
    assert (read_one.status, read_one.closed, read_one.kind) == ("investigating", False, IncidentKind.INCIDENT)
    assert [part.label for part in read_one.components] == ["Knowledge"]

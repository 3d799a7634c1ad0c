"""Salesforce Trust."""

import copy
from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import salesforce
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import URL, Json, only
from tests.support.samples.salesforce import ACTIVE, RECENT, SAMPLE, impact, raw_update

read = SAMPLE.read


def test_ids_are_the_vendors() -> None:
    """4: ids are the vendor's numbers, in both documents the same; pinned here."""
    assert {incident.id: [update.id for update in incident.updates] for incident in read().incidents} == {
        "20004387": ["1", "2"],
        "20004309": ["4", "5", "6"],
    }


def test_addresses() -> None:
    """5: the data have a host of their own; for any other page no such host is assumed."""
    page = Page(key="s", name="S", url="https://status.salesforce.com")
    assert [document.url for document in salesforce.documents(page)] == [
        "https://api.status.salesforce.com/v1/incidents/active",
        "https://api.status.salesforce.com/v1/incidents",
    ]
    for url in ("http://127.0.9.5:8765", URL):
        assert salesforce.documents(Page(key="s", name="S", url=url))[0].url == f"{url}/v1/incidents/active"
    assert only(read(), "20004387").url == f"{URL}/incidents/20004387"


def test_titles() -> None:
    """4: the type of the impact that began first, else the incident's own, as words, and its number."""
    feed = read()
    assert only(feed, "20004309").title == "Feature Perf Degradation, incident 20004309"
    assert only(feed, "20004387").title == "Disruption, incident 20004387"


def test_statuses() -> None:
    """4: the types of messages are words; one after the stated end has a closed status, so that nothing is reopened."""
    feed = read()
    assert [incident.status for incident in feed.incidents] == ["active", "resolved"]
    first, second = only(feed, "20004387").updates
    assert (first.status, second.status) == ("investigating_cause_of_issue", "update")
    assert (first.body, second.body) == ("We're investigating.", "We continue.")
    assert [update.status for update in only(feed, "20004309").updates] == ["update", "resolved", "resolved"]


def test_without_a_status() -> None:
    """4: an older document states none: what has ended is resolved."""
    recent: Any = copy.deepcopy(RECENT)
    for incident in recent:
        del incident["status"]
    assert [incident.status for incident in read(active=[recent[0]], incidents=recent).incidents] == [
        "active",
        "resolved",
    ]
    recent[1]["IncidentImpacts"][0]["endTime"] = ""
    assert only(read(incidents=recent), "20004309").status == "active"


def test_incident_with_few_fields() -> None:
    """4: without a status, a type or instances an incident is active while an impact has no end."""
    # The fields of TrustIncident in test/fixtures/status/fixtures.ts of heroku/cli: several messages of one minute, and
    # types of the product's own. The recorded incident of 2023 adds the time at which an end was stated, without one.
    entry: Json = {
        "id": 10990,
        "externalId": "10990",
        "isCore": False,
        "affectsAll": True,
        "createdAt": "2026-04-02T03:39:01.680Z",
        "updatedAt": "2026-04-02T03:47:10.152Z",
        "serviceKeys": ["HerokuData"],
        "IncidentImpacts": [
            impact(
                7,
                "herokuDataFeatureDisruption",
                "major",
                "2026-04-02T02:38:00.000Z",
                stated="2026-04-02T04:19:33.794Z",
            )
        ],
        "IncidentEvents": [
            raw_update(22, "herokuIncidentMonitoring", "2026-04-02T03:50:00.000Z"),
            raw_update(21, "herokuIncident", "2026-04-02T03:50:00.000Z"),
        ],
    }
    incident = only(read(active=[entry], incidents=[entry]), "10990")
    assert incident.title == "Heroku Data Feature Disruption, incident 10990"
    assert (incident.status, incident.impact) == ("active", Impact.MAJOR)
    assert [component.label for component in incident.components] == ["HerokuData"]
    assert [update.status for update in incident.updates] == ["heroku_incident", "heroku_incident_monitoring"]


def test_null_lists_and_ids_as_text() -> None:
    """4: lists that are null are empty, and an id is the same as a number and as text."""
    active: Any = copy.deepcopy(ACTIVE)
    active[0]["id"] = str(active[0]["id"])
    active[0]["IncidentEvents"][0]["id"] = "2"
    feed = read(active=active, incidents=[])
    assert not feed.skipped and [update.id for update in only(feed, "20004387").updates] == ["1", "2"]
    active[0] |= {"IncidentImpacts": None, "IncidentEvents": None}
    incident = only(read(active=active, incidents=[]), "20004387")
    assert (incident.status, incident.updates, incident.impact) == ("active", (), Impact.UNKNOWN)


def test_impacts_and_components() -> None:
    """4: the worst severity of its impacts; services and instances are the components."""
    feed = read()
    assert [incident.impact for incident in feed.incidents] == [Impact.UNKNOWN, Impact.MAJOR]
    assert [component.label for component in only(feed, "20004387").components] == ["B2BCommerce", "EU35", "NA132"]
    assert only(feed, "20004387").created_at == datetime(2026, 9, 1, 13, 56, 48, 761000, tzinfo=UTC)


def test_what_is_listed() -> None:
    """Contract 4.4: only open ones are active; one is absent only where the second list was read too."""
    assert read().history == read().complete == {IncidentKind.INCIDENT} and not read().unread
    for body in (b"<html>", None):  # not understood, not fetched this time
        unread: dict[str, Any] = {"incidents": body}
        assert read(**unread).history == read(**unread).complete == set()
        assert read(**unread).unread == {IncidentKind.INCIDENT}


def test_timeline() -> None:
    """4: an incident that is active no more is resolved with its last update; its root cause reopens nothing."""
    timeline = PageTimeline()
    recent: Any = copy.deepcopy(RECENT[:1])
    closing = recent[0]

    def events_at(minutes: int, active: list[Json]) -> list[tuple[str, str, list[str], list[str]]]:
        feed = read(active=active, incidents=recent)
        return shape(
            timeline.read(minutes, *feed.incidents, identity="salesforce", history=feed.history, complete=feed.complete)
        )

    recent[:] = [RECENT[1]]
    assert events_at(0, []) == []
    recent[:] = [closing, RECENT[1]]
    assert events_at(5, ACTIVE) == [("new", "20004387", [], ["1", "2"])]
    end = "2026-09-05T10:20:00.000Z"
    closing["status"] = "Resolved"
    closing["IncidentImpacts"] = [
        impact(1, "x", "minor", "2026-09-01T13:00:00.000Z", "2026-09-05T10:00:00.000Z", stated=end)
    ]
    closing["IncidentEvents"].insert(0, raw_update(3, "update", end, "Over."))
    assert events_at(10, []) == [("resolved", "20004387", ["status", "title"], ["3"])]
    closing["IncidentEvents"].insert(0, raw_update(4, "update", "2026-09-09T10:00:00.000Z", "The root cause."))
    assert events_at(15, []) == [("updated", "20004387", ["updates"], ["4"])]


def test_no_longer_listed() -> None:
    """4.11: an incident that is in neither document is reported as no longer listed."""
    timeline = PageTimeline()
    page: dict[str, Any] = {"identity": "salesforce", "current": {IncidentKind.INCIDENT}, "history": set()}
    timeline.read(0, **page)
    timeline.read(5, *read().incidents[:1], **page)
    assert timeline.read(10, **page) == []
    assert shape(timeline.read(20, **page)) == [("resolved", "20004387", ["delisted"], [])]


def test_not_recognised_when_empty() -> None:
    """3: an empty list may be anyone's."""
    assert not salesforce.matches(read(active=[], incidents=[])) and salesforce.matches(read())

"""Salesforce Trust."""

import copy
from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import salesforce
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import URL, Json, Sample, only


def said(key: int, kind: str, at: str, message: str = "Words.") -> Json:
    return {"id": key, "type": kind, "message": message, "createdAt": at, "updatedAt": at}


def impact(key: int, kind: str, severity: str, start: str, end: str | None = None, stated: str | None = None) -> Json:
    times = {"startTime": start, "endTime": end, "endTimeCreatedAt": stated}
    return {"id": key, "type": kind, "severity": severity, **times}


def fixture() -> tuple[list[Json], list[Json]]:
    """An active incident and a resolved one, with the fields and types that readers report of live documents."""
    active = {
        "id": 20004387,
        "externalId": "93999999",
        "status": "Active",
        "type": "Disruption",
        "isCore": False,
        "affectsAll": False,
        "createdAt": "2026-09-01T13:56:48.761Z",
        "updatedAt": "2026-09-04T06:07:05.272Z",
        "message": {"rootCause": None, "actionPlan": None, "pathToResolution": None},
        "serviceKeys": ["B2BCommerce"],
        "instanceKeys": ["NA132", "EU35"],
        "IncidentImpacts": [],
        "IncidentEvents": [
            said(2, "update", "2026-09-04T06:07:05.272Z", "We continue.\n"),
            said(1, "investigatingCauseOfIssue", "2026-09-01T14:02:41.597Z", "We&apos;re <b>investigating</b>."),
        ],
    }
    closed = {
        **active,
        "id": 20004309,
        "status": "Resolved",
        "type": "Degradation",
        "createdAt": "2026-07-29T08:51:38.364Z",
        "serviceKeys": ["coreService"],
        "instanceKeys": [],
        "IncidentImpacts": [
            impact(12, "serviceDisruption", "major", "2026-07-29T08:00:00.000Z", "2026-07-29T10:00:00.000Z"),
            impact(
                11,
                "featurePerfDegradation",
                "minor",
                "2026-07-29T07:00:00.000Z",
                "2026-07-29T10:05:00.000Z",
                "2026-07-29T10:30:00.000Z",
            ),
        ],
        "IncidentEvents": [
            said(6, "update", "2026-08-01T05:14:30.114Z", "The root cause was …"),
            said(5, "update", "2026-07-29T10:30:00.014Z", "Resolved as of 10:05 UTC."),
            said(4, "update", "2026-07-29T10:10:00.000Z", "Nearly there."),
        ],
    }
    return [active], [active, closed]


ACTIVE, OTHERS = fixture()
SAMPLE = Sample("salesforce", {"active": ACTIVE, "incidents": OTHERS}, "active", (), {"id": None}, "type")


def ended(documents: Any) -> str:
    """It leaves the active ones, and stands among the others with its end."""
    documents["active"].clear()
    it = documents["incidents"][0]
    it["status"] = "Resolved"
    it["IncidentImpacts"] = [impact(9, "serviceDisruption", "major", "2026-09-01T13:00:00Z", "2026-09-04T07:00:00Z")]
    it["IncidentEvents"].insert(0, said(3, "update", "2026-09-04T07:05:00Z", "It is over."))
    it["IncidentEvents"].insert(0, said(7, "update", "2026-09-04T06:50:00Z", "Nearly there."))
    return str(it["id"])


def noted(documents: Any) -> None:
    """And is spoken of once more."""
    documents["incidents"][0]["IncidentEvents"].insert(0, said(8, "update", "2026-09-09T07:05:00Z", "The root cause."))


read = SAMPLE.read


def test_ids_are_the_vendors() -> None:
    """4: ids are the vendor's numbers, in both documents the same; pinned here."""
    assert {it.id: [one.id for one in it.updates] for it in read().incidents} == {
        "20004387": ["1", "2"],
        "20004309": ["4", "5", "6"],
    }


def test_addresses() -> None:
    """5: the data have a host of their own; no such host is guessed at for any other page."""
    page = Page(key="s", name="S", url="https://status.salesforce.com")
    assert [it.url for it in salesforce.documents(page)] == [
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
    assert [it.status for it in feed.incidents] == ["active", "resolved"]
    first, second = only(feed, "20004387").updates
    assert (first.status, second.status) == ("investigating_cause_of_issue", "update")
    assert (first.body, second.body) == ("We're investigating.", "We continue.")
    assert [one.status for one in only(feed, "20004309").updates] == ["update", "resolved", "resolved"]


def test_without_a_status() -> None:
    """4: an older document states none: what has ended is resolved."""
    others: Any = copy.deepcopy(OTHERS)
    for it in others:
        del it["status"]
    assert [it.status for it in read(active=[others[0]], incidents=others).incidents] == ["active", "resolved"]
    others[1]["IncidentImpacts"][0]["endTime"] = ""
    assert only(read(incidents=others), "20004309").status == "active"


def test_impacts_and_components() -> None:
    """4: the worst severity of its impacts; services and instances are the components."""
    feed = read()
    assert [it.impact for it in feed.incidents] == [Impact.UNKNOWN, Impact.MAJOR]
    assert [part.label for part in only(feed, "20004387").components] == ["B2BCommerce", "EU35", "NA132"]
    assert only(feed, "20004387").created_at == datetime(2026, 9, 1, 13, 56, 48, 761000, tzinfo=UTC)


def test_what_is_listed() -> None:
    """4.11: only open ones are listed as active; what is gone is no longer open once the others were looked at."""
    assert read().history == read().current == {IncidentKind.INCIDENT}
    for body in (b"<html>", None):  # not understood, not fetched this time
        unread: dict[str, Any] = {"incidents": body}
        assert read(**unread).history == read(**unread).current == set()


def test_life() -> None:
    """4: what is gone from the active ones is resolved with its last words, and its root cause reopens nothing."""
    life = PageTimeline()
    others: Any = copy.deepcopy(OTHERS[:1])
    closing = others[0]

    def told(minutes: int, active: list[Json]) -> list[tuple[str, str, list[str], list[str]]]:
        feed = read(active=active, incidents=others)
        return shape(
            life.read(minutes, *feed.incidents, identity="salesforce", history=feed.history, current=feed.current)
        )

    others[:] = [OTHERS[1]]
    assert told(0, []) == []
    others[:] = [closing, OTHERS[1]]
    assert told(5, ACTIVE) == [("new", "20004387", [], ["1", "2"])]
    end = "2026-09-05T10:20:00.000Z"
    closing["status"] = "Resolved"
    closing["IncidentImpacts"] = [impact(1, "x", "minor", "2026-09-01T13:00:00.000Z", "2026-09-05T10:00:00.000Z", end)]
    closing["IncidentEvents"].insert(0, said(3, "update", end, "Over."))
    assert told(10, []) == [("resolved", "20004387", ["status", "title"], ["3"])]
    closing["IncidentEvents"].insert(0, said(4, "update", "2026-09-09T10:00:00.000Z", "The root cause."))
    assert told(15, []) == [("updated", "20004387", ["updates"], ["4"])]


def test_no_longer_listed() -> None:
    """4.11: what is in neither document is told as no longer listed."""
    life = PageTimeline()
    page: dict[str, Any] = {"identity": "salesforce", "current": {IncidentKind.INCIDENT}, "history": set()}
    life.read(0, **page)
    life.read(5, *read().incidents[:1], **page)
    assert shape(life.read(10, **page)) == [("resolved", "20004387", ["delisted"], [])]


def test_not_recognised_when_empty() -> None:
    """3: an empty list may be anyone's."""
    assert not salesforce.matches(read(active=[], incidents=[])) and salesforce.matches(read())

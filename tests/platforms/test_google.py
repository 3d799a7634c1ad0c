"""Google's dashboards."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.model.history import end_of
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page, PageSnapshot
from statuswatch.platforms import google
from statuswatch.render import jsonlines
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import URL, Json, only
from tests.support.samples.google import ENDED, OPEN, SAMPLE, document, stated_update


def read(*incidents: Json) -> Any:
    return SAMPLE.read(incidents__json=list(incidents))


def test_ids() -> None:
    """Contract 4.10: an incident's id is the vendor's, an update's is derived from its time of creation.

    It stays when the update or its neighbour is edited, and in another order. Two of one second have two ids.
    """
    ids = [update.id for update in only(SAMPLE.read(), ENDED).updates]
    assert ids == ["8021c55942b3", "8f944e12bf84", "b30af2580a92"]
    ended = document()[1]
    for entry in ended["updates"]:
        entry |= {"text": "Edited.", "modified": "2026-10-01T00:00:00+00:00", "status": "SERVICE_OUTAGE"}
    ended["updates"].reverse()
    ended |= {"end": None, "begin": "2026-07-15T20:00:00+00:00"}
    assert [update.id for update in read(ended).incidents[0].updates] == ids
    ended["updates"].append(stated_update("2026-07-16T02:30:59+00:00", "AVAILABLE"))
    assert len({update.id for update in read(ended).incidents[0].updates}) == 4


def test_fields() -> None:
    """4: title, status, impact, address, text and times."""
    feed = SAMPLE.read()
    ongoing, ended = only(feed, OPEN), only(feed, ENDED)
    assert ongoing.title == "Some users of the latest release see errors"
    assert (ongoing.status, ongoing.impact) == ("service_information", Impact.MINOR)
    assert ongoing.url == f"{URL}/incidents/{OPEN}"
    assert ongoing.updates[0].body == "Title:\n# Errors"
    assert (ended.title, ended.status, ended.impact) == (
        "Elevated packet loss in europe-north1",
        "resolved",
        Impact.MAJOR,
    )
    assert ended.created_at == ended.position == datetime(2026, 7, 15, 23, 57, tzinfo=UTC)
    assert ended.last_update_at == datetime(2026, 7, 25, 13, 16, 55, tzinfo=UTC)


def test_components() -> None:
    """4: the components are the products, under the incident's own names for them; else the service."""
    feed = SAMPLE.read()
    assert [part.name for part in only(feed, ENDED).components] == ["Bare Metal Solution", "VMWare engine"]
    ongoing, ended = (entry | {"affected_products": []} for entry in document())
    feed = read(ongoing, ended)
    assert [part.name for part in only(feed, OPEN).components] == ["Gmail"]
    assert (only(feed, ENDED).components, only(feed, ENDED).source_quality) == ((), 0)


IOWA = {"title": "Iowa (us-central1)", "id": "us-central1"}
GLOBAL = {"title": "Global", "id": "global"}


def test_regions() -> None:
    """Contract 3.11: regions are components beside the products, wherever they were affected at any time."""
    ongoing, _ = document()
    stated = ongoing | {"currently_affected_locations": [IOWA], "previously_affected_locations": [GLOBAL, IOWA]}
    feed = read(stated)
    assert [part.label for part in only(feed, OPEN).components] == [
        "Region - Global (global)",
        "Gmail",
        "Region - Iowa (us-central1)",
    ]
    odd = ongoing | {"currently_affected_locations": [{"id": "asia"}, {"title": "Ohio"}, {"title": None, "id": ""}]}
    assert [part.name for part in only(read(odd), OPEN).components] == ["Gmail", "Ohio", "asia"]


def test_what_is_listed() -> None:
    """4.12: the list is a history by start; nothing says that every open incident is in it."""
    feed = SAMPLE.read()
    assert feed.history == {IncidentKind.INCIDENT} and feed.by_creation and not feed.complete and not feed.current
    assert google.matches(feed) and not google.matches(read())


def test_available() -> None:
    """4: AVAILABLE ends nothing, and its update has the same status before and after the end."""
    ended = document()[1]
    for end, status in ((ended["end"], "resolved"), (None, "available")):
        (incident,) = read(ended | {"end": end}).incidents
        assert incident.status == status
        assert [update.status for update in incident.updates] == ["service_disruption", "available", "available"]


def test_without_an_end() -> None:
    """4: an open incident has null for an end, an empty one, or none.

    None: the shape of DirectAccessBannersManagerTest of Android Studio, which reads Firebase. An empty one: the shape
    of docs/design.md of cyanheads/devops-status-mcp-server. An end that is no time is not understood.
    """
    ongoing = document()[0]
    assert not read(ongoing | {"end": ""}).incidents[0].closed
    ended = document()[1]
    assert "entry 0" in read(ongoing | {"end": "soon"}, ended).skipped[0]
    del ongoing["end"]
    assert not read(ongoing).incidents[0].closed


def test_search() -> None:
    """4: an update of the ranking is an incident like any other: the shape of an entry of status.search.google.com."""
    entry = document()[0] | {
        "id": "LEubPCm2octf2uMqCFKE",
        "begin": "2026-08-18T16:27:00+00:00",
        "created": "2026-08-18T16:28:47+00:00",
        "end": "2026-08-21T08:49:00+00:00",
        "external_desc": "An update of ranking",
        "updates": [
            stated_update("2026-08-21T08:50:34+00:00", "AVAILABLE"),
            stated_update("2026-08-18T16:28:47+00:00", "SERVICE_INFORMATION"),
        ],
        "service_name": "Ranking",
        "affected_products": [{"title": "Ranking", "id": "rGHU1u87FJnkP6W2GwMi"}],
        "uri": "incidents/LEubPCm2octf2uMqCFKE",
    }
    (incident,) = read(entry).incidents
    assert (incident.title, incident.status, incident.impact) == ("An update of ranking", "resolved", Impact.MINOR)
    assert [part.name for part in incident.components] == ["Ranking"]
    assert incident.url == f"{URL}/incidents/LEubPCm2octf2uMqCFKE"
    assert incident.ended_at == datetime(2026, 8, 21, 8, 49, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://status.cloud.google.com", "https://status.cloud.google.com/incidents.json"),
        (
            "https://www.google.com/appsstatus/dashboard",
            "https://www.google.com/appsstatus/dashboard/incidents.json",
        ),
        ("http://127.0.9.7:8765/incidents.json", "http://127.0.9.7:8765/incidents.json"),
    ],
)
def test_documents(url: str, address: str) -> None:
    """3: the document stands under the dashboard."""
    assert [document.url for document in google.documents(Page(key="google", name="Google", url=url))] == [address]


def test_timeline() -> None:
    """4: an incident is new, gets an update, ends at a time before it, and is not reopened by a report days later."""
    before, ended = document()[1], document()[0]
    timeline = PageTimeline()
    timeline.apply(0, PageSnapshot(read(before), {}, 1))
    ongoing = copy.deepcopy(ended)
    assert [kind for kind, *_ in shape(timeline.apply(10, PageSnapshot(read(ongoing, before), {}, 1)))] == ["new"]
    ongoing["updates"].insert(0, stated_update("2026-09-22T23:00:00+00:00", "SERVICE_DISRUPTION"))
    ((kind, _, changes, updates),) = shape(timeline.apply(20, PageSnapshot(read(ongoing, before), {}, 1)))
    assert (kind, changes, len(updates)) == ("updated", ["updates", "status"], 1)
    ongoing["updates"].insert(0, stated_update("2026-09-23T01:00:00+00:00", "AVAILABLE"))
    ongoing["end"] = "2026-09-22T22:00:00+00:00"
    ((kind, _, changes, updates),) = shape(timeline.apply(30, PageSnapshot(read(ongoing, before), {}, 1)))
    assert (kind, changes, len(updates)) == ("resolved", ["status"], 1)
    ongoing["updates"].insert(0, stated_update("2026-10-01T00:00:00+00:00", "AVAILABLE"))
    ((kind, _, changes, updates),) = shape(timeline.apply(40, PageSnapshot(read(ongoing, before), {}, 1)))
    assert (kind, changes, len(updates)) == ("updated", ["updates"], 1)


def test_what_changes_after_the_end() -> None:
    """4.9b: products, severity and title of an incident that closed months ago change without an event or a write.

    Recorded: 83 times in one replay of Google Cloud, up to ten months after the end.
    """
    ended = document()[1]
    changes: tuple[list[dict[str, Any]], ...] = (
        [{"affected_products": [{"title": "Cloud Maps"}, {"title": "Cloud Ledger"}]}],
        [{"severity": "high"}],
        [{"external_desc": "Another title"}],
        [{"severity": "low"}, {"affected_products": []}, {"external_desc": "Another title", "severity": "high"}],
    )
    for steps in changes:
        timeline = PageTimeline()
        timeline.apply(0, PageSnapshot(read(ended), {}, 1))
        for number, fields in enumerate(steps, 1):
            assert timeline.apply(number * 60_000, PageSnapshot(read(ended | fields), {}, 1)) == []
            assert not timeline.outcome.dirty and not timeline.outcome.notes.suspicion


def test_the_stated_end() -> None:
    """Contract 4.5.1: the time that the feed states, not that of the last message; a reopened incident has none."""
    over = only(SAMPLE.read(), ENDED)
    assert over.ended_at == datetime.fromisoformat(document()[1]["end"])
    assert end_of(over) == over.ended_at
    assert jsonlines.incident(over)["ended_at"] == "2026-07-16T01:30:00Z"
    is_open = only(SAMPLE.read(), OPEN)
    assert not is_open.ended_at
    assert "ended_at" not in jsonlines.incident(is_open)

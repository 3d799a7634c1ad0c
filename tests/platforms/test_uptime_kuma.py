"""Uptime Kuma."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import uptime_kuma
from statuswatch.platforms.parsing import MissingPageIdError, ParseInput
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import URL, only
from tests.support.samples.uptime_kuma import PAGE, SAMPLE, beat, posted, window

STATUS, BEATS, HISTORY = "status-page", "heartbeat", "incident-history"
DOWN = "monitor-3/2026-03-07T08:20:00Z"


def page_with(**fields: Any) -> dict[str, Any]:
    """Return the first document with members changed; ... takes one away."""
    document: Any = copy.deepcopy(SAMPLE.documents[STATUS])
    return {STATUS: {name: value for name, value in {**document, **fields}.items() if value is not ...}}


def test_ids() -> None:
    """4: posted incidents have the vendor's ids, monitors and maintenance derived ones; all are pinned here."""
    assert {incident.id: [update.id for update in incident.updates] for incident in SAMPLE.read().incidents} == {
        "12": ["latest"],
        "maintenance-5": ["latest"],
        DOWN: ["begin"],
    }


def test_a_monitor_that_is_down() -> None:
    """4: a monitor is down from its first heartbeat that says so; one that is pending is not."""
    trouble = only(SAMPLE.read(), DOWN)
    assert (trouble.title, trouble.status, trouble.impact) == ("API is down", "down", Impact.UNKNOWN)
    assert [component.label for component in trouble.components] == ["EU - API"]
    assert [component.label for component in SAMPLE.read().components] == ["EU - API", "US - API"]


def test_maintenance_is_no_end() -> None:
    """4: a monitor that goes from "down" to "maintenance" is not up."""
    beats: Any = copy.deepcopy(SAMPLE.documents[BEATS])
    beats["heartbeatList"]["3"].append(beat(3, "2026-03-07 08:40:00.000"))
    assert not only(SAMPLE.read(heartbeat=beats), DOWN).closed


def test_posted_incidents() -> None:
    """4: times without a zone are UTC; an edited text replaces the former one."""
    edited = posted(12, "2026-03-07 08:15:00", lastUpdatedDate="2026-03-07 08:45:00.5", content="<b>More</b> words.")
    incident = only(SAMPLE.read(**page_with(incidents=[edited])), "12")
    assert incident.created_at == datetime(2026, 3, 7, 8, 15, tzinfo=UTC)
    assert incident.updates[0].created_at == datetime(2026, 3, 7, 8, 45, 0, 500_000, tzinfo=UTC)


def test_version_one() -> None:
    """4: version 1 has one incident or null; its pin and dates are as in version 2."""
    one = {**posted(7, "2024-05-01 10:00:00"), "pin": 1}
    for incident, ids in ((one, ["7"]), (None, [])):
        feed = SAMPLE.read(**page_with(incidents=..., incident=incident))
        assert [each.id for each in feed.incidents if each.id.isdigit()] == ids
    with pytest.raises(FeedError, match="neither"):
        SAMPLE.read(**page_with(incidents=...))


def test_maintenance_windows() -> None:
    """4: a window is in its own zone; each turn of a recurring one is a maintenance of its own."""
    turn = {"startDate": "2026-03-07T08:00:00.000Z", "endDate": "2026-03-07T10:00:00.000Z"}
    feed = SAMPLE.read(**page_with(maintenanceList=[window(6, "recurring-weekday", turn), window(9, "single", turn)]))
    recurring = only(feed, "maintenance-6/2026-03-07T08:00:00Z")
    assert recurring.scheduled_until == datetime(2026, 3, 7, 10, tzinfo=UTC)
    local = only(SAMPLE.read(), "maintenance-5")
    assert (local.kind, local.status) == (IncidentKind.MAINTENANCE, "in_progress")
    assert local.scheduled_for == datetime(2026, 3, 7, 8, tzinfo=UTC)


def test_a_window_without_a_time() -> None:
    """4: a maintenance that was started by hand began when it was first read."""
    page, documents = first_read("uptime-kuma")
    by_hand = {**documents, **page_with(maintenanceList=[window(9, "manual")])}
    events = page.read_later(5, by_hand)
    assert [each[:2] for each in shape(events)] == [("new", "maintenance-9")]
    began_at = events[0].incident.created_at.replace(microsecond=0)
    assert page.read_later(15, by_hand)[0].incident.id == "maintenance-5"
    assert page.timeline.state and page.timeline.state.incidents["maintenance-9"].created_at == began_at.replace(
        microsecond=0
    )


def test_windows_with_one_id() -> None:
    """4.9: of two windows with one id the first counts, at every read; none of them is an event again."""
    page, documents = first_read("uptime-kuma")
    turn = {"startDate": "2027-03-07T08:00:00.000Z", "endDate": "2027-03-07T10:00:00.000Z"}
    windows = [window(9, "manual"), {**window(9, "manual", turn), "title": "Another"}]
    twice = {**documents, **page_with(maintenanceList=[*documents[STATUS]["maintenanceList"], *windows])}
    events = [event for pause in (5, 5, 5) for event in page.read_later(pause, twice)]
    assert [(event.incident.id, event.incident.title) for event in events] == [("maintenance-9", "Window 9")]


def test_the_history_shows_an_end() -> None:
    """4.5: an incident that is absent is looked up in the history; one that is unpinned there is over, too."""
    page, documents = first_read("uptime-kuma")
    for fields in ({"active": False, "pin": False}, {"pin": False}):
        page, documents = first_read("uptime-kuma")
        over = posted(12, "2026-03-07 08:15:00", lastUpdatedDate="2026-03-07 09:02:00", **fields)
        history = {"ok": True, "incidents": [over], "total": 1, "nextCursor": None, "hasMore": False}
        served = {**documents, **page_with(incidents=[]), HISTORY: history}
        assert [each[:2] for each in shape(page.read_later(5, served))] == [("resolved", "12")]


@pytest.mark.parametrize("history", [None, b"<!DOCTYPE html><html></html>"])
def test_without_a_history(history: bytes | None) -> None:
    """4.12d: a version without a history answers with its HTML; what is absent twice is no longer listed."""
    page, documents = first_read("uptime-kuma")
    served = {**documents, **page_with(incidents=[]), HISTORY: history}
    events = [*page.read_later(5, served), *page.read_later(11, served)]
    assert shape(events) == [("resolved", "12", ["delisted"], [])]


def test_without_heartbeats() -> None:
    """4: without heartbeats nothing is concluded from an absence of incidents, and the rest is read."""
    for beats in (None, b"<html>", {"heartbeatList": {"3": [{"status": 0, "time": "soon"}]}}):
        feed = SAMPLE.read(heartbeat=beats)
        assert feed.complete == {IncidentKind.MAINTENANCE} and "12" in {incident.id for incident in feed.incidents}


def test_addresses() -> None:
    """3: the slug is the id, or the last part of the address; else the page is asked for it."""
    named = [
        [document.url for document in uptime_kuma.documents(page)]
        for page in (PAGE, Page(key="k", name="K", url=URL, id="acme"), Page(key="k", name="K", url=URL))
    ]
    api = f"{URL}/api/status-page"
    assert named == [[f"{api}/acme", f"{api}/heartbeat/acme"]] * 2 + [[f"{URL}/api/entry-page"]]


@pytest.mark.parametrize(
    ("entry", "slugs"),
    [
        ({"type": "statusPageMatchedDomain", "statusPageSlug": "acme"}, ("acme", "default")),
        ({"type": "entryPage", "entryPage": "statusPage-main"}, ("main", "default")),
        ({"type": "entryPage", "entryPage": "dashboard"}, ("default",)),
    ],
)
def test_the_slug_of_a_host(entry: Any, slugs: tuple[str, ...]) -> None:
    """3: a host of its own names the slug of its page."""
    page = Page(key="k", name="K", url=URL)
    with pytest.raises(MissingPageIdError) as error:
        uptime_kuma.parse(ParseInput(page, {"entry-page": json.dumps(entry).encode()}))
    assert error.value.ids == slugs

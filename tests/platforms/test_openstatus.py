"""OpenStatus."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import UNLIMITED, Page
from statuswatch.platforms import openstatus
from statuswatch.platforms.parsing import ParseInput
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import URL, encode, only
from tests.support.samples.openstatus import FEED, SAMPLE, window

WINDOW = "maintenance-7"


def document(**fields: Any) -> Any:
    """Return the document with fields changed."""
    whole: Any = copy.deepcopy(SAMPLE.documents[FEED])
    return {**whole, **fields}


def test_ids_are_the_vendors() -> None:
    """4: reports and windows are numbered apart from each other; ids stand in state.json, and are pinned here."""
    ids = {incident.id: [update.id for update in incident.updates] for incident in SAMPLE.read().incidents}
    assert ids == {"42": ["900", "901"], "41": ["898", "899"], WINDOW: ["message"]}


def test_what_a_report_states() -> None:
    """4: components with their group where two share a name; a report began with its first update."""
    report = only(SAMPLE.read(), "42")
    assert [component.label for component in report.components] == ["EU - API", "US - API"]
    assert (report.status, report.impact, report.url) == ("identified", Impact.UNKNOWN, f"{URL}/events/report/42")
    assert report.created_at == datetime(2026, 3, 7, 8, 10, tzinfo=UTC)
    assert only(SAMPLE.read(), "41").source_quality == 0


def test_monitors_of_older_versions() -> None:
    """4: a page of an older version names monitors in place of components."""
    old = document(pageComponents=[], pageComponentGroups=[])
    old["statusReports"][0] = {**old["statusReports"][0], "pageComponents": None, "monitors": [11]}
    feed = SAMPLE.read(**{FEED: old})
    assert [component.label for component in only(feed, "42").components] == ["API"]
    assert [component.label for component in feed.components] == ["API"]


@pytest.mark.parametrize(("day", "hour", "status"), [(9, 1, "scheduled"), (10, 2, "in_progress"), (10, 4, "completed")])
def test_the_clock_of_a_window(day: int, hour: int, status: str) -> None:
    """4: a maintenance window has the status that its times give it; it ends at its end."""
    now = datetime(2026, 1, day, hour, tzinfo=UTC)
    maintenance = only(openstatus.parse(ParseInput(SAMPLE.page, {FEED: encode(document())}, now=now)), WINDOW)
    assert (maintenance.kind, maintenance.status) == (IncidentKind.MAINTENANCE, status)
    assert maintenance.closed == (maintenance.updates[-1].id == "end")
    assert maintenance.scheduled_until == datetime(2026, 1, 10, 4, tzinfo=UTC)


def test_a_window_begins_and_ends() -> None:
    """4: the beginning and the end of a window are one event each."""
    page, documents = first_read("openstatus")
    planned = {FEED: document(maintenances=[window(8, "2026-03-08T02:00:00.000Z", "2026-03-08T04:00:00.000Z")])}
    minutes = (0, 60 * 24, 60 * 2, 60)
    assert documents.keys() == planned.keys()
    page.read_later(0, documents)
    events = [event for pause in minutes for event in page.read_later(pause, planned)]
    ours = [each[:3] for each in shape(events) if each[1] == "maintenance-8"]
    assert ours[0][0] in ("new", "resolved") and ours[-1][0] == "resolved" and len(ours) <= 3


def test_everything_is_listed() -> None:
    """4.12c: reports of any age are listed, so that an open one which is gone was withdrawn."""
    feed = SAMPLE.read()
    assert feed.complete == feed.history == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}
    assert set(feed.window_sizes.values()) == {UNLIMITED}
    page, documents = first_read("openstatus")
    removed = {FEED: document(statusReports=documents[FEED]["statusReports"][1:])}
    events = [*page.read_later(5, removed), *page.read_later(11, removed)]
    assert shape(events) == [("resolved", "42", ["withdrawn"], [])]


def test_address_of_the_document() -> None:
    """3: a page may be given by the address of its document."""
    urls = [openstatus.documents(Page(key="o", name="O", url=url))[0].url for url in (URL, f"{URL}/feed/json")]
    assert urls == [f"{URL}/feed/json"] * 2

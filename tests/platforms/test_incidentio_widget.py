"""incident.io's Widget API."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import Component, Impact, Incident, IncidentKind
from statuswatch.platforms import incidentio_widget
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import URL, Json, only
from tests.support.samples.incidentio_widget import OPEN, PLANNED, RUNNING, SAMPLE, SUMMARY


def parsed(**changed: Any) -> Incident:
    """Return the open incident with fields changed."""
    (incident,) = SAMPLE.read(summary=with_incident(**changed)).incidents
    return incident


def with_incident(**changed: Any) -> Json:
    """Return a summary that lists the incident alone, with fields changed."""
    listed = {**SUMMARY["ongoing_incidents"][0], **changed}
    return {**SUMMARY, "ongoing_incidents": [listed], "in_progress_maintenances": [], "scheduled_maintenances": []}


def test_ids_are_the_vendors() -> None:
    """4: an incident has the vendor's id; its latest update has none, and is identified by its time, pinned here."""
    assert {incident.id: [update.id for update in incident.updates] for incident in SAMPLE.read().incidents} == {
        OPEN: ["at-20260307T082000Z"],
        RUNNING: ["at-20260307T080000Z"],
        PLANNED: ["at-20260307T070000Z"],
    }


def test_what_an_incident_states() -> None:
    """4: status, worst impact of now, components with their groups, and the time that the id holds."""
    incident = parsed()
    assert (incident.status, incident.impact, incident.url) == (
        "identified",
        Impact.MAJOR,
        f"{URL}/incidents/{OPEN}",
    )
    assert incident.components == (Component("Login", "APIs"), Component("Login", "Console"))
    assert parsed(current_worst_impact=None).impact is parsed(current_worst_impact="odd").impact is Impact.UNKNOWN
    assert parsed(affected_components=[]).components == ()


@pytest.mark.parametrize(
    ("key", "created_at"),
    [
        (OPEN, "2026-03-07"),
        ("01FDAG4SAP5TYPT98WGR2N7W91", "2021-08-17"),  # of the vendor's documentation
        ("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", "2026-03-07"),  # later than the latest message: that time
        ("00000000000000000000000001", "2026-03-07"),
        ("not-a-ulid", "2026-03-07"),
    ],
)
def test_the_time_of_creation(key: str, created_at: str) -> None:
    """4: it is that of the id where this can be, else that of the first message that was seen."""
    incident = parsed(id=key)
    assert f"{incident.created_at:%Y-%m-%d}" == created_at
    assert incident.created_at <= incident.updates[-1].created_at


def test_maintenance() -> None:
    """4: a window has its times under other names once it is in progress."""
    feed = SAMPLE.read()
    running, planned = only(feed, RUNNING), only(feed, PLANNED)
    assert {running.kind, planned.kind} == {IncidentKind.MAINTENANCE}
    assert (running.status, planned.status) == ("in_progress", "scheduled")
    assert running.scheduled_until == datetime(2026, 3, 7, 10, tzinfo=UTC)
    assert planned.scheduled_for == datetime(2026, 3, 9, 7, tzinfo=UTC)


def test_what_is_over_is_no_longer_listed() -> None:
    """4.11: the document lists what is open and nothing else."""
    assert SAMPLE.read().current == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} and not SAMPLE.read().history
    page, documents = first_read("incidentio-widget")
    emptied: Any = copy.deepcopy(documents)
    emptied["summary"] |= {"ongoing_incidents": []}
    assert page.read_later(5, emptied) == []
    assert shape(page.read_later(11, emptied)) == [("resolved", OPEN, ["delisted"], [])]


def test_a_window_that_begins() -> None:
    """4.9: a window that moves from the planned ones to those in progress stays one and the same."""
    page, documents = first_read("incidentio-widget")
    begun: Any = copy.deepcopy(documents)
    window = begun["summary"]["scheduled_maintenances"].pop()
    window |= {"status": "maintenance_in_progress", "last_update_at": "2026-03-09T07:00:00Z"}
    begun["summary"]["in_progress_maintenances"].append(window)
    assert [each[:2] for each in shape(page.read_later(60 * 48, begun))] == [("updated", PLANNED)]


@pytest.mark.parametrize(
    "name", ["page_url", "ongoing_incidents", "in_progress_maintenances", "scheduled_maintenances"]
)
def test_a_summary_without_a_list_is_refused(name: str) -> None:
    """5.2: a list that is missing says nothing; it is never taken for an empty one."""
    with pytest.raises(FeedError, match=name):
        SAMPLE.read(summary={member: value for member, value in SUMMARY.items() if member != name})


def test_the_document() -> None:
    """3: the document lies below the address of the page."""
    assert [document.url for document in incidentio_widget.documents(SAMPLE.page)] == [f"{URL}/api/v1/summary"]

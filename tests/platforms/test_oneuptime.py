"""OneUptime."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import oneuptime
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import URL, only
from tests.support.samples.oneuptime import DOWN, MOVE, PAST, SAMPLE, time, window

INCIDENTS, WINDOWS = "incidents", "scheduled-maintenance-events"


def incidents(**fields: Any) -> dict[str, Any]:
    """Return the first document, with members of its first incident changed."""
    document: Any = copy.deepcopy(SAMPLE.documents[INCIDENTS])
    document["incidents"][0] |= fields
    return {INCIDENTS: document}


def test_ids_are_the_vendors() -> None:
    """4: incidents and changes have the vendor's ids, notes one made of their time; all are pinned here."""
    ids = {incident.id: [update.id for update in incident.updates] for incident in SAMPLE.read().incidents}
    assert ids.keys() == {DOWN, PAST, MOVE}
    assert ids[DOWN][:2] == ["opened", "c-2"] and len(ids[DOWN]) == 3
    assert ids[PAST] == ["opened", "c-4"] and ids[MOVE] == ["opened", "c-9"]


def test_what_an_incident_states() -> None:
    """4: states in the vendor's words, resources by their monitors, and notes under the state of their time."""
    down = only(SAMPLE.read(), DOWN)
    assert (down.status, down.impact, down.url) == ("acknowledged", Impact.UNKNOWN, f"{URL}/incidents/{DOWN}")
    assert [component.name for component in down.components] == ["API"]
    assert [(update.status, update.body) for update in down.updates] == [
        ("open", "We look into it."),
        ("acknowledged", ""),
        ("acknowledged", "It is DNS."),
    ]
    assert down.created_at == datetime(2026, 3, 7, 8, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "order", "status"),
    [
        ("Fixed", 3, "resolved"),  # the resolved state under another name
        ("Archived", 4, "resolved"),  # a state after it
        ("In Progress", 2, "in_progress"),
        ("!!", 1, "open"),
        ("Waiting", None, "waiting"),
    ],
)
def test_states_that_vendors_name(name: str, order: int | None, status: str) -> None:
    """4: a state is the end where it is the resolved one, or comes after it."""
    incident = only(SAMPLE.read(**incidents(currentIncidentState={"name": name, "order": order})), DOWN)
    assert incident.status == status


@pytest.mark.parametrize(
    ("name", "status"),
    [("Scheduled", "scheduled"), ("Ongoing", "in_progress"), ("Ended", "completed"), ("Completed", "completed")],
)
def test_states_of_maintenance(name: str, status: str) -> None:
    """4: maintenance is over once its state is neither planned nor going on."""
    document: Any = copy.deepcopy(SAMPLE.documents[WINDOWS])
    document["scheduledMaintenanceEvents"] = [window(MOVE, name, "m-2")]
    maintenance = only(SAMPLE.read(**{WINDOWS: document}), MOVE)
    assert (maintenance.kind, maintenance.status) == (IncidentKind.MAINTENANCE, status)
    assert maintenance.scheduled_for == datetime(2026, 3, 6, 20, tzinfo=UTC)
    assert [component.name for component in maintenance.components] == ["Web"]


def test_maintenance_without_a_state() -> None:
    """5: a maintenance that states nothing of its state is not understood, and says nothing of others."""
    document: Any = copy.deepcopy(SAMPLE.documents[WINDOWS])
    document["scheduledMaintenanceEvents"][0]["currentScheduledMaintenanceState"] = {}
    feed = SAMPLE.read(**{WINDOWS: document})
    assert feed.losses and feed.history == {IncidentKind.INCIDENT}


def test_notes_of_one_moment() -> None:
    """4: two notes of one moment are two updates."""
    document: Any = copy.deepcopy(SAMPLE.documents[INCIDENTS])
    notes = document["incidentPublicNotes"]
    notes.append({**notes[0], "note": "It is not DNS."})
    assert len(only(SAMPLE.read(**{INCIDENTS: document}), DOWN).updates) == 4


def test_ids_in_both_forms() -> None:
    """4: an id is a text, or a text in an object."""
    other = SAMPLE.read(**incidents(_id={"_type": "ObjectID", "value": DOWN}, declaredAt=None))
    assert [update.id for update in only(other, DOWN).updates] == [
        update.id for update in only(SAMPLE.read(), DOWN).updates
    ]
    assert (
        only(SAMPLE.read(**incidents(createdAt=time("2026-03-07T07:00:00Z"), declaredAt=None)), DOWN).created_at.hour
        == 7
    )


def test_what_is_listed() -> None:
    """4.12d: all incidents that are unresolved are listed; one that is gone is no longer listed."""
    assert SAMPLE.read().complete == {IncidentKind.INCIDENT}
    page, documents = first_read("oneuptime")
    removed: Any = copy.deepcopy(documents)
    del removed[INCIDENTS]["incidents"][0]
    events = [*page.read_later(5, removed), *page.read_later(11, removed)]
    assert shape(events) == [("resolved", DOWN, ["delisted"], [])]


def test_addresses() -> None:
    """3: a page is named by its host, or by its id."""
    api = f"{URL}/status-page-api/incidents"
    urls = [oneuptime.documents(Page(key="o", name="O", url=URL, id=key))[0].url for key in ("", DOWN)]
    assert urls == [f"{api}/status.acme.example", f"{api}/{DOWN}"]

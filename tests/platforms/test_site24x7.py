"""StatusIQ of Site24x7."""

import copy
from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import site24x7
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import URL, only
from tests.support.samples.site24x7 import SAMPLE

read = SAMPLE.read


def test_ids() -> None:
    """4: ids are the vendor's; a message without one is identified by its time and status, pinned here."""
    assert {incident.id: [update.id for update in incident.updates] for incident in read().incidents} == {
        "aB3_x9Q=": ["pr0gress=", "1c74c6ed4759"],
        "window=": ["fb11bdfd1608"],
        "past=": ["p1"],
    }


def test_ids_without_ids_survive() -> None:
    """4: a message without an id keeps its own when it is edited, listed in another order or in another zone."""
    document: Any = copy.deepcopy(SAMPLE.documents["summary_details"])
    updates = document["data"]["active_incident_details"][0]["incident_status_updates"]
    updates[0] |= {"incident_status_desc": "Edited.", "status_updated_at": "2026-09-06T08:20:00+0000"}
    updates.reverse()
    before, after = only(read(), "aB3_x9Q="), only(read(summary_details=document), "aB3_x9Q=")
    assert [update.id for update in before.updates] == [update.id for update in after.updates]


def test_numbers_are_words() -> None:
    """4: statuses and severities are read from their numbers, whatever the page's language."""
    feed = read()
    assert [update.status for update in only(feed, "aB3_x9Q=").updates] == ["investigating", "identified"]
    assert [incident.impact for incident in feed.incidents] == [Impact.CRITICAL, Impact.MAINTENANCE, Impact.MINOR]
    assert only(feed, "aB3_x9Q=").updates[1].body == "Found."
    assert only(feed, "aB3_x9Q=").created_at == datetime(2026, 9, 6, 8, tzinfo=UTC)


def test_unknown_number() -> None:
    """4: a status with an unknown number is open and keeps the number."""
    document: Any = copy.deepcopy(SAMPLE.documents["summary_details"])
    document["data"]["active_incident_details"][0]["incident_status_updates"][0]["incident_status_id"] = 15
    assert only(read(summary_details=document), "aB3_x9Q=").status == "status-15"


def test_past_ones_are_over() -> None:
    """4: what stands among the resolved ones is closed, whatever its newest message says."""
    assert only(read(), "past=").status == "resolved"


def test_maintenance() -> None:
    """4: a severity or a status of maintenance makes an entry maintenance."""
    window = only(read(), "window=")
    assert (window.kind, window.status) == (IncidentKind.MAINTENANCE, "in_progress")


def test_components() -> None:
    """4: components with their group where two share a name; none stated is none."""
    feed = read()
    assert [component.label for component in only(feed, "aB3_x9Q=").components] == ["EU - API", "US - API", "Web"]
    assert only(feed, "past=").source_quality == 0


def test_what_is_listed() -> None:
    """4.11: active ones are all that is open; without days of the past there is no history."""
    feed = read()
    assert feed.history == {IncidentKind.INCIDENT} and feed.current == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}
    document: Any = copy.deepcopy(SAMPLE.documents["summary_details"])
    del document["data"]["resolved_incident_details"]
    assert read(summary_details=document).history == set()


def test_bad_days() -> None:
    """5: past ones that cannot be understood cost themselves, not the page."""
    document: Any = copy.deepcopy(SAMPLE.documents["summary_details"])
    document["data"]["resolved_incident_details"][1]["grp_by_incidents_list"] = [{}]
    feed = read(summary_details=document)
    assert len(feed.incidents) == 2 and len(feed.skipped) == 1


def test_identity_and_address() -> None:
    """5: the vendor's id of the page says whose document it is; the page may be given by the document's address."""
    assert read().identity == "P4CJ5YG_lN8=" and site24x7.matches(read())
    address = f"{URL}/sp/api/u/summary_details"
    assert [site24x7.documents(Page(key="s", name="S", url=url))[0].url for url in (URL, address)] == [address, address]
    # The address that Site24x7Service.swift of inket/stts reads.
    public = f"{URL}/sp/api/public/summary_details/statuspages/P4CJ5YG_lN8="
    assert site24x7.documents(Page(key="s", name="S", url=public))[0].url == public


def test_components_of_the_page() -> None:
    """4: what the page lists, a group's components with the group; what cannot be understood costs nothing else."""
    # The fields of StatusIQCurrentStatus in site24x7/StatusIQ-iOS-SDK, as stts/Services/Super/Site24x7Service.swift of
    # inket/stts reads them: a component, or a group with components.
    document: Any = copy.deepcopy(SAMPLE.documents["summary_details"])
    document["data"]["current_status"] = [
        {"enc_component_id": "c1=", "display_name": "Web", "component_status": 1},
        {
            "enc_componentgroup_id": "g1=",
            "componentgroup_display_name": "EU",
            "componentgroup_status": 5,
            "componentgroup_components": [
                {"enc_component_id": "c2=", "display_name": "API", "component_status": 5},
                {"enc_component_id": "c3=", "display_name": "Jobs", "component_status": 1},
            ],
        },
        {"componentgroup_display_name": "Empty", "componentgroup_components": []},
        {"display_name": "A header", "is_group": True},  # as a client of `sp/api/u/summary_details` skips them
    ]
    assert [(one.name, one.group) for one in read(summary_details=document).components] == [
        ("API", "EU"),
        ("Jobs", "EU"),
        ("Web", ""),
    ]
    unreadable: tuple[Any, ...] = ({}, [1], None)
    for bad in unreadable:
        document["data"]["current_status"] = bad
        feed = read(summary_details=document)
        assert len(feed.incidents) == 3 and not feed.components and not feed.skipped


def test_without_a_beginning_or_messages() -> None:
    """4: without its beginning an incident began with its first message; without messages it is open."""
    # Both are optional in StatusIQActiveIncidentDetails of site24x7/StatusIQ-iOS-SDK.
    document: Any = copy.deepcopy(SAMPLE.documents["summary_details"])
    outage, window = document["data"]["active_incident_details"]
    outage["incident_began_at"] = None
    del window["incident_status_updates"]
    feed = read(summary_details=document)
    assert only(feed, "aB3_x9Q=").created_at == datetime(2026, 9, 6, 8, 5, tzinfo=UTC)
    assert (only(feed, "window=").status, only(feed, "window=").updates) == ("open", ())
    del outage["incident_status_updates"]
    assert "without a time" in read(summary_details=document).skipped[0]


def test_timeline() -> None:
    """4: an incident that moves to the past is resolved; one that is in neither list is no longer listed."""
    timeline = PageTimeline()
    feed = read()
    facts: dict[str, Any] = {"identity": feed.identity, "history": feed.history, "current": feed.current}
    past = only(feed, "past=")
    timeline.read(0, past, **facts)
    outage, window = only(feed, "aB3_x9Q="), only(feed, "window=")
    assert [event[:2] for event in shape(timeline.read(5, outage, window, past, **facts))] == [
        ("new", "aB3_x9Q="),
        ("new", "window="),
    ]
    document: Any = copy.deepcopy(SAMPLE.documents["summary_details"])
    moved = document["data"]["active_incident_details"].pop(0)
    document["data"]["active_incident_details"].clear()
    document["data"]["resolved_incident_details"][0]["grp_by_incidents_list"] = [moved]
    events = shape(timeline.read(10, *read(summary_details=document).incidents, **facts))
    assert [event[:3] for event in events] == [("resolved", "aB3_x9Q=", ["status"])]
    events = shape(timeline.read(20, *read(summary_details=document).incidents, **facts))
    assert [event[:3] for event in events] == [("resolved", "window=", ["delisted"])]

"""Atlassian Statuspage."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms import statuspage
from statuswatch.platforms.parsing import ParseInput
from tests.support.platform_sample import only
from tests.support.samples.statuspage import SAMPLE, fixture

read = SAMPLE.read


def test_ids_are_the_vendors() -> None:
    """4: ids of incidents and updates are the vendor's; the state file depends on them."""
    assert {incident.id: [post.id for post in incident.updates] for incident in read().incidents} == {
        "9tpgqq1h4bs7": ["u1", "u2"],
        "unlinked0001": ["u3", "u4"],
        "oldandopen01": ["u5"],
        "window000001": ["u6"],
    }


def test_summary_lists_every_open_incident() -> None:
    """4: the summary adds an unresolved incident that is too old for incidents.json, and a scheduled window."""
    feed = read()
    assert only(feed, "oldandopen01").status == "monitoring"
    window = only(feed, "window000001")
    assert (window.kind, window.scheduled_for) == (IncidentKind.MAINTENANCE, datetime(2026, 8, 1, tzinfo=UTC))
    assert feed.complete == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}
    assert read(summary__json=None).complete == set()


def test_newest_copy_wins() -> None:
    """4: where two documents show the same incident, the copy with the newest update counts."""
    documents = fixture()
    stale = copy.deepcopy(documents["incidents.json"]["incidents"][0])
    stale["status"], stale["incident_updates"] = "investigating", stale["incident_updates"][1:]
    documents["summary.json"]["incidents"].append(stale)
    assert only(read(summary__json=documents["summary.json"]), "9tpgqq1h4bs7").status == "resolved"


def test_components() -> None:
    """4: names with their group where two share one; recovered from the updates where the vendor has unlinked them."""
    feed = read()
    assert [component.label for component in only(feed, "9tpgqq1h4bs7").components] == ["API - Login", "Web"]
    assert [component.label for component in only(feed, "unlinked0001").components] == ["API - Login"]
    assert only(feed, "unlinked0001").source_quality < only(feed, "9tpgqq1h4bs7").source_quality
    bare = only(read(summary__json=None), "unlinked0001")
    assert [component.label for component in bare.components] == ["API - Login"]  # as the vendor named them at the time
    assert bare.source_quality < only(feed, "unlinked0001").source_quality  # such names never replace better ones


def test_text_and_times() -> None:
    """4: markup of a body is resolved, times are brought to UTC, an impact that is not stated is unknown."""
    feed = read()
    first, last = only(feed, "9tpgqq1h4bs7").updates
    assert first.created_at == datetime(2026, 7, 30, 9, 7, 42, 478000, tzinfo=UTC)
    assert last.body == "Fixed.\nThanks & sorry."
    assert only(feed, "unlinked0001").impact is Impact.UNKNOWN


def test_another_pages_summary() -> None:
    """5: a summary of another page is not used."""
    documents = fixture()
    documents["summary.json"]["page"]["id"] = "anotherpage0"
    feed = read(summary__json=documents["summary.json"])
    assert any("another page" in loss for loss in feed.losses) and feed.complete == set()


def test_past_windows_are_read_when_one_is_absent() -> None:
    """4: a maintenance window that left the summary is looked up among the past ones before anything is reported."""
    when = datetime(2026, 1, 1, tzinfo=UTC)
    window = IncidentRecord(
        status="scheduled", impact=Impact.MAINTENANCE, title="t", last_update_at=when, kind=IncidentKind.MAINTENANCE
    )
    state = SAMPLE.page_state(baseline=when, incidents={"absent": window})
    documents = statuspage.follow_ups(ParseInput(SAMPLE.page, {}, state), read(state), dirty=False)
    assert [document.name for document in documents] == ["scheduled-maintenances.json"]


def test_renamed_component() -> None:
    """4: an incident keeps its own name for a component that the page has renamed, with and without the summary."""
    documents = fixture()
    documents["summary.json"]["components"][4]["name"] = "Web app"
    for summary in (documents["summary.json"], None):
        incident = only(read(summary__json=summary), "9tpgqq1h4bs7")
        assert "Web" in [component.name for component in incident.components]


def test_components_without_names() -> None:
    """5: a component without a name costs itself, not its incident."""
    documents = fixture()
    documents["incidents.json"]["incidents"][0]["components"][1]["name"] = None
    feed = read(incidents__json=documents["incidents.json"])
    assert [component.label for component in only(feed, "9tpgqq1h4bs7").components] == ["API - Login"]


def test_older_list_of_windows() -> None:
    """4: an older copy of the past windows is not used, and costs nothing else."""
    newer = {"scheduled-maintenances.json": datetime(2026, 8, 1, tzinfo=UTC)}
    feed = read(SAMPLE.page_state(updated_at=newer))
    assert any("older copy" in loss for loss in feed.losses) and "scheduled-maintenances.json" not in feed.updated_at
    assert feed.complete == {IncidentKind.INCIDENT}


def test_without_a_list_of_windows() -> None:
    """4.12: the summary alone shows a window withdrawn only where the page never had a list of past windows."""
    document = json.dumps(SAMPLE.documents["incidents.json"]).encode()
    summary = json.dumps(SAMPLE.documents["summary.json"]).encode()
    documents = {"incidents.json": document, "summary.json": summary, "scheduled-maintenances.json": None}
    had_list = SAMPLE.page_state(updated_at={"scheduled-maintenances.json": datetime(2026, 1, 1, tzinfo=UTC)})
    assert IncidentKind.MAINTENANCE in statuspage.parse(ParseInput(SAMPLE.page, documents)).complete
    assert IncidentKind.MAINTENANCE not in statuspage.parse(ParseInput(SAMPLE.page, documents, had_list)).complete


def test_edges_of_the_calendar() -> None:
    """5: a page's own time beyond the calendar is no time."""
    document: Any = copy.deepcopy(SAMPLE.documents["incidents.json"])
    document["page"]["updated_at"] = "9999-12-31T23:59:59-12:00"
    assert "incidents.json" not in read(incidents__json=document).updated_at

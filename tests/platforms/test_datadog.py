"""Datadog Status Page."""

from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Impact, Incident, IncidentKind
from tests.support.platform_sample import only
from tests.support.samples.datadog import CONFIG, FILED_LATER, OPEN, SAMPLE, affected, raw_update


def parsed(raw: dict[str, Any], **changed: Any) -> Incident:
    """Return that incident of the page, with fields changed."""
    return only(SAMPLE.read(config__json={**CONFIG, "incidents": [{**raw, **changed}]}), str(raw["id"]))


def test_ids_are_the_vendors() -> None:
    """4: ids of the page, of incidents and of updates are the vendor's."""
    assert SAMPLE.read().identity == CONFIG["id"]
    assert [update.id for update in parsed(OPEN).updates] == ["0e1f8339"]
    assert [update.id for update in parsed(FILED_LATER).updates] == ["bd3a7379", "7dfacaf1"]


def test_what_was_filed_later() -> None:
    """4: an update's publication is when it was filed; the time that the vendor claims stands beside it."""
    incident = parsed(FILED_LATER)
    assert incident.created_at == datetime(2026, 5, 31, 13, tzinfo=UTC)
    assert {update.created_at.month for update in incident.updates} == {9}
    assert [update.display_at.month for update in incident.updates] == [5, 6]
    assert [update.status for update in incident.updates] == ["investigating", "resolved"]


def test_only_resolved_closes() -> None:
    """4: an incident is open while `resolved` is false, whatever its newest update says."""
    assert parsed(OPEN).status == "investigating"
    assert parsed(OPEN, currentStatus="resolved").status == parsed(OPEN, currentStatus=None).status == "open"
    assert parsed(FILED_LATER).closed


def test_impact_is_the_worst_state() -> None:
    """4: the worst state that any update names is the impact; the incident's own has the state of now."""
    assert (parsed(OPEN).impact, parsed(FILED_LATER).impact) == (Impact.MINOR, Impact.MAJOR)
    assert parsed(OPEN, timeline=[], componentsAffected=None).impact is Impact.UNKNOWN


def test_components() -> None:
    """4: components have their group where a name occurs twice; one that the page lacks has the name stated."""
    assert [component.label for component in parsed(OPEN).components] == ["Beta - Chat"]
    retired = raw_update("u", "investigating", "2026-09-14T18:30:01Z", affected("c9", "Fax", "degraded"))
    assert [component.label for component in parsed(OPEN, timeline=[retired]).components] == ["Beta - Chat", "Fax"]
    assert [component.label for component in SAMPLE.read().components] == [
        *("API - Chat", "Beta - Chat", "API - Images", "Web"),
    ]


def test_what_is_listed() -> None:
    """4.12d: the document has every incident; maintenance is not read."""
    feed = SAMPLE.read()
    assert feed.complete == feed.history == {IncidentKind.INCIDENT} and not feed.window_sizes

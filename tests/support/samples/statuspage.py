"""A sample of statuspage: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import URL, Json, Sample, update


def fixture() -> dict[str, Json]:
    """A page like those of GitHub and Cloudflare: groups, an unlinked incident, an old open one, a window."""
    page = {"id": "kctbh9vrtdwd", "name": "Acme", "url": URL, "updated_at": "2026-07-31T03:29:01.470Z"}
    components = [
        {"id": "g1", "name": "API", "group": True, "components": ["c1"]},
        {"id": "g2", "name": "Accounts", "group": True, "components": ["c2"]},
        {"id": "c1", "name": "Login", "group_id": "g1", "group": False, "status": "operational"},
        {"id": "c2", "name": "Login", "group_id": "g2", "group": False, "status": "operational"},
        {"id": "c3", "name": "Web", "group_id": None, "group": False, "status": "operational"},
    ]
    linked = {
        "id": "9tpgqq1h4bs7",
        "name": "Login trouble",
        "status": "resolved",
        "impact": "minor",
        "created_at": "2026-07-30T09:07:42.419Z",
        "updated_at": "2026-07-30T10:12:15.506Z",
        "components": [components[2], components[4]],
        "incident_updates": [
            update("u2", "resolved", "2026-07-30T10:12:15.489Z", "Fixed.<br /><br />Thanks &amp; sorry."),
            update("u1", "investigating", "2026-07-30T05:07:42.478-04:00"),
        ],
    }
    affected = [{"code": "c1", "name": "API - Login", "old_status": "operational", "new_status": "major_outage"}]
    unlinked = {
        "id": "unlinked0001",
        "name": "Unlinked at resolve",  # as Anthropic does
        "status": "postmortem",
        "impact": None,
        "created_at": "2026-07-29T09:00:00Z",
        "components": [],
        "incident_updates": [
            update("u4", "postmortem", "2026-07-29T10:00:00Z", affected_components=None),
            update("u3", "identified", "2026-07-29T09:00:00Z", affected_components=affected),
        ],
    }
    old = {**linked, "id": "oldandopen01", "status": "monitoring", "created_at": "2026-01-01T00:00:00Z"}
    old["incident_updates"] = [update("u5", "monitoring", "2026-01-01T00:00:00Z")]
    window = {
        **linked,
        "id": "window000001",
        "status": "scheduled",
        "impact": "maintenance",
        "scheduled_for": "2026-08-01T00:00:00Z",
        "scheduled_until": "2026-08-01T02:00:00Z",
        "incident_updates": [update("u6", "scheduled", "2026-07-28T00:00:00Z")],
    }
    return {
        "incidents.json": {"page": page, "incidents": [linked, unlinked]},
        "summary.json": {
            "page": page,
            "components": components,
            "incidents": [old],
            "scheduled_maintenances": [window],
            "status": {"indicator": "none", "description": "All Systems Operational"},
        },
        "scheduled-maintenances.json": {"page": page, "scheduled_maintenances": [window]},
    }


SAMPLE = Sample("statuspage", fixture(), "incidents.json", ("incidents",), {"id": "bad", "created_at": "yesterday"})


def ended(documents: Any) -> str:
    """Complete its window: it leaves the summary and is among the past windows. Return its id."""
    documents["summary.json"]["scheduled_maintenances"].clear()
    window = documents["scheduled-maintenances.json"]["scheduled_maintenances"][0]
    window["status"] = "completed"
    window["incident_updates"].insert(0, update("u8", "completed", "2026-08-01T02:00:00Z"))
    window["incident_updates"].insert(1, update("u7", "in_progress", "2026-08-01T00:00:00Z"))
    return str(window["id"])


def noted(documents: Any) -> None:
    """Add an update to the completed window."""
    window = documents["scheduled-maintenances.json"]["scheduled_maintenances"][0]
    window["incident_updates"].insert(0, update("u9", "completed", "2026-08-02T00:00:00Z", "What was done."))

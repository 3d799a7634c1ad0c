"""A sample of site24x7: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample


def raw_update(status: int, at: str, body: str = "Words.", **more: Any) -> Json:
    words = {"incident_status": "Untersuchung", "incident_status_desc": body}
    return {"incident_status_id": status, "status_updated_at": at, **words, **more}


def fixture() -> Json:
    """Return a page with the fields and types of the vendor's libraries: active ones, maintenance, and past days."""
    outage = {
        "enc_inc_id": "aB3_x9Q=",
        "incident_title": "API down",
        "incident_desc": "",
        "incident_severity": "Großer Ausfall",
        "incident_severity_id": 6,
        "incident_type": 1,
        "incident_began_at": "2026-09-06T10:00:00+0200",
        "incident_affected_components": [
            {"display_name": "API", "componentgroup_display_name": "EU"},
            {"display_name": "API", "componentgroup_display_name": "US"},
            {"display_name": "Web"},
        ],
        "incident_status_updates": [
            raw_update(12, "2026-09-06T10:20:00+0200", "<p>Found.</p>"),
            raw_update(11, "2026-09-06T10:05:00+0200", enc_inc_state_progress_id="pr0gress="),
        ],
    }
    window = {
        **outage,
        "enc_inc_id": "window=",
        "incident_severity_id": 4,
        "incident_status_updates": [raw_update(22, "2026-09-06T09:00:00+0000")],
    }
    past = {
        **outage,
        "enc_inc_id": "past=",
        "incident_severity_id": 3,
        "incident_began_at": "2026-09-01T10:00:00+0000",
        "incident_ended_at": "2026-09-01T11:00:00+0000",
        "incident_affected_components": [],
        "incident_status_updates": [raw_update(13, "2026-09-01T10:30:00+0000", enc_inc_state_progress_id="p1")],
    }
    return {
        "code": 0,
        "message": "success",
        "data": {
            "statuspage_details": {"enc_statuspage_id": "P4CJ5YG_lN8=", "updated_at": "2026-09-06T10:20:00+0200"},
            "current_status": [],
            "active_incident_details": [outage, window],
            "resolved_incident_details": [
                {"grp_by_date": "2026-09-02T00:00:00+0000", "grp_by_status_msg": "No incidents reported"},
                {"grp_by_date": "2026-09-01T00:00:00+0000", "grp_by_incidents_list": [past]},
            ],
        },
    }


SAMPLE = Sample(
    "site24x7",
    {"summary_details": fixture()},
    "summary_details",
    ("data", "active_incident_details"),
    {"enc_inc_id": ""},
    "incident_title",
)


def ended(documents: Any) -> str:
    """Move the active incident to those of a day, resolved; return its id."""
    data = documents["summary_details"]["data"]
    incident = data["active_incident_details"].pop(0)
    incident["incident_status_updates"].insert(0, raw_update(14, "2026-09-06T12:00:00+0200", "It is over."))
    data["resolved_incident_details"].insert(0, {"grp_by_incidents_list": [incident]})
    return str(incident["enc_inc_id"])


def noted(documents: Any) -> None:
    """Add an update after the end, with an open status."""
    incident = documents["summary_details"]["data"]["resolved_incident_details"][0]["grp_by_incidents_list"][0]
    incident["incident_status_updates"].insert(0, raw_update(12, "2026-09-07T12:00:00+0200", "The root cause."))

"""A sample of incidentio-widget: its document, how its open incident ends, and a later remark on it.

Of the form that the typed code of its users has: PostHog's, Inngest's and Materialize's.
"""

from typing import Any

from tests.support.platform_sample import URL, Json, Sample

OPEN, RUNNING, PLANNED = "01KK2T9TA9G8B7C6D5E4F3H2J1", "01KK2Q5N3B7C6D5E4F3H2J1K0M", "01KK2M1H8B7C6D5E4F3H2J1K0M"


def component(name: str, group: str | None = None) -> Json:
    """Return an affected component."""
    named = {"id": f"id of {name}", "name": name, "current_status": "partial_outage"}
    return {**named, "group_name": group} if group else named


def event(key: str, status: str, at: str, *components: Json, **fields: Any) -> Json:
    """Return an incident or a window with its latest message."""
    return {
        "id": key,
        "name": f"Event {key[-4:]}",
        "status": status,
        "url": f"{URL}/incidents/{key}",
        "last_update_at": at,
        "last_update_message": "Words.",
        "affected_components": [*components],
        **fields,
    }


SUMMARY: Json = {
    "page_title": "Acme",
    "page_url": URL,
    "ongoing_incidents": [
        event(
            OPEN,
            "identified",
            "2026-03-07T08:20:00Z",
            component("Login", "APIs"),
            component("Login", "Console"),
            current_worst_impact="partial_outage",
        )
    ],
    "in_progress_maintenances": [
        event(
            RUNNING,
            "maintenance_in_progress",
            "2026-03-07T08:00:00Z",
            component("Database"),
            started_at="2026-03-07T08:00:00Z",
            scheduled_end_at="2026-03-07T10:00:00Z",
        )
    ],
    "scheduled_maintenances": [
        event(
            PLANNED,
            "maintenance_scheduled",
            "2026-03-07T07:00:00Z",
            starts_at="2026-03-09T07:00:00Z",
            ends_at="2026-03-09T08:00:00Z",
        )
    ],
}
SAMPLE = Sample(
    "incidentio-widget", {"summary": SUMMARY}, "summary", ("ongoing_incidents",), {"last_update_at": "soon"}, "name"
)


def ended(documents: Any) -> str:
    """Let the incident be resolved; return its id."""
    listed = documents["summary"]["ongoing_incidents"][0]
    listed |= {"status": "resolved", "last_update_at": "2026-03-07T09:00:00Z", "last_update_message": "Over."}
    return str(listed["id"])


def noted(documents: Any) -> None:
    """Change the text of the latest message, later."""
    listed = documents["summary"]["ongoing_incidents"][0]
    listed |= {"last_update_at": "2026-03-08T09:00:00Z", "last_update_message": "Why."}

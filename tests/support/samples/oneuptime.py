"""A sample of oneuptime: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample

DOWN, MOVE, PAST = (f"{number}f1d2c3-0000-4000-8000-00000000000{number}" for number in (1, 2, 3))
STATES = {"Identified": 1, "Acknowledged": 2, "Resolved": 3}


def time(at: str) -> Json:
    return {"_type": "DateTime", "value": at}


def link(key: str) -> Json:
    return {"_type": "ObjectID", "value": key}


def state(name: str) -> Json:
    return {"_id": f"state-{name}", "name": name, "color": {"_type": "Color", "value": "#f00"}, "order": STATES[name]}


def incident(key: str, at: str, name: str, *monitors: str) -> Json:
    """An incident with what `getIncidents` of `Common/Server/API/StatusPageAPI.ts` selects."""
    return {
        "_id": key,
        "createdAt": time(at),
        "declaredAt": time(at),
        "updatedAt": time(at),
        "title": f"Incident {key}",
        "description": "We look into it.",
        "incidentSeverity": {"name": "Major Incident", "color": {"_type": "Color", "value": "#f00"}},
        "currentIncidentState": state(name),
        "monitors": [{"_id": monitor} for monitor in monitors],
    }


def change(key: str, entry: str, at: str, name: str) -> Json:
    return {
        "_id": key,
        "createdAt": time(at),
        "startsAt": time(at),
        "incidentId": link(entry),
        "incidentState": {"name": name, "color": {"_type": "Color", "value": "#f00"}},
    }


def window_state(name: str) -> Json:
    flags = {"isScheduledState": name == "Scheduled", "isOngoingState": name == "Ongoing"}
    return {"name": name, "isResolvedState": name == "Completed", **flags}


def window(key: str, name: str, *monitors: str) -> Json:
    return {
        "_id": key,
        "createdAt": time("2026-03-05T10:00:00.000Z"),
        "title": f"Window {key}",
        "description": "A move.",
        "startsAt": time("2026-03-06T20:00:00.000Z"),
        "endsAt": time("2026-03-06T22:00:00.000Z"),
        "currentScheduledMaintenanceState": window_state(name),
        "monitors": [{"_id": monitor} for monitor in monitors],
    }


def fixture() -> dict[str, Any]:
    resources = [{"displayName": "API", "monitorId": link("m-1")}, {"displayName": "Web", "monitorId": link("m-2")}]
    incidents = {
        "incidentPublicNotes": [
            {"postedAt": time("2026-03-07T08:20:00.000Z"), "note": "<p>It is DNS.</p>", "incidentId": link(DOWN)}
        ],
        "incidentStates": [{"isResolvedState": name == "Resolved", "order": order} for name, order in STATES.items()],
        "incidents": [
            incident(DOWN, "2026-03-07T08:10:00.000Z", "Acknowledged", "m-1"),
            incident(PAST, "2026-03-01T10:00:00.000Z", "Resolved"),
        ],
        "statusPageResources": resources,
        "incidentStateTimelines": [
            change("c-2", DOWN, "2026-03-07T08:15:00.000Z", "Acknowledged"),
            change("c-4", PAST, "2026-03-01T11:00:00.000Z", "Resolved"),
        ],
        "monitorsInGroup": {},
    }
    windows = {
        "scheduledMaintenanceEventsPublicNotes": [],
        "scheduledMaintenanceStates": [],
        "scheduledMaintenanceEvents": [window(MOVE, "Completed", "m-2")],
        "statusPageResources": resources,
        "scheduledMaintenanceStateTimelines": [
            {
                "_id": "c-9",
                "startsAt": time("2026-03-06T22:05:00.000Z"),
                "scheduledMaintenanceId": link(MOVE),
                "scheduledMaintenanceState": window_state("Completed"),
            }
        ],
        "monitorsInGroup": {},
    }
    return {"incidents": incidents, "scheduled-maintenance-events": windows}


SAMPLE = Sample("oneuptime", fixture(), "incidents", ("incidents",), {"createdAt": "soon"}, "title")


def ended(documents: Any) -> str:
    """Resolve the open incident; return its id."""
    listed = documents["incidents"]
    listed["incidents"][0]["currentIncidentState"] = state("Resolved")
    listed["incidentStateTimelines"].insert(0, change("c-5", DOWN, "2026-03-07T09:02:00.000Z", "Resolved"))
    return DOWN


def noted(documents: Any) -> None:
    """Add a note after the end."""
    note = {"postedAt": time("2026-03-07T12:02:00.000Z"), "note": "The root cause.", "incidentId": link(DOWN)}
    documents["incidents"]["incidentPublicNotes"].insert(0, note)

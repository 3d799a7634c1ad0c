"""A sample of cachet: its documents, how its open incident ends, and a later remark on it.

Of the form that version 2.4 of the software writes; `VERSION_3` of the form of version 3.
"""

from typing import Any

from tests.support.platform_sample import URL, Json, Sample


def raw_update(key: int, status: int, at: str, message: str = "Words.") -> Json:
    """Return an update of an incident."""
    return {"id": key, "incident_id": 1, "status": status, "message": message, "created_at": at, "updated_at": at}


def raw_incident(key: int, status: int, at: str, *updates: Json, **fields: Any) -> Json:
    """Return an incident; its own message was its first."""
    latest = updates[0]["status"] if updates else status
    return {
        "id": key,
        "component_id": 0,
        "name": f"Trouble {key}",
        "status": status,
        "visible": 1,
        "message": "Words.",
        "created_at": at,
        "updated_at": at,
        "occurred_at": at,
        "is_resolved": latest == 4,
        "latest_status": latest,
        "latest_human_status": "Words",
        "permalink": f"{URL}/incidents/{key}",
        "updates": list(updates),
        **fields,
    }


OPEN = raw_incident(12, 1, "2026-02-10 09:00:00", raw_update(31, 2, "2026-02-10 09:20:00"), component_id=5)
ENDED = raw_incident(11, 2, "2026-02-03 09:00:00", raw_update(30, 4, "2026-02-03 10:00:00"))
INCIDENTS: Json = {"meta": {"pagination": {"total": 2, "per_page": 100}}, "data": [OPEN, ENDED]}
COMPONENTS: Json = {
    "data": [{"id": 5, "name": "API", "status": 2, "group_id": 0}, {"id": 6, "name": "Web", "status": 1}],
}
SAMPLE = Sample(
    "cachet",
    {"incidents": INCIDENTS, "components": COMPONENTS},
    "incidents",
    ("data",),
    {"created_at": "yesterday"},
    "name",
)


def when(at: str) -> Json:
    """Return a time as version 3 has it."""
    return {"human": "once", "string": at}


VERSION_3: Json = {
    "data": [
        {
            "id": "2",
            "type": "incidents",
            "attributes": {
                "id": 2,
                "name": "Slow pages",
                "message": "First words.",
                "visible": 1,
                "status": {"human": "Identified", "value": 2},
                "created": when("2026-02-10 09:00:00"),
            },
            "relationships": {
                "components": {"data": [{"type": "components", "id": "5"}]},
                "updates": {"data": [{"type": "updates", "id": "31"}]},
            },
        }
    ],
    "included": [
        {
            "id": "31",
            "type": "updates",
            "attributes": {
                "message": "More words.",
                "status": {"human": "Fixed", "value": "4"},
                "created": when("2026-02-10 09:20:00"),
            },
        }
    ],
}


def ended(documents: Any) -> str:
    """Fix the open incident by an update; return its id."""
    incident = documents["incidents"]["data"][0]
    incident["updates"].insert(0, raw_update(32, 4, "2026-02-10 09:40:00", "It is over."))
    incident |= {"latest_status": 4, "is_resolved": True}
    return str(incident["id"])


def noted(documents: Any) -> None:
    """Add an update of the next day."""
    documents["incidents"]["data"][0]["updates"].insert(0, raw_update(33, 4, "2026-02-11 09:00:00", "Why."))

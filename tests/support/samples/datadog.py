"""A sample of datadog: its documents, how its open incident ends, and a later remark on it.

Of the form recorded of status.openrouter.ai in 2026 (a fixture of github.com/bentleypark/aiwatch).
"""

from typing import Any

from tests.support.platform_sample import Json, Sample


def affected(key: str, name: str, status: str) -> Json:
    """Return what an incident or an update says of a component."""
    return {"id": key, "name": name, "position": 0, "status": status, "type": "Component"}


def raw_update(key: str, status: str, at: str, *components: Json, **fields: Any) -> Json:
    """Return an update of a timeline."""
    return {
        "id": key,
        "status": status,
        "description": "Words.",
        "createdAt": at,
        "startedAt": at,
        "lastModifiedAt": at,
        "componentsAffected": list(components),
        **fields,
    }


def component(key: str, name: str) -> Json:
    """Return a component of the page."""
    return {"id": key, "name": name, "position": 0, "status": "operational", "type": "Component"}


def group(key: str, name: str, *components: Json) -> Json:
    """Return a group, which has no status."""
    return {"id": key, "name": name, "position": 0, "type": "ComponentGroup", "components": list(components)}


OPEN: Json = {
    "id": "2a3d415a-1eed-417f-b269-6e308a7f7990",
    "title": "Videos are late",
    "currentStatus": "investigating",
    "description": "Words.",
    "publishedDate": "2026-09-14T18:27:00Z",
    "lastModifiedAt": "2026-09-14T18:30:01.430225Z",
    "resolved": False,
    "timeline": [
        raw_update("0e1f8339", "investigating", "2026-09-14T18:30:01.430225Z", affected("c2", "Chat", "degraded")),
    ],
    "componentsAffected": [affected("c2", "Chat", "degraded")],
}
FILED_LATER: Json = {
    "id": "bf70341f-5692-41cc-8076-573b9407e356",
    "title": "Backfill",
    "currentStatus": "resolved",
    "description": "Words.",
    "publishedDate": "2026-05-31T13:00:00Z",
    "lastModifiedAt": "2026-09-11T02:42:23.435821Z",
    "resolved": True,
    "resolvedDate": "2026-06-01T13:00:00Z",
    "timeline": [
        raw_update(
            "7dfacaf1",
            "resolved",
            "2026-09-11T02:42:23.435821Z",
            affected("c3", "Web", "operational"),
            startedAt="2026-06-01T13:00:00Z",
        ),
        raw_update(
            "bd3a7379",
            "investigating",
            "2026-09-11T02:42:23.435821Z",
            affected("c3", "Web", "major_outage"),
            startedAt="2026-05-31T13:00:00Z",
        ),
    ],
    "componentsAffected": [affected("c3", "Web", "operational")],
}
CONFIG: Json = {
    "id": "3bdfe680-d6e4-4a0b-9c04-c25058c342e0",
    "name": "Acme",
    "domainPrefix": "acme",
    "components": [
        group("g1", "API", component("c1", "Chat"), component("c4", "Images")),
        group("g2", "Beta", component("c2", "Chat")),
        component("c3", "Web"),
    ],
    "incidents": [OPEN, FILED_LATER],
    "maintenances": None,
    "pageType": "public",
}
SAMPLE = Sample(
    "datadog", {"config.json": CONFIG}, "config.json", ("incidents",), {"publishedDate": "yesterday"}, "title"
)


def ended(documents: Any) -> str:
    """Resolve the open incident by an update; return its id."""
    incident = documents["config.json"]["incidents"][0]
    incident |= {"currentStatus": "resolved", "resolved": True, "resolvedDate": "2026-09-14T21:12:00Z"}
    incident["timeline"].insert(0, raw_update("fccda8e3", "resolved", "2026-09-14T21:12:03.1Z"))
    return str(incident["id"])


def noted(documents: Any) -> None:
    """Add an update of the next day."""
    incident = documents["config.json"]["incidents"][0]
    incident["timeline"].insert(0, raw_update("a1b2c3d4", "resolved", "2026-09-15T09:00:00Z"))

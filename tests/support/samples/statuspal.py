"""A sample of statuspal: its documents, how its open incident ends, and a later remark on it.

Of the form recorded of five pages (the fixtures of github.com/Linuxfabrik/monitoring-plugins).
"""

import copy
from typing import Any

from statuswatch.model.page import Page
from tests.support.platform_sample import Json, Sample

PAGE = Page(key="acme", name="Acme", url="https://acme.statuspal.eu")


def raw_update(key: int, kind: str, at: str, words: str = "Words.") -> Json:
    """Return an update of an entry."""
    return {
        "id": key,
        "type": kind,
        "description": words,
        "inserted_at": at,
        "updated_at": at,
        "posted_at": at,
    }


def raw_entry(key: int, kind: str, title: str, at: str, *updates: Json, **fields: Any) -> Json:
    """Return an incident or a maintenance; its updates are listed newest first."""
    return {
        "id": key,
        "type": kind,
        "title": title,
        "url": f"https://acme.example/incidents/{key}",
        "updates": list(updates),
        "inserted_at": at,
        "updated_at": at,
        "starts_at": at,
        "ends_at": None,
        "service_ids": [],
        **fields,
    }


def service(key: int, name: str, *children: Json) -> Json:
    """Return a service with those below it."""
    return {"id": key, "name": name, "children": list(children)}


OPEN = raw_entry(
    198647,
    "performance",
    "Latencies",
    "2025-07-18T08:20:50",
    raw_update(418175, "monitoring", "2025-07-18T08:49:50"),
    raw_update(418165, "issue", "2025-07-18T08:20:50"),
    service_ids=[10331, 27451],
)
ENDED = raw_entry(
    198600,
    "major",
    "Down",
    "2025-07-10T08:00:00",
    raw_update(418002, "update", "2025-07-11T08:00:00"),
    raw_update(418001, "resolved", "2025-07-10T09:00:00"),
    raw_update(418000, "issue", "2025-07-10T08:00:00"),
    ends_at="2025-07-10T09:00:00",
)
WINDOW = raw_entry(
    198700,
    "scheduled",
    "Generator test",
    "2025-07-18T07:00:00",
    raw_update(418200, "scheduled", "2025-07-18T07:00:00"),
    starts_at="2026-11-13T21:00:00",
    ends_at="2026-11-14T05:00:00",
)
ROUTER = raw_entry(
    198701,
    "emergency-maintenance",
    "Router",
    "2025-07-18T07:48:00",
    raw_update(418201, "essential", "2025-07-18T07:48:00"),
    service_ids=[27451],
)
SUMMARY: Json = {
    "status_page": {
        "subdomain": "acme",
        "current_incident_type": "performance",
    },
    "services": [
        service(10331, "Vienna", service(27451, "Network"), service(27452, "DNS")),
        service(10381, "Global", service(10337, "DNS")),
    ],
    "incidents": [OPEN],
    "info_notices": [{"id": 186598, "title": "A provider blocks a port"}],
    "maintenances": [ROUTER],
    "upcoming_maintenances": [WINDOW],
    "current_status_type": "minor",
}
INCIDENTS: Json = {
    "incidents": [ROUTER, OPEN, ENDED],
    "links": {"next": None, "prev": None},
}
SAMPLE = Sample(
    "statuspal",
    {"summary": SUMMARY, "incidents": INCIDENTS},
    "summary",
    ("incidents",),
    {"inserted_at": None},
    "title",
    PAGE,
)


def ended(documents: Any) -> str:
    """Take the open incident out of the summary, and end it in the other list; return its id."""
    incident = documents["summary"]["incidents"].pop()
    over = copy.deepcopy(incident)
    over["updates"].insert(0, raw_update(418300, "resolved", "2025-07-18T09:30:00", "It is over."))
    over["ends_at"] = "2025-07-18T09:30:00"
    listed = documents["incidents"]["incidents"]
    listed[listed.index(incident)] = over
    return str(over["id"])


def noted(documents: Any) -> None:
    """Add an update of the next day."""
    over = next(entry for entry in documents["incidents"]["incidents"] if entry["id"] == OPEN["id"])
    over["updates"].insert(0, raw_update(418301, "update", "2025-07-19T09:30:00", "What had happened."))

"""A sample of statusio: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from statuswatch.model.page import Page
from tests.support.platform_sample import URL, Json, Sample

ID = "5b36dc6502d06804c08349f7"
PAGE = Page(key="acme", name="Acme", url=URL, platform="statusio", id=ID)


def message(at: str, state: int, status: int, details: str = "Words.") -> Json:
    """A message of the public API: without an id."""
    return {"details": details, "state": state, "status": status, "datetime": at}


def fixture() -> Json:
    """Return a page as the vendor documents the API and GitLab's had it in 2023: components in containers, numbers."""
    east, west, site = {"id": "c1", "name": "US-East"}, {"id": "c2", "name": "US-West"}, {"id": "c3", "name": "Cloud"}
    parts = [
        {"id": "p1", "name": "API", "status": "Degraded Performance", "status_code": 300, "containers": [east, west]},
        {"id": "p2", "name": "Website", "status": "Operational", "status_code": 100, "containers": [site]},
    ]
    regional = {
        "name": "Slow answers",
        "_id": "649d8d7a6c2f36053b370001",
        "datetime_open": "2026-03-07T09:00:00.100Z",
        "messages": [
            message("2026-03-07T09:30:00.200Z", 200, 300, "Found &amp; being fixed.<br />More soon."),
            message("2026-03-07T09:00:00.100Z", 100, 500),
        ],
        "containers_affected": [{"name": "US-East", "_id": "c1"}],
        "components_affected": [{"name": "API", "_id": "p1"}],
    }
    whole = {
        **regional,
        "name": "Errors",
        "_id": "649d8d7a6c2f36053b370002",
        "messages": [message("2026-03-07T10:00:00.000Z", 300, 100)],
        "containers_affected": [{"name": "Cloud", "_id": "c3"}],
        "components_affected": [{"name": "Website", "_id": "p2"}],
    }
    window = {
        **whole,
        "name": "Database upgrade",
        "_id": "649d8d7a6c2f36053b370003",
        "datetime_planned_start": "2026-07-08T14:00:00.000Z",
        "datetime_planned_end": "2026-07-08T19:00:00.000Z",
        "messages": [message("2026-03-07T10:00:00.000Z", 100, 200)],
    }
    begun = {**window, "_id": "649d8d7a6c2f36053b370004"}
    begun["messages"] = [*window["messages"], message("2026-07-08T14:00:01.000Z", 200, 200, "It begins.")]
    overall = {"updated": "2026-03-07T10:00:00.000Z", "status": "Degraded Performance", "status_code": 300}
    return {
        "result": {
            "status_overall": overall,
            "status": parts,
            "incidents": [regional, whole],
            "maintenance": {"active": [begun], "upcoming": [window]},
        }
    }


SAMPLE = Sample(
    "statusio", {"status": fixture()}, "status", ("result", "incidents"), {"_id": "bad", "name": 7}, page=PAGE
)


def ended(documents: Any) -> str:
    """Close the first incident by its last message; return its id."""
    incident = documents["status"]["result"]["incidents"][0]
    incident["messages"].insert(0, message("2026-03-07T11:00:00.000Z", 400, 100, "It is over."))
    return str(incident["_id"])


def noted(documents: Any) -> None:
    """Remove the closed incident from the list."""
    del documents["status"]["result"]["incidents"][0]

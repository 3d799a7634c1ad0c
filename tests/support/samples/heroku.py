"""A sample of heroku: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample


def raw_update(key: int, kind: str, at: str, contents: str = "Words.") -> Json:
    """Return an update of API v4."""
    return {"id": key, "created_at": at, "update_type": kind, "contents": contents}


def fixture() -> tuple[list[Json], Json]:
    """Return the newest incidents and the current status, with the oddities that clients report.

    `resolved` is never true, maintenance stays upcoming, and an update follows the end.
    """
    closed = {
        "id": 2963,
        "title": "Delays of builds",
        "state": "resolved",
        "resolved": False,
        "created_at": "2026-09-20T08:00:00.101Z",
        "full_url": "https://status.heroku.com/incidents/2963",
        "systems": [{"name": "Tools", "status": "green", "services": ["Builds"]}, {"name": "Apps", "status": "yellow"}],
        "updates": [
            raw_update(73, "followup", "2026-09-21T08:00:00.000Z", "What had happened."),
            raw_update(72, "resolved", "2026-09-20T09:30:00.000Z"),
            raw_update(71, "issue", "2026-09-20T08:00:00.101Z"),
        ],
    }
    no_ids = {
        **closed,
        "id": 2962,
        "title": "Routing",
        "created_at": "2026-09-10T08:00:00.000Z",
        "full_url": "/incidents/2962",
        "systems": [],
        "updates": [
            {"created_at": "2026-09-10T08:30:00.000Z", "update_type": "resolved", "contents": "Over."},
            {"created_at": "2026-09-10T08:00:00.000Z", "update_type": "issue", "contents": "Begun."},
        ],
    }
    window = {**closed, "id": 2959, "state": "upcoming", "title": "Maintenance"}
    still = {
        **closed,
        "id": 2964,
        "title": "Errors of apps",
        "state": "issue",
        "created_at": "2026-09-22T08:00:00.000Z",
        "full_url": "https://status.heroku.com/incidents/2964",
        "systems": [{"name": "Apps", "status": "red"}, {"name": "Data", "status": "yellow"}],
        "updates": [raw_update(74, "issue", "2026-09-22T08:00:00.000Z", "We see <b>errors</b>.")],
    }
    status = [{"system": "Apps", "status": "red"}, {"system": "Data", "status": "yellow"}]
    return [closed, no_ids, window], {"status": status, "incidents": [still], "scheduled": [window]}


INCIDENTS, CURRENT = fixture()
SAMPLE = Sample("heroku", {"incidents": INCIDENTS, "current-status": CURRENT}, "incidents", (), {"id": None}, "title")


def ended(documents: Any) -> str:
    """Move the open incident from the current status to the list, resolved; return its id."""
    incident = documents["current-status"]["incidents"].pop()
    incident["state"] = "resolved"
    incident["updates"].insert(0, raw_update(75, "resolved", "2026-09-22T09:00:00.000Z"))
    documents["incidents"].insert(0, incident)
    return str(incident["id"])


def noted(documents: Any) -> None:
    """Add an update after the end."""
    documents["incidents"][0]["updates"].insert(0, raw_update(76, "followup", "2026-09-23T09:00:00.000Z"))

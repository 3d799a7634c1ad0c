"""A sample of sorry: its documents, how its open incident ends, and a later remark on it.

Of the form that the vendor documents, and that github.com/api-evangelist/university-of-st-andrews describes.
"""

import copy
from typing import Any

from tests.support.platform_sample import URL, Json, Sample


def raw_update(key: int, state: str, at: str, content: str = "<p>Words.</p>") -> Json:
    """Return an update of a notice."""
    return {"id": key, "state": state, "content": content, "created_at": at, "updated_at": at}


def raw_notice(key: int, subject: str, state: str | None, at: str, *updates: Json, **fields: Any) -> Json:
    """Return a notice as the list has it, with its latest update only."""
    return {
        "id": key,
        "type": "unplanned",
        "timeline_state": "present",
        "state": state,
        "subject": subject,
        "url": f"{URL}/notices/xxx{key}-notice",
        "began_at": at,
        "ended_at": None,
        "created_at": at,
        "updated_at": at,
        "tag_list": [],
        "links": {"self": f"/api/v1/notices/{key}"},
        "latest_update": updates[-1] if updates else None,
        **fields,
    }


def whole(entry: Json, *updates: Json) -> Json:
    """Return the document of one notice: its components, and all its updates."""
    detail = {key: value for key, value in entry.items() if key != "latest_update"}
    component = {"id": 7, "state": "degraded", "name": "SMTP", "parent_id": None}
    return {"notice": {**copy.deepcopy(detail), "components": [component], "updates": list(updates)}}


FIRST = raw_update(21, "investigating", "2026-10-05T08:00:00.101Z")
SECOND = raw_update(22, "identified", "2026-10-05T08:20:00.000Z")
OPEN = raw_notice(301, "Sending is slow", "identified", "2026-10-05T08:00:00.000Z", FIRST, SECOND)
ENDED = raw_notice(
    300,
    "Webhooks",
    "false_alarm",
    "2026-10-01T08:00:00.000Z",
    raw_update(20, "false_alarm", "2026-10-01T08:30:00.000Z"),
    timeline_state="past_recent",
    ended_at="2026-10-01T08:30:00.000Z",
)
WINDOW = raw_notice(
    299,
    "Database upgrade",
    "scheduled",
    "2026-10-02T08:00:00.000Z",
    {key: value for key, value in raw_update(0, "scheduled", "2026-10-02T08:00:00.000Z").items() if key != "id"},
    type="planned",
    timeline_state="future",
    began_at=None,
    begins_at="2026-10-20T08:00:00.000Z",
    ends_at="2026-10-20T09:00:00.000Z",
)
NEWS = raw_notice(298, "We are hiring", None, "2026-10-01T07:00:00.000Z", type="general")
NOTICES: Json = {
    "notices": [OPEN, WINDOW, ENDED, NEWS],
    "meta": {"count": 4, "total_count": 263, "next_page": "/api/v1/notices.json?page=2"},
}
SAMPLE = Sample(
    "sorry", {"notices": NOTICES}, "notices", ("notices",), {"created_at": None, "began_at": None}, "subject"
)


def ended(documents: Any) -> str:
    """Resolve the open notice by an update; return its id."""
    notice = documents["notices"]["notices"][0]
    notice |= {"state": "resolved", "timeline_state": "past_recent", "ended_at": "2026-10-05T09:00:00.000Z"}
    notice["latest_update"] = raw_update(23, "resolved", "2026-10-05T09:00:00.000Z", "<p>It is over.</p>")
    return str(notice["id"])


def noted(documents: Any) -> None:
    """Add an update of the next day."""
    notice = documents["notices"]["notices"][0]
    notice["latest_update"] = raw_update(24, "resolved", "2026-10-06T09:00:00.000Z", "<p>What had happened.</p>")

"""A sample of cloudflare: its documents, how its open incident ends, and a later remark on it.

Of the form of the tests of github.com/bentleypark/aiwatch, which reads the live document.
"""

import copy
from typing import Any

from statuswatch.model.page import Page
from tests.support.platform_sample import Json, Sample

PAGE = Page(key="acme", name="Acme", url="https://www.cloudflarestatus.com", id="fvgfcmy66tdr")


def raw_incident(key: str, status: str, at: str, *components: str, **fields: Any) -> Json:
    """Return an incident with its latest update."""
    names = {"fvgfcmy66tdr": "Replicate", "xrjnsr65fthp": "DNS"}
    return {
        "id": key,
        "name": f"Trouble {key}",
        "status": status,
        "impact": "major",
        "created_at": at,
        "starts_at": at,
        "components": [{"id": component, "name": names[component]} for component in components],
        "last_update": {"status": status, "message": "Words.", "created_at": at, "display_at": at},
        **fields,
    }


OPEN = raw_incident("k3h5zv0f9p1a", "identified", "2026-09-10T01:00:00.000Z", "fvgfcmy66tdr", "xrjnsr65fthp")
ELSEWHERE = raw_incident("q8w2n5t7b4cd", "investigating", "2026-09-10T02:00:00.000Z")
ENDED = raw_incident(
    "m1c9x6r2j7ef",
    "resolved",
    "2026-09-08T01:00:00.000Z",
    "fvgfcmy66tdr",
    resolved_at="2026-09-08T03:00:00.000Z",
    last_update={"status": "resolved", "message": "Words.", "created_at": "2026-09-08T03:00:00.000Z"},
)
SUMMARY: Json = {
    "success": True,
    "result": {
        "components": [
            {"id": "fvgfcmy66tdr", "name": "Replicate", "status": "degraded_performance"},
            {"id": "xrjnsr65fthp", "name": "DNS", "status": "operational"},
        ],
        "active_incidents": [OPEN, ELSEWHERE],
        "recent_incidents": [ENDED],
        "active_maintenances": [],
    },
}
SAMPLE = Sample(
    "cloudflare", {"summary": SUMMARY}, "summary", ("result", "active_incidents"), {"created_at": "soon"}, "name", PAGE
)


def ended(documents: Any) -> str:
    """Move the open incident to the recent ones, resolved; return its id."""
    result = documents["summary"]["result"]
    over = copy.deepcopy(result["active_incidents"].pop(0))
    over |= {"status": "resolved", "resolved_at": "2026-09-10T03:00:00.000Z"}
    over["last_update"] = {"status": "resolved", "message": "Over.", "created_at": "2026-09-10T03:00:00.000Z"}
    result["recent_incidents"].insert(0, over)
    return str(over["id"])


def noted(documents: Any) -> None:
    """Replace the latest update by one of the next day."""
    over = documents["summary"]["result"]["recent_incidents"][0]
    over["last_update"] = {"status": "resolved", "message": "Why.", "created_at": "2026-09-11T03:00:00.000Z"}

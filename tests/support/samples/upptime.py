"""A sample of upptime: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from statuswatch.model.page import Page
from tests.support.platform_sample import Json, Sample

PAGE = Page(key="acme", name="Acme", url="https://status.acme.example", id="acme/status")
FACTS = "<!--\nstart: 2026-03-06T20:00:00.000Z\nend: 2026-03-06T22:00:00.000Z\nexpectedDown: api, web\n-->\nWords."


def issue(number: int, title: str, created: str, **fields: Any) -> Json:
    """An issue as GitHub's API lists it, with a text as `src/update.ts` of upptime/uptime-monitor writes it."""
    return {
        "number": number,
        "title": title,
        "state": "open",
        "created_at": created,
        "updated_at": created,
        "closed_at": None,
        "body": "In [`abc1234`](https://github.com/acme/status/commit/abc1234), API was **down**:\n- HTTP code: 0\n",
        "html_url": f"https://github.com/acme/status/issues/{number}",
        "labels": [{"name": "status"}, {"name": "api"}],
        **fields,
    }


def fixture() -> dict[str, Any]:
    past = {"state": "closed", "closed_at": "2026-03-02T11:00:00Z", "labels": [{"name": "status"}]}
    over = {"state": "closed", "closed_at": "2026-03-06T22:10:00Z", "body": FACTS, "labels": [{"name": "maintenance"}]}
    return {
        "issues": [
            issue(57, "🛑 Acme API is down", "2026-03-07T08:10:00Z"),
            issue(54, "⚠️ Web has degraded performance", "2026-03-02T10:00:00Z", **past),
            issue(53, "A word on last week", "2026-03-01T10:00:00Z", **past),
            issue(52, "Fix the label", "2026-03-01T09:00:00Z", pull_request={"url": "https://api.example/52"}),
        ],
        "maintenance": [issue(56, "Move of the database", "2026-03-05T10:00:00Z", **over)],
    }


SAMPLE = Sample("upptime", fixture(), "issues", (), {"state": "?"}, "title", page=PAGE)


def ended(documents: Any) -> str:
    """Close the open issue; return its id."""
    documents["issues"][0] |= {"state": "closed", "closed_at": "2026-03-07T09:02:00Z"}
    return "57"


def noted(documents: Any) -> None:
    """Add a comment, which the list does not have."""
    documents["issues"][0] |= {"updated_at": "2026-03-07T12:02:00Z", "comments": 2}

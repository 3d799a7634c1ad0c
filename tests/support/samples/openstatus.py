"""A sample of openstatus: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample

FEED = "feed/json"


def step(key: int, status: str, date: str, message: str = "Words.") -> Json:
    return {"id": key, "status": status, "message": message, "date": date, "updatedAt": date}


def report(key: int, *updates: Json, **fields: Any) -> Json:
    """A report as the server's `feed/json/route.ts` writes it, the newest update first."""
    return {
        "id": key,
        "title": f"Report {key}",
        "updatedAt": updates[0]["date"],
        "status": updates[0]["status"],
        "monitors": [],
        "pageComponents": [1, 2],
        "statusReportUpdates": list(updates),
        **fields,
    }


def window(key: int, begins: str, ends: str, **fields: Any) -> Json:
    usual = {"id": key, "name": f"Window {key}", "message": "Words.", "from": begins, "to": ends}
    return {**usual, "updatedAt": "2026-01-08T08:00:00.000Z", "monitors": [], "pageComponents": [3], **fields}


def component(key: int, name: str, group: int | None = None) -> Json:
    return {
        "id": key,
        "name": name,
        "description": None,
        "monitorId": key + 10,
        "order": key,
        "groupId": group,
        "groupOrder": 0,
    }


def fixture() -> Json:
    return {
        "title": "Acme",
        "description": "",
        "status": "degraded",
        "updatedAt": "2026-03-07T08:59:00.000Z",
        "monitors": [{"id": 11, "name": "API", "description": "", "status": "degraded"}],
        "pageComponents": [component(1, "API", 5), component(2, "API", 6), component(3, "Web")],
        "pageComponentGroups": [{"id": 5, "name": "EU"}, {"id": 6, "name": "US"}],
        "maintenances": [
            window(7, "2026-01-10T02:00:00.000Z", "2026-01-10T04:00:00.000Z"),
        ],
        "statusReports": [
            report(
                42,
                step(901, "identified", "2026-03-07T08:30:00.000Z"),
                step(900, "investigating", "2026-03-07T08:10:00.000Z"),
            ),
            report(
                41,
                step(899, "resolved", "2026-02-01T11:00:00.000Z"),
                step(898, "monitoring", "2026-02-01T10:00:00.000Z"),
                pageComponents=[],
            ),
        ],
    }


SAMPLE = Sample("openstatus", {FEED: fixture()}, FEED, ("statusReports",), {"status": "not a word"}, "title")


def ended(documents: Any) -> str:
    """Resolve the open report; return its id."""
    report = documents[FEED]["statusReports"][0]
    report["statusReportUpdates"].insert(0, step(902, "resolved", "2026-03-07T09:02:00.000Z", "It is over."))
    report |= {"status": "resolved", "updatedAt": "2026-03-07T09:02:00.000Z"}
    return str(report["id"])


def noted(documents: Any) -> None:
    """Add an update after the end."""
    report = documents[FEED]["statusReports"][0]
    report["statusReportUpdates"].insert(0, step(903, "resolved", "2026-03-07T12:02:00.000Z", "The root cause."))

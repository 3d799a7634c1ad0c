"""A sample of betterstack: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample


def report(key: str, updates: list[str], **attributes: Any) -> Json:
    """A status report with the fields of the vendor's documentation."""
    return {
        "id": key,
        "type": "status_report",
        "attributes": {
            "title": "Inference is slow",
            "report_type": "manual",
            "starts_at": "2026-08-24T19:42:00.000Z",
            "ends_at": None,
            "affected_resources": [],
            "aggregate_state": "downtime",
            **attributes,
        },
        "relationships": {"status_updates": {"data": [{"id": update, "type": "status_update"} for update in updates]}},
    }


def status_update(key: str, at: str, message: str, **states: str) -> Json:
    """A status update; `states` by resource, as r61="resolved"."""
    return {
        "id": key,
        "type": "status_update",
        "attributes": {
            "message": message,
            "published_at": at,
            "published_at_timezone": None,
            "notify_subscribers": True,
            "affected_resources": affected(**states),
        },
    }


def affected(**states: str) -> list[Json]:
    return [{"status_page_resource_id": name[1:], "status": state} for name, state in states.items()]


def resource(key: str, name: str | None, section: int | None) -> Json:
    attributes = {"public_name": name, "status_page_section_id": section, "status": "operational", "position": 1}
    return {"id": key, "type": "status_page_resource", "attributes": attributes}


def section(key: str, name: str) -> Json:
    return {"id": key, "type": "status_page_section", "attributes": {"name": name, "position": 0}}


def fixture() -> Json:
    """A page as the vendor documents it, with what readers of live pages report: numbers beside strings, `ends_at` null
    throughout, an automatic report, white space around a name.
    """
    reports = [
        report("995593", ["12", "11"], affected_resources=affected(r61="downtime", r63="degraded")),
        report(
            "990001",
            ["10", "9", "8"],
            title=None,
            report_type="automatic",
            starts_at="2026-08-01T10:00:00.000Z",
            aggregate_state="resolved",
            affected_resources=affected(r62="resolved"),
        ),
        report(
            "980000",
            ["7", "6"],
            title="Database upgrade",
            report_type="maintenance",
            starts_at="2026-07-10T00:00:00.000Z",
            ends_at="2026-07-10T02:00:00.000Z",
            aggregate_state="resolved",
            affected_resources=affected(r61="resolved"),
        ),
    ]
    rest = [
        status_update("11", "2026-08-24T19:42:10.000Z", "Looking into it.", r61="downtime"),
        status_update(
            "12", "2026-08-24T20:00:00.000Z", "One part is back.\n\nMore &amp; more.", r61="degraded", r63="degraded"
        ),
        status_update("8", "2026-08-01T10:00:00.000Z", "API went down", r62="downtime"),
        status_update("9", "2026-08-01T10:04:00.000Z", "Still on it."),
        status_update("10", "2026-08-01T10:07:00.000Z", "API recovered", r62="resolved"),
        status_update("6", "2026-07-01T09:00:00.000Z", "We will upgrade.", r61="maintenance"),
        status_update("7", "2026-07-10T01:30:00.000Z", "Done.", r61="resolved"),
        section("50", "Inference"),
        section("51", "Website"),
        resource("61", "Login", 50),
        resource("62", "API ", 50),
        resource("63", "Login", 51),
        resource("64", None, 51),
    ]
    links = [{"id": entry["id"], "type": "status_report"} for entry in reports]
    page = {
        "id": "237745",
        "type": "status_page",
        "attributes": {"company_name": "Acme", "aggregate_state": "downtime", "updated_at": "2026-08-24T20:00:01.000Z"},
        "relationships": {"sections": {"data": []}, "resources": {"data": []}, "status_reports": {"data": links}},
    }
    return {"data": page, "included": [*reports, *rest]}


SAMPLE = Sample(
    "betterstack",
    {"index.json": fixture()},
    "index.json",
    ("included",),
    {"id": "bad", "attributes": {"title": "No time"}},
    "attributes.title",
)


def ended(documents: Any) -> str:
    """Resolve its open report by an update; `ends_at` stays null. Return its id."""
    included = documents["index.json"]["included"]
    open_report = included[0]
    open_report["attributes"] |= {
        "aggregate_state": "resolved",
        "affected_resources": affected(r61="resolved", r63="resolved"),
    }
    open_report["relationships"]["status_updates"]["data"].insert(0, {"id": "13", "type": "status_update"})
    included.append(status_update("13", "2026-08-24T21:00:00.000Z", "It is over.", r61="resolved", r63="resolved"))
    return str(open_report["id"])


def noted(documents: Any) -> None:
    """Add an update without any resource to the resolved report."""
    included = documents["index.json"]["included"]
    included[0]["relationships"]["status_updates"]["data"].insert(0, {"id": "14", "type": "status_update"})
    included.append(status_update("14", "2026-08-25T09:00:00.000Z", "What had happened."))

"""A sample of google: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample

NAME = "incidents.json"
OPEN, ENDED = "B5V4MfnVp97nxoTYbxdX", "3BvH3LVGcupoYqV6F4Nw"


def stated_update(created: str, status: str, text: str = "Words.") -> Json:
    """An update; its `modified` is the field that moves."""
    return {
        "created": created,
        "modified": "2026-09-30T00:00:00+00:00",
        "when": created,
        "status": status,
        "text": text,
    }


def document() -> list[Json]:
    """Incidents as recorded on Cloud in 2022 and 2026, and on Workspace in 2026: by start, updates newest first."""
    ongoing = {
        "id": OPEN,
        "number": "9353823205405529898",
        "begin": "2026-09-18T05:00:00+00:00",
        "created": "2026-09-22T21:38:51+00:00",
        "modified": "2026-09-23T03:05:44+00:00",
        "end": None,
        "external_desc": "**Title:**\nSome users of the latest release see errors\n\n**Description:**\nMore words.",
        "updates": [stated_update("2026-09-22T21:38:51+00:00", "SERVICE_INFORMATION", "**Title:**\n## \\# Errors")],
        "status_impact": "SERVICE_INFORMATION",
        "severity": "low",
        "service_key": "prPt2Yra2CbGsbEm9cpC",
        "service_name": "Gmail",
        "affected_products": [{"title": "Gmail", "id": "prPt2Yra2CbGsbEm9cpC"}],
        "uri": f"incidents/{OPEN}",
    }
    ended = {
        **ongoing,
        "id": ENDED,
        "begin": "2026-07-15T23:57:00+00:00",
        "end": "2026-07-16T01:30:00+00:00",
        "external_desc": "Elevated packet loss in europe-north1",
        "updates": [
            stated_update("2026-07-25T13:16:55+00:00", "AVAILABLE"),  # a report, nine days later
            stated_update("2026-07-16T03:31:00+00:00", "AVAILABLE"),
            stated_update("2026-07-16T02:30:59+00:00", "SERVICE_DISRUPTION"),  # published after the end of the effect
        ],
        "severity": "medium",
        "service_name": "Multiple Products",
        "affected_products": [
            {"title": "VMWare engine", "id": "2", "current_title": "VMware Engine"},
            {"title": "Bare Metal Solution", "id": "1"},
        ],
        "uri": f"incidents/{ENDED}",
    }
    return [ongoing, ended]


SAMPLE = Sample("google", {NAME: document()}, NAME, (), {"id": "bad", "begin": "soon"}, "external_desc")


def ended(documents: Any) -> str:
    """End the open incident, with an update; return its id."""
    entry = documents[NAME][0]
    entry["end"] = "2026-09-23T02:00:00+00:00"
    entry["updates"].insert(0, stated_update("2026-09-23T03:05:44+00:00", "AVAILABLE"))
    return OPEN


def noted(documents: Any) -> None:
    """Add a report with a status from before the end."""
    documents[NAME][0]["updates"].insert(
        0, stated_update("2026-10-02T03:05:44+00:00", "SERVICE_INFORMATION", "Report.")
    )

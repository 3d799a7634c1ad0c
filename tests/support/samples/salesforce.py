"""A sample of salesforce: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from tests.support.platform_sample import Json, Sample


def raw_update(key: int, kind: str, at: str, message: str = "Words.") -> Json:
    return {"id": key, "type": kind, "message": message, "createdAt": at, "updatedAt": at}


def impact(
    key: int, kind: str, severity: str, start: str, end: str | None = None, *, stated: str | None = None
) -> Json:
    times = {"startTime": start, "endTime": end, "endTimeCreatedAt": stated}
    return {"id": key, "type": kind, "severity": severity, **times}


def fixture() -> tuple[list[Json], list[Json]]:
    """Return the active incidents and all, with the fields and types that clients report of live documents."""
    active = {
        "id": 20004387,
        "externalId": "93999999",
        "status": "Active",
        "type": "Disruption",
        "isCore": False,
        "affectsAll": False,
        "createdAt": "2026-09-01T13:56:48.761Z",
        "updatedAt": "2026-09-04T06:07:05.272Z",
        "message": {"rootCause": None, "actionPlan": None, "pathToResolution": None},
        "serviceKeys": ["B2BCommerce"],
        "instanceKeys": ["NA132", "EU35"],
        "IncidentImpacts": [],
        "IncidentEvents": [
            raw_update(2, "update", "2026-09-04T06:07:05.272Z", "We continue.\n"),
            raw_update(1, "investigatingCauseOfIssue", "2026-09-01T14:02:41.597Z", "We&apos;re <b>investigating</b>."),
        ],
    }
    closed = {
        **active,
        "id": 20004309,
        "status": "Resolved",
        "type": "Degradation",
        "createdAt": "2026-07-29T08:51:38.364Z",
        "serviceKeys": ["coreService"],
        "instanceKeys": [],
        "IncidentImpacts": [
            impact(12, "serviceDisruption", "major", "2026-07-29T08:00:00.000Z", "2026-07-29T10:00:00.000Z"),
            impact(
                11,
                "featurePerfDegradation",
                "minor",
                "2026-07-29T07:00:00.000Z",
                "2026-07-29T10:05:00.000Z",
                stated="2026-07-29T10:30:00.000Z",
            ),
        ],
        "IncidentEvents": [
            raw_update(6, "update", "2026-08-01T05:14:30.114Z", "The root cause was …"),
            raw_update(5, "update", "2026-07-29T10:30:00.014Z", "Resolved as of 10:05 UTC."),
            raw_update(4, "update", "2026-07-29T10:10:00.000Z", "Nearly there."),
        ],
    }
    return [active], [active, closed]


ACTIVE, RECENT = fixture()
SAMPLE = Sample("salesforce", {"active": ACTIVE, "incidents": RECENT}, "active", (), {"id": None}, "type")


def ended(documents: Any) -> str:
    """Move the active incident to the second list only, resolved; return its id."""
    documents["active"].clear()
    incident = documents["incidents"][0]
    incident["status"] = "Resolved"
    incident["IncidentImpacts"] = [
        impact(9, "serviceDisruption", "major", "2026-09-01T13:00:00Z", "2026-09-04T07:00:00Z")
    ]
    incident["IncidentEvents"].insert(0, raw_update(3, "update", "2026-09-04T07:05:00Z", "It is over."))
    incident["IncidentEvents"].insert(0, raw_update(7, "update", "2026-09-04T06:50:00Z", "Nearly there."))
    return str(incident["id"])


def noted(documents: Any) -> None:
    """Add an update after the end."""
    documents["incidents"][0]["IncidentEvents"].insert(
        0, raw_update(8, "update", "2026-09-09T07:05:00Z", "The root cause.")
    )

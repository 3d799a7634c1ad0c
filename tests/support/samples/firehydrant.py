"""A sample of firehydrant: its documents, how its open incident ends, and a later remark on it.

Of the form recorded of status.redis.io in 2026 (see the fixture of github.com/cyanheads/devops-status-mcp-server).
"""

from typing import Any

from tests.support.platform_sample import Json, Sample

_TYPE = "type.googleapis.com/firehydrant.nunc.TimelineEvent."


def note(at: str, words: str = "Words.", occurred_at: str = "") -> Json:
    """Return an entry of a timeline with a text."""
    return {"time": at, "occurredAt": occurred_at or at, "details": {"@type": f"{_TYPE}Note", "note": words}}


def bulk_update(at: str, milestone: str = "", words: str = "") -> Json:
    """Return an entry that states a milestone, or has its text one level deeper, or both."""
    details: Json = {"@type": f"{_TYPE}BulkImpactUpdate"}
    if milestone:
        details["milestoneUpdate"] = {"originalMilestone": "acknowledged", "currentMilestone": milestone}
    if words:
        details["note"] = {"note": words}
    return {"time": at, "occurredAt": at, "details": details}


def raw_incident(key: str, title: str, severity: str, times: Json, *timeline: Json, **fields: Any) -> Json:
    """Return an incident; `times` by milestone, the timeline newest first."""
    return {
        "id": key,
        "title": title,
        "timestamps": times,
        "timeline": list(timeline),
        "statusPageId": "8f14e45f-0001",
        "severitySlug": severity,
        **fields,
    }


def component(number: int, name: str) -> Json:
    """Return a component of the page; one of an incident has a condition, too."""
    return {"name": name, "id": f"c{number}"}


OPEN = raw_incident(
    "e192b971-a298-45cd-b574-627923f0170b",
    "Connections fail",
    "SEV2",
    {
        "started": "2026-03-26T19:46:58Z",
        "detected": "2026-03-26T19:46:58Z",
        "acknowledged": "2026-03-26T19:46:58Z",
        "investigating": "2026-03-26T19:47:03Z",
    },
    bulk_update("2026-03-26T19:47:06.226665Z", words="We look into it.\n"),
    bulk_update("2026-03-26T19:47:03.952759Z", "investigating"),
    components=[
        {**component(1, "REST API"), "condition": "Degraded"},
        {**component(2, "DNS"), "condition": "Degraded"},
    ],
)
TAKEN_OVER = raw_incident(
    "c41455be-535b-4bdf-8194-97305b6a03d5",
    "A zone is down",
    "UNSET",
    {
        "started": "2026-01-08T15:41:13Z",
        "detected": "2026-01-08T15:41:13Z",
        "resolved": "2026-01-08T16:06:48Z",
        "acknowledged": "2026-03-23T23:07:29Z",
    },
    note("2026-03-23T23:07:34.348175Z", "Words.", "2026-01-08T16:06:48.848Z"),
    note("2026-03-23T23:07:33.517012Z", "Words.", "2026-01-08T15:41:13.996Z"),
)
WINDOW = raw_incident(
    "79a12500-5452-4148-a0e1-d3cbce47dbb1",
    "Upgrade of the console",
    "MAINTENANCE",
    {"started": "2026-02-24T04:52:19Z", "resolved": "2026-02-24T05:52:19Z"},
    note("2026-02-24T05:52:19.546Z"),
    components=[{**component(1, "REST API"), "condition": "Maintenance"}],
)
PAYLOAD: Json = {
    "config": {"companyName": "Acme", "title": "Acme Health", "operationalMessage": "All is well.", "uiVersion": 2},
    "conditions": {"Degraded": "DEGRADED", "Operational": "OPERATIONAL", "Maintenance": "DEGRADED"},
    "components": [component(1, "REST API"), component(2, "DNS"), component(3, "Console")],
    "incidents": [OPEN, TAKEN_OVER, WINDOW],
}
SAMPLE = Sample("firehydrant", {"payload.json": PAYLOAD}, "payload.json", ("incidents",), {"timestamps": {}}, "title")


def ended(documents: Any) -> str:
    """Reach the milestone `resolved`, with a note half a minute later; return the id."""
    incident = documents["payload.json"]["incidents"][0]
    incident["timestamps"]["resolved"] = "2026-03-26T19:48:41Z"
    incident["timeline"][:0] = [
        bulk_update("2026-03-26T19:49:16.057925Z", words="It is over."),
        bulk_update("2026-03-26T19:48:41.790035Z", "resolved"),
    ]
    return str(incident["id"])


def noted(documents: Any) -> None:
    """Add a note of the next day, and the milestone that came with it."""
    incident = documents["payload.json"]["incidents"][0]
    incident["timestamps"]["postmortem_started"] = "2026-03-27T09:00:00Z"
    incident["timeline"].insert(0, note("2026-03-27T09:00:00.123Z", "What had happened."))

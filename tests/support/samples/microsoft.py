"""A sample of microsoft: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from statuswatch.model.page import Page
from tests.support.platform_sample import Json, Sample

SURFACE = "m365Consumer"
PAGE = Page(key="ms", name="Microsoft", url="https://status.cloud.microsoft", id=SURFACE)


def post(service: str | None, status: str = "Operational", **fields: Any) -> Json:
    """A post with the members that readers have recorded in 2026-09; a healthy one of a service has no id."""
    named = {"ServiceDisplayName": service, "ServiceWorkloadName": service} if service else {}
    return {
        "Id": None,
        "AuthoredDateTime": "0001-01-01T00:00:00+00:00",
        "InternalDateTime": "2026-09-18T21:22:55+00:00",
        "LastUpdatedTime": "2026-09-18T21:24:00.490309+00:00",
        "Title": "",
        "Message": "",
        "Status": status,
        **named,
        **fields,
    }


DEGRADED = post(
    "Outlook.com",
    "ServiceDegradation",
    Title="Delayed mail",
    Message="<div>Some mail&nbsp;is late.</div>",
    AuthoredDateTime="2026-09-18T20:10:00+00:00",
)

SAMPLE = Sample(
    "microsoft",
    {SURFACE: [DEGRADED, post("OneDrive"), post("Phone Link")]},
    SURFACE,
    bad={"Status": "!"},
    title="Title",
    page=PAGE,
)


def ended(documents: Any) -> str:
    """Restore the service; return the id of its trouble."""
    documents[SURFACE][0] |= {
        "Status": "ServiceRestored",
        "Message": "Mail arrives again.",
        "AuthoredDateTime": "2026-09-18T22:00:00+00:00",
    }
    return "d2cf0e91ff0b"


def noted(documents: Any) -> None:
    """Edit the message."""
    documents[SURFACE][0]["Message"] = "Mail arrives again. It was late."

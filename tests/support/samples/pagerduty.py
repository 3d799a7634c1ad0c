"""A sample of pagerduty: its documents, how its open incident ends, and a later remark on it."""

import copy
from typing import Any

from tests.support.platform_sample import Json, Sample

AT = 1781575260000  # 2026-06-16 02:01 UTC, in milliseconds


def raw_update(key: str, status: str, minutes: int, message: str, severity: str = "SEV_MAJ", *services: str) -> Json:
    impacts = [{"service_id": service_id, "severity_id": "IMP_OUT"} for service_id in services]
    facts = {"status_id": status, "severity_id": severity, "message": message, "impacts": impacts}
    return {"id": key, "reported_at": AT + minutes * 60_000, "update_frequency_ms": None, **facts}


def enum(key: str, name: str, kind: str, post: str = "incident") -> Json:
    return {"id": key, "name": name, "post_type": post, "post_enum_type": kind}


FIRST = raw_update("U1", "ST_DET", 0, "<p>We see <strong>errors</strong></p>", "SEV_MAJ", "S1")
SECOND = raw_update("U2", "ST_INV", 9, '<p>We are looking into it, <a href="https://', "SEV_MAJ", "S1", "S2")


def fixture() -> dict[str, Json]:
    """Return featured posts as running clients read them, one with its latest update only and its message cut short.

    Also maintenance, and a post without an update, with times as text.
    """
    incident = {
        "id": "POST1",
        "title": "REST API disruption",
        "post_type": "incident",
        "starts_at": None,
        "ends_at": None,
        "first_update_at": AT,
        "last_update_at": AT + 540_000,
        "latest_update": SECOND,
    }
    window = {
        **incident,
        "id": "POST2",
        "title": "Upgrade",
        "post_type": "maintenance",
        "starts_at": AT + 3_600_000,
        "ends_at": AT + 7_200_000,
        "latest_update": raw_update("U3", "ST_PRO", 5, "Begun.", "SEV_MNT"),
    }
    silent = {**incident, "id": "POST3", "first_update_at": None, "starts_at": "2026-06-16T02:00:00Z"}
    silent["latest_update"] = None
    enums = [
        enum("ST_DET", "detected", "status"),
        enum("ST_INV", "investigating", "status"),
        enum("ST_RES", "resolved", "status"),
        enum("SEV_MAJ", "major", "severity"),
        enum("SEV_OK", "all good", "severity"),
        enum("IMP_OUT", "outage", "impacts"),
        enum("ST_PRO", "in progress", "status", "maintenance"),
        enum("SEV_MNT", "maintenance", "severity", "maintenance"),
    ]
    services = [
        {"id": "S1", "name": "api-prod", "display_name": "REST API (US)", "is_active": True},
        {"id": "S2", "name": "Web", "display_name": ""},
    ]
    return {
        "posts": {"posts": [incident, window, silent], "continuationToken": None},
        "post_enums": {"post_enums": enums},
        "services": {"services": services},
    }


SAMPLE = Sample(
    "pagerduty", fixture(), "posts", ("posts",), {"id": "POSTX", "first_update_at": None, "starts_at": None}, "title"
)


def ended(documents: Any) -> str:
    """Resolve the open post by its latest update; return its id."""
    over = raw_update("U9", "ST_RES", 60, "It is over.", "SEV_OK")
    documents["posts"]["posts"][0]["latest_update"] = over
    post = copy.deepcopy(WHOLE["post"])
    documents["posts/POST1"] = {"post": {**post, "latest_update": over, "updates": [*post["updates"], over]}}
    return "POST1"


def noted(documents: Any) -> None:
    """Remove the resolved post from the list."""
    del documents["posts"]["posts"][0]


WHOLE: Json = {
    "post": {**fixture()["posts"]["posts"][0], "updates": [FIRST, {**SECOND, "message": "<p>All of the message</p>"}]}
}
WHOLE["post"]["latest_update"] = WHOLE["post"]["updates"][1]

"""A sample of gatus: its documents, how its open incident ends, and a later remark on it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.platform_sample import Json, Sample

START = datetime(2026, 3, 7, 8, 0, tzinfo=UTC)


def result(minute: float, *, success: bool) -> Json:
    """A result as `config/endpoint/result.go` of TwiN/gatus writes it."""
    at = START + timedelta(minutes=minute)
    condition = {"condition": "[STATUS] == 200", "success": success}
    return {
        "status": 200 if success else 503,
        "hostname": "acme.example",
        "duration": 48211000,
        "conditionResults": [condition],
        "success": success,
        "timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.123456789Z",
    }


def results(marks: str, first: float = 0) -> list[Json]:
    """One result a minute: "+" for a good one, "-" for a bad one."""
    return [result(first + number, success=mark == "+") for number, mark in enumerate(marks)]


def endpoint(name: str, group: str, marks: str) -> Json:
    return {"name": name, "group": group, "key": f"{group.lower()}_{name.lower()}", "results": results(marks)}


def announcement(kind: str, minute: float, message: str, **fields: Any) -> Json:
    timestamp = f"{START + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}"
    return {"timestamp": timestamp, "type": kind, "message": message, **fields}


def fixture() -> dict[str, Any]:
    return {
        "statuses": [endpoint("API", "EU", "++---"), endpoint("API", "US", "+-+++"), endpoint("Web", "", "+++++")],
        "config": {
            "oidc": False,
            "authenticated": True,
            "announcements": [
                announcement("warning", -30, "Words.\nMore words."),
                announcement("outage", -9000, "An old outage.", archived=True),
                announcement("information", -20, "A new region."),
            ],
        },
    }


SAMPLE = Sample("gatus", fixture(), "statuses", (), {"results": None}, "name")


def ended(documents: Any) -> str:
    """Let two more results of the endpoint in trouble succeed; return the id of the trouble."""
    documents["statuses"][0]["results"] += results("++", 5)
    return "eu_api/2026-03-07T08:02:00Z"


def noted(documents: Any) -> None:
    """Add more results."""
    documents["statuses"][0]["results"] += results("+++", 7)

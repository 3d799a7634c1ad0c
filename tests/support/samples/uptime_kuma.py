"""A sample of uptime-kuma: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from statuswatch.model.page import Page
from tests.support.platform_sample import URL, Json, Sample

PAGE = Page(key="acme", name="Acme", url=f"{URL}/status/acme")


def posted(key: int, created: str, **fields: Any) -> Json:
    """An incident as `server/model/incident.js` of louislam/uptime-kuma 2.5 writes it."""
    return {
        "id": key,
        "style": "warning",
        "title": f"Incident {key}",
        "content": "Words.",
        "pin": True,
        "active": True,
        "createdDate": created,
        "lastUpdatedDate": None,
        "status_page_id": 1,
        **fields,
    }


def window(key: int, strategy: str, *slots: Json, **fields: Any) -> Json:
    return {
        "id": key,
        "title": f"Window {key}",
        "description": "Words.",
        "strategy": strategy,
        "active": True,
        "timeslotList": list(slots),
        "timezone": "Europe/Berlin",
        "timezoneOffset": "+01:00",
        "status": "under-maintenance",
        **fields,
    }


def beat(status: int, time: str) -> Json:
    return {"status": status, "time": time, "msg": "", "ping": 15}


def fixture() -> dict[str, Any]:
    groups = [
        {"id": 1, "name": "EU", "weight": 1, "monitorList": [{"id": 3, "name": "API", "sendUrl": 0, "type": "http"}]},
        {"id": 2, "name": "US", "weight": 2, "monitorList": [{"id": 4, "name": "API", "sendUrl": 0, "type": "http"}]},
    ]
    page = {
        "config": {"slug": "acme", "title": "Acme", "description": None, "published": True},
        "incidents": [posted(12, "2026-03-07 08:15:00")],
        "publicGroupList": groups,
        "maintenanceList": [
            window(5, "single", {"startDate": "2026-03-07 09:00:00", "endDate": "2026-03-07 11:00:00"}),
        ],
    }
    up, down = (beat(1, "2026-03-07 08:00:00.100"), beat(0, "2026-03-07 08:20:00.200"))
    beats = {"3": [up, down], "4": [up, beat(2, "2026-03-07 08:20:01.000")]}
    return {"status-page": page, "heartbeat": {"heartbeatList": beats, "uptimeList": {"3_24": 0.99, "4_24": 1}}}


SAMPLE = Sample("uptime-kuma", fixture(), "status-page", ("incidents",), {"createdDate": "soon"}, "title", page=PAGE)


def ended(documents: Any) -> str:
    """Let the monitor that is down be up; return the id of its trouble."""
    documents["heartbeat"]["heartbeatList"]["3"].append(beat(1, "2026-03-07 08:50:00.000"))
    return "monitor-3/2026-03-07T08:20:00Z"


def noted(documents: Any) -> None:
    """Add another heartbeat."""
    documents["heartbeat"]["heartbeatList"]["3"].append(beat(1, "2026-03-07 08:51:00.000"))

"""A sample of uptimerobot: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from statuswatch.model.page import Page
from tests.support.platform_sample import URL, Json, Sample

LIST = "getMonitorList"
PAGE = Page(key="acme", name="Acme", url=URL, id="aB3cD4eF5g")


def monitor(key: int, name: str, state: str = "success", **fields: Any) -> Json:
    """A monitor with the members that readers recorded in 2026, without its daily figures."""
    return {
        "monitorId": key,
        "createdAt": "2024-01-01 00:00:00",
        "statusClass": state,
        "name": name,
        "url": None,
        "type": "HTTP(s)",
        "groupId": 0,
        "groupName": "Monitors (default)",
        "lastDowntime": {"date": "2026-03-07 08:30:00", "duration": 219, "reason": "Incident detected"},
        **fields,
    }


def fixture() -> Json:
    monitors = [
        monitor(801, "API", "danger"),
        monitor(802, "Web"),
        monitor(803, "Mail", "paused", lastDowntime=None),
        monitor(804, "Docs", "warning"),
    ]
    return {
        "status": "ok",
        "data": monitors,
        "days": ["2026-03-07"],
        "statistics": {"counts": {"up": 2, "down": 1, "paused": 1, "total": 4}},
        "psp": {"totalMonitors": 4, "perPage": 50, "timezone": "+00:00", "monitors": monitors},
    }


SAMPLE = Sample("uptimerobot", {LIST: fixture()}, LIST, ("data",), {"monitorId": None}, "name", page=PAGE)


def ended(documents: Any) -> str:
    """Let the monitor that is down be up; return its id."""
    for listed in (documents[LIST]["data"], documents[LIST]["psp"]["monitors"]):
        listed[0]["statusClass"] = "success"
    return "801"


def noted(documents: Any) -> None:
    """Change a figure."""
    documents[LIST]["data"][0]["lastDowntime"] = {"date": "2026-03-07 08:30:00", "duration": 300, "reason": "Incident"}

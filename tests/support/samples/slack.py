"""A sample of slack: its documents, how its open incident ends, and a later remark on it."""

from datetime import timedelta
from typing import Any

from statuswatch.model.page import Page
from tests.support.page_timeline import START
from tests.support.platform_sample import URL, Json, Sample

PAGE = Page(key="acme", name="Acme", url=URL, platform="slack")
CALIFORNIA = timedelta(hours=-8)


def moment(minutes: float) -> str:
    """A time in the form of Slack's documents, in minutes after the first read."""
    return (START + timedelta(minutes=minutes) + CALIFORNIA).replace(tzinfo=None).isoformat() + "-08:00"


def entry(key: int, status: str, *notes: float, **fields: Any) -> Json:
    """As recorded of slack-status.com in 2026: a number for an id, notes without ids or statuses, the oldest first."""
    return {
        "id": key,
        "title": f"Trouble {key}",
        "type": "incident",
        "status": status,
        "url": f"{URL}/2026-03/6c28dfb7b670{key}",
        "date_created": moment(notes[0]),
        "date_updated": moment(notes[-1] + 1),
        "notes": [{"body": f"<p>Note of {at:g}.&nbsp;</p>", "date_created": moment(at)} for at in notes],
        "services": ["Search", "Messaging"],
        **fields,
    }


def current(*incidents: Json) -> Json:
    return {
        "status": "active" if incidents else "ok",
        "date_created": moment(0),
        "date_updated": moment(0),
        "active_incidents": list(incidents),
    }


OPEN = entry(1579, "active", -30, -20)
ENDED = entry(1578, "resolved", -300, -240)
WINDOW = entry(1577, "active", -10, type="maintenance")
SAMPLE = Sample(
    "slack",
    {"current": current(OPEN, WINDOW), "history": [OPEN, ENDED]},
    "current",
    ("active_incidents",),
    {"id": 1, "date_created": "yesterday"},
    "title",
    PAGE,
)


def ended(documents: Any) -> str:
    """Remove the open incident from the current list, and close it in the history; return its id."""
    documents["current"]["active_incidents"].pop(0)
    documents["history"][0] = entry(1579, "resolved", -30, -20, -6, -5)
    return "1579"


def noted(documents: Any) -> None:
    """Add a note of the next day."""
    documents["history"][0] = entry(1579, "resolved", -30, -20, -6, -5, 24 * 60)

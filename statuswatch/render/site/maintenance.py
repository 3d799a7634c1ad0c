"""`maintenance.ics`: the maintenance of all vendors as a calendar (RFC 5545) that a calendar program subscribes to."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from statuswatch.model.board import Board, BoardPage
from statuswatch.model.event import Change
from statuswatch.model.history import PastIncident
from statuswatch.model.incident import IncidentKind
from statuswatch.render.site.atom import stable_id, updated_at
from statuswatch.render.site.markup import is_web_address

MAX_LINE: Final = 75  # octets
MAX_DESCRIPTION: Final = 2000  # characters
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_SPECIAL: Final = re.compile(r"([\\;,])")


def render(board: Board) -> dict[str, str]:
    """Return the calendar."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//statuswatch//vendor maintenance//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        "X-WR-CALNAME:Vendor maintenance",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
    ]
    for page in board.pages:
        for incident in page.incidents:
            if incident.kind is IncidentKind.MAINTENANCE and incident.scheduled_for:
                lines += _event(page, incident, incident.scheduled_for)
    lines.append("END:VCALENDAR")
    return {"maintenance.ics": "".join(f"{part}\r\n" for line in lines for part in folded(line))}


def _event(page: BoardPage, incident: PastIncident, start: datetime) -> Iterator[str]:
    changed = updated_at(incident)
    muted = "[muted] " if page.is_muted(incident) else ""
    yield "BEGIN:VEVENT"
    yield f"UID:{stable_id('incident', page.page.key, incident.id)}@statuswatch"
    yield f"DTSTAMP:{_moment(changed)}"
    yield f"LAST-MODIFIED:{_moment(changed)}"
    yield f"SEQUENCE:{sequence(incident)}"
    yield f"DTSTART:{_moment(start)}"
    if incident.scheduled_until and incident.scheduled_until > start:
        yield f"DTEND:{_moment(incident.scheduled_until)}"
    yield f"SUMMARY:{_text(f'{muted}{page.page.name}: {incident.title}')}"
    yield f"DESCRIPTION:{_text(_description(incident))}"
    if is_web_address(incident.url):
        yield f"URL:{_CONTROL.sub('', incident.url)}"
    yield f"STATUS:{_status(incident, start)}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def sequence(incident: PastIncident) -> int:
    """Return a number that rises with every change: the minutes from the creation to the newest change.

    The number of messages would fall where a vendor's list forgets the oldest.
    """
    return max(int((updated_at(incident) - incident.created_at).total_seconds()) // 60, 0)


def _status(incident: PastIncident, start: datetime) -> str:
    """Return CANCELLED for what the vendor cancelled or withdrew before it began, else CONFIRMED.

    TENTATIVE is what left the vendor's list before its start: nobody knows whether it takes place.
    """
    if incident.status == "cancelled":
        return "CANCELLED"
    if incident.ended_at and incident.ended_at < start and incident.ending:
        return "CANCELLED" if incident.ending is Change.WITHDRAWN else "TENTATIVE"
    return "CONFIRMED"


def _description(incident: PastIncident) -> str:
    newest = incident.updates[-1].body if incident.updates else ""
    words = [incident.status, ", ".join(incident.components), newest]
    if incident.scheduled_until is None:
        words.insert(1, "The vendor states no end.")
    return "\n".join(word for word in words if word)[:MAX_DESCRIPTION]


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(words: str) -> str:
    return _SPECIAL.sub(r"\\\1", _CONTROL.sub("", words)).replace("\n", r"\n")


def folded(line: str) -> Iterable[str]:
    """Return the line in parts of at most 75 octets; those that continue it begin with a blank."""
    parts, part, size = [], "", 0
    for character in line:
        width = len(character.encode())
        if size + width > MAX_LINE:
            parts.append(part)
            part, size = " ", 1
        part += character
        size += width
    return [*parts, part]

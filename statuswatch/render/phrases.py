"""The words that every output for people shares."""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import EXPIRED, Component, Impact, IncidentKind
from statuswatch.model.page import Page

# Characters of one vendor message, title or list of components for people; the JSON lines have all of it.
LONGEST_MESSAGE: Final = 2000
LONGEST_TITLE: Final = 1500
MOST_COMPONENTS: Final = 20  # of an event, for people: AWS listed 113 of one

_ABSURD: Final = (timedelta(minutes=-10), timedelta(days=3650))  # ages beyond these
PASSES: Final = "It passes the filter on components: the vendor does not state which are affected"
_LABELS: Final = {
    EventKind.NEW: ("🔴", "NEW"),
    EventKind.UPDATED: ("🟡", "UPDATED"),
    EventKind.RESOLVED: ("🟢", "RESOLVED"),
    Change.DELISTED: ("⚪", "NO LONGER LISTED"),
    Change.WITHDRAWN: ("⚪", "WITHDRAWN BY THE VENDOR"),
}
_SAID_OTHERWISE: Final = {Change.UPDATES, Change.STATUS, Change.MISSED, Change.DELISTED, Change.WITHDRAWN}


def label(event: Event) -> tuple[str, str]:
    """A sign and a word for what happened."""
    if event.incident.status == EXPIRED:
        return "⚪", "NO END STATED"
    gone = next((change for change in event.changes if change in (Change.DELISTED, Change.WITHDRAWN)), None)
    return _LABELS[gone or event.kind]


def product(event: Event) -> str:
    """What is affected, as far as the vendor states it."""
    if event.incident.kind is IncidentKind.PAGE:
        return f"{event.page.name} - status page"
    return affected(event.page, event.incident.components)


def affected(page: Page, components: Iterable[Component]) -> str:
    labels = [component.label for component in components]
    rest = f" and {len(labels) - MOST_COMPONENTS} more" if len(labels) > MOST_COMPONENTS else ""
    return f"{page.name} - {short(', '.join(labels[:MOST_COMPONENTS]), LONGEST_TITLE) or 'not stated'}{rest}"


def facts(event: Event) -> list[str]:
    """Title, impact, schedule and address."""
    incident = event.incident
    words = [short(incident.title, LONGEST_TITLE)]
    if incident.kind is not IncidentKind.PAGE:
        words.append("impact not stated" if incident.impact is Impact.UNKNOWN else str(incident.impact))
    if incident.scheduled_for:
        words.append(f"scheduled for {span(incident.scheduled_for, incident.scheduled_until)}")
    return [*words, incident.url]


def statuses(event: Event) -> list[tuple[str, str]]:
    """(status, message) of each update not told before, oldest first; where there is none, of the newest there is."""
    if event.updates:
        return [(it.status, short(it.body)) for it in event.updates]
    if Change.WITHDRAWN in event.changes:
        return [(event.incident.status, "this was the last that the vendor said; the page does not show it any more")]
    if Change.DELISTED in event.changes:
        return [
            (
                event.incident.status,
                "this was the last that the vendor said; its list of what is open does not have it any more",
            )
        ]
    newest = event.incident.updates[-1:]
    return [(event.incident.status, short(newest[0].body) if newest else "")]


def remark(event: Event) -> str:
    """What the rest does not say; often nothing."""
    changes = [str(change) for change in event.changes if change not in _SAID_OTHERWISE]
    remarks = [f"Changed: {', '.join(changes)}"] if changes else []
    if Change.MISSED in event.changes:
        remarks = ["It was over before a run saw it."]
    if event.page.components and not event.incident.components and event.incident.kind is not IncidentKind.PAGE:
        remarks.append(PASSES)
    return " · ".join(remarks)


def span(start: datetime, end: datetime | None) -> str:
    return f"{clock(start)} to {clock(end)}" if end else clock(start)


def length(time: timedelta) -> str:
    """A duration in its two leading units, cut; of days alone where there are many."""
    minutes = int(time.total_seconds()) // 60
    if minutes < 1:
        return "under a minute"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days >= 3:
        return f"{days} d"
    parts = ((days, "d"), (hours, "h"), (0 if days else minutes, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def ago(moment: datetime, now: datetime) -> str:
    """How long since then; the time itself where no clock can be right that says so, ours or the vendor's."""
    return f"{length(now - moment)} ago" if _ABSURD[0] < now - moment < _ABSURD[1] else f"dated {clock(moment)}"


def clock(moment: datetime) -> str:
    return f"{moment.replace(microsecond=0, tzinfo=None)} UTC"


def runner_safe(line: str) -> str:
    """Plain text in which a workflow runner finds no command: `::name::` at the start of a line, `##[name]` anywhere
    in it.

    Every word that begins with `::` is treated, so that wrapping cannot bring one to the start of a line.
    """
    return re.sub(r"(?<!\S)::+", lambda mark: " ".join(mark[0]), line.replace("##[", "## ["))


def short(words: str, longest: int = LONGEST_MESSAGE) -> str:
    flat = " ".join(words.split())
    return flat if len(flat) <= longest else f"{flat[:longest]}… (and {len(flat) - longest} more characters)"

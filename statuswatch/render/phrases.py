"""The words that every output for people shares."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import EXPIRED, Component, Impact, IncidentKind, IncidentUpdate, by_kind
from statuswatch.model.mute import Mute
from statuswatch.model.page import Page
from statuswatch.model.report import OpenCounts

if TYPE_CHECKING:
    from statuswatch.catalog.upstream import Upstream
    from statuswatch.model.history import PastIncident

# Characters of one vendor message, title or list of components for people; the JSON lines have everything.
MAX_MESSAGE: Final = 2000
MAX_TITLE: Final = 1500
MAX_QUOTE: Final = 300
MAX_COMPONENTS: Final = 3  # of an event on the console; AWS listed 113
MAX_NOTIFIED_COMPONENTS: Final = 20  # of an event in a notification
UNLIMITED: Final = 1_000_000_000

_PLAUSIBLE_AGES: Final = (timedelta(minutes=-10), timedelta(days=3650))
NO_COMPONENT_STATED: Final = "Passes the filter on components: the vendor does not state which are affected"
_DESCRIBED_ELSEWHERE: Final = frozenset(
    (Change.UPDATES, Change.STATUS, Change.MISSED, Change.DELISTED, Change.WITHDRAWN, Change.EXPIRED)
)


class Label(StrEnum):
    """The look of an event: every output has a sign, a colour or a style for each."""

    NEW = "new"
    UPDATED = "updated"
    RESOLVED = "resolved"
    ENDED = "ended"  # it counts as over, but the vendor did not say so
    MAINTENANCE = "maintenance"


SIGNS: Final = {
    Label.NEW: "🔴",
    Label.UPDATED: "🟡",
    Label.RESOLVED: "🟢",
    Label.ENDED: "⚪",
    Label.MAINTENANCE: "🔧",
}
_LABELS: Final = {
    EventKind.NEW: Label.NEW,
    EventKind.UPDATED: Label.UPDATED,
    EventKind.RESOLVED: Label.RESOLVED,
}
_ENDINGS: Final = {
    Change.DELISTED: "NO LONGER LISTED",
    Change.WITHDRAWN: "WITHDRAWN BY THE VENDOR",
}


def label(event: Event) -> Label:
    """Return the look of an event: maintenance is never red, and an end that nobody stated is never green."""
    if event.incident.kind is IncidentKind.MAINTENANCE:
        return Label.MAINTENANCE
    return Label.ENDED if ended_unstated(event) else _LABELS[event.kind]


def word(event: Event) -> str:
    """Return the word for what happened."""
    if event.incident.status == EXPIRED:
        return "NO END STATED"
    for change, ending in _ENDINGS.items():
        if change in event.changes:
            return ending
    if event.kind is EventKind.RESOLVED and event.incident.kind is IncidentKind.MAINTENANCE:
        return "COMPLETED"
    return event.kind.upper()


def ended_unstated(event: Event) -> bool:
    """Return whether the incident counts as over although its vendor did not say so."""
    return event.incident.status == EXPIRED or not _ENDINGS.keys().isdisjoint(event.changes)


def product(event: Event, max_components: int = MAX_NOTIFIED_COMPONENTS) -> str:
    """Return the vendor's name and the components, as far as they are stated."""
    if event.incident.kind is IncidentKind.PAGE and not event.incident.affected_pages:
        return f"{event.page.name} - status page"
    return affected(event.page, event.incident.components, max_components)


def affected(page: Page, components: Iterable[Component], max_components: int = MAX_NOTIFIED_COMPONENTS) -> str:
    """Return the vendor's name and the components; beyond `max_components` only how many more there are."""
    return affected_labels(page, [component.label for component in components], max_components)


def affected_labels(page: Page, labels: Sequence[str], max_components: int) -> str:
    """Return the vendor's name and components of which only the labels are known."""
    left_out = len(labels) - max_components
    rest = f" and {left_out} more" if left_out > 0 else ""
    max_length = MAX_TITLE if max_components < UNLIMITED else UNLIMITED
    first = _with_early_region(labels)[:max_components]
    return f"{page.name} - {short(', '.join(first), max_length) or 'not stated'}{rest}"


def some_components(labels: Iterable[str], limit: int) -> str:
    """Return the first components as a list, and how many more there are; "" for none."""
    return some(_with_early_region(labels), limit)


def _with_early_region(labels: Iterable[str]) -> list[str]:
    """Return the labels with the first region in the third place: a short list of services says where."""
    parts, regions = by_kind(map(Component.of_label, labels))
    ordered = (*parts[: MAX_COMPONENTS - 1], *regions[:1], *parts[MAX_COMPONENTS - 1 :], *regions[1:])
    return [component.label for component in ordered]


def facts(event: Event) -> list[str]:
    """Return title, impact, schedule and address."""
    incident = event.incident
    words = [short(incident.title, MAX_TITLE)]
    if incident.kind is not IncidentKind.PAGE:
        words.append(impact(incident.impact))
    if incident.scheduled_for:
        words.append(f"scheduled for {span(incident.scheduled_for, incident.scheduled_until)}")
    return [*words, incident.url]


def impact(stated: Impact) -> str:
    """Return the impact in words."""
    return "impact not stated" if stated is Impact.UNKNOWN else str(stated)


def statuses(event: Event) -> list[tuple[str, str]]:
    """Return (status, message) of each update not reported before, oldest first; else of the newest one there is."""
    return [(update.status, short(update.body)) for update in event.updates] or [last_status(event)]


def last_status(event: Event) -> tuple[str, str]:
    """Return the status and message of an event without updates."""
    status = event.incident.status
    if Change.WITHDRAWN in event.changes:
        return status, "this was the last status; the vendor removed the incident from the page"
    if Change.DELISTED in event.changes:
        return status, "this was the last status; the vendor no longer lists the incident as open"
    if Change.EXPIRED in event.changes:
        return status, "the vendor stated no end, and has not listed the incident for 14 days"
    newest: tuple[IncidentUpdate, ...] = event.incident.updates[-1:]
    return status, short(newest[0].body) if newest else ""


def remark(event: Event) -> str:
    """Return what the rest of the event does not show; often ""."""
    changes = [str(change) for change in event.changes if change not in _DESCRIBED_ELSEWHERE]
    remarks = [f"Changed: {', '.join(changes)}"] if changes else []
    if Change.MISSED in event.changes:
        remarks = ["It began and ended between two runs."]
    if event.page.components and not event.incident.components and event.incident.kind is not IncidentKind.PAGE:
        remarks.append(NO_COMPONENT_STATED)
    return " · ".join([*remarks, *(quoted(event.page, upstream) for upstream in upstream_of(event))])


def upstream_of(event: Event) -> "tuple[Upstream, ...]":
    """Return the vendors that the incident's own text makes its cause."""
    from statuswatch.catalog.upstream import find_upstream  # imported where there is an event

    incident = event.incident
    if incident.kind is IncidentKind.PAGE:
        return ()
    return find_upstream(event.page, _texts(incident.title, (*incident.updates, *event.updates)))


def upstream_of_past(incident: "PastIncident") -> "tuple[Upstream, ...]":
    """Return the vendors that a past incident's own text makes its cause."""
    from statuswatch.catalog.upstream import find_upstream

    return find_upstream(incident.page, _texts(incident.title, incident.updates))


def _texts(title: str, updates: Iterable[IncidentUpdate]) -> tuple[str, ...]:
    return (title, *(update.body for update in updates))


def quoted(page: Page, upstream: "Upstream") -> str:
    """Return the sentence in which a vendor makes another one the cause, with the other one's page."""
    return f"{page.name} says: “{short(upstream.quote, MAX_QUOTE)}” ({upstream.name}: {upstream.link or upstream.url})"


def counts(opened: OpenCounts, unknown: int) -> str:
    """Return how much is open and on how many pages that is unknown: `check` and `status` count alike."""
    parts = [f"{opened.incidents} open"]
    if opened.in_progress:
        parts.append(f"{opened.in_progress} maintenance in progress")
    if opened.scheduled:
        parts.append(f"{opened.scheduled} scheduled")
    if unknown:
        parts.append(f"{counted(unknown, 'page')} unknown")
    return " · ".join(parts)


def counted(count: int, noun: str) -> str:
    """Return the count with its noun, in the plural where there is not one."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def some(words: Iterable[str], limit: int) -> str:
    """Return the first words as a list, and how many more there are."""
    listed = list(words)
    left_out = len(listed) - limit
    return ", ".join(listed[:limit]) + (f" and {left_out} more" if left_out > 0 else "")


def size(count: int) -> str:
    """Return a number of bytes in a unit that is easy to read."""
    if count < 1000:
        return f"{count} bytes"
    return f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"


def span(start: datetime, end: datetime | None) -> str:
    """Return a schedule; the day stands once where start and end share it."""
    if end is None:
        return minute(start)
    if start.date() == end.date():
        return f"{minute(start).removesuffix(' UTC')} to {minute(end).split(' ', 1)[1]}"
    return f"{minute(start)} to {minute(end)}"


def length(time: timedelta) -> str:
    """Return a duration in its two leading units, cut; of days alone where there are many."""
    minutes = int(time.total_seconds()) // 60
    if minutes < 1:
        return "under a minute"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days >= 3:
        return f"{days} d"
    parts = ((days, "d"), (hours, "h"), (0 if days else minutes, "min"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def ago(moment: datetime, now: datetime) -> str:
    """Return the age of a moment; the moment itself where one of the clocks must be wrong, ours or the vendor's."""
    low, high = _PLAUSIBLE_AGES
    return f"{length(now - moment)} ago" if low < now - moment < high else f"dated {minute(moment)}"


def clock(moment: datetime) -> str:
    """Return a time to the second, in UTC."""
    return f"{moment.replace(microsecond=0, tzinfo=None)} UTC"


def minute(moment: datetime) -> str:
    """Return a time to the minute, in UTC."""
    return f"{moment.replace(tzinfo=None).isoformat(' ', 'minutes')} UTC"


def runner_safe(line: str) -> str:
    """Return plain text in which a workflow runner finds no command.

    Commands are `::name::` at the start of a line and `##[name]` anywhere in it. Every word that begins with `::` is
    treated, so that wrapping cannot bring one to the start of a line.
    """
    return re.sub(r"(?<!\S)::+", lambda mark: " ".join(mark[0]), line.replace("##[", "## ["))


def runner_safe_line(words: str) -> str:
    """Return one line of plain text in which a workflow runner finds no command."""
    return runner_safe(" ".join(words.split()))


def short(words: str, max_length: int = MAX_MESSAGE) -> str:
    """Return the text as one line; where it is too long, with the number of characters that are left out."""
    flat = " ".join(words.split())
    return flat if len(flat) <= max_length else f"{flat[:max_length]}… (and {len(flat) - max_length} more characters)"


def muted(mute: Mute, event: Event | None = None) -> str:
    """Return that an incident, or an event of it, is not delivered, and until when."""
    until = f" until {minute(mute.until)}" if mute.until else ""
    if event and event.kind is EventKind.RESOLVED:
        return f"Muted{until}: delivered only to a sink that received its start"
    return f"Muted{until}: not delivered to any sink"

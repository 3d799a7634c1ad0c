"""Events for people, as Rich text: an event is a line and some lines below, all indented alike."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.text import Text

from statuswatch.model.event import Event
from statuswatch.model.incident import Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.mute import Mute
from statuswatch.render import phrases
from statuswatch.render.phrases import Label

INDENT: Final = 13
MAX_NEWEST: Final = 500  # characters of the newest update
MAX_EARLIER: Final = 100  # cells of an earlier one: it has a single line
MIN_EARLIER: Final = 40  # cells of an earlier one on a very narrow terminal, where it is wrapped
MAX_EARLIER_UPDATES: Final = 3
STYLES: Final = {
    Label.NEW: "bold red",
    Label.UPDATED: "bold yellow",
    Label.RESOLVED: "bold green",
    Label.ENDED: "bold",
    Label.MAINTENANCE: "bold blue",
}
_IMPACTS: Final = {
    Impact.CRITICAL: ("CRITICAL", "bold red"),
    Impact.MAJOR: ("MAJOR", "red"),
    Impact.MINOR: ("MINOR", "yellow"),
    Impact.NONE: ("NO IMPACT", ""),
    Impact.UNKNOWN: ("impact not stated", "yellow"),
    Impact.MAINTENANCE: ("MAINTENANCE", "blue"),
}


def render(event: Event, width: int | None, *, full: bool = False, mute: Mute | None = None) -> list[Text]:
    """Return the lines of an event, wrapped between words where there is a width: no id and no address is ever cut.

    `full` prints all components and all updates in full; `mute` is what keeps the event from the sinks.
    """
    paragraphs = [_headline(event, full=full), _title(event.incident, full=full), *_updates(event, width, full=full)]
    if remark := phrases.remark(event):
        paragraphs.append(Text(phrases.runner_safe(remark), "dim"))
    if mute:
        paragraphs.append(Text(phrases.muted(mute, event), "dim"))
    return indented(paragraphs, width)


def _headline(event: Event, *, full: bool) -> Text:
    label = phrases.label(event)
    product = phrases.product(event, phrases.UNLIMITED if full else phrases.MAX_COMPONENTS)
    return Text.assemble(
        f"{phrases.SIGNS[label]} ",
        (f"{phrases.word(event):<{INDENT - 4}}", STYLES[label]),
        (f" [{phrases.minute(event.at)}] ", "dim"),
        f"Product: {phrases.runner_safe(product)}",
    )


def _title(incident: Incident, *, full: bool) -> Text:
    title = phrases.short(incident.title, phrases.UNLIMITED if full else phrases.MAX_TITLE)
    facts = [Text(phrases.runner_safe(title), "bold")]
    if incident.kind is not IncidentKind.PAGE:
        facts.append(Text(*_IMPACTS[incident.impact]))
    if incident.scheduled_for:
        facts.append(Text(f"scheduled for {phrases.span(incident.scheduled_for, incident.scheduled_until)}"))
    if incident.url:
        facts.append(Text(phrases.runner_safe(incident.url)))
    return joined(facts)


def joined(facts: Sequence[Text]) -> Text:
    """Return the facts in one line, those without text left out."""
    return Text(" · ").join(fact for fact in facts if fact)


def _updates(event: Event, width: int | None, *, full: bool) -> Iterator[Text]:
    """Yield a paragraph for each update not reported before, the newest first."""
    if not event.updates:
        status, message = phrases.last_status(event)
        yield _update(status, phrases.short(message, phrases.UNLIMITED if full else MAX_NEWEST))
        return
    newest, *earlier = reversed(event.updates)
    if full:
        for update in (newest, *earlier):
            yield _dated(event, update, phrases.short(update.body, phrases.UNLIMITED))
        return
    yield _dated(event, newest, phrases.short(newest.body, MAX_NEWEST))
    for update in earlier[:MAX_EARLIER_UPDATES]:
        yield _one_line(_dated(event, update, " ".join(update.body.split())), width)
    left_out = len(earlier) - MAX_EARLIER_UPDATES
    if left_out > 0:
        yield Text(f"and {phrases.counted(left_out, 'earlier update')} (--full prints everything)", "dim")


def _dated(event: Event, update: IncidentUpdate, message: str) -> Text:
    """Return an update; with its time where the event has several."""
    line = _update(update.status, message)
    if len(event.updates) == 1:
        return line
    time = phrases.minute(update.created_at)
    if update.created_at.date() == event.at.date():
        time = time.split(" ", 1)[1]
    return Text.assemble((f"[{time}] ", "dim"), line)


def _update(status: str, message: str) -> Text:
    dash = phrases.runner_safe(f" — {message}") if message else ""
    return Text.assemble((phrases.runner_safe(status), "bold"), dash)


def _one_line(line: Text, width: int | None) -> Text:
    room = MAX_EARLIER if width is None else max(MIN_EARLIER, min(width - INDENT, MAX_EARLIER))
    line.truncate(room, overflow="ellipsis")
    return line


def indented(paragraphs: Iterable[Text], width: int | None, indent: int = INDENT) -> list[Text]:
    """Return the paragraphs as lines, all of them but the first indented alike."""
    lines: list[Text] = []
    for number, paragraph in enumerate(paragraphs):
        room = width and width - (indent if number else 0)
        for part in wrapped(paragraph, room, (width or 0) - indent):
            lines.append(Text.assemble(" " * indent, part) if lines else part)
    return lines


def wrapped(paragraph: Text, room: int | None, later: int) -> list[Text]:
    """Return lines of so many cells, the first and the later ones; one line where there is no such bound."""
    if room is None:
        return [paragraph]
    lines = list(paragraph.divide(_breaks(paragraph.plain, room, later)))
    for line in lines[:-1]:
        line.rstrip()
    return lines


def _breaks(plain: str, room: int, later: int) -> list[int]:
    """Return where lines begin, always with a word; a word that is too long has a line to itself."""
    from rich.cells import cell_len

    breaks, used, end = [], 0, 0
    for match in re.finditer("[^ ]+", plain):
        gap, cells = match.start() - end, cell_len(match[0])
        if end and used + gap + cells > room:
            breaks.append(match.start())
            used, gap, room = 0, 0, later
        used, end = used + gap + cells, match.end()
    return breaks

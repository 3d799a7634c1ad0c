"""Events for people, as Rich text: an event is a line and some lines below it, all indented alike."""

import re
from collections.abc import Iterable
from typing import Final

from rich.text import Text

from statuswatch.model.event import Event
from statuswatch.render import phrases

INDENT: Final = 13
_STYLES: Final = {"🔴": "bold red", "🟡": "bold yellow", "🟢": "bold green", "⚪": "bold"}


def render(event: Event, width: int | None) -> list[Text]:
    """The lines of an event; wrapped between words where there is a width, so that no id and no address is ever cut."""
    sign, label = phrases.label(event)
    paragraphs = [
        Text.assemble(
            f"{sign} ",
            (f"{label:<{INDENT - 4}}", _STYLES[sign]),
            (f" [{phrases.clock(event.at)}] ", "dim"),
            "Product: ",
            (phrases.runner_safe(phrases.product(event)), "bold"),
        ),
        Text(phrases.runner_safe(" · ".join(fact for fact in phrases.facts(event) if fact))),
        *(
            Text.assemble("Status: ", (status, "bold"), phrases.runner_safe(f" — {message}") if message else "")
            for status, message in phrases.statuses(event)
        ),
    ]
    if remark := phrases.remark(event):
        paragraphs.append(Text(remark, "dim"))
    return indented(paragraphs, width)


def indented(paragraphs: Iterable[Text], width: int | None, indent: int = INDENT) -> list[Text]:
    """All of it but the first line indented alike."""
    lines: list[Text] = []
    for number, paragraph in enumerate(paragraphs):
        room = width and width - (indent if number else 0)
        for part in wrapped(paragraph, room, (width or 0) - indent):
            lines.append(Text.assemble(" " * indent, part) if lines else part)
    return lines


def wrapped(paragraph: Text, room: int | None, later: int) -> list[Text]:
    """In lines of so many cells, the first and the later ones; as one line where there is no such bound."""
    if room is None:
        return [paragraph]
    lines = list(paragraph.divide(_breaks(paragraph.plain, room, later)))
    for line in lines[:-1]:
        line.rstrip()
    return lines


def _breaks(plain: str, room: int, later: int) -> list[int]:
    """Where lines begin, always with a word; a word that is too long has a line to itself."""
    from rich.cells import cell_len

    breaks, used, end = [], 0, 0
    for word in re.finditer("[^ ]+", plain):
        gap, cells = word.start() - end, cell_len(word[0])
        if end and used + gap + cells > room:
            breaks.append(word.start())
            used, gap, room = 0, 0, later
        used, end = used + gap + cells, word.end()
    return breaks

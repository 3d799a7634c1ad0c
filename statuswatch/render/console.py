"""Events for people, as Rich text: an event is a line and some lines below it, all indented alike."""

from rich.text import Text

from statuswatch.model import Event
from statuswatch.render import words

INDENT = 13
_STYLES = {"🔴": "bold red", "🟡": "bold yellow", "🟢": "bold green", "⚪": "bold"}


def render(event: Event, width: int | None) -> list[Text]:
    """The lines of an event; wrapped between words where there is a width, so that no id and no address is ever cut."""
    sign, label = words.label(event)
    paragraphs = [
        Text.assemble(
            f"{sign} ",
            (f"{label:<{INDENT - 3}}", _STYLES[sign]),
            (f"[{words.clock(event.at)}] ", "dim"),
            "Product: ",
            (words.inert(words.product(event)), "bold"),
        ),
        Text(words.inert(" · ".join(fact for fact in words.facts(event) if fact))),
        *(
            Text.assemble("Status: ", (status, "bold"), words.inert(f" — {message}") if message else "")
            for status, message in words.statuses(event)
        ),
    ]
    if remark := words.remark(event):
        paragraphs.append(Text(remark, "dim"))
    lines: list[Text] = []
    for number, paragraph in enumerate(paragraphs):
        for part in _wrapped(paragraph, width, INDENT if number else 0):
            indented = number or lines
            lines.append(Text.assemble(" " * INDENT, part) if indented else part)
    return lines


def _wrapped(paragraph: Text, width: int | None, indent: int) -> list[Text]:
    if width is None:
        return [paragraph]
    lines: list[Text] = []
    room = width - indent
    while True:
        fits = _break(paragraph.plain, room)
        if fits is None:
            return [*lines, paragraph]
        head, tail = paragraph.divide([fits])
        head.rstrip()
        lines.append(head)
        paragraph = tail
        room = width - INDENT


def _break(plain: str, room: int) -> int | None:
    """Where to break so that the head fits, after a space; a word that is too long stays whole. None: no need, or no
    way.
    """
    from rich.cells import cell_len

    if cell_len(plain) <= room:
        return None
    best = None
    at = plain.find(" ")
    while at != -1:
        if cell_len(plain[:at]) > room and best is not None:
            break
        best = at + 1
        if cell_len(plain[:at]) > room:
            break
        at = plain.find(" ", at + 1)
    return best if best and best < len(plain) else None

"""What a vendor may write: text that a chat, a mail program, a runner or GitHub could read as more than text."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from hypothesis import strategies as st

from statuswatch import text
from statuswatch.model.event import Event, EventKind, PendingDelivery
from statuswatch.model.incident import Component, Impact, Incident, IncidentUpdate
from statuswatch.model.page import Page
from tests.support.page_timeline import START, PageTimeline, incident, update
from tests.support.sending import NOW

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKUP: Final = (
    "@everyone @here <!channel> <@U123> <@&9> <#C1> <t:0:R> <:x:1> :fire: <https://evil.example|safe> "
    "[x](https://evil.example) https://evil.example www.evil.example *b* _i_ ~s~ `c` ||s|| # h > q "
    "\\*a\\* <at>Ann</at> {{{DATE(2026-01-01T00:00:00Z)}} &lt;b&gt;"
)
LONG_TEXTS: Final = tuple(
    unit * (100_000 // len(unit)) for unit in ("word ", "*", "&", '"', "\\", "語", "😀", "[x](y) ", MARKUP)
)
# Characters that nobody sees: controls, bidi marks, and those of no width.
INVISIBLE: Final = (
    *("\x00", "\x7f", "\x1b[31m", "\xad", "\u061c", "\u202e", "\u2066", "\ufeff", "\U000e0041"),
    *("\u200b", "\u200c", "\u200d", "\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u180b", "\u180c", "\u180d"),
    *("\u180e", "\u180f", "\u3164", "\uffa0", "\ufe0f", "\U000e0100", "\U000e01ef"),
)
INCIDENT_URL: Final = "https://status.openai.com/incidents/01KK2T9T"
SPLICES: Final = (
    "[bold]",
    "[/]",
    "[/bold]",
    "[link=https://evil.example]x[/link]",
    ":fire:",
    "\x1b[31m",
    "\x1b]8;;https://evil.example\x1b\\",
    "\x9b2J",
    "\x1b",
    "\u202e",
    "\u2066",
    "::error::",
    "::error file=a::b",
    ":::error::",
    "::::",
    "##[error]",
    "###[group]",
    "##",
    "[error]",
    "<script>",
    "<img src=x onerror=y>",
    "<b>",
    "@user",
    "@org/team",
    "#1",
    "o/r#1",
    "GH-1",
    "gh-",
    "https://evil.example",
    "https://github.com/o/r/issues/1",
    "www.evil.example",
    "_www.",
    "a@b.example",
    "mailto:a@b.example",
    "fixes #1",
    "Closes: o/r#1",
    "resolves https://github.com/o/r/issues/1",
    "fix",
    "[skip ci]",
    "[ci skip]",
    "[no ci]",
    "[skip actions]",
    "| a | b |",
    "| --- | --- |",
    "```",
    "`x`",
    "~~x~~",
    "**x**",
    "_x_",
    "# ",
    "- ",
    "1. ",
    "> ",
    "---",
    "===",
    "    x",
    "![x](y)",
    "[x](https://evil.example)",
    "[x]: https://evil.example",
    "<https://evil.example>",
    "<!-- -->",
    "&lt;b&gt;",
    "&amp;copy;",
    "&#64;user",
    "\\",
    "$x$",
    "服务",
    "👩‍💻",
    "\u200b",
)
ALL_SPLICES: Final = "\n".join(SPLICES)
_SPACE: Final = st.sampled_from([" ", "\n", "  \n"])
vendor_texts: Final = st.lists(st.one_of(st.sampled_from(SPLICES), _SPACE, st.text(max_size=6)), max_size=10).map(
    "".join
)


def hostile_event(vendor_text: str) -> Event:
    """Return a new incident with this text everywhere, cleaned as at parsing."""
    line, body = text.line(vendor_text) or "x", text.paragraph(vendor_text) or "x"
    updates = tuple(
        IncidentUpdate(key, status, body, START, START)
        for key, status in (("u1", "investigating"), ("u2", "identified"))
    )
    components = (Component(line, line),)
    listed = Incident(
        id="01KK2T9T",
        title=line,
        status="investigating",
        impact=Impact.MAJOR,
        url=INCIDENT_URL,
        created_at=START,
        position=START,
        components=components,
        updates=updates,
    )
    return Event(
        id="openai/01KK2T9T/new/9f2c41d07b3e",
        kind=EventKind.NEW,
        changes=(),
        page=Page(key="openai", name=line, url="https://status.openai.com"),
        incident=listed,
        updates=updates,
        peak_impact=listed.impact,
        all_components=components,
    )


@lru_cache(maxsize=32)
def hostile_delivery(vendor_text: str, updates: int = 1) -> PendingDelivery:
    """Return a new incident in which title, component and that many updates are this text, uncleaned."""
    timeline = PageTimeline()
    timeline.read(0)
    published = [update(number + 1, "investigating", f"{vendor_text} {number}") for number in range(updates)]
    opened = incident("x", *published, title=vendor_text, components=(vendor_text,))
    (event,) = timeline.read(updates + 2, opened)
    return PendingDelivery(event, NOW)


def with_body(delivery: PendingDelivery, body: str, count: int = 1) -> PendingDelivery:
    """Return the delivery with that many updates of this text."""
    updates = (msgspec.structs.replace(delivery.event.updates[0], body=body),) * count
    return msgspec.structs.replace(delivery, event=msgspec.structs.replace(delivery.event, updates=updates))


def json_objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every JSON object in a value."""
    if isinstance(value, dict):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from json_objects(child)


def json_strings(value: Any) -> Iterator[str]:
    """Yield every string in a JSON value, but for the names."""
    if isinstance(value, str):
        yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from json_strings(child)

"""Events and runs to print, and vendor text that nobody thought of.

STATUSWATCH_EXAMPLES=5000 makes a long search of the properties.
"""

from __future__ import annotations

import io
import os
import re
from contextlib import redirect_stdout
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from statuswatch import text
from statuswatch.cli.options import EventFormat
from statuswatch.cli.output import print_events
from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import Component, Impact, Incident, IncidentUpdate
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.model.report import OpenCounts, PageOutcome, RunReport
from tests.support.hostile_text import ALL_SPLICES, SPLICES

if TYPE_CHECKING:
    from collections.abc import Sequence

searched = settings(
    max_examples=int(os.environ.get("STATUSWATCH_EXAMPLES", "60")),
    derandomize="STATUSWATCH_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

NEW, UPDATED, RESOLVED = EventKind
NOW: Final = datetime(2025, 11, 3, 15, 0, tzinfo=UTC)
OPENAI: Final = Page(key="openai", name="OpenAI", url="https://status.openai.com")
CHAT: Final = Component("Chat Completions")
STYLE: Final = re.compile(r"\x1b\[([0-9;]*)m")


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2025-11-03T{clock}").replace(tzinfo=UTC)


def update(key: str, status: str, body: str, clock: str = "14:32:00") -> IncidentUpdate:
    return IncidentUpdate(key, status, body, at(clock), at(clock))


FIRST: Final = update("u1", "investigating", "We are investigating reports of slow answers.")


def event(
    happened: EventKind = NEW,
    /,
    *changes: Change,
    unreported: tuple[IncidentUpdate, ...] = (FIRST,),
    page: Page = OPENAI,
    **fields: Any,
) -> Event:
    """Return an event; `unreported` are the updates not reported before, `fields` those of the incident."""
    incident = Incident(
        id="01KK2T9T",
        title="Slow answers",
        status="investigating",
        impact=Impact.MAJOR,
        url="https://status.openai.com/incidents/01KK2T9T",
        created_at=at("14:32:00"),
        position=at("14:32:00"),
        components=(CHAT,),
        updates=unreported,
    )
    incident = msgspec.structs.replace(incident, **fields)
    return Event(
        id=f"{page.key}/{incident.id}/{happened}/9f2c41d07b3e",
        kind=happened,
        changes=changes,
        page=page,
        incident=incident,
        updates=unreported,
        peak_impact=incident.impact,
        all_components=incident.components,
    )


def failure(reason: str = "HTTP 403", where: str = "", hint: str = "") -> Failure:
    return Failure(FailureKind.FORBIDDEN, reason, where, hint)


def report(
    *events: Event, failures: Sequence[Failure] = (), opened: OpenCounts | None = None, changed: bool = True
) -> RunReport:
    """Return a run over one page that was read and one for each failure."""
    outcomes = [PageOutcome(page=OPENAI, events=events, open=opened or OpenCounts())]
    outcomes += [PageOutcome(page=OPENAI, failure=entry) for entry in failures]
    return RunReport(detected_at=NOW, pages=tuple(outcomes), events=events, changed=changed)


class Terminal(io.StringIO):
    """A file that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def printed(
    *events: Event,
    width: int | None = None,
    output: EventFormat = EventFormat.CONSOLE,
    no_color: bool = False,
    full: bool = False,
) -> str:
    """Return the output of the command: into a pipe, or on a terminal of some width."""
    file = io.StringIO() if width is None else Terminal()
    env = {"NO_COLOR": "1"} if no_color else {}
    if width is not None:
        env |= {"TERM": "xterm-256color", "COLUMNS": str(width), "LINES": "50"}
    with mock.patch.dict(os.environ, env, clear=True), redirect_stdout(file):
        print_events(events, NOW, output, full=full)
    return file.getvalue()


def shown(*events: Event, width: int | None = None, full: bool = False) -> list[str]:
    """Return the printed lines, without their styles."""
    return STYLE.sub("", printed(*events, width=width, full=full)).removesuffix("\n").split("\n")


hostile = st.lists(
    st.one_of(st.sampled_from(SPLICES), st.sampled_from([" ", "\n", "  \n"]), st.text(max_size=6)), max_size=10
).map("".join)
hostile_lines = hostile.map(lambda vendor_text: text.line(vendor_text) or "x")
ALL: Final = ALL_SPLICES


def hostile_event(vendor_text: str) -> Event:
    """Return an event that has the text everywhere, cleaned as at parsing."""
    line, body = text.line(vendor_text) or "x", text.paragraph(vendor_text) or "x"
    return event(
        page=msgspec.structs.replace(OPENAI, name=line),
        title=line,
        components=(Component(line, line),),
        unreported=(update("u1", "investigating", body), update("u2", "identified", body)),
    )


def squashed(visible: str) -> str:
    """Return the text without white space and word joiners.

    Cleaned vendor text has none of the latter, and the former may be moved.
    """
    return re.sub(r"[\s\u2060]", "", visible)


def runner_commands(output: str) -> list[str]:
    """Return the lines that an Actions runner takes for commands."""
    return [line for line in output.splitlines() if line.strip().startswith("::") or "##[" in line]

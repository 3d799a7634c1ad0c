"""What is said, word for word: console, JSON lines, talk, commit message, and what an Actions runner is given.

Vendor text goes the way it goes in a run: cleaned as at parsing, then through every output.
STATUSWATCH_EXAMPLES=5000 makes a long search of the properties.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from contextlib import redirect_stdout, suppress
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.cells import cell_len

from statuswatch import cli, text
from statuswatch.errors import OutputError
from statuswatch.github_actions import report_to_runner
from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import Component, Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.page import Document, Exchange, Failure, Feed, Inspection, Page, RecognitionAttempt
from statuswatch.model.report import PageOutcome, RunReport
from statuswatch.render import inspection, jsonlines, listing, markdown, summary
from statuswatch.rules.reconcile import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from markdown_it.token import Token

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
INDENT: Final = " " * 13


# ------------------------------------------------------------------------------------------------------- factories


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2025-11-03T{clock}").replace(tzinfo=UTC)


def said(key: str, status: str, body: str, clock: str = "14:32:00") -> IncidentUpdate:
    return IncidentUpdate(key, status, body, at(clock), at(clock))


FIRST: Final = said("u1", "investigating", "We are investigating reports of slow answers.")


def event(
    happened: EventKind = NEW,
    *changes: Change,
    told: tuple[IncidentUpdate, ...] = (FIRST,),
    page: Page = OPENAI,
    **about: Any,
) -> Event:
    """`told` are the updates not told before; `about` are fields of the incident."""
    incident = Incident(
        id="01KK2T9T",
        title="Slow answers",
        status="investigating",
        impact=Impact.MAJOR,
        url="https://status.openai.com/incidents/01KK2T9T",
        created_at=at("14:32:00"),
        position=at("14:32:00"),
        components=(CHAT,),
        updates=told,
    )
    incident = msgspec.structs.replace(incident, **about)
    return Event(
        id=f"{page.key}/{incident.id}/{happened}/9f2c41d07b3e",
        kind=happened,
        changes=changes,
        page=page,
        incident=incident,
        updates=told,
        peak_impact=incident.impact,
        named=incident.components,
    )


def report(*events: Event, failed: Sequence[Failure] = (), open_: int = 0, changed: bool = True) -> RunReport:
    reviews = [PageOutcome(page=OPENAI, events=events, open=open_)]
    reviews += [PageOutcome(page=OPENAI, failed=it) for it in failed]
    return RunReport(detected_at=NOW, pages=tuple(reviews), events=events, changed=changed)


# ----------------------------------------------------------------------------------------------------- the console


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def printed(
    *events: Event, width: int | None = None, output: cli.Format = cli.Format.CONSOLE, no_color: bool = False
) -> str:
    """What the command prints: into a pipe, or on a terminal of some width."""
    file = io.StringIO() if width is None else Terminal()
    env = {"NO_COLOR": "1"} if no_color else {}
    if width is not None:
        env |= {"TERM": "xterm-256color", "COLUMNS": str(width), "LINES": "50"}
    with mock.patch.dict(os.environ, env, clear=True), redirect_stdout(file):
        cli._print(events, NOW, output)
    return file.getvalue()


STYLE: Final = re.compile(r"\x1b\[([0-9;]*)m")


def shown(*events: Event, width: int | None = None) -> list[str]:
    """The lines, without their styles."""
    return STYLE.sub("", printed(*events, width=width)).removesuffix("\n").split("\n")


def test_new() -> None:
    """Contract 7: a new incident has its product, a line with title, impact and address, and a line for what was
    said.
    """
    assert shown(event()) == [
        "🔴 NEW       [2025-11-03 14:32:00 UTC] Product: OpenAI - Chat Completions",
        "             Slow answers · major · https://status.openai.com/incidents/01KK2T9T",
        "             Status: investigating — We are investigating reports of slow answers.",
    ]


def test_updated_with_several_updates() -> None:
    """Contract 7: an event has a Status line for each update not yet told, oldest first, and the time of the newest."""
    told = (said("u2", "identified", "A bad deployment.", "14:40:05"), said("u3", "monitoring", "A fix.", "14:58:59"))
    assert shown(event(UPDATED, Change.UPDATES, Change.STATUS, told=told, status="monitoring")) == [
        "🟡 UPDATED   [2025-11-03 14:58:59 UTC] Product: OpenAI - Chat Completions",
        "             Slow answers · major · https://status.openai.com/incidents/01KK2T9T",
        "             Status: identified — A bad deployment.",
        "             Status: monitoring — A fix.",
    ]


def test_updated_without_an_update() -> None:
    """Contract 4, rule 9: what changed without a word of the vendor is named, with the last word there was."""
    changed = event(UPDATED, Change.IMPACT, Change.TITLE, told=(), updates=(FIRST,), impact=Impact.CRITICAL)
    assert shown(changed) == [
        "🟡 UPDATED   [2025-11-03 14:32:00 UTC] Product: OpenAI - Chat Completions",
        "             Slow answers · critical · https://status.openai.com/incidents/01KK2T9T",
        "             Status: investigating — We are investigating reports of slow answers.",
        "             Changed: impact, title",
    ]


def test_reopened() -> None:
    """Contract 4, rule 6: an incident that was over and is open again says so."""
    told = (said("u5", "investigating", "It is back."),)
    assert shown(event(UPDATED, Change.REOPENED, told=told)) == [
        "🟡 UPDATED   [2025-11-03 14:32:00 UTC] Product: OpenAI - Chat Completions",
        "             Slow answers · major · https://status.openai.com/incidents/01KK2T9T",
        "             Status: investigating — It is back.",
        "             Changed: reopened",
    ]


def test_resolved() -> None:
    """Contract 7: an incident that is over is green and says what the vendor said last."""
    told = (said("u4", "resolved", "All requests succeed again.", "14:59:00"),)
    assert shown(event(RESOLVED, Change.STATUS, told=told, status="resolved")) == [
        "🟢 RESOLVED  [2025-11-03 14:59:00 UTC] Product: OpenAI - Chat Completions",
        "             Slow answers · major · https://status.openai.com/incidents/01KK2T9T",
        "             Status: resolved — All requests succeed again.",
    ]


def test_missed() -> None:
    """Contract 4, rule 3: an incident that came and went between two runs is told whole, and that it was missed."""
    told = (FIRST, said("u2", "resolved", "Fixed.", "14:45:00"))
    assert shown(event(RESOLVED, Change.MISSED, told=told, status="resolved")) == [
        "🟢 RESOLVED  [2025-11-03 14:45:00 UTC] Product: OpenAI - Chat Completions",
        "             Slow answers · major · https://status.openai.com/incidents/01KK2T9T",
        "             Status: investigating — We are investigating reports of slow answers.",
        "             Status: resolved — Fixed.",
        "             It was over before a run saw it.",
    ]


def test_withdrawn() -> None:
    """Contract 4, rule 12: what the vendor withdrew is shown as that, with its last status, and never as resolved."""
    assert shown(event(RESOLVED, Change.WITHDRAWN, told=())) == [
        "⚪ WITHDRAWN BY THE VENDOR [2025-11-03 14:32:00 UTC] Product: OpenAI - Chat Completions",
        "             Slow answers · major · https://status.openai.com/incidents/01KK2T9T",
        "             Status: investigating — "
        "this was the last that the vendor said; the page does not show it any more",
    ]


def test_delisted() -> None:
    """Contract 4, rule 11: what a list of open incidents lists no more is shown as that, and never as resolved."""
    assert shown(event(RESOLVED, Change.DELISTED, told=())) == [
        "⚪ NO LONGER LISTED [2025-11-03 14:32:00 UTC] Product: OpenAI - Chat Completions",
        "             Slow answers · major · https://status.openai.com/incidents/01KK2T9T",
        "             Status: investigating — "
        "this was the last that the vendor said; its list of what is open does not have it any more",
    ]


def test_page_that_cannot_be_read() -> None:
    """Contract 5: a page that failed at every read for an hour is told once, in the contract's words, and once more
    when it reads again.
    """
    began = at("10:05:00")
    first = reconcile(OPENAI, None, Failure("HTTP 403", OPENAI.url, "look at it"), began)
    second = reconcile(OPENAI, first.memory, Failure("HTTP 403"), began + timedelta(hours=1))
    assert first.events == ()
    assert shown(*second.events) == [
        "🔴 NEW       [2025-11-03 10:05:00 UTC] Product: OpenAI - status page",
        "             OpenAI's status page cannot be read: HTTP 403, failing at every read since 10:05 UTC"
        " · https://status.openai.com",
        "             Status: failing — What happens there now is not known.",
    ]


def test_maintenance_with_its_schedule() -> None:
    """Contract 4: a maintenance window is told with its schedule, to its end where the vendor states one."""
    window = partial(
        event,
        told=(said("m1", "scheduled", "Reads go on."),),
        kind=IncidentKind.MAINTENANCE,
        impact=Impact.MAINTENANCE,
        title="Database upgrade",
        status="scheduled",
        scheduled_for=at("22:00:00"),
    )
    assert shown(window(scheduled_until=at("23:30:00"))) == [
        "🔴 NEW       [2025-11-03 14:32:00 UTC] Product: OpenAI - Chat Completions",
        "             Database upgrade · maintenance · scheduled for 2025-11-03 22:00:00 UTC to 2025-11-03 23:30:00 UTC"
        " · https://status.openai.com/incidents/01KK2T9T",
        "             Status: scheduled — Reads go on.",
    ]
    assert shown(window())[1] == (
        "             Database upgrade · maintenance · scheduled for 2025-11-03 22:00:00 UTC"
        " · https://status.openai.com/incidents/01KK2T9T"
    )


def test_what_is_not_stated() -> None:
    """Contract 4: where the vendor states no component or impact the text says so, and never "Unknown Product"."""
    bare = event(components=(), impact=Impact.UNKNOWN, told=(said("u1", "investigating", ""),))
    assert shown(bare) == [
        "🔴 NEW       [2025-11-03 14:32:00 UTC] Product: OpenAI - not stated",
        "             Slow answers · impact not stated · https://status.openai.com/incidents/01KK2T9T",
        "             Status: investigating",
    ]


def test_several_components() -> None:
    """Contract 7: all components are named, and of two with one name each says its group."""
    parts = (CHAT, Component("Login", "API"), Component("Login", "ChatGPT"))
    assert shown(event(components=parts))[0] == (
        "🔴 NEW       [2025-11-03 14:32:00 UTC] Product: OpenAI - Chat Completions, API - Login, ChatGPT - Login"
    )


def test_what_passes_a_filter_unstated() -> None:
    """Contract 3: an event that passes the filter on components only because the vendor states none says so."""
    said = "It passes the filter on components: the vendor does not state which are affected"
    page = msgspec.structs.replace(OPENAI, components=("API*",))
    assert shown(event(page=page, components=()))[-1].strip() == said
    assert not any(said in line for it in (event(page=page), event(components=())) for line in shown(it))


def test_what_no_vendor_ended() -> None:
    """Contract 1: what only counts as open no longer is not called resolved, neither here nor in a commit."""
    quiet = said("u2", "expired", "Nothing new in 14 days; no end was stated.")
    it = event(RESOLVED, Change.STATUS, told=(quiet,), status="expired")
    assert shown(it)[0].startswith("⚪ NO END STATED") and not any("RESOLVED" in line for line in shown(it))
    assert "no end stated" in summary.commit_message(report(it)) and "resolved" not in summary.commit_message(
        report(it)
    )


def test_very_many_components() -> None:
    """Of more than 20 components people are told how many more there are; AWS listed 113 of one event."""
    many = tuple(Component(f"Service {number:03}") for number in range(113))
    assert shown(event(components=many))[0].endswith("Service 018, Service 019 and 93 more")


def test_several_events() -> None:
    """Contract 7: events follow one another as they were given, with nothing between them or after the last."""
    assert shown(event(), event(RESOLVED)) == [*shown(event()), *shown(event(RESOLVED))]
    assert printed() == ""


def test_piped_paragraphs_are_never_wrapped() -> None:
    """Contract 2: into a pipe each paragraph is one line, however long, line ends of the vendor included."""
    body = "\n".join(["word " * 30] * 10)
    lines = shown(event(title="A long title " * 30, told=(said("u1", "investigating", body),)))
    assert len(lines) == 3
    assert lines[2] == f"{INDENT}Status: investigating — {' '.join(body.split())}"


def test_a_very_long_message_says_how_much_is_left_out() -> None:
    """Contract 1: the console may cut a message of thousands of characters, but says so and how much."""
    (_, _, status) = shown(event(told=(said("u1", "investigating", "x" * 5000),)))
    cut = re.fullmatch(rf"{INDENT}Status: investigating — (x+)… \(and (\d+) more characters\)", status)
    assert cut
    assert len(cut[1]) + int(cut[2]) == 5000


def test_40_columns() -> None:
    """A narrow terminal wraps between words; what follows is indented alike, and an address that is too long stays
    whole.
    """
    assert shown(event(), width=40) == [
        "🔴 NEW       [2025-11-03 14:32:00 UTC]",
        "             Product: OpenAI - Chat",
        "             Completions",
        "             Slow answers · major ·",
        "             https://status.openai.com/incidents/01KK2T9T",
        "             Status: investigating — We",
        "             are investigating reports",
        "             of slow answers.",
    ]


def test_20_columns() -> None:
    """Even where there is room for seven characters, no word is cut."""
    assert shown(event(told=(said("u1", "identified", "A bad deploy of 12."),)), width=20) == [
        "🔴 NEW",
        "             [2025-11-03",
        "             14:32:00",
        "             UTC]",
        "             Product:",
        "             OpenAI",
        "             - Chat",
        "             Completions",
        "             Slow",
        "             answers",
        "             · major",
        "             ·",
        "             https://status.openai.com/incidents/01KK2T9T",
        "             Status:",
        "             identified",
        "             — A bad",
        "             deploy",
        "             of 12.",
    ]


def test_wide_characters_count_twice() -> None:
    """Width is measured in terminal cells: a Chinese character or an emoji takes two of them."""
    body = "服务 已经 恢复 正常 谢谢 🔥🔥 ok 您的 耐心 等待 服务 恢复 正常"
    lines = shown(event(title="延迟 升高", told=(said("u1", "resolved", body),)), width=40)
    assert lines[3:] == [
        "             延迟 升高 · major ·",
        "             https://status.openai.com/incidents/01KK2T9T",
        "             Status: resolved — 服务",
        "             已经 恢复 正常 谢谢 🔥🔥 ok",
        "             您的 耐心 等待 服务 恢复",
        "             正常",
    ]


def test_colours_on_a_terminal_only() -> None:
    """Contract 7: a terminal gets colours, a pipe nothing but text."""
    assert "\x1b[1;31mNEW" in printed(event(), width=80)
    assert "\x1b[1;33mUPDATED" in printed(event(UPDATED), width=80)
    assert "\x1b[1;32mRESOLVED" in printed(event(RESOLVED), width=80)
    assert "\x1b" not in printed(event(), event(UPDATED), event(RESOLVED))


def test_no_color() -> None:
    """With NO_COLOR a terminal gets the same lines without any colour."""
    events = (event(), event(UPDATED), event(RESOLVED))
    plain = printed(*events, width=80, no_color=True)
    assert {number for codes in STYLE.findall(plain) for number in codes.split(";")} <= {"", "0", "1", "2", "22"}
    assert STYLE.sub("", plain).split() == printed(*events).split()


@pytest.mark.parametrize("output", cli.Format)
def test_a_closed_pipe_is_a_sink_that_refused(monkeypatch: pytest.MonkeyPatch, output: cli.Format) -> None:
    """Contract 8: a reader that went away refused the events: exit 5, so that they are kept, and not 1, a bug."""
    reading, writing = os.pipe()
    os.close(reading)
    pipe = os.fdopen(writing, "w", encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", pipe)
    try:
        with pytest.raises(OutputError):
            cli._print((event(),), NOW, output)
    finally:
        if sys.stdout is not pipe:  # it was replaced, so that nothing fails again at exit
            sys.stdout.close()
        with suppress(OSError):
            pipe.close()


# ------------------------------------------------------------------------------------------------------ JSON lines


def json_lines(*events: Event, width: int | None = None) -> list[str]:
    return printed(*events, width=width, output=cli.Format.JSONL).removesuffix("\n").split("\n")


def test_json_line() -> None:
    """Contract 7: an event is one line of JSON with these keys in this order."""
    told = (
        IncidentUpdate("01KK2V", "resolved", 'All "fine".\nAgain: é', at("00:57:23.999999"), at("00:57:00")),
    )  # fmt: skip
    resolved = event(
        RESOLVED,
        Change.UPDATES,
        Change.STATUS,
        told=told,
        title="Login Issues",
        status="resolved",
        impact=Impact.MINOR,
        components=(Component("Login"), Component("API", "ChatGPT")),
        created_at=datetime(2025, 11, 3, 1, 10, 2, 500_000, tzinfo=timezone(timedelta(hours=1))),
    )
    assert json_lines(resolved) == [
        '{"schema":1,"id":"openai/01KK2T9T/resolved/9f2c41d07b3e","event":"resolved","changes":["updates","status"],'
        '"page":{"key":"openai","name":"OpenAI","url":"https://status.openai.com"},'
        '"incident":{"id":"01KK2T9T","kind":"incident","title":"Login Issues","status":"resolved","impact":"minor",'
        '"url":"https://status.openai.com/incidents/01KK2T9T","components":["Login","ChatGPT - API"],'
        '"created_at":"2025-11-03T00:10:02Z"},'
        '"updates":[{"id":"01KK2V","status":"resolved","body":"All \\"fine\\".\\nAgain: é",'
        '"created_at":"2025-11-03T00:57:23Z","display_at":"2025-11-03T00:57:00Z"}],'
        '"detected_at":"2025-11-03T15:00:00Z"}'
    ]


@pytest.mark.parametrize(("until", "stated"), [(at("23:30:00"), '"2025-11-03T23:30:00Z"'), (None, "null")])
def test_json_line_of_a_maintenance(until: datetime | None, stated: str) -> None:
    """Contract 4: a maintenance also has scheduled_for and scheduled_until, whether or not the vendor states them."""
    window = event(
        told=(),
        kind=IncidentKind.MAINTENANCE,
        impact=Impact.MAINTENANCE,
        status="scheduled",
        components=(),
        scheduled_for=at("22:00:00"),
        scheduled_until=until,
    )
    assert json_lines(window) == [
        '{"schema":1,"id":"openai/01KK2T9T/new/9f2c41d07b3e","event":"new","changes":[],'
        '"page":{"key":"openai","name":"OpenAI","url":"https://status.openai.com"},'
        '"incident":{"id":"01KK2T9T","kind":"maintenance","title":"Slow answers","status":"scheduled",'
        '"impact":"maintenance","url":"https://status.openai.com/incidents/01KK2T9T","components":[],'
        '"created_at":"2025-11-03T14:32:00Z","scheduled_for":"2025-11-03T22:00:00Z","scheduled_until":' + stated + "},"
        '"updates":[],"detected_at":"2025-11-03T15:00:00Z"}'
    ]


def test_json_lines_are_the_same_on_a_terminal() -> None:
    """Contract 2: JSON lines are never wrapped or coloured, on whatever terminal."""
    events = (event(), event(RESOLVED))
    assert json_lines(*events, width=20) == json_lines(*events)
    assert len(json_lines(*events)) == 2


def test_json_line_is_one_line_even_of_uncleaned_text() -> None:
    """Contract 7: an event is one line whatever the body has."""
    body = 'a\r\nb\u2028c\x85"\\\x00\x1b[31m</script>##[error]x'
    line = jsonlines.render(event(told=(said("u1", "investigating", body),)), NOW)
    assert not re.search(r"[\x00-\x1f]", line)
    assert json.loads(line)["updates"][0]["body"] == body


# ----------------------------------------------------------------------------------- text that nobody thought of


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
hostile = st.lists(
    st.one_of(st.sampled_from(SPLICES), st.sampled_from([" ", "\n", "  \n"]), st.text(max_size=6)), max_size=10
).map("".join)
lines = hostile.map(lambda it: text.line(it) or "x")


def hostile_event(vendors: str) -> Event:
    """An event that says the same everywhere, cleaned as at parsing."""
    line, body = text.line(vendors) or "x", text.paragraph(vendors) or "x"
    return event(
        page=msgspec.structs.replace(OPENAI, name=line),
        title=line,
        components=(Component(line, line),),
        told=(said("u1", "investigating", body), said("u2", "identified", body)),
    )


ALL: Final = "\n".join(SPLICES)


def squashed(visible: str) -> str:
    """Without white space and word joiners: cleaned vendor text has none of the latter, and the former may be moved."""
    return re.sub(r"[\s\u2060]", "", visible)


def expected(it: Event) -> str:
    """What an event shows on the console, but for white space."""
    (part,) = it.incident.components
    statuses = "".join(f"Status: {update.status} — {update.body}" for update in it.updates)
    return squashed(
        f"🔴 NEW [2025-11-03 14:32:00 UTC] Product: {it.page.name} - {part.group} - {part.name}"
        f"{it.incident.title} · major · {it.incident.url}{statuses}"
    )


def runner_commands(printed_text: str) -> list[str]:
    """The lines that an Actions runner takes for commands."""
    return [line for line in printed_text.splitlines() if line.strip().startswith("::") or "##[" in line]


@searched
@given(hostile, st.sampled_from([None, 20, 40, 80, 200]))
@example(ALL, None)
@example(ALL, 40)
def test_console_shows_vendor_text_as_it_is(vendors: str, width: int | None) -> None:
    """Contract 7: on the console the visible characters are the vendor's, no markup is interpreted, and no escape
    sequence is there but a terminal's styles.
    """
    it = hostile_event(vendors)
    raw = printed(it, width=width)
    visible = STYLE.sub("", raw)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", visible)
    assert squashed(visible) == expected(it)
    assert width is not None or raw == visible


@searched
@given(hostile, st.sampled_from([None, 20, 40, 80, 200]))
@example(ALL, None)
@example(ALL, 20)
@example("one :::error::two", 20)
def test_console_gives_a_runner_no_command(vendors: str, width: int | None) -> None:
    """Contract 7: no line of the console is a workflow command, wherever it was wrapped."""
    assert runner_commands(STYLE.sub("", printed(hostile_event(vendors), width=width))) == []


@searched
@given(hostile, st.sampled_from([20, 40, 80]))
@example(ALL, 20)
def test_wrapping_cuts_nothing(vendors: str, width: int) -> None:
    """On a terminal the words are those of the piped output, no line is wider than the terminal unless it is one word,
    and all lines but the first begin in the same column.
    """
    it = hostile_event(vendors)
    lines = shown(it, width=width)
    assert " ".join(lines).split() == " ".join(shown(it)).split()
    assert all(re.match(rf"{INDENT}\S", line) for line in lines[1:])
    assert [line for line in lines if cell_len(line) > width and len(line.split(" ")) - len(INDENT) > 1] == []


@searched
@given(hostile)
@example(ALL)
def test_json_lines_round_trip(vendors: str) -> None:
    """Contract 7: JSON lines are valid, one line each, give back the vendor's text unchanged, and hold no workflow
    command.
    """
    it = hostile_event(vendors)
    raw = printed(it, output=cli.Format.JSONL)
    assert raw.splitlines() == [raw.removesuffix("\n")]
    assert runner_commands(raw) == []
    read = json.loads(raw)
    assert read["page"]["name"] == it.page.name
    assert read["incident"]["title"] == it.incident.title
    assert read["incident"]["components"] == [part.label for part in it.incident.components]
    assert [update["body"] for update in read["updates"]] == [update.body for update in it.updates]


@searched
@given(lines)
@example(text.line(ALL))
@example(":::error::")
def test_talk_gives_a_runner_no_command(reason: str) -> None:
    """Contract 7: the talk on stderr has a line for each thing to say, plain text without a workflow command."""
    review = PageOutcome(
        page=OPENAI,
        failed=Failure(reason, "https://status.openai.com", reason),
        suspicion=reason,
        notes=(reason,),
        losses=(reason,),
    )
    said_of_it = summary.page_lines(review, verbose=True)
    assert len(said_of_it) == 4
    assert [squashed(reason) in squashed(line) for line in said_of_it] == [True] * 4
    assert [line.splitlines() for line in said_of_it] == [[line] for line in said_of_it]
    assert runner_commands("\n".join(said_of_it)) == []
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(said_of_it))


@searched
@given(hostile, st.sampled_from([None, 20, 80]))
@example(ALL, None)
@example(ALL, 20)
def test_an_inspection_gives_a_runner_no_command(vendors: str, width: int | None) -> None:
    """Contract 7: of a page that is explained each line is plain text without a workflow command, whatever is said of
    it, and so is each of a list of pages, in which no word makes a cell or a line of its own.
    """
    it = hostile_event(vendors)
    word = it.page.name
    feed = Feed(identity=word, incidents=(it.incident,), skipped=(word,), losses=(word,))
    failed = Failure(word, word, word)
    for result in (feed, failed):
        exchange = Exchange(Document("incidents.json", OPENAI.url), failed, 0.1)
        seen = Inspection(it.page, result, (exchange,), (RecognitionAttempt("slack", failed),))
        shown_of_it = [line.plain for line in inspection.render(seen, "recognised", None, width)]
        assert runner_commands("\n".join(shown_of_it)) == []
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(shown_of_it))
        assert squashed(word) in squashed("".join(shown_of_it))
    cells = listing.failure(PageOutcome(page=it.page, failed=failed), {})
    (line,) = listing.plain([cells])
    assert line.count("\t") == len(cells) - 1 and runner_commands(line) == []
    *_, row = listing.as_markdown(listing.FAILURES, [cells]).splitlines()
    assert len(re.findall(r"(?<!\\)\|", row)) == len(cells) + 1


def test_closing_line() -> None:
    """Contract 2: the closing line says what was read, told and is open, in one line."""
    assert (
        summary.closing_line(report(event(), open_=3))
        == "1 of 1 page read · 1 event · 3 open · largest delay 28 min · state written"
    )
    assert (
        summary.closing_line(report(failed=[Failure("HTTP 403")], changed=False))
        == "1 of 2 pages read · 0 events · 0 open"
    )


def test_a_baseline_is_said() -> None:
    """Contract 4, rule 1: of a first read the run line says how many are open."""
    first = PageOutcome(page=OPENAI, dirty=True, baseline=True, open=3)
    run = RunReport(detected_at=NOW, pages=(first,), events=(), changed=True)
    assert "baseline: 3 open" in summary.closing_line(run)
    assert summary.commit_message(run) == "statuswatch: baseline of 1 page, 3 open"


# ------------------------------------------------------------------------------------------------------- Markdown


def parser() -> MarkdownIt:
    """As near to GitHub's Markdown as there is: autolinks too, where the optional package for them is installed."""
    if find_spec("linkify_it"):
        return MarkdownIt("gfm-like")
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


PARSER_VERSION: Final = parser()
OWN_ADDRESS: Final = "(<https://status.openai.com/incidents/01KK2T9T>)"

# What GitHub looks for in the text of rendered Markdown, after Markdown's own escapes are gone.
GITHUB_FINDS: Final = (
    r"@[A-Za-z0-9]",  # mentions, addresses
    r"#\d",  # issues
    r"(?i)(?<![a-z0-9])gh-\d",
    r"(?i)(?<![a-z0-9])www\.",
    r"://",
)


def flat(tokens: Sequence[Token]) -> list[Token]:
    return [leaf for token in tokens for leaf in (token.children or [token] if token.type == "inline" else [token])]


def structure(source: str) -> list[tuple[str, str, object]]:
    """All that Markdown makes of it but the text."""
    return [
        (token.type, token.content if token.type == "html_inline" else "", token.attrGet("href"))
        for token in flat(PARSER_VERSION.parse(source))
        if token.type != "text"
    ]


def visible(source: str) -> str:
    """The text that a reader sees."""
    return "".join(token.content for token in flat(PARSER_VERSION.parse(source)) if token.type == "text")


def hostile_summary(vendors: str) -> str:
    """Of a run in which a page failed as well, with the same words."""
    it = hostile_event(vendors)
    return markdown.summary(report(it, failed=[Failure(it.incident.title)]))


def found_by_github(plain: str) -> list[str]:
    return [match[0] for pattern in GITHUB_FINDS for match in re.finditer(pattern, plain)]


def test_summary() -> None:
    """Contract 7: the summary has the closing line, every event with a link to it, and every page that failed."""
    written = markdown.summary(
        report(event(), failed=[Failure("HTTP 403", "https://x.example", "look at it")], open_=2)
    )
    assert visible(written).replace("\u2060", "") == (
        "statuswatch"
        "1 of 2 pages read · 1 event · 2 open · largest delay 28 min · state written"
        "⚠️ OpenAI: HTTP 403 (https://x.example): look at it"
        "🔴 NEW 2025-11-03 14:32:00 UTC · OpenAI - Chat Completions"
        "Slow answers · major"
        "investigating — We are investigating reports of slow answers."
    )
    assert [it for it in structure(written) if it[0] in {"link_open", "heading_open", "html_inline"}] == [
        ("heading_open", "", None),
        ("html_inline", "<br>", None),
        ("link_open", "", "https://status.openai.com/incidents/01KK2T9T"),
    ]


@searched
@given(hostile)
@example(ALL)
def test_markdown_is_made_of_our_marks_only(vendors: str) -> None:
    """Contract 7: whatever vendors say, a summary has the structure that it has for plain words: no HTML, link, image,
    code, heading, table or emphasis of theirs.
    """
    assert structure(hostile_summary(vendors)) == structure(hostile_summary("x"))


@searched
@given(hostile)
@example(ALL)
def test_markdown_shows_vendor_text_as_it_is(vendors: str) -> None:
    """Contract 7: what a reader of the summary sees is what the vendor said, character for character."""
    it = hostile_event(vendors)
    (part,) = it.incident.components
    assert squashed(visible(hostile_summary(vendors))) == squashed(
        "statuswatch 1 of 2 pages read · 1 event · 0 open · largest delay 28 min · state written"
        f"⚠️ OpenAI: {it.incident.title}"
        f"🔴 NEW 2025-11-03 14:32:00 UTC · {it.page.name} - {part.group} - {part.name}{it.incident.title} · major"
        + "".join(f"{update.status} — {update.body}" for update in it.updates)
    )


@searched
@given(hostile)
@example(ALL)
def test_github_finds_nothing_in_markdown(vendors: str) -> None:
    """Contract 7: GitHub finds no mention, reference or address in vendor text, neither in the source nor in what is
    rendered from it.
    """
    written = hostile_summary(vendors).replace(OWN_ADDRESS, "")
    assert found_by_github(written) == []
    assert found_by_github(visible(written)) == []


@searched
@given(lines)
@example("a :fire: and a :+1:")
def test_github_finds_no_emoji_in_markdown(vendors: str) -> None:
    """Contract 7: a `:fire:` of the vendor stays these six characters; GitHub replaces such names after rendering."""
    assert re.findall(r":[a-z0-9_+-]+:", visible(markdown.text(vendors))) == []


# ------------------------------------------------------------------------------------------------ commit messages


COMMIT_DOES: Final = (
    *GITHUB_FINDS,
    r"(?i)\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]",
    r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w.-]+/[\w.-]+)?#\d",
    r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:https?://|gh-\d)",
    r"(?i)https?://github\.com",
)


def test_message() -> None:
    """Contract 7: the message is one line that says what happened, fit to be a commit's subject."""
    assert summary.commit_message(report(event())) == "statuswatch: OpenAI new: Slow answers"
    assert summary.commit_message(report(event(), event(RESOLVED, Change.STATUS))) == (
        "statuswatch: 2 events: OpenAI new: Slow answers; OpenAI resolved: Slow answers"
    )
    assert (
        summary.commit_message(report(event(RESOLVED, Change.WITHDRAWN)))
        == "statuswatch: OpenAI withdrawn: Slow answers"
    )
    assert summary.commit_message(report(event(RESOLVED, Change.DELISTED))) == (
        "statuswatch: OpenAI no longer listed: Slow answers"
    )


@searched
@given(st.lists(st.tuples(lines, lines), min_size=1, max_size=4))
@example([("fixes", "#1"), ("resolves", "o/r#1"), ("closes", "GH-1"), ("fix", "https://github.com/o/r/issues/1")])
@example([("[skip", "ci]"), ("@user", "a@b.example"), ("x", "_www.evil.example"), ("x", "_GH-1")])
@example([("x", text.line(it)) for it in SPLICES[:4]])
def test_a_commit_message_does_nothing(named: list[tuple[str, str]]) -> None:
    """Contract 7: a commit message made of vendor text is one bounded line that mentions nobody, closes nothing, links
    nowhere and skips no workflow.
    """
    events = [event(page=msgspec.structs.replace(OPENAI, name=page), title=title) for page, title in named]
    message = summary.commit_message(report(*events))
    assert message.startswith("statuswatch: ")
    assert message.splitlines() == [message]
    assert len(message) <= summary.LONGEST_MESSAGE
    assert [match[0] for pattern in COMMIT_DOES for match in re.finditer(pattern, message)] == []


# -------------------------------------------------------------------------------------------- an Actions runner


def outputs(written: str) -> dict[str, str]:
    """The outputs as the runner reads them: `name=value` or, where `<<` comes before `=`, a block up to a delimiter."""
    read: dict[str, str] = {}
    for line in re.split(r"\r\n|\r|\n", written.removesuffix("\n")):
        name, equals, value = line.partition("=")
        assert equals and "<<" not in name
        assert name not in read
        read[name] = value
    return read


def runner(folder: Path, **env: str) -> dict[str, str]:
    paths = {"GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "GITHUB_OUTPUT": str(folder / "output")}
    return {"GITHUB_ACTIONS": "true", **paths, **env}


@pytest.mark.parametrize("value", [None, "", "false", "1"])
def test_nothing_is_written_off_a_runner(tmp_path: Path, value: str | None) -> None:
    """Contract 7: only GITHUB_ACTIONS=true makes it an Actions runner; else no file is touched."""
    env = runner(tmp_path) | ({} if value is None else {"GITHUB_ACTIONS": value})
    if value is None:
        del env["GITHUB_ACTIONS"]
    assert report_to_runner(report(event()), env) == []
    assert list(tmp_path.iterdir()) == []


def test_a_runner_is_told(tmp_path: Path) -> None:
    """Contract 7: on an Actions runner the summary and five outputs are appended to what is there."""
    (tmp_path / "summary.md").write_text("before\n", encoding="utf-8")
    (tmp_path / "output").write_text("before=1\n", encoding="utf-8")
    told = report(event(title="Größe 東京"), open_=2, failed=[Failure("HTTP 403")])
    assert report_to_runner(told, runner(tmp_path)) == []
    assert (tmp_path / "summary.md").read_text("utf-8") == f"before\n{markdown.summary(told)}"
    assert outputs((tmp_path / "output").read_text("utf-8")) == {
        "before": "1",
        "changed": "true",
        "events": "1",
        "open": "2",
        "failed": "1",
        "message": "statuswatch: OpenAI new: Größe 東京",
    }


def test_a_calm_run_is_told_too(tmp_path: Path) -> None:
    """Contract 7: a run without events says so in the outputs: a workflow can rely on them."""
    report_to_runner(report(changed=False), runner(tmp_path))
    read = outputs((tmp_path / "output").read_text("utf-8"))
    assert (read["changed"], read["events"], read["open"], read["failed"]) == ("false", "0", "0", "0")


@searched
@given(hostile)
def test_outputs_cannot_be_forged(vendors: str) -> None:
    """Contract 7: whatever a vendor writes, there are five outputs of a line each, and the counts are ours."""
    with TemporaryDirectory() as folder:
        report_to_runner(report(hostile_event(f"x\nchanged=false\nevents<<EOF\n{vendors}")), runner(Path(folder)))
        read = outputs((Path(folder) / "output").read_bytes().decode())
    assert list(read) == ["changed", "events", "open", "failed", "message"]
    assert (read["changed"], read["events"]) == ("true", "1")


@pytest.mark.parametrize(("letter", "count"), [("x", 3000), ("漢", 3000), ("&", 300)])
def test_the_summary_is_bounded(letter: str, count: int) -> None:
    """Contract 7: the summary of 3,000 events with messages of 2,000 characters stays below the 1 MiB at which GitHub
    drops it whole, and says how many entries it left out; no matter how long a letter is once escaped.
    """
    told = (said("u1", "investigating", letter * 2000),)
    written = markdown.summary(report(*[event(told=told)] * count, failed=[Failure("HTTP 403")]))
    assert len(written.encode()) < 2**20
    left_out = re.search(r"(\d+) more event", written.rpartition("\n… ")[2])
    assert left_out
    assert written.count("**NEW**") + int(left_out[1]) == count
    assert f"{count} events" in written


def _is_a_folder(folder: Path) -> Path:
    return folder


def _has_no_folder(folder: Path) -> Path:
    return folder / "missing" / "file"


@pytest.mark.parametrize("place", [_is_a_folder, _has_no_folder])
@pytest.mark.parametrize("variable", ["GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"])
def test_a_file_that_cannot_be_written_is_a_remark(
    tmp_path: Path, variable: str, place: Callable[[Path], Path]
) -> None:
    """Contract 8: a run that is done stays done: what the runner's files refuse is said in words, and the other file
    is written all the same.
    """
    env = runner(tmp_path, **{variable: str(place(tmp_path))})
    (problem,) = report_to_runner(report(event()), env)
    assert variable in problem
    assert "cannot be written" in problem
    (other,) = (Path(env[it]) for it in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT") if it != variable)
    assert other.stat().st_size > 0


def test_a_runner_without_files_is_no_fault() -> None:
    """A runner that names no files, as local ones do, is told nothing and complains of nothing."""
    assert report_to_runner(report(event()), {"GITHUB_ACTIONS": "true"}) == []

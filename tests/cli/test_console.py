"""The console: an event as a person reads it, on any terminal."""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from statuswatch.cli.options import EventFormat
from statuswatch.cli.output import print_events
from statuswatch.errors import OutputError
from statuswatch.model.event import Change, Notification, PendingDelivery
from statuswatch.model.incident import Component, Impact, IncidentKind
from statuswatch.model.page import FailureClass, Page
from statuswatch.model.state import Failing
from statuswatch.render import console, notification, phrases, summary
from statuswatch.rules.page_failure import failing_event
from tests.support.sample_events import (
    ALL,
    CHAT,
    FIRST,
    NEW,
    NOW,
    OPENAI,
    RESOLVED,
    STYLE,
    UPDATED,
    at,
    event,
    hostile,
    hostile_event,
    printed,
    report,
    runner_commands,
    searched,
    shown,
    squashed,
    update,
)

if TYPE_CHECKING:
    from statuswatch.model.event import Event, EventKind

INDENT: Final = " " * 13
HEADLINE: Final = "🔴 NEW       [2025-11-03 14:32 UTC] Product: OpenAI - Chat Completions"
TITLE: Final = "             Slow answers · MAJOR · https://status.openai.com/incidents/01KK2T9T"
MAINTENANCE: Final = partial(
    event,
    unreported=(update("m1", "scheduled", "Reads go on."),),
    kind=IncidentKind.MAINTENANCE,
    impact=Impact.MAINTENANCE,
    title="Database upgrade",
    status="scheduled",
    scheduled_for=at("22:00:00"),
)


def test_new() -> None:
    """Contract 7.7: a new incident has three lines: product, title with impact and address, and the update."""
    assert shown(event()) == [
        HEADLINE,
        TITLE,
        "             investigating — We are investigating reports of slow answers.",
    ]


def test_several_updates() -> None:
    """Contract 7.7: of several updates each has its time, and the newest comes first."""
    unreported = (
        update("u2", "identified", "A bad deployment.", "14:40:05"),
        update("u3", "monitoring", "A fix.", "14:58:59"),
    )
    assert shown(event(UPDATED, Change.UPDATES, Change.STATUS, unreported=unreported, status="monitoring")) == [
        "🟡 UPDATED   [2025-11-03 14:58 UTC] Product: OpenAI - Chat Completions",
        TITLE,
        "             [14:58 UTC] monitoring — A fix.",
        "             [14:40 UTC] identified — A bad deployment.",
    ]


def test_updates_of_several_days() -> None:
    """Contract 7: an update of another day than the newest has its date."""
    yesterday = update("u1", "identified", "A bad deployment.")
    yesterday = msgspec.structs.replace(yesterday, created_at=yesterday.created_at - timedelta(days=1))
    lines = shown(event(UPDATED, unreported=(yesterday, FIRST)))
    assert lines[-1] == "             [2025-11-02 14:32 UTC] identified — A bad deployment."


def test_a_long_story_is_short() -> None:
    """Contract 7.7: the newest update has up to 500 characters, three earlier ones a line each, the others a count."""
    unreported = tuple(update(f"u{number}", "identified", f"{number} " + "word " * 300) for number in range(9))
    _, _, newest, *earlier, count = shown(event(UPDATED, unreported=unreported))
    assert newest.startswith(f"{INDENT}[14:32 UTC] identified — 8 word") and len(newest) < 600
    assert newest.endswith("more characters)")
    assert [line.split()[4] for line in earlier] == ["7", "6", "5"]
    assert all(len(line) == len(INDENT) + console.MAX_EARLIER and line.endswith("…") for line in earlier)
    assert count == f"{INDENT}and 5 earlier updates (--full prints everything)"


def test_a_long_story_on_a_terminal() -> None:
    """Contract 7: an earlier update has one line of the terminal, however narrow the terminal is."""
    unreported = tuple(update(f"u{number}", "identified", "word " * 300) for number in range(2))
    assert len([line for line in shown(event(unreported=unreported), width=60) if "identified" in line]) == 2
    assert all(cell_len(line) <= 60 for line in shown(event(unreported=unreported, url=""), width=60))


def test_full() -> None:
    """Contract 2.1: --full prints every update and every component."""
    unreported = tuple(update(f"u{number}", "identified", f"{number} " + "word " * 600) for number in range(9))
    many = tuple(Component(f"Service {number:03}") for number in range(113))
    headline, _, *updates = shown(event(unreported=unreported, components=many), full=True)
    assert len(updates) == 9 and "…" not in "".join(updates)
    assert headline.endswith("Service 111, Service 112")


def test_updated_without_an_update() -> None:
    """Contract 4, rule 9: a change that comes without an update is named, with the last update."""
    changed = event(UPDATED, Change.IMPACT, Change.TITLE, unreported=(), updates=(FIRST,), impact=Impact.CRITICAL)
    assert shown(changed) == [
        "🟡 UPDATED   [2025-11-03 14:32 UTC] Product: OpenAI - Chat Completions",
        "             Slow answers · CRITICAL · https://status.openai.com/incidents/01KK2T9T",
        "             investigating — We are investigating reports of slow answers.",
        "             Changed: impact, title",
    ]


def test_reopened() -> None:
    """Contract 4, rule 6: an incident that was over and is open again is shown as reopened."""
    unreported = (update("u5", "investigating", "It is back."),)
    assert shown(event(UPDATED, Change.REOPENED, unreported=unreported))[-2:] == [
        "             investigating — It is back.",
        "             Changed: reopened",
    ]


def test_resolved() -> None:
    """Contract 7: an incident that is over is green, with the vendor's last update."""
    unreported = (update("u4", "resolved", "All requests succeed again.", "14:59:00"),)
    assert shown(event(RESOLVED, Change.STATUS, unreported=unreported, status="resolved")) == [
        "🟢 RESOLVED  [2025-11-03 14:59 UTC] Product: OpenAI - Chat Completions",
        TITLE,
        "             resolved — All requests succeed again.",
    ]


def test_missed() -> None:
    """Contract 4, rule 3: an incident that came and went between two runs has all its updates, and a remark."""
    unreported = (FIRST, update("u2", "resolved", "Fixed.", "14:45:00"))
    assert shown(event(RESOLVED, Change.MISSED, unreported=unreported, status="resolved")) == [
        "🟢 RESOLVED  [2025-11-03 14:45 UTC] Product: OpenAI - Chat Completions",
        TITLE,
        "             [14:45 UTC] resolved — Fixed.",
        "             [14:32 UTC] investigating — We are investigating reports of slow answers.",
        "             It began and ended between two runs.",
    ]


def test_withdrawn() -> None:
    """Contract 4, rule 12: a withdrawn incident is shown as that, with its last status, and never as resolved."""
    assert shown(event(RESOLVED, Change.WITHDRAWN, unreported=())) == [
        "⚪ WITHDRAWN BY THE VENDOR [2025-11-03 14:32 UTC] Product: OpenAI - Chat Completions",
        TITLE,
        "             investigating — this was the last status; the vendor removed the incident from the page",
    ]


def test_delisted() -> None:
    """Contract 4, rule 11: what a list of open incidents lists no more is shown as that, and never as resolved."""
    assert shown(event(RESOLVED, Change.DELISTED, unreported=())) == [
        "⚪ NO LONGER LISTED [2025-11-03 14:32 UTC] Product: OpenAI - Chat Completions",
        TITLE,
        "             investigating — this was the last status; the vendor no longer lists the incident as open",
    ]


def test_page_that_cannot_be_read() -> None:
    """Contract 5: a page that failed at every read for an hour is an incident without an impact."""
    failing = Failing(at("10:05:00"), "HTTP 403", failure_class=FailureClass.FORBIDDEN)
    headline, title, *_ = shown(failing_event(OPENAI, failing, NEW, NOW))
    assert headline == "🔴 NEW       [2025-11-03 10:05 UTC] Product: OpenAI - status page"
    assert title.startswith(f"{INDENT}OpenAI's status page cannot be read: HTTP 403")
    assert title.endswith(" · https://status.openai.com")


def test_pages_that_fail_alike() -> None:
    """Contract 5: a shared incident names up to three of its pages, and has an address only where there is one."""
    names = [f"Vendor {number}" for number in range(40)]
    shared = event(
        page=Page(key="platform:statuspage", name="Statuspage", url=""),
        kind=IncidentKind.PAGE,
        title="Statuspage: 40 of 40 watched pages cannot be read (HTTP 503) since 03:32 UTC",
        url="",
        impact=Impact.UNKNOWN,
        components=tuple(Component(name) for name in names),
        pages=tuple(names),
        unreported=(),
    )
    headline, title, *_ = shown(shared)
    assert headline.endswith("Product: Statuspage - Vendor 0, Vendor 1, Vendor 2 and 37 more")
    assert title == f"{INDENT}Statuspage: 40 of 40 watched pages cannot be read (HTTP 503) since 03:32 UTC"


def test_maintenance_with_its_schedule() -> None:
    """Contract 7: maintenance is 🔧, with its schedule, to its end where the vendor states one."""
    assert shown(MAINTENANCE(scheduled_until=at("23:30:00"))) == [
        "🔧 NEW       [2025-11-03 14:32 UTC] Product: OpenAI - Chat Completions",
        "             Database upgrade · MAINTENANCE · scheduled for 2025-11-03 22:00 to 23:30 UTC"
        " · https://status.openai.com/incidents/01KK2T9T",
        "             scheduled — Reads go on.",
    ]
    tomorrow = at("01:00:00") + timedelta(days=1)
    assert "for 2025-11-03 22:00 UTC to 2025-11-04 01:00 UTC ·" in shown(MAINTENANCE(scheduled_until=tomorrow))[1]
    assert "· scheduled for 2025-11-03 22:00 UTC ·" in shown(MAINTENANCE())[1]


@pytest.mark.parametrize("changes", [(), (Change.DELISTED,), (Change.WITHDRAWN,)])
@pytest.mark.parametrize("happened", [NEW, UPDATED, RESOLVED])
def test_maintenance_is_never_red(happened: EventKind, changes: tuple[Change, ...]) -> None:
    """Contract 7.7: whatever happens to a maintenance, its sign is 🔧 and its end is no resolution."""
    entry = MAINTENANCE(happened, *changes)
    assert shown(entry)[0].startswith("🔧 ") and "RESOLVED" not in shown(entry)[0]
    assert phrases.label(entry) is phrases.Label.MAINTENANCE
    assert "\x1b[31" not in printed(entry, width=80) and "\x1b[1;31" not in printed(entry, width=80)


@pytest.mark.parametrize("happened", [NEW, UPDATED, RESOLVED])
def test_a_notification_of_a_maintenance_is_never_red(happened: EventKind) -> None:
    """Contract 7: sinks too show a maintenance as 🔧, in a colour of its own, alone and in a digest."""
    delivery = PendingDelivery(MAINTENANCE(happened), NOW)
    content = notification.notification_text(delivery)
    assert content.headline.startswith("🔧 ")
    assert content.colour == notification.COLOURS[phrases.Label.MAINTENANCE]
    digest = Notification((delivery, PendingDelivery(event(), NOW), delivery))
    assert notification.digest_headline(digest) == "3 events at once: 🔴 1 🔧 2"


def test_what_is_not_stated() -> None:
    """Contract 7.12: where the vendor states no component or impact the text says so, and never "Unknown Product"."""
    bare = event(components=(), impact=Impact.UNKNOWN, unreported=(update("u1", "investigating", ""),))
    assert shown(bare) == [
        "🔴 NEW       [2025-11-03 14:32 UTC] Product: OpenAI - not stated",
        "             Slow answers · impact not stated · https://status.openai.com/incidents/01KK2T9T",
        "             investigating",
    ]


def test_several_components() -> None:
    """Contract 7.7: up to three components are named, and of two with one name each has its group."""
    parts = (CHAT, Component("Login", "API"), Component("Login", "ChatGPT"))
    assert shown(event(components=parts))[0] == (
        "🔴 NEW       [2025-11-03 14:32 UTC] Product: OpenAI - Chat Completions, API - Login, ChatGPT - Login"
    )


def test_very_many_components() -> None:
    """Contract 7.7: of more than three components the others are counted; AWS listed 113 of one event."""
    many = tuple(Component(f"Service {number:03}") for number in range(113))
    assert shown(event(components=many))[0].endswith("Service 000, Service 001, Service 002 and 110 more")


def test_what_passes_a_filter_unstated() -> None:
    """Contract 3.5 and 7.12: an event that passes the filter on components only because none is stated has a remark."""
    page = msgspec.structs.replace(OPENAI, components=("API*",))
    assert shown(event(page=page, components=()))[-1].strip() == phrases.NO_COMPONENT_STATED
    stated = [*shown(event(page=page)), *shown(event(components=()))]
    assert not [line for line in stated if phrases.NO_COMPONENT_STATED in line]


def test_an_end_that_no_vendor_stated() -> None:
    """Contract 7.7: an expired incident is not called resolved, neither on the console nor in a commit."""
    quiet = update("u2", "expired", "Nothing new in 14 days; no end was stated.")
    expired = event(RESOLVED, Change.STATUS, unreported=(quiet,), status="expired")
    assert shown(expired)[0].startswith("⚪ NO END STATED")
    assert not any("RESOLVED" in line for line in shown(expired))
    message = summary.commit_message(report(expired))
    assert "no end stated" in message and "resolved" not in message


def test_several_events() -> None:
    """Contract 7: events follow one another in their order, with nothing between them or after the last."""
    assert shown(event(), event(RESOLVED)) == [*shown(event()), *shown(event(RESOLVED))]
    assert printed() == ""


def test_piped_paragraphs_are_never_wrapped() -> None:
    """Contract 2.2: into a pipe each paragraph is one line, however long, line ends of the vendor included."""
    body = "\n".join(["word " * 10] * 9)
    lines = shown(event(title="A long title " * 30, unreported=(update("u1", "investigating", body),)))
    assert len(lines) == 3
    assert lines[2] == f"{INDENT}investigating — {' '.join(body.split())}"


def test_a_very_long_message_says_how_much_is_left_out() -> None:
    """Contract 7: the newest update has 500 characters, and the number of those that are left out."""
    (_, _, status) = shown(event(unreported=(update("u1", "investigating", "x" * 5000),)))
    assert status == f"{INDENT}investigating — {'x' * 500}… (and 4500 more characters)"


def test_40_columns() -> None:
    """A narrow terminal wraps between words, and an address that is too long stays whole."""
    assert shown(event(), width=40) == [
        "🔴 NEW       [2025-11-03 14:32 UTC]",
        "             Product: OpenAI - Chat",
        "             Completions",
        "             Slow answers · MAJOR ·",
        "             https://status.openai.com/incidents/01KK2T9T",
        "             investigating — We are",
        "             investigating reports of",
        "             slow answers.",
    ]


def test_20_columns() -> None:
    """Even where there is room for seven characters, no word is cut."""
    assert shown(event(unreported=(update("u1", "identified", "A bad deploy of 12."),)), width=20) == [
        "🔴 NEW",
        "             [2025-11-03",
        "             14:32",
        "             UTC]",
        "             Product:",
        "             OpenAI",
        "             - Chat",
        "             Completions",
        "             Slow",
        "             answers",
        "             · MAJOR",
        "             ·",
        "             https://status.openai.com/incidents/01KK2T9T",
        "             identified",
        "             — A bad",
        "             deploy",
        "             of 12.",
    ]


def test_wide_characters_count_twice() -> None:
    """Width is measured in terminal cells: a Chinese character or an emoji takes two of them."""
    body = "服务 已经 恢复 正常 谢谢 🔥🔥 ok 您的 耐心 等待 服务 恢复 正常"
    lines = shown(event(title="延迟 升高", unreported=(update("u1", "resolved", body),)), width=40)
    assert lines[3:] == [
        "             延迟 升高 · MAJOR ·",
        "             https://status.openai.com/incidents/01KK2T9T",
        "             resolved — 服务 已经 恢复",
        "             正常 谢谢 🔥🔥 ok 您的 耐心",
        "             等待 服务 恢复 正常",
    ]


def test_colours_on_a_terminal_only() -> None:
    """Contract 2.2: a terminal gets colours, a bold title and a coloured impact; a pipe nothing but text."""
    assert "\x1b[1;31mNEW" in printed(event(), width=80)
    assert "\x1b[1;33mUPDATED" in printed(event(UPDATED), width=80)
    assert "\x1b[1;32mRESOLVED" in printed(event(RESOLVED), width=80)
    assert "\x1b[1;34mNEW" in printed(MAINTENANCE(), width=80)
    assert "\x1b[1mSlow answers\x1b[0m · \x1b[31mMAJOR\x1b[0m" in printed(event(), width=200)
    assert "\x1b" not in printed(event(), event(UPDATED), event(RESOLVED))


def test_no_color() -> None:
    """With NO_COLOR a terminal gets the same lines without any colour."""
    events = (event(), event(UPDATED), event(RESOLVED))
    plain = printed(*events, width=80, no_color=True)
    assert {number for codes in STYLE.findall(plain) for number in codes.split(";")} <= {"", "0", "1", "2", "22"}
    assert STYLE.sub("", plain).split() == printed(*events).split()


@pytest.mark.parametrize("output", EventFormat)
def test_a_closed_pipe_rejects_events(monkeypatch: pytest.MonkeyPatch, output: EventFormat) -> None:
    """Contract 8, code 5: a reader that went away did not accept the events: exit 5, so that they are kept, and not
    1.
    """
    reading, writing = os.pipe()
    os.close(reading)
    pipe = os.fdopen(writing, "w", encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", pipe)
    try:
        with pytest.raises(OutputError):
            print_events((event(),), NOW, output)
    finally:
        if sys.stdout is not pipe:  # it was replaced, so that nothing fails again at exit
            sys.stdout.close()
        with suppress(OSError):
            pipe.close()


def expected(entry: Event) -> str:
    """Return the text that the console shows of an event, but for white space."""
    (part,) = entry.incident.components
    statuses = "".join(f"[14:32 UTC] {update.status} — {update.body}" for update in reversed(entry.updates))
    return squashed(
        f"🔴 NEW [2025-11-03 14:32 UTC] Product: {entry.page.name} - {part.group} - {part.name}"
        f"{entry.incident.title} · MAJOR · {entry.incident.url}{statuses}"
    )


@searched
@given(hostile, st.sampled_from([None, 20, 40, 80, 200]))
@example(ALL, None)
@example(ALL, 40)
def test_console_shows_vendor_text_as_it_is(vendor_text: str, width: int | None) -> None:
    """Contract 7.10: the visible characters are the vendor's; no markup and no escape sequence of theirs is there."""
    entry = hostile_event(vendor_text)
    raw = printed(entry, width=width, full=True)
    visible = STYLE.sub("", raw)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", visible)
    assert squashed(visible) == expected(entry)
    assert width is not None or raw == visible


@searched
@given(hostile, st.sampled_from([None, 20, 40, 80, 200]))
@example(ALL, None)
@example(ALL, 20)
@example("one :::error::two", 20)
def test_console_gives_a_runner_no_command(vendor_text: str, width: int | None) -> None:
    """Contract 7.10: no line of the console is a workflow command, wherever it was wrapped or cut."""
    for full in (False, True):
        assert runner_commands(STYLE.sub("", printed(hostile_event(vendor_text), width=width, full=full))) == []


@searched
@given(hostile, st.sampled_from([20, 40, 80]))
@example(ALL, 20)
def test_wrapping_cuts_nothing(vendor_text: str, width: int) -> None:
    """On a terminal the words are those of the piped output, and lines are as wide as the terminal at most.

    A line of one word may be wider. All lines but the first begin in the same column.
    """
    entry = hostile_event(vendor_text)
    lines = shown(entry, width=width, full=True)
    assert " ".join(lines).split() == " ".join(shown(entry, full=True)).split()
    assert all(re.match(rf"{INDENT}\S", line) for line in lines[1:])
    assert [line for line in lines if cell_len(line) > width and len(line.split(" ")) - len(INDENT) > 1] == []

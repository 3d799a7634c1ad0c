"""The step summary: vendor text is inert in GitHub's Markdown."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import example, given
from markdown_it import MarkdownIt

from statuswatch.model.report import OpenCounts
from statuswatch.render import markdown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

from tests.support.markdown_reader import GITHUB_FINDS
from tests.support.sample_events import (
    ALL,
    event,
    failure,
    hostile,
    hostile_event,
    hostile_lines,
    report,
    searched,
    squashed,
    update,
)


def parser() -> MarkdownIt:
    """Return a parser near to GitHub's: with autolinks, where the optional package for them is installed."""
    if find_spec("linkify_it"):
        return MarkdownIt("gfm-like")
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


PARSER: Final = parser()


OWN_ADDRESS: Final = "(<https://status.openai.com/incidents/01KK2T9T>)"


def flat(tokens: Sequence[Token]) -> list[Token]:
    return [leaf for token in tokens for leaf in (token.children or [token] if token.type == "inline" else [token])]


def structure(source: str) -> list[tuple[str, str, object]]:
    """Return everything that Markdown makes of it but the text."""
    return [
        (token.type, token.content if token.type == "html_inline" else "", token.attrGet("href"))
        for token in flat(PARSER.parse(source))
        if token.type != "text"
    ]


def visible(source: str) -> str:
    """Return the text that a reader sees."""
    return "".join(token.content for token in flat(PARSER.parse(source)) if token.type == "text")


def hostile_summary(vendor_text: str) -> str:
    """Return the summary of a run in which a page failed as well, with the same text."""
    entry = hostile_event(vendor_text)
    return markdown.summary(report(entry, failures=[failure(entry.incident.title)]))


def found_by_github(plain: str) -> list[str]:
    return [match[0] for pattern in GITHUB_FINDS for match in re.finditer(pattern, plain)]


def test_summary() -> None:
    """Contract 7.9: the summary has every event with a link to it, every page that failed, and the counts."""
    opened = OpenCounts(incidents=2, in_progress=1, scheduled=1)
    written = markdown.summary(
        report(event(), failures=[failure("HTTP 403", "https://x.example", "look at it")], opened=opened)
    )
    assert visible(written).replace("\u2060", "") == (
        "statuswatch"
        "🔴 NEW 2025-11-03 14:32 UTC · OpenAI - Chat Completions"
        "Slow answers · major"
        "investigating — We are investigating reports of slow answers."
        "⚠️ openai failed: HTTP 403 (https://x.example): look at it"
        "1 of 2 pages read · 1 event · 2 open · 1 maintenance in progress · 1 scheduled · 1 page unknown"
        " · largest delay 28 min · state written"
    )
    marks = [token for token in structure(written) if token[0] in {"link_open", "heading_open", "html_inline"}]
    assert marks == [
        ("heading_open", "", None),
        ("html_inline", "<br>", None),
        ("link_open", "", "https://status.openai.com/incidents/01KK2T9T"),
    ]


def test_failures_alike_share_a_line() -> None:
    """Contract 7.9: pages that failed for the same reason are one line of the summary."""
    written = visible(
        markdown.summary(report(failures=[failure("HTTP 403"), failure("HTTP 403"), failure("HTTP 500")]))
    )
    assert "⚠️ 2 pages failed: HTTP 403 (openai, openai)⚠️ openai failed: HTTP 500" in written.replace("\u2060", "")


@searched
@given(hostile)
@example(ALL)
def test_markdown_is_made_of_our_marks_only(vendor_text: str) -> None:
    """Contract 7.10: whatever vendors write, a summary has the structure that it has for plain words. There is no
    HTML, link, image, code, heading, table or emphasis of theirs.
    """
    assert structure(hostile_summary(vendor_text)) == structure(hostile_summary("x"))


@searched
@given(hostile)
@example(ALL)
def test_markdown_shows_vendor_text_as_it_is(vendor_text: str) -> None:
    """Contract 7.10: a reader of the summary sees the vendor's text, character for character."""
    entry = hostile_event(vendor_text)
    (part,) = entry.incident.components
    title = entry.incident.title
    assert squashed(visible(hostile_summary(vendor_text))) == squashed(
        f"statuswatch 🔴 NEW 2025-11-03 14:32 UTC · {entry.page.name} - {part.group} - {part.name}{title} · major"
        + "".join(f"{update.status} — {update.body}" for update in entry.updates)
        + f"⚠️ openai failed: {title}"
        "1 of 2 pages read · 1 event · 0 open · 1 page unknown · largest delay 28 min · state written"
    )


@searched
@given(hostile)
@example(ALL)
def test_github_finds_nothing_in_markdown(vendor_text: str) -> None:
    """Contract 7.10: GitHub finds no mention, reference or address in vendor text, neither in source nor when
    rendered.
    """
    written = hostile_summary(vendor_text).replace(OWN_ADDRESS, "")
    assert found_by_github(written) == []
    assert found_by_github(visible(written)) == []


@searched
@given(hostile_lines)
@example("a :fire: and a :+1:")
def test_github_finds_no_emoji_in_markdown(vendor_text: str) -> None:
    """Contract 7.10: a `:fire:` of the vendor stays these six characters; GitHub replaces such names after
    rendering.
    """
    assert re.findall(r":[a-z0-9_+-]+:", visible(markdown.text(vendor_text))) == []


@pytest.mark.parametrize(("letter", "count"), [("x", 3000), ("漢", 3000), ("&", 300)])
def test_the_summary_is_bounded(letter: str, count: int) -> None:
    """Contract 7.9: the summary of 3,000 long events stays below the 1 MiB at which GitHub drops it whole. It names
    the number of events that are left out, no matter how long a letter is once escaped.
    """
    unreported = (update("u1", "investigating", letter * 2000),)
    failures = [failure(f"HTTP {number}", "https://x.example/" + letter * 300) for number in range(900)]
    written = markdown.summary(report(*[event(unreported=unreported)] * count, failures=failures))
    assert len(written.encode()) < 2**20
    left_out = re.search(r"(\d+) more event", written.partition("\n… ")[2])
    assert left_out
    assert written.count("**NEW**") + int(left_out[1]) == count
    assert f"{count} events" in written and "and 700 more failures" in written


def test_an_address_holds_no_workflow_command() -> None:
    """7.10: an address is no place for a command of the runner, and stays one that leads where the vendor says."""
    assert markdown.address("https://acme.example/a#b##[error]x") == "https://acme.example/a#b##%5Berror]x"
    assert markdown.address("https://[::1]/<a b>") == "https://[::1]/%3Ca%20b%3E"

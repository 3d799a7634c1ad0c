"""The run in words: closing line, remarks on pages, and the subject of a commit."""

from __future__ import annotations

import re
from typing import Final

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from statuswatch import text
from statuswatch.model.event import Change
from statuswatch.model.page import RequestNote
from statuswatch.model.report import OpenCounts, PageNotes, PageOutcome, RunReport
from statuswatch.render import summary
from tests.support.hostile_text import SPLICES
from tests.support.markdown_reader import GITHUB_FINDS
from tests.support.sample_events import (
    ALL,
    NOW,
    OPENAI,
    RESOLVED,
    event,
    failure,
    hostile_lines,
    report,
    runner_commands,
    searched,
    squashed,
)


@searched
@given(hostile_lines)
@example(text.line(ALL))
@example(":::error::")
def test_remarks_give_a_runner_no_command(reason: str) -> None:
    """Contract 7.10: stderr has a line for each remark, plain text without a workflow command."""
    notes = PageNotes(suspicion=reason, found=(reason,), losses=(reason,), skipped=(reason,))
    outcome = PageOutcome(page=OPENAI, failure=failure(reason, "https://status.openai.com", reason), notes=notes)
    lines = [*summary.failure_lines([outcome]), *summary.page_lines(outcome, verbose=True)]
    assert len(lines) == 6
    assert [squashed(reason) in squashed(line) for line in lines].count(True) >= 5
    assert [line.splitlines() for line in lines] == [[line] for line in lines]
    assert runner_commands("\n".join(lines)) == []
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(lines))


def test_closing_line() -> None:
    """Contract 7.7: the closing line counts as `status` does, in one line."""
    opened = OpenCounts(incidents=2, in_progress=1, scheduled=1)
    assert summary.closing_line(report(event(), opened=opened, failures=[failure()])) == (
        "1 of 2 pages read · 1 event · 2 open · 1 maintenance in progress · 1 scheduled · 1 page unknown"
        " · largest delay 28 min · state written"
    )
    assert summary.closing_line(report(changed=False)) == "1 of 1 page read · 0 events · 0 open"


def test_a_baseline() -> None:
    """Contract 4, rule 1: after a first read the closing line counts the open ones."""
    first = PageOutcome(page=OPENAI, dirty=True, is_baseline=True, open=OpenCounts(incidents=3))
    run = RunReport(detected_at=NOW, pages=(first,), events=(), changed=True)
    assert "baseline: 3 open" in summary.closing_line(run)
    assert summary.commit_message(run) == "statuswatch: baseline of 1 page, 3 open"


def test_failures_alike_share_a_line() -> None:
    """Contract 7: pages that failed for the same reason share a line that names some of them, unless verbose."""
    down = failure("no connection: network is unreachable", "https://p.example", "check the network")
    pages = [msgspec.structs.replace(OPENAI, key=f"p{number}") for number in range(10)]
    outcomes = [PageOutcome(page=page, failure=down) for page in pages]
    moved = msgspec.structs.replace(down, suggested_config='url = "https://q.example" in [page.q]')
    outcomes.append(PageOutcome(page=msgspec.structs.replace(OPENAI, key="q"), failure=moved))
    assert summary.failure_lines(outcomes) == [
        "10 pages failed: no connection: network is unreachable (p0, p1, p2, p3, p4, p5, p6, p7 and 2 more):"
        " check the network",
        "q failed: no connection: network is unreachable (https://p.example):"
        ' set url = "https://q.example" in [page.q]',
    ]
    assert len(summary.failure_lines(outcomes, verbose=True)) == 11


def test_verbose() -> None:
    """Contract 2: -v has the platform of a page, and each request with status, bytes, seconds and validators."""
    requests = (
        RequestNote("incidents.json", "HTTP 200", 12_345, 0.123, conditional=False),
        RequestNote("summary.json", "HTTP 304", 0, 0.05, conditional=True),
        *[RequestNote("feed", "HTTP 404", 0, 0.01, conditional=False)] * 10,
    )
    page = msgspec.structs.replace(OPENAI, platform="incidentio")
    outcome = PageOutcome(page=page, notes=PageNotes(requests=requests), open=OpenCounts(incidents=1))
    lines = summary.page_lines(outcome, verbose=True)
    assert lines[:3] == [
        "openai: incidentio · 1 open",
        "openai: incidents.json: HTTP 200 · 12.3 kB · 0.12 s",
        "openai: summary.json: HTTP 304 · 0.05 s · validators sent",
    ]
    assert lines[-1] == "openai: 4 more requests; `statuswatch inspect` lists all of them"
    assert summary.page_lines(outcome, verbose=False) == []


COMMIT_DOES: Final = (
    *GITHUB_FINDS,
    r"(?i)\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]",
    r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w.-]+/[\w.-]+)?#\d",
    r"(?i)\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:https?://|gh-\d)",
    r"(?i)https?://github\.com",
)


def test_message() -> None:
    """Contract 7.9: the message is one line with the events, fit to be a commit's subject."""
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
@given(st.lists(st.tuples(hostile_lines, hostile_lines), min_size=1, max_size=4))
@example([("fixes", "#1"), ("resolves", "o/r#1"), ("closes", "GH-1"), ("fix", "https://github.com/o/r/issues/1")])
@example([("[skip", "ci]"), ("@user", "a@b.example"), ("x", "_www.evil.example"), ("x", "_GH-1")])
@example([("x", text.line(splice)) for splice in SPLICES[:4]])
def test_a_commit_message_does_nothing(named: list[tuple[str, str]]) -> None:
    """Contract 7.9 and 7.10: a commit message is one bounded line that mentions nobody, closes nothing and skips no
    workflow.
    """
    events = [event(page=msgspec.structs.replace(OPENAI, name=page), title=title) for page, title in named]
    message = summary.commit_message(report(*events))
    assert message.startswith("statuswatch: ")
    assert message.splitlines() == [message]
    assert len(message) <= summary.MAX_SUBJECT
    assert [match[0] for pattern in COMMIT_DOES for match in re.finditer(pattern, message)] == []

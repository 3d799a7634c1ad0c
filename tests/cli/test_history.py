"""`history` and `status --at`: what is known of the past, and what is not."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import pytest

from statuswatch import text
from statuswatch.history.coverage import gaps
from statuswatch.history.fold import fold_events
from statuswatch.history.moment import statuses_at
from statuswatch.model.event import Change, EventKind
from statuswatch.model.history import Coverage, Span
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.model.report import PageStatus, PageView
from statuswatch.model.state import PageState
from statuswatch.render import history as rendered
from tests.support.archive_lines import ACME, archived, minute, update
from tests.support.fake_vendor import incident
from tests.support.hostile_text import ALL_SPLICES

if TYPE_CHECKING:
    from tests.support.workspace import Completed, Workspace

NEW, UPDATED, RESOLVED = EventKind
BEGINNING: Final = archived(NEW, 5, update(1, "investigating", "Looking."), impact=Impact.MAJOR)
END: Final = archived(RESOLVED, 65, update(60, "resolved"), changes=(Change.STATUS,), impact=Impact.MAJOR)


def with_history(workspace: Workspace) -> None:
    """Let an incident begin and another end, with an archive."""
    workspace.watch("acme", top='history = "history"')
    workspace.check()
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating", "resolved"))
    workspace.check()


def rows(completed: Completed) -> list[dict[str, Any]]:
    assert completed.code == 0, completed
    return [json.loads(line) for line in completed.out.splitlines()]


def test_incidents_of_the_archive(workspace: Workspace) -> None:
    """Contract 6.15: `history` prints each incident folded from its events; no page is read."""
    with_history(workspace)
    requests = len(workspace.vendor.requests)
    first, second = rows(workspace.run("history", "--format", "jsonl"))
    assert {first["id"], second["id"]} == {"a0", "a1"}
    by_id = {row["id"]: row for row in (first, second)}
    assert by_id["a0"]["end"] and by_id["a0"]["status"] == "resolved" and by_id["a1"]["end"] is None
    assert by_id["a1"]["update_count"] == 1 and by_id["a1"]["schema"] == 1
    shown = workspace.run("history").out
    assert "still open" in shown and "2 incidents" in shown
    table = list(csv.DictReader(io.StringIO(workspace.run("history", "--format", "csv").out)))
    assert {row["id"] for row in table} == {"a0", "a1"} and "updates" not in table[0]
    assert rows(workspace.run("history", "--format", "jsonl", "--kind", "maintenance")) == []
    assert rows(workspace.run("history", "--format", "jsonl", "--min-impact", "critical")) == []
    assert len(workspace.vendor.requests) == requests


def test_what_is_not_covered(workspace: Workspace) -> None:
    """Contract 6.14 and 6.15: a range that the archive does not cover is reported as not covered: on stdout for people,
    else on stderr.
    """
    with_history(workspace)
    shown = workspace.run("history", "--since", "7d").out
    assert "not covered: " in shown and "(Acme)" in shown and "1 page not covered in full" in shown
    shown = workspace.run("history", "openai").out
    assert "not covered: never read until " in shown and "0 incidents · 1 page not covered in full" in shown
    completed = workspace.run("history", "--since", "7d", "--format", "jsonl")
    assert "not covered: " in completed.err and "not covered" not in completed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("history", "--since", "yesterday"), "--since: 'yesterday' is no time"),
        (("history", "--since", "1h", "--until", "2h"), "--since is later than --until"),
        (("status", "--at", "1h", "--fail-on", "major"), "--at cannot be combined with --fail-on"),
        (("status", "--at", "1h", "--record", "file"), "--at cannot be combined with --record"),
        (("status", "--at", "2999-01-01"), "--at is in the future"),
    ],
)
def test_contradictions(workspace: Workspace, arguments: tuple[str, ...], message: str) -> None:
    """Contract 2.3: what contradicts itself is exit 2: no past moment is a gate for a deploy, and no page is read."""
    workspace.watch("acme", top='history = "history"')
    completed = workspace.run(*arguments)
    assert completed.code == 2 and message in completed.err


@pytest.mark.parametrize("arguments", [("history",), ("status", "--at", "1h")])
def test_no_archive(workspace: Workspace, arguments: tuple[str, ...]) -> None:
    """Contract 8, code 2: without an archive there is no answer, and the error says how to keep one."""
    completed = workspace.run(*arguments)
    assert completed.code == 2 and "no archive is kept" in completed.err and 'set history = "history"' in completed.err


def test_a_past_moment(workspace: Workspace) -> None:
    """Contract 6.15: `status --at T` answers from archive and state; a page that was not watched then is unknown,
    never fine.
    """
    with_history(workspace)
    now = datetime.now(UTC)
    answer = json.loads(workspace.run("status", "--at", "2020-01-01", "--format", "json").out)
    assert [page["key"] for page in answer["unknown"]] == ["acme"] and answer["incidents"] == []
    assert "it is covered from" in answer["unknown"][0]["reason"] and answer["at"] == "2020-01-01T00:00:00Z"
    shown = workspace.run("status", "--at", "2020-01-01").out
    assert "1 page unknown" in shown and "All clear" not in shown
    assert str(now.year) in shown and "as of 2020-01-01 00:00 UTC" in shown


def test_an_incident_of_a_moment_that_is_not_covered(workspace: Workspace) -> None:
    """2: what other times tell of an uncovered moment is marked in words of the past: nothing of it is present."""
    with_history(workspace)
    shown = workspace.run("status", "--at", "2025-06-01").out  # before the first read, but the incident was open then
    assert "Trouble a1" in shown and "As far as other times tell: the state at this time is unknown" in shown
    assert "present" not in shown and "last good read" not in shown


def viewed() -> PageView:
    state = PageState(url=ACME.url, platform="statuspage", baseline=minute(0), watched_since=minute(0))
    return PageView(PageStatus(page=ACME), state, None, minute(600))


def test_what_was_open_at_a_moment() -> None:
    """Contract 6.15: open then, with the status and the message of then; a page that could not be read is unknown."""
    plan: dict[str, Any] = {"kind": IncidentKind.MAINTENANCE, "id": "m", "scheduled_for": minute(200)}
    planned = archived(NEW, 5, update(1, "scheduled"), **plan)
    hole: dict[str, Any] = {"kind": IncidentKind.PAGE, "id": "p", "created_at": minute(300), "title": "Unreadable"}
    failing = archived(NEW, 370, update(300, "failing"), **hole)
    again = archived(RESOLVED, 400, update(400, "resolved"), changes=(Change.STATUS,), **hole)
    incidents = fold_events([BEGINNING, END, planned, failing, again])

    def at(time: float) -> tuple[list[tuple[str, str]], str]:
        (status,) = statuses_at(minute(time), [viewed()], incidents)
        return [(key, record.status) for key, record in sorted(status.open.items())], status.unknown

    assert at(30) == ([("i1", "investigating"), ("m", "scheduled")], "")
    assert at(60) == ([("m", "scheduled")], "")
    assert at(350) == ([("m", "scheduled")], "Unreadable")
    assert at(400)[1] == ""
    assert at(601)[1].startswith("not covered: it is covered from 2026-03-07 09:00 UTC to 2026-03-07 19:00 UTC")
    assert at(-1)[1].startswith("not covered")


def test_the_lines_of_an_incident() -> None:
    """2: begin, duration, impact, components, number of updates, and what was edited later."""
    edit = archived(UPDATED, 900, update(60, "resolved", "A cause."), changes=(Change.EDITED,), impact=Impact.MAJOR)
    lines = rendered.render(fold_events([BEGINNING, END, edit]), {}, None)
    assert [line.plain for line in lines] == [
        "🔴 MAJOR     [2026-03-07 09:00 UTC, for 1 h] Acme - API",
        "             Down · https://status.acme.example/i1",
        "             2 updates · resolved · 1 text edited, 1 after the end",
        "1 incident",
    ]


def test_pages_share_a_line_of_what_is_not_covered() -> None:
    """2: what is not covered is one line for all pages that it is alike for."""
    span = gaps(Coverage(), minute(0), minute(60))
    assert rendered.gap_lines({"Acme": span, "Bolt": span, "Cog": (Span(minute(5), minute(9)),)}) == [
        "not covered: 2026-03-07 09:00 to 10:00 UTC (Acme, Bolt)",
        "not covered: 2026-03-07 09:05 to 09:09 UTC (Cog)",
    ]


HOSTILE: Final = ("=1+1", "+1", "-1", "@SUM(A1)", "::error::x", "##[error]x", text.line(ALL_SPLICES))


@pytest.mark.parametrize("title", HOSTILE)
def test_cells_are_inert(title: str) -> None:
    """Contract 7.10: vendor text is no formula of a spreadsheet, no command of a runner, and breaks no row."""
    event = archived(NEW, 5, update(1, "investigating"), title=title, page=Page(key="acme", name=title, url=""))
    incidents = fold_events([event])
    (row,) = csv.DictReader(io.StringIO(rendered.as_csv(incidents)))
    assert not row["title"].startswith(("=", "+", "-", "@")) and row["id"] == "i1"
    assert not any(line.startswith("::") or "##[" in line for line in rendered.as_csv(incidents).splitlines())
    (line,) = rendered.jsonl(incidents)
    assert line.count("\n") == 1 and "##[" not in line
    assert json.loads(line)["title"] == title
    assert not any("##[" in part.plain for part in rendered.render(incidents, {}, 80))

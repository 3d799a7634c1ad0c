"""`pipeline.read_views`: all that the lists of the pages show, without a report; incidents of a list as the past."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from statuswatch.config.load import load_config
from statuswatch.model.history import end_of, listed_incident
from statuswatch.model.incident import Impact, Incident, IncidentUpdate
from statuswatch.model.page import Page
from statuswatch.pipeline import read_views, run_of

if TYPE_CHECKING:
    from tests.support.workspace import Workspace

START = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)


def update(minute: int, status: str) -> IncidentUpdate:
    moment = START + timedelta(minutes=minute)
    return IncidentUpdate(f"u{minute}", status, "…", moment, moment - timedelta(minutes=minute and 3))


def incident(*updates: IncidentUpdate) -> Incident:
    return Incident(
        id="i1",
        title="Down",
        status=updates[-1].status,
        impact=Impact.MAJOR,
        url="https://a.example",
        created_at=START,
        position=START,
        updates=updates,
    )


def test_the_end_is_the_closing_update() -> None:
    """Section 4, the end: a postmortem after the closing update does not move it; a reopening does."""
    later = incident(update(0, "investigating"), update(40, "resolved"), update(90, "postmortem"))
    assert end_of(later) == START + timedelta(minutes=40)
    reopened = incident(update(0, "resolved"), update(40, "investigating"), update(90, "resolved"))
    assert end_of(reopened) == START + timedelta(minutes=90)


def test_an_open_incident_has_no_end() -> None:
    """Contract 2.9.1: it starts at the earlier of creation and the time the vendor claims."""
    page = Page(key="acme", name="Acme", url="https://a.example")
    past = listed_incident(page, incident(update(1, "investigating")))
    assert (past.ended_at, past.is_open) == (None, True)
    assert past.started_at == START - timedelta(minutes=2)


def test_views_are_read_in_full(workspace: "Workspace") -> None:
    """A view has the feed, the state after the read, and what is open; nothing is written."""
    workspace.check()
    before = workspace.files()
    run = run_of(load_config(None, {}, workspace.folder))
    (view,) = read_views(run, datetime.now(UTC))
    assert view.feed is not None
    assert [listed.id for listed in view.feed.incidents] == ["a0"]
    assert view.state is not None
    assert list(view.status.open) == ["a0"]
    assert workspace.files() == before

"""The ledger's figures, against counts by hand; the days of a page, and which pages may be shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest

from statuswatch.history.board import pasts_of, shown_pages
from statuswatch.history.ledger import covered_part, ledger_of, ledger_of_all, spread
from statuswatch.history.why import ALWAYS
from statuswatch.model.board import DayKind, Ledger, Spread
from statuswatch.model.event import Change
from statuswatch.model.history import Coverage, PastIncident, Rewrite, Span
from statuswatch.model.incident import LATEST, Impact, IncidentKind, IncidentUpdate
from statuswatch.model.page import Failure, FailureKind, Feed
from statuswatch.model.report import PageStatus, PageView
from statuswatch.model.state import PageState
from tests.support.sample_board import NOW, ago, board_of, message, page_of, past_incident

PAGE: Final = page_of("acme")
WINDOW: Final = Span(ago(days=90), NOW)
MINUTE: Final = timedelta(minutes=1)


def begun(key: str, days: float, minutes: int = 40, **fields: Any) -> PastIncident:
    """Return an incident that began so many days ago, and was over after so many minutes."""
    start = ago(days=days)
    updates = (message(0, "investigating", "…", start), message(minutes, "resolved", "…", start))
    usual = {"started_at": start, "ended_at": start + minutes * MINUTE, "updates": updates}
    return past_incident(PAGE, key, **usual | fields)


def figures(*incidents: PastIncident) -> Ledger:
    return ledger_of(incidents, Coverage(ago(days=90), NOW), WINDOW)


def test_spread() -> None:
    """The median of an even number is the middle of two; the 90th percentile is a duration that occurred."""
    assert spread([]) == Spread()
    assert spread([minutes * MINUTE for minutes in (4, 1, 3, 2)]) == Spread(4, 2.5 * MINUTE, 4 * MINUTE)
    ten = spread(minutes * MINUTE for minutes in range(1, 11))
    assert ten == Spread(10, 5.5 * MINUTE, 9 * MINUTE)
    assert spread([-MINUTE]) == Spread(1, timedelta(), timedelta())


def test_incidents_of_the_window() -> None:
    """By impact, the highest one; maintenance and unreadable pages are counted apart; the window is by the start."""
    ledger = figures(
        begun("a", 1, impact=Impact.MINOR, peak_impact=Impact.MAJOR),
        begun("b", 2, impact=Impact.MINOR),
        begun("old", 91),
        begun("m", 3, kind=IncidentKind.MAINTENANCE, scheduled_for=ago(days=3)),
        begun("coming", 3, kind=IncidentKind.MAINTENANCE, scheduled_for=NOW + MINUTE, ended_at=None),
        begun("p", 4, kind=IncidentKind.PAGE),
    )
    assert (ledger.incidents, ledger.maintenance, ledger.unreadable) == (2, 1, 1)
    assert ledger.by_impact == {Impact.MAJOR: 1, Impact.MINOR: 1}


def test_durations_rest_on_stated_ends() -> None:
    """An end that we only noticed says nothing about a duration; what is open has none."""
    ledger = figures(
        begun("a", 1, 10),
        begun("b", 2, 30),
        begun("c", 3, 999, end_detected=True, ending=Change.DELISTED),
        begun("d", 4, 5, ended_at=None),
    )
    assert ledger.duration == Spread(2, 20 * MINUTE, 30 * MINUTE)
    assert ledger.ended_without_word == 1


def test_delays() -> None:
    """From the claimed start to the first message, and from that to our detection, where there was one."""
    start = ago(days=2)
    late = begun("a", 2, published_at=start + 7 * MINUTE, detected_at=start + 10 * MINUTE)
    ledger = figures(late, begun("b", 1, detected_at=None))
    assert ledger.publication_delay == Spread(2, 3.5 * MINUTE, 7 * MINUTE)
    assert ledger.detection_delay == Spread(1, 3 * MINUTE, 3 * MINUTE)
    assert ledger.backdated == 1


def test_messages_an_hour() -> None:
    """Messages up to the end, over the time that incidents were open; where only the latest is known, none."""
    latest = IncidentUpdate(LATEST, "resolved", "…", ago(days=1), ago(days=1))
    postmortem = message(900, "postmortem", "…", ago(days=2))
    whole = begun("b", 2, 120)
    ledger = figures(
        begun("a", 1, 60),
        past_incident(PAGE, "b", started_at=ago(days=2), ended_at=whole.ended_at, updates=(*whole.updates, postmortem)),
        begun("c", 3, updates=(latest,)),
    )
    assert ledger.messages == 4
    assert ledger.message_hours == pytest.approx(3)
    assert ledger.messages_an_hour == pytest.approx(4 / 3)
    assert ledger.with_updates == 2
    assert figures().messages_an_hour is None


def test_rewritten_after_the_end() -> None:
    """The first edit after the end counts, once an incident; an edit while it was open does not."""
    early = Rewrite(detected_at=ago(days=9), after_end=False)
    ledger = figures(
        begun("a", 10, 0, rewrites=(early, *(Rewrite(detected_at=ago(days=d), after_end=True) for d in (5, 6)))),
        begun("b", 10, 0, rewrites=(early,)),
    )
    assert ledger.rewritten == Spread(1, timedelta(days=4), timedelta(days=4))


def test_published_only_after_the_end() -> None:
    """The vendor's closing message claims an end that is not later than the first message."""
    start = ago(days=2)
    one = (IncidentUpdate("u1", "resolved", "Was down.", start, start - 30 * MINUTE),)
    both = (message(60, "investigating", "…", start), message(61, "resolved", "…", start, dated=30))
    ledger = figures(
        begun("a", 2, updates=one),
        begun("b", 2, updates=both, published_at=start + 60 * MINUTE),
        begun("c", 2),
        begun("withdrawn", 2, ending=Change.WITHDRAWN, end_detected=True),
    )
    assert (ledger.published_after_end, ledger.withdrawn) == (2, 1)


def test_covered_part() -> None:
    """What is covered begins with the first read; holes are taken out once, also where they overlap."""
    window = Span(ago(days=10), NOW)
    holes = (Span(ago(days=4), ago(days=2)), Span(ago(days=3), ago(days=2)), Span(ago(days=20), ago(days=9)))
    assert covered_part(Coverage(), window) == 0
    assert covered_part(Coverage(ago(days=5), NOW), window) == pytest.approx(0.5)
    assert covered_part(Coverage(ago(days=30), NOW, holes), window) == pytest.approx(0.7)


def test_the_ledger_of_all() -> None:
    """It is about the incidents of all pages together; what is covered is the mean."""
    pages = [
        ([begun("a", 1, 10)], Coverage(ago(days=90), NOW)),
        ([begun("b", 2, 30)], Coverage()),
    ]
    ledger = ledger_of_all(pages, WINDOW)
    assert (ledger.pages, ledger.incidents, ledger.covered) == (2, 2, 0.5)
    assert ledger.duration.median == 20 * MINUTE


# ----------------------------------------------------------------------------------------------- days


def days_of(*incidents: PastIncident, days: int = 5, **options: Any) -> str:
    """Return the strip in letters, oldest day first."""
    (page,) = board_of(PAGE, incidents=incidents, days=days, **options).pages
    return " ".join(day.kind for day in page.days)


def test_days() -> None:
    """A day has the gravest of what was going on in it; maintenance counts by its schedule."""
    major = begun("a", 3.2, 60 * 24, impact=Impact.MAJOR)
    minor = begun("b", 2.1, 10)
    window = begun("m", 3, kind=IncidentKind.MAINTENANCE, scheduled_for=ago(days=1), ended_at=ago(hours=20))
    assert days_of(major, minor, window) == "calm major major maintenance calm"


def test_what_did_not_happen_marks_no_day() -> None:
    """Maintenance to come, or cancelled before its start, is not on the strip."""
    coming = begun("m1", 1, kind=IncidentKind.MAINTENANCE, scheduled_for=NOW + MINUTE, ended_at=None)
    cancelled = begun("m2", 3, kind=IncidentKind.MAINTENANCE, scheduled_for=ago(days=1), ended_at=ago(days=2))
    assert days_of(coming, cancelled) == "calm calm calm calm calm"


def test_unknown_days_are_never_calm() -> None:
    """Contract 2.7: days before the first read, holes, and today while the page cannot be read; an incident is still
    a fact.
    """
    hole = Span(ago(days=2.2), ago(days=2))
    down = {"acme": Failure(FailureKind.UNAVAILABLE, "HTTP 503")}
    assert days_of(since=ago(days=3.2), holes={"acme": (hole,)}, failures=down) == "before before unread calm unread"
    assert days_of(begun("a", 2.1, 5), holes={"acme": (hole,)}) == "calm calm minor calm calm"
    assert days_of(since=NOW) == "before before before before calm"


def test_an_end_at_midnight_belongs_to_the_day_before() -> None:
    """An incident until 00:00 leaves the next day calm."""
    midnight = NOW.replace(hour=0, minute=0)
    past = begun("a", 1, ended_at=midnight, impact=Impact.UNKNOWN)
    assert days_of(past, days=2) == "unstated calm"


def test_kinds_of_days() -> None:
    """An impact that is not stated is its own kind, and no impact is another."""
    assert days_of(begun("a", 0.1, impact=Impact.NONE), days=1) == DayKind.NOTICE
    assert days_of(begun("a", 0.1, kind=IncidentKind.PAGE), days=1) == DayKind.UNREAD


def test_the_past_of_a_page() -> None:
    """Its own incidents; covered by the state, further back by its list; a shared incident is a hole, and not shown."""
    shared = past_incident(
        page_of("host:x"), "s", kind=IncidentKind.PAGE, started_at=ago(days=2), affected_pages=("acme", "secret")
    )
    state = PageState(url=PAGE.url, platform="statuspage", baseline=ago(days=9))
    feed = Feed(
        identity="acme",
        incidents=(),
        history=frozenset({IncidentKind.INCIDENT}),
        window_sizes={IncidentKind.INCIDENT: 50},
    )
    hole = Span(ago(days=2), ago(days=2) + 40 * MINUTE)
    status = PageStatus(page=PAGE, read_before=True)
    for listed, since in ((None, ago(days=9)), (feed, ALWAYS)):
        view = PageView(status, state, listed, NOW)
        past = pasts_of([view], [begun("a", 1), shared], NOW)["acme"]
        assert [incident.id for incident in past.incidents] == ["a"]
        assert past.coverage == Coverage(since, NOW, (hole,))


def test_private_pages_are_not_shown() -> None:
    """Contract 2.7 and 3.9: a page with secret headers is left out of the board, unless it is public."""
    pages = (page_of("open"), page_of("secret"), page_of("shown"))
    shown = shown_pages(pages, private={"secret": {}, "shown": {}}, public={"shown"})
    assert [page.key for page in shown] == ["open", "shown"]

"""The core of `why`: what overlaps, what is not known, and in which order it is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from statuswatch.history.why import ALWAYS, compose_why, listed_coverage, unknown_parts
from statuswatch.model.event import Change
from statuswatch.model.history import Coverage, PastIncident, Span
from statuswatch.model.incident import Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.mute import Mute
from statuswatch.model.page import UNLIMITED, Failure, FailureKind, Feed, Page
from statuswatch.model.report import PageStatus, PageView
from statuswatch.model.why import Answer, LogMatch, WhyView
from statuswatch.render import why as rendered

NOW: Final = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
INCIDENT: Final = IncidentKind.INCIDENT
RANGE: Final = Span(NOW - timedelta(hours=2), NOW)


def hours(count: float) -> datetime:
    """That many hours ago."""
    return NOW - timedelta(hours=count)


def page(key: str) -> Page:
    return Page(key=key, name=key.title(), url=f"https://status.{key}.example")


def listed(key: str, at: float, **fields: Any) -> Incident:
    start = hours(at)
    base: dict[str, Any] = {
        "title": "Down",
        "status": "resolved",
        "impact": Impact.MINOR,
        "url": "",
        "created_at": start,
    }
    return Incident(**(base | {"id": key, "position": start} | fields))


def view(key: str = "acme", *incidents: Incident, failure: Failure | None = None, **fields: Any) -> PageView:
    """A page that was read, or failed; `fields` are those of its feed, whose list keeps what ended."""
    feed = None if failure else Feed(identity="1", incidents=incidents, **({"history": frozenset({INCIDENT})} | fields))
    return PageView(PageStatus(page=page(key), failure=failure, read_before=True), None, feed, NOW)


def past(key: str, begin: float, end: float | None, of: str = "acme", **fields: Any) -> PastIncident:
    start = hours(begin)
    base: dict[str, Any] = {
        **{"page": page(of), "id": key, "kind": INCIDENT, "title": "Down", "status": "resolved"},
        **{"impact": Impact.MINOR, "peak_impact": Impact.MINOR, "url": "", "components": ("API",)},
        **{"created_at": start, "started_at": start, "published_at": start},
        "ended_at": None if end is None else hours(end),
    }
    return PastIncident(**(base | fields))


def why(views: list[PageView], *incidents: PastIncident, **options: Any) -> WhyView:
    return compose_why(views, incidents, RANGE, NOW, **({"archived": {}} | options))


FULL: Final[dict[str, Any]] = {"window_sizes": {INCIDENT: 2}}


@pytest.mark.parametrize(
    ("shown", "since"),
    [
        (view("acme", listed("a", 5), window_sizes={INCIDENT: 2}), ALWAYS),
        (view("acme", window_sizes={INCIDENT: 2}), ALWAYS),
        (view("acme", listed("a", 5), window_sizes={INCIDENT: UNLIMITED}), ALWAYS),
        (view("acme", listed("a", 5), listed("b", 9), **FULL), hours(9)),
        (view("acme", listed("a", 5), listed("b", 900), **FULL, in_summary_only=frozenset({"b"})), ALWAYS),
        (view("acme", listed("a", 5), listed("b", 9), **FULL, unread=frozenset({INCIDENT})), None),
        (view("acme", listed("a", 5), listed("b", 9), **FULL, longer=(listed("c", 90),)), hours(90)),
        (view("acme", listed("a", 5)), hours(5)),
        (view("acme", listed("a", 5), listed("m", 9, kind=IncidentKind.MAINTENANCE)), hours(5)),
        (view("acme"), None),
        (view("acme", listed("a", 5), history=frozenset(), complete=frozenset({INCIDENT})), None),
        (view("acme", listed("a", 5), skipped=("no id",)), hours(5)),
        (view("acme", failure=Failure(FailureKind.TIMEOUT, "timeout")), None),
    ],
)
def test_how_far_a_list_goes_back(shown: PageView, since: datetime | None) -> None:
    """Contract 2.9.2: a list shorter than its window covers everything, any other goes back to its oldest entry."""
    assert listed_coverage(shown, NOW) == (Coverage(since, NOW) if since else Coverage())


def test_an_entry_that_is_not_understood_covers_nothing() -> None:
    """Contract 2.9.2: what was skipped may be the incident that is looked for."""
    shown = view("acme", listed("a", 5), window_sizes={INCIDENT: 50})
    status = PageStatus(page=page("acme"), skipped=("no id",), read_before=True)
    assert listed_coverage(PageView(status, None, shown.feed, NOW), NOW) == Coverage()


def test_archive_and_list_complete_each_other() -> None:
    """Only what neither covers is unknown; a hole of the archive is filled by a list that goes back behind it."""
    archived = Coverage(hours(10), hours(1), (Span(hours(5), hours(3)),))
    whole = Span(hours(12), NOW)
    assert unknown_parts(archived, Coverage(), whole) == (
        Span(hours(12), hours(10)),
        Span(hours(5), hours(3)),
        Span(hours(1), NOW),
    )
    assert unknown_parts(archived, Coverage(hours(4), NOW), whole) == (
        Span(hours(12), hours(10)),
        Span(hours(5), hours(4)),
    )
    assert unknown_parts(archived, Coverage(ALWAYS, NOW), whole) == ()


def test_the_status_page_itself_is_no_vendors_incident() -> None:
    """Contract 2.9.1: an incident of kind `page` is a time of which nothing is known, not something that the vendor
    had.
    """
    down = past("p", 1, None, kind=IncidentKind.PAGE, impact=Impact.UNKNOWN, peak_impact=Impact.UNKNOWN)
    failed = view(failure=Failure(FailureKind.TIMEOUT, "timeout"))
    (answer,) = why([failed], down).answers
    assert (answer.answer, answer.overlaps, answer.reason) == (Answer.UNKNOWN, (), "timeout")


@pytest.mark.parametrize(("begin", "end", "answer"), [(3, 2.5, "nothing"), (3, 1, "had"), (1, None, "had")])
def test_what_overlaps(begin: float, end: float | None, answer: str) -> None:
    """Contract 2.9.1: it began before the end of the range, and did not end before its beginning; what is open has
    no end.
    """
    whole = view("acme", window_sizes={INCIDENT: 50})
    (found,) = why([whole], past("a", begin, end)).answers
    assert found.answer == answer
    if found.overlaps:
        assert found.overlaps[0].span == Span(max(hours(begin), RANGE.begin), hours(end) if end else NOW)


def test_the_worst_comes_first_and_log_names_before_all() -> None:
    """Contract 2.9 and 2.9.3: named in the log, then what had something, is not known, admits nothing; in each the
    worst first.
    """
    failed = Failure(FailureKind.TIMEOUT, "timeout")
    views = [view(key, window_sizes={INCIDENT: 50}) for key in ("calm", "minor", "grave", "work", "named")]
    views.append(view("dark", failure=failed))
    incidents = [
        past("a", 1, 0.5, "minor"),
        past("b", 1, 0.5, "grave", peak_impact=Impact.CRITICAL),
        past("w", 1, None, "work", kind=IncidentKind.MAINTENANCE, status="in_progress", scheduled_for=hours(1)),
    ]
    assert [each.page.key for each in why(views, *incidents).answers] == [
        *("grave", "minor", "work", "dark", "calm", "named"),
    ]
    named = {"named": LogMatch("named", 7, "named.example", in_error=True)}
    with_log = why(views, *incidents, named=named)
    assert [each.page.key for each in with_log.answers][:2] == ["named", "grave"]


def test_a_detected_end_is_marked() -> None:
    """Contract 2.9.1: for `delisted`, `withdrawn` and `expired` the end is our detection, and is shown as such."""
    whole = view("acme", window_sizes={INCIDENT: 50})
    for change, words in ((Change.DELISTED, "No longer listed"), (Change.WITHDRAWN, "Withdrawn by the vendor")):
        answer = why([whole], past("a", 3, 1, end_detected=True, ending=change))
        assert f"{words}: the end is the time at which statuswatch noticed" in "\n".join(
            map(str, rendered.render(answer, None))
        )


def test_a_mute_hides_nothing() -> None:
    """Contract 2.9.1: a muted incident is shown, marked."""
    mute = Mute(page="acme", incident="a", until=None)
    answer = why([view("acme", window_sizes={INCIDENT: 50})], past("a", 1, None), mutes=[mute])
    assert "Muted: not delivered to any sink" in "\n".join(map(str, rendered.render(answer, None)))


def test_the_words_are_those_of_that_time() -> None:
    """Contract 2.9: the vendor's sentence is the newest one that was out at the end of the range."""
    updates = tuple(
        IncidentUpdate(f"u{at}", "identified", f"Words of {at} hours ago.", hours(at), hours(at)) for at in (3, 1, 0.2)
    )
    early = Span(hours(2), hours(0.5))
    answer = compose_why([view()], [past("a", 3, None, updates=updates)], early, NOW, archived={}).answers[0]
    words = answer.overlaps[0].last_words
    assert words and words.body == "Words of 1 hours ago."


def test_hostile_text_is_inert() -> None:
    """No title, component or sentence of a vendor begins a workflow command, on the console or as an annotation."""
    hostile = "x\n::error::forged ##[error]y %0A"
    update = IncidentUpdate("u", hostile, hostile, hours(1), hours(1))
    answer = why([view()], past("a", 1, None, title=hostile, components=(hostile,), updates=(update,)))
    for line in (*map(str, rendered.render(answer, None)), *rendered.annotations(answer)):
        assert "##[" not in line
        assert "\n" not in line
        assert not line.lstrip().startswith("::error")
    assert all(line.startswith(("::warning title=", "::notice title=")) for line in rendered.annotations(answer))


def test_lines_fit_a_terminal() -> None:
    """At 80 columns everything is wrapped between words, and no address is cut."""
    url = "https://status.acme.example/incidents/" + "a" * 90
    answer = why([view()], past("a", 1, None, url=url, components=tuple(f"Component {n}" for n in range(9))))
    lines = [str(line) for line in rendered.render(answer, 80)]
    assert any(url in line for line in lines)
    assert all(len(line) <= 80 for line in lines if url not in line)

"""Shared fate: contract, section 5."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from statuswatch.model.event import Event, EventKind
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.rules.filters import is_reported
from statuswatch.rules.page_failure import end_failing, reconcile_failure
from statuswatch.rules.shared_fate import (
    MIN_SHARED_PAGES,
    WatchedPage,
    covering_group,
    group_pages,
    settle_failures,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from statuswatch.model.state import PageState, SharedFailure

START: Final = datetime(2026, 10, 5, 8, 0, tzinfo=UTC)
GOOD: Final = None
DOWN: Final = FailureKind.UNAVAILABLE
TIMEOUT: Final = FailureKind.TIMEOUT
FORBIDDEN: Final = FailureKind.FORBIDDEN
ABSENT: Final = "absent"  # the run leaves the page out
Result = FailureKind | str | None


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def page(number: int, platform: str = "statuspage", host: str = "") -> Page:
    host = host or f"status{number}.example"
    return Page(key=f"p{number}", name=f"Vendor {number}", url=f"https://{host}/{number}", platform=platform)


class Watch:
    """Pages read again and again: what each read comes to, and what is reported of them."""

    def __init__(self, *pages: Page) -> None:
        self.pages = pages
        self.states: dict[str, PageState | None] = {page.key: None for page in pages}
        self.shared: Mapping[str, SharedFailure] = {}
        self.events: list[Event] = []

    def read(self, minutes: float, *results: Result) -> list[str]:
        """Read every page with its result; return the events as "new p1"."""
        now = at(minutes)
        events: list[Event] = []
        watched = []
        for number, page in enumerate(self.pages):
            result = results[number] if number < len(results) else GOOD
            watched.append(self._read_one(page, result, now, events))
        settlement = settle_failures(watched, self.shared, now)
        for key, failing in settlement.failing.items():
            state = self.states[key]
            assert state
            self.states[key] = msgspec.structs.replace(state, failing=failing)
        self.shared = settlement.shared
        events += settlement.events
        self.events += events
        assert len({event.id for event in self.events}) == len(self.events), "two events share an id"
        return sorted(f"{event.kind} {event.page.key}" for event in events)

    def _read_one(self, page: Page, result: Result, now: datetime, events: list[Event]) -> WatchedPage:
        state = self.states[page.key]
        if result == ABSENT:
            return WatchedPage(page, state.failing if state else None, was_read=False)
        if result is None:
            ends, self.states[page.key] = end_failing(page, state, now)
            events += ends
            return WatchedPage(page)
        failure = Failure(FailureKind(result), f"HTTP {result}")
        outcome = reconcile_failure(page, state, failure, now)
        self.states[page.key] = outcome.state
        return WatchedPage(page, outcome.failing, failure.reason)


def six(**fields: str) -> Watch:
    return Watch(*(page(number, **fields) for number in range(6)))


def test_a_platform_that_is_down_is_one_incident() -> None:
    """Contract 5.7.1 and 5.7.2: pages of one hosted platform that fail alike for an hour are one incident: `new` once,
    `resolved` once.
    """
    watch = six()
    watch.read(0)
    assert watch.read(10, *[DOWN] * 6) == []
    assert watch.read(45, *[DOWN] * 6) == []
    assert watch.read(71, *[DOWN] * 6) == ["new platform:statuspage"]
    assert watch.read(101, *[DOWN] * 6) == []
    assert watch.read(131) == ["resolved platform:statuspage"]
    assert watch.read(140) == []


def test_the_event_fixes_title_and_pages() -> None:
    """Contract 5.7.3 and 5.7.5: `new` names group, count, reason and time; the pages stand in components and, by key,
    in `pages`.
    """
    watch = six()
    watch.read(10, *[DOWN] * 5)
    watch.read(70, *[DOWN] * 5)
    event = watch.events[0]
    assert event.incident.title == (
        "Statuspage: 5 of 6 watched pages cannot be read (HTTP unavailable) since 08:10 UTC; "
        "the state of these vendors is unknown"
    )
    assert (event.page.key, event.page.name, event.page.url) == ("platform:statuspage", "Statuspage", "")
    assert (event.incident.kind, event.incident.impact) == (IncidentKind.PAGE, Impact.UNKNOWN)
    assert [component.name for component in event.incident.components] == [f"Vendor {number}" for number in range(5)]
    assert event.incident.affected_pages == ("p0", "p1", "p2", "p3", "p4")
    watch.read(140)
    assert watch.events[-1].incident.id == event.incident.id
    assert watch.events[-1].incident.affected_pages == event.incident.affected_pages


def test_the_filters_of_one_affected_page_let_it_pass() -> None:
    """Contract 5.7.5: a shared incident passes the filters of pages where those of one affected page let it pass."""
    watch = six()
    watch.read(0, *[DOWN] * 5)
    watch.read(60, *[DOWN] * 5)
    (event,) = watch.events
    pages = {page.key: msgspec.structs.replace(page, kinds=("maintenance",)) for page in watch.pages}
    assert not is_reported(event, pages)
    assert is_reported(event, {**pages, "p4": watch.pages[4]})  # one of the five
    assert not is_reported(event, {**pages, "p5": watch.pages[5]})


def test_two_shards_begin_two_incidents_in_one_second() -> None:
    """7.3: shards see the same platform go down, each with its own pages: their events differ, to their ends."""
    shards = [Watch(*(page(number) for number in numbers)) for numbers in (range(6), range(6, 12))]
    for watch in shards:
        for minutes in (0, 60):
            watch.read(minutes, *[DOWN] * 6)
        watch.read(70)
    first, second = ([(event.incident.id, event.id) for event in watch.events] for watch in shards)
    assert len({first[0][0], first[-1][0]}) == 1 and len(first) == len(second) == 2
    assert not {*first} & {*second} and first[0][0] != second[0][0]


def test_a_host_that_is_down_is_one_incident() -> None:
    """Contract 5.7.1 and 5.7.5: pages of one host are a group, whatever their platform; its address is the failing
    host.
    """
    watch = Watch(*(page(number, platform="rss", host="status.example") for number in range(5)))
    watch.read(0, *[TIMEOUT] * 5)
    assert watch.read(60, *[TIMEOUT] * 5) == ["new host:status.example"]
    assert watch.events[0].page.url == "https://status.example"


def test_the_host_is_taken_if_equal() -> None:
    """Contract 5.7.2: where host and platform both apply, the one with more failing pages is taken, the host if
    equal.
    """
    watch = six(host="status.example")
    watch.read(0, *[DOWN] * 6)
    assert watch.read(60, *[DOWN] * 6) == ["new host:status.example"]


def test_the_larger_group_is_taken() -> None:
    """Contract 5.7.2: the platform has more failing pages than the host; a page belongs to at most one shared
    incident.
    """
    pages = [page(number, host="status.example") for number in range(5)]
    watch = Watch(*pages, page(5), page(6))
    watch.read(0, *[DOWN] * 7)
    assert watch.read(60, *[DOWN] * 7) == ["new platform:statuspage"]
    assert watch.read(120, *[DOWN] * 7) == []


def test_rss_and_single_vendor_platforms_share_no_platform() -> None:
    """Contract 5.7.1: a platform that hosts no other vendors' pages is no group."""
    for platform in ("rss", "google", "aws"):
        watch = six(platform=platform)
        watch.read(0, *[DOWN] * 6)
        assert watch.read(60, *[DOWN] * 6) == [f"new p{number}" for number in range(6)]


def test_four_pages_are_four_incidents() -> None:
    """Contract 5.7.2: shared fate needs five."""
    watch = six()
    watch.read(0, *[DOWN] * 4)
    assert watch.read(60, *[DOWN] * 4) == ["new p0", "new p1", "new p2", "new p3"]


def test_five_of_eleven_are_five_incidents() -> None:
    """Contract 5.7.2: shared fate needs half of those watched there."""
    watch = Watch(*(page(number) for number in range(11)))
    watch.read(0, *[DOWN] * 5)
    assert len(watch.read(60, *[DOWN] * 5)) == 5
    watch = Watch(*(page(number) for number in range(10)))
    watch.read(0, *[DOWN] * 5)
    assert watch.read(60, *[DOWN] * 5) == ["new platform:statuspage"]


def test_failures_that_are_not_alike_share_nothing() -> None:
    """Contract 5.7.1: alike are: unreachable, timeout, 429 and 5xx; 401 and 403; other 4xx; content that is not
    understood.
    """
    watch = six()
    mixed = [DOWN, TIMEOUT, FailureKind.THROTTLED, FORBIDDEN, FORBIDDEN, FailureKind.CONTENT]
    watch.read(0, *mixed)
    assert len(watch.read(60, *mixed)) == 6
    watch = six()
    alike = [DOWN, TIMEOUT, FailureKind.THROTTLED, FailureKind.SERVER_ERROR, FailureKind.NO_CONNECTION, FailureKind.TLS]
    watch.read(0, *alike)
    assert watch.read(60, *alike) == ["new platform:statuspage"]


def test_an_hour_of_alike_failures_is_needed() -> None:
    """Contract 5.7.2: a page that failed in another way until now has not failed alike for an hour."""
    watch = six()
    watch.read(0, *[FORBIDDEN] * 6)
    assert watch.read(30, *[DOWN] * 6) == []
    assert watch.read(60, *[DOWN] * 6) == []  # waits: six fail alike
    assert watch.read(90, *[DOWN] * 6) == ["new platform:statuspage"]


def test_a_page_whose_hour_is_up_waits_for_the_others() -> None:
    """Contract 5.7.2: while at least five pages, and half, fail alike, one whose hour is up is not reported by
    itself.
    """
    watch = six()
    watch.read(0, DOWN)
    watch.read(30, *[DOWN] * 6)
    assert watch.read(61, *[DOWN] * 6) == []
    assert watch.read(75, DOWN, DOWN) == ["new p0"]  # the others read again: nothing is shared
    assert watch.read(80) == ["resolved p0"]


def test_a_page_reported_before_keeps_its_own_incident() -> None:
    """Contract 5.7.3: it is counted and listed, and ends its incident by itself."""
    watch = six()
    watch.read(0, DOWN)
    assert watch.read(60, DOWN) == ["new p0"]
    watch.read(70, *[DOWN] * 5)
    assert watch.read(130, *[DOWN] * 5) == ["new platform:statuspage"]
    assert "p0" in watch.events[-1].incident.affected_pages
    assert watch.read(140, GOOD, *[DOWN] * 4) == ["resolved p0"]
    assert watch.read(150) == ["resolved platform:statuspage"]


def test_joining_and_recovering_cause_no_event() -> None:
    """Contract 5.7.3: a page that joins or recovers later causes no event."""
    watch = six()
    watch.read(0, *[DOWN] * 5)
    watch.read(60, *[DOWN] * 5)
    assert watch.read(70, GOOD, *[DOWN] * 5) == []
    assert watch.read(135, GOOD, *[DOWN] * 5) == []
    assert watch.read(140, GOOD, GOOD, *[DOWN] * 4) == []


def test_a_failure_of_another_kind_is_reported_meanwhile() -> None:
    """What fails otherwise is not what the shared incident says: the page is reported by itself."""
    watch = Watch(*(page(number) for number in range(8)))
    watch.read(0, *[DOWN] * 6)
    assert watch.read(60, *[DOWN] * 6, FORBIDDEN) == ["new platform:statuspage"]
    assert watch.read(121, *[DOWN] * 6, FORBIDDEN) == ["new p6"]


def test_the_end_and_those_that_still_fail() -> None:
    """Contract 5.7.3: `resolved` when fewer than half fail; an hour of the pages that still fail counts from then."""
    watch = six()
    watch.read(0, *[DOWN] * 6)
    watch.read(60, *[DOWN] * 6)
    assert watch.read(90, *[DOWN] * 3) == []
    assert watch.read(100, *[DOWN] * 2) == ["resolved platform:statuspage"]
    assert watch.read(159, *[DOWN] * 2) == []
    assert watch.read(160, *[DOWN] * 2) == ["new p0", "new p1"]
    assert watch.read(170) == ["resolved p0", "resolved p1"]


def test_a_run_that_leaves_out_a_page_decides_nothing_shared() -> None:
    """Contract 5.7.4: it neither begins nor ends a shared incident, and there every page is reported by itself."""
    watch = six()
    watch.read(0, *[DOWN] * 6)
    assert watch.read(60, *[DOWN] * 5, ABSENT) == [f"new p{number}" for number in range(5)]
    watch = six()
    watch.read(0, *[DOWN] * 6)
    watch.read(60, *[DOWN] * 6)
    assert watch.read(70, *[GOOD] * 5, ABSENT) == []
    assert watch.read(80) == ["resolved platform:statuspage"]


def test_a_group_that_is_watched_no_more_ends() -> None:
    """Every incident resolves, also where the configuration dropped its pages."""
    watch = six()
    watch.read(0, *[DOWN] * 6)
    watch.read(60, *[DOWN] * 6)
    watch.pages = (page(9, platform="rss"),)
    watch.states["p9"] = None
    assert watch.read(70) == ["resolved platform:statuspage"]


def test_a_clock_that_stepped_back_reports_nothing_early() -> None:
    """A series that begins later than now has no hour behind it."""
    watch = six()
    watch.read(120, *[DOWN] * 6)
    assert watch.read(0, *[DOWN] * 6) == []
    assert watch.read(60, *[DOWN] * 6) == ["new platform:statuspage"]


# ---------------------------------------------------------------------------------------------- the law

RESULTS = st.sampled_from([GOOD, GOOD, DOWN, DOWN, DOWN, TIMEOUT, FORBIDDEN, ABSENT])
PAGES: Final = tuple(
    page(number, platform=platform, host=host)
    for number, (platform, host) in enumerate(
        [
            *[("statuspage", "")] * 4,
            *[("statuspage", "one.example")] * 3,
            *[("incidentio", "one.example")] * 3,
            *[("incidentio", "")] * 2,
            ("rss", "one.example"),
        ]
    )
)


def runs() -> st.SearchStrategy[list[tuple[int, list[Result]]]]:
    row = st.one_of(
        st.lists(RESULTS, min_size=len(PAGES), max_size=len(PAGES)),
        st.sampled_from([GOOD, DOWN, TIMEOUT, FORBIDDEN]).map(lambda result: [result] * len(PAGES)),
    )
    return st.lists(st.tuples(st.sampled_from([5, 20, 40, 61]), row), min_size=1, max_size=20)


@settings(max_examples=300)
@given(runs())
def test_every_failure_is_covered_once(history: list[tuple[int, list[Result]]]) -> None:
    """Every page that failed for an hour has its own incident, is covered by a shared one, or waits; no page belongs to
    two shared incidents; every incident begins before it resolves, and resolves exactly once.
    """
    watch = Watch(*PAGES)
    minutes = 0
    for pause, results in history:
        minutes += pause
        watch.read(minutes, *results)
        check_cover(watch, results, at(minutes))
    watch.read(minutes + 5)
    check_pairs(watch.events)
    assert not watch.shared
    assert not any(state and state.failing for state in watch.states.values())


def check_cover(watch: Watch, results: Iterable[Result], now: datetime) -> None:
    listed = [key for record in watch.shared.values() for key in record.pages]
    assert len(listed) == len(set(listed)), "a page belongs to two shared incidents"
    states = {key: state.failing for key, state in watch.states.items() if state and state.failing}
    watched = [
        WatchedPage(page, states.get(page.key), was_read=result != ABSENT)
        for page, result in zip(watch.pages, results, strict=True)
    ]
    groups = group_pages(watched)
    for member in watched:
        failing = member.failing
        if failing is None or not member.was_read or now - failing.since < timedelta(hours=1):
            continue
        covered = failing.reported or covering_group(member.page.key, failing, watch.shared, groups)
        assert covered or is_waiting(member, groups.values(), states), f"{member.page.key} is lost"


def is_waiting(member: WatchedPage, groups: Iterable[object], states: Mapping[str, object]) -> bool:
    """At least five, and half, of a group that was read whole fail alike."""
    assert member.failing
    for group in groups:
        members = group.members  # type: ignore[attr-defined]
        if member not in members or not all(other.was_read for other in members):
            continue
        alike = [
            other for other in members if other.failing and other.failing.failure_class is member.failing.failure_class
        ]
        if len(alike) >= MIN_SHARED_PAGES and 2 * len(alike) >= len(members):
            return True
    return False


def check_pairs(events: Iterable[Event]) -> None:
    """Each incident is `new` once and then `resolved` once."""
    kinds: dict[tuple[str, str], list[EventKind]] = {}
    for event in events:
        kinds.setdefault((event.page.key, event.incident.id), []).append(event.kind)
    for incident, sequence in kinds.items():
        assert sequence == [EventKind.NEW, EventKind.RESOLVED], incident

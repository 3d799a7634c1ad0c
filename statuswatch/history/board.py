"""The board, put together from a read of the pages and what is known of their past. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

import msgspec

from statuswatch.history.coverage import coverage_of
from statuswatch.history.ledger import last_word, ledger_of, ledger_of_all
from statuswatch.history.why import listed_coverage
from statuswatch.model.board import Board, BoardPage, Day, DayKind, begin_of, span_of
from statuswatch.model.history import Coverage, PastIncident, Span
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.mute import Mute
from statuswatch.model.page import Page
from statuswatch.model.report import PageStatus, PageView
from statuswatch.rules.mutes import mute_of_incident
from statuswatch.rules.status import status_view

TRUSTED_FOR: Final = timedelta(hours=2)  # after a read: the site is to be published at least every hour
DEFAULT_DAYS: Final = 90
MAX_DAYS: Final = 366
_ONE_DAY: Final = timedelta(days=1)
_GRAVEST_FIRST: Final = {kind: place for place, kind in enumerate(DayKind)}
_KIND_OF_IMPACT: Final = {
    Impact.CRITICAL: DayKind.CRITICAL,
    Impact.MAJOR: DayKind.MAJOR,
    Impact.MINOR: DayKind.MINOR,
    Impact.NONE: DayKind.NOTICE,
    Impact.MAINTENANCE: DayKind.NOTICE,
    Impact.UNKNOWN: DayKind.UNSTATED,
}


Mark = tuple[Span, Day]


class PagePast(NamedTuple):
    """What is known of a page's past: its incidents, from whatever source, and the time that they cover."""

    incidents: tuple[PastIncident, ...] = ()
    coverage: Coverage = Coverage()


def pasts_of(views: Sequence[PageView], incidents: Sequence[PastIncident], now: datetime) -> dict[str, PagePast]:
    """Return what is known of the past of each page. `incidents` are those of `known_incidents`, of all pages.

    A page's own list of incidents covers what is older than our records, as far as it goes back. A shared incident is
    a hole in each page that it lists, and not one of its incidents: it names other pages.
    """
    own: dict[str, list[PastIncident]] = {view.status.page.key: [] for view in views}
    unreadable = [incident for incident in incidents if incident.kind is IncidentKind.PAGE]
    for incident in incidents:
        if incident.page.key in own:
            own[incident.page.key].append(incident)
    return {
        view.status.page.key: PagePast(tuple(own[view.status.page.key]), _coverage(view, unreadable, now))
        for view in views
    }


def _coverage(view: PageView, unreadable: Sequence[PastIncident], now: datetime) -> Coverage:
    watched, listed = coverage_of(view, unreadable), listed_coverage(view, now)
    if listed.since is None:
        return watched
    return Coverage(min(listed.since, watched.since or listed.since), listed.until, watched.holes)


def shown_pages(pages: Iterable[Page], private: Iterable[str], public: Iterable[str]) -> tuple[Page, ...]:
    """Return the pages that may be shown to anybody: a private one only where the configuration calls it public."""
    hidden = set(private) - set(public)
    return tuple(page for page in pages if page.key not in hidden)


def window_of(now: datetime, days: int) -> Span:
    """Return the time that a site of so many days is about: whole days (UTC), the last one up to the read."""
    return Span(_midnight(now.date() - timedelta(days=days - 1)), now)


def compose_board(
    statuses: Sequence[PageStatus],
    pasts: Mapping[str, PagePast],
    now: datetime,
    *,
    days: int = DEFAULT_DAYS,
    base_url: str = "",
    mutes: Sequence[Mute] = (),
) -> Board:
    """Return the board of these pages, all of which may be shown. `pasts` are by the key of the page."""
    window = window_of(now, days)
    pages = [_page(status, pasts.get(status.page.key, PagePast()), window, mutes=mutes) for status in statuses]
    pages.sort(key=lambda page: (page.page.name.casefold(), page.page.key))
    return Board(
        at=now,
        trust_until=now + TRUSTED_FOR,
        first_day=window.begin.date(),
        view=status_view(statuses, now, mutes=mutes),
        pages=tuple(pages),
        ledger=ledger_of_all([(page.incidents, page.coverage) for page in pages], window),
        base_url=f"{base_url.rstrip('/')}/" if base_url else "",
    )


def _page(status: PageStatus, past: PagePast, window: Span, *, mutes: Sequence[Mute]) -> BoardPage:
    key, now = status.page.key, window.end
    shown = [incident for incident in past.incidents if _is_shown(incident, window)]
    shown.sort(key=lambda incident: (begin_of(incident), incident.id), reverse=True)
    muted = (each.id for each in shown if mute_of_incident(mutes, key, each.id, each.title, now))
    coverage = past.coverage
    if coverage.since:
        coverage = msgspec.structs.replace(coverage, since=max(coverage.since, window.begin))
    return BoardPage(
        page=status.page,
        status=status,
        incidents=tuple(shown),
        coverage=coverage,
        days=_days(shown, coverage, window, is_unknown=bool(status.unknown)),
        ledger=ledger_of(shown, coverage, window),
        last_word_at=last_word(past.incidents),
        muted=frozenset(muted),
    )


def _is_shown(incident: PastIncident, window: Span) -> bool:
    """Return whether an incident is open, to come, or was going on in the window."""
    return incident.ended_at is None or incident.ended_at >= window.begin


def _days(incidents: Sequence[PastIncident], coverage: Coverage, window: Span, *, is_unknown: bool) -> tuple[Day, ...]:
    """Return the days of the window, oldest first; the last one is that of the read."""
    first, today = window.begin.date(), window.end.date()
    count = (today - first).days + 1
    days = [_empty_day(first + timedelta(days=number), coverage, window.end) for number in range(count)]
    marks: list[Mark] = [(hole, Day(DayKind.UNREAD)) for hole in coverage.holes]
    if is_unknown:
        marks.append((Span(window.end, window.end), Day(DayKind.UNREAD)))
    for number, incident in enumerate(incidents):
        if span := span_of(incident, window.end):
            marks.append((span, Day(_kind_of(incident), number)))
    for span, day in marks:
        begin, end = max(span.begin.date(), first), min(_last_date(span), today)
        for place in range((begin - first).days, (end - first).days + 1):
            days[place] = min(days[place], day, key=_gravity)
    return tuple(days)


def _gravity(day: Day) -> int:
    return _GRAVEST_FIRST[day.kind]


def _empty_day(day: date, coverage: Coverage, now: datetime) -> Day:
    """Return a day without an incident: calm where records cover all of it, today so far."""
    if coverage.since is None or coverage.until is None:
        return Day(DayKind.BEFORE)
    begin = _midnight(day)
    end = min(begin + _ONE_DAY, now)
    since = min(coverage.since, begin) if day == now.date() else coverage.since
    return Day(DayKind.CALM if since <= begin and coverage.until >= end else DayKind.BEFORE)


def _kind_of(incident: PastIncident) -> DayKind:
    if incident.kind is IncidentKind.INCIDENT:
        return _KIND_OF_IMPACT[incident.peak_impact]
    return DayKind.UNREAD if incident.kind is IncidentKind.PAGE else DayKind.MAINTENANCE


def _last_date(span: Span) -> date:
    """Return the last day of a span; an end at midnight belongs to the day before."""
    last = span.end - timedelta(microseconds=1) if span.end > span.begin else span.end
    return last.date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)

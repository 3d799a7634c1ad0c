"""The board: all that the site shows, put together once. Every output is made from it alone."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum

import msgspec

from statuswatch.model.history import Coverage, PastIncident, Span
from statuswatch.model.incident import LATEST, Impact, IncidentKind, closing_time
from statuswatch.model.page import Page
from statuswatch.model.report import MIN_SILENCE, PageStatus, StatusView


class DayKind(StrEnum):
    """What is known of one day (UTC) of a page; of several the gravest. The value is its style on the site."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    UNSTATED = "unstated"  # an incident whose impact the vendor does not state
    UNREAD = "unread"  # nobody could read the page for some of the day
    NOTICE = "notice"  # an incident that the vendor calls without impact
    MAINTENANCE = "maintenance"
    CALM = "calm"
    BEFORE = "before"  # no record covers the day


class Day(msgspec.Struct, frozen=True):
    """One day of a page; `incident` is the gravest one of it, as its number in the page's incidents."""

    kind: DayKind
    incident: int | None = None


class Spread(msgspec.Struct, frozen=True):
    """Median and 90th percentile of some durations, and how many there are; None where there are none."""

    count: int = 0
    median: timedelta | None = None
    percentile_90: timedelta | None = None


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """Figures about the incidents that began in a window. What each rests on is said where they are shown.

    `covered` is the part of the window that records cover, of 1. `incidents` counts incidents proper, `with_end` those
    of which the vendor stated the end, `with_updates` those of which every message is known.
    """

    window: Span
    pages: int = 1
    covered: float = 0.0
    incidents: int = 0
    by_impact: Mapping[Impact, int] = {}
    maintenance: int = 0
    unreadable: int = 0  # times that the page itself could not be read for an hour or longer
    with_updates: int = 0
    duration: Spread = Spread()  # from the start to the end, where the vendor stated it
    publication_delay: Spread = Spread()  # from the claimed start to the first message
    detection_delay: Spread = Spread()  # from the first message to our first event
    messages: int = 0
    message_hours: float = 0.0  # the hours over which these messages were spread
    rewritten: Spread = Spread()  # how long after the end
    backdated: int = 0
    withdrawn: int = 0
    ended_without_word: int = 0
    published_after_end: int = 0

    @property
    def messages_an_hour(self) -> float | None:
        """Messages for each hour that an incident was open; None where nothing is known."""
        return self.messages / self.message_hours if self.message_hours > 0 else None


class BoardPage(msgspec.Struct, frozen=True, kw_only=True):
    """One watched page: its state now, its incidents of the window (the latest first) and its days, oldest first."""

    page: Page
    status: PageStatus
    incidents: tuple[PastIncident, ...] = ()
    coverage: Coverage = Coverage()
    days: tuple[Day, ...] = ()
    ledger: Ledger
    last_word_at: datetime | None = None
    muted: frozenset[str] = frozenset()  # ids of the incidents that a mute in force names

    def is_muted(self, incident: PastIncident) -> bool:
        """Return whether some event of the incident was muted, or it is now."""
        return incident.muted or incident.id in self.muted

    def is_silent(self, now: datetime) -> bool:
        """Return whether the page has published nothing for so long that it may be abandoned."""
        return self.last_word_at is not None and now - self.last_word_at >= MIN_SILENCE


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The whole site as data. `at` is the time of the read; a reader should not trust it after `trust_until`.

    `base_url` ends with a slash, or is "": then no address is absolute.
    """

    at: datetime
    trust_until: datetime
    first_day: date
    view: StatusView
    pages: tuple[BoardPage, ...]  # in the order of their names
    ledger: Ledger
    base_url: str = ""

    @property
    def days(self) -> int:
        """The number of days that the strips show."""
        return (self.at.date() - self.first_day).days + 1


def begin_of(incident: PastIncident) -> datetime:
    """Return the time by which incidents are in order; that of a maintenance is its schedule's."""
    if incident.kind is IncidentKind.MAINTENANCE and incident.scheduled_for:
        return incident.scheduled_for
    return incident.started_at


def span_of(incident: PastIncident, now: datetime) -> Span | None:
    """Return the time in which an incident was going on; None for a maintenance that did not begin."""
    begin, end = incident.active_from, incident.ended_at or now
    if begin is None or begin > now:
        return None
    if incident.kind is IncidentKind.MAINTENANCE and end <= begin:
        return None
    return Span(begin, max(min(end, now), begin))


def messages_known(incident: PastIncident) -> bool:
    """Return whether every message is known: some vendors show the latest one and replace it."""
    return bool(incident.updates) and all(update.id != LATEST for update in incident.updates)


def last_word_of(incident: PastIncident) -> datetime:
    """Return the time of the vendor's newest message about an incident."""
    return max((update.created_at for update in incident.updates), default=incident.published_at)


def claimed_end(incident: PastIncident) -> datetime | None:
    """Return the end that the vendor's closing message claims; None where there is no such message."""
    closed_at = closing_time(incident.updates)
    claims = (update.display_at for update in incident.updates if update.created_at == closed_at)
    return next(claims, None)

"""What is known of the past: incidents folded from events or taken from a vendor's own list, and what is covered."""

from datetime import datetime
from typing import Final

import msgspec

from statuswatch.model.event import Change, EventKind
from statuswatch.model.incident import Impact, Incident, IncidentKind, IncidentUpdate, Moment, closing_time
from statuswatch.model.page import Page

_IN_PROGRESS: Final = frozenset({"in_progress", "verifying"})  # statuses of a maintenance that has begun


class ArchivedIncident(msgspec.Struct, frozen=True, kw_only=True):
    """The incident of an archived event, as it was then; `components` are their labels."""

    id: str
    kind: IncidentKind = IncidentKind.INCIDENT
    title: str
    status: str
    impact: Impact
    url: str = ""
    components: tuple[str, ...] = ()
    created_at: Moment
    ended_at: Moment | None = None  # as the vendor states it; else the closing update has the end
    pages: tuple[str, ...] = ()  # keys, of a shared incident
    scheduled_for: Moment | None = None
    scheduled_until: Moment | None = None


class ArchivedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a line of the archive has it. `filtered`, `muted`: why nobody was notified of it."""

    id: str
    kind: EventKind = msgspec.field(name="event")
    changes: tuple[Change, ...] = ()
    page: Page
    incident: ArchivedIncident
    updates: tuple[IncidentUpdate, ...] = ()
    detected_at: Moment
    filtered: bool = False
    muted: bool = False

    @property
    def is_start(self) -> bool:
        """True for the event that has all updates of its incident so far."""
        return self.kind is EventKind.NEW or Change.MISSED in self.changes


class ArchiveReading(msgspec.Struct, frozen=True):
    """What was read of an archive: the events in order of detection, none twice, and what could not be read of it."""

    events: tuple[ArchivedEvent, ...] = ()
    problems: tuple[str, ...] = ()


class Rewrite(msgspec.Struct, frozen=True, kw_only=True):
    """An edit in place of a published text. It was seen at `detected_at`, after the end of the incident or before.

    `update_id` is "" where an earlier version of the text is not archived, so that nobody can say which one it was.
    """

    detected_at: datetime
    after_end: bool
    update_id: str = ""


class PastIncident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident with its whole story, open or closed. Updates are oldest first, one per id: the newest text.

    `page.platform` may be "". `impact` is the last one, `peak_impact` the highest. `started_at` is the earlier of
    creation and the time the vendor claims, `published_at` the first update's time of publication, `detected_at` the
    time of our first event (None: taken from the vendor's list, we had none). `is_start_archived`: that event was its
    start, so that no earlier update is missing; else it may have been open before its page was watched. `components`
    are all that it ever named. `ended_at` is None while it is open; `end_detected`: no vendor stated the end, it is
    the time at which we noticed (`ending` says how, where that is known). `changes` are all changes of its events.
    `filtered`, `muted`: some event of it was held back.
    """

    page: Page
    id: str
    kind: IncidentKind
    title: str
    status: str
    impact: Impact
    peak_impact: Impact
    url: str
    components: tuple[str, ...]
    created_at: datetime
    started_at: datetime
    published_at: datetime
    detected_at: datetime | None = None
    is_start_archived: bool = False
    ended_at: datetime | None = None
    end_detected: bool = False
    ending: Change | None = None  # DELISTED, WITHDRAWN or EXPIRED
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None
    updates: tuple[IncidentUpdate, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    changes: frozenset[Change] = frozenset()
    affected_pages: tuple[str, ...] = ()  # keys, of a shared incident
    filtered: bool = False
    muted: bool = False

    @property
    def is_open(self) -> bool:
        """True while nobody stated or detected its end."""
        return self.ended_at is None

    @property
    def active_from(self) -> datetime | None:
        """Time from which on it counts. Of a maintenance the start of its progress; None where it never was in any."""
        if self.kind is not IncidentKind.MAINTENANCE:
            return self.started_at
        progress = [update for update in self.updates if update.status in _IN_PROGRESS]
        if progress:
            return min(progress[0].created_at, progress[0].display_at)
        if self.status == "cancelled":
            return None
        if self.status == "scheduled":
            return self.scheduled_for
        begin = self.scheduled_for or self.started_at
        return min(begin, self.ended_at) if self.ended_at else begin

    def overlaps(self, begin: datetime, end: datetime) -> bool:
        """Return whether it counted at any time of the range; one that is open has no end."""
        active_from = self.active_from
        if active_from is None or active_from > end:
            return False
        return self.ended_at is None or self.ended_at >= begin


class Span(msgspec.Struct, frozen=True, order=True):
    """A stretch of time, its end not included."""

    begin: datetime
    end: datetime


class Coverage(msgspec.Struct, frozen=True):
    """Where the incidents of a page are known: `since` to `until`, without the holes; never where both are None.

    Holes are the page's own `page` incidents: nobody could read it then.
    """

    since: datetime | None = None
    until: datetime | None = None
    holes: tuple[Span, ...] = ()


def listed_incident(page: Page, incident: Incident) -> PastIncident:
    """Return an incident of the vendor's own list as part of the past; its closing update states its end."""
    times = [incident.created_at, *(update.display_at for update in incident.updates)]
    return PastIncident(
        page=page,
        id=incident.id,
        kind=incident.kind,
        title=incident.title,
        status=incident.status,
        impact=incident.impact,
        peak_impact=incident.impact,
        url=incident.url,
        components=tuple(component.label for component in incident.components),
        created_at=incident.created_at,
        started_at=min(times),
        published_at=incident.updates[0].created_at if incident.updates else incident.created_at,
        ended_at=end_of(incident) if incident.closed else None,
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
        updates=incident.updates,
        affected_pages=incident.affected_pages,
    )


def end_of(incident: Incident) -> datetime:
    """Return the end that the vendor states, else the time of the closing update; of the newest one without either."""
    return incident.ended_at or closing_time(incident.updates) or incident.last_update_at

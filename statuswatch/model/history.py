"""What is known of the past: incidents folded from events or taken from a vendor's own list, and what is covered."""

from datetime import datetime

import msgspec

from statuswatch.model.event import Change
from statuswatch.model.incident import CLOSED_STATUSES, Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.page import Page


class Rewrite(msgspec.Struct, frozen=True, kw_only=True):
    """An edit in place of published text; `detected_at` is when it was seen, `after_end` that the incident was over."""

    detected_at: datetime
    after_end: bool


class PastIncident(msgspec.Struct, frozen=True, kw_only=True):
    """One incident with its whole story, open or closed. Updates are oldest first, one per id: the newest text.

    `page.platform` may be "". `impact` is the last one, `peak_impact` the highest. `started_at` is the earlier of
    creation and the time the vendor claims, `published_at` the first update's time of publication, `detected_at` the
    time of our first event (None: taken from the vendor's list, we had none). `ended_at` is None while it is open;
    `end_detected`: no vendor stated the end, it is the time at which we noticed (`ending` says how). `changes` are all
    changes of its events. `filtered`, `muted`: some event of it was held back.
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
    """Return the time of the update that closed the incident: the first closed one after the last open one."""
    end = incident.last_update_at
    for update in reversed(incident.updates):
        if update.status not in CLOSED_STATUSES:
            break
        end = update.created_at
    return end

"""Events, and their way to the sinks."""

import hashlib
from datetime import datetime
from enum import StrEnum

import msgspec

from statuswatch.model.incident import Component, Impact, Incident, IncidentUpdate, Moment
from statuswatch.model.page import Page


class EventKind(StrEnum):
    """What happened to an incident since the last run."""

    NEW = "new"
    UPDATED = "updated"
    RESOLVED = "resolved"


class Change(StrEnum):
    """A difference, in the order in which an event lists it."""

    MISSED = "missed"
    DELISTED = "delisted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REOPENED = "reopened"
    UPDATES = "updates"
    STATUS = "status"
    IMPACT = "impact"
    TITLE = "title"
    SCHEDULE = "schedule"
    COMPONENTS = "components"
    EDITED = "edited"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one incident. `updates` are those not reported before, oldest first.

    Filters look at the rest: the highest impact so far, all components ever named, and whether the vendor left the
    impact, the services or, where it names regions, these unstated at any event. `previous_peak_impact` is None where
    the incident was unknown; `joined_components` are those that a known incident never named before.
    """

    id: str
    kind: EventKind
    changes: tuple[Change, ...]
    page: Page
    incident: Incident
    updates: tuple[IncidentUpdate, ...]
    peak_impact: Impact = msgspec.field(name="worst")
    all_components: tuple[Component, ...] = msgspec.field(name="named")
    impact_unstated: bool = msgspec.field(default=False, name="vague_impact")
    components_unstated: bool = msgspec.field(default=False, name="vague_components")
    regions_unstated: bool | msgspec.UnsetType = msgspec.UNSET  # UNSET is not written to the file
    previous_peak_impact: Impact | None = msgspec.field(default=None, name="worst_before")
    joined_components: tuple[Component, ...] | msgspec.UnsetType = msgspec.UNSET

    @property
    def at(self) -> datetime:
        """Time of publication of the newest update: events are ordered by it."""
        newest = self.incident.last_update_at if self.incident.updates else self.incident.position
        return max((update.created_at for update in self.updates), default=newest)


class PendingDelivery(msgspec.Struct, frozen=True):
    """An event for one sink. It waits for `reason`; the receiver first rejected it for good at `since`.

    `held`: it was kept back outside the sink's hours. `recipients` are digests of those that still wait for it, where
    others have it. `filtered` and `muted` say, of what waits for the archive, why nobody was notified of it. UNSET is
    not written to the file.
    """

    event: Event
    detected_at: Moment
    since: Moment | None = None
    reason: str = ""
    held: bool | msgspec.UnsetType = msgspec.UNSET
    recipients: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    filtered: bool | msgspec.UnsetType = msgspec.UNSET
    muted: bool | msgspec.UnsetType = msgspec.UNSET


class Notification(msgspec.Struct, frozen=True):
    """What a sink sends at once: one event, or many as a digest. `test` marks an example.

    `dropped` events were dropped since the last notification that the receiver accepted.
    """

    deliveries: tuple[PendingDelivery, ...]
    test: bool = False
    dropped: int = 0

    @property
    def id(self) -> str:
        """The event's id; for a digest an id that is the same for the same events."""
        ids = [delivery.event.id for delivery in self.deliveries]
        return ids[0] if len(ids) == 1 else f"digest/{hashlib.sha256(chr(10).join(ids).encode()).hexdigest()[:12]}"

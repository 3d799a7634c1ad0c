"""Incidents and their updates, as a vendor publishes them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # a time in state.json has a zone, or the file is not ours

EXPIRED: Final = "expired"  # our own status: the vendor stated no end, and has been silent too long to count it as open
CLOSED_STATUSES: Final = frozenset({"resolved", "postmortem", "completed", "cancelled", EXPIRED})
LATEST: Final = "latest"  # the id of an incident's one update, where the vendor shows the latest and replaces it
REGION: Final = "Region"  # the group of a component that is a place, on platforms that name places beside services
STATED_BY_VENDOR: Final = 3  # `source_quality` of components that the vendor links to the incident; lower: recovered


class IncidentKind(StrEnum):
    """What an incident is about."""

    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    PAGE = "page"  # the status page itself cannot be read


class Impact(StrEnum):
    """How grave an incident is, in the vendor's words."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"


IMPACT_SCALE: Final = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)  # the impacts that can be compared


class Component(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, order=True):
    """A part of the vendor's product, or a region of it: "Iowa (us-central1)", in the group `REGION`.

    Any other `group` is set only where two components of the page share the name.
    """

    name: str
    group: str = ""

    @classmethod
    def of_label(cls, label: str) -> "Component":
        """Return the component of a label; the group of one that is no region is not told apart from its name."""
        region = label.removeprefix(f"{REGION} - ")
        return cls(label) if region == label else cls(region, REGION)

    @property
    def is_region(self) -> bool:
        """True for a place, false for a service."""
        return self.group == REGION

    @property
    def label(self) -> str:
        """Group and name, as people read them."""
        return f"{self.group} - {self.name}" if self.group else self.name


def by_kind(components: Iterable[Component]) -> tuple[tuple[Component, ...], tuple[Component, ...]]:
    """Return the services and the regions: an empty value of one of them replaces none that is known."""
    named = tuple(components)
    return services(named), tuple(component for component in named if component.is_region)


def component_names(components: Iterable[Component]) -> set[str]:
    """Return the names, without groups: what is compared from read to read."""
    return {component.name for component in components}


def services(components: Iterable[Component]) -> tuple[Component, ...]:
    """Return the components that are no regions."""
    return tuple(component for component in components if not component.is_region)


class IncidentUpdate(msgspec.Struct, frozen=True):
    """One message of the vendor. `created_at` is when it was published, `display_at` the time the vendor claims.

    `from_enrichment` marks a body that another document supplied: the incident's own document replaces it silently.
    """

    id: str
    status: str
    body: str
    created_at: Moment
    display_at: Moment
    from_enrichment: bool = msgspec.field(default=False, name="borrowed")


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident or a maintenance as its page lists it now. Updates are oldest first, components sorted.

    `position` is the time by which the vendor's list is ordered (creation or last change): an entry with an earlier
    one stands lower. `source_quality` says how good the source of the components is (0: none are stated).
    `status_unstated` is True where the vendor states no status, and so may never state an end; else it is left out.
    `ended_at` is the end that the vendor states beside its updates, where none of them closes the incident.
    `entry_digest` is that of all bytes that it was made of (see `ClosedEntries`), on platforms that have one.
    """

    id: str
    kind: IncidentKind = IncidentKind.INCIDENT
    title: str
    status: str
    impact: Impact
    url: str
    created_at: Moment
    position: Moment
    components: tuple[Component, ...] = ()
    source_quality: int = msgspec.field(default=0, name="rank")
    updates: tuple[IncidentUpdate, ...] = ()
    scheduled_for: Moment | None = None
    scheduled_until: Moment | None = None
    status_unstated: bool | msgspec.UnsetType = msgspec.UNSET
    ended_at: Moment | msgspec.UnsetType = msgspec.UNSET
    entry_digest: str | msgspec.UnsetType = msgspec.UNSET  # never in an event
    pages: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET  # of a shared incident; UNSET is not written to the file

    @property
    def affected_pages(self) -> tuple[str, ...]:
        """The keys of the pages that a shared incident is about."""
        return self.pages or ()

    @property
    def closed(self) -> bool:
        """True once the vendor, or our own expiry, ended it."""
        return self.status in CLOSED_STATUSES

    @property
    def last_update_at(self) -> datetime:
        """Time of publication of the newest update; of the incident where it has none."""
        return self.updates[-1].created_at if self.updates else self.created_at


def closing_time(updates: Iterable[IncidentUpdate]) -> datetime | None:
    """Return the time of the update that closed an incident, oldest first; None where none says so.

    A note after the end does not move the end, and neither does a postmortem. An update under a closed status that
    follows one under an open status is another end: the incident had reopened.
    """
    closed_at = None
    is_open = True
    for update in updates:
        closes = update.status in CLOSED_STATUSES
        if closes and is_open and not (closed_at and update.status == "postmortem"):
            closed_at = update.created_at
        is_open = not closes
    return closed_at


def utc(moment: datetime) -> datetime:
    """Return the time in UTC; a time without a zone is taken as UTC. Raises OverflowError at the calendar's edges."""
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

"""FireHydrant.

`data/payload.json`, from which the page draws itself, is the only document: the components, and every incident of any
age and status. Source: a trimmed recording of status.redis.io of 2026, and two running clients that read it
(github.com/cyanheads/devops-status-mcp-server, `firehydrant-adapter.ts` and its fixture, which also saw it on
status.firehydrant.com; github.com/Aler1x/is-it-alive, `src/adapters/firehydrant.ts` and its test). No recording of an
open incident, nor of a maintenance that is not over; both clients take an incident as open while `resolved` is not
among its times.

Oddities, recorded:

- `timestamps` has a time for each milestone that was reached, by the name of the milestone, and no other status.
- `time` of a timeline's entry is when it was published, `occurredAt` the time that it claims. They are weeks apart in
  entries that were taken over from another platform.
- The text of a `Note` is `note`, that of a `BulkImpactUpdate` `note.note`. One that only states a milestone has none.
- Maintenance is an incident whose severity is `MAINTENANCE`. Neither its planned end is stated nor whether it began: it
  is `scheduled` from the time that it states, until it reaches a milestone of work.
- Vendors name their own severities: of those that are not known here, the impact is unknown.
- Incidents have no address that could be evidenced, so they have that of the page.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    identifier,
    incident_update,
    labelled_components,
    listed_components,
    merge_same_id,
    parse_entries,
)

PARSER_VERSION: Final = 1
_PAYLOAD: Final = "payload.json"
_BOTH: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_MAINTENANCE: Final = "MAINTENANCE"
_IMPACTS: Final = {
    "SEV1": Impact.CRITICAL,
    "SEV2": Impact.MAJOR,
    "SEV3": Impact.MINOR,
    "SEV4": Impact.MINOR,
    _MAINTENANCE: Impact.MAINTENANCE,
}
_ENDS: Final = ("resolved", "closed")  # milestones of the phases after an incident
_FIRST_MILESTONES: Final = ("started", "detected", "acknowledged")  # in their order where they have one time
_UNSTATED: Final = "update"  # until the timeline states a milestone
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


class _Component(msgspec.Struct):
    name: str | None = None


class _Milestone(msgspec.Struct, rename="camel"):
    current_milestone: str


class _Note(msgspec.Struct):
    note: str | None = None


class _Details(msgspec.Struct, rename="camel"):
    note: str | _Note | None = None
    milestone_update: _Milestone | None = None

    @property
    def body(self) -> str:
        """The text of a note, of either shape; "" where there is none."""
        note = self.note.note if isinstance(self.note, _Note) else self.note
        return note or ""


class _Entry(msgspec.Struct, rename="camel"):
    occurred_at: datetime
    time: datetime | None = None
    details: _Details | None = None


class _Incident(msgspec.Struct, rename="camel"):
    id: str
    title: str
    timestamps: dict[str, datetime | None]
    timeline: list[_Entry] | None = None
    severity_slug: str | None = None
    components: list[_Component] | None = None

    @property
    def kind(self) -> IncidentKind:
        """A maintenance, if its severity says so."""
        return IncidentKind.MAINTENANCE if self.severity_slug == _MAINTENANCE else IncidentKind.INCIDENT

    @property
    def closed_status(self) -> str:
        """The status of its kind once it is over."""
        return "completed" if self.kind is IncidentKind.MAINTENANCE else "resolved"

    @property
    def reached(self) -> dict[str, datetime]:
        """The milestones that were reached, and when."""
        return {name: utc(time) for name, time in self.timestamps.items() if time}

    @property
    def created_at(self) -> datetime:
        """The time of its first milestone. Raises ValueError where it has none."""
        reached = self.reached
        if not reached:
            raise ValueError("an incident without a time")
        return next((reached[name] for name in _FIRST_MILESTONES if name in reached), min(reached.values()))

    @property
    def ended_at(self) -> datetime | None:
        """The time of its end; None while it is open."""
        return next((self.reached[name] for name in _ENDS if name in self.reached), None)

    @property
    def names(self) -> list[str]:
        """The names of the components that it affects."""
        return [clean_title(component.name) for component in self.components or () if component.name]


class _Config(msgspec.Struct):
    title: str | None = None


class _Payload(msgspec.Struct):
    config: _Config
    components: list[_Component]
    incidents: list[msgspec.Raw]


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the only document."""
    return (Document(_PAYLOAD, f"{page.url}/data/{_PAYLOAD}", required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: the document has all there is."""
    return ()


def matches(_feed: Feed, /) -> bool:
    """Return True: a payload with a configuration, components and incidents is no other platform's."""
    return True


def parse(reading: ParseInput, /) -> Feed:
    """Parse the document. Raises FeedError if it, or every incident in it, cannot be understood."""
    payload = decode(reading.required(_PAYLOAD), _Payload, _PAYLOAD)
    incidents, skipped = parse_entries(payload.incidents, lambda entry: _parse_incident(entry, reading.page), _PAYLOAD)
    return Feed(
        identity="firehydrant",  # the document has names that its vendor may change, and no id of the page
        incidents=tuple({incident.id: incident for incident in incidents}.values()),
        by_creation=True,
        history=_BOTH,
        complete=_BOTH,
        skipped=tuple(skipped),
        components=listed_components((clean_title(one.name or ""), "") for one in payload.components),
    )


def _parse_incident(entry: msgspec.Raw, page: Page) -> Incident:
    incident = _decode_incident(entry)
    created_at = incident.created_at
    return Incident(
        id=identifier(incident.id),
        kind=incident.kind,
        title=clean_title(incident.title),
        status=_status(incident),
        impact=_IMPACTS.get(incident.severity_slug or "", Impact.UNKNOWN),
        url=page.url,
        created_at=created_at,
        position=created_at,
        components=labelled_components(((name, "") for name in incident.names), {}),
        source_quality=STATED_BY_VENDOR if incident.names else 0,
        updates=merge_same_id(_updates(incident)),
        scheduled_for=created_at if incident.kind is IncidentKind.MAINTENANCE else None,
    )


def _status(incident: _Incident) -> str:
    """Return the milestone that was reached last, as a status. Raises ValueError where its name is not a word."""
    reached = incident.reached
    if incident.ended_at:
        return incident.closed_status
    if incident.kind is IncidentKind.MAINTENANCE and reached.keys() <= set(_FIRST_MILESTONES):
        return "scheduled"
    order = {name: number for number, name in enumerate(_FIRST_MILESTONES)}
    return clean_status(max(reached, key=lambda name: (reached[name], order.get(name, len(order)), name)))


def _updates(incident: _Incident) -> Iterator[IncidentUpdate]:
    """Yield the entries that say something, oldest first, each with the milestone that was reached by then.

    What happened at the end of the incident, or later, is of the closed status: it reopens nothing.
    """
    ended_at = incident.ended_at or _LATEST
    milestone = _UNSTATED
    for entry in sorted(incident.timeline or (), key=_order):
        details = entry.details or _Details()
        if details.milestone_update:
            milestone = clean_status(details.milestone_update.current_milestone)
        if details.body or details.milestone_update:
            published_at = _published_at(entry)
            status = incident.closed_status if utc(entry.occurred_at) >= ended_at else milestone
            key = derived_id(published_at.isoformat())
            yield incident_update(key, status, details.body, published_at, entry.occurred_at)


def _order(entry: _Entry) -> tuple[datetime, bool]:
    """Return the order of entries: of two of one moment, the one that states a milestone comes first."""
    return _published_at(entry), not (entry.details and entry.details.milestone_update)


def _published_at(entry: _Entry) -> datetime:
    return utc(entry.time or entry.occurred_at)

"""Zendesk's own status page.

`api/ssp/incidents.json`, read on every run, is all that is read: the vendor allows ten requests a minute. It keeps the
incidents that began in the last weeks, of any status, by their beginning: 17 of 89 days in the one recorded whole
(2026-09-19, without parameters). It names the services and has neither messages nor addresses of incidents; an
incident has a title, a status, an impact and services.

Oddities, all recorded:

- `status` may stay at "monitoring" for months after `resolvedAt`; only the latter shows that an incident is over.
- `startedAt` may lie weeks before the incident was posted, and ids do not follow it.
- `postmortem` is the address of an article, added some days later.
- A service and its parts are listed side by side. A name may have white space around it.

Not recorded: an open incident, which running clients read as one without `resolvedAt`, and a maintenance.
`maintResolvesAt` was null throughout; an entry that has it is read as maintenance. The vendor documents another API,
`api/incidents/active`, with messages but without an end; whether its ids are the same is not documented.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Final, Literal

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ClosedEntries,
    ParseInput,
    clean_status,
    clean_title,
    decode,
    groups_by_name,
    identifier,
    incident_link,
    labelled_components,
    parse_entries,
)

PARSER_VERSION: Final = 2
_INCIDENTS: Final = "incidents.json"
_PATH: Final = f"/api/ssp/{_INCIDENTS}"
_IMPACTS: Final = {"minor": Impact.MINOR, "major": Impact.MAJOR, "critical": Impact.CRITICAL}


class _Attributes(msgspec.Struct, rename="camel"):
    name: str
    status: str
    started_at: datetime
    resolved_at: datetime | None
    impact: str | None = None
    postmortem: str | None = None
    maint_resolves_at: datetime | None = None


class _Incident(msgspec.Struct):
    type: Literal["incident"]
    id: str
    attributes: _Attributes


class _Link(msgspec.Struct, rename="camel"):
    incident_id: int | None = None
    service_id: int | None = None
    service_name: str | None = None
    service_parent_id: int | None = None

    @property
    def name(self) -> str:
        """The cleaned name of the service."""
        return clean_title(self.service_name or "")


class _Included(msgspec.Struct):
    """A link between an incident and a service; other included entries have none of its attributes."""

    attributes: _Link | None = None


class _List(msgspec.Struct):
    data: list[msgspec.Raw]
    included: list[_Included] | None = None

    @property
    def links(self) -> list[_Link]:
        """The included links between incidents and services."""
        return [entry.attributes for entry in self.included or () if entry.attributes]


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


class _Services:
    """The services that the document links to incidents.

    `by_incident` has (name, parent's name) by the id of the incident, `groups` the parents' names by service name.
    """

    def __init__(self, links: Iterable[_Link]) -> None:
        links = [link for link in links if link.service_name]
        names = {link.service_id: link.name for link in links}
        self.by_incident: dict[str, list[tuple[str, str]]] = {}
        for link in links:
            parent = "" if link.service_parent_id is None else names.get(link.service_parent_id, "")
            self.by_incident.setdefault(str(link.incident_id), []).append((link.name, parent))
        self.groups = groups_by_name(pair for pairs in self.by_incident.values() for pair in pairs)


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the one document; a page's address may be that of the document."""
    url = page.url if page.url.endswith(_PATH) else page.url + _PATH
    return (Document(_INCIDENTS, url, required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: the vendor's limit of requests allows no more."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether there are incidents: an empty list proves no platform."""
    return bool(feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    """Parse the document. Raises FeedError if it, or every incident in it, cannot be understood."""
    document = decode(reading.required(_INCIDENTS), _List, _INCIDENTS)
    services = _Services(document.links)
    closed = ClosedEntries(reading, PARSER_VERSION)
    build = partial(_parse_incident, reading.page, services, closed)
    incidents, skipped = parse_entries(document.data, build, _INCIDENTS)
    return Feed(
        identity="zendesk",  # the document does not name the page
        incidents=tuple({incident.id: incident for incident in incidents}.values()),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT}),
        as_remembered=closed.listed,
        skipped=tuple(skipped),
    )


def _parse_incident(page: Page, services: _Services, closed: ClosedEntries, entry: msgspec.Raw) -> Incident | None:
    """Parse an incident; None where it is as remembered."""
    incident = _decode_incident(entry)
    key = identifier(incident.id)
    components = labelled_components(services.by_incident.get(key, []), services.groups)
    digest = closed.digest(entry, repr(components).encode())
    if closed.holds(digest):
        return None
    attributes = incident.attributes
    started_at = utc(attributes.started_at)
    maintenance_end = attributes.maint_resolves_at
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if maintenance_end else IncidentKind.INCIDENT,
        title=clean_title(attributes.name),
        status=_status(attributes),
        impact=Impact.MAINTENANCE if maintenance_end else _IMPACTS.get(attributes.impact or "", Impact.UNKNOWN),
        url=incident_link(attributes.postmortem, page),
        created_at=started_at,
        position=started_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        scheduled_for=started_at if maintenance_end else None,
        scheduled_until=utc(maintenance_end) if maintenance_end else None,
        entry_digest=digest,
    )


def _status(attributes: _Attributes) -> str:
    """Return the stated status; once `resolvedAt` is set, a closed one. Raises ValueError."""
    stated = clean_status(attributes.status)
    if not attributes.resolved_at:
        return stated
    if attributes.maint_resolves_at:
        return "completed"
    return "postmortem" if attributes.postmortem else "resolved"

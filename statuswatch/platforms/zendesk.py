"""Zendesk's own status page.

`api/ssp/incidents.json` keeps the incidents begun in the last weeks, of any status, by their beginning: in the one
recorded whole (2026-09-19, no parameters) 17 of 89 days. It is read on every run and is all that is read: the services
are named in it, and ten requests a minute are all that the vendor allows. It has no messages and no addresses of
incidents; an incident is told by its title, status, impact and services.

Oddities, all recorded: `status` may stay at "monitoring" for months after `resolvedAt`, which alone says that it is
over; `startedAt` may lie weeks before the incident was posted, and ids do not follow it; `postmortem` is the address of
an article, added some days later; a service and its parts are listed side by side.

Not recorded: an open incident (but by other readers' word), and a maintenance window. `maintResolvesAt` was null
throughout; where it is set the entry is taken as one. The vendor documents another API, `api/incidents/active`, with
messages but without an end; its ids are not known to be the same.
"""

from datetime import datetime
from typing import Final, Literal

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    identifier,
    incident_link,
    labelled_components,
    parse_entries,
)

PARSER_VERSION: Final = 1
_INCIDENTS: Final = "incidents.json"
_PATH: Final = f"/api/ssp/{_INCIDENTS}"
_IMPACTS: Final = {"minor": Impact.MINOR, "major": Impact.MAJOR, "critical": Impact.CRITICAL}


class _Attributes(msgspec.Struct):
    name: str
    status: str
    startedAt: datetime  # noqa: N815
    resolvedAt: datetime | None  # noqa: N815
    impact: str | None = None
    postmortem: str | None = None
    maintResolvesAt: datetime | None = None  # noqa: N815


class _Incident(msgspec.Struct):
    type: Literal["incident"]
    id: str
    attributes: _Attributes


class _ServiceAttributes(msgspec.Struct):
    incidentId: int | None = None  # noqa: N815
    serviceId: int | None = None  # noqa: N815
    serviceName: str | None = None  # noqa: N815
    serviceParentId: int | None = None  # noqa: N815


class _Service(msgspec.Struct):
    """What links an incident to a service; anything else that is included has none of it."""

    attributes: _ServiceAttributes | None = None


class _List(msgspec.Struct):
    data: list[msgspec.Raw]
    included: list[_Service] | None = None


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    return (Document(_INCIDENTS, page.url if page.url.endswith(_PATH) else page.url + _PATH, required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    return bool(feed.incidents)  # an empty list may be anyone's


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get(_INCIDENTS)
    if body is None:
        raise FeedError(f"{_INCIDENTS}: missing")
    document = decode(body, _List, _INCIDENTS)
    services = _Services(document.included or [])
    incidents, skipped = parse_entries(document.data, lambda raw: _incident(raw, reading.page, services), _INCIDENTS)
    return Feed(
        identity="zendesk",  # its documents name no page
        incidents=tuple({it.id: it for it in incidents}.values()),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT}),
        skipped=tuple(skipped),
    )


class _Services:
    """The services by incident, each with its parent's name where two parts share theirs."""

    def __init__(self, included: list[_Service]) -> None:
        links = [it.attributes for it in included if it.attributes and it.attributes.serviceName]
        names = {it.serviceId: clean_title(it.serviceName or "") for it in links if it.serviceId is not None}
        self.of: dict[str, list[tuple[str, str]]] = {}
        self.groups: dict[str, set[str]] = {}
        for it in links:
            name = clean_title(it.serviceName or "")
            group = names.get(it.serviceParentId, "") if it.serviceParentId is not None else ""
            self.of.setdefault(str(it.incidentId), []).append((name, group))
            self.groups.setdefault(name, set()).add(group)


def _incident(raw: msgspec.Raw, page: Page, services: _Services) -> Incident:
    it = _decode_incident(raw)
    key, about = identifier(it.id), it.attributes
    started, window = utc(about.startedAt), about.maintResolvesAt
    status = clean_status(about.status)
    if about.resolvedAt:
        status = "completed" if window else "postmortem" if about.postmortem else "resolved"
    linked = services.of.get(key, [])
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if window else IncidentKind.INCIDENT,
        title=clean_title(about.name),
        status=status,
        impact=Impact.MAINTENANCE if window else _IMPACTS.get(about.impact or "", Impact.UNKNOWN),
        url=incident_link(about.postmortem, page),
        created_at=started,
        position=started,
        components=labelled_components(linked, services.groups),
        source_quality=STATED_BY_VENDOR if linked else 0,
        scheduled_for=started if window else None,
        scheduled_until=utc(window) if window else None,
    )

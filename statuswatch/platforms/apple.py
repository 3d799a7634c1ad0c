"""Apple: Apple Services (apple.com/support/systemstatus) and Apple Developer (developer.apple.com/system-status).

One document, `system_status_en_US.js`, lists every service with its events. An event stays there while it is upcoming
or ongoing, and for some days after its end (2 to 6 in the recorded month, one over 16). The document is JSON; on the
developer page it is the argument of a call of `jsonCallback`.

Oddities, from 1,490 copies of both pages recorded in one month of 2025:

- One `messageId` on several services is one incident, and these are its components. They begin and end together, but a
  service may join later. Type and message differ by service. The id stays from the first to the last copy. The start
  does not: 4 of 23 incidents had it corrected, most when they were resolved. So no id is made of the start.
- There is no list of updates: an event has one message, which is edited in place as its status changes. So the
  incident has one update, of the incident's id, and a change of it is reported as edited, beside the status. Of 23
  incidents 1 went from resolved back to ongoing, under the same id.
- `datePosted`, in Pacific time, is the same on all events of a document and never went back: it is when the document
  was published. It shows that a copy is older than the last one.
- No ongoing event left before it was resolved. But after a pause of days between two runs an event may have been
  resolved and have left the list. So an absent one is no longer listed, not withdrawn.
- An event may be resolved without an end.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import (
    IMPACT_SCALE,
    STATED_BY_VENDOR,
    Component,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
    utc,
)
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    from_epoch,
    identifier,
    incident_update,
    listed_components,
    parse_entries,
)

PARSER_VERSION: Final = 2
_NAME: Final = "system_status_en_US.js"
_IDENTITY: Final = "apple system status"  # the document does not name which of the two pages it is of
_PAGE_PATH: Final = "/support/systemstatus"
_DEVELOPER_URL: Final = f"https://www.apple.com{_PAGE_PATH}/data/developer/{_NAME}"
_KINDS: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_OFFSETS: Final = {"PDT": "-0700", "PST": "-0800"}
_MAINTENANCE: Final = "maintenance"
_IMPACT_BY_TYPE: Final = {
    "outage": Impact.MAJOR,
    "issue": Impact.MINOR,
    "performance": Impact.MINOR,
    _MAINTENANCE: Impact.MAINTENANCE,
}
_SEVERITY_ORDER: Final = (Impact.UNKNOWN, Impact.MAINTENANCE, *IMPACT_SCALE)
_MAINTENANCE_STATUSES: Final = {"upcoming": "scheduled", "ongoing": "in_progress"}
_ENDED_STATUSES: Final = frozenset({"resolved", "completed"})


class _Event(msgspec.Struct, rename="camel"):
    message_id: str
    status_type: str
    event_status: str
    epoch_start_date: int  # milliseconds, as the end
    epoch_end_date: int | None = None
    message: str | None = None
    users_affected: str | None = None
    date_posted: str | None = None


class _Service(msgspec.Struct, rename="camel"):
    service_name: str
    events: list[msgspec.Raw]


class _Status(msgspec.Struct):
    services: list[_Service]


class _Part(msgspec.Struct, frozen=True):
    """An incident as one service states it, and the time of the document's publication, if that can be read."""

    incident: Incident
    posted_at: datetime | None


_decode_event: Final = msgspec.json.Decoder(_Event).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the list of services and their events."""
    return (Document(_NAME, _document_url(page.url), required=True),)


def _document_url(url: str) -> str:
    if url.endswith(f"/{_NAME}"):
        return url
    if urlsplit(url).hostname == "developer.apple.com":
        return _DEVELOPER_URL
    if url.endswith(_PAGE_PATH):
        return f"{url}/data/{_NAME}"
    return f"{url}{_PAGE_PATH}/data/{_NAME}"


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: there is only one document."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the feed is Apple's: nothing else has such a document."""
    return feed.identity == _IDENTITY


def parse(reading: ParseInput, /) -> Feed:
    """Return the events of all services as incidents. Raises FeedError."""
    services = decode(_without_call(reading.required(_NAME)), _Status, _NAME).services
    if not services:
        raise FeedError(f"{_NAME}: it names no service")
    events = [(service.service_name, raw) for service in services for raw in service.events]
    parts, skipped = parse_entries(events, partial(_part, reading.page.url), _NAME)
    posted_at = max((part.posted_at for part in parts if part.posted_at), default=None)
    return Feed(
        identity=_IDENTITY,
        updated_at={_NAME: posted_at} if posted_at else {},
        incidents=_merged(parts),
        current=_KINDS,
        skipped=tuple(skipped),
        components=listed_components((clean_title(service.service_name), "") for service in services),
    )


def _without_call(body: bytes) -> bytes:
    """Return the argument where the document is a call of a function, else the document."""
    function, _, rest = body.partition(b"(")
    argument = rest.rstrip().removesuffix(b";").rstrip()
    is_call = function.strip().isalnum() and argument.endswith(b")")
    return argument[:-1] if is_call else body


def _part(url: str, service_event: tuple[str, msgspec.Raw]) -> _Part:
    """Return what one service states about an incident. Raises ValueError and msgspec.ValidationError."""
    service, raw = service_event
    event = _decode_event(raw)
    key = identifier(event.message_id)
    type_name = event.status_type.casefold()
    is_maintenance = type_name == _MAINTENANCE
    status = _status(event.event_status, is_maintenance=is_maintenance)
    started_at = from_epoch(event.epoch_start_date / 1000)
    ended_at = from_epoch(event.epoch_end_date / 1000) if event.epoch_end_date is not None else None
    posted_at = _posted_at(event.date_posted)
    claimed_at = ended_at if ended_at and status in _ENDED_STATUSES else started_at
    incident = Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if is_maintenance else IncidentKind.INCIDENT,
        title=clean_title(event.status_type),
        status=status,
        impact=_IMPACT_BY_TYPE.get(type_name, Impact.UNKNOWN),
        url=url,
        created_at=started_at,
        position=started_at,
        components=(Component(clean_title(service)),),
        source_quality=STATED_BY_VENDOR,
        updates=(incident_update(key, status, _body(event), posted_at or claimed_at, claimed_at),),
        scheduled_for=started_at if is_maintenance else None,
        scheduled_until=ended_at if is_maintenance else None,
    )
    return _Part(incident, posted_at)


def _status(stated: str, *, is_maintenance: bool) -> str:
    status = clean_status(stated)
    return _MAINTENANCE_STATUSES.get(status, status) if is_maintenance else status


def _body(event: _Event) -> str:
    return "\n".join(filter(None, (event.message, event.users_affected)))


def _posted_at(pacific: str | None) -> datetime | None:
    """Return the time of "08/18/2026 13:01 PDT", None where it is printed in another way."""
    printed, _, zone = (pacific or "").rpartition(" ")
    try:
        return utc(datetime.strptime(f"{printed} {_OFFSETS[zone]}", "%m/%d/%Y %H:%M %z"))
    except (KeyError, ValueError, OverflowError):
        return None


def _merged(parts: Iterable[_Part]) -> tuple[Incident, ...]:
    """Return one incident for each id."""
    incidents_by_id: dict[str, list[Incident]] = {}
    for part in parts:
        incidents_by_id.setdefault(part.incident.id, []).append(part.incident)
    return tuple(map(_merged_incident, incidents_by_id.values()))


def _merged_incident(parts: Iterable[Incident]) -> Incident:
    """Return the incident that services state together: open while one part is, with the worst impact of those."""
    by_service = sorted(parts, key=lambda part: part.components)
    lead = max(by_service, key=lambda part: (not part.closed, _SEVERITY_ORDER.index(part.impact)))
    return msgspec.structs.replace(
        lead,
        created_at=min(part.created_at for part in by_service),
        position=min(part.position for part in by_service),
        components=tuple(sorted({component for part in by_service for component in part.components})),
        updates=(_merged_update(lead, by_service),),
    )


def _merged_update(lead: Incident, parts: Sequence[Incident]) -> IncidentUpdate:
    """Return the message of the services; where messages differ, each on a line after the name of its service."""
    message_by_service = {part.components[0].name: part.updates[0].body for part in parts}
    body = lead.updates[0].body
    if len(set(message_by_service.values())) > 1:
        lines = (f"{service}: {' '.join(message.splitlines())}" for service, message in message_by_service.items())
        body = "\n".join(lines)
    created_at = max(part.updates[0].created_at for part in parts)
    return msgspec.structs.replace(lead.updates[0], body=body, created_at=created_at)

"""Apple: Apple Services (apple.com/support/systemstatus) and Apple Developer (developer.apple.com/system-status).

One document, `system_status_en_US.js`: every service with its events. An event stays there while it is upcoming or
ongoing, and for some days after its end (2 to 6 in the recorded month, one over 16). It is JSON, in the function call
`jsonCallback` on the developer page.

Oddities, from 1,490 copies of both pages taken in one month of 2025:

- One `messageId` on several services is one incident, of which these are the components: they begin and end together,
  while a service may join later. Type and message differ by service. The id stays from the first to the last copy;
  the start does not (4 of 23 incidents had it corrected, most when they were resolved), so no id is made of it.
- There is no list of updates: an event has one message, which is edited in place as its status changes. So the
  incident has one update, of the same id; a change of it is told as edited, beside the status. Of 23 incidents 1 went
  from resolved back to ongoing, under the same id.
- `datePosted`, in Pacific time, is the same on all events of a document and never went back: it is when the document
  was published. A copy from before the last one is known by it.
- No ongoing event went missing before it was resolved. After a pause of days between two runs it may have been
  resolved and have left the list, so an absent one is no longer listed, not withdrawn.
- An event may be resolved without an end.
"""

from collections.abc import Iterable
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
    parse_entries,
)

PARSER_VERSION: Final = 1
_NAME: Final = "system_status_en_US.js"
_IDENTITY: Final = "apple system status"  # the document does not say which of the two pages it is of
_PATH: Final = "/support/systemstatus"
_DEVELOPER: Final = f"https://www.apple.com{_PATH}/data/developer/{_NAME}"
_KINDS: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_ZONES: Final = {"PDT": "-0700", "PST": "-0800"}
_MAINTENANCE: Final = "maintenance"
_IMPACTS: Final = {
    "outage": Impact.MAJOR,
    "issue": Impact.MINOR,
    "performance": Impact.MINOR,
    _MAINTENANCE: Impact.MAINTENANCE,
}
_GRAVITY: Final = (Impact.UNKNOWN, Impact.MAINTENANCE, *IMPACT_SCALE)
_WINDOW_STATUSES: Final = {"upcoming": "scheduled", "ongoing": "in_progress"}


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


_decode_event: Final = msgspec.json.Decoder(_Event).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    url = f"{page.url}/data/{_NAME}" if page.url.endswith(_PATH) else f"{page.url}{_PATH}/data/{_NAME}"
    if page.url.endswith(f"/{_NAME}"):
        url = page.url
    elif urlsplit(page.url).hostname == "developer.apple.com":
        url = _DEVELOPER
    return (Document(_NAME, url, required=True),)


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    return feed.identity == _IDENTITY


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get(_NAME)
    if body is None:
        raise FeedError(f"{_NAME}: missing")
    services = decode(_called_with(body), _Status, _NAME).services
    if not services:
        raise FeedError(f"{_NAME}: it names no service")
    posted: set[datetime] = set()
    events = [(service.service_name, raw) for service in services for raw in service.events]
    parts, skipped = parse_entries(events, partial(_incident, reading.page.url, posted), _NAME)
    by_id: dict[str, list[Incident]] = {}
    for part in parts:
        by_id.setdefault(part.id, []).append(part)
    return Feed(
        identity=_IDENTITY,
        updated_at={_NAME: max(posted)} if posted else {},
        incidents=tuple(_joined(of_one) for of_one in by_id.values()),
        current=_KINDS,
        skipped=tuple(skipped),
    )


def _called_with(body: bytes) -> bytes:
    """What the function is called with, where the document is a call of one; else the document."""
    function, _, rest = body.partition(b"(")
    call = rest.rstrip().removesuffix(b";").rstrip()
    return call[:-1] if function.strip().isalnum() and call.endswith(b")") else body


def _incident(url: str, posted: set[datetime], event: tuple[str, msgspec.Raw]) -> Incident:
    """What one service says of it."""
    service, raw = event
    it = _decode_event(raw)
    key = identifier(it.message_id)
    kind = IncidentKind.MAINTENANCE if it.status_type.casefold() == _MAINTENANCE else IncidentKind.INCIDENT
    status = clean_status(it.event_status)
    if kind is IncidentKind.MAINTENANCE:
        status = _WINDOW_STATUSES.get(status, status)
    begun = from_epoch(it.epoch_start_date / 1000)
    ended = from_epoch(it.epoch_end_date / 1000) if it.epoch_end_date is not None else None
    published = _published(it.date_posted)
    if published:
        posted.add(published)
    body = "\n".join(filter(None, (it.message, it.users_affected)))
    claimed = ended if ended and status in ("resolved", "completed") else begun
    return Incident(
        id=key,
        kind=kind,
        title=clean_title(it.status_type),
        status=status,
        impact=_IMPACTS.get(it.status_type.casefold(), Impact.UNKNOWN),
        url=url,
        created_at=begun,
        position=begun,
        components=(Component(clean_title(service)),),
        source_quality=STATED_BY_VENDOR,
        updates=(incident_update(key, status, body, published or claimed, claimed),),
        scheduled_for=begun if kind is IncidentKind.MAINTENANCE else None,
        scheduled_until=ended if kind is IncidentKind.MAINTENANCE else None,
    )


def _published(pacific: str | None) -> datetime | None:
    """Of "08/18/2026 13:01 PDT"; nothing where it is written in another way."""
    moment, _, zone = (pacific or "").rpartition(" ")
    try:
        return utc(datetime.strptime(f"{moment} {_ZONES[zone]}", "%m/%d/%Y %H:%M %z"))
    except (KeyError, ValueError, OverflowError):
        return None


def _joined(parts: list[Incident]) -> Incident:
    """Of what its services say of it: open while one of them is, and as grave as the gravest of those."""
    parts = sorted(parts, key=lambda part: part.components)
    lead = max(parts, key=lambda part: (not part.closed, _GRAVITY.index(part.impact)))
    return msgspec.structs.replace(
        lead,
        created_at=min(part.created_at for part in parts),
        position=min(part.position for part in parts),
        components=tuple(sorted({component for part in parts for component in part.components})),
        updates=(_message(lead, parts),),
    )


def _message(lead: Incident, parts: Iterable[Incident]) -> IncidentUpdate:
    """Their messages as one: each after the name of its service, where they differ."""
    said = {part.components[0].name: part.updates[0].body for part in parts}
    lines = (f"{name}: {' '.join(body.splitlines())}" for name, body in said.items())
    return msgspec.structs.replace(
        lead.updates[0],
        body=lead.updates[0].body if len(set(said.values())) == 1 else "\n".join(lines),
        created_at=max(part.updates[0].created_at for part in parts),
    )

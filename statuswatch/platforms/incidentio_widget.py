"""incident.io's Widget API, for pages that have no list of incidents that `incidentio` reads.

`api/v1/summary` has what is open now, maintenance among it, each with its latest message. The owner of a page may
switch it on. The vendor's help documents it ("Embed your status page's data into your own product"): public, read-only,
a direct reflection of the page. Field names and values are those of the code of its users: PostHog, Inngest,
Materialize and Fern. PostHog's and Materialize's read the three lists without a look whether they exist. No recording.

Oddities, from the same sources:

- What is over is no longer listed; nothing tells how it ended.
- Of an incident's updates only the latest is listed: what was written between two reads is not reported.
- No time of creation is stated. The id is a ULID, which holds it; else the first message that was seen begins it.
- The impact is the worst that the incident has on a component now.
- A window has `started_at` and `scheduled_end_at` once it is in progress, and `starts_at` and `ends_at` before.
"""

import re
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    UpdateWithoutId,
    clean_status,
    clean_title,
    decode,
    from_epoch,
    identifier,
    identity,
    incident_link,
    names_nothing,
    newest_copies,
    parse_entries,
    updates_by_time,
)

PARSER_VERSION: Final = 1
_SUMMARY: Final = "summary"
_KINDS: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_IMPACTS: Final = {
    "degraded_performance": Impact.MINOR,
    "partial_outage": Impact.MAJOR,
    "full_outage": Impact.CRITICAL,
}
_STATUSES: Final = {"maintenance_scheduled": "scheduled", "maintenance_in_progress": "in_progress"}
_ULID: Final = re.compile(r"([0-7][0-9A-HJKMNP-TV-Z]{9})[0-9A-HJKMNP-TV-Z]{16}")
_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of a ULID
_FOUNDED: Final = 1_609_459_200_000  # milliseconds, of the year 2021: an earlier time of an id is none


class _Named(msgspec.Struct):
    name: str
    group_name: str | None = None


class _Event(msgspec.Struct):
    """An incident or a maintenance window."""

    id: str
    name: str
    status: str
    last_update_at: datetime
    last_update_message: str | None = None
    url: str | None = None
    current_worst_impact: str | None = None
    affected_components: list[_Named] = []
    starts_at: datetime | None = None
    started_at: datetime | None = None
    ends_at: datetime | None = None
    scheduled_end_at: datetime | None = None


class _Summary(msgspec.Struct):
    page_url: str
    ongoing_incidents: list[msgspec.Raw]
    in_progress_maintenances: list[msgspec.Raw]
    scheduled_maintenances: list[msgspec.Raw]


_decode_event: Final = msgspec.json.Decoder(_Event).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the one document."""
    return (Document(_SUMMARY, f"{page.url}/api/v1/{_SUMMARY}", required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: there is only one document."""
    return ()


def matches(_feed: Feed, /) -> bool:
    """Return True: no other platform has such a summary."""
    return True


def parse(reading: ParseInput, /) -> Feed:
    """Return what is open. Raises FeedError."""
    summary = decode(reading.required(_SUMMARY), _Summary, _SUMMARY)
    incidents, skipped = parse_entries(
        summary.ongoing_incidents, partial(_event, reading, IncidentKind.INCIDENT), _SUMMARY
    )
    windows, unread = parse_entries(
        [*summary.in_progress_maintenances, *summary.scheduled_maintenances],
        partial(_event, reading, IncidentKind.MAINTENANCE),
        _SUMMARY,
    )
    return Feed(
        identity=identity(summary.page_url.rstrip("/").lower(), _SUMMARY),
        incidents=newest_copies(incidents, windows),
        current=_KINDS,
        skipped=(*skipped, *unread),
    )


def _event(reading: ParseInput, kind: IncidentKind, raw: msgspec.Raw) -> Incident:
    """Return an incident or a window. Raises ValueError, OverflowError or MsgspecError."""
    event = _decode_event(raw)
    key = identifier(event.id)
    updated_at = utc(event.last_update_at)
    record = reading.records.get(key)
    created_at = _created_at(key, updated_at) or (record.created_at if record else None) or updated_at
    status = _STATUSES.get(event.status, clean_status(event.status))
    components = _components(event.affected_components)
    is_window = kind is IncidentKind.MAINTENANCE
    return Incident(
        id=key,
        kind=kind,
        title=clean_title(event.name),
        status=status,
        impact=Impact.MAINTENANCE if is_window else _IMPACTS.get(event.current_worst_impact or "", Impact.UNKNOWN),
        url=incident_link(event.url, reading.page),
        created_at=created_at,
        position=created_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=updates_by_time([UpdateWithoutId(status, updated_at, event.last_update_message)]),
        scheduled_for=_time(event.started_at or event.starts_at),
        scheduled_until=_time(event.scheduled_end_at or event.ends_at),
    )


def _components(named: list[_Named]) -> tuple[Component, ...]:
    """Return the components, each with its group: without a list of all nothing tells whether its name is enough."""
    listed = [Component(clean_title(each.name), clean_title(each.group_name or "")) for each in named]
    return tuple(sorted({component for component in listed if not names_nothing(component.name)}))


def _time(stated: datetime | None) -> datetime | None:
    return utc(stated) if stated else None


def _created_at(key: str, updated_at: datetime) -> datetime | None:
    """Return the time that an id holds, but none after the latest message; None where it holds none."""
    found = _ULID.fullmatch(key)
    if not found:
        return None
    milliseconds = 0
    for digit in found[1]:
        milliseconds = milliseconds * len(_DIGITS) + _DIGITS.index(digit)
    if milliseconds < _FOUNDED:
        return None
    return min(from_epoch(min(milliseconds / 1000, updated_at.timestamp())), updated_at)

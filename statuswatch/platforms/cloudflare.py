"""Cloudflare's own status page, its API v3. The page also has the API v2, which `statuspage` reads.

`api/v3/summary` lists active incidents, and a few recent ones of any component that ended; each with its latest update
only. With an `id`, the id of a component, the page is what names that component: vendors that Cloudflare bought have
their status there. Source: the vendor's changelog of August 2026, which announces the API, and a running client with
its tests (github.com/bentleypark/aiwatch, `worker/src/parsers/cloudflare-status.ts`, its issue 1384), which states what
it saw of the live document: the fields, that an incident leaves the active ones when it is resolved, and that the
recent ones are about ten of the whole page. No recording.

Oddities, from that client:

- An active incident has no `resolved_at`, so a recent copy is the newer one.
- `components` is empty where no component is named, whatever the title says.
- Of updates only the latest is listed: what was written between two reads is not reported.
- `active_maintenances` and the documents `history` and `incidents/<id>` were not seen, so they are not read.
"""

from datetime import datetime
from functools import partial
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    UpdateWithoutId,
    clean_status,
    clean_title,
    decode,
    identifier,
    labelled_components,
    listed_components,
    newest_copies,
    parse_entries,
    updates_by_time,
)

PARSER_VERSION: Final = 1
_SUMMARY: Final = "summary"
_IMPACTS: Final = {
    "none": Impact.NONE,
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
}


class _Component(msgspec.Struct):
    id: str
    name: str | None = None


class _Update(msgspec.Struct):
    created_at: datetime | None = None
    display_at: datetime | None = None
    status: str | None = None
    message: str | None = None

    @property
    def published_at(self) -> datetime | None:
        """The time of its publication, else the one that it claims."""
        return self.created_at or self.display_at


class _Incident(msgspec.Struct):
    id: str
    name: str
    status: str
    created_at: datetime
    components: list[_Component]
    impact: str | None = None
    resolved_at: datetime | None = None
    last_update: _Update | None = None


class _Result(msgspec.Struct):
    components: list[_Component]
    active_incidents: list[msgspec.Raw]
    recent_incidents: list[msgspec.Raw] | None = None


class _Summary(msgspec.Struct):
    success: Literal[True]
    result: _Result


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the only document."""
    return (Document(_SUMMARY, f"{page.url}/api/v3/{_SUMMARY}", required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: what is known of further documents is not enough to read them."""
    return ()


def matches(_feed: Feed, /) -> bool:
    """Return True: no other platform has such a summary."""
    return True


def parse(reading: ParseInput, /) -> Feed:
    """Parse the summary. Raises FeedError if it, or every incident in a list of it, cannot be understood."""
    result = decode(reading.required(_SUMMARY), _Summary, _SUMMARY).result
    build = partial(_parse_incident, reading.page)
    active, skipped = parse_entries(result.active_incidents, build, _SUMMARY)
    recent, skipped_recent = parse_entries(result.recent_incidents or [], build, _SUMMARY)
    kinds = frozenset() if result.recent_incidents is None else frozenset({IncidentKind.INCIDENT})
    return Feed(
        identity="cloudflare",  # the document does not name the page
        incidents=newest_copies(recent, active),
        by_creation=True,
        history=kinds,
        current=kinds,
        skipped=(*skipped, *skipped_recent),
        components=_page_components(reading.page, result.components),
    )


def _page_components(page: Page, components: list[_Component]) -> tuple[Component, ...]:
    """Return the components of the page. Raises FeedError where its own is gone: nothing would ever name it."""
    own = [component for component in components if page.id in ("", component.id)]
    if page.id and not own:
        raise FeedError(f"{_SUMMARY}: no component {page.id}; it was merged or removed")
    return listed_components((clean_title(component.name or ""), "") for component in own)


def _parse_incident(page: Page, entry: msgspec.Raw) -> Incident | None:
    """Return an incident, None where it does not name the component of the page. Raises ValueError or MsgspecError."""
    incident = _decode_incident(entry)
    if page.id and page.id not in {component.id for component in incident.components}:
        return None
    key = identifier(incident.id)
    created_at = utc(incident.created_at)
    names = [clean_title(component.name) for component in incident.components if component.name]
    return Incident(
        id=key,
        title=clean_title(incident.name),
        status="resolved" if incident.resolved_at else clean_status(incident.status),
        impact=_IMPACTS.get(incident.impact or "", Impact.UNKNOWN),
        url=f"{page.url}/incidents/{quote(key, safe='')}",
        created_at=created_at,
        position=created_at,
        components=labelled_components(((name, "") for name in names), {}),
        source_quality=STATED_BY_VENDOR if names else 0,
        updates=_latest_update(incident),
    )


def _latest_update(incident: _Incident) -> tuple[IncidentUpdate, ...]:
    """Return the latest update, which has no id; nothing where it has no time either."""
    update = incident.last_update
    published_at = update.published_at if update else None
    if update is None or published_at is None:
        return ()
    status = update.status or incident.status
    return updates_by_time([UpdateWithoutId(status, published_at, update.message, update.display_at)])

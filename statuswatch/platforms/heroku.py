"""Heroku's own status page.

`api/v4/incidents` keeps the newest incidents of any state; `api/v4/current-status` lists every open one. Both are read
on every run; their entries have one shape. Source: a trimmed recording of 2026-09-23 and the typed readers of running
clients, the vendor's command line among them; no recording of an open incident.

Oddities, which those clients report of live documents:

- `resolved` is false on resolved incidents; only `state` shows that one is resolved.
- `scheduled` of the current status keeps maintenance as "upcoming" months after its own message says that it is
  complete, and the time of the window stands in prose only. So maintenance is not read at all.
- The colours of `systems` show their state now: they are green again once the incident is over.
- An update may have neither an id nor a type. It then has the state of its incident.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import (
    IMPACT_SCALE,
    STATED_BY_VENDOR,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
    utc,
)
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    DECODE_ERRORS,
    ClosedEntries,
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    identifier,
    incident_link,
    incident_update,
    labelled_components,
    newest_copies,
    oldest_first,
    parse_entries,
    unread_kinds,
)

PARSER_VERSION: Final = 2
_CURRENT: Final = "current-status"
_IMPACTS: Final = {"yellow": Impact.MINOR, "red": Impact.MAJOR}  # by colour; green does not say what it was before


class _System(msgspec.Struct):
    name: str
    status: str | None = None  # a colour


class _Update(msgspec.Struct):
    created_at: datetime
    update_type: str | None = None
    id: int | None = None
    contents: str | None = None


class _Incident(msgspec.Struct):
    id: int
    title: str
    state: str
    created_at: datetime
    full_url: str
    updates: list[_Update]
    systems: list[_System] | None = None

    @property
    def resolved_at(self) -> datetime | None:
        """Time of the newest update of the type `resolved`; None while the state is another."""
        times = [utc(entry.created_at) for entry in self.updates if entry.update_type == "resolved"]
        if not times or clean_status(self.state) != "resolved":
            return None
        return max(times)


class _CurrentStatus(msgspec.Struct):
    incidents: list[msgspec.Raw]


class _State(msgspec.Struct):
    state: str | None = None


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode
_decode_state: Final = msgspec.json.Decoder(_State).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the list of incidents and the current status."""
    return (
        Document("incidents", f"{page.url}/api/v4/incidents", required=True),
        Document(_CURRENT, f"{page.url}/api/v4/{_CURRENT}"),
    )


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: both documents have all there is."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether there are incidents: no other platform's entries have all required fields of these."""
    return bool(feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    """Parse the list and the current status. Raises FeedError if the list is missing or cannot be understood."""
    body = reading.required("incidents")
    closed = ClosedEntries(reading, PARSER_VERSION)
    build = partial(_parse_incident, reading.page, closed)
    listed, skipped = _parse_list(decode(body, list[msgspec.Raw], "incidents"), build, "incidents")
    current: list[Incident] | None = None
    losses: list[str] = []
    current_body = reading.documents.get(_CURRENT)
    if current_body is not None:
        try:
            entries = decode(current_body, _CurrentStatus, _CURRENT).incidents
            current, skipped_current = _parse_list(entries, build, _CURRENT)
            skipped += skipped_current
        except FeedError as error:
            losses.append(str(error))
    # An open incident may stand in the current status alone: without it, nothing can be said to be absent.
    kinds = frozenset() if current is None else frozenset({IncidentKind.INCIDENT})
    return Feed(
        identity="heroku",  # the documents do not name the page
        incidents=newest_copies(listed, current or ()),
        by_creation=True,
        history=kinds,
        complete=kinds,
        unread=unread_kinds(reading, _CURRENT, frozenset({IncidentKind.INCIDENT}), is_whole=current is not None),
        as_remembered=closed.listed,
        skipped=tuple(skipped),
        losses=tuple(losses),
    )


def _parse_list(
    entries: list[msgspec.Raw], build: Callable[[msgspec.Raw], Incident | None], name: str
) -> tuple[list[Incident], list[str]]:
    """Return the incidents and why entries were skipped; maintenance is left out."""
    incidents = (entry for entry in entries if not _is_maintenance(entry))
    return parse_entries(incidents, build, name)


def _is_maintenance(entry: msgspec.Raw) -> bool:
    try:
        return _decode_state(entry).state == "upcoming"
    except DECODE_ERRORS:
        return False


def _parse_incident(page: Page, closed: ClosedEntries, entry: msgspec.Raw) -> Incident | None:
    """Parse an incident; None where it is as remembered."""
    digest = closed.digest(entry)
    if closed.holds(digest):
        return None
    incident = _decode_incident(entry)
    created_at = utc(incident.created_at)
    status = clean_status(incident.state)
    resolved_at = incident.resolved_at
    systems = incident.systems or []
    impacts = {_IMPACTS[system.status] for system in systems if system.status in _IMPACTS}
    return Incident(
        id=identifier(str(incident.id)),
        title=clean_title(incident.title),
        status=status,
        impact=max(impacts, key=IMPACT_SCALE.index, default=Impact.UNKNOWN),
        url=incident_link(incident.full_url, page),
        created_at=created_at,
        position=created_at,
        components=labelled_components(((clean_title(system.name), "") for system in systems), {}),
        source_quality=STATED_BY_VENDOR if systems else 0,
        updates=oldest_first(_build_update(update, resolved_at, status) for update in incident.updates),
        entry_digest=digest,
    )


def _build_update(update: _Update, resolved_at: datetime | None, state: str) -> IncidentUpdate:
    """Build an update; one added after the end is `resolved` too, whatever its type, and so reopens nothing.

    `state` of the incident is that of an update without a type.
    """
    created_at = utc(update.created_at)
    after_end = resolved_at is not None and created_at >= resolved_at
    return incident_update(
        derived_id(created_at.isoformat()) if update.id is None else str(update.id),
        "resolved" if after_end else update.update_type or state,
        update.contents,
        update.created_at,
        None,
    )

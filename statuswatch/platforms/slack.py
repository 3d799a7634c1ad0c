"""Slack's own status page, its API v2.0.0.

`current` lists what is open, and `history` recent entries of any status, the newest first: those that are over and, as
recorded, those still open. Both are read on every run. What is open is only what `current` lists. The history adds what
is over, so that an incident that ended is told as resolved, with its last note; of two copies the one with the newest
note counts, and of equal ones the ended: `current` may come from a cache.

An entry gone from `current` that the history does not show as over yet, or while the history cannot be read, is not
spoken of at this read: it is noted as absent. If the next read finds it no better it is no longer listed. On a page
without a history it is so at once.

Oddities: notes have no ids, come oldest first (recorded) and state no status; entries end without a note, or get notes
for days after their end (recorded); ids are numbers (recorded) or digits in a string (the vendor's documentation);
times have the offset of California; bodies are HTML. No severity is stated but the type: `outage` is the worst of
`notice`, `incident` and `outage` on the vendor's page, and no more is made of the others. No document names its page.
"""

from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import (
    CLOSED_STATUSES,
    STATED_BY_VENDOR,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
    utc,
)
from statuswatch.model.page import Document, Feed, Page
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    identifier,
    incident_link,
    incident_update,
    labelled_components,
    merge_same_id,
    newest_copies,
    newly_absent,
    parse_entries,
)

PARSER_VERSION: Final = 1
_CURRENT: Final = "/api/v2.0.0/current"
_HISTORY: Final = "/api/v2.0.0/history"
_BOTH: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_STATUSES: Final = ("active", "resolved", "scheduled", "in_progress", "completed")


class _Note(msgspec.Struct):
    date_created: datetime
    body: str | None = None


class _Incident(msgspec.Struct):
    id: int | str
    title: str
    status: str
    date_created: datetime
    notes: list[_Note] | None = None
    type: str | None = None
    url: str | None = None
    services: list[str] | None = None


class _Current(msgspec.Struct):
    status: str
    active_incidents: list[msgspec.Raw]


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    site = page.url.removesuffix(_CURRENT)
    return (Document("current", f"{site}{_CURRENT}", required=True), Document("history", f"{site}{_HISTORY}"))


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    return feed.identity == "slack"


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get("current")
    if body is None:
        raise FeedError("current: missing")
    current = decode(body, _Current, "current")
    if current.status != "ok" and not current.active_incidents:
        raise FeedError(f"current: it says {clean_title(current.status)!r} and lists nothing")
    listed, skipped = parse_entries(current.active_incidents, partial(_incident, reading), "current")
    past, losses = _past(reading)
    over = [it for it in past or () if it.closed]
    incidents = newest_copies(over, listed)
    return Feed(
        identity="slack",
        incidents=incidents,
        by_creation=True,
        history=_BOTH if over or past == [] else frozenset(),
        complete=_BOTH,
        current=frozenset() if newly_absent(reading, "history", incidents) else _BOTH,
        skipped=tuple(skipped),
        losses=tuple(losses),
    )


def _past(reading: ParseInput) -> tuple[list[Incident] | None, list[str]]:
    """The entries of the history, None where it could not be read, and what it could not add. It is never the only
    one to say that something is open, so that a bad entry of it may not keep anything open.
    """
    body = reading.documents.get("history")
    if body is None:
        return None, []
    try:
        raws = decode(body, list[msgspec.Raw], "history")
        return parse_entries(raws, partial(_incident, reading), "history")
    except FeedError as error:
        return None, [str(error)]


def _incident(reading: ParseInput, raw: msgspec.Raw) -> Incident:
    it = _decode_incident(raw)
    key = identifier(str(it.id))
    created = utc(it.date_created)
    kind = IncidentKind.MAINTENANCE if it.type == "maintenance" else IncidentKind.INCIDENT
    status = clean_status(it.status)
    if kind is IncidentKind.MAINTENANCE and status == "active":
        status = "in_progress"
    components = labelled_components(
        ((name, "") for service in it.services or () if (name := clean_title(service))), {}
    )
    return Incident(
        id=key,
        kind=kind,
        title=clean_title(it.title),
        status=status,
        impact=_impact(it.type),
        url=incident_link(it.url, reading.page),
        created_at=created,
        position=created,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=_updates(key, status, it.notes or [], reading.state.incidents.get(key) if reading.state else None),
    )


def _impact(kind: str | None) -> Impact:
    return {"maintenance": Impact.MAINTENANCE, "outage": Impact.CRITICAL}.get(kind or "", Impact.UNKNOWN)


def _updates(key: str, status: str, notes: list[_Note], known: IncidentRecord | None) -> tuple[IncidentUpdate, ...]:
    """The notes, each under the status that its incident had when it was first seen, and so for good. Of those never
    seen, the last has the status of now; the others came before the end, unless that is known to be past.
    """
    ended = status in CLOSED_STATUSES and not (known and known.closed)
    times = [utc(note.date_created) for note in notes]
    last = max(times, default=None)
    first = known.update_statuses(_STATUSES) if known else {}
    updates = []
    for note, at in zip(notes, times, strict=True):
        identity = derived_id(key, at.isoformat())
        now = "active" if ended and at != last else status
        updates.append(incident_update(identity, first.get(text.digest(identity), now), note.body, at, None))
    return merge_same_id(updates)

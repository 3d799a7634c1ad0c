"""Heroku's own status page.

`api/v4/incidents` keeps the newest incidents of any state; `api/v4/current-status` lists every open one. Both are read
on every run; their entries have one shape. Documented by running clients: a trimmed recording of 2026-09-23 and typed
readers of both; none of an open incident.

Oddities, reported of live documents: `resolved` is false on resolved incidents, only `state` tells; `scheduled` of the
current status keeps maintenance as "upcoming" months after its own message says that it is complete, with the time of
the window only in prose, so that windows are not read at all; the colours of `systems` show their state of now, green
again once it is over.
"""

from datetime import datetime
from typing import Final

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import IMPACT_SCALE, STATED_BY_VENDOR, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
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
    newest_copies,
    oldest_first,
    parse_entries,
)

PARSER_VERSION: Final = 1
_CURRENT: Final = "current-status"
_COLOURS: Final = {"yellow": Impact.MINOR, "red": Impact.MAJOR}  # green says nothing of what it was


class _System(msgspec.Struct):
    name: str
    status: str | None = None


class _Update(msgspec.Struct):
    created_at: datetime
    update_type: str
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


class _Status(msgspec.Struct):
    incidents: list[msgspec.Raw]


class _State(msgspec.Struct):
    state: str | None = None


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode
_decode_state: Final = msgspec.json.Decoder(_State).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    return (
        Document("incidents", f"{page.url}/api/v4/incidents", required=True),
        Document(_CURRENT, f"{page.url}/api/v4/{_CURRENT}"),
    )


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    return bool(feed.incidents)  # no other platform's entries have all that these must have


def parse(reading: ParseInput, /) -> Feed:
    base = reading.documents.get("incidents")
    if base is None:
        raise FeedError("incidents: missing")
    history, skipped = _understood(decode(base, list[msgspec.Raw], "incidents"), reading.page, "incidents")
    losses: list[str] = []
    current: list[Incident] | None = None
    if (body := reading.documents.get(_CURRENT)) is not None:
        try:
            current, bad = _understood(decode(body, _Status, _CURRENT).incidents, reading.page, _CURRENT)
            skipped += bad
        except FeedError as error:
            losses.append(str(error))
    return Feed(
        identity="heroku",  # its documents name no page
        incidents=newest_copies(history, current or ()),
        by_creation=True,
        # What is open may stand in the current status alone: without it, what is absent may be there.
        history=frozenset() if current is None else frozenset({IncidentKind.INCIDENT}),
        complete=frozenset() if current is None else frozenset({IncidentKind.INCIDENT}),
        skipped=tuple(skipped),
        losses=tuple(losses),
    )


def _understood(raws: list[msgspec.Raw], page: Page, name: str) -> tuple[list[Incident], list[str]]:
    return parse_entries((raw for raw in raws if not _is_window(raw)), lambda raw: _incident(raw, page), name)


def _is_window(raw: msgspec.Raw) -> bool:
    try:
        return _decode_state(raw).state == "upcoming"
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _incident(raw: msgspec.Raw, page: Page) -> Incident:
    it = _decode_incident(raw)
    created = utc(it.created_at)
    status = clean_status(it.state)
    ends = [utc(entry.created_at) for entry in it.updates if entry.update_type == "resolved"]
    over = max(ends) if ends and status == "resolved" else None
    systems = it.systems or []
    impacts = {_COLOURS[system.status] for system in systems if system.status in _COLOURS}
    return Incident(
        id=identifier(str(it.id)),
        title=clean_title(it.title),
        status=status,
        impact=max(impacts, key=IMPACT_SCALE.index, default=Impact.UNKNOWN),
        url=incident_link(it.full_url, page),
        created_at=created,
        position=created,
        components=labelled_components(((clean_title(system.name), "") for system in systems), {}),
        source_quality=STATED_BY_VENDOR if systems else 0,
        updates=oldest_first(
            incident_update(
                derived_id(utc(entry.created_at).isoformat()) if entry.id is None else str(entry.id),
                # What is added to an incident that is over, of whatever type, does not open it again.
                "resolved" if over and utc(entry.created_at) >= over else entry.update_type,
                entry.contents,
                entry.created_at,
                None,
            )
            for entry in it.updates
        ),
    )

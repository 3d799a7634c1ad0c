"""Status.io, the public status API.

`https://api.status.io/1.0/status/<id>` is read on every run, whatever the address of the page; where the page's
address is already one of that kind, it is read as it is. It lists what is open and nothing else: active incidents,
active and upcoming maintenance windows, each with all of its messages. What is over is gone, so the last message of an
incident is often never seen, and it ends as no longer listed.

The API does not say which page it is of: the id that it was asked by does. Where there is none, the page's HTML is
searched for it, in links such as `/pages/history/<id>` and `/pages/<id>/rss` and in scripts.

Oddities: an unknown id is answered with 200 and `{"error": "status page not found"}` (recorded by others, 2026);
states and statuses are numbers (documented by the vendor), and a state means one thing for an incident and another for
a window; messages have no ids (documented, and recorded for GitLab, 2023). `containers` are what components run in,
often regions. They are named beside the components where only some of those that the components have are affected:
all of them tell nothing.

There is also an RSS feed of past entries. It is not read: its messages are dated without a year, so that they could
not be told from those of the API.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import quote

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    MissingPageIdError,
    ParseInput,
    clean_title,
    decode,
    derived_id,
    identifier,
    identity,
    incident_update,
    labelled_components,
    merge_same_id,
    newest_copies,
    parse_entries,
)

PARSER_VERSION: Final = 1
_API: Final = "https://api.status.io/1.0/status/"
_ADDRESS: Final = re.compile(r"/1\.0/status/([0-9a-f]{24})(?![0-9a-z])")
_ID: Final = re.compile(
    rb"(?:/pages/(?:[a-z]+/)?|/1\.0/status/|statuspage_?id[\"']?\s*[:=]\s*[\"'])([0-9a-f]{24})(?![0-9a-z])",
    re.IGNORECASE,
)
_MOST_CANDIDATES: Final = 3
_BOTH: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})

# The vendor's codes. 600 is a security event, the last step of its scale.
_STATES: Final = {100: "investigating", 200: "identified", 300: "monitoring", 400: "resolved"}
_WINDOW_STATES: Final = {100: "scheduled", 200: "in_progress", 300: "completed"}
_IMPACTS: Final = {
    100: Impact.NONE,
    300: Impact.MINOR,
    400: Impact.MAJOR,
    500: Impact.CRITICAL,
    600: Impact.CRITICAL,
}


class _Affected(msgspec.Struct):
    name: str | None = None
    id: str = msgspec.field(default="", name="_id")


class _Message(msgspec.Struct):
    datetime: datetime
    details: str | None = None
    state: int | None = None
    status: int | None = None
    id: str | None = msgspec.field(default=None, name="_id")


class _Incident(msgspec.Struct):
    name: str
    datetime_open: datetime
    id: str = msgspec.field(name="_id")
    messages: list[_Message] | None = None
    datetime_planned_start: datetime | None = None
    datetime_planned_end: datetime | None = None
    components_affected: list[_Affected] | None = None
    containers_affected: list[_Affected] | None = None


class _Container(msgspec.Struct):
    id: str


class _Component(msgspec.Struct):
    id: str
    containers: list[_Container] | None = None


class _Overall(msgspec.Struct):
    status_code: int


class _Maintenance(msgspec.Struct):
    active: list[msgspec.Raw]
    upcoming: list[msgspec.Raw]


class _Result(msgspec.Struct):
    status_overall: _Overall
    status: list[_Component]
    incidents: list[msgspec.Raw]
    maintenance: _Maintenance


class _Answer(msgspec.Struct):
    result: _Result | None = None
    error: str | None = None


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    if _ADDRESS.search(page.url):
        return (Document("status", page.url, required=True),)
    if page.id:
        return (Document("status", f"{_API}{quote(page.id, safe='')}", required=True),)
    return (Document("page", page.url, required=True),)


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    return re.fullmatch(r"[0-9a-f]{24}", feed.identity) is not None


def parse(reading: ParseInput, /) -> Feed:
    address = _ADDRESS.search(reading.page.url)
    key = address[1] if address else reading.page.id
    if not key:
        raise _unidentified(reading.documents.get("page"))
    body = reading.documents.get("status")
    if body is None:
        raise FeedError("status: missing")
    answer = decode(body, _Answer, "status")
    if answer.result is None:
        raise FeedError(f"status: {clean_title(answer.error or '') or 'it has no result'}")
    result = answer.result

    containers = {part.id: frozenset(one.id for one in part.containers or ()) for part in result.status}
    # An address of the API is none for people; the vendor shows every page under its own name too.
    site = f"{'https://status.io' if address else reading.page.url}/pages"
    build = partial(_incident, containers, f"{site}/incident/{quote(key, safe='')}", "")
    incidents, skipped = parse_entries(result.incidents, build, "status")
    for status, raws in (("in_progress", result.maintenance.active), ("scheduled", result.maintenance.upcoming)):
        build = partial(_incident, containers, f"{site}/maintenance/{quote(key, safe='')}", status)
        try:
            understood, bad = parse_entries(raws, build, f"status: maintenance {status}")
        except FeedError as error:
            understood, bad = [], [str(error)]
        incidents += understood
        skipped += bad
    return Feed(
        identity=identity(key, "status"),
        incidents=newest_copies(incidents),
        complete=_BOTH,
        current=_BOTH,
        skipped=tuple(skipped),
    )


def _unidentified(html: bytes | None) -> FeedError:
    """That the id is not known, with what may be it: an id of status.io is 24 hexadecimal digits."""
    found = Counter(one.decode().lower() for one in _ID.findall(html or b""))
    if not found:
        return FeedError("page: there is no id of a status.io page in it")
    ids = [key for key, _ in found.most_common(_MOST_CANDIDATES)]
    return MissingPageIdError(f"page: it may be {ids[0]} at status.io", *ids)


def _incident(containers: Mapping[str, frozenset[str]], url: str, window: str, raw: msgspec.Raw) -> Incident:
    """`window` is the status of a maintenance window by the list that it stands in, and "" for an incident."""
    it = _decode_incident(raw)
    key = identifier(it.id)
    created = utc(it.datetime_open)
    messages = it.messages or []
    updates = merge_same_id(_update(key, message, _WINDOW_STATES if window else _STATES) for message in messages)
    newest = max(messages, key=lambda message: utc(message.datetime)).status if messages else None
    impact = Impact.MAINTENANCE if window else _IMPACTS.get(newest or 0, Impact.UNKNOWN)
    components = _components(it, containers)
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if window else IncidentKind.INCIDENT,
        title=clean_title(it.name),
        status=window or (updates[-1].status if updates else "open"),
        impact=impact,
        url=f"{url}/{quote(key, safe='')}",
        created_at=created,
        position=created,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=updates,
        scheduled_for=utc(it.datetime_planned_start) if it.datetime_planned_start and window else None,
        scheduled_until=utc(it.datetime_planned_end) if it.datetime_planned_end and window else None,
    )


def _update(incident: str, message: _Message, states: Mapping[int, str]) -> IncidentUpdate:
    """A state that the vendor does not document stays its number; where none is stated, the message is but posted."""
    at = utc(message.datetime)
    status = "posted" if message.state is None else states.get(message.state, str(message.state))
    return incident_update(message.id or derived_id(incident, at.isoformat()), status, message.details, at, None)


def _components(it: _Incident, containers: Mapping[str, frozenset[str]]) -> tuple[Component, ...]:
    parts, places = it.components_affected or [], it.containers_affected or []
    possible = [containers[key] for key in {part.id for part in parts} if key in containers]
    stated = {place.id for place in places}
    # All of them possible, and not all that are: told without their union, which may be large for every incident.
    some = stated == set[str]().union(*(stated & of for of in possible)) and any(not of <= stated for of in possible)
    named = [*parts, *places] if some or not parts else parts
    return labelled_components(((clean_title(one.name), "") for one in named if one.name), {})

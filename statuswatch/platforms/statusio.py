"""Status.io, the public status API.

`https://api.status.io/1.0/status/<id>` is read on every run, whatever the address of the page; a page whose address is
of that kind is read there. It lists what is open and nothing else: active incidents, active and upcoming maintenance,
each with all of its messages. What is over is gone, so the last message of an incident is often never received, and
the incident ends as no longer listed.

The API does not name the page: the id in its address does. Where the configuration has no id, the page's HTML is
searched for it, in links such as `/pages/history/<id>` and `/pages/<id>/rss` and in scripts.

Oddities:

- An unknown id is answered with HTTP 200 and `{"error": "status page not found"}` (recorded by others, 2026).
- States and statuses are numbers (documented by the vendor). A state means one thing for an incident and another for
  maintenance.
- Messages have no ids (documented, and recorded for GitLab, 2023).
- `containers` are what components run in, often regions. They are named beside the components only where some of the
  containers of those components are affected, but not all.

There is also an RSS feed of past entries. It is not read: its messages are dated without a year, so they could not be
matched with those of the API.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
    clean_status,
    clean_title,
    decode,
    derived_id,
    identifier,
    identity,
    incident_update,
    labelled_components,
    listed_components,
    merge_same_id,
    newest_copies,
    parse_entries,
)

PARSER_VERSION: Final = 2
_API: Final = "https://api.status.io/1.0/status/"
_ADDRESS: Final = re.compile(r"/1\.0/status/([0-9a-f]{24})(?![0-9a-z])")
_ID: Final = re.compile(
    rb"(?:/pages/(?:[a-z]+/)?|/1\.0/status/|statuspage_?id[\"']?\s*[:=]\s*[\"'])([0-9a-f]{24})(?![0-9a-z])",
    re.IGNORECASE,
)
_MAX_CANDIDATES: Final = 3
_BOTH: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})

# The vendor's codes. 600 is a security event, the last step of its scale.
_STATES: Final = {100: "investigating", 200: "identified", 300: "monitoring", 400: "resolved"}
_MAINTENANCE_STATES: Final = {100: "scheduled", 200: "in_progress", 300: "completed"}
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
    opened_at: datetime = msgspec.field(name="datetime_open")
    id: str = msgspec.field(name="_id")
    messages: list[_Message] | None = None
    planned_start: datetime | None = msgspec.field(default=None, name="datetime_planned_start")
    planned_end: datetime | None = msgspec.field(default=None, name="datetime_planned_end")
    components_affected: list[_Affected] | None = None
    containers_affected: list[_Affected] | None = None

    @property
    def impact(self) -> Impact:
        """The impact that the newest message states."""
        if not self.messages:
            return Impact.UNKNOWN
        newest = max(self.messages, key=lambda message: utc(message.datetime))
        return _IMPACTS.get(newest.status or 0, Impact.UNKNOWN)


class _Container(msgspec.Struct):
    id: str
    name: str | None = None


class _Component(msgspec.Struct):
    id: str
    name: str | None = None
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


class _Response(msgspec.Struct):
    result: _Result | None = None
    error: str | None = None


class _Context(msgspec.Struct, frozen=True):
    """What the incidents of a page share: the containers by component id, and the start of their addresses."""

    containers: Mapping[str, frozenset[str]]
    site: str
    page_id: str

    def url(self, kind: str, key: str) -> str:
        """Return the address of an incident or a maintenance."""
        return f"{self.site}/{kind}/{quote(self.page_id, safe='')}/{quote(key, safe='')}"


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the status of the page; the page itself where its id has to be found first."""
    if _ADDRESS.search(page.url):
        return (Document("status", page.url, required=True),)
    if page.id:
        return (Document("status", f"{_API}{quote(page.id, safe='')}", required=True),)
    return (Document("page", page.url, required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: the status has all there is."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the page's id has the form of this platform's."""
    return re.fullmatch(r"[0-9a-f]{24}", feed.identity) is not None


def parse(reading: ParseInput, /) -> Feed:
    """Parse the status. Raises MissingPageIdError where the page's id is unknown, else FeedError."""
    address = _ADDRESS.search(reading.page.url)
    page_id = address[1] if address else reading.page.id
    if not page_id:
        raise _missing_id(reading.documents.get("page"))
    result = _decode_result(reading.required("status"))
    # People cannot read the API's address; the vendor shows every page under its own name too.
    site = f"{'https://status.io' if address else reading.page.url}/pages"
    context = _Context(_containers(result.status), site, page_id)
    incidents, skipped = parse_entries(result.incidents, partial(_parse_incident, context), "status")
    for status, entries in (("in_progress", result.maintenance.active), ("scheduled", result.maintenance.upcoming)):
        maintenance, skipped_maintenance = _parse_maintenance_list(context, status, entries)
        incidents += maintenance
        skipped += skipped_maintenance
    return Feed(
        identity=identity(page_id, "status"),
        updates_have_no_ids=True,
        incidents=newest_copies(incidents),
        complete=_BOTH,
        current=_BOTH,
        skipped=tuple(skipped),
        components=listed_components((clean_title(name), "") for name in _names(result.status)),
    )


def _decode_result(body: bytes) -> _Result:
    """Return the result. Raises FeedError, with the API's own error where it states one."""
    response = decode(body, _Response, "status")
    if response.result is None:
        reason = clean_title(response.error or "") or "it has no result"
        raise FeedError(f"status: {reason}")
    return response.result


def _missing_id(html: bytes | None) -> FeedError:
    """Return the error that the id is unknown, with the ids that the page's HTML mentions most.

    An id of status.io has 24 hexadecimal digits.
    """
    candidates = Counter(match.decode().lower() for match in _ID.findall(html or b""))
    if not candidates:
        return FeedError("page: there is no id of a status.io page in it")
    ids = [key for key, _ in candidates.most_common(_MAX_CANDIDATES)]
    return MissingPageIdError(f"page: it may be {ids[0]} at status.io", *ids)


def _containers(components: Iterable[_Component]) -> dict[str, frozenset[str]]:
    """Return the ids of the containers of each component, by its id."""
    return {
        component.id: frozenset(container.id for container in component.containers or ()) for component in components
    }


def _names(components: Iterable[_Component]) -> Iterator[str]:
    """Yield the names of the components and of their containers: incidents name both."""
    for component in components:
        yield component.name or ""
        yield from (container.name or "" for container in component.containers or ())


def _parse_maintenance_list(
    context: _Context, status: str, entries: Iterable[msgspec.Raw]
) -> tuple[list[Incident], list[str]]:
    """Return the maintenance of one list, all of that status, and why entries were skipped."""
    try:
        return parse_entries(entries, partial(_parse_maintenance, context, status), f"status: maintenance {status}")
    except FeedError as error:
        return [], [str(error)]


def _parse_incident(context: _Context, entry: msgspec.Raw) -> Incident:
    incident = _decode_incident(entry)
    key = identifier(incident.id)
    opened_at = utc(incident.opened_at)
    updates = _build_updates(incident, _STATES)
    components = _build_components(incident, context.containers)
    return Incident(
        id=key,
        title=clean_title(incident.name),
        status=updates[-1].status if updates else "open",
        impact=incident.impact,
        url=context.url("incident", key),
        created_at=opened_at,
        position=opened_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=updates,
    )


def _parse_maintenance(context: _Context, status: str, entry: msgspec.Raw) -> Incident:
    maintenance = _decode_incident(entry)
    key = identifier(maintenance.id)
    opened_at = utc(maintenance.opened_at)
    components = _build_components(maintenance, context.containers)
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE,
        title=clean_title(maintenance.name),
        status=status,
        impact=Impact.MAINTENANCE,
        url=context.url("maintenance", key),
        created_at=opened_at,
        position=opened_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=_build_updates(maintenance, _MAINTENANCE_STATES),
        scheduled_for=utc(maintenance.planned_start) if maintenance.planned_start else None,
        scheduled_until=utc(maintenance.planned_end) if maintenance.planned_end else None,
    )


def _build_updates(incident: _Incident, states: Mapping[int, str]) -> tuple[IncidentUpdate, ...]:
    return merge_same_id(_build_update(incident.id, message, states) for message in incident.messages or ())


def _build_update(incident_id: str, message: _Message, states: Mapping[int, str]) -> IncidentUpdate:
    """Build an update. A state that the vendor does not document stays a number; without one it is "posted"."""
    time = utc(message.datetime)
    status = "posted" if message.state is None else states.get(message.state) or clean_status(str(message.state))
    return incident_update(message.id or derived_id(incident_id, time.isoformat()), status, message.details, time, None)


def _build_components(incident: _Incident, containers: Mapping[str, frozenset[str]]) -> tuple[Component, ...]:
    """Return the affected components, with the affected containers where those say more."""
    parts = [*(incident.components_affected or ()), *_containers_to_name(incident, containers)]
    names = [clean_title(part.name) for part in parts if part.name]
    return labelled_components(((name, "") for name in names), {})


def _containers_to_name(incident: _Incident, containers: Mapping[str, frozenset[str]]) -> list[_Affected]:
    """Return the affected containers, unless they are all containers of the components, or others than those.

    Without a component, all of them. The union of the containers of the components is not built: it may be large, for
    every incident.
    """
    affected = incident.containers_affected or []
    if not incident.components_affected:
        return affected
    affected_ids = frozenset(container.id for container in affected)
    component_ids = {component.id for component in incident.components_affected}
    possible = [containers.get(key, frozenset()) for key in component_ids]
    within = affected_ids == frozenset[str]().union(*(affected_ids & of_component for of_component in possible))
    is_part = within and any(not of_component <= affected_ids for of_component in possible)
    return affected if is_part else []

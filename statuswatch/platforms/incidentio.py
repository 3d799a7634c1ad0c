"""incident.io.

Incidents, updates and their ids come from the compatibility API, `api/v2/incidents.json`: the 25 last changed. It
never names components and may leave every body empty (82 of 82 in one recorded month). What decorates it:

- `proxy/<host>/incidents`, native, read on every run: per incident the ids of its components, the messages, and the
  maintenance windows, which the compatibility API does not have. Incident ids are the same in both (39 of 41 compared
  on status.openai.com).
- `proxy/<host>`, native: the names and groups of components. Read when an id has no remembered name. Two components
  may share a name ("Login" of the APIs and of ChatGPT).
- `feed.atom`: the names of an incident's components, in random order, without ids. Read when the native documents did
  not do.

The native documents are not documented by the vendor; field lists are from recordings of several pages.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    IDENTITIES,
    ParseInput,
    StatedUpdate,
    clean_status,
    clean_title,
    decode,
    identifier,
    identity_of_platform,
    incident_list,
    incident_update,
    labelled_components,
    newest_copies,
    oldest_first,
    page_changed_at,
    parse_entries,
    parse_syndication,
)

PARSER_VERSION: Final = 1
_IMPACTS: Final = {str(impact): impact for impact in Impact}
_LIVE_STATE: Final = re.compile(r" \([^()]*\)$")
LARGEST_FEED: Final = 1_000_000  # bytes of the Atom feed that are looked at; the newest entries come first
# How rich the source of an incident's components is: native; the Atom feed; native, but some have no name even on the
# page of names; none; native, and some have no name yet.
_NATIVE, _FEED, _UNNAMED, _NONE, _PARTLY = STATED_BY_VENDOR, 2, 1, 0, -1
_STATUSES: Final = {
    "maintenance_scheduled": "scheduled",
    "maintenance_in_progress": "in_progress",
    "maintenance_complete": "completed",
}


class _Incident(msgspec.Struct):
    id: str
    name: str
    status: str
    created_at: datetime
    incident_updates: list[StatedUpdate]
    updated_at: datetime | None = None
    impact: str | None = None


class _ComponentStatus(msgspec.Struct):
    component_id: str


class _ComponentImpact(msgspec.Struct):
    component_id: str
    start_at: datetime | None = None
    end_at: datetime | None = None


class _NativeUpdate(msgspec.Struct):
    id: str
    published_at: datetime
    to_status: str
    message_string: str | None = None
    component_statuses: list[_ComponentStatus] | None = None


class _NativeIncident(msgspec.Struct):
    id: str
    name: str
    status: str
    published_at: datetime
    type: str = "incident"
    updates: list[_NativeUpdate] = []
    affected_components: list[_ComponentStatus] | None = None
    component_impacts: list[_ComponentImpact] | None = None

    def component_ids(self) -> set[str]:
        stated = (
            self.affected_components,
            self.component_impacts,
            *(entry.component_statuses for entry in self.updates),
        )
        return {part.component_id for parts in stated for part in parts or ()}


class _NativeIncidents(msgspec.Struct):
    incidents: list[msgspec.Raw]


class _Named(msgspec.Struct):
    name: str
    id: str = ""
    component_id: str = ""


class _Group(msgspec.Struct):
    name: str
    components: list[_Named] = []


class _Item(msgspec.Struct):
    group: _Group | None = None
    component: _Named | None = None


class _Structure(msgspec.Struct):
    items: list[_Item] = []


class _Summary(msgspec.Struct):
    id: str
    components: list[_Named] = []
    structure: _Structure | None = None


class _NativePage(msgspec.Struct):
    summary: _Summary


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode
_decode_native: Final = msgspec.json.Decoder(_NativeIncident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    return (
        Document("incidents.json", f"{page.url}/api/v2/incidents.json", required=True),
        Document("native", f"{_proxy(page.url)}/incidents"),
    )


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    ranks = {incident.source_quality for incident in feed.incidents}
    native = reading.documents.get("native")
    wanted = []
    if native and (_PARTLY in ranks or (dirty and _UNNAMED in ranks)):
        wanted.append(Document("names", _proxy(reading.page.url)))
    if dirty and (wanted or not native):
        wanted.append(Document("feed.atom", f"{reading.page.url}/feed.atom"))
    return tuple(wanted)


def matches(feed: Feed, /) -> bool:
    return IDENTITIES["incidentio"].fullmatch(feed.identity) is not None


def parse(reading: ParseInput, /) -> Feed:
    base = reading.documents.get("incidents.json")
    if base is None:
        raise FeedError("incidents.json: missing")
    compat = incident_list(base, _Incident, "incidents.json")
    losses: list[str] = []
    unread: list[str] = []
    native = _native(reading, losses, unread)
    known = reading.state.incidents if reading.state else {}
    found = _names(reading, compat.page.id, losses)
    names = {**(reading.state.names if reading.state else {}), **found}
    listed = _feed_components(reading, losses)
    used = set().union(*(it.component_ids() for it in native.values())) if native else set()
    if found:  # what has no name even there is not asked for again
        names |= {key: Component("") for key in used if key not in names}

    def components(key: str) -> tuple[tuple[Component, ...], int]:
        ids = native[key].component_ids() if key in native else set()
        named = tuple(sorted({names[part] for part in ids if part in names and names[part].name}))
        if key in native and all(part in names and names[part].name for part in ids):
            return named, _NATIVE
        if key in listed:
            return listed[key], _FEED
        if not ids:
            return (), _NONE
        return named, _UNNAMED if ids <= names.keys() else _PARTLY

    def incident(entry: _Incident | msgspec.Raw) -> Incident:
        it = entry if isinstance(entry, _Incident) else _decode_incident(entry)
        key = identifier(it.id)
        status = clean_status(it.status)
        twin = native.get(key)
        maintenance = (
            status in _STATUSES or it.impact == "maintenance" or (twin is not None and twin.type == "maintenance")
        )
        updates = oldest_first(
            incident_update(
                post.id, _STATUSES.get(post.status, post.status), post.body, post.created_at, post.display_at
            )
            for post in it.incident_updates
        )
        created = utc(it.created_at)
        named, source_quality = components(key)
        if twin and _is_older(twin, updates):  # a copy from before: good enough where nothing is known yet
            source_quality = min(source_quality, _FEED)
            fill = key not in known
        else:
            fill = twin is not None
        start, end = _schedule(twin) if twin and maintenance else (None, None)
        return Incident(
            id=key,
            kind=IncidentKind.MAINTENANCE if maintenance else IncidentKind.INCIDENT,
            title=clean_title(it.name),
            status=_STATUSES.get(status, status),
            impact=_IMPACTS.get(it.impact or "", Impact.UNKNOWN),
            url=_address(reading.page.url, key),
            created_at=created,
            position=utc(it.updated_at) if it.updated_at else max([created, *(entry.created_at for entry in updates)]),
            components=named,
            source_quality=source_quality,
            updates=_filled(updates, twin) if twin and fill else updates,
            scheduled_for=start,
            scheduled_until=end,
        )

    incidents, skipped = parse_entries(compat.incidents, incident, "incidents.json")
    skipped += unread
    seen = {it.id for it in incidents}
    for it in native.values():
        if it.type == "maintenance" and it.id not in seen:
            named, source_quality = components(it.id)
            try:
                incidents.append(_window(it, named, source_quality, reading.page.url))
            except (OverflowError, ValueError) as error:
                skipped.append(f"native: {text.line(str(error))}")
    return Feed(
        identity=identity_of_platform("incidentio", compat.page, "incidents.json"),
        updated_at={"incidents.json": changed} if (changed := page_changed_at(compat.page)) else {},
        incidents=newest_copies(incidents),
        history=frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} if native else {IncidentKind.INCIDENT}),
        skipped=tuple(skipped),
        losses=tuple(losses),
        names={key: component for key, component in names.items() if not native or key in used},
    )


def _native(reading: ParseInput, losses: list[str], unread: list[str]) -> dict[str, _NativeIncident]:
    body = reading.documents.get("native")
    found: dict[str, _NativeIncident] = {}
    if body is None:
        return found
    try:
        raws = decode(body, _NativeIncidents, "native").incidents
    except FeedError as error:
        losses.append(str(error))
        return found
    for raw in raws:
        try:
            it = _decode_native(raw)
            _schedule(it)
            _seconds(it)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OverflowError, ValueError) as error:
            unread.append(f"native: {text.line(str(error))}")
        else:
            found[it.id] = it
    return found


def _names(reading: ParseInput, own: str, losses: list[str]) -> dict[str, Component]:
    body = reading.documents.get("names")
    if body is None:
        return {}
    try:
        page = decode(body, _NativePage, "names").summary
        if page.id != own:
            raise FeedError(f"names: of another page, {text.line(page.id)}")
    except FeedError as error:
        losses.append(str(error))
        return {}
    groups = {"": [*page.components]}
    by_id: dict[str, tuple[str, str]] = {}
    for item in page.structure.items if page.structure else ():
        if item.group:
            groups[item.group.name] = item.group.components
        elif item.component:
            groups[""].append(item.component)
    for group, parts in groups.items():  # the plain list comes first, so that a group's word stands
        for part in parts:
            by_id[part.component_id or part.id] = (clean_title(part.name), clean_title(group))
    by_name: dict[str, set[str]] = {}
    for name, group in by_id.values():
        by_name.setdefault(name, set()).add(group)
    return {key: labelled_components([named], by_name)[0] for key, named in by_id.items()}


def _feed_components(reading: ParseInput, losses: list[str]) -> Mapping[str, tuple[Component, ...]]:
    """Component names by incident id, from the `<li>Name (State)</li>` of the Atom feed. Its ids have `//`."""
    body = reading.documents.get("feed.atom")
    if body is None:
        return {}
    entries: list[Mapping[str, Any]] = []
    try:
        entries = parse_syndication(body[:LARGEST_FEED], "feed.atom").entries
        if not entries:
            raise FeedError("feed.atom: no entries")
    except FeedError as error:
        losses.append(str(error))
    found = {}
    for entry in entries:
        markup = " ".join(str(content.get("value", "")) for content in entry.get("content", ())) or str(
            entry.get("summary", "")
        )
        _, _, listed = markup.rpartition("Affected components")
        parts = (clean_title(text.paragraph(part.partition("</li>")[0])) for part in listed.split("<li>")[1:])
        names = (_LIVE_STATE.sub("", part) for part in parts)
        if components := tuple(sorted({Component(name) for name in names if name})):
            found[str(entry.get("id", "")).rstrip("/").rpartition("/")[2]] = components
    return found


def _seconds(it: _NativeIncident) -> dict[tuple[str, int], str]:
    """The native messages by status and second of publication."""
    return {
        (entry.to_status, int(utc(entry.published_at).timestamp())): entry.message_string or "" for entry in it.updates
    }


def _is_older(twin: _NativeIncident, updates: tuple[IncidentUpdate, ...]) -> bool:
    """Whether the native list is from before the newest update. One without updates says nothing about its age."""
    if not updates or not twin.updates:
        return False
    newest = updates[-1]
    second, seconds = int(newest.created_at.timestamp()), _seconds(twin)
    near = any((newest.status, at) in seconds for at in (second - 1, second, second + 1))
    return not near and all(entry.id != newest.id for entry in twin.updates)


def _filled(updates: Iterable[IncidentUpdate], twin: _NativeIncident) -> tuple[IncidentUpdate, ...]:
    """Empty bodies from the native messages: by update id, else by status and second of publication."""
    messages = {entry.id: entry.message_string for entry in twin.updates if entry.message_string}
    seconds = _seconds(twin)

    def fill(it: IncidentUpdate) -> IncidentUpdate:
        message = messages.get(it.id) or seconds.get((it.status, int(it.created_at.timestamp())))
        if it.body or not message:
            return it
        return msgspec.structs.replace(it, body=text.paragraph(message), from_enrichment=True)

    return tuple(fill(it) for it in updates)


def _schedule(it: _NativeIncident) -> tuple[datetime | None, datetime | None]:
    starts = [utc(part.start_at) for part in it.component_impacts or () if part.start_at]
    ends = [utc(part.end_at) for part in it.component_impacts or () if part.end_at]
    return min(starts, default=None), max(ends, default=None)


def _window(it: _NativeIncident, components: tuple[Component, ...], source_quality: int, url: str) -> Incident:
    key = identifier(it.id)
    updates = oldest_first(
        incident_update(
            entry.id, _STATUSES.get(entry.to_status, entry.to_status), entry.message_string, entry.published_at, None
        )
        for entry in it.updates
    )
    created = utc(it.published_at)
    start, end = _schedule(it)
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE,
        title=clean_title(it.name),
        status=_STATUSES.get(it.status, clean_status(it.status)),
        impact=Impact.MAINTENANCE,
        url=_address(url, key),
        created_at=created,
        position=max([created, *(entry.created_at for entry in updates)]),
        components=components,
        source_quality=source_quality,
        updates=updates,
        scheduled_for=start,
        scheduled_until=end,
    )


def _address(url: str, key: str) -> str:
    return f"{url}/incidents/{quote(key, safe='')}"


def _proxy(url: str) -> str:
    return f"{url}/proxy/{urlsplit(url).hostname}"

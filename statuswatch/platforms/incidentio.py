"""incident.io.

Incidents, their updates and the ids of both come from the compatibility API, `api/v2/incidents.json`: the 25 last
changed. It never names components, and may leave every body empty (82 of 82 in one recorded month). Other documents
enrich it:

- `proxy/<host>/incidents`, called native here, read on every run: per incident the ids of its components and the
  messages, and the maintenance windows, which the compatibility API does not have. Incident ids are the same in both
  (39 of 41 compared on status.openai.com).
- `proxy/<host>`, native: names and groups of components. Read when an id has no remembered name. Two components may
  share a name ("Login" of the APIs and of ChatGPT).
- `feed.atom`: names of an incident's components, in random order and without ids. Read when the native documents did
  not name them.

The native list spans about three months and takes `start_at` and `end_at` (field notes 2, section 2). So it shows how
an incident ended that left the compatibility list, and whether the vendor removed it.

The vendor does not document the native documents. Their fields are those of recordings of several pages.

A page without a host of its own has its name in the path, `statuspage.incident.io/<name>`. The compatibility API is
below that path; the native documents are `statuspage.incident.io/proxy/<name>`, as running clients read them.
"""

import re
from collections.abc import Iterable, Mapping, Set
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ENTRY_ERRORS,
    PAGE_ID_FORMS,
    ClosedEntries,
    IncidentList,
    ParseInput,
    StatedUpdate,
    clean_status,
    clean_title,
    decode,
    groups_by_name,
    identifier,
    identity_of_platform,
    incident_update,
    labelled_components,
    listed_components,
    names_nothing,
    newest_copies,
    oldest_first,
    page_changed_at,
    parse_entries,
    parse_syndication,
    unread_kinds,
)

PARSER_VERSION: Final = 2
_COMPAT: Final = "incidents.json"
_NATIVE: Final = "native"
_NAMES: Final = "names"
_FEED: Final = "feed.atom"
_VENDOR: Final = ".incident.io"
MAX_FEED_BYTES: Final = 1_000_000  # of the Atom feed: the newest entries come first
# `source_quality` of an incident's components. "Not looked up": some ids have no name yet. "Unnamed": some have none
# even on the page of names.
_BY_NATIVE, _BY_FEED, _UNNAMED, _NOT_STATED, _NOT_LOOKED_UP = STATED_BY_VENDOR, 2, 1, 0, -1
_NO_NAME: Final = Component("")
_IMPACTS: Final = {str(impact): impact for impact in Impact}
_STATUSES: Final = {  # of maintenance windows
    "maintenance_scheduled": "scheduled",
    "maintenance_in_progress": "in_progress",
    "maintenance_complete": "completed",
}
_BEFORE: Final = timedelta(days=30)  # an older incident shows that a list reaches back to the one in question
_AFTER: Final = timedelta(days=1)
_COMPONENT_STATE: Final = re.compile(r" \([^()]*\)$")


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
        """Return the ids of all components that any part of the incident names."""
        lists = [self.affected_components, self.component_impacts]
        lists += [update.component_statuses for update in self.updates]
        return {entry.component_id for entries in lists for entry in entries or ()}


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
    """Return the compatibility list of incidents and the native one."""
    return (
        Document(_COMPAT, f"{page.url}/api/v2/{_COMPAT}", required=True),
        Document(_NATIVE, f"{_proxy(page.url)}/incidents"),
    )


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return the page of names where the native list has ids without a name, or what the page lists is not known.

    Then the Atom feed, where the names may not be enough.

    An id that had no name there is looked up again only when something changed.
    """
    qualities = {incident.source_quality for incident in feed.incidents}
    has_native = bool(reading.documents.get(_NATIVE))
    needs_names = has_native and (_NOT_LOOKED_UP in qualities or (dirty and _UNNAMED in qualities))
    needs_feed = dirty and (needs_names or not has_native)
    requested: list[Document] = []
    if needs_names or (has_native and _needs_listing(reading)):
        requested.append(Document(_NAMES, _proxy(reading.page.url)))
    if needs_feed:
        requested.append(Document(_FEED, f"{reading.page.url}/{_FEED}"))
    return tuple(requested)


def _needs_listing(reading: ParseInput) -> bool:
    """Return whether the components of the page are unknown, at its first read or where filters name some."""
    if reading.state is None:
        return True
    return bool(reading.page.components) and not reading.state.components


def matches(feed: Feed, /) -> bool:
    """Return whether the page id has incident.io's form, a ULID."""
    return PAGE_ID_FORMS["incidentio"].fullmatch(feed.identity) is not None


def parse(reading: ParseInput, /) -> Feed:
    """Return the incidents of the compatibility list, enriched, and the native windows. Raises FeedError."""
    compat = decode(reading.required(_COMPAT), IncidentList, _COMPAT)
    sources = _decode_sources(reading, compat)
    closed = ClosedEntries(reading, PARSER_VERSION)
    listed, skipped = parse_entries(compat.incidents, partial(_incident, reading, sources, closed), _COMPAT)
    listed_ids = closed.listed.union(incident.id for incident in (*listed, *closed.over))
    windows, bad_windows = _native_windows(sources, listed_ids, closed, reading.page)
    changed = page_changed_at(compat.page)
    history = {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} if sources.native else {IncidentKind.INCIDENT}
    return Feed(
        identity=identity_of_platform("incidentio", compat.page, _COMPAT),
        updated_at={_COMPAT: changed} if changed else {},
        incidents=newest_copies(listed, windows),
        history=frozenset(history),
        skipped=(*skipped, *sources.skipped, *bad_windows),
        losses=sources.losses,
        unread=_unread_kinds(reading, sources),
        as_remembered=closed.listed,
        over=tuple(closed.over),
        longer=_longer(sources, reading, listed_ids),
        names=_names_to_remember(sources),
        components=_listed(reading, compat.page.id),
    )


# ------------------------------------------------------------------------------------- what left the list of the newest


def own_document(page: Page, incident_id: str, created_at: datetime | None, /) -> Document | None:
    """Return the native list of the weeks before and after an incident's creation."""
    if created_at is None:
        return None
    start, end = (moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (created_at - _BEFORE, created_at + _AFTER))
    return Document(f"{_NATIVE} {incident_id}", f"{_proxy(page.url)}/incidents?start_at={start}&end_at={end}")


def parse_own(reading: ParseInput, incident_id: str, body: bytes, /) -> Incident | None:
    """Return one incident of a native list; None where the list lacks it and has one that began before it.

    Raises FeedError, also where the list may not reach back so far.
    """
    native, _, skipped = _native_incidents(body)
    try:
        if incident_id in native:
            return _native_incident(reading, native[incident_id])
        record = reading.records.get(incident_id)
        created_at = record.created_at if record else None
        has_older = created_at and any(utc(one.published_at) < created_at for one in native.values())
    except ENTRY_ERRORS as error:
        raise FeedError(f"{_NATIVE}: {text.line(str(error))}") from error
    if skipped or not has_older:
        raise FeedError(f"{_NATIVE}: it does not show whether it should list {text.line(incident_id)}")
    return None


def _unread_kinds(reading: ParseInput, sources: "_Sources") -> frozenset[IncidentKind]:
    """Return maintenance where the native list was not read, and the page has one: no other has windows."""
    return unread_kinds(reading, _NATIVE, frozenset({IncidentKind.MAINTENANCE}), is_whole=bool(sources.native))


def _longer(sources: "_Sources", reading: ParseInput, listed_ids: Set[str]) -> tuple[Incident, ...]:
    """Return the native incidents that the compatibility list lacks; none where not one id stands in both lists."""
    if listed_ids.isdisjoint(sources.native):
        return ()
    unlisted = [one for one in sources.native.values() if one.id not in listed_ids and one.type != "maintenance"]
    try:
        incidents, _ = parse_entries(unlisted, partial(_native_incident, reading), _NATIVE)
    except FeedError:  # not one of them can be understood: there is no longer list
        return ()
    return tuple(_with_components(incident, sources) for incident in incidents)


def _with_components(incident: Incident, sources: "_Sources") -> Incident:
    components, source_quality = _components(incident.id, sources)
    return msgspec.structs.replace(incident, components=components, source_quality=source_quality)


def _native_incident(reading: ParseInput, native: _NativeIncident) -> Incident:
    """Return an incident as the native list has it; it states no impact. Raises ValueError or OverflowError."""
    key = identifier(native.id)
    is_maintenance = native.type == "maintenance"
    updates = oldest_first(_native_update(update) for update in native.updates)
    created = utc(native.published_at)
    start, end = _schedule(native) if is_maintenance else (None, None)
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if is_maintenance else IncidentKind.INCIDENT,
        title=clean_title(native.name),
        status=_STATUSES.get(native.status, clean_status(native.status)),
        impact=Impact.MAINTENANCE if is_maintenance else Impact.UNKNOWN,
        url=_incident_url(reading.page, key),
        created_at=created,
        position=_last_change(created, updates),
        updates=updates,
        scheduled_for=start,
        scheduled_until=end,
    )


# ----------------------------------------------------------------------------------------------- enriching documents


class _Sources(NamedTuple):
    """The enriching documents. `skipped` names bad entries of the native list, `losses` documents that are not used."""

    native: Mapping[str, _NativeIncident]  # by incident id
    encoded: Mapping[str, msgspec.Raw]  # the same incidents, as the list has them
    names: Mapping[str, Component]  # by component id; `_NO_NAME` where the page of names has none
    feed: Mapping[str, tuple[Component, ...]]  # by incident id
    skipped: tuple[str, ...]
    losses: tuple[str, ...]


def _decode_sources(reading: ParseInput, compat: IncidentList) -> _Sources:
    losses: list[str] = []
    native: Mapping[str, _NativeIncident] = {}
    encoded: Mapping[str, msgspec.Raw] = {}
    skipped: tuple[str, ...] = ()
    found: Mapping[str, Component] = {}
    feed: Mapping[str, tuple[Component, ...]] = {}
    try:
        native, encoded, skipped = _native_incidents(reading.documents.get(_NATIVE))
    except FeedError as error:
        losses.append(str(error))
    try:
        found = _names_of_page(reading.documents.get(_NAMES), compat.page.id)
    except FeedError as error:
        losses.append(str(error))
    try:
        feed = _components_of_feed(reading.documents.get(_FEED))
    except FeedError as error:
        losses.append(str(error))
    return _Sources(native, encoded, _all_names(reading, native, found), feed, skipped, tuple(losses))


def _all_names(
    reading: ParseInput, native: Mapping[str, _NativeIncident], found: Mapping[str, Component]
) -> dict[str, Component]:
    """Return remembered and newly found names; ids that have none even on the page of names are marked as such."""
    remembered = reading.state.names if reading.state else {}
    names = {**remembered, **found}
    if found:
        names |= {key: _NO_NAME for key in _used_ids(native) if key not in names}
    return names


def _names_to_remember(sources: _Sources) -> dict[str, Component]:
    """Return the names of the components that incidents use; without a native list, all names."""
    used = _used_ids(sources.native)
    return {key: component for key, component in sources.names.items() if not sources.native or key in used}


def _used_ids(native: Mapping[str, _NativeIncident]) -> set[str]:
    return {key for incident in native.values() for key in incident.component_ids()}


def _native_incidents(
    body: bytes | None,
) -> tuple[dict[str, _NativeIncident], dict[str, msgspec.Raw], tuple[str, ...]]:
    """Return the native incidents by id, decoded and encoded, and why entries were skipped.

    Raises FeedError where it is no list.
    """
    if body is None:
        return {}, {}, ()
    incidents: dict[str, _NativeIncident] = {}
    encoded: dict[str, msgspec.Raw] = {}
    skipped: list[str] = []
    for raw in decode(body, _NativeIncidents, _NATIVE).incidents:
        try:
            incident = _decode_native(raw)
            _schedule(incident)  # both raise OverflowError for times beyond the calendar
            _messages_by_second(incident)
        except ENTRY_ERRORS as error:
            skipped.append(f"{_NATIVE}: {text.line(str(error))}")
        else:
            incidents[incident.id] = incident
            encoded[incident.id] = raw
    return incidents, encoded, tuple(skipped)


def _names_of_page(body: bytes | None, page_id: str) -> dict[str, Component]:
    """Return the components by id. Raises FeedError where the document is of another page."""
    by_id = _names_and_groups(body, page_id)
    groups = groups_by_name(by_id.values())
    return {key: labelled_components([named], groups)[0] for key, named in by_id.items()}


def _listed(reading: ParseInput, page_id: str) -> tuple[Component, ...]:
    """Return all components of the page of names; none where that was not fetched."""
    try:
        return listed_components(_names_and_groups(reading.documents.get(_NAMES), page_id).values())
    except FeedError:  # a loss, which is noted where the names are used
        return ()


def _names_and_groups(body: bytes | None, page_id: str) -> dict[str, tuple[str, str]]:
    """Return (name, group) of the components by id. Raises FeedError where the document is of another page."""
    if body is None:
        return {}
    summary = decode(body, _NativePage, _NAMES).summary
    if summary.id != page_id:
        raise FeedError(f"{_NAMES}: of another page, {text.line(summary.id)}")
    by_id: dict[str, tuple[str, str]] = {}
    for group, components in _grouped(summary).items():
        for component in components:
            by_id[component.component_id or component.id] = (clean_title(component.name), clean_title(group))
    return by_id


def _grouped(summary: _Summary) -> dict[str, list[_Named]]:
    """Return the components by group. Those without one come first: where a group lists one again, the group counts."""
    grouped = {"": [*summary.components]}
    for item in summary.structure.items if summary.structure else ():
        if item.group:
            grouped[item.group.name] = item.group.components
        elif item.component:
            grouped[""].append(item.component)
    return grouped


def _components_of_feed(body: bytes | None) -> dict[str, tuple[Component, ...]]:
    """Return components by incident id. The feed's entry ids have `//` before the path. Raises FeedError."""
    if body is None:
        return {}
    entries = parse_syndication(body[:MAX_FEED_BYTES], _FEED).entries
    if not entries:
        raise FeedError(f"{_FEED}: no entries")
    found: dict[str, tuple[Component, ...]] = {}
    for entry in entries:
        components = _components_of_entry(entry)
        if components:
            key = str(entry.get("id", "")).rstrip("/").rpartition("/")[2]
            found[key] = components
    return found


def _components_of_entry(entry: Mapping[str, Any]) -> tuple[Component, ...]:
    """Return the components of the last list in an entry's markup, as `<li>Name (State)</li>`."""
    content = " ".join(str(part.get("value", "")) for part in entry.get("content", ()))
    markup = content or str(entry.get("summary", ""))
    _, _, component_list = markup.rpartition("Affected components")
    components: set[Component] = set()
    for item in component_list.split("<li>")[1:]:
        label = clean_title(text.paragraph(item.partition("</li>")[0]))
        name = _COMPONENT_STATE.sub("", label)
        if not names_nothing(name):
            components.add(Component(name))
    return tuple(sorted(components))


# --------------------------------------------------------------------------------------------------------- incidents


def _incident(reading: ParseInput, sources: _Sources, closed: ClosedEntries, entry: msgspec.Raw) -> Incident | None:
    """Return an incident of the compatibility list, enriched from its native twin.

    None where it is as remembered, or its end is enough.
    """
    listed = _decode_incident(entry)
    key = identifier(listed.id)
    twin = sources.native.get(key)
    components, source_quality = _components(key, sources)
    digest = _digest(closed, components, source_quality, entry, sources.encoded.get(key, b""))
    if closed.holds(digest):
        return None
    status = clean_status(listed.status)
    is_maintenance = _is_maintenance(listed, status, twin)
    created = utc(listed.created_at)
    end = closed.end(_STATUSES.get(status, status), created, listed.incident_updates) if digest else None
    updates = oldest_first(map(_update, _newest(listed) if end else listed.incident_updates))
    incident = Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if is_maintenance else IncidentKind.INCIDENT,
        title=clean_title(listed.name),
        status=_STATUSES.get(status, status),
        impact=_IMPACTS.get(listed.impact or "", Impact.UNKNOWN),
        url=_incident_url(reading.page, key),
        created_at=created,
        position=utc(listed.updated_at) if listed.updated_at else _last_change(created, updates),
        components=components,
        source_quality=source_quality,
        updates=updates,
        entry_digest=digest or msgspec.UNSET,
    )
    incident = _enriched(incident, twin, is_new=key not in reading.records)
    return closed.place(msgspec.structs.replace(incident, updates=(), created_at=end) if end else incident, end)


def _newest(incident: _Incident) -> list[StatedUpdate]:
    """Return the newest update alone, if there is one: whether the native twin is older depends on no other."""
    return sorted(incident.incident_updates, key=lambda update: utc(update.created_at))[-1:]


def _digest(closed: ClosedEntries, components: tuple[Component, ...], source_quality: int, *parts: bytes) -> str:
    """Return the digest of an entry, its native twin and its components; "" where some of these are looked up again."""
    if source_quality in (_UNNAMED, _NOT_LOOKED_UP):
        return ""
    return closed.digest(*parts, repr((components, source_quality)).encode())


def _enriched(incident: Incident, twin: _NativeIncident | None, *, is_new: bool) -> Incident:
    """Return the incident with the native messages, and the native schedule of a maintenance.

    A native copy from before the newest update replaces nothing that is remembered; it is good enough where the
    incident `is_new`.
    """
    if twin is None:
        return incident
    updates = incident.updates
    source_quality = incident.source_quality
    is_old_copy = _is_older(twin, updates)
    if is_old_copy:
        source_quality = min(source_quality, _BY_FEED)
    if is_new or not is_old_copy:
        updates = _with_messages(updates, twin)
    start, end = _schedule(twin) if incident.kind is IncidentKind.MAINTENANCE else (None, None)
    return msgspec.structs.replace(
        incident, source_quality=source_quality, updates=updates, scheduled_for=start, scheduled_until=end
    )


def _is_maintenance(incident: _Incident, status: str, twin: _NativeIncident | None) -> bool:
    is_native_window = twin is not None and twin.type == "maintenance"
    return status in _STATUSES or incident.impact == "maintenance" or is_native_window


def _update(update: StatedUpdate) -> IncidentUpdate:
    status = _STATUSES.get(update.status, update.status)
    return incident_update(update.id, status, update.body, update.created_at, update.display_at)


def _components(key: str, sources: _Sources) -> tuple[tuple[Component, ...], int]:
    """Return the components of the incident with that id, and the quality of their source."""
    components, quality = _native_components(sources.native.get(key), sources.names)
    if quality != _BY_NATIVE and key in sources.feed:
        return sources.feed[key], _BY_FEED
    return components, quality


def _native_components(
    twin: _NativeIncident | None, names: Mapping[str, Component]
) -> tuple[tuple[Component, ...], int]:
    if twin is None:
        return (), _NOT_STATED
    ids = twin.component_ids()
    found = [names[key] for key in ids if key in names]
    named = [component for component in found if component.name]
    components = tuple(sorted(set(named)))
    if len(named) == len(ids):
        return components, _BY_NATIVE
    return components, _UNNAMED if len(found) == len(ids) else _NOT_LOOKED_UP


def _is_older(twin: _NativeIncident, updates: tuple[IncidentUpdate, ...]) -> bool:
    """Return whether the native list is from before the newest update.

    The native list may publish an update under another id, a second earlier or later. A native incident without
    updates does not show its age.
    """
    if not updates or not twin.updates:
        return False
    newest = updates[-1]
    if any(update.id == newest.id for update in twin.updates):
        return False
    second = int(newest.created_at.timestamp())
    published = _messages_by_second(twin)
    return not any((newest.status, moment) in published for moment in (second - 1, second, second + 1))


def _with_messages(updates: Iterable[IncidentUpdate], twin: _NativeIncident) -> tuple[IncidentUpdate, ...]:
    """Fill empty bodies with the native messages: by update id, else by status and second of publication."""
    by_id = {update.id: update.message_string for update in twin.updates if update.message_string}
    by_second = _messages_by_second(twin)

    def filled(update: IncidentUpdate) -> IncidentUpdate:
        second = int(update.created_at.timestamp())
        message = by_id.get(update.id) or by_second.get((update.status, second))
        if update.body or not message:
            return update
        return msgspec.structs.replace(update, body=text.paragraph(message), from_enrichment=True)

    return tuple(filled(update) for update in updates)


def _messages_by_second(incident: _NativeIncident) -> dict[tuple[str, int], str]:
    """Return the native messages by status and second of publication. Raises OverflowError."""
    messages: dict[tuple[str, int], str] = {}
    for update in incident.updates:
        second = int(utc(update.published_at).timestamp())
        messages[update.to_status, second] = update.message_string or ""
    return messages


# ----------------------------------------------------------------------------------------------- maintenance windows


def _native_windows(
    sources: _Sources, listed_ids: Set[str], closed: ClosedEntries, page: Page
) -> tuple[list[Incident], list[str]]:
    """Return the native maintenance windows that the compatibility list does not have, and why some were skipped."""
    windows: list[Incident] = []
    skipped: list[str] = []
    for incident in sources.native.values():
        if incident.type != "maintenance" or incident.id in listed_ids:
            continue
        try:
            window = _window(incident, sources, closed, page)
        except (OverflowError, ValueError) as error:
            skipped.append(f"{_NATIVE}: {text.line(str(error))}")
        else:
            windows += [window] if window else []
    return windows, skipped


def _window(window: _NativeIncident, sources: _Sources, closed: ClosedEntries, page: Page) -> Incident | None:
    """Return a native window; None where it is as remembered."""
    key = identifier(window.id)
    components, source_quality = _components(window.id, sources)
    digest = _digest(closed, components, source_quality, sources.encoded[window.id])
    if closed.holds(digest):
        return None
    updates = oldest_first(_native_update(update) for update in window.updates)
    created = utc(window.published_at)
    start, end = _schedule(window)
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE,
        title=clean_title(window.name),
        status=_STATUSES.get(window.status, clean_status(window.status)),
        impact=Impact.MAINTENANCE,
        url=_incident_url(page, key),
        created_at=created,
        position=_last_change(created, updates),
        components=components,
        source_quality=source_quality,
        updates=updates,
        scheduled_for=start,
        scheduled_until=end,
        entry_digest=digest or msgspec.UNSET,
    )


def _native_update(update: _NativeUpdate) -> IncidentUpdate:
    status = _STATUSES.get(update.to_status, update.to_status)
    return incident_update(update.id, status, update.message_string, update.published_at, None)


def _schedule(window: _NativeIncident) -> tuple[datetime | None, datetime | None]:
    """Return the first start and the last end of the window's components. Raises OverflowError."""
    impacts = window.component_impacts or ()
    starts = [utc(impact.start_at) for impact in impacts if impact.start_at]
    ends = [utc(impact.end_at) for impact in impacts if impact.end_at]
    return min(starts, default=None), max(ends, default=None)


def _last_change(created: datetime, updates: Iterable[IncidentUpdate]) -> datetime:
    return max([created, *(update.created_at for update in updates)])


def _incident_url(page: Page, key: str) -> str:
    return f"{page.url}/incidents/{quote(key, safe='')}"


def _proxy(url: str) -> str:
    """Return the native page of names: by the page's host, or by its name where the host is the vendor's."""
    parts = urlsplit(url)
    name = parts.path.strip("/")
    if name and (parts.hostname or "").endswith(_VENDOR):
        return f"{parts.scheme}://{parts.netloc}/proxy/{name}"
    return f"{url}/proxy/{parts.hostname}"

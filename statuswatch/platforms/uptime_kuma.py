"""Uptime Kuma, which vendors host themselves: monitors, incidents that somebody wrote, and maintenance in progress.

`api/status-page/<slug>` has what the page shows, `api/status-page/heartbeat/<slug>` the newest 100 heartbeats of each
monitor. Once a written incident is absent, `api/status-page/<slug>/incident-history` (since 2.1) is asked how it ended.
Field names are those of the server: louislam/uptime-kuma `server/routers/status-page-router.js`,
`server/model/{status_page,incident,maintenance,heartbeat}.js`, of 1.23 and of 2.5. The slug is the `id` of the page,
or the last part of its address; for a page on a host of its own, `api/entry-page` names it.

A monitor is an incident from its first heartbeat with the status "down" to the next with "up". The software itself
waits for as many retries as the vendor set. It does not say why a monitor is down.

Oddities, all of the server:

- Version 1 has one `incident`, which may be null; version 2 has `incidents`. Both list what is pinned, and nothing
  else: an incident that is over, or that somebody unpinned, is left out.
- Times are in UTC without a zone. Those of a window are in the window's zone, whose offset of now is stated.
- The text of an incident is edited in place. Its `style` is a colour, and no impact.
- A maintenance is listed while it is in progress, and not before. One that recurs keeps its id; each of its turns is
  a maintenance of its own here. One that is started by hand has no time.
- Answers are cached for five minutes, heartbeats for one. A page that has none of a document answers with its HTML.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import LATEST, STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.checks import Check, Thresholds, Trouble, troubles
from statuswatch.platforms.parsing import (
    MissingPageIdError,
    ParseInput,
    clean_title,
    decode,
    groups_by_name,
    identity,
    incident_update,
    labelled_components,
    listed_components,
    newest_copies,
    newly_absent,
    parse_entries,
    path_part,
    unread_kinds,
)

PARSER_VERSION: Final = 1
_PAGE: Final = "status-page"
_BEATS: Final = "heartbeat"
_HISTORY: Final = "incident-history"
_ENTRY: Final = "entry-page"
_KINDS: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_THRESHOLDS: Final = Thresholds(bad=1, good=1)
_DOWN, _UP = 0, 1


class _Monitor(msgspec.Struct):
    id: int
    name: str


class _Group(msgspec.Struct, rename="camel"):
    name: str
    monitor_list: list[_Monitor]


class _Config(msgspec.Struct):
    slug: str


class _StatusPage(msgspec.Struct, rename="camel"):
    config: _Config
    public_group_list: list[_Group]
    incidents: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    incident: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    maintenance_list: list[msgspec.Raw] = []


class _Posted(msgspec.Struct, rename="camel"):
    id: int
    title: str
    content: str
    created_date: str
    last_updated_date: str | None = None
    pin: bool | int = True
    active: bool | int = True


class _Slot(msgspec.Struct, rename="camel"):
    start_date: str | None = None
    end_date: str | None = None


class _Window(msgspec.Struct, rename="camel"):
    id: int
    title: str
    description: str = ""
    strategy: str = ""
    timezone_offset: str = "+00:00"
    timeslot_list: list[_Slot] = []


class _Beat(msgspec.Struct):
    status: int
    time: str


class _Beats(msgspec.Struct, rename="camel"):
    heartbeat_list: dict[str, list[_Beat]]


class _History(msgspec.Struct):
    incidents: list[msgspec.Raw]


class _Entry(msgspec.Struct, rename="camel"):
    type: str
    status_page_slug: str = ""
    entry_page: str | None = None


_decode_posted: Final = msgspec.json.Decoder(_Posted).decode
_decode_window: Final = msgspec.json.Decoder(_Window).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the page and its heartbeats; what names the slug where neither id nor address does."""
    slug, base = _slug(page), _base(page)
    if not slug:
        return (Document(_ENTRY, f"{base}/api/{_ENTRY}", required=True),)
    return (
        Document(_PAGE, f"{base}/api/status-page/{path_part(slug)}", required=True),
        Document(_BEATS, f"{base}/api/status-page/heartbeat/{path_part(slug)}"),
    )


def _slug(page: Page) -> str:
    _, found, slug = urlsplit(page.url).path.rpartition("/status/")
    return page.id or (slug if found and "/" not in slug else "")


def _base(page: Page) -> str:
    before, found, slug = page.url.rpartition("/status/")
    return before if found and "/" not in slug else page.url


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return the history where an incident may have ended in it."""
    if not newly_absent(reading, _HISTORY, feed.incidents):
        return ()
    slug = path_part(_slug(reading.page))
    return (Document(_HISTORY, f"{_base(reading.page)}/api/status-page/{slug}/{_HISTORY}"),)


def matches(feed: Feed, /) -> bool:
    """Return whether the feed is Uptime Kuma's: nothing else has such a document."""
    return bool(feed.identity)


def parse(reading: ParseInput, /) -> Feed:
    """Return monitors that are down, what somebody wrote, and maintenance. Raises FeedError."""
    if not _slug(reading.page):
        raise _missing_slug(reading)
    document = decode(reading.required(_PAGE), _StatusPage, _PAGE)
    posted, skipped = parse_entries(_posted_entries(document), partial(_posted, reading.page), _PAGE)
    windows, unread = parse_entries(document.maintenance_list, partial(_window, reading), _PAGE)
    places = [(clean_title(each.name), clean_title(group.name)) for group, each in _monitors(document)]
    past, losses = _past(reading)
    down, more_losses = _down(reading, document, groups_by_name(places))
    return Feed(
        identity=identity(document.config.slug, _PAGE),
        incidents=newest_copies(past, posted, _first_of_each(windows), down or ()),
        by_creation=True,
        complete=frozenset({IncidentKind.MAINTENANCE}) if down is None else _KINDS,
        unread=unread_kinds(reading, _BEATS, frozenset({IncidentKind.INCIDENT}), is_whole=down is not None),
        skipped=(*skipped, *unread),
        losses=(*losses, *more_losses),
        components=listed_components(places),
    )


def _first_of_each(windows: Sequence[Incident]) -> Iterable[Incident]:
    """Return one window for each id: of two without a time nothing tells which is newer, so that each read could."""
    return {window.id: window for window in reversed(windows)}.values()


def _missing_slug(reading: ParseInput) -> FeedError:
    """Return the error that names the slugs which the page may have."""
    entry = decode(reading.required(_ENTRY), _Entry, _ENTRY)
    named = (entry.entry_page or "").removeprefix("statusPage-")
    slugs = [slug for slug in (entry.status_page_slug, named if named != entry.entry_page else "") if slug]
    return MissingPageIdError(f"{_ENTRY}: the page needs an `id`: the slug of a status page", *slugs, "default")


def _posted_entries(document: _StatusPage) -> list[msgspec.Raw]:
    """Return what somebody wrote. Raises FeedError where the document does not state it."""
    if document.incidents is not msgspec.UNSET:
        return document.incidents
    if document.incident is msgspec.UNSET:
        raise FeedError(f"{_PAGE}: it has neither `incidents` nor `incident`")
    return [] if bytes(document.incident) == b"null" else [document.incident]


def _posted(page: Page, raw: msgspec.Raw) -> Incident:
    posted = _decode_posted(raw)
    created_at = _time(posted.created_date)
    changed_at = _time(posted.last_updated_date) if posted.last_updated_date else created_at
    status = "open" if posted.active and posted.pin else "resolved"
    return Incident(
        id=str(posted.id),
        title=clean_title(posted.title),
        status=status,
        impact=Impact.UNKNOWN,
        url=page.url,
        created_at=created_at,
        position=created_at,
        updates=(incident_update(LATEST, status, posted.content, max(changed_at, created_at), None),),
    )


def _past(reading: ParseInput) -> tuple[list[Incident], list[str]]:
    """Return what the history has, and what it cannot add; nothing where it is the HTML of an older version."""
    body = reading.documents.get(_HISTORY) or b""
    if not body or body.lstrip().startswith(b"<"):
        return [], []
    try:
        return parse_entries(decode(body, _History, _HISTORY).incidents, partial(_posted, reading.page), _HISTORY)
    except FeedError as error:
        return [], [str(error)]


def _window(reading: ParseInput, raw: msgspec.Raw) -> Incident:
    """Return a maintenance that is in progress."""
    window = _decode_window(raw)
    slot = window.timeslot_list[0] if window.timeslot_list else _Slot()
    begins_at = _time(slot.start_date, window.timezone_offset) if slot.start_date else None
    ends_at = _time(slot.end_date, window.timezone_offset) if slot.end_date else None
    recurs = window.strategy not in ("", "single", "manual")
    key = f"maintenance-{window.id}" + (f"/{begins_at:%Y-%m-%dT%H:%M:%SZ}" if recurs and begins_at else "")
    record = reading.records.get(key)
    at = begins_at or (record.created_at if record else None) or reading.now
    if at is None:
        raise ValueError("a maintenance without a time")
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE,
        title=clean_title(window.title),
        status="in_progress",
        impact=Impact.MAINTENANCE,
        url=reading.page.url,
        created_at=at,
        position=at,
        updates=(incident_update(LATEST, "in_progress", window.description, at, None),),
        scheduled_for=begins_at,
        scheduled_until=ends_at,
    )


def _monitors(document: _StatusPage) -> Iterator[tuple[_Group, _Monitor]]:
    for group in document.public_group_list:
        for monitor in group.monitor_list:
            yield group, monitor


def _down(
    reading: ParseInput, document: _StatusPage, groups: Mapping[str, set[str]]
) -> tuple[list[Incident] | None, list[str]]:
    """Return the monitors that are or were down, None where nothing shows it, and what could not be added."""
    body = reading.documents.get(_BEATS)
    if body is None:
        return None, []
    try:
        beats = decode(body, _Beats, _BEATS).heartbeat_list
        incidents = [
            incident
            for group, monitor in _monitors(document)
            for incident in _troubles(reading, monitor, beats.get(str(monitor.id), ()), _place(group, monitor, groups))
        ]
    except (FeedError, ValueError, OverflowError) as error:
        return None, [str(error) if isinstance(error, FeedError) else f"{_BEATS}: {error}"]
    return incidents, []


def _place(group: _Group, monitor: _Monitor, groups: Mapping[str, set[str]]) -> tuple[Component, ...]:
    return labelled_components([(clean_title(monitor.name), clean_title(group.name))], groups)


def _troubles(
    reading: ParseInput, monitor: _Monitor, beats: Iterable[_Beat], components: tuple[Component, ...]
) -> Iterator[Incident]:
    checks = (Check(_time(beat.time), beat.status == _UP) for beat in beats if beat.status in (_DOWN, _UP))
    for trouble in troubles(f"monitor-{monitor.id}", checks, reading.records, thresholds=_THRESHOLDS):
        yield _trouble(reading.page, trouble, monitor, components)


def _trouble(page: Page, trouble: Trouble, monitor: _Monitor, components: tuple[Component, ...]) -> Incident:
    return Incident(
        id=trouble.id,
        title=clean_title(f"{monitor.name} is down"),
        status="resolved" if trouble.ended_at else "down",
        impact=Impact.UNKNOWN,
        url=page.url,
        created_at=trouble.began_at,
        position=trouble.began_at,
        components=components,
        source_quality=STATED_BY_VENDOR,
        updates=trouble.updates("down"),
    )


def _time(stated: str, offset: str = "+00:00") -> datetime:
    """Return a time, of that zone where it names none. Raises ValueError where it is none."""
    time = datetime.fromisoformat(stated)
    return utc(time if time.tzinfo else datetime.fromisoformat(f"{stated}{offset}"))

"""Statuspal.

`summary` lists what is open, in three lists, and the services; `incidents` the newest entries of any state, maintenance
among them. Both are read on every run. They are not at the address of the page but at statuspal.io or, for pages in
Europe, statuspal.eu, under the subdomain that the page has there. An `id` is that host, as `acme.statuspal.eu`. A page
under a name of its own is searched for it.

Source: recordings of `summary` of five pages, 2022 to 2025 (github.com/Linuxfabrik/monitoring-plugins,
`check-plugins/statuspal/unit-test`); the vendor's documentation and its list of what changed with version 2; and
running clients of both documents, one of which states what it saw of `incidents` in July 2026
(github.com/exoscale/cli; importers and a terminal client of arvancloud). No recording of `incidents`.

Oddities:

- Times are without a zone, and in UTC (documented, and so in the recordings, whatever zone the page has).
- An incident has no status. Its updates have types; an end is stated by `ends_at`, which is a plan for maintenance.
- `upcoming_maintenances` reaches as far ahead as the page is set up to show (documented), so it lists not all.
- `service_ids` name a service and also its parent (recorded).
- `info_notices` are announcements. They are left out.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import (
    CLOSED_STATUSES,
    STATED_BY_VENDOR,
    Component,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
    utc,
)
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    MissingPageIdError,
    ParseInput,
    clean_status,
    clean_title,
    decode,
    groups_by_name,
    identifier,
    identity,
    incident_link,
    incident_update,
    labelled_components,
    listed_components,
    newest_copies,
    oldest_first,
    parse_entries,
    unread_kinds,
)

PARSER_VERSION: Final = 1
_SUMMARY, _INCIDENTS, _PAGE = "summary", "incidents", "page"
_HOST: Final = re.compile(r"([a-z0-9][a-z0-9-]*)\.statuspal\.(io|eu)")
_IN_HTML: Final = re.compile(rb"//((?!www\.|app\.|api\.|help\.|docs\.)[a-z0-9][a-z0-9-]{0,62}\.statuspal\.(?:io|eu))\b")
_API_IN_HTML: Final = re.compile(rb"statuspal\.(io|eu)/api/v\d/status_pages/([a-z0-9][a-z0-9-]{0,62})")
_MAX_CANDIDATES: Final = 3
_MAX_HTML: Final = 200_000  # bytes that are searched
_IMPACTS: Final = {
    "major": Impact.MAJOR,
    "minor": Impact.MINOR,
    "performance": Impact.MINOR,
    "info": Impact.NONE,
}
_BOTH: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


class _Update(msgspec.Struct):
    id: int
    type: str
    inserted_at: datetime
    posted_at: datetime | None = None
    description: str | None = None


class _Entry(msgspec.Struct):
    id: int
    type: str
    title: str
    inserted_at: datetime
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    url: str | None = None
    service_ids: list[int] | None = None
    updates: list[_Update] | None = None

    @property
    def is_maintenance(self) -> bool:
        """Whether its type says so: "scheduled", or "emergency-maintenance"."""
        return self.type == "scheduled" or "maintenance" in self.type


class _Service(msgspec.Struct):
    id: int | None = None
    name: str | None = None
    children: list["_Service"] | None = None


class _StatusPage(msgspec.Struct):
    subdomain: str


class _Summary(msgspec.Struct):
    status_page: _StatusPage
    services: list[_Service]
    incidents: list[msgspec.Raw]
    maintenances: list[msgspec.Raw]
    upcoming_maintenances: list[msgspec.Raw]


class _Incidents(msgspec.Struct):
    incidents: list[msgspec.Raw]


_decode_entry: Final = msgspec.json.Decoder(_Entry).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return both documents of the API; the page itself where its name at Statuspal has to be found first."""
    match = _HOST.fullmatch(page.id or urlsplit(page.url).hostname or "")
    if not match:
        return (Document(_PAGE, page.url, required=True),)
    base = f"https://statuspal.{match[2]}/api/v2/status_pages/{match[1]}"
    return (
        Document(_SUMMARY, f"{base}/{_SUMMARY}", required=True),
        Document(_INCIDENTS, f"{base}/{_INCIDENTS}"),
    )


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: both documents have all there is."""
    return ()


def matches(_feed: Feed, /) -> bool:
    """Return True: the documents are on the platform's own hosts."""
    return True


def parse(reading: ParseInput, /) -> Feed:
    """Parse the summary and the newest entries. Raises FeedError, MissingPageIdError where the page has to be found."""
    if _PAGE in reading.documents:
        raise _missing_id(reading.documents[_PAGE] or b"")
    summary = decode(reading.required(_SUMMARY), _Summary, _SUMMARY)
    parser = _EntryParser(reading, summary.services)
    lists = {"": summary.incidents, "in_progress": summary.maintenances, "scheduled": summary.upcoming_maintenances}
    open_entries, skipped = parser.parse_lists(lists, _SUMMARY)
    recent: list[Incident] = []
    losses: list[str] = []
    recent_body = reading.documents.get(_INCIDENTS)
    if recent_body is not None:
        try:
            entries = decode(recent_body, _Incidents, _INCIDENTS).incidents
            recent, skipped_recent = parser.parse_lists({"": entries}, _INCIDENTS)
            skipped += skipped_recent
        except FeedError as error:
            losses.append(str(error))
    # An absent entry may stand in the second list with its end: without that list, nothing is known to be absent.
    is_whole = _INCIDENTS in reading.documents and not losses
    return Feed(
        identity=identity(summary.status_page.subdomain, _SUMMARY),
        incidents=newest_copies(open_entries, recent),
        by_creation=True,
        history=_BOTH if is_whole and recent_body is not None else frozenset(),
        complete=frozenset({IncidentKind.INCIDENT} if is_whole else ()),
        unread=unread_kinds(reading, _INCIDENTS, _BOTH, is_whole=is_whole),
        skipped=tuple(skipped),
        losses=tuple(losses),
        components=listed_components(parser.services.values()),
    )


def _missing_id(html: bytes) -> MissingPageIdError:
    """Return the error that proposes the names at Statuspal that a page's HTML has."""
    found = [match[1].decode() for match in _IN_HTML.finditer(html[:_MAX_HTML])]
    found += [f"{match[2].decode()}.statuspal.{match[1].decode()}" for match in _API_IN_HTML.finditer(html[:_MAX_HTML])]
    ids = list(dict.fromkeys(found))[:_MAX_CANDIDATES]
    return MissingPageIdError(f"{_PAGE}: its name at Statuspal is not known; set `id`, as acme.statuspal.io", *ids)


def _named_services(services: list[_Service]) -> Iterator[tuple[int, tuple[str, str], int | None]]:
    """Yield the id, the name with that of the parent, and the parent's id of each service that has a name."""
    waiting: list[tuple[_Service, str, int | None]] = [(service, "", None) for service in services]
    while waiting:
        service, parent, parent_id = waiting.pop()
        name = clean_title(service.name or "")
        if name and service.id is not None:
            yield service.id, (name, parent), parent_id
        waiting += [(child, name, service.id) for child in service.children or ()]


class _EntryParser:
    """Parses the entries of one page; `services` are names, each with that of its parent, by id."""

    def __init__(self, reading: ParseInput, services: list[_Service]) -> None:
        self._page = reading.page
        self._now = reading.now or _LATEST
        named = list(_named_services(services))
        self.services: dict[int, tuple[str, str]] = {key: name for key, name, _ in named}
        self._parents = {key: parent for key, _, parent in named}
        self._groups = groups_by_name(self.services.values())

    def parse_lists(self, lists: Mapping[str, list[msgspec.Raw]], name: str) -> tuple[list[Incident], list[str]]:
        """Return the entries of lists by the status that each gives a maintenance; "": none. Raises FeedError."""
        incidents: list[Incident] = []
        skipped: list[str] = []
        for stated, listed in lists.items():
            parsed, bad = parse_entries(listed, partial(self._parse, stated), name)
            incidents += parsed
            skipped += bad
        return incidents, skipped

    def _parse(self, stated: str, raw: msgspec.Raw) -> Incident:
        entry = _decode_entry(raw)
        updates = oldest_first(_build_update(update) for update in entry.updates or ())
        components = self._components(entry)
        created_at = utc(entry.inserted_at)
        incident = Incident(
            id=identifier(str(entry.id)),
            title=clean_title(entry.title),
            status="",
            impact=_IMPACTS.get(entry.type, Impact.UNKNOWN),
            url=incident_link(entry.url, self._page),
            created_at=created_at,
            position=created_at,
            components=components,
            source_quality=STATED_BY_VENDOR if components else 0,
            updates=updates,
        )
        if stated or entry.is_maintenance:
            return self._as_window(incident, entry, stated)
        return _as_incident(incident, entry)

    def _as_window(self, incident: Incident, entry: _Entry, stated: str) -> Incident:
        """Return a maintenance with its status: that of the list it stands in, else it is yet to come, or over."""
        starts_at = utc(entry.starts_at) if entry.starts_at else incident.created_at
        return msgspec.structs.replace(
            incident,
            kind=IncidentKind.MAINTENANCE,
            status=stated or ("scheduled" if starts_at > self._now else "completed"),
            impact=Impact.MAINTENANCE,
            scheduled_for=starts_at,
            scheduled_until=utc(entry.ends_at) if entry.ends_at else None,
        )

    def _components(self, entry: _Entry) -> tuple[Component, ...]:
        """Return the services, without those that are only the parents of others."""
        keys = {key for key in entry.service_ids or () if key in self.services}
        keys -= {self._parents[key] for key in keys}
        return labelled_components((self.services[key] for key in keys), self._groups)


def _as_incident(incident: Incident, entry: _Entry) -> Incident:
    """Return an incident with its status: the type of its newest update, or ours once its end is stated.

    What follows the end is of the closed status, too: it reopens nothing.
    """
    if not entry.ends_at:
        return msgspec.structs.replace(incident, status=incident.updates[-1].status if incident.updates else "open")
    updates: list[IncidentUpdate] = []
    for update in incident.updates:
        is_over = bool(updates) and updates[-1].status in CLOSED_STATUSES
        updates.append(msgspec.structs.replace(update, status="resolved") if is_over else update)
    return msgspec.structs.replace(incident, status="resolved", updates=tuple(updates))


def _build_update(update: _Update) -> IncidentUpdate:
    return incident_update(
        str(update.id), clean_status(update.type), update.description, update.inserted_at, update.posted_at
    )

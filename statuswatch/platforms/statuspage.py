"""Atlassian Statuspage, API v2.

`incidents.json` keeps the newest 50 incidents of any status; `summary.json` lists every unresolved incident, however
old, every maintenance window that is not completed, and the components with their groups. Both are read on every run.
`scheduled-maintenances.json`, the newest 50 windows of any status, is read when a window that was open is gone from
the summary, and when anything else moved: a window that came and went while all else was calm is told with the next
change of the page.

Oddities, all recorded: `page.updated_at` and `updated_at` move without a change; an incident's `components` show
their state of now, and some vendors unlink them on resolving, so that only `affected_components` of older updates
still name them, as "<group> - <name>" and under names of then; ids of maintenance windows and of incidents are of one
space; times come in the page's own zone.
"""

from datetime import datetime
from functools import partial
from typing import Final, TypeVar
from urllib.parse import quote

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    IDENTITIES,
    PageHead,
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
)

PARSER_VERSION: Final = 1
_WINDOWS: Final = "scheduled-maintenances.json"
_IMPACTS: Final = {str(impact): impact for impact in Impact}


class _Component(msgspec.Struct):
    name: str | None = None
    id: str = ""
    group_id: str | None = None
    group: bool | None = False


class _Affected(msgspec.Struct):
    name: str | None = None
    code: str = ""


class _Update(StatedUpdate):
    affected_components: list[_Affected] | None = None


class _Incident(msgspec.Struct):
    id: str
    name: str
    status: str
    created_at: datetime
    incident_updates: list[_Update]
    impact: str | None = None
    components: list[_Component] | None = None
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None


class _Summary(msgspec.Struct):
    page: PageHead
    components: list[_Component]
    incidents: list[msgspec.Raw]
    scheduled_maintenances: list[msgspec.Raw]


class _Maintenances(msgspec.Struct):
    page: PageHead
    scheduled_maintenances: list[msgspec.Raw]


T = TypeVar("T", _Summary, _Maintenances)
_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    return (
        Document("incidents.json", f"{page.url}/api/v2/incidents.json", required=True),
        Document("summary.json", f"{page.url}/api/v2/summary.json"),
    )


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    if reading.state is None or reading.state.baseline is None:
        return ()  # what is long over is no news, and what is open stands in the summary
    listed = {incident.id for incident in feed.incidents}
    known = reading.state.incidents.items()
    gone = any(not it.closed and it.kind is IncidentKind.MAINTENANCE and key not in listed for key, it in known)
    owed = (
        reading.state.parser_version == 0
    )  # the last time that it was wanted, or another document, it could not be read
    if not dirty and not gone and not owed:
        return ()
    return (Document(_WINDOWS, f"{reading.page.url}/api/v2/{_WINDOWS}"),)


def matches(feed: Feed, /) -> bool:
    return IDENTITIES["statuspage"].fullmatch(feed.identity) is not None


def parse(reading: ParseInput, /) -> Feed:
    losses: list[str] = []
    base = reading.documents.get("incidents.json")
    if base is None:
        raise FeedError("incidents.json: missing")
    history = incident_list(base, _Incident, "incidents.json")
    summary = _enriching(reading, "summary.json", _Summary, history.page, losses)
    windows = _enriching(reading, _WINDOWS, _Maintenances, history.page, losses)

    catalogue = _Catalogue(summary.components if summary else [])
    skipped: list[str] = []
    lists: list[list[Incident]] = []
    for name, kind, raws in (
        ("incidents.json", IncidentKind.INCIDENT, history.incidents),
        ("summary.json", IncidentKind.INCIDENT, summary.incidents if summary else []),
        (_WINDOWS, IncidentKind.MAINTENANCE, windows.scheduled_maintenances if windows else []),
        ("summary.json", IncidentKind.MAINTENANCE, summary.scheduled_maintenances if summary else []),
    ):
        try:
            understood, bad = parse_entries(raws, partial(_incident, kind, reading.page.url, catalogue), name)
        except FeedError as error:
            if name == "incidents.json":
                raise
            understood, bad = [], [str(error)]
        lists.append(understood)
        skipped += bad

    complete = set()
    if summary:
        complete.add(IncidentKind.INCIDENT)
        # The summary alone cannot tell a completed window from a withdrawn one; where the page never had a list of
        # past windows, it must do.
        never = _WINDOWS not in (reading.state.updated_at if reading.state else {})
        if windows or (never and reading.documents.get(_WINDOWS, b"") is None):
            complete.add(IncidentKind.MAINTENANCE)
    documents = {"incidents.json": history, "summary.json": summary, _WINDOWS: windows}
    read = {name: document for name, document in documents.items() if document}
    return Feed(
        identity=identity_of_platform("statuspage", history.page, "incidents.json"),
        updated_at={name: when for name, document in read.items() if (when := page_changed_at(document.page))},
        incidents=newest_copies(*lists),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} if windows else {IncidentKind.INCIDENT}),
        complete=frozenset(complete),
        skipped=tuple(dict.fromkeys(skipped)),
        losses=tuple(losses),
    )


class _Catalogue:
    """The page's components by id, and in which groups each name occurs."""

    def __init__(self, components: list[_Component]) -> None:
        groups = {component.id: clean_title(component.name or "") for component in components if component.group}
        self.by_id = {
            component.id: (clean_title(component.name), groups.get(component.group_id or "", ""))
            for component in components
            if component.id and component.name and not component.group
        }
        self.groups: dict[str, set[str]] = {}
        for part, group in self.by_id.values():
            self.groups.setdefault(part, set()).add(group)

    def of(self, incident: _Incident) -> tuple[tuple[Component, ...], int]:
        """The incident's components and how rich their source is: 3 linked to it now, 2 named by its updates and found
        on the page, 1 only named by its updates, as "<group> - <name>" of then, 0 not stated.
        """
        # Its own name for the component, which stays when the page renames it; the catalogue adds only the group.
        linked = [
            (clean_title(part.name), self.by_id.get(part.id, ("", ""))[1])
            for part in incident.components or ()
            if part.name and not part.group
        ]
        if linked:
            return labelled_components(linked, self.groups), STATED_BY_VENDOR
        affected = [
            (part.code, part.name)
            for entry in incident.incident_updates
            for part in entry.affected_components or ()
            if part.name
        ]
        found = all(code in self.by_id for code, _ in affected)
        named = [self.by_id[code] if found else (clean_title(name), "") for code, name in affected]
        return labelled_components(named, self.groups), (2 if found else 1) if named else 0


def _incident(kind: IncidentKind, url: str, catalogue: _Catalogue, entry: _Incident | msgspec.Raw) -> Incident:
    it = entry if isinstance(entry, _Incident) else _decode_incident(entry)
    key = identifier(it.id)
    created = utc(it.created_at)
    components, source_quality = catalogue.of(it)
    return Incident(
        id=key,
        kind=kind,
        title=clean_title(it.name),
        status=clean_status(it.status),
        impact=_IMPACTS.get(it.impact or "", Impact.UNKNOWN),
        url=f"{url}/incidents/{quote(key, safe='')}",
        created_at=created,
        position=created,
        components=components,
        source_quality=source_quality,
        updates=oldest_first(
            incident_update(post.id, post.status, post.body, post.created_at, post.display_at)
            for post in it.incident_updates
        ),
        scheduled_for=utc(it.scheduled_for) if it.scheduled_for and kind is IncidentKind.MAINTENANCE else None,
        scheduled_until=utc(it.scheduled_until) if it.scheduled_until and kind is IncidentKind.MAINTENANCE else None,
    )


def _enriching(reading: ParseInput, name: str, what: type[T], page: PageHead, losses: list[str]) -> T | None:
    body = reading.documents.get(name)
    if body is None:
        return None
    try:
        document = decode(body, what, name)
        if document.page.id != page.id:
            raise FeedError(f"{name}: of another page, {text.line(document.page.id)}")
        # An older copy of the summary makes the whole read suspect; one of the past windows only goes unused.
        remembered = reading.state.updated_at.get(name) if reading.state else None
        changed = page_changed_at(document.page)
        if name == _WINDOWS and remembered and changed and changed.replace(microsecond=0) < remembered:
            raise FeedError(f"{name}: an older copy")
    except FeedError as error:
        losses.append(str(error))
        return None
    return document

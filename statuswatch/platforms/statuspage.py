"""Atlassian Statuspage, API v2.

Read on every run:

- `incidents.json`: the newest 50 incidents of any status.
- `summary.json`: every unresolved incident, however old; every maintenance window that is not completed; the
  components with their groups.

Read when needed:

- `scheduled-maintenances.json`: the newest 50 windows of any status. It is requested when an open window has left the
  summary, and when anything else changed. A window that began and ended while nothing else changed is therefore
  reported with the page's next change.

Oddities, all recorded:

- `page.updated_at` and an incident's `updated_at` move without a change.
- An incident's `components` show their current state. Some vendors unlink them on resolving. Then only the
  `affected_components` of older updates name them, as "<group> - <name>" and under the names of that time.
- Maintenance windows and incidents share one space of ids.
- Times come in the page's own zone.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    PAGE_ID_FORMS,
    IncidentList,
    PageHead,
    ParseInput,
    StatedUpdate,
    absent_records,
    clean_status,
    clean_title,
    decode,
    groups_by_name,
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

PARSER_VERSION: Final = 2
_INCIDENTS: Final = "incidents.json"
_SUMMARY: Final = "summary.json"
_WINDOWS: Final = "scheduled-maintenances.json"
_IMPACTS: Final = {str(impact): impact for impact in Impact}
# `source_quality` of components that the incident does not link: named by its updates and found on the page, or only
# named by its updates.
_FOUND_ON_PAGE, _NAMED_BY_UPDATES, _NOT_STATED = 2, 1, 0


class _Component(msgspec.Struct):
    name: str | None = None
    id: str = ""
    group_id: str | None = None
    group: bool | None = False  # true: the entry is a group of components


class _Affected(msgspec.Struct):
    name: str | None = None
    code: str = ""  # the id of the component


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


class _Windows(msgspec.Struct):
    page: PageHead
    scheduled_maintenances: list[msgspec.Raw]


Enrichment = TypeVar("Enrichment", _Summary, _Windows)
_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the list of incidents and the summary."""
    return (
        Document(_INCIDENTS, f"{page.url}/api/v2/{_INCIDENTS}", required=True),
        Document(_SUMMARY, f"{page.url}/api/v2/{_SUMMARY}"),
    )


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return the list of past windows when anything changed; not before the first good read.

    At a baseline, closed windows are not reported, and the summary lists the open ones.
    """
    if reading.state is None or reading.state.baseline is None:
        return ()
    absent = absent_records(reading, feed.incidents)
    window_is_absent = any(record.kind is IncidentKind.MAINTENANCE for record in absent)
    last_read_was_incomplete = reading.state.parser_version == 0  # perhaps it was this list that could not be fetched
    if not (dirty or window_is_absent or last_read_was_incomplete):
        return ()
    return (Document(_WINDOWS, f"{reading.page.url}/api/v2/{_WINDOWS}"),)


def matches(feed: Feed, /) -> bool:
    """Return whether the page id has Statuspage's form."""
    return PAGE_ID_FORMS["statuspage"].fullmatch(feed.identity) is not None


def parse(reading: ParseInput, /) -> Feed:
    """Return the incidents and windows of all documents. Raises FeedError."""
    sources = _decode_documents(reading)
    incidents, skipped = _incidents(sources, reading.page)
    history = {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} if sources.windows else {IncidentKind.INCIDENT}
    return Feed(
        identity=identity_of_platform("statuspage", sources.history.page, _INCIDENTS),
        updated_at=_updated_at(sources),
        incidents=incidents,
        by_creation=True,
        history=frozenset(history),
        complete=_complete_kinds(sources, reading),
        skipped=skipped,
        losses=sources.losses,
    )


# --------------------------------------------------------------------------------------------------------- documents


class _Sources(NamedTuple):
    """The decoded documents. None: not fetched, or not usable; `losses` has the reasons."""

    history: IncidentList[Any]
    summary: _Summary | None
    windows: _Windows | None
    losses: tuple[str, ...]


def _decode_documents(reading: ParseInput) -> _Sources:
    history = incident_list(reading.required(_INCIDENTS), _Incident, _INCIDENTS)
    summary, summary_losses = _enrichment(reading, _SUMMARY, _Summary, history.page)
    windows, window_losses = _enrichment(reading, _WINDOWS, _Windows, history.page)
    return _Sources(history, summary, windows, (*summary_losses, *window_losses))


def _enrichment(
    reading: ParseInput, name: str, document_type: type[Enrichment], page: PageHead
) -> tuple[Enrichment | None, tuple[str, ...]]:
    """Return an enriching document, or None and the reason why it is not used."""
    body = reading.documents.get(name)
    if body is None:
        return None, ()
    try:
        document = decode(body, document_type, name)
        if document.page.id != page.id:
            raise FeedError(f"{name}: of another page, {text.line(document.page.id)}")
        if name == _WINDOWS and _is_older_copy(document.page, reading):
            raise FeedError(f"{name}: an older copy")
    except FeedError as error:
        return None, (str(error),)
    return document, ()


def _is_older_copy(page: PageHead, reading: ParseInput) -> bool:
    """Return whether the list of past windows is older than the last one read.

    It is then not used. An older copy of the other documents makes the whole read suspect, which is not decided here.
    """
    remembered = reading.state.updated_at.get(_WINDOWS) if reading.state else None
    changed = page_changed_at(page)
    return remembered is not None and changed is not None and changed.replace(microsecond=0) < remembered


def _updated_at(sources: _Sources) -> dict[str, datetime]:
    """Return each document's statement of its own age, where it makes one."""
    documents = {_INCIDENTS: sources.history, _SUMMARY: sources.summary, _WINDOWS: sources.windows}
    ages = {name: page_changed_at(document.page) for name, document in documents.items() if document}
    return {name: changed for name, changed in ages.items() if changed}


def _complete_kinds(sources: _Sources, reading: ParseInput) -> frozenset[IncidentKind]:
    """Return the kinds of which the documents list every open one.

    The summary alone cannot tell a completed window from a withdrawn one. It has to do where the page never had a
    list of past windows.
    """
    if not sources.summary:
        return frozenset()
    if sources.windows or _never_had_windows(reading):
        return frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
    return frozenset({IncidentKind.INCIDENT})


def _never_had_windows(reading: ParseInput) -> bool:
    page_lacks_list = reading.documents.get(_WINDOWS, b"") is None
    had_list_before = reading.state is not None and _WINDOWS in reading.state.updated_at
    return page_lacks_list and not had_list_before


# --------------------------------------------------------------------------------------------------------- incidents


def _incidents(sources: _Sources, page: Page) -> tuple[tuple[Incident, ...], tuple[str, ...]]:
    """Return the incidents of all lists, and why entries were skipped.

    Raises FeedError where no entry of incidents.json is good; the other lists only enrich.
    """
    catalogue = _catalogue(sources.summary)
    lists: list[list[Incident]] = []
    skipped: list[str] = []
    for name, kind, entries in _lists(sources):
        try:
            incidents, reasons = parse_entries(entries, partial(_incident, kind, page, catalogue), name)
        except FeedError as error:
            if name == _INCIDENTS:
                raise
            skipped.append(str(error))
        else:
            lists.append(incidents)
            skipped += reasons
    return newest_copies(*lists), tuple(dict.fromkeys(skipped))  # both lists may have the same bad window


def _lists(sources: _Sources) -> Iterator[tuple[str, IncidentKind, Sequence[_Incident | msgspec.Raw]]]:
    """Yield the lists of all documents, each with its document's name and the kind of its entries.

    Of equal copies of an incident, that of the earlier list is kept.
    """
    yield _INCIDENTS, IncidentKind.INCIDENT, sources.history.incidents
    if sources.summary:
        yield _SUMMARY, IncidentKind.INCIDENT, sources.summary.incidents
    if sources.windows:
        yield _WINDOWS, IncidentKind.MAINTENANCE, sources.windows.scheduled_maintenances
    if sources.summary:
        yield _SUMMARY, IncidentKind.MAINTENANCE, sources.summary.scheduled_maintenances


def _incident(kind: IncidentKind, page: Page, catalogue: "_Catalogue", entry: _Incident | msgspec.Raw) -> Incident:
    incident = entry if isinstance(entry, _Incident) else _decode_incident(entry)
    key = identifier(incident.id)
    created = utc(incident.created_at)
    components, source_quality = _components(incident, catalogue)
    has_schedule = kind is IncidentKind.MAINTENANCE
    return Incident(
        id=key,
        kind=kind,
        title=clean_title(incident.name),
        status=clean_status(incident.status),
        impact=_IMPACTS.get(incident.impact or "", Impact.UNKNOWN),
        url=f"{page.url}/incidents/{quote(key, safe='')}",
        created_at=created,
        position=created,
        components=components,
        source_quality=source_quality,
        updates=oldest_first(
            incident_update(update.id, update.status, update.body, update.created_at, update.display_at)
            for update in incident.incident_updates
        ),
        scheduled_for=utc(incident.scheduled_for) if incident.scheduled_for and has_schedule else None,
        scheduled_until=utc(incident.scheduled_until) if incident.scheduled_until and has_schedule else None,
    )


# -------------------------------------------------------------------------------------------------------- components


class _Catalogue(NamedTuple):
    """The page's components: (name, group) by id, and in which groups each name occurs."""

    by_id: Mapping[str, tuple[str, str]]
    groups: Mapping[str, set[str]]


def _catalogue(summary: _Summary | None) -> _Catalogue:
    entries = summary.components if summary else []
    group_names = {entry.id: clean_title(entry.name or "") for entry in entries if entry.group}
    by_id: dict[str, tuple[str, str]] = {}
    for entry in entries:
        if entry.id and entry.name and not entry.group:
            by_id[entry.id] = (clean_title(entry.name), group_names.get(entry.group_id or "", ""))
    return _Catalogue(by_id, groups_by_name(by_id.values()))


def _components(incident: _Incident, catalogue: _Catalogue) -> tuple[tuple[Component, ...], int]:
    """Return the incident's components and the quality of their source."""
    linked = _linked_components(incident, catalogue)
    if linked:
        return labelled_components(linked, catalogue.groups), STATED_BY_VENDOR
    affected = _affected_components(incident)
    if not affected:
        return (), _NOT_STATED
    if all(key in catalogue.by_id for key, _ in affected):
        found = [catalogue.by_id[key] for key, _ in affected]
        return labelled_components(found, catalogue.groups), _FOUND_ON_PAGE
    named = [(clean_title(name), "") for _, name in affected]
    return labelled_components(named, catalogue.groups), _NAMED_BY_UPDATES


def _linked_components(incident: _Incident, catalogue: _Catalogue) -> list[tuple[str, str]]:
    """Return (name, group) of the components that the incident links.

    The name is the incident's own, which stays when the page renames the component; only the group is the page's.
    """
    linked: list[tuple[str, str]] = []
    for component in incident.components or ():
        if component.name and not component.group:
            _, group = catalogue.by_id.get(component.id, ("", ""))
            linked.append((clean_title(component.name), group))
    return linked


def _affected_components(incident: _Incident) -> list[tuple[str, str]]:
    """Return (id, name) of the components that the incident's updates name."""
    return [
        (component.code, component.name)
        for update in incident.incident_updates
        for component in update.affected_components or ()
        if component.name
    ]

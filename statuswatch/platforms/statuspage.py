"""Atlassian Statuspage, API v2.

Read on every run:

- `incidents.json`: the newest 50 incidents of any status.
- `summary.json`: every unresolved incident, however old; every maintenance window that is not completed; the
  components with their groups.

Read when needed:

- `scheduled-maintenances.json`: the newest 50 windows of any status. It is requested when an open window has left the
  summary, and when anything else changed. A window that began and ended while nothing else changed is therefore
  reported with the page's next change.
- `/incidents/<id>.json`, not below `api/v2`: one incident or window, whatever its age. It is requested for what was
  open and is in no list any more. Its updates have no ids (field notes 2, section 1: a documentation mirror's code and
  tests for status.supabase.com).
- `/history.json?page=N`: the ids of all incidents, three months a part. It is requested when the 50 newest are all
  unknown or changed, so that more may have come and ended since the last read (field notes 2, section 1).

Oddities, all recorded:

- `page.updated_at` and an incident's `updated_at` move without a change.
- An incident's `components` show their current state. Some vendors unlink them on resolving. Then only the
  `affected_components` of older updates name them, as "<group> - <name>" and under the names of that time.
- Maintenance windows and incidents share one space of ids.
- Times come in the page's own zone; those of `history.json` are text without a year.
- Several products imitate API v2. They have no document of a single incident: it answers 404 for listed ones, too.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, LongerListEntry, Page
from statuswatch.platforms.parsing import (
    DECODE_ERRORS,
    ENTRY_ERRORS,
    PAGE_ID_FORMS,
    ClosedEntries,
    IncidentList,
    PageHead,
    ParseInput,
    StatedUpdate,
    UpdateWithoutId,
    absent_records,
    clean_status,
    clean_title,
    decode,
    groups_by_name,
    identifier,
    identity_of_platform,
    incident_update,
    labelled_components,
    listed_components,
    newest_copies,
    oldest_first,
    page_changed_at,
    parse_entries,
    path_part,
    updates_by_time,
)

PARSER_VERSION: Final = 2
MAX_LONGER_LISTS: Final = 4  # of three months each
_WINDOW_SIZE: Final = 50  # entries of incidents.json, and of scheduled-maintenances.json
_INCIDENTS: Final = "incidents.json"
_SUMMARY: Final = "summary.json"
_WINDOWS: Final = "scheduled-maintenances.json"
_IMPACTS: Final = {str(impact): impact for impact in Impact}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY: Final = re.compile(r"\b(\d{1,2}),")
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


class _Id(msgspec.Struct):
    id: str


_decode_id: Final = msgspec.json.Decoder(_Id).decode


class _OwnComponent(msgspec.Struct):
    name: str | None = None


class _OwnIncident(msgspec.Struct):
    """`/incidents/<id>.json`. `code` is the id of API v2; what `id` holds is not recorded."""

    code: str
    name: str
    status: str
    created_at: datetime
    incident_updates: list[UpdateWithoutId]
    impact: str | None = None
    components: list[_OwnComponent] | None = None
    scheduled_for: datetime | None = None
    scheduled_until: datetime | None = None


class _HistoryEntry(msgspec.Struct):
    code: str
    timestamp: str = ""


class _Month(msgspec.Struct):
    name: str
    year: int
    incidents: list[_HistoryEntry]


class _HistoryPage(msgspec.Struct):
    months: list[_Month]


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
    catalogue = _catalogue(sources.summary)
    closed = ClosedEntries(reading, PARSER_VERSION, catalogue.by_id)
    incidents, skipped = _incidents(sources, partial(_incident, reading.page, catalogue, closed))
    history = {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} if sources.windows else {IncidentKind.INCIDENT}
    return Feed(
        identity=identity_of_platform("statuspage", sources.history.page, _INCIDENTS),
        updated_at=_updated_at(sources),
        incidents=incidents,
        by_creation=True,
        history=frozenset(history),
        complete=_complete_kinds(sources, reading),
        unread=_unread_kinds(sources, reading),
        window_sizes=dict.fromkeys(history, _WINDOW_SIZE),
        in_summary_only=_ids_in_summary_only(sources),
        as_remembered=closed.listed,
        over=tuple(closed.over),
        skipped=skipped,
        losses=sources.losses,
        components=listed_components(catalogue.by_id.values()),
    )


# --------------------------------------------------------------------------------------------------------- documents


class _Sources(NamedTuple):
    """The decoded documents. None: not fetched, or not usable; `losses` has the reasons."""

    history: IncidentList
    summary: _Summary | None
    windows: _Windows | None
    losses: tuple[str, ...]


def _decode_documents(reading: ParseInput) -> _Sources:
    history = decode(reading.required(_INCIDENTS), IncidentList, _INCIDENTS)
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


def _unread_kinds(sources: _Sources, reading: ParseInput) -> frozenset[IncidentKind]:
    """Return the kinds that a list may hold which was not read this time; a list that the page lacks holds none."""
    unread = set()
    if not sources.summary and reading.documents.get(_SUMMARY, b"") is not None:
        unread |= {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}
    if not sources.windows and not _never_had_windows(reading):
        unread.add(IncidentKind.MAINTENANCE)
    return frozenset(unread)


def _ids_in_summary_only(sources: _Sources) -> frozenset[str]:
    """Return the ids that the summary adds to the lists of the newest 50."""
    lists = [(name, entries) for name, _, entries in _lists(sources)]
    ids = {_id_of(entry) for name, entries in lists if name == _SUMMARY for entry in entries}
    if not ids:  # nearly always: nothing is open or planned
        return frozenset()
    return frozenset(ids.difference(_id_of(entry) for name, entries in lists if name != _SUMMARY for entry in entries))


def _id_of(entry: msgspec.Raw) -> str:
    try:
        return _decode_id(entry).id
    except DECODE_ERRORS:
        return ""


def _never_had_windows(reading: ParseInput) -> bool:
    page_lacks_list = reading.documents.get(_WINDOWS, b"") is None
    had_list_before = reading.state is not None and _WINDOWS in reading.state.updated_at
    return page_lacks_list and not had_list_before


# --------------------------------------------------------------------------------------------------------- incidents


Build = Callable[[IncidentKind, msgspec.Raw], Incident | None]


def _incidents(sources: _Sources, build: Build) -> tuple[tuple[Incident, ...], tuple[str, ...]]:
    """Return the incidents of all lists, and why entries were skipped.

    Raises FeedError where no entry of incidents.json is good; the other lists only enrich.
    """
    lists: list[list[Incident]] = []
    skipped: list[str] = []
    for name, kind, entries in _lists(sources):
        try:
            incidents, reasons = parse_entries(entries, partial(build, kind), name)
        except FeedError as error:
            if name == _INCIDENTS:
                raise
            skipped.append(str(error))
        else:
            lists.append(incidents)
            skipped += reasons
    return newest_copies(*lists), tuple(dict.fromkeys(skipped))  # both lists may have the same bad window


def _lists(sources: _Sources) -> Iterator[tuple[str, IncidentKind, Sequence[msgspec.Raw]]]:
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


def _incident(
    page: Page, catalogue: "_Catalogue", closed: ClosedEntries, kind: IncidentKind, entry: msgspec.Raw
) -> Incident | None:
    """Return the incident of an entry; None where it is as remembered, or its end is enough."""
    digest = closed.digest(kind.encode(), entry)
    if closed.holds(digest):
        return None
    incident = _decode_incident(entry)
    key = identifier(incident.id)
    created = utc(incident.created_at)
    components, source_quality = _components(incident, catalogue)
    has_schedule = kind is IncidentKind.MAINTENANCE
    status = clean_status(incident.status)
    end = closed.end(status, created, incident.incident_updates)
    listed = Incident(
        id=key,
        kind=kind,
        title=clean_title(incident.name),
        status=status,
        impact=_IMPACTS.get(incident.impact or "", Impact.UNKNOWN),
        url=f"{page.url}/incidents/{path_part(key)}",
        created_at=end or created,
        position=created,
        components=components,
        source_quality=source_quality,
        updates=() if end else _updates(incident),
        scheduled_for=_utc(incident.scheduled_for) if has_schedule else None,
        scheduled_until=_utc(incident.scheduled_until) if has_schedule else None,
        entry_digest=digest,
    )
    return closed.place(listed, end)


def _utc(moment: datetime | None) -> datetime | None:
    return utc(moment) if moment else None


def _updates(incident: _Incident) -> tuple[IncidentUpdate, ...]:
    return oldest_first(
        [
            incident_update(update.id, update.status, update.body, update.created_at, update.display_at)
            for update in incident.incident_updates
        ]
    )


# ----------------------------------------------------------------------------------- own documents and the longer list


def own_document(page: Page, incident_id: str, created_at: datetime | None, /) -> Document:
    """Return the document of one incident or window."""
    path = f"incidents/{quote(incident_id, safe='')}.json"
    return Document(path, f"{page.url}/{path}")


def parse_own(reading: ParseInput, incident_id: str, body: bytes, /) -> Incident:
    """Return the incident of its own document. Raises FeedError."""
    name = f"incidents/{incident_id}.json"
    document = decode(body, _OwnIncident, name)
    if document.code != incident_id:
        raise FeedError(f"{name}: of another incident, {text.line(document.code)}")
    try:
        return _own_incident(document, reading.page)
    except ENTRY_ERRORS as error:
        raise FeedError(f"{name}: {text.line(str(error))}") from error


def _own_incident(document: _OwnIncident, page: Page) -> Incident:
    key = identifier(document.code)
    created = utc(document.created_at)
    is_maintenance = document.impact == Impact.MAINTENANCE or document.scheduled_for is not None
    names = [clean_title(component.name) for component in document.components or () if component.name]
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if is_maintenance else IncidentKind.INCIDENT,
        title=clean_title(document.name),
        status=clean_status(document.status),
        impact=_IMPACTS.get(document.impact or "", Impact.UNKNOWN),
        url=f"{page.url}/incidents/{quote(key, safe='')}",
        created_at=created,
        position=created,
        components=labelled_components([(name, "") for name in names], {}),
        source_quality=_NAMED_BY_UPDATES if names else _NOT_STATED,
        updates=updates_by_time(document.incident_updates),
        scheduled_for=_utc(document.scheduled_for),
        scheduled_until=_utc(document.scheduled_until),
    )


def longer_list(page: Page, number: int, /) -> Document:
    """Return a part of the list of all incidents: three months."""
    return Document(f"history.json?page={number}", f"{page.url}/history.json?page={number}")


def parse_longer_list(body: bytes, /) -> tuple[LongerListEntry, ...]:
    """Return the incidents of three months, each with the end of its last day. Raises FeedError.

    A timestamp is HTML: "Sep <var>11</var>, <var>07:46</var> - <var>08:10</var> UTC", or with the day of the end before
    its time. An incident stands under the month in which it ended.
    """
    history = decode(body, _HistoryPage, "history.json")
    try:
        return tuple(
            LongerListEntry(identifier(entry.code), _ended_by(month, entry.timestamp))
            for month in history.months
            for entry in month.incidents
        )
    except ENTRY_ERRORS as error:
        raise FeedError(f"history.json: {text.line(str(error))}") from error


def _ended_by(month: _Month, timestamp: str) -> datetime:
    """Return the end of the last day that the timestamp names; without one, of the month. Raises ValueError."""
    number = _MONTHS.index(month.name[:3].lower()) + 1
    days = _DAY.findall(text.paragraph(timestamp))
    if not days:
        next_month = datetime(month.year, number, 28, tzinfo=UTC) + timedelta(days=4)
        return next_month.replace(day=1)
    return datetime(month.year, number, int(days[-1]), tzinfo=UTC) + timedelta(days=1)


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

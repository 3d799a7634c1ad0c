"""Better Stack (once Better Uptime).

`index.json`, a JSON:API document, is the only one. It includes all that the page shows: its sections, its resources
(the components), its status reports of any age, open or not, and their updates. It is documented, and recorded on the
vendor's own page while nothing was open; other states are as readers of live pages report them.

Oddities, recorded or reported by those readers:

- `ends_at` is null for resolved reports too, and is no sign of their end. A report is resolved when its
  `aggregate_state` is `resolved`, or when every resource that it affects is. Those of a window that is over may stay
  at `maintenance` (recorded).
- Only the updates of a resolved report state how severe it was.
- Titles may be null, and a name may have white space around it.
- Ids are strings in some places and numbers in others.
- The platform has no statuses such as "investigating": an open report has the worst state of its resources. It does
  not state whether a maintenance window has begun.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache, partial
from operator import itemgetter
from typing import Any, Final, Generic, Literal, TypeVar

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import UNLIMITED, Document, Feed, Page
from statuswatch.platforms.parsing import (
    DECODE_ERRORS,
    ClosedEntries,
    ParseInput,
    are_plain,
    clean_status,
    clean_title,
    decode,
    end_of,
    groups_by_name,
    identifier,
    identity,
    incident_update,
    labelled_components,
    listed_components,
    oldest_first,
    parse_entries,
    path_part,
)

PARSER_VERSION: Final = 2
_INDEX: Final = "index.json"
_UNTITLED: Final = "Untitled report"
_PARTLY_NAMED, _NOT_STATED = 1, 0  # `source_quality` below that of components that all have names
_IMPACTS: Final = {  # the worst first; the vendor calls `downtime` a major service disruption
    "downtime": Impact.MAJOR,
    "degraded": Impact.MINOR,
    "operational": Impact.NONE,
}
_ORDER: Final = itemgetter(0, 1, 2)
_WORST_FIRST: Final = ("downtime", "degraded", "maintenance")
_STATES: Final = frozenset({*_IMPACTS, *_WORST_FIRST, "resolved"})  # others may be no words


Entry = TypeVar("Entry")  # what the document includes: decoded by its type, or still encoded


class _Affected(msgspec.Struct):
    status_page_resource_id: str | int
    status: str = ""


class _Linked(msgspec.Struct):
    id: str | int


class _Links(msgspec.Struct):
    data: list[_Linked]


class _Included(msgspec.Struct):
    """An included entry of any type, with its contents still encoded."""

    type: str
    id: str | int
    attributes: msgspec.Raw
    relationships: msgspec.Raw = msgspec.Raw(b"null")


class _Named(msgspec.Struct):
    """The attributes of a section (`name`) and of a resource."""

    name: str | None = None
    public_name: str | None = None
    status_page_section_id: str | int | None = None


class _Update(msgspec.Struct):
    message: str | None
    published_at: datetime
    affected_resources: list[_Affected] | None = None


class _ReportAttributes(msgspec.Struct):
    title: str | None
    report_type: str
    starts_at: datetime
    ends_at: datetime | None = None
    aggregate_state: str | None = None
    affected_resources: list[_Affected] | None = None


class _ReportLinks(msgspec.Struct):
    status_updates: _Links


class _PageLinks(msgspec.Struct):
    status_reports: _Links


class _StatusPage(msgspec.Struct):
    id: str | int
    type: Literal["status_page"]
    relationships: _PageLinks


class _Index(msgspec.Struct, Generic[Entry]):
    data: _StatusPage
    included: list[Entry]


_decode_included: Final = msgspec.json.Decoder(_Included).decode
_decode_named: Final = msgspec.json.Decoder(_Named).decode
_decode_updates: Final = msgspec.json.Decoder(list[_Update]).decode
_decode_report: Final = msgspec.json.Decoder(_ReportAttributes).decode
_decode_links: Final = msgspec.json.Decoder(_ReportLinks).decode
_decode_index: Final = msgspec.json.Decoder(_Index[_Included]).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the only document."""
    return (Document(_INDEX, f"{_base(page)}/{_INDEX}", required=True),)


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return none: the platform has no other document."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the page id is a number."""
    return feed.identity.isdecimal()


def parse(reading: ParseInput, /) -> Feed:
    """Return the status reports of the page. Raises FeedError, also where it names reports and includes none."""
    index = _index(reading.required(_INDEX))
    included = _Inclusions(index.included)
    closed = ClosedEntries(reading, PARSER_VERSION, included.names)
    if index.data.relationships.status_reports.data and not included.reports:
        raise FeedError(f"{_INDEX}: it names status reports and includes none")
    incidents, skipped = parse_entries(included.reports, partial(_incident, reading.page, included, closed), _INDEX)
    return Feed(
        identity=identity(str(index.data.id), _INDEX),
        incidents=tuple({incident.id: incident for incident in incidents}.values()),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}),
        window_sizes={IncidentKind.INCIDENT: UNLIMITED, IncidentKind.MAINTENANCE: UNLIMITED},
        as_remembered=closed.listed,
        over=tuple(closed.over),
        skipped=tuple(skipped),
        components=listed_components(included.names.values()),
    )


def _index(body: bytes) -> _Index[Any]:
    """Decode the document at once; leave what it includes encoded where an entry is bad. Raises FeedError."""
    try:
        return _decode_index(body)
    except DECODE_ERRORS:
        return decode(body, _Index[msgspec.Raw], _INDEX)


class _Inclusions:
    """The entries that the document includes, by their type.

    `reports` may have bad entries, which are still encoded, `updates` are the attributes of updates by id, `names` is
    (name, group) of resources by id, and `groups` is in which groups each name occurs.
    """

    def __init__(self, entries: Iterable[_Included | msgspec.Raw]) -> None:
        self.reports: list[_Included | msgspec.Raw] = []
        self.updates: dict[str, msgspec.Raw] = {}
        self._resources: dict[str, _Named] = {}
        self._sections: dict[str, str] = {}
        for entry in entries:
            try:
                self._add(entry if isinstance(entry, _Included) else _decode_included(entry))
            except DECODE_ERRORS:
                self.reports.append(entry)  # it may be a report: it is then skipped with a reason
        self.names = self._names()
        self.groups = groups_by_name(self.names.values())

    def _add(self, entry: _Included) -> None:
        key = str(entry.id)
        match entry.type:
            case "status_page_resource":
                self._resources[key] = _decode_named(entry.attributes)
            case "status_page_section":
                self._sections[key] = clean_title(_decode_named(entry.attributes).name or "")
            case "status_update":
                self.updates[key] = entry.attributes
            case "status_report":
                self.reports.append(entry)

    def _names(self) -> dict[str, tuple[str, str]]:
        names: dict[str, tuple[str, str]] = {}
        for key, resource in self._resources.items():
            name = clean_title(resource.public_name or "")
            if name:
                names[key] = (name, self._sections.get(str(resource.status_page_section_id), ""))
        return names


# ----------------------------------------------------------------------------------------------------------- reports


def _incident(
    page: Page, included: _Inclusions, closed: ClosedEntries, entry: _Included | msgspec.Raw
) -> Incident | None:
    """Return a status report as an incident or a maintenance; None where it is as remembered, or its end is enough.

    Raises ValueError where nothing states its state.
    """
    report = entry if isinstance(entry, _Included) else _decode_included(entry)
    linked = _linked_updates(report, included)
    digest = closed.digest(str(report.id).encode(), report.attributes, report.relationships, *linked.values())
    if closed.holds(digest):
        return None
    attributes = _decode_report(report.attributes)
    key = identifier(str(report.id))
    kind = IncidentKind.MAINTENANCE if attributes.report_type == "maintenance" else IncidentKind.INCIDENT
    stated = dict(zip(linked, _decode_updates(b"[%b]" % b",".join(linked.values())), strict=True))
    starts, status = utc(attributes.starts_at), _status(attributes, kind)
    end = end_of(_published_times(stated), starts) if closed.is_over(status) else None
    updates = () if end else _updates(stated, kind)
    affected = _all_affected(attributes, stated.values())
    components, source_quality = _components(affected, included)
    incident = Incident(
        id=key,
        kind=kind,
        title=clean_title(attributes.title or "") or _UNTITLED,
        status=status,
        impact=_peak_impact([attributes.aggregate_state, *(resource.status for resource in affected)]),
        url=f"{_base(page)}/incident/{path_part(key)}",
        created_at=end or _announced_at(starts, updates),
        position=starts,
        components=components,
        source_quality=source_quality,
        updates=updates,
        entry_digest=digest,
    )
    return closed.place(_as_window(incident, attributes, page), end)


def _announced_at(starts: datetime, updates: Sequence[IncidentUpdate]) -> datetime:
    """Return when the report was created: a window is announced before it starts."""
    return min(starts, updates[0].created_at) if updates else starts


def _as_window(incident: Incident, attributes: _ReportAttributes, page: Page) -> Incident:
    """Return the incident; a maintenance with its schedule. That has no page of its own at the vendor."""
    if incident.kind is not IncidentKind.MAINTENANCE:
        return incident
    return msgspec.structs.replace(
        incident,
        impact=Impact.MAINTENANCE,
        url=page.url,
        scheduled_for=incident.position,
        scheduled_until=utc(attributes.ends_at) if attributes.ends_at else None,
    )


def _status(attributes: _ReportAttributes, kind: IncidentKind) -> str:
    """Return the status of a report: the vendor's word for its state, or ours once it is over.

    Raises ValueError where neither the report nor its resources state one.
    """
    affected = _worst_state(attributes.affected_resources or ())
    state = clean_status(attributes.aggregate_state or affected)
    is_over = state == "resolved" or (state == "operational" and affected == "resolved")
    return _closed_status(kind) if is_over else state


def _closed_status(kind: IncidentKind) -> str:
    return "completed" if kind is IncidentKind.MAINTENANCE else "resolved"


def _peak_impact(states: Iterable[str | None]) -> Impact:
    """Return the impact of the worst state; a resolved report states none of its own, but its updates do."""
    return _worst_impact(frozenset(states))


@lru_cache(maxsize=256)
def _worst_impact(states: frozenset[str | None]) -> Impact:
    stated = {state.lower() for state in states if state}
    return next((impact for state, impact in _IMPACTS.items() if state in stated), Impact.UNKNOWN)


# ----------------------------------------------------------------------------------------------------------- updates


def _linked_updates(report: _Included, included: _Inclusions) -> dict[str, msgspec.Raw]:
    """Return the attributes of the updates that the report links, by id. Raises DecodeError where it states none."""
    linked = dict.fromkeys(str(link.id) for link in _decode_links(report.relationships).status_updates.data)
    return {key: included.updates[key] for key in linked if key in included.updates}


def _published_times(stated: Mapping[str, _Update]) -> list[datetime] | None:
    """Return when the updates were published; None where an id or a state has to be looked at."""
    states = {resource.status for update in stated.values() for resource in update.affected_resources or ()}
    if not (states <= _STATES and are_plain(stated)):
        return None
    return [utc(update.published_at) for update in stated.values()]


def _updates(stated: Mapping[str, _Update], kind: IncidentKind) -> tuple[IncidentUpdate, ...]:
    """Return the updates of a report, each with the worst state that it states.

    An update that states no resource leaves the state as it was. Of two with the same time the lower id is the older:
    ids are numbers, and a longer one is higher.
    """
    state = "update"  # until one is stated
    updates: list[IncidentUpdate] = []
    for published_at, _, key, update in sorted(
        [(utc(update.published_at), len(key), key, update) for key, update in stated.items()], key=_ORDER
    ):
        state = _worst_state(update.affected_resources or ()) or state
        status = _closed_status(kind) if state == "resolved" else state
        updates.append(incident_update(key, status, update.message, published_at, None))
    return oldest_first(reversed(updates))


# --------------------------------------------------------------------------------------------------------- resources


def _all_affected(report: _ReportAttributes, updates: Iterable[_Update]) -> list[_Affected]:
    """Return every statement of the report and its updates about a resource."""
    lists = [report.affected_resources, *(update.affected_resources for update in updates)]
    return [resource for resources in lists for resource in resources or ()]


def _components(affected: Iterable[_Affected], included: _Inclusions) -> tuple[tuple[Component, ...], int]:
    """Return the components, and the quality of their source: lower where some of them have no name any more."""
    ids = {str(resource.status_page_resource_id) for resource in affected}
    named = [included.names[key] for key in ids if key in included.names]
    if not named:
        return (), _NOT_STATED
    quality = STATED_BY_VENDOR if len(named) == len(ids) else _PARTLY_NAMED
    return labelled_components(named, included.groups), quality


def _worst_state(affected: Iterable[_Affected]) -> str:
    """Return the worst open state; "resolved" where all resources are, "" where none is stated."""
    return _worst_of(frozenset([resource.status for resource in affected]))


@lru_cache(maxsize=256)
def _worst_of(stated: frozenset[str]) -> str:
    states = {state.lower() for state in stated if state}
    open_states = states - {"resolved"}
    if open_states:
        return next((state for state in _WORST_FIRST if state in open_states), min(open_states))
    return "resolved" if states else ""


def _base(page: Page) -> str:
    return page.url.removesuffix(f"/{_INDEX}")

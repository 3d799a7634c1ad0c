"""Better Stack (once Better Uptime).

`index.json`, a JSON:API document and the only one, includes all that the page shows: its sections, its resources (the
components), its status reports of any age, open or not, and their updates. Field names are documented by the vendor;
several readers of live pages confirm them.

Oddities, reported by those readers: `ends_at` is null for resolved reports too, and tells nothing; a report is
resolved when its `aggregate_state` is `resolved`, or every resource it affects is; its severity of then is stated only
by its updates; titles may be null; a name may have white space around it; ids are strings in some places and numbers
in others. There are no words such as "investigating": an open report has the worst state of what it affects, and
whether a window has begun is not stated.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final, Literal
from urllib.parse import quote

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    identifier,
    identity,
    incident_update,
    labelled_components,
    oldest_first,
    parse_entries,
)

PARSER_VERSION: Final = 1
_INDEX: Final = "index.json"
_UNTITLED: Final = "Untitled report"
_IMPACTS: Final = {  # the worst first; the vendor calls `downtime` a major service disruption
    "downtime": Impact.MAJOR,
    "degraded": Impact.MINOR,
    "operational": Impact.NONE,
}
_GRAVEST: Final = ("downtime", "degraded", "maintenance")


class _Affected(msgspec.Struct):
    status_page_resource_id: str | int
    status: str = ""


class _Linked(msgspec.Struct):
    id: str | int


class _Links(msgspec.Struct):
    data: list[_Linked]


class _Included(msgspec.Struct):
    """What is included: of any type, its attributes not yet looked at."""

    type: str
    id: str | int
    attributes: msgspec.Raw


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


class _Report(msgspec.Struct):
    id: str | int
    attributes: _ReportAttributes
    relationships: _ReportLinks


class _PageLinks(msgspec.Struct):
    status_reports: _Links


class _StatusPage(msgspec.Struct):
    id: str | int
    type: Literal["status_page"]
    relationships: _PageLinks


class _Index(msgspec.Struct):
    data: _StatusPage
    included: list[msgspec.Raw]


_decode_included: Final = msgspec.json.Decoder(_Included).decode
_decode_named: Final = msgspec.json.Decoder(_Named).decode
_decode_update: Final = msgspec.json.Decoder(_Update).decode
_decode_report: Final = msgspec.json.Decoder(_Report).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    return (Document(_INDEX, f"{_base(page)}/{_INDEX}", required=True),)


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    return feed.identity.isdecimal()


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get(_INDEX)
    if body is None:
        raise FeedError(f"{_INDEX}: missing")
    index = decode(body, _Index, _INDEX)
    included = _Inclusions(index.included)
    if index.data.relationships.status_reports.data and not included.reports:
        raise FeedError(f"{_INDEX}: it names status reports and includes none")
    incidents, skipped = parse_entries(included.reports, partial(_incident, reading.page, included), _INDEX)
    return Feed(
        identity=identity(str(index.data.id), _INDEX),
        incidents=tuple({incident.id: incident for incident in incidents}.values()),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}),
        skipped=tuple(skipped),
    )


class _Inclusions:
    """What the document includes: status reports, updates by id, and the names and groups of resources by id."""

    def __init__(self, raws: list[msgspec.Raw]) -> None:
        self.reports: list[msgspec.Raw] = []
        self.updates: dict[str, msgspec.Raw] = {}
        self.names: dict[str, tuple[str, str]] = {}
        self.groups: dict[str, set[str]] = {}
        resources: dict[str, _Named] = {}
        sections: dict[str, str] = {}
        for raw in raws:
            try:
                it = _decode_included(raw)
                if it.type == "status_page_resource":
                    resources[str(it.id)] = _decode_named(it.attributes)
                elif it.type == "status_page_section":
                    sections[str(it.id)] = clean_title(_decode_named(it.attributes).name or "")
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                self.reports.append(raw)  # it may be one: what it lacks is said there
                continue
            if it.type == "status_update":
                self.updates[str(it.id)] = it.attributes
            elif it.type == "status_report":
                self.reports.append(raw)
        for key, resource in resources.items():
            if name := clean_title(resource.public_name or ""):
                group = sections.get(str(resource.status_page_section_id), "")
                self.names[key] = (name, group)
                self.groups.setdefault(name, set()).add(group)


def _incident(page: Page, included: _Inclusions, raw: msgspec.Raw) -> Incident:
    """A status report. Raises ValueError where nothing tells its state."""
    report = _decode_report(raw)
    it = report.attributes
    key = identifier(str(report.id))
    kind = IncidentKind.MAINTENANCE if it.report_type == "maintenance" else IncidentKind.INCIDENT
    window = kind is IncidentKind.MAINTENANCE
    linked = dict.fromkeys(str(link.id) for link in report.relationships.status_updates.data)
    stated = {link: _decode_update(included.updates[link]) for link in linked if link in included.updates}
    updates = _updates(stated, kind)
    lists = [it.affected_resources, *(one.affected_resources for one in stated.values())]
    affected = [part for parts in lists for part in parts or ()]
    ids = {str(part.status_page_resource_id) for part in affected}
    named = [included.names[part] for part in ids if part in included.names]
    starts = utc(it.starts_at)
    return Incident(
        id=key,
        kind=kind,
        title=clean_title(it.title or "") or _UNTITLED,
        status=_status(it, kind),
        impact=Impact.MAINTENANCE if window else _impact({it.aggregate_state, *(part.status for part in affected)}),
        url=page.url if window else f"{_base(page)}/incident/{quote(key, safe='')}",
        created_at=min([starts, *(one.created_at for one in updates)]),  # a window is announced before it starts
        position=starts,
        components=labelled_components(named, included.groups),
        source_quality=(STATED_BY_VENDOR if len(named) == len(ids) else 1) if named else 0,
        updates=updates,
        scheduled_for=starts if window else None,
        scheduled_until=utc(it.ends_at) if it.ends_at and window else None,
    )


def _status(it: _ReportAttributes, kind: IncidentKind) -> str:
    affected = _worst(it.affected_resources or ())
    state = clean_status(it.aggregate_state or affected)
    over = state == "resolved" or (state == "operational" and affected == "resolved")
    return _over(kind) if over else state


def _updates(stated: Mapping[str, _Update], kind: IncidentKind) -> tuple[IncidentUpdate, ...]:
    """An update that states no resource leaves the state as it was. Of two with one time the lower id is the older."""
    before = "update"
    updates = []
    for key, it in sorted(stated.items(), key=lambda item: (utc(item[1].published_at), len(item[0]), item[0])):
        before = _worst(it.affected_resources or ()) or before
        status = _over(kind) if before == "resolved" else before
        updates.append(incident_update(key, status, it.message, it.published_at, None))
    return oldest_first(reversed(updates))


def _worst(affected: Iterable[_Affected]) -> str:
    """The state of what is affected, as one: `resolved` where all of it is, "" where nothing is stated."""
    states = {part.status.lower() for part in affected if part.status}
    open_states = states - {"resolved"}
    if not open_states:
        return "resolved" if states else ""
    return next((state for state in _GRAVEST if state in open_states), min(open_states))


def _impact(states: Iterable[str | None]) -> Impact:
    """Of the worst state that was ever stated."""
    seen = {state.lower() for state in states if state}
    return next((impact for state, impact in _IMPACTS.items() if state in seen), Impact.UNKNOWN)


def _over(kind: IncidentKind) -> str:
    return "completed" if kind is IncidentKind.MAINTENANCE else "resolved"


def _base(page: Page) -> str:
    return page.url.removesuffix(f"/{_INDEX}")

"""OpenStatus, hosted by its maker or by the vendor.

`feed/json`, read on every run, is all that is read: status reports and maintenance windows of any age, each with its
components. Field names are those of the server: openstatusHQ/openstatus
`apps/status-page/src/app/(status-page)/[domain]/[locale]/(public)/feed/json/route.ts`; the statuses are those of
`packages/db/src/schema/status_reports/constants.ts`. That nothing is left out is in
`packages/api/src/router/statusPage.ts`.

Oddities, all of the server:

- `updatedAt` of the page is the time of the request.
- A report has no time of its own but that of its last change; it began with its first update.
- A maintenance window has no status: its times say whether it has begun. Where the time of the run is not known, it is
  scheduled until its end is. `updatedAt` is the time of its last change.
- Reports state no impact, nor which component recovered when.
- Pages of an older version name monitors in place of components.
- Ids of reports and of windows are numbers of two series. Those of windows are written with a prefix here.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import UNLIMITED, Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    groups_by_name,
    incident_update,
    labelled_components,
    listed_components,
    oldest_first,
    parse_entries,
)

PARSER_VERSION: Final = 1
_FEED: Final = "feed/json"
_IDENTITY: Final = "openstatus"
_MESSAGE, _END = "message", "end"  # the ids of the updates of a window
_KINDS: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})


class _Named(msgspec.Struct, rename="camel"):
    id: int
    name: str
    group_id: int | None = None


class _Update(msgspec.Struct):
    id: int
    status: str
    message: str
    date: datetime


class _Report(msgspec.Struct, rename="camel"):
    id: int
    title: str
    status: str
    updated_at: datetime
    status_report_updates: list[_Update]
    page_components: list[int] | None = None
    monitors: list[int] = []


class _Window(msgspec.Struct, rename="camel"):
    id: int
    name: str
    message: str
    from_: datetime = msgspec.field(name="from")
    to: datetime
    updated_at: datetime | None = None
    page_components: list[int] | None = None
    monitors: list[int] = []


class _Page(msgspec.Struct, rename="camel"):
    maintenances: list[msgspec.Raw]
    status_reports: list[msgspec.Raw]
    monitors: list[_Named] = []
    page_components: list[_Named] = []
    page_component_groups: list[_Named] = []


_decode_report: Final = msgspec.json.Decoder(_Report).decode
_decode_window: Final = msgspec.json.Decoder(_Window).decode


class _Names:
    """The names of components, each with its group, by id."""

    def __init__(self, document: _Page) -> None:
        groups = {group.id: clean_title(group.name) for group in document.page_component_groups}
        self.components = _places(document.page_components, groups)
        self.monitors = _places(document.monitors, {})
        self.listed = [*(self.components or self.monitors).values()]
        self.groups = groups_by_name(self.listed)

    def of(self, entry: _Report | _Window) -> tuple[Component, ...]:
        """Return the components of an entry."""
        by_id = self.monitors if entry.page_components is None else self.components
        keys = entry.monitors if entry.page_components is None else entry.page_components
        return labelled_components([by_id[key] for key in keys if key in by_id], self.groups)


def _places(named: Iterable[_Named], groups: Mapping[int, str]) -> dict[int, tuple[str, str]]:
    return {each.id: (clean_title(each.name), groups.get(each.group_id or 0, "")) for each in named}


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the one document; a page's address may be that of the document."""
    return (Document(_FEED, page.url if page.url.endswith(f"/{_FEED}") else f"{page.url}/{_FEED}", required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: there is only one document."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the feed is OpenStatus': nothing else has such a document."""
    return feed.identity == _IDENTITY


def parse(reading: ParseInput, /) -> Feed:
    """Return all reports and maintenance windows. Raises FeedError."""
    document = decode(reading.required(_FEED), _Page, _FEED)
    names = _Names(document)
    reports, skipped = parse_entries(document.status_reports, partial(_report, reading.page, names), _FEED)
    windows, unread = parse_entries(document.maintenances, partial(_window, reading, names), _FEED)
    return Feed(
        identity=_IDENTITY,  # the document names the page by its title only
        incidents=(*{incident.id: incident for incident in (*reports, *windows)}.values(),),
        by_creation=True,
        history=_KINDS,
        complete=_KINDS,
        window_sizes=dict.fromkeys(_KINDS, UNLIMITED),
        skipped=(*skipped, *unread),
        components=listed_components(names.listed),
    )


def _base(page: Page) -> str:
    return page.url.removesuffix(f"/{_FEED}")


def _report(page: Page, names: _Names, raw: msgspec.Raw) -> Incident:
    report = _decode_report(raw)
    updates = oldest_first(_update(update) for update in report.status_report_updates)
    began_at = updates[0].created_at if updates else utc(report.updated_at)
    components = names.of(report)
    return Incident(
        id=str(report.id),
        title=clean_title(report.title),
        status=clean_status(report.status),
        impact=Impact.UNKNOWN,
        url=f"{_base(page)}/events/report/{report.id}",
        created_at=began_at,
        position=began_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=updates,
    )


def _update(update: _Update) -> IncidentUpdate:
    return incident_update(str(update.id), update.status, update.message, update.date, None)


def _window(reading: ParseInput, names: _Names, raw: msgspec.Raw) -> Incident:
    window = _decode_window(raw)
    begins_at, ends_at = utc(window.from_), utc(window.to)
    known_at = min(begins_at, utc(window.updated_at)) if window.updated_at else begins_at
    status = _window_status(reading.now, begins_at, ends_at)
    components = names.of(window)
    is_over = status == "completed"
    message = incident_update(_MESSAGE, "scheduled", window.message, known_at, None)
    end = incident_update(_END, status, None, ends_at, None)
    return Incident(
        id=f"maintenance-{window.id}",
        kind=IncidentKind.MAINTENANCE,
        title=clean_title(window.name),
        status=status,
        impact=Impact.MAINTENANCE,
        url=f"{_base(reading.page)}/events/maintenance/{window.id}",
        created_at=known_at,
        position=begins_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=(message, end) if is_over and ends_at >= known_at else (message,),
        scheduled_for=begins_at,
        scheduled_until=ends_at,
    )


def _window_status(now: datetime | None, begins_at: datetime, ends_at: datetime) -> str:
    if now is None or now < begins_at:
        return "scheduled"
    return "in_progress" if now < ends_at else "completed"

"""OneUptime, hosted by its maker or by the vendor.

`/status-page-api/incidents/<host>` and `/status-page-api/scheduled-maintenance-events/<host>` are read on every run;
they answer GET since 2026, and the `id` of the page takes the place of the host where that is given. Field names are
those of the server: OneUptime/oneuptime `Common/Server/API/StatusPageAPI.ts`; the form of ids and times is that of
`Common/Types/JSONFunctions.ts` and `Common/Types/ObjectID.ts`.

All that is unresolved is listed, and what began in the last 14 days, or as many as the vendor set.

Oddities, all of the server:

- A time is `{"_type": "DateTime", "value": …}`, an id of another entry `{"_type": "ObjectID", "value": …}`.
- Vendors name their states themselves. Of incidents, those from the first resolved one on are the end; of maintenance
  each state says what it is.
- A change of state is one update, a public note another. Notes have no ids; theirs are made of their times, and
  of their texts where several are of one moment.
- Severities are the vendor's words: no impact is read from them.
- A page that shows no incidents refuses the document.
- Announcements and episodes have documents of their own and are not read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from statuswatch.model.digest import time_id
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    MAX_STATUS,
    ParseInput,
    clean_title,
    decode,
    identifier,
    incident_update,
    labelled_components,
    listed_components,
    newest_copies,
    oldest_first,
    parse_entries,
    path_part,
    unread_kinds,
    whole_list,
)

PARSER_VERSION: Final = 1
_INCIDENTS: Final = "incidents"
_WINDOWS: Final = "scheduled-maintenance-events"
_IDENTITY: Final = "oneuptime"

_Part = TypeVar("_Part")  # a change or a note


class _Value(msgspec.Struct):
    value: str


class _Time(msgspec.Struct):
    value: datetime


class _State(msgspec.Struct, rename="camel"):
    id: str = msgspec.field(default="", name="_id")
    name: str = ""
    order: int | None = None
    is_resolved_state: bool = False
    is_scheduled_state: bool = False
    is_ongoing_state: bool = False


class _Ref(msgspec.Struct):
    id: str | _Value = msgspec.field(name="_id")


class _Incident(msgspec.Struct, rename="camel"):
    id: str | _Value = msgspec.field(name="_id")
    title: str
    created_at: _Time
    state: _State = msgspec.field(name="currentIncidentState")
    declared_at: _Time | None = None
    description: str | None = None
    monitors: list[_Ref] | None = None


class _Window(msgspec.Struct, rename="camel"):
    id: str | _Value = msgspec.field(name="_id")
    title: str
    created_at: _Time
    starts_at: _Time
    ends_at: _Time
    state: _State = msgspec.field(name="currentScheduledMaintenanceState")
    description: str | None = None
    monitors: list[_Ref] | None = None


class _Change(msgspec.Struct, rename="camel"):
    """A change of the state of an incident or a maintenance."""

    id: str | _Value = msgspec.field(name="_id")
    starts_at: _Time | None = None
    created_at: _Time | None = None
    incident_id: str | _Value | None = None
    incident_state: _State | None = None
    scheduled_maintenance_id: str | _Value | None = None
    scheduled_maintenance_state: _State | None = None


class _Note(msgspec.Struct, rename="camel"):
    note: str
    posted_at: _Time
    incident_id: str | _Value | None = None
    scheduled_maintenance_id: str | _Value | None = None


class _Resource(msgspec.Struct, rename="camel"):
    display_name: str | None = None
    monitor_id: str | _Value | None = None


class _IncidentList(msgspec.Struct, rename="camel"):
    incidents: list[msgspec.Raw]
    incident_states: list[_State]
    incident_state_timelines: list[_Change]
    incident_public_notes: list[_Note]
    status_page_resources: list[_Resource] = []


class _WindowList(msgspec.Struct, rename="camel"):
    events: list[msgspec.Raw] = msgspec.field(name="scheduledMaintenanceEvents")
    timelines: list[_Change] = msgspec.field(name="scheduledMaintenanceStateTimelines")
    notes: list[_Note] = msgspec.field(name="scheduledMaintenanceEventsPublicNotes")
    status_page_resources: list[_Resource] = []


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode
_decode_window: Final = msgspec.json.Decoder(_Window).decode


class _Parts(msgspec.Struct):
    """What a document says beside its entries: changes and notes by the id of the entry, and names of monitors."""

    changes: dict[str, list[_Change]]
    notes: dict[str, list[_Note]]
    names: Mapping[str, str]
    resolved_from: int | None = None

    def components(self, monitors: list[_Ref] | None) -> tuple[Component, ...]:
        """Return the resources of the page that are of these monitors."""
        names = (self.names.get(_text(monitor.id), "") for monitor in monitors or ())
        return labelled_components([(name, "") for name in names if name], {})

    def ends(self, state: _State) -> bool:
        """Return whether a state of an incident is resolved, or comes after one that is."""
        return self.resolved_from is not None and state.order is not None and state.order >= self.resolved_from


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the incidents and the maintenance of a page."""
    address = urlsplit(page.url)
    name = path_part(page.id or address.hostname or "")
    base = f"{address.scheme}://{address.netloc}/status-page-api"
    return Document(_INCIDENTS, f"{base}/{_INCIDENTS}/{name}", required=True), Document(
        _WINDOWS, f"{base}/{_WINDOWS}/{name}"
    )


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: both documents are read on every run."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the feed is OneUptime's: nothing else has such a document."""
    return feed.identity == _IDENTITY


def parse(reading: ParseInput, /) -> Feed:
    """Return incidents and maintenance. Raises FeedError."""
    document = decode(reading.required(_INCIDENTS), _IncidentList, _INCIDENTS)
    orders = [state.order for state in document.incident_states if state.is_resolved_state and state.order is not None]
    parts = _Parts(
        _by_entry(document.incident_state_timelines, lambda change: change.incident_id),
        _by_entry(document.incident_public_notes, lambda note: note.incident_id),
        _names(document.status_page_resources),
        min(orders, default=None),
    )
    incidents, skipped = parse_entries(document.incidents, partial(_incident, reading.page, parts), _INCIDENTS)
    windows, losses = whole_list(reading, _WINDOWS, partial(_windows, reading))
    kinds = {IncidentKind.INCIDENT} if windows is None else {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}
    return Feed(
        identity=_IDENTITY,  # the documents do not name the page
        incidents=newest_copies(incidents, windows or ()),
        by_creation=True,
        history=frozenset(kinds),
        complete=frozenset({IncidentKind.INCIDENT}),
        unread=unread_kinds(reading, _WINDOWS, frozenset({IncidentKind.MAINTENANCE}), is_whole=windows is not None),
        skipped=tuple(skipped),
        losses=tuple(losses),
        components=listed_components((name, "") for name in parts.names.values()),
    )


def _windows(reading: ParseInput, body: bytes) -> tuple[list[Incident], list[str]]:
    """Return maintenance, and reasons for what was skipped. Raises FeedError."""
    document = decode(body, _WindowList, _WINDOWS)
    parts = _Parts(
        _by_entry(document.timelines, lambda change: change.scheduled_maintenance_id),
        _by_entry(document.notes, lambda note: note.scheduled_maintenance_id),
        _names(document.status_page_resources),
    )
    return parse_entries(document.events, partial(_window, reading, parts), _WINDOWS)


def _incident(page: Page, parts: _Parts, raw: msgspec.Raw) -> Incident:
    incident = _decode_incident(raw)
    key = identifier(_text(incident.id))
    began_at = utc((incident.declared_at or incident.created_at).value)
    ended = incident.state.name if parts.ends(incident.state) else ""
    changes = [
        _Step(_text(change.id), _status(change.incident_state, ended), time)
        for change in parts.changes.get(key, ())
        if (time := _changed_at(change))
    ]
    components = parts.components(incident.monitors)
    status = _status(incident.state, ended)
    opening = _Step("opened", "open" if changes else status, began_at, incident.description or "")
    return Incident(
        id=key,
        title=clean_title(incident.title),
        status=status,
        impact=Impact.UNKNOWN,
        url=f"{page.url}/incidents/{path_part(key)}",
        created_at=began_at,
        position=began_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=_updates([opening, *changes], parts.notes.get(key, ())),
    )


def _window(reading: ParseInput, parts: _Parts, raw: msgspec.Raw) -> Incident:
    window = _decode_window(raw)
    key = identifier(_text(window.id))
    created_at, ends_at = utc(window.created_at.value), utc(window.ends_at.value)
    changes = [
        _Step(_text(change.id), _window_status(change.scheduled_maintenance_state), time)
        for change in parts.changes.get(key, ())
        if change.scheduled_maintenance_state and (time := _changed_at(change))
    ]
    components = parts.components(window.monitors)
    opening = _Step("opened", "scheduled", created_at, window.description or "")
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE,
        title=clean_title(window.title),
        status=_window_status(window.state),
        impact=Impact.MAINTENANCE,
        url=f"{reading.page.url}/scheduled-events/{path_part(key)}",
        created_at=created_at,
        position=created_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=_updates([opening, *changes], parts.notes.get(key, ())),
        scheduled_for=utc(window.starts_at.value),
        scheduled_until=ends_at,
    )


class _Step(msgspec.Struct, frozen=True):
    """One update, before it is cleaned."""

    id: str
    status: str
    at: datetime
    body: str = ""


def _updates(steps: list[_Step], notes: Iterable[_Note]) -> tuple[IncidentUpdate, ...]:
    """Return changes and notes as updates; a note has the status that was the state at its time."""
    noted = list(_noted(steps, notes))
    return oldest_first(
        incident_update(step.id, step.status, step.body, step.at, None)
        for step in sorted([*steps, *noted], key=lambda step: step.at, reverse=True)
    )


def _noted(steps: list[_Step], notes: Iterable[_Note]) -> Iterator[_Step]:
    listed = [(utc(note.posted_at.value), note.note) for note in notes]
    times = Counter(at for at, _ in listed)
    for at, body in listed:
        before = [step for step in steps if step.at <= at] or steps
        status = max(before, key=lambda step: step.at).status
        yield _Step(time_id(at, body if times[at] > 1 else ""), status, at, body)


def _status(state: _State | None, ended: str) -> str:
    """Return the state of an incident as a status; `ended` names the state in which it is over, if it is."""
    name = clean_title(state.name if state else "")
    if name and (name == clean_title(ended) or name.lower() == "resolved"):
        return "resolved"
    words = name.lower().replace(" ", "_")
    return words if words.replace("_", "").isalnum() and len(words) <= MAX_STATUS else "open"


def _window_status(state: _State) -> str:
    """Return the state of a maintenance as a status; one that is neither planned nor going on is over.

    Raises ValueError where nothing of a state is stated.
    """
    if not state.name:
        raise ValueError("a maintenance without a state")
    if state.is_scheduled_state:
        return "scheduled"
    return "in_progress" if state.is_ongoing_state else "completed"


def _changed_at(change: _Change) -> datetime | None:
    time = change.starts_at or change.created_at
    return utc(time.value) if time else None


def _names(resources: Iterable[_Resource]) -> dict[str, str]:
    """Return the names that the page gives to monitors, by the id of the monitor."""
    return {
        _text(resource.monitor_id): name
        for resource in resources
        if resource.monitor_id and (name := clean_title(resource.display_name or ""))
    }


def _by_entry(parts: Iterable[_Part], entry_of: Callable[[_Part], str | _Value | None]) -> dict[str, list[_Part]]:
    by_entry: dict[str, list[_Part]] = {}
    for part in parts:
        if entry := entry_of(part):
            by_entry.setdefault(_text(entry), []).append(part)
    return by_entry


def _text(stated: str | _Value) -> str:
    return stated if isinstance(stated, str) else stated.value

"""Cachet, versions 2 and 3: software that vendors run themselves.

Version 2: `api/v1/incidents`, the newest 100 incidents of any status, with their updates since 2.4. Version 3: a
JSON:API document with the same name, below `api`, or below `api/v1` where a server keeps that. A page of version 3 has
that path as its `id`; without one `api/v1` is tried, and the form of what answers shows the version. `components` has
the names.

Source: the software's own code (github.com/cachethq/cachet, branches 2.3 and 2.4, presenters and controllers;
github.com/cachethq/core for version 3) and documentation, and running clients of both
(github.com/PedroTroller/statuswatch, `fetchers/cachet.js`; github.com/inket/stts). No recording.

Oddities, from the code:

- Times are those of the page's own zone, which the documents do not state. They are read as UTC.
- The status of an incident that has updates is that of the newest. Its own message came first, and states none.
- An incident names one component by its id in version 2. Impact is not stated, and neither is who may see what.
- Version 2 lists the oldest first unless it is asked otherwise; version 3 takes the same question for another order.
- Maintenance is another list, `schedules`, whose form differs between versions. It is not read. Before 2.4 it was an
  incident of the status 0, which never ended: that is left out.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import quote

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    MissingPageIdError,
    ParseInput,
    clean_title,
    decode,
    identifier,
    incident_link,
    incident_update,
    labelled_components,
    listed_components,
    oldest_first,
    parse_entries,
)

PARSER_VERSION: Final = 1
_INCIDENTS, _COMPONENTS = "incidents", "components"
_FIRST: Final = "api/v1"
_STATUSES: Final = {"1": "investigating", "2": "identified", "3": "watching", "4": "resolved"}
_REPORTED: Final = "reported"  # any other


class _Status(msgspec.Struct):
    value: int | str | None = None


class _When(msgspec.Struct):
    string: str | None = None


class _Attributes(msgspec.Struct):
    """What version 2 has in an entry itself, and version 3 in its `attributes`: of any kind of entry."""

    name: str | None = None
    message: str | None = None
    status: int | str | _Status | None = None
    latest_status: int | str | _Status | None = None
    is_resolved: bool | None = None
    visible: int | bool | str | msgspec.UnsetType = msgspec.UNSET
    permalink: str | None = None
    component_id: int | str | None = None
    created_at: str | None = None
    created: _When | None = None

    @property
    def published_at(self) -> datetime:
        """The time of its creation. Raises ValueError where it is not stated."""
        stated = self.created_at or (self.created.string if self.created else None)
        return utc(datetime.fromisoformat(stated or ""))


class _Link(msgspec.Struct):
    id: int | str


class _Links(msgspec.Struct):
    data: list[_Link] | None = None


class _Relationships(msgspec.Struct):
    updates: _Links | None = None
    components: _Links | None = None


class _Entry(_Attributes, kw_only=True):
    id: int | str
    type: str = ""
    attributes: _Attributes | None = None
    relationships: _Relationships | None = None
    updates: list["_Entry"] | None = None

    @property
    def facts(self) -> _Attributes:
        """The entry itself in version 2, its attributes in version 3."""
        return self.attributes or self


class _List(msgspec.Struct):
    data: list[msgspec.Raw]
    included: list[_Entry] | None = None


class _Form(msgspec.Struct):
    attributes: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Names(msgspec.Struct):
    data: list[_Entry]


_Included = Mapping[str, _Entry]  # updates by id
_decode_entry: Final = msgspec.json.Decoder(_Entry).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the newest incidents and the components."""
    question = "include=updates,components" if page.id else "sort=id&order=desc"
    base = f"{page.url}/{quote(page.id or _FIRST, safe='/')}"
    return (
        Document(_INCIDENTS, f"{base}/{_INCIDENTS}?{question}&per_page=100", required=True),
        Document(_COMPONENTS, f"{base}/{_COMPONENTS}?per_page=100"),
    )


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: both documents have all there is."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether there are incidents: an empty list proves no platform."""
    return bool(feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    """Parse the incidents. Raises FeedError, MissingPageIdError where version 3 answers and was not asked for."""
    document = decode(reading.required(_INCIDENTS), _List, _INCIDENTS)
    if not reading.page.id and any(map(_is_version_3, document.data)):
        raise MissingPageIdError(f'{_INCIDENTS}: of Cachet 3; set id = "{_FIRST}"', _FIRST)
    losses: list[str] = []
    names: dict[str, str] = {}
    try:
        names = _component_names(reading)
    except FeedError as error:
        losses.append(str(error))
    updates = {str(entry.id): entry for entry in document.included or () if entry.type == "updates"}
    build = partial(_parse_incident, reading.page, names, updates)
    incidents, skipped = parse_entries(document.data, build, _INCIDENTS)
    return Feed(
        identity="cachet",  # the documents do not name the page
        incidents=tuple({incident.id: incident for incident in incidents}.values()),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT}),
        skipped=tuple(skipped),
        losses=tuple(losses),
        components=listed_components((name, "") for name in names.values()),
    )


def _is_version_3(entry: msgspec.Raw) -> bool:
    try:
        return msgspec.json.decode(entry, type=_Form).attributes is not msgspec.UNSET
    except msgspec.MsgspecError:
        return False


def _component_names(reading: ParseInput) -> dict[str, str]:
    """Return the names of the components by id; none where they were not read. Raises FeedError."""
    body = reading.documents.get(_COMPONENTS)
    entries = decode(body, _Names, _COMPONENTS).data if body is not None else []
    return {str(entry.id): name for entry in entries if (name := clean_title(entry.facts.name or ""))}


def _parse_incident(page: Page, names: Mapping[str, str], updates: _Included, raw: msgspec.Raw) -> Incident | None:
    """Return an incident, None where it is maintenance. Raises ValueError or MsgspecError."""
    entry = _decode_entry(raw)
    facts = entry.facts
    if facts.visible is msgspec.UNSET:
        raise ValueError("an incident that does not say who may see it: not one of Cachet")
    if entry.attributes is None and str(facts.status) == "0":
        return None
    key = identifier(str(entry.id))
    created_at = facts.published_at
    listed = _updates(_linked_updates(entry, updates), created_at, facts)
    components = [names[one] for one in _component_ids(entry) if one in names]
    return Incident(
        id=key,
        title=clean_title(facts.name or "") or f"Incident {key}",
        status=_incident_status(facts, listed),
        impact=Impact.UNKNOWN,
        url=incident_link(facts.permalink or f"incidents/{quote(key, safe='')}", page),
        created_at=created_at,
        position=created_at,
        components=labelled_components(((name, "") for name in components), {}),
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=listed,
    )


def _linked_updates(entry: _Entry, included: _Included) -> list[_Entry]:
    links = entry.relationships.updates if entry.relationships else None
    linked = [included[str(link.id)] for link in (links.data if links else None) or () if str(link.id) in included]
    return [*(entry.updates or ()), *linked]


def _component_ids(entry: _Entry) -> list[str]:
    """Return the ids of its components; version 2 has 0 for none."""
    links = entry.relationships.components if entry.relationships else None
    linked = [str(link.id) for link in (links.data if links else None) or ()]
    return linked or [str(entry.facts.component_id or "")]


def _updates(entries: Iterable[_Entry], created_at: datetime, facts: _Attributes) -> tuple[IncidentUpdate, ...]:
    """Return the incident's own message, which came first, and its updates."""
    listed = [
        incident_update(str(entry.id), _status(entry.facts.status), entry.facts.message, entry.facts.published_at, None)
        for entry in entries
    ]
    own = incident_update("0", _REPORTED, facts.message, created_at, None)  # ids of updates begin with 1
    return oldest_first([*reversed(oldest_first(listed)), own])


def _incident_status(facts: _Attributes, updates: tuple[IncidentUpdate, ...]) -> str:
    if facts.is_resolved:
        return "resolved"
    if facts.latest_status is not None:
        return _status(facts.latest_status)
    return updates[-1].status if len(updates) > 1 else _status(facts.status)


def _status(stated: int | str | _Status | None) -> str:
    value = stated.value if isinstance(stated, _Status) else stated
    return _STATUSES.get(str(value), _REPORTED)

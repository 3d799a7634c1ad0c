"""Datadog Status Page: the pages that Datadog hosts for others; its own page runs on Statuspage.

`config.json`, from which the page draws itself, is the only document: the components, and every incident with all of
its updates. Source: a recording of status.openrouter.ai of 2026-09-15 and a running client that reads it
(github.com/bentleypark/aiwatch, `worker/src/parsers/datadog.ts` and its fixture). No recording of an open incident;
the client takes one as open while its `resolved` is false.

Oddities, recorded:

- `publishedDate` is when the vendor says that an incident began. `createdAt` of an update is when it was published,
  `startedAt` the time that it claims: they are weeks apart in what was filed later.
- `componentsAffected` of an incident has the state of now; that of an update has the state of then.
- `maintenances` is null where there are none. No other value was seen, so maintenance is not read.
- Incidents have no address that could be evidenced, so they have that of the page.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    groups_by_name,
    identifier,
    identity,
    incident_update,
    labelled_components,
    listed_components,
    oldest_first,
    parse_entries,
)

PARSER_VERSION: Final = 1
_CONFIG: Final = "config.json"
_IMPACTS: Final = {  # the worst first
    "major_outage": Impact.MAJOR,
    "partial_outage": Impact.MINOR,
    "degraded": Impact.MINOR,
}


class _Affected(msgspec.Struct):
    id: str
    name: str | None = None
    status: str | None = None


class _Update(msgspec.Struct, rename="camel"):
    id: str
    status: str
    created_at: datetime
    started_at: datetime | None = None
    description: str | None = None
    components_affected: list[_Affected] | None = None


class _Incident(msgspec.Struct, rename="camel"):
    id: str
    title: str
    resolved: bool
    published_date: datetime
    timeline: list[_Update]
    current_status: str | None = None
    components_affected: list[_Affected] | None = None

    @property
    def affected(self) -> list[_Affected]:
        """All that the incident and its updates say of components."""
        lists = [self.components_affected, *(update.components_affected for update in self.timeline)]
        return [affected for listed in lists for affected in listed or ()]


class _Component(msgspec.Struct):
    """A component, or a group of them: a group has no status of its own."""

    id: str
    name: str
    components: list["_Component"] | None = None


class _Config(msgspec.Struct, rename="camel"):
    id: str
    domain_prefix: str
    components: list[_Component]
    incidents: list[msgspec.Raw]


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the only document."""
    return (Document(_CONFIG, f"{page.url}/{_CONFIG}", required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: the document has all there is."""
    return ()


def matches(_feed: Feed, /) -> bool:
    """Return True: a configuration with a prefix, components and incidents is no other platform's."""
    return True


def parse(reading: ParseInput, /) -> Feed:
    """Parse the document. Raises FeedError if it, or every incident in it, cannot be understood."""
    config = decode(reading.required(_CONFIG), _Config, _CONFIG)
    names = dict(_names(config.components))
    parser = _IncidentParser(reading.page, names)
    incidents, skipped = parse_entries(config.incidents, parser.parse, _CONFIG)
    return Feed(
        identity=identity(config.id, _CONFIG),
        incidents=tuple({incident.id: incident for incident in incidents}.values()),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT}),
        complete=frozenset({IncidentKind.INCIDENT}),
        skipped=tuple(skipped),
        components=listed_components(names.values()),
    )


def _names(components: list[_Component]) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the id of each component, and its name with that of its group."""
    waiting = [(component, "") for component in components]
    while waiting:
        component, group = waiting.pop()
        name = clean_title(component.name)
        if component.components is None:
            yield component.id, (name, group)
        waiting += [(child, name) for child in component.components or ()]


class _IncidentParser:
    """Parses the incidents of one page; `names` are those of components, each with its group, by id."""

    def __init__(self, page: Page, names: dict[str, tuple[str, str]]) -> None:
        self._page = page
        self._names = names
        self._groups = groups_by_name(names.values())

    def parse(self, entry: msgspec.Raw) -> Incident:
        """Parse one incident. Raises ValueError or MsgspecError."""
        incident = _decode_incident(entry)
        components = dict(self._affected(incident))
        states = {affected.status for affected in incident.affected}
        created_at = utc(incident.published_date)
        return Incident(
            id=identifier(incident.id),
            title=clean_title(incident.title),
            status="resolved" if incident.resolved else _open_status(incident),
            impact=next((impact for state, impact in _IMPACTS.items() if state in states), Impact.UNKNOWN),
            url=self._page.url,
            created_at=created_at,
            position=created_at,
            components=labelled_components(components.values(), self._groups),
            source_quality=STATED_BY_VENDOR if components else 0,
            updates=oldest_first(map(_build_update, incident.timeline)),
        )

    def _affected(self, incident: _Incident) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield the names of the components that are affected, by id; of one that the page lacks, as stated."""
        for affected in incident.affected:
            name = self._names.get(affected.id) or (clean_title(affected.name or ""), "")
            if name[0]:
                yield affected.id, name


def _open_status(incident: _Incident) -> str:
    """Return the status of an incident that is not resolved. Raises ValueError where it is not one word."""
    stated = clean_status(incident.current_status or "open")
    return "open" if stated == "resolved" else stated


def _build_update(update: _Update) -> IncidentUpdate:
    return incident_update(update.id, update.status, update.description, update.created_at, update.started_at)

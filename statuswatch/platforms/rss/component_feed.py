"""Feeds with one item for each component, which states the component's state of now.

Site24x7 StatusIQ and status.cloud.microsoft (reported by others) have them. A component that is not well is an
incident, and the feed lists only what is open.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind
from statuswatch.platforms.parsing import derived_id, parse_entries
from statuswatch.platforms.rss.addresses import entry_address
from statuswatch.platforms.rss.channel import Channel
from statuswatch.platforms.rss.entry import Entry, read_dates
from statuswatch.platforms.rss.updates import latest_update
from statuswatch.platforms.rss.wording import is_status, status_of

_STATES_BY_IMPACT: Final = {
    Impact.NONE: ("operational", "informational", "available", "service restored", "servicerestored"),
    Impact.MINOR: ("degraded performance", "service degradation", "servicedegradation"),
    Impact.MAJOR: ("partial outage", "service interruption", "serviceinterruption"),
    Impact.CRITICAL: ("major outage",),
    Impact.MAINTENANCE: ("under maintenance",),
}
_IMPACT_BY_STATE: Final = {state: impact for impact, states in _STATES_BY_IMPACT.items() for state in states}


class ComponentEntry(msgspec.Struct, frozen=True):
    """An entry about a component, and the state of the component in lower case."""

    entry: Entry
    name: str
    state: str


def component_entries(entries: Sequence[Entry]) -> list[ComponentEntry]:
    """Return the entries about components, if most entries of the feed are; else none."""
    found = [component for entry in entries if (component := _component_entry(entry))]
    return found if len(found) * 2 > len(entries) else []


def _component_entry(entry: Entry) -> ComponentEntry | None:
    """Return the state in an element of its own (Microsoft), or at the end of the title (StatusIQ)."""
    stated = text.line(entry.status)
    if stated and not is_status(stated):
        return ComponentEntry(entry, entry.title, stated.lower())
    name, _, ending = entry.title.rpartition(" - ")
    state = ending.lower()
    return ComponentEntry(entry, name, state) if name and state in _IMPACT_BY_STATE else None


def component_incidents(channel: Channel, components: Sequence[ComponentEntry]) -> tuple[list[Incident], list[str]]:
    """Return the components that are not well, as incidents, and why entries were skipped.

    Raises FeedError where no entry could be understood.
    """

    def build(component: ComponentEntry) -> Incident:
        return _incident(channel, component)

    incidents, skipped = parse_entries(components, build, "feed")
    return [incident for incident in incidents if incident.impact is not Impact.NONE], skipped


def _incident(channel: Channel, component: ComponentEntry) -> Incident:
    impact = _IMPACT_BY_STATE.get(component.state, Impact.UNKNOWN)
    kind = IncidentKind.MAINTENANCE if impact is Impact.MAINTENANCE else IncidentKind.INCIDENT
    dates = read_dates(component.entry, channel.built_at)
    status = status_of(component.state)
    return Incident(
        id=derived_id(kind, component.name),
        kind=kind,
        title=component.name,
        status=status,
        impact=impact,
        url=entry_address(component.entry, channel.page),
        created_at=dates.published,
        position=dates.changed,
        components=(Component(component.name),),
        source_quality=STATED_BY_VENDOR,
        updates=latest_update(status, component.entry.markup, dates.changed),
    )

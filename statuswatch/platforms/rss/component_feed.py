"""Feeds with one item for each component, which states the component's state of now.

Site24x7 StatusIQ and status.cloud.microsoft (reported by others) have them. A component that is not well is an
incident, and the feed lists only what is open, and for a while that a component is restored.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind
from statuswatch.platforms.parsing import derived_id, parse_entries
from statuswatch.platforms.rss.channel import Channel, entry_address
from statuswatch.platforms.rss.document import Entry, read_dates
from statuswatch.platforms.rss.incident import latest_update
from statuswatch.platforms.rss.wording import REPORTED, is_status, status_of

_STATES_BY_IMPACT: Final = {
    Impact.NONE: ("operational", "informational", "available", "service operational", "serviceoperational", "normal"),
    Impact.MINOR: ("degraded performance", "service degradation", "servicedegradation"),
    Impact.MAJOR: ("partial outage", "service interruption", "serviceinterruption"),
    Impact.CRITICAL: ("major outage",),
    Impact.MAINTENANCE: ("under maintenance",),
}
_IMPACT_BY_STATE: Final = {state: impact for impact, states in _STATES_BY_IMPACT.items() for state in states}


# States in which the trouble is over: the incident is listed as resolved, with the text that says so.
_ENDED: Final = frozenset(
    (
        *("service restored", "servicerestored", "restored", "resolved", "resolved external", "resolvedexternal"),
        *("false positive", "falsepositive", "post incident review published", "postincidentreviewpublished"),
        *("recovered", "service recovered", "servicerecovered"),
    )
)


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
    stated = text.line(entry.status or "")
    is_nameless = not entry.id and not entry.link  # nothing but its title identifies the entry
    if entry.status is not None and (is_nameless or (stated and not is_status(stated))):
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

    stated = [component for component in components if component.state]
    skipped = [f"feed: no state of {component.name}" for component in components if not component.state]
    incidents, unread = parse_entries(stated, build, "feed")
    return [incident for incident in incidents if incident.impact is not Impact.NONE], [*skipped, *unread]


def _incident(channel: Channel, component: ComponentEntry) -> Incident:
    impact = _IMPACT_BY_STATE.get(component.state, Impact.UNKNOWN)
    kind = IncidentKind.MAINTENANCE if impact is Impact.MAINTENANCE else IncidentKind.INCIDENT
    dates = read_dates(component.entry, channel.built_at)
    status = "resolved" if component.state in _ENDED else status_of(component.state) or REPORTED
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

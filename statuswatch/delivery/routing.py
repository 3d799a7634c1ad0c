"""Routing: which sinks an event is for. Pure."""

import msgspec

from statuswatch.config.schema import SinkConfig
from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind
from statuswatch.rules.filters import is_at_least, rank_of, selects


def subscribes(config: SinkConfig, event: Event) -> bool:
    """Return whether a sink receives an event.

    A sink that received the start of an incident also receives its end: all that its filters look at stays true.
    """
    if not _in_scope(config, event):
        return False
    if event.changes == (Change.EDITED,):
        return "edited" in config.events
    if event.kind in config.events:
        return True
    return counts_as_new(config, event) and "new" in config.events


def counts_as_new(config: SinkConfig, event: Event) -> bool:
    """Return whether an event is the first of a known incident that the sink's filters pass, or its reopening."""
    return Change.REOPENED in event.changes or escalated(config, event) or affects_more(config, event)


def is_start(config: SinkConfig, event: Event) -> bool:
    """Return whether the sink has received nothing of the incident before this event."""
    return event.kind is EventKind.NEW or Change.MISSED in event.changes or counts_as_new(config, event)


def escalated(config: SinkConfig, event: Event) -> bool:
    """Return whether the incident reached the minimum impact of the sink and of its page only with this event.

    An incident whose impact may be any passed the filter all along.
    """
    if event.previous_peak_impact is None or event.incident.kind is IncidentKind.MAINTENANCE:
        return False
    previous = rank_of(event, event.previous_peak_impact, config.assume_impact)
    minimum = max(_rank(config.min_impact), _rank(event.page.min_impact))
    return previous is not None and previous < minimum


def affects_more(config: SinkConfig, event: Event) -> bool:
    """Return whether the incident named a component that the sink and its page select only with this event."""
    joined = event.joined_components or ()
    if not joined:
        return False
    earlier = tuple(component for component in event.all_components if component not in joined)
    before = msgspec.structs.replace(event, all_components=earlier)
    return not (selects(config.components, before) and selects(event.page.components, before))


def _in_scope(config: SinkConfig, event: Event) -> bool:
    kind = event.incident.kind
    if kind not in config.kinds:
        return False
    if config.pages and config.pages.isdisjoint({event.page.key, *event.incident.affected_pages}):
        return False
    if kind is IncidentKind.PAGE:
        return True  # it has neither impact nor components
    if not selects(config.components, event):
        return False
    if kind is IncidentKind.MAINTENANCE:
        return config.maintenance
    return is_at_least(event, config.min_impact, config.assume_impact)


def _rank(impact: Impact) -> int:
    return IMPACT_SCALE.index(impact)

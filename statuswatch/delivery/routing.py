"""Routing: which sinks an event is for. Pure."""

from statuswatch.config.schema import SinkConfig
from statuswatch.model.event import Change, Event
from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind
from statuswatch.rules.filters import is_at_least


def subscribes(config: SinkConfig, event: Event) -> bool:
    """Return whether a sink receives an event.

    A sink that received the start of an incident also receives its end. An incident that reopened, or that only now
    reaches the sink's minimum impact, counts as new.
    """
    if not _in_scope(config, event):
        return False
    if event.changes == (Change.EDITED,):
        return "edited" in config.events
    if event.kind in config.events:
        return True
    counts_as_new = Change.REOPENED in event.changes or escalated(config, event)
    return counts_as_new and "new" in config.events


def escalated(config: SinkConfig, event: Event) -> bool:
    """Return whether the incident reached the minimum impact of the sink and of its page only with this event.

    An incident whose impact the vendor left unstated passed the filter all along.
    """
    previous = event.previous_peak_impact
    if previous not in IMPACT_SCALE or event.impact_unstated or event.incident.kind is IncidentKind.MAINTENANCE:
        return False
    minimum = max(_rank(config.min_impact), _rank(event.page.min_impact))
    return _rank(previous) < minimum


def _in_scope(config: SinkConfig, event: Event) -> bool:
    if config.pages and event.page.key not in config.pages:
        return False
    if event.incident.kind is IncidentKind.MAINTENANCE:
        return config.maintenance
    return is_at_least(event, config.min_impact)


def _rank(impact: Impact) -> int:
    return IMPACT_SCALE.index(impact)

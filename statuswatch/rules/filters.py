"""Filters of a page: which of its events are reported. They never decide what is remembered. Pure."""

from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase

from statuswatch.model.event import Event, EventKind
from statuswatch.model.incident import IMPACT_SCALE, Component, Impact, IncidentKind


def passes(event: Event) -> bool:
    """Whether the page's filters let it be told. They look at all that the incident ever was; what is not stated
    passes.
    """
    page, incident = event.page, event.incident
    for kind, vocabulary in ((event.kind, EventKind), (incident.kind, IncidentKind)):
        asked = {word for word in page.kinds if word in frozenset(vocabulary)}
        if asked and kind not in asked:
            return False
    if incident.kind is IncidentKind.PAGE:
        return True
    if incident.kind is IncidentKind.MAINTENANCE:
        if not page.maintenance:
            return False
    elif not is_at_least(event, page.min_impact):
        return False
    return event.components_unstated or matches_any(event.all_components, page.components)


def matches_any(components: Iterable[Component], globs: Collection[str]) -> bool:
    """Whether one of the components has a name that one of the globs names, with its group or without. Where there are
    no components, or no globs, nothing is excluded.
    """
    names = {name.casefold() for part in components for name in (part.name, part.label)}
    return not names or not globs or any(fnmatchcase(name, glob.casefold()) for name in names for glob in globs)


def is_at_least(event: Event, least: Impact) -> bool:
    """Whether the incident ever was that grave. What is not stated may have been."""
    return (
        event.peak_impact not in IMPACT_SCALE
        or event.impact_unstated
        or IMPACT_SCALE.index(event.peak_impact) >= IMPACT_SCALE.index(least)
    )

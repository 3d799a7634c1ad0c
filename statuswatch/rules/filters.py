"""Filters of a page: which of its events are reported. They never decide what is remembered. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

import msgspec

from statuswatch.model.event import Event, EventKind
from statuswatch.model.incident import IMPACT_SCALE, Component, Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms.parsing import groups_by_name


def passes(event: Event, assumed: Impact = Impact.UNKNOWN) -> bool:
    """Return whether the filters of the event's page let it be reported.

    They look at all that the incident ever was, so that whoever received its start also receives its end. What the
    vendor does not state passes.
    """
    if not _kind_passes(event):
        return False
    page, incident = event.page, event.incident
    if incident.kind is IncidentKind.PAGE:
        return True  # it has neither impact nor components
    if incident.kind is IncidentKind.MAINTENANCE:
        impact_passes = page.maintenance
    else:
        impact_passes = is_at_least(event, page.min_impact, assumed)
    return impact_passes and (event.components_unstated or matches_any(event.all_components, page.components))


def is_reported(event: Event, configured: Mapping[str, Page], assumed: Impact = Impact.UNKNOWN) -> bool:
    """Return whether the filters pass an event; a shared incident passes where one of its pages lets it pass."""
    affected = [configured[key] for key in event.incident.affected_pages if key in configured]
    if not affected:
        return passes(event, assumed)
    return any(passes(msgspec.structs.replace(event, page=page), assumed) for page in affected)


def matches_any(components: Iterable[Component], globs: Collection[str]) -> bool:
    """Return whether a glob matches one of the components: by its name, by group and name, or by region and name.

    Group and name are written "EU - API" or "EU/API". Without components, or without globs, nothing is excluded.
    """
    names = {name.casefold() for component in components for name in _spellings(component)}
    if not names or not globs:
        return True
    return any(fnmatchcase(name, glob.casefold()) for name in names for glob in globs)


def _spellings(component: Component) -> Iterator[str]:
    """Yield how a glob may name a component. A region stands behind the name: "EC2 (us-east-1)"."""
    yield component.name
    if component.group:
        yield component.label
        yield f"{component.group}/{component.name}"
    name, parenthesis, region = component.name.removesuffix(")").rpartition(" (")
    if parenthesis and component.name.endswith(")"):
        yield f"{region}/{name}"


def grouped(components: Iterable[Component], listed: Iterable[Component]) -> tuple[Component, ...]:
    """Return the components of an incident, each with its group, where the page lists the name in one group only.

    Vendors name a component of an incident without its group.
    """
    groups = groups_by_name((component.name, component.group) for component in listed)
    only = {name: next(iter(found)) for name, found in groups.items() if len(found) == 1}
    return tuple(
        component if component.group else Component(component.name, only.get(component.name, ""))
        for component in components
    )


def unmatched_globs(listed: Iterable[Component], globs: Iterable[str]) -> tuple[str, ...]:
    """Return the globs that match none of the components that a page lists, each with its group."""
    components = tuple(listed)
    return tuple(glob for glob in globs if not matches_any(components, [glob]))


def is_at_least(event: Event, minimum: Impact, assumed: Impact = Impact.UNKNOWN) -> bool:
    """Return whether the incident ever had that impact or a higher one.

    Where the vendor stated none it counts as `assumed`; `unknown` may be as high as any. An incident of kind `page`
    has no impact, and passes.
    """
    rank = rank_of(event, event.peak_impact, assumed)
    return rank is None or rank >= IMPACT_SCALE.index(minimum)


def rank_of(event: Event, peak_impact: Impact, assumed: Impact) -> int | None:
    """Return the place of an impact on the scale; None where it may be any.

    `peak_impact` is the highest that the incident had at this event, or before it.
    """
    if event.incident.kind is IncidentKind.PAGE:
        return None
    impacts = {peak_impact}
    if event.impact_unstated or peak_impact not in IMPACT_SCALE:
        impacts.add(assumed)
    if assumed in impacts and assumed not in IMPACT_SCALE:
        return None
    return max(IMPACT_SCALE.index(impact) for impact in impacts if impact in IMPACT_SCALE)


def _kind_passes(event: Event) -> bool:
    """Return whether the page's `kinds` allow the event's kind and the incident's. Kinds not named do not limit."""
    for kind, vocabulary in ((event.kind, EventKind), (event.incident.kind, IncidentKind)):
        allowed = {word for word in event.page.kinds if word in frozenset(vocabulary)}
        if allowed and kind not in allowed:
            return False
    return True

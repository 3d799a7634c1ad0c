"""Filters of a page: which of its events are reported. They never decide what is remembered. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

import msgspec

from statuswatch.model.event import Event, EventKind
from statuswatch.model.incident import IMPACT_SCALE, Component, Impact, IncidentKind, by_kind
from statuswatch.model.page import Page
from statuswatch.platforms import REGIONAL
from statuswatch.platforms.parsing import groups_by_name


class Unstated(NamedTuple):
    """Whether the vendor leaves the services of an incident unstated, and its regions where it names such."""

    services: bool = False
    regions: bool = False


ALL_STATED: Final = Unstated()


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
    return impact_passes and selects(page.components, event)


def is_reported(event: Event, configured: Mapping[str, Page], assumed: Impact = Impact.UNKNOWN) -> bool:
    """Return whether the filters pass an event; a shared incident passes where one of its pages lets it pass."""
    affected = [configured[key] for key in event.incident.affected_pages if key in configured]
    if not affected:
        return passes(event, assumed)
    return any(passes(msgspec.structs.replace(event, page=page), assumed) for page in affected)


def selects(globs: Collection[str], event: Event) -> bool:
    """Return whether the globs select an event, by all components that its incident ever named."""
    unstated = Unstated(event.components_unstated, event.regions_unstated is True)
    return matches_any(event.all_components, globs, unstated)


def unstated_by_vendor(page: Page, components: Iterable[Component]) -> Unstated:
    """Return what the components of an incident leave unstated."""
    parts, regions = by_kind(components)
    return Unstated(not parts, page.platform in REGIONAL and not regions)


def matches_any(components: Iterable[Component], globs: Collection[str], unstated: Unstated = ALL_STATED) -> bool:
    """Return whether a glob matches the components: a name, a group and name, or a region and the name of a service.

    Group and name are written "EU - API" or "EU/API", region and service "us-east-1/EC2". What is unstated matches.
    Without components, or without globs, nothing is excluded.
    """
    named = tuple(components)
    if not named or not globs:
        return True
    folded = [glob.casefold() for glob in globs]
    return any(_any_fits(named, glob) or _may_fit(named, glob, unstated) for glob in folded)


def _any_fits(components: Iterable[Component], glob: str) -> bool:
    return any(fnmatchcase(name.casefold(), glob) for component in components for name in _spellings(component))


def _may_fit(named: Iterable[Component], glob: str, unstated: Unstated) -> bool:
    """Return whether what the vendor does not state may be what the glob names.

    No vendor of regions and services states which service is affected in which region: each may be in each.
    """
    parts, regions = by_kind(named)
    region_glob, slash, service_glob = glob.partition("/")
    if not slash or not (regions or unstated.regions):
        return unstated.services
    in_region = unstated.regions or _any_fits(regions, region_glob)
    return in_region and (unstated.services or _any_fits(parts, service_glob))


def _spellings(component: Component) -> Iterator[str]:
    """Yield how a glob may name a component: "API", "EU - API", "EU/API"; a region also by its place or its code.

    Some vendors write a region behind the name of a service: "EC2 (us-east-1)" is "us-east-1/EC2", too.
    """
    yield component.name
    if component.group:
        yield component.label
        yield f"{component.group}/{component.name}"
    name, parenthesis, behind = component.name.removesuffix(")").rpartition(" (")
    if not parenthesis or not component.name.endswith(")"):
        return
    yield f"{behind}/{name}"
    if component.is_region:
        yield from (name, behind)


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


def is_known_region(page: Page, glob: str) -> bool:
    """Return whether a glob is the code of a region of the page's vendor: "us-east-1", "us-east-1/*"."""
    platform = REGIONAL.get(page.platform)
    return platform is not None and bool(platform.REGION_CODE.fullmatch(glob.casefold().removesuffix("/*")))


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


def reports_ends(page: Page) -> bool:
    """Return whether the page's `kinds` let the ends of incidents pass, of whatever kind these are."""
    named = frozenset(EventKind).intersection(page.kinds)
    return not named or EventKind.RESOLVED in named


def _kind_passes(event: Event) -> bool:
    """Return whether the page's `kinds` allow the event's kind and the incident's. Kinds not named do not limit."""
    for kind, vocabulary in ((event.kind, EventKind), (event.incident.kind, IncidentKind)):
        allowed = {word for word in event.page.kinds if word in frozenset(vocabulary)}
        if allowed and kind not in allowed:
            return False
    return True

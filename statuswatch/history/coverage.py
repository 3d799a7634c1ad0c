"""Where the incidents of a page are known: from its first good read to the newest one, without the holes. Pure."""

from collections.abc import Iterable
from datetime import datetime

from statuswatch.model.history import Coverage, PastIncident, Span
from statuswatch.model.incident import IncidentKind
from statuswatch.model.report import PageView


def coverage_of(view: PageView, incidents: Iterable[PastIncident]) -> Coverage:
    """Return where the incidents of the page are known. `incidents` are those of `known_incidents`, of any page.

    Its `page` incidents are holes, and so are the shared ones that list it: nobody could read it then.
    """
    since = view.state.known_since if view.state else None
    until = view.known_until
    if since is None or until is None or until < since:
        return Coverage()
    holes = [_hole(incident, since, until) for incident in incidents if _concerns(incident, view.status.page.key)]
    return Coverage(since, until, merged(hole for hole in holes if hole.begin < hole.end))


def _concerns(incident: PastIncident, key: str) -> bool:
    return incident.kind is IncidentKind.PAGE and key in (incident.page.key, *incident.affected_pages)


def _hole(incident: PastIncident, since: datetime, until: datetime) -> Span:
    return Span(max(incident.started_at, since), min(incident.ended_at or until, until))


def gaps(coverage: Coverage, begin: datetime, end: datetime) -> tuple[Span, ...]:
    """Return the parts of a range that the coverage lacks, in order; none where it is covered as a whole."""
    if coverage.since is None or coverage.until is None:
        return (Span(begin, end),)
    outside = [Span(begin, min(coverage.since, end)), Span(max(coverage.until, begin), end)]
    holes = [Span(max(hole.begin, begin), min(hole.end, end)) for hole in coverage.holes]
    return merged(span for span in (*outside, *holes) if span.begin < span.end)


def is_known_at(coverage: Coverage, moment: datetime) -> bool:
    """Return whether the incidents of a moment are known."""
    if coverage.since is None or coverage.until is None:
        return False
    if not coverage.since <= moment <= coverage.until:
        return False
    return not any(hole.begin <= moment < hole.end for hole in coverage.holes)


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the spans in order, those that touch one another as one."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.begin <= joined[-1].end:
            joined[-1] = Span(joined[-1].begin, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)

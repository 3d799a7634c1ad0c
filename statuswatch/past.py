"""Questions about the past, answered from the state file, the archive and what the pages list."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from statuswatch import pipeline
from statuswatch.catalog import catalog
from statuswatch.config.schema import Config
from statuswatch.errors import UsageError
from statuswatch.history.archive import read_archive
from statuswatch.history.coverage import coverage_of, gaps
from statuswatch.history.fold import known_incidents
from statuswatch.history.why import compose_why
from statuswatch.model.history import ArchiveReading, PastIncident, Span
from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.model.report import PageView
from statuswatch.model.why import LogMatch, WhyView
from statuswatch.moments import parse_moment
from statuswatch.render.history import begin_of

MIN_GAP: Final = timedelta(minutes=1)  # a shorter one is the time since a run that has just ended


class Past(NamedTuple):
    """The pages as the state file remembers them, all that is known of the past, and faults of the archive."""

    views: tuple[PageView, ...]
    incidents: tuple[PastIncident, ...]
    problems: tuple[str, ...]


class Range(NamedTuple):
    """A range of time; `begin` is None for all there is. The names are those of the options, for messages."""

    begin: datetime | None
    end: datetime


def parse_range(since: str | None, until: str | None, now: datetime) -> Range:
    """Return the range of `--since` and `--until`. Raises UsageError."""
    begin = parse_moment(since, now, "--since") if since is not None else None
    end = parse_moment(until, now, "--until") if until is not None else now
    if begin and begin > end:
        raise UsageError(f"--since is later than {'--until' if until else 'now'}: name an earlier time")
    return Range(begin, end)


def parse_span(begin: str, end: str | None, now: datetime) -> Span:
    """Return the range of `--from` and `--to`, of which nothing lies in the future. Raises UsageError."""
    since = parse_moment(begin, now, "--from")
    until = min(parse_moment(end, now, "--to"), now) if end else now
    if since >= until:
        raise UsageError(f"--from {begin} is not before --to {end or 'now'}: give an earlier --from")
    return Span(since, until)


def past_of(settings: Config, pages: Sequence[str], since: datetime | None) -> Past:
    """Return the past of the pages, without reading one. What was over at `since` may be left out.

    Raises StateError, and UsageError where no archive is kept.
    """
    if settings.history is None:
        where = settings.source or "the built-in default, for no file was found"
        raise UsageError(f'no archive is kept ({where}): set history = "history", and runs of `check` fill it')
    run = pipeline.run_of(settings, pages)
    views = pipeline.recall_views(run)
    opened = [(view.status.page.key, incident) for view in views for incident in view.status.open]
    keys = [page.key for page in run.pages] if pages or settings.shard else []
    archive = read_archive(settings.history, since=since, keys=keys, incidents=opened)
    return Past(views, known_incidents(archive, views), archive.problems)


def selected(
    past: Past, span: Range, *, kinds: Sequence[str] = (), minimum: Impact | None = None, assumed: Impact
) -> list[PastIncident]:
    """Return the incidents of the range, of these kinds, that ever had that impact; an unstated one is `assumed`."""
    return [
        incident
        for incident in past.incidents
        if _is_in_range(incident, span)
        and (not kinds or incident.kind in kinds)
        and (minimum is None or _has_impact(incident, minimum, assumed))
    ]


def _is_in_range(incident: PastIncident, span: Range) -> bool:
    is_too_early = span.begin is not None and incident.ended_at is not None and incident.ended_at < span.begin
    return begin_of(incident) <= span.end and not is_too_early


def _has_impact(incident: PastIncident, minimum: Impact, assumed: Impact) -> bool:
    """Return whether an incident had that impact; `unknown` counts as any, and maintenance has none to compare."""
    if incident.kind is not IncidentKind.INCIDENT:
        return incident.kind is IncidentKind.PAGE
    impact = incident.peak_impact if incident.peak_impact in IMPACT_SCALE else assumed
    return impact is Impact.UNKNOWN or IMPACT_SCALE.index(impact) >= IMPACT_SCALE.index(minimum)


def gaps_of(past: Past, span: Range) -> dict[str, tuple[Span, ...]]:
    """Return the parts of the range that are not covered, by the name of the page.

    Where all there is was asked for, that of a page that was never read has no length.
    """
    found = {}
    for view in past.views:
        coverage = coverage_of(view, past.incidents)
        begin = span.begin or coverage.since
        missing = gaps(coverage, begin or span.end, span.end)
        least = MIN_GAP if begin else timedelta()
        found[view.status.page.name] = tuple(gap for gap in missing if gap.end - gap.begin >= least)
    return found


def unwatched(chosen: Iterable[Page], settings: Config, named: Mapping[str, LogMatch]) -> list[Page]:
    """Return the other pages that a log names, a configured one as the configuration has it."""
    configured = {page.key: page for page in settings.pages}
    present = {page.key for page in chosen}
    return [configured.get(key) or catalog()[key] for key in named if key not in present]


def explain(
    settings: Config,
    views: Sequence[PageView],
    span: Span,
    now: datetime,
    *,
    named: Mapping[str, LogMatch] | None = None,
) -> tuple[WhyView, tuple[str, ...]]:
    """Return which of the vendors, read just now, had something open in the range, and faults of the archive.

    Raises StateError.
    """
    reading = ArchiveReading()
    if settings.history:
        keys = [view.status.page.key for view in views]
        opened = [(view.status.page.key, incident) for view in views for incident in view.status.open]
        reading = read_archive(settings.history, since=span.begin, keys=keys, incidents=opened)
    incidents = known_incidents(reading, views)
    archived = {view.status.page.key: coverage_of(view, incidents) for view in views} if settings.history else {}
    view = compose_why(views, incidents, span, now, archived=archived, named=named, mutes=settings.mutes)
    return view, reading.problems

"""`statuswatch history`: print the incidents of the archive, each folded from its events."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from statuswatch import errors
from statuswatch.cli.options import (
    BUILT_IN,
    ConfigOption,
    PagesArgument,
    QuietOption,
    ShardOption,
    StateOption,
    help_end,
    load_settings,
    parse_moment,
)
from statuswatch.cli.output import print_lines, say, stdout_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from statuswatch.config.schema import Config
    from statuswatch.model.history import PastIncident, Span
    from statuswatch.model.incident import Impact
    from statuswatch.model.report import PageView

MIN_GAP = timedelta(minutes=1)  # a shorter one is the time since a run that has just ended
HELP_END = help_end(
    ("statuswatch history --since 30d --min-impact major", "statuswatch history github --format csv"),
    (0, 2, 3, 5),
    code_3="the state file or the archive cannot be read",
    code_5="the output could not be printed",
)


class HistoryFormat(StrEnum):
    """How incidents of the past are printed."""

    CONSOLE = "console"
    JSONL = "jsonl"
    CSV = "csv"


class KindOption(StrEnum):
    """The kinds of incidents."""

    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    PAGE = "page"


class MinImpact(StrEnum):
    """The impacts that can be compared."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


def history(
    *,
    pages: PagesArgument = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="T", help="A time, a date, or how long ago: 7d, 12h; default: all.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="T", help="A time, a date, or how long ago; default: now.")
    ] = None,
    kind: Annotated[
        list[KindOption] | None, typer.Option("--kind", case_sensitive=False, help="Only incidents of this kind.")
    ] = None,
    min_impact: Annotated[
        MinImpact | None,
        typer.Option("--min-impact", case_sensitive=False, help="Only incidents that ever had that impact or more."),
    ] = None,
    output: Annotated[
        HistoryFormat, typer.Option("--format", case_sensitive=False, help="How the incidents are printed.")
    ] = HistoryFormat.CONSOLE,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    quiet: QuietOption = False,
) -> None:
    """Print past incidents from the archive.

    Each is folded from its events; the oldest comes first. No page is read. What the archive does not cover is said.
    """
    settings = load_settings(config, state, shard, pages)
    now = datetime.now(UTC)
    begin, end = range_of(since, until, now)
    past = past_of(settings, pages or [], begin)
    for problem in past.problems:
        say(problem)
    incidents = [incident for incident in past.incidents if is_in_range(incident, begin, end)]
    incidents = selected(incidents, kind or [], min_impact, settings.assume_impact)
    gaps = gaps_of(past, begin, end)
    print_incidents(incidents, gaps, output)
    if output is not HistoryFormat.CONSOLE and not quiet:
        say_gaps(gaps)


def range_of(since: str | None, until: str | None, now: datetime) -> tuple[datetime | None, datetime]:
    """Return the range that the options name. Raises UsageError."""
    begin = parse_moment(since, now, "--since") if since is not None else None
    end = parse_moment(until, now, "--until") if until is not None else now
    if begin and begin > end:
        raise errors.UsageError(f"--since is later than {'--until' if until else 'now'}: name an earlier time")
    return begin, end


class Past(NamedTuple):
    """The pages as the state file remembers them, all that is known of the past, and faults of the archive."""

    views: "tuple[PageView, ...]"
    incidents: "tuple[PastIncident, ...]"
    problems: tuple[str, ...]


def past_of(settings: "Config", pages: "Sequence[str]", since: datetime | None) -> Past:
    """Return the past of the pages, without reading one. What was over at `since` may be left out.

    Raises StateError, and UsageError where no archive is kept.
    """
    from statuswatch import pipeline
    from statuswatch.history.archive import read_archive
    from statuswatch.history.fold import known_incidents

    if settings.history is None:
        where = settings.source or BUILT_IN
        raise errors.UsageError(f'no archive is kept ({where}): set history = "history", and runs of `check` fill it')
    run = pipeline.run_of(settings, pages)
    views = pipeline.recall_views(run)
    opened = [(view.status.page.key, incident) for view in views for incident in view.status.open]
    keys = [page.key for page in run.pages] if pages or settings.shard else []
    archive = read_archive(settings.history, since=since, keys=keys, incidents=opened)
    return Past(views, known_incidents(archive, views), archive.problems)


def is_in_range(incident: "PastIncident", begin: datetime | None, end: datetime) -> bool:
    """Return whether the incident was there at any time of the range."""
    from statuswatch.render.history import begin_of

    is_too_early = begin is not None and incident.ended_at is not None and incident.ended_at < begin
    return begin_of(incident) <= end and not is_too_early


def selected(
    incidents: "Iterable[PastIncident]", kinds: "Sequence[str]", minimum: MinImpact | None, assumed: "Impact"
) -> "list[PastIncident]":
    """Return the incidents that the options select. Maintenance has no impact that can be compared."""
    chosen = [incident for incident in incidents if not kinds or incident.kind in kinds]
    return [incident for incident in chosen if minimum is None or has_impact(incident, minimum, assumed)]


def has_impact(incident: "PastIncident", minimum: MinImpact, assumed: "Impact") -> bool:
    """Return whether an incident had that impact; an unstated one counts as `assumed`, and `unknown` as any."""
    from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind

    if incident.kind is not IncidentKind.INCIDENT:
        return incident.kind is IncidentKind.PAGE
    impact = incident.peak_impact if incident.peak_impact in IMPACT_SCALE else assumed
    return impact is Impact.UNKNOWN or IMPACT_SCALE.index(impact) >= IMPACT_SCALE.index(Impact(minimum))


def gaps_of(past: Past, begin: datetime | None, end: datetime) -> "dict[str, tuple[Span, ...]]":
    """Return the parts of the range that are not covered, by the name of the page."""
    from statuswatch.history.coverage import coverage_of, gaps

    found = {}
    for view in past.views:
        coverage = coverage_of(view, past.incidents)
        missing = gaps(coverage, begin or coverage.since or end, end)
        found[view.status.page.name] = tuple(span for span in missing if span.end - span.begin >= MIN_GAP)
    return found


def print_incidents(
    incidents: "Sequence[PastIncident]", gaps: "Mapping[str, Sequence[Span]]", output: HistoryFormat
) -> None:
    """Print the incidents on stdout. Raises OutputError."""
    from statuswatch.render import history as rendered

    with stdout_stream("the incidents") as stream:
        match output:
            case HistoryFormat.JSONL:
                stream.writelines(rendered.jsonl(incidents))
            case HistoryFormat.CSV:
                stream.write(rendered.as_csv(incidents))
            case HistoryFormat.CONSOLE:
                print_lines(stream, lambda width: rendered.render(incidents, gaps, width))


def say_gaps(gaps: "Mapping[str, Sequence[Span]]") -> None:
    """Print on stderr what is not covered: stdout holds nothing but incidents."""
    from statuswatch.render.history import gap_lines

    for line in gap_lines(gaps):
        say(line)

"""`statuswatch history`: print the incidents of the archive, each folded from its events."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch.cli.options import (
    ConfigOption,
    PagesArgument,
    QuietOption,
    ShardOption,
    StateOption,
    help_end,
    load_settings,
)
from statuswatch.cli.output import print_lines, say, stdout_stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from statuswatch.model.history import PastIncident, Span

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
    from statuswatch.model.incident import Impact
    from statuswatch.past import gaps_of, parse_range, past_of, selected

    settings = load_settings(config, state, shard, pages, or_every_shard=True)
    span = parse_range(since, until, datetime.now(UTC))
    past = past_of(settings, pages or [], span.begin)
    for problem in past.problems:
        say(problem)
    minimum = Impact(min_impact) if min_impact else None
    incidents = selected(past, span, kinds=kind or (), minimum=minimum, assumed=settings.assume_impact)
    gaps = gaps_of(past, span)
    print_incidents(incidents, gaps, output)
    if output is not HistoryFormat.CONSOLE and not quiet:
        say_gaps(gaps)


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

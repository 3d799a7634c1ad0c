"""`statuswatch why`: tell whether it is us or them, by what vendors had open in a range of time."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from statuswatch import errors
from statuswatch.cli.options import (
    ConfigOption,
    PagesArgument,
    QuietOption,
    ShardOption,
    StateOption,
    help_end,
    load_settings,
)
from statuswatch.cli.output import interruptible, name_built_in, print_lines, progress, say, stdout_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from io import BufferedReader

    from statuswatch.config.schema import Config
    from statuswatch.model.history import Span
    from statuswatch.model.page import Page
    from statuswatch.model.why import LogMatch, WhyView

MAX_NAMED_PAGES = 5
CHUNK = 1 << 20  # bytes of the log that are read at once
GZIP = b"\x1f\x8b"  # so begins what gzip made
HELP_END = help_end(
    ("statuswatch why --log build.log", "statuswatch why github npm --from 2026-11-03T14:00Z --to 2026-11-03T14:30Z"),
    (0, 2, 3, 4, 10),
    code_0="they admit nothing, and all of the range is known",
    code_4="of a page, a part of the range is unknown, and nobody had anything open",
    code_10="a vendor had something open",
)


class WhyFormat(StrEnum):
    """How the answer is printed."""

    CONSOLE = "console"
    JSON = "json"
    GITHUB = "github"


def why(
    *,
    pages: PagesArgument = None,
    begin: Annotated[
        str, typer.Option("--from", metavar="TIME", help="Begin of the range: a time, a date, or how long ago.")
    ] = "2h",
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="End of the range: now, where it is left out.")
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            "--log", metavar="FILE", help="Look for vendors in a build log (or .gz), and read them; - is stdin."
        ),
    ] = None,
    output: Annotated[
        WhyFormat, typer.Option("--format", case_sensitive=False, help="How the answer is printed.")
    ] = WhyFormat.CONSOLE,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    quiet: QuietOption = False,
) -> None:
    """Tell whether it is us or them: what vendors had open then.

    Three answers are kept apart: they had this, nothing they admit, and not known.
    """
    from statuswatch.past import parse_span, unwatched

    now = datetime.now(UTC)
    span = parse_span(begin, end, now)
    settings = load_settings(config, state, shard, pages, or_every_shard=True)
    chosen = settings.chosen(pages or ())
    with interruptible("interrupted"):
        named = scan(log) if log else None
        watched = (*chosen, *unwatched(chosen, settings, named or {}))
        view = find_out(settings, watched, span, now, named=named, shown=not quiet)
    print_answer(view, output)
    if not quiet:
        name_built_in(settings)
    stop(view)


def scan(log: Path) -> "Mapping[str, LogMatch]":
    """Return what the log has of each vendor. Raises UsageError where it cannot be read."""
    from statuswatch.catalog.build_log import scan_log

    try:
        if str(log) == "-":
            return {match.key: match for match in scan_log(chunks(cast("BufferedReader", sys.stdin.buffer)))}
        with log.open("rb") as file:
            return {match.key: match for match in scan_log(chunks(file))}
    except OSError as error:
        reason = error.strerror or error
        raise errors.UsageError(f"the log cannot be read: {reason} ({log}): name a file, or - for stdin") from error


def chunks(file: "BufferedReader") -> "Iterator[bytes]":
    """Yield the file in parts: a log is never held as a whole. One that gzip made is unpacked. Raises OSError."""
    import gzip
    import zlib

    source = gzip.GzipFile(fileobj=file) if file.peek(len(GZIP))[: len(GZIP)] == GZIP else file
    try:
        while chunk := source.read(CHUNK):
            yield chunk
    except (EOFError, zlib.error) as error:
        raise OSError(str(error)) from error


def find_out(
    settings: "Config",
    pages: "Sequence[Page]",
    span: "Span",
    now: datetime,
    *,
    named: "Mapping[str, LogMatch] | None",
    shown: bool,
) -> "WhyView":
    """Read the pages and the archive, and return the answers. Raises StateError."""
    import msgspec

    from statuswatch import pipeline
    from statuswatch.past import explain

    settings = msgspec.structs.replace(settings, pages=tuple(pages), shard=None)
    with progress(len(pages), shown=shown) as advance:
        views = pipeline.read_views(pipeline.run_of(settings, on_page=advance), now)
    view, problems = explain(settings, views, span, now, named=named)
    for problem in problems:
        say(problem)
    return view


def print_answer(view: "WhyView", output: WhyFormat) -> None:
    """Print the answer. Raises OutputError."""
    from statuswatch.render import why as rendered

    with stdout_stream("the answer") as stream:
        match output:
            case WhyFormat.JSON:
                stream.write(rendered.document(view) + "\n")
            case WhyFormat.GITHUB:
                stream.writelines(f"{line}\n" for line in rendered.annotations(view))
            case WhyFormat.CONSOLE:
                print_lines(stream, lambda width: rendered.render(view, width))


def stop(view: "WhyView") -> None:
    """Exit with 10 where anybody had something open, else raise PageUnavailableError where anything is unknown."""
    from statuswatch.model.why import Answer
    from statuswatch.render.phrases import some

    if view.of(Answer.HAD):
        raise typer.Exit(errors.EVENTS_FOUND)
    if view.has_unknown:
        keys = some((answer.page.key for answer in view.answers if answer.unknown), MAX_NAMED_PAGES)
        raise errors.PageUnavailableError(
            f"the range is not known ({keys}): the answer says why; try again, give a later --from, or keep an archive"
        )

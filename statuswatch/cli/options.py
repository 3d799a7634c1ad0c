"""Options that several commands share, the help that all of them end with, and the configuration they name."""

import os
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch.cli.completion import watched_pages
from statuswatch.errors import UsageError
from statuswatch.moments import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from statuswatch.config.schema import Config, SinkConfig
    from statuswatch.delivery.deliver import ConnectedSink
    from statuswatch.recording.recorder import Recorder


class EventFormat(StrEnum):
    """How events are printed."""

    CONSOLE = "console"
    JSONL = "jsonl"


class StatusFormat(StrEnum):
    """How the answer of `status` is printed."""

    CONSOLE = "console"
    JSON = "json"


class TableFormat(StrEnum):
    """How a table is printed."""

    CONSOLE = "console"
    JSON = "json"
    MARKDOWN = "markdown"


PagesArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PAGE]...",
        help="Keys, aliases or addresses of the pages to read; all by default.",
        autocompletion=watched_pages,
    ),
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Configuration file to use instead of the one found.")
]
StateOption = Annotated[
    Path | None,
    # An unreadable file is exit 3, which the run decides: `readable` would make it exit 2.
    typer.Option("--state", metavar="FILE", readable=False, help="State file to use instead of the configured one."),
]
ShardOption = Annotated[
    str | None, typer.Option("--shard", metavar="K/N", help="Read only part K of N of the pages, always the same ones.")
]
RecordOption = Annotated[
    Path | None,
    typer.Option("--record", metavar="FILE", help="Append every response to FILE, for `statuswatch replay`."),
]
JobsOption = Annotated[
    str | None,
    typer.Option(
        "--jobs", metavar="N|auto", help="Read in N processes; auto: one for each core, from 500 pages on; default 1."
    ),
]
FormatOption = Annotated[EventFormat, typer.Option("--format", case_sensitive=False, help="How events are printed.")]
FullOption = Annotated[bool, typer.Option("--full", help="Print all components and all updates in full.")]
AnnounceOption = Annotated[
    bool, typer.Option("--announce-open", help="At the first read of a page, report open incidents as new.")
]
MetricsOption = Annotated[
    Path | None,
    typer.Option("--metrics", metavar="FILE", help="Write the state of the pages for Prometheus (textfile)."),
]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Print every page and request on stderr as well.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing on stderr but errors.")]

BUILT_IN = "the built-in default, for no file was found"

MAX_JOBS = 60  # Windows waits for no more processes at a time
MIN_AUTO_PAGES = 500  # fewer are read before a second process is worth its start

EXIT_CODES: "Mapping[int, str]" = {
    0: "completed",
    2: "usage or configuration",
    3: "state file cannot be read, locked or written",
    4: "no page answered",
    5: "output or a sink did not accept everything",
    10: "events were found",
    130: "interrupted",
}


def help_end(examples: "Sequence[str]", codes: "Sequence[int]", **meanings: str) -> str:
    """Return the end of a help text: two examples and the exit codes that matter.

    `meanings` (`code_4="…"`) replace the usual meaning of a code.
    """
    meaning = {code: meanings.get(f"code_{code}", EXIT_CODES[code]) for code in codes}
    keep_lines = "\b"  # Click's mark for a paragraph that it must not wrap
    lines = [keep_lines, "Examples:", *(f"  {example}" for example in examples), ""]
    lines += [keep_lines, "Exit codes:", *(f"  {code:<4} {words}" for code, words in meaning.items())]
    return "\n".join(lines)


def reject_together(options: "Mapping[str, bool]") -> None:
    """Raise UsageError where more than one of these options is set: they contradict one another."""
    chosen = [option for option, is_set in options.items() if is_set]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} cannot be combined with {chosen[1]}: leave one of them out")


def job_count(word: str | None, pages: int) -> int:
    """Return how many processes read so many pages. Raises UsageError."""
    if word is None:
        return 1
    if word.lower() == "auto":
        return min(cores(), MAX_JOBS) if pages >= MIN_AUTO_PAGES else 1
    count = int(word) if word.isascii() and word.isdigit() and len(word) < 4 else 0
    if not 1 <= count <= MAX_JOBS:
        raise UsageError(f"--jobs: {word!r} is no number of processes: give one from 1 to {MAX_JOBS}, or auto")
    return count


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load_settings(
    config: Path | None, state: Path | None, shard: str | None, pages: list[str] | None, *, or_every_shard: bool = False
) -> "Config":
    """Return the configuration as the command line has it. Raises UsageError.

    `pages` are keys, aliases or addresses; a page that is not watched is added for a single look. `or_every_shard`: a
    command that only reads takes the places of all shards where none is named.
    """
    import msgspec

    from statuswatch.config.load import load_config, working_folder
    from statuswatch.config.select import select_pages, sharded

    settings = load_config(config, os.environ, working_folder())
    if state is not None:
        settings = msgspec.structs.replace(settings, state=state)
    if pages:
        settings = select_pages(settings, pages)
    return sharded(settings, shard, settings.named.values(), or_every=or_every_shard)


@contextmanager
def recording(path: Path | None) -> "Iterator[Recorder]":
    """Yield what records the requests of a run: into the file, or nowhere. Raises UsageError and OutputError."""
    from statuswatch.recording.recorder import NoRecorder

    if path is None:
        yield NoRecorder()
        return
    from statuswatch.recording.write import FileRecorder

    recorder = FileRecorder(path)
    try:
        yield recorder
    finally:
        recorder.close()


def connect_sinks(configured: "tuple[SinkConfig, ...]") -> "tuple[ConnectedSink, ...]":
    """Return the sinks, ready to send. Raises UsageError. What sends is imported only where there are any."""
    if not configured:
        return ()
    from statuswatch.delivery.deliver import connect

    return connect(configured, os.environ)


def parse_seconds(word: str, option: str) -> float:
    """Return the seconds of a duration that an option names. Raises UsageError."""
    from datetime import timedelta

    try:
        duration = parse_duration(word) or timedelta()
    except OverflowError:
        duration = timedelta()
    if not duration:
        raise UsageError(f"{option}: {word!r} is no duration: write it like 90s, 55m or 2h")
    return duration.total_seconds()

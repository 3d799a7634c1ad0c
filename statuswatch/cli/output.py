"""The command's two streams: stdout is data, stderr is everything else."""

import os
import sys
from contextlib import contextmanager, nullcontext, suppress
from errno import EPIPE
from io import TextIOWrapper
from os import strerror
from shutil import get_terminal_size
from textwrap import wrap
from types import MappingProxyType
from typing import TYPE_CHECKING, TextIO

import typer

from statuswatch import errors
from statuswatch.cli.options import BUILT_IN, EventFormat, TableFormat
from statuswatch.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from rich.console import Console
    from rich.text import Text

    from statuswatch.config.schema import Config
    from statuswatch.model.event import Event
    from statuswatch.model.mute import Mute
    from statuswatch.model.report import PageOutcome

INTERRUPTED = "interrupted; the state file is intact, and the next run continues from it"


def prepare_streams() -> None:
    """Make both streams fit for any text, and replace a stderr that was closed by the parent process."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # UTF-8 into pipes and files; a terminal shows the characters it has
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


@contextmanager
def stdout_stream(content: str = "the output", advice: str = "") -> "Iterator[TextIO]":
    """Yield the stream for data. Raises OutputError where it cannot be written.

    `content` names the data in the error; `advice` is added to it.
    """
    if sys.stdout is None:
        raise OutputError(f"{content} could not be printed (stdout is closed){advice}")
    try:
        yield sys.stdout
        sys.stdout.flush()
    except OSError as error:
        # The rest of the buffer must not fail again at exit.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        if isinstance(error, BrokenPipeError) and not advice:  # as in `pages | head -1`: the reader has enough
            raise typer.Exit(OutputError.exit_code) from error
        raise OutputError(f"{content} could not be printed ({error.strerror or error}){advice}") from error


def say(line: str) -> None:
    """Print a line on stderr. A stderr that nobody reads is no error."""
    with suppress(OSError):
        sys.stderr.writelines(f"{part}\n" for part in fitted(f"statuswatch: {line}", sys.stderr))


def name_built_in(settings: "Config") -> None:
    """Say on stderr that no configuration was found, where none was."""
    if not settings.source:
        say(f"configuration: {BUILT_IN}; state file: {settings.state}")


def annotate(commands: "Iterable[str]") -> None:
    """Print workflow commands on stderr, where a runner finds them as well: stdout is data."""
    with suppress(OSError):
        sys.stderr.writelines(f"{command}\n" for command in commands)


def fitted(line: str, stream: "TextIO") -> list[str]:
    """Return the line in parts that fit a terminal; in one part for anything else."""
    if not stream.isatty() or not line:
        return [line]
    width = get_terminal_size().columns
    return wrap(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def print_events(
    events: "tuple[Event, ...]",
    now: "datetime",
    output: EventFormat,
    *,
    full: bool = False,
    muted: "Mapping[str, Mute]" = MappingProxyType({}),
) -> None:
    """Print events on stdout; `muted` are mutes by the id of the event.

    Raises OutputError: the run must then not save that the events were reported.
    """
    if not events:
        return
    with stdout_stream("the events", ": the next run reports them again") as stream:
        if output is EventFormat.JSONL:
            from statuswatch.render import jsonlines

            stream.writelines(jsonlines.render(event, now, muted=event.id in muted) + "\n" for event in events)
            return
        from statuswatch.render import console

        def lines(width: int | None) -> "list[Text]":
            blocks = (console.render(event, width, full=full, mute=muted.get(event.id)) for event in events)
            return [line for block in blocks for line in block]

        print_lines(stream, lines)


def print_lines(stream: "TextIO", render: "Callable[[int | None], Sequence[Text]]") -> None:
    """Print rich text that is rendered for the width of the terminal, or for no width anywhere else."""
    terminal = terminal_on(stream)
    for line in render(terminal.width if terminal.is_terminal else None):
        terminal.print(line, soft_wrap=True)


def terminal_on(stream: "TextIO") -> "Console":
    """Return a console that prints vendor text as it is, and in which a closed pipe is an error like any other."""
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError(EPIPE, strerror(EPIPE))  # Rich itself would exit with 1

    width, height = get_terminal_size()  # Rich takes a dumb terminal for one of 80 columns
    return Terminal(file=stream, width=width, height=height, markup=False, emoji=False, highlight=False)


def print_table(
    head: "Sequence[str]", rows: "Sequence[Sequence[str]]", fields: "Sequence[dict[str, object]]", output: TableFormat
) -> None:
    """Print a table on stdout: folded to fit a terminal, a line of tab-separated cells for each row anywhere else."""
    from statuswatch.render import jsonlines, listing

    with stdout_stream() as stream:
        terminal = terminal_on(stream)
        match output:
            case TableFormat.JSON:
                stream.write(jsonlines.encode(fields) + "\n")
            case TableFormat.MARKDOWN:
                stream.write(listing.as_markdown(head, rows))
            case TableFormat.CONSOLE if terminal.is_terminal and rows:
                terminal.print(listing.terminal(head, rows, terminal.width))
            case TableFormat.CONSOLE:
                stream.writelines(f"{line}\n" for line in listing.plain(rows))


def progress(pages: int, *, shown: bool) -> "AbstractContextManager[Callable[[PageOutcome], None]]":
    """Return a progress bar on a terminal that can erase it; nothing anywhere else."""
    if not shown or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return nullcontext(lambda _: None)
    from statuswatch.render.progress import bar

    return bar(pages)


@contextmanager
def interruptible(message: str = INTERRUPTED) -> "Iterator[None]":
    """End with exit code 130 and a message on Ctrl-C: Typer by itself would end without one."""
    try:
        yield
    except KeyboardInterrupt:
        say(message)
        raise typer.Exit(errors.INTERRUPTED) from None

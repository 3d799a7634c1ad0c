"""The commands. Errors become exit codes here and nowhere else; stdout is data, stderr is talk."""

import gc
import os
import sys
import time
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from enum import StrEnum
from errno import EPIPE
from io import TextIOWrapper
from os import strerror
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from statuswatch import __version__, errors
from statuswatch.errors import OutputError, StatuswatchError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from rich.console import Console
    from rich.text import Text

    from statuswatch.config.schema import Config, SinkConfig
    from statuswatch.delivery.deliver import ConnectedSink
    from statuswatch.model.event import Event
    from statuswatch.model.report import Delivery, PageOutcome, RunReport
    from statuswatch.model.state import State

# Everything heavy is imported by the command that needs it: `--help` and a wrong option answer at once.

app = typer.Typer(
    name="statuswatch",
    help="Reads vendors' status pages in one short run and says what changed since the last one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Format(StrEnum):
    CONSOLE = "console"
    JSONL = "jsonl"


class Shape(StrEnum):
    CONSOLE = "console"
    JSON = "json"
    MARKDOWN = "markdown"


ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="Configuration to use.")]
StateOption = Annotated[
    Path | None,
    typer.Option("--state", metavar="FILE", readable=False, help="Memory to use instead of the configured one."),
]  # whether it can be read is for the run to say: the exit code is 3
ShardOption = Annotated[
    str | None, typer.Option("--shard", metavar="K/N", help="Only part K of N of the pages, the same at every run.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")]


def main() -> None:
    """The entry point of the command."""
    gc.set_threshold(20_000, 50, 50)  # a run makes much and lives briefly: the usual thresholds cost a tenth of its CPU
    if sys.stderr is None:  # closed by who started us: talk is lost
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # data is UTF-8 wherever it goes; a terminal shows what it can
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    try:
        app()
    except StatuswatchError as error:
        _say(f"error: {error}")
        sys.exit(error.exit_code)


@app.callback(invoke_without_command=True)
def _root(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        with _stdout() as stream:
            stream.write(f"{__version__}\n")
        raise typer.Exit


@app.command()
def check(
    pages: Annotated[list[str] | None, typer.Argument(metavar="[PAGE]...", help="Only these pages, by key.")] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    output: Annotated[Format, typer.Option("--format", help="How events are printed.")] = Format.CONSOLE,
    once: Annotated[
        bool, typer.Option("--once", help="One pass and exit: the default, spelled out.", show_default=False)
    ] = True,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Do it again and again, until interrupted."),
    ] = False,
    every: Annotated[
        float, typer.Option("--every", metavar="SECONDS", min=1, help="With --watch: from one beginning to the next.")
    ] = 300,
    announce_open: Annotated[
        bool, typer.Option("--announce-open", help="At the first read of a page, tell what is open as new.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print events; write nothing.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 10 if there were events.")] = False,
    quiet: QuietOption = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say on stderr what every page came to.")] = False,
) -> None:
    """Read the pages once and print what changed since the last run."""
    if watch and exit_code:
        raise errors.UsageError("--exit-code has nothing to say of --watch, which does not end by itself")
    settings = _settings(config, state, shard, pages)
    channels = _channels(settings.notify)
    while True:
        begun = time.monotonic()
        try:
            report = _pass(settings, channels, pages, output, announce_open, dry_run, quiet, verbose)
        except (errors.NetworkError, errors.StateError, errors.DeliveryError) as error:
            if not watch:
                raise
            _say(f"error: {error}")
        else:
            if exit_code and report.events:
                raise typer.Exit(errors.EVENTS_FOUND)
        if not watch:
            return
        with _interruptible("interrupted between two passes; nothing is lost"):
            _let_go()
            time.sleep(max(0.0, begun + every - time.monotonic()))


def _let_go() -> None:
    """Frees what a pass left behind: with the thresholds of `main` it would lie there for hours. On another thread, for
    a Ctrl-C in the middle of it is raised on the main one, and a finalizer would swallow it.
    """
    from threading import Thread

    thread = Thread(target=gc.collect)
    thread.start()
    thread.join()


def _pass(
    settings: "Config",
    channels: "tuple[ConnectedSink, ...]",
    pages: list[str] | None,
    output: Format,
    announce_open: bool,
    dry_run: bool,
    quiet: bool,
    verbose: bool,
) -> "RunReport":
    """One run of `check`, and the talk about it. Raises StateError, NetworkError, OutputError."""
    import msgspec

    from statuswatch import pipeline
    from statuswatch.github_actions import report_to_runner
    from statuswatch.render import summary

    with _interruptible(), ExitStack() as bar:
        on_page = bar.enter_context(_progress(len(settings.chosen(pages or ())), shown=not quiet))

        def tell(report: "RunReport") -> None:
            bar.close()  # before anything else is on the terminal
            _print(report.events, report.detected_at, output)

        from statuswatch.state import ReadOnlyState

        run = pipeline.run_of(settings, pages or (), announce_open=announce_open, on_page=on_page)
        send = _delivery(channels, partial=run.partial, dry_run=dry_run)
        if dry_run:
            run = msgspec.structs.replace(run, store=ReadOnlyState(run.store))
        report = pipeline.check(run, datetime.now(UTC), tell, send)
    problems = [] if dry_run else report_to_runner(report, os.environ)
    if not quiet:
        _talk(report, settings, verbose=verbose)
    for problem in problems:
        _say(problem)
    if not report.reached_anyone:
        raise errors.NetworkError(
            "no page answered at all: our own network, most likely; nothing was told, nothing was written"
        )
    if complaints := summary.delivery_errors(report):
        raise errors.DeliveryError("; ".join(complaints))
    return report


class Answer(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class Grave(StrEnum):
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


@app.command()
def status(
    pages: Annotated[list[str] | None, typer.Argument(metavar="[PAGE]...", help="Only these pages, by key.")] = None,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    output: Annotated[Answer, typer.Option("--format", help="How the answer is printed.")] = Answer.CONSOLE,
    offline: Annotated[bool, typer.Option("--offline", help="Read no page: answer from the memory alone.")] = False,
    fail_on: Annotated[
        Grave | None,
        typer.Option("--fail-on", help="Exit 10 if an incident of that impact, a higher or an unstated one is open."),
    ] = None,
    component: Annotated[
        list[str] | None,
        typer.Option("--component", metavar="GLOB", help="Only what affects such a component, or states none."),
    ] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="A page that cannot be read is no reason for exit 4.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Print what is open now and what maintenance is coming, worst first.

    Filters of the configuration decide what `check` tells; they hide nothing here.
    """
    from statuswatch import pipeline
    from statuswatch.model.incident import Impact
    from statuswatch.render import phrases
    from statuswatch.render import status as rendered
    from statuswatch.rules.status import status_view

    if not all(component or ()):  # an unset variable: it would match nothing, and let everything pass
        raise errors.UsageError("--component: an empty GLOB")
    settings, now = _settings(config, state, shard, pages), datetime.now(UTC)
    notes: list[str] = []
    with _interruptible():
        if offline:
            standings = pipeline.recall_status(pipeline.run_of(settings, pages or ()))
        else:
            with _progress(len(settings.chosen(pages or ())), shown=not quiet) as advance:

                def on_page(review: "PageOutcome") -> None:
                    notes.extend(f"{review.page.key}: {note}" for note in review.notes.found)
                    advance(review)

                standings = pipeline.read_status(pipeline.run_of(settings, pages or (), on_page=on_page), now)
    seen = status_view(standings, now, component or ())
    with _stdout("the answer") as stream:
        if output is Answer.JSON:
            stream.write(rendered.document(seen, now, offline=offline) + "\n")
        else:
            memory = str(settings.state) if offline else ""
            _lines(stream, lambda width: rendered.render(seen, now, width, memory=memory))
    for note in () if quiet else sorted(notes):
        _say(phrases.runner_safe(note))
    stopping = seen.blocking(Impact(fail_on)) if fail_on else ()
    if stopping:
        if not quiet:
            count = f"{len(stopping)} {'incident is' if len(stopping) == 1 else 'incidents are'}"
            _say(f"--fail-on {fail_on}: {count} open of that impact, a higher or an unstated one")
        raise typer.Exit(errors.EVENTS_FOUND)
    if allow_unknown:
        return
    if not (offline or seen.reached_anyone):
        raise errors.NetworkError("no page answered at all: our own network, most likely")
    if fail_on and seen.unknown:
        keys = ", ".join([*(it.page.key for it in seen.unknown[:5]), *(["…"] if len(seen.unknown) > 5 else [])])
        raise errors.PageUnavailableError(
            f"--fail-on {fail_on}: it is not known what is open on {keys}; see --allow-unknown"
        )


@app.command("pages")
def list_pages(
    query: Annotated[list[str] | None, typer.Argument(metavar="[QUERY]...", help="Words to look for.")] = None,
    configured: Annotated[
        bool, typer.Option("--configured", help="What the configuration watches, instead of the catalog.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read each of them, politely, and print those that do not read.")
    ] = False,
    config: ConfigOption = None,
    output: Annotated[Shape, typer.Option("--format", help="How they are printed.")] = Shape.CONSOLE,
    quiet: QuietOption = False,
) -> None:
    """Search the catalog by key, name, platform, category or address; or list what is watched."""
    from statuswatch.catalog import catalog, categories, search_catalog
    from statuswatch.config.load import load_config
    from statuswatch.config.suggest import did_you_mean
    from statuswatch.render import listing

    settings = load_config(config, os.environ, Path.cwd())
    among = settings.pages if configured else tuple(catalog().values())
    chosen = search_catalog(among, query or ())
    if not chosen:
        words = " ".join(query or ())
        _say(f"no page matches {words!r}{did_you_mean(words, [it for page in among for it in (page.key, page.name)])}")
    if not verify:
        rows = [listing.cells(page, categories()) for page in chosen]
        _show(listing.HEAD, rows, [listing.fields(page, categories()) for page in chosen], output)
        return

    from statuswatch.model.page import any_page_answered
    from statuswatch.reading.probe import verify as read_all
    from statuswatch.render.summary import counted

    with _interruptible(), _progress(len(chosen), shown=not quiet) as on_page:
        reviews = read_all(chosen, datetime.now(UTC), on_page)
    if not any_page_answered(review.failure for review in reviews):
        raise errors.NetworkError("no page answered at all: our own network, most likely")
    failures = [listing.failure(review, categories()) for review in reviews if review.failure]
    _show(listing.FAILURES, failures, [dict(zip(("key", "reason", "row"), it, strict=True)) for it in failures], output)
    if not quiet:
        _say(f"{len(reviews) - len(failures)} of {counted(len(reviews), 'page')} read")


@app.command()
def inspect(
    target: Annotated[
        str, typer.Argument(metavar="PAGE|URL", help="A key of the configuration or the catalog; or an address.")
    ],
    config: ConfigOption = None,
    state: StateOption = None,
) -> None:
    """Explain one page: what was fetched, which platform it runs on, what was understood, what to write down."""
    from statuswatch.catalog import catalog
    from statuswatch.config.load import load_config
    from statuswatch.config.select import page_at, state_files
    from statuswatch.model.page import Failure
    from statuswatch.net.client import connect_to
    from statuswatch.net.http import open_network
    from statuswatch.reading.probe import explain
    from statuswatch.render import inspection
    from statuswatch.state import load_page

    settings = load_config(config, os.environ, Path.cwd())
    watched = {page.key: page for page in settings.pages} if settings.source else {}
    page = watched.get(target) or catalog().get(target) or page_at(target, [*watched, *catalog()])
    files = state_files(state or settings.state) if target in watched else ()
    known = next(filter(None, (load_page(it, target) for it in files)), None)
    with _interruptible():
        seen = explain(page, settings.timeout, connect_to(open_network()))
    origin = (
        "recognised by its documents"
        if not page.platform
        else "configured"
        if target in watched
        else "from the catalog"
    )
    with _stdout() as stream:
        _lines(stream, lambda width: inspection.render(seen, origin, known, width))
        stream.writelines(f"{line}\n" for line in inspection.to_write(seen, catalog(), target in watched))
    if isinstance(seen.result, Failure):
        raise errors.PageUnavailableError(f"{seen.page.url} could not be read")


notify_app = typer.Typer(help="The sinks that the configuration names.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(notify_app, name="notify")


@notify_app.callback()
def _notify() -> None:
    """The sinks that the configuration names."""


@notify_app.command("test")
def notify_test(
    sink: Annotated[str | None, typer.Argument(metavar="[SINK]", help="Only this one, by its name.")] = None,
    config: ConfigOption = None,
) -> None:
    """Send one marked example to each sink, and say what came back."""
    from statuswatch.config.load import load_config
    from statuswatch.config.suggest import did_you_mean
    from statuswatch.delivery.deliver import send_examples
    from statuswatch.render import phrases

    settings = load_config(config, os.environ, Path.cwd())
    named = [it for it in settings.notify if sink in (None, it.name)]
    if not named:
        known = [it.name for it in settings.notify]
        missing = (
            f"no sink is called {sink!r}{did_you_mean(sink, known)}"
            if sink and known
            else "it names no sink, [[notify]]"
        )
        raise errors.UsageError(f"{settings.source or 'the built-in default'}: {missing}")
    with _interruptible():
        outcomes = send_examples(_channels(tuple(named)), datetime.now(UTC))
    with _stdout() as stream:
        stream.writelines(f"{it.name}: {phrases.runner_safe('; '.join(it.remarks)) or 'taken'}\n" for it in outcomes)
    if any(it.waiting or it.lost for it in outcomes):
        raise OutputError("not every sink took its example")


@app.command()
def demo() -> None:
    """Watch it at work on an embedded server, without a network."""
    from statuswatch.demo import play

    def say(paragraphs: str) -> None:
        with _stdout() as stream:
            stream.writelines(f"{line}\n" for part in paragraphs.split("\n") for line in _wrapped(part, stream))

    with _interruptible():
        play(lambda events, now: _print(events, now, Format.CONSOLE), say)


def _print(events: "tuple[Event, ...]", now: datetime, output: Format) -> None:
    """Events to stdout. Raises OutputError where nobody takes them: then they are not remembered as told."""
    if not events:
        return
    with _stdout("the events", "; the next run tells them again") as stream:
        if output is Format.JSONL:
            from statuswatch.render import jsonlines

            stream.writelines(jsonlines.render(event, now) + "\n" for event in events)
            return
        from statuswatch.render import console

        _lines(stream, lambda width: [line for event in events for line in console.render(event, width)])


def _lines(stream: "TextIO", render: "Callable[[int | None], Sequence[Text]]") -> None:
    """Rich text, made for the width of the terminal, or for none."""
    terminal = _terminal(stream)
    for line in render(terminal.width if terminal.is_terminal else None):
        terminal.print(line, soft_wrap=True)


def _terminal(stream: "TextIO") -> "Console":
    from rich.console import Console

    class Terminal(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError(EPIPE, strerror(EPIPE))  # Rich's own way is to exit with 1

    width, height = get_terminal_size()  # Rich takes a dumb terminal for one of 80 columns
    return Terminal(file=stream, width=width, height=height, markup=False, emoji=False, highlight=False)


def _show(
    head: "Sequence[str]", rows: "Sequence[Sequence[str]]", fields: "Sequence[dict[str, object]]", shape: Shape
) -> None:
    """A table to stdout: folded to fit a terminal, a line of tab-separated cells for each row anywhere else."""
    from statuswatch.render import jsonlines, listing

    with _stdout() as stream:
        terminal = _terminal(stream)
        match shape:
            case Shape.JSON:
                stream.write(jsonlines.encode(fields) + "\n")
            case Shape.MARKDOWN:
                stream.write(listing.as_markdown(head, rows))
            case Shape.CONSOLE if terminal.is_terminal and rows:
                terminal.print(listing.terminal(head, rows, terminal.width))
            case Shape.CONSOLE:
                stream.writelines(f"{line}\n" for line in listing.plain(rows))


def _channels(configured: "tuple[SinkConfig, ...]") -> "tuple[ConnectedSink, ...]":
    """The sinks, ready to send; imported where there are any."""
    if not configured:
        return ()
    from statuswatch.delivery.deliver import connect

    return connect(configured, os.environ)


def _delivery(
    sinks: "tuple[ConnectedSink, ...]", *, partial: bool, dry_run: bool
) -> "Callable[[RunReport, State], Delivery]":
    """How the events of a run are delivered. Without sinks, what sends is not imported."""
    from statuswatch.model.report import Delivery

    if not sinks and not dry_run:

        def nothing(report: "RunReport", before: "State") -> Delivery:
            if not before.outbox or partial:
                return Delivery(outbox=before.outbox)
            from statuswatch.delivery.deliver import deliver_report

            return deliver_report((), partial=False)(report, before)

        return nothing
    from statuswatch.delivery.deliver import deliver_report, rehearse

    return rehearse(sinks) if dry_run else deliver_report(sinks, partial=partial)


def _settings(config: Path | None, state: Path | None, shard: str | None, pages: list[str] | None) -> "Config":
    """The configuration, as the command line has it; without one, any page of the catalog may be chosen."""
    import msgspec

    from statuswatch.config.load import load_config
    from statuswatch.config.select import select_pages, sharded

    settings = load_config(config, os.environ, Path.cwd())
    if state is not None:
        settings = msgspec.structs.replace(settings, state=state)
    if pages:
        chosen = select_pages(settings, pages)
        settings = settings if settings.source else chosen
    return sharded(settings, shard, pages or ())


@contextmanager
def _stdout(what: str = "the output", then: str = "") -> "Iterator[TextIO]":
    """Where data goes. Raises OutputError where it cannot."""
    if sys.stdout is None:
        raise OutputError(f"{what} could not be printed (stdout is closed){then}")
    try:
        yield sys.stdout
        sys.stdout.flush()
    except OSError as error:
        # What is buffered must not fail again at exit.
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        if isinstance(error, BrokenPipeError) and not then:  # who reads the first lines only knows what is missing
            raise typer.Exit(OutputError.exit_code) from error
        raise OutputError(f"{what} could not be printed ({error.strerror or error}){then}") from error


def _wrapped(line: str, stream: "TextIO") -> list[str]:
    """In lines that fit a terminal, in one anywhere else."""
    if not stream.isatty() or not line:
        return [line]
    width = get_terminal_size().columns
    return wrap(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


@contextmanager
def _interruptible(then: str = "interrupted; nothing was written") -> "Iterator[None]":
    """Typer ends on Ctrl-C by itself, and without a word."""
    try:
        yield
    except KeyboardInterrupt:
        _say(then)
        raise typer.Exit(errors.INTERRUPTED) from None


def _talk(report: "RunReport", settings: "Config", *, verbose: bool) -> None:
    from statuswatch.render import summary

    if verbose:
        _say(f"configuration: {settings.source or 'the built-in default'}; memory: {settings.state}")
    for review in report.pages:
        for line in summary.page_lines(review, verbose=verbose):
            _say(line)
    for line in summary.sink_lines(report):
        _say(line)
    _say(f"{summary.closing_line(report)} · {report.seconds:.1f} s")


def _say(line: str) -> None:
    """Talk. Nobody there to hear it is no fault."""
    with suppress(OSError):
        sys.stderr.writelines(f"{part}\n" for part in _wrapped(f"statuswatch: {line}", sys.stderr))


def _progress(pages: int, *, shown: bool) -> "AbstractContextManager[Callable[[PageOutcome], None]]":
    """A bar on a terminal that can take it back, while the pages come in; nothing anywhere else."""
    if not shown or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return nullcontext(lambda _: None)
    from statuswatch.render.progress import bar

    return bar(pages)

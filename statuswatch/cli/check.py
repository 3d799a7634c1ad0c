"""`statuswatch check`: read the pages and print what changed since the last run."""

import gc
import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer

from statuswatch import errors
from statuswatch.cli.options import (
    BUILT_IN,
    ConfigOption,
    EventFormat,
    JobsOption,
    PagesArgument,
    QuietOption,
    RecordOption,
    ShardOption,
    StateOption,
    connect_sinks,
    help_end,
    job_count,
    load_settings,
    recording,
    reject_together,
)
from statuswatch.cli.output import annotate, interruptible, print_events, progress, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from statuswatch.config.schema import Config
    from statuswatch.delivery.deliver import ConnectedSink
    from statuswatch.model.report import Delivery, PageOutcome, RunReport
    from statuswatch.model.state import State
    from statuswatch.pipeline import Run
    from statuswatch.recording.recorder import Recorder

DEFAULT_INTERVAL = 300.0  # seconds from the start of one pass to that of the next
BETWEEN_PASSES = "interrupted between two passes; every finished pass is complete"
HELP_END = help_end(
    ("statuswatch check openai github", "statuswatch check --watch --every 60 --format jsonl"),
    (0, 2, 3, 4, 5, 10, 130),
    code_4="no page answered: nothing was reported or written",
    code_10="there were events (--exit-code)",
)


class PassOptions(NamedTuple):
    """The choices of the command line that every pass needs."""

    pages: tuple[str, ...]
    output: EventFormat
    full: bool
    announce_open: bool
    dry_run: bool
    quiet: bool
    verbose: bool
    recorder: "Recorder"
    jobs: int
    metrics: Path | None = None


def check(
    *,
    pages: PagesArgument = None,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    output: Annotated[
        EventFormat, typer.Option("--format", case_sensitive=False, help="How events are printed.")
    ] = EventFormat.CONSOLE,
    full: Annotated[bool, typer.Option("--full", help="Print all components and all updates in full.")] = False,
    once: Annotated[bool, typer.Option("--once", help="Make one pass and exit: the default.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Make one pass after another until interrupted.")] = False,
    every: Annotated[
        float | None,
        typer.Option("--every", metavar="SECONDS", min=1, help="With --watch: start a pass so often; default 300."),
    ] = None,
    announce_open: Annotated[
        bool, typer.Option("--announce-open", help="At the first read of a page, report open incidents as new.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print events; deliver and write nothing.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 10 if there were events.")] = False,
    jobs: JobsOption = None,
    record: RecordOption = None,
    metrics: Annotated[
        Path | None,
        typer.Option("--metrics", metavar="FILE", help="Write the state of the pages for Prometheus (textfile)."),
    ] = None,
    quiet: QuietOption = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print every page and request on stderr as well.")
    ] = False,
) -> None:
    """Print what changed since the last run."""
    reject_together({"--watch": watch, "--once": once})
    reject_together({"--watch": watch, "--exit-code": exit_code})
    reject_together({"--quiet": quiet, "--verbose": verbose})
    reject_together({"--dry-run": dry_run, "--metrics": metrics is not None})
    if every is not None and not watch:
        raise errors.UsageError("--every needs --watch: add --watch, or leave --every out")
    settings = load_settings(config, state, shard, pages)
    reject_together({"--watch": watch, "a page that is not watched": settings.single_look})
    dry_run |= settings.single_look
    processes = job_count(jobs, len(settings.chosen(pages or ())))
    sinks = () if dry_run else connect_sinks(settings.notify)
    with interruptible(), recording(record) as recorder:
        options = PassOptions(
            tuple(pages or ()), output, full, announce_open, dry_run, quiet, verbose, recorder, processes, metrics
        )
        if watch:
            repeat(settings, sinks, options, every or DEFAULT_INTERVAL)
        report = make_pass(settings, sinks, options)
    if exit_code and report.events:
        raise typer.Exit(errors.EVENTS_FOUND)


def repeat(settings: "Config", sinks: "tuple[ConnectedSink, ...]", options: PassOptions, interval: float) -> NoReturn:
    """Make one pass after another until interrupted; an error of one pass does not end it."""
    while True:
        begin = time.monotonic()
        started_at = datetime.now(UTC)
        if not options.quiet:
            say(f"[{_clock(started_at)}] pass begins")
        try:
            make_pass(settings, sinks, options)
        except (errors.NetworkError, errors.StateError, errors.DeliveryError) as error:
            say(f"error: {error}")
        with interruptible(BETWEEN_PASSES):
            if not options.quiet:
                next_at = max(datetime.now(UTC), started_at + timedelta(seconds=interval))
                say(f"next pass at {_clock(next_at)}; Ctrl-C ends the watch")
            collect_garbage()
            time.sleep(max(0.0, begin + interval - time.monotonic()))


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def collect_garbage() -> None:
    """Free the garbage of a pass: with the thresholds of `main` it would stay for hours.

    It runs on another thread: a Ctrl-C is raised on the main one, where a finalizer would swallow it.
    """
    from threading import Thread

    thread = Thread(target=gc.collect)
    thread.start()
    thread.join()


def make_pass(settings: "Config", sinks: "tuple[ConnectedSink, ...]", options: PassOptions) -> "RunReport":
    """Make one run and print its report. Raises StateError, NetworkError, OutputError and DeliveryError."""
    from statuswatch import pipeline
    from statuswatch.github_actions import is_runner

    count = len(settings.chosen(options.pages))
    with ExitStack() as bar:
        on_page = bar.enter_context(progress(count, shown=not options.quiet))

        def print_report(report: "RunReport") -> None:
            bar.close()  # the terminal belongs to the events from here on
            print_events(report.events, report.detected_at, options.output, full=options.full, muted=report.muted)

        run = run_of(settings, options, on_page)
        deliver = delivery_of(settings, sinks, partial=run.partial, dry_run=options.dry_run)
        report = pipeline.check(run, datetime.now(UTC), print_report, deliver)
    problems = report_to_step(run, report, settings) if is_runner(os.environ) and not options.dry_run else []
    if not options.quiet:
        print_report_notes(report, settings, verbose=options.verbose)
    for problem in problems:
        say(problem)
    raise_for(report, write_metrics(run, report, options.metrics) if options.metrics else "")
    return report


def report_to_step(run: "Run", report: "RunReport", settings: "Config") -> list[str]:
    """Write the summary and the outputs of a step, and its annotations. Return what could not be written."""
    from statuswatch import pipeline
    from statuswatch.github_actions import report_to_runner
    from statuswatch.render import annotation
    from statuswatch.rules.status import status_view

    view = status_view(pipeline.report_statuses(run, report), report.detected_at, mutes=settings.mutes)
    annotate(annotation.of_report(report))
    return report_to_runner(report, os.environ, view)


def run_of(settings: "Config", options: PassOptions, on_page: "Callable[[PageOutcome], None]") -> "Run":
    """Return the run of one pass. A dry run cannot write the state file."""
    import msgspec

    from statuswatch import pipeline
    from statuswatch.state import ReadOnlyState

    run = pipeline.run_of(
        settings,
        options.pages,
        options.recorder,
        jobs=options.jobs,
        announce_open=options.announce_open,
        on_page=on_page,
    )
    return msgspec.structs.replace(run, store=ReadOnlyState(run.store)) if options.dry_run else run


def write_metrics(run: "Run", report: "RunReport", path: Path) -> str:
    """Write the state of the pages, also where none could be read. Return what is wrong where that failed."""
    from statuswatch import pipeline
    from statuswatch.publish import publish_file
    from statuswatch.render.site.metrics import text_of

    try:
        publish_file(path, text_of(pipeline.report_statuses(run, report), report.detected_at).encode())
    except errors.OutputError as error:
        return f"--metrics: {error}"
    return ""


def delivery_of(
    settings: "Config", sinks: "tuple[ConnectedSink, ...]", *, partial: bool, dry_run: bool
) -> "Callable[[RunReport, State], Delivery]":
    """Return how the events of a run are delivered. Without sinks, what sends is imported only for an old outbox."""
    if dry_run and settings.notify:
        from statuswatch.delivery.deliver import rehearse

        return rehearse(settings.notify, os.environ, settings.mutes)
    if sinks:
        from statuswatch.delivery.deliver import deliver_report

        return deliver_report(sinks, partial=partial, mutes=settings.mutes)

    def deliver_nothing(report: "RunReport", before: "State") -> "Delivery":
        from statuswatch.model.report import Delivery

        if not before.outbox or partial or dry_run:
            return Delivery(outbox=before.outbox, dropped=before.dropped)
        from statuswatch.delivery.deliver import deliver_report

        return deliver_report((), partial=False)(report, before)

    return deliver_nothing


def print_report_notes(report: "RunReport", settings: "Config", *, verbose: bool) -> None:
    """Print on stderr what a run came to besides its events."""
    from statuswatch.render import summary

    if verbose or not settings.source:
        source = settings.source or BUILT_IN
        say(f"configuration: {source}; state file: {settings.state}")
    if settings.single_look:
        say("a page is not watched: a single look; nothing is delivered or written")
    lines = summary.failure_lines(report.failed, verbose=verbose)
    for outcome in report.pages:
        lines += summary.page_lines(outcome, verbose=verbose)
    lines += summary.component_lines(report.pages)
    lines += summary.sink_lines(report)
    for line in lines:
        say(line)
    say(f"{summary.closing_line(report)} · {report.seconds:.1f} s")


def raise_for(report: "RunReport", problem: str = "") -> None:
    """Raise NetworkError where no page answered at all, DeliveryError for a `problem` or what a sink did not accept."""
    from statuswatch.render import summary

    if not report.reached_anyone:
        raise errors.NetworkError(
            "no page answered at all; nothing was reported, nothing was written: check your own network"
        )
    rejections = [*summary.delivery_errors(report), *filter(None, [problem])]
    if rejections:
        raise errors.DeliveryError("; ".join(rejections))

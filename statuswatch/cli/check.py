"""`statuswatch check`: read the pages and print what changed since the last run."""

import os
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from statuswatch import errors
from statuswatch.cli.options import (
    BUILT_IN,
    AnnounceOption,
    ConfigOption,
    EventFormat,
    FormatOption,
    FullOption,
    JobsOption,
    MetricsOption,
    PagesArgument,
    QuietOption,
    RecordOption,
    ShardOption,
    StateOption,
    VerboseOption,
    connect_sinks,
    help_end,
    job_count,
    load_settings,
    parse_seconds,
    recording,
    reject_together,
)
from statuswatch.cli.output import annotate, interruptible, print_events, progress, say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from statuswatch.cli.watching import PassPart
    from statuswatch.config.schema import Config
    from statuswatch.delivery.deliver import ConnectedSink
    from statuswatch.model.report import Delivery, PageOutcome, RunReport
    from statuswatch.model.state import State
    from statuswatch.pipeline import Run
    from statuswatch.recording.recorder import Recorder
    from statuswatch.state import KeptState

METRICS_PAUSE = 15.0  # seconds between two writes of --metrics by a watch
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
    jobs: str | None
    metrics: Path | None = None


def check(
    *,
    pages: PagesArgument = None,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    output: FormatOption = EventFormat.CONSOLE,
    full: FullOption = False,
    once: Annotated[bool, typer.Option("--once", help="Make one pass and exit: the default.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Make one pass after another until interrupted.")] = False,
    every: Annotated[
        float | None,
        typer.Option(
            "--every", metavar="SECONDS", min=1, max=86_400, help="With --watch: read each page so often; default 300."
        ),
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="With --watch: end after so long, as in 55m.")
    ] = None,
    announce_open: AnnounceOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print events; deliver and write nothing.")] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 10 if there were events.")] = False,
    jobs: JobsOption = None,
    record: RecordOption = None,
    metrics: MetricsOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Print what changed since the last run."""
    reject_together({"--watch": watch, "--once": once})
    reject_together({"--watch": watch, "--exit-code": exit_code})
    reject_together({"--quiet": quiet, "--verbose": verbose})
    reject_together({"--dry-run": dry_run, "--metrics": metrics is not None})
    seconds = watch_seconds(every, duration, watch=watch)
    settings = load_settings(config, state, shard, pages)
    with interruptible(), recording(record) as recorder:
        options = PassOptions(
            tuple(pages or ()), output, full, announce_open, dry_run, quiet, verbose, recorder, jobs, metrics
        )
        if watch:
            watch_pages(WatchedPasses(lambda: load_settings(config, state, shard, pages), options, every), seconds)
            return
        report = check_once(settings, options)
    if exit_code and report.events:
        raise typer.Exit(errors.EVENTS_FOUND)


def watch_seconds(every: float | None, duration: str | None, *, watch: bool) -> float | None:
    """Return the seconds that `--for` names; None for ever. Raises UsageError for an option that needs --watch."""
    for option, value in {"--every": every, "--for": duration}.items():
        if value is not None and not watch:
            raise errors.UsageError(f"{option} needs --watch: add --watch, or leave {option} out")
    return None if duration is None else parse_seconds(duration, "--for")


def check_once(settings: "Config", options: PassOptions) -> "RunReport":
    """Make one run over all pages, and return its report."""
    options = options._replace(dry_run=options.dry_run or settings.single_look)
    sinks = () if options.dry_run else connect_sinks(settings.notify)
    run, report = make_pass(settings, sinks, options)
    raise_for(report, write_metrics(run, report, options.metrics) if options.metrics else "")
    return report


def watch_pages(passes: "WatchedPasses", seconds: float | None) -> None:
    """Make one pass after another, until a signal or for so many seconds."""
    from statuswatch.cli.watching import Clock, Watch

    Watch(passes, clock=Clock(), seconds=seconds).run()


class WatchedPasses:
    """The passes of a process that stays running. `every` is the interval of pages that have none of their own."""

    def __init__(self, load: "Callable[[], Config]", options: PassOptions, every: float | None = None) -> None:
        self.options, self.quiet, self.keys = options, options.quiet, options.pages
        self._load, self._every = load, every
        self._settings: Config
        self._sinks: tuple[ConnectedSink, ...] = ()
        self._metrics_at = 0.0

    def load(self) -> "Config":
        """Load the configuration and connect the sinks. Raises UsageError; what was loaded before then stays."""
        import msgspec

        settings = self._load()
        reject_together({"--watch": True, "a page that is not watched": settings.single_look})
        if self._every is not None:
            settings = msgspec.structs.replace(settings, every=self._every)
        self._sinks = () if self.options.dry_run else connect_sinks(settings.notify)
        self._settings = settings
        return settings

    def open_store(self) -> "KeptState":
        """Return the state file of the configuration."""
        from statuswatch import pipeline
        from statuswatch.state import KeptState

        return KeptState(pipeline.state_store(self._settings, self._settings.chosen(self.keys)))

    def make(self, part: "PassPart") -> "tuple[RunReport, errors.StatuswatchError | None]":
        """Make a pass; return its report, and the error that it ends with. Raises StateError and OutputError."""
        run, report = make_pass(self._settings, self._sinks, self.options, part)
        try:
            raise_for(report, self._write_metrics(run, report))
        except (errors.NetworkError, errors.DeliveryError) as error:
            return report, error
        return report, None

    def _write_metrics(self, run: "Run", report: "RunReport") -> str:
        """Write the metrics of all pages, not at every pass: that would decode the state of a thousand pages."""
        if self.options.metrics is None or time.monotonic() < self._metrics_at:
            return ""
        self._metrics_at = time.monotonic() + METRICS_PAUSE
        return write_metrics(run, report, self.options.metrics)


def make_pass(
    settings: "Config", sinks: "tuple[ConnectedSink, ...]", options: PassOptions, part: "PassPart | None" = None
) -> "tuple[Run, RunReport]":
    """Make one run and print its report: a whole one, or a part of a watch. Raises StateError and OutputError.

    Return it as a run over all pages, with the report.
    """
    import msgspec

    from statuswatch import pipeline

    pages = settings.chosen(options.pages)
    is_shown = not options.quiet and (part is None or not part.keys)
    with ExitStack() as bar:
        on_page = bar.enter_context(progress(len(pages), shown=is_shown))

        def print_report(report: "RunReport") -> None:
            bar.close()  # the terminal belongs to the events from here on
            if part and report.events and not options.quiet:
                say(f"[{report.detected_at:%Y-%m-%d %H:%M:%S} UTC]")
            print_events(report.events, report.detected_at, options.output, full=options.full, muted=report.muted)

        run = run_of(settings, options, on_page, part)
        whole = msgspec.structs.replace(run, pages=pages)
        deliver = delivery_of(settings, sinks, run, words=options.pages, dry_run=options.dry_run, part=part)
        report = pipeline.check(run, datetime.now(UTC), print_report, deliver)
    if part is None or part.has_news(report) or options.verbose:
        print_outcome(whole, report, settings, options)
    return whole, report


def print_outcome(run: "Run", report: "RunReport", settings: "Config", options: PassOptions) -> None:
    """Print on stderr, and to an Actions runner, what a run came to besides its events."""
    from statuswatch.github_actions import is_runner

    problems = report_to_step(run, report, settings) if is_runner(os.environ) and not options.dry_run else []
    if not options.quiet:
        print_report_notes(report, settings, verbose=options.verbose)
    for problem in problems:
        say(problem)


def report_to_step(run: "Run", report: "RunReport", settings: "Config") -> list[str]:
    """Write the summary and the outputs of a step, and its annotations. Return what could not be written."""
    from statuswatch import pipeline
    from statuswatch.github_actions import report_to_runner
    from statuswatch.render import annotation
    from statuswatch.rules.status import status_view

    view = status_view(pipeline.report_statuses(run, report), report.detected_at, mutes=settings.mutes)
    annotate(annotation.of_report(report))
    return report_to_runner(report, os.environ, view)


def run_of(
    settings: "Config", options: PassOptions, on_page: "Callable[[PageOutcome], None]", part: "PassPart | None" = None
) -> "Run":
    """Return the run of one pass. A dry run cannot write the state file or the archive."""
    import msgspec

    from statuswatch import pipeline

    def on_each(outcome: "PageOutcome") -> None:
        on_page(outcome)
        if part:
            part.on_page(outcome)

    run = pipeline.run_of(
        settings,
        part.keys if part and part.keys else options.pages,
        options.recorder,
        jobs=1 if part and part.keys else job_count(options.jobs, len(settings.chosen(options.pages))),
        announce_open=options.announce_open,
        on_page=on_each,
    )
    if part:
        read = msgspec.structs.replace(run.options, interruption=part.interruption)
        run = msgspec.structs.replace(run, store=part.store, last_reads=part.last_reads, options=read)
    return pipeline.without_writing(run) if options.dry_run else run


def write_metrics(run: "Run", report: "RunReport", path: Path) -> str:
    """Write the state of the pages, also where none could be read. Return what is wrong where that failed."""
    from statuswatch import pipeline
    from statuswatch.publish import publish_file
    from statuswatch.render.site.metrics import text_of

    try:
        content = text_of(pipeline.report_statuses(run, report), report.detected_at).encode()
        publish_file(path, content, mark=b"# HELP statuswatch_")
    except errors.OutputError as error:
        return f"--metrics: {error}"
    return ""


def delivery_of(
    settings: "Config",
    sinks: "tuple[ConnectedSink, ...]",
    run: "Run",
    *,
    words: "Collection[str]" = (),
    dry_run: bool = False,
    part: "PassPart | None" = None,
) -> "Callable[[RunReport, State], Delivery]":
    """Return how the events of a run are delivered. Without sinks, what sends is imported only for an old outbox.

    What is open is sent again for all pages that these words name, also where a part of a watch reads only some.
    """
    if dry_run and settings.notify:
        from statuswatch.delivery.deliver import rehearse

        return rehearse(settings.notify, os.environ, settings.mutes)

    def deliver(report: "RunReport", before: "State") -> "Delivery":
        from statuswatch.model.report import Delivery

        has_work = bool(sinks) or bool(before.outbox and not run.partial and not dry_run)
        if not has_work or (part and not part.delivers and not (report.events or report.filtered)):
            started = before.started if run.partial or settings.notify else {}
            return Delivery(outbox=before.outbox, dropped=before.dropped, started=started)
        from statuswatch.delivery.deliver import deliver_report
        from statuswatch.net.loop import NEVER

        interruption = part.interruption if part else NEVER
        pages = settings.chosen(words)
        send = deliver_report(sinks, partial=run.partial, pages=pages, mutes=settings.mutes, interruption=interruption)
        return send(report, before)

    return deliver


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

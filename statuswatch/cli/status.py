"""`statuswatch status`: print what is open now; a gate for deploys."""

import os
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch import errors
from statuswatch.cli.options import (
    ConfigOption,
    JobsOption,
    PagesArgument,
    QuietOption,
    RecordOption,
    ShardOption,
    StateOption,
    StatusFormat,
    help_end,
    job_count,
    load_settings,
    recording,
    reject_together,
)
from statuswatch.cli.output import annotate, interruptible, name_built_in, print_lines, progress, say, stdout_stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.text import Text

    from statuswatch.config.schema import Config
    from statuswatch.model.incident import Impact
    from statuswatch.model.report import PageOutcome, PageStatus, StatusView
    from statuswatch.recording.recorder import Recorder

    Statuses = tuple[tuple[PageStatus, ...], list[str]]

MAX_NAMED_PAGES = 5
HELP_END = help_end(
    ("statuswatch status --short", "statuswatch status openai --fail-on major --component 'API*'"),
    (0, 2, 3, 4, 5, 10),
    code_4="no page answered; with --fail-on: a page is unknown",
    code_10="--fail-on: such an incident is open",
)


class FailOn(StrEnum):
    """The impacts that can stop a deploy."""

    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


FailOnOption = Annotated[
    FailOn | None,
    typer.Option(
        "--fail-on",
        case_sensitive=False,
        help="Exit with 10 if an incident of that, a higher or an unstated impact is open.",
    ),
]


OfflineOption = Annotated[bool, typer.Option("--offline", help="Read no page: answer from the state file.")]
AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="T", help="What was open at a time, a date, or so long ago; from the archive."),
]


def status(
    *,
    pages: PagesArgument = None,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    output: Annotated[
        StatusFormat, typer.Option("--format", case_sensitive=False, help="How the answer is printed.")
    ] = StatusFormat.CONSOLE,
    short: Annotated[bool, typer.Option("--short", help="Print one line for each affected vendor.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Print all components and every unknown page.")] = False,
    offline: OfflineOption = False,
    at: AtOption = None,
    fail_on: FailOnOption = None,
    component: Annotated[
        list[str] | None,
        typer.Option("--component", metavar="GLOB", help="Only incidents of such a component, or of none stated."),
    ] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Do not exit with 4 because a page could not be read.")
    ] = False,
    jobs: JobsOption = None,
    record: RecordOption = None,
    quiet: QuietOption = False,
) -> None:
    """Print open incidents and maintenance, worst first.

    The filters of the configuration decide what `check` reports; they hide nothing here.
    """
    from statuswatch.rules.status import status_view

    refuse_with({"--at": at is not None}, {"--fail-on": fail_on, "--record": record, "--jobs": jobs})
    refuse_with({"--offline": offline}, {"--record": record, "--jobs": jobs})
    reject_together({"--short": short, "--full": full})
    reject_together({"--short": short, "--format json": output is StatusFormat.JSON})
    globs = component_globs(component)
    is_recalled = offline or at is not None
    settings, keys = load_settings(config, state, shard, pages, or_every_shard=is_recalled), pages or []
    count = job_count(jobs, len(settings.chosen(keys)))
    now = datetime.now(UTC)
    if at is not None:
        print_past(settings, keys, at, globs, output=output, short=short, full=full)
        return
    with interruptible("interrupted"), recording(record) as recorder:
        if offline:
            statuses, notes = recall_statuses(settings, keys)
        else:
            read = partial(read_statuses, globs=globs, jobs=count, shown=not quiet)
            statuses, notes = read(settings, keys, now, recorder)
    refuse_unmatched(statuses, globs)
    view = status_view(with_cautions(statuses), now, globs, settings.mutes)
    source = str(settings.state) if offline else ""
    print_answer(view, now, output, source=source, short=short, full=full)
    if not quiet:
        print_notes(settings, notes)
    annotate_on_runner(view)
    if fail_on:
        stop_if_blocked(view, fail_on, settings.assume_impact, quiet=quiet)
    if not allow_unknown:
        raise_for_unknown(view, fail_on, offline=offline)


def refuse_with(recalled: "Mapping[str, bool]", options: "Mapping[str, object]") -> None:
    """Raise UsageError where an option that reads no page is combined with one of a read or of a deploy."""
    for option, value in options.items():
        reject_together({**recalled, option: value is not None})


def print_past(
    settings: "Config",
    pages: "Sequence[str]",
    at: str,
    globs: tuple[str, ...],
    *,
    output: StatusFormat,
    short: bool,
    full: bool,
) -> None:
    """Print what was open at a past moment. Raises UsageError, StateError and OutputError."""
    from statuswatch.history.moment import statuses_at
    from statuswatch.moments import parse_moment
    from statuswatch.past import past_of
    from statuswatch.rules.status import status_view

    now = datetime.now(UTC)
    moment = parse_moment(at, now, "--at")
    if moment > now:
        raise errors.UsageError("--at is in the future: name a time that is past")
    past = past_of(settings, pages, moment)
    for problem in past.problems:
        say(problem)
    statuses = statuses_at(moment, past.views, past.incidents)
    refuse_unmatched(statuses, globs)
    view = status_view(statuses, moment, globs, is_past=True)
    source = f"{settings.state} and the archive {settings.history}, as of {moment:%Y-%m-%d %H:%M} UTC"
    print_answer(view, moment, output, source=source, short=short, full=full)


def print_answer(
    view: "StatusView", now: datetime, output: StatusFormat, *, source: str, short: bool, full: bool
) -> None:
    """Print the answer. Raises OutputError. `source` is the file that it comes from, where no page was read."""
    if output is StatusFormat.JSON:
        print_document(view, now, offline=bool(source))
    else:
        print_view(view, now, state_file=source, short=short, full=full)


def component_globs(component: list[str] | None) -> tuple[str, ...]:
    """Return the globs. Raises UsageError for an empty one, as of an unset variable: it would match nothing."""
    if not all(component or ()):
        raise errors.UsageError("--component is empty: give a GLOB, such as 'API*'")
    return tuple(component or ())


def with_cautions(statuses: "tuple[PageStatus, ...]") -> "tuple[PageStatus, ...]":
    """Return the statuses, each with what the catalog knows against trusting the page's silence."""
    import msgspec

    from statuswatch.config.resolve import dormant_caution

    return tuple(msgspec.structs.replace(status, caution=dormant_caution(status.page)) for status in statuses)


def annotate_on_runner(view: "StatusView") -> None:
    """Show grave incidents and unknown pages beside the run, on an Actions runner."""
    from statuswatch.github_actions import is_runner

    if is_runner(os.environ):
        from statuswatch.render import annotation

        annotate(annotation.of_status(view))


def print_notes(settings: "Config", notes: "Sequence[str]") -> None:
    """Print on stderr what the answer rests on."""
    name_built_in(settings)
    for note in notes:
        say(note)


def recall_statuses(settings: "Config", pages: "Sequence[str]") -> "Statuses":
    """Return what the state file says is open."""
    from statuswatch import pipeline

    return pipeline.recall_status(pipeline.run_of(settings, pages)), []


def read_statuses(
    settings: "Config",
    pages: "Sequence[str]",
    now: datetime,
    recorder: "Recorder",
    *,
    globs: tuple[str, ...],
    jobs: int,
    shown: bool,
) -> "Statuses":
    """Return what is open on each page, and the notes for a person; `shown`: with a progress bar.

    With `globs` the pages are read in full: what they list must be known.
    """
    from statuswatch import pipeline
    from statuswatch.render.phrases import runner_safe_line

    notes: list[str] = []
    with progress(len(settings.chosen(pages)), shown=shown) as advance:

        def on_page(outcome: "PageOutcome") -> None:
            notes.extend(runner_safe_line(f"{outcome.page.key}: {note}") for note in outcome.notes.found)
            advance(outcome)

        settings = with_globs(settings, globs)
        run = pipeline.run_of(settings, pages, recorder, jobs=jobs, on_page=on_page, conditional=not globs)
        statuses = pipeline.read_status(run, now)
    return statuses, sorted(notes)


def with_globs(settings: "Config", globs: tuple[str, ...]) -> "Config":
    """Return the configuration with the globs as every page's own: a platform then fetches what a page lists."""
    import msgspec

    if not globs:
        return settings
    pages = tuple(msgspec.structs.replace(page, components=globs) for page in settings.pages)
    return msgspec.structs.replace(settings, pages=pages)


def refuse_unmatched(statuses: "Sequence[PageStatus]", globs: tuple[str, ...]) -> None:
    """Raise UsageError for a glob that matches on none of the pages: a typing error must not open a gate."""
    from statuswatch.config.suggest import did_you_mean
    from statuswatch.platforms import REGIONAL
    from statuswatch.render.phrases import some
    from statuswatch.rules.status import unmatched_components

    for glob in unmatched_components(statuses, globs):
        keys = [status.page.key for status in statuses]
        names = {component.name for status in statuses for component in status.components}
        near = ": the vendor lists none, so leave --component out"
        if names:
            near = did_you_mean(glob, sorted(names)) or f": `statuswatch inspect {keys[0]}` lists its components"
        elif any(status.page.platform in REGIONAL for status in statuses):
            near = ": name a region by its code, as in 'us-east-1/*', or what an open incident names"
        raise errors.UsageError(f"--component {glob!r} matches no component ({some(keys, MAX_NAMED_PAGES)}){near}")


def print_document(view: "StatusView", now: datetime, *, offline: bool) -> None:
    """Print the answer as one JSON document. Raises OutputError."""
    from statuswatch.render.status import document

    with stdout_stream("the answer") as stream:
        stream.write(document(view, now, offline=offline) + "\n")


def print_view(view: "StatusView", now: datetime, *, state_file: str, short: bool, full: bool) -> None:
    """Print the answer for people. Raises OutputError. `state_file`: the file that it comes from, if it does."""
    from statuswatch.render import status as rendered

    def lines(width: int | None) -> "list[Text]":
        if short:
            return rendered.render_short(view, width, state_file=state_file)
        return rendered.render(view, now, width, state_file=state_file, full=full)

    with stdout_stream("the answer") as stream:
        print_lines(stream, lines)


def stop_if_blocked(view: "StatusView", fail_on: FailOn, assumed: "Impact", *, quiet: bool) -> None:
    """Exit with 10 where an incident of that impact or a higher one is open; an unstated impact counts as `assumed`."""
    from statuswatch.model.incident import Impact
    from statuswatch.render.phrases import counted

    blocking = view.blocking(Impact(fail_on), assumed)
    if not blocking:
        return
    if not quiet:
        say(f"--fail-on {fail_on}: {counted(len(blocking), 'incident')} of that, a higher or an unstated impact open")
    raise typer.Exit(errors.EVENTS_FOUND)


def raise_for_unknown(view: "StatusView", fail_on: FailOn | None, *, offline: bool) -> None:
    """Raise NetworkError where no page answered at all; with `fail_on`, PageUnavailableError for any unknown page."""
    from statuswatch.render.phrases import some

    if not (offline or view.reached_anyone):
        raise errors.NetworkError("no page answered at all: check your own network")
    if fail_on and view.unknown:
        keys = some((status.page.key for status in view.unknown), MAX_NAMED_PAGES)
        raise errors.PageUnavailableError(
            f"--fail-on {fail_on}: the state of {keys} is unknown: try again, or pass --allow-unknown"
        )

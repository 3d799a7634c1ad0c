"""`statuswatch replay`: run a recording through the same pipeline."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch.cli.options import EventFormat, QuietOption, help_end
from statuswatch.cli.output import interruptible, print_events, say

if TYPE_CHECKING:
    from statuswatch.config.schema import Config
    from statuswatch.model.report import RunReport

HELP_END = help_end(
    ("statuswatch replay recording.jsonl", "statuswatch replay recording.jsonl.gz --format jsonl"),
    (0, 2, 5, 130),
    code_2="the recording cannot be read",
    code_5="the output could not be printed",
)


def replay(
    *,
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="A recording made with --record; .gz is read too.")],
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Configuration with the filters and mutes to use.")
    ] = None,
    output: Annotated[EventFormat, typer.Option("--format", help="How events are printed.")] = EventFormat.CONSOLE,
    announce_open: Annotated[
        bool, typer.Option("--announce-open", help="At the first read of a page, report open incidents as new.")
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Print the events of recorded runs, without network.

    The state file is in memory, and each run has the clock that it had. No configuration is used but that of --config.
    """
    import msgspec

    from statuswatch.render.summary import closing_line
    from statuswatch.replay import replay as run

    def print_report(report: "RunReport") -> None:
        print_events(report.events, report.detected_at, output, muted=report.muted)

    def print_end(report: "RunReport") -> None:
        if not quiet:
            report = msgspec.structs.replace(report, changed=False)  # its state is in memory: no file is written
            say(f"[{report.detected_at:%Y-%m-%d %H:%M:%S} UTC] {closing_line(report)}")

    with interruptible("interrupted"):
        run(recording, settings_of(config), print_report, on_run=print_end, announce_open=announce_open)


def settings_of(config: Path | None) -> "Config | None":
    """Return the named configuration, if any. Raises UsageError."""
    if config is None:
        return None
    from statuswatch.config.load import load_config, working_folder

    return load_config(config, os.environ, working_folder())

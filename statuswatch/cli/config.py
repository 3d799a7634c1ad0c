"""`statuswatch config`: check the configuration, and print its JSON Schema."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch.cli.options import ConfigOption, StateOption, connect_sinks, help_end, load_settings
from statuswatch.cli.output import stdout_stream

if TYPE_CHECKING:
    from pathlib import Path

    from statuswatch.config.schema import Config

_CHECK = "statuswatch config check"
_SCHEMA = "statuswatch config schema > statuswatch.schema.json"
_CODES = {
    "code_0": "no mistake; there may be warnings",
    "code_2": "usage, or mistakes in the configuration: all of them are listed",
}
HELP_END = help_end((_CHECK, _SCHEMA), (0, 2, 3), **_CODES)
CHECK_HELP_END = help_end((_CHECK, f"{_CHECK} --config pyproject.toml"), (0, 2, 3), **_CODES)
SCHEMA_HELP_END = help_end(
    (_SCHEMA, "statuswatch config schema --event > event.schema.json"),
    (0, 2, 5),
    code_2="usage",
    code_5="the output could not be printed",
)


def config() -> None:
    """Check the configuration, or print its schema."""


def config_check(*, config: ConfigOption = None, state: StateOption = None) -> None:
    """List all mistakes of the configuration, and what it lacks. No page is read, nothing is sent."""
    from statuswatch.cli.options import BUILT_IN
    from statuswatch.render.phrases import counted, runner_safe_line

    settings = load_settings(config, state, None, None)
    lacking = warnings(settings)
    counts = [counted(len(settings.pages), "page"), counted(len(settings.notify), "sink")]
    if settings.mutes:
        counts.append(counted(len(settings.mutes), "mute"))
    facts = f"{' · '.join(counts)} · no mistake · {counted(len(lacking), 'warning')}"
    with stdout_stream("the answer") as stream:
        stream.write(runner_safe_line(f"{settings.source or BUILT_IN}: {facts}") + "\n")
        stream.writelines(runner_safe_line(f"warning: {warning}") + "\n" for warning in lacking)


def warnings(settings: "Config") -> list[str]:
    """Return what the sinks and pages lack. Raises UsageError with every option of a sink that cannot be right."""
    from statuswatch import pipeline
    from statuswatch.config.review import review

    sinks = connect_sinks(settings.notify)
    broken = [f"{sink.config.where}: {sink.broken}" for sink in sinks if sink.broken]
    remembered = pipeline.recall_status(pipeline.run_of(settings)) if settings.state.exists() else ()
    listed = {status.page.key: status.components for status in remembered}
    return [*_missing_folder(settings.state), *broken, *review(settings, listed, os.environ, datetime.now(UTC))]


def _missing_folder(state: "Path") -> list[str]:
    return [] if state.parent.is_dir() else [f"state: there is no folder {state.parent}: make it, for no run does"]


def config_schema(
    *, event: Annotated[bool, typer.Option("--event", help="Print the schema of an event's JSON line.")] = False
) -> None:
    """Print the JSON Schema of the configuration, for editors and validators."""
    import json

    from statuswatch.config import json_schema

    schema = json_schema.event_schema() if event else json_schema.config_schema()
    with stdout_stream("the schema") as stream:
        stream.write(json.dumps(schema, indent=2) + "\n")

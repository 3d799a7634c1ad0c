"""`statuswatch notify`: the sinks that the configuration names."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch.cli.completion import sink_names
from statuswatch.cli.options import ConfigOption, connect_sinks, help_end
from statuswatch.cli.output import interruptible, stdout_stream
from statuswatch.errors import OutputError, UsageError

if TYPE_CHECKING:
    from statuswatch.config.schema import Config, SinkConfig
    from statuswatch.model.report import SinkOutcome

HELP_END = help_end(
    ("statuswatch notify test", "statuswatch notify test oncall"),
    (0, 2, 5),
    code_2="usage or configuration",
    code_5="a sink did not accept its example",
)


def notify() -> None:
    """Test the sinks of the configuration."""


def notify_test(
    *,
    sink: Annotated[
        str | None, typer.Argument(metavar="[SINK]", help="Name of the only sink to test.", autocompletion=sink_names)
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Send an example to each sink, and print the responses."""
    from statuswatch.config.load import load_config, working_folder
    from statuswatch.delivery.deliver import send_examples

    sinks = chosen_sinks(load_config(config, os.environ, working_folder()), sink)
    with interruptible("interrupted"):
        outcomes = send_examples(connect_sinks(sinks), datetime.now(UTC))
    with stdout_stream() as stream:
        stream.writelines(f"{_line(outcome)}\n" for outcome in outcomes)
    rejected = [outcome.name for outcome in outcomes if outcome.waiting or outcome.lost]
    if rejected:
        raise OutputError(f"the example was not accepted by {', '.join(rejected)}: the reason is printed above")


def chosen_sinks(settings: "Config", name: str | None) -> "tuple[SinkConfig, ...]":
    """Return the sink of that name, or all. Raises UsageError where there is none."""
    from statuswatch.config.suggest import did_you_mean

    chosen = tuple(sink for sink in settings.notify if name is None or sink.name.casefold() == name.casefold())
    if chosen:
        return chosen
    source = settings.source or "the built-in default"
    names = [sink.name for sink in settings.notify]
    if name and names:
        raise UsageError(f"no sink is called {name!r} ({source}){did_you_mean(name, names)}")
    raise UsageError(f"no sink is configured ({source}): add a [[notify]] table")


def _line(outcome: "SinkOutcome") -> str:
    from statuswatch.render.phrases import runner_safe_line

    return runner_safe_line(f"{outcome.name}: {'; '.join(outcome.remarks) or 'accepted'}")

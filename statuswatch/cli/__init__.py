"""The commands, one file each. Errors become exit codes here and nowhere else.

A command imports what is heavy when it runs: `--help` and a wrong option answer at once.
"""

import gc
import sys
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

import typer

from statuswatch import __version__, errors
from statuswatch.cli import (
    check,
    config,
    demo,
    history,
    ingest,
    init,
    inspect,
    mcp,
    merge,
    notify,
    pages,
    replay,
    report,
    serve,
    status,
    why,
)
from statuswatch.cli.options import EXIT_CODES, help_end
from statuswatch.cli.output import prepare_streams, say, stdout_stream
from statuswatch.errors import StatuswatchError

app = typer.Typer(
    name="statuswatch",
    help="Read vendors' status pages in one short run and report what changed since the last one.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
HELP_END = help_end(("statuswatch demo", "statuswatch check openai github"), tuple(EXIT_CODES))
# What Typer raises for a wrong command line; it exports one of the classes below it.
WRONG_COMMAND_LINE: "type[Exception]" = typer.BadParameter.__mro__[1]
notify_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
config_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

# The order of the help.
app.command(epilog=init.HELP_END)(init.init)
app.command(epilog=check.HELP_END)(check.check)
app.command(epilog=status.HELP_END)(status.status)
app.command(epilog=why.HELP_END)(why.why)
app.command(epilog=history.HELP_END)(history.history)
app.command(epilog=ingest.HELP_END)(ingest.ingest)
app.command(epilog=serve.HELP_END)(serve.serve)
app.command(epilog=pages.HELP_END)(pages.pages)
app.command(epilog=inspect.HELP_END)(inspect.inspect)
app.add_typer(notify_app, name="notify")
notify_app.callback(epilog=notify.HELP_END)(notify.notify)
notify_app.command("test", epilog=notify.HELP_END)(notify.notify_test)
app.command(epilog=report.HELP_END)(report.report)
app.add_typer(config_app, name="config")
config_app.callback(epilog=config.HELP_END)(config.config)
config_app.command("check", epilog=config.CHECK_HELP_END)(config.config_check)
config_app.command("schema", epilog=config.SCHEMA_HELP_END)(config.config_schema)
app.command(epilog=mcp.HELP_END)(mcp.mcp)
app.command(epilog=demo.HELP_END)(demo.demo)
app.command(epilog=replay.HELP_END)(replay.replay)
app.command(epilog=merge.HELP_END)(merge.merge)


@cache
def command_line() -> Callable[..., Any]:
    """Build the commands: by their signatures, which takes milliseconds."""
    return typer.main.get_command(app)


def main() -> None:
    """Run the command line."""
    gc.enable()
    # A run makes many objects and ends soon: the usual thresholds cost a tenth of its CPU time.
    gc.set_threshold(20_000, 50, 50)
    prepare_streams()
    try:
        # The name is that of `python -m statuswatch`, too: completion asks by it.
        sys.exit(command_line()(prog_name="statuswatch", standalone_mode=False))
    except StatuswatchError as error:
        for line in str(error).splitlines():  # one for each mistake of a configuration
            say(f"error: {line}")
        sys.exit(error.exit_code)
    except WRONG_COMMAND_LINE as error:
        _explain(error)
        sys.exit(errors.UsageError.exit_code)
    except typer.Abort:  # Ctrl-C or the end of the input, in place of an answer
        say("interrupted; nothing was written")
        sys.exit(errors.INTERRUPTED)
    finally:
        gc.freeze()  # the process ends: nothing is worth a last search for garbage


def _explain(error: Any) -> None:
    """Print what is wrong with the command line in the style of all errors; where no command was given, the help."""
    from statuswatch import text

    problem = error.format_message()
    if problem.startswith("Usage:"):
        error.show()
        return
    command = error.ctx.command_path if error.ctx else "statuswatch"
    problem, _, near = problem.partition(". Did you mean ")
    if getattr(error, "possibilities", ()):
        problem, near = error.message, error.possibilities[0]
    problem = text.line(problem[:1].lower() + problem[1:]).removesuffix(".")
    near = near.removesuffix("?")
    say(f"error: {problem} ({command}): " + (f"did you mean {near}?" if near else f"see `{command} --help`"))


@app.callback(invoke_without_command=True, epilog=HELP_END)
def _root(*, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        with stdout_stream() as stream:
            stream.write(f"{__version__}\n")
        raise typer.Exit

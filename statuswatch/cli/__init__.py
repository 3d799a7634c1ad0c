"""The commands, one file each. Errors become exit codes here and nowhere else.

A command imports what is heavy when it runs: `--help` and a wrong option answer at once.
"""

import gc
import sys
from typing import Annotated

import typer

from statuswatch import __version__
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
config_app.command("check", epilog=config.HELP_END)(config.config_check)
config_app.command("schema", epilog=config.HELP_END)(config.config_schema)
app.command(epilog=mcp.HELP_END)(mcp.mcp)
app.command(epilog=demo.HELP_END)(demo.demo)
app.command(epilog=replay.HELP_END)(replay.replay)
app.command(epilog=merge.HELP_END)(merge.merge)


def main() -> None:
    """Run the command line."""
    gc.enable()
    # A run makes many objects and ends soon: the usual thresholds cost a tenth of its CPU time.
    gc.set_threshold(20_000, 50, 50)
    prepare_streams()
    try:
        app(prog_name="statuswatch")  # also for `python -m statuswatch`: completion asks by this name
    except StatuswatchError as error:
        for line in str(error).splitlines():  # one for each mistake of a configuration
            say(f"error: {line}")
        sys.exit(error.exit_code)
    finally:
        gc.freeze()  # the process ends: nothing is worth a last search for garbage


@app.callback(invoke_without_command=True, epilog=HELP_END)
def _root(*, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        with stdout_stream() as stream:
            stream.write(f"{__version__}\n")
        raise typer.Exit

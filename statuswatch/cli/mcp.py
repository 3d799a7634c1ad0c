"""`statuswatch mcp`: answer an agent over the Model Context Protocol."""

import os
import signal
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from statuswatch.cli.options import ConfigOption, ShardOption, StateOption, help_end, load_settings
from statuswatch.cli.output import say
from statuswatch.errors import INTERRUPTED

if TYPE_CHECKING:
    from statuswatch.config.schema import Config

DEADLINE = 30.0  # seconds for the pages of one call; clients give up after about a minute
SPARE = 5.0  # seconds beyond it, for the archive and for what is not read over the network
HELP_END = help_end(
    ("statuswatch mcp", "statuswatch mcp --config statuswatch.toml --deadline 20"),
    (0, 2, 130),
    code_0="stdin has ended",
)


def mcp(
    *,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    deadline: Annotated[
        float,
        typer.Option(
            "--deadline",
            metavar="SECONDS",
            min=1,
            max=600,
            show_default=False,
            help="Time for the pages of one call; default 30.",
        ),
    ] = DEADLINE,
) -> None:
    """Answer an agent on stdin and stdout (Model Context Protocol).

    Read-only tools: status, why, history, find_page, read_page. Private pages are left out unless they are public.
    """
    import asyncio

    from statuswatch.mcp.server import make_server, serve_stdio
    from statuswatch.mcp.tools import Desk

    def load() -> "Config":
        return load_settings(config, state, shard, None, or_every_shard=True)

    load()  # a mistake ends the command now, and not each call
    server = make_server(Desk(load, deadline), deadline + SPARE)
    # A thread of the SDK waits for stdin, which no cancellation reaches. There is nothing to save.
    signal.signal(signal.SIGINT, lambda *_: end_at_once())
    asyncio.run(serve_stdio(server))


def end_at_once() -> NoReturn:
    """End the process on Ctrl-C."""
    say("interrupted")
    os._exit(INTERRUPTED)

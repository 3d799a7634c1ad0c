"""`statuswatch serve`: `check --watch`, with a doorbell for vendors' webhooks, health, metrics and the board."""

import os
import time
from datetime import UTC, datetime
from threading import Event as Flag
from threading import Lock, Thread
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch import errors
from statuswatch.cli.check import PassOptions, WatchedPasses
from statuswatch.cli.options import (
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
    help_end,
    load_settings,
    parse_seconds,
    recording,
    reject_together,
)
from statuswatch.cli.output import interruptible, say
from statuswatch.cli.watching import Clock, Observer, Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.applications import Starlette

    from statuswatch.config.schema import Config
    from statuswatch.mcp.http import Agents
    from statuswatch.model.report import RunReport
    from statuswatch.model.state import State
    from statuswatch.serve.inbox import Inbox
    from statuswatch.serve.site import Site

MIN_SITE_PAUSE = 2.0  # seconds between two renderings of the board
MAX_SITE_AGE = 300.0  # seconds after which it is rendered again, so that "as of" does not go stale
BUSY_SHARE = 10  # a rendering may take a tenth of the time
LISTEN = "127.0.0.1:8080"
HELP_END = help_end(
    ("statuswatch serve", "statuswatch serve --listen unix:/run/statuswatch.sock --trust-proxy --root-path /status"),
    (0, 2, 3, 4, 5, 130),
)


def serve(
    *,
    pages: PagesArgument = None,
    listen: Annotated[str, typer.Option("--listen", metavar="ADDRESS", help="HOST:PORT or unix:PATH.")] = LISTEN,
    root_path: Annotated[
        str, typer.Option("--root-path", metavar="PATH", help="Path under which a proxy shows it, such as /status.")
    ] = "",
    trust_proxy: Annotated[
        bool, typer.Option("--trust-proxy", help="Believe X-Forwarded-For and X-Forwarded-Proto.")
    ] = False,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    output: FormatOption = EventFormat.CONSOLE,
    full: FullOption = False,
    every: Annotated[
        float | None,
        typer.Option("--every", metavar="SECONDS", min=1, max=86_400, help="Read each page so often; default 300."),
    ] = None,
    duration: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="End after so long, as in 55m.")
    ] = None,
    announce_open: AnnounceOption = False,
    jobs: JobsOption = None,
    record: RecordOption = None,
    metrics: MetricsOption = None,
    mcp: Annotated[bool, typer.Option("--mcp", help="Answer agents at /mcp; needs the extra mcp as well.")] = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Keep watching, with a doorbell and the board on HTTP."""
    reject_together({"--quiet": quiet, "--verbose": verbose})
    seconds = None if duration is None else parse_seconds(duration, "--for")
    require_extra()
    from statuswatch.serve.server import Server, place_of
    from statuswatch.serve.server import listen as open_listener

    host = Host(quiet=quiet, mcp=mcp)
    with interruptible(), recording(record) as recorder:
        options = PassOptions(
            tuple(pages or ()), output, full, announce_open, dry_run=False, quiet=quiet, verbose=verbose,
            recorder=recorder, jobs=jobs, metrics=metrics,
        )  # fmt: skip
        passes = WatchedPasses(lambda: load_settings(config, state, shard, pages), options, every)
        watch = Watch(passes, clock=Clock(), seconds=seconds, observer=host)
        listener = open_listener(listen, dict(os.environ))
        server = Server(host.open(watch), listener, root_path=root_path.rstrip("/"), trust_proxy=trust_proxy)
        server.start()
        if not quiet:
            say(f"listening on {place_of(listener)}; {host.doorbell_words()}")
        try:
            watch.run()
        finally:
            server.stop()
            host.close()


def require_extra() -> None:
    """Raise UsageError where the extra is not installed."""
    from importlib.util import find_spec

    missing = [name for name in ("starlette", "uvicorn", "httptools", "prometheus_client") if find_spec(name) is None]
    if missing:
        raise errors.UsageError(
            f"serve needs its extra ({', '.join(missing)} not installed): pip install 'statuswatch[serve]'"
        )


class Host(Observer):
    """What stands between the watch and the HTTP side. The watch is on the main thread, the HTTP side on another."""

    def __init__(self, *, quiet: bool, mcp: bool = False) -> None:
        from statuswatch.serve.figures import Figures
        from statuswatch.serve.site import Site

        self.quiet = quiet
        self._agents = self._open_agents() if mcp else None
        self.site: Site = Site()
        self.figures: Figures = Figures()
        self._settings: Config
        self._watch: Watch
        self._inbox: Inbox
        self._keys: frozenset[str] = frozenset()
        self._secrets: Mapping[str, str] = {}
        self._token = ""
        self._press = Press(self.site)

    def open(self, watch: Watch) -> "Starlette":
        """Return the application of a watch, and take over the rings of the process before."""
        from statuswatch.serve.app import Doors, build_app
        from statuswatch.serve.inbox import Inbox

        self._watch = watch
        self._take_settings(watch.settings)
        path = watch.settings.state
        self._inbox = Inbox(path.with_name(f"{path.name}.inbox"), watch.ring)
        left = self._inbox.take_over()
        if left and not self.quiet:
            say(f"{len(left)} rings of the last process are answered first")
        self._press.start()
        doors = Doors(
            token=lambda: self._token,
            keys=lambda: self._keys,
            secrets=lambda: self._secrets,
            ring=self._inbox.add,
            log=self._log,
            problems=self._problems,
            lag=lambda: watch.schedule.lag(time.time()),
        )
        return build_app(doors, self.site, self.figures, self._agents)

    def _open_agents(self) -> "Agents":
        """Return what answers agents, by the configuration of the moment. Raises UsageError without the extra."""
        from statuswatch.mcp.server import require_extra

        require_extra()
        from statuswatch.mcp.http import Agents

        return Agents(lambda: self._settings)

    def doorbell_words(self) -> str:
        """Return whether there is a doorbell, in a few words."""
        if self._token:
            return "the doorbell is /hooks/<page key>/<token>"
        variable = self._watch.settings.token_env
        if variable:
            return f"no doorbell: ${variable}, which [serve] token_env names, is not set"
        return "no doorbell: [serve] token_env is not set"

    def begun(self, settings: "Config") -> None:
        """Take over the configuration."""
        self._take_settings(settings)

    def passed(self, report: "RunReport", settings: "Config") -> None:
        """Count, and render the board anew if anything changed."""
        self.figures.take(report)
        if report.reached_anyone:
            self._press.offer(settings, report.state, is_changed=bool(report.events) or report.dirty)

    def finished_ring(self, key: str) -> None:
        """Forget a ring, unless there is another one that the watch did not take yet."""
        self._inbox.remove(key, unless=self._watch.rings.holds)

    def close(self) -> None:
        """End the rendering, and close the inbox."""
        self._press.stop()
        self._inbox.close()

    def _take_settings(self, settings: "Config") -> None:
        self._keys = frozenset(page.key for page in settings.chosen())
        self._token = os.environ.get(settings.token_env, "").strip() if settings.token_env else ""
        self._secrets = {key: os.environ.get(name, "") for key, name in settings.hook_secrets.items()}
        self._settings = settings

    def _log(self, line: str) -> None:
        if not self.quiet:
            say(line)

    def _problems(self) -> list[str]:
        from statuswatch.render.phrases import counted, some

        schedule, problems = self._watch.schedule, []
        if untried := schedule.untried:
            problems.append(f"{counted(len(untried), 'page')} not tried yet: {some(untried, 5)}")
        elif late := schedule.late(time.time()):
            problems.append(f"{counted(len(late), 'page')} late: {some(late, 5)}")
        if not self._watch.is_saved:
            problems.append("the state file cannot be used")
        if self._token and not self._inbox.is_writable:
            problems.append("the inbox cannot be written")
        return problems


class Press(Thread):
    """Renders the board on a thread of its own, at most for a tenth of the time."""

    def __init__(self, site: "Site") -> None:
        super().__init__(daemon=True)
        self._site = site
        self._lock, self._flag, self._over = Lock(), Flag(), Flag()
        self._offer: tuple[Config, State] | None = None
        self._rendered_at = float("-inf")

    def offer(self, settings: "Config", state: "State", *, is_changed: bool) -> None:
        """Render this state soon, if it changed or the board grew old."""
        if is_changed or time.monotonic() - self._rendered_at > MAX_SITE_AGE:
            with self._lock:
                self._offer = settings, state
            self._flag.set()

    def stop(self) -> None:
        """End after the rendering that is in work."""
        self._over.set()
        self._flag.set()
        if self.is_alive():
            self.join(1)

    def run(self) -> None:
        """Render what is offered, the newest only."""
        while not self._over.is_set():
            self._flag.wait()
            self._flag.clear()
            with self._lock:
                offer, self._offer = self._offer, None
            if offer and not self._over.is_set():
                began_at = time.monotonic()
                self._rendered_at = began_at
                self._site.replace(render(*offer))
                self._over.wait(max(MIN_SITE_PAUSE, BUSY_SHARE * (time.monotonic() - began_at)))


def render(settings: "Config", state: "State") -> "dict[str, bytes]":
    """Return the files of the board, from what is remembered. Private pages are left out."""
    import msgspec

    from statuswatch import pipeline
    from statuswatch.cli.report import DEFAULT_DAYS, board_of, pages_to_show
    from statuswatch.render.site import render_site
    from statuswatch.state import MemoryState

    try:
        pages = pages_to_show(settings)
        run = msgspec.structs.replace(
            pipeline.run_of(settings), pages=pages, store=MemoryState(state, str(settings.state))
        )
        views = pipeline.recall_views(run)
        board = board_of(settings, views, datetime.now(UTC).replace(microsecond=0), days=DEFAULT_DAYS, address="")
    except errors.StatuswatchError as error:
        say(f"error: the board: {error}")
        return {}
    return render_site(board)

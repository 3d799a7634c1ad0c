"""`statuswatch report`: write the board, a static site."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch import errors
from statuswatch.cli.options import ConfigOption, QuietOption, ShardOption, StateOption, help_end, load_settings
from statuswatch.cli.output import interruptible, name_built_in, progress, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statuswatch.config.schema import Config
    from statuswatch.model.board import Board
    from statuswatch.model.page import Page
    from statuswatch.model.report import PageView

DEFAULT_DAYS = 90
MAX_DAYS = 366
HELP_END = help_end(
    ("statuswatch report --out site", "statuswatch report --out site --base-url https://status.acme.example --days 30"),
    (0, 2, 3, 4, 5),
    code_4="no page answered: the old site stands",
    code_5="the site could not be written: the old one stands",
)


def report(
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the site. It is made if need be.")],
    base_url: Annotated[
        str, typer.Option("--base-url", metavar="URL", help="Address of the site, for absolute links in its feeds.")
    ] = "",
    days: Annotated[
        int, typer.Option("--days", metavar="DAYS", min=1, max=MAX_DAYS, help="How far back the site goes.")
    ] = DEFAULT_DAYS,
    config: ConfigOption = None,
    state: StateOption = None,
    shard: ShardOption = None,
    quiet: QuietOption = False,
) -> None:
    """Write the board, a static site, and its feeds.

    It reads every page once, in full, and writes nothing but the site. Private pages are left out.
    """
    from statuswatch.publish import publish_site
    from statuswatch.render.site import render_site

    address = checked_address(base_url)
    settings = load_settings(config, state, shard, None, or_every_shard=True)
    pages = pages_to_show(settings)
    now = datetime.now(UTC).replace(microsecond=0)
    with interruptible("interrupted; the old site stands"):
        board = board_of(settings, read_views(settings, pages, now, shown=not quiet), now, days=days, address=address)
        files = render_site(board)
        publish_site(out, files)
    if not quiet:
        name_built_in(settings)
        print_summary(board, files, out, hidden=len(settings.chosen()) - len(pages))


def checked_address(base_url: str) -> str:
    """Return the address of the site. Raises UsageError for what is none."""
    from statuswatch.config.checks import Place, check_url

    return check_url(base_url, Place("--base-url")) if base_url else ""


def pages_to_show(settings: "Config") -> "tuple[Page, ...]":
    """Return the pages that anybody may see. Raises UsageError where there is none."""
    from statuswatch.history.board import shown_pages

    pages = shown_pages(settings.chosen(), settings.headers, settings.public)
    if not pages:
        where = settings.source or "the built-in default"
        raise errors.UsageError(f"every page is private ({where}): set public = true for those that anybody may see")
    return pages


def read_views(settings: "Config", pages: "Sequence[Page]", now: datetime, *, shown: bool) -> "tuple[PageView, ...]":
    """Read the pages. Raises StateError, and NetworkError where none answered; `shown`: with a progress bar."""
    from statuswatch import pipeline
    from statuswatch.model.page import any_page_answered

    with progress(len(pages), shown=shown) as advance:
        run = pipeline.run_of(settings, [page.key for page in pages], on_page=advance)
        views = pipeline.read_views(run, now)
    if not any_page_answered(view.status.failure for view in views):
        raise errors.NetworkError("no page answered at all; the old site stands: check your own network")
    return views


def board_of(settings: "Config", views: "Sequence[PageView]", now: datetime, *, days: int, address: str) -> "Board":
    """Return the board: of what was read just now, and of what is known of the past."""
    from statuswatch.history.archive import read_archive
    from statuswatch.history.board import compose_board, pasts_of, window_of
    from statuswatch.history.fold import known_incidents
    from statuswatch.model.history import ArchiveReading

    archive = ArchiveReading()
    if settings.history:
        opened = [(view.status.page.key, incident) for view in views for incident in view.status.open]
        archive = read_archive(settings.history, since=window_of(now, days).begin, incidents=opened)
    for problem in archive.problems:
        say(problem)
    pasts = pasts_of(views, known_incidents(archive, views), now)
    statuses = [view.status for view in views]
    return compose_board(statuses, pasts, now, days=days, base_url=address, mutes=settings.mutes)


def print_summary(board: "Board", files: "dict[str, bytes]", out: Path, *, hidden: int) -> None:
    """Print on stderr what was written."""
    from statuswatch import text
    from statuswatch.render.phrases import counted, size
    from statuswatch.render.site.index import counts

    if hidden:
        say(f"{counted(hidden, 'private page')} left out: public = true shows one")
    total = size(sum(map(len, files.values())))
    say(f"{text.line(str(out))}: {counted(len(files), 'file')}, {total} · {counts(board)}")

"""`statuswatch pages`: search the catalog, or list and verify what is watched."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch import errors
from statuswatch.cli.completion import all_pages
from statuswatch.cli.options import ConfigOption, QuietOption, TableFormat, help_end
from statuswatch.cli.output import interruptible, print_table, progress, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statuswatch.config.schema import Config
    from statuswatch.model.page import Page

HELP_END = help_end(
    ("statuswatch pages cloud storage", "statuswatch pages --configured --verify"),
    (0, 2, 4, 5),
    code_4="--verify: no page answered",
    code_5="the output could not be printed",
)


def pages(
    *,
    query: Annotated[
        list[str] | None, typer.Argument(metavar="[QUERY]...", help="Words to search for.", autocompletion=all_pages)
    ] = None,
    configured: Annotated[
        bool, typer.Option("--configured", help="List the pages of the configuration instead of the catalog.")
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read each page, a few at a time, and print those that cannot be read.")
    ] = False,
    config: ConfigOption = None,
    output: Annotated[
        TableFormat, typer.Option("--format", case_sensitive=False, help="How the table is printed.")
    ] = TableFormat.CONSOLE,
    quiet: QuietOption = False,
) -> None:
    """Search the catalog, or list and verify watched pages.

    The words are searched in keys, names, platforms, categories and addresses.
    """
    from statuswatch.catalog import catalog
    from statuswatch.catalog.search import search_catalog
    from statuswatch.config.load import load_config
    from statuswatch.config.resolve import caution
    from statuswatch.render import listing

    settings = load_config(config, os.environ, Path.cwd())
    candidates = settings.pages if configured else tuple(catalog().values())
    chosen = search_catalog(candidates, query or ())
    if not chosen:
        _report_no_match(" ".join(query or ()), candidates if configured else None)
    if verify:
        verify_pages(chosen, settings, output, quiet=quiet)
        return
    listed = [(page, catalog().row(page), caution(page)) for page in chosen]
    cells = [listing.cells(*entry) for entry in listed]
    print_table(listing.HEAD, cells, [listing.fields(*entry) for entry in listed], output)


def _report_no_match(words: str, pages: "Sequence[Page] | None") -> None:
    """Say on stderr that nothing matches, with what is near: among these pages, or else in the catalog."""
    from statuswatch.config.select import near_pages
    from statuswatch.config.suggest import did_you_mean

    names = [name for page in pages or () for name in (page.key, page.name)]
    say(f"no page matches {words!r}{did_you_mean(words, names) if pages is not None else near_pages(words)}")


def verify_pages(chosen: "Sequence[Page]", settings: "Config", output: TableFormat, *, quiet: bool) -> None:
    """Read the pages and print those that cannot be read. Raises NetworkError where no page answered at all."""
    from statuswatch.catalog import catalog
    from statuswatch.model.page import any_page_answered
    from statuswatch.reading.private import with_headers
    from statuswatch.reading.probe import verify
    from statuswatch.render import listing
    from statuswatch.render.phrases import counted

    with interruptible("interrupted"), progress(len(chosen), shown=not quiet) as on_page:
        outcomes = verify(
            chosen, datetime.now(UTC), on_page, lambda connect: with_headers(connect, settings, os.environ)
        )
    if not any_page_answered(outcome.failure for outcome in outcomes):
        raise errors.NetworkError("no page answered at all: check your own network")
    rows = catalog().rows
    failures = [listing.failure(outcome, rows.get(outcome.page.key)) for outcome in outcomes if outcome.failure]
    fields: list[dict[str, object]] = [{"key": key, "reason": reason, "row": row} for key, reason, row in failures]
    print_table(listing.FAILURE_HEAD, failures, fields, output)
    if not quiet:
        say(f"{len(outcomes) - len(failures)} of {counted(len(outcomes), 'page')} read")

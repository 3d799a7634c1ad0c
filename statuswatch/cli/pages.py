"""`statuswatch pages`: search the catalog, or list and verify what is watched."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch import errors
from statuswatch.cli.completion import all_pages
from statuswatch.cli.options import ConfigOption, QuietOption, TableFormat, help_end, reject_together
from statuswatch.cli.output import interruptible, name_built_in, print_table, progress, say, stdout_stream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from statuswatch.catalog import Row
    from statuswatch.config.schema import Config
    from statuswatch.model.page import Page
    from statuswatch.model.report import PageOutcome

HELP_END = help_end(
    ("statuswatch pages cloud storage", "statuswatch pages --verify --fix > catalog.patch"),
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
    fix: Annotated[
        bool, typer.Option("--fix", help="With --verify: print a patch of the catalog in place of the table.")
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
    from statuswatch.config.load import load_config, working_folder

    if fix:
        refuse_fix({"--configured": configured, f"--format {output}": output is not TableFormat.CONSOLE}, verify=verify)
    settings = load_config(config, os.environ, working_folder())
    candidates = configured_pages(settings, quiet=quiet) if configured else tuple(catalog().values())
    chosen = search_catalog(candidates, query or ())
    if not chosen:
        _report_no_match(" ".join(query or ()), candidates if configured else None)
    if fix:
        print_patch(chosen, catalog().rows, settings, quiet=quiet)
        return
    if verify:
        verify_pages(chosen, settings, output, quiet=quiet)
        return
    print_pages(chosen, output)
    print_components(named_pages(query or (), chosen), settings, output)


def named_pages(query: "Sequence[str]", chosen: "Sequence[Page]") -> "list[Page]":
    """Return the page that the query names by its key or an alias; none where it is only a search."""
    from statuswatch.config.resolve import catalog_key

    word = " ".join(query)
    keys = {word.lower(), catalog_key(word)} if word else set()
    return [page for page in chosen if page.key in keys]


def print_components(named: "Sequence[Page]", settings: "Config", output: TableFormat) -> None:
    """Print below a table for people the components of each page that are remembered, by group."""
    from statuswatch.config.select import remembered_page
    from statuswatch.render.inspection import remembered_components

    if output is not TableFormat.CONSOLE:
        return
    for page in named:
        state = remembered_page(settings.state, page.key)
        lines = remembered_components(state) if state else []
        if not lines:
            say(f"no components of {page.key} are remembered: `statuswatch inspect {page.key}` reads them")
            continue
        with stdout_stream() as stream:
            stream.writelines(f"{line}\n" for line in lines)


def refuse_fix(options: "Mapping[str, bool]", *, verify: bool) -> None:
    """Raise UsageError where `--fix` has no `--verify`, or one of the options that it cannot be combined with."""
    for option, is_set in options.items():
        reject_together({"--fix": True, option: is_set})
    if not verify:
        raise errors.UsageError("--fix needs --verify: add --verify, or leave --fix out")


def print_pages(chosen: "Sequence[Page]", output: TableFormat) -> None:
    """Print the pages as a table, each with what the catalog knows against trusting it."""
    from statuswatch.catalog import catalog
    from statuswatch.config.resolve import caution
    from statuswatch.render import listing

    listed = [(page, catalog().row(page), caution(page)) for page in chosen]
    cells = [listing.cells(*entry) for entry in listed]
    print_table(listing.HEAD, cells, [listing.fields(*entry) for entry in listed], output)


def _report_no_match(words: str, pages: "Sequence[Page] | None") -> None:
    """Say on stderr that nothing matches, with what is near: among these pages, or else in the catalog."""
    from statuswatch.config.resolve import near_hint
    from statuswatch.config.suggest import did_you_mean

    elsewhere = ": `statuswatch inspect https://…` explains a page that the catalog lacks"
    names = [name for page in pages or () for name in (page.key, page.name)]
    say(
        f"no page matches {words!r}{did_you_mean(words, names) if pages is not None else near_hint(words) or elsewhere}"
    )


def configured_pages(settings: "Config", *, quiet: bool) -> "tuple[Page, ...]":
    """Return the pages of the configuration; say where it is the built-in default."""
    if not quiet:
        name_built_in(settings)
    return settings.pages


def verify_pages(chosen: "Sequence[Page]", settings: "Config", output: TableFormat, *, quiet: bool) -> None:
    """Read the pages and print those that cannot be read. Raises NetworkError where no page answered at all."""
    from statuswatch.catalog import catalog
    from statuswatch.config.resolve import unreadable_reason
    from statuswatch.render import listing
    from statuswatch.render.phrases import counted

    read = [page for page in chosen if not (catalog().row(page) and unreadable_reason(page))]
    outcomes = read_each(read, settings, quiet=quiet)
    rows = catalog().rows
    month = f"{datetime.now(UTC):%Y-%m}"
    failures = [listing.failure(outcome, rows.get(outcome.page.key), month) for outcome in outcomes if outcome.failure]
    fields: list[dict[str, object]] = [{"key": key, "reason": reason, "row": row} for key, reason, row in failures]
    print_table(listing.FAILURE_HEAD, failures, fields, output)
    if not quiet:
        left_out = f"; {len(chosen) - len(read)} known but unreadable left out" if len(chosen) > len(read) else ""
        say(f"{len(outcomes) - len(failures)} of {counted(len(outcomes), 'page')} read{left_out}")


def read_each(chosen: "Sequence[Page]", settings: "Config", *, quiet: bool) -> "Sequence[PageOutcome]":
    """Read the pages politely. Raises NetworkError where no page answered at all."""
    from statuswatch.model.page import any_page_answered
    from statuswatch.reading.private import with_headers
    from statuswatch.reading.probe import verify

    with interruptible("interrupted"), progress(len(chosen), shown=not quiet) as on_page:
        outcomes = verify(
            chosen, datetime.now(UTC), on_page, lambda connect: with_headers(connect, settings, os.environ)
        )
    if not any_page_answered(outcome.failure for outcome in outcomes):
        raise errors.NetworkError("no page answered at all: check your own network")
    return outcomes


def print_patch(chosen: "Sequence[Page]", rows: "Mapping[str, Row]", settings: "Config", *, quiet: bool) -> None:
    """Read the pages of these rows, those without a reader as if nothing were known, and print what to change.

    Raises NetworkError where no page answered at all.
    """
    from statuswatch.catalog.patch import fix_rows, patch
    from statuswatch.config.resolve import as_unknown
    from statuswatch.render.phrases import counted, runner_safe_line

    outcomes = read_each([as_unknown(page) for page in chosen], settings, quiet=quiet)
    found = [outcome.failure.suggested_page if outcome.failure else outcome.page for outcome in outcomes]
    fixed = fix_rows(rows, filter(None, found), f"{datetime.now(UTC):%Y-%m}")
    with stdout_stream("the patch") as stream:
        stream.write(patch(rows, fixed.rows))
    for note in fixed.notes:
        say(runner_safe_line(note))
    if not quiet:
        failed = found.count(None)
        say(
            f"{counted(fixed.changed, 'row')} to change; "
            f"no row was found for {counted(failed, 'page')} that cannot be read"
        )

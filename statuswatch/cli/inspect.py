"""`statuswatch inspect`: explain one page."""

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from statuswatch import errors
from statuswatch.cli.completion import all_pages
from statuswatch.cli.options import ConfigOption, RecordOption, StateOption, help_end, recording
from statuswatch.cli.output import interruptible, print_lines, stdout_stream

if TYPE_CHECKING:
    from statuswatch.model.page import Failure, Feed, Page

HELP_END = help_end(
    ("statuswatch inspect openai", "statuswatch inspect https://status.acme.example"),
    (0, 2, 3, 4, 5),
    code_4="the page could not be read, or is not believed",
    code_5="the output could not be printed",
)


def inspect(
    *,
    target: Annotated[
        str,
        typer.Argument(
            metavar="PAGE|URL",
            help="A key of the configuration, a key or alias of the catalog, or an address.",
            autocompletion=all_pages,
        ),
    ],
    config: ConfigOption = None,
    state: StateOption = None,
    record: RecordOption = None,
) -> None:
    """Explain one page, and how to configure it.

    Prints each document, the platform, the incidents, and the lines of a configuration that watch the page.
    """
    from statuswatch.catalog import catalog
    from statuswatch.config.load import load_config, working_folder
    from statuswatch.config.resolve import dormant_caution
    from statuswatch.config.select import look_at, remembered_page, watched_page
    from statuswatch.model.page import Feed
    from statuswatch.model.state import State
    from statuswatch.net.client import connect_to
    from statuswatch.net.http import open_network
    from statuswatch.reading.private import with_headers
    from statuswatch.reading.probe import explain
    from statuswatch.recording.recorder import RunStart
    from statuswatch.render import inspection as rendered
    from statuswatch.rules.suspicion import find_doubt

    settings = load_config(config, os.environ, working_folder())
    configured = {page.key: page for page in settings.pages} if settings.source else {}
    page = watched_page(configured, target) or look_at(target, settings.source, configured)
    watched = page.key in configured
    remembered = remembered_page(state or settings.state, page.key) if watched else None
    with interruptible("interrupted"), recording(record) as recorder:
        now = datetime.now(UTC)
        recorder.begin(RunStart(pages=(page,), partial=True), State(), now)
        connect = recorder.connect(with_headers(connect_to(open_network()), settings, os.environ))
        inspection = explain(page, now, settings.timeout, connect)
    result = inspection.result
    doubt = find_doubt(remembered, page, result, now) if isinstance(result, Feed) else ""
    origin = platform_origin(page, watched=watched)
    with stdout_stream() as stream:
        caution = dormant_caution(page)
        print_lines(
            stream,
            lambda width: rendered.render(inspection, origin, remembered, width, caution=caution, doubt=doubt),
        )
        lines = rendered.configuration(inspection, catalog(), watched=watched)
        lines += rendered.catalog_row(inspection, catalog(), f"{now:%Y-%m}") if not watched else []
        stream.writelines(f"{line}\n" for line in lines)
    stop_where_unknown(page, result, doubt)


def stop_where_unknown(page: "Page", result: "Feed | Failure", doubt: str) -> None:
    """Raise PageUnavailableError where the state of the page is not known."""
    from statuswatch.model.page import Failure

    if doubt:
        raise errors.PageUnavailableError(f"the documents are not believed ({page.url}): the reason is printed above")
    if isinstance(result, Failure):
        raise errors.PageUnavailableError(f"the page could not be read ({page.url}): the reason is printed above")


def platform_origin(page: "Page", *, watched: bool) -> str:
    """Return where the platform of the page comes from."""
    if not page.platform:
        return "recognised by its documents"
    return "configured" if watched else "from the catalog"

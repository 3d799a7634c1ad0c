"""The vendor that another vendor's own text blames: quoted, with a link, and never concluded from the time alone."""

from statuswatch.catalog.upstream import Upstream
from statuswatch.model.board import Board
from statuswatch.model.history import PastIncident
from statuswatch.model.page import Page
from statuswatch.render.phrases import MAX_QUOTE, short, upstream_of_past
from statuswatch.render.site.markup import escape, outward, vendor_path


def quotes(board: Board, page: Page, incident: PastIncident, *, root: str = "") -> str:
    """Return a paragraph for each vendor that the text names; `root` leads to the folder of the site."""
    named = upstream_of_past(incident)
    shown = {entry.page.key for entry in board.pages} if named else frozenset()
    return "".join(
        f'<p>{escape(page.name)} says: “<span dir="auto">{escape(short(upstream.quote, MAX_QUOTE))}</span>” '
        f"({_link(upstream, is_shown=upstream.key in shown, root=root)})</p>"
        for upstream in named
    )


def _link(upstream: Upstream, *, is_shown: bool, root: str) -> str:
    if is_shown:
        return f'<a href="{root}{vendor_path(upstream.key)}">{escape(upstream.name)}</a>'
    return outward(upstream.link or upstream.url, upstream.name)

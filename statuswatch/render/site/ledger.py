"""The ledger: the figures of all vendors together, then one row for each."""

from typing import Final

from statuswatch.model.board import Board, BoardPage, Spread
from statuswatch.model.incident import Impact
from statuswatch.render import phrases
from statuswatch.render.site import figures
from statuswatch.render.site.markup import escape, frame, vendor_path

_COLUMNS: Final = (
    "Vendor",
    "Incidents",
    "Critical",
    "Major",
    "Duration, median",
    "Duration, 90th percentile",
    "Start to first message, median",
    "Rewritten",
    "Days since last word",
    "Covered",
)


def render(board: Board) -> dict[str, str]:
    """Return `ledger.html`."""
    rows = "\n".join(_row(board, page) for page in board.pages)
    head = "".join(f'<th scope="col">{column}</th>' for column in _COLUMNS)
    body = f"""<h1>Ledger</h1>
<p class="dim">{figures.window(board.ledger)}. Figures say what was published, not how well a vendor works: who \
reports more looks worse.</p>
<section aria-labelledby="all">
<h2 id="all">All {phrases.counted(len(board.pages), "vendor")}</h2>
{figures.table(board.ledger, "Figures of all vendors")}
</section>
<section aria-labelledby="each">
<h2 id="each">By vendor</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Table by vendor">
<table class="grid"><thead><tr>{head}</tr></thead><tbody>
{rows}
</tbody></table>
</div>
</section>"""
    return {"ledger.html": frame(board, "Ledger · Vendor status", body, current="ledger.html")}


def _row(board: Board, page: BoardPage) -> str:
    ledger = page.ledger
    cells = [
        str(ledger.incidents),
        str(ledger.by_impact.get(Impact.CRITICAL, 0)),
        str(ledger.by_impact.get(Impact.MAJOR, 0)),
        *_lengths(ledger.duration),
        _lengths(ledger.publication_delay)[0],
        str(ledger.rewritten.count),
        str((board.at - page.last_word_at).days) if page.last_word_at else "none yet",
        f"{ledger.covered:.0%}",
    ]
    numbers = "".join(f"<td>{cell}</td>" for cell in cells)
    name = f'<a href="{vendor_path(page.page.key)}#ledger">{escape(page.page.name)}</a>'
    return f'<tr><th scope="row">{name}</th>{numbers}</tr>'


def _lengths(spread: Spread) -> tuple[str, str]:
    if spread.median is None or spread.percentile_90 is None:
        return "–", "–"
    return figures.length(spread.median), figures.length(spread.percentile_90)

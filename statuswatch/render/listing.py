"""Pages as a table: those of the catalog, those that are watched, those that can no longer be read."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from statuswatch.catalog import Row
from statuswatch.catalog.patch import found_row
from statuswatch.model.page import Page
from statuswatch.model.report import PageOutcome
from statuswatch.render import markdown, phrases

HEAD: Final = ("key", "name", "platform", "category", "url", "note")
FAILURE_HEAD: Final = ("key", "reason", "row for the catalog")
GAP: Final = 2  # cells between columns
SCHEME: Final = "https://"
_LEAST_NEEDED: Final = ("category", "platform", "name")  # dropped in this order on a terminal that is too narrow


def cells(page: Page, row: Row | None, note: str) -> tuple[str, ...]:
    """Return the cells of a page, in the order of `HEAD`. `note` is why it cannot be read, or should not be trusted."""
    return page.key, page.name, page.platform, row.category if row else "", page.url, note


def fields(page: Page, row: Row | None, note: str) -> dict[str, object]:
    """Return a page for programs, with its filters."""
    return {
        "key": page.key,
        "name": page.name,
        "url": page.url,
        "platform": page.platform,
        "id": page.id,
        "category": row.category if row else "",
        "aliases": row.words[2:] if row else (),
        "evidence": row.evidence if row else "",
        "checked": row.checked if row else "",
        "note": note,
        "components": page.components,
        "min_impact": page.min_impact,
        "maintenance": page.maintenance,
        "kinds": page.kinds,
    }


def failure(outcome: PageOutcome, row: Row | None, month: str) -> tuple[str, str, str]:
    """Return key, reason, and the row of the catalog that is right in this month, where that could be found."""
    suggested = outcome.failure.suggested_page if outcome.failure else None
    return outcome.page.key, str(outcome.failure), found_row(suggested, row, month).line() if suggested else ""


def terminal(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Table:
    """Return a table that folds rather than cuts.

    Where it is too wide, `https://` goes first, then whole columns: keys and addresses are there to be copied.
    """
    safe = [[phrases.runner_safe(cell) for cell in cells] for cells in (head, *rows)]
    columns = _fitted({name: cells for name, *cells in zip(*safe, strict=True)}, width)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for line in zip(*columns.values(), strict=True):
        table.add_row(*map(Text, line))
    return table


def _fitted(columns: dict[str, list[str]], width: int) -> dict[str, list[str]]:
    """Return the columns that there is room for, and that have anything in them."""
    columns = {name: cells for name, cells in columns.items() if any(cells)}
    if _width(columns) > width and "url" in columns:
        columns = {**columns, "url": [url.removeprefix(SCHEME) for url in columns["url"]]}
    for name in _LEAST_NEEDED:
        if _width(columns) > width:
            columns = {other: cells for other, cells in columns.items() if other != name}
    return columns


def _width(columns: Mapping[str, Sequence[str]]) -> int:
    """Return how many cells the table needs to fold nothing."""
    return sum(max(map(cell_len, [name, *cells])) + GAP for name, cells in columns.items()) - GAP


def plain(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a line for each row, its cells separated by tabs: for programs that read lines."""
    return ["\t".join(phrases.runner_safe_line(cell) for cell in cells) for cells in rows]


def as_markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of GitHub's Markdown."""
    lines = [head, ["---"] * len(head), *([markdown.text(cell) for cell in cells] for cells in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)

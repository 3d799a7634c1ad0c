"""Pages as a table: those that are known, those that are watched, those that no longer read."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Final

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from statuswatch.model.page import Page
from statuswatch.model.report import PageOutcome
from statuswatch.render import markdown, phrases

HEAD: Final = ("key", "name", "platform", "category", "url")
GAP: Final = 2  # cells between columns
_GIVE_WAY: Final = ("category", "name", "platform")  # on a terminal that is too narrow for all, in this order
FAILURES: Final = ("key", "why it does not read", "the row that would")


def cells(page: Page, categories: Mapping[str, str]) -> tuple[str, ...]:
    """What the table says of a page."""
    return page.key, page.name, page.platform, categories.get(page.key, ""), page.url


def fields(page: Page, categories: Mapping[str, str]) -> dict[str, object]:
    """The same for programs, with what is told of it."""
    return {
        "key": page.key,
        "name": page.name,
        "url": page.url,
        "platform": page.platform,
        "id": page.id,
        "category": categories.get(page.key, ""),
        "components": page.components,
        "min_impact": page.min_impact,
        "maintenance": page.maintenance,
        "kinds": page.kinds,
    }


def failure(review: PageOutcome, categories: Mapping[str, str]) -> tuple[str, str, str]:
    """Key, reason, and the row of the catalog that would be right now, where that could be found."""
    failed = review.failure
    now = failed.suggested_page if failed else None
    return review.page.key, str(failed), row(now, categories) if now else ""


def row(page: Page, categories: Mapping[str, str]) -> str:
    """The page as a row of the catalog."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(
        [page.key, page.name, page.url, page.platform, categories.get(page.key, ""), page.id]
    )
    return line.getvalue()


def terminal(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Table:
    """A table that folds rather than cuts. Keys and addresses are there to be copied: other columns give way first."""
    lines = [[phrases.runner_safe(cell) for cell in cells] for cells in (head, *rows)]
    columns = {name: list(cells) for name, *cells in zip(*lines, strict=True)}
    for name in _GIVE_WAY:
        if sum(max(map(cell_len, [it, *cells])) + GAP for it, cells in columns.items()) - GAP > width:
            columns.pop(name, None)
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    for cells in zip(*columns.values(), strict=True):
        table.add_row(*map(Text, cells))
    return table


def plain(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for each, its cells separated by tabs: for programs that read lines."""
    return ["\t".join(phrases.runner_safe(" ".join(cell.split())) for cell in cells) for cells in rows]


def as_markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of GitHub's Markdown."""
    lines = [head, ["---"] * len(head), *([markdown.text(cell) for cell in cells] for cells in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)

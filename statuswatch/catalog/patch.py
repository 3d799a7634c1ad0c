"""What a reading of the catalog's pages changes in `catalog.csv`, as a patch that a person applies with `git apply`."""

import re
from collections.abc import Iterable, Mapping
from difflib import unified_diff
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from statuswatch.catalog import ALIAS_SEPARATOR, HEAD, Row
from statuswatch.model.page import Page

PATH: Final = "statuswatch/catalog/catalog.csv"
READ: Final = "read"  # the evidence of a row whose page statuswatch itself has read
WEAK: Final = frozenset({"list", "page"})  # evidence that one good read replaces
_BLANKS: Final = re.compile(r"\s+")


class Fix(NamedTuple):
    """The rows as they should be, and what a person has to decide."""

    rows: Mapping[str, Row]
    changed: int
    notes: tuple[str, ...]


def fix_rows(rows: Mapping[str, Row], found: Iterable[Page], month: str) -> Fix:
    """Return the rows with these pages as they were found in that month.

    A page that is as its row says changes nothing, unless that rests on little. The former host of a page that moved
    becomes an alias. Where the page is now another row's, nothing is changed: a
    person decides which key stays, and as what.
    """
    fixed = dict(rows)
    notes: list[str] = []
    for page in found:
        row = rows[page.key]
        if page == row.page and row.evidence not in WEAK:
            continue
        owner = _owner_of(page, fixed)
        if owner:
            notes.append(f"{page.key}: its page is now that of {owner} ({page.url}): make it an alias")
            continue
        fixed[page.key] = _with_former_host(found_row(page, row, month), row, rows)
    changed = sum(row != rows[key] for key, row in fixed.items())
    return Fix(fixed, changed, tuple(notes))


def _owner_of(page: Page, rows: Mapping[str, Row]) -> str:
    """Return the key of another row of the same page; "" where there is none."""
    keys = (row.key for row in rows.values() if row.key != page.key and _place(row) == _place(page))
    return next(keys, "")


def _place(page: Page | Row) -> tuple[str, str]:
    return page.url.rstrip("/"), page.id


def _with_former_host(fixed: Row, row: Row, rows: Mapping[str, Row]) -> Row:
    host = urlsplit(row.url).hostname or ""
    hosts = {urlsplit(other.url).hostname for other in rows.values() if other.key != row.key}
    if host in {*hosts, *row.words, urlsplit(fixed.url).hostname}:
        return fixed
    aliases = ALIAS_SEPARATOR.join(filter(None, [row.aliases, host]))
    return msgspec.structs.replace(fixed, aliases=aliases)


def found_row(page: Page, row: Row | None, month: str = "") -> Row:
    """Return the row of a page as it was found in that month, with what the catalog has besides.

    No cell holds a comma, a quote or a line break: the file is one that git merges line by line.
    """
    return Row(
        key=page.key,
        name=row.name if row else _BLANKS.sub(" ", page.name.replace(",", "").replace('"', "")).strip(),
        url=_address(page.url),
        platform=page.platform,
        category=row.category if row else "",
        id=_address(page.id),
        aliases=row.aliases if row else "",
        evidence=READ if month else "",
        checked=f"{month} {READ}" if month else "",
    )


def _address(word: str) -> str:
    return _BLANKS.sub("", word.replace(",", "%2C").replace('"', "%22"))


def patch(rows: Mapping[str, Row], fixed: Mapping[str, Row]) -> str:
    """Return the unified diff of the file; "" where nothing differs."""
    return "".join(unified_diff(_lines(rows), _lines(fixed), f"a/{PATH}", f"b/{PATH}"))


def _lines(rows: Mapping[str, Row]) -> list[str]:
    return [f"{HEAD}\n", *(f"{row.line()}\n" for _, row in sorted(rows.items()))]

"""The pages that have a key: `catalog.csv`, one page a line, which anybody can extend.

`id` is what a platform needs besides the address: the id of a status.io page, the address of a feed.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

from statuswatch.model.page import Page


@cache
def catalog() -> Mapping[str, Page]:
    """Return all pages by key. The file is read at the first call: a run that uses no key of it does not pay for it."""
    pages = {}
    for key, name, url, platform, _category, page_id in _rows():
        pages[key] = Page(key=key, name=name, url=url, platform=platform, id=page_id)
    return MappingProxyType(pages)


@cache
def categories() -> Mapping[str, str]:
    """Return the category of each page, by key: for people who search the catalog."""
    return MappingProxyType({key: category for key, _, _, _, category, _ in _rows()})


def search_catalog(pages: Iterable[Page], query: Sequence[str]) -> tuple[Page, ...]:
    """Return the pages that have every word of the query in their key, name, platform, category or address.

    Case does not matter; without a word all pages match.
    """
    words = [word.casefold() for part in query for word in part.split()]
    return tuple(page for page in pages if _matches(page, words))


def _matches(page: Page, words: Iterable[str]) -> bool:
    fields = (page.key, page.name, page.platform, categories().get(page.key, ""), page.url)
    searched = "\n".join(fields).casefold()
    return all(word in searched for word in words)


def _rows() -> list[list[str]]:
    """Return the rows below the header."""
    lines = Path(__file__).with_name("catalog.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.reader(lines[1:]))

"""The pages that are known by a key: `catalog.csv`, data that anybody can extend.

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
    """All of them by key. Read when it is first asked for: a run that uses no key of it does not pay for it."""
    pages = [
        Page(key=key, name=name, url=url, platform=platform, id=id_) for key, name, url, platform, _, id_ in _rows()
    ]
    return MappingProxyType({page.key: page for page in pages})


@cache
def categories() -> Mapping[str, str]:
    """The category of each, by key: for people who look for a page."""
    return MappingProxyType({row[0]: row[4] for row in _rows()})


def search_catalog(pages: Iterable[Page], query: Sequence[str]) -> tuple[Page, ...]:
    """Those in whose key, name, platform, category or address every word of the query occurs."""
    words = [word.casefold() for part in query for word in part.split()]

    def has_all(page: Page) -> bool:
        facts = (page.key, page.name, page.platform, categories().get(page.key, ""), page.url)
        said = "\n".join(facts).casefold()
        return all(word in said for word in words)

    return tuple(filter(has_all, pages))


def _rows() -> list[list[str]]:
    lines = Path(__file__).with_name("catalog.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.reader(lines[1:]))

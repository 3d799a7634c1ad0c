"""Which pages a person means by some words: the exact ones first, chance likenesses last."""

import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from statuswatch.catalog import Row, catalog
from statuswatch.model.page import Page

_PUNCTUATION: Final = re.compile(r"[\W_]+")


class Likeness(IntEnum):
    """How well a word fits a page, the best first."""

    EXACT = 0  # the key, the name, or an alias
    WORD = 1  # a whole word of one of these
    BEGINNING = 2  # the beginning of such a word
    ELSEWHERE = 3  # the category, the platform, or a label of the address
    CHANCE = 4  # letters inside a word: `fly` in `butterfly`
    NONE = 5


def squash(word: str) -> str:
    """Return a word as it is compared: `New Relic`, `new-relic` and `newrelic` are one."""
    return _PUNCTUATION.sub("", word.casefold())


def search_catalog(pages: Iterable[Page], query: Sequence[str], *, chance: bool = True) -> tuple[Page, ...]:
    """Return the pages that any word of the query fits; those that fit best, and fit most of the words, first.

    Without a word all pages match. Without `chance` nothing is found by letters inside a word.
    """
    worst = Likeness.CHANCE if chance else Likeness.ELSEWHERE
    words = [word for part in query for word in _PUNCTUATION.split(part.casefold()) if word]
    if not words:
        return tuple(pages)
    ranked = [(_rank(page, words), page) for page in pages]
    found = [(rank, page) for rank, page in ranked if rank.best <= worst]
    return tuple(page for _, page in sorted(found, key=lambda entry: (entry[0][1:], entry[1].key)))


class _Rank(NamedTuple):
    """How well a page fits a query: by its best word, by all of them as one name, and by each of them."""

    best: Likeness
    whole: Likeness
    total: int


def _rank(page: Page, words: Sequence[str]) -> _Rank:
    row = catalog().rows.get(page.key) or _row_of(page)
    whole = _likeness_of_name(row, squash("".join(words)))
    likenesses = [_likeness(row, word) for word in words]
    return _Rank(min(whole, *likenesses), whole, sum(likenesses))


def _row_of(page: Page) -> Row:
    return Row(page.key, page.name, page.url, page.platform, "", page.id, "", "", "")


def _likeness_of_name(row: Row, squashed: str) -> Likeness:
    return Likeness.EXACT if squashed in map(squash, row.words) else Likeness.NONE


def _likeness(row: Row, word: str) -> Likeness:
    if squash(word) in map(squash, row.words):
        return Likeness.EXACT
    named = [part for name in row.words for part in _PUNCTUATION.split(name.casefold())]
    if word in named:
        return Likeness.WORD
    if any(part.startswith(word) for part in named):
        return Likeness.BEGINNING
    if word in (row.category, row.platform, *_PUNCTUATION.split(row.category), *_PUNCTUATION.split(row.url)):
        return Likeness.ELSEWHERE
    searched = "\n".join((*row.words, row.category, row.platform, row.url)).casefold()
    return Likeness.CHANCE if word in searched else Likeness.NONE

"""Which page of the catalog a word means: a key, an alias, or an address."""

from difflib import get_close_matches
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import msgspec

from statuswatch.catalog import catalog
from statuswatch.catalog.search import search_catalog, squash
from statuswatch.config.suggest import MIN_SIMILARITY_OF_MANY
from statuswatch.model.page import Page
from statuswatch.platforms import missing_reader

MAX_NEAR: Final = 3  # keys that are suggested
MIN_SEARCHED: Final = 3  # characters of a word that finds a suggestion: shorter ones are in everything
DORMANT_CAUTION: Final = "dormant? silent for over a year: nothing open there does not mean that all is well"


class Unreadable(msgspec.Struct, frozen=True):
    """A vendor that the catalog knows, whose page cannot be read; `reason` says why in a few words."""

    page: Page
    reason: str


class NotFound(msgspec.Struct, frozen=True):
    """A word that means no page, with the keys that are near, the nearest first."""

    word: str
    near: tuple[str, ...] = ()


Resolution = Page | Unreadable | NotFound


def resolve(word: str) -> Resolution:
    """Return the page of the catalog that a word means, why that page cannot be read, or the keys that are near."""
    key = catalog_key(word)
    if key is None:
        return NotFound(word, near_keys(word))
    page = catalog()[key]
    reason = unreadable_reason(page)
    return Unreadable(page, reason) if reason else page


def unreadable_reason(page: Page) -> str:
    """Return why a page of the catalog cannot be read; "" where it can."""
    return missing_reader(page.platform) if page.platform else "platform not known"


def as_unknown(page: Page) -> Page:
    """Return a page that nobody here can read as one whose platform is to be recognised; any other as it is."""
    return msgspec.structs.replace(page, platform="", id="") if missing_reader(page.platform) else page


def caution(page: Page) -> str:
    """Return what a person must know before trusting a page: that nobody reads it, or that it may be abandoned.

    "" where there is nothing to say, and for a page that the catalog does not have at that address.
    """
    reason = unreadable_reason(page) if catalog().row(page) else ""
    return f"known but unreadable ({reason})" if reason else dormant_caution(page)


def dormant_caution(page: Page) -> str:
    """Return the warning for a page that may be abandoned; "" for any other."""
    row = catalog().row(page)
    return DORMANT_CAUTION if row and row.dormant else ""


def catalog_key(word: str) -> str | None:
    """Return the key of the page that a word means: its key, an alias of it, its name, or its address.

    Aliases are looked at only where there is no such key. Of a name, case and punctuation do not matter.
    """
    lowered = word.lower()
    if lowered in catalog():
        return lowered
    return _keys_by_word().get(squash(word)) or _key_at(word)


@cache
def _keys_by_word() -> dict[str, str]:
    """Return the keys by every word that is not one: names, aliases, former hosts."""
    keys = {squash(word): row.key for row in catalog().rows.values() for word in row.words[1:]}
    return keys | {squash(key): key for key in catalog()}


def _key_at(word: str) -> str | None:
    """Return the key of the page at an address, or below it. An address that may hold a secret is none of ours."""
    host, _ = host_and_path(word)
    if not host:
        return None
    for page in _pages_by_host().get(host, ()):
        if is_same_address(page.url, word):
            return page.key
    return _keys_by_word().get(squash(host))


def is_same_address(url: str, word: str) -> bool:
    """Return whether a word is the address, or one below it; its scheme may be missing."""
    host, path = host_and_path(word)
    page_host, base = host_and_path(url)
    return bool(host) and host == page_host and f"{path}/".startswith(f"{base}/")


def host_and_path(word: str) -> tuple[str, str]:
    """Return host and path of an address, whose scheme may be missing; ("", "") where it is none, or holds a secret."""
    if any(mark in word for mark in "@?# ") or not is_address(word):
        return "", ""
    try:
        parts = urlsplit(word if "://" in word else f"https://{word}")
    except ValueError:
        return "", ""
    return parts.netloc.lower(), parts.path.rstrip("/")


def is_address(word: str) -> bool:
    """Return whether a word may be the address of a page rather than a key."""
    return "://" in word or "." in word.partition("/")[0]


@cache
def _pages_by_host() -> dict[str, list[Page]]:
    """Return the pages on each host: the longest path first, and a whole page before a part of it."""
    pages: dict[str, list[Page]] = {}
    for page in sorted(catalog().values(), key=lambda page: (-len(page.url), bool(missing_reader(page.platform)))):
        pages.setdefault(host_and_path(page.url)[0], []).append(page)
    return pages


def near_keys(word: str) -> tuple[str, ...]:
    """Return the keys that a person may have meant: words spelt alike, then pages found by one of the words."""
    spelt = {squash(name): row.key for row in catalog().rows.values() for name in row.words}
    alike = get_close_matches(squash(word), spelt, n=MAX_NEAR, cutoff=MIN_SIMILARITY_OF_MANY)
    words = [part for part in word.split() if len(part) >= MIN_SEARCHED]
    found = [page.key for page in search_catalog(catalog().values(), words, chance=False)] if words else []
    return tuple(dict.fromkeys([*(spelt[name] for name in alike), *found]))[:MAX_NEAR]


def near_hint(word: str) -> str:
    """Return the end of an error message that names the keys that are near; "" where none is."""
    near = [repr(key) for key in near_keys(word)]
    return f": did you mean {' or '.join(near)}?" if near else ""

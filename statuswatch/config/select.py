"""The part of the configuration that one command asks for: some pages, one shard, one address."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from statuswatch.catalog import catalog
from statuswatch.config.checks import Place, check_url, safe_word
from statuswatch.config.resolve import catalog_key, is_address, is_same_address, near_hint
from statuswatch.config.schema import Config
from statuswatch.config.suggest import did_you_mean
from statuswatch.errors import UsageError
from statuswatch.model.page import Page
from statuswatch.model.state import PageState
from statuswatch.shard import PLACEHOLDER, parse_shard, paths_of_shards, shard_of
from statuswatch.state import load_page

MAX_KEY: Final = 64  # characters
_NONE_WATCHED: Final[Mapping[str, Page]] = {}
# Labels of a host name that do not name the vendor.
_GENERIC_LABELS: Final = frozenset({"www", "status", "statuspage", "instatus", "betteruptime", "co", "com"})


def select_pages(config: Config, words: Sequence[str]) -> Config:
    """Return the configuration in which these words name pages: `Config.chosen` returns those.

    A word is a key, an alias or an address. Without a configuration file the pages are those of the words alone. With
    one, a page that it does not watch is added for a single look. Raises UsageError for a word that means no page.
    """
    watched = {page.key: page for page in config.pages} if config.source else {}
    named: dict[str, Page] = {}
    single_look = False
    for word in words:
        page = watched_page(watched, word)
        if page is None:
            page = look_at(word, config.source, watched)
            single_look |= bool(config.source) or page.key not in catalog()
        named[word.lower()] = page
    pages = watched | {page.key: page for page in named.values()}
    return msgspec.structs.replace(
        config,
        pages=tuple(pages.values()),
        named={word: page.key for word, page in named.items()},
        single_look=single_look,
    )


def watched_page(watched: Mapping[str, Page], word: str) -> Page | None:
    """Return the page of the configuration that a word names: by its key, its address, or the catalog's alias."""
    if word.lower() in watched:
        return watched[word.lower()]
    for page in watched.values() if is_address(word) else ():
        if is_same_address(page.url, word):
            return page
    key = catalog_key(word)
    return watched.get(key) if key else None


def look_at(word: str, source: str = "", watched: Mapping[str, Page] = _NONE_WATCHED) -> Page:
    """Return a page that is not watched: of the catalog, or of which only the address is known. Raises UsageError."""
    key = catalog_key(word)
    if key and key not in watched:
        return catalog()[key]
    near = did_you_mean(word, watched)
    near = near if "did you mean" in near else ""
    if is_address(word) and not (near and "/" not in word):
        return _with_own_key(page_at(word), watched)
    raise UsageError(f"unknown page {safe_word(word)!r} ({source or 'catalog'}){near or near_pages(word)}")


def _with_own_key(page: Page, watched: Mapping[str, Page]) -> Page:
    """Return a page whose key is no other page's: else its host."""
    if page.key not in watched and page.key not in catalog():
        return page
    host = re.sub("[^a-z0-9.-]", "-", urlsplit(page.url).netloc)
    return msgspec.structs.replace(page, key=host[:MAX_KEY])


def near_pages(word: str) -> str:
    """Return the end of an error message: the keys that are near, and what else may be given."""
    return near_hint(word) or ": `statuswatch pages` searches the catalog; or give an address, https://…"


def sharded(config: Config, word: str | None, keys: Iterable[str] = (), *, or_every: bool = False) -> Config:
    """Return the configuration limited to the shard `word` ("K/N"); unchanged where it is None.

    Without a shard, a place for each shard is a mistake, unless all of them are read and none is written: `or_every`.
    Raises UsageError where one of `keys` is not in the shard: a gate in front of a deploy would let everything pass.
    """
    if word is None:
        return _with_every_shard(config) if or_every else _with_one_place(config)
    shard = parse_shard(word)
    if config.history:
        history = Path(str(config.history).replace(PLACEHOLDER, str(shard.number)))
        config = msgspec.structs.replace(config, history=history)
    for key in map(str.lower, keys):
        if not shard.holds(key):
            home = f"{shard_of(key, shard.count)}/{shard.count}"
            raise UsageError(f"--shard {shard}: {key} is not in it, but in {home}")
    files = state_files(config.state)
    if len(files) == 1:
        return msgspec.structs.replace(config, shard=shard)
    return msgspec.structs.replace(config, shard=shard, state=files[shard.number - 1], state_files=files)


def _with_every_shard(config: Config) -> Config:
    files = state_files(config.state)
    return msgspec.structs.replace(config, state_files=files if len(files) > 1 else ())


def _with_one_place(config: Config) -> Config:
    for path, noun in ((config.state, "file"), (config.history, "folder")):
        if PLACEHOLDER in str(path):
            raise UsageError(f"{path} is a {noun} for each shard: say which, for example --shard 1/8")
    return config


def state_files(state: Path) -> tuple[Path, ...]:
    """Return the files of all shards there can be, by number, where each has its own; else the one file."""
    return tuple(map(Path, paths_of_shards(str(state))))


def remembered_page(state: Path, key: str) -> PageState | None:
    """Return what is remembered of a page, in the file of its shard where each has its own. Raises StateError."""
    return next((found for file in state_files(state) if (found := load_page(file, key))), None)


def page_at(target: str) -> Page:
    """Return a page of which only the address is known; the scheme may be left out. Raises UsageError."""
    has_scheme = "://" in target
    url = check_url(target if has_scheme else f"https://{target}", Place("PAGE"))
    key = key_of(url)
    return Page(key=key, name=key, url=url)


def key_of(url: str) -> str:
    """Return a key for a page: `acme` for https://status.acme.example and https://acme.statuspage.io."""
    host = urlsplit(url).hostname or ""
    labels = host.split(".")[:-1]
    names = [label for label in labels if label not in _GENERIC_LABELS and not label.isdigit()]
    return re.sub("[^a-z0-9-]", "", names[-1]) if names else "page"

"""The part of the configuration that one command asks for: some pages, one shard, one address."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from statuswatch.catalog import catalog
from statuswatch.config.checks import Place, check_url, safe_word
from statuswatch.config.schema import Config
from statuswatch.config.suggest import did_you_mean
from statuswatch.errors import UsageError
from statuswatch.model.page import Page
from statuswatch.shard import MAX_SHARDS, PLACEHOLDER, parse_shard, shard_of

# Labels of a host name that do not name the vendor.
_GENERIC_LABELS: Final = frozenset({"www", "status", "statuspage", "instatus", "betteruptime", "co", "com"})


def select_pages(config: Config, keys: Sequence[str]) -> Config:
    """Return the configuration limited to these pages, each once.

    Their case does not matter. Without a configuration file they may be any pages of the catalog. Raises UsageError
    for an unknown key.
    """
    pages = {page.key: page for page in config.pages} if config.source else catalog()
    for key in keys:
        if key.lower() not in pages:
            where = config.source or "catalog"
            raise UsageError(f"unknown page {safe_word(key)!r} ({where}){did_you_mean(key, pages)}")
    chosen = dict.fromkeys(key.lower() for key in keys)
    return msgspec.structs.replace(config, pages=tuple(pages[key] for key in chosen))


def sharded(config: Config, word: str | None, keys: Iterable[str] = ()) -> Config:
    """Return the configuration limited to the shard `word` ("K/N"); unchanged where it is None.

    Raises UsageError where one of `keys` is not in the shard: a gate in front of a deploy would let everything pass.
    """
    files = state_files(config.state)
    if word is None:
        if len(files) > 1:
            raise UsageError(f"{config.state} is a file for each shard: say which, for example --shard 1/8")
        return config
    shard = parse_shard(word)
    for key in map(str.lower, keys):
        if not shard.holds(key):
            home = f"{shard_of(key, shard.count)}/{shard.count}"
            raise UsageError(f"--shard {shard}: {key} is not in it, but in {home}")
    if len(files) == 1:
        return msgspec.structs.replace(config, shard=shard)
    return msgspec.structs.replace(config, shard=shard, state=files[shard.number - 1], state_files=files)


def state_files(state: Path) -> tuple[Path, ...]:
    """Return the files of all shards there can be, by number, where each has its own; else the one file."""
    if PLACEHOLDER not in str(state):
        return (state,)
    numbers = range(1, MAX_SHARDS + 1)
    return tuple(Path(str(state).replace(PLACEHOLDER, str(number))) for number in numbers)


def page_at(target: str, keys: Sequence[str]) -> Page:
    """Return a page of which only the address is known; the scheme may be left out.

    Raises UsageError where `target` is no address, with the one of `keys` that is near.
    """
    host = target.partition("/")[0]
    has_scheme = "://" in target
    if not has_scheme and "." not in host:
        raise UsageError(
            f"there is no page {safe_word(target)!r}{did_you_mean(target, keys)}; or give an address, https://…"
        )
    url = check_url(target if has_scheme else f"https://{target}", Place("inspect"))
    key = key_of(url)
    return Page(key=key, name=key, url=url)


def key_of(url: str) -> str:
    """Return a key for a page: `acme` for https://status.acme.example and https://acme.statuspage.io."""
    host = urlsplit(url).hostname or ""
    labels = host.split(".")[:-1]
    names = [label for label in labels if label not in _GENERIC_LABELS and not label.isdigit()]
    return re.sub("[^a-z0-9-]", "", names[-1]) if names else "page"

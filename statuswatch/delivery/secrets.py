"""Secrets: how one may appear in the text of a receiver or a library, and how it is masked. Pure."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, unquote

from statuswatch import text

MAX_REASON: Final = 240  # characters of a receiver's text that are repeated
MIN_SECRET: Final = 6  # characters; masking shorter ones would remove ordinary words
MASK: Final = "***"


def spellings(values: Iterable[str]) -> tuple[str, ...]:
    """Return every spelling in which a secret, or a secret part of one, may appear; the longest first.

    `values` is what the environment variables of one sink hold.
    """
    found: set[str] = set()
    for value in values:
        for secret in (value, *value.split()):  # a variable may hold several addresses
            found.update(_spellings_of(secret))
    return tuple(sorted(found, key=len, reverse=True))


def mask(words: str, secrets: Iterable[str]) -> str:
    """Return the text in one line without the secrets, and cut.

    It is cut last: half of a secret would not be recognised.
    """
    for secret in secrets:
        words = words.replace(secret, MASK)
    return text.line(words)[:MAX_REASON]


def _spellings_of(secret: str) -> Iterator[str]:
    address = secret.partition("://")[2]
    login = unquote(address.partition("/")[0].rpartition("@")[0])  # HTTP sends it in base64
    for part in (secret, login, *re.split(r"[/?#&=:@]+", address or secret)):
        if len(part) >= MIN_SECRET:
            for spelling in (part, unquote(part)):
                yield spelling
                yield quote(spelling, safe="")
    for whole in (secret, login):
        if len(whole) >= MIN_SECRET:
            yield b64encode(whole.encode()).decode()

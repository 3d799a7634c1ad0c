"""Secrets: the spellings in which one may appear in a text, and how they are masked. Pure."""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import quote, unquote

MASK: Final = "***"
MIN_SECRET: Final = 6  # characters; masking shorter ones would remove ordinary words
MIN_PIECE: Final = 8  # characters of a secret that are masked without the rest of it
_SEED: Final = 5  # characters; every piece holds one that begins at a multiple of `_STEP` in the secret
_STEP: Final = MIN_PIECE - _SEED + 1
_SEPARATORS: Final = re.compile(r"[/?#&=:@]+")
_ADDRESS_MARKS: Final = ("://", "%3a//", "%3a%2f%2f")  # the pieces of a whole address are no secrets: `https://`
_HOST: Final = re.compile(r"(?:[a-z0-9-]+\.)+[a-z]{2,10}|[\d.]+")  # nor are those of its host
# Lower case that keeps the length of every text.
_LOWER: Final = {code: chr(code).lower() for code in range(0x600) if len(chr(code).lower()) == 1}
_URL_SAFE: Final = str.maketrans("+/", "-_")


def spellings(values: Iterable[str]) -> tuple[str, ...]:
    """Return every spelling in which a secret, or a secret part of one, may appear; the longest first.

    `values` are secrets, or addresses that hold some; several may stand in one value, separated by blanks.
    """
    found: set[str] = set()
    for value in values:
        for secret in (value, *value.split()):
            for part in _secret_parts(secret):
                found.update(spellings_of(part))
    return tuple(sorted(found, key=lambda spelling: (-len(spelling), spelling)))


def login_spellings(address: str) -> Iterator[str]:
    """Yield the spellings of the password in an address, and of its login as HTTP sends it.

    Where there is no password, the user is the secret.
    """
    login = (address.partition("://")[2] or address).partition("/")[0].rpartition("@")[0]
    user, _, password = (unquote(part) for part in login.partition(":"))
    yield from spellings_of(password or user)
    if user and password:
        yield from _base64_spellings(f"{user}:{password}")


def mask_secrets(words: str, spelled: Iterable[str]) -> str:
    """Return the text without the secrets and without pieces of them, in whatever case."""
    folded = _fold(words)
    distinct = {_fold(spelling) for spelling in spelled}
    spans = sorted(span for spelling in distinct for span in _find(folded, spelling))
    parts: list[str] = []
    end = 0
    for first, last in spans:
        if first > end or not parts:
            parts += [words[end:first], MASK]
        end = max(end, last)
    return "".join([*parts, words[end:]])


def spellings_of(secret: str) -> Iterator[str]:
    """Yield a secret as it is, percent-encoded and in base64; nothing for one that is too short."""
    if len(secret) < MIN_SECRET:
        return
    for plain in (secret, unquote(secret)):
        yield plain
        yield quote(plain, safe="")
        yield quote(plain)
        yield "".join(f"%{byte:02x}" for byte in plain.encode())
        yield from _base64_spellings(plain)


def _secret_parts(secret: str) -> Iterator[str]:
    address = secret.partition("://")[2]
    host, _, path = address.partition("/")
    login = unquote(host.rpartition("@")[0])  # HTTP sends it in base64
    yield from (secret, login, path, *_SEPARATORS.split(address or secret))


def _base64_spellings(secret: str) -> Iterator[str]:
    """Yield the secret in base64, with either alphabet, by itself and after one, two or three other bytes.

    Only the characters that no neighbour changes are yielded, and the padded form.
    """
    data = secret.encode()
    yield b64encode(data).decode()
    yield b64encode(data).decode().translate(_URL_SAFE)
    for before, first in ((0, 0), (1, 2), (2, 3)):
        encoded = b64encode(bytes(before) + data).decode()[first : (before + len(data)) * 8 // 6]
        if len(encoded) >= MIN_SECRET:
            yield encoded
            yield encoded.translate(_URL_SAFE)


def _fold(words: str) -> str:
    return words.lower() if words.isascii() else words.translate(_LOWER)


def _find(text: str, spelling: str) -> Iterator[tuple[int, int]]:
    """Yield where the spelling, or a piece of it, stands in the text; both in lower case."""
    if len(spelling) < MIN_SECRET:
        return
    is_address = any(mark in spelling for mark in _ADDRESS_MARKS) or _HOST.fullmatch(spelling)
    if len(spelling) <= MIN_PIECE or is_address:
        yield from _find_seed(text, spelling, 0, len(spelling))
        return
    for place in range(0, len(spelling) - _SEED + 1, _STEP):
        yield from _find_seed(text, spelling, place, place + _SEED)


def _find_seed(text: str, spelling: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield where a seed of the spelling stands in the text, with all around it that belongs to the spelling."""
    seed = spelling[first:last]
    at = text.find(seed)
    while at >= 0:
        start, end = at, at + len(seed)
        left, right = first, last
        while start and left and text[start - 1] == spelling[left - 1]:
            start, left = start - 1, left - 1
        while end < len(text) and right < len(spelling) and text[end] == spelling[right]:
            end, right = end + 1, right + 1
        if end - start >= min(MIN_PIECE, len(spelling)):
            yield start, end
        at = text.find(seed, max(at + 1, end - len(seed) + 1))

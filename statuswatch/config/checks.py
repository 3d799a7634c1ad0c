"""Checks of single values of the configuration, each with the place of the value for the error message."""

import re
from collections.abc import Collection
from typing import Final, Self
from urllib.parse import urlsplit

import msgspec

from statuswatch import text
from statuswatch.config.suggest import did_you_mean
from statuswatch.errors import UsageError
from statuswatch.model.incident import IMPACT_SCALE, Impact

MAX_ID: Final = 500  # characters
_KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_URL_EXAMPLE: Final = "https://status.acme.example"


class Place(msgspec.Struct, frozen=True):
    """A place in the configuration: the file and the dotted key; without a key it is the file."""

    source: str
    key: str = ""

    def at(self, name: str) -> Self:
        """Return the place of a key inside this one."""
        return type(self)(self.source, f"{self.key}.{name}" if self.key else name)

    def __str__(self) -> str:
        return f"{self.source}: {self.key}" if self.key else self.source


def mistake(place: Place, problem: str) -> UsageError:
    """Return the error for a mistake at that place; `problem` ends with what to do."""
    return UsageError(f"{place}: {problem}")


def check_choice(word: str, choices: Collection[str], place: Place, *, noun: str) -> str:
    """Return the word. Raises UsageError where it is not one of the choices."""
    if word not in choices:
        raise mistake(place, f"unknown {noun} {word!r}{did_you_mean(word, choices)}")
    return word


def check_impact(word: str, place: Place) -> Impact:
    """Return the impact of that name. Raises UsageError."""
    return Impact(check_choice(word, IMPACT_SCALE, place, noun="impact"))


def is_key(word: str) -> bool:
    """Return whether the word may be the key of a page or the name of a sink."""
    return _KEY.fullmatch(word) is not None


def check_key(word: str, place: Place, *, noun: str = "key") -> str:
    """Return the key of a page, or the name of a sink. Raises UsageError."""
    if not is_key(word):
        raise mistake(
            place, f"a {noun} has up to 64 letters, digits, '.', '_' and '-', and begins with a letter or digit"
        )
    return word


def check_variable(value: object, place: Place) -> None:
    """Refuse what is not the name of an environment variable, without repeating it: it may be the secret itself.

    Raises UsageError.
    """
    if not (isinstance(value, str) and _VARIABLE.fullmatch(value)):
        raise mistake(place, "not the name of an environment variable: write its name here, never its value")


def check_id(word: str, place: Place) -> str:
    """Return a platform's id of a page, or the address of a feed. Raises UsageError."""
    if word != text.line(word) or " " in word or "@" in word or len(word) > MAX_ID:
        raise mistake(
            place,
            f"neither a platform's id of a page nor the address of a feed: up to {MAX_ID} characters, no blank, no '@'",
        )
    return word


def check_url(url: str, place: Place) -> str:
    """Return the base address of a page without a slash at its end. Raises UsageError.

    An address with a user or a password in it is refused first, because every other message repeats the address.
    """
    if "@" in url:
        raise mistake(place, "an address with a user or a password in it: remove them, a public status page needs none")
    if not _is_base_address(url) or url != text.line(url) or " " in url:
        shown = text.line(url)
        raise mistake(place, f"{shown!r} is not the public base address of a page: write it like {_URL_EXAMPLE}")
    return url.rstrip("/")


def _is_base_address(url: str) -> bool:
    """Return whether the URL has a web scheme and a host, a usable port if any, and neither query nor fragment."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port != 0
        and not parts.query
        and not parts.fragment
    )

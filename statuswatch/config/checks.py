"""Checks of single values of the configuration, each with the place of the value for the error message."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
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
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # a token of RFC 9110
_RESERVED_HEADERS: Final = frozenset(
    """
    accept-encoding connection content-encoding content-length expect host if-match if-modified-since if-none-match
    if-range if-unmodified-since keep-alive proxy-authorization proxy-connection range te trailer transfer-encoding
    upgrade
    """.split()  # noqa: SIM905
)
_SECRET_PARAMETER: Final = re.compile(
    "token|secret|passw|pwd|auth|credential|signature|^sig$|^key$|api.?key|access.?key", re.IGNORECASE
)
_URL_EXAMPLE: Final = "https://status.acme.example"
_HEADERS_EXAMPLE: Final = 'headers_env = { Authorization = "ACME_STATUS_TOKEN" }'
NO_SECRET_IN_ADDRESS: Final = f"remove it; the token of a private page belongs in a variable: {_HEADERS_EXAMPLE}"


class Place(msgspec.Struct, frozen=True):
    """A place in the configuration: the file and the dotted key; without a key it is the file.

    `mistakes` are the messages of the whole file, shared by all of its places.
    """

    source: str
    key: str = ""
    mistakes: list[str] = msgspec.field(default_factory=list)

    def at(self, name: str) -> Self:
        """Return the place of a key inside this one."""
        return type(self)(self.source, f"{self.key}.{name}" if self.key else name, self.mistakes)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Note a mistake and go on behind the block, so that all mistakes of a file are reported together."""
        try:
            yield
        except UsageError as error:
            self.mistakes.extend(str(error).splitlines())

    @property
    def has_mistakes(self) -> bool:
        """True where a mistake was noted at this place or inside it."""
        inside = (f"{self}: ", f"{self}.", f"{self}[")
        return any(message.startswith(inside) for message in self.mistakes)

    def raise_mistakes(self) -> None:
        """Raise UsageError with every mistake noted so far, one a line."""
        if self.mistakes:
            raise UsageError("\n".join(dict.fromkeys(self.mistakes)))

    def __str__(self) -> str:
        return f"{self.source}: {self.key}" if self.key else self.source


def mistake(place: Place, problem: str) -> UsageError:
    """Return the error for a mistake at that place, in one line; `problem` ends with what to do."""
    return UsageError(text.line(f"{place}: {problem}"))


def check_choice(word: str, choices: Collection[str], place: Place, *, noun: str) -> str:
    """Return the choice that the word names, whatever its case. Raises UsageError where there is none."""
    for choice in choices:
        if choice.casefold() == word.casefold():
            return choice
    near = did_you_mean(word, choices) if choices else f": no {noun} is configured, so add it to the configuration"
    raise mistake(place, f"unknown {noun} {safe_word(word)!r}{near}")


def check_impact(word: str, place: Place) -> Impact:
    """Return the impact of that name. Raises UsageError."""
    return Impact(check_choice(word, IMPACT_SCALE, place, noun="impact"))


def is_key(word: str) -> bool:
    """Return whether the word may be the key of a page or the name of a sink."""
    return _KEY.fullmatch(word) is not None


def safe_word(word: str) -> str:
    """Return a word of the user for an error message; of an address only its origin: the rest may hold a token."""
    if "://" not in word and not any(mark in word for mark in "@?#"):
        return text.line(word)
    scheme, _, rest = word.rpartition("://")
    host = re.split("[/?#]", rest)[0].rpartition("@")[2]
    return text.line(f"{scheme}://{host}/…" if scheme in ("http", "https") else f"{host}…")


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


def check_header(name: str, place: Place) -> str:
    """Return the name of a header that may be sent to a page. Raises UsageError, which repeats no unusable name."""
    if not _HEADER.fullmatch(name):
        raise mistake(place, f"not the name of a header: write {_HEADERS_EXAMPLE}")
    if name.lower() in _RESERVED_HEADERS:
        raise mistake(place.at(name), "a header that statuswatch sets itself: leave it out")
    return name


def check_id(word: str, place: Place) -> str:
    """Return a platform's id of a page, or the address of a feed. Raises UsageError."""
    if "@" in word or _has_secret_parameter(word):
        raise mistake(place, f"an address with a password or a token in it: {NO_SECRET_IN_ADDRESS}")
    if word != text.line(word) or " " in word or len(word) > MAX_ID:
        raise mistake(
            place,
            f"neither a platform's id of a page nor the address of a feed: up to {MAX_ID} characters, no blank, no '@'",
        )
    return word


def _has_secret_parameter(address: str) -> bool:
    """Return whether the query or the fragment of an address has a parameter that is named like a secret."""
    parameters = re.split("[?&;#]", address)[1:]
    return any(_SECRET_PARAMETER.search(parameter.partition("=")[0]) for parameter in parameters)


def check_url(url: str, place: Place) -> str:
    """Return the base address of a page without a slash at its end. Raises UsageError.

    An address that may hold a secret is refused first, because every other message repeats the address.
    """
    if "@" in url:
        raise mistake(place, f"an address with a user or a password in it: {NO_SECRET_IN_ADDRESS}")
    if "?" in url or "#" in url:
        raise mistake(place, f"an address with a query or a fragment: {NO_SECRET_IN_ADDRESS}")
    if not _is_base_address(url) or url != text.line(url) or " " in url:
        shown = text.line(url)
        raise mistake(place, f"{shown!r} is not the base address of a page: write it like {_URL_EXAMPLE}")
    return url.rstrip("/")


def _is_base_address(url: str) -> bool:
    """Return whether the URL has a web scheme and a host, and a usable port if any."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0

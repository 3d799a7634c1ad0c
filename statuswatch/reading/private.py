"""Private pages: headers for the origin of the page alone, whose values are masked in all that comes back.

A response is masked before anything else sees it. So no value reaches an event, the state file, a recording or stderr.
"""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import quote, quote_plus, urlsplit

import msgspec

from statuswatch.config.schema import Config
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.net.client import Client, ClientFactory
from statuswatch.net.response import Progress, Response, Wire

MIN_SECRET: Final = 6  # characters; masking shorter ones would remove ordinary words
MIN_PIECE: Final = 8  # characters of a secret that are masked where they stand alone
MASK: Final = b"***"
_PORTS: Final = {"http": 80, "https": 443}
_PIECE_OF_WORDS: Final = re.compile(rb"[a-z_-]+|[A-Z_-]+")


def with_headers(connect: ClientFactory, config: Config, env: Mapping[str, str]) -> ClientFactory:
    """Return what opens clients that send the headers of private pages. A missing variable fails its page only.

    A page of the same key at another origin than the configured one, as one that moved, is asked without them.
    """
    if not config.headers:
        return connect
    origins = {page.key: _origin(page.url) for page in config.pages if page.key in config.headers}

    @asynccontextmanager
    async def connect_page(page: Page, until: float) -> AsyncIterator[Client]:
        async with connect(page, until) as client:
            if origins.get(page.key) == _origin(page.url):
                client.wire = _private_wire(client.wire, page, config.headers[page.key], env)
            yield client

    return connect_page


def _private_wire(wire: Wire, page: Page, variables: Mapping[str, str], env: Mapping[str, str]) -> Wire:
    values: dict[str, str] = {}
    for name, variable in variables.items():
        values[name] = env.get(variable, "").strip()
        problem = _problem(name, variable, values[name])
        if problem:
            hint = "set it in the environment of the run; `headers_env` of the page names it"
            return _RefusingWire(Failure(FailureKind.MISSING_VARIABLE, problem, page.url, hint))
    return _PrivateWire(wire, page.url, values)


def _problem(name: str, variable: str, value: str) -> str:
    """Return why a header cannot be sent; "" where it can."""
    if not value:
        return f"${variable}, which holds the header {name}, is not set"
    if not (value.isascii() and value.isprintable()):
        return f"${variable} holds a character that no header can have"
    return ""


class _RefusingWire:
    """A wire that requests nothing."""

    def __init__(self, failure: Failure) -> None:
        self._failure = failure

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        progress.sent.set()
        return self._failure


class _PrivateWire:
    """A wire that adds the headers of a private page to requests to its own origin, and masks their values."""

    def __init__(self, wire: Wire, page_url: str, headers: Mapping[str, str]) -> None:
        self._wire, self._headers = wire, headers
        self._origin = _origin(page_url)
        self._secrets = Secrets(headers.values())

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        own = self._headers if _origin(url) == self._origin else {}
        response = await self._wire.get(url, {**headers, **own}, progress)
        if isinstance(response, Failure):
            words = {name: self._secrets.mask_text(getattr(response, name)) for name in ("reason", "where", "redirect")}
            return msgspec.structs.replace(response, **words)
        masked = {name: self._secrets.mask_text(value) for name, value in response.headers.items()}
        return Response(response.status, masked, self._secrets.mask(response.body))


def _origin(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port; None where the address has none."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None


class Secrets:
    """The values of a page's headers, and how they may be repeated: encoded, in another case, or in pieces."""

    def __init__(self, values: Iterable[str]) -> None:
        secrets = [secret for value in values for secret in _secret_parts(value) if len(secret) >= MIN_SECRET]
        forms = {form.lower().encode() for secret in secrets for form in _forms(secret)}
        forms |= {piece.lower() for secret in secrets for piece in _pieces(secret)}
        self._forms = sorted(forms, key=len, reverse=True)

    def mask(self, content: bytes) -> bytes:
        """Return the content without the values."""
        searched = content.lower()  # ASCII letters only: every byte keeps its place
        spans = sorted(span for form in self._forms for span in _occurrences(form, searched))
        masked = bytearray()
        end = 0
        for start, stop in spans:
            if start >= end:
                masked += content[end:start] + MASK
            end = max(end, stop)
        return bytes(masked + content[end:]) if spans else content

    def mask_text(self, words: str) -> str:
        """Return the text without the values."""
        return self.mask(words.encode(errors="replace")).decode()


def _occurrences(form: bytes, content: bytes) -> Iterator[tuple[int, int]]:
    start = content.find(form)
    while start >= 0:
        yield start, start + len(form)
        start = content.find(form, start + 1)


def _secret_parts(value: str) -> list[str]:
    """Return what is secret of the value of a header: all of it, what follows its scheme, and a password in that."""
    credentials = value.partition(" ")[2].strip() or value
    parts = [value, credentials, *re.split("[;,=: ]+", credentials)[1:]]
    try:
        login = b64decode(credentials, validate=True).decode()
    except (Base64Error, UnicodeDecodeError):
        return parts
    return [*parts, login, login.partition(":")[2]] if login.isprintable() else parts


def _forms(secret: str) -> Iterator[str]:
    for plain in (secret, quote(secret, safe=""), quote(secret), quote_plus(secret)):
        quoted = json.dumps(plain)[1:-1]
        yield from (plain, quoted, quoted.replace("/", "\\/"))
    yield b64encode(secret.encode()).decode()
    yield b64encode(secret.encode()).decode().rstrip("=")


def _pieces(secret: str) -> Iterator[bytes]:
    """Yield every piece of the shortest length that counts, but for those that may be ordinary words."""
    encoded = secret.encode()
    for start in range(len(encoded) - MIN_PIECE + 1):
        piece = encoded[start : start + MIN_PIECE]
        if not _PIECE_OF_WORDS.fullmatch(piece) and b" " not in piece:
            yield piece

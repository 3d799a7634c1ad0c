"""Documents of one page.

Redirects within a host are followed, a passing fault is retried once, and a failure is a value with a reason, never an
exception.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

import msgspec

from statuswatch.model.incident import utc
from statuswatch.model.page import (
    Document,
    DocumentResult,
    Exchange,
    Failure,
    FailureKind,
    Fetched,
    NotModified,
    Page,
    Validators,
)
from statuswatch.net.addresses import MAX_ADDRESS, public_address
from statuswatch.net.http import Network, open_wire, redirect_target
from statuswatch.net.response import Progress, Response, Wire

MAX_VALIDATOR: Final = 500  # characters
MAX_REDIRECTS: Final = 5
MAX_AGE_DIGITS: Final = 10  # of an `Age` header, in seconds: longer ones are no measure of time
PAUSE_BEFORE_RETRY: Final = 0.3  # seconds
_ETAG: Final = re.compile(r'(?:W/)?"[ !#-~]*"')  # `*`, or a list of them, would match every version of a document
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PASSING_STATUSES: Final = frozenset({500, 502, 503, 504})  # worth a second try at once
_PASSING_FAILURES: Final = frozenset({FailureKind.NO_CONNECTION, FailureKind.BROKEN})
_KINDS: Final = {
    401: FailureKind.FORBIDDEN,
    403: FailureKind.FORBIDDEN,
    404: FailureKind.NOT_FOUND,
    407: FailureKind.PROXY,
    410: FailureKind.NOT_FOUND,
    429: FailureKind.THROTTLED,
    502: FailureKind.UNAVAILABLE,
    503: FailureKind.UNAVAILABLE,
    504: FailureKind.UNAVAILABLE,
}
_HINTS: Final = {
    401: "an inactive or private page; look at it in a browser",
    403: "it refuses this client or this network; look at it in a browser, and try from another network",
    404: "no such document; the page may have moved or changed its platform, so correct its `url` or `platform`",
    407: "a proxy asks for credentials; check the proxy that the environment names (HTTPS_PROXY and the like)",
    410: "no such document any more; the page may have moved, so correct its `url`",
    429: "it asks for fewer requests; run less often",
}

Turns = defaultdict[str | None, asyncio.Lock]  # by host: no two requests to one host at a time
ClientFactory = Callable[[Page, float], AbstractAsyncContextManager["Client"]]  # of a page and its deadline


class Client:
    """Fetches the documents of one page. `until` is the page's deadline in the loop's time."""

    def __init__(
        self,
        wire: Wire,
        until: float,
        *,
        turns: Turns | None = None,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.wire = wire
        self._turns = turns
        self._pause = pause
        self.until = until
        self.progress = Progress()
        self.exchanges: list[Exchange] = []  # every document requested, in the order of the results

    async def fetch(self, document: Document, validators: Validators | None) -> DocumentResult:
        """Return the document, or why it cannot be had. The caller sets a deadline."""
        validators = _usable(validators) if validators else None
        turn = nullcontext() if self._turns is None else self._turns[urlsplit(document.url).hostname]
        async with turn:
            return await self._fetch(document, validators)

    async def _fetch(self, document: Document, validators: Validators | None) -> DocumentResult:
        clock = asyncio.get_running_loop().time
        started, redirects = clock(), list[str]()
        result: DocumentResult = Failure(FailureKind.TIMEOUT, "no complete answer", document.url)
        try:
            result, retry = await self._follow(document.url, validators, redirects)
            if retry is not None and clock() + retry < self.until:
                await self._pause(retry)
                redirects.clear()
                second, _ = await self._follow(document.url, validators, redirects)
                if not is_unrecorded(second):  # a recording without a retry: there was none
                    result = second
        finally:
            self.exchanges.append(
                Exchange(document, result, clock() - started, tuple(redirects), validators is not None)
            )
        return result

    async def _follow(
        self, url: str, validators: Validators | None, redirects: list[str]
    ) -> tuple[DocumentResult, float | None]:
        """Return the result, and after how many seconds a retry is worth it, if it is."""
        document_url = url
        headers = _conditions(validators)
        for _ in range(MAX_REDIRECTS + 1):
            response = await self.wire.get(url, headers, self.progress)
            if isinstance(response, Failure):
                return response, PAUSE_BEFORE_RETRY if response.kind in _PASSING_FAILURES else None
            if response.status not in _REDIRECTS:
                return _result(response, url, conditional=validators is not None)
            target = _redirected(url, response, redirects)
            if isinstance(target, Failure):
                return msgspec.structs.replace(target, where=document_url), None
            url = target
        hint = "look at the page in a browser and correct its `url`"
        return Failure(FailureKind.REDIRECTED, f"more than {MAX_REDIRECTS} redirects", url, hint), None


@asynccontextmanager
async def connect(network: Network, until: float, turns: Turns | None = None) -> AsyncIterator[Client]:
    """Open a client for one page whose deadline is `until`, in the loop's time.

    With `turns` it waits for other clients of the same turns that ask the same host.
    """
    async with open_wire(network) as wire:
        yield Client(wire, until, turns=turns)


def connect_to(network: Network) -> ClientFactory:
    """Return what opens clients for pages over the network."""
    return lambda _, until: connect(network, until)


def is_unrecorded(result: DocumentResult) -> bool:
    """Return whether a replay was asked for a document that its recording does not have."""
    return isinstance(result, Failure) and result.kind is FailureKind.NOT_RECORDED


def _redirected(url: str, response: Response, redirects: list[str]) -> str | Failure:
    """Return the address to follow, or why it is not followed: only the same host is asked, and TLS is kept."""
    try:
        target = redirect_target(url, response.headers.get("location", ""))
    except ValueError as error:
        hint = "look at the page in a browser and correct its `url`"
        return Failure(FailureKind.BAD_ADDRESS, f"a redirect to no address ({error})", url, hint)
    redirects.append(target.url)
    if target.scheme not in ("http", "https") or not target.same_host:
        reason = f"it redirects to {target.origin[:MAX_ADDRESS]}"
        hint = "look at the page in a browser and correct its `url`"
        return Failure(FailureKind.REDIRECTED, reason, url, hint, redirect=public_address(target.url))
    if target.scheme == "http" and url.startswith("https:"):
        hint = "plain HTTP can be forged on the way"
        return Failure(
            FailureKind.REDIRECTED, f"it redirects to http://{target.host}, from TLS to plain HTTP", url, hint
        )
    return target.url


def _result(response: Response, url: str, *, conditional: bool) -> tuple[DocumentResult, float | None]:
    status = response.status
    if status == 200:
        document = Fetched(
            response.body,
            _validators(response),
            _moment(response, "last-modified"),
            _age(response),
            _served_at(response),
        )
        return document, None
    if status == 304 and conditional:
        return NotModified(_served_at(response)), None
    kind = _KINDS.get(status) or (FailureKind.SERVER_ERROR if status >= 500 else FailureKind.REJECTED)
    fault = "the vendor's server has a fault; retried on the next run" if status >= 500 else "unexpected"
    failure = Failure(kind, f"HTTP {status}", url, _HINTS.get(status) or fault, retry_after=_pause_asked_for(response))
    return failure, _retry_after(response) if status == 429 or status in _PASSING_STATUSES else None


def _validators(response: Response) -> Validators:
    """Return the ETag, else Last-Modified; one that could not be sent back as it came is not kept."""
    etag, last_modified = (response.headers.get(name, "") for name in ("etag", "last-modified"))
    return _usable(Validators(etag, last_modified)) or Validators()


def _usable(validators: Validators) -> Validators | None:
    """Return the ETag, else Last-Modified, if it may be sent; None where neither may."""
    if len(validators.etag) <= MAX_VALIDATOR and _ETAG.fullmatch(validators.etag):
        return Validators(etag=validators.etag)
    value = validators.last_modified
    if value and value.isascii() and value.isprintable() and len(value) <= MAX_VALIDATOR:
        return Validators(last_modified=value)
    return None


def _served_at(response: Response) -> datetime | None:
    """Return the server's time; None where it states none, or no time."""
    return _moment(response, "date")


def _moment(response: Response, header: str) -> datetime | None:
    try:
        return utc(parsedate_to_datetime(response.headers.get(header, "")))
    except (ValueError, OverflowError):
        return None


def _age(response: Response) -> int | None:
    """Return how many seconds a cache kept the response; None where none says so."""
    value = response.headers.get("age", "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < MAX_AGE_DIGITS else None


def _conditions(validators: Validators | None) -> dict[str, str]:
    if validators is None:
        return {}
    if validators.etag:
        return {"If-None-Match": validators.etag}
    return {"If-Modified-Since": validators.last_modified}


def _retry_after(response: Response) -> float | None:
    """Return seconds until another try; None where the server names a date, which is never soon."""
    value = response.headers.get("retry-after", "").strip()
    if not value:
        return PAUSE_BEFORE_RETRY if response.status != 429 else None
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else None


def _pause_asked_for(response: Response) -> float:
    """Return the seconds of a `Retry-After`, for the next run; a date is taken by the server's own clock."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:MAX_AGE_DIGITS])
    until, served_at = _moment(response, "retry-after"), _served_at(response)
    return max(0.0, (until - served_at).total_seconds()) if until and served_at else 0.0

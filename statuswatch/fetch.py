"""Documents over HTTP: bounded in time and size, conditional where it can be, and never an exception: a failure is a
value with a reason.

The work in flight is bounded, not the connections. Names are resolved on threads of their own that nobody waits for:
asyncio has a handful, and two dead names would hold the exit of the run.
"""

import asyncio
import os
import socket
import ssl
import sys
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager, nullcontext
from contextvars import ContextVar
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

# httpx brings a command line of its own, which imports click, rich and pygments wherever they can be had: +47 ms.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx  # noqa: E402

from statuswatch import __version__  # noqa: E402
from statuswatch.errors import NetworkError  # noqa: E402
from statuswatch.model import Document, Exchange, Failed, Fetched, NotModified, Validators  # noqa: E402
from statuswatch.transport import Transport  # noqa: E402


def agent(env: Mapping[str, str]) -> str:
    """Who asks; on a runner with the address of who runs it, so that a vendor can say a word."""
    if env.get("GITHUB_ACTIONS") == "true" and (repository := env.get("GITHUB_REPOSITORY")):
        return f"statuswatch/{__version__} (+{env.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository})"
    return f"statuswatch/{__version__}"


AGENT: Final = agent(os.environ)
LARGEST_BODY: Final = 10_000_000  # bytes, after decompression
MOST_PARTS: Final = 10_000  # of a body, where they are smaller than this on average: each costs as much as any other
SMALLEST_PART: Final = 32  # bytes
PARTS_AT_A_TIME: Final = 64
LONGEST_VALIDATOR: Final = 500  # characters
LONGEST_PLACE: Final = 200  # characters of an address that are repeated
MOST_REDIRECTS: Final = 5
PAUSE_BEFORE_RETRY: Final = 0.3  # seconds
PROMPT_RESOLVERS: Final = 8  # threads, which are enough where names resolve
RESOLVED_WITHIN: Final = 0.01  # seconds; where they do not, each gets one
_HEADERS: Final = {
    "User-Agent": AGENT,
    "Accept": "application/json, */*;q=0.5",
    "Accept-Encoding": "gzip",
}
_NO_TIMEOUT: Final = httpx.Timeout(None)  # the caller's deadline covers a whole page; httpx's are per operation
_GZIP: Final = b"\x1f\x8b"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_PASSING: Final = frozenset({500, 502, 503, 504})  # worth a second try at once
_BUSY: Final = frozenset({429, 502, 503, 504})  # 500 may be how a server answers what it does not know
_HINTS: Final = {
    401: "an inactive or private page; look at it in a browser",
    403: "it refuses this client or this network; look at it in a browser, and try from another network",
    404: "no such document; the page may have moved or changed its platform, so correct its `url` or `platform`",
    410: "no such document any more; the page may have moved, so correct its `url`",
    429: "it asks for fewer requests; run less often",
}

Turns = defaultdict[str | None, asyncio.Lock]  # by host

T = TypeVar("T")
R = TypeVar("R")


class Client:
    """Fetches the documents of one page, over connections of its own; inside `connect()`."""

    def __init__(self, http: httpx.AsyncClient, until: float, turns: Turns | None) -> None:
        self._http = http
        self._turns = turns
        self.until = until
        self.answered = False  # whether anything at all came back
        self.asked = asyncio.Event()  # set when the first request is out
        self.exchanges: list[Exchange] = []  # all that was asked for, in the order of the answers

    async def fetch(self, document: Document, validators: Validators | None) -> Fetched | NotModified | Failed:
        """The document, following redirects within its host, with one more try after a passing fault. Give it a
        deadline from outside.
        """
        turn = nullcontext() if self._turns is None else self._turns[urlsplit(document.url).hostname]
        async with turn:
            return await self._fetch(document, validators)

    async def _fetch(self, document: Document, validators: Validators | None) -> Fetched | NotModified | Failed:
        clock = asyncio.get_running_loop().time
        begun, hops = clock(), list[str]()
        result: Fetched | NotModified | Failed = Failed("no complete answer", document.url)  # if its time is up
        try:
            result, retry = await self._once(document.url, validators, hops)
            if retry is not None and clock() + retry < self.until:
                await asyncio.sleep(retry)
                hops.clear()
                result, _ = await self._once(document.url, validators, hops)
        finally:
            self.exchanges.append(Exchange(document, result, clock() - begun, tuple(hops)))
        return result

    async def _once(
        self, url: str, validators: Validators | None, hops: list[str]
    ) -> tuple[Fetched | NotModified | Failed, float | None]:
        """The result, and after how many seconds it is worth another try, if it is."""
        try:
            return await self._follow(url, validators, hops)
        except httpx.TransportError as error:
            return _transport_failure(error, url)
        except (httpx.InvalidURL, httpx.HTTPError, zlib.error, ValueError) as error:
            return Failed(_words(error), url, "look at the page in a browser"), None

    async def _follow(
        self, url: str, validators: Validators | None, hops: list[str]
    ) -> tuple[Fetched | NotModified | Failed, float | None]:
        host = httpx.URL(url).host
        for _ in range(MOST_REDIRECTS + 1):
            trace = {} if self.asked.is_set() else {"trace": _noting(self.asked)}
            request = self._http.build_request("GET", url, headers=_conditions(validators), extensions=trace)
            response = await self._http.send(request, stream=True)
            try:
                self.answered = True
                if response.status_code not in _REDIRECTS:
                    return await _receive(response, url, conditional=validators is not None)
                there = httpx.URL(urljoin(url, response.headers.get("location", "")))  # in plain characters
            finally:
                await response.aclose()
            hops.append(str(there))
            if there.scheme not in ("http", "https") or there.host != host:
                place = f"{there.scheme}://{there.netloc.decode()}"
                usable = place if there.scheme in ("http", "https") and len(place) <= LONGEST_PLACE else ""
                return Failed(f"it redirects to {place[:LONGEST_PLACE]}", url, there=usable), None
            if there.scheme == "http" and url.startswith("https:"):
                hint = "over it anybody on the way could say anything"
                return Failed(f"it redirects to http://{host}, from TLS to plain HTTP", url, hint), None
            url = str(there)
        return Failed(
            f"more than {MOST_REDIRECTS} redirects", url, "look at the page in a browser and correct its `url`"
        ), None


def _noting(asked: asyncio.Event) -> Callable[[str, object], Awaitable[None]]:
    """Sets it when httpcore says that the request is out. It knows no more than that: a response of httpx refers to
    itself, and keeps alive whatever its request refers to until the next collection; all bodies, were it the client.
    """

    async def trace(event: str, _: object) -> None:
        if event == "http11.send_request_body.complete":
            asked.set()

    return trace


async def _receive(
    response: httpx.Response, url: str, *, conditional: bool
) -> tuple[Fetched | NotModified | Failed, float | None]:
    status = response.status_code
    if status == 304 and conditional:
        async for _ in response.aiter_raw():  # nothing comes, but only an answer read to its end leaves its connection
            pass
        return NotModified(), None
    if status != 200:
        hint = _HINTS.get(status) or (
            "the vendor's server has a fault; the next run tries again" if status >= 500 else "unexpected"
        )
        failed = Failed(f"HTTP {status}", url, hint, gone=status in (404, 410), busy=status in _BUSY)
        return failed, _retry_after(response) if status == 429 or status in _PASSING else None
    body = await _body(response)
    if isinstance(body, str):
        return Failed(body, url, "look at the address in a browser and correct the page's `url`"), None
    return Fetched(body, _validators(response.headers)), None


def _validators(headers: httpx.Headers) -> Validators:
    """The ETag as it is, else Last-Modified; what could not be sent back as it came is not kept."""
    for field, name in (("etag", "etag"), ("last_modified", "last-modified")):
        value = headers.get(name, "")
        if value and value.isascii() and value.isprintable() and len(value) <= LONGEST_VALIDATOR:
            return Validators(**{field: value})
    return Validators()


async def _body(response: httpx.Response) -> bytes | str:
    """The body, or why it is refused. Inflated here, in bounded steps: a small body may hide a huge one."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        return f"content encoding {encoding[:20]!r}, which was not asked for"
    inflate = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    parts: list[bytes] = []
    size = 0
    async for raw in response.aiter_raw():
        part = inflate.decompress(raw, LARGEST_BODY + 1 - size) if inflate else raw
        size += len(part)
        while inflate and inflate.unused_data.startswith(_GZIP) and size <= LARGEST_BODY:  # another member
            rest, inflate = inflate.unused_data, zlib.decompressobj(wbits=31)
            more = inflate.decompress(rest, LARGEST_BODY + 1 - size)
            size += len(more)
            part += more
        if size > LARGEST_BODY:
            return f"a body of more than {LARGEST_BODY // 1_000_000} MB"
        parts.append(part)
        if len(parts) > MOST_PARTS and size < SMALLEST_PART * len(parts):
            return f"a body in more than {MOST_PARTS:,} crumbs"
        if not len(parts) % PARTS_AT_A_TIME:  # however fast they come, the others have their turns
            await asyncio.sleep(0)
    if inflate and not inflate.eof:
        return "a compressed body that was cut short"
    return b"".join(parts)


def _conditions(validators: Validators | None) -> dict[str, str]:
    if validators is None:
        return {}
    if validators.etag:
        return {"If-None-Match": validators.etag}
    return {"If-Modified-Since": validators.last_modified}


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds until another try; none where the server names a date: that is never soon."""
    wanted = response.headers.get("retry-after", "").strip()
    if not wanted:
        return PAUSE_BEFORE_RETRY if response.status_code != 429 else None
    return float(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 else None


def _transport_failure(error: httpx.TransportError, url: str) -> tuple[Failed, float | None]:
    reason = _words(error).lower()
    for cause in causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                why = f"its certificate is not valid: {cause.verify_message}"
                return Failed(why, url, "look at the page in a browser"), None
            case ssl.SSLError():
                why = f"TLS failed: {getattr(cause, 'reason', '') or cause}"
                return Failed(why, url, "look at the page in a browser"), None
            case socket.gaierror():
                why = "its name cannot be resolved"
                return Failed(why, url, "check the network, then the `url`", answered=False), None
            case OSError(errno=int() as number):
                reason = os.strerror(number).lower()
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return Failed(
                f"no connection: {reason}", url, "check the network, then the `url`", answered=False
            ), PAUSE_BEFORE_RETRY
        case httpx.ProxyError():
            return Failed(f"our proxy refused: {_words(error)}", url, "check the network", answered=False), None
        case httpx.UnsupportedProtocol():
            return Failed("not an http address", url, "correct its `url`"), None
        case _:
            return Failed(f"the connection broke: {_words(error)}", url, "the next run tries again"), PAUSE_BEFORE_RETRY


def causes(error: BaseException) -> list[BaseException]:
    """The error and all that led to it; a chain may lead back to itself."""
    chain = [error]
    for it in chain:
        chain += [cause for cause in (it.__cause__, it.__context__) if cause and all(cause is not one for one in chain)]
    return chain


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


class Network(NamedTuple):
    """Whom to trust, and whether the environment names a proxy: then httpx's own transport finds the way."""

    trust: ssl.SSLContext
    proxied: bool


def network() -> Network:
    """Raises NetworkError where the environment names a proxy that cannot be used."""
    named = getproxies()
    proxies = [named[scheme] for scheme in ("http", "https", "all") if named.get(scheme)]
    it = Network(trusted(), bool(proxies))
    it.trust.set_alpn_protocols(["http/1.1"])  # here only: mail goes over `trusted` too, and is another protocol
    try:
        _client(it)
        if any(urlsplit(proxy).port == 0 for proxy in proxies):  # which raises where there is no such port
            raise ValueError
    except ImportError as error:
        raise NetworkError(f"the proxy that the environment names cannot be used: {error}") from None
    except (ValueError, OverflowError, httpx.InvalidURL):  # whose words may repeat a password
        raise NetworkError("the proxy that the environment names (HTTPS_PROXY and the like) has no address") from None
    return it


@asynccontextmanager
async def connect(network: Network, until: float, turns: Turns | None = None) -> AsyncIterator[Client]:
    """A client for one page that has time until then (of the loop). With `turns` it asks no host while another client
    of the same turns asks it.
    """
    opened: list[asyncio.BaseTransport] = []
    _opened.set(opened)
    try:
        async with _client(network) as http:
            yield Client(http, until, turns)
    finally:
        # Behind a proxy httpcore forgets a connection whose handshake is cut off, and its socket stays open.
        for transport in opened:
            if isinstance(transport, asyncio.Transport):
                transport.abort()


def _client(network: Network) -> httpx.AsyncClient:
    if network.proxied:
        return httpx.AsyncClient(verify=network.trust, timeout=_NO_TIMEOUT, headers=_HEADERS)
    return httpx.AsyncClient(transport=Transport(network.trust), timeout=_NO_TIMEOUT, headers=_HEADERS)


def trusted() -> ssl.SSLContext:
    """The system's certificate authorities; the bundle that httpx carries where the system has none."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not (context.cert_store_stats()["x509_ca"] or paths.capath):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


async def each(items: Iterable[T], work: Callable[[T], Awaitable[R]], concurrency: int) -> list[R]:
    """`work` on every item, so many at a time, in the order in which they end. The first error that it raises ends all
    the others.
    """
    waiting = iter(items)
    results: list[R] = []

    async def worker() -> None:
        for item in waiting:
            results.append(await work(item))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(concurrency):
                group.create_task(worker())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return results


_opened: ContextVar[list[asyncio.BaseTransport]] = ContextVar("_opened")  # by the page at work
_Name = tuple[Any, Any, int, int, int, int]  # what the system's resolver is asked


class Loop(asyncio.SelectorEventLoop):
    """An event loop that resolves each name once, on daemon threads of its own, and notes who opens connections."""

    def __init__(self) -> None:
        super().__init__()
        self._lookups: dict[_Name, asyncio.Future[Any]] = {}
        self._wanted: SimpleQueue[_Name | None] = SimpleQueue()
        self._unresolved = 0
        self._resolvers: list[Thread] = []
        self._help: asyncio.TimerHandle | None = None

    async def create_connection(self, *arguments: Any, **options: Any) -> Any:
        transport, protocol = await super().create_connection(*arguments, **options)
        _opened.get([]).append(transport)
        return transport, protocol

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        name = (host, port, family, type, proto, flags)
        if name not in self._lookups:
            self._lookups[name] = self.create_future()
            self._unresolved += 1
            self._wanted.put(name)
            if len(self._resolvers) < PROMPT_RESOLVERS:
                self._start_resolvers(PROMPT_RESOLVERS)
            elif self._unresolved > len(self._resolvers) and not self._help:
                self._help = self.call_later(RESOLVED_WITHIN, self._start_resolvers)
        return await asyncio.shield(self._lookups[name])

    def _start_resolvers(self, most: int = sys.maxsize) -> None:
        """One for each name, of those that are not resolved yet: one that never is keeps its thread for itself."""
        self._help = None
        while len(self._resolvers) < min(self._unresolved, most):
            self._resolvers.append(Thread(target=self._resolve, daemon=True))
            self._resolvers[-1].start()

    def _resolve(self) -> None:
        while name := self._wanted.get():
            host, port, family, kind, proto, flags = name
            found: Any = None
            error: Exception | None = None
            try:
                found = socket.getaddrinfo(host, port, family, kind, proto, flags)
            except (OSError, UnicodeError) as raised:
                error = raised
            try:
                self.call_soon_threadsafe(self._settle, name, found, error)
            except RuntimeError:
                return  # the run is over; nobody waits for this name any more

    def _settle(self, name: _Name, found: Any, error: Exception | None) -> None:
        self._unresolved -= 1
        lookup = self._lookups[name]
        if error:
            lookup.set_exception(error)
            lookup.exception()  # seen: a page whose time is up does not come back for it
        else:
            lookup.set_result(found)

    def close(self) -> None:
        for _ in self._resolvers:
            self._wanted.put(None)
        if not self._unresolved:  # else one of them may never come back
            for resolver in self._resolvers:
                resolver.join()
        super().close()

"""HTTP: the only module that imports httpx.

Requests for documents are bounded in size and never raise; requests of sinks raise RequestError.
"""

import asyncio
import errno
import os
import re
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, nullcontext, suppress
from functools import cache, partial
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin, urlsplit
from urllib.request import getproxies

# httpx brings a command line of its own, which imports click, rich and pygments wherever they can be had: +47 ms.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx  # noqa: E402
import msgspec  # noqa: E402
from isal import isal_zlib  # noqa: E402

from statuswatch import __version__, text  # noqa: E402
from statuswatch.errors import NetworkError, exception_chain  # noqa: E402
from statuswatch.masking import login_spellings, mask_secrets  # noqa: E402
from statuswatch.model.page import Failure, FailureKind  # noqa: E402
from statuswatch.net.connection import BrokenError, Connection, Connections, Origin, Request, UnsendableError  # noqa: E402
from statuswatch.net.http1 import ProtocolError  # noqa: E402
from statuswatch.net.loop import opened_transports  # noqa: E402
from statuswatch.net.response import Progress, Response, Wire  # noqa: E402
from statuswatch.net.threads import run_in_daemon_thread  # noqa: E402
from statuswatch.net.trust import trust_store  # noqa: E402


def user_agent(env: Mapping[str, str]) -> str:
    """Return the User-Agent; on a runner with the address of the repository, so that a vendor can write to it."""
    if env.get("GITHUB_ACTIONS") == "true" and (repository := env.get("GITHUB_REPOSITORY")):
        return f"statuswatch/{__version__} (+{env.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository})"
    return f"statuswatch/{__version__}"


@cache
def _document_headers() -> httpx.Headers:
    return httpx.Headers(
        {
            "Accept": "application/json, */*;q=0.5",
            "Accept-Encoding": "gzip",
            "Connection": "keep-alive",
            "User-Agent": user_agent(os.environ),
        }
    )


MAX_BODY: Final = 10_000_000  # bytes, after decompression
MAX_PARTS: Final = 10_000  # of a body whose parts are smaller than MIN_PART on average: each costs as much as any other
MIN_PART: Final = 32  # bytes
PARTS_PER_TURN: Final = 64
MAX_MESSAGE: Final = 300  # characters of an error's text that are repeated
MAX_PORT: Final = 65_535
MAX_SINK_RESPONSE: Final = 65_536  # bytes of a sink's response that are read
MAX_SINK_BODY_SECONDS: Final = 5.0  # for the body of a sink's response; its status counts without it
_NO_TIMEOUT: Final = httpx.Timeout(None)  # the caller's deadline covers a whole page; httpx's are per operation
_SINK_TIMEOUT: Final = httpx.Timeout(10.0)  # seconds, for each step of a request
_SENT: Final = "http11.send_request_body.complete"  # as httpcore names that in its traces
_GZIP: Final = b"\x1f\x8b"
MAX_PROMPT_MASKING: Final = 500_000  # bytes; more are masked in a thread, while other pages go on
# The escapes of ASCII in JSON and HTML: \u0041, &#65;, &#x41;, and \/ for a slash.
_ESCAPED: Final = re.compile(
    r"\\u00([2-7][0-9a-fA-F])|&#0*([3-9]\d|1[01]\d|12[0-6]);|&#[xX]0*([2-7][0-9a-fA-F]);|\\(.)"
)
_TUNNEL_EVENTS: Final = frozenset(
    {"proxy.start_tls.started", "socks.start_tls.started", "socks.setup_socks5_connection.complete"}
)
_LOOK: Final = "look at the page in a browser"
_CHECK_PROXY: Final = "check the proxy that the environment names (HTTPS_PROXY and the like)"
_LOOK_AND_CORRECT: Final = "look at the address in a browser and correct the page's `url`"


# ------------------------------------------------------------------------------------------------ documents of pages


class Network(NamedTuple):
    """Certificate authorities, and whether the environment names a proxy: httpx's own transport then finds the way.

    `secrets` are the spellings of the proxy's credentials.
    """

    trust: ssl.SSLContext
    proxied: bool
    secrets: tuple[str, ...] = ()


def open_network() -> Network:
    """Prepare for requests. Raises NetworkError where the environment names a proxy that cannot be used."""
    proxies = _proxies()
    network = Network(trust_store(), bool(proxies), proxy_secrets())
    network.trust.set_alpn_protocols(["http/1.1"])  # only here: mail uses a trust store too, and is another protocol
    try:
        _transport(network)
        if any(urlsplit(proxy).port == 0 for proxy in proxies):  # raises ValueError where there is no such port
            raise ValueError
    except ImportError as error:
        raise NetworkError(f"the proxy that the environment names cannot be used: {error}") from None
    except (ValueError, OverflowError, httpx.InvalidURL):  # their messages may repeat a password
        raise NetworkError("the proxy that the environment names (HTTPS_PROXY and the like) has no address") from None
    return network


def proxy_secrets() -> tuple[str, ...]:
    """Return the spellings of the credentials of the proxies that the environment names."""
    return tuple({spelling for proxy in _proxies() for spelling in login_spellings(proxy)})


def _proxies() -> list[str]:
    configured = getproxies()
    return [configured[scheme] for scheme in ("http", "https", "all") if configured.get(scheme)]


@asynccontextmanager
async def open_wire(network: Network) -> AsyncIterator[Wire]:
    """Open connections for one page, and close them all at the end."""
    opened: list[asyncio.BaseTransport] = []
    opened_transports.set(opened)
    try:
        async with _transport(network) as transport:
            wire = HttpWire(transport, proxied=network.proxied)
            yield MaskingWire(wire, network.secrets) if network.secrets else wire
    finally:
        # Behind a proxy httpcore forgets a connection whose handshake is cut off, and its socket stays open.
        for abandoned in opened:
            if isinstance(abandoned, asyncio.Transport):
                abandoned.abort()


def _transport(network: Network) -> httpx.AsyncBaseTransport:
    if network.proxied:
        return ProxiedTransport(httpx.AsyncClient(verify=network.trust, timeout=_NO_TIMEOUT))
    return Transport(Connections(network.trust))


class ProxiedTransport(httpx.AsyncBaseTransport):
    """A client of httpx, which finds the way through the proxies that the environment names."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx.TransportError, and ValueError for a name that cannot be one."""
        request.extensions = {"timeout": _NO_TIMEOUT.as_dict(), **request.extensions}
        return await self._client.send(request, stream=True)

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


class HttpWire:
    """The network, as a `Wire`.

    It is written against httpx's transports. A client of httpx asks more of each request than a document needs: to send
    one through it costs twice as much.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport, *, proxied: bool = False) -> None:
        self._transport = transport
        self._proxied = proxied
        self._cookies: httpx.Cookies | None = None  # of this page; most set none

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        """Return the response, or why there is none. The body is read of HTTP 200 only."""
        route = _Route(progress.sent)
        response: httpx.Response | None = None
        try:
            trace = {"trace": route} if self._proxied or not progress.sent.is_set() else {}
            request = self._request(url, headers, trace)
            response = await self._transport.handle_async_request(request)
            try:
                progress.answered = True
                self._keep_cookies(request, response)
                return await _receive(response, url)
            finally:
                await response.aclose()
        except httpx.TransportError as error:
            failure = _transport_failure(error, url)
            by_proxy = self._proxied and response is None and route.ends_at_proxy(url)
            return _proxy_failure(failure) if by_proxy else failure
        except (httpx.InvalidURL, httpx.HTTPError, ValueError) as error:
            return Failure(FailureKind.BAD_ADDRESS, _message(error), url, _LOOK)
        except isal_zlib.IsalError as error:  # type: ignore[misc]  # its stub has an instance
            reason = f"a gzip body that is broken: {_message(error)}"
            return Failure(FailureKind.UNUSABLE_BODY, reason, url, _LOOK)

    def _request(self, url: str, headers: Mapping[str, str], extensions: dict[str, Any]) -> httpx.Request:
        """Return the request, as httpx's client would make it. Raises httpx.InvalidURL."""
        every = _document_headers()
        if headers:
            every = every.copy()
            every.update(headers)
        request = httpx.Request("GET", url, headers=every, extensions=extensions)
        if request.url.userinfo:
            next(httpx.BasicAuth(request.url.username, request.url.password).auth_flow(request))
        if self._cookies is not None:
            self._cookies.set_cookie_header(request)
        return request

    def _keep_cookies(self, request: httpx.Request, response: httpx.Response) -> None:
        """Keep the cookies that a response sets. One that sets none is not searched for them: that takes 15 µs."""
        if "set-cookie" in response.headers:
            response.request = request
            self._cookies = self._cookies or httpx.Cookies()
            self._cookies.extract_cookies(response)


class _Route:
    """How far one request came, as httpcore traces it: `sent` is set once it is on the wire.

    It refers to nothing else: a response of httpx refers to itself, and keeps whatever its request refers to until the
    next garbage collection.
    """

    def __init__(self, sent: asyncio.Event) -> None:
        self._sent = sent
        self._connected_to: tuple[str, int] | None = None
        self._tunnelled = False

    async def __call__(self, event: str, details: Mapping[str, Any]) -> None:
        if event == _SENT:
            self._sent.set()
        elif event.endswith("connect_tcp.started"):
            self._connected_to = (details["host"], details["port"])
        elif event in _TUNNEL_EVENTS:
            self._tunnelled = True

    def ends_at_proxy(self, url: str) -> bool:
        """Return whether a new connection went to another host than the page's, and not through it."""
        target = httpx.URL(url)
        port = target.port or (443 if target.scheme == "https" else 80)
        return not self._tunnelled and self._connected_to not in (None, (target.host, port))


class MaskingWire:
    """A wire on which nobody repeats the credentials of our proxy: neither the proxy nor a vendor."""

    def __init__(self, wire: Wire, secrets: tuple[str, ...]) -> None:
        self._wire = wire
        self._secrets = secrets
        self._encoded_secrets = tuple(secret.encode().decode("latin-1") for secret in secrets)

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        """Return the response, or why there is none, without the credentials."""
        response = await self._wire.get(url, headers, progress)
        if isinstance(response, Failure):
            return msgspec.structs.replace(response, reason=self._mask(response.reason))
        masked = {name: self._mask(value) for name, value in response.headers.items()}
        if len(response.body) <= MAX_PROMPT_MASKING:
            body = self._masked_body(response.body)
        else:
            body = await run_in_daemon_thread(partial(self._masked_body, response.body))
        if body is None:
            reason = "a body that repeats the credentials of our proxy"
            return Failure(FailureKind.UNUSABLE_BODY, reason, url, "change the password of the proxy")
        return Response(response.status, masked, body)

    def _mask(self, words: str) -> str:
        return mask_secrets(words, self._secrets)

    def _masked_body(self, body: bytes) -> bytes | None:
        """Return the body without the credentials; None where they stand in it as escapes, of JSON or HTML."""
        plain = body.decode("latin-1")
        masked = mask_secrets(plain, self._encoded_secrets)
        resolved = _ESCAPED.sub(_resolve_escape, masked)
        if resolved != masked and mask_secrets(resolved, self._encoded_secrets) != resolved:
            return None
        return body if masked == plain else masked.encode("latin-1")


def _resolve_escape(escape: re.Match[str]) -> str:
    code, decimal, hexadecimal, character = escape.groups()
    return character or chr(int(decimal) if decimal else int(code or hexadecimal, 16))


async def _receive(response: httpx.Response, url: str) -> Response | Failure:
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.status_code == 304:
        async for _ in response.aiter_raw():  # nothing comes, but only a response read to its end frees its connection
            pass
    if response.status_code != 200:
        return Response(response.status_code, headers)
    body = await _body(response)
    if isinstance(body, str):
        return Failure(FailureKind.UNUSABLE_BODY, body, url, _LOOK_AND_CORRECT)
    return Response(200, headers, body)


async def _body(response: httpx.Response) -> bytes | str:
    """Return the body, or why it is refused. Inflated in bounded steps: a small body may hide a huge one."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        return f"content encoding {encoding[:20]!r}, which was not asked for"
    inflate = _Inflate() if "gzip" in encoding else None
    parts: list[bytes] = []
    size = 0
    async for raw in response.aiter_raw():
        part = inflate.part(raw, MAX_BODY + 1 - size) if inflate else raw
        size += len(part)
        if size > MAX_BODY:
            return f"a body of more than {MAX_BODY // 1_000_000} MB"
        parts.append(part)
        if len(parts) > MAX_PARTS and size < MIN_PART * len(parts):
            return f"a body in more than {MAX_PARTS:,} tiny parts"
        if not len(parts) % PARTS_PER_TURN:  # however fast they come, other pages have their turns
            await asyncio.sleep(0)
    if inflate and not inflate.complete:
        return "a compressed body that was cut short"
    return b"".join(parts)


class _Inflate:
    """A gzip stream of one or more members."""

    def __init__(self) -> None:
        self._member = isal_zlib.decompressobj(wbits=31)

    @property
    def complete(self) -> bool:
        return self._member.eof

    def part(self, raw: bytes, room: int) -> bytes:
        """Inflate the next bytes, to at most `room` bytes."""
        part = self._member.decompress(raw, room)
        while self._member.unused_data.startswith(_GZIP) and len(part) < room:
            rest, self._member = self._member.unused_data, isal_zlib.decompressobj(wbits=31)
            part += self._member.decompress(rest, room - len(part))
        return part


def _transport_failure(error: httpx.TransportError, url: str) -> Failure:
    network_hint = "check the network, then the `url`"
    reason = _message(error).lower()
    for cause in exception_chain(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return Failure(FailureKind.TLS, f"its certificate is not valid: {cause.verify_message}", url, _LOOK)
            case ssl.SSLError():
                return Failure(FailureKind.TLS, f"TLS failed: {getattr(cause, 'reason', '') or cause}", url, _LOOK)
            case socket.gaierror():
                return Failure(FailureKind.UNRESOLVED, "its name cannot be resolved", url, network_hint)
            case OSError(errno=int() as number):
                reason = os.strerror(number).lower()
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            failure = Failure(FailureKind.NO_CONNECTION, f"no connection: {reason}", url, network_hint)
        case httpx.ProxyError():
            failure = Failure(FailureKind.PROXY, f"our proxy refused: {_message(error)}", url, _CHECK_PROXY)
        case httpx.UnsupportedProtocol():
            failure = Failure(FailureKind.BAD_ADDRESS, "not an http address", url, "correct its `url`")
        case _:
            reason = f"the connection broke: {_message(error)}"
            failure = Failure(FailureKind.BROKEN, reason, url, "retried on the next run")
    return failure


def _proxy_failure(failure: Failure) -> Failure:
    """Return the failure of a request that came no further than our proxy."""
    if failure.kind is FailureKind.PROXY:
        return failure
    return Failure(FailureKind.PROXY, f"our proxy: {failure.reason}", failure.where, _CHECK_PROXY)


def _message(error: Exception) -> str:
    """Return the text of an error in one line, cut: it may repeat all that a server sent."""
    return text.line(str(error))[:MAX_MESSAGE] or type(error).__name__


class Redirect(NamedTuple):
    """The target of a redirect, in plain characters."""

    url: str
    scheme: str
    host: str
    origin: str
    same_host: bool


def redirect_target(url: str, location: str) -> Redirect:
    """Resolve a `Location` header. Raises ValueError where it is no address."""
    try:
        target = httpx.URL(urljoin(url, location))
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from error
    origin = f"{target.scheme}://{target.netloc.decode()}"
    return Redirect(str(target), target.scheme, target.host, origin, target.host == httpx.URL(url).host)


class Transport(httpx.AsyncBaseTransport):
    """The connections of one page, as httpx uses them."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx.TransportError, and ValueError for a name that cannot be one."""
        url = request.url
        if url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"{url.scheme}: is no protocol of a web page")
        secure = url.scheme == "https"
        origin = Origin(secure, url.raw_host.decode("ascii"), url.port or (443 if secure else 80))
        try:
            connection = await self._connections.connect(origin)
        except OSError as error:
            message = str(error) if error.errno else "none of its addresses accepts it"
            raise httpx.ConnectError(message) from error
        with _as_httpx(), ExitStack() as at_fault:
            at_fault.callback(connection.close)
            await connection.send(Request(request.method, url.raw_path, request.headers.raw, await request.aread()))
            if trace := request.extensions.get("trace"):
                await trace(_SENT, {})
            response = await connection.receive()
            at_fault.pop_all()
        return httpx.Response(response.status, headers=response.headers, stream=_Body(connection))

    async def aclose(self) -> None:
        """Close every connection."""
        self._connections.close()


class _Body(httpx.AsyncByteStream):
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            while part := await self._connection.part():
                yield part

    async def aclose(self) -> None:
        self._connection.release()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """Raise the errors of a connection as httpx's."""
    try:
        yield
    except ProtocolError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
    except BrokenError as error:
        raise httpx.ReadError(str(error)) from error
    except UnsendableError as error:
        raise httpx.LocalProtocolError(str(error)) from error


# ------------------------------------------------------------------------------------------------ requests of sinks


class RequestError(Exception):
    """No response, and why, in words that hold no address. `final`: the request itself cannot be sent."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


class SinkClient:
    """The network, as sinks use it."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
        max_body: int = MAX_SINK_RESPONSE,
        whole: bool = True,
    ) -> Response:
        """Return the response, whatever its status; redirects are not followed. Raises RequestError.

        At most a little more than `max_body` bytes of the body are read. Unless it is needed `whole`, a body that
        does not end in time, or breaks, counts as far as it came.
        """
        try:
            if (httpx.URL(url).port or 0) > MAX_PORT:
                raise httpx.InvalidURL("no such port")
            async with self._client.stream(method, url, content=content, headers=dict(headers or {})) as response:
                body = await _sink_body(response, max_body, whole=whole)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError):
            reason = "its address or a header cannot be sent: see what the variable holds"
            raise RequestError(reason, final=True) from None
        except httpx.HTTPError as error:
            # httpx puts the whole address into its message: only the cause is repeated.
            raise RequestError(connection_error(error)) from None
        return Response(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


@asynccontextmanager
async def open_sink_client(trust: ssl.SSLContext) -> AsyncIterator[SinkClient]:
    """Open a client for one sink. Raises RequestError where the environment names a proxy that cannot be used."""
    try:
        client = httpx.AsyncClient(verify=trust, timeout=_SINK_TIMEOUT, headers={"User-Agent": user_agent(os.environ)})
    except (ValueError, ImportError, httpx.InvalidURL):
        raise RequestError("the proxy that the environment names cannot be used") from None
    try:
        async with client:
            yield SinkClient(client)
    except httpx.HTTPError as error:  # while closing
        raise RequestError(connection_error(error)) from None


async def _sink_body(response: httpx.Response, max_body: int, *, whole: bool) -> bytes:
    body = bytearray()
    with nullcontext() if whole else suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(None if whole else MAX_SINK_BODY_SECONDS):
            async for part in response.aiter_bytes():
                body += part
                if len(body) > max_body:
                    break
    return bytes(body)


def connection_error(error: Exception) -> str:
    """Return why a connection failed, in words that hold no address."""
    for cause in exception_chain(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not valid: {cause.verify_message}"
            case ssl.SSLError():
                return "TLS failed"
            case socket.gaierror():
                return "its name cannot be resolved"
            case OSError(errno=int() as number) if number in errno.errorcode:
                return os.strerror(number).lower()
            case TimeoutError():
                return "no response in time"
    return "no response in time" if isinstance(error, httpx.TimeoutException) else "the connection broke"


def is_http_address(url: str) -> bool:
    """Return whether the text is an address that a sink can post to."""
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        return False
    return parts.scheme in ("http", "https") and bool(parts.host)


def with_query(url: str, **parameters: str) -> str:
    """Add query parameters to an address, or replace them."""
    return str(httpx.URL(url).copy_merge_params(parameters))


def next_link(headers: Mapping[str, str]) -> str:
    """Return the address of the next page of a list, as a `Link` header names it; "" on the last."""
    links = httpx.Response(200, headers={"Link": headers.get("link", "")}).links
    return str(links.get("next", {}).get("url", ""))

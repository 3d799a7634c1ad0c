"""The wire below httpx: a request takes an idle connection of its page, or opens one. No pool, and no layer that serves
two kinds of event loop; HTTP itself is httpcore's.

httpx's own transport scans its pool at every request and goes through a stack of streams: a fifth of a run's CPU.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import httpcore
import httpx
from aiohappyeyeballs import start_connection

T = TypeVar("T")
NEXT_ADDRESS_AFTER: Final = 0.25  # seconds, as RFC 8305 has it
LARGEST_HEAD: Final = 200_000  # bytes before there is an answer: headers, and any number of "100 Continue" before them


class Transport(httpx.AsyncBaseTransport):
    """The connections of one page. All of them are closed with it, whatever became of their requests."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        self._connections: list[_Connection] = []
        self._sockets: list[socket.socket] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.TransportError, and ValueError for a name that cannot be one."""
        url = request.url
        asked = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        connection = self._idle(asked.url.origin) or await self._open(asked.url.origin)
        with _as_httpx():
            answer = await connection.handle_async_request(asked)
            connection.wire.allowance = None
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        for opened in self._sockets:
            opened.close()

    def _idle(self, origin: httpcore.Origin) -> "_Connection | None":
        for connection in self._connections:
            if connection.can_handle_request(origin) and connection.is_available() and not connection.has_expired():
                return connection
        return None

    async def _open(self, origin: httpcore.Origin) -> "_Connection":
        if origin.scheme not in (b"http", b"https"):
            raise httpx.UnsupportedProtocol(f"{origin.scheme.decode()}: is no protocol of a web page")
        try:
            stream = _Stream(await self._connect(origin.host.decode("ascii"), origin.port))
            if origin.scheme == b"https":
                stream = await self._secured(stream.socket, origin.host.decode("ascii"))
        except OSError as error:
            words = str(error) if error.errno else "none of its addresses takes it"
            raise httpx.ConnectError(words) from error
        connection = _Connection(origin, stream)
        self._connections.append(connection)
        return connection

    async def _connect(self, host: str, port: int) -> socket.socket:
        addresses = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        connected = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_AFTER, interleave=1)
        self._sockets.append(connected)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    async def _secured(self, plain: socket.socket, host: str) -> "_Stream":
        secure = self._trust.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        self._sockets.append(secure)
        stream = _Stream(secure)
        await stream.when_ready(secure.do_handshake)
        return stream


class _Stream(httpcore.AsyncNetworkStream):
    """A connected socket that does not block. How long anything may take is the page's affair: httpcore's timeouts are
    none.
    """

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.allowance: int | None = None  # bytes that may yet come before there is an answer
        self._loop = asyncio.get_running_loop()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        try:
            data = await self.when_ready(lambda: self.socket.recv(max_bytes))
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error
        if self.allowance is not None:
            self.allowance -= len(data)
            if self.allowance < 0:
                raise httpcore.RemoteProtocolError(f"no answer in the first {LARGEST_HEAD:,} bytes")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.allowance = LARGEST_HEAD
        try:
            while buffer:
                sent = await self.when_ready(lambda: self.socket.send(buffer), writes=True)  # noqa: B023 - called at once
                buffer = buffer[sent:]
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self.socket.close()

    def get_extra_info(self, info: str) -> Any:
        """`is_readable`: of an idle connection, that its server has ended it."""
        if info != "is_readable":
            return None
        try:
            socket.socket.recv(self.socket, 1, socket.MSG_PEEK)  # what TLS would not let pass
        except BlockingIOError:
            return False
        except OSError:
            pass
        return True

    async def when_ready(self, operation: Callable[[], T], *, writes: bool = False) -> T:
        """What the operation returns, once the socket has or takes what it needs."""
        while True:
            try:
                return operation()
            except ssl.SSLWantReadError:
                await self._wait(self._loop.add_reader, self._loop.remove_reader)
            except (ssl.SSLWantWriteError, BlockingIOError) as wants:
                if writes or isinstance(wants, ssl.SSLWantWriteError):
                    await self._wait(self._loop.add_writer, self._loop.remove_writer)
                else:
                    await self._wait(self._loop.add_reader, self._loop.remove_reader)

    async def _wait(self, add: Callable[..., None], remove: Callable[[int], bool]) -> None:
        ready, number = self._loop.create_future(), self.socket.fileno()
        add(number, _settle, ready)
        try:
            await ready
        finally:
            remove(number)


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


class _Connection(httpcore.AsyncHTTP11Connection):
    """With a lock of this event loop: that of httpcore serves two, for 20 ms of imports and two turns a request."""

    def __init__(self, origin: httpcore.Origin, stream: _Stream) -> None:
        super().__init__(origin, stream)
        self.wire = stream
        self._state_lock = asyncio.Lock()  # type: ignore[assignment]


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


@contextmanager
def _as_httpx() -> Iterator[None]:
    """httpx's errors have the names of httpcore's."""
    try:
        yield
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise getattr(httpx, type(error).__name__)(str(error)) from error

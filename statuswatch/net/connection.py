"""The connections of one page: a request takes an idle one of its origin, or opens one.

There is no pool, and no layer that serves two kinds of event loop; HTTP/1.1 itself is httpcore's.

httpx's own transport scans its pool at every request and goes through a stack of streams: a fifth of a run's CPU.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpcore
from aiohappyeyeballs import start_connection

T = TypeVar("T")
NEXT_ADDRESS_AFTER: Final = 0.25  # seconds, as RFC 8305 has it
MAX_HEAD: Final = 200_000  # bytes before the response: its headers, and any number of "100 Continue" before them


class Connections:
    """All are closed with the page, whatever became of their requests."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        self._connections: list[_Connection] = []
        self._sockets: list[socket.socket] = []

    async def send(self, request: httpcore.Request) -> httpcore.Response:
        """Send the request. Raises OSError where there is no connection, and httpcore's errors."""
        origin = request.url.origin
        connection = self._idle(origin) or await self._open(origin)
        response = await connection.handle_async_request(request)
        connection.wire.allowance = None
        return response

    def close(self) -> None:
        """Close every socket at once."""
        for opened in self._sockets:
            opened.close()

    def _idle(self, origin: httpcore.Origin) -> "_Connection | None":
        for connection in self._connections:
            if connection.can_handle_request(origin) and connection.is_available() and not connection.has_expired():
                return connection
        return None

    async def _open(self, origin: httpcore.Origin) -> "_Connection":
        host = origin.host.decode("ascii")
        stream = _Stream(await self._connect(host, origin.port))
        if origin.scheme == b"https":
            stream = await self._secure(stream.socket, host)
        connection = _Connection(origin, stream)
        self._connections.append(connection)
        return connection

    async def _connect(self, host: str, port: int) -> socket.socket:
        addresses = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        connected = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_AFTER, interleave=1)
        self._sockets.append(connected)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connected

    async def _secure(self, plain: socket.socket, host: str) -> "_Stream":
        secure = self._trust.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        self._sockets.append(secure)
        stream = _Stream(secure)
        await stream.when_ready(secure.do_handshake)
        return stream


class _Stream(httpcore.AsyncNetworkStream):
    """A connected socket that does not block. The page's deadline bounds its operations: httpcore has none."""

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
                raise httpcore.RemoteProtocolError(f"no answer in the first {MAX_HEAD:,} bytes")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.allowance = MAX_HEAD
        try:
            while buffer:
                sent = await self.when_ready(lambda: self.socket.send(buffer), writes=True)  # noqa: B023 - called at once
                buffer = buffer[sent:]
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self.socket.close()

    def get_extra_info(self, info: str) -> Any:
        """Answer `is_readable`: an idle connection is readable once its server has ended it."""
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
        """Repeat the operation until the socket is ready for it, and return its result."""
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
    """A connection with a lock of this event loop: httpcore's serves two loops, for 20 ms of imports."""

    def __init__(self, origin: httpcore.Origin, stream: _Stream) -> None:
        super().__init__(origin, stream)
        self.wire = stream
        self._state_lock = asyncio.Lock()  # type: ignore[assignment]

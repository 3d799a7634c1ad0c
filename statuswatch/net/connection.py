"""The connections of one page: a request takes an idle one of its origin, or opens one.

There is no pool, no layer that serves two kinds of event loop, and no stack of streams: on httpcore, which httpx's own
transport is made of, a page costs a quarter more CPU.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple

from aiohappyeyeballs import start_connection

from statuswatch.net.http1 import ProtocolError, ResponseParser

NEXT_ADDRESS_AFTER: Final = 0.25  # seconds, as RFC 8305 has it
MAX_READ: Final = 65_536  # bytes at once; more than a TLS record, so that none stays behind in the TLS layer
_UNSENDABLE: Final = re.compile(rb"[\0\r\n]")


class BrokenError(Exception):
    """A connection that failed after it had been opened."""


class UnsendableError(Exception):
    """A request that is no HTTP: a header, or the target, has a line break in it."""


class Origin(NamedTuple):
    """Where connections lead."""

    secure: bool
    host: str
    port: int


class Request(NamedTuple):
    """A request to an origin."""

    method: str
    target: bytes
    headers: list[tuple[bytes, bytes]]
    content: bytes = b""


class Connections:
    """All are closed with the page, whatever became of their requests."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._trust = trust
        self._connections: list[Connection] = []

    async def connect(self, origin: Origin) -> "Connection":
        """Return an idle connection to the origin, or a new one. Raises OSError."""
        for connection in self._connections:
            if connection.origin == origin and connection.claim():
                return connection
        connection = Connection(origin)
        self._connections.append(connection)
        await connection.open(self._trust)
        return connection

    def close(self) -> None:
        """Close every connection at once."""
        for connection in self._connections:
            connection.close()
        self._connections.clear()


class Connection:
    """A socket that does not block, and the response that it is at. The page's deadline bounds its operations."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.response = ResponseParser()
        self._read_to_end = False
        self._idle = False
        self._socket: socket.socket | None = None
        self._step: Callable[[], bool] | None = None  # what is done as soon as something came to be read
        self._ready: asyncio.Future[None] | None = None  # done once that returned True, or raised
        self._is_watched = False  # the loop looks for what comes
        self._loop = asyncio.get_running_loop()

    async def open(self, trust: ssl.SSLContext) -> None:
        """Connect, with TLS where the origin is secure. Raises OSError."""
        host, port = self.origin.host, self.origin.port
        addresses = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        connected = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS_AFTER, interleave=1)
        self._socket = connected
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.origin.secure:
            secure = trust.wrap_socket(connected, server_hostname=host, do_handshake_on_connect=False)
            self._socket = secure
            await self._repeat(partial(_shake_hands, secure))

    def claim(self) -> bool:
        """Take the connection for a request; return False where another has it or the server has ended it."""
        if not self._idle or self._socket is None:
            return False
        self._idle = False
        try:
            socket.socket.recv(self._socket, 1, socket.MSG_PEEK)  # TLS would not let this pass
        except BlockingIOError:
            return True  # nothing came: neither an end, nor bytes to no request
        except OSError:
            pass
        return False

    async def send(self, request: Request) -> None:
        """Send a request. Raises UnsendableError. Where that breaks off, the server may have responded already."""
        self.response, self._read_to_end = ResponseParser(), False
        if _UNSENDABLE.search(b"".join([request.target, *(part for header in request.headers for part in header)])):
            raise UnsendableError("a line break in the target or in a header")
        lines = b"".join([b"%s: %s\r\n" % header for header in request.headers])
        data = b"%s %s HTTP/1.1\r\n%s\r\n%s" % (request.method.encode(), request.target, lines, request.content)
        with suppress(OSError):
            while data:
                try:
                    data = data[self._opened.send(data) :]
                except ssl.SSLWantReadError:  # TLS has something of its own to settle first
                    await self._repeated(lambda: True)
                except (ssl.SSLWantWriteError, BlockingIOError):
                    await self._until_writable()

    async def receive(self) -> ResponseParser:
        """Return the response once its headers are there. Raises BrokenError, and ProtocolError."""
        await self._read_until(lambda response: response.status > 0)
        return self.response

    async def part(self) -> bytes:
        """Return the next part of the body; none at its end. Raises BrokenError, and ProtocolError."""
        response = self.response
        if not response.parts and not response.complete:
            await self._read_until(lambda response: bool(response.parts) or response.complete)
        self._read_to_end = not response.parts
        return response.parts.popleft() if response.parts else b""

    def release(self) -> None:
        """Leave the response; the connection serves again if that was read to its end."""
        self._idle = self._read_to_end and self.response.reusable
        self.response.close()
        if not self._idle:
            self.close()

    def close(self) -> None:
        """Close the connection, whatever it is at."""
        self._idle = False
        self.response.close()
        if self._socket is not None and self._socket.fileno() >= 0:
            self._ignore()
            self._socket.close()

    @property
    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise BrokenError("it is not open")
        return self._socket

    async def _read_until(self, enough: Callable[[ResponseParser], bool]) -> None:
        opened, response = self._opened, self.response

        def read() -> bool:
            size = 0
            while size < MAX_READ and not response.complete:
                try:
                    data = opened.recv(MAX_READ)
                except (ssl.SSLWantReadError, BlockingIOError):
                    break
                if data:
                    response.feed(data)
                else:
                    response.end()
                size += len(data)
            return enough(response)

        try:
            if not enough(response):
                await self._repeat(read)
        except OSError as error:
            raise BrokenError(str(error)) from error

    async def _repeat(self, step: Callable[[], bool]) -> None:
        """Take the step whenever something came to be read, until it returns True. Raises what it raises."""
        while True:
            try:
                if not step():
                    await self._repeated(step)
                return
            except ssl.SSLWantWriteError:
                await self._until_writable()

    async def _repeated(self, step: Callable[[], bool]) -> None:
        self._step, self._ready = step, self._loop.create_future()
        try:
            if not self._is_watched:
                self._loop.add_reader(self._opened.fileno(), self._go_on)
                self._is_watched = True
            await self._ready
        finally:
            self._step = self._ready = None

    def _go_on(self) -> None:
        """Take the step in the loop's own callback: the page's task goes on only once there is something for it.

        What nobody waits for stays in the socket, which is not looked at any more until somebody does.
        """
        step, ready = self._step, self._ready
        if step is None or ready is None or ready.done():
            self._ignore()
            return
        try:
            if step():
                ready.set_result(None)
        except (OSError, ProtocolError) as error:
            ready.set_exception(error)

    def _ignore(self) -> None:
        if self._is_watched:
            self._is_watched = False
            self._loop.remove_reader(self._opened.fileno())

    async def _until_writable(self) -> None:
        ready, number = self._loop.create_future(), self._opened.fileno()
        self._loop.add_writer(number, _settle, ready)
        try:
            await ready
        finally:
            self._loop.remove_writer(number)


def _shake_hands(secure: ssl.SSLSocket) -> bool:
    """Go on with the handshake; return whether it is complete."""
    try:
        secure.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)

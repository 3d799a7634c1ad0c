"""A server on the loopback that answers as a behaviour says, on sockets of its own.

Each page has a port, so that a behaviour may have the connection from its first byte on: no HTTP server of a library
lets it. The true documents of a page go through three acts: before the behaviour, during it and after it.
"""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Final, Self

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Documents = Mapping[str, bytes]
    Behaviour = Callable[["Wire"], Awaitable[None]]

BEFORE, DURING, AFTER = range(3)
ACTS: Final = (BEFORE, DURING, AFTER)
DAY: Final = datetime.timedelta(days=1)
OK: Final = "200 OK"
WHOLE: Final = ""  # the path of a behaviour that has the whole connection


@cache
def authority() -> trustme.CA:
    """Return the authority that the command trusts."""
    return trustme.CA()


@cache
def tls(kind: str) -> ssl.SSLContext:
    """Return the TLS settings of a server whose certificate is valid, or wrong in one way."""
    yesterday = datetime.datetime.now(datetime.UTC) - DAY
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    match kind:
        case "valid":
            authority().issue_cert("127.0.0.1").configure_cert(context)
        case "expired":
            authority().issue_cert("127.0.0.1", not_after=yesterday).configure_cert(context)
        case "another host":
            authority().issue_cert("another.example").configure_cert(context)
        case "unknown issuer":
            trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        case "self-signed":
            with trustme.Blob(signed_by_itself()).tempfile() as path:
                context.load_cert_chain(path)
        case _:
            raise ValueError(kind)
    return context


def signed_by_itself() -> bytes:
    """Return a key and its certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + 9 * DAY)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = builder.add_extension(host, critical=False).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*pem) + certificate.public_bytes(serialization.Encoding.PEM)


class Wire:
    """A connection, as a behaviour has it."""

    def __init__(self, origin: Origin, port: Port, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.origin, self.port, self.reader, self.writer = origin, port, reader, writer
        self.path = ""

    @property
    def url(self) -> str:
        return self.port.url

    async def send(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def answer(self, body: bytes = b"", *headers: str | bytes, status: str = OK) -> None:
        """Send a response; a Content-Length is added where no header states the length of the body."""
        lines = [header if isinstance(header, bytes) else header.encode() for header in headers]
        if not any(line.lower().startswith((b"content-length:", b"transfer-encoding:")) for line in lines):
            lines.append(b"Content-Length: %d" % len(body))
        await self.send(b"\r\n".join([f"HTTP/1.1 {status}".encode(), *lines, b"", body]))

    async def secure(self, kind: str = "valid") -> None:
        await self.writer.start_tls(tls(kind))

    async def request(self) -> str:
        """Return the path of the next request. Raises IncompleteReadError where there is none."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.path = head.split(b" ", 2)[1].decode()
        self.port.cookies += head.lower().count(b"\r\ncookie:")
        return self.path

    @property
    def truth(self) -> bytes:
        """The requested document, as it is in this act."""
        return self.port.documents[self.origin.act][self.path]

    async def serve(self) -> None:
        """Answer request by request: the truth, or what the behaviour does to it."""
        while path := await self.request():
            if self.origin.act == DURING and path.partition("?")[0] == self.port.path:
                if self.port.behave:
                    await self.port.behave(self)
                    return
                await self.answer(self.port.document())
                continue
            if path in self.port.documents[self.origin.act]:
                await self.answer(self.truth)
            else:
                await self.answer(status="404 Not Found")

    def reset(self) -> None:
        """End the connection as a crash does."""
        connection = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


class Port:
    """A page: its documents by act, and the behaviour that answers for the one at `path` in the second act."""

    def __init__(
        self,
        documents: tuple[Documents, ...],
        *,
        path: str = "-",
        behave: Behaviour | None = None,
        document: Callable[[], bytes] = bytes,
        secure: bool = False,
    ) -> None:
        self.documents, self.path, self.behave, self.secure = documents, path, behave, secure
        self.document = document  # without a behaviour
        self.url = ""
        self.cookies = 0  # sent by clients


class Origin:
    """Serves while its context lasts, in a thread with an event loop of its own."""

    def __init__(self, ports: list[Port]) -> None:
        self.ports = ports
        self.act = BEFORE
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._connections: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        self._loop.set_exception_handler(lambda *_: None)  # clients that hang up are expected here
        self._servers = [
            await asyncio.start_server(self._connected(port), "127.0.0.1", 0, limit=1 << 20) for port in self.ports
        ]
        for port, server in zip(self.ports, self._servers, strict=True):
            port.url = f"{'https' if port.secure else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, port: Port) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
            wire = Wire(self, port, reader, writer)
            try:
                with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                    if self.act == DURING and port.behave and port.path == WHOLE:
                        await port.behave(wire)
                    else:
                        if port.secure:
                            await wire.secure()
                        await wire.serve()
            except asyncio.CancelledError:
                pass  # streams would report it
            finally:
                wire.writer.close()

        return converse

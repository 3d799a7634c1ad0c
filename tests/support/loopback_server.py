"""An HTTP server on the loopback, a thread for each connection: what the fake servers of the tests have in common.

The standard library's takes three times as long for a request, and most tests of a command or a sink make several.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from email.message import Message
from email.utils import formatdate
from http.client import responses
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    RawReply = Callable[[socket.socket], None]  # writes to the connection itself, which ends with it

WITHOUT_BODY = frozenset({204, 304})
MAX_SILENCE = 30  # seconds for which a connection waits for its client: no test waits for ever


class Request(NamedTuple):
    """A request as the server received it."""

    method: str
    path: str
    headers: Message
    body: bytes = b""

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Reply(NamedTuple):
    """A response; `Content-Length` is added where the headers leave it out."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


class LoopbackServer:
    """Serves while its context lasts. A subclass gives `reply`, which is called on the thread of the connection.

    With `keep_alive` a connection serves several requests; with `tls` the handshake is left to its thread too.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, keep_alive: bool = False) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._tls, self._keep_alive, self._ended = tls, keep_alive, False
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}"

    def reply(self, request: Request) -> Reply | RawReply:
        """Return the response to a request."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        with socket.socket() as last:  # the thread waits for one
            last.connect(self._listener.getsockname())
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._ended:
                connection.close()
                return
            threading.Thread(target=self._keep_answering, args=(connection,), daemon=True).start()

    def _keep_answering(self, connection: socket.socket) -> None:
        connection.settimeout(MAX_SILENCE)
        with suppress(OSError):  # clients that hang up, or are killed, are part of the tests
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while (request := _read(stream)) and self._answer(connection, request):
                    pass
                connection.shutdown(socket.SHUT_WR)

    def _answer(self, connection: socket.socket, request: Request) -> bool:
        """Answer a request; return whether the connection goes on."""
        reply = self.reply(request)
        if not isinstance(reply, Reply):
            reply(connection)
            return False
        goes_on = self._keep_alive and request.headers.get("Connection", "").lower() != "close"
        connection.sendall(_encode(reply, "HTTP/1.1" if self._keep_alive else "HTTP/1.0"))
        return goes_on


def _read(stream: BinaryIO) -> Request | None:
    """Read a request; return None where the client ended the connection, or speaks something else, such as TLS."""
    first = stream.read(1)
    if not first.isalpha():
        return None
    beginning = (first + stream.readline()).decode("latin-1").split()
    if len(beginning) != 3:
        return None
    headers = Message()
    while line := stream.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name] = value.strip()
    method, path, _ = beginning
    return Request(method, path, headers, stream.read(int(headers["Content-Length"] or 0)))


def _encode(reply: Reply, version: str) -> bytes:
    has_body = reply.status not in WITHOUT_BODY
    length = {"Content-Length": str(len(reply.body))} if has_body else {}
    headers = {"Date": formatdate(usegmt=True), **length, **reply.headers}
    lines = [f"{version} {reply.status} {responses.get(reply.status, '')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (reply.body if has_body else b"")

"""An HTTP server on the loopback, a thread for each connection: what the fake servers of the tests have in common."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Mapping
    from email.message import Message

    RawReply = Callable[[socket.socket], None]  # writes to the connection itself, which ends with it

WITHOUT_BODY = frozenset({204, 304})


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
        self._server = _Server(("127.0.0.1", 0), _handler(self, keep_alive=keep_alive))
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"

    def reply(self, request: Request) -> Reply | RawReply:
        """Return the response to a request."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: clients that hang up, or are killed, are part of the tests."""


def _handler(server: LoopbackServer, *, keep_alive: bool) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if keep_alive else "HTTP/1.0"

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            reply = server.reply(Request(self.command, self.path, self.headers, body))
            if isinstance(reply, Reply):
                self.send(reply)
            else:
                reply(self.connection)
                self.close_connection = True

        def send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            length = {} if reply.status in WITHOUT_BODY else {"Content-Length": str(len(reply.body))}
            for name, value in {**length, **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if reply.status not in WITHOUT_BODY:
                self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Print nothing."""

    for method in ("GET", "POST", "PATCH", "CONNECT"):  # CONNECT: as a proxy is asked
        setattr(Handler, f"do_{method}", Handler.handle_any)
    return Handler

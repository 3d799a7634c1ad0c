"""A receiver on the loopback: notes what it is sent, and answers as the test says."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from email.message import Message

    Answer = int | tuple[int, Mapping[str, str], bytes] | Callable[[socket.socket], None]

SECRET = "T0PSECRET/B0PSECRET/x1x2x3x4x5x6"  # noqa: S105 - no secret, and looked for in all that is printed


class Received(NamedTuple):
    method: str
    path: str
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class FakeReceiver:
    """Serves while its context lasts. `answers` are given in turn, and then `usual`; a callable is given the socket."""

    def __init__(self, *answers: Answer, usual: Answer = 200) -> None:
        self.got: list[Received] = []
        self.answers = list(answers)
        self.usual = usual
        self.lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                answer = receiver.reply(Received(self.command, self.path, self.headers, body))
                if callable(answer):
                    answer(self.connection)
                    return
                status, headers, content = (answer, {}, b"ok") if isinstance(answer, int) else answer
                self.send_response(status)
                for header in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(*header)
                self.end_headers()
                if status != 204 and status != 304:
                    self.wfile.write(content)

            def do_GET(self) -> None:
                self.handle_any()

            def do_POST(self) -> None:
                self.handle_any()

            def do_PATCH(self) -> None:
                self.handle_any()

            def do_CONNECT(self) -> None:  # as a proxy is asked
                self.handle_any()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.address}/services/{SECRET}"

    def reply(self, got: Received) -> Answer:
        """Notes a request; what it is answered."""
        with self.lock:
            self.got.append(got)
            return self.answers.pop(0) if self.answers else self.usual

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

"""A receiver on the loopback: it notes what it is sent, and answers as the test says."""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from tests.support.loopback_server import LoopbackServer, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.loopback_server import RawReply, Request

    ScriptedReply = int | Reply | RawReply

SECRET = "T0PSECRET/B0PSECRET/x1x2x3x4x5x6"  # noqa: S105 - no secret, and looked for in all that is printed


class FakeReceiver(LoopbackServer):
    """Answers with `replies` in turn, then always with `default`: a status, a reply, or what writes to the socket."""

    def __init__(self, *replies: ScriptedReply, default: ScriptedReply = 200) -> None:
        super().__init__(keep_alive=True)
        self.requests: list[Request] = []
        self.replies = list(replies)
        self.default = default
        self.lock = threading.Lock()
        self.secret_url = f"{self.url}/services/{SECRET}"

    def reply(self, request: Request) -> Reply | RawReply:
        """Note the request, and return its answer."""
        with self.lock:
            self.requests.append(request)
            scripted = self.replies.pop(0) if self.replies else self.default
        return Reply(scripted, body=b"ok") if isinstance(scripted, int) else scripted


def hang(connection: socket.socket) -> None:
    """Answer nothing until the client hangs up."""
    with suppress(OSError):
        connection.recv(1)


def reset(connection: socket.socket) -> None:
    """End the connection with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def hang_up(connection: socket.socket) -> None:
    """End the connection without an answer."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def drip(beginning: bytes) -> Callable[[socket.socket], None]:
    """Return an answer that goes on for ever, byte by byte."""

    def write(connection: socket.socket) -> None:
        connection.settimeout(0.02)
        with suppress(OSError):
            connection.sendall(beginning)
            while True:
                connection.sendall(b"x")
                with suppress(TimeoutError):
                    if not connection.recv(1):
                        return

    return write

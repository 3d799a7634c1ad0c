"""The web server, on a thread and an event loop of its own: nothing that it does holds up a pass."""

import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from statuswatch.errors import UsageError

DRAIN_SECONDS: Final = 3  # of the five for an orderly end; a pass that is in work may take two
IDLE_SECONDS: Final = 20.0  # for a connection without a complete request, and for one whose response nobody reads
BACKLOG: Final = 512
FIRST_PASSED: Final = 3  # the number of the first socket that systemd hands over


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 that closes a connection on which nothing is completed for a while."""

    def connection_made(self, transport: Any) -> None:
        """Begin to count."""
        super().connection_made(transport)
        self._completed = self.server_state.total_requests
        self._watcher = self.loop.call_later(IDLE_SECONDS, self._look, None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting."""
        self._watcher.cancel()
        super().connection_lost(exc)

    def _look(self, before: object) -> None:
        """Close the connection if no request is in work, or the same one as a while ago."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or cycle is before:
            self.transport.abort()
            return
        self._watcher = self.loop.call_later(IDLE_SECONDS, self._look, cycle)


class Rooted:
    """An application that a proxy shows under a path, whether or not the proxy leaves that path away."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app, self._root = app, root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the path away."""
        if scope["type"] == "http" and f"{scope['path']}/".startswith(f"{self._root}/"):
            scope = {**scope, "path": scope["path"].removeprefix(self._root) or "/"}
        await self._app(scope, receive, send)


class Server:
    """A web server that runs until it is stopped."""

    def __init__(self, app: ASGIApp, listener: socket.socket, *, root_path: str, trust_proxy: bool) -> None:
        config = uvicorn.Config(
            Rooted(app, root_path) if root_path else app,
            http=PatientProtocol,
            loop="asyncio",
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="critical",
            access_log=False,  # it would write the token
            server_header=False,
            proxy_headers=trust_proxy,
            forwarded_allow_ips="*" if trust_proxy else None,
            backlog=BACKLOG,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._listener = listener
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the requests in work, and end."""
        self._server.should_exit = True
        self._thread.join(DRAIN_SECONDS + 1)
        with suppress(OSError):
            self._listener.close()


def listen(address: str, env: dict[str, str]) -> socket.socket:
    """Return the socket to listen on: systemd's, or HOST:PORT, or unix:PATH. Raises UsageError."""
    if env.get("LISTEN_PID") == str(os.getpid()) and env.get("LISTEN_FDS", "0") != "0":
        return _passed()
    try:
        return _listen_unix(address.removeprefix("unix:")) if address.startswith("unix:") else _listen_tcp(address)
    except OSError as error:
        raise UsageError(f"--listen {address}: {error.strerror or error}: choose another address") from error
    except (OverflowError, ValueError) as error:
        raise UsageError(f"--listen {address}: {error}: write HOST:PORT or unix:PATH") from error


def place_of(listener: socket.socket) -> str:
    """Return where a socket listens: the port 0 is any that is free."""
    place = listener.getsockname()
    return f"{place[0]}:{place[1]}" if isinstance(place, tuple) else f"unix:{place}"


def _passed() -> socket.socket:
    try:
        listener = socket.socket(fileno=FIRST_PASSED)
        listener.set_inheritable(False)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(
            f"LISTEN_FDS: {reason} (descriptor {FIRST_PASSED}): let systemd's socket unit start it"
        ) from error
    return listener


def _listen_tcp(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()):
        raise ValueError("no address")
    family, kind, protocol, _, place = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return _bound(listener, place)


def _listen_unix(path: str) -> socket.socket:
    place = Path(path)
    with suppress(FileNotFoundError):
        if stat.S_ISSOCK(place.stat().st_mode) and not _is_served(path):  # of a process that ended
            place.unlink()
    return _bound(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), path)


def _is_served(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        return client.connect_ex(path) == 0


def _bound(listener: socket.socket, place: Any) -> socket.socket:
    try:
        listener.bind(place)
        listener.listen(BACKLOG)  # from here on clients wait, and are not refused
    except OSError:
        listener.close()
        raise
    return listener

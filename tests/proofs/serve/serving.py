"""A process of `serve` over a vendor's pages, and clients of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from tests.support.fake_vendor import FakeVendor, statuspage

REPOSITORY: Final = Path(__file__).parents[3]
WORD: Final = "a-word-of-some-length"  # the token
PATIENCE: Final = 60  # seconds
# Does what systemd does for a socket unit: the socket is descriptor 3, and the environment says so.
ACTIVATION: Final = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
)


class Vendors(FakeVendor):
    """A vendor of many pages. With `hangs` no request is answered any more."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        super().__init__()
        self.keys = keys
        self.released = threading.Event()
        for key in keys:
            self.put(statuspage(f"/{key}"))

    def hang(self) -> None:
        """Answer nothing from now on."""

        def wait(_: socket.socket) -> None:
            self.released.wait(PATIENCE)

        for key in self.keys:
            for path in statuspage(f"/{key}"):
                self.answer(path, wait)


class Serving:
    """A process of `serve`, while its context lasts. With `activated` it is handed its socket, as systemd does it.

    `place` is where it listens: HOST:PORT, or the path of a Unix socket.
    """

    def __init__(
        self, folder: Path, vendors: Vendors, *arguments: str, listen: str = "127.0.0.1:0", settings: str = "",
        activated: bool = False, umask: int = -1, **env: str,
    ) -> None:  # fmt: skip
        self.folder = folder
        self.inbox = folder / "state.json.inbox"
        self.configure(vendors, f'[serve]\ntoken_env = "HOOK"\n{settings}')
        listener = socket.create_server(("127.0.0.1", 0)) if activated else None
        prefix = ["-c", ACTIVATION, str(listener.fileno())] if listener else []
        self.output = (folder / "stderr.txt").open("w+b")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "STATUSWATCH_"))}
        self.process = subprocess.Popen(
            [sys.executable, *prefix, "-m", "statuswatch", "serve", "--listen", listen, *arguments],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(REPOSITORY), "NO_PROXY": "*", "HOOK": WORD, **env},
            stdout=subprocess.DEVNULL,
            stderr=self.output,
            pass_fds=[listener.fileno()] if listener else [],
            umask=umask,
        )
        if listener:
            listener.close()
        self.place = self.wait_for("listening on ").partition("listening on ")[2].partition(";")[0]
        self.port = 0 if self.place.startswith("unix:") else int(self.place.rpartition(":")[2])

    def configure(self, vendors: Vendors, settings: str) -> None:
        """Write its configuration: the vendor's pages, and these settings."""
        pages = [
            f'[page.{key}]\nname = "{key}"\nurl = "{vendors.url}/{key}"\nplatform = "statuspage"\n'
            for key in vendors.keys
        ]
        (self.folder / "statuswatch.toml").write_text("\n".join(["timeout = 30\n", *pages, settings]))

    def wait_for(self, words: str) -> str:
        """Return the first line of stderr with these words, as soon as there is one."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            printed = self.printed()
            if found := [line for line in printed.splitlines() if words in line]:
                return found[0]
            assert self.process.poll() is None, printed
            time.sleep(0.02)
        raise AssertionError(f"stderr has no {words!r}")

    def printed(self) -> str:
        """Return what it printed on stderr."""
        return (self.folder / "stderr.txt").read_text()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        self.output.close()

    def connect(self) -> socket.socket:
        """Return a connection to it."""
        if self.port:
            return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(PATIENCE)
        connection.connect(self.place.removeprefix("unix:"))
        return connection

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """Return the status and the body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", timeout=PATIENCE)
        connection.sock = self.connect()
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ring(self, key: str, token: str = WORD, **headers: str) -> int:
        """Ring for a page; return the status, 0 where there was none."""
        body = json.dumps({"incident": {"id": key}}).encode()
        with suppress(OSError, http.client.HTTPException):
            return self.ask("POST", f"/hooks/{key}/{token}", body, **headers)[0]
        return 0

    def ring_halfway(self, key: str, token: str = WORD) -> socket.socket:
        """Begin a ring whose body of two bytes is still to come."""
        connection = self.connect()
        connection.sendall(f"POST /hooks/{key}/{token} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n".encode())
        return connection

    def hang_up(self) -> None:
        """Have it load its configuration again."""
        self.process.send_signal(signal.SIGHUP)

    def wait_until_ready(self) -> None:
        """Wait for the end of the first pass."""
        until = time.monotonic() + PATIENCE
        while self.ask("GET", "/readyz")[0] != 200:
            assert time.monotonic() < until
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it as the kernel does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)

    def memory(self) -> float:
        """Return its resident memory in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

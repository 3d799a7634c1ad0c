"""A process of `serve` over a vendor's pages, and clients of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tests.support.fake_vendor import FakeVendor, statuspage

if TYPE_CHECKING:
    import socket

REPOSITORY: Final = Path(__file__).parents[3]
WORD: Final = "a-word-of-some-length"  # the token
PATIENCE: Final = 60  # seconds


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
    """A process of `serve`, while its context lasts."""

    def __init__(self, folder: Path, vendors: Vendors, *arguments: str, settings: str = "", **env: str) -> None:
        self.folder = folder
        self.inbox = folder / "state.json.inbox"
        pages = [
            f'[page.{key}]\nname = "{key}"\nurl = "{vendors.url}/{key}"\nplatform = "statuspage"\n'
            for key in vendors.keys
        ]
        table = f'[serve]\ntoken_env = "HOOK"\n{settings}'
        (folder / "statuswatch.toml").write_text("\n".join(["timeout = 30\n", *pages, table]))
        self.output = (folder / "stderr.txt").open("w+b")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "STATUSWATCH_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "statuswatch", "serve", "--listen", "127.0.0.1:0", *arguments],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(REPOSITORY), "NO_PROXY": "*", "HOOK": WORD, **env},
            stdout=subprocess.DEVNULL,
            stderr=self.output,
        )
        self.port = self._port()

    def _port(self) -> int:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for line in (self.folder / "stderr.txt").read_text().splitlines():
                if line.startswith("statuswatch: listening on"):
                    return int(line.partition(";")[0].rpartition(":")[2])
            assert self.process.poll() is None, (self.folder / "stderr.txt").read_text()
            time.sleep(0.02)
        raise AssertionError("it does not listen")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        self.output.close()

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return the status and the body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ring(self, key: str) -> int:
        """Ring for a page; return the status, 0 where there was none."""
        with suppress(OSError, http.client.HTTPException):
            return self.ask("POST", f"/hooks/{key}/{WORD}", json.dumps({"incident": {"id": key}}).encode())[0]
        return 0

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

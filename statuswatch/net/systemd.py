"""systemd's notifications: a process tells its supervisor that it is ready, alive, and what it does."""

import os
import socket
import time
from contextlib import suppress
from typing import Final

_NO_WATCHDOG: Final = "0"


class Supervisor:
    """The supervisor that the environment names; without one nothing is sent."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        is_ours = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = os.environ.get("WATCHDOG_USEC", _NO_WATCHDOG) if is_ours else _NO_WATCHDOG
        self.watchdog = int(microseconds) / 1e6 if microseconds.isascii() and microseconds.isdigit() else 0.0
        self._pinged_at = 0.0

    def ready(self, status: str) -> None:
        """Say that the process is ready, or ready again."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Say that the configuration is loaded again."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self) -> None:
        """Say that the process ends."""
        self._send("STOPPING=1")

    def report(self, status: str) -> None:
        """Say what the process does."""
        self._send(f"STATUS={status}")

    def ping(self) -> None:
        """Say that the process makes progress, a few times within the time that the supervisor allows."""
        now = time.monotonic()
        if self.watchdog and now - self._pinged_at >= self.watchdog / 4:
            self._pinged_at = now
            self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(1.0)
            sender.sendto("\n".join(lines).encode(), address)

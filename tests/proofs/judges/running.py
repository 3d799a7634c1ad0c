"""Programs that a judge starts, and ends."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

PATIENCE: Final = 30.0  # seconds for a program to do what is expected


def free_port() -> int:
    """Return a port of the loopback that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str], is_ready: Callable[[], bool]) -> Iterator[None]:
    """Run a program, in a process group of its own, once it is ready."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, process_group=0, stdout=log, stderr=log)
        try:
            if not wait_until(lambda: process.poll() is not None or is_ready()) or process.poll() is not None:
                log.seek(0)
                raise RuntimeError(f"{command[0]} does not serve: {log.read()[-2000:].decode(errors='replace')}")
            yield
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def is_listening(port: int) -> bool:
    """Return whether somebody accepts connections at a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(is_true: Callable[[], bool]) -> bool:
    """Wait until something is so, and return whether it became so in time."""
    end = time.monotonic() + PATIENCE
    while not is_true() and time.monotonic() < end:
        time.sleep(0.1)
    return is_true()

"""Runs of the command in processes that are forked from one that has imported it: a tenth of the cost of a start."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PATIENCE: Final = 120  # seconds for a process to end; a busy machine needs some of them
PROGRAM: Final = Path(__file__).with_name("warm_process.py")
COLD: Final = "STATUSWATCH_COLD_TESTS"  # where this variable is set, every run is a process of its own
CAN_FORK: Final = sys.platform in ("linux", "darwin") and not os.environ.get(COLD)
# Read when Python starts, or when the commands are built: a process that is warm has them behind itself.
READ_AT_START: Final = (
    *("PYTHON", "LC_", "LANG", "TZ", "LD_", "DYLD_", "MALLOC_", "OPENSSL_"),
    "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION",
)
READ_LATER: Final = ("PYTHONASYNCIODEBUG",)  # when an event loop is made
STREAMS: Final = ("stdin", "stdout", "stderr")
Stream = int | IO[bytes]  # a file descriptor, or what has one


class Completed(NamedTuple):
    """A process that ended: its exit code, and what it wrote."""

    code: int
    out: str
    err: str


class WarmCommand:
    """A process that has imported the command. It lives as long as this one."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", PROGRAM, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=dict(env),
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        atexit.register(self.close)

    def run(self, arguments: Sequence[str], folder: Path, env: Mapping[str, str], **streams: Stream) -> Completed:
        """Run Python with these arguments, which begin with `-m` or `-c`, to its end.

        `streams` are those of `STREAMS` that are not ours: what is written there is not returned.
        """
        request = {"arguments": arguments, "folder": str(folder), "env": dict(env)}
        ours, theirs = socket.socketpair()
        with ours, TemporaryFile() as out, TemporaryFile() as err:
            with theirs:
                files = {"stdin": 0, "stdout": out, "stderr": err, **streams}
                descriptors = [_descriptor(files[name]) for name in STREAMS]
                socket.send_fds(self._control, [b"r"], [*descriptors, theirs.fileno()])
            ours.settimeout(PATIENCE)
            ours.sendall(json.dumps(request).encode())
            ours.shutdown(socket.SHUT_WR)
            try:
                code = int(ours.recv(16))
            except TimeoutError:
                self.kill()
                raise
            out.seek(0)
            err.seek(0)
            return Completed(code, out.read().decode(), err.read().decode())

    def kill(self) -> None:
        """Kill the process and every run."""
        os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End the process."""
        self._control.close()
        self._process.wait(PATIENCE)


def _descriptor(stream: Stream) -> int:
    return stream if isinstance(stream, int) else stream.fileno()


def inherited_environment() -> dict[str, str]:
    """Return what every run has of the environment of the tests. PYTHONPATH names the checkout under test."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "SSL_CERT_FILE") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "NO_PROXY": "*"}


@cache
def warm_command() -> WarmCommand:
    """Return the warm process of this process."""
    return WarmCommand(inherited_environment())


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(READ_AT_START) and name not in READ_LATER}


def runs_warm(command: Sequence[str], env: Mapping[str, str]) -> bool:
    """Return whether a forked process does the same as a process of its own."""
    at_start, inherited = (_read_at_start(variables) for variables in (env, inherited_environment()))
    return CAN_FORK and command[0] == sys.executable and command[1] in ("-m", "-c") and at_start == inherited

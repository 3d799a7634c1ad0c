"""The command, with the n-th system call on a folder failing.

`python -m tests.proofs.crash.fault_injection FOLDER N ERRNO COUNT check …` writes the calls to the file COUNT: with N
beyond them nothing fails, and there is no further N to try.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable

ERRNOS: Final = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
_BY_NAME: Final = ["stat", "lstat", "access", "mkdir", "chmod", "unlink", "replace", "rename", "scandir", "readlink"]
_BY_DESCRIPTOR: Final = ["fstat", "fsync", "ftruncate", "fchmod", "lseek", "read", "write"]


class Faults(ExitStack):
    """A context in which the n-th system call on the folder, or on a file in it, fails with an errno."""

    def __init__(self, folder: Path, fails: int, number: int) -> None:
        super().__init__()
        self.folder = str(folder.resolve())
        self.fails, self.number = fails, number
        self.calls: list[str] = []
        self.ours: set[int] = set()  # descriptors

    def __enter__(self) -> Self:
        for name in _BY_NAME:
            self._wrap(os, name, self.concerns)
        for name in _BY_DESCRIPTOR:
            self._wrap(os, name, self.ours.__contains__)
        self._wrap(fcntl, "flock", self.ours.__contains__)
        self._replace(os, "open", self._open(os.open))
        self._replace(os, "close", self._close(os.close))
        self._replace(io, "open", self._opened(io.open))
        return self

    def concerns(self, name: Any) -> bool:
        if isinstance(name, int):
            return name in self.ours
        return os.fsdecode(name).startswith(self.folder)

    def call(self, name: str) -> None:
        """Count a call. Raises OSError where it is the one that fails."""
        self.calls.append(name)
        if len(self.calls) == self.fails:
            raise OSError(self.number, os.strerror(self.number))

    def _replace(self, module: Any, name: str, function: Callable[..., Any]) -> None:
        self.enter_context(mock.patch.object(module, name, function))

    def _wrap(self, module: Any, name: str, concerned: Callable[[Any], bool]) -> None:
        real = getattr(module, name)

        def wrapped(first: Any = ".", *rest: Any, **named: Any) -> Any:
            if concerned(first):
                self.call(name)
            return real(first, *rest, **named)

        self._replace(module, name, wrapped)

    def _open(self, real: Callable[..., int]) -> Callable[..., int]:
        def opened(path: Any, *rest: Any, **named: Any) -> int:
            if not self.concerns(path):
                return real(path, *rest, **named)
            self.call("open")
            descriptor = real(path, *rest, **named)
            self.ours.add(descriptor)
            return descriptor

        return opened

    def _close(self, real: Callable[[int], None]) -> Callable[[int], None]:
        def closed(descriptor: int) -> None:
            real(descriptor)  # it is closed, even if this raises
            if descriptor in self.ours:
                self.ours.remove(descriptor)
                self.call("close")

        return closed

    def _opened(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Return an `open` of files whose reads, writes and closes count: Python makes them below `os`."""
        faults = self

        class File(io.FileIO):
            def write(self, content: Any, /) -> int:
                faults.call("write")
                return super().write(content) or 0

            def readall(self) -> bytes:
                faults.call("read")
                return super().readall() or b""

            def close(self) -> None:
                open_until_now = not self.closed
                super().close()
                if open_until_now:
                    faults.call("close")

        def opened(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
            if not self.concerns(file) or mode not in ("rb", "wb"):
                return real(file, mode, *rest, **named)
            if isinstance(file, int):
                self.ours.discard(file)  # it is closed as a file now
            else:
                self.call("open")
            raw = File(file, mode)
            if mode == "rb":
                return io.BufferedReader(raw)
            self.ours.add(raw.fileno())
            return io.BufferedWriter(raw)

        return opened


def main() -> None:
    from statuswatch import cli

    folder, fails, number, count = sys.argv[1:5]
    sys.argv[1:] = sys.argv[5:]
    faults = Faults(Path(folder), int(fails), int(number))
    try:
        with faults:
            cli.main()
    finally:
        Path(count).write_text(" ".join(faults.calls))


if __name__ == "__main__":
    main()

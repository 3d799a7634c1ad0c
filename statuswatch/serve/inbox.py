"""The inbox of rings: what was promised with a 202 is on the disk, until the page was read for it."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

from statuswatch import text
from statuswatch.config.checks import is_key

MAX_BYTES: Final = 1_000_000  # of an inbox that is taken over: more is none of ours


class Inbox:
    """The keys of pages that somebody rang for, one a line, each once. For any thread.

    `ring` is called under the lock for each ring, once it is durable.
    """

    def __init__(self, path: Path, ring: Callable[[str], None]) -> None:
        self.name = text.line(str(path))
        self._path, self._ring = path, ring
        self._lock = Lock()
        self._keys: dict[str, None] = {}
        self._file: int | None = None

    def take_over(self) -> list[str]:
        """Return the rings of a process that ended before it could read the pages, and ring for them again."""
        with self._lock:
            try:
                with self._path.open("rb") as file:
                    content = file.read(MAX_BYTES).decode("utf-8", "replace")
            except OSError:
                return []
            self._keys = dict.fromkeys(line for line in content.splitlines() if is_key(line))
            for key in self._keys:
                self._ring(key)
            return list(self._keys)

    def add(self, key: str) -> None:
        """Write a ring durably, unless one for the page is there already; then ring. Raises OSError."""
        with self._lock:
            if key not in self._keys:
                self._append(key)
                self._keys[key] = None
            self._ring(key)

    def remove(self, key: str, *, unless: Callable[[str], bool]) -> None:
        """Forget a ring that was answered, unless there is another one since. A crash may keep it: one more read."""
        with self._lock, suppress(OSError):
            if key in self._keys and not unless(key):
                del self._keys[key]
                self._rewrite()

    @property
    def is_writable(self) -> bool:
        """False where a ring could not be written now."""
        return os.access(self._path if self._path.exists() else self._path.parent, os.W_OK)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def _append(self, key: str) -> None:
        try:
            if self._file is None:
                is_new = not self._path.exists()
                self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                if is_new:
                    self._flush_folder()
            line = f"{key}\n".encode()
            if os.write(self._file, line) != len(line):
                raise OSError("it was not written in full")
            os.fsync(self._file)
        except OSError:
            self._close()
            raise

    def _rewrite(self) -> None:
        """Replace the file by one with what is left."""
        self._close()
        temporary = self._path.with_name(f"{self._path.name}.tmp")
        with temporary.open("wb") as file:
            file.write("".join(f"{key}\n" for key in self._keys).encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self._path)
        self._flush_folder()

    def _flush_folder(self) -> None:
        with suppress(OSError):
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

"""state.json: loaded under a lock, saved last, whole or not at all. Made for `git log -p`: sorted keys, one incident
a line.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from statuswatch.errors import StateError
from statuswatch.model import PageMemory, State

VERSION: Final = 1
LOCK_PATIENCE: Final = 3.0  # seconds to wait for another run to end

_json: Final = msgspec.json.Encoder(order="sorted").encode


class _Version(msgspec.Struct):
    version: int


def encode(state: State) -> bytes:
    """The file's content."""
    pages = b",\n".join(b"  " + _json(key) + b": " + _page(page) for key, page in sorted(state.pages.items()))
    return (
        b'{\n "pages": {'
        + (b"\n" + pages + b"\n " if pages else b"")
        + b'},\n "version": '
        + _json(state.version)
        + b"\n}\n"
    )


def decode(content: bytes, name: str) -> State:
    """Raises StateError that says what is wrong with it and how to recover."""
    if content.startswith(b"<<<<<<<") or b"\n<<<<<<<" in content or b"\n>>>>>>>" in content:
        raise _refused(name, "it has git conflict markers")
    try:
        version = msgspec.json.decode(content, type=_Version).version
        if version != VERSION:
            raise _refused(name, f"it is of version {version}, and this program reads version {VERSION}")
        return msgspec.json.decode(content, type=State)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(name, str(error) if content.strip() else "it is empty") from error


class StateFile:
    """The file, held from load to save. `path` may be a link: the file it points to is the one that is replaced."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.path = path.resolve()
        self._content: bytes | None = None

    def load(self) -> State:
        """What is remembered; nothing where there is no file yet. Raises StateError."""
        try:
            self._content = self.path.read_bytes()
        except FileNotFoundError:
            return State()
        except OSError as error:
            raise StateError(f"{self.name} cannot be read: {error.strerror or error}") from error
        return decode(self._content, self.name)

    def save(self, state: State) -> bool:
        """Replaces the file by a complete new one, unless it would be the same. Whether it did. Raises StateError."""
        content = encode(state)
        if content == self._content:
            return False
        temporary = ""
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), self._mode())
                os.fsync(file.fileno())
            Path(temporary).replace(self.path)
            self._flush_folder()
        except OSError as error:
            raise StateError(
                f"{self.name} cannot be written: {error.strerror or error}; "
                "it is as it was, and what was told now will be told again"
            ) from error
        finally:
            if temporary:
                with suppress(FileNotFoundError):
                    Path(temporary).unlink()
        self._content = content
        return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs off the file. Raises StateError where one holds it, or the folder cannot be written."""
        lock = FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=LOCK_PATIENCE)
        try:
            lock.acquire()
        except Timeout as error:
            raise StateError(f"{self.name} is in use by another run; nothing was done") from error
        except OSError as error:
            raise StateError(
                f"{self.name} cannot be locked: {error.strerror or error} (its folder must exist and be writable)"
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _mode(self) -> int:
        try:
            return self.path.stat().st_mode & 0o777
        except FileNotFoundError:
            mask = os.umask(0)
            os.umask(mask)
            return 0o666 & ~mask

    def _flush_folder(self) -> None:
        """So that the new name survives a power cut; where the system has no such call the file does as it can."""
        with suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


def _page(page: PageMemory) -> bytes:
    fields = msgspec.to_builtins(page, builtin_types=())
    if page.incidents:
        lines = b",\n".join(
            b"    " + _json(key) + b": " + _json(known) for key, known in sorted(page.incidents.items())
        )
        fields["incidents"] = msgspec.Raw(b"{\n" + lines + b"\n   }")
    return (
        b"{\n"
        + b",\n".join(b"   " + _json(name) + b": " + _json(value) for name, value in sorted(fields.items()))
        + b"\n  }"
    )


def _refused(name: str, why: str) -> StateError:
    return StateError(
        f"{name} cannot be used: {why}. Nothing was told and nothing was written. Restore the last good one "
        f"(`git checkout HEAD -- {name}`, or an older one from `git log -p {name}`), or delete it to start from "
        f"a new baseline, which tells nothing of what happened before it"
    )

"""state.json: loaded under a lock, saved last, whole or not at all. Made for `git log -p`: sorted keys, one incident
a line.
"""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec
from filelock import FileLock, Timeout

from statuswatch.errors import StateError
from statuswatch.model import Notice, PageMemory

VERSION: Final = 1
Waiting = Mapping[str, tuple[Notice, ...]]  # by the name of the sink
_NOTHING: Final[Waiting] = MappingProxyType({})
LOCK_PATIENCE: Final = 3.0  # seconds to wait for another run to end

_json: Final = msgspec.json.Encoder(order="sorted").encode
_decode_page: Final = msgspec.json.Decoder(PageMemory).decode


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    pages: dict[str, msgspec.Raw]
    waiting: dict[str, list[Notice]] = {}


class _Version(msgspec.Struct):
    version: int


def encode(pages: Mapping[str, bytes], waiting: Waiting | None = None) -> Iterator[bytes]:
    """The file's content in parts, of pages encoded one by one, and of what waits for which sink, an event a line."""
    yield b'{\n "pages": {'
    for number, (key, page) in enumerate(sorted(pages.items())):
        yield (b",\n  " if number else b"\n  ") + _json(key) + b": "
        yield page
    yield b"\n }" if pages else b"}"
    yield b',\n "version": ' + _json(VERSION)
    for number, (name, notices) in enumerate(sorted((waiting or {}).items())):
        lines = b",\n   ".join(_json(notice) for notice in notices)
        yield (b",\n  " if number else b',\n "waiting": {\n  ') + _json(name) + b": [\n   " + lines + b"]"
    yield b"\n }\n}\n" if waiting else b"\n}\n"


def decode(content: bytes, name: str) -> tuple[dict[str, bytes], Waiting]:
    """The pages, each still encoded, and what waits. Raises StateError that says what is wrong and how to recover."""
    if content.startswith(b"<<<<<<<") or b"\n<<<<<<<" in content or b"\n>>>>>>>" in content:
        raise _refused(name, "it has git conflict markers")
    try:
        version = msgspec.json.decode(content, type=_Version).version
        if version != VERSION:
            raise _refused(name, f"it is of version {version}, and this program reads version {VERSION}")
        file = msgspec.json.decode(content, type=_File)
        waiting = {sink: tuple(notices) for sink, notices in file.waiting.items()}
        return {key: bytes(page) for key, page in file.pages.items()}, waiting
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(name, str(error) if content.strip() else "it is empty") from error


def encode_page(page: PageMemory) -> bytes:
    """A line for each field, and for each incident."""
    fields = msgspec.to_builtins(msgspec.structs.replace(page, incidents={}), builtin_types=(datetime,))
    if page.incidents:
        lines = b",\n".join(b"    " + _json(key) + b": " + _json(it) for key, it in sorted(page.incidents.items()))
        fields["incidents"] = msgspec.Raw(b"{\n" + lines + b"\n   }")
    return (
        b"{\n" + b",\n".join(b"   " + _json(name) + b": " + _json(it) for name, it in sorted(fields.items())) + b"\n  }"
    )


def decode_page(page: bytes, key: str, name: str) -> PageMemory:
    """Raises StateError."""
    try:
        return _decode_page(page)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(name, f"page {key}: {error}") from error


def recall(path: Path, key: str) -> PageMemory | None:
    """What is remembered of one page, if anything is. Raises StateError."""
    file = StateFile(path)
    page = file.load().get(key)
    return decode_page(page, key, file.name) if page else None


class StateFile:
    """The file, held from load to save. `path` may be a link: the file it points to is the one that is replaced."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self.path = path.resolve()
        self.pages: dict[str, bytes] | None = None  # as the file has them
        self.waiting: Waiting = {}  # what the file has for sinks that refused it

    def load(self) -> dict[str, bytes]:
        """The pages, each still encoded; nothing where there is no file yet. Raises StateError."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StateError(f"{self.name} cannot be read: {error.strerror or error}") from error
        self.pages, self.waiting = decode(content, self.name)
        return dict(self.pages)

    def save(self, pages: Mapping[str, bytes], waiting: Waiting = _NOTHING) -> bool:
        """Replaces the file by a complete new one, unless it would be the same. Whether it did. Raises StateError."""
        if pages == self.pages and waiting == self.waiting:
            return False
        temporary = ""
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(encode(pages, waiting))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(self._mode())
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
        self.pages, self.waiting = dict(pages), dict(waiting)
        return True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other runs off the file. Raises StateError where one holds it, or the folder cannot be written."""
        if not self.path.parent.is_dir():  # the lock would make it, and a mistyped path would be a new memory
            raise StateError(f"{self.name} cannot be used: its folder does not exist")
        lock = FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=LOCK_PATIENCE)
        try:
            lock.acquire()
        except Timeout as error:
            raise StateError(f"{self.name} is in use by another run; nothing was done") from error
        except OSError as error:
            raise StateError(
                f"{self.name} cannot be locked: {error.strerror or error} (its folder must be writable)"
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


def _refused(name: str, why: str) -> StateError:
    return StateError(
        f"{name} cannot be used: {why}. Nothing was told and nothing was written. Restore the last good one "
        f"(`git checkout HEAD -- {name}`, or an older one from `git log -p {name}`), or delete it to start from "
        f"a new baseline, which tells nothing of what happened before it"
    )

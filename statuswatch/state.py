"""state.json: loaded under a lock, saved last, whole or not at all. Made for `git log -p`: sorted keys, one incident
a line.
"""

import errno
import glob
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, Self

import msgspec
from filelock import FileLock, Timeout

from statuswatch import text
from statuswatch.errors import StateError
from statuswatch.model.event import PendingDelivery
from statuswatch.model.state import EncodedPage, Outbox, PageState, State
from statuswatch.shard import Shard, shard_of

VERSION: Final = 1
LOCK_TIMEOUT: Final = 3.0  # seconds to wait for another run to end

_REMEDIES: Final = {
    errno.EACCES: "it and its folder must be open to who runs this",
    errno.EPERM: "it and its folder must be open to who runs this",
    errno.EROFS: "its file system is read-only; name another place with --state",
    errno.ENOSPC: "make room on its file system",
    errno.EDQUOT: "make room within the quota",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EBUSY: "a file that is a mount cannot be replaced; mount its folder",
    errno.EIO: "look at the disk",
}

_json: Final = msgspec.json.Encoder(order="sorted").encode
_decode_page: Final = msgspec.json.Decoder(PageState).decode


class _File(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    pages: dict[str, msgspec.Raw]
    waiting: dict[str, list[PendingDelivery]] = {}


_decode_file: Final = msgspec.json.Decoder(_File).decode


class _Version(msgspec.Struct):
    version: int


def encode(pages: Mapping[str, EncodedPage], waiting: Outbox | None = None) -> Iterator[bytes]:
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


def decode(content: bytes, name: str) -> State:
    """Decode the file, but not its pages. Raises StateError: what is wrong, and how to recover."""
    try:
        file = _decode_file(content)
        if file.version != VERSION:
            raise _of_another_version(name, file.version)
        outbox = {sink: tuple(deliveries) for sink, deliveries in file.waiting.items()}
        return State(pages=dict(file.pages), outbox=outbox)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        if content.startswith(b"<<<<<<<") or b"\n<<<<<<<" in content or b"\n>>>>>>>" in content:
            raise _refused(name, "it has git conflict markers") from error
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            version = msgspec.json.decode(content, type=_Version).version
            if version != VERSION:
                raise _of_another_version(name, version) from error
        raise _refused(name, str(error) if content.strip() else "it is empty") from error


def encode_page(page: PageState) -> bytes:
    """A line for each field, and for each incident."""
    fields = msgspec.to_builtins(msgspec.structs.replace(page, incidents={}), builtin_types=(datetime,))
    if page.incidents:
        lines = b",\n".join(b"    " + _json(key) + b": " + _json(it) for key, it in sorted(page.incidents.items()))
        fields["incidents"] = msgspec.Raw(b"{\n" + lines + b"\n   }")
    return (
        b"{\n" + b",\n".join(b"   " + _json(name) + b": " + _json(it) for name, it in sorted(fields.items())) + b"\n  }"
    )


def decode_page(page: EncodedPage, key: str, name: str) -> PageState:
    """Raises StateError."""
    try:
        return _decode_page(page)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(name, f"page {key}: {error}") from error


def is_failing(page: EncodedPage) -> bool:
    """Whether it failed the last time, as can be seen without decoding it: its fields are sorted."""
    return b'"failing":' in bytes(memoryview(page)[:200])


def load_page(path: Path, key: str) -> PageState | None:
    """Load the state of one page; None where there is none. Raises StateError."""
    file = StateFile(path)
    page = file.load().pages.get(key)
    return decode_page(page, key, file.name) if page else None


class StateStore(Protocol):
    """Where the state of a run lives."""

    name: str

    def locked(self) -> AbstractContextManager[Self]:
        """Keep other runs away. Raises StateError."""

    def load(self) -> State:
        """Load the state. Raises StateError."""

    def save(self, state: State) -> bool:
        """Save the state; return whether anything was written. Raises StateError."""


class StateFile:
    """state.json, held from load to save. `path` may be a link: the file that it points to is replaced."""

    def __init__(self, path: Path) -> None:
        self.name = text.line(str(path))
        self.path = Path(os.path.realpath(path))  # raises nothing where links lead in a circle
        self._loaded: State | None = None  # as the file has it

    def load(self) -> State:
        """Load the state; an empty one where there is no file yet. Raises StateError."""
        if not self._exists():
            return State()
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise StateError(f"{self.name} cannot be read: {_why(error)}") from error
        self._loaded = decode(content, self.name)
        return self._loaded

    def save(self, state: State) -> bool:
        """Replace the file by a complete new one, unless it would be the same. Raises StateError."""
        if self._loaded and state.pages == self._loaded.pages and state.outbox == self._loaded.outbox:
            return False
        self._sweep()
        temporary = ""
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.", suffix=".tmp")
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(encode(state.pages, state.outbox))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(self._mode())
            Path(temporary).replace(self.path)
            temporary = ""
        except OSError as error:
            raise StateError(
                f"{self.name} cannot be written: {_why(error)}. It is as it was; what was told now will be told again"
            ) from error
        finally:
            if temporary:
                with suppress(OSError):
                    Path(temporary).unlink()
        self._flush_folder()
        self._loaded = state
        return True

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """Keeps other runs off the file. Raises StateError where one holds it, or where it could not be replaced in the
        end.
        """
        folder = self.path.parent
        if not self._exists() and not os.path.isdir(folder):  # noqa: PTH112 - the lock would make it: a typing error
            raise StateError(f"{self.name} cannot be used: its folder does not exist: {text.line(str(folder))}")
        lock = FileLock(folder / f".{self.path.name}.lock", timeout=LOCK_TIMEOUT)
        place = text.line(lock.lock_file)
        try:
            lock.acquire()
            if not os.access(folder, os.W_OK):  # the lock may be older than that
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except (Timeout, OSError) as error:
            if isinstance(error, Timeout) and os.path.lexists(lock.lock_file):
                raise StateError(f"{self.name} is in use by another run (lock: {place}); nothing was done") from error
            why = "it cannot be made there" if isinstance(error, Timeout) else _why(error)
            raise StateError(
                f"{self.name} cannot be locked: {why} (lock: {place}, a file that a run must be able to make or write)"
                ". Nothing was told and nothing was written"
            ) from error
        try:
            yield self
        finally:
            with suppress(OSError):  # all is done, and the end of the process releases it
                lock.release()

    def _exists(self) -> bool:
        """Raises StateError; also where it is no file: a FIFO would never open, and some devices never end."""
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StateError(f"{self.name} cannot be read: {_why(error)}") from error
        if not stat.S_ISREG(mode):
            what = "a folder" if stat.S_ISDIR(mode) else "a FIFO, a socket or a device"
            raise StateError(f"{self.name} cannot be used: it is {what}, not a file; name another place with --state")
        return True

    def _sweep(self) -> None:
        """Removes what runs left that were killed while they wrote."""
        with suppress(OSError):
            for stale in self.path.parent.glob(f".{glob.escape(self.path.name)}.????????.tmp"):
                stale.unlink()

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


class ShardStateFile(StateFile):
    """The state file of one shard, where every shard has its own.

    `keys` are the pages of this run. When the number of shards changes, a page that moved here comes with the state that another file has of it, and
    one that moved away is kept until its shard's file has it.
    """

    def __init__(self, shard: Shard, paths: Sequence[Path], keys: Iterable[str]) -> None:
        super().__init__(paths[shard.number - 1])
        self._shard, self._paths, self._keys = shard, paths, frozenset(keys)

    def load(self) -> State:
        """Load the state, with what other shards hand over. Raises StateError."""
        own = super().load()
        pages = dict(own.pages)
        homes = {key: shard_of(key, self._shard.count) for key in pages}
        others = {home: _pages(self._paths[home - 1]) for home in {*homes.values()} - {self._shard.number}}
        pages = {key: page for key, page in pages.items() if key not in others.get(homes[key], {})}
        absent = self._keys - pages.keys()
        for path in self._paths if absent else ():
            pages |= {key: page for key, page in _pages(path).items() if key in absent}
        return State(pages=pages, outbox=own.outbox, dirty=pages != own.pages)


def _pages(path: Path) -> Mapping[str, EncodedPage]:
    return StateFile(path).load().pages


class ReadOnlyState:
    """Another store, of which nothing is written and for which no other run is waited."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self.name = store.name

    def locked(self) -> AbstractContextManager[Self]:
        """Lock nothing."""
        return nullcontext(self)

    def load(self) -> State:
        """Load the state. Raises StateError."""
        return self._store.load()

    def save(self, state: State) -> bool:
        """Write nothing."""
        return False


class MemoryState:
    """A state in memory: of a replay."""

    def __init__(self, state: State | None = None, name: str = "the recording") -> None:
        self.name = name
        self._state = state or State()

    def locked(self) -> AbstractContextManager[Self]:
        """Lock nothing."""
        return nullcontext(self)

    def load(self) -> State:
        """Return the state as it was saved last."""
        return self._state

    def save(self, state: State) -> bool:
        """Keep the state."""
        self._state = msgspec.structs.replace(state, dirty=False)
        return True


def _why(error: OSError) -> str:
    remedy = _REMEDIES.get(error.errno or 0)
    return (error.strerror or str(error)) + (f": {remedy}" if remedy else "")


def _of_another_version(name: str, version: int) -> StateError:
    return _refused(name, f"it is of version {version}, and this program reads version {VERSION}")


def _refused(name: str, why: str) -> StateError:
    return StateError(
        f"{name} cannot be used: {why}. Nothing was told and nothing was written. Restore the last good one "
        f"(`git checkout HEAD -- {name}`, or an older one from `git log -p {name}`), or delete it to start from "
        f"a new baseline, which tells nothing of what happened before it"
    )

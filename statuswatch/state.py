"""The state file: loaded under a lock, saved last, whole or not at all.

It is made for `git log -p`: sorted keys, one incident a line.
"""

import errno
import glob
import os
import re
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple, Protocol, Self

import msgspec
from filelock import FileLock, Timeout

from statuswatch import text
from statuswatch.errors import StateError
from statuswatch.model.event import PendingDelivery
from statuswatch.model.incident import Moment
from statuswatch.model.state import EncodedPage, PageState, SharedFailure, State
from statuswatch.shard import Shard, shard_of
from statuswatch.state_check import (
    Invalid,
    checked_deliveries,
    checked_page,
    checked_shared,
    checked_started,
    checked_written,
)

VERSION: Final = 1
LOCK_TIMEOUT: Final = 3.0  # seconds to wait for another run to end
_FAILING_WITHIN: Final = 200  # bytes of an encoded page: more may hold an incident of that name
_NOTHING_HAPPENED: Final = "Nothing was reported and nothing was written"
_UNCHANGED: Final = "The file is unchanged; the events of this run will be reported again"
_ELSEWHERE: Final = "name another place with --state"
_CONFLICT: Final = re.compile(rb"^(?:<{7}|>{7})", re.MULTILINE)  # a marker of git at the start of a line

_REMEDIES: Final = {
    errno.EACCES: "the user that runs statuswatch must be able to write it and its folder",
    errno.EPERM: "the user that runs statuswatch must be able to write it and its folder",
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
    shared: dict[str, SharedFailure] = {}
    waiting: dict[str, list[PendingDelivery]] = {}
    dropped: dict[str, int] = {}
    written: dict[str, Moment] = {}
    started: dict[str, tuple[str, ...]] = {}


_decode_file: Final = msgspec.json.Decoder(_File).decode


class _Version(msgspec.Struct):
    version: int


def encode(state: State) -> Iterator[bytes]:
    """Yield the content of the file in parts: a shared incident a line, an event of the outbox a line."""
    yield b'{\n "dropped": ' + _json(state.dropped) + b',\n "pages": {' if state.dropped else b'{\n "pages": {'
    for number, (key, page) in enumerate(sorted(state.pages.items())):
        yield (b",\n  " if number else b"\n  ") + _json(key) + b": "
        yield page
    yield b"\n }" if state.pages else b"}"
    yield from _table(b"shared", state.shared)
    yield from _table(b"started", state.started)
    yield b',\n "version": ' + _json(VERSION)
    lines = {name: b",\n   ".join(map(_json, deliveries)) for name, deliveries in state.outbox.items()}
    yield from _table(b"waiting", {name: msgspec.Raw(b"[\n   " + waiting + b"]") for name, waiting in lines.items()})
    yield b',\n "written": ' + _json(state.written) + b"\n}\n" if state.written else b"\n}\n"


def _table(name: bytes, entries: Mapping[str, object]) -> Iterator[bytes]:
    """Yield a table of the file, an entry a line; nothing where it is empty."""
    for number, (key, entry) in enumerate(sorted(entries.items())):
        yield (b",\n  " if number else b',\n "' + name + b'": {\n  ') + _json(key) + b": " + _json(entry)
    yield b"\n }" if entries else b""


def decode(content: bytes, name: str) -> State:
    """Return the state, with its pages still encoded. Raises StateError with what is wrong and how to recover."""
    try:
        file = _decode_file(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _unusable(name, _explain(content, error)) from error
    if file.version != VERSION:
        raise _unusable(name, _other_version(file.version))
    try:
        outbox = {text.line(sink): checked_deliveries(deliveries) for sink, deliveries in file.waiting.items()}
        shared = {group: _with_lower_keys(failure) for group, failure in checked_shared(file.shared).items()}
        written = checked_written(file.written)
        started = {text.line(sink): checked_started(names) for sink, names in file.started.items()}
    except Invalid as error:
        raise _unusable(name, text.line(str(error))) from error
    pages = _by_lower_key(file.pages)
    return State(pages=pages, outbox=outbox, shared=shared, dropped=file.dropped, written=written, started=started)


def _by_lower_key(pages: Mapping[str, msgspec.Raw]) -> dict[str, EncodedPage]:
    """Return the pages by their keys in lower case: before, a page of the user's own kept the case that it was given.

    Of two keys that differ in their case only, the one in lower case counts.
    """
    lowered: dict[str, EncodedPage] = {key.lower(): page for key, page in pages.items()}
    return lowered | {key: page for key, page in pages.items() if key in lowered}


def _with_lower_keys(failure: SharedFailure) -> SharedFailure:
    return msgspec.structs.replace(failure, pages=tuple(key.lower() for key in failure.pages))


def encode_page(page: PageState) -> bytes:
    """Return the state of a page as the file has it: a line for each field, and for each incident."""
    fields = msgspec.to_builtins(msgspec.structs.replace(page, incidents={}), builtin_types=(datetime,))
    if page.incidents:
        lines = [b"    " + _json(key) + b": " + _json(record) for key, record in sorted(page.incidents.items())]
        fields["incidents"] = msgspec.Raw(b"{\n" + b",\n".join(lines) + b"\n   }")
    lines = [b"   " + _json(name) + b": " + _json(value) for name, value in sorted(fields.items())]
    return b"{\n" + b",\n".join(lines) + b"\n  }"


def decode_page(page: EncodedPage, key: str, name: str) -> PageState:
    """Return the state of a page. Raises StateError."""
    try:
        return checked_page(bytes(page), _decode_page(page))
    except (msgspec.MsgspecError, RecursionError, *Invalid) as error:
        raise _unusable(name, f"page {text.line(key)}: {text.line(str(error))}") from error


def is_failing(page: EncodedPage) -> bool:
    """Return whether the page failed the last time, without decoding it.

    The fields are sorted: only `baseline` stands before `failing`, so that its first bytes are enough.
    """
    return b'"failing":' in bytes(memoryview(page)[:_FAILING_WITHIN])


def load_page(path: Path, key: str) -> PageState | None:
    """Load the state of one page; None where there is none. Raises StateError."""
    file = StateFile(path)
    page = file.load().pages.get(key)
    return decode_page(page, key, file.name) if page else None


class FileVersion(NamedTuple):
    """What the file system says of one version of a file: saving replaces the file, so that its number differs."""

    number: int
    size: int
    changed_at: int


class StateStore(Protocol):
    """A place where the state of a run is kept."""

    name: str

    def locked(self) -> AbstractContextManager[Self]:
        """Keep other runs away. Raises StateError."""

    def load(self) -> State:
        """Load the state. Raises StateError."""

    def save(self, state: State) -> bool:
        """Save the state; return whether anything was written. Raises StateError."""


class StateFile:
    """The state file. `path` may be a link: the file that it points to is replaced."""

    def __init__(self, path: Path) -> None:
        self.name = text.line(str(path))
        self.path = Path(os.path.realpath(path))  # raises nothing where links lead in a circle
        self._loaded: State | None = None  # what the file holds

    def load(self) -> State:
        """Load the state; an empty one where there is no file yet. Raises StateError."""
        if not self._exists():
            return State()
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise _failed("read", error, self.name) from error
        self._loaded = decode(content, self.name)
        return self._loaded

    def save(self, state: State) -> bool:
        """Replace the file by a complete new one, unless it would be the same. Raises StateError."""
        if self._loaded and msgspec.structs.replace(state, dirty=False, written=self._loaded.written) == self._loaded:
            return False  # the time of the run alone is no reason to write
        self._remove_leftovers()
        temporary = ""
        try:
            descriptor, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.", suffix=".tmp")
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(encode(state))
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(self._mode())
            Path(temporary).replace(self.path)
            temporary = ""
        except OSError as error:
            raise _failed("written", error, self.name, f". {_UNCHANGED}") from error
        finally:
            if temporary:
                with suppress(OSError):
                    Path(temporary).unlink()
        self._flush_folder()
        self._loaded = state
        return True

    def version(self) -> FileVersion | None:
        """Return what tells this version of the file from another; None where there is no file, or no way to it."""
        try:
            status = self.path.stat()
        except OSError:
            return None
        return FileVersion(status.st_ino, status.st_size, status.st_mtime_ns)

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """Keep other runs off the file. Raises StateError where one holds it, or where it could not be saved later."""
        lock = self._acquire()
        try:
            yield self
        finally:
            _release_lock(lock)

    def _acquire(self) -> FileLock:
        folder = self.path.parent
        if not self._exists() and not os.path.isdir(folder):  # noqa: PTH112 - the lock would make it: a typing error
            problem = f"the folder of the state file does not exist: {text.line(str(folder))}"
            raise StateError(f"{problem} ({self.name}): make it, or {_ELSEWHERE}")
        lock_file = str(folder / f".{self.path.name}.lock")
        try:
            lock = _acquire_lock(lock_file)
            if not os.access(folder, os.W_OK):  # the lock may be older than that
                _release_lock(lock)
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        except (Timeout, OSError) as error:
            raise self._not_locked(lock_file, error) from error
        return lock

    def _not_locked(self, lock_file: str, error: Timeout | OSError) -> StateError:
        place = text.line(lock_file)
        timed_out = isinstance(error, Timeout)
        if timed_out and os.path.lexists(lock_file):
            problem = "the state file is in use by another run"
            return StateError(f"{problem} ({self.name}, lock: {place}): try again when it ends. {_NOTHING_HAPPENED}")
        if isinstance(error, Timeout):
            problem = "the state file cannot be locked: the lock cannot be made there"
            return StateError(f"{problem} ({self.name}, lock: {place}): {_ELSEWHERE}. {_NOTHING_HAPPENED}")
        return _failed("locked", error, f"{self.name}, lock: {place}", f". {_NOTHING_HAPPENED}")

    def _exists(self) -> bool:
        """Return whether there is a file. Raises StateError, also for a FIFO or a device: reading it may never end."""
        try:
            mode = self.path.stat().st_mode
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _failed("read", error, self.name) from error
        if not stat.S_ISREG(mode):
            found = "a folder" if stat.S_ISDIR(mode) else "a FIFO, a socket or a device"
            raise StateError(f"the state file cannot be used: it is {found}, not a file ({self.name}): {_ELSEWHERE}")
        return True

    def _remove_leftovers(self) -> None:
        """Remove the temporary files of runs that were killed while they wrote."""
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
        """Make the new name survive a power cut, where the system has a call for that."""
        with suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)


class ShardStateFile(StateFile):
    """The state file of one shard, where every shard has its own.

    `keys` are the pages of this run. When the number of shards changes, a page that moved here comes with its state in
    another shard's file, and one that moved away is kept until its new shard's file has it.
    """

    def __init__(self, shard: Shard, paths: Sequence[Path], keys: Iterable[str]) -> None:
        super().__init__(paths[shard.number - 1])
        self._shard, self._paths, self._keys = shard, paths, frozenset(keys)

    def load(self) -> State:
        """Load the state, with what other shards hand over. Raises StateError."""
        own = super().load()
        pages = dict(own.pages)
        homes = {key: shard_of(key, self._shard.count) for key in pages}
        moved = {home: _pages(self._paths[home - 1]) for home in {*homes.values()} - {self._shard.number}}
        pages = {key: page for key, page in pages.items() if key not in moved.get(homes[key], {})}
        absent = self._keys - pages.keys()
        for path in self._paths if absent else ():
            pages |= {key: page for key, page in _pages(path).items() if key in absent}
        return msgspec.structs.replace(own, pages=pages, dirty=pages != own.pages)


def _pages(path: Path) -> Mapping[str, EncodedPage]:
    return StateFile(path).load().pages


def joined_state(paths: Iterable[Path]) -> State:
    """Return what the files of all shards hold, for a command that only reads. Raises StateError.

    Of a page in two files the one that was written last counts: the other shard has not run since the page moved away.
    """
    pages: dict[str, EncodedPage] = {}
    shared: dict[str, SharedFailure] = {}
    written: dict[str, datetime] = {}
    states = [StateFile(path).load() for path in paths]
    for number, state in enumerate(sorted(states, key=lambda state: sorted(state.written.values(), reverse=True))):
        pages |= state.pages
        shared |= {f"{group} {number}": failure for group, failure in state.shared.items()}
        written |= {scope: max(time, written.get(scope, time)) for scope, time in state.written.items()}
    return State(pages=pages, shared=shared, written=written)


class ReadOnlyState:
    """Another store that is only read: nothing is written, and no other run is waited for."""

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


class KeptState:
    """Another store, for a process that makes many passes: a file that did not change is not loaded again.

    What a calm pass learned and did not save is kept in memory, as if it had been saved. It is dropped once another run
    has changed the file.
    """

    def __init__(self, store: StateFile) -> None:
        self._store = store
        self.name = store.name
        self._state: State | None = None
        self._version: FileVersion | None = None

    @contextmanager
    def locked(self) -> Iterator[Self]:
        """Keep other runs away. Raises StateError."""
        with self._store.locked():
            yield self

    def load(self) -> State:
        """Load the state, if the file is not the one that is kept. Raises StateError."""
        version = self._store.version()
        if self._state is None or version != self._version:
            self._state = self._store.load()
            self._version = version
        return self._state

    def save(self, state: State) -> bool:
        """Save the state; return whether anything was written. Raises StateError."""
        is_written = self._store.save(state)
        self.keep(state)
        self._version = self._store.version()
        return is_written

    @property
    def has_waiting(self) -> bool:
        """True where anything waits in the outbox."""
        return self._state is not None and bool(self._state.outbox)

    def keep(self, state: State) -> None:
        """Keep what a pass learned, until it is saved with something that has to be."""
        self._state = msgspec.structs.replace(state, dirty=False)


class MemoryState:
    """A state that is kept in memory, for a replay and for what several files hold."""

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


def _acquire_lock(lock_file: str) -> FileLock:
    """Return the lock, acquired. Raises Timeout and OSError.

    A run that ends deletes the file of its lock. A lock on a deleted file keeps nobody away, so it is tried again.
    """
    until = time.monotonic() + LOCK_TIMEOUT
    while True:
        lock = FileLock(lock_file, timeout=max(0.0, until - time.monotonic()))
        lock.acquire()
        if _names_its_file(lock):
            return lock
        lock.release()
        if time.monotonic() > until:
            raise Timeout(lock_file)


def _names_its_file(lock: FileLock) -> bool:
    """Return whether the path of an acquired lock still names the file that is locked."""
    descriptor = lock._context.lock_file_fd  # it has no public name
    if descriptor is None:
        return False
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(lock.lock_file))  # noqa: PTH116
    except FileNotFoundError:
        return False


def _release_lock(lock: FileLock) -> None:
    """Delete the file of a lock while it is held, so that nobody else's is deleted, and release it.

    Windows deletes no file that is open; there filelock deletes it after the release, unless another run has opened it.
    """
    with suppress(OSError):
        Path(lock.lock_file).unlink()
    with suppress(OSError):  # all is done, and the end of the process releases it
        lock.release()


def _failed(use: str, error: OSError, place: str, end: str = "") -> StateError:
    """Return the error for a state file that the system does not let us use; `end` says what that means."""
    remedy = _REMEDIES.get(error.errno or 0, _ELSEWHERE)
    return StateError(f"the state file cannot be {use}: {error.strerror or error} ({place}): {remedy}{end}")


def _explain(content: bytes, error: Exception) -> str:
    """Return why the content is no state file: the most helpful reason comes first."""
    if _CONFLICT.search(content):
        return "it has git conflict markers"
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        version = msgspec.json.decode(content, type=_Version).version
        if version != VERSION:
            return _other_version(version)
    return text.line(str(error)) if content.strip() else "it is empty"


def _other_version(version: int) -> str:
    return f"it is of version {version}, and this program reads version {VERSION}"


def _unusable(name: str, reason: str) -> StateError:
    return StateError(
        f"the state file cannot be used: {reason} ({name}): restore the last good one (`git checkout HEAD -- {name}`, "
        f"or an older one from `git log -p {name}`), or delete it to start from a new baseline, which reports nothing "
        f"of what happened before it. {_NOTHING_HAPPENED}"
    )

"""Faults of the place of state.json, each for one run of the command and repaired for the next.

A row says whether the file is the old or the new one, and whether every event was delivered. Where a fault needs a
mount, or the permissions of a user who is not root, Linux's `unshare` and `setpriv` give them to the one process.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from statuswatch.history.archive import read_archive
from tests.proofs.crash.fault_injection import ERRNOS
from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import FakeVendor, incident, statuspage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

REPOSITORY: Final = Path(__file__).parents[3]
PATIENCE: Final = 120  # seconds for a process to end
PAIRS: Final = 20  # of runs at once
HEAD: Final = (
    "| fault | runs | the file afterwards | events lost | repeated, with the same id | exit code and message |\n"
    "|---|---|---|---|---|---|"
)
NAMESPACE: Final = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-Urm")
UNPRIVILEGED: Final = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
# The place on a file system of its own while the command runs; the files that it leaves are copied out.
MOUNTED: Final = (
    'cp -a "$0" "$0.before" && mount -t tmpfs -o size=64k none "$0" && cp -a "$0.before/." "$0" && {0}; "$@"; code=$?; '
    'cp -a "$0/." "$0.after"; exit $code'
)


@dataclass
class Row:
    """The outcome of one fault; `wrong` must be empty."""

    fault: str
    runs: int = 0
    files: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    repeated: int = 0
    messages: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        files = ", ".join(f"{name} {self.files[name]}" for name in ("old", "new", "other") if self.files[name])
        several = len(self.messages) > 1
        messages = [f"{text} ({count})" if several else text for text, count in self.messages.most_common()]
        return f"| {self.fault} | {self.runs} | {files} | {self.lost} | {self.repeated} | {'; '.join(messages)} |"


@dataclass(frozen=True)
class Fault:
    """`arrange` damages the folder of state.json, but not the file's content, and returns a function that repairs it.

    `code` is the exit code that the run must have.
    """

    name: str
    arrange: Callable[[Path], Callable[[], object]]
    code: int = 3
    state: str = "state.json"  # what --state names
    prefix: tuple[str, ...] = ()
    limit: int | None = None  # bytes that a file may have


class Ground:
    """A page with an incident that ends and one that begins, a sink, and the state files of runs without a fault."""

    def __init__(self, folder: Path, vendor: FakeVendor, sink: FakeReceiver) -> None:
        self.folder, self.vendor, self.sink, self.count = folder, vendor, sink, 0
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "STATUSWATCH_"))}
        self.env = kept | {"PYTHONPATH": str(REPOSITORY), "NO_PROXY": "*", "HOOK": sink.url}
        vendor.put(statuspage("/acme", [incident("a0", "investigating")]))
        place = self.place()
        assert self.run(place)[0] == 0
        self.old = (place / "state.json").read_bytes()
        vendor.put(statuspage("/acme", [incident("a1", "investigating"), incident("a0", "investigating", "resolved")]))
        assert self.run(place)[0] == 0
        self.new = without_time(place / "state.json")
        self.ids = self.delivered()
        assert len(set(self.ids)) == 2

    def place(self) -> Path:
        """Return a new folder with a state file, inside one with a configuration."""
        self.count += 1
        place = self.folder / str(self.count) / "state"
        place.mkdir(parents=True)
        (place.parent / "statuswatch.toml").write_text(
            'history = "history"\n'
            f'[page.acme]\nname = "Acme"\nurl = "{self.vendor.url}/acme"\nplatform = "statuspage"\n'
            '[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n'
        )
        if self.count > 1:
            (place / "state.json").write_bytes(self.old)
        return place

    def delivered(self) -> list[str]:
        """Return the ids of the events that reached the sink since the last call."""
        with self.sink.lock:
            requests, self.sink.requests = self.sink.requests, []
        return [str(request.json["id"]) for request in requests]

    def start(
        self,
        place: Path,
        state: str = "state.json",
        prefix: Sequence[str] = (),
        module: Sequence[str] = ("statuswatch",),
        limit: int | None = None,
    ) -> subprocess.Popen[str]:
        """Start the command on a state file of the place."""
        path = Path(state) if state.startswith("/") else place / state
        command = [*prefix, sys.executable, "-m", *module, "check", "--quiet", "--state", str(path)]
        bounded = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit)) if limit else None
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=place.parent, env=self.env, stdout=pipe, stderr=pipe, text=True, preexec_fn=bounded
        )

    def run(self, place: Path, **options: Any) -> tuple[int, str]:
        """Run the command; return its exit code and its errors. `options` are those of `start`."""
        with self.start(place, **options) as process:
            try:
                _, errors = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                return -9, f"no end within {PATIENCE} s"
        return process.returncode, errors

    def judge(self, row: Row, place: Path, code: int, errors: str, *, expected: Sequence[int] = (0, 3)) -> None:
        """Judge what a run left and printed, and the next run, without the fault."""
        path = place / "state.json"
        content = path.read_bytes()
        file = "old" if content == self.old else "new" if without_time(path) == self.new else "other"
        row.runs += 1
        row.files[file] += 1
        row.messages[f"{code}{message(errors, place)}"] += 1
        next_code, next_errors = self.run(place)
        delivered = self.delivered()
        lost = len(set(self.ids) - set(delivered))
        row.lost += lost
        row.repeated += len(delivered) - len(set(delivered))
        archived = {event.id for event in read_archive(place.parent / "history").events}
        left = {path.name for path in place.iterdir()} - {"state.json", ".state.json.lock"}
        wrong = [
            (code not in expected or "Traceback" in errors, f"exit {code}: {errors}"),
            (file == "other" or (file == "new") != (code == 0), f"exit {code} and the {file} file"),
            (code != 0 and "state" not in errors, f"the error names no file: {errors}"),
            (next_code != 0 or without_time(path) != self.new, f"the next run: exit {next_code}: {next_errors}"),
            (bool(lost) or not set(delivered) <= set(self.ids), f"delivered: {delivered}"),
            (archived != set(self.ids), f"archived: {archived}"),
            (bool(left), f"left behind: {left}"),
        ]
        row.wrong += [f"{row.fault}: {text}" for is_wrong, text in wrong if is_wrong]


def without_time(path: Path) -> bytes:
    """Return the content of a state file without the line that has the time of the run."""
    return b"".join(line for line in path.read_bytes().splitlines() if b'"written"' not in line)


def message(errors: str, place: Path) -> str:
    """Return the error of a run in short, without the paths."""
    text = " ".join(errors.split("error: ", 1)[1:]).replace(f"{place}/", "").replace("\n", " ")
    text = text.partition(" (lock")[0].partition(". ")[0].replace(str(place), "its folder").strip()
    return f": {text[:20]}…{text[-70:]}" if len(text) > 110 else f": {text}" if text else ""


# ------------------------------------------------------------------------------------------------- the faults


def replaced(place: Path, stand_in: Callable[[Path], object]) -> Callable[[], object]:
    """Put something else in the place of the file."""
    path, kept = place / "state.json", place / "kept"
    path.rename(kept)
    stand_in(path)

    def repair() -> None:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        kept.rename(path)

    return repair


def linked(place: Path, target: str) -> Callable[[], object]:
    """Put a link in its place, to the file in a folder beside it."""
    path, real = place / "state.json", place.parent / "real" / "state.json"
    real.parent.mkdir()
    path.rename(real)
    path.symlink_to(target.format(real=real))

    def repair() -> None:
        assert path.is_symlink()
        real.parent.chmod(0o755)
        path.unlink()
        real.rename(path)

    return repair


def linked_into_a_fixed_folder(place: Path) -> Callable[[], object]:
    """Put a link in its place, to the file in a folder that cannot be written."""
    repair = linked(place, "{real}")
    (place.parent / "real").chmod(0o555)
    return repair


def hard_linked(place: Path) -> Callable[[], object]:
    """Give the file a second name."""
    path, other = place / "state.json", place / "other"
    other.hardlink_to(path)
    before = path.read_bytes()

    def repair() -> None:
        assert other.read_bytes() == before
        other.unlink()

    return repair


def closed(place: Path, mode: int, name: str = "", *, locked: bool = False) -> Callable[[], object]:
    """Take permissions away; where `locked`, leave a lock of an earlier run."""
    if locked:
        (place / ".state.json.lock").touch()
    path = place / name
    original_mode = path.stat().st_mode & 0o777
    path.chmod(mode)
    return lambda: path.chmod(original_mode)


def lock_is(place: Path, make: Callable[[Path], object]) -> Callable[[], object]:
    lock = place / ".state.json.lock"
    make(lock)

    def repair() -> None:
        lock.rmdir() if lock.is_dir() and not lock.is_symlink() else lock.unlink(missing_ok=True)

    return repair


def stale(place: Path) -> Callable[[], object]:
    for number in range(9):
        (place / f".state.json.abcdef0{number}.tmp").write_bytes(b"{")
    return lambda: None


def copied_out(place: Path) -> Callable[[], object]:
    def repair() -> None:
        after = Path(f"{place}.after") / "state.json"
        shutil.copy(after, place / "state.json")

    return repair


def nothing(_: Path) -> Callable[[], object]:
    return lambda: None


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


def faults(old: bytes) -> Iterator[Fault]:
    """Yield the faults; `old` is the file before."""
    small = len(old)  # the new one is larger
    yield Fault("the limit on file sizes (EFBIG)", nothing, limit=small)
    yield Fault("a full file system (tmpfs, ENOSPC)", copied_out, prefix=mounted('head -c 1M /dev/zero > "$0/x"'))
    yield Fault("a read-only file system", copied_out, prefix=mounted('mount -o remount,ro "$0"'))
    bind = 'mount --bind "$0/state.json" "$0/state.json"; "$@"'
    yield Fault("the file is a mount (EBUSY)", nothing, prefix=(*NAMESPACE, "sh", "-c", bind))
    yield Fault("a folder of mode 0555", lambda place: closed(place, 0o555), prefix=UNPRIVILEGED)
    yield Fault(
        "the same, with a lock from before", lambda place: closed(place, 0o555, locked=True), prefix=UNPRIVILEGED
    )
    yield Fault("a folder of mode 0000", lambda place: closed(place, 0), prefix=UNPRIVILEGED)
    yield Fault("a file of mode 0000", lambda place: closed(place, 0, "state.json"), prefix=UNPRIVILEGED)
    yield Fault("a file of mode 0444", lambda place: closed(place, 0o444, "state.json"), 0, prefix=UNPRIVILEGED)
    yield Fault("a symbolic link, relative", lambda place: linked(place, "../real/state.json"), 0)
    yield Fault("a symbolic link, absolute", lambda place: linked(place, "{real}"), 0)
    yield Fault("a link into a folder of mode 0555", linked_into_a_fixed_folder, prefix=UNPRIVILEGED)
    yield Fault("a link into no folder", lambda place: replaced(place, lambda path: path.symlink_to("none/state.json")))
    yield Fault("a link to itself", lambda place: replaced(place, lambda path: path.symlink_to(path.name)))
    yield Fault("a hard link", hard_linked, 0)
    yield Fault("a folder in its place", lambda place: replaced(place, Path.mkdir))
    yield Fault("a FIFO in its place", lambda place: replaced(place, os.mkfifo))
    yield Fault("a socket in its place", lambda place: replaced(place, bound))
    yield Fault("a device in its place", lambda place: replaced(place, lambda path: path.symlink_to("/dev/full")))
    yield Fault("--state /dev/null", nothing, state="/dev/null")
    yield Fault("--state /proc/state.json", nothing, state="/proc/state.json")
    yield Fault("no such folder", nothing, state="none/state.json")
    yield Fault("a name too long", nothing, state=f"state{'n' * 300}")
    yield Fault("a path too long", nothing, state=f"{'d/' * 3000}state.json")
    yield Fault("the lock is a folder", lambda place: lock_is(place, Path.mkdir))
    yield Fault(
        "the lock is a link elsewhere", lambda place: lock_is(place, lambda path: path.symlink_to("/etc/passwd"))
    )
    yield Fault(
        "the lock may not be written", lambda place: lock_is(place, lambda path: path.touch(0o444)), prefix=UNPRIVILEGED
    )
    yield Fault("temporary files of killed runs", stale, 0)


def mounted(then: str) -> tuple[str, ...]:
    return (*NAMESPACE, "sh", "-c", MOUNTED.replace("{0}", f"{{ {then}; }} 2>&-"))


def unavailable(prefix: Sequence[str], folder: Path) -> str:
    """Return why the place cannot be made on this machine; "" where it can."""
    if not prefix:
        return ""
    probe = ["sh", "-c", 'mount -t tmpfs none "$0"', str(folder)] if prefix[0] == "unshare" else ["true"]
    options = prefix[: prefix.index("sh")] if "sh" in prefix else prefix
    try:
        completed = subprocess.run([*options, *probe], capture_output=True, text=True, timeout=PATIENCE)
    except OSError as error:
        return f"not run: {prefix[0]}: {error.strerror}"
    return f"not run: {completed.stderr.strip()}" if completed.returncode else ""


# ------------------------------------------------------------------------------------------------- the rows


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Open a vendor and a sink for the faults."""
    with FakeVendor() as vendor, FakeReceiver() as sink:
        yield Ground(folder, vendor, sink)


def places(ground: Ground, selected: Iterable[Fault] = ()) -> Iterator[Row]:
    """Yield a row for each fault of the place: for all, unless some are selected."""
    for fault in selected or faults(ground.old):
        row = Row(fault.name)
        if reason := unavailable(fault.prefix, ground.folder):
            row.messages[reason] += 1
            yield row
            continue
        place = ground.place()
        repair = fault.arrange(place)
        script = "sh" in fault.prefix
        prefix = (*fault.prefix, str(place)) if script else fault.prefix
        code, errors = ground.run(place, state=fault.state, prefix=prefix, limit=fault.limit)
        repair()
        ground.judge(row, place, code, errors, expected=(fault.code,))
        yield row


def calls(ground: Ground, numbers: Sequence[int] = ERRNOS) -> Iterator[Row]:
    """Yield a row for each error, with which each system call on the folder of the state file fails once."""
    for number in numbers:
        row, failing_call = Row(f"each system call fails once: {errno.errorcode[number]}"), 0
        calls_made: list[str] = []
        while len(calls_made) >= failing_call:
            failing_call += 1
            place = ground.place()
            count = place.parent / "count"
            module = ("tests.proofs.crash.fault_injection", str(place), str(failing_call), str(number), str(count))
            code, errors = ground.run(place, module=module)
            calls_made = count.read_text().split()
            ground.judge(row, place, code, errors)
        yield row


def together(ground: Ground, pairs: int = PAIRS) -> Row:
    """Start two runs at once on one state file."""
    row = Row("two runs at once")
    for _ in range(pairs):
        place = ground.place()
        both = [ground.start(place) for _ in range(2)]
        ended = [(process.communicate(timeout=PATIENCE)[1], process.returncode) for process in both]
        for errors, code in ended:
            row.messages[f"{code}{message(errors, place)}"] += 1
        first = min(code for _, code in ended)
        row.wrong += [f"{row.fault}: exit {code}: {errors}" for errors, code in ended if code not in (0, 3)]
        messages, repeated = Counter(row.messages), row.repeated
        ground.judge(row, place, first, "")
        row.messages = messages
        row.runs += 1
        if row.repeated > repeated:
            row.wrong.append(f"{row.fault}: an event was delivered by both")
    return row

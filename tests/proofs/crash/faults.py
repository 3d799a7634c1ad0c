"""What can be wrong with state.json's place, each for one run of the command and mended for the next: whether the file
is the old or the new one, and whether all is told. Part of `python -m tests.proofs.crash`.

Where it takes a mount, or the permissions of somebody who is not root, Linux's `unshare` and `setpriv` give them to the
one process, and leave nothing behind.
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

from tests.proofs.crash.fault_injection import ERRNOS
from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import FakeVendor, incident, statuspage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

CHECKOUT: Final = Path(__file__).parent.parent
PATIENCE: Final = 60  # seconds for anything to end
TOGETHER: Final = 20  # pairs of runs
HEAD: Final = (
    "| fault | runs | the file afterwards | events lost | told twice, with the same id | exit code and words |\n"
    "|---|---|---|---|---|---|"
)
NAMESPACE: Final = ("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-Urm")
UNPRIVILEGED: Final = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
# The place on a file system of its own, for as long as the command takes; what is left there is copied out.
MOUNTED: Final = (
    'cp -a "$0" "$0.before" && mount -t tmpfs -o size=64k none "$0" && cp -a "$0.before/." "$0" && {0}; "$@"; code=$?; '
    'cp -a "$0/." "$0.after"; exit $code'
)


@dataclass
class Row:
    """What came of one fault; of `wrong` there must be none."""

    fault: str
    runs: int = 0
    files: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    twice: int = 0
    said: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        files = ", ".join(f"{name} {self.files[name]}" for name in ("old", "new", "other") if self.files[name])
        said = [f"{words} ({count})" if len(self.said) > 1 else words for words, count in self.said.most_common()]
        return f"| {self.fault} | {self.runs} | {files} | {self.lost} | {self.twice} | {'; '.join(said)} |"


@dataclass(frozen=True)
class Fault:
    """`arrange` breaks a place in which state.json lies and gives what mends it, without touching the file's content;
    `code` is how the run must end.
    """

    name: str
    arrange: Callable[[Path], Callable[[], object]]
    code: int = 3
    state: str = "state.json"  # what --state names
    prefix: tuple[str, ...] = ()
    limit: int | None = None  # bytes that a file may have


class Ground:
    """A page with an incident that ends and one that begins, a sink, and what a run without faults makes of them."""

    def __init__(self, folder: Path, site: FakeVendor, sink: FakeReceiver) -> None:
        self.folder, self.site, self.sink, self.count = folder, site, sink, 0
        kept = {name: it for name, it in os.environ.items() if not name.startswith(("GITHUB_", "STATUSWATCH_"))}
        self.env = kept | {"PYTHONPATH": str(CHECKOUT), "NO_PROXY": "*", "HOOK": sink.url}
        begun = incident("a0", "investigating")
        site.put(statuspage("/acme", [begun]))
        place = self.place()
        assert self.run(place)[0] == 0
        self.old = (place / "state.json").read_bytes()
        site.put(statuspage("/acme", [incident("a1", "investigating"), incident("a0", "investigating", "resolved")]))
        assert self.run(place)[0] == 0
        self.new = (place / "state.json").read_bytes()
        self.ids = self.told()
        assert len(set(self.ids)) == 2

    def place(self) -> Path:
        """A folder for a memory, in one with its configuration."""
        self.count += 1
        place = self.folder / str(self.count) / "memory"
        place.mkdir(parents=True)
        (place.parent / "statuswatch.toml").write_text(
            f'[page.acme]\nname = "Acme"\nurl = "{self.site.url}/acme"\nplatform = "statuspage"\n'
            '[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n'
        )
        if self.count > 1:
            (place / "state.json").write_bytes(self.old)
        return place

    def told(self) -> list[str]:
        """The ids of what the sink was sent since it was asked last."""
        with self.sink.lock:
            got, self.sink.got = self.sink.got, []
        return [str(it.json["id"]) for it in got]

    def start(
        self,
        place: Path,
        state: str = "state.json",
        prefix: Sequence[str] = (),
        module: Sequence[str] = ("statuswatch",),
        limit: int | None = None,
    ) -> subprocess.Popen[str]:
        named = Path(state) if state.startswith("/") else place / state
        words = [*prefix, sys.executable, "-m", *module, "check", "--quiet", "--state", str(named)]
        bounded = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit)) if limit else None
        pipe = subprocess.PIPE
        return subprocess.Popen(
            words, cwd=place.parent, env=self.env, stdout=pipe, stderr=pipe, text=True, preexec_fn=bounded
        )

    def run(self, place: Path, **more: Any) -> tuple[int, str]:
        """The exit code, and what the run complains of."""
        with self.start(place, **more) as process:
            try:
                _, errors = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                return -9, f"no end within {PATIENCE} s"
        return process.returncode, errors

    def judge(self, row: Row, place: Path, code: int, errors: str, *, expected: Sequence[int] = (0, 3)) -> None:
        """What the run left and said; and the run after it, without the fault."""
        path = place / "state.json"
        content = path.read_bytes()
        file = "old" if content == self.old else "new" if content == self.new else "other"
        row.runs += 1
        row.files[file] += 1
        row.said[f"{code}{words(errors, place)}"] += 1
        after, more = self.run(place)
        told = self.told()
        lost, twice = len(set(self.ids) - set(told)), len(told) - len(set(told))
        row.lost += lost
        row.twice += twice
        left = {it.name for it in place.iterdir()} - {"state.json", ".state.json.lock"}
        wrong = [
            (code not in expected or "Traceback" in errors, f"exit {code}: {errors}"),
            (file == "other" or (file == "new") != (code == 0), f"exit {code} and the {file} file"),
            (code != 0 and "state" not in errors, f"nothing said of where: {errors}"),
            (after != 0 or path.read_bytes() != self.new, f"the next run: exit {after}: {more}"),
            (bool(lost) or not set(told) <= set(self.ids), f"told: {told}"),
            (bool(left), f"left behind: {left}"),
        ]
        row.wrong += [f"{row.fault}: {what}" for is_so, what in wrong if is_so]


def words(errors: str, place: Path) -> str:
    """What a run complains of, without the places and what follows them."""
    said = (
        " ".join(errors.split("statuswatch: error: ")[1:])
        .replace(f"{place}/", "")
        .replace("\n", " ")
        .partition(" (lock")[0]
    )
    said = said.partition(". ")[0].replace(str(place), "its folder").strip()
    return f": {said[:20]}…{said[-70:]}" if len(said) > 110 else f": {said}" if said else ""


# ------------------------------------------------------------------------------------------------- what can be wrong


def dirty(place: Path, stand_in: Callable[[Path], object]) -> Callable[[], object]:
    """Something else in the place of the file."""
    path, kept = place / "state.json", place / "kept"
    path.rename(kept)
    stand_in(path)

    def mend() -> None:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        kept.rename(path)

    return mend


def linked(place: Path, target: str) -> Callable[[], object]:
    """A link in its place, to the file in a folder beside it."""
    path, real = place / "state.json", place.parent / "real" / "state.json"
    real.parent.mkdir()
    path.rename(real)
    path.symlink_to(target.format(real=real))

    def mend() -> None:
        assert path.is_symlink()
        real.parent.chmod(0o755)
        path.unlink()
        real.rename(path)

    return mend


def linked_into_a_fixed_folder(place: Path) -> Callable[[], object]:
    mend = linked(place, "{real}")
    (place.parent / "real").chmod(0o555)
    return mend


def hard_linked(place: Path) -> Callable[[], object]:
    path, other = place / "state.json", place / "other"
    other.hardlink_to(path)
    before = path.read_bytes()

    def mend() -> None:
        assert other.read_bytes() == before
        other.unlink()

    return mend


def closed(place: Path, mode: int, name: str = "", *, locked: bool = False) -> Callable[[], object]:
    """Permissions; where `locked`, with a lock from before."""
    if locked:
        (place / ".state.json.lock").touch()
    path = place / name
    was = path.stat().st_mode & 0o777
    path.chmod(mode)
    return lambda: path.chmod(was)


def lock_is(place: Path, make: Callable[[Path], object]) -> Callable[[], object]:
    lock = place / ".state.json.lock"
    make(lock)

    def mend() -> None:
        lock.rmdir() if lock.is_dir() and not lock.is_symlink() else lock.unlink()

    return mend


def stale(place: Path) -> Callable[[], object]:
    for number in range(9):
        (place / f".state.json.abcdef0{number}.tmp").write_bytes(b"{")
    return lambda: None


def copied_out(place: Path) -> Callable[[], object]:
    def mend() -> None:
        after = Path(f"{place}.after") / "state.json"
        shutil.copy(after, place / "state.json")

    return mend


def nothing(_: Path) -> Callable[[], object]:
    return lambda: None


def bound(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as it:
        it.bind(os.path.relpath(path))


def faults(old: bytes) -> Iterator[Fault]:
    """What can be wrong; `old` is the file before."""
    small = len(old)  # the new one is larger
    yield Fault("the limit on file sizes (EFBIG)", nothing, limit=small)
    yield Fault("a full file system (tmpfs, ENOSPC)", copied_out, prefix=mounted('head -c 1M /dev/zero > "$0/x"'))
    yield Fault("a read-only file system", copied_out, prefix=mounted('mount -o remount,ro "$0"'))
    bind = 'mount --bind "$0/state.json" "$0/state.json"; "$@"'
    yield Fault("the file is a mount (EBUSY)", nothing, prefix=(*NAMESPACE, "sh", "-c", bind))
    yield Fault("a folder of mode 0555", lambda it: closed(it, 0o555), prefix=UNPRIVILEGED)
    yield Fault("the same, with a lock from before", lambda it: closed(it, 0o555, locked=True), prefix=UNPRIVILEGED)
    yield Fault("a folder of mode 0000", lambda it: closed(it, 0), prefix=UNPRIVILEGED)
    yield Fault("a file of mode 0000", lambda it: closed(it, 0, "state.json"), prefix=UNPRIVILEGED)
    yield Fault("a file of mode 0444", lambda it: closed(it, 0o444, "state.json"), 0, prefix=UNPRIVILEGED)
    yield Fault("a symbolic link, relative", lambda it: linked(it, "../real/state.json"), 0)
    yield Fault("a symbolic link, absolute", lambda it: linked(it, "{real}"), 0)
    yield Fault("a link into a folder of mode 0555", linked_into_a_fixed_folder, prefix=UNPRIVILEGED)
    yield Fault("a link into no folder", lambda it: dirty(it, lambda path: path.symlink_to("none/state.json")))
    yield Fault("a link to itself", lambda it: dirty(it, lambda path: path.symlink_to(path.name)))
    yield Fault("a hard link", hard_linked, 0)
    yield Fault("a folder in its place", lambda it: dirty(it, Path.mkdir))
    yield Fault("a FIFO in its place", lambda it: dirty(it, os.mkfifo))
    yield Fault("a socket in its place", lambda it: dirty(it, bound))
    yield Fault("a device in its place", lambda it: dirty(it, lambda path: path.symlink_to("/dev/full")))
    yield Fault("--state /dev/null", nothing, state="/dev/null")
    yield Fault("--state /proc/state.json", nothing, state="/proc/state.json")
    yield Fault("no such folder", nothing, state="none/state.json")
    yield Fault("a name too long", nothing, state=f"state{'n' * 300}")
    yield Fault("a path too long", nothing, state=f"{'d/' * 3000}state.json")
    yield Fault("the lock is a folder", lambda it: lock_is(it, Path.mkdir))
    yield Fault("the lock is a link elsewhere", lambda it: lock_is(it, lambda path: path.symlink_to("/etc/passwd")))
    yield Fault(
        "the lock may not be written", lambda it: lock_is(it, lambda path: path.touch(0o444)), prefix=UNPRIVILEGED
    )
    yield Fault("temporary files of killed runs", stale, 0)


def mounted(then: str) -> tuple[str, ...]:
    return (*NAMESPACE, "sh", "-c", MOUNTED.replace("{0}", f"{{ {then}; }} 2>&-"))


def unavailable(prefix: Sequence[str], folder: Path) -> str:
    """Why the place cannot be made here; "" where it can be."""
    if not prefix:
        return ""
    probe = ["sh", "-c", 'mount -t tmpfs none "$0"', str(folder)] if prefix[0] == "unshare" else ["true"]
    options = prefix[: prefix.index("sh")] if "sh" in prefix else prefix
    try:
        done = subprocess.run([*options, *probe], capture_output=True, text=True, timeout=PATIENCE)
    except OSError as error:
        return f"not run: {prefix[0]}: {error.strerror}"
    return f"not run: {done.stderr.strip()}" if done.returncode else ""


# ------------------------------------------------------------------------------------------------- the rows


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    with FakeVendor() as site, FakeReceiver() as sink:
        yield Ground(folder, site, sink)


def places(on: Ground, wrong: Iterable[Fault] = ()) -> Iterator[Row]:
    """A row for each thing that can be wrong with the place, of all unless some are named."""
    for fault in wrong or faults(on.old):
        row = Row(fault.name)
        if why := unavailable(fault.prefix, on.folder):
            row.said[why] += 1
            yield row
            continue
        place = on.place()
        mend = fault.arrange(place)
        script = "sh" in fault.prefix
        prefix = (*fault.prefix, str(place)) if script else fault.prefix
        code, errors = on.run(place, state=fault.state, prefix=prefix, limit=fault.limit)
        mend()
        on.judge(row, place, code, errors, expected=(fault.code,))
        yield row


def calls(on: Ground, numbers: Sequence[int] = ERRNOS) -> Iterator[Row]:
    """A row for each error, with which each system call on the folder of the memory fails once."""
    for number in numbers:
        row, fails = Row(f"each system call fails once: {errno.errorcode[number]}"), 0
        made: list[str] = []
        while len(made) >= fails:
            fails += 1
            place = on.place()
            count = place.parent / "count"
            module = ("tests.proofs.crash.fault_injection", str(place), str(fails), str(number), str(count))
            code, errors = on.run(place, module=module)
            made = count.read_text().split()
            on.judge(row, place, code, errors)
        yield row


def together(on: Ground, pairs: int = TOGETHER) -> Row:
    """Two runs at once on one memory."""
    row = Row("two runs at once")
    for _ in range(pairs):
        place = on.place()
        both = [on.start(place) for _ in range(2)]
        ended = [(it.communicate(timeout=PATIENCE)[1], it.returncode) for it in both]
        for errors, code in ended:
            row.said[f"{code}{words(errors, place)}"] += 1
        first = min(code for _, code in ended)
        row.wrong += [f"{row.fault}: exit {code}: {errors}" for errors, code in ended if code not in (0, 3)]
        said = Counter(row.said)
        twice = row.twice
        on.judge(row, place, first, "")
        row.said = said
        row.runs += 1
        if row.twice > twice:
            row.wrong.append(f"{row.fault}: an event was told by both")
    return row

"""Three runs of the command on hostile pages beside good ones: before the behaviour, during it and after it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import unicodedata
from collections import Counter, defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import unquote

from statuswatch.errors import StateError
from statuswatch.state import decode, decode_page
from tests.proofs.hostile.behaviours import OVER, STORIES
from tests.proofs.hostile.origin import ACTS, AFTER, BEFORE, DURING, Origin, Port, authority

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.proofs.hostile.behaviours import Row

TIMEOUT: Final = 2  # the `timeout` of the configuration
PATIENCE: Final = 300  # seconds for a process to end
GOOD: Final = ("good-0", "good-1")
TRUE_EVENTS: Final = {BEFORE: (), DURING: (OVER,), AFTER: ("NEW b",)}  # by act
# The peak of a process begins with that of the one that started it: this one is small.
LAUNCH: Final = """
import os, sys, time
begun = time.perf_counter()
pid = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[2:]], os.environ)
_, status, usage = os.wait4(pid, 0)
wall, code = time.perf_counter() - begun, os.waitstatus_to_exitcode(status)
os.write(int(sys.argv[1]), f"{code} {wall} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss * 1024 / 1e6}".encode())
"""
CHECK: Final = ("-m", "statuswatch", "check", "--once", "--verbose")
_EVENT: Final = re.compile(r"^\S+ ([A-Z ]+?) +\[[^]\n]+\] Product: ([\w-]+) - .*\n +.*[/=](\S+)$", re.MULTILINE)


class Completed(NamedTuple):
    """One process: its exit code, its cost (seconds, seconds, megabytes), and what it wrote."""

    code: int
    wall: float
    cpu: float
    memory: float
    out: str
    err: str

    def events(self) -> dict[str, Counter[str]]:
        """Return the events by page, as "NEW a"."""
        events: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for kind, page, key in _EVENT.findall(self.out):
            events[page][f"{kind} {unquote(key)}"] += 1
        return events

    def log_of(self, key: str) -> list[str]:
        """Return the lines of the log about a page."""
        lines = (line.removeprefix("statuswatch: ") for line in self.err.splitlines())
        return [line for line in lines if re.match(rf"{re.escape(key)}(:| failed:) ", line)]

    def reason(self, key: str) -> str:
        """Return why the page failed; "" where it did not."""
        mark = f"{key} failed: "
        return next((line.removeprefix(mark) for line in self.log_of(key) if line.startswith(mark)), "")

    def raw(self) -> set[str]:
        """Return the characters of the output that a terminal would interpret."""
        used = set(self.out) | set(self.err)
        return {ascii(char) for char in used if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n"}


class Trial(NamedTuple):
    """The runs of the acts; the faults of the runs as a whole, and those of each row."""

    acts: tuple[Completed, ...]
    faults: list[str]
    faults_by_row: dict[str, list[str]]

    @property
    def memory(self) -> float:
        """Peak memory more than of a calm run, in megabytes."""
        return self.acts[DURING].memory - self.acts[BEFORE].memory


def key_of(row: Row) -> str:
    """Return the key of a row's page."""
    return row.name.replace("_", "-")


def run_trial(folder: Path, rows: Sequence[Row], timeout: int = TIMEOUT) -> Trial:
    """Run these rows at once, each a page, beside two good ones."""
    goods = [Port(tuple(map(STORIES["statuspage"], ACTS))) for _ in GOOD]
    ports = [_port(row) for row in rows]
    with Origin([*goods, *ports]) as origin:
        _configure(folder, rows, origin.ports, timeout)
        completed = []
        for act in ACTS:
            origin.act = act
            completed.append(_run(folder))
    acts = tuple(completed)
    faults_by_row = {row.name: _row_faults(row, port.url, acts) for row, port in zip(rows, ports, strict=True)}
    return Trial(acts, _run_faults(folder, goods, acts), faults_by_row)


def _port(row: Row) -> Port:
    documents = tuple(map(STORIES[row.platform], ACTS))
    return Port(documents, path=row.path, behave=row.behave, document=row.document, secure=row.secure)


def _configure(folder: Path, rows: Sequence[Row], ports: Sequence[Port], timeout: int) -> None:
    keys = [*GOOD, *map(key_of, rows)]
    platforms = ["statuspage" for _ in GOOD] + [row.platform for row in rows]
    lines = [f"timeout = {timeout}"]
    for key, platform, port in zip(keys, platforms, ports, strict=True):
        url = port.url + ("/feed.rss" if platform == "rss" else "")
        lines += [f'[page.{key}]\nname = "{key}"\nurl = "{url}"\nplatform = "{platform}"']
    (folder / "statuswatch.toml").write_text("\n".join(lines))
    authority().cert_pem.write_to_path(str(folder / "ca.pem"))


def _run(folder: Path) -> Completed:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    env = {**kept, "HOME": str(folder), "LANG": "C.UTF-8", "NO_PROXY": "*", "SSL_CERT_FILE": str(folder / "ca.pem")}
    ours, theirs = os.pipe()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        command = [sys.executable, "-S", "-c", LAUNCH, str(theirs), *CHECK]
        process = subprocess.Popen(
            command, cwd=folder, env=env, stdout=out, stderr=err, pass_fds=[theirs], start_new_session=True
        )
    os.close(theirs)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    with os.fdopen(ours) as pipe:
        figures = pipe.read().split() or ["-9", str(PATIENCE), "0", "0"]
    code, wall, cpu, memory = int(figures[0]), *map(float, figures[1:])
    printed, errors = ((folder / name).read_bytes().decode() for name in ("out", "err"))
    return Completed(code, wall, cpu, memory, printed, errors)


def _row_faults(row: Row, url: str, acts: Sequence[Completed]) -> list[str]:
    """Return what is wrong with how the row was read."""
    key, during = key_of(row), acts[DURING]
    events = [completed.events()[key] for completed in acts]
    reason = during.reason(key)
    expected = Counter(() if reason else row.events or ())
    remaining = Counter((*TRUE_EVENTS[DURING], *TRUE_EVENTS[AFTER])) - events[DURING]  # each is reported, and once
    calm_reason = acts[BEFORE].reason(key) or acts[AFTER].reason(key)
    faults = {
        f"it fails while the page is well: {calm_reason}": bool(calm_reason),
        f"its baseline gives events: {events[BEFORE]}": bool(events[BEFORE]),
        f"during it: {_difference(events[DURING], expected)}": events[DURING] != expected,
        f"after it: {_difference(events[AFTER], remaining)}": events[AFTER] != remaining,
        "its log does not say so": bool(row.log and not any(re.search(row.log, line) for line in during.log_of(key))),
    }
    return [fault for fault, is_so in faults.items() if is_so] + _reason_faults(row, url, reason)


def _reason_faults(row: Row, url: str, reason: str) -> list[str]:
    if not reason:
        return ["it was read"] if row.events is None else []
    faults = []
    if not re.search(row.fails or "(?!)", reason):
        faults.append("it fails for another reason" if row.fails else "it was not read")
    if url not in reason:
        faults.append("its reason names no address")
    return faults


def unbounded(row: Row, acts: Sequence[Completed]) -> list[str]:
    """Return the time or memory that a row took beyond its bounds, where it was run alone.

    Start-up counts as long as a calm run takes. Work is bounded in CPU, since other processes may run beside it.
    """
    before, during, after = acts
    faults = []
    if row.work and during.cpu - before.cpu > row.work:
        faults.append(f"{during.cpu - before.cpu:.1f} s of CPU more, of {row.work}")
    max_wall = TIMEOUT + 1 + max(before.wall, after.wall)
    if not row.work and during.wall > max_wall:
        faults.append(f"{during.wall:.1f} s, of {max_wall:.1f}")
    if during.memory - before.memory > row.memory:
        faults.append(f"{during.memory - before.memory:.0f} MB more, of {row.memory}")
    return faults


def _difference(events: Counter[str], expected: Counter[str]) -> str:
    words = [f"reported {event!r}" for event in events - expected]
    words += [f"not reported {event!r}" for event in expected - events]
    return ", ".join([*words[:4], *(["…"] if len(words) > 4 else [])])


def _run_faults(folder: Path, goods: Sequence[Port], acts: Sequence[Completed]) -> list[str]:
    """Return what is wrong with the runs, whatever the rows: exit, output, the good pages, state.json."""
    faults = []
    for act, completed in zip(ACTS, acts, strict=True):
        faults += [f"act {act}: {fault}" for fault in _act_faults(act, completed)]
    if any(port.cookies for port in goods):
        faults.append("a cookie went to another page")
    try:
        pages = decode((folder / "state.json").read_bytes(), "state.json").pages
        remembered = {key: set(decode_page(page, key, "state.json").incidents) for key, page in pages.items()}
    except (StateError, OSError) as error:
        return [*faults, f"state.json: {error}"]
    return faults + [f"state.json has not all of {key}" for key in GOOD if not remembered.get(key, set()) >= {"a", "b"}]


def _act_faults(act: int, completed: Completed) -> list[str]:
    faults = []
    if completed.code:
        faults.append(f"exit {completed.code}: {completed.err[-200:]}")
    if completed.raw():
        faults.append(f"raw on the terminal: {', '.join(sorted(completed.raw()))}")
    for key in GOOD:
        if completed.reason(key) or completed.events()[key] != Counter(TRUE_EVENTS[act]):
            faults.append(f"{key}: {completed.reason(key) or completed.events()[key]}")
    if "statuswatch itself failed" in completed.err:
        faults.append("a fault of our own")
    return faults

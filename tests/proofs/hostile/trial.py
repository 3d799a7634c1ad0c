"""The three acts: the command, as a process, reads hostile pages beside good ones, before, during and after."""

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
PATIENCE: Final = 120  # seconds for a process to end
GOOD: Final = ("good-0", "good-1")
TRUTH: Final = {BEFORE: (), DURING: (OVER,), AFTER: ("NEW b",)}  # by act
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


class Ran(NamedTuple):
    """One process: how it ended, what it said, and what it took (seconds, seconds, megabytes)."""

    code: int
    wall: float
    cpu: float
    memory: float
    out: str
    err: str

    def events(self) -> dict[str, Counter[str]]:
        """What was told, by page, as "NEW a"."""
        found: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for kind, page, key in _EVENT.findall(self.out):
            found[page][f"{kind} {unquote(key)}"] += 1
        return found

    def said(self, key: str) -> list[str]:
        """What the log has of a page."""
        lines = (line.removeprefix("statuswatch: ") for line in self.err.splitlines())
        return [line for line in lines if re.match(rf"{re.escape(key)}(:| failed:) ", line)]

    def reason(self, key: str) -> str:
        """Why the page failed; "" where it did not."""
        mark = f"{key} failed: "
        return next((line.removeprefix(mark) for line in self.said(key) if line.startswith(mark)), "")

    def raw(self) -> set[str]:
        """Characters that do something to a terminal."""
        used = set(self.out) | set(self.err)
        return {ascii(it) for it in used if unicodedata.category(it) in ("Cc", "Cf", "Cs") and it not in "\n"}


class Played(NamedTuple):
    """What each act came to; what is wrong with the run as a whole, and with each row."""

    acts: tuple[Ran, ...]
    faults: list[str]
    of: dict[str, list[str]]

    @property
    def memory(self) -> float:
        return self.acts[DURING].memory - self.acts[BEFORE].memory


def key_of(row: Row) -> str:
    return row.name.replace("_", "-")


def play(folder: Path, rows: Sequence[Row], timeout: int = TIMEOUT) -> Played:
    """These rows at once, each a page, and two good ones."""
    goods = [Port(tuple(map(STORIES["statuspage"], ACTS))) for _ in GOOD]
    ports = [_port(row) for row in rows]
    with Origin([*goods, *ports]) as origin:
        _configure(folder, rows, origin.ports, timeout)
        ran = []
        for act in ACTS:
            origin.act = act
            ran.append(_run(folder))
    acts = tuple(ran)
    of = {row.name: _faults(row, port.url, acts) for row, port in zip(rows, ports, strict=True)}
    return Played(acts, list(_whole(folder, goods, acts)), of)


def _port(row: Row) -> Port:
    documents = tuple(map(STORIES[row.platform], ACTS))
    return Port(documents, path=row.path, talk=row.talk, document=row.document, secure=row.secure)


def _configure(folder: Path, rows: Sequence[Row], ports: Sequence[Port], timeout: int) -> None:
    keys = [*GOOD, *map(key_of, rows)]
    platforms = ["statuspage" for _ in GOOD] + [row.platform for row in rows]
    lines = [f"timeout = {timeout}"]
    for key, platform, port in zip(keys, platforms, ports, strict=True):
        url = port.url + ("/feed.rss" if platform == "rss" else "")
        lines += [f'[page.{key}]\nname = "{key}"\nurl = "{url}"\nplatform = "{platform}"']
    (folder / "statuswatch.toml").write_text("\n".join(lines))
    authority().cert_pem.write_to_path(str(folder / "ca.pem"))


def _run(folder: Path) -> Ran:
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
    said = [(folder / name).read_bytes().decode() for name in ("out", "err")]
    return Ran(code, wall, cpu, memory, *said)


def _faults(row: Row, url: str, acts: Sequence[Ran]) -> list[str]:
    """What is wrong with how the row was read."""
    key, faults = key_of(row), []
    told = [ran.events()[key] for ran in acts]
    during = acts[DURING]
    reason = during.reason(key)
    if acts[BEFORE].reason(key) or acts[AFTER].reason(key):
        faults.append(f"it fails while all is well: {acts[BEFORE].reason(key) or acts[AFTER].reason(key)}")
    if told[BEFORE]:
        faults.append(f"its baseline told {told[BEFORE]}")
    if reason and not re.search(row.fails or "(?!)", reason):
        faults.append("for another reason" if row.fails else "it was not read")
    if reason and url not in reason:
        faults.append("it does not say where")
    if not reason and row.tells is None:
        faults.append("it was read")
    wanted = Counter(() if reason else row.tells)
    if told[DURING] != wanted:
        faults.append(_difference(told[DURING], wanted))
    if row.says and not any(re.search(row.says, line) for line in during.said(key)):
        faults.append("not a word of it")
    # Whatever was not told then is told now, and nothing twice.
    rest = Counter((*TRUTH[DURING], *TRUTH[AFTER])) - told[DURING]
    if told[AFTER] != rest:
        faults.append(f"after it: {_difference(told[AFTER], rest)}")
    return faults


def unbounded(row: Row, acts: Sequence[Ran]) -> list[str]:
    """What a row took that it may not, where it was played alone: time or memory. Start-up is what a calm run takes;
    work is counted in CPU, of which others may want their share.
    """
    before, during, after = acts
    faults = []
    if row.work and during.cpu - before.cpu > row.work:
        faults.append(f"{during.cpu - before.cpu:.1f} s of CPU more, of {row.work}")
    if not row.work and during.wall > (most := TIMEOUT + 1 + max(before.wall, after.wall)):
        faults.append(f"{during.wall:.1f} s, of {most:.1f}")
    if during.memory - before.memory > row.memory:
        faults.append(f"{during.memory - before.memory:.0f} MB more, of {row.memory}")
    return faults


def _difference(told: Counter[str], wanted: Counter[str]) -> str:
    words = [f"told {it!r}" for it in told - wanted] + [f"not told {it!r}" for it in wanted - told]
    return ", ".join([*words[:4], *(["…"] if len(words) > 4 else [])])


def _whole(folder: Path, goods: Sequence[Port], acts: Sequence[Ran]) -> list[str]:
    """What is wrong with the run, whatever the rows: exit, output, the good pages, state.json."""
    faults = []
    for act, ran in zip(ACTS, acts, strict=True):
        if ran.code:
            faults.append(f"act {act}: exit {ran.code}: {ran.err[-200:]}")
        if ran.raw():
            faults.append(f"act {act}: raw on the terminal: {', '.join(sorted(ran.raw()))}")
        for key in GOOD:
            if ran.reason(key) or ran.events()[key] != Counter(TRUTH[act]):
                faults.append(f"act {act}: {key}: {ran.reason(key) or ran.events()[key]}")
        if "statuswatch itself failed" in ran.err:
            faults.append(f"act {act}: a fault of our own")
    if any(port.cookies for port in goods):
        faults.append("a cookie went to another page")
    try:
        pages, _ = decode((folder / "state.json").read_bytes(), "state.json")
        known = {key: set(decode_page(page, key, "state.json").incidents) for key, page in pages.items()}
    except (StateError, OSError) as error:
        return [*faults, f"state.json: {error}"]
    return faults + [f"state.json has not all of {key}" for key in GOOD if not known.get(key, set()) >= {"a", "b"}]

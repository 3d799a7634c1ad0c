"""Measure the command as a whole process: interpreter, imports, network, decoding, comparing, state and exit.

CPU, wall and peak memory are the kernel's account of that one process (wait4): no origin and no benchmark is in them.
Subject and reference take turns; every round gives one value, and a goal is met or missed by the median of the rounds.
The client has a core of its own and the origin the others, where there are any. For Linux, since it uses all of 127/8.
"""

import argparse
import hashlib
import os
import platform
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from tests.bench.documents import DOCUMENTS, MARKER, marker
from tests.bench.origin import DELAY, REPOSITORY, Origin

PATIENCE = 120  # seconds; a process that takes longer is killed
BLOCK = 200  # pages whose first documents curl reads before their second ones
TIMEOUT = 3  # seconds; the configured `timeout` of the run that has dead names
NO_AIOHTTP = "**aiohttp is not installed**: pip install '.[bench]'"
CURL = ("--parallel", "--parallel-max", "100", "--silent", "--fail", "--header", "Accept-Encoding: gzip", "--cacert")


@dataclass
class Sample:
    """What one process took (seconds, seconds, megabytes), how it ended, and what the origin saw of it."""

    wall: float
    cpu: float
    memory: float
    code: int
    complaint: str
    seen: tuple[int, int]

    @property
    def requests(self) -> str:
        return "{1} requests on {0} connections".format(*self.seen) if self.seen[1] else "requests not counted"


@dataclass
class Row:
    """A line of the table: the value of each round, and whatever spoils them."""

    work: str
    reference: str
    unit: str
    goal: float | None = None
    notes: str = ""
    values: list[float] = field(default_factory=list)
    spoilt: set[str] = field(default_factory=set)

    def add(self, value: float, sample: Sample, state: Path, read: Iterable[int] = (), bomb: int | None = None) -> None:
        """A value is worth something if the process ended well, having read what it should and no bomb."""
        self.values.append(value)
        if sample.code:
            self.spoilt.add(f"exit {sample.code}: {sample.complaint[:100].replace('|', ' ')}")
        known: set[str] = set()
        if state.exists():
            with state.open() as lines:  # never the whole: the peak of what is measured begins at this process's own
                known.update(found for line in lines for found in MARKER.findall(line))
        if missing := len({marker(number) for number in read} - known):
            self.spoilt.add(f"{missing} pages not read")
        if bomb is not None and marker(bomb) in known:
            self.spoilt.add("the bomb was read")

    def compare(self, sample: Sample, other: Sample, state: Path, read: Iterable[int]) -> None:
        """CPU against a reference, which must have done the same: as many requests, on about as many connections."""
        self.add(sample.cpu / other.cpu, sample, state, read)
        self.notes = f"{sample.cpu:.2f} s, {sample.requests}; against {other.cpu:.2f} s, {other.requests}"
        if other.code:
            self.spoilt.add(f"the reference: exit {other.code}: {other.complaint[:100]}")
        (connections, requests), (others, asked) = sample.seen, other.seen
        if requests != asked or abs(connections - others) > connections / 10:
            self.spoilt.add(f"the reference did not do the same: {other.requests}")

    def __str__(self) -> str:
        middle = statistics.median(self.values)
        figures = f"{min(self.values):.2f} / **{middle:.2f}** / {max(self.values):.2f} {self.unit}"
        if not self.values:
            return f"| {self.work} | {self.reference} | not measured | | | {'; '.join(sorted(self.spoilt))} |"
        goal, met = f"≤ {self.goal:g} {self.unit}" if self.goal else "", ""
        if self.goal:
            met = "met" if middle <= self.goal and not self.spoilt else "**missed**"
        notes = "; ".join(filter(None, (self.notes, *sorted(self.spoilt))))
        return f"| {self.work} | {self.reference} | {figures} | {goal} | {met} | {notes} |"


class Bench:
    """The measurements, and the processes that they are made of."""

    def __init__(self, root: Path, origin: Origin, subject: list[str], runs: int, pages: int) -> None:
        self.root, self.origin, self.subject, self.runs, self.pages = root, origin, subject, runs, pages
        resolver = f"{Path(__file__).parent / 'resolver'}{os.pathsep}{REPOSITORY}"
        self.plain = {"PATH": os.environ.get("PATH", ""), "HOME": str(root), "PYTHONPATH": str(REPOSITORY)}
        self.bypassed = self.plain | {"PYTHONPATH": resolver, "SSL_CERT_FILE": str(root / "ca.pem")}

    def run(self, command: list[str], environment: dict[str, str], folder: Path) -> Sample:
        before = self.origin.counts()
        with tempfile.TemporaryFile() as errors:
            begun = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
            )
            watchdog = threading.Timer(PATIENCE, process.kill)
            watchdog.start()
            try:
                _, status, usage = os.wait4(process.pid, 0)
                wall, process.returncode = time.perf_counter() - begun, os.waitstatus_to_exitcode(status)
            finally:
                watchdog.cancel()
                if process.returncode is None:
                    process.kill()
                    process.wait()
            errors.seek(0)
            complaint = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        connections, requests = (max(0, b - a - 1) for a, b in zip(before, self.origin.counts(), strict=True))
        cpu, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6
        return Sample(wall, cpu, memory, process.returncode, complaint, (connections, requests))

    def address(self, number: int, path: str) -> str:
        return f"https://p{number}.bench.test:{self.origin.port}/{path}"

    def curl(self, pages: int, kind: str) -> Sample:
        """The documents of all pages, 100 in flight, in an order in which curl uses a connection again: the first
        documents of a block of pages, then their second ones.
        """
        config = self.root / f"curl-{kind}-{pages}"
        if not config.exists():
            names = [f"p{number}.bench.test:{self.origin.port}" for number in range(pages)]
            lines = [f'resolve = "{name}:127.10.{n // 250}.{n % 250 + 1}"' for n, name in enumerate(names)]
            for begin in range(0, pages, BLOCK):
                for path in DOCUMENTS[kind]:
                    for number in range(begin, min(begin + BLOCK, pages)):
                        lines += [f'url = "{self.address(number, path)}"', 'output = "/dev/null"']
            config.write_text("\n".join(lines))
        curl = shutil.which("curl") or sys.exit("curl is the reference, and is not installed")
        return self.run([curl, *CURL, str(self.root / "ca.pem"), "--config", str(config)], self.plain, self.root)

    def aiohttp(self, pages: int, kind: str) -> Sample | None:
        """The same by a plain program, if there is aiohttp."""
        if not find_spec("aiohttp"):
            return None
        plan = self.root / f"aiohttp-{kind}-{pages}"
        plan.write_text("".join(" ".join(self.address(n, it) for it in DOCUMENTS[kind]) + "\n" for n in range(pages)))
        program = str(Path(__file__).with_name("aiohttp_gather.py"))
        return self.run([sys.executable, program, str(plan)], self.bypassed, self.root)

    def check(self, *hosts: str, kind: str = "statuspage", timeout: int = 15) -> tuple[Sample, Path]:
        """A first `check --once` of these hosts, in a directory of its own; and the state.json that it left, if any."""
        folder = Path(tempfile.mkdtemp(dir=self.root))
        lines = ['state = "state.json"', f"timeout = {timeout}"]
        for host in hosts:
            key, url = host.partition(".")[0], f"https://{host}:{self.origin.port}"
            lines += [f'[page.{key}]\nname = "{key.upper()}"\nurl = "{url}"\nplatform = "{kind}"']
        (folder / "statuswatch.toml").write_text("\n".join(lines))
        return self.again(folder / "state.json"), folder / "state.json"

    def again(self, state: Path) -> Sample:
        config = str(state.with_name("statuswatch.toml"))
        return self.run([*self.subject, "check", "--once", "--config", config], self.bypassed, state.parent)

    def start(self) -> list[Row]:
        """What there is to wait for even where nothing is to be waited for."""
        goals = {"--help: wall": 16, "3 pages: wall": 30}
        rows = [Row(work, "python -c pass: wall", "×", goal) for work, goal in goals.items()]
        for _ in range(self.runs):
            nothing = self.run([sys.executable, "-c", "pass"], self.plain, self.root)
            usage = self.run([*self.subject, "--help"], self.plain, self.root)
            three, state = self.check(*hosts(3))
            rows[0].add(usage.wall / nothing.wall, usage, state)
            rows[1].add(three.wall / nothing.wall, three, state, range(3))
            for row, sample in zip(rows, (usage, three), strict=True):
                row.notes = f"{sample.wall * 1000:.0f} ms against {nothing.wall * 1000:.0f}"
        return rows

    def cold(self, pages: int, kind: str) -> list[Row]:
        """A first run against curl and aiohttp; then at once a second one, to which every page answers 304."""
        documents = "1 document" if len(DOCUMENTS[kind]) == 1 else f"{len(DOCUMENTS[kind])} documents"
        work = f"{pages} pages of {documents}"
        curls = Row(f"{work}, first run: CPU", "curl --parallel: CPU", "×", 2.1)
        aiohttps = Row(f"{work}, first run: CPU", "aiohttp and json.loads: CPU", "×", 1.0)
        memory = Row(f"{work}, first run: peak memory", "", "MB")
        again = Row(f"{work}, second run (304): CPU", "first run: CPU", "×", 0.75)
        for _ in range(self.runs):
            curl, aiohttp = self.curl(pages, kind), self.aiohttp(pages, kind)
            first, state = self.check(*hosts(pages), kind=kind)
            curls.compare(first, curl, state, range(pages))
            if aiohttp:
                aiohttps.compare(first, aiohttp, state, range(pages))
            else:
                aiohttps.spoilt.add(NO_AIOHTTP)
            memory.add(first.memory, first, state)
            before = digest(state)
            second = self.again(state)
            again.compare(second, first, state, range(pages))
            if before != digest(state):
                again.spoilt.add("state.json changed")
        return [curls, aiohttps, memory, again]

    def overlap(self) -> list[Row]:
        """100 pages whose every answer takes 300 ms: half a minute of them, if one had to wait for the other."""
        work = f"100 pages, each answer after {DELAY * 1000:.0f} ms"
        rows = [Row(f"{work}, {run} run: wall", "", "s", 1.2) for run in ("first", "second (304)")]
        for _ in range(self.runs):
            first, state = self.check(*hosts(100, "slow"))
            for row, sample in zip(rows, (first, self.again(state)), strict=True):
                row.add(sample.wall, sample, state, range(100))
                row.notes = f"CPU {sample.cpu:.2f} s, {sample.requests}"
        return rows

    def dead(self) -> list[Row]:
        """Two names whose resolution never ends: the threads that wait for it must not keep the process alive."""
        row = Row("98 pages and 2 dead names: wall", f"timeout = {TIMEOUT} s", "s", TIMEOUT + 1.5)
        for _ in range(self.runs):
            sample, state = self.check("a.dead.test", "b.dead.test", *hosts(98), timeout=TIMEOUT)
            row.add(sample.wall, sample, state, range(98))
        return [row]

    def bomb(self) -> list[Row]:
        """Nine pages and a bomb, against nine and a good one: the bomb's page fails, and memory stays where it was."""
        bombs = {"gzip": "a 10 MB gzip of 10 GB", "br": "a 6 KB brotli of 8 GB"}
        rows = [Row(f"9 pages and {text}: peak memory", "10 good pages", "MB more", 25) for text in bombs.values()]
        for _ in range(self.runs):
            good, _ = self.check(*hosts(10))
            for number, (name, row) in enumerate(zip(bombs, rows, strict=True), self.pages):
                sample, state = self.check(*hosts(9), f"{name}.bench.test")
                row.add(sample.memory - good.memory, sample, state, range(9), number)
                memory = f"{sample.memory:.0f} MB against {good.memory:.0f}"
                row.notes = f"{memory}, {sample.wall:.1f} s against {good.wall:.1f}"
        return rows


def digest(state: Path) -> str:
    if not state.exists():
        return ""
    with state.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hosts(count: int, kind: str = "p") -> list[str]:
    return [f"{kind}{number}.bench.test" for number in range(count)]


def main() -> None:
    measurements: dict[str, Callable[[Bench], list[Row]]] = {
        "start": Bench.start,
        "cold100": lambda bench: [row for kind in DOCUMENTS for row in bench.cold(100, kind)],
        "cold1000": lambda bench: [row for kind in DOCUMENTS for row in bench.cold(1000, kind)],
        "overlap": Bench.overlap,
        "dead": Bench.dead,
        "bomb": Bench.bomb,
    }
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure, of {', '.join(measurements)} (all)")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="rounds (5)")
    parser.add_argument("--subject", default=shlex.join([sys.executable, "-m", "statuswatch"]), metavar="COMMAND")
    parser.add_argument("--no-nginx", action="store_true", help="use the built-in origin even if nginx is installed")
    options = parser.parse_args()
    if unknown := set(options.names) - set(measurements):
        parser.error(f"nothing is called {', '.join(sorted(unknown))}")
    chosen = [name for name in measurements if name in (options.names or measurements)]
    pages = 1000 if "cold1000" in chosen else 100
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="statuswatch-bench-")))
        root.chmod(0o755)  # where root runs this, nginx's worker is somebody else
        preparation = [sys.executable, "-m", "tests.bench.origin", "prepare", str(root), str(pages)]
        subprocess.run(preparation, cwd=REPOSITORY, check=True, start_new_session=True)
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[1:] or cores)  # for the origin, which inherits it
        origin = Origin(stack, root, min(4, max(1, len(cores) - 1)), use_nginx=not options.no_nginx)
        os.sched_setaffinity(0, cores[:1])  # for all that is measured
        bench = Bench(root, origin, shlex.split(options.subject), options.runs, pages)
        bench.check(*hosts(1))  # not measured: compiles what is not compiled yet
        rows: list[Row] = []
        for name in chosen:
            print(f"{name} …", file=sys.stderr)  # noqa: T201
            rows += measurements[name](bench)
        machine = f"Python {platform.python_version()}, {platform.machine()}, {len(cores)} core(s)"
        place = "the client has one of them" if cores[1:] else "shared by client and origin"
        lines = (
            f"{datetime.now(UTC):%Y-%m-%d}, {machine}: {place}. Origin: {origin.name}.",
            f"A page: a host and a 127/8 address of its own, TLS; {(root / 'sizes').read_text()}.",
            "Name resolution is bypassed: getaddrinfo is wrapped inside the program, curl has --resolve. A dead name",
            "blocks the thread that asks, in that wrapper, for a minute. curl discards what it reads, undecoded.",
            "",
            f"| work | reference | min / **median** / max of {options.runs} | goal | met | last |",
            "|---|---|---|---|---|---|",
            *map(str, rows),
        )
        print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

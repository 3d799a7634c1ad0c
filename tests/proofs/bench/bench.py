"""The measured processes, and the rows of the table.

CPU, wall time and peak memory are the kernel's account of that one process (wait4), without origin and benchmark.
Subject and reference take turns; every round gives one value, and a goal is met or missed by the median of the rounds.
"""

import hashlib
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from tests.proofs.bench.documents import DOCUMENTS, MARKER, marker
from tests.proofs.bench.origin import REPOSITORY, Origin

INSIDE = f"{Path(__file__).parent / 'inside'}{os.pathsep}{REPOSITORY}"  # PYTHONPATH of measured processes
PATIENCE = 300  # seconds; a process that takes longer is killed
NOWHERE = Path(os.devnull)
VALIDATORS = re.compile(r'^(   "validators": )\{.*\}(?=,?$)', re.MULTILINE)  # of a page, in its state
BLOCK = 200  # pages whose first documents curl reads before their second ones
NO_AIOHTTP = "**aiohttp is not installed**: pip install '.[bench]'"


@dataclass
class Sample:
    """The cost of one process (seconds, seconds, megabytes), how it ended, and what the origin counted of it."""

    started_at: float  # seconds since the epoch
    wall: float
    cpu: float
    memory: float
    code: int
    error: str  # the last line that the process wrote
    traffic: tuple[int, int]  # connections and requests

    def __str__(self) -> str:
        connections, requests = self.traffic
        traffic = f"{requests} requests on {connections} connections" if requests else "requests not counted"
        return f"{self.wall:.2f} s, CPU {self.cpu:.2f} s, {self.memory:.0f} MB, {traffic}"


@dataclass
class Row:
    """A line of the table: the value of each round, and the reasons not to trust them."""

    work: str
    reference: str
    unit: str
    goal: float | None = None
    notes: str = ""
    values: list[float] = field(default_factory=list)
    spoilt: set[str] = field(default_factory=set)

    def add(self, value: float, sample: Sample, state: Path, read: Iterable[int] = (), bomb: int | None = None) -> None:
        """Add a value. It counts if the process ended well, having read the pages that it should and no bomb."""
        self.values.append(value)
        if sample.code:
            self.spoilt.add(f"exit {sample.code}: {sample.error[:100].replace('|', ' ')}")
        markers = markers_in(state)
        if missing := len({marker(number) for number in read} - markers):
            self.spoilt.add(f"{missing} pages not read")
        if bomb is not None and marker(bomb) in markers:
            self.spoilt.add("the bomb was read")

    def compare(
        self, figure: Literal["cpu", "wall"], sample: Sample, reference: Sample, state: Path, read: Iterable[int]
    ) -> None:
        """Add the ratio to a reference, which must have made as many requests on about as many connections."""
        self.add(getattr(sample, figure) / getattr(reference, figure), sample, state, read)
        self.notes = f"{sample}; against {reference}"
        if reference.code:
            self.spoilt.add(f"the reference: exit {reference.code}: {reference.error[:100].replace('|', ' ')}")
        (connections, requests), (reference_connections, reference_requests) = sample.traffic, reference.traffic
        if requests != reference_requests or abs(connections - reference_connections) > connections / 10:
            self.spoilt.add("the reference did other work")

    def __str__(self) -> str:
        notes = "; ".join(filter(None, (self.notes, *sorted(self.spoilt))))
        if not self.values:
            return f"| {self.work} | {self.reference} | not measured | | | {notes} |"
        median = statistics.median(self.values)
        figures = f"{min(self.values):.2f} / **{median:.2f}** / {max(self.values):.2f} {self.unit} ({len(self.values)})"
        goal, met = f"≤ {self.goal:g} {self.unit}" if self.goal else "", ""
        if self.goal:
            met = "met" if median <= self.goal and not self.spoilt else "**missed**"
        return f"| {self.work} | {self.reference} | {figures} | {goal} | {met} | {notes} |"


def markers_in(state: Path) -> set[str]:
    """Return the markers of the pages in a state file, read line by line: it must not raise our own peak memory."""
    if not state.exists():
        return set()
    with state.open() as lines:
        return {found for line in lines for found in MARKER.findall(line)}


class Bench:
    """Runs processes against an origin. A `kind` of pages is the platform that they are on."""

    def __init__(
        self, root: Path, origin: Origin, subject: list[str], *, rounds: int, pages: int, before: str = ""
    ) -> None:
        self.root, self.origin, self.subject, self.rounds, self.pages = root, origin, subject, rounds, pages
        self.all_cores: tuple[int, ...] = ()  # for a client of several processes, together with the origin
        self.before = before  # a checkout of the code before
        self.plain = {"PATH": os.environ.get("PATH", ""), "HOME": str(root), "PYTHONPATH": str(REPOSITORY)}
        self.bypassed = self.plain | {"PYTHONPATH": INSIDE, "SSL_CERT_FILE": str(root / "ca.pem")}

    def few(self, maximum: int) -> range:
        """Return the rounds of a long measurement."""
        return range(min(self.rounds, maximum))

    def run(
        self,
        command: Sequence[str],
        environment: dict[str, str],
        folder: Path,
        output: Path = NOWHERE,
        *,
        cores: Iterable[int] | None = None,
    ) -> Sample:
        """Run a process to its end, and measure it; on other `cores` than this one."""
        affinity = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cores or affinity)
        try:
            return self._run(command, environment, folder, output)
        finally:
            os.sched_setaffinity(0, affinity)

    def _run(self, command: Sequence[str], environment: dict[str, str], folder: Path, output: Path) -> Sample:
        before = self.origin.counts()
        with tempfile.TemporaryFile() as errors, output.open("wb") as stdout:
            started_at, started = time.time(), time.perf_counter()
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=errors
            )
            watchdog = threading.Timer(PATIENCE, process.kill)
            watchdog.start()
            try:
                _, status, usage = os.wait4(process.pid, 0)
                wall, process.returncode = time.perf_counter() - started, os.waitstatus_to_exitcode(status)
            finally:
                watchdog.cancel()
                if process.returncode is None:
                    process.kill()
                    process.wait()
            errors.seek(0)
            error = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        after = self.origin.counts()
        connections, requests = (max(0, last - first - 1) for first, last in zip(before, after, strict=True))
        cpu, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6
        return Sample(started_at, wall, cpu, memory, process.returncode, error, (connections, requests))

    def address(self, number: int, path: str) -> str:
        return f"https://p{number}.bench.test:{self.origin.port}/{path}"

    def measure(self, module: str, *arguments: str) -> tuple[Sample, dict[str, Any]]:
        """Run a module of the benchmark in a process of its own; return what it printed."""
        output = self.root / module
        command = [sys.executable, "-m", f"tests.proofs.bench.{module}", *arguments]
        sample = self.run(command, self.bypassed, self.root, output)
        return sample, json.loads(output.read_bytes() or "{}")

    def curl(self, pages: int, kind: str) -> Sample:
        """Fetch the documents of all pages by curl, 100 in flight.

        It gets the first documents of a block of pages, then their second ones: so it uses a connection again. Each
        transfer has a section of the configuration, since curl goes through all `resolve` lines of a section each time.
        """
        config = self.root / f"curl-{kind}-{pages}"
        if not config.exists():
            every = f'fail\nheader = "Accept-Encoding: gzip"\ncacert = "{self.root / "ca.pem"}"'
            sections = []
            for begin in range(0, pages, BLOCK):
                for path in DOCUMENTS[kind]:
                    for n in range(begin, min(begin + BLOCK, pages)):
                        resolve = f"p{n}.bench.test:{self.origin.port}:127.10.{n // 250}.{n % 250 + 1}"
                        url = self.address(n, path)
                        sections.append(f'{every}\nresolve = "{resolve}"\nurl = "{url}"\noutput = "/dev/null"\n')
            config.write_text("next\n".join(sections))
        curl = shutil.which("curl") or sys.exit("curl is not installed: it is the reference")
        command = [curl, "--parallel", "--parallel-max", "100", "--no-progress-meter", "--config", str(config)]
        return self.run(command, self.plain, self.root)

    def aiohttp(self, pages: int, kind: str, program: str = "aiohttp_gather.py") -> Sample | None:
        """Fetch them by a program on aiohttp, where that is installed."""
        if not find_spec("aiohttp"):
            return None
        plan = self.root / f"aiohttp-{kind}-{pages}"
        lines = (" ".join(self.address(number, path) for path in DOCUMENTS[kind]) for number in range(pages))
        plan.write_text("".join(f"{line}\n" for line in lines))
        return self.run([sys.executable, str(Path(__file__).with_name(program)), str(plan)], self.bypassed, self.root)

    def check_before(self, count: int, kind: str) -> Sample:
        """Run a first `check --once` by the code before; by today's where none is given."""
        path = f"{self.before}{os.pathsep}{INSIDE}" if self.before else INSIDE
        return self.check(*hosts(count), kind=kind, PYTHONPATH=path)[0]

    def check(
        self,
        *hosts: str,
        kind: str = "statuspage",
        timeout: int = 15,
        concurrency: int = 0,
        jobs: int = 0,
        **environment: str,
    ) -> tuple[Sample, Path]:
        """Run a first `check --once` of these hosts, in a directory of its own; return its state.json too.

        With `jobs` it may use all cores.
        """
        folder = Path(tempfile.mkdtemp(dir=self.root))
        lines = ['state = "state.json"', f"timeout = {timeout}"]
        lines += [f"concurrency = {concurrency}"] if concurrency else []
        for host in hosts:
            key, url = host.partition(".")[0], f"https://{host}:{self.origin.port}"
            lines += [f'[page.{key}]\nname = "{key.upper()}"\nurl = "{url}"\nplatform = "{kind}"']
        (folder / "statuswatch.toml").write_text("\n".join(lines))
        return self.again(folder / "state.json", jobs=jobs, **environment), folder / "state.json"

    def again(self, state: Path, *, jobs: int = 0, **environment: str) -> Sample:
        """Run `check --once` with that state."""
        config = str(state.with_name("statuswatch.toml"))
        command = [*self.subject, "check", "--once", "--config", config]
        command += ["--jobs", str(jobs)] if jobs else []
        return self.run(command, self.bypassed | environment, state.parent, cores=self.all_cores if jobs else None)


def forget_validators(state: Path) -> None:
    """Make the next run read every document again."""
    state.write_text(VALIDATORS.sub(r"\1{}", state.read_text()))


def digest(state: Path) -> str:
    if not state.exists():
        return ""
    with state.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hosts(count: int, kind: str = "p") -> list[str]:
    return [f"{kind}{number}.bench.test" for number in range(count)]

"""The processes that are measured, and the rows of the table.

CPU, wall and peak memory are the kernel's account of that one process (wait4): no origin and no benchmark is in them.
Subject and reference take turns; every round gives one value, and a goal is met or missed by the median of the rounds.
"""

import hashlib
import json
import os
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

INSIDE = f"{Path(__file__).parent / 'inside'}{os.pathsep}{REPOSITORY}"  # PYTHONPATH of what is measured
PATIENCE = 300  # seconds; a process that takes longer is killed
NOWHERE = Path(os.devnull)
BLOCK = 200  # pages whose first documents curl reads before their second ones
NO_AIOHTTP = "**aiohttp is not installed**: pip install '.[bench]'"


@dataclass
class Sample:
    """What one process took (seconds, seconds, megabytes), how it ended, and what the origin saw of it."""

    begun: float  # of the clock on the wall
    wall: float
    cpu: float
    memory: float
    code: int
    complaint: str
    seen: tuple[int, int]

    def __str__(self) -> str:
        seen = "{1} requests on {0} connections".format(*self.seen) if self.seen[1] else "requests not counted"
        return f"{self.wall:.2f} s, CPU {self.cpu:.2f} s, {self.memory:.0f} MB, {seen}"


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

    def compare(
        self, of: Literal["cpu", "wall"], sample: Sample, other: Sample, state: Path, read: Iterable[int]
    ) -> None:
        """Against a reference, which must have done the same: as many requests, on about as many connections."""
        self.add(getattr(sample, of) / getattr(other, of), sample, state, read)
        self.notes = f"{sample}; against {other}"
        if other.code:
            self.spoilt.add(f"the reference: exit {other.code}: {other.complaint[:100].replace('|', ' ')}")
        (connections, requests), (others, asked) = sample.seen, other.seen
        if requests != asked or abs(connections - others) > connections / 10:
            self.spoilt.add("the reference did not do the same")

    def __str__(self) -> str:
        notes = "; ".join(filter(None, (self.notes, *sorted(self.spoilt))))
        if not self.values:
            return f"| {self.work} | {self.reference} | not measured | | | {notes} |"
        middle = statistics.median(self.values)
        figures = f"{min(self.values):.2f} / **{middle:.2f}** / {max(self.values):.2f} {self.unit} ({len(self.values)})"
        goal, met = f"≤ {self.goal:g} {self.unit}" if self.goal else "", ""
        if self.goal:
            met = "met" if middle <= self.goal and not self.spoilt else "**missed**"
        return f"| {self.work} | {self.reference} | {figures} | {goal} | {met} | {notes} |"


class Bench:
    """What can be run, beside an origin. A `kind` of pages is the platform that they are on."""

    def __init__(self, root: Path, origin: Origin, subject: list[str], rounds: int, pages: int) -> None:
        self.root, self.origin, self.subject, self.rounds, self.pages = root, origin, subject, rounds, pages
        self.plain = {"PATH": os.environ.get("PATH", ""), "HOME": str(root), "PYTHONPATH": str(REPOSITORY)}
        self.bypassed = self.plain | {"PYTHONPATH": INSIDE, "SSL_CERT_FILE": str(root / "ca.pem")}

    def few(self, most: int) -> range:
        """The rounds of what takes long."""
        return range(min(self.rounds, most))

    def run(self, command: Sequence[str], environment: dict[str, str], folder: Path, output: Path = NOWHERE) -> Sample:
        before = self.origin.counts()
        with tempfile.TemporaryFile() as errors, output.open("wb") as answer:
            begun, started = time.time(), time.perf_counter()
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=answer, stderr=errors
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
            complaint = errors.read().decode(errors="replace").strip().rpartition("\n")[2]
        connections, requests = (max(0, b - a - 1) for a, b in zip(before, self.origin.counts(), strict=True))
        cpu, memory = usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6
        return Sample(begun, wall, cpu, memory, process.returncode, complaint, (connections, requests))

    def address(self, number: int, path: str) -> str:
        return f"https://p{number}.bench.test:{self.origin.port}/{path}"

    def measure(self, module: str, *arguments: str) -> tuple[Sample, dict[str, Any]]:
        """What a module of the benchmark found out in a process of its own."""
        answer = self.root / module
        sample = self.run(
            [sys.executable, "-m", f"tests.proofs.bench.{module}", *arguments], self.bypassed, self.root, answer
        )
        return sample, json.loads(answer.read_bytes() or "{}")

    def curl(self, pages: int, kind: str) -> Sample:
        """The documents of all pages, 100 in flight, in an order in which curl uses a connection again: the first
        documents of a block of pages, then their second ones.

        Each has a section of its own in the configuration, since curl goes through all the addresses of a section,
        given by `resolve`, at every transfer in it.
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
        curl = shutil.which("curl") or sys.exit("curl is the reference, and is not installed")
        command = [curl, "--parallel", "--parallel-max", "100", "--no-progress-meter", "--config", str(config)]
        return self.run(command, self.plain, self.root)

    def aiohttp(self, pages: int, kind: str) -> Sample | None:
        """The same by a plain program, if there is aiohttp."""
        if not find_spec("aiohttp"):
            return None
        plan = self.root / f"aiohttp-{kind}-{pages}"
        plan.write_text("".join(" ".join(self.address(n, it) for it in DOCUMENTS[kind]) + "\n" for n in range(pages)))
        program = str(Path(__file__).with_name("aiohttp_gather.py"))
        return self.run([sys.executable, program, str(plan)], self.bypassed, self.root)

    def check(
        self, *hosts: str, kind: str = "statuspage", timeout: int = 15, concurrency: int = 0, **environment: str
    ) -> tuple[Sample, Path]:
        """A first `check --once` of these hosts, in a directory of its own; and the state.json that it left, if any."""
        folder = Path(tempfile.mkdtemp(dir=self.root))
        lines = ['state = "state.json"', f"timeout = {timeout}"]
        lines += [f"concurrency = {concurrency}"] if concurrency else []
        for host in hosts:
            key, url = host.partition(".")[0], f"https://{host}:{self.origin.port}"
            lines += [f'[page.{key}]\nname = "{key.upper()}"\nurl = "{url}"\nplatform = "{kind}"']
        (folder / "statuswatch.toml").write_text("\n".join(lines))
        return self.again(folder / "state.json", **environment), folder / "state.json"

    def again(self, state: Path, **environment: str) -> Sample:
        config = str(state.with_name("statuswatch.toml"))
        command = [*self.subject, "check", "--once", "--config", config]
        return self.run(command, self.bypassed | environment, state.parent)


def digest(state: Path) -> str:
    if not state.exists():
        return ""
    with state.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hosts(count: int, kind: str = "p") -> list[str]:
    return [f"{kind}{number}.bench.test" for number in range(count)]

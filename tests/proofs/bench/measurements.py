"""The measurements: each returns some rows."""

import statistics
import sys
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from tests.proofs.bench.bench import NO_AIOHTTP, Bench, Row, digest, forget_validators, hosts
from tests.proofs.bench.documents import DOCUMENTS, pages_of
from tests.proofs.bench.memory import measure_tree
from tests.proofs.bench.origin import DELAY, SLOWEST

SILENCE = 3  # seconds; the configured `timeout` where names are dead
PATIENT = 5  # seconds; the same where pages hang
TAILS = (  # platform, concurrency, processes
    ("betterstack", 128, 0),
    ("betterstack", 256, 0),
    ("betterstack", 512, 0),
    ("statuspage", 128, 0),
    ("betterstack", 512, 2),
    ("statuspage", 512, 2),
)
MAX_KEPT = 1000  # pages; the monitor that keeps everything needs 3 GB for 5,000


def start(bench: Bench) -> list[Row]:
    """Measure start-up: `--help`, and a run of three pages."""
    goals = {"--help: wall": 5.5, "3 pages: wall": 15.5}
    rows = [Row(work, "python -c pass: wall", "×", goal) for work, goal in goals.items()]
    empty = [sys.executable, "-c", "pass"]
    for _ in range(bench.rounds):
        nothing = statistics.median(bench.run(empty, bench.plain, bench.root).wall for _ in range(5))
        usage = bench.run([*bench.subject, "--help"], bench.plain, bench.root)
        three, state = bench.check(*hosts(3))
        rows[0].add(usage.wall / nothing, usage, state)
        rows[1].add(three.wall / nothing, three, state, range(3))
        for row, sample in zip(rows, (usage, three), strict=True):
            row.notes = f"{sample.wall * 1000:.0f} ms against {nothing * 1000:.0f}"
    return rows


class Goals(NamedTuple):
    """What a first run may cost at most, as a multiple of the references; None: there is no goal."""

    aiohttp: float | None = None
    curl: float | None = None


GOALS = {  # by the number of pages and their platform
    (100, "statuspage"): Goals(aiohttp=1.0),
    (1000, "statuspage"): Goals(aiohttp=0.90, curl=2.0),
    (1000, "betterstack"): Goals(aiohttp=0.98, curl=2.3),
    (5000, "statuspage"): Goals(aiohttp=0.72, curl=1.8),
}


def cold(bench: Bench, count: int, kind: str, rounds: range) -> list[Row]:
    """Measure a first run against curl and two programs on aiohttp: one that keeps nothing, and a plain monitor."""
    work, goals = f"{pages_of(count, kind)}, first run", GOALS.get((count, kind), Goals())
    bare = Row(f"{work}: CPU", "aiohttp, json.loads: CPU", "×", goals.aiohttp)
    curls = Row(f"{work}: CPU", "curl: CPU", "×", goals.curl)
    monitors = Row(f"{work}: CPU", "aiohttp, a monitor that keeps everything: CPU", "×")
    memory = Row(f"{work}: peak memory", "", "MB", {1000: 75, 5000: 130}.get(count))
    for _ in rounds:
        curl, aiohttp = bench.curl(count, kind), bench.aiohttp(count, kind)
        first, state = bench.check(*hosts(count), kind=kind)
        curls.compare("cpu", first, curl, state, range(count))
        memory.add(first.memory, first, state)
        monitor = bench.aiohttp(count, kind, "aiohttp_monitor.py") if count <= MAX_KEPT else None
        for row, reference in ((bare, aiohttp), (monitors, monitor)):
            if reference:
                row.compare("cpu", first, reference, state, range(count))
            elif row is bare:
                row.spoilt.add(NO_AIOHTTP)
        state.unlink(missing_ok=True)  # up to 50 MB
    return [bare, curls, *([monitors] if count <= MAX_KEPT else []), memory]


def cold100(bench: Bench) -> list[Row]:
    """Measure a first run of 100 pages, most of which is start-up."""
    return [row for kind in DOCUMENTS for row in cold(bench, 100, kind, range(bench.rounds))]


def cold1000(bench: Bench) -> list[Row]:
    """Measure a first run of 1,000 pages."""
    return [row for kind in DOCUMENTS for row in cold(bench, 1000, kind, bench.few(3))]


def cold5000(bench: Bench) -> list[Row]:
    """Measure a first run of 5,000 pages."""
    return cold(bench, 5000, "statuspage", bench.few(2))


def again1000(bench: Bench) -> list[Row]:
    """Measure a second run of 1,000 pages that reads every document again and finds nothing new."""
    rows: list[Row] = []
    for kind in DOCUMENTS:
        work = f"{pages_of(1000, kind)}, read again, nothing new: CPU"
        own, bare = Row(work, "first run: CPU", "×", 0.75), Row(work, "aiohttp, json.loads: CPU", "×", 0.75)
        for _ in bench.few(3):
            aiohttp = bench.aiohttp(1000, kind)
            first, state = bench.check(*hosts(1000), kind=kind)
            forget_validators(state)
            before = digest(state)
            second = bench.again(state)
            own.compare("cpu", second, first, state, range(1000))
            if aiohttp:
                bare.compare("cpu", second, aiohttp, state, range(1000))
            else:
                bare.spoilt.add(NO_AIOHTTP)
            if before != digest(state):
                own.spoilt.add("state.json changed")
        rows += own, bare
    return rows


def calm1000(bench: Bench) -> list[Row]:
    """Measure a second run of 1,000 pages that all answer 304, against a first run by the code before."""
    rows: list[Row] = []
    reference = "first run by the code before: CPU" if bench.before else "first run: CPU"
    for kind in DOCUMENTS:
        row = Row(f"{pages_of(1000, kind)}, second run (304): CPU", reference, "×", 0.40)
        for _ in bench.few(3):
            former = bench.check_before(1000, kind)
            _, state = bench.check(*hosts(1000), kind=kind)
            before = digest(state)
            row.compare("cpu", bench.again(state), former, state, range(1000))
            if before != digest(state):
                row.spoilt.add("state.json changed")
        rows.append(row)
    return rows


def overlap(bench: Bench) -> list[Row]:
    """Measure 100 pages whose every answer takes 300 ms: one after the other they would take half a minute."""
    work = f"100 pages, each answer after {DELAY} ms"
    rows = [Row(f"{work}, {run} run: wall", "", "s", 1.2) for run in ("first", "second (304)")]
    for _ in range(bench.rounds):
        first, state = bench.check(*hosts(100, "slow"))
        for row, sample in zip(rows, (first, bench.again(state)), strict=True):
            row.add(sample.wall, sample, state, range(100))
            row.notes = str(sample)
    return rows


def tail(bench: Bench) -> list[Row]:
    """Measure pages that take 50 to 500 ms each; one in a hundred accepts a connection and never answers."""
    rows: list[Row] = []
    tails = [host.replace("tail", "hang") if n % 100 == 50 else host for n, host in enumerate(hosts(1000, "tail"))]
    good = [number for number in range(1000) if number % 100 != 50]
    slowest = next(host for number, host in enumerate(tails) if number % 10 == SLOWEST)
    for kind, concurrency, jobs in TAILS:
        work = f"{pages_of(1000, kind)} of 50–500 ms, 1 % hang, concurrency = {concurrency}"
        work += f", --jobs {jobs} on {len(bench.all_cores)} core(s)" if jobs else ""
        goal = 1.2 if jobs else 1
        answers = Row(f"{work}: the last answer", "the slowest page alone: its last answer", "s later", goal)
        whole = Row(f"{work}: wall", f"the slowest page alone: wall, and timeout = {PATIENT} s", "s more", goal)
        for _ in bench.few(2):
            alone, _ = bench.check(slowest, kind=kind, timeout=PATIENT)
            answered = bench.origin.last_answer() - alone.started_at
            sample, state = bench.check(*tails, kind=kind, timeout=PATIENT, concurrency=concurrency, jobs=jobs)
            after = bench.origin.last_answer() - sample.started_at
            answers.add(after - answered, sample, state, good)
            answers.notes = f"{after:.2f} s against {answered:.2f}"
            whole.add(sample.wall - PATIENT - alone.wall, sample, state, good)
            whole.notes = f"{sample}; alone {alone.wall:.2f} s"
        rows += answers, whole
    return rows


def jobs(bench: Bench) -> list[Row]:
    """Measure two worker processes against none, both with all cores."""
    rows: list[Row] = []
    for kind in DOCUMENTS:
        work = f"{pages_of(1000, kind)}, first run on {len(bench.all_cores)} core(s), --jobs 2"
        wall, cpu = (Row(f"{work}: {figure}", f"--jobs 1: {figure}", "×") for figure in ("wall", "CPU"))
        memory = Row(f"{work}: peak memory of all processes", "--jobs 1", "MB more")
        for _ in bench.few(3):
            one, _ = bench.check(*hosts(1000), kind=kind, jobs=1)
            several, state = bench.check(*hosts(1000), kind=kind, jobs=2)
            wall.compare("wall", several, one, state, range(1000))
            cpu.compare("cpu", several, one, state, range(1000))
            peaks = [measure_tree(partial(bench.check, *hosts(1000), kind=kind, jobs=count)) for count in (1, 2)]
            memory.add(peaks[1] - peaks[0], several, state)
            memory.notes = f"{peaks[1]:.0f} MB against {peaks[0]:.0f}, pages that processes share counted once"
        rows += wall, cpu, memory
    return rows


def names(bench: Bench) -> list[Row]:
    """Measure names that take 30 ms to resolve."""
    row = Row(f"{pages_of(1000, 'betterstack')}, each name after 30 ms: wall", "names at once: wall", "×", 1.15)
    for _ in bench.few(3):
        prompt, _ = bench.check(*hosts(1000), kind="betterstack")
        late, state = bench.check(*hosts(1000), kind="betterstack", BENCH_NAME_DELAY="0.03")
        row.compare("wall", late, prompt, state, range(1000))
    return [row]


def dead(bench: Bench) -> list[Row]:
    """Measure two names whose resolution never ends: their threads must not keep the process alive."""
    row = Row("98 pages and 2 dead names: wall", f"timeout = {SILENCE} s", "s", SILENCE + 1.5)
    for _ in range(bench.rounds):
        sample, state = bench.check("a.dead.test", "b.dead.test", *hosts(98), timeout=SILENCE)
        row.add(sample.wall, sample, state, range(98))
    return [row]


def bomb(bench: Bench) -> list[Row]:
    """Measure nine pages and a bomb against ten good pages: the bomb's page fails, and memory does not grow."""
    bombs = {"gzip": "a 10 MB gzip of 10 GB", "br": "a 6 KB brotli of 8 GB"}
    rows = [Row(f"9 pages and {text}: peak memory", "10 good pages", "MB more", 25) for text in bombs.values()]
    for _ in range(bench.rounds):
        good, _ = bench.check(*hosts(10))
        for number, (name, row) in enumerate(zip(bombs, rows, strict=True), bench.pages):
            sample, state = bench.check(*hosts(9), f"{name}.bench.test")
            row.add(sample.memory - good.memory, sample, state, range(9), number)
            memory = f"{sample.memory:.0f} MB against {good.memory:.0f}"
            row.notes = f"{memory}, {sample.wall:.1f} s against {good.wall:.1f}"
    return rows


def state(bench: Bench) -> list[Row]:
    """Measure a calm run without network and documents: see calm.py."""
    ways = {"304": ("all 304", 60), "200": ("all read again, nothing new", 65)}
    work = "state of 1,000 pages"
    rows = {
        way: Row(f"{work}, {text}: load, compare, decide", "", "ms CPU", goal) for way, (text, goal) in ways.items()
    }
    _, saved = bench.check(*hosts(1000))
    for _ in range(bench.rounds):
        for way, row in rows.items():
            config = saved.with_name("statuswatch.toml")
            sample, parts = bench.measure("calm", str(config), str(bench.root), way)
            parsing, reading = parts.pop("documents", 0), parts.pop("reading")
            row.add(sum(parts.values()), sample, saved, range(1000))
            row.notes = ", ".join(f"{part} {cpu:.0f} ms" for part, cpu in parts.items())
            row.notes += (
                f", of {saved.stat().st_size / 1e6:.1f} MB; not counted: parsing the documents, {parsing:.0f} ms, "
                f"and tasks, client and requests, {reading:.0f} ms"
            )
    return [*rows.values()]


MEASUREMENTS: dict[str, tuple[int, Callable[[Bench], list[Row]]]] = {  # with the number of pages that there must be
    "start": (3, start),
    "cold100": (100, cold100),
    "cold1000": (1000, cold1000),
    "again1000": (1000, again1000),
    "calm1000": (1000, calm1000),
    "cold5000": (5000, cold5000),
    "overlap": (100, overlap),
    "tail": (1000, tail),
    "jobs": (1000, jobs),
    "names": (1000, names),
    "dead": (98, dead),
    "bomb": (10, bomb),
    "state": (1000, state),
}

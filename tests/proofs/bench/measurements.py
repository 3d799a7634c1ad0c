"""The measurements: each returns some rows."""

import statistics
import sys
from collections.abc import Callable
from functools import partial

from tests.proofs.bench.bench import NO_AIOHTTP, Bench, Row, digest, hosts
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


def start(bench: Bench) -> list[Row]:
    """Measure start-up: `--help`, and a run of three pages."""
    goals = {"--help: wall": 14, "3 pages: wall": 20}
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


def cold100(bench: Bench) -> list[Row]:
    """Measure a first run of 100 pages, most of which is start-up."""
    rows: list[Row] = []
    for kind in DOCUMENTS:
        work = f"{pages_of(100, kind)}, first run: CPU"
        curls, aiohttps = Row(work, "curl: CPU", "×", 2.1), Row(work, "aiohttp, json.loads: CPU", "×", 1)
        for _ in range(bench.rounds):
            curl, aiohttp = bench.curl(100, kind), bench.aiohttp(100, kind)
            first, state = bench.check(*hosts(100), kind=kind)
            curls.compare("cpu", first, curl, state, range(100))
            if aiohttp:
                aiohttps.compare("cpu", first, aiohttp, state, range(100))
            else:
                aiohttps.spoilt.add(NO_AIOHTTP)
        rows += curls, aiohttps
    return rows


def cold1000(bench: Bench) -> list[Row]:
    """Measure a first run of 1,000 pages; then a second one, in which every page answers 304."""
    rows: list[Row] = []
    for kind in DOCUMENTS:
        work = pages_of(1000, kind)
        walls = Row(f"{work}, first run: wall", "curl: wall", "×", 1.35)
        memory = Row(f"{work}, first run: peak memory", "", "MB", 80)
        calm = [Row(f"{work}, second run (304): {of}", f"first run: {of}", "×", 0.75) for of in ("CPU", "wall")]
        for _ in bench.few(3):
            curl = bench.curl(1000, kind)
            first, state = bench.check(*hosts(1000), kind=kind)
            walls.compare("wall", first, curl, state, range(1000))
            memory.add(first.memory, first, state)
            before = digest(state)
            second = bench.again(state)
            calm[0].compare("cpu", second, first, state, range(1000))
            calm[1].compare("wall", second, first, state, range(1000))
            if before != digest(state):
                calm[0].spoilt.add("state.json changed")
        rows += walls, memory, *calm
    return rows


def cold5000(bench: Bench) -> list[Row]:
    """Measure 5,000 pages: does a page cost more where there are many?"""
    rows: list[Row] = []
    for kind in DOCUMENTS:
        work = pages_of(5000, kind)
        walls = Row(f"{work}, first run: wall", "curl: wall", "×", 1.25)
        memory = Row(f"{work}, first run: peak memory", "", "MB", 150)
        each = Row(f"{work}, first run: CPU of each of the last 4,000", "CPU of each of 1,000", "×", 1)
        for _ in bench.few(2):
            curl, (fewer, _) = bench.curl(5000, kind), bench.check(*hosts(1000), kind=kind)
            first, state = bench.check(*hosts(5000), kind=kind)
            walls.compare("wall", first, curl, state, range(5000))
            memory.add(first.memory, first, state)
            last, usual = (first.cpu - fewer.cpu) / 4000, fewer.cpu / 1000
            each.add(last / usual, first, state)
            each.notes = f"{last * 1000:.2f} ms against {usual * 1000:.2f}"
            state.unlink(missing_ok=True)  # 50 MB
        rows += walls, memory, each
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
    ways = {"304": "all 304", "200": "all read again, nothing new"}
    work = "state of 1,000 pages"
    rows = {way: Row(f"{work}, {text}: load, compare, decide", "", "ms CPU", 65) for way, text in ways.items()}
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
    "cold5000": (5000, cold5000),
    "overlap": (100, overlap),
    "tail": (1000, tail),
    "jobs": (1000, jobs),
    "names": (1000, names),
    "dead": (98, dead),
    "bomb": (10, bomb),
    "state": (1000, state),
}

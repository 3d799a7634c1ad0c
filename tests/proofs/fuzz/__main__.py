"""Search documents that break a law of target.py, guided by coverage: `python -m tests.proofs.fuzz [PLATFORM …]`.

It needs atheris: `pip install -e '.[dev,fuzz]'`.
"""

import argparse
import os
import platform as machine
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from statuswatch.platforms import PLATFORMS

FOLDER = Path(tempfile.gettempdir()) / "statuswatch-fuzz"
SLACK = 120  # seconds that a child may take beyond its time
SEARCHED = "Searched for "  # the last line of a log
MIN_SECONDS = 5  # for which a search is started again


class Row(NamedTuple):
    """The figures of one platform's search."""

    platform: str
    seconds: int
    runs: int
    edges: int
    corpus: int
    findings: int

    def __str__(self) -> str:
        platform, seconds, runs, *rest = self
        return f"| {' | '.join(map(str, (platform, seconds, runs, round(runs / max(1, seconds)), *rest)))} |"


def search(platform: str, seconds: int, folder: Path) -> None:
    """Search one platform for so long; start again where an input ends the process, which is kept as a finding."""
    place, started = folder / platform, time.monotonic()
    place.mkdir(parents=True, exist_ok=True)
    with (place / "log").open("w", encoding="utf-8") as log:
        while (left := round(started + seconds - time.monotonic())) >= min(MIN_SECONDS, seconds):
            command = [sys.executable, "-m", "tests.proofs.fuzz.child", platform, str(left), str(place)]
            try:
                completed = subprocess.run(command, stdout=log, stderr=log, timeout=left + SLACK, check=False)
            except subprocess.TimeoutExpired:
                break
            if completed.returncode == 0 or "INITED" not in (place / "log").read_text(errors="replace"):
                break  # it ended well, or never began
        log.seek(0, os.SEEK_END)
        log.write(f"{SEARCHED}{time.monotonic() - started:.0f} s\n")


def row(platform: str, folder: Path) -> Row | None:
    """Return the figures of a search; None where it has no log, or did not end."""
    try:
        log = (folder / platform / "log").read_text(errors="replace")
    except FileNotFoundError:
        return None
    seconds = re.search(rf"^{SEARCHED}(\d+) s", log, re.MULTILINE)
    runs = re.findall(r"^stat::number_of_executed_units:\s+(\d+)", log, re.MULTILINE)
    last = re.findall(r"cov: (\d+) ft: \d+ corp: (\d+)/", log)
    if not (seconds and runs and last):
        return None
    findings = [path for path in (folder / platform / "findings").iterdir() if path.suffix != ".txt"]
    edges, corpus = last[-1]
    return Row(platform, int(seconds[1]), sum(map(int, runs)), int(edges), int(corpus), len(findings))


def table(platforms: list[str], folder: Path) -> str:
    """Return the figures of these platforms."""
    rows = [row(platform, folder) or f"| {platform} | did not end: see its log | | | | | |" for platform in platforms]
    system = f"Python {machine.python_version()}, {machine.machine()}, {os.cpu_count()} core(s)"
    head = f"{datetime.now(UTC):%Y-%m-%d}, {system}."
    names = "| platform | seconds | runs | runs/s | edges | corpus | findings |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, "", names, *map(str, rows)])


def options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.fuzz", description=__doc__)
    parser.add_argument("platforms", nargs="*", metavar="PLATFORM", help="the platforms to search (all)")
    parser.add_argument("--seconds", type=int, default=30, help="for each (30); 0: only the table of the last search")
    parser.add_argument("--jobs", type=int, default=1, help="platforms at a time (1)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"for logs, corpora and findings ({FOLDER})")
    parsed = parser.parse_args()
    if unknown := [name for name in parsed.platforms if name not in PLATFORMS]:
        parser.error(f"no such platform: {', '.join(unknown)}; the platforms are {', '.join(PLATFORMS)}")
    return parsed


def main() -> int:
    """Search, print the table, and return the exit code."""
    parsed = options()
    platforms = parsed.platforms or list(PLATFORMS)
    if parsed.seconds and find_spec("atheris") is None:
        sys.stderr.write(
            "atheris is not installed; it has wheels for Linux on x86_64 only: pip install -e '.[dev,fuzz]'. "
            "The suite checks the same laws on random mutations: pytest tests/proofs/fuzz/test_fuzz.py\n"
        )
        return 2
    if parsed.seconds:
        with ThreadPoolExecutor(parsed.jobs) as pool:
            list(pool.map(lambda name: search(name, parsed.seconds, parsed.folder), platforms))
    sys.stdout.write(table(platforms, parsed.folder) + "\n")
    rows = [row(name, parsed.folder) for name in platforms]
    return int(any(figures is None or figures.findings for figures in rows))


if __name__ == "__main__":
    sys.exit(main())

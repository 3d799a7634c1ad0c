"""`python -m tests.proofs.fuzz [PLATFORM …] [--seconds N]`: searches documents on which a platform, or what is made of them,
breaks a law of `tests/proofs/fuzz/target.py`, guided by coverage. It wants atheris: `pip install -e '.[dev,fuzz]'`.
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
SEARCHED = "Searched for "  # what ends a log
AT_LEAST = 5  # seconds for which a search is begun again


class Row(NamedTuple):
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
    """One platform for so long, begun again where an input ends the process: that one is kept as a finding."""
    place, begun = folder / platform, time.monotonic()
    place.mkdir(parents=True, exist_ok=True)
    with (place / "log").open("w", encoding="utf-8") as log:
        while (left := round(begun + seconds - time.monotonic())) >= min(AT_LEAST, seconds):
            command = [sys.executable, "-m", "tests.proofs.fuzz.child", platform, str(left), str(place)]
            try:
                done = subprocess.run(command, stdout=log, stderr=log, timeout=left + SLACK, check=False)
            except subprocess.TimeoutExpired:
                break
            if done.returncode == 0 or "INITED" not in (place / "log").read_text(errors="replace"):
                break  # it is done, or never began
        log.seek(0, os.SEEK_END)
        log.write(f"{SEARCHED}{time.monotonic() - begun:.0f} s\n")


def row(platform: str, folder: Path) -> Row | None:
    """What the log of a search says; None where there is none, or it is not done."""
    try:
        log = (folder / platform / "log").read_text(errors="replace")
    except FileNotFoundError:
        return None
    seconds = re.search(rf"^{SEARCHED}(\d+) s", log, re.MULTILINE)
    runs = re.findall(r"^stat::number_of_executed_units:\s+(\d+)", log, re.MULTILINE)
    last = re.findall(r"cov: (\d+) ft: \d+ corp: (\d+)/", log)
    if not (seconds and runs and last):
        return None
    findings = [it for it in (folder / platform / "findings").iterdir() if it.suffix != ".txt"]
    edges, corpus = last[-1]
    return Row(platform, int(seconds[1]), sum(map(int, runs)), int(edges), int(corpus), len(findings))


def table(platforms: list[str], folder: Path) -> str:
    rows = [row(platform, folder) or f"| {platform} | not done: see its log | | | | | |" for platform in platforms]
    where = f"Python {machine.python_version()}, {machine.machine()}, {os.cpu_count()} core(s)"
    head = f"{datetime.now(UTC):%Y-%m-%d}, {where}."
    names = "| platform | seconds | runs | runs/s | edges | corpus | findings |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, "", names, *map(str, rows)])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.fuzz", description=__doc__)
    parser.add_argument("platforms", nargs="*", metavar="PLATFORM", help="all of them unless told")
    parser.add_argument("--seconds", type=int, default=30, help="for each (30); 0: only the table of the last search")
    parser.add_argument("--jobs", type=int, default=1, help="platforms at a time (1)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=f"for logs, corpora and findings ({FOLDER})")
    asked = parser.parse_args()
    if wrong := [it for it in asked.platforms if it not in PLATFORMS]:
        parser.error(f"no such platform: {', '.join(wrong)}; there are {', '.join(PLATFORMS)}")
    platforms = asked.platforms or list(PLATFORMS)
    if asked.seconds and find_spec("atheris") is None:
        sys.stderr.write(
            "It wants atheris, which has wheels for Linux on x86_64 only: pip install -e '.[dev,fuzz]'. "
            "The same laws, over chance instead of coverage, are in the suite: pytest tests/proofs/fuzz/test_fuzz.py\n"
        )
        return 2
    if asked.seconds:
        with ThreadPoolExecutor(asked.jobs) as pool:
            list(pool.map(lambda it: search(it, asked.seconds, asked.folder), platforms))
    sys.stdout.write(table(platforms, asked.folder) + "\n")
    rows = [row(it, asked.folder) for it in platforms]
    return int(any(it is None or it.findings for it in rows))


if __name__ == "__main__":
    sys.exit(main())

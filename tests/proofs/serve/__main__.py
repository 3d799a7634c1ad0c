"""A serving process under kills, load and lagging caches: `python -m tests.proofs.serve [KILLS]`.

For Linux; `wrk` has to be installed for the figures of load.
"""

from __future__ import annotations

import platform
import resource
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.proofs.serve.kills import kill_while_rung
from tests.proofs.serve.lag import delays
from tests.proofs.serve.load import load
from tests.support.simulated_watch import simulated, watch

HOURS = 24
PAGES = tuple(f"p{number}" for number in range(20))


def memory(folder: Path) -> str:
    """Return what 24 simulated hours of 100 pages cost: reads, and the growth of this process."""
    passes, clock, vendors = simulated(folder, *PAGES)
    sizes: list[int] = []
    for hour in (2, HOURS - 0.1):
        clock.at(hour * 60, lambda: sizes.append(resident()))
    counts = dict.fromkeys(PAGES, 0)

    def trim() -> None:
        for _, key in vendors.reads:
            counts[key] += 1
        vendors.reads.clear()
        passes.reports.clear()

    for minute in range(10, HOURS * 60, 10):
        clock.at(minute, trim)
    watch(passes, HOURS * 60)
    trim()
    least, most = min(counts.values()), max(counts.values())
    return f"{least} to {most} reads a page, 289 planned; RSS {sizes[0]} MB after 2 h, {sizes[1]} MB at the end"


def resident() -> int:
    """Return the resident memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1_000_000


def main() -> None:
    """Print the figures; exit 1 where a ring was lost."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    out = sys.stdout
    out.write(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}.\n\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kills = [kill_while_rung(folder / f"kill{number}", number) for number in range(count)]
        accepted, lost = sum(kill.accepted for kill in kills), sum(len(kill.lost) for kill in kills)
        resumed = sum(kill.answered_later for kill in kills)
        out.write(
            f"- {count} kills: {accepted} rings got 202, {lost} were lost; {resumed} times the next process read them\n"
        )
        for lag in (0, 15, 60):
            seconds = sorted(delays(folder / f"lag{lag}", lag, 100))
            p99 = seconds[int(len(seconds) * 0.99)]
            out.write(
                f"- cache lag {lag} s: median {statistics.median(seconds):.1f} s, p99 {p99:.1f} s (simulated clock)\n"
            )
        (folder / "memory").mkdir()
        out.write(f"- {HOURS} simulated hours of {len(PAGES)} pages: {memory(folder / 'memory')}\n")
        if shutil.which("wrk"):
            (folder / "load").mkdir()
            out.writelines(f"- {line}\n" for line in load(folder / "load"))
        else:
            out.write("- no figures of load: wrk is not installed\n")
    sys.exit(bool(lost) or resumed < count)


if __name__ == "__main__":
    main()

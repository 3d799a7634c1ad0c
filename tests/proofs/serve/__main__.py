"""A serving process under kills, load and lagging caches: `python -m tests.proofs.serve [KILLS]`.

For Linux; `wrk` has to be installed for the figures of load.
"""

from __future__ import annotations

import platform
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.proofs.serve.day import Day, simulate_day
from tests.proofs.serve.ends import ends
from tests.proofs.serve.kills import kill_while_rung
from tests.proofs.serve.lag import delays
from tests.proofs.serve.load import load
from tests.proofs.serve.push import push_delays

PUSHES = 100
MAX_OFF = 0.01  # of the reads of a page, by which they may differ from its interval


def median_and_p99(seconds: list[float]) -> str:
    """Return the two figures of many."""
    ordered = sorted(seconds)
    return f"median {statistics.median(ordered):.2f} s, p99 {ordered[int(len(ordered) * 0.99)]:.2f} s"


def day_line(day: Day) -> str:
    """Return what a day came to."""
    sizes = ", ".join(f"{size}" for size in day.sizes)
    return (
        f"{day.hours:g} simulated hours of {day.pages:,} pages: {day.reads:,} reads, each page's within "
        f"{day.off:.1%} of its interval; {day.at_once} run of a page at once; RSS after each quarter {sizes} MB"
    )


def main() -> None:
    """Print the figures; exit 1 where a ring was lost, an end was late or a page was not read as configured."""
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
            figures = median_and_p99(delays(folder / f"lag{lag}", lag, PUSHES))
            out.write(f"- cache lag {lag} s: {figures} (simulated clock)\n")
        figures = median_and_p99(push_delays(folder / "push", PUSHES))
        out.write(f"- {PUSHES} pushes, from the ring to the webhook of a sink: {figures} (real clock)\n")
        late = False
        for work, seconds, bound in ends(folder / "ends"):
            late = late or seconds > bound
            out.write(f"- SIGTERM with {work} under way: ended after {seconds:.1f} s, at most {bound:g} s\n")
        (folder / "day").mkdir()
        day = simulate_day(folder / "day")
        out.write(f"- {day_line(day)}\n")
        if shutil.which("wrk"):
            (folder / "load").mkdir()
            out.writelines(f"- {line}\n" for line in load(folder / "load"))
        else:
            out.write("- no figures of load: wrk is not installed\n")
    sys.exit(bool(lost) or resumed < count or late or day.off > MAX_OFF or day.at_once > 1)


if __name__ == "__main__":
    main()

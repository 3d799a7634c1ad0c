"""Run every behaviour by itself beside two good pages, in three processes: before it, during it and after it."""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proofs.hostile import growth
from tests.proofs.hostile.behaviours import ROWS, Row
from tests.proofs.hostile.costliest import COSTLIEST
from tests.proofs.hostile.origin import BEFORE, DURING
from tests.proofs.hostile.trial import TIMEOUT, Completed, Trial, key_of, run_trial, unbounded

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_REASON = 100  # characters


def line(row: Row, trial: Trial) -> str:
    """Return the line of a row in the table."""
    during, key = trial.acts[DURING], key_of(row)
    faults = [*trial.faults_by_row[row.name], *trial.faults, *unbounded(row, trial.acts)]
    other_pages = "affected" if any("good-" in fault for fault in trial.faults) else "unaffected"
    cells = (
        f"{row.name.replace('_', ' ')}: {row.does}",
        outcome(during, key),
        f"{during.wall:.1f} s",
        f"{during.cpu:.1f} s",
        f"{trial.memory:.0f} MB",
        other_pages,
        f"**{'; '.join(faults)[:200]}**" if faults else "held",
    )
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def outcome(during: Completed, key: str) -> str:
    """Return the reason of a page that failed, else its events and the first entry that was skipped."""
    events = [*during.events()[key].elements()]
    skipped = [entry.partition(": ")[2] for entry in during.log_of(key) if "skipped" in entry]
    read = f"read: {', '.join(events[:4])}{f' and {len(events) - 4} more' if events[4:] else ''}"
    text = during.reason(key).partition(" (http")[0] or "; ".join([read, *skipped[:1]])
    return text if len(text) <= MAX_REASON else f"{text[:MAX_REASON]}…"


def proportions() -> Iterator[str]:
    """Yield the table of the longest documents and their cost."""
    yield "| platform | the longest document, of | size | entries | CPU of the slowest of three reads |"
    yield "|---|---|---|---|---|"
    for costly in COSTLIEST:
        entries = costly.max_entries()
        size = max(map(len, costly.documents(entries).values())) / 1e6
        yield f"| {costly.platform} | {costly.of} | {size:.1f} MB | {entries:,} | {costly.seconds(entries):.1f} s |"


def main() -> int:
    """Print the table; return 1 where a behaviour did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.hostile", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="behaviours (all)")
    names = parser.parse_args().names
    if unknown := set(names) - {row.name for row in ROWS}:
        parser.error(f"no such behaviour: {', '.join(sorted(unknown))}")
    rows = [row for row in ROWS if row.name in names or not names]
    lines, broken, calm = [], 0, []
    for row in rows:
        print(f"{row.name} …", file=sys.stderr)  # noqa: T201
        with tempfile.TemporaryDirectory() as folder:
            trial = run_trial(Path(folder), [row], TIMEOUT + row.work)
        lines.append(line(row, trial))
        broken += not lines[-1].endswith("| held |")
        calm.append(trial.acts[BEFORE])
    grown, beyond = growth.table() if not names else ([], 0)
    wall, cpu, memory = (
        statistics.median(getattr(completed, name) for completed in calm) for name in ("wall", "cpu", "memory")
    )
    head = (
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} core(s). "
        f"`timeout = {TIMEOUT}`. {len(rows)} behaviours, {len(rows) - broken} held.",
        f"A calm run of three pages: {wall:.1f} s, {cpu:.1f} s of CPU, {memory:.0f} MB. A row may take its",
        "`timeout`, a second, and what a calm run takes; and 30 MB more, but 25 for a bomb. The longest documents may",
        "take the CPU and the memory that their rows say, in a `timeout` that is longer by that CPU.",
        "",
        "| behaviour | what came back | wall | CPU | peak memory more than calm | other pages | verdict |",
        "|---|---|---|---|---|---|---|",
        *lines,
        *([] if names else ["", *proportions(), "", *grown]),
    )
    print("\n".join(head))  # noqa: T201
    return int(broken + beyond > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Every behaviour by itself beside two good pages, as three processes: before it, during and after."""

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

from tests.proofs.hostile.behaviours import ROWS, Row
from tests.proofs.hostile.costliest import WORST
from tests.proofs.hostile.origin import BEFORE, DURING
from tests.proofs.hostile.trial import TIMEOUT, Played, key_of, play, unbounded

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 100  # characters of a reason


def line(row: Row, played: Played) -> str:
    during, key = played.acts[DURING], key_of(row)
    reason = during.reason(key).partition(" (http")[0]
    told = [*during.events()[key].elements()]
    skipped = [it.partition(": ")[2] for it in during.said(key) if "skipped" in it]
    read = f"read: {', '.join(told[:4])}{f' and {len(told) - 4} more' if told[4:] else ''}"
    came = reason or "; ".join([read, *skipped[:1]])
    came = came if len(came) <= LONGEST else f"{came[:LONGEST]}…"
    faults = [*played.of[row.name], *played.faults, *unbounded(row, played.acts)]
    others = "affected" if any("good-" in it for it in played.faults) else "unaffected"
    cells = (
        f"{row.name.replace('_', ' ')}: {row.does}",
        came,
        f"{during.wall:.1f} s",
        f"{during.cpu:.1f} s",
        f"{played.memory:.0f} MB",
        others,
        f"**{'; '.join(faults)[:200]}**" if faults else "held",
    )
    return f"| {' | '.join(' '.join(it.split()).replace('|', chr(92) + '|') for it in cells)} |"


def proportions() -> Iterator[str]:
    """What the longest documents cost."""
    yield "| platform | the longest document, of | size | entries | CPU of the slowest of three reads |"
    yield "|---|---|---|---|---|"
    for it in WORST:
        entries = it.longest()
        size = max(map(len, it.documents(entries).values())) / 1e6
        yield f"| {it.platform} | {it.of} | {size:.1f} MB | {entries:,} | {it.seconds(entries):.1f} s |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.hostile", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="behaviours, of which one is enough (all)")
    names = parser.parse_args().names
    if unknown := set(names) - {row.name for row in ROWS}:
        parser.error(f"nothing is called {', '.join(sorted(unknown))}")
    rows = [row for row in ROWS if row.name in names or not names]
    lines, broken, calm = [], 0, []
    for row in rows:
        print(f"{row.name} …", file=sys.stderr)  # noqa: T201
        with tempfile.TemporaryDirectory() as folder:
            played = play(Path(folder), [row], TIMEOUT + row.work)
        lines.append(line(row, played))
        broken += not lines[-1].endswith("| held |")
        calm.append(played.acts[BEFORE])
    wall, cpu, memory = (statistics.median(getattr(it, name) for it in calm) for name in ("wall", "cpu", "memory"))
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
        *([] if names else ["", *proportions()]),
    )
    print("\n".join(head))  # noqa: T201
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())

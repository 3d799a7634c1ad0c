"""Print what the board of a simulated year costs: `python -m tests.proofs.site`.

With `--one VENDORS INCIDENTS DAYS` it measures one board in this process, and with `--out FOLDER` keeps its site.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from statuswatch.publish import publish_site
from statuswatch.render.site import render_site
from tests.support.sample_board import simulated_board

# Vendors, incidents in a year, days shown; the most bytes that the index may have, and the seconds to render.
ROWS: Final = (
    (100, 2_000, 90, 100_000, None),
    (200, 4_000, 90, None, None),
    (200, 4_000, 365, None, None),
    (1_000, 20_000, 90, 800_000, 5),
    (1_000, 20_000, 365, None, 5),
)


def measure(vendors: int, incidents: int, days: int, folder: Path) -> dict[str, float]:
    """Render and write one site, and return its figures."""
    board = simulated_board(vendors, incidents, days=days)
    begin = time.process_time()
    files = render_site(board)
    rendered = time.process_time()
    publish_site(folder, files)
    return {
        "shown": sum(len(page.incidents) for page in board.pages),
        "files": len(files),
        "bytes": sum(map(len, files.values())),
        "index": len(files["index.html"]),
        "largest": max(map(len, files.values())),
        "render": rendered - begin,
        "write": time.process_time() - rendered,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def in_a_process(*arguments: int) -> dict[str, float]:
    """Measure one site in a process of its own: peak memory is that of a process."""
    command = [sys.executable, "-m", "tests.proofs.site", "--one", *map(str, arguments)]
    figures: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return figures


def table() -> bool:
    """Print a row for each size; return whether all limits are met."""
    machine = f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}"
    sys.stdout.write(f"{machine}, {os.cpu_count()} core(s). Seconds are of CPU.\n\n")
    sys.stdout.write("| vendors | incidents, of which shown | days | files | bytes | index | render | write | peak |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|---|---|\n")
    is_met = True
    for vendors, incidents, days, max_index, max_seconds in ROWS:
        found = in_a_process(vendors, incidents, days)
        row = (
            f"{vendors:,}",
            f"{incidents:,}, {found['shown']:,.0f}",
            f"{days}",
            f"{found['files']:,.0f}",
            f"{found['bytes'] / 1e6:.1f} MB",
            f"{found['index'] / 1e3:.0f} kB" + (f" (at most {max_index / 1e3:.0f})" if max_index else ""),
            f"{found['render']:.2f} s" + (f" (at most {max_seconds})" if max_seconds else ""),
            f"{found['write']:.2f} s",
            f"{found['memory']:.0f} MB",
        )
        sys.stdout.write(f"| {' | '.join(row)} |\n")
        sys.stdout.flush()
        is_met &= found["index"] <= (max_index or found["index"]) and found["render"] <= (
            max_seconds or found["render"]
        )
    return is_met


def main() -> None:
    """Measure one site, or print the table; exit 1 where a limit is not met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, type=int, metavar=("VENDORS", "INCIDENTS", "DAYS"))
    parser.add_argument("--out", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    if options.one is None:
        sys.exit(0 if table() else 1)
    vendors, incidents, days = options.one
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(measure(vendors, incidents, days, options.out or Path(folder, "site"))) + "\n")


if __name__ == "__main__":
    main()

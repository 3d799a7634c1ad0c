"""One process of `check --watch` over some 200 days of a simulated world: `python -m tests.proofs.endurance [RUNS]`.

A tenth of the reads is faulty, and the sink refuses a tenth of its requests. The table says whether every event that
happened was reported and nothing else, and whether anything grows. For Linux.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.proofs.endurance.endurance import USUAL, endure


def main() -> None:
    """Print the table; exit 1 where a promise was not kept."""
    with tempfile.TemporaryDirectory() as folder:
        figures = endure(Path(folder), int(sys.argv[1]) if len(sys.argv) > 1 else USUAL)
    sys.stdout.write(figures.table() + "\n")
    sys.exit(not all(figures.verdicts().values()))


if __name__ == "__main__":
    main()

"""Print what becomes of state.json and of events under kills and faults: `python -m tests.proofs.crash [KILLS]`."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proofs.crash import faults
from tests.proofs.crash.kills import kill_runs_in_worlds

if TYPE_CHECKING:
    from collections.abc import Iterator


def rows(folder: Path, kills: int) -> Iterator[faults.Row]:
    """Yield the rows of the table."""
    (folder / "faults").mkdir()
    with faults.ground(folder / "faults") as ground:
        yield from faults.calls(ground)
        yield from faults.places(ground)
        yield faults.together(ground)
    yield kill_runs_in_worlds(folder / "kills", kills).row()


def main() -> None:
    """Print each row as it is there, then whatever was wrong."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    machine = (f"{datetime.now(UTC):%Y-%m-%d}", f"Python {platform.python_version()}", platform.machine())
    sys.stdout.write(f"{', '.join(machine)}, {os.cpu_count()} core(s).\n\n{faults.HEAD}\n")
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for row in rows(Path(folder), kills):
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
            wrong += row.wrong
    sys.stdout.writelines(f"{line}\n" for line in wrong)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()

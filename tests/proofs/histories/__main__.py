"""Replay histories of real pages: `python -m tests.proofs.histories FOLDER`, and make such a folder from scraped ones.

`python -m tests.proofs.histories convert REPOSITORY FOLDER [--apart MINUTES]` turns a git repository of vendors'
documents over time into recordings, one for each document. The first form replays every recording of a folder by
`statuswatch replay`, and compares the events with an oracle that is written from the contract.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

from tests.proofs.histories.compare import HEAD, command, compare, reads
from tests.proofs.histories.convert import convert

SHOWN: Final = 20  # differences of each sort


def prove(folder: Path) -> bool:
    """Print the table of a folder's recordings; the differences go to stderr. Return whether there are none."""
    paths = sorted(path for path in folder.rglob("*.jsonl*") if path.suffix in (".jsonl", ".gz"))
    sys.stdout.write(HEAD)
    kept = bool(paths)
    for path in paths:
        with subprocess.Popen(command(path), stdout=subprocess.PIPE) as process:
            assert process.stdout
            events = [json.loads(line) for line in process.stdout]
        figures = compare(path.name.split(".")[0], reads(path), events)
        kept &= figures.kept and process.returncode == 0
        sys.stdout.write(figures.row() + "\n")
        sys.stdout.flush()
        for name in ("missing", "invented", "repeated"):
            for difference in getattr(figures, name)[:SHOWN]:
                sys.stderr.write(f"{figures.name}: {name}: {difference}\n")
    return kept


def main() -> None:
    """Convert, or print the table and exit 1 where an event is missing, invented or repeated."""
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.histories", description=__doc__)
    if sys.argv[1:2] == ["convert"]:
        parser.add_argument("repository", type=Path)
        parser.add_argument("folder", type=Path)
        parser.add_argument("--apart", type=float, default=0, help="Leave out versions that follow sooner; in minutes.")
        options = parser.parse_args(sys.argv[2:])
        written = convert(options.repository, options.folder, apart=timedelta(minutes=options.apart))
        for path, count in written.items():
            sys.stdout.write(f"{path}: {count:,} versions\n")
        sys.exit(0 if written else 2)
    parser.add_argument("folder", type=Path)
    sys.exit(0 if prove(parser.parse_args().folder) else 1)


if __name__ == "__main__":
    main()

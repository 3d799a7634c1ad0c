"""What a TAB costs, in multiples of `python -c pass`: `python -m tests.proofs.bench.completion`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Final

from tests.support.shell_completion import tab_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RUNS: Final = 15
SHELLS: Final = ("bash", "zsh", "fish", "pwsh")
LINES: Final = ("statuswatch ", "statuswatch check --", "statuswatch inspect git")
GOAL: Final = 150  # milliseconds


def milliseconds(arguments: Sequence[str], env: Mapping[str, str]) -> float:
    """Return the median wall time of a process."""
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        subprocess.run([sys.executable, *arguments], env={**os.environ, **env}, stdout=subprocess.PIPE, check=True)
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    print(f"| shell | at the end of | ms (goal {GOAL}) | × `python -c pass` |\n| --- | --- | --- | --- |")  # noqa: T201
    for shell in SHELLS:
        for line in LINES:
            reference = milliseconds(("-c", "pass"), {})
            measured = milliseconds(("-m", "statuswatch"), tab_environment(shell, line))
            print(f"| {shell} | `{line}` | {measured:.0f} | {measured / reference:.1f} |")  # noqa: T201


if __name__ == "__main__":
    main()

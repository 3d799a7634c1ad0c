"""What each extra costs to import, in CPU seconds of a fresh process: `python -m tests.proofs.serve.imports`."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
from typing import Final

from tests.proofs.serve.serving import REPOSITORY

ROUNDS: Final = 11
PROGRAMS: Final = {
    "`python -c pass`": "pass",
    "`check`: all that a run without sinks imports": "import statuswatch.cli.watching, statuswatch.pipeline, "
    "statuswatch.config.load, statuswatch.net.http, statuswatch.render.summary, statuswatch.rules.status",
    "starlette (`serve`)": "import starlette.applications, starlette.responses, starlette.routing",
    "uvicorn with httptools (`serve`)": "import uvicorn, uvicorn.protocols.http.httptools_impl",
    "prometheus_client (`serve`)": "import prometheus_client",
    "`statuswatch.serve`, all of it": "import statuswatch.serve.server, statuswatch.serve.app",
    "`statuswatch.mcp`, all of it (`mcp`)": "import statuswatch.mcp.server, "
    "statuswatch.mcp.tools, mcp.server.lowlevel, mcp.server.stdio",
    "apprise (`apprise`)": "import apprise; apprise.Apprise().add('json://127.0.0.1')",
}


def cpu_of(program: str) -> float:
    """Return the CPU seconds of a process that runs this program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def import_lines() -> list[str]:
    """Return the rows of a table; the programs take turns, so that a busy moment meets all of them."""
    figures: dict[str, list[float]] = {name: [] for name in PROGRAMS}
    for _ in range(ROUNDS):
        for name, program in PROGRAMS.items():
            figures[name].append(cpu_of(program))
    lines = ["| imported | CPU: min / median of a fresh process | beside `pass` |", "|---|---|---|"]
    first = statistics.median(figures[next(iter(PROGRAMS))])
    for name, seconds in figures.items():
        median = statistics.median(seconds)
        lines.append(f"| {name} | {min(seconds) * 1000:.0f} / {median * 1000:.0f} ms | {median / first:.0f} × |")
    return lines


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in import_lines())

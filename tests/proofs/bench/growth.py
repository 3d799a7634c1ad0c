"""How a run and its state file grow with the pages: `python -m tests.proofs.bench.growth`. For Linux.

Runs without a network, each in a process of its own: every page is parsed, compared and saved; then every page answers
304. The runs of up to 5,000 pages are repeated over the network by the other measurements of the benchmark.
"""

import gc
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from statuswatch.config.schema import Config
from statuswatch.delivery.deliver import deliver_report
from statuswatch.model.page import Failure, Page
from statuswatch.model.report import RunReport
from statuswatch.net.client import Client
from statuswatch.net.response import Progress, Response
from statuswatch.pipeline import Run, check
from statuswatch.reading.reader import ReadOptions
from statuswatch.state import StateFile
from tests.proofs.bench.documents import DOCUMENTS, PAGE, documents_of, templates

PAGES: Final = (1000, 5000, 50_000)
NO_LIMIT: Final = 86_400.0  # seconds
HEAD: Final = (
    *("pages", "state.json", "bytes a page", "first run: CPU, peak memory", "load the state"),
    "all 304: CPU, peak memory",
)
GOOD: Final = 'W/"1"'


class Figures(NamedTuple):
    """What one run cost: seconds of CPU, megabytes, and milliseconds for loading the state."""

    cpu: float
    memory: float
    load: float


class TemplateWire:
    """Answers with the documents of a page, or with 304 to whoever has them."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        self._documents = documents

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        """Return the response."""
        progress.sent.set()
        progress.answered = True
        if headers:
            return Response(304, {})
        parts = urlsplit(url)
        number = int((parts.hostname or "").partition(".")[0][1:])
        body = self._documents[parts.path.strip("/")].replace(PAGE.encode(), b"%05d" % number)
        return Response(200, {"etag": GOOD}, body)


def run(folder: Path, kind: str, count: int) -> RunReport:
    """Run once over so many pages."""
    wire = TemplateWire(templates())

    @asynccontextmanager
    async def connect(_: Page, until: float) -> AsyncIterator[Client]:
        yield Client(wire, until)

    pages = tuple(
        Page(key=f"p{number}", name=f"P{number}", url=f"https://p{number}.bench.test", platform=kind)
        for number in range(count)
    )
    config = Config(pages=pages, state=folder / "state.json")
    options = ReadOptions(timeout=NO_LIMIT, deadline=NO_LIMIT, concurrency=128)
    one_run = Run(config=config, pages=pages, store=StateFile(config.state), options=options, connect=connect)
    return check(one_run, datetime.now(UTC), lambda _: None, deliver_report((), partial=False))


def run_measured(folder: Path, kind: str, count: int) -> None:
    """Run once, in this process, and print what loading the state costs alone."""
    gc.set_threshold(20_000, 50, 50)  # as the command does
    started = time.process_time()
    StateFile(folder / "state.json").load()
    load = time.process_time() - started
    report = run(folder, kind, count)
    if report.failed:
        sys.exit(f"{report.failed[0].page.key}: {report.failed[0].failure}")
    print(json.dumps({"load": load * 1000, "changed": report.changed}))  # noqa: T201


def measure(folder: Path, kind: str, count: int, *, changes: bool) -> Figures:
    """Run once in a process of its own. Raises SystemExit where the state changed against expectation."""
    command = [sys.executable, "-m", "tests.proofs.bench.growth", str(folder), kind, str(count)]
    output = folder / "output"
    with output.open("wb") as stdout:
        actions = [(os.POSIX_SPAWN_DUP2, stdout.fileno(), 1)]
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    printed: dict[str, Any] = json.loads(output.read_bytes() or "{}")
    if code or printed["changed"] is not changes:
        sys.exit(f"exit {code}, {printed}: not the run that was to be measured")
    return Figures(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, printed["load"])


def rows_of(kind: str, sizes: Sequence[int]) -> list[str]:
    """Return a row of the table for each size."""
    rows = []
    for count in sizes:
        with tempfile.TemporaryDirectory(prefix="statuswatch-growth-") as name:
            folder = Path(name)
            first = measure(folder, kind, count, changes=True)
            size = (folder / "state.json").stat().st_size
            calm = measure(folder, kind, count, changes=False)
        cells = [f"{count:,} of {documents_of(kind)}", f"{size / 1e6:.1f} MB", f"{size / count:,.0f}"]
        cells += [f"{first.cpu:.2f} s, {first.memory:.0f} MB", f"{calm.load:.0f} ms"]
        cells += [f"{calm.cpu:.2f} s, {calm.memory:.0f} MB"]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def main(sizes: Sequence[int]) -> None:
    """Print the table."""
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}. A page lists 50 past "
        "incidents of 4 updates and 35 components.",
        "",
        f"| {' | '.join(HEAD)} |",
        "|---" * len(HEAD) + "|",
    ]
    for kind in DOCUMENTS:
        lines += rows_of(kind, sizes)
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    if len(sys.argv) == 4 and not sys.argv[1].isdigit():
        run_measured(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
    else:
        main([int(word) for word in sys.argv[1:]] or PAGES)

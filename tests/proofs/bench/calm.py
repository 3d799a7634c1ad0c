"""The cost of a calm run without the network: `python -m tests.proofs.bench.calm CONFIG ROOT 304|200`.

It is a run as the command does it, but for its wire: every page answers 304, or its documents come from the origin's
folder. Prints milliseconds of CPU by part. The parsing of documents is a part of its own, and so is the reading: the
tasks, the client and the rounds of requests, which a run has whatever it remembers.
"""

import gc
import gzip
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import msgspec

from statuswatch.config.load import load_config
from statuswatch.delivery.deliver import deliver_report
from statuswatch.model.page import Failure, Page
from statuswatch.model.report import RunReport
from statuswatch.model.state import State
from statuswatch.net.client import Client
from statuswatch.net.response import Progress, Response
from statuswatch.pipeline import check, run_of
from statuswatch.platforms import PLATFORMS
from statuswatch.reading import gather, part, plan
from statuswatch.state import StateFile

Seconds = dict[str, float]  # of CPU, by part


class DiskWire:
    """Answers at once: 304 to every request, or with the document that the origin would send."""

    def __init__(self, www: Path | None) -> None:
        self._www = www

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        """Return the response."""
        progress.sent.set()
        progress.answered = True
        if self._www is None:
            assert headers, "a calm run sends its validators"
            return Response(304, {})
        parts = urlsplit(url)
        path = self._www / (parts.hostname or "") / parts.path.strip("/")
        body = gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes())
        return Response(200, {}, body)


class TimedFile(StateFile):
    """A state file that counts the CPU of its load."""

    def __init__(self, path: Path, seconds: Seconds) -> None:
        super().__init__(path)
        self._seconds = seconds

    def load(self) -> State:
        """Load the state."""
        started = time.process_time()
        state = super().load()
        self._seconds["load"] += time.process_time() - started
        return state


def timed(function: Callable[..., Any], part: str, seconds: Seconds) -> Callable[..., Any]:
    """Return the function, with its CPU counted."""

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        started = time.process_time()
        try:
            return function(*arguments, **options)
        finally:
            seconds[part] += time.process_time() - started

    return call


def count_parts(seconds: Seconds) -> None:
    """Count the CPU of parsing, of decoding states and of comparing, wherever a run calls for it."""
    parsers: list[ModuleType] = [platform for platform in PLATFORMS.values() if isinstance(platform, ModuleType)]
    for platform in parsers:
        vars(platform)["parse"] = timed(vars(platform)["parse"], "documents", seconds)
    vars(gather)["needs_all_entries"] = timed(vars(gather)["needs_all_entries"], "compare", seconds)
    vars(plan)["reconcile"] = timed(vars(plan)["reconcile"], "compare", seconds)
    vars(part)["decode_state"] = timed(vars(part)["decode_state"], "decode", seconds)
    vars(part)["run_loop"] = timed(vars(part)["run_loop"], "reading", seconds)


def main(config: Path, root: Path, answer: str) -> None:
    """Run once, and print the parts."""
    seconds: Seconds = defaultdict(float)
    wire = DiskWire(None if answer == "304" else root / "www")

    @asynccontextmanager
    async def connect(_: Page, until: float) -> AsyncIterator[Client]:
        yield Client(wire, until)

    gc.set_threshold(20_000, 50, 50)  # as the command does
    count_parts(seconds)
    settings = load_config(config, os.environ, config.parent)
    run = run_of(settings, conditional=answer == "304")
    run = msgspec.structs.replace(run, store=TimedFile(settings.state, seconds), connect=connect)
    started = time.process_time()
    report = check(run, datetime.now(UTC), lambda _: None, deliver_report((), partial=False))
    total = time.process_time() - started
    seconds["reading"] -= sum(seconds[part] for part in ("documents", "decode", "compare"))
    seconds["decide"] = total - sum(seconds.values())
    if not is_calm(report):
        sys.exit("it was no calm run")
    print(json.dumps({part: cpu * 1000 for part, cpu in seconds.items()}))  # noqa: T201


def is_calm(report: RunReport) -> bool:
    """Return whether nothing happened: no event, no failure, nothing to save."""
    quiet = not (report.changed or report.events)
    return quiet and not any(page.failure or page.dirty or page.is_baseline for page in report.pages)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

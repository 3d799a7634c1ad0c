"""What a calm run costs but for the network: `python -m tests.proofs.bench.calm CONFIG ROOT 304|200`, in a process of its own.

It is the run itself, but that every page answers 304, or that its documents come from the origin's folder. They are
understood when the turn of their page comes, as in a run, and that is told apart. Prints milliseconds of CPU by part.
"""

import gc
import gzip
import json
import os
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from statuswatch import pipeline
from statuswatch.config.load import load_config
from statuswatch.model.page import NotModified, Page, PageSnapshot
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import PageState
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput
from statuswatch.rules.reconcile import reconcile
from statuswatch.state import StateFile


def understand(page: Page, known: PageState, www: Path) -> PageSnapshot:
    platform, host = PLATFORMS[page.platform], urlsplit(page.url).hostname or ""
    documents = {}
    for document in platform.documents(page):
        path = www / host / urlsplit(document.url).path.strip("/")
        documents[document.name] = gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes())
    return PageSnapshot(platform.parse(ParseInput(page, documents, known)), known.validators, platform.PARSER_VERSION)


def main(config: Path, root: Path, answer: str) -> None:
    took: dict[str, float] = defaultdict(float)
    clock, load = time.process_time, StateFile.load

    async def watch(_trust: Any, _config: Any, page: Page, known: PageState, now: datetime, **_: Any) -> PageOutcome:
        begun = clock()
        result = NotModified() if answer == "304" else understand(page, known, root / "www")
        understood = clock()
        review = reconcile(page, known, result, now)
        took["documents"] += understood - begun
        took["compare"] += clock() - understood
        return review

    def timed(file: StateFile) -> dict[str, bytes]:
        begun = clock()
        pages = load(file)
        took["load"] += clock() - begun
        return pages

    gc.set_threshold(20_000, 50, 50)  # as the command does
    pipeline.read_page = watch  # type: ignore[assignment]
    StateFile.load = timed  # type: ignore[assignment, method-assign]
    settings = load_config(config, os.environ, config.parent)
    begun = clock()
    report = pipeline.check(settings, datetime.now(UTC), lambda _: None)
    took["decode and decide"] = clock() - begun - sum(took.values())
    if report.changed or report.events or any(it.failed or it.dirty or it.baseline for it in report.pages):
        sys.exit("it was no calm run")
    print(json.dumps({part: seconds * 1000 for part, seconds in took.items()}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

"""What a calm run costs but for the network: `python -m tests.bench.calm CONFIG ROOT 304|200`, in a process of its own.

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

from statuswatch import run
from statuswatch.config import load_config
from statuswatch.model import NotModified, Page, PageMemory, PageReview
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.reading import Reading
from statuswatch.review import Read, review_page
from statuswatch.state import StateFile


def understand(page: Page, known: PageMemory, www: Path) -> Read:
    platform, host = PLATFORMS[page.platform], urlsplit(page.url).hostname or ""
    documents = {}
    for document in platform.documents(page):
        path = www / host / urlsplit(document.url).path.strip("/")
        documents[document.name] = gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes())
    return Read(platform.parse(Reading(page, documents, known)), known.validators, platform.PARSER)


def main(config: Path, root: Path, answer: str) -> None:
    took: dict[str, float] = defaultdict(float)
    clock, load = time.process_time, StateFile.load

    async def watch(_trust: Any, _config: Any, page: Page, known: PageMemory, now: datetime, **_: Any) -> PageReview:
        begun = clock()
        result = NotModified() if answer == "304" else understand(page, known, root / "www")
        understood = clock()
        review = review_page(page, known, result, now)
        took["documents"] += understood - begun
        took["compare"] += clock() - understood
        return review

    def timed(file: StateFile) -> dict[str, bytes]:
        begun = clock()
        pages = load(file)
        took["load"] += clock() - begun
        return pages

    gc.set_threshold(20_000, 50, 50)  # as the command does
    run.watch = watch  # type: ignore[assignment]
    StateFile.load = timed  # type: ignore[assignment, method-assign]
    settings = load_config(config, os.environ, config.parent)
    begun = clock()
    report = run.check(settings, datetime.now(UTC), lambda _: None)
    took["decode and decide"] = clock() - begun - sum(took.values())
    if report.changed or report.events or any(it.failed or it.moved or it.baseline for it in report.reviews):
        sys.exit("it was no calm run")
    print(json.dumps({part: seconds * 1000 for part, seconds in took.items()}))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])

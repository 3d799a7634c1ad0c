"""Print what a browser finds wrong with the board: `python -m tests.proofs.browser [--pictures FOLDER]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from statuswatch.render.site import render_site
from tests.proofs.browser.browser import CHROMIUM, NOT_LOOKED_AT, PAGES, SCHEMES, WIDTHS, View, chromium, look
from tests.support.hostile_text import ALL_SPLICES, LONG_TEXTS, MARKUP
from tests.support.sample_board import eventful_board, hostile_board, simulated_board

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playwright.sync_api import Browser

HOSTILE_PAGES = ("index.html", "v/openai.html", "ledger.html")
WIDE = 2000


def findings_of(browser: Browser, pictures: Path | None) -> Iterator[tuple[str, int, list[str]]]:
    """Yield what was looked at, how many pages, and what is wrong with them."""
    eventful, many = render_site(eventful_board()), render_site(simulated_board(100, 2000))
    views = [View(path, width, scheme) for path in PAGES for width in (*WIDTHS, WIDE) for scheme in SCHEMES]
    yield "a board with one of everything", len(views), _look_at(browser, eventful, views, pictures)
    views = [View(path, width, script=False) for path in PAGES for width in WIDTHS]
    yield "the same without a script", len(views), _look_at(browser, eventful, views)
    views = [View("index.html", width, scheme) for width in WIDTHS for scheme in SCHEMES]
    yield "100 vendors", len(views), _look_at(browser, many, [*views, View("ledger.html", 360)])
    texts = (ALL_SPLICES, MARKUP, *(text[:20_000] for text in LONG_TEXTS))
    views = [*(View(path, 360) for path in HOSTILE_PAGES), View("index.html")]
    wrong = [found for text in texts for found in _look_at(browser, render_site(hostile_board(text)), views)]
    yield f"{len(texts)} hostile texts everywhere", len(texts) * len(views), wrong


def _look_at(
    browser: Browser, files: Mapping[str, bytes], views: list[View], pictures: Path | None = None
) -> list[str]:
    wrong = []
    for view in views:
        picture = pictures / f"{view.path.replace('/', '-')}-{view.width}-{view.scheme}.png" if pictures else None
        wrong += [f"{view}: {finding}" for finding in look(browser, files, view, picture=picture).findings]
    return wrong


def main() -> None:
    """Print a row for each kind of board, then everything that is wrong; exit 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of every page")
    pictures = parser.parse_args().pictures
    if CHROMIUM is None:
        sys.stdout.write(f"{NOT_LOOKED_AT}\n")
        return
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []
    with chromium() as browser:
        sys.stdout.write(f"Chromium {browser.version}\n\n| seen | pages | findings |\n|---|---|---|\n")
        for name, pages, findings in findings_of(browser, pictures):
            sys.stdout.write(f"| {name} | {pages} | {len(findings)} |\n")
            sys.stdout.flush()
            wrong += findings
    for finding in wrong:
        sys.stdout.write(f"{finding}\n")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

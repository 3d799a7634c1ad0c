"""A real Chromium looks at the site: layout, accessibility, the content security policy, and life without a script.

The files are answered from memory under an invented address; a request to anything else is a finding.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from playwright.sync_api import Browser, Dialog, Page, Route

_BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM: Final = next(filter(None, map(shutil.which, _BROWSERS)), None)
NOT_LOOKED_AT: Final = "the board in a browser: chromium is not installed (Debian: apt-get install chromium)"
Scheme = Literal["light", "dark"]
WIDTHS: Final = (360, 768, 1440)
SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
PAGES: Final = ("index.html", "v/openai.html", "v/long-key-of-a-vendor.html", "v/down.html", "ledger.html")
HOST: Final = "https://board.example"
_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css",
    "js": "text/javascript",
    "svg": "image/svg+xml",
    "json": "application/json",
    "atom": "application/atom+xml",
}
_WATCH: Final = """
window.reports = [];
document.addEventListener("securitypolicyviolation", event => window.reports.push(event.violatedDirective));
"""
_OVERFLOW: Final = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > width + 1
    && !e.closest(".scroll")).slice(0, 3).map(e => e.tagName + "." + e.className);
}"""


class View(NamedTuple):
    """How a page is looked at. `passed` are the minutes that passed since the read of the board."""

    path: str
    width: int = 1440
    scheme: Scheme = "light"
    script: bool = True
    passed: int = 20

    def __str__(self) -> str:
        return f"{self.path} {self.width} px {self.scheme}{'' if self.script else ' without a script'}"


class Sight(NamedTuple):
    """What was seen: everything that is wrong, and the page's visible text."""

    findings: tuple[str, ...]
    words: str


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def look(
    browser: Browser, files: Mapping[str, bytes], view: View, *, with_axe: bool = True, picture: Path | None = None
) -> Sight:
    """Open a page of the site, and return what is wrong with it."""
    findings: list[str] = []
    context = browser.new_context(
        viewport={"width": view.width, "height": 900}, color_scheme=view.scheme, java_script_enabled=view.script
    )
    try:
        page = context.new_page()
        page.clock.install(time=f"2026-11-28T{6 + (43 + view.passed) // 60:02}:{(43 + view.passed) % 60:02}:00Z")
        page.add_init_script(_WATCH)
        page.route("**/*", lambda route: _answer(route, files, findings))
        page.on("dialog", lambda dialog: _dismiss(dialog, findings))
        page.on("pageerror", lambda error: findings.append(f"error: {error}"))
        page.on("console", lambda message: findings.append(f"console: {message.text}"))
        page.goto(f"{HOST}/{view.path}", wait_until="load")
        findings += [f"overflow: {element}" for element in page.evaluate(_OVERFLOW)]
        if view.script:
            findings += [f"policy: {directive}" for directive in page.evaluate("window.reports")]
            findings += _violations(page) if with_axe else []
        if picture:
            page.screenshot(path=picture, full_page=True)
        return Sight(tuple(findings), page.inner_text("body"))
    finally:
        context.close()


def _answer(route: Route, files: Mapping[str, bytes], findings: list[str]) -> None:
    address = urlsplit(route.request.url)
    path = address.path.removeprefix("/")
    if f"{address.scheme}://{address.netloc}" != HOST or path not in files:
        findings.append(f"request: {route.request.url}")
        route.abort()
        return
    route.fulfill(body=files[path], content_type=_TYPES[path.rpartition(".")[2]])


def _dismiss(dialog: Dialog, findings: list[str]) -> None:
    findings.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def _violations(page: Page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"axe: {violation['id']} ({violation['nodes'][0]['target']})" for violation in violations]

"""The board, seen by a browser: the short form of tests/proofs/browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from statuswatch.render.site import render_site
from tests.proofs.browser.browser import CHROMIUM, NOT_LOOKED_AT, View, chromium, look
from tests.support.hostile_text import ALL_SPLICES
from tests.support.sample_board import eventful_board, hostile_board

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason=NOT_LOOKED_AT)


def test_the_board_in_a_browser() -> None:
    """Nothing overflows, axe finds nothing, and hostile text runs nothing, also without a script.

    A reader whose clock is past "trust until" sees that; a page that breaks the policy would be found.
    """
    files, hostile = render_site(eventful_board()), render_site(hostile_board(ALL_SPLICES))
    with chromium() as browser:
        early = look(browser, files, View("index.html", 360, "dark"))
        late = look(browser, files, View("v/openai.html", 768, passed=121), with_axe=False)
        plain = look(browser, files, View("index.html", script=False))
        assert early.findings == late.findings == plain.findings == ()
        assert look(browser, hostile, View("v/openai.html"), with_axe=False).findings == ()
        assert "This page is stale" not in early.words + plain.words
        assert "This page is stale: nobody has looked since 2026-11-28 06:43 UTC" in late.words
        assert "open 4 h 11 min" in late.words
        assert "CRITICAL · API, Login" in plain.words
        assert_controls_fail(browser, files)


def assert_controls_fail(browser: Browser, files: dict[str, bytes]) -> None:
    """A page with what must not be is found to have it."""
    inline = b'<script>alert(1)</script><img src="https://evil.example/x.png"><p style="width:3000px">wide</p></main>'
    broken = {**files, "index.html": files["index.html"].replace(b"</main>", inline)}
    found = " ".join(look(browser, broken, View("index.html", 360)).findings)
    for finding in ("policy: script-src-elem", "policy: img-src", "policy: style-src-attr", "axe: image-alt"):
        assert finding in found

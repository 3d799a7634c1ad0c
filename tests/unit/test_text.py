"""Vendor text as it is kept: plain characters, its lines, and digests that ignore white space and markup.

STATUSWATCH_EXAMPLES=5000 searches the properties for long.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statuswatch import text
from statuswatch.model.incident import Component
from statuswatch.platforms.parsing import labelled_components
from tests.support.hostile_text import INVISIBLE

searched = settings(
    max_examples=int(os.environ.get("STATUSWATCH_EXAMPLES", "100")),
    derandomize="STATUSWATCH_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
PIECES: Final = (
    "\x1b[1;31m",
    "\x1b[2J",
    "\x9b0m",
    "\x1b]0;title\x07",
    "\x1b]8;;https://evil.example\x1b\\",
    "\x1b",
    "\r\n",
    "\r",
    "\x0b",
    "\x85",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\u200f",
    "\u200b",
    "\u200d",
    "\ufe0f",
    "👩",
    "\u3164",
    "\ufeff",
    "\xad",
    "\U000e0041",
    "\ud83d",
    "\x00",
    "\x7f",
    "\xa0",
    "\u3000",
    "<br />",
    "<BR>",
    "</p><p>",
    "<b>",
    "</b>",
    '<a href="https://evil.example">',
    "<script>",
    "<!-- -->",
    "&lt;",
    "&amp;",
    "&#27;",
    "&#x202e;",
    "&nbsp;",
    "<5 ms",
    "全角",
)
anything = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(st.characters(), max_size=8), st.sampled_from([" ", "a", "word", "\n"])),
    max_size=10,
).map("".join)


def forbidden(cleaned: str, allowed: str = "") -> list[str]:
    """Return the characters that no cleaned text may have."""
    return [
        hex(ord(character))
        for character in cleaned
        if character not in allowed
        and (unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in BIDI)
    ]


# -------------------------------------------------------------------------------------------------------- one line


@searched
@given(anything)
def test_line_is_plain(vendors: str) -> None:
    """Contract 7.10: no control character, ANSI sequence or bidi override is left in a title or a name."""
    assert forbidden(text.line(vendors)) == []


@searched
@given(anything)
def test_line_is_one_line(vendors: str) -> None:
    """A title is one line, its words separated by one space each."""
    cleaned = text.line(vendors)
    assert cleaned.splitlines() == [cleaned][: len(cleaned)]
    assert cleaned == " ".join(cleaned.split())


@searched
@given(anything)
def test_line_is_idempotent(vendors: str) -> None:
    """Cleaning what is clean changes nothing: an id that is plain text equals its line."""
    once = text.line(vendors)
    assert text.line(once) == once


@searched
@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=30))
def test_line_keeps_every_visible_character(vendors: str) -> None:
    """Contract 1: nothing true is lost; letters, digits, punctuation and symbols all stay, in any script."""
    assert text.line(vendors) == vendors.translate(dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0")))


@pytest.mark.parametrize(
    ("vendors", "cleaned"),
    [
        ("  Elevated\tlatency \r\n on API ", "Elevated latency on API"),
        ("\x1b[1;31mDown\x1b[0m", "Down"),
        ("\x9b31mDown", "Down"),
        ("\x1b]0;owned\x07Down", "Down"),
        ("\x1b]8;;https://evil.example\x1b\\Down\x1b]8;;\x1b\\", "Down"),
        ("Login\u202enigoL", "LoginnigoL"),
        ("Log\xadin\ufeff \u2066API\u2069", "Login API"),
        ("A\u2028B\x85C\x0bD", "A B C D"),
        ("half \ud83d a pair", "half a pair"),
        ("Café 東京 👩‍💻 🏳️‍🌈", "Café 東京 👩‍💻 🏳️‍🌈"),
        ("👩🏽‍🚒 ❤️‍🔥 ⚠️ 1️⃣ ©️ 👨‍👩‍👧‍👦", "👩🏽‍🚒 ❤️‍🔥 ⚠️ 1️⃣ ©️ 👨‍👩‍👧‍👦"),
        ("A\u200dPI\ufe0f 👩\u200d 1\ufe0f \u200d👩 👩\u200d\u200d💻 ⚠\ufe0f\ufe0f", "API 👩 1 👩 👩💻 ⚠\ufe0f"),
        ("R&D <beta> &amp; 100 %", "R&D <beta> &amp; 100 %"),
        ("", ""),
    ],
)
def test_line(vendors: str, cleaned: str) -> None:
    """A title or a name is plain text already: only invisible and bidi characters are removed."""
    assert text.line(vendors) == cleaned


@pytest.mark.parametrize("mark", INVISIBLE, ids=ascii)
def test_an_edit_of_what_nobody_sees_is_none(mark: str) -> None:
    """Contract 7.10: invisible characters are removed wherever they stand, so an edit of nothing else is no edit."""
    for clean in (text.line, text.paragraph, text.lines):
        assert clean(f"{mark}Log{mark}in {mark}{mark}API{mark}") == "Login API"


# ------------------------------------------------------------------------------------------------------- a message


@searched
@given(anything)
def test_paragraph_is_plain(vendors: str) -> None:
    """Contract 7.10: but for line ends, no control character, ANSI sequence or bidi override is left in a message.
    Not even where it was spelled as an entity.
    """
    assert forbidden(text.paragraph(vendors), allowed="\n") == []


@searched
@given(anything)
def test_paragraph_has_no_edges(vendors: str) -> None:
    """A message neither begins nor ends with white space, and none of its lines is empty."""
    cleaned = text.paragraph(vendors)
    assert all(part == part.strip() for part in cleaned.split("\n"))
    assert not cleaned or all(cleaned.split("\n"))


@searched
@given(anything)
def test_paragraph_is_idempotent(vendors: str) -> None:
    """Cleaning what is clean changes nothing, but for `<` and `&`: those are text now and would be read as HTML."""
    once = text.paragraph(vendors)
    if "<" not in once and "&" not in once:
        assert text.paragraph(once) == once


@pytest.mark.parametrize(
    ("vendors", "cleaned"),
    [
        ("We are investigating.<br />More soon.", "We are investigating.\nMore soon."),
        ("One<br>two<BR/>three", "One\ntwo\nthree"),
        ("<p>First.</p>\n<p>Second.</p>", "First.\nSecond."),
        ("<div class='x'><strong>API</strong> is <em>slow</em>.</div>", "API is slow."),
        ("<ul><li>API</li><li>Login</li></ul>", "API\nLogin"),
        ('See <a href="https://acme.example/x" target="_blank">details</a>.', "See details."),
        ("<small>May <var data-var='date'>7</var>, <var data-var='time'>00:57</var> UTC</small>", "May 7, 00:57 UTC"),
        ("It&#39;s &quot;fine&quot; &amp; dandy&nbsp;&mdash; 5 &lt; 6", 'It\'s "fine" & dandy — 5 < 6'),
        ("a\r\nb\rc\u2028d", "a\nb\nc\nd"),
        ("  a \n\n\n  b  ", "a\nb"),
        ("\x1b[31mred\x1b[0m &#27;[31mred &#x202e;", "red [31mred"),
        ("First.\\\nSecond.\\ \n\\\nThird, C:\\", "First.\nSecond.\nThird, C:\\"),  # Markdown's line breaks
        ("plain", "plain"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_paragraph(vendors: str, cleaned: str) -> None:
    """The HTML that vendors use is resolved to lines of plain text."""
    assert text.paragraph(vendors) == cleaned


@pytest.mark.parametrize(
    "vendors",
    [
        "latency <5 ms and >3 ms",
        "a < b, c > d, <- and ->",
        "set <your-region> in the console",
        "mail <help@acme.example> or see <https://acme.example>",
        "<script>alert(1)</script>",
        "AT&T, R&D & more",
        "if x<y&&y>z",
        "[bold] **stars** `ticks` | pipes | # 1 @user",
    ],
)
def test_paragraph_keeps_what_is_no_markup(vendors: str) -> None:
    """Contract 1: only tags that vendors use are markup; everything else is text."""
    assert text.paragraph(vendors) == vendors


@pytest.mark.parametrize(
    ("vendors", "cleaned"),
    [
        ("&lt;b&gt;", "<b>"),
        ("&amp;lt;", "&lt;"),
        ("&lt;br&gt;", "<br>"),
        ("&lt;script&gt;", "<script>"),
    ],
)
def test_entities_are_resolved_once(vendors: str, cleaned: str) -> None:
    """Escaped text is resolved once and never read as markup afterwards."""
    assert text.paragraph(vendors) == cleaned


def test_a_character_reference_without_end() -> None:
    """5: a reference to a character of 5,000 digits is no character, and no crash."""
    message = f"See &#{'1' * 5000};"
    assert text.paragraph(message) == message


@pytest.mark.parametrize("query", ["a=1&region=us", "a=1&timestamp=5", "a=1&copy=2", "a=1&section=3", "a=1&notify=x"])
def test_an_address_has_no_entities(query: str) -> None:
    """Contract 1: `&region=us` in an address is no `&reg;`: an entity ends with a semicolon."""
    message = f"See https://status.acme.example/?{query} for more."
    assert text.paragraph(message) == message


@pytest.mark.parametrize(
    ("vendors", "words"),
    [
        ("<table><tr><td>Start</td><td>10:00</td></tr></table>", "Start 10:00"),
        ("<tr><th>Region</th><th>State</th></tr>", "Region State"),
        ("<dl><dt>API</dt><dd>slow</dd></dl>", "API slow"),
    ],
)
def test_cells_do_not_run_together(vendors: str, words: str) -> None:
    """Words that a vendor's HTML shows apart stay apart."""
    assert text.paragraph(vendors).split() == words.split()


# --------------------------------------------------------------------------------------------------------- digests


words = st.lists(st.text("abcdefghäöü漢字.,:", min_size=1, max_size=6), min_size=1, max_size=8)
gaps = st.sampled_from([" ", "  ", "\n", "\r\n", "\t", "<br />", "<br>\n", "</p><p>", "&nbsp;", " \u200e"])
frames = st.sampled_from(
    ["{}", "<b>{}</b>", "<strong>{}</strong>", '<a href="https://acme.example">{}</a>', "{}\x1b[0m"]
)


@searched
@given(words, st.data())
def test_digest_ignores_white_space_and_markup(message: list[str], data: st.DataObject) -> None:
    """Contract 4: white space and markup of a body are never compared."""
    framed = [data.draw(frames).format(word) for word in message]
    styled = framed[0] + "".join(data.draw(gaps) + word for word in framed[1:])
    assert text.digest(text.paragraph(f"<p>{styled}</p>")) == text.digest(text.paragraph(" ".join(message)))


@searched
@given(anything, anything)
def test_digest_differs_with_the_text(one: str, other: str) -> None:
    """Contract 4: a body with other text has another digest, so an edit is reported."""
    one, other = text.paragraph(one), text.paragraph(other)
    assert (text.digest(one) == text.digest(other)) is (one.split() == other.split())


@searched
@given(anything.map(text.paragraph))
def test_digest_has_6_characters(cleaned: str) -> None:
    """Whatever the text, its digest has 6 characters: state.json can rely on its place."""
    assert re.fullmatch(r"[A-Za-z0-9+/]{6}", text.digest(cleaned))


def test_digests_never_change() -> None:
    """Contract 6: digests stand in state.json, so they are the same in every process and every version."""
    assert text.digest("We are investigating.") == text.digest(" We  are\ninvestigating. ") == "9jntfg"
    assert text.digest("") == "AAAAAA"
    assert text.word_digest("investigating") == "ND"


def test_statuses_have_digests_of_their_own() -> None:
    """Contract 4: a changed status of an update is reported: no two statuses in use share a short digest."""
    statuses = {"investigating", "identified", "monitoring", "resolved", "postmortem", "update", "active", "ok"}
    statuses |= {"scheduled", "in_progress", "verifying", "completed", "open", "closed", "false", "available"}
    statuses |= {"service_information", "service_disruption", "service_outage", "maintenance", "failing"}
    assert len({text.word_digest(status) for status in statuses}) == len(statuses)


@pytest.mark.parametrize(
    ("vendor_text", "cleaned"),
    [
        ("We found it.\\\nA fix is out.", "We found it.\nA fix is out."),
        ("We found it.\\\r\n\\\r\nA fix is out.\\", "We found it.\nA fix is out."),
        ("We found it. \\<br>A fix is out.", "We found it.\nA fix is out."),
        ("Slow\\", "Slow"),
        ("Slow \\ \\", "Slow"),
        ("Files in C:\\Temp\\ and D:\\", "Files in C:\\Temp\\ and D:\\"),
        ("A share \\\\server\\share\\\nis gone.", "A share \\\\server\\share\\\nis gone."),
        ("a\\b stays", "a\\b stays"),
    ],
)
def test_markdown_line_breaks_leave_no_backslash(vendor_text: str, cleaned: str) -> None:
    """5: the backslash of a Markdown line break is markup; one of a path is text."""
    assert text.paragraph(vendor_text) == cleaned
    assert text.paragraph(cleaned) == cleaned


@pytest.mark.parametrize(
    "words",
    [
        "No components were affected by this update.",
        "No components were affected by this update",
        "no services affected",
        "None of the systems are impacted",
        "None",
        "N/A",
        "-",
    ],
)
def test_words_that_name_no_component(words: str) -> None:
    """5: that no component was affected names nothing, on any platform; a name that begins so does."""
    assert labelled_components([(words, ""), ("No-code editor", ""), ("Nonesuch", "")], {}) == (
        Component("No-code editor"),
        Component("Nonesuch"),
    )

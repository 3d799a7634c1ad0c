"""Badges: an SVG for each vendor, and the same in the JSON that Shields reads.

What is not known is grey, never green.
"""

from typing import Final

from statuswatch.model.board import Board
from statuswatch.model.incident import Impact
from statuswatch.model.report import OpenCounts, PageStatus
from statuswatch.render import jsonlines
from statuswatch.render.site.markup import escape

CACHE_SECONDS: Final = 300  # the least that Shields accepts
MAX_LABEL: Final = 40  # characters
_WORST_FIRST: Final = (Impact.CRITICAL, Impact.MAJOR, Impact.MINOR, Impact.UNKNOWN, Impact.NONE, Impact.MAINTENANCE)
# The message, Shields' name of its colour, and the colour of our own picture: white text on it is readable.
_GREY: Final = ("lightgrey", "#5b6470")
_CALM: Final = ("brightgreen", "#2c7a3d")
_MAINTENANCE: Final = ("blue", "#2f66a8")
_COLOURS: Final = {
    Impact.CRITICAL: ("red", "#b3261e"),
    Impact.MAJOR: ("orange", "#b4510f"),
    Impact.MINOR: ("yellow", "#8a6100"),
    Impact.UNKNOWN: ("blueviolet", "#6d55b5"),
    Impact.NONE: ("blue", "#2f66a8"),
    Impact.MAINTENANCE: ("blue", "#2f66a8"),
}
_NARROW: Final = frozenset("fijlrtIJ.,:;'|!()[] -1")
_WIDE: Final = frozenset("mwMWGOQ@%&")


def render(board: Board) -> dict[str, str]:
    """Return both badges of each vendor."""
    files = {}
    for page in board.pages:
        message, (colour_name, colour) = _message(page.status, board)
        label = page.page.name[:MAX_LABEL]
        files[f"badge/{page.page.key}.svg"] = _picture(label, message, colour)
        files[f"badge/{page.page.key}.json"] = _document(label, message, colour_name)
    return files


def _message(status: PageStatus, board: Board) -> tuple[str, tuple[str, str]]:
    if status.unknown:
        return "not known", _GREY
    opened = OpenCounts.of(status.open.values(), board.at)
    if opened.incidents:
        impacts = {entry.record.impact for entry in board.view.incidents if entry.page.key == status.page.key}
        worst = next(impact for impact in _WORST_FIRST if impact in impacts)
        words = "" if worst in (Impact.UNKNOWN, Impact.NONE, Impact.MAINTENANCE) else f", {worst}"
        return f"{opened.incidents} open{words}", _COLOURS[worst]
    if opened.in_progress:
        return "maintenance", _MAINTENANCE
    return "nothing open", _CALM


def _document(label: str, message: str, colour: str) -> str:
    fields = {"schemaVersion": 1, "label": label, "message": message, "color": colour, "cacheSeconds": CACHE_SECONDS}
    return f"{jsonlines.encode(fields)}\n"


def _picture(label: str, message: str, colour: str) -> str:
    left, right = _width(label) + 12, _width(message) + 12
    width, words = left + right, escape(f"{label}: {message}")
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{words}">
<title>{words}</title>
<clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
<g clip-path="url(#r)"><rect width="{left}" height="20" fill="#3b424b"/>\
<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="6" y="14" textLength="{left - 12}" lengthAdjust="spacingAndGlyphs">{escape(label)}</text>
<text x="{left + 6}" y="14" textLength="{right - 12}" lengthAdjust="spacingAndGlyphs">{message}</text>
</g>
</svg>
"""


def _width(words: str) -> int:
    """Return about how wide the text is in pixels: a picture has no layout, and readers have other fonts."""
    return round(sum(_character_width(character) for character in words))


def _character_width(character: str) -> float:
    if character in _NARROW:
        return 4.4
    if character in _WIDE or character > "\u2e7f":
        return 10.5
    return 7.6 if character.isupper() else 6.6

"""HTML and XML by hand: escaping, links, times, and the frame of every page.

All text of vendors goes through `escape`, all addresses of vendors through `outward`: nothing else writes them.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from html import escape as escape_markup
from typing import Final

from statuswatch.model.board import Board
from statuswatch.model.history import PastIncident
from statuswatch.model.incident import Impact
from statuswatch.render import jsonlines, phrases

# What neither HTML nor XML 1.0 may contain, escaped or not.
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)
IMPACT_WORDS: Final = {
    Impact.CRITICAL: "critical",
    Impact.MAJOR: "major",
    Impact.MINOR: "minor",
    Impact.UNKNOWN: "impact not stated",
    Impact.NONE: "no impact",
    Impact.MAINTENANCE: "no impact",
}


def escape(words: str) -> str:
    """Return text that is nothing but text in HTML and XML, in an element or a quoted attribute."""
    return escape_markup(_FORBIDDEN.sub("", words))


def outward(url: str, words: str) -> str:
    """Return a link to a vendor's address, in a form that vouches for nothing; where it is no web address, the text."""
    if not is_web_address(url):
        return escape(words)
    return f'<a href="{escape(url)}" rel="nofollow noopener noreferrer">{escape(words)}</a>'


def is_web_address(url: str) -> bool:
    """Return whether a link may lead to the address."""
    return url.startswith(("https://", "http://"))


def vendor_path(key: str) -> str:
    """Return the path of a vendor's page."""
    return f"v/{key}.html"


def anchor(incident_id: str) -> str:
    """Return the anchor of an incident on its vendor's page: no text of a vendor, and always the same."""
    return f"i-{hashlib.sha256(incident_id.encode()).hexdigest()[:10]}"


def age(moment: datetime, now: datetime) -> str:
    """Return a length of time up to the read; the script keeps it current."""
    words = phrases.ago(moment, now).removesuffix(" ago")
    live = "" if words.startswith("dated") else ' class="age"'
    return f'<time{live} datetime="{jsonlines.moment(moment)}" title="{phrases.minute(moment)}">{words}</time>'


def minute(moment: datetime) -> str:
    """Return a time to the minute."""
    return f'<time datetime="{jsonlines.moment(moment)}">{phrases.minute(moment)}</time>'


def status_word(status: str) -> str:
    """Return a status as people write it, escaped."""
    return escape(status.replace("_", " "))


def joined(parts: Iterable[str]) -> str:
    """Return the parts that are not empty, with a dot between them."""
    return " · ".join(part for part in parts if part)


def muted_mark(incident: PastIncident, *, muted: bool) -> str:
    """Return the mark of an incident of which events were held back."""
    return '<span class="mark">muted</span>' if muted or incident.muted else ""


def frame(board: Board, title: str, body: str, *, root: str = "", feed: str = "feed.atom", current: str = "") -> str:
    """Return a whole page.

    `root` leads from it to the folder of the site; `current` is the page itself, in the navigation.
    """
    links = [
        ("index.html", "Board"),
        ("ledger.html", "Ledger"),
        (feed, "Atom"),
        ("maintenance.ics", "Calendar"),
        ("api/status.json", "JSON"),
    ]
    mark = ' aria-current="page"'
    navigation = "\n".join(
        f'<a href="{root}{path}"{mark if path == current else ""}>{words}</a>' for path, words in links
    )
    until = jsonlines.moment(board.trust_until)
    trust = f"As of {minute(board.at)} · trust until {minute(board.trust_until)}: later than that, this page is stale."
    return f"""<!doctype html>
<html lang="en" data-until="{until}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="{root}icon.svg">
<link rel="stylesheet" href="{root}style.css">
<link rel="alternate" type="application/atom+xml" title="Incidents" href="{root}{feed}">
<script src="{root}board.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header>
<p class="site"><a href="{root}index.html">Vendor status</a></p>
<nav aria-label="Site">
{navigation}
</nav>
<p class="asof">{trust}</p>
</header>
<p id="stale" role="status" hidden>This page is stale: nobody has looked since {phrases.minute(board.at)}. \
What it shows may be over, and more may be open.</p>
<main id="main">
{body}
</main>
</body>
</html>
"""

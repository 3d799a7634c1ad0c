"""The document: the feed's own elements and its entries, or where the feed may be instead."""

import re
from contextlib import suppress
from datetime import datetime
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.page import Page
from statuswatch.platforms.parsing import MissingPageIdError, incident_link, parse_syndication, without_bom
from statuswatch.platforms.rss.entry import Entry, dates, moment

LARGEST: Final = 1_000_000  # bytes that are looked at, which takes a quarter of a second
LARGEST_HTML: Final = 200_000  # bytes
MOST: Final = 500  # entries that are looked at
_PLACES: Final = (
    "/history.atom",
    "/history.rss",
    "/feed.atom",
    "/feed.rss",
    "/rss",
    "/feed",
    "/en-us/status/feed/",
)
_CANDIDATES: Final = 10
_PROLOG: Final = re.compile(rb"(?:\s++|(?><\?.*?\?>)|(?><!--.*?-->))*+", re.DOTALL)
_ROOT: Final = re.compile(rb"<(?:[\w.-]{1,20}:)?(?:rss|feed|RDF)[\s/>]")
_TYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html)", re.IGNORECASE)


def is_feed(body: bytes) -> bool:
    try:
        return _ROOT.match(_unprefixed(without_bom(body))) is not None
    except UnicodeDecodeError:
        return False


def _unprefixed(plain: bytes) -> bytes:
    """Without the declaration of the encoding, comments and instructions that may come before the first element."""
    prolog = _PROLOG.match(plain)
    return plain[prolog.end() :] if prolog else plain


def decode(body: bytes) -> tuple[Entry, list[Entry]]:
    """The feed's own elements, and its entries as listed. Raises FeedError, also for one that was cut.

    Of a long one only the beginning is looked at, where the newest entries come first.
    """
    try:
        plain = without_bom(body)
    except UnicodeDecodeError as error:
        raise FeedError(f"feed: {text.line(str(error))}") from error
    start = _unprefixed(plain)
    if not _ROOT.match(start):
        if _HTML.search(plain[:1024]):
            raise FeedError("feed: HTML instead of a feed")
        if _TYPE.match(start):
            raise FeedError("feed: it declares a document type, which no feed needs")
        raise FeedError("feed: neither RSS nor Atom")
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        plain = start  # its declaration speaks of the encoding that it had
    is_long = len(plain) > LARGEST
    if is_long:
        cut = max(plain.rfind(end, 0, LARGEST) for end in (b"</item>", b"</entry>"))
        if cut < 0:
            raise FeedError(f"feed: an entry of more than {LARGEST} bytes")
        plain = plain[:cut] + plain[max(plain.rfind(end) for end in (b"</item>", b"</entry>")) :]
    import feedparser  # slow, and not needed where nothing changed

    document = parse_syndication(plain, "feed", sanitize_html=False, resolve_relative_uris=False)
    fault = document.get("bozo_exception")
    if fault is not None and not isinstance(fault, feedparser.exceptions.ThingsNobodyCaresAboutButMe):
        raise FeedError(f"feed: {text.line(str(fault))}") from fault
    if not document.version:
        raise FeedError("feed: neither RSS nor Atom")
    entries: list[Entry] = [dict(entry) for entry in document.entries]  # aliases of other names warn
    if is_long or len(entries) > MOST:
        entries = entries[:MOST]
        times = [when for entry in entries if (when := _when(entry))]
        if times and times[0] < times[-1]:
            raise FeedError("feed: too long to look at all of it, and its newest entries do not come first")
    return dict(document.feed), entries


def _when(entry: Entry) -> datetime | None:
    try:
        return dates(entry, None).changed
    except (OverflowError, ValueError):
        return None


def built_at(head: Entry) -> datetime | None:
    try:
        return moment(head, "updated") or moment(head, "published")
    except (OverflowError, ValueError):
        return None


class _Links(HTMLParser):
    """The feeds that a page names in its HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        it = dict(attrs)
        kind = (it.get("type") or "").lower()
        named = "alternate" in (it.get("rel") or "").lower().split() and kind in (
            "application/rss+xml",
            "application/atom+xml",
        )
        if tag == "link" and named and (href := it.get("href")):
            self.found.append(href)


def unidentified(page: Page, body: bytes | None) -> MissingPageIdError:
    links = _Links()
    with suppress(AssertionError):  # what html.parser says to a marked section
        links.feed((body or b"")[:LARGEST_HTML].decode(errors="replace"))
    before = () if body else (page.url,)
    places = (*(f"{page.url}{place}" for place in _PLACES), *(urljoin(page.url, place) for place in _PLACES))
    ids = (*before, *(incident_link(href, page) for href in links.found), *places)
    fresh = [it for it in dict.fromkeys(ids) if not (body and it == page.url)]
    return MissingPageIdError("feed: its address is not known", *fresh[:_CANDIDATES])

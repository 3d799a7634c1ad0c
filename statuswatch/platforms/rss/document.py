"""The document: bytes in, the feed's head and its entries out.

Of a long feed only the beginning is read. The newest entries stand there, or the feed is refused.
"""

import re
from datetime import datetime
from typing import Any, Final

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.platforms.parsing import parse_syndication, without_bom
from statuswatch.platforms.rss.entry import Elements, Entry, read_dates, read_entry, read_time

MAX_BYTES: Final = 1_000_000  # that are parsed: they take a quarter of a second
MAX_ENTRIES: Final = 500  # that are read
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_ENTRY_ENDS: Final = (b"</item>", b"</entry>")
_PROLOG: Final = re.compile(rb"(?:\s++|(?><\?.*?\?>)|(?><!--.*?-->))*+", re.DOTALL)
_ROOT: Final = re.compile(rb"<(?:[\w.-]{1,20}:)?(?:rss|feed|RDF)[\s/>]")
_DOCUMENT_TYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html)", re.IGNORECASE)


class FeedHead(msgspec.Struct, frozen=True):
    """The feed's own elements. `built_at` is the date it states of itself."""

    id: str
    link: str
    title: str
    built_at: datetime | None


class FeedDocument(msgspec.Struct, frozen=True):
    """A decoded feed, its entries in the order listed."""

    head: FeedHead
    entries: tuple[Entry, ...]


def is_feed(body: bytes) -> bool:
    """Return whether the document's root element is that of a feed."""
    try:
        return _ROOT.match(_without_prolog(without_bom(body))) is not None
    except UnicodeDecodeError:
        return False


def decode(body: bytes) -> FeedDocument:
    """Return the feed's head and entries. Raises FeedError, also for a document that was cut off."""
    xml = _checked(body)
    is_long = len(xml) > MAX_BYTES
    parsed = _parse(_without_older_entries(xml) if is_long else xml)
    listed: list[Any] = parsed.entries
    # As plain dicts: feedparser's own look for other names of what is absent, with a warning.
    entries = tuple(read_entry(dict(elements)) for elements in listed[:MAX_ENTRIES])
    if is_long or len(listed) > MAX_ENTRIES:
        _check_newest_first(entries)
    return FeedDocument(_head(dict(parsed.feed)), entries)


def _checked(body: bytes) -> bytes:
    """Return the XML, if it is a feed's. Raises FeedError."""
    try:
        xml = without_bom(body)
    except UnicodeDecodeError as error:
        raise FeedError(f"feed: {text.line(str(error))}") from error
    start = _without_prolog(xml)
    if not _ROOT.match(start):
        raise FeedError(f"feed: {_fault(xml, start)}")
    was_utf_16 = body.startswith(_UTF_16)  # the declaration in the prolog still says so
    return start if was_utf_16 else xml


def _fault(xml: bytes, start: bytes) -> str:
    """Return the reason why a document is no feed; `start` is where its first element begins."""
    if _HTML.search(xml[:1024]):
        return "HTML instead of a feed"
    if _DOCUMENT_TYPE.match(start):
        return "it declares a document type, which no feed needs"
    return "neither RSS nor Atom"


def _without_prolog(xml: bytes) -> bytes:
    """Return the document without the declaration, comments and instructions before its first element."""
    prolog = _PROLOG.match(xml)
    return xml[prolog.end() :] if prolog else xml


def _without_older_entries(xml: bytes) -> bytes:
    """Return the entries that lie within the limit, and the end of the document, which shows that it is whole.

    Raises FeedError where not even one entry lies within the limit.
    """
    cut = max(xml.rfind(end, 0, MAX_BYTES) for end in _ENTRY_ENDS)
    if cut < 0:
        raise FeedError(f"feed: an entry of more than {MAX_BYTES} bytes")
    last = max(xml.rfind(end) for end in _ENTRY_ENDS)
    return xml[:cut] + xml[last:]


def _parse(xml: bytes) -> Any:
    """Return feedparser's result. Raises FeedError where the document is not well-formed."""
    import feedparser  # slow, and not needed where nothing changed

    parsed = parse_syndication(xml, "feed", sanitize_html=False, resolve_relative_uris=False)
    fault = parsed.get("bozo_exception")
    if fault is not None and not isinstance(fault, feedparser.exceptions.ThingsNobodyCaresAboutButMe):
        raise FeedError(f"feed: {text.line(str(fault))}") from fault
    if not parsed.version:
        raise FeedError("feed: neither RSS nor Atom")
    return parsed


def _head(elements: Elements) -> FeedHead:
    return FeedHead(
        id=str(elements.get("id") or ""),
        link=str(elements.get("link") or ""),
        title=str(elements.get("title") or ""),
        built_at=_built_at(elements),
    )


def _built_at(elements: Elements) -> datetime | None:
    try:
        return read_time(elements.get("updated_parsed")) or read_time(elements.get("published_parsed"))
    except (OverflowError, ValueError):
        return None


def _check_newest_first(entries: tuple[Entry, ...]) -> None:
    """Raise FeedError where the part of a long feed that was read is its older one."""
    times = [changed for entry in entries if (changed := _changed_at(entry))]
    if times and times[0] < times[-1]:
        raise FeedError("feed: too long to look at all of it, and its newest entries do not come first")


def _changed_at(entry: Entry) -> datetime | None:
    try:
        return read_dates(entry, None).changed
    except (OverflowError, ValueError):
        return None

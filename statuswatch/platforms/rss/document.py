"""The document: bytes in, the feed's head and its entries out, each with its elements as text and its dates.

Of a long feed only the beginning is read. The newest entries stand there, or the feed is refused.
"""

import re
from calendar import timegm
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.platforms.parsing import clean_title, from_epoch, parse_syndication, without_bom

MAX_BYTES: Final = 1_000_000  # that are parsed: they take a quarter of a second
MAX_ENTRIES: Final = 500  # that are read
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_ENTRY_ENDS: Final = (b"</item>", b"</entry>")
_PROLOG: Final = re.compile(rb"(?:\s++|(?><\?.*?\?>)|(?><!--.*?-->))*+", re.DOTALL)
_ROOT: Final = re.compile(rb"<(?:[\w.-]{1,20}:)?(?:rss|feed|RDF)[\s/>]")
_DOCUMENT_TYPE: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html)", re.IGNORECASE)
Elements = Mapping[str, Any]  # a feed's or an entry's elements, as feedparser names them
TimeParts = tuple[int, ...]  # year, month, day, hour, minute, second … in UTC
_DAY: Final = timedelta(days=1)
_MAX_UPDATING: Final = timedelta(days=90)  # an entry without an `updated` date lists no message later than that


class Entry(msgspec.Struct, frozen=True):
    """An entry of a feed. `title` is plain text, `markup` HTML, and `status` an element of that name.

    The dates are not read yet: one that cannot be understood must cost only its entry. `status` is None where there is
    no such element.
    """

    id: str
    link: str
    title: str
    markup: str
    status: str | None
    categories: tuple[str, ...]
    published: TimeParts | None
    updated: TimeParts | None


class EntryDates(msgspec.Struct, frozen=True):
    """When an entry was published and last changed, and a time that none of its messages is later than."""

    published: datetime
    changed: datetime
    limit: datetime


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


def read_entry(elements: Elements) -> Entry:
    """Return the entry of feedparser's elements."""
    tags = elements.get("tags") or ()
    return Entry(
        id=_string(elements, "id"),
        link=_string(elements, "link"),
        title=clean_title(text.paragraph(_string(elements, "title"))),
        markup=_markup(elements),
        status=_string(elements, "status") if "status" in elements else None,
        categories=tuple(_string(tag, "term") for tag in tags),
        published=elements.get("published_parsed"),
        updated=elements.get("updated_parsed"),
    )


def _markup(elements: Elements) -> str:
    """Return the first content that is not blank, else the summary."""
    for content in elements.get("content") or ():
        value = _string(content, "value")
        if value.strip():
            return value
    return _string(elements, "summary")


def is_dated(entry: Entry) -> bool:
    """Return whether the entry states a date that can be understood."""
    return (entry.published or entry.updated) is not None


def _string(elements: Elements, name: str) -> str:
    return str(elements.get(name) or "")


def read_time(parts: TimeParts | None) -> datetime | None:
    """Return the time in UTC, None where there is none. Raises ValueError or OverflowError."""
    return from_epoch(timegm(parts)) if parts else None


def read_dates(entry: Entry, built_at: datetime | None, first_sight: datetime | None = None) -> EntryDates:
    """Return the dates of the entry; `built_at` is the feed's own date.

    RSS has one date, which may be that of the first message. Cachet's has none: there `first_sight` takes its place.
    Raises ValueError where the entry has no date and was not seen before either.
    """
    published = read_time(entry.published)
    updated = read_time(entry.updated)
    changed = updated or published or first_sight
    if changed is None:
        raise ValueError("no date that can be understood")
    limit = updated or _latest_change(changed, built_at)
    return EntryDates(published or changed, changed, limit + _DAY)


def _latest_change(published: datetime, built_at: datetime | None) -> datetime:
    latest = published + _MAX_UPDATING
    return min(latest, built_at) if built_at else latest

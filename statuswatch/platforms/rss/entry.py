"""One entry of a feed: its elements as text, and its dates."""

from calendar import timegm
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from statuswatch import text
from statuswatch.platforms.parsing import clean_title, from_epoch

Elements = Mapping[str, Any]  # a feed's or an entry's elements, as feedparser names them
TimeParts = tuple[int, ...]  # year, month, day, hour, minute, second … in UTC
_DAY: Final = timedelta(days=1)
_MAX_UPDATING: Final = timedelta(days=90)  # an entry without an `updated` date lists no message later than that


class Entry(msgspec.Struct, frozen=True):
    """An entry of a feed. `title` is plain text, `markup` HTML, and `status` an element of that name.

    The dates are not read yet: one that cannot be understood must cost only its entry.
    """

    id: str
    link: str
    title: str
    markup: str
    status: str
    categories: tuple[str, ...]
    published: TimeParts | None
    updated: TimeParts | None


class EntryDates(msgspec.Struct, frozen=True):
    """When an entry was published and last changed, and a time that none of its messages is later than."""

    published: datetime
    changed: datetime
    limit: datetime


def read_entry(elements: Elements) -> Entry:
    """Return the entry of feedparser's elements."""
    tags = elements.get("tags") or ()
    return Entry(
        id=_string(elements, "id"),
        link=_string(elements, "link"),
        title=clean_title(text.paragraph(_string(elements, "title"))),
        markup=_markup(elements),
        status=_string(elements, "status"),
        categories=tuple(_string(tag, "term").lower() for tag in tags),
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


def _string(elements: Elements, name: str) -> str:
    return str(elements.get(name) or "")


def read_time(parts: TimeParts | None) -> datetime | None:
    """Return the time in UTC, None where there is none. Raises ValueError or OverflowError."""
    return from_epoch(timegm(parts)) if parts else None


def read_dates(entry: Entry, built_at: datetime | None) -> EntryDates:
    """Return the dates of the entry; `built_at` is the feed's own date.

    RSS has one date, which may be that of the first message. Raises ValueError where the entry has none.
    """
    published = read_time(entry.published)
    updated = read_time(entry.updated)
    changed = updated or published
    if changed is None:
        raise ValueError("no date that can be understood")
    limit = updated or _latest_change(changed, built_at)
    return EntryDates(published or changed, changed, limit + _DAY)


def _latest_change(published: datetime, built_at: datetime | None) -> datetime:
    latest = published + _MAX_UPDATING
    return min(latest, built_at) if built_at else latest

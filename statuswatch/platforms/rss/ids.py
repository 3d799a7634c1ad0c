"""The id of an incident, out of the entry's id, its link, or its title."""

import re
from datetime import datetime
from typing import Final

from statuswatch.platforms.parsing import derived_id, identifier
from statuswatch.platforms.rss.addresses import without_scheme
from statuswatch.platforms.rss.channel import Channel
from statuswatch.platforms.rss.entry import Entry

_NUMBER: Final = re.compile(r"incidents?/([\w-]{4,})/?$", re.IGNORECASE | re.ASCII)


def incident_id(channel: Channel, entry: Entry, *, title: str, published: datetime) -> str:
    """Return the vendor's id, else one of the title, and of the date where the feed is a history.

    Of `…incident/NUMBER` only the number counts: it stays when the page moves to another host.
    """
    stated = entry.id or _own_link(channel, entry)
    if not stated:
        return derived_id(title) if channel.only_open else derived_id(title, published.isoformat())
    number = _NUMBER.search(stated)
    try:
        return identifier(number[1] if number else stated)
    except ValueError:
        return derived_id(stated)


def _own_link(channel: Channel, entry: Entry) -> str:
    """Return the entry's link; "" where it is the feed's or the page's, which identifies nothing."""
    shared = (without_scheme(channel.home), without_scheme(channel.page.url))
    return "" if without_scheme(entry.link) in shared else entry.link

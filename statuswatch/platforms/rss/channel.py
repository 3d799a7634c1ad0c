"""The channel: what holds for all entries of a feed."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.page import Page
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import ParseInput, clean_title
from statuswatch.platforms.rss.addresses import host_in
from statuswatch.platforms.rss.document import FeedDocument, FeedHead
from statuswatch.platforms.rss.entry import Entry

_ONLY_OPEN: Final = frozenset({"azure.status.microsoft"})  # identities of feeds that list only what is open


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A feed, apart from its entries. `home` is its link, `records` what is remembered of the page's incidents.

    `only_open`: what is over leaves the feed. `lists_updates`: some entry shows more than its latest update.
    """

    page: Page
    home: str
    identity: str
    built_at: datetime | None
    only_open: bool
    lists_updates: bool
    records: Mapping[str, IncidentRecord]


def read_channel(reading: ParseInput, document: FeedDocument, *, only_open: bool) -> Channel:
    """Return the channel. Raises FeedError where the feed names nothing by which it can be told from another."""
    head = document.head
    identity = _identity(head)
    return Channel(
        page=reading.page,
        home=head.link,
        identity=identity,
        built_at=head.built_at,
        only_open=only_open or identity in _ONLY_OPEN,
        lists_updates=_lists_updates(document.entries),
        records=reading.records,
    )


def _identity(head: FeedHead) -> str:
    """Return the host of the feed's id or link, else its title."""
    identity = host_in(head.id) or host_in(head.link) or clean_title(head.title)
    if not identity:
        raise FeedError("feed: neither its id nor its link nor its title names the page")
    return identity


def _lists_updates(entries: Iterable[Entry]) -> bool:
    return any(entry.markup.count("<small") > 1 for entry in entries)

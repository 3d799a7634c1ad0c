"""Microsoft Azure: an RSS feed, read as `rss` reads it. It lists only what is open, and is empty when nothing is.

Both are recorded. azure.status.microsoft serves the feed from a host of its own, rssfeed.azure.status.microsoft. A page
under another host has it under that host.
"""

from typing import Final
from urllib.parse import urlsplit

from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import ParseInput
from statuswatch.platforms.rss import follow_ups

__all__ = ["PARSER_VERSION", "documents", "follow_ups", "matches", "parse"]

PARSER_VERSION: Final = rss.PARSER_VERSION
_HOST: Final = "azure.status.microsoft"
_PAGE_PATH: Final = "/en-us/status"


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the feed of the page, whose address may be the feed's own."""
    if page.id or page.url.endswith("/status/feed"):
        return rss.documents(page)
    is_azure = urlsplit(page.url).hostname == _HOST
    base = f"https://rssfeed.{_HOST}" if is_azure else page.url.removesuffix(_PAGE_PATH)
    return (Document("feed", f"{base}{_PAGE_PATH}/feed/", required=True),)


def parse(reading: ParseInput, /) -> Feed:
    """Return the feed. Raises FeedError."""
    return rss.read(reading, only_open=True)


def matches(feed: Feed, /) -> bool:
    """Return whether the feed is Azure's, by the page that it names; it may be empty."""
    return feed.identity == _HOST

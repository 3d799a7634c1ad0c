"""Microsoft Azure: a feed in RSS, read as `rss` does. It lists only what is open, and is empty when nothing is
(recorded).

azure.status.microsoft serves it from a host of its own, rssfeed.azure.status.microsoft; anywhere else it stands under
the page's host.
"""

from typing import Final
from urllib.parse import urlsplit

from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import ParseInput
from statuswatch.platforms.rss import follow_ups

__all__ = ["PARSER_VERSION", "documents", "follow_ups", "parse", "matches"]

PARSER_VERSION: Final = rss.PARSER_VERSION
_HOST: Final = "azure.status.microsoft"
_PAGE: Final = "/en-us/status"


def documents(page: Page, /) -> tuple[Document, ...]:
    if page.id or page.url.endswith("/status/feed"):
        return rss.documents(page)
    base = f"https://rssfeed.{_HOST}" if urlsplit(page.url).hostname == _HOST else page.url.removesuffix(_PAGE)
    return (Document("feed", f"{base}{_PAGE}/feed/", required=True),)


def parse(reading: ParseInput, /) -> Feed:
    return rss.read(reading, only_open=True)


def matches(feed: Feed, /) -> bool:
    return feed.identity == _HOST

"""Where a page's feed may be: the addresses that its HTML names, then the usual ones."""

from contextlib import suppress
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

from statuswatch.model.page import Page
from statuswatch.platforms.parsing import MissingPageIdError, incident_link

MAX_CANDIDATES: Final = 10
MAX_HTML: Final = 200_000  # bytes that are searched
_FEED_TYPES: Final = frozenset({"application/rss+xml", "application/atom+xml"})
_USUAL_PATHS: Final = (
    "/history.atom",
    "/history.rss",
    "/feed.atom",
    "/feed.rss",
    "/rss",
    "/feed",
    "/en-us/status/feed/",
)


class _FeedLinks(HTMLParser):
    """The feeds that a page names in its HTML: `<link rel="alternate" type="application/rss+xml" href="…">`."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember the address of a link to a feed."""
        if tag != "link":
            return
        attributes = {name: value or "" for name, value in attrs}
        is_alternate = "alternate" in attributes.get("rel", "").lower().split()
        is_of_feed = attributes.get("type", "").lower() in _FEED_TYPES
        address = attributes.get("href", "")
        if is_alternate and is_of_feed and address:
            self.addresses.append(address)


def missing_address(page: Page, body: bytes | None) -> MissingPageIdError:
    """Return the error that proposes addresses of the feed; `body` is what the page's own address serves."""
    return MissingPageIdError("feed: its address is not known", *_candidates(page, body))


def _candidates(page: Page, body: bytes | None) -> tuple[str, ...]:
    links = _FeedLinks()
    with suppress(AssertionError):  # html.parser raises it for a marked section
        links.feed((body or b"")[:MAX_HTML].decode(errors="replace"))
    addresses = [
        page.url,
        *(incident_link(address, page) for address in links.addresses),
        *(f"{page.url}{path}" for path in _USUAL_PATHS),
        *(urljoin(page.url, path) for path in _USUAL_PATHS),
    ]
    unique = dict.fromkeys(addresses)
    if body:  # it was read, and is no feed
        del unique[page.url]
    return tuple(unique)[:MAX_CANDIDATES]

"""Hund: the Atom feed of the page, read as `rss` reads it.

`state_feed/feed` is the only public document with a list; the API needs a key, and the events of `live/v2/status_page`
come over a connection that does not end. Source: a running client with its description of the feed of
status.bitwarden.com (github.com/gzuercher/status-page-to-chat, `src/adapters/hundAtom.ts`), and three other programs
that request the same address of Bitwarden, Elavon and Qubeyond. No recording.

From these: an entry is one notice about an issue, whose address its link is, `/issues/<id>`; its title begins with the
state, `[Ended] …`, also in the language of the page. So entries with one link are one incident.
"""

from typing import Final

from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import ParseInput
from statuswatch.platforms.rss import follow_ups

__all__ = ["PARSER_VERSION", "documents", "follow_ups", "matches", "parse"]

PARSER_VERSION: Final = rss.PARSER_VERSION
_PATH: Final = "/state_feed/feed"


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the feed of the page, whose address may be the feed's own."""
    base = page.url.removesuffix(".atom").removesuffix(_PATH)
    return (Document("feed", f"{base}{_PATH}", required=True),)


def parse(reading: ParseInput, /) -> Feed:
    """Return the feed. Raises FeedError."""
    return rss.read(reading)


def matches(_feed: Feed, /) -> bool:
    """Return True: no other platform has a feed at that address."""
    return True

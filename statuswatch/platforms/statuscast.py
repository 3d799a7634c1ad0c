"""StatusCast: the RSS feed of the page, read as `rss` reads it.

`rss` has one item for each update; items of one incident share its link, `/incident/<number>`. Source: the test of a
running client with an excerpt of the feed of status.campaignmonitor.com of September 2026. The page's `status.json`,
`components.json` and `incidents.json` were read by another client (github.com/PedroTroller/statuswatch,
`fetchers/statuscast.js`), which shows no time of an incident there, so they are not read.

From these: no item states a status, so an end is known where its text says so in words that cannot mean anything else.
Some pages answer programs with HTTP 403.
"""

import re
from typing import Final

from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import ParseInput
from statuswatch.platforms.rss import follow_ups

__all__ = ["PARSER_VERSION", "documents", "follow_ups", "matches", "parse"]

PARSER_VERSION: Final = rss.PARSER_VERSION
_INCIDENT: Final = re.compile(r"/incident/\d+")


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the feed of the page, whose address may be the feed's own."""
    return (Document("feed", f"{page.url.removesuffix('/rss')}/rss", required=True),)


def parse(reading: ParseInput, /) -> Feed:
    """Return the feed. Raises FeedError."""
    return rss.read(reading)


def matches(feed: Feed, /) -> bool:
    """Return whether the links are those of StatusCast: other software has a feed at that address, too."""
    return bool(feed.incidents) and all(_INCIDENT.search(incident.url) for incident in feed.incidents)

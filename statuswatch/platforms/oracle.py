"""Oracle Cloud Infrastructure: an RSS feed, read as `rss` reads it.

`api/v2/incident-summary.rss` has one item for each incident, its updates in the form of Statuspage's feeds. Source: a
running client that reads this form (a dashboard whose `oci.js` splits title and updates), and eight others that request
the address. No recording. The vendor also documents `status.json` and `components.json`, which list no incidents.

From the client: a title is "service | region | reference".
"""

from typing import Final

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Component, Incident
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import ParseInput, clean_title
from statuswatch.platforms.rss import follow_ups

__all__ = ["PARSER_VERSION", "documents", "follow_ups", "matches", "parse"]

PARSER_VERSION: Final = rss.PARSER_VERSION
_PATH: Final = "/api/v2/incident-summary.rss"


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the feed of the page, whose address may be the feed's own."""
    return (Document("feed", f"{page.url.removesuffix(_PATH)}{_PATH}", required=True),)


def parse(reading: ParseInput, /) -> Feed:
    """Return the feed. Raises FeedError."""
    feed = rss.read(reading)
    return msgspec.structs.replace(feed, incidents=tuple(map(_with_component, feed.incidents)))


def matches(_feed: Feed, /) -> bool:
    """Return True: no other platform has a feed at that address."""
    return True


def _with_component(incident: Incident) -> Incident:
    """Return an incident with the service and the region that its title names."""
    service, _, rest = incident.title.partition(" | ")
    region = rest.partition(" | ")[0]
    if incident.components or not region:
        return incident
    component = Component(clean_title(service), clean_title(region))
    return msgspec.structs.replace(incident, components=(component,), source_quality=STATED_BY_VENDOR)

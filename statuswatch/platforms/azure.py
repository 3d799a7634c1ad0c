"""Microsoft Azure: an RSS feed, read as `rss` reads it. It lists only what is open, and is empty when nothing is.

Both are recorded: four feeds with an item, of 2022 to 2026, and empty ones. azure.status.microsoft serves the feed from
a host of its own, rssfeed.azure.status.microsoft. A page under another host has it under that host.

Oddities, recorded:

- The feed and its items link to the page's host of the time (status.azure.com), or to that of one internal instance.
  All are one page; the address of an instance is shown as the page's own.
- The guid is made of the title. In 2022 and 2025 two incidents had the same one.
- The categories of an item are the services and the regions that it affects, mixed. An item may have none. The code of
  a region, by which Azure's API knows it, is its name in small letters without blanks (learn.microsoft.com, Azure
  regions list, 2026).
- `pubDate` is when the trouble began, and stays; the text is replaced in place. No field states a status or an impact.
"""

import re
from typing import Final
from urllib.parse import urlsplit

import msgspec

from statuswatch.model.incident import Component, Incident
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import ParseInput, region
from statuswatch.platforms.rss import follow_ups

__all__ = ["PARSER_VERSION", "REGION_CODE", "documents", "follow_ups", "matches", "parse"]

PARSER_VERSION: Final = rss.PARSER_VERSION + 2  # components and addresses are read here
REGION_CODE: Final = re.compile(  # a region that is newer than this list stays a service
    r"(?:east|west)us[23]?|(?:north|south|west)?centralus|(?:eastus2|centralus)euap"
    r"|canada(?:central|east)|brazilsouth(?:east)?|(?:chile|mexico)central"
    r"|(?:north|west)europe|uk(?:south|west)|france(?:central|south)|germany(?:westcentral|north)|italynorth"
    r"|switzerland(?:north|west)|norway(?:east|west)|sweden(?:central|south)|denmarkeast|austriaeast"
    r"|(?:poland|spain|belgium|greece|finland)central"
    r"|uae(?:north|central)|qatarcentral|israel(?:central|northwest)|saudiarabiaeast|southafrica(?:north|west)"
    r"|(?:south)?eastasia|japan(?:east|west)|korea(?:central|south)|taiwannorth(?:west)?"
    r"|(?:central|south|west|southcentral)india|indiasouthcentral|jioindia(?:west|central)"
    r"|indonesiacentral|malaysia(?:west|south)|newzealandnorth|australia(?:east|southeast|central2?)"
    r"|china(?:north|east)[23]?|usgov(?:virginia|texas|arizona)|usdod(?:central|east)"
)
_HOST: Final = "azure.status.microsoft"
_PAGE_PATH: Final = "/en-us/status"
_FORMER_HOSTS: Final = frozenset({"status.azure.com", "azure.microsoft.com"})
_INSTANCE: Final = re.compile(r"azurestatusprod[a-z0-9-]*\.azurewebsites\.net")


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the feed of the page, whose address may be the feed's own."""
    if page.id or page.url.endswith("/status/feed"):
        return rss.documents(page)
    is_azure = urlsplit(page.url).hostname == _HOST
    base = f"https://rssfeed.{_HOST}" if is_azure else page.url.removesuffix(_PAGE_PATH)
    return (Document("feed", f"{base}{_PAGE_PATH}/feed/", required=True),)


def parse(reading: ParseInput, /) -> Feed:
    """Return the feed. Raises FeedError."""
    feed = rss.read(reading, only_open=True, categories_name_components=True)
    is_azures = feed.identity in _FORMER_HOSTS or _INSTANCE.fullmatch(feed.identity)
    return msgspec.structs.replace(
        feed,
        identity=_HOST if is_azures else feed.identity,
        incidents=tuple(_with_regions(_with_public_address(incident)) for incident in feed.incidents),
    )


def _with_regions(incident: Incident) -> Incident:
    """Return the incident with its regions told apart from its services."""
    components = {_service_or_region(component) for component in incident.components}
    return msgspec.structs.replace(incident, components=tuple(sorted(components)))


def _service_or_region(category: Component) -> Component:
    code = "".join(category.name.lower().split())
    return (region(category.name, code) if REGION_CODE.fullmatch(code) else None) or category


def _with_public_address(incident: Incident) -> Incident:
    """Return the incident; where its address is that of an instance, with the page's."""
    if not _INSTANCE.fullmatch(urlsplit(incident.url).hostname or ""):
        return incident
    return msgspec.structs.replace(incident, url=f"https://{_HOST}{_PAGE_PATH}")


def matches(feed: Feed, /) -> bool:
    """Return whether the feed is Azure's, by the page that it names; it may be empty."""
    return feed.identity == _HOST

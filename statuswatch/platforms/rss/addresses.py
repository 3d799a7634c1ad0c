"""Addresses in a feed: the host that they name, the link of an entry."""

import re
from typing import Final

from statuswatch.model.page import Page
from statuswatch.platforms.parsing import incident_link
from statuswatch.platforms.rss.entry import Entry

_HOST: Final = re.compile(r"(?:tag:|https?://)?([a-z0-9.-]+\.[a-z]{2,})(?:[:/,]|$)", re.IGNORECASE)
_REPEATED_SLASH: Final = re.compile(r"(?<!:)//+")


def host_in(address: str) -> str:
    """Return the host of an address or a tag URI in lower case, with or without a scheme; "" where there is none."""
    found = _HOST.match(address)
    return found[1].lower() if found else ""


def entry_address(entry: Entry, page: Page) -> str:
    """Return the entry's link, else the page's address. Links may lack their scheme (OnlineOrNot, quoted by others)."""
    address = _REPEATED_SLASH.sub("/", entry.link)
    if not address.startswith(("http://", "https://", "/")) and host_in(address):
        address = f"https://{address}"
    return incident_link(address, page)


def without_scheme(address: str) -> str:
    """Return the address as it is compared: without its scheme and a slash at its end."""
    return address.partition("://")[2].rstrip("/") or address

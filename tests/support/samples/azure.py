"""A sample of azure: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from statuswatch.model.page import Page
from tests.support.platform_sample import Sample

# As azure-rss/azure: the date ends with a bare Z, items have no guid.
FEED = b"""<?xml version="1.0" encoding="utf-8"?>
<rss xmlns:a10="http://www.w3.org/2005/Atom" version="2.0"><channel><title>Azure Status</title>
    <link>https://azure.status.microsoft/en-us/status/</link><description>Azure Status</description>
    <lastBuildDate>Fri, 07 Aug 2026 04:04:00 Z</lastBuildDate>
    <item><title>Virtual Machines - East US</title><link>https://azure.status.microsoft/en-us/status/</link>
    <description>We are investigating.</description><pubDate>Fri, 07 Aug 2026 03:10:00 Z</pubDate></item>
    <item><title>Investigating - Storage - West Europe</title><description>Errors.</description>
    <link>https://azure.status.microsoft/en-us/status/history/?trackingId=ABC1-234</link>
    <pubDate>Fri, 07 Aug 2026 01:45:00 Z</pubDate></item></channel></rss>"""
URL = "https://azure.status.microsoft/en-us/status"
SAMPLE = Sample("azure", {"feed": FEED}, "feed", page=Page(key="azure", name="Azure", url=URL))


def ended(documents: Any) -> str:
    """Remove the entry with a link of its own; return its id."""
    documents["feed"] = FEED[: FEED.rindex(b"<item>")] + b"</channel></rss>"
    return f"{URL}/history/?trackingId=ABC1-234"


def noted(documents: Any) -> None:
    """Publish the rest of the feed again."""
    documents["feed"] = documents["feed"].replace(b"04:04:00", b"05:04:00")

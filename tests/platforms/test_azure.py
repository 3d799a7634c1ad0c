"""Microsoft Azure."""

from typing import Any

from statuswatch.model.incident import IncidentKind
from statuswatch.model.page import Page, PageSnapshot
from statuswatch.platforms import azure
from statuswatch.platforms.parsing import ParseInput
from tests.support.page_timeline import PageTimeline, shape
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
EMPTY = FEED[: FEED.index(b"<item>")] + b"</channel></rss>"
URL = "https://azure.status.microsoft/en-us/status"
SAMPLE = Sample("azure", {"feed": FEED}, "feed", page=Page(key="azure", name="Azure", url=URL))


def ended(documents: Any) -> str:
    """Remove the entry with a link of its own; return its id."""
    documents["feed"] = FEED[: FEED.rindex(b"<item>")] + b"</channel></rss>"
    return f"{URL}/history/?trackingId=ABC1-234"


def noted(documents: Any) -> None:
    """Publish the rest of the feed again."""
    documents["feed"] = documents["feed"].replace(b"04:04:00", b"05:04:00")


def test_documents() -> None:
    """3: Azure serves its feed from a host of its own; a page under another host has it under that host."""
    addresses = {
        URL: "https://rssfeed.azure.status.microsoft/en-us/status/feed/",
        f"{URL}/feed": f"{URL}/feed",
        "https://rssfeed.azure.status.microsoft/en-us/status/feed": "https://rssfeed.azure.status.microsoft/en-us/status/feed",
        "http://127.0.9.9:8765": "http://127.0.9.9:8765/en-us/status/feed/",
        "http://127.0.9.9:8765/azure": "http://127.0.9.9:8765/azure/en-us/status/feed/",
    }
    for url, address in addresses.items():
        (document,) = azure.documents(Page(key="azure", name="Azure", url=url))
        assert (document.url, document.required) == (address, True)


def test_ids() -> None:
    """4: an id is the tracking link, or derived from the title where the only link is the page's.

    The date is no part of it: nothing says that it stays.
    """
    assert {incident.id: incident.status for incident in SAMPLE.read().incidents} == {
        "eb725061b1a5": "reported",
        f"{URL}/history/?trackingId=ABC1-234": "investigating",
    }
    later = FEED.replace(b"03:10:00", b"04:02:00")
    ids = [{incident.id for incident in feed.incidents} for feed in (SAMPLE.read(), SAMPLE.read(feed=later))]
    assert ids[0] == ids[1]


def test_lists_only_what_is_open() -> None:
    """11: an incident that left the feed is no longer listed; an empty feed is good news."""
    feed = SAMPLE.read()
    assert feed.current == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} and not feed.history
    timeline = PageTimeline(SAMPLE.page)
    for minutes, body, kinds in ((0, EMPTY, []), (10, FEED, ["new", "new"]), (20, EMPTY, ["resolved", "resolved"])):
        feed = azure.parse(ParseInput(SAMPLE.page, {"feed": body}, timeline.state))
        assert [event[0] for event in shape(timeline.apply(minutes, PageSnapshot(feed, {}, 1)))] == kinds
    assert timeline.outcome.open.total == 0 and {str(event.changes[0]) for event in timeline.outcome.events} == {
        "delisted"
    }


def test_recognised() -> None:
    """3: Azure's feed is recognised by the page that it names, be it empty or not."""
    assert azure.matches(SAMPLE.read(feed=EMPTY))
    assert not azure.matches(SAMPLE.read(feed=FEED.replace(b"azure.status.microsoft", b"status.acme.example")))

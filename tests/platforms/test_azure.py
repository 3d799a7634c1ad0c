"""Microsoft Azure."""

from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import IncidentKind
from statuswatch.model.page import Page, PageSnapshot
from statuswatch.platforms import azure
from statuswatch.platforms.parsing import ParseInput
from tests.support.page_timeline import PageTimeline, shape
from tests.support.samples.azure import FEED, SAMPLE, URL

EMPTY = FEED[: FEED.index(b"<item>")] + b"</channel></rss>"


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
    """4.11: an incident that left the feed at two reads is no longer listed; an empty feed is good news."""
    feed = SAMPLE.read()
    assert feed.current == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} and not feed.history
    timeline = PageTimeline(SAMPLE.page)
    reads: Any = ((0, EMPTY, []), (10, FEED, ["new", "new"]), (20, EMPTY, []), (30, EMPTY, ["resolved", "resolved"]))
    for minutes, body, kinds in reads:
        feed = azure.parse(ParseInput(SAMPLE.page, {"feed": body}, timeline.state))
        assert [event[0] for event in shape(timeline.apply(minutes, PageSnapshot(feed, {}, 1)))] == kinds
    assert timeline.outcome.open.total == 0 and {str(event.changes[0]) for event in timeline.outcome.events} == {
        "delisted"
    }


def test_the_date_of_the_feed_is_its_page_time() -> None:
    """Contract 4, row 11, and 5.5: what left a feed of a later date is over at once; one of an earlier is older."""
    timeline = PageTimeline(SAMPLE.page)
    later, earlier = (EMPTY.replace(b"04:04:00", time) for time in (b"05:00:00", b"03:00:00"))
    reads: Any = ((0, FEED, 0), (5, earlier, 0), (10, later, 2))
    for minutes, body, count in reads:
        feed = azure.parse(ParseInput(SAMPLE.page, {"feed": body}, timeline.state))
        assert len(timeline.apply(minutes, PageSnapshot(feed, {}, 1))) == count
        assert bool(timeline.outcome.notes.suspicion) is (body is earlier)


def test_recognised() -> None:
    """3: Azure's feed is recognised by the page that it names, be it empty or not."""
    assert azure.matches(SAMPLE.read(feed=EMPTY))
    assert not azure.matches(SAMPLE.read(feed=FEED.replace(b"azure.status.microsoft", b"status.acme.example")))


# The shape of azure-feed-20260723.xml, 20251029.xml and 20220907.xml of cyanheads/devops-status-mcp-server, under
# tests/services/status-adapters/fixtures: archived copies of the feed. The words are ours.
INSTANCE = "https://azurestatusprodncus.azurewebsites.net/en-us/status/"
RECORDED = f"""<?xml version="1.0" encoding="utf-8"?>
<rss xmlns:a10="http://www.w3.org/2005/Atom" version="2.0"><channel><title>Azure Status</title>
    <link>{INSTANCE}</link><description>Azure Status</description><language>en-us</language>
    <lastBuildDate>Thu, 23 Jul 2026 16:38:47 Z</lastBuildDate>
    <item><guid isPermaLink="false">trouble-in-west-us</guid><link>{INSTANCE}</link>
    <category>Azure Kubernetes Service (AKS)</category><category>VPN Gateway</category><category>West US</category>
    <title>Trouble in West US </title>
    <description>&lt;p&gt;Calls fail.&lt;/p&gt;&lt;p&gt;More soon.&lt;/p&gt;</description>
    <pubDate>Thu, 23 Jul 2026 16:29:09 Z</pubDate></item></channel></rss>""".encode()


def test_recorded_item() -> None:
    """4: the guid is the id, the categories are the components; the address of an instance is none for a reader."""
    (incident,) = SAMPLE.read(feed=RECORDED).incidents
    assert (incident.id, incident.title, incident.status) == ("trouble-in-west-us", "Trouble in West US", "reported")
    assert [part.label for part in incident.components] == [
        "Azure Kubernetes Service (AKS)",
        "VPN Gateway",
        "Region - West US (westus)",
    ]
    assert incident.url == URL
    assert incident.created_at == datetime(2026, 7, 23, 16, 29, 9, tzinfo=UTC)
    assert incident.updates[0].body == "Calls fail.\nMore soon."
    bare = RECORDED.replace(b"category>", b"other>")
    assert SAMPLE.read(feed=bare).incidents[0].components == ()


def test_a_category_is_a_region_or_a_service() -> None:
    """Contract 3.11: a region is told by its name, however it is written; what is none stays a service."""
    names = ("North Central US", "germany west central", "West US 3", "IoT Central", "Front Door", "East Asia")
    categories = "".join(f"<category>{name}</category>" for name in names).encode()
    feed = SAMPLE.read(feed=RECORDED.replace(b"<category>West US</category>", categories))
    regions = [part.name for part in feed.incidents[0].components if part.is_region]
    assert regions == [
        "East Asia (eastasia)",
        "North Central US (northcentralus)",
        "West US 3 (westus3)",
        "germany west central (germanywestcentral)",
    ]
    services = {part.name for part in feed.incidents[0].components if not part.is_region}
    assert services == {"Azure Kubernetes Service (AKS)", "VPN Gateway", "IoT Central", "Front Door"}


def test_one_page_under_several_hosts() -> None:
    """3: the feed names the host of the day, and that of an instance; it is the same page with the same incidents."""
    for link in (INSTANCE, "https://status.azure.com/en-us/status/", f"{URL}/"):
        feed = SAMPLE.read(feed=RECORDED.replace(INSTANCE.encode(), link.encode()))
        assert azure.matches(feed) and feed.incidents[0].id == "trouble-in-west-us"
    other = SAMPLE.read(feed=RECORDED.replace(b"azurestatusprodncus.", b"acme."))
    assert not azure.matches(other)


def test_text_replaced_in_place() -> None:
    """4: a new text under the old date is an update; the same feed again is none."""
    timeline = PageTimeline(SAMPLE.page)
    later = RECORDED.replace(b"Calls fail.", b"Calls succeed again.").replace(b"16:38:47", b"17:38:47")
    calm = EMPTY.replace(b"Fri, 07 Aug 2026 04:04:00", b"Thu, 23 Jul 2026 15:00:00")
    reads: Any = ((0, calm, []), (10, RECORDED, ["new"]), (20, later, ["updated"]), (30, later, []))
    for minutes, body, kinds in reads:
        feed = azure.parse(ParseInput(SAMPLE.page, {"feed": body}, timeline.state))
        assert [event[0] for event in shape(timeline.apply(minutes, PageSnapshot(feed, {}, 1)))] == kinds

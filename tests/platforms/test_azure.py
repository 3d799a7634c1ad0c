"""Microsoft Azure."""

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


def test_recognised() -> None:
    """3: Azure's feed is recognised by the page that it names, be it empty or not."""
    assert azure.matches(SAMPLE.read(feed=EMPTY))
    assert not azure.matches(SAMPLE.read(feed=FEED.replace(b"azure.status.microsoft", b"status.acme.example")))

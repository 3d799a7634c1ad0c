"""Feeds, RSS and Atom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import Impact, Incident, IncidentKind
from statuswatch.model.page import Feed, Page, PageSnapshot
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import MissingPageIdError, ParseInput
from statuswatch.platforms.rss import document
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import URL, only
from tests.support.samples.rss import OPEN, PAGE, RESOLVED, SAMPLE, atom, block, entry


def item(title: str, at: str = "Sat, 07 Mar 2026 09:00:00 GMT", **parts: str) -> str:
    more = "".join(f"<{name}>{value}</{name}>" for name, value in parts.items())
    return f"<item><title>{title}</title><pubDate>{at}</pubDate>{more}</item>"


def channel(*items: str, built: str = "Sat, 07 Mar 2026 12:00:00 Z", link: str = URL) -> bytes:
    return f"""<rss version="2.0"><channel><title>Acme Status</title><link>{link}</link>
        <lastBuildDate>{built}</lastBuildDate>{"".join(items)}</channel></rss>""".encode()


def read(body: bytes, state: Any = None, page: Page = PAGE) -> Feed:
    return rss.parse(ParseInput(page, {"feed": body}, state))


def read_one(body: bytes) -> Incident:
    (incident,) = read(body).incidents
    return incident


class FeedTimeline(PageTimeline):
    """A timeline of a page, document by document."""

    def serve(self, minutes: float, body: bytes) -> list[tuple[str, str, list[str], list[str]]]:
        return shape(self.apply(minutes, PageSnapshot(read(body, self.state), {}, 1)))


def test_ids_of_incidents_are_the_vendors() -> None:
    """4: an id is the number in the entry's id, which stays when the page moves to another host.

    Else it is the whole id, else the link, else derived from what does not change.
    """
    keys = {incident.id for incident in SAMPLE.read().incidents}
    assert keys == {"10266025", "10266026", "10266027"}
    assert (
        read_one(channel(item("A", guid="https://x.example//incidents/01M3DCNWMW57HYK8FJ5FBFPA39"))).id[:5] == "01M3D"
    )
    assert read_one(channel(item("A", guid="outage-12"))).id == "outage-12"
    assert read_one(channel(item("A", link=f"{URL}/?tracking=ABC"))).id == f"{URL}/?tracking=ABC"
    general = read_one(channel(item("A", link=f"{URL}/"))).id
    assert general == "009f9ca054bd" and read_one(channel(item("Resolved: A"))).id == general
    assert read_one(channel(item("A", at="Sat, 07 Mar 2026 09:01:00 GMT"))).id != general
    assert len(read_one(channel(item("A", guid="g" * 300))).id) == 12


def test_ids_of_updates_are_made_of_their_time() -> None:
    """Contract 4.10: an update's id is derived from its time as printed and a number.

    A newer message, even of the same minute, or a new text changes no id.
    """
    updates = only(SAMPLE.read(), "10266025").updates
    assert [update.id for update in updates] == ["acf02666e0b0", "761efadf3c5a", "2cfe38c13b1f"]
    assert [update.status for update in updates] == ["investigating", "investigating", "resolved"]
    earlier = block("Mar 7, 11:41 UTC", "Update", "Other words.") + block("Mar 7, 10:13 UTC", "Identified")
    assert [update.id for update in read_one(atom(entry("1", "2026-03-07T11:41:44Z", earlier))).updates] == [
        "acf02666e0b0",
        "761efadf3c5a",
    ]
    # One that shows its latest text only: the vendor replaces it.
    assert read_one(channel(item("A", description="Words."))).updates[0].id == "latest"


def test_entries_of_statuspage() -> None:
    """4: updates are oldest first, with statuses by their labels; a maintenance has its start."""
    incident, window = only(SAMPLE.read(), "10266025"), only(SAMPLE.read(), "10266027")
    assert (incident.status, incident.kind, incident.impact) == ("resolved", IncidentKind.INCIDENT, Impact.UNKNOWN)
    assert [update.body for update in incident.updates] == ["Words.", "Better.\nMuch.", "Words."]
    assert incident.created_at == datetime(2026, 3, 7, 10, 13, tzinfo=UTC)
    assert incident.url == f"{URL}/incidents/code10266025"
    assert (window.status, window.kind, window.impact) == ("scheduled", IncidentKind.MAINTENANCE, Impact.MAINTENANCE)
    assert window.scheduled_for == datetime(2026, 4, 7, 13, tzinfo=UTC)
    assert window.created_at == datetime(2026, 3, 6, 18, tzinfo=UTC)


def test_what_is_listed() -> None:
    """4: a feed is a history, whose open entries may roll out of it; an empty one lists nothing at all."""
    feed = SAMPLE.read()
    assert feed.history == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} and not feed.complete and not feed.current
    assert feed.identity == "status.acme.example" and feed.updated_at == {} and not feed.by_creation
    assert read(channel()).complete == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}
    for link in ("https://azure.status.microsoft/en-us/status/", "https://metastatus.com/graph-api"):
        only_open = read(channel(item("A"), link=link))
        assert only_open.current and not only_open.history


@pytest.mark.parametrize(
    ("when", "published", "utc"),
    [
        ("Dec 31, 23:50 UTC", "2026-01-01T00:10:00Z", "2025-12-31T23:50"),  # the year of the entry is one too late
        ("Feb 29, 10:00 UTC", "2024-03-01T00:00:00Z", "2024-02-29T10:00"),
        ("Jan  1, 09:09 PST", "2014-01-01T17:09:00Z", "2014-01-01T17:09"),  # statuspage-rss/parse
        ("Oct 28, 14:48 PST", "2013-10-28T21:48:00Z", "2013-10-28T21:48"),  # in truth PDT, likewise
        ("Mar 7, 10:13 IST", "2026-03-07T04:43:05Z", "2026-03-07T04:43"),  # India's, not Israel's or Ireland's
        ("Mar 7, 10:13 CET", "2026-03-08T00:00:00Z", "2026-03-07T09:13"),
        ("Aug 28, 10:33 PM UTC", "2026-08-28T19:50:46Z", "2026-08-28T22:33"),  # OnlineOrNot
        ("Jul 16, 01:00:01 GMT+2", "2026-07-16T02:00:00Z", "2026-07-15T23:00:01"),  # Instatus
        ("Jun 25, 2018, 17:53 UTC", "2026-07-16T02:00:00Z", "2018-06-25T17:53"),  # LambStatus
    ],
)
def test_times_without_a_year(when: str, published: str, utc: str) -> None:
    """4: a message's time takes its year from the entry, and its zone from where it agrees with the entry's."""
    (update,) = read_one(atom(entry("1", published, block(when, "Resolved") + "&lt;small&gt;so&lt;/small&gt;"))).updates
    assert update.created_at == datetime.fromisoformat(utc).replace(tzinfo=UTC) or update.id == "latest"
    assert update.created_at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert update.body == "Words.\nso"


@pytest.mark.parametrize(
    ("at", "utc"),
    [
        ("Fri, 07 Aug 2026 04:04:00 Z", "2026-08-07T04:04"),  # azure-rss
        ("Wed,  4 Nov 2015 07:38:09 PST", "2015-11-04T15:38:09"),  # aws-rss
        ("Thu, 30 Apr 2026 00:25:54 PDT", "2026-04-30T07:25:54"),
        ("2026-03-07T10:13:00.123+02:00", "2026-03-07T08:13"),
    ],
)
def test_dates(at: str, utc: str) -> None:
    """4: dates are read as vendors write them, in UTC; an entry without one is skipped."""
    assert read_one(channel(item("A", at=at))).created_at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    feed = read(channel(item("A"), item("B", at="soon")))
    assert len(feed.incidents) == 1 and "no date" in feed.skipped[0]


@pytest.mark.parametrize(
    ("title", "description", "status"),
    [
        ("[RESOLVED] A", "", "resolved"),
        ("Resolved: A", "", "resolved"),  # PayPal
        ("Investigating - A", "", "investigating"),
        ("Initial Notification: A", "", "reported"),
        ("A", "&lt;b&gt;Status: Resolved&lt;/b&gt;&lt;br/&gt;&lt;br/&gt;Over.", "resolved"),  # incident.io
        ("A", "&lt;h3&gt;Status: ACTIVE&lt;/h3&gt;&lt;p&gt;Severity: outage&lt;/p&gt;", "active"),  # xAI
        ("A", "Status: In progress", "in_progress"),
        ("A", "&lt;strong&gt;RESOLVED&lt;/strong&gt; - &lt;p&gt;Over.&lt;/p&gt;", "resolved"),  # OnlineOrNot
        ("A", "Monitoring - a fix is in.", "monitoring"),
        ("A", "We found it. The underlying network issue has now been fully resolved.", "resolved"),
        ("A", "The scheduled maintenance has been completed.", "completed"),
        ("A", "The issue has been resolved for some customers.", "reported"),
        ("A", "Once the issue has been resolved, we will say so.", "reported"),
        ("A", "The issue has not been resolved.", "reported"),
        ("A", "All other services are operating normally.", "reported"),
        ("Monitoring: alerts come late", "", "reported"),  # a component
    ],
)
def test_statuses(title: str, description: str, status: str) -> None:
    """4: an entry is over where a well-known word or sentence says so; one that states nothing is reported."""
    incident = read_one(channel(item(title, description=description)))
    assert incident.status == status
    assert incident.title == "A" or incident.title == title


def test_incidentio_and_others() -> None:
    """4: components come from the list below the message, without their live states; the impact from a category."""
    body = """&lt;b&gt;Status: Identified&lt;/b&gt;&lt;br/&gt;&lt;br/&gt;Slow.&lt;br/&gt;&lt;br/&gt;
        &lt;b&gt;Affected components&lt;/b&gt; &lt;ul&gt; &lt;li&gt;Web (Degraded performance)&lt;/li&gt;
        &lt;li&gt;API (beta) (Operational)&lt;/li&gt; &lt;/ul&gt;"""
    incident = read_one(atom(entry("1", "2026-03-07T09:00:00Z", body)))
    assert [part.label for part in incident.components] == ["API (beta)", "Web"]
    assert [update.body for update in incident.updates] == ["Slow."]
    # As Instatus: the facts first, a window's messages oldest first.
    facts = (
        "&lt;p&gt;&lt;strong&gt;Type:&lt;/strong&gt; Maintenance&lt;/p&gt;\n&lt;p&gt;&lt;strong&gt;Affected Components:"
    )
    messages = block("Mar 7, 09:00:01 GMT+0", "Identified") + block("Mar 7, 10:05:17 GMT+0", "Completed")
    incident = read_one(atom(entry("1", "2026-03-07T10:05:17Z", f"{facts}&lt;/b&gt; API, Web&lt;/p&gt;{messages}")))
    assert (incident.kind, incident.status) == (IncidentKind.MAINTENANCE, "completed")
    assert [part.label for part in incident.components] == ["API", "Web"]
    incident = read_one(channel(item("A", category="major_outage", link="status.acme.example/incidents/abc1")))
    assert (incident.impact, incident.url) == (Impact.CRITICAL, f"{URL}/incidents/abc1")  # the scheme was missing


# ------------------------------------------------------------------------------------------ AWS


def aws(title: str, at: str, epoch: int, body: str = "Words.", place: str = "ec2-us-east-1") -> str:
    return item(title, at, guid=f"http://status.aws.example/#{place}_{epoch}", description=body)


FIRST, SECOND, LAST = 1446703925, 1446705160, 1446718848  # as aws-rss/aws/seq-2015-11
WAS = (
    aws("Informational message: Slow", "Thu,  5 Nov 2015 02:08:59 PST", SECOND, "Still."),
    aws("Informational message: Slow", "Wed,  4 Nov 2015 22:12:05 PST", FIRST, "Slow."),
)
OVER = aws("Service is operating normally: Slow", "Thu,  5 Nov 2015 02:20:48 PST", LAST, "It was slow PDT.")
AGAIN = (
    aws("Service is operating normally: [RESOLVED] Slow", "Thu,  5 Nov 2015 02:20:00 PST", 1446718800, "Slow PST."),
    aws("Service is operating normally: [RESOLVED] Slow", "Thu,  5 Nov 2015 02:08:00 PST", 1446705120, "Still."),
    aws("Service is operating normally: [RESOLVED] Slow", "Wed,  4 Nov 2015 22:12:00 PST", 1446703920, "Slow."),
)


def test_one_item_an_update() -> None:
    """Contract 4.8.1: items of one place and title are one incident, with ids of the place and of minutes.

    The ids stay when all items are issued again with their epochs rounded; only changed texts are reported.
    """
    timeline = FeedTimeline()
    timeline.serve(0, channel())
    key = "ec2-us-east-1_1446703920"
    (event,) = timeline.serve(10, channel(*WAS))
    assert event[:3] == ("new", key, []) and len(event[3]) == 2
    ids = [update.id for update in read_one(channel(OVER, *WAS)).updates]
    assert ids == ["dc7b8f11db8e", "8a0b92712aed", "fa31c2c22cb1"]
    assert timeline.serve(20, channel(OVER, *WAS)) == [("resolved", key, ["status"], ids[2:])]
    assert timeline.serve(30, channel(*AGAIN)) == [("updated", key, ["edited"], ids[2:])]
    assert timeline.serve(40, channel(*AGAIN)) == []
    incident = read_one(channel(*WAS))
    assert (incident.title, incident.status, incident.impact) == ("Slow", "informational_message", Impact.MINOR)
    assert [part.label for part in incident.components] == ["ec2-us-east-1"]
    assert read_one(channel(*WAS, link="https://status.acme.example/&#x202e; a b")).url == URL


def test_a_series_outlives_its_first_item() -> None:
    """4: an incident keeps its id when its first items left the feed, and when all of them were replaced."""
    timeline = FeedTimeline()
    timeline.serve(0, channel(*WAS))
    assert timeline.serve(10, channel(OVER, WAS[0]))[0][:3] == ("resolved", "ec2-us-east-1_1446703920", ["status"])
    timeline = FeedTimeline()
    timeline.serve(0, channel(*WAS))
    assert timeline.serve(10, channel(OVER))[0][:3] == ("resolved", "ec2-us-east-1_1446703920", ["status"])


def test_the_next_of_a_series() -> None:
    """4: an item of the same place and title a day after the end is another incident."""
    later = aws("Informational message: Slow", "Sat,  7 Nov 2015 02:20:48 PST", 1446891648)
    assert sorted(incident.id for incident in read(channel(later, OVER, *WAS)).incidents) == [
        "ec2-us-east-1_1446703920",
        "ec2-us-east-1_1446891600",
    ]
    other = aws("Informational message: Slow", "Thu,  5 Nov 2015 02:08:59 PST", SECOND, place="s3-us-east-1")
    assert len(read(channel(other, *WAS)).incidents) == 2


# ------------------------------------------------------------------------------------------ components


def test_one_item_a_component() -> None:
    """4: in a feed of components those that are not well are the incidents.

    A component that is well again, at two reads, is no longer listed.
    """
    timeline = FeedTimeline()
    well = [item(f"{name} - Operational", guid="2026-03-07") for name in ("Mail", "CRM")]
    down = item("CRM - Major Outage", guid="2026-03-07", description="CRM is Major Outage")
    assert timeline.serve(0, channel(*well)) == [] and timeline.outcome.open.total == 0
    (event,) = timeline.serve(10, channel(well[0], down))
    assert event == ("new", "aa2cea1833ad", [], ["latest"])
    incident = read_one(channel(well[0], down))
    assert (incident.title, incident.status, incident.impact) == ("CRM", "major_outage", Impact.CRITICAL)
    assert timeline.serve(20, channel(*well)) == []
    assert timeline.serve(30, channel(*well)) == [("resolved", event[1], ["delisted"], [])]


def test_a_feed_under_another_host() -> None:
    """Contract 4.4.5: a feed whose addresses all have another host goes on; one with other entries is another page."""
    entries = [item(f"Trouble {n}", link=f"{URL}/t/{n}", guid=f"{URL}/t/{n}", description="Words.") for n in "ab"]
    moved = [entry.replace(URL, "https://acme.example") for entry in entries]
    news = item("News", link="https://acme.example/t/c", guid="https://acme.example/t/c", description="Words.")
    timeline = FeedTimeline()
    assert timeline.serve(0, channel(*entries)) == []
    (event,) = timeline.serve(10, channel(news, *moved, link="https://acme.example"))
    assert (event[0], timeline.outcome.open.total) == ("new", 3) and timeline.outcome.failure is None
    assert timeline.serve(20, channel(news, *moved, link="https://acme.example")) == []
    assert timeline.serve(30, channel(item("Else", guid="e"), link="https://other.example")) == []
    assert timeline.outcome.failure


def test_state_in_an_element() -> None:
    """4: the state may stand in an element of its own, in an item dated by the request (status.cloud.microsoft)."""
    timeline = FeedTimeline()
    well = channel(item("Admin Center", status="Available", description="About."), built="Sat, 07 Mar 2026 09:00:00 Z")
    assert timeline.serve(0, well) == []
    for minutes, date in ((10, "Sat, 07 Mar 2026 09:10:00 Z"), (20, "Sat, 07 Mar 2026 09:20:00 Z")):
        events = timeline.serve(minutes, channel(item("Admin Center", date, status="Service degradation"), built=date))
        assert [event[0] for event in events] == ["new"] * (minutes == 10)


# ------------------------------------------------------------------------------------------ timelines


def test_month_old_reports_are_not_open() -> None:
    """1: an entry without a status, published long ago, does not count as open at the first read."""
    old = [item(f"Fault {day}", f"{day:02} Jan 2026 09:00:00 GMT", guid=f"g{day}") for day in range(1, 26)]
    timeline = FeedTimeline()
    timeline.serve(0, channel(item("Fault"), *old))
    assert timeline.outcome.open.total == 1


@pytest.mark.parametrize("listed", [True, False])
def test_a_report_ends(*, listed: bool) -> None:
    """13b: an entry without a status is new, and expires after 14 days without an update by our clock.

    It expires once, be it listed or not. Its next update reopens it.
    """
    news = item("Another", "Sat, 21 Mar 2026 08:00:00 GMT", guid="other", description="Resolved - over")
    fault = item("Fault", guid="fault", description="A switch is broken.")
    timeline = FeedTimeline()
    timeline.serve(-60, channel(item("Older", "Fri, 06 Mar 2026 09:00:00 GMT", guid="older"), built=""))
    assert timeline.serve(10, channel(fault)) == [("new", "fault", [], ["latest"])]
    both = (fault, news) if listed else (news,)
    timeline.serve(20_159, channel(*both, built=""))
    assert timeline.state and not timeline.state.incidents["fault"].closed
    assert ("resolved", "fault", ["expired"], []) in timeline.serve(20_160, channel(*both, built=""))
    (event,) = [event for event in timeline.outcome.events if event.incident.id == "fault"]
    assert event.incident.status == "expired"
    assert timeline.serve(20_300, channel(*both, built="Sat, 21 Mar 2026 11:00:00 GMT")) == []
    fresh = item("Fault", "Sun, 22 Mar 2026 11:00:00 GMT", guid="fault", description="It broke again.")
    events = timeline.serve(22_000, channel(fresh, news, built="Sun, 22 Mar 2026 12:00:00 GMT"))
    assert events == [("updated", "fault", ["reopened"], ["latest"])]


def test_a_latest_text_is_replaced() -> None:
    """9: each text of an entry that shows only its latest is reported; an older copy of the feed is not believed."""
    timeline = FeedTimeline()
    timeline.serve(0, channel(item("Old", guid="old", description="Status: Resolved")))
    steps = ("Investigating", "Identified", "Resolved")
    bodies = [
        channel(
            item("A", f"Sat, 07 Mar 2026 10:0{n}:00 Z", guid="a", description=f"Status: {step}&lt;br&gt;{n}"),
            built=f"Sat, 07 Mar 2026 12:0{n}:00 Z",
        )
        for n, step in enumerate(steps)
    ]
    assert timeline.serve(10, bodies[0]) == [("new", "a", [], ["latest"])]
    assert timeline.serve(20, bodies[1]) == [("updated", "a", ["updates", "status"], ["latest"])]
    assert timeline.serve(30, bodies[0]) == [] and timeline.outcome.notes.suspicion
    assert timeline.serve(40, bodies[2]) == [("resolved", "a", ["status"], ["latest"])]


def test_a_block_that_stands_alone() -> None:
    """4: in a feed whose entries list one message each, that is the latest; once it lists more, these are new."""
    timeline = FeedTimeline()
    timeline.serve(0, channel())

    def at(minute: int, label: str, *older: str) -> str:
        html = block(f"Mar 7, 09:{minute:02} UTC", label) + "".join(older)
        return item("A", guid="a", description=html)

    assert timeline.serve(10, channel(at(1, "Investigating"))) == [("new", "a", [], ["latest"])]
    assert (
        timeline.serve(
            20,
            channel(at(2, "Update", "")),
        )
        == []
    )  # the same words, and nothing on the status
    more = at(3, "Resolved", block("Mar 7, 09:01 UTC", "Investigating"))
    ((kind, _, changes, ids),) = timeline.serve(30, channel(more))
    assert (kind, changes, len(ids)) == ("resolved", ["status"], 1) and ids != ["latest"]


def test_a_corrected_time_is_no_new_update() -> None:
    """Contract 4.4.3: an update listed under another time, with the text that it had (GitHub, recorded), is not
    reported again.
    """
    timeline = FeedTimeline()
    one_more = block("Mar  7, 10:20 UTC", "Resolved", "Over.")
    timeline.serve(0, atom(entry("1", "2026-03-07T10:20:00Z", one_more + block("Mar 7, 10:13 UTC", "Identified"))))
    back = atom(entry("1", "2026-03-07T10:20:00Z", one_more + block("Mar 7, 10:03 UTC", "Identified")))
    assert timeline.serve(10, back) == []


def test_an_absent_open_incident() -> None:
    """Contract 4, row 13: of a feed whose size is unknown, what is absent stays open, also where an older
    one is listed.
    """
    newer = entry("3", "2026-03-07T11:59:00Z", block("Mar 7, 11:59 UTC", "Resolved"))
    timeline = FeedTimeline()
    timeline.serve(0, atom(OPEN, RESOLVED))
    for minutes in (10, 30, 60):
        assert timeline.serve(minutes, atom(newer))[1:] == []
    assert timeline.state and not timeline.state.incidents["10266026"].closed
    timeline = FeedTimeline()
    timeline.serve(0, atom(OPEN, entry("2", "2026-03-07T09:00:00Z", block("Mar 7, 09:00 UTC", "Resolved"))))
    without_open = atom(entry("2", "2026-03-07T09:00:00Z", block("Mar 7, 09:00 UTC", "Resolved")))
    assert timeline.serve(10, without_open) == timeline.serve(20, without_open) == []
    assert timeline.state and not timeline.state.incidents["10266026"].closed


def test_an_empty_history() -> None:
    """4.12d: a feed that lists nothing any more is suspicious first; then what was open is no longer listed."""
    timeline = FeedTimeline()
    timeline.serve(0, channel(item("A", guid="a")))
    assert timeline.serve(10, channel()) == [] and timeline.outcome.notes.suspicion
    assert timeline.serve(45, channel()) == []
    assert timeline.serve(60, channel()) == [("resolved", "a", ["delisted"], [])]


def test_one_id_twice() -> None:
    """4: entries with one guid are one incident, and its updates; the newest of them gives the title."""
    older = item("A", "Sat, 07 Mar 2026 08:00:00 Z", guid="a")
    for items in ((older, item("B", guid="a")), (item("B", guid="a"), older)):
        feed = read(channel(*items))
        assert [(incident.id, incident.title) for incident in feed.incidents] == [("a", "B")] and not feed.skipped
        assert len(feed.incidents[0].updates) == 2


# ------------------------------------------------------------------------------------------ the document


def test_refused_documents() -> None:
    """5: a document is refused if it declares a type, is cut, ill-formed, without a name, or no feed."""
    bomb = b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>' + channel(item("&c;"))
    for body, reason in (
        (bomb, "document type"),
        (bomb.decode().encode("utf-16"), "document type"),
        (channel(item("A"))[:-9], "no element found|unclosed token|mismatched"),
        (channel(item("&nbsp;")), "undefined entity"),
        (channel(item(f"&#{'1' * 5000};")), "limit"),
        (b"<rss/>", "names the page"),
        (b"<rss version='2.0'><channel><item/></channel></rss>", "names the page"),
        (b"<opml/>", "neither RSS nor Atom"),
        (b"<html><head><title>Sorry", "HTML instead of a feed"),
        (b"<!-- " * 100_000, "neither RSS nor Atom"),
        (b"\xef\xbb\xbf{}", "neither RSS nor Atom"),
    ):
        with pytest.raises(FeedError, match=rf"(?s)feed: .*(?:{reason})"):
            read(body)
    with pytest.raises(FeedError, match="feed: missing"):
        rss.parse(ParseInput(PAGE, {"feed": None}))


def test_encodings() -> None:
    """5: a feed in another encoding than it states is read all the same."""
    body = channel(item("Übung"))
    assert read_one(b"\xef\xbb\xbf" + body).title == "Übung"
    assert read_one(b'<?xml version="1.0" encoding="utf-8"?>' + body.decode().encode("latin-1")).title == "Übung"
    assert read_one(b'<?xml version="1.0" encoding="iso-8859-1"?>' + body.decode().encode("latin-1")).title == "Übung"
    declared = '<?xml version="1.0" encoding="utf-16"?>' + body.decode()
    assert read_one(declared.encode("utf-16")).title == "Übung"


def test_long_feeds() -> None:
    """5: of a long feed the newest entries are read.

    It is refused if it is cut, or does not begin with the newest.
    """
    start = datetime(2026, 3, 7, tzinfo=UTC)
    entries = [
        entry(f"{n:07}", f"{start - timedelta(hours=n):%Y-%m-%dT%H:%M:%SZ}", "Resolved - " + "x" * 2000)
        for n in range(600)
    ]
    body = atom(*entries)
    feed = read(body)
    assert len(body) > document.MAX_BYTES and 300 < len(feed.incidents) <= document.MAX_ENTRIES and feed.skipped == ()
    assert read(atom(*(listed.replace("x" * 2000, "") for listed in entries))).incidents[0].id == "0000000"
    with pytest.raises(FeedError, match="do not come first"):
        read(atom(*reversed(entries)))
    with pytest.raises(FeedError, match="could be understood"):
        read(atom(*(entry(f"{n:07}", "9999-12-31T23:59:59Z", "x") for n in range(600))))
    with pytest.raises(FeedError):
        read(body[:-7])
    with pytest.raises(FeedError, match="an entry of more than"):
        read(atom(entry("1", "2026-03-07T00:00:00Z", "x" * document.MAX_BYTES)))


@pytest.mark.parametrize("words", ["&lt;small&gt;", "The ", "Affected Components: ", "status: ", "[RESOLVED] "])
def test_repetition(words: str) -> None:
    """5: text that repeats a marker 10,000 times is read as text, in time that grows with its length."""
    incident = read_one(channel(item("A", description=words * 10_000)))
    assert incident.status == "reported" and not [part for part in incident.components if not part.name]


# ------------------------------------------------------------------------------------------ addresses


def test_documents() -> None:
    """3: the feed's address is the page's id, relative to the page; or the page's own, where that has a path."""
    assert [document.url for document in rss.documents(PAGE)] == [f"{URL}/history.atom"]
    elsewhere = Page(key="a", name="A", url=URL, id="https://feeds.example/rss")
    assert [document.url for document in rss.documents(elsewhere)] == ["https://feeds.example/rss"]
    assert rss.documents(Page(key="a", name="A", url=URL)) == ()
    page = Page(key="a", name="A", url=f"{URL}/rss/all")
    assert [(document.url, document.required) for document in rss.documents(page)] == [(f"{URL}/rss/all", True)]
    assert read(channel(item("A")), page=page).incidents


def test_candidates() -> None:
    """3: where the feed's address is not known, ten are proposed at most.

    Those that the HTML names come first, then the usual ones under the page and under its host.
    """
    html = b"""<!DOCTYPE html><html><head><link rel="alternate" type="application/atom+xml" href="/my.atom">
        <link rel="alternate" type="application/json" href="/my.json"><link rel="stylesheet" href="/a.css">
        <LINK REL="alternate" TYPE="application/rss+xml" HREF="https://feeds.example/rss"><![if !IE]>"""
    page = Page(key="a", name="A", url=f"{URL}/en/status")
    with pytest.raises(MissingPageIdError) as found:
        read(html, page=page)
    assert found.value.ids[:3] == (f"{URL}/my.atom", "https://feeds.example/rss", f"{page.url}/history.atom")
    assert f"{URL}/history.atom" in found.value.ids
    assert len(found.value.ids) == 10 and page.url not in found.value.ids
    with pytest.raises(MissingPageIdError) as found:
        rss.parse(ParseInput(Page(key="a", name="A", url="http://127.0.9.9:8765"), {}))
    assert found.value.ids[0] == "http://127.0.9.9:8765"
    assert found.value.ids[-1] == "http://127.0.9.9:8765/en-us/status/feed/"
    with pytest.raises(FeedError, match="HTML instead of a feed"):
        read(html)  # the configuration says where it is


def test_recognised() -> None:
    """3: a feed that states the status of anything is a status page's; a weblog's is not."""
    assert rss.matches(SAMPLE.read())
    assert not rss.matches(read(channel(item("We are hiring"), item("Hello", "Sat, 07 Feb 2026 09:00:00 GMT"))))
    assert not rss.matches(read(channel()))


def test_an_entry_that_nothing_tells_apart_is_skipped() -> None:
    """5: an entry without a title, an id and a date is no incident; one with any of them may be one."""
    feed = read(channel(item("A"), "<item><description>Words.</description></item>"))
    assert len(feed.incidents) == 1 and "neither a title, an id nor a date" in feed.skipped[0]
    with pytest.raises(FeedError, match="no other entry"):
        read(channel("<item><a><a></a></a></item>"))

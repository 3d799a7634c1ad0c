"""Feeds as vendors write them: which entries are one incident, where a status stands, and what is no incident."""

from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import pytest

from statuswatch.model.incident import Incident, IncidentKind
from statuswatch.model.page import Feed, Page
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import ParseInput
from tests.support.page_timeline import START, PageTimeline, at

URL = "https://status.acme.example"
PAGE = Page(key="acme", name="Acme", url=URL, platform="rss", id="/feed")


def rfc_822(minutes: float) -> str:
    """A date as RSS has it, in minutes after the first read."""
    return f"{at(minutes):%a, %d %b %Y %H:%M:%S} GMT"


def item(title: str, minutes: float | None = 0, markup: str = "Words.", **elements: str) -> str:
    """An item of RSS; without minutes it has no date."""
    dated = {"pubDate": rfc_822(minutes)} if minutes is not None else {}
    parts = {"title": title, "description": markup, **dated, **elements}
    return "<item>" + "".join(f"<{name}>{escape(text)}</{name}>" for name, text in parts.items()) + "</item>"


def channel(*items: str, link: str = URL) -> bytes:
    """A feed without a date of its own."""
    return f"""<rss version="2.0"><channel><title>Acme Status</title><link>{link}</link>
        {"".join(items)}</channel></rss>""".encode()


def read(*items: str, now: datetime | None = None) -> Feed:
    return rss.parse(ParseInput(PAGE, {"feed": channel(*items)}, None, now))


def read_one(*items: str, now: datetime | None = None) -> Incident:
    (incident,) = read(*items, now=now).incidents
    return incident


class FeedTimeline(PageTimeline):
    """A timeline of a page, feed by feed."""

    def __init__(self) -> None:
        super().__init__(PAGE)

    def serve(self, minutes: float, *items: str) -> list[tuple[str, str, list[str], int]]:
        """Read the feed; return kind, incident, changes and number of updates of each event."""
        events = self.read_documents(minutes, {"feed": channel(*items)})
        return [
            (str(event.kind), event.incident.id, [str(change) for change in event.changes], len(event.updates))
            for event in events
        ]


OLD = item("Old", -600, "Resolved - over.", guid="old", link=f"{URL}/n/old")

# ------------------------------------------------------------------------------------------ one incident, several items


@pytest.mark.parametrize(
    ("elements", "is_one"),
    [
        # Better Stack: the guid is the link with a fragment.
        ([{"link": f"{URL}/incident/990011", "guid": f"{URL}/incident/990011#{part}"} for part in "abc"], True),
        ([{"link": f"{URL}/incident/990011#{part}", "guid": f"g-{part}"} for part in "abc"], True),
        ([{"link": f"{URL}/incident/990011", "guid": f"{part}0aa-11"} for part in "abc"], True),
        ([{"link": f"{URL}/incidents/ow5i3PPK96RduMcb1SsW", "guid": f"tag:x,2026:{part}"} for part in "abc"], True),
        ([{"link": f"{URL}/event?id=77", "guid": f"g-{part}"} for part in "abc"], True),
        ([{"link": f"{URL}//incident/990011/", "guid": f"g-{part}"} for part in "abc"], True),
        ([{"guid": "990011"}] * 3, True),
        ([{"guid": "990011", "link": f"{URL}/#{part}"} for part in "abc"], True),
        ([{"link": f"{URL}/#outage-7"}] * 3, True),
        # A link that is the page's, the channel's, or that most share, identifies nothing.
        ([{"link": URL, "guid": f"{URL}/#{part}"} for part in "abc"], False),
        ([{"link": f"{URL}/", "guid": f"g-{part}"} for part in "abc"], False),
        ([{"link": f"{URL}/history", "guid": f"g-{part}"} for part in "abc"], False),
        ([{"link": f"{URL}/history", "guid": f"{URL}/history#{part}"} for part in "abc"], False),
        ([{"link": f"{URL}/incidents/history", "guid": f"g-{part}"} for part in "abc"], False),
        ([{"link": f"{URL}/#{part}"} for part in "abc"], False),
        ([{"link": f"{URL}/#/", "guid": f"g-{part}"} for part in "abc"], False),
        ([{}, {}, {}], False),
    ],
)
def test_which_items_are_one_incident(elements: list[dict[str, str]], *, is_one: bool) -> None:
    """Contract 4.8.1: items that share a link, fragments aside, or a guid, are one incident; a common link identifies
    nothing.
    """
    items = [item("Slow" if is_one else f"Slow {n}", n, f"Words {n}.", **parts) for n, parts in enumerate(elements)]
    for listed in (items, items[::-1]):
        feed = read(*listed, OLD)
        incidents = [incident for incident in feed.incidents if incident.id != "old"]
        assert len(incidents) == (1 if is_one else 3) and feed.skipped == ()
        if is_one:
            assert [update.body for update in incidents[0].updates] == ["Words 0.", "Words 1.", "Words 2."]


def test_titles_tell_incidents_of_a_common_link_apart() -> None:
    """4: one incident may have most of the feed's items, under a link that ends in a number."""
    parts = {"link": f"{URL}/notices/77"}
    assert len(read(*(item("Slow", n, guid=f"g{n}", **parts) for n in range(3))).incidents) == 1
    assert len(read(*(item(f"Slow {n}", n, guid=f"g{n}", **parts) for n in range(3))).incidents) == 3


@pytest.mark.parametrize("first", [[], [OLD]])
@pytest.mark.parametrize("guid", [f"{URL}/incident/77001#%s", "guid-%s", "77001"])
def test_an_incident_of_several_items(guid: str, first: list[str]) -> None:
    """2, 8, 5: each item is reported once, as an update of one incident, also when it was the only one at first."""
    number = f"{URL}/incident/77001"
    listed = [
        item("Slow", minutes, words, link=number, guid=guid.replace("%s", str(n)))
        for n, (minutes, words) in enumerate(
            [(5, "Web is slow."), (15, "Cause found."), (18, "Fix under way."), (25, "The issue has been resolved.")]
        )
    ]
    timeline = FeedTimeline()
    timeline.serve(0, *first)
    (event,) = timeline.serve(10, listed[0], *first)
    assert event[0] == "new"
    key = event[1]
    assert timeline.serve(20, listed[2], listed[1], listed[0], *first) == [("updated", key, ["updates"], 2)]
    assert timeline.serve(22, listed[2], listed[1], listed[0], *first) == []
    assert timeline.serve(30, *reversed(listed), *first) == [("resolved", key, ["status"], 1)]
    for rest in (listed[1:], listed[2:], listed[3:]):  # the oldest leave the feed first
        assert timeline.serve(40, *reversed(rest), *first) == []
    assert timeline.state and set(timeline.state.incidents) == {key} | ({"old"} if first else set())


def test_the_oldest_item_leaves_an_open_incident() -> None:
    """8: an open incident keeps its id where its first item has left the feed, whose guid was its id."""
    number = {"link": f"{URL}/incident/77001"}
    timeline = FeedTimeline()
    timeline.serve(0)
    ((_, key, _, _),) = timeline.serve(10, item("Slow", 5, "One.", guid="g1", **number))
    timeline.serve(20, item("Slow", 15, "Two.", guid="g2", **number), item("Slow", 5, "One.", guid="g1", **number))
    over = item("Slow", 25, "The issue has been resolved.", guid="g3", **number)
    assert timeline.serve(30, over, item("Slow", 15, "Two.", guid="g2", **number)) == [("resolved", key, ["status"], 1)]


def test_only_the_last_item_is_left() -> None:
    """8, stale copy: where the first item has left the feed, the only one left is no edit of it, nor an older copy."""
    number = {"link": f"{URL}/incident/77001"}
    first = item("Slow", 5, "Web is slow.", guid="g1", **number)
    over = item("Slow", 15, "The issue has been resolved.", guid="g2", **number)
    timeline = FeedTimeline()
    timeline.serve(0, OLD)
    ((_, key, _, _),) = timeline.serve(10, first, OLD)
    assert timeline.serve(20, over, first, OLD) == [("resolved", key, ["status"], 1)]
    for minutes in (60, 100, 140):
        assert timeline.serve(minutes, over, OLD) == []
        assert not timeline.outcome.notes.suspicion


def test_an_edited_item_beside_a_new_one() -> None:
    """8, 9: an item that was the only one, rewritten where another follows it, is edited."""
    number = {"link": f"{URL}/incident/77001"}
    timeline = FeedTimeline()
    timeline.serve(0, OLD)
    ((_, key, _, _),) = timeline.serve(10, item("Slow", 5, "Web is slow.", guid="g1", **number), OLD)
    rewritten = item("Slow", 5, "Web and mail are slow.", guid="g1", **number)
    more = item("Slow", 15, "Cause found.", guid="g2", **number)
    assert timeline.serve(20, more, rewritten, OLD) == [("updated", key, ["updates", "edited"], 2)]


def test_down_and_recovered() -> None:
    """5: an item "Chat API recovered" ends what "Chat API went down" began; the title stays."""
    link = {"link": f"{URL}/incident/5", "guid": "same"}
    timeline = FeedTimeline()
    timeline.serve(0, OLD)
    down = item("Chat API went down", 5, "Chat API went down", **link)
    ((_, key, _, _),) = timeline.serve(10, down, OLD)
    assert timeline.serve(20, item("Chat API recovered", 15, "It recovered", **link), down, OLD) == [
        ("resolved", key, ["status"], 1)
    ]
    assert timeline.outcome.events[0].incident.title == "Chat API went down"


# ------------------------------------------------------------------------------------------ where a status stands


def spoken(markup: str, **elements: str) -> str:
    return read_one(item("Slow", 0, markup, guid="a", **elements)).status


@pytest.mark.parametrize(
    ("title", "status"),
    [
        *[
            (f"[{word}] Slow", "resolved")
            for word in ("Resolved", "RESOLVED", "Ended", "Recovered", "Restored", "Fixed")
        ],
        *[(f"{word}: Slow", "resolved") for word in ("Resolved", "Closed", "RECOVERED", "Behoben")],
        *[(f"Slow - {word}", "resolved") for word in ("Resolved", "Recovered", "Restored")],
        ("(Resolved) Slow", "resolved"),
        ("【復旧】Slow", "resolved"),
        ("[Completed] Slow", "completed"),
        ("[Monitoring] Slow", "monitoring"),
        # cState: its translations of "Resolved".
        *[
            (f"[{word}] Slow", "resolved")
            for word in (
                *("Gelöst", "Resuelto", "Résolu", "Selesai", "Risolto", "解決済み", "Išspręsta problema", "Решено"),
                *("Opgelost", "Rozwiązano", "Resolvido", "Rezolvat", "Löst", "Na-resolba", "Çözümlendi", "Вирішено"),
                *("সমাধান করা হয়েছে", "Vyřešeno", "Ratkaistu", "Løst", "Megoldva", "已解决", "해결됨"),
            )
        ],
        ("Restored: backups of old databases fail", "reported"),
        ("Tickets closed by themselves", "reported"),
        ("Recovered files are empty", "reported"),
    ],
)
def test_a_status_in_the_title(title: str, status: str) -> None:
    """4: a word for the end counts in brackets, before a colon, and at the end; a word of a sentence does not."""
    incident = read_one(item(title, guid="a"))
    assert incident.status == status
    assert incident.title == ("Slow" if "Slow" in title else title)


@pytest.mark.parametrize(
    ("markup", "status"),
    [
        # PayPal: labelled lines, then a heading for each message, newest first; the times may be missing.
        ("<b>Products:</b> API<br /><strong>Resolved: all is well</strong><br />Over.", "resolved"),
        ("<b>Products:</b> API<br /><strong>Investigating: slow</strong><br />Slow.", "investigating"),
        ("<strong>Completed: done</strong><br />x<br /><strong>Investigating: slow</strong><br />y", "completed"),
        ("<strong>Investigating: slow</strong><br />x<br /><strong>Resolved: done</strong><br />y", "resolved"),
        ("<h3>Resolved</h3><p>Over.</p><h3>Identified</h3><p>Found.</p>", "resolved"),
        ("<p>About: us</p><h2 class='a b'> Monitoring </h2><p>Look.</p>", "monitoring"),
        ('<strong style="color:#fff">RESOLVED</strong> - Over.', "resolved"),
        ("<STRONG >resolved</STRONG > - Over.", "resolved"),
        ("<b>Recovered</b>: it works.", "resolved"),
        ("<strong>Note:</strong> the closed beta goes on.", "reported"),
        ("<strong>Resolved tickets</strong> reopen by themselves.", "reported"),
        ("All services have recovered.", "resolved"),
        ("All systems are operating normally.", "resolved"),
        ("All services have recovered for some customers.", "reported"),
        ("Chat API recovered", "resolved"),
        ("Status: Resolved<br>Over.", "resolved"),
        ("Status: Fix in progress - EU/US<br>Words.", "reported"),
    ],
)
def test_a_status_in_the_text(markup: str, status: str) -> None:
    """4: a heading, a label and a sentence state a status; words inside a sentence do not."""
    assert spoken(markup) == status


REGIONS = "<font color='#555555'><strong>Impacted Regions:</strong></font> Europe, North America <br /><br />"


def webex(*messages: tuple[str, str, str]) -> str:
    """Messages in the markup of Webex: status, text, and then the time."""
    blocks = (f"<strong >{s}</strong > - {body}<br /><small>{when}</small><br /><br />" for s, body, when in messages)
    return REGIONS + "".join(blocks)


def test_times_below_their_messages() -> None:
    """4: messages may end with their time (Webex, PayPal); each is an update, and regions are components."""
    markup = webex(
        ("resolved", "All calls work.", "March 7, 2026 09:40 UTC"),
        ("monitoring", "A fix is out.", "March 7, 2026 09:20 UTC"),
        ("investigating", "We look into it.", "March 7, 2026 08:55 UTC"),
    )
    incident = read_one(item("Calls fail", -5, markup, guid="a"))
    assert [(update.status, update.body, f"{update.created_at:%H:%M}") for update in incident.updates] == [
        ("investigating", "We look into it.", "08:55"),
        ("monitoring", "A fix is out.", "09:20"),
        ("resolved", "All calls work.", "09:40"),
    ]
    assert [part.name for part in incident.components] == ["Europe", "North America"]
    paypal = (
        "<b>Products:</b> Checkout, Cards<br /><strong>Resolved: cards work</strong><br />All is well.<br />"
        "<small>Mar 7, 2026 02:30 PDT</small><br /><strong>Investigating: cards fail</strong><br />Some fail.<br />"
        "<small>Mar 7, 2026 01:55 PDT</small>"
    )
    incident = read_one(item("Cards", -5, paypal, guid="a"))
    assert [(update.status, update.body) for update in incident.updates] == [
        ("investigating", "cards fail\nSome fail."),
        ("resolved", "cards work\nAll is well."),
    ]
    assert [part.name for part in incident.components] == ["Cards", "Checkout"]


def test_a_message_becomes_several() -> None:
    """8: an entry with one message at first goes on as one that lists them all; none is missing, none repeated."""
    steps = [
        ("investigating", "We look into it.", "March 7, 2026 09:05 UTC"),
        ("identified", "We know.", "March 7, 2026 09:12 UTC"),
        ("monitoring", "A fix is out.", "March 7, 2026 09:16 UTC"),
        ("resolved", "All calls work.", "March 7, 2026 09:25 UTC"),
    ]
    timeline = FeedTimeline()
    timeline.serve(0)
    shown = [item("Calls", 5, webex(*reversed(steps[:count])), guid="a") for count in range(5)]
    assert timeline.serve(10, shown[1]) == [("new", "a", [], 1)]
    assert timeline.serve(20, shown[3]) == [("updated", "a", ["updates", "status"], 2)]
    assert timeline.serve(30, shown[4]) == [("resolved", "a", ["status"], 1)]
    assert timeline.serve(40, shown[4]) == []


@pytest.mark.parametrize("automatic", ["Investigating", "Update", "Monitoring"])
def test_a_closing_message_is_the_last_of_its_minute(automatic: str) -> None:
    """5: of two messages of one minute a closing one counts as the last, whichever stands above (GitHub, recorded)."""
    closing = "<small>Mar 7, 09:30 UTC</small><br><strong>Resolved</strong> - Over."
    other = f"<small>Mar 7, 09:30 UTC</small><br><strong>{automatic}</strong> - Web is operating normally."
    first = "<small>Mar 7, 09:05 UTC</small><br><strong>Investigating</strong> - Slow."
    for blocks in ((other, closing, first), (closing, other, first)):
        incident = read_one(item("Web", 5, "".join(f"<p>{part}</p>" for part in blocks), guid="a"))
        assert (incident.status, incident.updates[-1].body, len(incident.updates)) == ("resolved", "Over.", 3)
    again = "<small>Mar 7, 09:31 UTC</small><br><strong>Investigating</strong> - Slow again."
    assert read_one(item("Web", 5, f"<p>{again}</p><p>{closing}</p>", guid="a")).status == "investigating"


def test_a_closing_item_is_the_last_of_its_minute() -> None:
    """5: the same holds for items that are updates."""
    link = {"link": f"{URL}/incident/5"}
    note = item("Web", 30.5, "Web is operating normally.", guid="b", **link)
    over = item("Web", 30.1, "This incident has been resolved.", guid="c", **link)
    assert read_one(note, over, item("Web", 5, "Slow.", guid="a", **link)).status == "resolved"


# ------------------------------------------------------------------------------------------ what is no incident


@pytest.mark.parametrize(
    ("title", "markup", "elements"),
    [
        *[
            ("New images", f"<p>Words.</p><p>Type: {word}</p>", {})
            for word in ("announcement", "release", "security", "Release notes", "Survey", "Security bulletin")
        ],
        *[("News", "Words.", {"category": word}) for word in ("Announcement", "release-notes", "Security Bulletins")],
        ("Security bulletin: a flaw in a library", "Update your client.", {}),
        ("[Announcement] New prices", "Words.", {}),
        ("Release notes - version 5", "Words.", {}),
        ("Survey: how are we doing?", "Words.", {}),
        ("Deprecation notice: version 3", "Words.", {}),
    ],
)
def test_no_incidents(title: str, markup: str, elements: dict[str, str]) -> None:
    """Contract 4.8.1: announcements, releases, bulletins and surveys are no incidents, where the feed says what they
    are.
    """
    news = item(title, 5, markup, guid="news", **elements)
    timeline = FeedTimeline()
    timeline.serve(0, OLD)
    assert timeline.serve(10, news, OLD) == [] and timeline.outcome.open.total == 0


@pytest.mark.parametrize(
    ("title", "markup", "elements"),
    [
        ("Security bulletin: outage of the login", "<p>Slow.</p><p>Type: incident</p>", {}),
        ("Announcement: we are down", "Status: Investigating<br>Slow.", {}),
        ("Security tokens are rejected", "Words.", {}),
        ("Survey tool is down", "Words.", {"category": "Survey tool"}),
        ("Release pipeline fails", "Words.", {"category": "Security"}),
        ("News feed is slow", "<p>Type: advisory</p>", {}),
        ("Slow", "<p>Our type: release</p>", {}),
    ],
)
def test_in_doubt_an_incident(title: str, markup: str, elements: dict[str, str]) -> None:
    """Contract 4.8.1: what may be an incident is one: its type says so, it states a status, or the word names a
    component.
    """
    incident = read_one(item(title, 5, markup, guid="a", **elements))
    assert incident.kind is IncidentKind.INCIDENT


@pytest.mark.parametrize(
    ("title", "markup", "elements"),
    [
        ("Routers", "<p>Type: maintenance</p>", {}),
        ("Routers", "<p>Type: Planned maintenance</p>", {}),
        ("Routers", "Words.", {"category": "Scheduled Maintenance"}),
        ("Scheduled maintenance: routers", "Words.", {}),
        ("[Maintenance] Routers", "Words.", {}),
        ("Planned Maintenance - routers", "Words.", {}),
        ("Wartung: Router", "Words.", {}),
        ("Routers", "Status: Scheduled<br>Words.", {}),
    ],
)
def test_maintenance(title: str, markup: str, elements: dict[str, str]) -> None:
    """4: maintenance is maintenance, where its type, a category, the title or the status says so."""
    assert read_one(item(title, 5, markup, guid="a", **elements)).kind is IncidentKind.MAINTENANCE


@pytest.mark.parametrize(
    "lines",
    [
        "Outage Start: 14 Mar 2026 01:00 UTC<br>Outage End: 14 Mar 2026 03:00 UTC",
        "Start Time: 2026-03-14T01:00:00Z<br>End Time: 2026-03-14T03:00:00Z",
        "Start: 2026-03-14 02:00 +01:00<br>End: 2026-03-14 04:00 +01:00",
        "From: Mar 14, 2026 01:00 UTC<br>To: Mar 14, 2026 03:00 UTC",
        "Start: Sat, 14 Mar 2026 01:00:00 GMT<br>End: Sat, 14 Mar 2026 03:00:00 GMT",
        "Window: 14 Mar 2026 01:00 - 03:00 UTC",
        "Maintenance window: Mar 14, 2026 01:00 UTC - Mar 14, 2026 03:00 UTC",
        "Scheduled for: 14 Mar 2026 01:00 UTC to 14 Mar 2026 03:00 UTC",
        "Begin: March 14, 2026 at 01:00 AM UTC<br>End: March 14, 2026 at 03:00 AM UTC",
    ],
)
def test_the_window_of_a_maintenance(lines: str) -> None:
    """4: a maintenance has the window that is stated; without a status of its own it follows the clock."""
    window = item("Routers", 5, f"Routers.<br>Type: maintenance<br>{lines}", guid="a")
    incident = read_one(window, now=at(60))
    assert incident.scheduled_for == datetime(2026, 3, 14, 1, tzinfo=UTC)
    assert incident.scheduled_until == datetime(2026, 3, 14, 3, tzinfo=UTC)
    days = timedelta(days=7)
    statuses = [read_one(window, now=START + days - timedelta(hours=8 - hours)).status for hours in (-1, 1, 3)]
    assert statuses == ["scheduled", "in_progress", "completed"]


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("Outage End: 07 Mar 2026 09:35 UTC", "resolved"),
        ("Outage End: 2026-03-07T09:35:00Z", "resolved"),
        ("End Time: Mar 7, 2026 09:35 UTC", "resolved"),
        ("Outage End: 07 Mar 2026 10:35 UTC", "reported"),  # an hour ahead
        ("Outage End: unknown", "reported"),
        ("Outage End: 07 Mar 2026 09:35 XYZ", "reported"),
        ("Next update: 07 Mar 2026 09:35 UTC", "reported"),
    ],
)
def test_the_stated_end_of_an_incident(end: str, status: str) -> None:
    """5: an incident whose entry states an end that is past is over (IBM Cloud)."""
    markup = f"<p>Slow.</p><p>Type: incident</p><p>Outage Start: 07 Mar 2026 08:50 UTC</p><p>{end}</p>"
    assert read_one(item("Slow", 5, markup, guid="a"), now=at(60)).status == status


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Affected Components: API, Web", ["API", "Web"]),
        ("Resources: is.volume<br>Regions: eu-de, us-south", ["eu-de", "is.volume", "us-south"]),
        ("Affected services: Mail; Chat", ["Chat", "Mail"]),
        ("Affected Components: No components were affected by this update.", []),
        ("Affected Components: None", []),
        ("Services: we are working on all of them.", []),
    ],
)
def test_components(line: str, names: list[str]) -> None:
    """4: labelled lines name components; that none was affected names nothing."""
    incident = read_one(item("Slow", 5, f"Words.<br>{line}", guid="a"))
    assert [part.name for part in incident.components] == names


# ------------------------------------------------------------------------------------------ entries without facts


def test_an_entry_without_a_date() -> None:
    """Contract 4.11: the 14 days of an entry without a date (Cachet) count from its first sight; a new text begins them
    anew.
    """
    timeline = FeedTimeline()
    timeline.serve(0, item("Old", None, guid="old"))
    assert timeline.serve(10, item("Slow", None, guid="a"), item("Old", None, guid="old")) == [("new", "a", [], 1)]
    day = 24 * 60
    more = item("Slow", None, "More words.", guid="a")
    assert timeline.serve(10 + 10 * day, more, item("Old", None, guid="old")) == [("updated", "a", ["updates"], 1)]
    expired = timeline.serve(10 + 15 * day, more, item("Old", None, guid="old"))
    assert expired == [("resolved", "old", ["expired"], 0)]
    assert timeline.serve(10 + 24 * day, more) == [("resolved", "a", ["expired"], 0)]
    assert timeline.serve(10 + 25 * day, more, item("Old", None, guid="old")) == []


def test_an_only_entry_without_a_state() -> None:
    """5: the only entry of a feed of components that states nothing is skipped, and does not fail the page."""
    timeline = FeedTimeline()
    assert timeline.serve(0, item("Admin Center", status="Available")) == []
    ((_, key, _, _),) = timeline.serve(10, item("Admin Center", status="ServiceDegradation"))
    assert timeline.serve(20, item("Admin Center", status="")) == [] and timeline.outcome.open.total == 1
    assert timeline.serve(30, item("Admin Center", 30, "It works.", status="ServiceRestored")) == [
        ("resolved", key, ["status"], 1)
    ]
    assert timeline.serve(40, item("Admin Center", 40, status="Available")) == []


@pytest.mark.parametrize("state", ["ServiceRestored", "Service restored", "FalsePositive", "Resolved", "Recovered"])
def test_a_component_is_restored(state: str) -> None:
    """5: a state that says that the trouble is over ends the incident, with its text, once."""
    timeline = FeedTimeline()
    timeline.serve(0, item("Admin Center", status="Available"))
    ((_, key, _, _),) = timeline.serve(10, item("Admin Center", 10, "Slow.", status="ServiceInterruption"))
    for minutes in (20, 30):
        events: list[Any] = timeline.serve(minutes, item("Admin Center", minutes, "Over.", status=state))
        assert events == ([("resolved", key, ["status"], 1)] if minutes == 20 else [])
    assert timeline.serve(40, item("Admin Center", 40, status="Available")) == []


# ------------------------------------------------------------------------------------------ AWS


def aws(title: str, minutes: float, place: str = "ec2-us-west-1") -> str:
    return item(
        title,
        minutes,
        f"Words at {minutes}.",
        guid=f"http://status.acme.example/#{place}_{1772874000 + minutes * 60:.0f}",
    )


@pytest.mark.parametrize(
    ("former", "later", "is_one"),
    [
        ("Increased launch error rates", "Increased launch error rates and degraded volume performance", True),
        ("Increased launch error rates and degraded volumes", "Increased launch error rates", True),
        ("Increased API Error Rates", "Increased Error Rates", True),
        ("Elevated API latencies", "Connectivity issues", False),
        ("DNS resolution", "Instance connectivity", False),
    ],
)
def test_a_series_under_another_title(former: str, later: str, *, is_one: bool) -> None:
    """4: items of one place go on as one incident where the title is widened or narrowed, and only there."""
    timeline = FeedTimeline()
    timeline.serve(0)
    first = aws(f"Informational message: {former}", 5)
    ((_, key, _, _),) = timeline.serve(10, first)
    second = aws(f"Informational message: {later}", 15)
    events = timeline.serve(20, second, first)
    if not is_one:
        assert [event[0] for event in events] == ["new"] and events[0][1] != key
        return
    assert events == [("updated", key, ["updates", "title"], 1)]
    over = aws(f"Service is operating normally: [RESOLVED] {later}", 25)
    assert timeline.serve(30, over, second, first) == [("resolved", key, ["status"], 1)]
    assert timeline.serve(40, over, second) == [] and timeline.serve(50, over) == []


def test_a_series_elsewhere_is_another_incident() -> None:
    """4: alike titles of two places, or after an end, are two incidents."""
    title = "Informational message: Increased error rates"
    assert len(read(aws(title, 15, "s3-us-west-1"), aws(title, 5)).incidents) == 2
    over = aws("Service is operating normally: Increased error rates", 10)
    longer = aws(f"{title} in one zone", 60 * 30)
    assert len(read(longer, over, aws(title, 5)).incidents) == 2

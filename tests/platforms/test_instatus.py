"""Instatus."""

from datetime import UTC, datetime, timedelta
from html import escape

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.event import Event
from statuswatch.model.incident import STATED_BY_VENDOR, Impact, IncidentKind
from statuswatch.model.page import Feed, Page, PageSnapshot
from statuswatch.platforms import instatus
from statuswatch.platforms.parsing import ParseInput
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import URL, Json, encode, only
from tests.support.samples.instatus import (
    ACTIVE,
    CALM,
    FIRST,
    ITEMS,
    LAST,
    LOGIN,
    PLANNED,
    QUEUE,
    SAMPLE,
    START,
    SUMMARY,
    WINDOW,
    item,
    rss,
    update,
)

OTHER = "cl4a8n3070721qtmzvts760c4"


def read(*items: str, summary: Json = SUMMARY) -> Feed:
    return SAMPLE.read(history__rss=rss(*items), summary__json=summary)


def listing(*incidents: Json, windows: tuple[Json, ...] = ()) -> Json:
    lists = {"activeIncidents": list(incidents), "activeMaintenances": list(windows)}
    return {
        **CALM,
        **{name: entries for name, entries in lists.items() if entries},
    }  # the vendor leaves out empty lists


def ids(feed: Feed, key: str) -> list[str]:
    return [update.id for update in only(feed, key).updates]


class InstatusTimeline:
    """The page read from its two documents again and again. A feed that is None: the page has none."""

    def __init__(self) -> None:
        self.timeline = PageTimeline(SAMPLE.page)

    def read(self, minutes: float, summary: Json, feed: bytes | None) -> list[Event]:
        documents = {"summary.json": encode(summary), "history.rss": feed}
        parsed = instatus.parse(ParseInput(SAMPLE.page, documents, self.timeline.state))
        return self.timeline.apply(minutes, PageSnapshot(parsed, {}, instatus.PARSER_VERSION))


def test_long_addresses() -> None:
    """5: an address made to be slow is parsed quickly, and is not followed."""
    for address in ("/" + "1" * 199, "/1?"):
        listed = {**ACTIVE, "id": None, "url": address * 10_000 + "\nzz"}
        feed = SAMPLE.read(summary__json={**SUMMARY, "activeIncidents": [listed]}, history__rss=None)
        assert feed.incidents[0].url == URL


def test_ids_are_pinned() -> None:
    """4: an incident's id is the vendor's; an update's is derived from its time and status."""
    assert {incident.id: [post.id for post in incident.updates] for incident in SAMPLE.read().incidents} == {
        LOGIN: ["b6005c747995", "052c717b4bff"],
        WINDOW: [],
        QUEUE: ["5e018b9e1900", "bd5bf1618752"],
    }


def test_ids_of_entries() -> None:
    """4: the id of an entry without one is the last part of its address, as in the feed; else it is derived from the
    start, whatever the name and the place in the list.
    """
    bare = {**ACTIVE, "id": None}
    for address in (f"/incident/{LOGIN}", f"{URL}/fr/incident/{LOGIN}/?utm=1"):
        assert ids(read(*ITEMS, summary=listing({**bare, "url": address})), LOGIN)
    for url in (None, "", URL, f"{URL}/incidents"):
        unnamed = {**bare, "url": url}
        for name in ("SSO & login", "Edited"):
            feed = read(summary=listing({**unnamed, "name": name}, windows=(PLANNED,)))
            assert [incident.id for incident in feed.incidents] == ["945942c91f03", WINDOW]
    assert [incident.id for incident in read(summary=listing(windows=({**PLANNED, "url": None},))).incidents] == [
        "7adcf4dccf21"
    ]


def test_ids_of_entries_that_start_together() -> None:
    """4: the ids of entries that start together depend on their names, not on their order."""
    both = [{**ACTIVE, "id": None, "url": None, "name": name} for name in ("One", "Two")]
    feeds = [read(summary=listing(*order)) for order in (both, both[::-1])]
    first, second = ({incident.title: incident.id for incident in feed.incidents} for feed in feeds)
    assert first == second and len(set(first.values())) == 2


def test_ids_of_updates_stay() -> None:
    """4: an update keeps its id when it or a neighbour is edited, when the order is reversed, and beside one of the
    same second.
    """
    before = ids(SAMPLE.read(), LOGIN)
    edited = update("Sep 25", "15:15:00", "Investigating", "Other words.")
    twin = update("Sep 25", "16:01:05", "Resolved", "Over.")
    assert ids(read(item(LOGIN, "Login", START, edited, LAST)), LOGIN) == before
    assert ids(read(item(LOGIN, "Login", START, LAST, FIRST)), LOGIN) == before
    for updates in ((FIRST, LAST, twin), (twin, LAST, FIRST)):
        feed = read(item(LOGIN, "Login", START, *updates))
        assert ids(feed, LOGIN)[:2] == before and only(feed, LOGIN).status == "resolved"


def test_updates_of_one_second_and_status() -> None:
    """4: two updates with the same time and status are two, each with the same id in either order."""
    more = update("Sep 25", "15:15:00", "Investigating", "More.")
    feeds = [read(item(LOGIN, "Login", START, *updates)) for updates in ((FIRST, more), (more, FIRST))]
    bodies = [{post.id: post.body for post in only(feed, LOGIN).updates} for feed in feeds]
    assert bodies[0] == bodies[1] and len(bodies[0]) == 2


def test_updates() -> None:
    """4: a time without a year is in the year of its incident, the template's full stop is not part of a message, and
    the status is that of the newest update.
    """
    feed = SAMPLE.read()
    queue = only(feed, QUEUE)
    assert [post.created_at for post in queue.updates] == [
        datetime(2025, 12, 31, 23, 50, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 10, tzinfo=UTC),
    ]
    assert (queue.status, queue.created_at) == ("resolved", datetime(2025, 12, 31, 23, 50, tzinfo=UTC))
    assert [post.body for post in only(feed, LOGIN).updates] == ["We look into it.", "It is fixed & watched"]


def test_leap_day() -> None:
    """4: the 29th of February is found in the year that has one."""
    resolved = update("Feb 29", "10:00:00", "Resolved", "Over.")
    feed = read(item(OTHER, "Login", "Wed, 27 Dec 2023 10:00:00 +0000", resolved))
    assert only(feed, OTHER).last_update_at == datetime(2024, 2, 29, 10, tzinfo=UTC)


def test_plain_html() -> None:
    """4: a feed that does not escape its HTML a second time is read as well."""
    body = rss(ITEMS[0].replace(escape(FIRST + LAST), FIRST + LAST), ITEMS[1])
    assert SAMPLE.read(history__rss=body).incidents == SAMPLE.read().incidents


def test_components() -> None:
    """4: components are those that the plain description names."""
    feed = SAMPLE.read()
    assert [component.label for component in only(feed, LOGIN).components] == ["App", "Jobs"]
    assert (only(feed, LOGIN).source_quality, only(feed, QUEUE).source_quality) == (STATED_BY_VENDOR, 0)


def test_status_impact_and_schedule() -> None:
    """4: status, impact and schedule are the summary's; statuses and times are understood in both of their forms."""
    feed = SAMPLE.read()
    login, window = only(feed, LOGIN), only(feed, WINDOW)
    assert (login.kind, login.status, login.impact) == (IncidentKind.INCIDENT, "monitoring", Impact.MAJOR)
    assert login.created_at == datetime(2026, 9, 25, 15, 15, tzinfo=UTC) and login.url == ACTIVE["url"]
    assert (window.kind, window.status, window.impact) == (IncidentKind.MAINTENANCE, "scheduled", Impact.MAINTENANCE)
    start = datetime(2026, 9, 26, 18, 55, 54, tzinfo=UTC)
    assert (window.scheduled_for, window.scheduled_until) == (start, start + timedelta(hours=1))
    other = listing({**ACTIVE, "status": "IDENTIFIED", "impact": "UNDERMAINTENANCE"})
    assert (only(read(*ITEMS, summary=other), LOGIN).status, *ids(read(*ITEMS, summary=other), LOGIN)) == (
        "identified",
        *ids(feed, LOGIN),
    )
    assert only(read(summary=other), LOGIN).impact is Impact.UNKNOWN
    assert only(read(summary=listing({**ACTIVE, "impact": None, "updatedAt": None})), LOGIN).updates == ()


def test_only_the_summary_opens() -> None:
    """4: an entry that only the feed shows as open is ignored; one that it shows as over is history."""
    assert [incident.id for incident in read(*ITEMS, summary=CALM).incidents] == [QUEUE]


def test_over_in_the_feed_and_open_in_the_summary() -> None:
    """4: of two copies of an incident the newer counts, and of equal ones the closed one."""
    over = update("Sep 25", "16:30:00", "Resolved", "Over.")
    for changed, status in (
        (None, "resolved"),
        ("2026-09-25T16:01:05.000Z", "resolved"),
        ("2026-09-25T16:30:00Z", "resolved"),
        ("2026-09-25T16:40:00Z", "monitoring"),
    ):
        feed = read(item(LOGIN, "Login", START, FIRST, over), summary=listing({**ACTIVE, "updatedAt": changed}))
        assert only(feed, LOGIN).status == status and len(ids(feed, LOGIN)) == 2


@pytest.mark.parametrize(
    ("status", "lists", "believed"),
    [
        ("UP", {}, True),
        ("UP", {"activeIncidents": []}, True),
        ("HASISSUES", {"activeIncidents": []}, True),
        ("UNDERMAINTENANCE", {"activeMaintenances": [PLANNED]}, True),
        ("HASISSUES", {}, False),
        ("HASISSUES", {"activeMaintenances": [PLANNED]}, False),
        ("UNDERMAINTENANCE", {}, False),
        ("UNDERMAINTENANCE", {"activeIncidents": [ACTIVE]}, False),
        ("UP", {"activeIncidents": None}, False),
        ("UP", {"activeMaintenances": {}}, False),
        ("UP", {"activeIncidents": [], "activeMaintenances": "[]"}, False),
        ("HAS_ISSUES", {"activeIncidents": []}, False),
        ("up", {"activeIncidents": []}, False),
    ],
)
def test_missing_lists(status: str, lists: Json, *, believed: bool) -> None:
    """5: a missing list is empty unless the page's status says that it has entries. A list of a wrong type, or an
    unknown status of the page, is an error.
    """
    summary = {"page": {**CALM["page"], "status": status}, **lists}
    if believed:
        assert len(read(summary=summary).incidents) == len(lists.get("activeMaintenances", ()))
    else:
        with pytest.raises(FeedError, match=r"summary\.json"):
            read(summary=summary)


def test_kinds_that_are_listed() -> None:
    """4.10 to 4.13: the summary lists everything that is open and nothing else; the feed keeps closed incidents."""
    feed = SAMPLE.read()
    both = {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}
    assert feed.complete == both and feed.history == {IncidentKind.INCIDENT} and not feed.unread
    assert feed.by_creation and feed.identity == "instatus"
    bare = SAMPLE.read(history__rss=None)  # not read this time
    assert not bare.history and bare.unread == both
    assert {incident.id for incident in bare.incidents} == {LOGIN, WINDOW}


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (item(OTHER, "x", START, update("Sep 25", "15:15", "Résolu", "x")), "unknown status"),
        (item(OTHER, "x", START, FIRST, update("sept. 25", "15:15", "Resolved", "x")), "cannot be read"),
        (item(OTHER, "x", START), "without any"),
        (item(OTHER, "x", "today", FIRST), "invalid date"),
        (item("", "x", START, FIRST), "without an id"),
        (item(OTHER, "x", START, update("Sep 31", "15:15", "Resolved", "x")), "cannot be read"),
    ],
)
def test_bad_entry_of_the_feed(entry: str, why: str) -> None:
    """5: an entry in another language, or without a state, costs only itself, and keeps nothing open."""
    feed = read(entry, *ITEMS)
    assert feed.incidents == SAMPLE.read().incidents and feed.skipped == ()
    assert "history.rss: entry 0" in feed.losses[0] and why in feed.losses[0].lower()
    only_bad = read(entry)
    assert "no other entry" in only_bad.losses[0] and {incident.id for incident in only_bad.incidents} == {
        LOGIN,
        WINDOW,
    }


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<!DOCTYPE html><html><title>Get a status page</title></html>", "document type"),
        (rss().replace(b"\n<rss", b'<!doctype rss [<!ENTITY a "aaaa">]><rss'), "document type"),
        ('<?xml version="1.0"?><!DOCTYPE rss><rss/>'.encode("utf-16"), "document type"),
        ('<?xml version="1.0"?><!DOCTYPE rss><rss/>'.encode("utf-16-le"), "null characters"),
        (b'<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://acme.example"/></feed>', "no RSS"),
        (rss(*ITEMS)[:-20], "no element found"),
        (b"\xff\xfe\xff", "decode"),
        (b"", "no element found"),
    ],
)
def test_unreadable_feed(body: bytes, why: str) -> None:
    """4: a feed that cannot be read costs only what it adds, not the page."""
    feed = SAMPLE.read(history__rss=body)
    assert why in feed.losses[0] and "history.rss" in feed.losses[0] and feed.skipped == ()
    assert {incident.id: (incident.status, incident.updates) for incident in feed.incidents} == {
        LOGIN: ("monitoring", ()),
        WINDOW: ("scheduled", ()),
    }


def test_recognition() -> None:
    """3: a page of this platform states its name and address; the similar pages of Checkly and others are refused."""
    assert instatus.matches(SAMPLE.read())
    assert instatus.matches(SAMPLE.read(summary__json=CALM, history__rss=None))
    for missing in ("name", "url"):
        page = {name: value for name, value in CALM["page"].items() if name != missing}
        assert not instatus.matches(SAMPLE.read(summary__json={"page": page}))
    for foreign in (
        {"page": {"name": "Acme", "url": URL, "status": "HAS_ISSUES"}, "activeIncidents": []},
        {"page": {"name": "Acme", "url": URL}, "status": {"indicator": "none"}, "incidents": []},
        {"status": "UP"},
    ):
        with pytest.raises(FeedError, match=r"summary\.json"):
            SAMPLE.read(summary__json=foreign)


def test_address_of_the_document() -> None:
    """3: a page given by the address of a document is read there."""
    for name in ("history.rss", "summary.json"):
        page = Page(key="acme", name="Acme", url=f"{URL}/{name}")
        assert instatus.documents(page) == instatus.documents(SAMPLE.page)


# ----------------------------------------------------------------------------------------------------- several reads

PAST = ITEMS[1]
OPENED: Json = {**ACTIVE, "status": "INVESTIGATING", "updatedAt": "2026-09-25T15:15:00.000Z"}
BEGUN = rss(item(LOGIN, "SSO & login", START, FIRST, components="App"), PAST)
ENDED = rss(item(LOGIN, "SSO & login", START, update("Sep 25", "16:30:00", "Resolved", "Over."), FIRST), PAST)
LATE = {"open": BEGUN, "missing": rss(PAST), "unreadable": b"<html>"}


def summary_of(event: Event) -> tuple[str, list[str], list[str]]:
    """Kind, changes, and bodies of the updates."""
    return str(event.kind), [str(change) for change in event.changes], [post.body for post in event.updates]


def test_course_of_an_incident() -> None:
    """4.2, 4.8, 4.5: an incident opens in the summary, gets its messages from the feed, and ends with the last of them.
    While the feed fails, nothing is reported and nothing is forgotten.
    """
    page = InstatusTimeline()
    page.read(0, CALM, rss(PAST))
    (event,) = page.read(5, listing(OPENED), rss(PAST))
    assert summary_of(event) == ("new", [], []) and event.incident.impact is Impact.MAJOR
    (event,) = page.read(10, listing(OPENED), BEGUN)
    assert summary_of(event) == ("updated", ["updates"], ["We look into it."])
    for body in (b"<html>", rss(PAST), None):
        before = page.timeline.state
        assert page.read(15, listing(OPENED), body) == [] and page.timeline.state == before
        assert not page.timeline.outcome.notes.suspicion
    (event,) = page.read(20, listing(ACTIVE), b"<html>")
    assert summary_of(event) == ("updated", ["status"], []) and event.incident.components
    (event,) = page.read(25, CALM, ENDED)
    assert summary_of(event) == ("resolved", ["status"], ["Over."]) and event.incident.impact is Impact.MAJOR
    assert page.read(30, CALM, ENDED) == [] and page.read(35, CALM, None) == []


def test_page_without_a_feed() -> None:
    """4.11: on a page without a feed, an entry that leaves the summary is delisted at the second read."""
    page = InstatusTimeline()
    page.read(0, listing(OPENED, windows=(PLANNED,)), None)
    begun = {**PLANNED, "status": "INPROGRESS"}
    assert shape(page.read(5, listing(OPENED, windows=(begun,)), None)) == [("updated", WINDOW, ["status"], [])]
    assert page.read(10, CALM, None) == []
    assert shape(page.read(20, CALM, None)) == [
        ("resolved", WINDOW, ["delisted"], []),
        ("resolved", LOGIN, ["delisted"], []),
    ]
    assert shape(page.read(25, listing(OPENED), None)) == [("updated", LOGIN, ["reopened"], [])]


@pytest.mark.parametrize("late", LATE)
def test_feed_lags(late: str) -> None:
    """Contract 4.4 and 4, row 12d: an entry that left the summary and is not over in the feed yet is left alone for one
    read; where the feed lists it as open, or could not be read, for any number.
    """
    page = InstatusTimeline()
    page.read(0, listing(OPENED), BEGUN)
    assert page.read(5, CALM, LATE[late]) == []
    assert summary_of(*page.read(6, CALM, ENDED)) == ("resolved", ["status"], ["Over."])

    page = InstatusTimeline()
    page.read(0, listing(OPENED), BEGUN)
    assert page.read(5, CALM, LATE[late]) == []
    if late != "missing":
        assert page.read(20, CALM, LATE[late]) == []
        assert summary_of(*page.read(30, CALM, ENDED)) == ("resolved", ["status"], ["Over."])
        return
    assert shape(page.read(20, CALM, LATE[late])) == [("resolved", LOGIN, ["delisted"], [])]
    assert page.read(25, CALM, LATE[late]) == []
    assert summary_of(*page.read(30, CALM, ENDED)) == ("updated", ["updates"], ["Over."])


def test_came_and_went() -> None:
    """4.3, 4.6: an incident that began and ended between two reads is reported; listed again, it reopens."""
    page = InstatusTimeline()
    page.read(0, CALM, rss(PAST))
    later = update("Dec 1", "10:00:00", "Resolved", "Over.")
    entry = item(OTHER, "SSO & login", "Tue, 01 Dec 2026 09:00:00 +0000", later)
    assert summary_of(*page.read(60, CALM, rss(entry, PAST))) == ("resolved", ["missed"], ["Over."])
    again = {**ACTIVE, "id": OTHER, "started": "2026-12-01T09:00:00Z", "updatedAt": "2026-12-01T11:00:00Z"}
    assert shape(page.read(65, listing(again), rss(entry, PAST)))[0][:3] == ("updated", OTHER, ["reopened"])


def test_bad_entry_of_the_summary() -> None:
    """5: a bad entry of the summary may be any open incident: none is delisted then."""
    page = InstatusTimeline()
    page.read(0, listing(OPENED), None)
    bad = listing({**OPENED, "started": "soon"}, {**ACTIVE, "id": OTHER})
    assert shape(page.read(5, bad, None)) == [("new", OTHER, [], [])]
    assert "summary.json: entry 0" in SAMPLE.read(summary__json=bad).skipped[0]


def test_suddenly_empty() -> None:
    """5: a feed that is suddenly empty beside a summary that lists nothing is a suspicion."""
    page = InstatusTimeline()
    page.read(0, listing(OPENED), BEGUN)
    assert page.read(5, CALM, rss()) == [] and "suddenly empty" in page.timeline.outcome.notes.suspicion


def test_recorded_incidents() -> None:
    """4: a page as recorded: only incidents, whose addresses lack the feed's `/incident/`, and which last for years.

    The shape of test/fixtures/instatus/incident.json of DevManfre/isitdown. The words are ours.
    """
    stated = {
        "id": "clq3wc2ap1350bronl8974nko",
        "name": "Slow",
        "started": "2023-12-13T14:58:14.917Z",
        "status": "INVESTIGATING",
        "impact": "PARTIALOUTAGE",
        "url": f"{URL}/clq3wc2ap1350bronl8974nko",
        "updatedAt": "2025-10-04T17:08:17.917Z",
    }
    page = {"name": "Acme", "url": URL, "status": "HASISSUES"}
    for entry in (stated, {**stated, "id": None}):
        (incident,) = read(*ITEMS, summary={"page": page, "activeIncidents": [entry]}).incidents[:1]
        assert (incident.id, incident.status, incident.impact) == (stated["id"], "investigating", Impact.MAJOR)
        assert incident.url == stated["url"]
        assert incident.created_at == datetime(2023, 12, 13, 14, 58, 14, 917000, tzinfo=UTC)


def test_recorded_windows() -> None:
    """4: a page as recorded: it is UP, has no list of incidents, and plans two windows, their lengths in minutes.

    The shape of test/fixtures/instatus/operational.json of DevManfre/isitdown, a copy of September 2026.
    """
    windows = [
        {
            "id": f"cmtlnoty400tz1bk3ehvx261{letter}",
            "name": "Maintenance",
            "start": "2026-09-10T08:00:00.000Z",
            "status": "NOTSTARTEDYET",
            "duration": minutes,
            "url": f"{URL}/cmtlnoty400tz1bk3ehvx261{letter}",
            "updatedAt": "2026-09-07T08:00:00.464Z",
        }
        for letter, minutes in (("c", 15), ("d", 240))
    ]
    feed = SAMPLE.read(summary__json={**CALM, "activeMaintenances": windows}, history__rss=None)
    assert not feed.skipped and {incident.kind for incident in feed.incidents} == {IncidentKind.MAINTENANCE}
    short, long = (only(feed, str(window["id"])) for window in windows)
    assert (short.status, short.url) == ("scheduled", windows[0]["url"])
    assert short.scheduled_until == datetime(2026, 9, 10, 8, 15, tzinfo=UTC)
    assert long.scheduled_until == datetime(2026, 9, 10, 12, tzinfo=UTC)

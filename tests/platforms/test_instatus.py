"""Instatus."""

import copy
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model import STATED, Feed, Impact, Kind, Page, PageMemory
from statuswatch.platforms import instatus
from statuswatch.platforms.instatus import LARGEST_FEED
from statuswatch.review import Read, review_page
from tests.platforms.sample import URL, Json, Sample, only

LOGIN, QUEUE, WINDOW = "cmuh4kc8h00s013pih51rz3uf", "cmtnae42b0e811no58822esum", "cl4a8nlv50918qtmzdlw60ivu"
OTHER = "cl4a8n3070721qtmzvts760c4"


def said(day: str, time: str, status: str, body: str, zone: str = "GMT+0") -> str:
    """An update in the HTML of an entry, with the full stop that the template adds."""
    when = f"{day[:3]} <var data-var='date'> {day[4:]}</var>, <var data-var='time'>{time}</var> {zone}"
    return f"<p><small>{when}</small><br><strong>{status}</strong> -\n  {body}.</p>\n"


def item(key: str, name: str, start: str, *updates: str, components: str = "", kind: str = "incident") -> str:
    """An entry of history.rss as recorded on status.northflank.com: HTML within CDATA, escaped once more."""
    return f"""
<item>
  <title>{escape(name)}</title>
  <description>
    Type: {kind.title()}
    Duration: 46 minutes

    Affected Components: {escape(components)}
    The updates again, as plain text.
  </description>
  <content:encoded>
    <![CDATA[<p><strong>Type:</strong> Incident</p>
    <p><strong>Affected Components:</strong> , </p>
    {escape("".join(updates))}
]]>
  </content:encoded>
  <pubDate>{start}</pubDate>
  <link>{URL}/{kind}/{key}</link>
  <guid>{URL}/{kind}/{key}</guid>
</item>"""


def rss(*items: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
  <channel>
    <title>Acme Status - Incident history</title>
    <link>{URL}</link>
    <description>Acme</description>{"".join(items)}
  </channel>
</rss>
""".encode()


FIRST = said("Sep 25", "15:15:00", "Investigating", "We look into it.")
LAST = said("Sep 25", "16:01:05", "Monitoring", "It is fixed &amp; watched")
ITEMS = (
    item(LOGIN, "SSO & login", "Fri, 25 Sep 2026 15:15:00 +0000", FIRST, LAST, components="App, Jobs"),
    item(
        QUEUE,
        "Queue",
        "Thu, 31 Dec 2025 23:50:00 +0000",
        said(
            "Jan 1", "02:10:00", "Resolved", "Over.", "GMT+2"
        ),  # newest first, as in some entries of one recorded page
        said("Dec 31", "23:50:00", "Identified", "Found."),
    ),
)
ACTIVE: Json = {  # with an id, as the vendor documents now
    "id": LOGIN,
    "name": "SSO & login",
    "started": "2026-09-25T15:15:00.000Z",
    "status": "MONITORING",
    "impact": "PARTIALOUTAGE",
    "url": f"{URL}/incident/{LOGIN}",
    "updatedAt": "2026-09-25T16:01:05.000Z",
}
PLANNED: Json = {  # without one, and with the times of JavaScript, as the vendor documented before
    "name": "Database maintenance",
    "start": "Sat Sep 26 2026 18:55:54 GMT+0000 (Coordinated Universal Time)",
    "status": "NOTSTARTEDYET",
    "duration": "60",
    "url": f"{URL}/maintenance/{WINDOW}",
}
CALM: Json = {"page": {"name": "Acme", "url": URL, "status": "UP"}}
SUMMARY: Json = {
    "page": {"name": "Acme", "url": URL, "status": "HASISSUES"},
    "activeIncidents": [ACTIVE],
    "activeMaintenances": [PLANNED],
}

SAMPLE = Sample("instatus", {"history.rss": rss(*ITEMS), "summary.json": SUMMARY}, "history.rss")


def read(*items: str, summary: Json | bytes | None = SUMMARY) -> Feed:
    return SAMPLE.read(history__rss=rss(*items), summary__json=summary)


def ids(feed: Feed, key: str) -> list[str]:
    return [one.id for one in only(feed, key).updates]


def test_ids_are_pinned() -> None:
    """4: an incident's id is the vendor's, out of its address; an update's is derived from its time and status."""
    feed = SAMPLE.read()
    assert {it.id: [one.id for one in it.updates] for it in feed.incidents} == {
        LOGIN: ["b6005c747995", "052c717b4bff"],
        QUEUE: ["5e018b9e1900", "bd5bf1618752"],
        WINDOW: [],
    }


def test_ids_of_updates_stay() -> None:
    """4: an update keeps its id when it or a neighbour is edited, when the order turns, and beside one of the same
    second.
    """
    start = "Fri, 25 Sep 2026 15:15:00 +0000"
    before = ids(SAMPLE.read(), LOGIN)
    edited = said("Sep 25", "15:15:00", "Investigating", "Other words.")
    twin = said("Sep 25", "16:01:05", "Resolved", "Over.")
    assert ids(read(item(LOGIN, "Login", start, edited, LAST)), LOGIN) == before
    assert ids(read(item(LOGIN, "Login", start, LAST, FIRST)), LOGIN) == before
    for updates in ((FIRST, LAST, twin), (twin, LAST, FIRST)):
        feed = read(item(LOGIN, "Login", start, *updates))
        assert ids(feed, LOGIN)[:2] == before and only(feed, LOGIN).status == "resolved"


def test_updates_of_one_second_and_status() -> None:
    """4: two updates with the same time and status are two, each with the same id in either order."""
    start = "Fri, 25 Sep 2026 15:15:00 +0000"
    more = said("Sep 25", "15:15:00", "Investigating", "More.")
    one, other = (read(item(LOGIN, "Login", start, *updates)) for updates in ((FIRST, more), (more, FIRST)))
    bodies = [{it.id: it.body for it in only(feed, LOGIN).updates} for feed in (one, other)]
    assert bodies[0] == bodies[1] and len(bodies[0]) == 2


def test_updates() -> None:
    """4: times without a year are brought to UTC in the year of their incident, the template's full stop is not part of
    a message, and the newest update tells the status.
    """
    feed = SAMPLE.read()
    queue = only(feed, QUEUE)
    assert [one.created_at for one in queue.updates] == [
        datetime(2025, 12, 31, 23, 50, tzinfo=UTC),
        datetime(2026, 1, 1, 0, 10, tzinfo=UTC),
    ]
    assert (queue.status, queue.created_at) == ("resolved", datetime(2025, 12, 31, 23, 50, tzinfo=UTC))
    assert [one.body for one in only(feed, LOGIN).updates] == ["We look into it.", "It is fixed & watched"]


def test_leap_day() -> None:
    """4: the 29th of February is found in the year that has one."""
    update = said("Feb 29", "10:00:00", "Resolved", "Over.")
    feed = read(item(LOGIN, "Login", "Wed, 27 Dec 2023 10:00:00 +0000", update))
    assert only(feed, LOGIN).last == datetime(2024, 2, 29, 10, tzinfo=UTC)


def test_plain_html() -> None:
    """4: a feed that does not escape its HTML once more is read as well."""
    body = rss(ITEMS[0].replace(escape(FIRST + LAST), FIRST + LAST))
    assert SAMPLE.read(history__rss=body).incidents[0] == SAMPLE.read().incidents[0]


def test_components() -> None:
    """4: components are those of the plain description; none are stated where it names none."""
    feed = SAMPLE.read()
    assert [part.label for part in only(feed, LOGIN).components] == ["App", "Jobs"]
    assert (only(feed, LOGIN).rank, only(feed, QUEUE).rank) == (STATED, 0)


def test_summary_adds_impact_and_schedule() -> None:
    """4: the impact of what is open and the schedule of a window are the summary's; its status may lag, and is not."""
    feed = SAMPLE.read()
    assert only(feed, LOGIN).impact is Impact.MAJOR
    assert only(feed, QUEUE).impact is Impact.UNKNOWN
    window = only(feed, WINDOW)
    assert (window.kind, window.status, window.impact) == (Kind.MAINTENANCE, "scheduled", Impact.MAINTENANCE)
    start = datetime(2026, 9, 26, 18, 55, 54, tzinfo=UTC)
    assert (window.scheduled_for, window.scheduled_until) == (start, start + timedelta(hours=1))
    older = {**SUMMARY, "activeIncidents": [{**ACTIVE, "status": "INVESTIGATING"}]}
    assert only(SAMPLE.read(summary__json=older), LOGIN).status == "monitoring"


def test_summary_lists_what_the_feed_does_not() -> None:
    """4: what only the summary lists is an incident without updates, under the id that the feed will give it."""
    unlisted = {**ACTIVE, "id": None, "url": f"{URL}/incident/{OTHER}"}
    feed = SAMPLE.read(summary__json={**SUMMARY, "activeIncidents": [ACTIVE, unlisted]})
    it = only(feed, OTHER)
    assert (it.status, it.impact, it.updates) == ("monitoring", Impact.MAJOR, ())
    assert it.created_at == datetime(2026, 9, 25, 15, 15, tzinfo=UTC)


def test_summary_of_before() -> None:
    """4: a summary that still lists an incident that the feed has as resolved changes nothing of it."""
    stale = {**SUMMARY, "activeIncidents": [{**ACTIVE, "id": QUEUE}]}
    assert only(SAMPLE.read(summary__json=stale), QUEUE) == only(SAMPLE.read(summary__json=CALM), QUEUE)


def test_calm_summary() -> None:
    """5: a summary leaves out a list without entries: beside UP that says that nothing is open, beside any other word
    it says nothing. UP with an incident is no contradiction.
    """
    assert SAMPLE.read(summary__json=CALM).current == {Kind.MAINTENANCE}
    up = {**SUMMARY, "page": CALM["page"]}
    assert only(SAMPLE.read(summary__json=up), LOGIN).impact is Impact.MAJOR
    for status in ("HASISSUES", "UNDERMAINTENANCE", "HAS_ISSUES"):
        feed = SAMPLE.read(summary__json={"page": {**CALM["page"], "status": status}})
        assert feed.current == set() and "summary.json" in feed.losses[0]
    feed = SAMPLE.read(summary__json={**CALM, "activeMaintenances": None})
    assert feed.current == set() and "summary.json" in feed.losses[0]


def test_what_is_listed() -> None:
    """4.10 to 4.13: the feed keeps closed incidents; windows that are gone are no longer listed. Without the summary an
    absent incident proves nothing.
    """
    feed = SAMPLE.read()
    assert feed.history == {Kind.INCIDENT, Kind.MAINTENANCE} and feed.current == {Kind.MAINTENANCE}
    assert not feed.complete and feed.by_creation and feed.identity == "status.acme.example"
    bare = SAMPLE.read(summary__json=None)
    assert not (bare.history or bare.current)


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (item(OTHER, "x", "Fri, 25 Sep 2026 15:15:00 +0000", said("Sep 25", "15:15", "Résolu", "x")), "unknown status"),
        (
            item(OTHER, "x", "Fri, 25 Sep 2026 15:15:00 +0000", FIRST, said("sept. 25", "15:15", "Resolved", "x")),
            "cannot be read",
        ),
        (item(OTHER, "x", "Fri, 25 Sep 2026 15:15:00 +0000"), "without any"),
        (item(OTHER, "x", "today", FIRST), "time"),
        (item("", "x", "Fri, 25 Sep 2026 15:15:00 +0000", FIRST), "without an id"),
        (item(OTHER, "x", "Fri, 25 Sep 2026 15:15:00 +0000", said("Sep 31", "15:15", "Resolved", "x")), "calendar"),
    ],
)
def test_one_bad_entry_costs_itself(entry: str, why: str) -> None:
    """5: an entry in another language, or without what tells its state, is skipped and reported, never guessed at."""
    feed = read(entry, *ITEMS)
    assert len(feed.incidents) == 3 and "history.rss: entry 0" in feed.skipped[0] and why in feed.skipped[0]
    with pytest.raises(FeedError, match="no other entry"):
        read(entry)


def test_bad_entry_of_the_summary() -> None:
    """5: an entry of the summary that cannot be understood may be a window that is open: nothing is called gone."""
    for bad in ({"name": "x"}, {**PLANNED, "url": "https://elsewhere.example/"}, {**PLANNED, "start": "soon"}):
        feed = SAMPLE.read(summary__json={**SUMMARY, "activeMaintenances": [bad]})
        assert "summary.json: entry 0" in feed.skipped[0]


def test_entities() -> None:
    """5: a feed that declares entities is refused before any is resolved."""
    bomb = b'<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    for body in (rss(*ITEMS).replace(b"\n<rss", bomb + b"<rss"), rss(*ITEMS).replace(b"<rss", b"<!doctype rss><rss")):
        with pytest.raises(FeedError, match="it declares"):
            SAMPLE.read(history__rss=body)


def test_unclaimed_name() -> None:
    """5: the marketing page of an unclaimed name, and any other feed, is no page without incidents."""
    with pytest.raises(FeedError, match="HTML instead of RSS"):
        SAMPLE.read(history__rss=b"<!DOCTYPE html><html><title>Get a status page</title></html>")
    with pytest.raises(FeedError, match="no RSS"):
        SAMPLE.read(
            history__rss=b'<feed xmlns="http://www.w3.org/2005/Atom"><link href="https://acme.example"/></feed>'
        )
    with pytest.raises(FeedError, match="an id of 0 characters"):
        SAMPLE.read(history__rss=rss().replace(URL.encode(), b""))


def test_large_feed() -> None:
    """5: of a feed beyond measure the newest entries are read."""
    entries = [item(f"cm{number:023}", "Old", "Fri, 25 Sep 2026 15:15:00 +0000", FIRST * 20) for number in range(500)]
    body = rss(*ITEMS, *entries)
    assert len(body) > LARGEST_FEED
    feed = SAMPLE.read(history__rss=body)
    assert 100 < len(feed.incidents) < 500 and feed.skipped == () and only(feed, LOGIN)


def test_recognition() -> None:
    """3: it is surely this platform where both documents are of its shape, even if there never was an incident."""
    assert instatus.recognises(SAMPLE.read())
    assert instatus.recognises(read(summary=CALM))
    assert not instatus.recognises(read(*ITEMS, summary=None))
    foreign = item("9tpgqq1h4bs7", "Other", "Fri, 25 Sep 2026 15:15:00 +0000", FIRST)
    assert not instatus.recognises(read(foreign, summary=CALM))


def test_address_of_the_document() -> None:
    """3: a page given by the address of a document is read there."""
    for name in ("history.rss", "summary.json"):
        page = Page(key="acme", name="Acme", url=f"{URL}/{name}")
        assert instatus.documents(page) == instatus.documents(SAMPLE.page)


def test_life_of_a_window() -> None:
    """4.2, 4.11: a window that only the summary lists is told when it comes, when it begins and when it is gone."""
    now = datetime(2026, 9, 26, 12, tzinfo=UTC)
    memory: PageMemory | None = None
    begun = copy.deepcopy(SUMMARY)
    begun["activeMaintenances"][0]["status"] = "INPROGRESS"
    told = []
    for summary in (CALM, SUMMARY, begun, None, CALM, CALM):
        now += timedelta(hours=1)
        answer = Read(SAMPLE.read(memory, summary__json=summary), {}, instatus.PARSER)
        review = review_page(SAMPLE.page, memory, answer, now)
        memory = review.memory
        told += [(it.kind.value, it.incident.status, [*map(str, it.changes)]) for it in review.events]
    assert told == [
        ("new", "scheduled", []),
        ("updated", "in_progress", ["status"]),
        ("resolved", "in_progress", ["delisted"]),
    ]


def test_life_of_an_incident() -> None:
    """4.2, 4.5, 4.8: an incident that the summary lists first is one with that of the feed; filling in is no news."""
    now = datetime(2026, 9, 25, 15, tzinfo=UTC)
    start = "Fri, 25 Sep 2026 15:15:00 +0000"
    over = said("Sep 25", "16:30:00", "Resolved", "Over.")
    opened: Any = {**SUMMARY, "activeIncidents": [{**ACTIVE, "status": "INVESTIGATING"}], "activeMaintenances": []}
    memory: PageMemory | None = None
    told = []
    for items, summary in (
        ((), CALM),
        ((), opened),
        ((item(LOGIN, "SSO & login", start, FIRST),), None),
        ((item(LOGIN, "SSO & login", start, FIRST),), opened),
        ((item(LOGIN, "SSO & login", start, over, FIRST),), opened),
        ((item(LOGIN, "SSO & login", start, over, FIRST),), CALM),
    ):
        now += timedelta(minutes=20)
        documents = {"history__rss": rss(ITEMS[1], *items), "summary__json": summary}
        review = review_page(SAMPLE.page, memory, Read(SAMPLE.read(memory, **documents), {}, instatus.PARSER), now)
        memory = review.memory
        told += [
            (it.kind.value, it.incident.impact.value, [*map(str, it.changes)], [one.status for one in it.updates])
            for it in review.events
        ]
    assert told == [
        ("new", "major", [], []),
        ("updated", "major", ["updates"], ["investigating"]),
        ("resolved", "major", ["status"], ["resolved"]),
    ]

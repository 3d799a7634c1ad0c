"""Status.io."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Impact, IncidentKind
from statuswatch.model.page import Document, Feed, Page, PageSnapshot
from statuswatch.platforms import statusio
from statuswatch.platforms.parsing import MissingPageIdError, ParseInput
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import URL, only
from tests.support.samples.statusio import ID, PAGE, SAMPLE, fixture, message

read = SAMPLE.read


def page_with(html: str) -> ParseInput:
    return ParseInput(Page(key="acme", name="Acme", url=URL), {"page": html.encode()})


def test_ids() -> None:
    """4: incidents have the vendor's ids; those of messages are made of the incident and the time, and pinned here."""
    assert {incident.id[-1]: [update.id for update in incident.updates] for incident in read().incidents} == {
        "1": ["91de14d14aa4", "3ac00adba566"],
        "2": ["5a0cd2d20cbf"],
        "3": ["1945eaf64cce"],
        "4": ["389cafb07813", "4d346247534d"],
    }


def test_ids_of_messages_stay() -> None:
    """4: a message keeps its id when messages are reordered, edited or added; one of the vendor's own comes first."""
    document = fixture()
    incident = document["result"]["incidents"][0]
    before = only(read(), incident["_id"]).updates
    incident["messages"].reverse()
    incident["messages"][0]["details"] = "Other words."
    incident["messages"].append(message("2026-03-07T11:00:00Z", 300, 300) | {"_id": "m3"})
    after = only(read(status=document), incident["_id"]).updates
    assert [update.id for update in after] == [*(update.id for update in before), "m3"]


def test_messages_of_one_moment() -> None:
    """4: two messages of one moment are one update with the words of both, in whatever order they are listed."""
    document = fixture()
    messages = document["result"]["incidents"][1]["messages"]
    messages.append({**messages[0], "details": "And more."})
    feeds = []
    for _ in range(2):
        messages.reverse()
        feeds.append(read(status=document))
    (update,) = feeds[0].incidents[1].updates
    assert update.body == "And more.\nWords." and feeds[0].incidents == feeds[1].incidents


def test_statuses_and_impacts() -> None:
    """4: the numbers of the newest message are status and impact; the status of maintenance is that of its list."""
    assert [(incident.id[-1], incident.status, incident.impact, incident.kind) for incident in read().incidents] == [
        ("1", "identified", Impact.MINOR, IncidentKind.INCIDENT),
        ("2", "monitoring", Impact.NONE, IncidentKind.INCIDENT),
        ("4", "in_progress", Impact.MAINTENANCE, IncidentKind.MAINTENANCE),
        ("3", "scheduled", Impact.MAINTENANCE, IncidentKind.MAINTENANCE),
    ]
    assert [update.status for update in read().incidents[2].updates] == ["scheduled", "in_progress"]


@pytest.mark.parametrize(("code", "impact"), [(400, "major"), (500, "critical"), (600, "critical"), (700, "unknown")])
def test_scale(code: int, impact: str) -> None:
    """4: the vendor's scale; an undocumented code is an unknown impact, and an undocumented state stays a number."""
    document = fixture()
    document["result"]["incidents"][1]["messages"][0] |= {"status": code, "state": 900}
    incident = read(status=document).incidents[1]
    assert (incident.impact, incident.status) == (impact, "900")


def test_without_messages() -> None:
    """4: an incident without a message is open and states no impact."""
    document = fixture()
    document["result"]["incidents"][1]["messages"] = []
    incident = read(status=document).incidents[1]
    assert (incident.status, incident.impact, incident.updates, incident.closed) == ("open", Impact.UNKNOWN, (), False)


def test_components() -> None:
    """4: components by name; regions beside them only where not all of a component's are affected, or alone."""
    regional, whole, *_ = read().incidents
    assert [component.label for component in regional.components] == ["API", "US-East"]
    assert [component.label for component in whole.components] == [
        "Website"
    ] and whole.source_quality == STATED_BY_VENDOR
    document = fixture()
    document["result"]["incidents"][0]["components_affected"] = []
    document["result"]["incidents"][1] |= {"components_affected": None, "containers_affected": None}
    regional, whole, *_ = read(status=document).incidents
    assert [component.label for component in regional.components] == ["US-East"]
    assert (whole.components, whole.source_quality) == ((), 0)


def test_text_times_and_addresses() -> None:
    """4: markup is resolved, times are of UTC, an incident has its own address on the page."""
    regional, _, _, window = read().incidents
    assert regional.updates[1].body == "Found & being fixed.\nMore soon."
    assert regional.created_at == datetime(2026, 3, 7, 9, 0, 0, 100000, tzinfo=UTC)
    assert window.scheduled_for == datetime(2026, 7, 8, 14, tzinfo=UTC)
    assert window.scheduled_until == datetime(2026, 7, 8, 19, tzinfo=UTC)
    assert regional.url == f"{URL}/pages/incident/{ID}/{regional.id}"
    assert window.url == f"{URL}/pages/maintenance/{ID}/{window.id}"


def test_what_is_listed() -> None:
    """4.11: only what is open is listed, and all of it."""
    feed = read()
    assert feed.current == feed.complete == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} and not feed.history
    timeline = PageTimeline(PAGE)

    def read_at(minutes: int, feed: Feed) -> Any:
        return shape(timeline.apply(minutes, PageSnapshot(feed, {}, statusio.PARSER_VERSION)))

    assert read_at(0, feed) == []
    document = fixture()
    window = document["result"]["maintenance"]["upcoming"].pop()
    window["messages"].append(message("2026-07-08T14:00:02.000Z", 200, 200, "It begins."))
    document["result"]["maintenance"]["active"].append(window)
    ((kind, key, changes, _),) = read_at(5, read(status=document))
    assert (kind, key, changes) == ("updated", window["_id"], ["updates", "status"])
    document["result"]["maintenance"]["active"].clear()
    del document["result"]["incidents"][0]
    assert read_at(10, read(status=document)) == []
    events = read_at(20, read(status=document))
    assert {(kind, *changes) for kind, _, changes, _ in events} == {("resolved", "delisted")} and len(events) == 3


def test_one_bad_maintenance() -> None:
    """5: maintenance that cannot be understood is reported and costs no incident; a missing list is a failure."""
    document = fixture()
    document["result"]["maintenance"]["active"][0]["name"] = None
    feed = read(status=document)
    assert len(feed.incidents) == 3 and "maintenance in_progress: entry 0" in feed.skipped[0]
    for lost in ("active", "upcoming"):
        document = fixture()
        del document["result"]["maintenance"][lost]
        with pytest.raises(FeedError, match=f"status: .*{lost}"):
            read(status=document)


def test_unknown_page() -> None:
    """5: an unknown id is answered with 200 and an error, which is no page without incidents."""
    with pytest.raises(FeedError, match="status: status page not found"):
        read(status={"error": "status page not found"})


def test_where_it_is_read() -> None:
    """3: by the page's id from the vendor's host; an address that is of the API already is read as it is."""
    assert statusio.documents(PAGE) == (Document("status", f"https://api.status.io/1.0/status/{ID}", required=True),)
    local = Page(key="acme", name="Acme", url=f"http://127.0.9.5:8765/1.0/status/{ID}")
    assert statusio.documents(local) == (Document("status", local.url, required=True),)
    feed = SAMPLE._replace(page=local).read()
    assert feed.identity == ID and statusio.matches(feed)
    assert feed.incidents[0].url == f"https://status.io/pages/incident/{ID}/{feed.incidents[0].id}"


def test_finds_its_id() -> None:
    """3: without an id the public page is searched for it, in its links and scripts; the commonest one comes first."""
    assert [document.name for document in statusio.documents(Page(key="acme", name="Acme", url=URL))] == ["page"]
    other = "598a973f96a8201305000142"
    for html in (
        f'<a href="/pages/history/{ID}">History</a>',
        f'<link rel="alternate" href="{URL}/pages/{ID}/rss">',
        f"<a href='/pages/incident/{ID}/649d8d7a6c2f36053b370001'>It</a> <script src='/js/649d8d7a6c2f36053b370002'>",
        f"<script>var statuspageId = '{ID}';</script>",
        f'<script>{{"statuspage_id": "{ID.upper()}"}}</script>',
        f"<script>fetch('//api.status.io/1.0/status/{ID}')</script>",
    ):
        with pytest.raises(MissingPageIdError, match="page: ") as raised:
            statusio.parse(page_with(html))
        assert raised.value.ids == (ID,)
    with pytest.raises(MissingPageIdError) as raised:
        statusio.parse(page_with(f"/pages/history/{other} /pages/history/{ID} /pages/{ID}/rss"))
    assert raised.value.ids == (ID, other)


def test_page_of_something_else() -> None:
    """5: a page without an id of that form is not one of status.io."""
    for html in ("", "<html>/pages/about</html>", "/pages/history/649d8d7a6c2f36053b37000112", f"<i id='{ID}'>"):
        with pytest.raises(FeedError, match="page: there is no id") as raised:
            statusio.parse(page_with(html))
        assert not isinstance(raised.value, MissingPageIdError)


def test_edges_of_the_calendar() -> None:
    """5: a time beyond the calendar costs its incident."""
    document = copy.deepcopy(fixture())
    document["result"]["incidents"][0]["messages"][0]["datetime"] = "9999-12-31T23:59:59-12:00"
    feed = read(status=document)
    assert len(feed.incidents) == 3 and len(feed.skipped) == 1


def test_an_incident_as_a_running_client_has_it() -> None:
    """4: an open incident with the fields that a client's own test states: `current_active`, no id of its message.

    Seen in the tests of a client for Dynatrace's page; names and times are ours.
    """
    document = fixture()
    entry = {
        "_id": "incident-1",
        "name": "Late figures",
        "datetime_open": "2026-08-08T18:00:00.000Z",
        "current_active": True,
        "messages": [message("2026-08-08T19:00:00.000Z", 300, 300, "Figures may come late.")],
        "containers_affected": [{"_id": "c1", "name": "US-East"}],
        "components_affected": [{"_id": "p1", "name": "API"}],
    }
    document["result"]["incidents"] = [entry]
    found = only(read(status=document), "incident-1")
    assert (found.status, found.impact, len(found.updates)) == ("monitoring", Impact.MINOR, 1)
    assert [component.label for component in found.components] == ["API", "US-East"]

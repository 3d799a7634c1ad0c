"""incident.io."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms import incidentio
from statuswatch.platforms.parsing import ParseInput
from tests.support.page_timeline import PAGE, PageTimeline, at, shape
from tests.support.platform_sample import only
from tests.support.samples.incidentio import SAMPLE

Json = dict[str, Any]
read = SAMPLE.read


def test_components_are_named() -> None:
    """4: components come from the native documents, joined by incident id, with their group where two share a name."""
    feed = read()
    assert [component.label for component in only(feed, "01KA22ACNT50TDGYE1B9TJ86D2").components] == ["ChatGPT - Login"]


def test_addresses() -> None:
    """4: native documents are named by the page's host; on the vendor's host, by the page's name in the path."""
    # Running clients read `statuspage.incident.io/<name>/api/v2/summary.json`, and `proxy/<name>` of that host.
    for url, compat, native in (
        (PAGE.url, f"{PAGE.url}/api/v2/incidents.json", f"{PAGE.url}/proxy/status.acme.example/incidents"),
        (
            "https://statuspage.incident.io/acme",
            "https://statuspage.incident.io/acme/api/v2/incidents.json",
            "https://statuspage.incident.io/proxy/acme/incidents",
        ),
        (
            "https://status.incident.io",
            "https://status.incident.io/api/v2/incidents.json",
            "https://status.incident.io/proxy/status.incident.io/incidents",
        ),
    ):
        page = msgspec.structs.replace(PAGE, url=url)
        assert [document.url for document in incidentio.documents(page)] == [compat, native]


def test_next_best_source() -> None:
    """4: without the native documents the Atom feed names the components; its quality is lower."""
    native, feed = read(), read(native=None)
    best, second = only(native, "01KA22ACNT50TDGYE1B9TJ86D2"), only(feed, "01KA22ACNT50TDGYE1B9TJ86D2")
    assert [component.label for component in second.components] == ["Login", "Web (beta)"]
    assert second.source_quality < best.source_quality
    bare = only(read(native=None, feed__atom=None), "01KA22ACNT50TDGYE1B9TJ86D2")
    assert (bare.components, bare.source_quality) == ((), 0)


def test_empty_bodies_are_filled() -> None:
    """4: empty bodies are filled from the native messages, by id, else by status and second, and marked as such."""
    updates = only(read(), "01KA22ACNT50TDGYE1B9TJ86D2").updates
    assert [(post.body, post.from_enrichment) for post in updates] == [
        ("We are looking.", True),
        ("All impacted services have recovered.", True),
    ]


def test_remembers_names() -> None:
    """6: component names are remembered by id, so that a run without changes does not read them again."""
    names = read().names
    state = SAMPLE.page_state(names=dict(names))
    feed = read(state, names=None)
    assert [component.label for component in only(feed, "01KA22ACNT50TDGYE1B9TJ86D2").components] == ["ChatGPT - Login"]
    assert incidentio.follow_ups(ParseInput(SAMPLE.page, {"native": b""}, state), feed, dirty=False) == ()


def test_names_are_read_where_one_is_missing() -> None:
    """4: for an id without a name the page of names is read, then the Atom feed."""
    feed = read(names=None, feed__atom=None)
    documents = incidentio.follow_ups(ParseInput(SAMPLE.page, {"native": b"{}"}), feed, dirty=True)
    assert [document.name for document in documents] == ["names", "feed.atom"]


def test_maintenance() -> None:
    """4: maintenance windows come from the native list, with the statuses of the contract."""
    window = only(read(), "01KFGG5S6TRSJJNNBB3TQATY24")
    assert (window.kind, window.status, window.impact) == (IncidentKind.MAINTENANCE, "completed", Impact.MAINTENANCE)
    assert window.scheduled_for == datetime(2026, 1, 25, tzinfo=UTC)
    assert [post.status for post in window.updates] == ["scheduled"]


def test_order_of_components() -> None:
    """4: the order of components, which incident.io shuffles at every request, has no effect."""
    document = copy.deepcopy(SAMPLE.documents["feed.atom"])
    assert isinstance(document, bytes)
    a, b = b"<li>Web (beta) (Operational)</li>", b"<li>Login (Operational)</li>"
    shuffled = document.replace(a, b"@").replace(b, a).replace(b"@", b)
    assert read(native=None).incidents == read(native=None, feed__atom=shuffled).incidents


def test_component_without_a_name() -> None:
    """6: a component without a name on the page of names is looked up again only when something changed."""
    names = copy.deepcopy(SAMPLE.documents["names"])
    assert isinstance(names, dict)
    names["summary"]["structure"]["items"].pop()
    feed = read(names=names, feed__atom=None)
    state = SAMPLE.page_state(names=dict(feed.names))
    second = read(state, names=None, feed__atom=None)
    assert only(second, "01KA22ACNT50TDGYE1B9TJ86D2").components == ()
    reading = ParseInput(SAMPLE.page, {"native": b"{}"}, state)
    assert incidentio.follow_ups(reading, second, dirty=False) == ()
    documents = incidentio.follow_ups(reading, second, dirty=True)
    assert [document.name for document in documents] == ["names", "feed.atom"]


def test_repeated_id() -> None:
    """4: an incident that is listed twice is one incident; the copy with the newest update counts."""
    document = copy.deepcopy(SAMPLE.documents["incidents.json"])
    assert isinstance(document, dict)
    stale = copy.deepcopy(document["incidents"][0])
    stale["status"], stale["incident_updates"] = "investigating", stale["incident_updates"][1:]
    for order in ([stale, *document["incidents"]], [*document["incidents"], stale]):
        feed = read(incidents__json={**document, "incidents": order})
        assert [incident.status for incident in feed.incidents if incident.id == stale["id"]] == ["resolved"]


def test_bad_native_entry() -> None:
    """5: a bad native entry is reported as skipped and costs no incident of the compatibility list."""
    document = copy.deepcopy(SAMPLE.documents["native"])
    assert isinstance(document, dict)
    for field, wrong in (("name", None), ("published_at", "0001-01-01T00:00:00+14:00")):
        document["incidents"][1] = {**document["incidents"][1], field: wrong}
        feed = read(native=document)
        assert len(feed.incidents) == 2 and len(feed.skipped) == 1


def test_older_native_copy() -> None:
    """4: a native list from before the newest update replaces neither remembered components nor bodies."""
    document = copy.deepcopy(SAMPLE.documents["native"])
    assert isinstance(document, dict)
    document["incidents"][0]["updates"].pop(0)
    fresh, older = read(), read(native=document)
    key = "01KA22ACNT50TDGYE1B9TJ86D2"
    assert only(older, key).source_quality < only(fresh, key).source_quality
    assert [post.body for post in only(older, key).updates] == ["We are looking.", ""]
    when = datetime(2026, 1, 1, tzinfo=UTC)
    record = IncidentRecord(status="resolved", impact=Impact.MINOR, title="t", last_update_at=when)
    state = SAMPLE.page_state(incidents={key: record})
    assert [post.body for post in only(read(state, native=document), key).updates] == ["", ""]


def test_hostile_feed() -> None:
    """5: a feed made to be slow is parsed quickly, and a list in a message names no component."""
    document = SAMPLE.documents["feed.atom"]
    assert isinstance(document, bytes)
    slow = document.replace(b"<li>Web", b"<li>" + b" " * 200_000 + b"Web")
    listed = slow.replace(b"Words", b"Affected components <ul><li>We drain the nodes</li></ul>")
    feed = read(native=None, feed__atom=listed)
    assert [component.label for component in only(feed, "01KA22ACNT50TDGYE1B9TJ86D2").components] == [
        "Login",
        "Web (beta)",
    ]
    long = document.replace(b"Login Issues", b"&#" + b"1" * 5000 + b";")
    assert "feed.atom" in read(native=None, feed__atom=long).losses[0]


def test_edges_of_the_calendar() -> None:
    """5: a page's own time beyond the calendar is no time."""
    document: Any = copy.deepcopy(SAMPLE.documents["incidents.json"])
    document["page"]["updated_at"] = "9999-12-31T23:59:59-12:00"
    assert "incidents.json" not in read(incidents__json=document).updated_at


def native(key: str, *updates: tuple[float, str], created: float | None = None) -> Json:
    """A native incident, from the minutes and statuses of its updates."""
    posts = [
        {"id": f"{key}{minutes:g}", "published_at": moment(minutes), "to_status": status, "message_string": status}
        for minutes, status in updates
    ]
    published = moment(updates[0][0] if created is None else created)
    return {"id": key, "name": f"Trouble {key}", "status": updates[-1][1], "published_at": published, "updates": posts}


def compat(incident: Json) -> Json:
    """The same incident of the compatibility list."""
    updates = [
        {"id": one["id"], "status": one["to_status"], "body": "", "created_at": one["published_at"]}
        for one in incident["updates"]
    ]
    fields = {name: incident[name] for name in ("id", "name", "status")}
    return {**fields, "created_at": incident["published_at"], "impact": "minor", "incident_updates": updates}


def moment(minutes: float) -> str:
    return at(minutes).isoformat()


def page(listed: list[Json], longer: list[Json], **own: list[Json] | None) -> dict[str, bytes | None]:
    """The documents of a page; `own` are the native lists around the creation of single incidents."""
    head = {"id": "01JMDK9XYZ0123456789ABCDEF"}
    ranges = {f"native {key}": json.dumps({"incidents": value}).encode() for key, value in own.items() if value}
    return {
        "incidents.json": json.dumps({"page": head, "incidents": [compat(one) for one in listed]}).encode(),
        "native": json.dumps({"incidents": longer}).encode(),
        **ranges,
    }


def timeline_of(listed: list[Json]) -> PageTimeline:
    timeline = PageTimeline(msgspec.structs.replace(PAGE, platform="incidentio"))
    assert timeline.read_documents(0, page(listed, listed)) == []
    return timeline


A = native("a", (-60, "investigating"))
OTHER = native("other", (-900, "investigating"), (-890, "resolved"))


def test_row_12b_by_the_native_list() -> None:
    """Contract 4, row 12b: what left the 25 of the compatibility list ends as the native list shows it."""
    over = native("a", (-60, "investigating"), (8, "resolved"))
    timeline = timeline_of([A, OTHER])
    assert shape(timeline.read_documents(10, page([OTHER], [over, OTHER]))) == [("resolved", "a", ["status"], ["a8"])]
    assert timeline.read_documents(20, page([OTHER], [over, OTHER])) == []
    assert timeline.read_documents(30, page([over, OTHER], [over, OTHER])) == []


def test_row_12_by_the_native_list_of_that_time() -> None:
    """Contract 4, row 12, and 4.4.1b: the native list around its creation lacks it and has an older one, at two reads:
    withdrawn.
    """
    own = {"a": [OTHER], "other": [OTHER]}
    timeline = timeline_of([A, OTHER])
    assert timeline.read_documents(10, page([OTHER], [OTHER], **own)) == []
    assert shape(timeline.read_documents(20, page([OTHER], [OTHER], **own))) == [("resolved", "a", ["withdrawn"], [])]


def test_row_13_where_the_native_list_does_not_reach_back() -> None:
    """Contract 4, row 13: a native list without any older entry does not show whether it should list the incident: it
    stays open.
    """
    later = native("later", (-30, "investigating"), (-20, "resolved"))
    own = {"a": [later], "later": [later]}
    timeline = timeline_of([A, later])
    for minutes in (10, 20, 30):
        assert timeline.read_documents(minutes, page([later], [later], **own)) == []
    assert timeline.state and not timeline.state.incidents["a"].closed


def test_what_came_and_went_within_one_gap_is_found() -> None:
    """Contract 4.4.4: only what closed after the newest remembered update, and only beside a shared id."""
    gap = native("gap", (100, "investigating"), (110, "resolved"))
    noted = native("noted", (-5000, "investigating"), (-4000, "resolved"), (150, "resolved"))
    timeline = timeline_of([OTHER])
    assert timeline.read_documents(200, page([OTHER], [gap, noted])) == []
    events = timeline.read_documents(210, page([OTHER], [gap, noted, OTHER]))
    assert shape(events) == [("resolved", "gap", ["missed"], ["gap100", "gap110"])]
    assert timeline.read_documents(220, page([OTHER], [gap, noted, OTHER])) == []

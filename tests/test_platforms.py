"""Platforms: one contract for all of them, then what is particular to each. Fixtures are small and our own; a comment
names the recording that shows the same fact.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statuswatch.errors import FeedError
from statuswatch.model import Feed, Impact, Incident, Kind, Known, PageMemory
from statuswatch.platforms import PLATFORMS, incidentio, statuspage
from statuswatch.platforms.reading import Reading

URL = "https://status.acme.example"
Json = dict[str, Any]


def update(key: str, status: str, at: str, body: str = "Words.", **more: Any) -> Json:
    return {"id": key, "status": status, "body": body, "created_at": at, "display_at": at, **more}


def statuspage_documents() -> dict[str, Json]:
    """A page as of statuspage-v2/github and cloudflare: groups, an unlinked incident, an old open one, a window."""
    page = {"id": "kctbh9vrtdwd", "name": "Acme", "url": URL, "updated_at": "2026-07-31T03:29:01.470Z"}
    components = [
        {"id": "g1", "name": "API", "group": True, "components": ["c1"]},
        {"id": "g2", "name": "Accounts", "group": True, "components": ["c2"]},
        {"id": "c1", "name": "Login", "group_id": "g1", "group": False, "status": "operational"},
        {"id": "c2", "name": "Login", "group_id": "g2", "group": False, "status": "operational"},
        {"id": "c3", "name": "Web", "group_id": None, "group": False, "status": "operational"},
    ]
    linked = {
        "id": "9tpgqq1h4bs7",
        "name": "Login trouble",
        "status": "resolved",
        "impact": "minor",
        "created_at": "2026-07-30T09:07:42.419Z",
        "updated_at": "2026-07-30T10:12:15.506Z",
        "components": [components[2], components[4]],
        "incident_updates": [
            update("u2", "resolved", "2026-07-30T10:12:15.489Z", "Fixed.<br /><br />Thanks &amp; sorry."),
            update("u1", "investigating", "2026-07-30T05:07:42.478-04:00"),
        ],
    }
    affected = [{"code": "c1", "name": "API - Login", "old_status": "operational", "new_status": "major_outage"}]
    unlinked = {
        "id": "unlinked0001",
        "name": "Unlinked at resolve",  # as Anthropic does, see the field's reports
        "status": "postmortem",
        "impact": None,
        "created_at": "2026-07-29T09:00:00Z",
        "components": [],
        "incident_updates": [
            update("u4", "postmortem", "2026-07-29T10:00:00Z", affected_components=None),
            update("u3", "identified", "2026-07-29T09:00:00Z", affected_components=affected),
        ],
    }
    old = {**linked, "id": "oldandopen01", "status": "monitoring", "created_at": "2026-01-01T00:00:00Z"}
    old["incident_updates"] = [update("u5", "monitoring", "2026-01-01T00:00:00Z")]
    window = {
        **linked,
        "id": "window000001",
        "status": "scheduled",
        "impact": "maintenance",
        "scheduled_for": "2026-08-01T00:00:00Z",
        "scheduled_until": "2026-08-01T02:00:00Z",
        "incident_updates": [update("u6", "scheduled", "2026-07-28T00:00:00Z")],
    }
    return {
        "incidents.json": {"page": page, "incidents": [linked, unlinked]},
        "summary.json": {
            "page": page,
            "components": components,
            "incidents": [old],
            "scheduled_maintenances": [window],
            "status": {"indicator": "none", "description": "All Systems Operational"},
        },
        "scheduled-maintenances.json": {"page": page, "scheduled_maintenances": [window]},
    }


def incidentio_documents() -> dict[str, Json | bytes]:
    """A page as of incidentio-compat/openai (bodies empty, no components) and incidentio-proxy/pleo and openai."""
    compat = {
        "id": "01KA22ACNT50TDGYE1B9TJ86D2",
        "name": "Login Issues ",
        "status": "resolved",
        "created_at": "2026-03-07T00:10:02Z",
        "updated_at": "2026-03-07T00:57:23Z",
        "resolved_at": "2026-03-07T00:57:23Z",
        "impact": "minor",
        "incident_updates": [
            update("01KA2KKF07DNHTQAZ65K9MBW3B", "resolved", "2026-03-07T00:57:23Z", ""),
            update("01KA2KKF07DNHTQAZ65K9MBW3A", "investigating", "2026-03-07T00:10:02Z", ""),
        ],
    }
    status = {"component_id": "01JMXBNJXG1S2D9V65P1ZZTD94", "status": "degraded_performance"}
    native = {
        "id": compat["id"],
        "name": "Login Issues",
        "status": "resolved",
        "type": "incident",
        "published_at": "2026-03-07T00:10:02.3Z",
        "updates": [
            {
                "id": "01KA2KKF07DNHTQAZ65K9MBW3B",
                "published_at": "2026-03-07T00:57:23.792Z",
                "message_string": "All impacted services have recovered.",
                "to_status": "resolved",
                "component_statuses": [],
            },
            {
                "id": "another id of the same update",
                "published_at": "2026-03-07T00:10:02.3Z",
                "message_string": "We are looking.",
                "to_status": "investigating",
                "component_statuses": [status],
            },
        ],
        "affected_components": [{**status, "current_status": "operational"}],
        "component_impacts": [],
    }
    window = {
        "id": "01KFGG5S6TRSJJNNBB3TQATY24",
        "name": "Scheduled Maintenance",
        "status": "maintenance_complete",
        "type": "maintenance",
        "published_at": "2026-01-21T14:43:41.913Z",
        "updates": [
            {
                "id": "01KFGG5S6T1Q0YQFDB2YWSFBAD",
                "published_at": "2026-01-21T14:43:41.913Z",
                "message_string": "A window.",
                "to_status": "maintenance_scheduled",
            }
        ],
        "component_impacts": [
            {
                "component_id": "01JSM5RTJWHRWDTS6Q604VEW3B",
                "start_at": "2026-01-25T00:00:00Z",
                "end_at": "2026-01-25T02:00:00Z",
            }
        ],
    }
    page = "01JMDK9XYNY6RXSED6SDWW50WY"
    groups = [
        {"name": "APIs", "components": [{"component_id": "01JSM5RTJWHRWDTS6Q604VEW3B", "name": "Login"}]},
        {"name": "ChatGPT", "components": [{"component_id": "01JMXBNJXG1S2D9V65P1ZZTD94", "name": "Login"}]},
    ]
    feed = f"""<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"><entry>
        <title>Login Issues</title><id>{URL}//incidents/{compat["id"]}</id><updated>2026-03-07T00:57:23Z</updated>
        <content type="html"><![CDATA[<b>Status: Resolved</b><br/><br/>Words (in brackets)<br/><br/>
        <b>Affected components</b> <ul> <li>Web (beta) (Operational)</li>
        <li>Login (Operational)</li> </ul>]]></content></entry></feed>"""
    return {
        "incidents.json": {"page": {"id": page, "updated_at": "2026-03-07T00:57:23Z"}, "incidents": [compat]},
        "native": {"incidents": [native, window]},
        "names": {"summary": {"id": page, "name": "Acme", "structure": {"items": [{"group": it} for it in groups]}}},
        "feed.atom": feed.encode(),
    }


DOCUMENTS: dict[str, Mapping[str, Json | bytes]] = {
    "statuspage": statuspage_documents(),
    "incidentio": incidentio_documents(),
}


def read(platform: str, known: PageMemory | None = None, **changed: Any) -> Feed:
    """The platform's feed of its documents, with some of them changed; None leaves one out."""
    documents = {**DOCUMENTS[platform], **{name.replace("__", "."): it for name, it in changed.items()}}
    encoded = {
        name: it if isinstance(it, bytes) else json.dumps(it).encode()
        for name, it in documents.items()
        if it is not None
    }
    return PLATFORMS[platform].parse(Reading(URL, encoded, known))


def only(feed: Feed, key: str) -> Incident:
    return next(it for it in feed.incidents if it.id == key)


# ------------------------------------------------------------------------------------------------- one contract for all


def mutations(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every place in a document, with everything that may stand there instead."""
    wrong: Any
    for wrong in (None, 7, "words", [], {}, True, [None], "\x1b[31m‮::error::"):
        yield path, wrong
    if path:
        yield path, KeyError
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from mutations(child, (*path, key))


def mutated(document: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    if not path:
        return wrong
    document = copy.deepcopy(document)
    place = document
    for step in path[:-1]:
        place = place[step]
    if wrong is KeyError:
        del place[path[-1]]
    else:
        place[path[-1]] = wrong
    return document


def assert_sound(feed: Feed) -> None:
    assert feed.identity
    assert len({it.id for it in feed.incidents}) == len(feed.incidents)
    for it in feed.incidents:
        assert it.id.strip() and it.status and it.url.startswith(URL)
        assert it.created_at.tzinfo is UTC and it.position.tzinfo is not None
        assert list(it.components) == sorted(it.components)
        assert [one.created_at for one in it.updates] == sorted(one.created_at for one in it.updates)
        assert len({one.id for one in it.updates}) == len(it.updates)
        words = [it.title, it.status, *(one.body for one in it.updates), *(part.name for part in it.components)]
        assert not any(mark in text for mark in ("\x1b", "‮") for text in words)


@pytest.mark.parametrize(("platform", "name"), [(key, name) for key, it in DOCUMENTS.items() for name in it])
def test_every_mutation_is_understood_or_refused(platform: str, name: str) -> None:
    """5: a document with anything deleted, null, empty or of a wrong type gives sound incidents or FeedError."""
    document = DOCUMENTS[platform][name]
    if isinstance(document, bytes):
        for end in range(0, len(document), 97):
            cut: dict[str, Any] = {name: document[:end]}
            assert_sound(read(platform, **cut))
        return
    for path, wrong in mutations(document):
        try:
            feed = read(platform, **{name: mutated(document, path, wrong)})
        except FeedError as error:
            assert name in str(error), f"{path}: {error}"
        else:
            assert_sound(feed)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_list_that_is_missing_is_no_empty_list(platform: str) -> None:
    """5: `{}`, HTML with 200, cut JSON, a missing or mistyped key: the page is not read."""
    document = DOCUMENTS[platform]["incidents.json"]
    assert isinstance(document, dict)
    whole = json.dumps(document).encode()
    bad = (
        b"",
        b"{}",
        b"[]",
        b"null",
        whole[:-1],
        whole[: len(whole) // 2],
        b"<!doctype html><html></html>",
        b"\xff\xfe{",
    )
    for body in bad:
        with pytest.raises(FeedError, match=r"incidents\.json"):
            read(platform, incidents__json=body)
    wrong: Any
    for wrong in (None, {}, "[]", 0):
        with pytest.raises(FeedError, match=r"incidents"):
            read(platform, incidents__json={**document, "incidents": wrong})
    with pytest.raises(FeedError, match="HTML instead of JSON"):
        read(platform, incidents__json=b"\n<!DOCTYPE html><html><body>Sorry</body></html>")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_one_bad_incident_costs_itself(platform: str) -> None:
    """5: one bad incident in a good document is skipped and reported, the rest count; all of them bad is a failure."""
    document = copy.deepcopy(DOCUMENTS[platform]["incidents.json"])
    assert isinstance(document, dict)
    good = len(read(platform).incidents)
    document["incidents"].insert(0, {**document["incidents"][0], "id": "bad", "created_at": "yesterday"})
    feed = read(platform, incidents__json=document)
    assert len(feed.incidents) == good and len(feed.skipped) == 1 and "entry 0" in feed.skipped[0]
    with pytest.raises(FeedError, match="no other entry"):
        read(platform, incidents__json={**document, "incidents": document["incidents"][:1]})


@pytest.mark.parametrize("platform", PLATFORMS)
def test_byte_order_mark(platform: str) -> None:
    """5: UTF-8 with a byte order mark is UTF-8."""
    body = b"\xef\xbb\xbf" + json.dumps(DOCUMENTS[platform]["incidents.json"]).encode()
    assert read(platform, incidents__json=body).incidents == read(platform).incidents


@pytest.mark.parametrize("platform", PLATFORMS)
def test_depth_and_numbers(platform: str) -> None:
    """5: nesting and numbers beyond measure are a failed read, not a crash."""
    for body in (b"[" * 100_000, b'{"page":' * 50_000, b'{"page": ' + b"9" * 10_000 + b"}", b'{"page": 1e400}'):
        with pytest.raises(FeedError):
            read(platform, incidents__json=body)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_decorating_documents_cost_their_decoration(platform: str) -> None:
    """4: a decorating document that fails costs its decoration, not the page: ids, statuses and updates stay."""
    whole = read(platform)
    for name in set(DOCUMENTS[platform]) - {"incidents.json"}:
        for body in (None, b"<html>", b"{}"):
            changed: dict[str, Any] = {name: body}
            feed = read(platform, **changed)
            for it in feed.incidents:
                same = only(whole, it.id)
                assert (it.status, [one.id for one in it.updates]) == (same.status, [one.id for one in same.updates])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_at_most_two_documents_on_a_calm_run(platform: str) -> None:
    """6: a calm run makes at most two requests a page."""
    assert len(PLATFORMS[platform].documents(URL)) <= 2
    assert PLATFORMS[platform].more(Reading(URL, {}), read(platform), moved=False) == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda it: st.lists(it) | st.dictionaries(st.text(), it)
    )
)
@settings(max_examples=60)
def test_arbitrary_json(document: Any) -> None:
    """5: whatever JSON a vendor sends, it is understood or refused."""
    for platform in PLATFORMS:
        with pytest.raises(FeedError):
            read(platform, incidents__json=document)


# ----------------------------------------------------------------------------------------------------------- Statuspage


def test_statuspage_ids_are_the_vendors() -> None:
    """4: ids of incidents and updates are part of the memory's contract, and pinned here."""
    assert {it.id: [one.id for one in it.updates] for it in read("statuspage").incidents} == {
        "9tpgqq1h4bs7": ["u1", "u2"],
        "unlinked0001": ["u3", "u4"],
        "oldandopen01": ["u5"],
        "window000001": ["u6"],
    }


def test_statuspage_summary_lists_every_open_incident() -> None:
    """4: an unresolved incident older than those of incidents.json is read from the summary, as is a window to come."""
    feed = read("statuspage")
    assert only(feed, "oldandopen01").status == "monitoring"
    window = only(feed, "window000001")
    assert (window.kind, window.scheduled_for) == (Kind.MAINTENANCE, datetime(2026, 8, 1, tzinfo=UTC))
    assert feed.complete == {Kind.INCIDENT, Kind.MAINTENANCE}
    assert read("statuspage", summary__json=None).complete == set()


def test_statuspage_newest_copy_wins() -> None:
    """4: where two documents show the same incident, the copy with the newest update counts."""
    documents = statuspage_documents()
    stale = copy.deepcopy(documents["incidents.json"]["incidents"][0])
    stale["status"], stale["incident_updates"] = "investigating", stale["incident_updates"][1:]
    documents["summary.json"]["incidents"].append(stale)
    assert only(read("statuspage", summary__json=documents["summary.json"]), "9tpgqq1h4bs7").status == "resolved"


def test_statuspage_components() -> None:
    """4: names with their group where two share one; recovered from the updates where the vendor has unlinked them."""
    feed = read("statuspage")
    assert [part.label for part in only(feed, "9tpgqq1h4bs7").components] == ["API - Login", "Web"]
    assert [part.label for part in only(feed, "unlinked0001").components] == ["API - Login"]
    assert only(feed, "unlinked0001").rank < only(feed, "9tpgqq1h4bs7").rank
    bare = only(read("statuspage", summary__json=None), "unlinked0001")
    assert [part.label for part in bare.components] == ["API - Login"]  # the vendor's own words of then
    assert bare.rank < only(feed, "unlinked0001").rank  # so that they never replace the others


def test_statuspage_text_and_times() -> None:
    """4: markup of a body is resolved, times are brought to UTC, an impact that is not stated is unknown."""
    feed = read("statuspage")
    first, last = only(feed, "9tpgqq1h4bs7").updates
    assert first.created_at == datetime(2026, 7, 30, 9, 7, 42, 478000, tzinfo=UTC)
    assert last.body == "Fixed.\nThanks & sorry."
    assert only(feed, "unlinked0001").impact is Impact.UNKNOWN


def test_statuspage_another_pages_summary() -> None:
    """5: a summary of another page is not believed."""
    documents = statuspage_documents()
    documents["summary.json"]["page"]["id"] = "anotherpage0"
    feed = read("statuspage", summary__json=documents["summary.json"])
    assert any("another page" in loss for loss in feed.losses) and feed.complete == set()


def test_statuspage_asks_for_past_windows_when_one_is_gone() -> None:
    """4: a maintenance window gone from the summary is looked up among the past ones before anything is said."""
    when = datetime(2026, 1, 1, tzinfo=UTC)
    window = Known(status="scheduled", impact=Impact.MAINTENANCE, title="t", last=when, kind=Kind.MAINTENANCE)
    known = PageMemory(url=URL, platform="statuspage", baseline=when, incidents={"gone": window})
    feed = read("statuspage", known)
    asked = statuspage.more(Reading(URL, {}, known), feed, moved=False)
    assert [it.name for it in asked] == ["scheduled-maintenances.json"]


# ---------------------------------------------------------------------------------------------------------- incident.io


def test_incidentio_product_is_named() -> None:
    """4: components come from the native documents, joined by incident id, with their group where two share a name."""
    feed = read("incidentio")
    assert [part.label for part in only(feed, "01KA22ACNT50TDGYE1B9TJ86D2").components] == ["ChatGPT - Login"]


def test_incidentio_next_best_source() -> None:
    """4: without the native documents the Atom feed names them, and never replaces better names."""
    native, feed = read("incidentio"), read("incidentio", native=None)
    best, second = only(native, "01KA22ACNT50TDGYE1B9TJ86D2"), only(feed, "01KA22ACNT50TDGYE1B9TJ86D2")
    assert [part.label for part in second.components] == ["Login", "Web (beta)"]
    assert second.rank < best.rank
    bare = only(read("incidentio", native=None, feed__atom=None), "01KA22ACNT50TDGYE1B9TJ86D2")
    assert (bare.components, bare.rank) == ((), 0)


def test_incidentio_empty_bodies_are_filled() -> None:
    """4: empty bodies are filled from the native messages, by id, else by status and second, and marked as borrowed."""
    updates = only(read("incidentio"), "01KA22ACNT50TDGYE1B9TJ86D2").updates
    assert [(it.body, it.borrowed) for it in updates] == [
        ("We are looking.", True),
        ("All impacted services have recovered.", True),
    ]


def test_incidentio_remembers_names() -> None:
    """6: component names are remembered by id, so that a calm run need not read them again."""
    names = read("incidentio").names
    known = PageMemory(url=URL, platform="incidentio", names=dict(names))
    feed = read("incidentio", known, names=None)
    assert [part.label for part in only(feed, "01KA22ACNT50TDGYE1B9TJ86D2").components] == ["ChatGPT - Login"]
    assert incidentio.more(Reading(URL, {"native": b""}, known), feed, moved=False) == ()


def test_incidentio_asks_for_names_it_lacks() -> None:
    """4: an id without a name makes the page of names read, and if that does not do, the Atom feed."""
    feed = read("incidentio", names=None, feed__atom=None)
    asked = incidentio.more(Reading(URL, {"native": b"{}"}), feed, moved=True)
    assert [it.name for it in asked] == ["names", "feed.atom"]


def test_incidentio_maintenance() -> None:
    """4: maintenance windows come from the native list, in the words of the contract."""
    window = only(read("incidentio"), "01KFGG5S6TRSJJNNBB3TQATY24")
    assert (window.kind, window.status, window.impact) == (Kind.MAINTENANCE, "completed", Impact.MAINTENANCE)
    assert window.scheduled_for == datetime(2026, 1, 25, tzinfo=UTC)
    assert [one.status for one in window.updates] == ["scheduled"]


def test_incidentio_order_of_components() -> None:
    """4: the order of components, which incident.io shuffles at every request, says nothing."""
    document = copy.deepcopy(DOCUMENTS["incidentio"]["feed.atom"])
    assert isinstance(document, bytes)
    a, b = b"<li>Web (beta) (Operational)</li>", b"<li>Login (Operational)</li>"
    shuffled = document.replace(a, b"@").replace(b, a).replace(b"@", b)
    assert read("incidentio", native=None).incidents == read("incidentio", native=None, feed__atom=shuffled).incidents


def test_platforms_are_told_apart() -> None:
    """3: a page without a platform is recognised by the form of its identity."""
    told = {key: [name for name, it in PLATFORMS.items() if it.recognises(read(key).identity)] for key in PLATFORMS}
    assert told == {"statuspage": ["statuspage"], "incidentio": ["incidentio"]}


def test_incidentio_component_without_a_name() -> None:
    """6: a component that has no name even on the page of names is asked for again only when something moved."""
    names = copy.deepcopy(DOCUMENTS["incidentio"]["names"])
    assert isinstance(names, dict)
    names["summary"]["structure"]["items"].pop()
    feed = read("incidentio", names=names, feed__atom=None)
    known = PageMemory(url=URL, platform="incidentio", names=dict(feed.names))
    again = read("incidentio", known, names=None, feed__atom=None)
    assert only(again, "01KA22ACNT50TDGYE1B9TJ86D2").components == ()
    reading = Reading(URL, {"native": b"{}"}, known)
    assert incidentio.more(reading, again, moved=False) == ()
    assert [it.name for it in incidentio.more(reading, again, moved=True)] == ["names", "feed.atom"]


def test_incidentio_repeated_id() -> None:
    """4: an incident that the list has twice is one incident, with the newest update."""
    document = copy.deepcopy(DOCUMENTS["incidentio"]["incidents.json"])
    assert isinstance(document, dict)
    stale = copy.deepcopy(document["incidents"][0])
    stale["status"], stale["incident_updates"] = "investigating", stale["incident_updates"][1:]
    for order in ([stale, *document["incidents"]], [*document["incidents"], stale]):
        feed = read("incidentio", incidents__json={**document, "incidents": order})
        assert [it.status for it in feed.incidents if it.id == stale["id"]] == ["resolved"]


def test_incidentio_bad_native_entry() -> None:
    """5: a native entry that cannot be understood is reported, costs no incident, and may be the one that is missed."""
    document = copy.deepcopy(DOCUMENTS["incidentio"]["native"])
    assert isinstance(document, dict)
    for field, wrong in (("name", None), ("published_at", "0001-01-01T00:00:00+14:00")):
        document["incidents"][1] = {**document["incidents"][1], field: wrong}
        feed = read("incidentio", native=document)
        assert len(feed.incidents) == 1 and len(feed.skipped) == 1


def test_incidentio_older_native_copy() -> None:
    """4: native documents from before the newest update replace neither components nor bodies that are known."""
    document = copy.deepcopy(DOCUMENTS["incidentio"]["native"])
    assert isinstance(document, dict)
    document["incidents"][0]["updates"].pop(0)
    fresh, older = read("incidentio"), read("incidentio", native=document)
    key = "01KA22ACNT50TDGYE1B9TJ86D2"
    assert only(older, key).rank < only(fresh, key).rank
    assert [it.body for it in only(older, key).updates] == ["We are looking.", ""]
    when = datetime(2026, 1, 1, tzinfo=UTC)
    seen = {key: Known(status="resolved", impact=Impact.MINOR, title="t", last=when)}
    known = PageMemory(url=URL, platform="incidentio", incidents=seen)
    assert [it.body for it in only(read("incidentio", known, native=document), key).updates] == ["", ""]


def test_incidentio_hostile_feed() -> None:
    """5: a feed made to be slow is read in no time, and a body's own list names no component."""
    document = DOCUMENTS["incidentio"]["feed.atom"]
    assert isinstance(document, bytes)
    slow = document.replace(b"<li>Web", b"<li>" + b" " * 200_000 + b"Web")
    listed = slow.replace(b"Words", b"Affected components <ul><li>We drain the nodes</li></ul>")
    feed = read("incidentio", native=None, feed__atom=listed)
    assert [part.label for part in only(feed, "01KA22ACNT50TDGYE1B9TJ86D2").components] == ["Login", "Web (beta)"]


def test_statuspage_renamed_component() -> None:
    """4: an incident keeps its own name for a component that the page has renamed, with and without the summary."""
    documents = statuspage_documents()
    documents["summary.json"]["components"][4]["name"] = "Web app"
    with_it, without = (read("statuspage", summary__json=it) for it in (documents["summary.json"], None))
    for feed in (with_it, without):
        assert "Web" in [part.name for part in only(feed, "9tpgqq1h4bs7").components]


def test_statuspage_components_without_names() -> None:
    """5: a component without a name costs itself, not its incident."""
    documents = statuspage_documents()
    documents["incidents.json"]["incidents"][0]["components"][1]["name"] = None
    feed = read("statuspage", incidents__json=documents["incidents.json"])
    assert [part.label for part in only(feed, "9tpgqq1h4bs7").components] == ["API - Login"]


def test_statuspage_older_list_of_windows() -> None:
    """4: an older copy of the past windows goes unused, and holds back nothing else."""
    newer = {"scheduled-maintenances.json": datetime(2026, 8, 1, tzinfo=UTC)}
    feed = read("statuspage", PageMemory(url=URL, platform="statuspage", updated_at=newer))
    assert any("older copy" in loss for loss in feed.losses) and "scheduled-maintenances.json" not in feed.updated_at
    assert feed.complete == {Kind.INCIDENT}


def test_statuspage_without_a_list_of_windows() -> None:
    """4.12: only where a page never had a list of past windows does its summary alone prove one withdrawn."""
    document = json.dumps(DOCUMENTS["statuspage"]["incidents.json"]).encode()
    summary = json.dumps(DOCUMENTS["statuspage"]["summary.json"]).encode()
    documents = {"incidents.json": document, "summary.json": summary, "scheduled-maintenances.json": None}
    had = PageMemory(
        url=URL, platform="statuspage", updated_at={"scheduled-maintenances.json": datetime(2026, 1, 1, tzinfo=UTC)}
    )
    assert Kind.MAINTENANCE in statuspage.parse(Reading(URL, documents)).complete
    assert Kind.MAINTENANCE not in statuspage.parse(Reading(URL, documents, had)).complete


@pytest.mark.parametrize("platform", PLATFORMS)
def test_edges_of_the_calendar_and_of_length(platform: str) -> None:
    """5: a page's own time beyond the calendar is no time; titles are cut at 500 characters."""
    document = copy.deepcopy(DOCUMENTS[platform]["incidents.json"])
    assert isinstance(document, dict)
    document["page"]["updated_at"] = "9999-12-31T23:59:59-12:00"
    document["incidents"][0]["name"] = "t" * 1_000_000
    feed = read(platform, incidents__json=document)
    assert "incidents.json" not in feed.updated_at
    assert len(only(feed, document["incidents"][0]["id"]).title) == 501

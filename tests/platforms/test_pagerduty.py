"""PagerDuty's status pages."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Component, Impact, Incident, IncidentKind
from statuswatch.model.page import PageSnapshot
from statuswatch.model.state import IncidentRecord, PageState
from statuswatch.platforms import pagerduty
from statuswatch.platforms.parsing import ParseInput
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import URL, Json, only
from tests.support.samples.pagerduty import SAMPLE, WHOLE, raw_update

read = SAMPLE.read


def whole(document: Json = WHOLE, state: PageState | None = None, **changed: Any) -> Incident:
    return only(read(state, **{"posts/POST1": document}, **changed), "POST1")


def state_of(**statuses: str) -> PageState:
    when = datetime(2026, 6, 16, tzinfo=UTC)
    incidents = {
        key: IncidentRecord(status=status, impact=Impact.MAJOR, title="t", last_update_at=when, created_at=when)
        for key, status in statuses.items()
    }
    return SAMPLE.page_state(baseline=when, incidents=incidents)


def test_ids_are_the_vendors() -> None:
    """4: ids of posts and updates stand in state.json, the same in the list and in a whole post; pinned here."""
    assert {incident.id: [update.id for update in incident.updates] for incident in read().incidents} == {
        "POST1": ["U2"],
        "POST2": ["U3"],
        "POST3": [],
    }
    assert [update.id for update in whole().updates] == ["U1", "U2"]


def test_update_without_an_id() -> None:
    """4: an update without an id is identified by its time and status."""
    document = copy.deepcopy(WHOLE)
    for update in (*document["post"]["updates"], document["post"]["latest_update"]):
        update["id"] = ""
    assert [update.id for update in whole(document).updates] == ["ae9fff29ef4d", "c5d4e4423d5b"]


def test_words_of_the_page() -> None:
    """4: statuses and severities in the page's own words; "all good" is no impact."""
    feed = read()
    assert [incident.status for incident in feed.incidents] == ["investigating", "in_progress", "open"]
    assert [incident.impact for incident in feed.incidents] == [Impact.MAJOR, Impact.MAINTENANCE, Impact.UNKNOWN]
    document = copy.deepcopy(WHOLE)
    document["post"]["latest_update"]["severity_id"] = "SEV_OK"
    assert whole(document).impact is Impact.UNKNOWN


def test_without_words() -> None:
    """5: without the words nothing is understood, and a status without one costs its post."""
    posts: Any = copy.deepcopy(SAMPLE.documents["posts"])
    posts["posts"][0]["latest_update"]["status_id"] = "ST_NEW"
    assert "without a word" in read(posts=posts).skipped[0]


def test_times() -> None:
    """4: times in milliseconds and as text."""
    feed = read()
    assert only(feed, "POST1").created_at == datetime(2026, 6, 16, 2, 1, tzinfo=UTC)
    assert only(feed, "POST3").created_at == datetime(2026, 6, 16, 2, 0, tzinfo=UTC)
    assert only(feed, "POST2").scheduled_until == datetime(2026, 6, 16, 4, 1, tzinfo=UTC)


def test_messages_of_the_list_may_be_cut() -> None:
    """4: the list cuts messages short, within a tag; the whole one replaces it silently and is never replaced by it."""
    short, full = only(read(), "POST1"), whole()
    assert (short.updates[0].body, short.updates[0].from_enrichment) == ("We are looking into it,", True)
    assert (full.updates[1].body, full.updates[1].from_enrichment) == ("All of the message", False)
    timeline = PageTimeline()
    feed = {"identity": "pagerduty", "history": set(), "by_creation": True}
    timeline.read(0, **feed)
    assert shape(timeline.read(5, full, **feed)) == [("new", "POST1", [], ["U1", "U2"])]
    assert timeline.read(10, short, **feed) == timeline.read(15, full, **feed) == []


def test_list_with_all_updates() -> None:
    """4: a list may have all updates of a post, the latest twice; a message that was cut short ends in dots."""
    # The course of a post in feed.xml of motherduckdb/motherduck-status-rss, which generate_feed.py wrote from
    # `api/posts`; times as text and updates without an id are those of internal/providers/pagerdutystatus of
    # ikan31/tuip.
    updates: list[Json] = [
        {
            **raw_update("", status, 0, message, "SEV_MAJ", "S2"),
            "reported_at": f"2026-06-25T{time}Z",
        }
        for status, time, message in (
            ("ST_DET", "11:00:00", "<p>We observe errors.</p>"),
            ("ST_INV", "11:51:20", "<p>We are looking into it.</p>"),
            ("ST_INV", "12:20:43", "<p>We work on a fix. More will follow...</p>"),
            ("ST_RES", "12:25:59", "<p>We roll a fix out and will..."),
        )
    ]
    posts: Any = copy.deepcopy(SAMPLE.documents["posts"])
    posts["posts"][0] |= {
        "first_update_at": "2026-06-25T11:00:00Z",
        "latest_update": updates[-1],
        "updates": updates[::-1],
    }
    post = only(read(posts=posts), "POST1")
    assert (post.status, post.created_at) == ("resolved", datetime(2026, 6, 25, 11, tzinfo=UTC))
    assert [update.status for update in post.updates] == ["detected", "investigating", "investigating", "resolved"]
    assert post.updates[-1].body == "We roll a fix out and will..."
    assert all(update.from_enrichment for update in post.updates)
    assert [component.label for component in post.components] == ["Web"]


def test_components() -> None:
    """4: what the latest update impacts, by the names of the page, which are remembered; requested when one is new."""
    feed = read()
    assert [component.label for component in only(feed, "POST1").components] == ["REST API (US)", "Web"]
    assert whole().components == only(feed, "POST1").components
    assert feed.names == {"S1": Component("REST API (US)"), "S2": Component("Web")}
    bare = read(services=None)
    assert (only(bare, "POST1").components, only(bare, "POST1").source_quality) == ((), -1)
    assert [document.name for document in pagerduty.follow_ups(ParseInput(SAMPLE.page, {}), bare, dirty=False)] == [
        "services"
    ]
    state = SAMPLE.page_state(names={"S1": Component("REST API (US)"), "S2": Component("")})
    partly = only(read(state, services=None), "POST1")
    assert ([component.label for component in partly.components], partly.source_quality) == (["REST API (US)"], 1)
    assert pagerduty.follow_ups(ParseInput(SAMPLE.page, {}), read(state, services=None), dirty=False) == ()
    nameless: dict[str, Any] = {"services": {"services": []}}
    assert set(read(**nameless).names.values()) == {Component("")}  # not requested again


def test_reads_open_posts_whole_when_anything_changed() -> None:
    """4: the newest open posts are read whole when anything changed."""
    follow_ups = pagerduty.follow_ups(ParseInput(SAMPLE.page, {}), read(), dirty=True)
    assert [document.url for document in follow_ups] == [
        f"{URL}/api/posts/{key}" for key in ("POST1", "POST2", "POST3")
    ]


def test_reads_a_post_whole_that_just_ended() -> None:
    """4.5: a post that ended while it is featured is read whole: its latest update alone looks like an older copy."""
    posts: Any = copy.deepcopy(SAMPLE.documents["posts"])
    posts["posts"][0]["latest_update"] = raw_update("U4", "ST_RES", 30, "<p>Over.</p>", "SEV_OK")
    for status, expected in (("investigating", ["posts/POST1"]), ("resolved", [])):
        state = state_of(POST1=status)
        feed = read(state, posts=posts)
        names = [
            document.name for document in pagerduty.follow_ups(ParseInput(SAMPLE.page, {}, state), feed, dirty=True)
        ]
        assert [name for name in names if name == "posts/POST1"] == expected


def test_reads_an_absent_post_whole() -> None:
    """4: an open post that is not featured any more is read whole, on every run until its end is known."""
    state = state_of(POST1="investigating", POST9="investigating", POST8="resolved")
    feed = read(state)
    follow_ups = pagerduty.follow_ups(ParseInput(SAMPLE.page, {}, state), feed, dirty=False)
    assert [document.name for document in follow_ups] == ["posts/POST9"] and not feed.complete


def test_withdrawn() -> None:
    """4.12: a post is withdrawn only where the server answers that there is none, not where the request failed."""
    state = state_of(POST9="investigating")
    documents: dict[str, bytes | None] = {
        name: json.dumps(SAMPLE.documents[name]).encode() for name in ("posts", "post_enums")
    }
    assert pagerduty.parse(ParseInput(SAMPLE.page, documents, state)).complete == set()
    documents["posts/POST9"] = None
    assert pagerduty.parse(ParseInput(SAMPLE.page, documents, state)).complete == {
        IncidentKind.INCIDENT,
        IncidentKind.MAINTENANCE,
    }


def test_another_post() -> None:
    """5: a whole post that is another one, or none, costs itself."""
    other: dict[str, Any] = {"posts/POST2": WHOLE}
    assert "another post" in read(**other).losses[0]
    for body in (b"<html>", b"{}", b'{"post": {"id": "POST1"}}'):
        bad: dict[str, Any] = {"posts/POST1": body}
        assert "posts/POST1" in read(**bad).losses[0] and only(read(**bad), "POST1").status == "investigating"


def test_timeline() -> None:
    """4: a post that was open and is no longer featured is resolved by its whole, with all updates since."""
    timeline = PageTimeline()
    posts: Any = copy.deepcopy(SAMPLE.documents["posts"])

    def events_at(minutes: int, **changed: Any) -> list[tuple[str, str, list[str], list[str]]]:
        return shape(timeline.apply(minutes, PageSnapshot(read(timeline.state, posts=posts, **changed), {}, 1)))

    events_at(0)
    del posts["posts"][0]
    assert events_at(5) == []  # its end is not known yet
    ended = copy.deepcopy(WHOLE)
    ended["post"]["latest_update"] = raw_update("U4", "ST_RES", 30, "<p>Over.</p>", "SEV_OK")
    ended["post"]["updates"].append(ended["post"]["latest_update"])
    # The first of its updates was never in the list, which shows the latest only.
    assert events_at(10, **{"posts/POST1": ended}) == [("resolved", "POST1", ["status"], ["U1", "U4"])]
    assert events_at(15) == []

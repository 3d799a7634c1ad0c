"""Clocks that are wrong: ours, the vendors', and the one on the wall of whoever runs it."""

from __future__ import annotations

import json
import os
import re
import ssl
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.deliver import GIVE_UP_AFTER, ConnectedSink, deliver
from statuswatch.model.event import EventKind, PendingDelivery
from statuswatch.model.page import PageSnapshot
from statuswatch.model.report import PageStatus, RunReport
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput
from statuswatch.render import console, jsonlines, markdown, phrases, status, summary
from statuswatch.rules.reconcile import reconcile
from statuswatch.rules.status import status_view
from statuswatch.sinks import SinkError
from statuswatch.state import encode_page
from tests.docs import test_architecture
from tests.platforms.test_contract import SAMPLES
from tests.support.fake_vendor import incident as site_incident
from tests.support.fake_vendor import statuspage
from tests.support.page_timeline import PAGE, START, PageTimeline, at, incident, shape, update
from tests.support.sending import new_deliveries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from statuswatch.model.event import Event, Notification
    from statuswatch.model.report import SinkOutcome

HOUR: Final = 60
DAY: Final = 24 * HOUR
YEARS: Final = 10 * 365 * DAY
OPEN = incident("a", update(-5, "investigating"))
OLD = incident("old", update(-20, "investigating"), update(-10, "resolved"))
WRONG: Final = st.sampled_from([0, -YEARS, -3 * HOUR, -7, 7, 3 * HOUR, YEARS]) | st.integers(-YEARS, YEARS)


def story(clock: list[int]) -> list[Any]:
    """What is told of good reads five minutes apart by a clock that is wrong by so much at each of them."""
    grown = incident("a", *OPEN.updates, update(7, "monitoring"))
    over = incident("a", *grown.updates, update(12, "resolved"))
    again = incident("a", *over.updates, update(22, "investigating"))
    new = incident("b", update(3, "investigating"))
    feeds = [(OPEN, OLD), (new, OPEN, OLD), (new, grown, OLD), (new, over, OLD), (new, over, OLD), (new, again, OLD)]
    life = PageTimeline()
    return [
        shape(life.read(5 * number + wrong, *feed))
        for number, (feed, wrong) in enumerate(zip(feeds, clock, strict=True))
    ]


@settings(max_examples=50)
@given(st.lists(WRONG, min_size=6, max_size=6))
def test_good_reads_need_no_clock(clock: list[int]) -> None:
    """What opens, goes on, ends and opens again is told the same whatever our clock says, ahead, behind or in turns."""
    assert story(clock) == story([0] * 6)


@pytest.mark.parametrize("wrong", [3 * HOUR, YEARS])
def test_a_first_read_by_a_clock_that_ran_ahead(wrong: int) -> None:
    """What comes and goes between two runs is told, though the page's first read is dated later than that."""
    missed = incident("m", update(2, "investigating"), update(4, "resolved"))
    life = PageTimeline()
    life.read(wrong, OPEN, OLD)
    assert shape(life.read(5, missed, OPEN, OLD)) == [("resolved", "m", ["missed"], ["u2", "u4"])]
    assert life.read(10, missed, OPEN, OLD) == []
    assert life.read(wrong + 10, missed, OPEN, OLD) == []


@pytest.mark.parametrize("wrong", [-YEARS, -3 * HOUR])
def test_what_was_over_before_is_not_told_by_a_clock_that_is_behind(wrong: int) -> None:
    """A clock that steps back below the first read makes no news of what was over by then."""
    older = incident("older", update(-40, "investigating"), update(-30, "resolved"))
    life = PageTimeline()
    life.read(0, OPEN, OLD)
    assert life.read(wrong, older, OPEN, OLD) == []


@pytest.mark.parametrize("back", [-1, -2 * HOUR, -YEARS])
def test_a_failure_that_was_told_is_told_once(back: int) -> None:
    """A page that cannot be read is told once, and its end once, though the clock steps back below its beginning."""
    life = PageTimeline()
    life.read(-DAY, OPEN)
    life.fails(0)
    (begun,) = life.fails(HOUR)
    assert [life.fails(back + minutes) for minutes in (0, 30, 2 * HOUR)] == [[], [], []]
    (ended,) = life.read(back + 3 * HOUR, OPEN)
    assert (begun.kind, ended.kind, begun.incident.id) == (EventKind.NEW, EventKind.RESOLVED, ended.incident.id)


@pytest.mark.parametrize("wait", ["suspicion", "absence", "failure"])
def test_a_wait_begins_anew(wait: str) -> None:
    """What was noted at a time that has not come yet is noted again now: a wait is as long as it must be, no longer."""
    life = PageTimeline()
    moment = {"updated_at": {"incidents.json": START}} if wait == "suspicion" else {}

    def look(minutes: int) -> list[Event]:
        match wait:
            case "suspicion":
                life.read(minutes, OLD, OPEN, updated_at={"incidents.json": at(-1)})
                return (
                    []
                    if life.review.notes.suspicion
                    else list(
                        life.read(
                            minutes,
                            incident("n", update(-3, "identified")),
                            OLD,
                            OPEN,
                            updated_at={"incidents.json": at(-1)},
                        )
                    )
                )
            case "absence":
                return life.read(minutes, OLD)
            case _:
                return life.fails(minutes)

    life.read(0, OPEN, OLD, **moment)
    patience = {"suspicion": 30, "absence": 10, "failure": HOUR}[wait]
    assert look(YEARS) == []
    assert look(10) == [] and look(10 + patience - 1) == []
    assert len(look(10 + patience)) == 1


def refused(*due: PendingDelivery, now: datetime) -> SinkOutcome:
    async def send(_: object, message: Notification) -> None:
        raise SinkError("no", final=True)

    channel = ConnectedSink(SinkConfig(sink="webhook", name="fake", where="here", options=None), send, 0, ())
    (outcome,) = deliver([channel], (), {"fake": due}, now)
    return outcome


def test_what_is_refused_is_given_up_a_day_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal noted by a clock that ran ahead is no reason to try for years; and a step back gives nothing up."""
    monkeypatch.setattr(fetch, "trusted", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # nobody is asked
    now = START
    ahead = refused(*new_deliveries(1), now=now + timedelta(days=3650)).waiting
    kept = refused(*ahead, now=now).waiting
    assert [it.since for it in kept] == [now]
    assert refused(*kept, now=now + GIVE_UP_AFTER - timedelta(minutes=1)).lost == ()
    assert refused(*kept, now=now + GIVE_UP_AFTER).lost == (kept[0].event.id,)


# ------------------------------------------------------------------------------------------- the vendors' clocks

EDGES: Final = [
    datetime.min.replace(tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    START - timedelta(hours=30),
    START + timedelta(hours=5),
    START + timedelta(days=4000),
    datetime.max.replace(tzinfo=UTC),
]


@pytest.mark.parametrize("by_creation", [True, False])
@pytest.mark.parametrize("moment", EDGES, ids=str)
def test_a_vendors_time_is_only_a_time(moment: datetime, *, by_creation: bool) -> None:
    """An incident whose times are of any year is told when it opens, goes on, ends and opens again, once each; and no
    output has a negative age, or one of centuries.
    """
    dated = dict.fromkeys(("created_at", "position", "scheduled_for", "scheduled_until"), moment)
    updates = [msgspec.structs.replace(update(0, word, key=word), created_at=moment, display_at=moment)
               for word in ("investigating", "monitoring", "resolved", "identified")]  # fmt: skip
    life, told = PageTimeline(), []
    for number in range(5):
        odd = [incident("odd", *updates[:number], **dated)] if number else []
        told += life.read(5 * number, *odd, OPEN, OLD, by_creation=by_creation)
        for event in life.review.events:
            for shown in (*(line.plain for line in console.render(event, 80)), markdown.text(event.incident.title)):
                assert "-" not in shown.partition("delay")[2]
            assert jsonlines.render(event, at(5 * number)).count(jsonlines.moment(moment)) >= 1
        assert life.memory
        open_now = {key: it for key, it in life.memory.incidents.items() if not it.closed}
        seen = status_view([PageStatus(page=life.page, open=open_now, read_before=True)], at(5 * number))
        text = "\n".join(line.plain for line in status.render(seen, at(5 * number), None))
        assert re.findall(r"(\d{4,}) d\b|(-\d)(?= min| h| d)", text) == []
        if number in (1, 2, 4):
            assert f"dated {phrases.clock(moment)}" in text or not abs(moment - START) < timedelta(days=1)
    assert [str(event.kind) for event in told] == ["new", "updated", "resolved", "updated"]
    assert life.read(25, OPEN, OLD, by_creation=by_creation) == []
    assert life.read(60, OPEN, OLD, by_creation=by_creation)[1:] == []


@pytest.mark.parametrize(
    ("stated", "understood"),
    [
        ("2026-03-07T09:00:00", "2026-03-07T09:00:00Z"),  # without a zone: UTC
        ("2026-03-07T09:00:00+05:45", "2026-03-07T03:15:00Z"),
        ("2026-03-07T09:00:00-12:00", "2026-03-07T21:00:00Z"),
        ("2026-03-07T09:00:00+14:00", "2026-03-06T19:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_zones_that_vendors_state(stated: str, understood: str) -> None:
    """A time is understood in whatever zone it is stated, and as UTC where none is."""
    listed = statuspage("/acme", [site_incident("a", "investigating") | {"created_at": stated}])
    documents = {name.rpartition("/")[2]: json.dumps(it).encode() for name, it in listed.items()}
    (one,) = PLATFORMS["statuspage"].parse(ParseInput(PAGE, documents)).incidents
    assert jsonlines.moment(one.created_at) == understood


@pytest.mark.parametrize("stated", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_beyond_the_calendar_costs_only_its_entry(stated: str) -> None:
    """What no calendar has is an entry that cannot be understood, and is said to be."""
    listed = [site_incident("a", "investigating") | {"created_at": stated}, site_incident("b", "investigating")]
    documents = {name.rpartition("/")[2]: json.dumps(it).encode() for name, it in statuspage("/acme", listed).items()}
    feed = PLATFORMS["statuspage"].parse(ParseInput(PAGE, documents))
    assert [it.id for it in feed.incidents] == ["b"]
    assert feed.skipped and all("entry 0: date value out of range" in it for it in feed.skipped)


# ------------------------------------------------------------------------------------------- the clock on the wall


def everything(now: datetime) -> list[Any]:
    """What each platform understands of its documents, and all that is written of it, at that time."""
    written: list[Any] = []
    for name, sample in SAMPLES.items():
        feed = sample.read()
        written += [name, feed.incidents, feed.updated_at]
        life = PageTimeline(sample.page)
        life.answer(0, PageSnapshot(msgspec.structs.replace(feed, incidents=()), {}, 1))
        review = reconcile(sample.page, life.memory, PageSnapshot(feed, {}, 1), now)
        report = RunReport(detected_at=now, pages=(review,), events=review.events, changed=True)
        written += [jsonlines.render(event, now) for event in review.events]
        written += [line.plain for event in review.events for line in console.render(event, 80)]
        written += [summary.closing_line(report), summary.commit_message(report), markdown.summary(report)]
        known = review.state.incidents if review.state else {}
        seen = status_view([PageStatus(page=sample.page, open=known, read_before=True)], now)
        written += [line.plain for line in status.render(seen, now, 80)]
        written += [encode_page(review.state) if review.state else b""]
    return written


@pytest.fixture
def zone() -> Iterator[Callable[[str], None]]:
    before = os.environ.get("TZ")

    def be(name: str | None) -> None:
        os.environ.pop("TZ", None)
        if name is not None:
            os.environ["TZ"] = name
        time.tzset()

    yield be
    be(before)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process is fixed here")
def test_no_output_depends_on_the_zone(zone: Callable[[str], None]) -> None:
    """All times are in UTC: in the hour in which clocks are set forward, and anywhere on Earth."""
    forward = datetime(2026, 3, 8, 7, tzinfo=UTC)  # in New York
    zone("UTC")
    expected = everything(forward)
    assert sum(isinstance(it, str) and it.startswith('{"schema"') for it in expected) >= len(SAMPLES)
    for name in ("America/New_York", "Pacific/Apia", "Asia/Kathmandu"):
        zone(name)
        assert time.localtime(0).tm_gmtoff != 0, f"{name} is not known here"
        assert everything(forward) == expected


def test_one_clock_a_run() -> None:
    """The time of day is asked for once a run, by the command; a duration is measured by a clock that never steps."""
    asked = {
        (path.stem, found)
        for path in sorted(test_architecture.rglob("*.py"))
        for found in re.findall(
            r"datetime\.now\(\w*\)|time\.time\(\)|utcnow|localtime|fromtimestamp\((?!.*UTC)", path.read_text()
        )
    }
    assert asked == {("cli", "datetime.now(UTC)"), ("webhook", "time.time()"), ("github_issues", "time.time()")}

"""Clocks that are wrong: ours, the vendors', and the time zone of the machine."""

from __future__ import annotations

import json
import os
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import statuswatch
from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.deliver import ConnectedSink, deliver
from statuswatch.model.event import EventKind, PendingDelivery
from statuswatch.model.incident import IncidentKind
from statuswatch.model.page import PageSnapshot
from statuswatch.model.report import PageStatus, RunReport
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput
from statuswatch.render import console, jsonlines, markdown, phrases, status, summary
from statuswatch.rules.reconcile import reconcile
from statuswatch.rules.status import status_view
from statuswatch.sinks import SinkError
from statuswatch.state import encode_page
from tests.support.fake_vendor import incident as site_incident
from tests.support.fake_vendor import statuspage
from tests.support.page_timeline import PAGE, START, PageTimeline, at, incident, shape, snapshot, update
from tests.support.platform_samples import SAMPLES
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
    """The events of good reads five minutes apart, by a clock that is wrong by so many minutes at each of them."""
    grown = incident("a", *OPEN.updates, update(7, "monitoring"))
    over = incident("a", *grown.updates, update(12, "resolved"))
    again = incident("a", *over.updates, update(22, "investigating"))
    new = incident("b", update(3, "investigating"))
    feeds = [(OPEN, OLD), (new, OPEN, OLD), (new, grown, OLD), (new, over, OLD), (new, over, OLD), (new, again, OLD)]
    timeline = PageTimeline()
    return [
        shape(timeline.read(5 * number + wrong, *feed))
        for number, (feed, wrong) in enumerate(zip(feeds, clock, strict=True))
    ]


@settings(max_examples=50)
@given(st.lists(WRONG, min_size=6, max_size=6))
def test_good_reads_need_no_clock(clock: list[int]) -> None:
    """What opens, goes on, ends and reopens is reported alike whatever our clock shows, ahead, behind or in turns."""
    assert story(clock) == story([0] * 6)


@pytest.mark.parametrize("wrong", [3 * HOUR, YEARS])
def test_a_first_read_by_a_clock_that_ran_ahead(wrong: int) -> None:
    """What opens and closes between two runs is reported, though the first read of the page is dated later."""
    missed = incident("m", update(2, "investigating"), update(4, "resolved"))
    timeline = PageTimeline()
    timeline.read(wrong, OPEN, OLD)
    assert shape(timeline.read(5, missed, OPEN, OLD)) == [("resolved", "m", ["missed"], ["u2", "u4"])]
    assert timeline.read(10, missed, OPEN, OLD) == []
    assert timeline.read(wrong + 10, missed, OPEN, OLD) == []


@pytest.mark.parametrize("wrong", [-YEARS, -3 * HOUR])
def test_what_was_closed_before_is_no_event_for_a_clock_that_is_behind(wrong: int) -> None:
    """A clock that steps back below the first read makes no event of what was closed by then."""
    older = incident("older", update(-40, "investigating"), update(-30, "resolved"))
    timeline = PageTimeline()
    timeline.read(0, OPEN, OLD)
    assert timeline.read(wrong, older, OPEN, OLD) == []


@pytest.mark.parametrize("back", [-1, -2 * HOUR, -YEARS])
def test_a_reported_failure_is_reported_once(back: int) -> None:
    """A failing page is reported once, and its end once, though the clock steps back below its start."""
    timeline = PageTimeline()
    timeline.read(-DAY, OPEN)
    timeline.fail(0)
    (begun,) = timeline.fail(HOUR)
    assert [timeline.fail(back + minutes) for minutes in (0, 30, 2 * HOUR)] == [[], [], []]
    (ended,) = timeline.read(back + 3 * HOUR, OPEN)
    assert (begun.kind, ended.kind, begun.incident.id) == (EventKind.NEW, EventKind.RESOLVED, ended.incident.id)


@pytest.mark.parametrize("wait", ["suspicion", "absence", "failure"])
def test_a_wait_begins_anew(wait: str) -> None:
    """A wait that was begun at a time that has not come yet begins anew, and is no longer than any other."""
    timeline = PageTimeline()
    moment = {"updated_at": {"incidents.json": START}} if wait == "suspicion" else {}

    def look(minutes: int) -> list[Event]:
        match wait:
            case "suspicion":
                return look_at_an_older_copy(minutes)
            case "absence":
                return timeline.read(minutes, OLD, window_sizes={IncidentKind.INCIDENT: 1})
            case _:
                return timeline.fail(minutes)

    def look_at_an_older_copy(minutes: int) -> list[Event]:
        older = {"updated_at": {"incidents.json": at(-1)}}
        timeline.read(minutes, OLD, OPEN, **older)
        if timeline.outcome.notes.suspicion:
            return []
        return timeline.read(minutes, incident("n", update(-3, "identified")), OLD, OPEN, **older)

    timeline.read(0, OPEN, OLD, **moment)
    patience = {"suspicion": DAY, "absence": 10, "failure": HOUR}[wait]
    assert look(YEARS) == []
    assert look(10) == [] and look(10 + patience - 1) == []
    assert len(look(10 + patience)) == 1


GIVE_UP_AFTER: Final = timedelta(hours=24)


def rejected(*due: PendingDelivery, now: datetime) -> SinkOutcome:
    """Deliver to a receiver that rejects everything for good."""

    async def send(_: object, message: Notification) -> None:
        raise SinkError("no", final=True)

    sink = ConnectedSink(SinkConfig(sink="webhook", name="fake", where="a test", options=None), send, 0, ())
    (outcome,) = deliver([sink], (), {"fake": due}, now)
    return outcome


def test_what_is_rejected_is_given_up_a_day_later() -> None:
    """A rejection noted by a clock that ran ahead is not retried for years; and a step back gives nothing up."""
    now = START
    ahead = rejected(*new_deliveries(1), now=now + timedelta(days=3650)).waiting
    kept = rejected(*ahead, now=now).waiting
    assert [delivery.since for delivery in kept] == [now]
    assert rejected(*kept, now=now + GIVE_UP_AFTER - timedelta(minutes=1)).lost == ()
    assert rejected(*kept, now=now + GIVE_UP_AFTER).lost == (kept[0].event.id,)


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
    """An incident whose times are of any year is reported when it opens, goes on, ends and reopens, once each; and no
    output has a negative age, or one of centuries.
    """
    dated = dict.fromkeys(("created_at", "position", "scheduled_for", "scheduled_until"), moment)
    updates = [
        msgspec.structs.replace(update(0, word, key=word), created_at=moment, display_at=moment)
        for word in ("investigating", "monitoring", "resolved", "identified")
    ]
    timeline = PageTimeline()
    events: list[Event] = []
    for number in range(5):
        odd = [incident("odd", *updates[:number], **dated)] if number else []
        events += timeline.read(5 * number, *odd, OPEN, OLD, by_creation=by_creation)
        assert_events_have_no_odd_age(timeline, 5 * number, moment)
        text = shown_status(timeline, 5 * number)
        assert re.findall(r"(\d{4,}) d\b|(-\d)(?= min| h| d)", text) == []
        if number in (1, 2, 4):
            assert f"dated {phrases.minute(moment)}" in text or not abs(moment - START) < timedelta(days=1)
    assert [str(event.kind) for event in events] == ["new", "updated", "resolved", "updated"]
    assert timeline.read(25, OPEN, OLD, by_creation=by_creation) == []
    assert timeline.read(60, OPEN, OLD, by_creation=by_creation)[1:] == []


def assert_events_have_no_odd_age(timeline: PageTimeline, minutes: int, moment: datetime) -> None:
    for event in timeline.outcome.events:
        for shown in (*(line.plain for line in console.render(event, 80)), markdown.text(event.incident.title)):
            assert "-" not in shown.partition("delay")[2]
        assert jsonlines.render(event, at(minutes)).count(jsonlines.moment(moment)) >= 1


def shown_status(timeline: PageTimeline, minutes: int) -> str:
    assert timeline.state
    page = PageStatus(page=timeline.page, open=timeline.state.incidents, read_before=True)
    lines = status.render(status_view([page], at(minutes)), at(minutes), None)
    return "\n".join(line.plain for line in lines)


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
    """A time is understood in whatever zone it is stated, and as UTC where none is stated."""
    listed = statuspage("/acme", [site_incident("a", "investigating") | {"created_at": stated}])
    documents = {name.rpartition("/")[2]: json.dumps(document).encode() for name, document in listed.items()}
    (one,) = PLATFORMS["statuspage"].parse(ParseInput(PAGE, documents)).incidents
    assert jsonlines.moment(one.created_at) == understood


@pytest.mark.parametrize("stated", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_a_time_beyond_the_calendar_costs_only_its_entry(stated: str) -> None:
    """A time that no calendar has is an entry that could not be understood, and is reported as such."""
    listed = [site_incident("a", "investigating") | {"created_at": stated}, site_incident("b", "investigating")]
    served = statuspage("/acme", listed)
    documents = {name.rpartition("/")[2]: json.dumps(document).encode() for name, document in served.items()}
    feed = PLATFORMS["statuspage"].parse(ParseInput(PAGE, documents))
    assert [incident.id for incident in feed.incidents] == ["b"]
    assert feed.skipped and all("entry 0: date value out of range" in reason for reason in feed.skipped)


# ------------------------------------------------------------------------------------- the machine's time zone


def everything(now: datetime) -> list[Any]:
    """Everything that each platform understands of its documents, and all that is written of it, at that time."""
    written: list[Any] = []
    for name, sample in SAMPLES.items():
        feed = sample.read()
        written += [name, feed.incidents, feed.updated_at]
        timeline = PageTimeline(sample.page)
        timeline.apply(0, PageSnapshot(msgspec.structs.replace(feed, incidents=()), {}, 1))
        outcome = reconcile(sample.page, timeline.state, PageSnapshot(feed, {}, 1), now)
        assert outcome.state
        report = RunReport(detected_at=now, pages=(outcome,), events=outcome.events, changed=True)
        written += [jsonlines.render(event, now) for event in outcome.events]
        written += [line.plain for event in outcome.events for line in console.render(event, 80)]
        written += [summary.closing_line(report), summary.commit_message(report), markdown.summary(report)]
        view = status_view([PageStatus(page=sample.page, open=outcome.state.incidents, read_before=True)], now)
        written += [line.plain for line in status.render(view, now, 80)]
        written.append(encode_page(outcome.state))
    return written


@pytest.fixture
def zone() -> Iterator[Callable[[str], None]]:
    before = os.environ.get("TZ")

    def set_zone(name: str | None) -> None:
        os.environ.pop("TZ", None)
        if name is not None:
            os.environ["TZ"] = name
        time.tzset()

    yield set_zone
    set_zone(before)


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the zone of a process is fixed here")
def test_no_output_depends_on_the_zone(zone: Callable[[str], None]) -> None:
    """All times are in UTC: in the hour in which clocks are set forward, and anywhere on Earth."""
    forward = datetime(2026, 3, 8, 7, tzinfo=UTC)  # in New York
    zone("UTC")
    expected = everything(forward)
    assert sum(isinstance(text, str) and text.startswith('{"schema"') for text in expected) >= len(SAMPLES)
    for name in ("America/New_York", "Pacific/Apia", "Asia/Kathmandu"):
        zone(name)
        assert time.localtime(0).tm_gmtoff != 0, f"{name} is not known here"
        assert everything(forward) == expected


def test_one_clock_a_run() -> None:
    """The time of day is asked for once a run, by what begins it; a duration is measured by a clock that never steps.

    A run is begun by a command, by a caller of the API, by a question of an agent, or by a serving process.
    A recording notes when a response came, and some receivers sign or wait by their own time of day.
    """
    pattern = re.compile(r"datetime\.now\(\w*\)|time\.time\(\)|utcnow|localtime|fromtimestamp\((?!.*UTC)")
    package = Path(statuswatch.__file__).parent
    clocks = {
        path.relative_to(package).parts[0] + ("/" + path.stem if path.parent.name in ("sinks", "recording") else "")
        for path in package.rglob("*.py")
        if pattern.search(path.read_text())
    }
    begin_runs = {"cli", "api.py", "mcp", "serve"}
    receivers = {"sinks/alertmanager", "sinks/github_issues", "sinks/webhook"}
    assert clocks == begin_runs | receivers | {"recording/read", "recording/write"}


@pytest.mark.parametrize(("ended", "remembered"), [(5, True), (-5, False)])
def test_an_end_ahead_of_our_clock_in_a_longer_list(ended: float, *, remembered: bool) -> None:
    """Contract 4, row 1, and 4.4.4: what a longer list has at the baseline is no news, wherever its end lies."""
    timeline = PageTimeline()
    over = incident("past", update(-60, "investigating"), update(ended, "resolved"))
    read = snapshot(incident("a", update(-30, "investigating")), longer=(over,))
    assert [timeline.apply(minutes, read) for minutes in (0, 10, 20)] == [[], [], []]
    assert timeline.state and ("past" in timeline.state.incidents) is remembered

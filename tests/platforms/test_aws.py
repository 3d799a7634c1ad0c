"""Amazon Web Services."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page, PageSnapshot
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms import aws
from tests.support.page_timeline import PageTimeline, shape
from tests.support.platform_sample import URL, Json, Sample, only

NAME = "currentevents"
UAE = "arn:aws:health:me-central-1::event/MULTIPLE_SERVICES/AWS_MULTIPLE_SERVICES_OPERATIONAL_ISSUE/1_5E6B8"
EC2 = "arn:aws:health:us-west-2::event/EC2/AWS_EC2_OPERATIONAL_ISSUE/AWS_EC2_OPERATIONAL_ISSUE_2_E6426"


def entry(timestamp: int | str, status: int | str, message: str = "Words.") -> Json:
    return {"summary": "Increased Error Rates", "message": message, "status": status, "timestamp": timestamp}


def impacted(*services: str) -> Json:
    return {name: {"service_name": name, "current": "0", "max": "3"} for name in services}


def document() -> list[Json]:
    """As recorded on 2026-05-02: numbers as strings and as numbers, the log oldest first, an event of many services."""
    many = {
        "date": "1772369485",
        "arn": UAE,
        "region_name": "UAE",
        "status": "3",
        "service": "multipleservices-me-central-1",
        "service_name": "Multiple services",
        "summary": "Increased Error Rates",
        "event_log": [entry(1772369485, 1), entry("1772371152", "2"), entry(1772386871, 3, "<b>Power</b> is out.")],
        "impacted_services": impacted("Amazon EC2", "AWS Lambda"),
    }
    one = {
        "date": 1772430987,
        "arn": EC2,
        "region_name": "Oregon",
        "status": 1,
        "service": "ec2-us-west-2",
        "service_name": "Amazon EC2",
        "summary": "Connectivity",
        "event_log": [entry(1772430987, 1)],
    }
    return [many, one]


SAMPLE = Sample("aws", {NAME: document()}, NAME, (), {"arn": "bad", "date": "soon"}, "summary")


def ended(documents: Any) -> str:
    """Its event of many services is resolved."""
    documents[NAME][0]["status"] = "0"
    documents[NAME][0]["event_log"].append(entry(1772400000, "1", "It is over."))
    return UAE


def noted(documents: Any) -> None:
    """And is spoken of once more."""
    documents[NAME][0]["event_log"].append(entry(1772403600, 2, "What had happened."))


def read(*events: Json) -> Any:
    return SAMPLE.read(currentevents=list(events))


def test_ids() -> None:
    """4: an event's id is its ARN, an update's the minute of its publication: it stays when the time is cut to the
    minute, a neighbour is edited or the order changes, and two in one minute are two.
    """
    feed = SAMPLE.read()
    ids = [one.id for one in only(feed, UAE).updates]
    assert ids == ["99d665e8371f", "6966f7611db1", "4f69fbc03437"]
    many = document()[0]
    cut = [1772371152 // 60 * 60, 1772369485 // 60 * 60]
    many["event_log"] = [*(entry(moment, 1, "Edited.") for moment in cut), entry(1772386871, 3)]
    assert [one.id for one in read(many).incidents[0].updates] == ids
    many["event_log"] = [entry(1772369485, 1, "First."), entry(1772369486, 1, "Second.")]
    twice = [one.id for one in read(many).incidents[0].updates]
    assert twice[0] == ids[0] and len(set(twice)) == 2


def test_fields() -> None:
    """4: title, status, impact, address, text and times."""
    it = only(SAMPLE.read(), UAE)
    assert (it.title, it.status, it.impact) == ("Increased Error Rates", "disruption", Impact.CRITICAL)
    assert it.url == f"{URL}/health/status?eventID={UAE}"
    assert [one.status for one in it.updates] == ["informational", "degradation", "disruption"]
    assert it.updates[-1].body == "Power is out."
    assert it.created_at == it.updates[0].created_at == datetime(2026, 3, 1, 12, 51, 25, tzinfo=UTC)


def test_components() -> None:
    """4: each service with its region; "Multiple services" is none."""
    feed = SAMPLE.read()
    assert [part.name for part in only(feed, UAE).components] == ["AWS Lambda (UAE)", "Amazon EC2 (UAE)"]
    assert [part.name for part in only(feed, EC2).components] == ["Amazon EC2 (Oregon)"]
    many, one = document()
    del many["impacted_services"]
    one |= {"region_name": None, "impacted_services": impacted("AWS Lambda")}
    feed = read(many, one)
    assert [part.name for part in only(feed, UAE).components] == ["Multiple services (UAE)"]
    assert [part.name for part in only(feed, EC2).components] == ["AWS Lambda", "Amazon EC2"]


def test_what_is_listed() -> None:
    """4.11: nothing but what is open; none is an empty list."""
    feed = SAMPLE.read()
    assert feed.current == {IncidentKind.INCIDENT} and not feed.history and not feed.complete
    assert read().incidents == () and not aws.matches(read()) and aws.matches(feed)


@pytest.mark.parametrize(("status", "last"), [("0", 1), (3, 0), ("0", 0)])
def test_resolved(status: int | str, last: int) -> None:
    """4: status 0 ends an event, its own (as recorded in 2023, with a last entry of 1) or its last entry's; it is as
    grave as its gravest entry, or as it is known to be, and no entry that was told changes its status for that.
    """
    one = document()[1]
    one |= {"status": status, "event_log": [entry(1772430987, 2), entry(1772440000, last)]}
    (it,) = read(one).incidents
    assert (it.status, it.impact) == ("resolved", Impact.MAJOR)
    assert [one.status for one in it.updates] == ["degradation", "resolved" if last == 0 else "informational"]
    when = datetime(2026, 3, 2, tzinfo=UTC)
    known = SAMPLE.page_state(
        incidents={EC2: IncidentRecord(status="degradation", impact=Impact.MAJOR, title="t", last_update_at=when)}
    )
    (it,) = SAMPLE.read(known, currentevents=[one]).incidents
    assert it.impact is Impact.UNKNOWN, "what is remembered stays"


def test_unknown_status() -> None:
    """5: an event of a status that has no meaning here is skipped and reported."""
    many, one = document()
    feed = read({**many, "status": "4"}, one)
    assert [it.id for it in feed.incidents] == [EC2] and "a status of 4" in feed.skipped[0]


@pytest.mark.parametrize("base", ["", "/aws"])
@pytest.mark.parametrize("url", ["", "/health/status", "/public/currentevents"])
def test_documents(base: str, url: str) -> None:
    """3: the document stands under what the page stands under: the root of the host, or where a mirror has them."""
    page = Page(key="aws", name="AWS", url=f"http://127.0.9.6:8765{base}{url}")
    assert [it.url for it in aws.documents(page)] == [f"http://127.0.9.6:8765{base}/public/currentevents"]


def test_a_life() -> None:
    """4: an event begins, grows, and is resolved; another is gone."""
    many, one = document()
    life = PageTimeline()
    life.answer(0, PageSnapshot(read(), {}, 1))
    assert [kind for kind, *_ in shape(life.answer(10, PageSnapshot(read(many, one), {}, 1)))] == ["new", "new"]
    grown = copy.deepcopy(many)
    grown["event_log"].append(entry(1772390000, 3))
    grown["impacted_services"] |= impacted("Amazon S3")
    ((_, _, changes, updates),) = shape(life.answer(20, PageSnapshot(read(one, grown), {}, 1)))
    assert (changes, len(updates)) == (["updates", "components"], 1)
    over = copy.deepcopy(grown) | {"status": "0"}
    over["event_log"].append(entry(1772395000, 1))
    told = {key: (kind, changes) for kind, key, changes, _ in shape(life.answer(30, PageSnapshot(read(over), {}, 1)))}
    assert told == {UAE: ("resolved", ["status"]), EC2: ("resolved", ["delisted"])}
    assert life.answer(40, PageSnapshot(read(), {}, 1)) == []

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
from tests.support.platform_sample import URL, Json, only
from tests.support.samples.aws import EC2, SAMPLE, UAE, document, entry, impacted


def read(*events: Json) -> Any:
    return SAMPLE.read(currentevents=list(events))


def test_ids() -> None:
    """Contract 4.10: an event's id is its ARN, an update's is derived from the minute of its publication.

    It stays when the time is cut to the minute, a neighbour is edited or the order changes. Two updates of one minute
    have two ids.
    """
    feed = SAMPLE.read()
    ids = [update.id for update in only(feed, UAE).updates]
    assert ids == ["99d665e8371f", "6966f7611db1", "4f69fbc03437"]
    many = document()[0]
    cut = [1772371152 // 60 * 60, 1772369485 // 60 * 60]
    many["event_log"] = [*(entry(moment, 1, "Edited.") for moment in cut), entry(1772386871, 3)]
    assert [update.id for update in read(many).incidents[0].updates] == ids
    many["event_log"] = [entry(1772369485, 1, "First."), entry(1772369486, 1, "Second.")]
    twice = [update.id for update in read(many).incidents[0].updates]
    assert twice[0] == ids[0] and len(set(twice)) == 2


def test_fields() -> None:
    """4: title, status, impact, address, text and times."""
    incident = only(SAMPLE.read(), UAE)
    assert (incident.title, incident.status, incident.impact) == (
        "Increased Error Rates",
        "disruption",
        Impact.CRITICAL,
    )
    assert incident.url == f"{URL}/health/status?eventID={UAE}"
    assert [update.status for update in incident.updates] == ["informational", "degradation", "disruption"]
    assert incident.updates[-1].body == "Power is out."
    assert incident.created_at == incident.updates[0].created_at == datetime(2026, 3, 1, 12, 51, 25, tzinfo=UTC)


def test_components() -> None:
    """4: the components are the services with their place, and the region; "Multiple services" is none."""
    feed = SAMPLE.read()
    assert [part.label for part in only(feed, UAE).components] == [
        "AWS Lambda (UAE)",
        "Amazon EC2 (UAE)",
        "Region - UAE (me-central-1)",
    ]
    assert [part.label for part in only(feed, EC2).components] == ["Amazon EC2 (Oregon)", "Region - Oregon (us-west-2)"]
    many, single = document()
    del many["impacted_services"]
    single |= {"region_name": None, "impacted_services": impacted("AWS Lambda")}
    feed = read(many, single)
    assert [part.name for part in only(feed, UAE).components] == [
        "Multiple services (UAE)",
        "UAE (me-central-1)",
    ]
    assert [part.name for part in only(feed, EC2).components] == ["AWS Lambda", "Amazon EC2", "us-west-2"]


def test_what_is_listed() -> None:
    """4.11: only open events are listed; without any the list is empty."""
    feed = SAMPLE.read()
    assert feed.current == {IncidentKind.INCIDENT} and not feed.history and not feed.complete
    assert read().incidents == () and not aws.matches(read()) and aws.matches(feed)


@pytest.mark.parametrize(("status", "last"), [("0", 1), (3, 0), ("0", 0)])
def test_resolved(status: int | str, last: int) -> None:
    """4: status 0 resolves an event, be it the event's (recorded in 2023, with a last entry of 1) or its last entry's.

    Its impact is the remembered one, else the highest of its entries. No earlier update changes its status.
    """
    event = document()[1]
    event |= {"status": status, "event_log": [entry(1772430987, 2), entry(1772440000, last)]}
    (incident,) = read(event).incidents
    assert (incident.status, incident.impact) == ("resolved", Impact.MAJOR)
    assert [update.status for update in incident.updates] == [
        "degradation",
        "resolved" if last == 0 else "informational",
    ]
    when = datetime(2026, 3, 2, tzinfo=UTC)
    state = SAMPLE.page_state(
        incidents={EC2: IncidentRecord(status="degradation", impact=Impact.MAJOR, title="t", last_update_at=when)}
    )
    (incident,) = SAMPLE.read(state, currentevents=[event]).incidents
    assert incident.impact is Impact.UNKNOWN, "the remembered impact stays"


def test_unknown_status() -> None:
    """5: an event with an unknown status is skipped and reported."""
    many, single = document()
    feed = read({**many, "status": "4"}, single)
    assert [incident.id for incident in feed.incidents] == [EC2] and "a status of 4" in feed.skipped[0]


@pytest.mark.parametrize("base", ["", "/aws"])
@pytest.mark.parametrize("url", ["", "/health/status", "/public/currentevents"])
def test_documents(base: str, url: str) -> None:
    """3: the document stands under the root of the host, or under the folder of a mirror, like the page."""
    page = Page(key="aws", name="AWS", url=f"http://127.0.9.6:8765{base}{url}")
    assert [document.url for document in aws.documents(page)] == [f"http://127.0.9.6:8765{base}/public/currentevents"]


def test_timeline() -> None:
    """4: two events are new; one gets an update and a component and is resolved, the other is no longer listed."""
    many, single = document()
    timeline = PageTimeline()
    timeline.apply(0, PageSnapshot(read(), {}, 1))
    assert [kind for kind, *_ in shape(timeline.apply(10, PageSnapshot(read(many, single), {}, 1)))] == ["new", "new"]
    grown = copy.deepcopy(many)
    grown["event_log"].append(entry(1772390000, 3))
    grown["impacted_services"] |= impacted("Amazon S3")
    ((_, _, changes, updates),) = shape(timeline.apply(20, PageSnapshot(read(single, grown), {}, 1)))
    assert (changes, len(updates)) == (["updates", "components"], 1)
    over = copy.deepcopy(grown) | {"status": "0"}
    over["event_log"].append(entry(1772395000, 1))
    events = shape(timeline.apply(30, PageSnapshot(read(over), {}, 1)))
    assert [event[:3] for event in events] == [("resolved", UAE, ["status"])]
    assert shape(timeline.apply(40, PageSnapshot(read(), {}, 1))) == [("resolved", EC2, ["delisted"], [])]
    assert timeline.apply(50, PageSnapshot(read(), {}, 1)) == []

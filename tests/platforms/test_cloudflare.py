"""Cloudflare Status."""

import copy
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import Impact, Incident, IncidentKind
from statuswatch.platforms import cloudflare
from statuswatch.platforms.parsing import ParseInput
from statuswatch.reading.gather import Session
from statuswatch.reading.plan import inspect
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.plan_driver import run_plan
from tests.support.platform_sample import Json, encode, only
from tests.support.samples.cloudflare import ENDED, OPEN, PAGE, SAMPLE, SUMMARY


def with_result(**changed: Any) -> Json:
    """Return the summary with parts of its result changed."""
    return {**SUMMARY, "result": {**SUMMARY["result"], **changed}}


def parsed(**changed: Any) -> Incident:
    """Return the open incident with fields changed."""
    return only(SAMPLE.read(summary=with_result(active_incidents=[{**OPEN, **changed}])), str(OPEN["id"]))


def test_ids_are_the_vendors() -> None:
    """4: an incident has the vendor's id; its latest update has none, and is identified by its time, pinned here."""
    assert {incident.id: [update.id for update in incident.updates] for incident in SAMPLE.read().incidents} == {
        "k3h5zv0f9p1a": ["at-20260910T010000Z"],
        "m1c9x6r2j7ef": ["at-20260908T030000Z"],
    }


def test_a_page_may_be_one_component() -> None:
    """3: with an id the page is what names that component, by its id; without one it is all of Cloudflare's page."""
    assert [component.name for component in SAMPLE.read().components] == ["Replicate"]
    whole = msgspec.structs.replace(PAGE, id="")
    feed = cloudflare.parse(ParseInput(whole, {"summary": encode(SUMMARY)}))
    assert len(feed.incidents) == 3 and [component.name for component in feed.components] == ["DNS", "Replicate"]
    with pytest.raises(FeedError, match="summary: no component fvgfcmy66tdr"):
        SAMPLE.read(summary=with_result(components=[]))


def test_what_is_listed() -> None:
    """4.11: every active incident is listed, and what just ended; without the latter no end is known."""
    feed = SAMPLE.read()
    assert feed.current == feed.history == {IncidentKind.INCIDENT} and not feed.complete
    without = SAMPLE.read(summary=with_result(recent_incidents=None))
    assert not without.current and not without.history and len(without.incidents) == 1


def test_a_recent_copy_is_the_newer_one() -> None:
    """4: an incident listed as active and as recent is over."""
    over = {**OPEN, "status": "resolved", "resolved_at": "2026-09-10T03:00:00.000Z"}
    assert only(SAMPLE.read(summary=with_result(recent_incidents=[over])), str(OPEN["id"])).closed


def test_impacts_and_missing_updates() -> None:
    """4: an unknown impact is unknown; an incident without an update is one all the same."""
    assert (parsed().impact, parsed(impact="maintenance").impact) == (Impact.MAJOR, Impact.UNKNOWN)
    assert parsed(last_update=None).updates == parsed(last_update={"message": "Words."}).updates == ()
    assert [component.name for component in parsed().components] == ["DNS", "Replicate"]


def test_what_left_both_lists_is_delisted() -> None:
    """4.11: an incident in neither list is no longer listed."""
    page, documents = first_read("cloudflare")
    emptied = copy.deepcopy(documents)
    emptied["summary"]["result"] |= {"active_incidents": [], "recent_incidents": [ENDED]}
    assert page.read_later(5, emptied) == []
    assert shape(page.read_later(11, emptied)) == [("resolved", str(OPEN["id"]), ["delisted"], [])]


@pytest.mark.parametrize("url", [PAGE.url, "https://status.acme.example"])
def test_only_its_own_page_is_tried_as_one(url: str) -> None:
    """3: recognition asks for the summary of Cloudflare's own page only: there is no other page of that kind."""
    session = Session(datetime(2026, 11, 28, tzinfo=UTC), conditional=False)
    inspection = run_plan(inspect(msgspec.structs.replace(PAGE, url=url, id=""), session), {})
    assert ("cloudflare" in {attempt.platform for attempt in inspection.attempts}) == (url == PAGE.url)

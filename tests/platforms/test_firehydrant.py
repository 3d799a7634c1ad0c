"""FireHydrant."""

import copy
from datetime import UTC, datetime
from typing import Any

from statuswatch.model.incident import Impact, Incident, IncidentKind
from statuswatch.platforms import firehydrant
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import only
from tests.support.samples.firehydrant import OPEN, PAYLOAD, SAMPLE, TAKEN_OVER, WINDOW, note

KEY = str(OPEN["id"])


def parsed(raw: dict[str, Any], **changed: Any) -> Incident:
    """Return that incident of the payload, with fields changed."""
    return only(SAMPLE.read(payload__json={**PAYLOAD, "incidents": [{**raw, **changed}]}), str(raw["id"]))


def test_ids_of_updates_are_their_times() -> None:
    """4: an update has no id; it is identified by the time of its publication, pinned here."""
    assert [update.id for update in parsed(OPEN).updates] == ["db43aaaca241", "00f5a40381b7"]


def test_status_is_the_newest_milestone() -> None:
    """4: an open incident has the milestone that it reached last; of those of one time, the later step."""
    assert parsed(OPEN).status == "investigating"
    times = {"started": "2026-03-26T19:46:58Z", "detected": "2026-03-26T19:46:58Z", "closed": None}
    assert parsed(OPEN, timestamps=times).status == "detected"
    assert parsed(OPEN, timestamps={**times, "closed": "2026-03-26T20:00:00Z"}).status == "resolved"
    assert [update.status for update in parsed(OPEN).updates] == ["investigating", "investigating"]


def test_what_was_taken_over() -> None:
    """4: of an entry from another platform, `time` is its publication here and `occurredAt` the time that it claims."""
    incident = parsed(TAKEN_OVER)
    assert incident.status == "resolved" and incident.impact is Impact.UNKNOWN and not incident.components
    assert incident.created_at == datetime(2026, 1, 8, 15, 41, 13, tzinfo=UTC)
    assert [update.status for update in incident.updates] == ["update", "resolved"]
    assert incident.updates[0].created_at.month == 3 and incident.updates[0].display_at.month == 1


def test_maintenance() -> None:
    """4: an incident with the severity of a maintenance is one; `scheduled` until it reaches a milestone of work."""
    assert (parsed(WINDOW).kind, parsed(WINDOW).status) == (IncidentKind.MAINTENANCE, "completed")
    announced = parsed(WINDOW, timestamps={"started": "2026-04-01T00:00:00Z"})
    assert announced.status == "scheduled" and announced.scheduled_for == datetime(2026, 4, 1, tzinfo=UTC)
    at_work = {"started": "2026-04-01T00:00:00Z", "in_progress": "2026-04-01T00:01:00Z"}
    assert parsed(WINDOW, timestamps=at_work).status == "in_progress"


def test_impacts_and_components() -> None:
    """4: the vendor's severities are impacts where they are the usual ones; the page lists its components."""
    feed = SAMPLE.read()
    assert only(feed, KEY).impact is Impact.MAJOR
    assert parsed(OPEN, severitySlug="INVESTIGATION").impact is Impact.UNKNOWN
    assert [component.label for component in only(feed, KEY).components] == ["DNS", "REST API"]
    assert [component.label for component in feed.components] == ["Console", "DNS", "REST API"]


def test_two_updates_of_one_moment() -> None:
    """4: two entries published in the same moment are one update, and nothing of either is lost."""
    twice = [note("2026-03-26T19:50:00Z", "One."), note("2026-03-26T19:50:00Z", "Two.")]
    (update,) = parsed(OPEN, timeline=twice).updates
    assert update.body == "One.\nTwo."


def test_what_left_the_payload_is_delisted() -> None:
    """4.12d: the payload lists every open incident; one that is gone at two reads is no longer listed."""
    page, documents = first_read("firehydrant")
    emptied = copy.deepcopy(documents)
    emptied["payload.json"]["incidents"].pop(0)
    assert page.read_later(5, emptied) == []
    (event,) = page.read_later(11, emptied)
    assert shape([event]) == [("resolved", KEY, ["delisted"], [])]


def test_a_calm_page_is_recognised() -> None:
    """3: a payload without an incident is FireHydrant's all the same."""
    assert firehydrant.matches(SAMPLE.read(payload__json={**PAYLOAD, "incidents": []}))

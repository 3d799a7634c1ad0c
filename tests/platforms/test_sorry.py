"""Sorry."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.platforms import OWN_DOCUMENTS, sorry
from statuswatch.platforms.parsing import ParseInput
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import encode, only
from tests.support.samples.sorry import FIRST, NOTICES, OPEN, SAMPLE, SECOND, raw_update, whole

THIRD = raw_update(23, "resolved", "2026-10-05T09:00:00.000Z")


def test_ids_are_the_vendors() -> None:
    """4: ids are the vendor's numbers; an update without one is identified by its time, pinned here."""
    assert {incident.id: [update.id for update in incident.updates] for incident in SAMPLE.read().incidents} == {
        "301": ["22"],
        "299": ["at-20261002T080000Z"],
        "300": ["20"],
    }


def test_states_are_statuses() -> None:
    """4: states of Sorry become statuses; a false alarm ends a notice, and so does an end where no state is named."""
    feed = SAMPLE.read()
    assert (only(feed, "301").status, only(feed, "300").status) == ("identified", "resolved")
    stated = {"underway": "in_progress", "complete": "completed", "cancelled": "cancelled", "recovering": "recovering"}
    for state, status in stated.items():
        assert only(SAMPLE.read(notices={"notices": [{**OPEN, "state": state}]}), "301").status == status
    unstated = {**OPEN, "state": None, "latest_update": None}
    assert only(SAMPLE.read(notices={"notices": [unstated]}), "301").status == "open"
    over = {**unstated, "ended_at": "2026-10-05T09:00:00.000Z"}
    assert only(SAMPLE.read(notices={"notices": [over]}), "301").closed


def test_maintenance_and_announcements() -> None:
    """4: a planned notice is a maintenance with its schedule; a general one is an announcement, and no incident."""
    window = only(SAMPLE.read(), "299")
    assert (window.kind, window.impact) == (IncidentKind.MAINTENANCE, Impact.MAINTENANCE)
    assert window.scheduled_for == datetime(2026, 10, 20, 8, tzinfo=UTC) and window.scheduled_until
    assert "298" not in {incident.id for incident in SAMPLE.read().incidents} and not SAMPLE.read().skipped


def test_a_whole_notice_has_updates_and_components() -> None:
    """4: the list shows the latest update; every update and the components stand in the notice's own document."""
    documents: dict[str, Any] = {"notices/301": whole(OPEN, SECOND, FIRST)}
    incident = only(SAMPLE.read(**documents), "301")
    assert [update.id for update in incident.updates] == ["21", "22"]
    assert [component.name for component in incident.components] == ["SMTP"]
    documents = {"notices/301": {"notice": {**OPEN, "id": 300}}}
    assert "another notice" in SAMPLE.read(**documents).losses[0]


def test_nothing_between_two_reads_is_lost() -> None:
    """4: of several updates between two reads, all are reported: something changed, so the notice is read whole."""
    page, documents = first_read("sorry")
    over: Any = copy.deepcopy(documents)
    over["notices"]["notices"][0] |= {"state": "resolved", "latest_update": THIRD}
    between = raw_update(25, "recovering", "2026-10-05T08:40:00.000Z")
    over["notices/301"] = whole(over["notices"]["notices"][0], FIRST, SECOND, between, THIRD)
    (event,) = page.read_later(5, over)
    assert (event.incident.id, event.kind, [update.id for update in event.updates]) == ("301", "resolved", ["25", "23"])


def test_what_left_the_list_is_looked_up() -> None:
    """4.12b: an open notice that left the list ends as its own document says."""
    page, documents = first_read("sorry")
    later: Any = copy.deepcopy(documents)
    del later["notices"]["notices"][0]
    later["notices/301"] = whole({**OPEN, "state": "resolved"}, FIRST, SECOND, THIRD)
    (event,) = page.read_later(5, later)
    assert shape([event]) == [("resolved", "301", ["status"], ["23"])]
    assert "sorry" in OWN_DOCUMENTS


def test_own_documents_are_of_one_notice() -> None:
    """5: an own document of another notice, or that cannot be understood, is a failure."""
    reading = ParseInput(SAMPLE.page, {})
    assert sorry.own_document(SAMPLE.page, "3/1", None).url == f"{SAMPLE.page.url}/api/v1/notices/3%2F1"
    wrong: Any
    for wrong in ({"notice": {**OPEN, "id": 7}}, {"notice": {**OPEN, "type": "general"}}, {"notice": {}}, {}):
        with pytest.raises(FeedError, match="notices/301"):
            sorry.parse_own(reading, "301", encode(wrong))


def test_components_of_the_page() -> None:
    """4: the page lists its components; where they are more than one page of them, none are listed."""
    assert [one.name for one in sorry.follow_ups(ParseInput(SAMPLE.page, {}), SAMPLE.read(), dirty=True)] == [
        *("notices/301", "notices/299", "components"),
    ]
    listed = {"components": [{"id": 7, "name": "SMTP"}], "meta": {"next_page": None}}
    assert [component.name for component in SAMPLE.read(components=listed).components] == ["SMTP"]
    assert not SAMPLE.read(components={**listed, "meta": {"next_page": "/api/v1/components?page=2"}}).components


def test_a_calm_page_is_recognised() -> None:
    """3: a list without a notice is Sorry's all the same."""
    assert sorry.matches(SAMPLE.read(notices={**NOTICES, "notices": []}))

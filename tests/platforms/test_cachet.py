"""Cachet."""

from typing import Any

import msgspec
import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import IncidentKind
from statuswatch.platforms import cachet
from statuswatch.platforms.parsing import MissingPageIdError, ParseInput
from tests.support.platform_sample import URL, encode, only
from tests.support.samples.cachet import COMPONENTS, ENDED, OPEN, SAMPLE, VERSION_3


def read_one(**changed: Any) -> Any:
    """Return the open incident with fields changed."""
    return only(SAMPLE.read(incidents={"data": [{**OPEN, **changed}]}), "12")


def test_ids_are_the_vendors() -> None:
    """4: ids are the software's numbers; an incident's own message is its first update, with the id 0."""
    assert {incident.id: [update.id for update in incident.updates] for incident in SAMPLE.read().incidents} == {
        "12": ["0", "31"],
        "11": ["0", "30"],
    }
    assert [update.status for update in only(SAMPLE.read(), "12").updates] == ["reported", "identified"]


def test_statuses() -> None:
    """4: the newest status counts: that of version 2.4, or of the newest update; one without updates has its own."""
    assert (only(SAMPLE.read(), "12").status, only(SAMPLE.read(), "11").status) == ("identified", "resolved")
    assert read_one(latest_status=None).status == "identified"
    assert read_one(latest_status=None, is_resolved=None, updates=[], status=4).status == "resolved"
    assert read_one(latest_status=7).status == "reported"


def test_maintenance_is_left_out() -> None:
    """4: before version 2.4 maintenance was an incident of the status 0, which never ended."""
    assert len(SAMPLE.read(incidents={"data": [OPEN, {**OPEN, "id": 13, "status": 0}]}).incidents) == 1


def test_version_3() -> None:
    """3: what `api/v1` answers shows the version; a page of version 3 has the path of its API as its id."""
    with pytest.raises(MissingPageIdError, match="Cachet 3") as caught:
        SAMPLE.read(incidents=VERSION_3)
    assert caught.value.ids == ("api/v1",)
    page = msgspec.structs.replace(SAMPLE.page, id="api")
    assert cachet.documents(page)[0].url == f"{URL}/api/incidents?include=updates,components&per_page=100"
    served = {"incidents": encode(VERSION_3), "components": encode(COMPONENTS)}
    (incident,) = cachet.parse(ParseInput(page, served)).incidents
    assert (incident.title, incident.status, incident.url) == ("Slow pages", "resolved", f"{URL}/incidents/2")
    assert [(update.id, update.status, update.body) for update in incident.updates] == [
        ("0", "reported", "First words."),
        ("31", "resolved", "More words."),
    ]
    assert [component.name for component in incident.components] == ["API"]


def test_another_list_of_incidents() -> None:
    """3: incidents of other software at that address are not taken for Cachet's."""
    other = {"data": [{"id": 1, "name": "Down", "status": 1, "created_at": "2026-02-10 09:00:00"}]}
    with pytest.raises(FeedError, match="not one of Cachet"):
        SAMPLE.read(incidents=other)


def test_components() -> None:
    """4: a component is named by its id; without the list of names none is stated."""
    assert [component.name for component in only(SAMPLE.read(), "12").components] == ["API"]
    assert not only(SAMPLE.read(components=None), "12").components and not only(SAMPLE.read(), "11").components
    assert [component.name for component in SAMPLE.read().components] == ["API", "Web"]
    assert "components" in SAMPLE.read(components=b"<html>").losses[0]


def test_what_is_listed() -> None:
    """4.13: the list is a window of the newest; an empty one proves no platform."""
    assert SAMPLE.read().history == {IncidentKind.INCIDENT} and not SAMPLE.read().complete
    assert cachet.matches(SAMPLE.read()) and not cachet.matches(SAMPLE.read(incidents={"data": []}))
    assert read_one(permalink=None, name="").url == f"{URL}/incidents/12" and ENDED["is_resolved"]

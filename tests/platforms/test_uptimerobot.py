"""UptimeRobot."""

import copy
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import uptimerobot
from statuswatch.platforms.parsing import MissingPageIdError, ParseInput
from tests.support.document_timeline import first_read
from tests.support.page_timeline import at, shape
from tests.support.platform_sample import URL
from tests.support.samples.uptimerobot import LIST, PAGE, SAMPLE, monitor


def listing(*monitors: Any, total: int | None = None) -> dict[str, Any]:
    """Return a list of these monitors."""
    return {LIST: {"status": "ok", "data": list(monitors), "psp": {"totalMonitors": total}}}


def test_ids_are_those_of_monitors() -> None:
    """4: the id of the monitor is that of its trouble, and pinned here; only what is down is an incident."""
    (incident,) = SAMPLE.read().incidents
    assert (incident.id, incident.title, incident.status) == ("801", "API is down", "down")
    assert incident.impact is Impact.UNKNOWN and [update.id for update in incident.updates] == ["latest"]
    assert [component.name for component in incident.components] == ["API"]
    assert [component.name for component in SAMPLE.read().components] == ["API", "Docs", "Mail", "Web"]


def test_a_state_that_is_not_understood() -> None:
    """5: a state that is not understood is skipped: it says neither "up" nor "down"."""
    feed = SAMPLE.read(**listing(monitor(801, "API", "brand-new"), monitor(802, "Web")))
    assert feed.incidents == () and "brand-new" in feed.skipped[0]
    wrong: Any
    for wrong in ({"status": "error", "data": []}, {"status": "ok", "data": []}, {"status": "ok"}):
        with pytest.raises(FeedError, match=LIST):
            SAMPLE.read(**{LIST: wrong})


def test_a_warning_keeps_what_is_remembered() -> None:
    """4: "warning" neither begins nor ends a trouble."""
    page, documents = first_read("uptimerobot")
    unsure = listing(monitor(801, "API", "warning"), monitor(802, "Web", "warning"))
    assert page.read_later(5, unsure) == [] and page.read_later(20, unsure) == []
    assert page.read_later(5, documents) == []


def test_timeline() -> None:
    """4.12d, 4.6: a monitor that is no longer down ends its trouble at the second read; a later one is a reopening."""
    page, documents = first_read("uptimerobot")
    well = listing(monitor(801, "API"), monitor(802, "Web"))
    assert page.read_later(5, well) == []
    assert shape(page.read_later(11, well)) == [("resolved", "801", ["delisted"], [])]
    assert page.read_later(60, well) == []
    events = [event for pause in (60, 40, 40) for event in page.read_later(pause, documents)]
    assert [each[:2] for each in shape(events)] == [("updated", "801")] and "reopened" in events[0].changes


def test_it_begins_when_it_is_first_read() -> None:
    """4: the list does not say since when a monitor is down: the time of the run counts."""
    page, documents = first_read("uptimerobot")
    also: Any = copy.deepcopy(documents)
    also[LIST]["data"][1]["statusClass"] = "danger"
    (event,) = page.read_later(5, also)
    assert event.incident.created_at == at(page.minutes)


def test_a_list_that_is_not_whole() -> None:
    """4: where monitors are left out, nothing is concluded from an absence, and the loss is named."""
    assert SAMPLE.read().complete == {IncidentKind.INCIDENT}
    feed = SAMPLE.read(**listing(monitor(801, "API"), total=70))
    assert not feed.complete and feed.losses == (f"{LIST}: it lists 1 of 70 monitors",)


def test_addresses() -> None:
    """3: the key is the id, or the end of an address at the vendor's; else the page's HTML has it."""
    theirs = "https://stats.uptimerobot.com/xYz1234567"
    pages = (PAGE, *(Page(key="u", name="U", url=url) for url in (theirs, URL)))
    assert [uptimerobot.documents(page)[0].url for page in pages] == [
        f"{URL}/api/getMonitorList/aB3cD4eF5g",
        "https://stats.uptimerobot.com/api/getMonitorList/xYz1234567",
        URL,
    ]


def test_the_key_in_the_html() -> None:
    """3: the keys that the HTML names are tried, each once."""
    html = b"<script>window.pspApiPath = '%s/api/getMonitorList/Qw3rTy1234'; a('/api/getMonitorList/Qw3rTy1234')"
    with pytest.raises(MissingPageIdError) as error:
        uptimerobot.parse(ParseInput(Page(key="u", name="U", url=URL), {"page": html % URL.encode()}))
    assert error.value.ids == ("Qw3rTy1234",)

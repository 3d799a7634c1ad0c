"""Microsoft cloud status."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import microsoft
from statuswatch.platforms.parsing import ParseInput
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.samples.microsoft import PAGE, SAMPLE, SURFACE, post

KEY = "d2cf0e91ff0b"
URL = "https://status.cloud.microsoft"


def read(*posts: Any) -> Any:
    """Read a list of posts."""
    return microsoft.parse(ParseInput(PAGE, {SURFACE: json.dumps(posts).encode()}))


def test_ids_are_derived() -> None:
    """4: an id is made of the surface and the service, and pinned here: it stays when a post is written anew."""
    assert [(incident.id, incident.updates[0].id) for incident in SAMPLE.read().incidents] == [(KEY, "latest")]


def test_what_a_post_states() -> None:
    """4: only a service that is not well is an incident; its text is without markup."""
    (incident,) = SAMPLE.read().incidents
    assert (incident.title, incident.status, incident.impact) == ("Delayed mail", "service_degradation", Impact.MINOR)
    assert [component.name for component in incident.components] == ["Outlook.com"]
    assert incident.updates[0].body == "Some mail is late."
    assert incident.created_at == datetime(2026, 9, 18, 20, 10, tzinfo=UTC)
    assert [component.name for component in SAMPLE.read().components] == ["OneDrive", "Outlook.com", "Phone Link"]


def test_a_post_of_the_year_one() -> None:
    """4: a post without a time of its own has that of the last refresh; one without a title its service's name."""
    (incident,) = read(post("OneDrive", "Investigating")).incidents
    assert incident.created_at == datetime(2026, 9, 18, 21, 22, 55, tzinfo=UTC)
    assert (incident.title, incident.status, incident.impact) == ("OneDrive", "investigating", Impact.UNKNOWN)


def test_what_is_not_known() -> None:
    """5: a state that the vendor does not know is not "all fine": it is skipped, and nothing ends by it."""
    feed = read(post("OneDrive", "Unknown"), post("Phone Link"))
    assert feed.incidents == () and "OneDrive is not known" in feed.skipped[0]
    with pytest.raises(FeedError, match="no other entry"):
        read(post("OneDrive", "Unknown"), {"Status": 7})
    with pytest.raises(FeedError, match="names no service"):
        read()


@pytest.mark.parametrize(
    ("surface", "name"), [("mac", "Microsoft 365"), ("ppac", "Power Platform"), ("azure", "Azure")]
)
def test_a_surface_of_one_post(surface: str, name: str) -> None:
    """4: the other surfaces have one post, about themselves."""
    page = Page(key="ms", name="MS", url=URL, id=surface)
    body = json.dumps(post(None, "ServiceInterruption", Message="We look into it.")).encode()
    (incident,) = microsoft.parse(ParseInput(page, {surface: body})).incidents
    assert incident.title.startswith(name) and incident.impact is Impact.MAJOR


def test_addresses() -> None:
    """3: the `id` of a page names a surface; without one it is that of Microsoft 365."""
    pages = [Page(key="m", name="M", url=url, id=surface) for url, surface in ((URL, ""), (f"{URL}/m365", "azure"))]
    urls = [[document.url for document in microsoft.documents(page)] for page in pages]
    assert urls == [[f"{URL}/api/posts/mac"], [f"{URL}/api/posts/azure"]]


def test_timeline() -> None:
    """4.5, 4.9: an edited post is one update; "restored" is the end, and "operational" after it none again."""
    page, documents = first_read("microsoft")
    edited: Any = copy.deepcopy(documents)
    edited[SURFACE][0] |= {"Message": "More mail is late.", "AuthoredDateTime": "2026-09-18T20:40:00+00:00"}
    (event,) = page.read_later(5, edited)
    assert [update.body for update in event.updates] == ["More mail is late."]
    restored: Any = copy.deepcopy(edited)
    restored[SURFACE][0] |= {"Message": "Mail arrives.", "Status": "ServiceRestored"}
    assert [each[:2] for each in shape(page.read_later(5, restored))] == [("resolved", KEY)]
    well: Any = copy.deepcopy(edited)
    well[SURFACE][0] = post("Outlook.com", LastUpdatedTime="2026-09-18T23:00:00+00:00")
    assert page.read_later(5, well) == [] and page.read_later(15, well) == []


def test_it_lists_what_is_open() -> None:
    """4.11: a service that is well again is no longer listed; that ends its trouble."""
    assert SAMPLE.read().current == {IncidentKind.INCIDENT}
    page, documents = first_read("microsoft")
    well: Any = copy.deepcopy(documents)
    well[SURFACE][0] = post("Outlook.com", LastUpdatedTime="2026-09-18T23:00:00+00:00")
    events = [*page.read_later(5, well), *page.read_later(11, well)]
    assert shape(events) == [("resolved", KEY, ["delisted"], [])]

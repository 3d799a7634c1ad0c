"""Statuspal."""

import copy
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import statuspal
from statuswatch.platforms.parsing import MissingPageIdError, ParseInput
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import only
from tests.support.samples.statuspal import ENDED, INCIDENTS, OPEN, PAGE, SAMPLE, SUMMARY, WINDOW

read = SAMPLE.read


def addresses(url: str, key: str = "") -> list[str]:
    """Return where the documents of a page are."""
    return [document.url for document in statuspal.documents(Page(key="acme", name="Acme", url=url, id=key))]


def test_addresses() -> None:
    """3: the documents are on the platform's host, under the page's name there: in its address, or else in its id."""
    base = "https://statuspal.eu/api/v2/status_pages/acme"
    assert addresses("https://acme.statuspal.eu") == [f"{base}/summary", f"{base}/incidents"]
    assert addresses("https://status.acme.example", "acme.statuspal.eu") == [f"{base}/summary", f"{base}/incidents"]
    assert addresses("https://acme.statuspal.io")[0] == "https://statuspal.io/api/v2/status_pages/acme/summary"
    assert addresses("https://status.acme.example") == ["https://status.acme.example"]


def test_the_name_is_found_in_the_page() -> None:
    """3: a page under a name of its own is searched for its name at Statuspal; other hosts of the vendor are none."""
    html = b"""<a href="https://www.statuspal.io">Statuspal</a> <a href="https://acme.statuspal.io/subscribe">
    fetch("https://statuspal.eu/api/v2/status_pages/acme-eu/summary")"""
    page = msgspec.structs.replace(PAGE, url="https://status.acme.example")
    with pytest.raises(MissingPageIdError, match="set `id`") as caught:
        statuspal.parse(ParseInput(page, {"page": html}))
    assert caught.value.ids == ("acme.statuspal.io", "acme-eu.statuspal.eu")


def test_ids_are_the_vendors() -> None:
    """4: ids are the vendor's numbers; announcements are no incidents."""
    assert {incident.id: [update.id for update in incident.updates] for incident in read().incidents} == {
        "198647": ["418165", "418175"],
        "198701": ["418201"],
        "198700": ["418200"],
        "198600": ["418000", "418001", "418002"],
    }


def test_statuses() -> None:
    """4: an open incident has the type of its newest update; one whose end is stated is over, later notes included."""
    assert (only(read(), "198647").status, only(read(), "198647").impact) == ("monitoring", Impact.MINOR)
    closed = only(read(), "198600")
    assert closed.status == "resolved"
    assert [update.status for update in closed.updates] == ["issue", "resolved", "resolved"]
    silent = {**SUMMARY, "incidents": [{**OPEN, "updates": []}]}
    assert only(read(summary=silent, incidents=None), "198647").status == "open"


def test_maintenance() -> None:
    """4: a maintenance has the status of the list it stands in; in none of them it is yet to come, or over."""
    assert (only(read(), "198700").status, only(read(), "198701").status) == ("scheduled", "in_progress")
    assert only(read(), "198700").kind is only(read(), "198701").kind is IncidentKind.MAINTENANCE
    assert only(read(), "198700").scheduled_until == datetime(2026, 11, 14, 5, tzinfo=UTC)
    page, documents = first_read("statuspal")
    later: Any = copy.deepcopy(documents)
    later["summary"]["upcoming_maintenances"] = []
    assert page.read_later(5, later) == []  # the page shows less of what is to come
    later["summary"]["maintenances"] = []
    assert shape(page.read_later(5, later)) == [("resolved", "198701", ["status"], [])]


def test_components() -> None:
    """4: services are the components, with their parent where a name occurs twice; parents of those named are not."""
    both = {**SUMMARY, "incidents": [{**OPEN, "service_ids": [10331, 27451, 10337, 7]}]}
    assert [component.label for component in only(read(summary=both), "198647").components] == [
        *("Global - DNS", "Network"),
    ]
    assert [component.label for component in only(read(), "198647").components] == ["Network"]
    assert "Vienna - Network" in [component.label for component in read().components]


def test_what_is_listed() -> None:
    """4.11: the summary lists every open incident and nothing else; without the other list no end is known."""
    assert read().complete == {IncidentKind.INCIDENT} and len(read().history) == 2 and not read().unread
    lost: dict[str, Any] = {"incidents": b"<html>"}
    assert not read(**lost).complete and len(read(**lost).unread) == 2 and "incidents" in read(**lost).losses[0]
    assert only(read(incidents={**INCIDENTS, "incidents": [ENDED, WINDOW]}), "198647")


def test_times_are_in_utc() -> None:
    """4: times have no zone, and are in UTC."""
    assert only(read(), "198647").created_at == datetime(2025, 7, 18, 8, 20, 50, tzinfo=UTC)

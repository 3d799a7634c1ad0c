"""Better Stack."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import betterstack
from tests.support.platform_sample import URL, Json, only
from tests.support.samples.betterstack import SAMPLE, affected, fixture, report, resource, status_update


def changed(number: int, **attributes: Any) -> Json:
    """The page with other attributes of one of its reports."""
    document = copy.deepcopy(fixture())
    document["included"][number]["attributes"].update(attributes)
    return document


def test_ids_are_the_vendors() -> None:
    """4: ids of reports and updates are the vendor's, whatever the order of the updates and of what is included."""
    ids = {"995593": ["11", "12"], "990001": ["8", "9", "10"], "980000": ["6", "7"]}
    document = fixture()
    document["included"].reverse()
    for feed in (SAMPLE.read(), SAMPLE.read(index__json=document)):
        assert {incident.id: [update.id for update in incident.updates] for incident in feed.incidents} == ids


def test_statuses() -> None:
    """4: an open report has the vendor's word for its worst state; one that is over is resolved, a window completed. An
    update that states nothing leaves the state as it was.
    """
    feed = SAMPLE.read()
    statuses = {
        incident.id: (incident.status, [update.status for update in incident.updates]) for incident in feed.incidents
    }
    assert statuses == {
        "995593": ("downtime", ["downtime", "degraded"]),
        "990001": ("resolved", ["downtime", "downtime", "resolved"]),
        "980000": ("completed", ["maintenance", "completed"]),
    }


def test_updates_of_one_moment() -> None:
    """4: of two updates with one time the lower id is the older, in whatever order they are named."""
    document = fixture()
    document["included"][4]["attributes"]["published_at"] = "2026-08-24T19:42:10.000Z"
    document["included"][0]["relationships"]["status_updates"]["data"].reverse()
    assert [update.id for update in only(SAMPLE.read(index__json=document), "995593").updates] == ["11", "12"]


def test_end_is_no_sign() -> None:
    """4: `ends_at` does not show whether a report is over: it is null for resolved reports too."""
    assert only(SAMPLE.read(index__json=changed(1, ends_at=None)), "990001").closed
    over = changed(0, ends_at="2026-08-24T20:00:00Z")
    assert not only(SAMPLE.read(index__json=over), "995593").closed


@pytest.mark.parametrize(
    ("state", "resources", "status"),
    [
        ("resolved", [], "resolved"),
        ("operational", affected(r61="resolved"), "resolved"),
        ("operational", [], "operational"),
        ("Degraded", affected(r61="resolved", r62="degraded"), "degraded"),
        (None, affected(r61="resolved", r62="resolved"), "resolved"),
        (None, affected(r61="resolved", r62="degraded", r63="downtime"), "downtime"),
        (None, affected(r61="newword"), "newword"),
    ],
)
def test_states(state: str | None, resources: list[Json], status: str) -> None:
    """4: the state is the report's own word; where it has none, the worst of its resources."""
    feed = SAMPLE.read(index__json=changed(0, aggregate_state=state, affected_resources=resources))
    assert only(feed, "995593").status == status


def test_no_state() -> None:
    """5: a report without any state is skipped with a reason; it counts neither as open nor as over."""
    feed = SAMPLE.read(index__json=changed(0, aggregate_state=None, affected_resources=[]))
    assert len(feed.incidents) == 2 and "entry 0" in feed.skipped[0]


def test_impacts() -> None:
    """4: the impact is the worst state that the report or an update states: a resolved report states none itself."""
    feed = SAMPLE.read()
    assert only(feed, "995593").impact is Impact.MAJOR
    assert only(feed, "990001").impact is Impact.MAJOR
    assert only(feed, "980000").impact is Impact.MAINTENANCE
    quiet = report("5", [], aggregate_state="resolved", affected_resources=affected(r61="resolved"))
    document = fixture()
    document["included"].append(quiet)
    assert only(SAMPLE.read(index__json=document), "5").impact is Impact.UNKNOWN


def test_components() -> None:
    """4: the resources that a report affects, with their section where two share a name."""
    feed = SAMPLE.read()
    assert [component.label for component in only(feed, "995593").components] == [
        "Inference - Login",
        "Website - Login",
    ]
    assert [component.label for component in only(feed, "990001").components] == ["API"]
    assert {incident.source_quality for incident in feed.incidents} == {STATED_BY_VENDOR}
    unnamed = changed(1, affected_resources=affected(r62="resolved", r99="resolved"))  # r99 is not on the page any more
    assert only(SAMPLE.read(index__json=unnamed), "990001").source_quality < STATED_BY_VENDOR


def test_windows() -> None:
    """4: a maintenance report is a window with a schedule, created when it was announced."""
    window = only(SAMPLE.read(), "980000")
    assert window.kind is IncidentKind.MAINTENANCE
    assert window.scheduled_for == datetime(2026, 7, 10, tzinfo=UTC)
    assert window.scheduled_until == datetime(2026, 7, 10, 2, tzinfo=UTC)
    assert window.created_at == datetime(2026, 7, 1, 9, tzinfo=UTC)
    assert only(SAMPLE.read(), "995593").scheduled_for is None


def test_text_and_addresses() -> None:
    """4: a report without a title gets ours; an incident has a page of its own, a window has none."""
    feed = SAMPLE.read()
    assert only(feed, "990001").title == "Untitled report"
    assert only(feed, "995593").updates[1].body == "One part is back.\nMore & more."
    assert only(feed, "995593").url == f"{URL}/incident/995593"
    assert only(feed, "980000").url == URL


def test_kinds_that_are_listed() -> None:
    """4.10 to 4.13: the list keeps closed reports of both kinds, and does not promise to list every open one."""
    feed = SAMPLE.read()
    assert feed.history == {IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}
    assert not (feed.complete or feed.current or feed.updated_at)


def test_reports_that_are_not_included() -> None:
    """5: a page that names reports but includes none is not understood; one that names none has none."""
    document = fixture()
    document["included"] = document["included"][3:]
    with pytest.raises(FeedError, match="it names status reports"):
        SAMPLE.read(index__json=document)
    document["data"]["relationships"]["status_reports"]["data"] = []
    assert SAMPLE.read(index__json=document).incidents == ()


def test_update_that_cannot_be_read() -> None:
    """5: a report with a bad update is skipped with a reason: its message would be lost in silence."""
    document = fixture()
    document["included"][3]["attributes"]["published_at"] = "today"
    feed = SAMPLE.read(index__json=document)
    assert [incident.id for incident in feed.incidents] == ["990001", "980000"] and len(feed.skipped) == 1


def test_address_of_the_document() -> None:
    """3: a page given by the address of its document is read there."""
    page = Page(key="acme", name="Acme", url=f"{URL}/index.json")
    assert betterstack.documents(page) == betterstack.documents(SAMPLE.page)


def test_recorded_page() -> None:
    """4: a page as recorded: reports that are over, a window among them, with updates in no order.

    The shape of test/fixtures/betterstack/operational.json of DevManfre/isitdown, a copy of 2026-09-07. The words are
    ours.
    """
    document = fixture()
    document["included"] = [
        report("1050825", ["9", "11", "8"], aggregate_state="resolved", affected_resources=affected(r58="resolved")),
        report(
            "1035022",
            ["6", "5"],
            report_type="maintenance",
            starts_at="2026-09-03T00:00:00.000Z",
            ends_at="2026-09-03T17:00:00.000Z",
            aggregate_state="resolved",
            affected_resources=affected(r58="maintenance"),
        ),
        status_update("9", "2026-09-04T19:53:00.000Z", "It recovers.", r58="degraded"),
        status_update("8", "2026-09-04T13:50:00.000Z", "Data is late.", r58="degraded"),
        status_update("11", "2026-09-06T19:13:00.000Z", "It is over.", r58="resolved"),
        resource("56", "Processing", 50),
    ]
    document["included"][-1]["attributes"]["status"] = "not_monitored"
    feed = SAMPLE.read(index__json=document)
    late, window = only(feed, "1050825"), only(feed, "1035022")
    assert (late.status, late.impact) == ("resolved", Impact.MINOR)
    assert [update.id for update in late.updates] == ["8", "9", "11"]
    assert (window.status, window.closed) == ("completed", True)
    assert window.scheduled_until == datetime(2026, 9, 3, 17, tzinfo=UTC)
    assert [part.name for part in feed.components] == ["Processing"] and not feed.skipped

"""Gatus, and checks of components in general."""

import copy
from datetime import timedelta
from typing import Any

import pytest

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.platforms.checks import Check, Thresholds, troubles
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import only
from tests.support.samples.gatus import SAMPLE, START, announcement, endpoint, results

KEY = "eu_api/2026-03-07T08:02:00Z"
WARNING = "announcement/2026-03-07T07:30:00Z"


def statuses(marks: str, first: float = 0) -> dict[str, Any]:
    """Return the endpoints, one of them with these results."""
    endpoints: Any = copy.deepcopy(SAMPLE.documents["statuses"])
    endpoints[0]["results"] = results(marks, first)
    return {"statuses": endpoints, "config": SAMPLE.documents["config"]}


def announced(*entries: Any) -> dict[str, Any]:
    return {"config": {"oidc": False, "announcements": list(entries)}}


def test_ids() -> None:
    """4: the id of a trouble is made of its endpoint and its first bad result; ids are pinned here."""
    assert {incident.id: [update.id for update in incident.updates] for incident in SAMPLE.read().incidents} == {
        KEY: ["begin"],
        WARNING: ["latest"],
        "announcement/2026-03-01T02:00:00Z": ["latest"],
    }


def test_what_is_stated() -> None:
    """4: endpoints of one name have their group; announcements are titled by their first line."""
    feed = SAMPLE.read()
    trouble, warning = only(feed, KEY), only(feed, WARNING)
    assert (trouble.title, trouble.status, trouble.impact) == ("API is unhealthy", "unhealthy", Impact.UNKNOWN)
    assert [component.label for component in trouble.components] == ["EU - API"]
    assert (warning.title, warning.status, warning.impact) == ("Words.", "open", Impact.MINOR)
    assert [component.label for component in feed.components] == ["EU - API", "US - API", "Web"]


@pytest.mark.parametrize(
    ("marks", "found"),
    [
        ("+++++", ""),
        ("++--+-", ""),  # never three in a row
        ("+---", "open"),
        ("+---+", "open"),  # one good one is no end
        ("+---+-++", "ended"),
        ("---", "open"),  # it began before the list does
        ("---++", ""),  # ended, and when it began is not known
        ("+---++---", "ended open"),
    ],
)
def test_thresholds(marks: str, found: str) -> None:
    """4: a trouble is from three bad results in a row until two good ones."""
    shown = SAMPLE.read(**statuses(marks)).incidents
    states = ["ended" if incident.closed else "open" for incident in shown if incident.id.startswith("eu_api/")]
    assert sorted(states) == sorted(found.split())


def test_a_trouble_outlives_the_list_of_results() -> None:
    """4: a remembered trouble keeps its id once its beginning is not listed any more, and ends under it."""
    page, documents = first_read("gatus")
    assert page.read_later(5, documents | statuses("------", 20)) == []
    assert page.read_later(5, documents | statuses("-----+", 40)) == []
    assert shape(page.read_later(5, documents | statuses("+++++", 60))) == [("resolved", KEY, ["status"], ["end"])]
    assert page.read_later(5, documents | statuses("+++++", 80)) == []


def test_a_trouble_between_two_runs() -> None:
    """4.3: a trouble that began and ended between two runs is `missed`, under the id that it would have had."""
    page, documents = first_read("gatus")
    shown = documents | statuses("+---+++---", 65)
    events = page.read_later(30, documents | statuses("+++++", 55)) + page.read_later(40, shown)
    assert [(kind, key) for kind, key, *_ in shape(events)] == [
        ("resolved", KEY),
        ("resolved", "eu_api/2026-03-07T09:06:00Z"),
        ("new", "eu_api/2026-03-07T09:12:00Z"),
    ]


def test_announcements() -> None:
    """4: an announcement of trouble ends when it is archived; others announce no trouble."""
    feed = SAMPLE.read(
        **announced(announcement("outage", 0, "Down.", archived=True), announcement("operational", 5, "Up."))
    )
    (outage,) = [incident for incident in feed.incidents if incident.id.startswith("announcement")]
    assert outage.closed and outage.impact is Impact.MAJOR


def test_announcements_of_one_moment() -> None:
    """4: announcements of one moment are told apart."""
    ids = {each.id for each in SAMPLE.read(**announced(*[announcement("outage", 0, name) for name in "ab"])).incidents}
    assert {"announcement/2026-03-07T08:00:00Z", "announcement/2026-03-07T08:00:00Z.1"} < ids


def test_what_is_listed() -> None:
    """4.12d: without the announcements, nothing is concluded from an absence; before version 5 there are none."""
    assert SAMPLE.read().complete == {IncidentKind.INCIDENT}
    assert not SAMPLE.read(config=None).complete
    assert SAMPLE.read(config={"oidc": False}).complete


def test_a_removed_announcement() -> None:
    """4.12d: an announcement that is removed is no longer listed."""
    page, documents = first_read("gatus")
    removed = documents | announced()
    assert page.read_later(5, removed) == []
    assert shape(page.read_later(11, removed)) == [("resolved", WARNING, ["delisted"], [])]


def test_order_and_repeats_of_checks() -> None:
    """4: neither their order nor a repeated check changes what checks come to."""
    checks = [Check(START + timedelta(minutes=number), mark == "+") for number, mark in enumerate("+--++")]
    rules = Thresholds(bad=2, good=2)
    (trouble,) = troubles("api", checks, {}, thresholds=rules)
    assert troubles("api", [*reversed(checks), *checks], {}, thresholds=rules) == [trouble]
    assert trouble.ended_at == START + timedelta(minutes=3)


def test_an_endpoint_without_a_name() -> None:
    """4: an endpoint is named by its key where it has no name."""
    nameless = {key: value for key, value in endpoint("x", "", "+---").items() if key != "name"}
    assert [incident.title for incident in SAMPLE.read(statuses=[nameless]).incidents if "_x" in incident.id] == [
        "_x is unhealthy"
    ]

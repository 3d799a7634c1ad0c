"""Regions of AWS, Google and Azure are components in one spelling: contract 3.11."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import pytest

from statuswatch.cli.status import refuse_unmatched
from statuswatch.config.review import review
from statuswatch.config.schema import Config, SinkConfig
from statuswatch.delivery.routing import counts_as_new, subscribes
from statuswatch.errors import UsageError
from statuswatch.model.event import Change, Event
from statuswatch.model.incident import REGION, Component, Incident
from statuswatch.model.page import Page
from statuswatch.model.report import PageStatus
from statuswatch.platforms.parsing import region
from statuswatch.render.phrases import affected
from statuswatch.rules.filters import Unstated, matches_any, passes
from statuswatch.rules.record import new_record
from statuswatch.rules.status import status_view, unmatched_components
from tests.support.page_timeline import PageTimeline, at, incident, shape, snapshot, update

CLOUD: Final = Page(key="google-cloud", name="Google Cloud", url="https://status.cloud.example", platform="google")
IOWA, TOKYO = Component("Iowa (us-central1)", REGION), Component("Tokyo (asia-northeast1)", REGION)
BIGQUERY, PUBSUB = Component("Google BigQuery"), Component("Pub/Sub")


def listed(key: str, *components: Component, minutes: tuple[int, ...] = (1,), status: str = "ongoing") -> Incident:
    """An incident with these components and an update at each of the minutes; the last one has the status."""
    published = [update(minute, "ongoing" if minute != minutes[-1] else status) for minute in minutes]
    return msgspec.structs.replace(incident(key, *published), components=tuple(sorted(components)))


def events(*reads: Incident, page: Page = CLOUD) -> list[Event]:
    """The events of an incident that opens after the baseline, read by read."""
    timeline = PageTimeline(page)
    timeline.apply(0, snapshot())
    found: list[Event] = []
    for number, entry in enumerate(reads, 1):
        timeline.apply(10 * number, snapshot(entry))
        found += timeline.outcome.events
    return found


@pytest.mark.parametrize(
    ("place", "code", "name"),
    [
        ("Iowa (us-central1)", "us-central1", "Iowa (us-central1)"),
        ("UAE", "me-central-1", "UAE (me-central-1)"),
        ("West US", "westus", "West US (westus)"),
        ("", "us-east-1", "us-east-1"),
        ("Global", None, "Global"),
        (None, "", ""),
    ],
)
def test_one_spelling(place: str | None, code: str | None, name: str) -> None:
    """Contract 3.11: the vendor's name for the place, and behind it the code of its API; either may be missing."""
    assert region(place, code) == (Component(name, REGION) if name else None)


@pytest.mark.parametrize(
    ("glob", "expected"),
    [
        ("us-central1/*", True),
        ("US-Central1", True),
        ("iowa/*", True),
        ("Iowa (us-central1)", True),
        ("Region/*", True),
        ("Region - Iowa*", True),
        ("us-*/Google BigQuery", True),
        ("Iowa*/google*", True),
        ("Google BigQuery", True),
        ("asia-northeast1/*", False),
        ("us-central1/Cloud SQL", False),
        ("asia-northeast1/Google BigQuery", False),
        ("Cloud SQL", False),
    ],
)
def test_a_glob_names_region_and_service(glob: str, *, expected: bool) -> None:
    """Contract 3.11: a region by place or code, alone or before a service."""
    assert matches_any([BIGQUERY, IOWA], [glob]) is expected


def test_a_service_with_a_slash() -> None:
    """Contract 3.11: a slash in the name of a service does no harm."""
    assert all(matches_any([PUBSUB, IOWA], [glob]) for glob in ("Pub/Sub", "us-central1/Pub/Sub", "pub/*"))


def test_the_place_behind_a_service_of_aws() -> None:
    """Contract 3.11: AWS names place and code; globs of either form select the service there."""
    components = [Component("Amazon EC2 (N. Virginia)"), Component("N. Virginia (us-east-1)", REGION)]
    globs = ("Amazon EC2 (N. Virginia)", "us-east-1/Amazon EC2*", "N. Virginia/Amazon EC2", "us-east-1/*")
    assert all(matches_any(components, [glob]) for glob in globs)
    assert not matches_any(components, ["eu-west-1/*", "us-east-1/AWS Lambda*"])


@pytest.mark.parametrize(
    ("components", "unstated", "selected"),
    [
        ([BIGQUERY], Unstated(regions=True), ("asia-northeast1/*", "us-central1/Google*", "Google BigQuery")),
        ([IOWA], Unstated(services=True), ("us-central1/Cloud SQL", "Cloud SQL", "us-central1/*")),
    ],
)
def test_what_is_unstated_matches(components: list[Component], unstated: Unstated, selected: tuple[str, ...]) -> None:
    """Contract 3.5, 3.11: services or regions that the vendor does not state pass; what it states still counts."""
    assert all(matches_any(components, [glob], unstated) for glob in selected)
    assert not matches_any([BIGQUERY], ["us-central1/Cloud SQL"], Unstated(regions=True))
    assert not matches_any([IOWA], ["asia-northeast1/Cloud SQL"], Unstated(services=True))


def test_the_start_is_followed_by_the_end() -> None:
    """Contract 3.11: an incident whose region was unstated at its start passes to its end, wherever it turns out."""
    page = msgspec.structs.replace(CLOUD, components=("asia-northeast1/*",))
    reads = (
        listed("a", BIGQUERY),
        listed("a", BIGQUERY, IOWA, minutes=(1, 11)),
        listed("a", BIGQUERY, IOWA, minutes=(1, 11, 21), status="resolved"),
    )
    found = events(*reads, page=page)
    assert [(event.kind, passes(event)) for event in found] == [(kind, True) for kind in ("new", "updated", "resolved")]
    elsewhere = events(*(listed("b", BIGQUERY, IOWA, minutes=(1, 11)[:count]) for count in (1, 2)), page=page)
    assert [passes(event) for event in elsewhere] == [False, False]


def test_an_incident_that_reaches_a_region() -> None:
    """Contract 7.5: for a sink that selects the region, an incident that reaches it is new."""
    first, second = events(listed("a", BIGQUERY, IOWA), listed("a", BIGQUERY, IOWA, TOKYO, minutes=(1, 11)))
    sink = SinkConfig(
        sink="webhook",
        name="tokyo",
        where="notify[0]",
        options=None,
        components=("asia-northeast1/*",),
        events=frozenset({"new"}),
    )
    assert (subscribes(sink, first), subscribes(sink, second), counts_as_new(sink, second)) == (False, True, True)
    assert Change.COMPONENTS in second.changes


def test_regions_are_filled_in_silently() -> None:
    """Contract 4.8: regions that are stated later fill an empty value, and an empty value replaces none: no event."""
    timeline = PageTimeline(CLOUD)
    reads = (
        snapshot(),
        snapshot(listed("a", BIGQUERY)),
        snapshot(listed("a", BIGQUERY, IOWA)),
        snapshot(listed("a", BIGQUERY)),
        snapshot(listed("a", IOWA)),
    )
    found = [shape(timeline.apply(10 * number, read)) for number, read in enumerate(reads)]
    assert [len(events) for events in found] == [0, 1, 0, 0, 0]
    assert timeline.state and set(timeline.state.incidents["a"].components) == {BIGQUERY, IOWA}
    (moved,) = timeline.apply(60, snapshot(listed("a", BIGQUERY, TOKYO)))
    assert moved.changes == (Change.COMPONENTS,) and set(moved.incident.components) == {BIGQUERY, TOKYO}


def test_ids_do_not_rest_on_regions() -> None:
    """Contract 4.14: an incident has the same event ids with its regions and without."""
    ids = [
        [event.id for event in events(listed("a", BIGQUERY, *extra), listed("a", BIGQUERY, *extra, minutes=(1, 11)))]
        for extra in ((), (IOWA,))
    ]
    assert ids[0] == ids[1] and len(ids[0]) == 2


def test_status_selects_by_region() -> None:
    """Contract 3.11: `status --component` matches as the filters do; what no open incident names is no match."""
    records = {key: new_record(listed(key, *parts)) for key, parts in {"a": (BIGQUERY, IOWA), "b": (PUBSUB,)}.items()}
    page = PageStatus(page=CLOUD, open=records)
    shown = {
        glob: [entry.key for entry in status_view([page], at(5), [glob]).incidents]
        for glob in ("us-central1/*", "asia*/*")
    }
    assert shown == {"us-central1/*": ["a", "b"], "asia*/*": ["b"]}
    assert unmatched_components([page], ["us-central1/*", "Cloud SQL"]) == ("Cloud SQL",)


@pytest.mark.parametrize(
    ("platform", "codes", "typing_errors"),
    [
        ("aws", ("us-east-1/*", "EU-WEST-3", "us-gov-west-1/*"), ("us-eats-1/*", "us-east1/*", "us-east-1/EC2")),
        ("azure", ("westus3/*", "eastus", "uksouth/*"), ("westus4/*", "West US/*")),
        ("google", ("us-central1/*", "europe-west12/*", "global"), ("us-central-1/*", "us-central9")),
        ("statuspage", (), ("us-east-1/*",)),
    ],
)
def test_a_gate_on_a_region_of_a_calm_vendor(
    platform: str, codes: tuple[str, ...], typing_errors: tuple[str, ...]
) -> None:
    """Contract 3.11: a region's code is no typing error where nothing is open there; anything else opens no gate."""
    page = PageStatus(page=msgspec.structs.replace(CLOUD, platform=platform), open={})
    assert unmatched_components([page], [*codes, *typing_errors]) == typing_errors


def test_a_typing_error_in_a_region_is_explained() -> None:
    """Contract 3.11: what to write is a region's code; to leave the region out would stop every deploy."""
    with pytest.raises(UsageError, match="name a region by its code, as in 'us-east-1/\\*'"):
        refuse_unmatched([PageStatus(page=msgspec.structs.replace(CLOUD, platform="aws"))], ("us-esat-1/*",))


def test_config_check_compares_the_codes_of_regions() -> None:
    """Contract 3.11: `config check` finds no fault in a region's code, read or not, and names a glob that is none."""
    globs = ("us-central1/*", "us-central1/*SQL*", "us-centrl1/*")
    config = Config(pages=(msgspec.structs.replace(CLOUD, components=globs),), state=Path("state.json"))
    assert review(config, {}, {}, at(1)) == [
        "google-cloud: 'us-centrl1/*' is no code of a region, and was not compared: the page lists no components"
    ]


def test_config_check_compares_the_regions_of_a_sink() -> None:
    """Contract 3.11: a misspelt region would keep an incident from its sink, silently."""
    globs = ("us-central1/*", "us-centrl1/*")
    sink = SinkConfig(sink="webhook", name="webhook", where="notify[0]", options=None, components=globs)
    config = Config(pages=(CLOUD,), state=Path("state.json"), notify=(sink,))
    assert review(config, {}, {}, at(1)) == [
        "notify[0]: 'us-centrl1/*' in `components` matches no component that its pages list"
    ]


def test_a_short_list_names_a_region() -> None:
    """Contract 7.7: of many components the third that is shown is the region."""
    parts = [Component(f"Service {letter}") for letter in "ABCD"]
    assert affected(CLOUD, [*parts, IOWA, TOKYO], 3) == (
        "Google Cloud - Service A, Service B, Region - Iowa (us-central1) and 3 more"
    )
    assert affected(CLOUD, parts, 3) == "Google Cloud - Service A, Service B, Service C and 1 more"


@pytest.mark.parametrize("component", [IOWA, BIGQUERY])
def test_a_label_keeps_the_region(component: Component) -> None:
    """Contract 6.15: the archive has labels; a region is one again when they are read."""
    assert Component.of_label(component.label) == component

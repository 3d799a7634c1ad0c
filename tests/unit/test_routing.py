"""Which sinks an event is for (contract, section 7): the filters of a sink over every course of an incident."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuswatch.config.schema import DEFAULT_EVENTS, SinkConfig
from statuswatch.delivery.routing import escalated, subscribes
from statuswatch.model.event import Change, EventKind
from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind
from statuswatch.rules.filters import passes
from tests.support.page_timeline import PAGE, PageTimeline, incident, update
from tests.support.sending import new_deliveries

if TYPE_CHECKING:
    from statuswatch.model.event import Event

CONFIG: Final = SinkConfig(sink="webhook", name="fake", where="notify[0]", options=None)
MAJOR_ONLY: Final = msgspec.structs.replace(CONFIG, min_impact=Impact.MAJOR)
EVENT: Final = new_deliveries(1)[0].event
IMPACTS: Final = st.sampled_from([*IMPACT_SCALE, Impact.UNKNOWN, Impact.MAINTENANCE])
STEPS: Final = st.lists(
    st.tuples(st.sampled_from(["investigating", "monitoring", "resolved", "scheduled"]), IMPACTS, st.booleans()),
    min_size=1,
    max_size=7,
)


def with_events(*kinds: str) -> SinkConfig:
    return msgspec.structs.replace(CONFIG, events=frozenset(kinds))


def event_of(**fields: Any) -> Event:
    return msgspec.structs.replace(EVENT, **fields)


def course_of(steps: list[tuple[str, Impact, bool]], minimum: Impact, kind: IncidentKind) -> list[Event]:
    """Return all events of one incident that begins after the baseline and passes through these statuses and impacts.

    At some steps the vendor publishes no update, and only the rest changes.
    """
    timeline = PageTimeline(msgspec.structs.replace(PAGE, min_impact=minimum))
    timeline.read(0)
    events, updates = list[Any](), list[Any]()
    for number, (status, impact, publishes) in enumerate(steps, 1):
        if publishes or not updates:
            updates.append(update(number, status))
        listed = incident("a1", *updates, status=status, impact=impact, kind=kind)
        events += timeline.read(number, listed, complete=frozenset({kind}), history=frozenset({kind}))
    return [event for event in events if passes(event)]


@given(STEPS, st.sampled_from(IMPACT_SCALE), st.sampled_from([IncidentKind.INCIDENT, IncidentKind.MAINTENANCE]))
def test_a_sink_that_received_the_start_receives_the_end(
    steps: list[tuple[str, Impact, bool]], minimum: Impact, kind: IncidentKind
) -> None:
    """Contract 7.5: a sink that received anything of an incident receives its end; one that subscribes to `new`
    receives it no later than it reaches the minimum impact, and once for each time that it opens.
    """
    events = course_of(steps, minimum, kind)
    for chosen, min_impact in product(product([False, True], repeat=4), IMPACT_SCALE):
        kinds = [name for name, on in zip(("new", "updated", "resolved", "edited"), chosen, strict=True) if on]
        config = msgspec.structs.replace(with_events(*kinds), min_impact=min_impact)
        received = [event for event in events if subscribes(config, event)]
        if received and {"new", "resolved"} <= config.events:
            later = events[events.index(received[0]) :]
            assert all(event in received for event in later if event.kind == "resolved")
        by_default = msgspec.structs.replace(config, events=DEFAULT_EVENTS)
        relevant = [event for event in events if subscribes(by_default, event)]
        if relevant and "new" in kinds and relevant[0].kind != "resolved":
            assert received[:1] == relevant[:1]
        if kinds == ["new"]:
            assert len(received) <= 1 + sum("reopened" in event.changes for event in events)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (CONFIG, True),
        (msgspec.structs.replace(CONFIG, pages=frozenset({"acme"})), True),
        (msgspec.structs.replace(CONFIG, pages=frozenset({"bolt"})), False),
        (MAJOR_ONLY, False),
        (with_events("resolved"), False),
    ],
)
def test_filters(config: SinkConfig, *, expected: bool) -> None:
    """Contract 7.5: a new minor incident of acme, by page, impact and kind of event."""
    assert subscribes(config, EVENT) is expected


@pytest.mark.parametrize("maintenance", [True, False])
def test_maintenance_is_filtered_by_its_own_option(*, maintenance: bool) -> None:
    """Contract 7.5: `min_impact` does not apply to maintenance."""
    planned = msgspec.structs.replace(EVENT.incident, kind=IncidentKind.MAINTENANCE)
    config = msgspec.structs.replace(MAJOR_ONLY, maintenance=maintenance)
    assert subscribes(config, event_of(incident=planned)) is maintenance


def test_an_edit_is_for_those_who_ask_for_edits() -> None:
    """7: an update edited in place is no `updated` for a sink, unless more changed."""
    edited = event_of(kind=EventKind.UPDATED, changes=(Change.EDITED,))
    more = event_of(kind=EventKind.UPDATED, changes=(Change.STATUS, Change.EDITED))
    assert [subscribes(with_events("updated"), event) for event in (edited, more)] == [False, True]
    assert [subscribes(with_events("edited"), event) for event in (edited, more)] == [True, False]


def test_a_reopened_incident_counts_as_new() -> None:
    """Contract 7.5: a sink that subscribes to `new` alone receives the reopening."""
    reopened = event_of(kind=EventKind.UPDATED, changes=(Change.REOPENED,))
    assert subscribes(with_events("new"), reopened)
    assert not subscribes(with_events("resolved"), reopened)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"previous_peak_impact": Impact.MINOR}, True),
        ({"previous_peak_impact": Impact.MAJOR}, False),
        ({"previous_peak_impact": None}, False),
        ({"previous_peak_impact": Impact.UNKNOWN}, False),
        ({"previous_peak_impact": Impact.MINOR, "impact_unstated": True}, False),
    ],
)
def test_an_incident_that_escalates_counts_as_new(fields: dict[str, Any], *, expected: bool) -> None:
    """Contract 7.5: an update by which an incident first reaches the sink's minimum impact is its beginning for the
    sink.
    """
    update_event = event_of(kind=EventKind.UPDATED, changes=(Change.IMPACT,), peak_impact=Impact.MAJOR, **fields)
    assert escalated(MAJOR_ONLY, update_event) is expected
    only_new = msgspec.structs.replace(MAJOR_ONLY, events=frozenset({"new"}))
    assert subscribes(only_new, update_event) is expected


def test_the_filter_of_the_page_counts_too() -> None:
    """Contract 7.5: an incident that its page's own filter held back until now is new for a sink without a minimum."""
    page = msgspec.structs.replace(PAGE, min_impact=Impact.MAJOR)
    update_event = event_of(page=page, kind=EventKind.UPDATED, previous_peak_impact=Impact.MINOR)
    assert escalated(CONFIG, update_event)
    assert not escalated(CONFIG, msgspec.structs.replace(update_event, page=PAGE))


def test_a_sink_with_pages_receives_a_shared_incident_that_affects_one() -> None:
    """Contract 5.7.5: a sink with `pages` receives a shared incident if it matches one of them."""
    shared = msgspec.structs.replace(EVENT.incident, kind=IncidentKind.PAGE, impact=Impact.UNKNOWN, pages=("a", "b"))
    event = event_of(incident=shared, peak_impact=Impact.UNKNOWN)
    assert subscribes(msgspec.structs.replace(CONFIG, pages=frozenset({"b", "c"})), event)
    assert not subscribes(msgspec.structs.replace(CONFIG, pages=frozenset({"c"})), event)


@pytest.mark.parametrize("kind", IncidentKind)
def test_kinds(kind: IncidentKind) -> None:
    """Contract 7.5: a sink receives the kinds of incidents that its `kinds` list."""
    event = event_of(incident=msgspec.structs.replace(EVENT.incident, kind=kind))
    assert subscribes(msgspec.structs.replace(CONFIG, kinds=frozenset({kind})), event)
    assert not subscribes(msgspec.structs.replace(CONFIG, kinds=frozenset(IncidentKind) - {kind}), event)


@pytest.mark.parametrize(
    ("globs", "fields", "expected"),
    [
        (("api*",), {}, True),
        (("Login",), {}, False),
        (("Login",), {"components_unstated": True}, True),
        (("Login", "API"), {}, True),
        ((), {}, True),
    ],
)
def test_components(globs: tuple[str, ...], fields: dict[str, Any], *, expected: bool) -> None:
    """Contract 7.5: a glob of a sink matches one of all components that the incident ever named; none stated
    matches.
    """
    assert subscribes(msgspec.structs.replace(CONFIG, components=globs), event_of(**fields)) is expected


def test_a_page_that_cannot_be_read_has_no_components() -> None:
    """Contract 3.6 and 5.7: incidents of kind `page` are subject to `kinds` alone, not to impact or components."""
    unreadable = msgspec.structs.replace(EVENT.incident, kind=IncidentKind.PAGE, impact=Impact.UNKNOWN)
    event = event_of(incident=unreadable, all_components=(), peak_impact=Impact.UNKNOWN)
    strict = {"components": ("Login",), "min_impact": Impact.CRITICAL, "assume_impact": Impact.NONE}
    assert subscribes(msgspec.structs.replace(CONFIG, **strict), event)


def test_a_component_that_joins_counts_as_new() -> None:
    """Contract 7.5: an update by which an incident first names a component of the sink is its beginning for the
    sink, and its end follows.
    """
    timeline = PageTimeline()
    timeline.read(0)
    updates = [update(1, "investigating"), update(3, "identified"), update(5, "monitoring"), update(7, "resolved")]
    components = [("API",), ("API", "Login"), ("API", "Login", "Web"), ("API",)]
    config = msgspec.structs.replace(with_events("new", "resolved"), components=("Login",))
    received = []
    for number, names in enumerate(components):
        (event,) = timeline.read(2 * number + 2, incident("a1", *updates[: number + 1], components=names))
        received.append(subscribes(config, event))
    assert received == [False, True, False, True]


@pytest.mark.parametrize(
    ("assumed", "minimum", "expected"),
    [
        (Impact.UNKNOWN, Impact.CRITICAL, True),
        (Impact.MINOR, Impact.MINOR, True),
        (Impact.MINOR, Impact.MAJOR, False),
        (Impact.NONE, Impact.MINOR, False),
    ],
)
def test_an_impact_that_is_assumed(assumed: Impact, minimum: Impact, *, expected: bool) -> None:
    """Contract 3.6: where the vendor states no impact, `min_impact` looks at the assumed one; `unknown` passes every
    filter.
    """
    event = event_of(
        peak_impact=Impact.UNKNOWN, impact_unstated=True, page=msgspec.structs.replace(PAGE, min_impact=minimum)
    )
    config = msgspec.structs.replace(CONFIG, min_impact=minimum, assume_impact=assumed)
    assert subscribes(config, event) is expected
    assert passes(event, assumed) is expected


def test_an_impact_that_is_stated_later() -> None:
    """Contract 3.6: what was filtered by its assumed impact begins with the event that states a high one; what
    passed by it stays in, so that its end follows.
    """
    stated = event_of(
        kind=EventKind.UPDATED,
        peak_impact=Impact.MAJOR,
        previous_peak_impact=Impact.UNKNOWN,
        impact_unstated=True,
    )
    for assumed, begins in ((Impact.MINOR, True), (Impact.CRITICAL, False), (Impact.UNKNOWN, False)):
        config = msgspec.structs.replace(MAJOR_ONLY, assume_impact=assumed)
        assert escalated(config, stated) is begins
    calmer = msgspec.structs.replace(stated, peak_impact=Impact.MINOR)
    assert subscribes(msgspec.structs.replace(MAJOR_ONLY, assume_impact=Impact.CRITICAL), calmer)

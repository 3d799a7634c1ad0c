"""Who is told what (contract, section 7): the filters of a sink over every life of an incident."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, Final

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from statuswatch.config.schema import DEFAULT_EVENTS, SinkConfig
from statuswatch.delivery.deliver import subscribes
from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind
from statuswatch.rules.filters import passes
from tests.support.page_timeline import PAGE, PageTimeline, incident, update

if TYPE_CHECKING:
    from statuswatch.model.event import Event

IMPACTS: Final = st.sampled_from([*IMPACT_SCALE, Impact.UNKNOWN, Impact.MAINTENANCE])
STEPS: Final = st.lists(
    st.tuples(st.sampled_from(["investigating", "monitoring", "resolved", "scheduled"]), IMPACTS, st.booleans()),
    min_size=1,
    max_size=7,
)


def life_of(steps: list[tuple[str, Impact, bool]], least: Impact, kind: IncidentKind) -> list[Event]:
    """All events of one incident that begins after the baseline and passes through these statuses and impacts; at some
    steps the vendor says nothing about it, and only the rest changes.
    """
    life = PageTimeline(msgspec.structs.replace(PAGE, min_impact=least))
    life.read(0)
    events, updates = list[Any](), list[Any]()
    for number, (status, impact, speaks) in enumerate(steps, 1):
        if speaks or not updates:
            updates.append(update(number, status))
        it = incident("a1", *updates, status=status, impact=impact, kind=kind)
        events += life.read(number, it, complete=frozenset({kind}), history=frozenset({kind}))
    return events


@given(STEPS, st.sampled_from(IMPACT_SCALE), st.sampled_from([IncidentKind.INCIDENT, IncidentKind.MAINTENANCE]))
def test_whoever_hears_the_beginning_hears_the_end(
    steps: list[tuple[str, Impact, bool]], least: Impact, kind: IncidentKind
) -> None:
    """7: whoever was told anything of an incident is told that it is resolved; whoever wants beginnings hears of it no
    later than it is grave enough, and once for each time that it opens.
    """
    events = life_of(steps, least, kind)
    for asked, at_least in product(product([False, True], repeat=4), IMPACT_SCALE):
        words = frozenset(word for word, on in zip(("new", "updated", "resolved", "edited"), asked, strict=True) if on)
        asking = SinkConfig(
            sink="webhook", name="fake", where="", options=None, min_impact=at_least, events=words, maintenance=True
        )
        told = [event for event in events if passes(event) and subscribes(asking, event)]
        if told and "new" in words and "resolved" in words:
            later = events[events.index(told[0]) :]
            assert all(event in told for event in later if event.kind == "resolved")
        grave = [
            it for it in events if passes(it) and subscribes(msgspec.structs.replace(asking, events=DEFAULT_EVENTS), it)
        ]
        if grave and "new" in words and grave[0].kind != "resolved":
            assert told[:1] == grave[:1]
        if words == {"new"}:
            assert len(told) <= 1 + sum("reopened" in it.changes for it in events)

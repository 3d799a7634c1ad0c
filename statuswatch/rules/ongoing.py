"""What is open in the state, as the events by which it would be new: for receivers that must be reminded. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from statuswatch.model.event import Event, EventKind
from statuswatch.model.incident import LATEST, IncidentUpdate
from statuswatch.model.page import Page
from statuswatch.model.state import IncidentRecord, PageState, SharedFailure
from statuswatch.rules.diff import event_id
from statuswatch.rules.page_failure import failing_event
from statuswatch.rules.record import without_regions
from statuswatch.rules.shared_fate import shared_event


def ongoing_events(page: Page, state: PageState, now: datetime) -> Iterator[Event]:
    """Yield what is open on a page, its own `page` incident included. What was never an event is left out."""
    for key, record in state.incidents.items():
        if not record.closed and record.event_count:
            yield _opening_event(page, key, record)
    if state.failing and state.failing.reported:
        yield failing_event(page, state.failing, EventKind.NEW, now)


def ongoing_shared_events(shared: Mapping[str, SharedFailure], now: datetime) -> Iterator[Event]:
    """Yield the shared incidents that are open."""
    for key, record in shared.items():
        yield shared_event(key, record, EventKind.NEW, now)


def _opening_event(page: Page, key: str, record: IncidentRecord) -> Event:
    """Return the event of one incident, with its newest message as far as that is remembered."""
    at = record.last_update_at
    updates = (IncidentUpdate(LATEST, record.status, record.message, at, at),)
    return Event(
        id=event_id(page.key, key, EventKind.NEW, without_regions(record)),
        kind=EventKind.NEW,
        changes=(),
        page=page,
        incident=msgspec.structs.replace(record.as_incident(key), updates=updates),
        updates=updates,
        peak_impact=record.peak_impact or record.impact,
        all_components=tuple(sorted({*record.components, *record.former_components})),
        impact_unstated=record.impact_unstated,
        components_unstated=record.components_unstated,
        regions_unstated=record.regions_unstated or msgspec.UNSET,
    )

"""Mutes against events and records: which are muted, and by what. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import EXPIRED, IncidentKind
from statuswatch.model.mute import Mute, longest

_END_IS_DETECTION: Final = {Change.DELISTED, Change.WITHDRAWN}


def mute_of_incident(mutes: Iterable[Mute], page: str, incident: str, title: str, now: datetime) -> Mute | None:
    """Return the mute in force for an incident that is open; None where there is none."""
    return longest(mute for mute in mutes if mute.covers(now) and mute.names(page, incident, title))


def mute_of_event(mutes: Iterable[Mute], event: Event, now: datetime, title: str = "") -> Mute | None:
    """Return the mute that an event falls under; None where there is none.

    An incident that is over counts at its end: one that closed before the mute ended was muted to its end. `title` is
    the incident's current one, where that is not the event's.
    """
    moment = min(now, end_of(event, now)) if event.kind is EventKind.RESOLVED else now
    return mute_of_incident(mutes, event.page.key, event.incident.id, title or event.incident.title, moment)


def muted_events(mutes: Sequence[Mute], events: Iterable[Event], now: datetime) -> dict[str, Mute]:
    """Return the mute of each muted event, by the event's id."""
    if not mutes:
        return {}
    found = {event.id: mute_of_event(mutes, event, now) for event in events}
    return {event_id: mute for event_id, mute in found.items() if mute}


def end_of(event: Event, now: datetime) -> datetime:
    """Return the end of a resolved incident: of its closing update, or of our detection where there is none."""
    detected = event.incident.kind is IncidentKind.PAGE or event.incident.status == EXPIRED
    return now if detected or not _END_IS_DETECTION.isdisjoint(event.changes) else event.at

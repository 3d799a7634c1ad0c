"""Muted incidents in the outbox of a sink: what waits, what is due all the same, what is over. Pure.

What is muted waits until the mute ends. Only the end of an incident whose start the sink received is due at once. An
incident that opened and closed while it was muted is never delivered.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.routing import is_start
from statuswatch.delivery.starts import incident_name
from statuswatch.model.event import Event, EventKind, PendingDelivery
from statuswatch.model.mute import Mute
from statuswatch.model.state import EncodedPage, IncidentRecord
from statuswatch.rules.mutes import mute_of_event
from statuswatch.state import decode_page

IncidentKey = tuple[str, str]  # of the page, and of the incident


class Records(msgspec.Struct, frozen=True):
    """The records of incidents before and after the run; both mappings hold pages as the state file has them."""

    before: Mapping[str, EncodedPage] = {}
    after: Mapping[str, EncodedPage] = {}

    def is_unreported(self, event: Event) -> bool:
        """Return whether no event of the incident was reported before this run, as for one open at the baseline."""
        record = _record(self.before, event)
        return record is not None and record.event_count == 0

    def title(self, event: Event) -> str:
        """Return the current title; that of the event where the incident is over."""
        record = _record(self.after, event)
        return record.title if record and not record.closed else event.incident.title

    def is_over(self, event: Event) -> bool:
        """Return whether the incident is over. `event` is its newest known one."""
        record = _record(self.after, event)
        return record.closed if record else event.kind is EventKind.RESOLVED


def _record(pages: Mapping[str, EncodedPage], event: Event) -> IncidentRecord | None:
    page = pages.get(event.page.key)
    return decode_page(page, event.page.key, "the state").incidents.get(event.incident.id) if page else None


class Muted(msgspec.Struct, frozen=True):
    """Ids of the events that wait because of a mute, and of those that are dropped because the incident is over."""

    waiting: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()


def find_muted(
    config: SinkConfig,
    pending: Sequence[PendingDelivery],
    events: Iterable[Event],
    mutes: Sequence[Mute],
    records: Records,
    *,
    now: datetime,
    started: Collection[str] = (),
) -> Muted:
    """Return which of the pending events of a sink are muted. `events` are those of the run, for whatever sink.

    `started` are the incidents whose start the sink received.
    """
    if not mutes:
        return Muted()
    newest = {key_of(delivery.event): delivery.event for delivery in pending}
    newest |= {key_of(event): event for event in events}
    waiting: set[str] = set()
    dropped: set[str] = set()
    for key, group in _by_incident(pending).items():
        latest = newest[key]
        own = [mute for mute in mutes if mute.page == latest.page.key]
        if not own or not mute_of_event(own, latest, now, records.title(latest)):
            continue
        unstarted = incident_name(latest) not in started and _start_is_pending(config, group, records)
        muted = _settle(group, is_over=records.is_over(latest), unstarted=unstarted)
        waiting |= muted.waiting
        dropped |= muted.dropped
    return Muted(frozenset(waiting), frozenset(dropped))


def _settle(group: Sequence[PendingDelivery], *, is_over: bool, unstarted: bool) -> Muted:
    """Return what becomes of the pending events of one muted incident; `unstarted`: the sink received no start."""
    ids = frozenset(delivery.event.id for delivery in group)
    newest = group[-1].event
    if is_over and unstarted:
        return Muted(dropped=ids)
    if is_over and newest.kind is EventKind.RESOLVED:
        return Muted(dropped=ids - {newest.id})  # the end is due at once
    return Muted(waiting=ids)


def key_of(event: Event) -> IncidentKey:
    """Return the key of the event's incident."""
    return event.page.key, event.incident.id


def _by_incident(pending: Iterable[PendingDelivery]) -> dict[IncidentKey, list[PendingDelivery]]:
    groups: dict[IncidentKey, list[PendingDelivery]] = {}
    for delivery in pending:
        groups.setdefault(key_of(delivery.event), []).append(delivery)
    return groups


def _start_is_pending(config: SinkConfig, group: Sequence[PendingDelivery], records: Records) -> bool:
    """Return whether the sink has not received the start of the incident."""
    if any(is_start(config, delivery.event) for delivery in group):
        return True
    return "new" not in config.events or records.is_unreported(group[-1].event)

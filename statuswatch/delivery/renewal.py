"""What is open after a run, for the sinks whose receivers end what is not sent again. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.muting import IncidentKey, key_of
from statuswatch.delivery.routing import subscribes
from statuswatch.model.event import Event, PendingDelivery
from statuswatch.model.mute import Mute
from statuswatch.model.page import Page
from statuswatch.model.state import State
from statuswatch.rules.filters import is_reported
from statuswatch.rules.mutes import mute_of_event
from statuswatch.rules.ongoing import ongoing_events, ongoing_shared_events
from statuswatch.sinks import OpenAlert
from statuswatch.state import decode_page


class Renewals(msgspec.Struct, frozen=True):
    """What is open on the pages of a run, and what decides for which sink."""

    events: tuple[Event, ...]
    pages: Mapping[str, Page]
    mutes: Sequence[Mute] = ()

    def for_sink(self, config: SinkConfig, pending: Iterable[PendingDelivery], now: datetime) -> list[OpenAlert]:
        """Return what a sink is reminded of. `pending` are its events of this run, and those that waited."""
        keys = {key_of(delivery.event) for delivery in pending}
        events = [event for event in self.events if is_reported(event, self.pages, config.assume_impact)]
        return [self._alert(config, event, keys, now) for event in events if subscribes(config, event)]

    def _alert(self, config: SinkConfig, event: Event, pending: Collection[IncidentKey], now: datetime) -> OpenAlert:
        is_held = bool(config.hours and config.hours.hold(now)) or mute_of_event(self.mutes, event, now) is not None
        return OpenAlert(PendingDelivery(event, now), can_begin=not is_held and key_of(event) not in pending)


def find_renewals(state: State, pages: Sequence[Page], mutes: Sequence[Mute], now: datetime) -> Renewals:
    """Return what is open on these pages after a run, as far as their filters pass it.

    A shared incident is there if one of its pages is.
    """
    configured = {page.key: page for page in pages}
    events: list[Event] = []
    for key, page in configured.items():
        if encoded := state.pages.get(key):
            events += ongoing_events(page, decode_page(encoded, key, "the state"), now)
    shared = ongoing_shared_events(state.shared, now)
    events += (event for event in shared if not configured.keys().isdisjoint(event.incident.affected_pages))
    return Renewals(tuple(events), configured, mutes)

"""The outbox of each sink: what is due, what is sent next, what waits for the next run, what is given up. Pure.

Two things are never kept for ever. An event that a receiver finally rejects is given up a day after the first such
rejection. Of all that waits for one sink only the newest events are kept. Both are reported.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.routing import subscribes
from statuswatch.model.event import Event, Notification, PendingDelivery
from statuswatch.model.report import SinkOutcome
from statuswatch.sinks import SinkError

GIVE_UP_AFTER: Final = timedelta(hours=24)  # from the first final rejection of an event
SEND_ALONE_AFTER: Final = GIVE_UP_AFTER / 2
MAX_REJECTED: Final = 100  # finally rejected events that are kept for one sink
MAX_WAITING: Final = 1000  # events that are kept for one sink, for whatever reason
MAX_DIGEST: Final = 100  # events: a few requests, which a receiver's rate limit lets through in one run

IncidentKey = tuple[str, str]  # of the page, and of the incident


def due_deliveries(
    config: SinkConfig, events: Sequence[Event], waiting: Sequence[PendingDelivery], now: datetime
) -> tuple[PendingDelivery, ...]:
    """Return what is due to one sink, in order: what waits first, then new events, none of them twice."""
    waiting_ids = {delivery.event.id for delivery in waiting}
    fresh = (
        PendingDelivery(event, now) for event in events if event.id not in waiting_ids and subscribes(config, event)
    )
    return (*waiting, *fresh)


def due_by_sink(
    configs: Iterable[SinkConfig],
    events: Sequence[Event],
    outbox: Mapping[str, Sequence[PendingDelivery]],
    now: datetime,
) -> dict[str, tuple[PendingDelivery, ...]]:
    """Return what is due, by the name of the sink; sinks to which nothing is due are left out."""
    due = {config.name: due_deliveries(config, events, outbox.get(config.name, ()), now) for config in configs}
    return {name: deliveries for name, deliveries in due.items() if deliveries}


def notifications(
    deliveries: Sequence[PendingDelivery], *, digest_above: int, now: datetime, test: bool = False
) -> list[Notification]:
    """Return the notifications to send: one for each event, or digests where more than `digest_above` are due.

    An event that was finally rejected for half a day is sent alone: it may be why a whole digest was rejected.
    """
    alone = [delivery for delivery in deliveries if _is_sent_alone(delivery, now)]
    together = [delivery for delivery in deliveries if not _is_sent_alone(delivery, now)]
    size = MAX_DIGEST if digest_above and len(together) > digest_above else 1
    batches = [*_batches(alone, 1), *_batches(together, size)]
    return [Notification(batch, test) for batch in batches]


class SinkTurn:
    """The turn of one sink in a run. It decides what to send next, and settles what was accepted or rejected.

    The events of one sink are delivered in order: a passing fault ends the turn. A final rejection holds up only what
    else there is of the same incidents.
    """

    def __init__(
        self, deliveries: Sequence[PendingDelivery], *, digest_above: int, now: datetime, test: bool = False
    ) -> None:
        self._now = now
        self._test = test
        self._queue = deque(notifications(deliveries, digest_above=digest_above, now=now, test=test))
        self._waiting = {delivery.event.id: delivery for delivery in deliveries}
        self._blocked: set[IncidentKey] = set()
        self._accepted = 0
        self._given_up: list[str] = []
        self._errors: list[str] = []
        self._remarks: list[str] = []

    def next_notification(self) -> Notification | None:
        """Return what to send next; None at the end of the turn."""
        while self._queue:
            notification = self._queue.popleft()
            if self._blocked.isdisjoint(_incidents(notification)):
                return notification
        return None

    def accept(self, notification: Notification, remark: str = "") -> None:
        """Settle a notification that the receiver accepted. `remark` is what the sink reports about it."""
        for delivery in notification.deliveries:
            del self._waiting[delivery.event.id]
        self._accepted += 1
        if remark:
            self._remarks.append(remark)

    def reject(self, notification: Notification, error: SinkError) -> None:
        """Settle a notification that was not accepted: its events wait, or are given up."""
        self._errors.append(str(error))
        for delivery in notification.deliveries:
            self._keep_or_give_up(delivery, error)
        if error.final:
            self._blocked |= _incidents(notification)
        else:
            self._queue.clear()

    def fail(self, reason: str) -> None:
        """End the turn for a reason that concerns all that is left of it."""
        self._errors.append(reason)
        self._queue.clear()

    def outcome(self, name: str) -> SinkOutcome:
        """Return what came of the turn, within the bounds of an outbox."""
        reason = self._errors[-1] if self._errors else ""
        waiting = [_with_reason(delivery, reason) for delivery in self._waiting.values()]
        kept = within_bounds(waiting)
        kept_ids = {delivery.event.id for delivery in kept}
        dropped = [delivery.event.id for delivery in waiting if delivery.event.id not in kept_ids]
        given_up = (*self._given_up, *dropped)
        announced = 0 if self._test else len(kept)  # an example is not sent again
        remarks = (*dict.fromkeys(self._remarks), *_remarks(self._errors, announced, given_up))
        return SinkOutcome(name, self._accepted, kept, given_up, remarks)

    def _keep_or_give_up(self, delivery: PendingDelivery, error: SinkError) -> None:
        key = delivery.event.id
        rejected_since = min(delivery.since or self._now, self._now)  # an earlier run's clock may have been ahead
        if error.final and self._now - rejected_since >= GIVE_UP_AFTER:
            del self._waiting[key]
            self._given_up.append(key)
            return
        since = rejected_since if delivery.since or error.final else None
        self._waiting[key] = msgspec.structs.replace(delivery, since=since, reason=str(error))


def within_bounds(waiting: Sequence[PendingDelivery]) -> tuple[PendingDelivery, ...]:
    """Return the newest deliveries, as many as are kept for one sink."""
    rejected = [delivery for delivery in waiting if delivery.since]
    too_many = (*rejected[:-MAX_REJECTED], *waiting[:-MAX_WAITING])
    dropped = {delivery.event.id for delivery in too_many}
    return tuple(delivery for delivery in waiting if delivery.event.id not in dropped)


def removed_sink(name: str, waiting: Sequence[PendingDelivery]) -> SinkOutcome:
    """Return the outcome for a sink that is not configured any more: its events are dropped, and named."""
    ids = ", ".join(delivery.event.id for delivery in waiting)
    return SinkOutcome(name, remarks=(f"this sink is not configured any more; its waiting events are dropped: {ids}",))


def _is_sent_alone(delivery: PendingDelivery, now: datetime) -> bool:
    return delivery.since is not None and now - delivery.since >= SEND_ALONE_AFTER


def _batches(deliveries: Sequence[PendingDelivery], size: int) -> list[tuple[PendingDelivery, ...]]:
    return [tuple(deliveries[start : start + size]) for start in range(0, len(deliveries), size)]


def _with_reason(delivery: PendingDelivery, reason: str) -> PendingDelivery:
    return delivery if delivery.reason else msgspec.structs.replace(delivery, reason=reason)


def _incidents(notification: Notification) -> set[IncidentKey]:
    return {(delivery.event.page.key, delivery.event.incident.id) for delivery in notification.deliveries}


def _remarks(errors: Iterable[str], waiting: int, given_up: Sequence[str]) -> list[str]:
    remarks = list(dict.fromkeys(f"rejected: {error}" for error in errors))
    if waiting:
        events = "event waits" if waiting == 1 else "events wait"
        remarks.append(f"{waiting} {events}; retried on the next run")
    if given_up:
        remarks.append(f"GIVEN UP, never delivered: {', '.join(given_up)}")
    return remarks

"""The outbox of each sink: what is due, what is sent next, what waits for the next run, what is given up. Pure.

Two things are never kept for ever. An event that a receiver finally rejects is given up a day after the first such
rejection. Of all that waits for one sink only the newest events are kept, by number and by bytes. Both are reported on
stderr, and announced by the next notification that the receiver accepts.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec

from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.muting import IncidentKey, Records, find_muted, key_of
from statuswatch.delivery.routing import subscribes
from statuswatch.delivery.starts import is_end_of
from statuswatch.model.event import Event, Notification, PendingDelivery
from statuswatch.model.mute import Mute
from statuswatch.model.report import SinkOutcome
from statuswatch.render.phrases import counted
from statuswatch.sinks import SinkError

GIVE_UP_AFTER: Final = timedelta(hours=24)  # from the first final rejection of an event
SEND_ALONE_AFTER: Final = GIVE_UP_AFTER / 2
MAX_WAITING: Final = 1000  # events that are kept for one sink, for whatever reason
MAX_WAITING_BYTES: Final = 1_000_000  # of these events, as the state file has them
MAX_DIGEST: Final = 100  # events: a few requests, which a receiver's rate limit lets through in one run


class Agenda(msgspec.Struct, frozen=True):
    """What is pending for one sink in a run, in order, and the ids of what is held back: by a mute, by its hours.

    `over` counts the events that were dropped because their muted incident is over.
    """

    pending: tuple[PendingDelivery, ...]
    muted: frozenset[str] = frozenset()
    outside_hours: frozenset[str] = frozenset()
    over: int = 0

    @property
    def held(self) -> frozenset[str]:
        """The ids of all that is not sent in this run."""
        return self.muted | self.outside_hours

    @property
    def due(self) -> tuple[PendingDelivery, ...]:
        """What is to be sent now."""
        return tuple(delivery for delivery in self.pending if delivery.event.id not in self.held)


def plan_sink(
    config: SinkConfig,
    events: Sequence[Event],
    waiting: Sequence[PendingDelivery],
    *,
    now: datetime,
    mutes: Sequence[Mute] = (),
    records: Records | None = None,
    started: Collection[str] = (),
) -> Agenda:
    """Return what a run has to do for one sink. What is held by its hours is marked: it is sent as a digest later.

    `started` are the incidents whose start the sink received: their ends are due to it, whatever the filters say.
    """
    pending = due_deliveries(config, events, waiting, now, started=started)
    muted = find_muted(config, pending, events, mutes, records or Records(), now=now, started=started)
    kept = tuple(delivery for delivery in pending if delivery.event.id not in muted.dropped)
    over = len(pending) - len(kept)
    if not config.hours or not config.hours.hold(now):
        return Agenda(kept, muted.waiting, over=over)
    outside = frozenset(delivery.event.id for delivery in kept) - muted.waiting
    marked = tuple(_mark_held(delivery) if delivery.event.id in outside else delivery for delivery in kept)
    return Agenda(marked, muted.waiting, outside, over)


def _mark_held(delivery: PendingDelivery) -> PendingDelivery:
    return msgspec.structs.replace(delivery, held=True)


def due_deliveries(
    config: SinkConfig,
    events: Sequence[Event],
    waiting: Sequence[PendingDelivery],
    now: datetime,
    *,
    started: Collection[str] = (),
) -> tuple[PendingDelivery, ...]:
    """Return what is due to one sink, in order: what waits first, then new events, none of them twice."""
    waiting_ids = {delivery.event.id for delivery in waiting}
    fresh = (
        PendingDelivery(event, now)
        for event in events
        if event.id not in waiting_ids and (subscribes(config, event) or is_end_of(started, config, event))
    )
    return (*waiting, *fresh)


def plan_sinks(
    configs: Iterable[SinkConfig],
    events: Sequence[Event],
    outbox: Mapping[str, Sequence[PendingDelivery]],
    now: datetime,
    *,
    mutes: Sequence[Mute] = (),
    records: Records | None = None,
    started: Mapping[str, Collection[str]] = MappingProxyType({}),
    filtered: Sequence[Event] = (),
) -> dict[str, Agenda]:
    """Return what there is to do, by the name of the sink; sinks for which nothing is pending are left out.

    `started` are, by sink, the incidents whose start it received. Of the events that the filters of their page hold
    back, `filtered`, it receives their ends.
    """
    agendas = {}
    for config in configs:
        own = started.get(config.name, ())
        ends = [event for event in filtered if is_end_of(own, config, event)]
        waiting = outbox.get(config.name, ())
        agendas[config.name] = plan_sink(
            config, [*events, *ends], waiting, now=now, mutes=mutes, records=records, started=own
        )
    return {name: agenda for name, agenda in agendas.items() if agenda.pending or agenda.over}


def notifications(
    deliveries: Sequence[PendingDelivery], *, digest_above: int, now: datetime, test: bool = False
) -> list[Notification]:
    """Return the notifications to send: one for each event, or digests where more than `digest_above` are due.

    Several events that the sink's hours held back come before later ones, as a digest. An event that was finally
    rejected for half a day is sent alone: it may be why a whole digest was rejected. So is one that only some
    recipients still wait for.
    """
    alone = [delivery for delivery in deliveries if _is_sent_alone(delivery, now)]
    together = [delivery for delivery in deliveries if not _is_sent_alone(delivery, now)]
    batches = [*_batches(alone, 1), *_batches_of_due(together, digest_above)]
    return [Notification(batch, test) for batch in batches]


class SinkTurn:
    """The turn of one sink in a run. It decides what to send next, and settles what was accepted or rejected.

    The events of one sink are delivered in order: a passing fault ends the turn. A final rejection holds up only what
    else there is of the same incidents.
    """

    def __init__(
        self, agenda: Agenda, *, digest_above: int, now: datetime, dropped: int = 0, test: bool = False
    ) -> None:
        self._now = now
        self._test = test
        self._agenda = agenda
        self._queue = deque(notifications(agenda.due, digest_above=digest_above, now=now, test=test))
        self._waiting = {delivery.event.id: delivery for delivery in agenda.pending}
        self._dropped = dropped  # events that the receiver does not know of yet
        self._broken = ""
        self._is_over = False
        self._blocked: set[IncidentKey] = set()
        self._accepted: list[Event] = []
        self._sent = 0
        self._given_up: list[str] = []
        self._errors: list[str] = []
        self._remarks: list[str] = []

    def next_notification(self) -> Notification | None:
        """Return what to send next; None at the end of the turn."""
        while self._queue:
            notification = self._queue.popleft()
            if self._blocked.isdisjoint(_incidents(notification)):
                return msgspec.structs.replace(notification, dropped=self._dropped)
        return None

    def accept(self, notification: Notification, remark: str = "") -> None:
        """Settle a notification that the receiver accepted. `remark` is what the sink reports about it."""
        for delivery in notification.deliveries:
            del self._waiting[delivery.event.id]
            self._accepted.append(delivery.event)
        self._sent += 1
        self._dropped -= notification.dropped
        if remark:
            self._remarks.append(remark)

    def reject(self, notification: Notification, error: SinkError) -> None:
        """Settle a notification that was not accepted: its events wait, or are given up."""
        self._errors.append(str(error))
        for delivery in notification.deliveries:
            self._keep_or_give_up(delivery, error)
        if error.ends_turn:
            self._end()
        elif error.final:
            self._blocked |= _incidents(notification)

    @property
    def is_over(self) -> bool:
        """True once nothing else would be accepted in this run."""
        return self._is_over

    def remark(self, words: str) -> None:
        """Note what is reported about the turn and costs no event."""
        self._remarks.append(words)

    def fail(self, reason: str) -> None:
        """End the turn for a reason that concerns all that is left of it."""
        self._errors.append(reason)
        self._end()

    def break_off(self, reason: str) -> None:
        """End the turn of a sink that cannot send at all: all that is pending waits for it, whatever held it."""
        self._broken = reason
        self._end()

    def outcome(self, name: str) -> SinkOutcome:
        """Return what came of the turn, within the bounds of an outbox."""
        waiting = [self._with_reason(delivery) for delivery in self._waiting.values()]
        kept = within_bounds(waiting)
        kept_ids = {delivery.event.id for delivery in kept}
        dropped = [delivery.event.id for delivery in waiting if delivery.event.id not in kept_ids]
        given_up = (*self._given_up, *dropped)
        held = frozenset[str]() if self._broken else self._agenda.held & kept_ids
        return SinkOutcome(
            name,
            sent=self._sent,
            accepted=tuple(self._accepted),
            waiting=kept,
            lost=given_up,
            remarks=self._all_remarks(kept, held, given_up),
            held=len(held),
            dropped=self._dropped + len(given_up),
        )

    def _all_remarks(
        self, kept: Sequence[PendingDelivery], held: frozenset[str], given_up: Sequence[str]
    ) -> tuple[str, ...]:
        unsent = 0 if self._test else len(kept) - len(held)  # an example is not sent again
        remarks = [*dict.fromkeys(self._remarks), *([self._broken] if self._broken else [])]
        remarks += _held_remarks(self._agenda, held)
        return (*remarks, *_remarks(self._errors, unsent, given_up))

    def _with_reason(self, delivery: PendingDelivery) -> PendingDelivery:
        if delivery.reason or (delivery.event.id in self._agenda.held and not self._broken):
            return delivery
        reason = self._broken or (self._errors[-1] if self._errors else "")
        return msgspec.structs.replace(delivery, reason=reason)

    def _end(self) -> None:
        self._is_over = True
        self._queue.clear()

    def _keep_or_give_up(self, delivery: PendingDelivery, error: SinkError) -> None:
        key = delivery.event.id
        rejected_since = min(delivery.since or self._now, self._now)  # an earlier run's clock may have been ahead
        counts = error.final or bool(error.recipients)  # one mailbox that is full must not keep events for ever
        if counts and self._now - rejected_since >= GIVE_UP_AFTER:
            del self._waiting[key]
            self._given_up.append(key)
            return
        since = rejected_since if delivery.since or counts else None
        recipients = error.recipients or delivery.recipients
        self._waiting[key] = msgspec.structs.replace(delivery, since=since, reason=str(error), recipients=recipients)


def within_bounds(waiting: Sequence[PendingDelivery]) -> tuple[PendingDelivery, ...]:
    """Return the newest deliveries, as many as are kept for one sink. One that alone is too large costs no other."""
    kept: list[PendingDelivery] = []
    size = 0
    for delivery in reversed(waiting[-MAX_WAITING:]):
        own_size = len(msgspec.json.encode(delivery))
        if own_size > MAX_WAITING_BYTES:
            continue
        size += own_size
        if size > MAX_WAITING_BYTES:
            break
        kept.append(delivery)
    return tuple(reversed(kept))


def removed_sink(name: str, waiting: Sequence[PendingDelivery]) -> SinkOutcome:
    """Return the outcome for a sink that is not configured any more: its events are dropped, and named."""
    ids = ", ".join(delivery.event.id for delivery in waiting)
    return SinkOutcome(name, remarks=(f"this sink is not configured any more; its waiting events are dropped: {ids}",))


def _is_sent_alone(delivery: PendingDelivery, now: datetime) -> bool:
    return bool(delivery.recipients) or (delivery.since is not None and now - delivery.since >= SEND_ALONE_AFTER)


def _batches_of_due(deliveries: Sequence[PendingDelivery], digest_above: int) -> list[tuple[PendingDelivery, ...]]:
    """Return digests where the sink has digests and more are due, and for what its hours held back; else one each."""
    if not digest_above:
        return _batches(deliveries, 1)
    if len(deliveries) > digest_above:
        return _batches(deliveries, MAX_DIGEST)
    held = [delivery for delivery in deliveries if delivery.held is True]
    later = [delivery for delivery in deliveries if delivery.held is not True]
    return [*_batches(held, MAX_DIGEST), *_batches(later, 1)]


def _batches(deliveries: Sequence[PendingDelivery], size: int) -> list[tuple[PendingDelivery, ...]]:
    return [tuple(deliveries[start : start + size]) for start in range(0, len(deliveries), size)]


def _incidents(notification: Notification) -> set[IncidentKey]:
    return {key_of(delivery.event) for delivery in notification.deliveries}


def _held_remarks(agenda: Agenda, held: frozenset[str]) -> list[str]:
    muted = len(held & agenda.muted)
    outside = len(held & agenda.outside_hours)
    remarks = []
    if outside:
        remarks.append(f"{counted(outside, 'event')} held until the sink's hours")
    if muted:
        remarks.append(f"{counted(muted, 'event')} of muted incidents held")
    if agenda.over:
        remarks.append(f"{counted(agenda.over, 'event')} of muted incidents not delivered: they are over")
    return remarks


def _remarks(errors: Iterable[str], waiting: int, given_up: Sequence[str]) -> list[str]:
    remarks = list(dict.fromkeys(f"rejected: {error}" for error in errors))
    if waiting:
        events = "event waits" if waiting == 1 else "events wait"
        remarks.append(f"{waiting} {events}; retried on the next run")
    if given_up:
        remarks.append(f"GIVEN UP, never delivered: {', '.join(given_up)}")
    return remarks

"""The outbox of a sink (contract, section 7): order, retries over the runs, bounds, digests. Nothing is sent here."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from statuswatch.config.schema import SinkConfig
from statuswatch.delivery.deliver import MAX_PAUSE, retry_pause
from statuswatch.delivery.outbox import (
    GIVE_UP_AFTER,
    MAX_DIGEST,
    MAX_WAITING,
    MAX_WAITING_BYTES,
    SEND_ALONE_AFTER,
    Agenda,
    SinkTurn,
    due_deliveries,
    notifications,
    plan_sink,
    plan_sinks,
    removed_sink,
    within_bounds,
)
from statuswatch.hours import Hours
from statuswatch.render.notification import digest_headline, notification_texts
from statuswatch.sinks import SinkError
from tests.support.sending import NOW, new_deliveries, resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from statuswatch.model.event import Notification, PendingDelivery
    from statuswatch.model.report import SinkOutcome

CONFIG: Final = SinkConfig(sink="webhook", name="fake", where="notify[0]", options=None)
PASSING: Final = SinkError("HTTP 503")
FINAL: Final = SinkError("HTTP 404", final=True)


def take_turn(
    deliveries: Sequence[PendingDelivery],
    receiver: Callable[[Notification], SinkError | None],
    *,
    now: datetime = NOW,
    digest_above: int = 0,
) -> SinkOutcome:
    """Run a sink's turn against a receiver that returns why it rejects a notification, or None."""
    turn = SinkTurn(Agenda(tuple(deliveries)), digest_above=digest_above, now=now)
    while notification := turn.next_notification():
        if error := receiver(notification):
            turn.reject(notification, error)
        else:
            turn.accept(notification)
    return turn.outcome("fake")


def keys(deliveries: Sequence[PendingDelivery]) -> list[str]:
    return [delivery.event.id for delivery in deliveries]


# ---- what is due


def test_what_waits_is_due_first_and_nothing_twice() -> None:
    """Contract 7.2: waiting events come before new ones; an event that waits and is reported again is due once."""
    first, second = new_deliveries(2)
    due = due_deliveries(CONFIG, (first.event, second.event), (second,), NOW)
    assert keys(due) == keys([second, first])


def test_a_sink_to_which_nothing_is_due_is_left_out() -> None:
    """No event, or none that the sink subscribes to, is no work."""
    (delivery,) = new_deliveries(1)
    deaf = msgspec.structs.replace(CONFIG, name="deaf", events=frozenset({"resolved"}))
    assert list(plan_sinks([CONFIG, deaf], (delivery.event,), {}, NOW)) == ["fake"]
    assert plan_sinks([CONFIG, deaf], (), {}, NOW) == {}


@pytest.mark.parametrize(("digest_above", "sizes"), [(0, [1] * 12), (11, [12]), (12, [1] * 12)])
def test_more_events_than_the_limit_are_one_digest(digest_above: int, sizes: list[int]) -> None:
    """`digest_above`: more events than that are one notification; 0 is no limit."""
    sent = notifications(new_deliveries(12), digest_above=digest_above, now=NOW)
    assert [len(notification.deliveries) for notification in sent] == sizes


def test_a_large_digest_is_cut_into_parts() -> None:
    """A digest holds a hundred events, so that what was accepted of many is not sent again."""
    sent = notifications(new_deliveries(250), digest_above=10, now=NOW)
    assert [len(notification.deliveries) for notification in sent] == [MAX_DIGEST, MAX_DIGEST, 50]


@pytest.mark.parametrize(("rejected_for", "sizes"), [(SEND_ALONE_AFTER, [1, 11]), (timedelta(hours=11), [12])])
def test_a_rejected_event_leaves_its_digest(rejected_for: timedelta, sizes: list[int]) -> None:
    """An event that was finally rejected for half a day is sent alone, and first."""
    first, *rest = new_deliveries(12)
    rejected = msgspec.structs.replace(first, since=NOW - rejected_for)
    sent = notifications([*rest, rejected], digest_above=10, now=NOW)
    assert [len(notification.deliveries) for notification in sent] == sizes


# ---- order


def test_a_passing_fault_ends_the_turn() -> None:
    """Contract 7.4: the events of one sink are delivered in order: after a passing fault the rest waits unsent."""
    due = new_deliveries(6)
    sent: list[str] = []

    def receive(notification: Notification) -> SinkError | None:
        sent.append(notification.id)
        return PASSING if len(sent) == 4 else None

    outcome = take_turn(due, receive)
    assert sent == keys(due[:4])
    assert (outcome.sent, keys(outcome.waiting)) == (3, keys(due[3:]))
    assert {(delivery.since, delivery.reason) for delivery in outcome.waiting} == {(None, "HTTP 503")}
    assert outcome.remarks == ("rejected: HTTP 503", "3 events wait; retried on the next run")


def test_a_final_rejection_holds_up_its_own_incident_only() -> None:
    """Contract 7.4: what else there is of a finally rejected incident waits behind it; other incidents are sent."""
    due = (*new_deliveries(3), *resolved(*new_deliveries(3)))
    sent: list[str] = []

    def receive(notification: Notification) -> SinkError | None:
        if notification.deliveries[0].event.incident.id == "a1":
            return FINAL
        sent.append(notification.id)
        return None

    outcome = take_turn(due, receive)
    assert sent == keys([due[0], due[2], due[3], due[5]])
    assert [(delivery.event.id, delivery.since) for delivery in outcome.waiting] == [
        (due[1].event.id, NOW),
        (due[4].event.id, None),
    ]


def test_a_turn_that_fails_keeps_what_is_left() -> None:
    """A fault of the whole turn sends nothing more; what was accepted before stays accepted."""
    due = new_deliveries(3)
    turn = SinkTurn(Agenda(due), digest_above=0, now=NOW)
    first = turn.next_notification()
    assert first
    turn.accept(first, "accepted, but not by address 2 of 2")
    turn.fail("not finished within 30 s")
    assert turn.next_notification() is None
    outcome = turn.outcome("fake")
    assert (outcome.sent, keys(outcome.waiting)) == (1, keys(due[1:]))
    assert outcome.remarks == (
        "accepted, but not by address 2 of 2",
        "rejected: not finished within 30 s",
        "2 events wait; retried on the next run",
    )


def test_an_example_is_not_retried() -> None:
    """A rejected example reports its reason alone: no later run sends it again."""
    turn = SinkTurn(Agenda(new_deliveries(1)), digest_above=0, now=NOW, test=True)
    example = turn.next_notification()
    assert example and example.test
    turn.reject(example, FINAL)
    assert turn.outcome("fake").remarks == ("rejected: HTTP 404",)


# ---- what is kept


def test_a_final_rejection_is_given_up_a_day_after_the_first() -> None:
    """Contract 7.4: given up after 24 hours of final rejections; an outage of the receiver before that does not
    count, and alone never ends the wait.
    """
    (waiting,) = take_turn(new_deliveries(1), lambda _: PASSING).waiting
    (waiting,) = take_turn([waiting], lambda _: PASSING, now=NOW + timedelta(days=9)).waiting
    first = NOW + timedelta(days=10)
    (waiting,) = take_turn([waiting], lambda _: FINAL, now=first).waiting
    kept = take_turn([waiting], lambda _: FINAL, now=first + GIVE_UP_AFTER - timedelta(minutes=1))
    assert (kept.waiting, kept.lost) == ((waiting,), ())
    dropped = take_turn([waiting], lambda _: FINAL, now=first + GIVE_UP_AFTER)
    assert (dropped.waiting, dropped.lost) == ((), (waiting.event.id,))
    assert dropped.remarks == ("rejected: HTTP 404", f"GIVEN UP, never delivered: {waiting.event.id}")


def test_a_passing_fault_gives_nothing_up() -> None:
    """Contract 7.4: an outage of the receiver after a final rejection does not end the wait."""
    (waiting,) = take_turn(new_deliveries(1), lambda _: FINAL).waiting
    later = take_turn([waiting], lambda _: PASSING, now=NOW + timedelta(days=9))
    assert [(delivery.since, delivery.reason) for delivery in later.waiting] == [(NOW, "HTTP 503")]


def test_a_clock_that_ran_ahead_delays_nothing() -> None:
    """A first rejection in the future counts as one of this run."""
    (delivery,) = new_deliveries(1)
    ahead = msgspec.structs.replace(delivery, since=NOW + timedelta(days=3650))
    (kept,) = take_turn([ahead], lambda _: FINAL).waiting
    assert kept.since == NOW


@pytest.mark.parametrize("error", [PASSING, FINAL])
def test_the_newest_are_kept(error: SinkError) -> None:
    """Contract 7.4: a thousand events wait for a sink, whatever they wait for: the newest. The rest is named as
    given up.
    """
    due = tuple(without_updates(delivery) for delivery in new_deliveries(MAX_WAITING + 3))
    outcome = take_turn(due, lambda _: error)
    assert keys(outcome.waiting) == keys(due[3:])
    assert list(outcome.lost) == keys(due[:3])
    assert outcome.remarks[-1] == f"GIVEN UP, never delivered: {', '.join(outcome.lost)}"


def without_updates(delivery: PendingDelivery) -> PendingDelivery:
    """Return the delivery, smaller."""
    incident = msgspec.structs.replace(delivery.event.incident, updates=())
    return msgspec.structs.replace(
        delivery, event=msgspec.structs.replace(delivery.event, updates=(), incident=incident)
    )


def with_body(delivery: PendingDelivery, size: int) -> PendingDelivery:
    """Return the delivery with an update of that many characters."""
    updates = tuple(msgspec.structs.replace(update, body="x" * size) for update in delivery.event.updates)
    return msgspec.structs.replace(delivery, event=msgspec.structs.replace(delivery.event, updates=updates))


def test_the_bytes_that_wait_are_bounded() -> None:
    """Contract 7.4: one megabyte waits for a sink; the oldest is dropped. One event that alone is larger costs no
    other.
    """
    due = tuple(with_body(delivery, 300_000) for delivery in new_deliveries(5))
    kept = within_bounds(due)
    assert keys(kept) == keys(due[2:])
    assert sum(len(msgspec.json.encode(delivery)) for delivery in kept) <= MAX_WAITING_BYTES
    giant = with_body(due[4], MAX_WAITING_BYTES)
    assert keys(within_bounds([*due[:2], giant])) == keys(due[:2])


def test_one_event_costs_its_digest_nothing() -> None:
    """7: a digest that is finally rejected is sent event by event before anything is given up: one may be to blame."""

    def receive(notification: Notification) -> SinkError | None:
        incidents = {delivery.event.incident.id for delivery in notification.deliveries}
        return FINAL if "a3" in incidents else None

    due = new_deliveries(12)
    for hours, left in ((0, 12), (1, 12), (13, 1), (25, 0)):
        outcome = take_turn(due, receive, now=NOW + timedelta(hours=hours), digest_above=10)
        due = outcome.waiting
        assert len(due) == left
    assert outcome.lost == (new_deliveries(12)[3].event.id,)


def test_a_removed_sink_is_reported() -> None:
    """What waits for a sink that is not configured any more is dropped, and named."""
    due = new_deliveries(2)
    outcome = removed_sink("old", due)
    assert outcome.waiting == () and all(key in outcome.remarks[0] for key in keys(due))


# ---- hours

BERLIN: Final = Hours.parse("Mon-Fri 08:00-18:00 Europe/Berlin")
SATURDAY: Final = NOW  # 2026-03-07, 13:00 in Berlin
MONDAY: Final = NOW + timedelta(days=2)
OFFICE: Final = msgspec.structs.replace(CONFIG, hours=BERLIN)


def carry_out(agenda: Agenda, *, now: datetime, digest_above: int = 0) -> tuple[SinkOutcome, list[list[str]]]:
    """Run a sink's turn against a receiver that accepts everything; return the outcome, and what was sent."""
    turn = SinkTurn(agenda, digest_above=digest_above, now=now)
    sent: list[list[str]] = []
    while notification := turn.next_notification():
        sent.append(keys(notification.deliveries))
        turn.accept(notification)
    return turn.outcome("fake"), sent


@pytest.mark.parametrize(("digest_above", "sizes"), [(0, [1, 1, 1, 1]), (10, [3, 1])])
def test_hours_hold_and_never_lose(digest_above: int, sizes: list[int]) -> None:
    """Contract 7.6.1: held events keep id and order, and are delivered before later ones by the first run within the
    hours: as a digest where the sink has digests, else one by one. A held event is no failure.
    """
    *early, late = new_deliveries(4)
    agenda = plan_sink(OFFICE, [delivery.event for delivery in early], (), now=SATURDAY)
    outcome, sent = carry_out(agenda, now=SATURDAY)
    assert (sent, keys(outcome.waiting), outcome.held, outcome.failed) == ([], keys(early), 3, False)
    assert outcome.remarks == ("3 events held until the sink's hours",)
    still, _ = carry_out(plan_sink(OFFICE, (), outcome.waiting, now=SATURDAY), now=SATURDAY)
    assert still.waiting == outcome.waiting, "nothing to write"
    agenda = plan_sink(OFFICE, [late.event], still.waiting, now=MONDAY)
    delivered, sent = carry_out(agenda, now=MONDAY, digest_above=digest_above)
    assert [len(ids) for ids in sent] == sizes
    assert [event_id for ids in sent for event_id in ids] == keys([*early, late])
    assert delivered.waiting == ()


def test_a_broken_sink_fails_whatever_holds_its_events() -> None:
    """Contract 7.6: exit 5 where something waits for a sink whose secret is missing, held or not."""
    agenda = plan_sink(OFFICE, (new_deliveries(1)[0].event,), (), now=SATURDAY)
    turn = SinkTurn(agenda, digest_above=0, now=SATURDAY)
    turn.break_off("cannot deliver: $HOOK is not set, or is empty")
    outcome = turn.outcome("fake")
    assert (outcome.failed, outcome.held) == (True, 0)
    assert outcome.remarks == (
        "cannot deliver: $HOOK is not set, or is empty",
        "1 event waits; retried on the next run",
    )


# ---- what was dropped


def test_the_next_delivery_begins_with_the_number_of_dropped_events() -> None:
    """Contract 7.4: "N events were dropped" begins the next notification that is accepted, and no later one."""
    first, second, third = new_deliveries(3)
    turn = SinkTurn(Agenda((first, second, third)), digest_above=0, now=NOW, dropped=2)
    rejected = turn.next_notification()
    assert rejected and rejected.dropped == 2
    turn.reject(rejected, FINAL)
    accepted, last = turn.next_notification(), None
    assert accepted and accepted.dropped == 2
    assert notification_texts(accepted)[0].headline.startswith("2 events were dropped · 🔴 NEW")
    turn.accept(accepted)
    last = turn.next_notification()
    assert last and last.dropped == 0
    assert turn.outcome("fake").dropped == 0
    digest = msgspec.structs.replace(accepted, deliveries=(first, second), dropped=1)
    assert digest_headline(digest).startswith("1 event was dropped · 2 events at once")


def test_what_is_dropped_is_counted_until_it_is_announced() -> None:
    """Contract 7.4: what a run drops is added to what the receiver does not know of yet."""
    (delivery,) = new_deliveries(1)
    old = msgspec.structs.replace(delivery, since=NOW - GIVE_UP_AFTER)
    turn = SinkTurn(Agenda((old,)), digest_above=0, now=NOW, dropped=4)
    notification = turn.next_notification()
    assert notification
    turn.reject(notification, FINAL)
    assert turn.outcome("fake").dropped == 5


# ---- another attempt in the run


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (PASSING, True),
        (FINAL, False),
        (SinkError("HTTP 429", retry_after=0.5), 0.5),
        (SinkError("HTTP 429", retry_after=MAX_PAUSE), MAX_PAUSE),
        (SinkError("HTTP 429", retry_after=MAX_PAUSE + 1), False),
        (SinkError("HTTP 429", retry_after=float("inf")), False),
        (KeyError("a fault of ours"), False),
    ],
)
def test_another_attempt(error: Exception, pause: float) -> None:
    """A passing fault is retried within the run, after the pause that the receiver asks for where that is short."""
    assert retry_pause(error) == pause

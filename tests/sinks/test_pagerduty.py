"""PagerDuty: an incident is an alert, triggered while it is open and resolved at its end."""

from __future__ import annotations

import msgspec
import pytest

from statuswatch.delivery.deliver import send_examples
from statuswatch.model.event import Change, EventKind, PendingDelivery
from statuswatch.model.incident import Impact
from statuswatch.sinks.pagerduty import alert_fields, dedup_key
from tests.support.fake_receiver import SECRET, FakeReceiver
from tests.support.hostile_text import LONG_TEXTS, hostile_delivery
from tests.support.page_timeline import PageTimeline, incident, update
from tests.support.sending import NOW, connected, new_deliveries, resolved, send

OPTIONS = {"routing_key_env": "KEY"}
ENV = {"KEY": SECRET}


def test_the_course_of_an_incident() -> None:
    """3: opened, updated, resolved, reopened: trigger, trigger, resolve, trigger, all with one key."""
    timeline = PageTimeline()
    timeline.read(0)
    events, updates = [], [update(1, "investigating")]
    for status in ("", "monitoring", "resolved", "investigating", "resolved"):
        updates += [update(len(updates) + 1, status)] if status else []
        events += timeline.read(len(updates) * 10, incident("a", *updates))
    actions = [alert_fields(PendingDelivery(event, NOW))["event_action"] for event in events]
    assert actions == ["trigger", "trigger", "resolve", "trigger", "resolve"]
    assert {dedup_key(event) for event in events} == {"acme/a"}


@pytest.mark.parametrize("change", [Change.WITHDRAWN, Change.DELISTED, Change.MISSED])
def test_every_end_resolves(change: Change) -> None:
    """However the vendor ends an incident, the alert is resolved; a later update of an ended one triggers nothing."""
    (end,) = resolved(*new_deliveries(1))
    vanished = msgspec.structs.replace(end.event, changes=(change,), incident=new_deliveries(1)[0].event.incident)
    later = msgspec.structs.replace(end.event, kind=EventKind.UPDATED)
    for event in (vanished, later):
        assert alert_fields(PendingDelivery(event, NOW))["event_action"] == "resolve"


def test_an_event() -> None:
    """The request has the key, the severity, the link, the vendor's message and both times."""
    with FakeReceiver(202) as receiver:
        outcome = send("pagerduty", {**OPTIONS, "url": receiver.url}, ENV, *new_deliveries(1, impact=Impact.MAJOR))
        (request,) = receiver.requests
    fields = request.json
    payload = fields["payload"]
    assert (fields["routing_key"], fields["event_action"], fields["dedup_key"]) == (SECRET, "trigger", "acme/a0")
    assert (payload["summary"], payload["severity"]) == ("🔴 NEW · Acme - API: Incident a0", "error")
    assert payload["custom_details"]["messages"] == ["investigating — We look."]
    assert "published 2026-03-07 09:01:00 UTC, detected 2026-03-07 12:00:00" in payload["custom_details"]["times"]
    assert [link["href"] for link in fields["links"]] == ["https://status.acme.example/incidents/a0"]
    assert outcome.sent == 1


@pytest.mark.parametrize(
    ("impact", "severity"),
    [*zip(Impact, ["info", "warning", "error", "critical", "info", "info"], strict=True)],
)
def test_severity(impact: Impact, severity: str) -> None:
    """The severity is the vendor's impact."""
    assert alert_fields(new_deliveries(1, impact=impact)[0])["payload"]["severity"] == severity


@pytest.mark.parametrize("text", LONG_TEXTS, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize("updates", [1, 60])
def test_limits(text: str, updates: int) -> None:
    """6: an event is within what PagerDuty accepts, and says how much is left out."""
    fields = alert_fields(hostile_delivery(text, updates))
    assert len(fields["payload"]["summary"]) <= 1024 and len(msgspec.json.encode(fields)) < 512_000
    assert "more characters" in fields["payload"]["summary"] and "https://evil" not in str(fields)


def test_a_long_key() -> None:
    """An id that is too long for a key is hashed: equal at the beginning and at the end, no two alike."""
    first, other = (
        msgspec.structs.replace(
            delivery.event, incident=msgspec.structs.replace(delivery.event.incident, id="語" * 100 + str(number))
        )
        for number, delivery in enumerate(new_deliveries(2))
    )
    assert len(dedup_key(first)) <= 255 and dedup_key(first) == dedup_key(first) != dedup_key(other)


def test_the_example_is_triggered_and_resolved() -> None:
    """Contract 7.6: `notify test` triggers an alert that says TEST, resolves it, and reports both."""
    with FakeReceiver(202) as receiver:
        (outcome,) = send_examples(connected("pagerduty", {**OPTIONS, "url": receiver.url}, ENV), NOW)
        trigger, resolve = (request.json for request in receiver.requests)
    assert (trigger["event_action"], resolve["event_action"]) == ("trigger", "resolve")
    assert trigger["dedup_key"] == resolve["dedup_key"] and "TEST" in trigger["payload"]["summary"]
    assert outcome.remarks == ("an alert was triggered", "the alert was resolved")


def test_a_digest_is_still_an_alert_for_each() -> None:
    """Where a digest is configured, each incident is nevertheless its own alert."""
    with FakeReceiver(202) as receiver:
        send("pagerduty", {**OPTIONS, "url": receiver.url, "digest_above": 1}, ENV, *new_deliveries(3))
        assert [request.json["dedup_key"] for request in receiver.requests] == ["acme/a0", "acme/a1", "acme/a2"]

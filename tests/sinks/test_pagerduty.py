"""PagerDuty: an incident is an alert, triggered while it is open and resolved at its end."""

from typing import Any

import msgspec
import pytest

from statuswatch.delivery.deliver import send_examples
from statuswatch.model.event import Change, EventKind, Notification, PendingDelivery
from statuswatch.model.incident import Impact
from statuswatch.sinks.pagerduty import dedup_key, fields
from tests.support import hostile_text
from tests.support.fake_receiver import SECRET, FakeReceiver
from tests.support.page_timeline import PageTimeline, incident, update
from tests.support.sending import NOW, configured, ended, notices, send

SAMPLE: dict[str, Any] = {"routing_key_env": "KEY"}
ADDRESS = "url"


def test_the_life_of_an_incident() -> None:
    """3: opened, updated, resolved, reopened: trigger, trigger, resolve, trigger, all with one key."""
    life = PageTimeline()
    life.read(0)
    told, words = [], [update(1, "investigating")]
    for status in ("", "monitoring", "resolved", "investigating", "resolved"):
        words += [update(len(words) + 1, status)] if status else []
        told += life.read(len(words) * 10, incident("a", *words))
    actions = [fields(PendingDelivery(event, NOW))["event_action"] for event in told]
    assert actions == ["trigger", "trigger", "resolve", "trigger", "resolve"]
    assert {dedup_key(event) for event in told} == {"acme/a"}


@pytest.mark.parametrize("change", [Change.WITHDRAWN, Change.DELISTED, Change.MISSED])
def test_every_end_resolves(change: Change) -> None:
    """Whoever was called is told the end, however the vendor ends it; and a later word on what is over calls nobody."""
    (over,) = ended(*notices(1))
    gone = msgspec.structs.replace(over.event, changes=(change,), incident=notices(1)[0].event.incident)
    later = msgspec.structs.replace(over.event, kind=EventKind.UPDATED)
    for event in (gone, later):
        assert fields(PendingDelivery(event, NOW))["event_action"] == "resolve"


def test_an_event() -> None:
    """The request has the key, the severity, the link, what the vendor says and both times."""
    with FakeReceiver(202) as receiver:
        env = {"KEY": SECRET}
        outcome = send("pagerduty", {**SAMPLE, "url": receiver.address}, env, *notices(1, impact=Impact.MAJOR))
        (got,) = receiver.got
    payload = got.json["payload"]
    assert (got.json["routing_key"], got.json["event_action"], got.json["dedup_key"]) == (SECRET, "trigger", "acme/a0")
    assert (payload["summary"], payload["severity"]) == ("🔴 NEW · Acme - API: Incident a0", "error")
    assert payload["custom_details"]["messages"] == ["investigating — We look."]
    assert "published 2026-03-07 09:01:00 UTC, detected 2026-03-07 12:00:00" in payload["custom_details"]["times"]
    assert [link["href"] for link in got.json["links"]] == ["https://status.acme.example/incidents/a0"]
    assert outcome.sent == 1


@pytest.mark.parametrize(
    ("impact", "severity"),
    [*zip(Impact, ["info", "warning", "error", "critical", "info", "info"], strict=True)],
)
def test_severity(impact: Impact, severity: str) -> None:
    """The severity is the vendor's impact."""
    assert fields(notices(1, impact=impact)[0])["payload"]["severity"] == severity


@pytest.mark.parametrize("text", hostile_text.LONG, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize("updates", [1, 300])
def test_limits(text: str, updates: int) -> None:
    """6: an event is within what PagerDuty takes, and says how much is left out."""
    it = fields(hostile_text.notice(text, updates))
    assert len(it["payload"]["summary"]) <= 1024 and len(msgspec.json.encode(it)) < 512_000
    assert "more characters" in it["payload"]["summary"] and "https://evil" not in str(it)


def test_a_long_key() -> None:
    """An id that is too long for a key is hashed: the same at the beginning and at the end, no two alike."""
    first, other = (
        msgspec.structs.replace(it.event, incident=msgspec.structs.replace(it.event.incident, id="語" * 100 + str(n)))
        for n, it in enumerate(notices(2))
    )
    assert len(dedup_key(first)) <= 255 and dedup_key(first) == dedup_key(first) != dedup_key(other)


def test_the_example_calls_nobody() -> None:
    """`notify test` resolves what never was open, and says TEST."""
    with FakeReceiver(202) as receiver:
        (outcome,) = send_examples(configured("pagerduty", {**SAMPLE, "url": receiver.address}, {"KEY": SECRET}), NOW)
        (got,) = receiver.got
    assert got.json["event_action"] == "resolve" and "TEST" in got.json["payload"]["summary"] and outcome.sent == 1


def test_a_digest_is_still_an_alert_for_each() -> None:
    """Where a digest is asked for, each incident is nevertheless its own alert."""
    with FakeReceiver(202) as receiver:
        options = {**SAMPLE, "url": receiver.address, "digest_above": 1}
        send("pagerduty", options, {"KEY": SECRET}, *Notification(notices(3)).deliveries)
        assert [got.json["dedup_key"] for got in receiver.got] == ["acme/a0", "acme/a1", "acme/a2"]

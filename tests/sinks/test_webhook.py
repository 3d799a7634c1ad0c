"""The webhook: the event's JSON, its id, its signature."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

import msgspec
import pytest

from statuswatch.delivery.deliver import deliver
from tests.support.fake_receiver import FakeReceiver
from tests.support.sending import NOW, connected, new_deliveries, send

OPTIONS = {"url_env": "HOOK"}
KEY = b"a key of more than 24 bytes"
SIGNING_SECRET = f"whsec_{base64.b64encode(KEY).decode()}"


def test_the_event_as_it_is_printed() -> None:
    """Contract 7.6.3: the body is the event's JSON line, and its id the Idempotency-Key, the same at every attempt."""
    with FakeReceiver(503) as receiver:
        outcome = send("webhook", OPTIONS, {"HOOK": receiver.secret_url}, *new_deliveries(1))
        first, again = receiver.requests
    assert first.body == again.body and first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
    assert first.json["id"] == first.headers["Idempotency-Key"] and first.json["schema"] == 1
    assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ())


def test_the_signature() -> None:
    """A signed request verifies as Standard Webhooks defines it: HMAC-SHA256 over id, timestamp and body."""
    with FakeReceiver() as receiver:
        options = {**OPTIONS, "secret_env": "KEY"}
        send("webhook", options, {"KEY": SIGNING_SECRET, "HOOK": receiver.secret_url}, *new_deliveries(1))
        (request,) = receiver.requests
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


@pytest.mark.parametrize("package", ["standardwebhooks", "svix.webhooks"])
@pytest.mark.parametrize("incident_id", ["a1", "v1.2/..x", "\u96f2 \u2028 1"])
def test_others_verify_the_signature(package: str, incident_id: str) -> None:
    """The packages that receivers use verify what is sent, whatever a vendor calls its incident."""
    verifier = pytest.importorskip(package, reason=f"NOT VERIFIED: the package {package} is not installed (extra dev)")
    (delivery,) = new_deliveries(1)
    event = msgspec.structs.replace(
        delivery.event,
        id=f"acme/{incident_id}/new/1",
        incident=msgspec.structs.replace(delivery.event.incident, id=incident_id),
    )
    with FakeReceiver() as receiver:
        env = {"KEY": SIGNING_SECRET, "HOOK": receiver.secret_url}
        send("webhook", {**OPTIONS, "secret_env": "KEY"}, env, msgspec.structs.replace(delivery, event=event))
        (request,) = receiver.requests
    headers = {name.lower(): value for name, value in request.headers.items()}
    verified = verifier.Webhook(SIGNING_SECRET).verify(request.body, headers)
    assert (verified or request.json)["id"] == event.id


def test_the_id_holds_nothing_of_a_vendor() -> None:
    """Contract 7.6.3: `webhook-id` has no dot, which separates what is signed, and is a digest: the same at every
    attempt.
    """
    (delivery,) = new_deliveries(1)
    event = msgspec.structs.replace(delivery.event, id="acme/v1.2.3/new/0")
    with FakeReceiver(503) as receiver:
        env = {"KEY": SIGNING_SECRET, "HOOK": receiver.secret_url}
        send("webhook", {**OPTIONS, "secret_env": "KEY"}, env, msgspec.structs.replace(delivery, event=event))
        first, again = (str(request.headers["webhook-id"]) for request in receiver.requests)
        assert receiver.requests[0].headers["Idempotency-Key"] == receiver.requests[0].json["id"] == event.id
    assert first == again and re.fullmatch(r"msg_[0-9a-f]{32}", first)


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("", "$KEY is not set, or is empty"),
        ("whsec_not base64", "begins with whsec_, and the rest is not base64"),
        ("whsec_", "a key of 0 bytes: a key has 24 to 64"),
        (f"whsec_{base64.b64encode(b'x' * 23).decode()}", "a key of 23 bytes"),
        (f"whsec_{base64.b64encode(b'x' * 65).decode()}", "a key of 65 bytes"),
        ("short-secret-0f1e", "a key of 17 bytes"),
    ],
)
def test_a_key_that_cannot_be_one(secret: str, words: str) -> None:
    """Contract 7.6: it breaks its sink, is not repeated, and nothing is sent without a signature."""
    with FakeReceiver() as receiver:
        env = {"HOOK": receiver.secret_url, "KEY": secret}
        outcome = send("webhook", {**OPTIONS, "secret_env": "KEY"}, env, *new_deliveries(1))
        assert not receiver.requests
    assert words in outcome.remarks[0] and len(outcome.waiting) == 1 and outcome.failed
    assert "0f1e" not in repr(outcome.remarks)


@pytest.mark.parametrize("size", [24, 64])
def test_the_sizes_of_a_key(size: int) -> None:
    """Contract 7.6.3: a key has 24 to 64 bytes, base64 after whsec_, or as it is."""
    for secret in (f"whsec_{base64.b64encode(b'x' * size).decode()}", "x" * size):
        (sink,) = connected(
            "webhook", {**OPTIONS, "secret_env": "KEY"}, {"HOOK": "https://acme.example", "KEY": secret}
        )
        assert not sink.broken


def test_dropped_events_are_announced() -> None:
    """Contract 7.4: the next delivery says how many events were dropped before it."""
    with FakeReceiver() as receiver:
        sinks = connected("webhook", OPTIONS, {"HOOK": receiver.secret_url})
        (outcome,) = deliver(sinks, (), {"webhook": new_deliveries(2)}, NOW, dropped={"webhook": 3})
        assert [request.json.get("dropped") for request in receiver.requests] == [3, None]
    assert outcome.dropped == 0


def test_each_event_by_itself() -> None:
    """Programs are sent each event by itself, unless they ask for a digest."""
    with FakeReceiver() as receiver:
        env = {"HOOK": receiver.secret_url}
        send("webhook", OPTIONS, env, *new_deliveries(12))
        assert len(receiver.requests) == 12
        send("webhook", {**OPTIONS, "digest_above": 10}, env, *new_deliveries(12))
        assert len(receiver.requests) == 13 and len(receiver.requests[-1].json["events"]) == 12

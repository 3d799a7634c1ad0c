"""The webhook: the event's JSON, its id, its signature."""

import base64
import hashlib
import hmac
from typing import Any

from tests.support.fake_receiver import FakeReceiver
from tests.support.sending import notices, send

SAMPLE: dict[str, Any] = {"url_env": "HOOK"}


def test_the_event_as_it_is_printed() -> None:
    """7: the body is the event's JSON line, and its id the Idempotency-Key, the same at every try."""
    with FakeReceiver(503) as receiver:
        outcome = send("webhook", SAMPLE, {"HOOK": receiver.url}, *notices(1))
        first, again = receiver.got
        assert first.body == again.body and first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
        assert first.json["id"] == first.headers["Idempotency-Key"] and first.json["schema"] == 1
        assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ())


def test_the_signature() -> None:
    """A signed request verifies as Standard Webhooks says: HMAC-SHA256 over id, timestamp and body."""
    key = b"a key of some length"
    env = {"KEY": f"whsec_{base64.b64encode(key).decode()}"}
    with FakeReceiver() as receiver:
        send("webhook", {**SAMPLE, "secret_env": "KEY"}, {**env, "HOOK": receiver.url}, *notices(1))
        (got,) = receiver.got
    signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert got.headers["webhook-signature"] == f"v1,{expected}"


def test_each_event_by_itself() -> None:
    """Programs are sent each event by itself, unless they ask for a digest."""
    with FakeReceiver() as receiver:
        send("webhook", SAMPLE, {"HOOK": receiver.url}, *notices(12))
        assert len(receiver.got) == 12
        send("webhook", {**SAMPLE, "digest_above": 10}, {"HOOK": receiver.url}, *notices(12))
        assert len(receiver.got) == 13 and len(receiver.got[-1].json["events"]) == 12

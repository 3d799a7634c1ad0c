"""The webhook: the event's JSON, its id, its signature."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from statuswatch.errors import UsageError
from tests.support.fake_receiver import FakeReceiver
from tests.support.sending import connected, new_deliveries, send

OPTIONS = {"url_env": "HOOK"}


def test_the_event_as_it_is_printed() -> None:
    """7: the body is the event's JSON line, and its id the Idempotency-Key, the same at every attempt."""
    with FakeReceiver(503) as receiver:
        outcome = send("webhook", OPTIONS, {"HOOK": receiver.secret_url}, *new_deliveries(1))
        first, again = receiver.requests
    assert first.body == again.body and first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]
    assert first.json["id"] == first.headers["Idempotency-Key"] and first.json["schema"] == 1
    assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ())


def test_the_signature() -> None:
    """A signed request verifies as Standard Webhooks defines it: HMAC-SHA256 over id, timestamp and body."""
    key = b"a key of some length"
    env = {"KEY": f"whsec_{base64.b64encode(key).decode()}"}
    with FakeReceiver() as receiver:
        options = {**OPTIONS, "secret_env": "KEY"}
        send("webhook", options, {**env, "HOOK": receiver.secret_url}, *new_deliveries(1))
        (request,) = receiver.requests
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


def test_a_secret_that_is_not_base64() -> None:
    """A `whsec_` secret that cannot be decoded stops the run at its start, and is not repeated."""
    env = {"HOOK": "https://acme.example", "KEY": "whsec_not base64"}
    with pytest.raises(UsageError, match=r"\$KEY") as error:
        connected("webhook", {**OPTIONS, "secret_env": "KEY"}, env)
    assert "not base64" not in str(error.value).replace("the rest is not base64", "")


def test_each_event_by_itself() -> None:
    """Programs are sent each event by itself, unless they ask for a digest."""
    with FakeReceiver() as receiver:
        env = {"HOOK": receiver.secret_url}
        send("webhook", OPTIONS, env, *new_deliveries(12))
        assert len(receiver.requests) == 12
        send("webhook", {**OPTIONS, "digest_above": 10}, env, *new_deliveries(12))
        assert len(receiver.requests) == 13 and len(receiver.requests[-1].json["events"]) == 12

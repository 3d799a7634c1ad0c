"""Slack: Block Kit in which the vendor's text is plain."""

from __future__ import annotations

import pytest

from statuswatch.model.event import Notification
from statuswatch.sinks.slack import payloads
from tests.support.fake_receiver import FakeReceiver
from tests.support.hostile_text import LONG_TEXTS, MARKUP, hostile_delivery, json_objects
from tests.support.loopback_server import Reply
from tests.support.sending import new_deliveries, resolved, send

OPTIONS = {"url_env": "HOOK"}


def test_an_event() -> None:
    """3: one message, with what happened, the product, the status, both times and the link."""
    with FakeReceiver() as receiver:
        send("slack", OPTIONS, {"HOOK": receiver.secret_url}, *resolved(*new_deliveries(1)))
        (request,) = receiver.requests
    header, title, status, context = request.json["blocks"]
    assert header["text"]["text"] == "🟢 RESOLVED · Acme - API" and title["text"]["text"] == "Incident a0\nminor"
    assert status["text"]["text"] == "resolved — It is over."
    times, link = (element["text"] for element in context["elements"])
    assert times == "published 2026-03-07 09:01:00 UTC, detected 2026-03-07 12:10:00 UTC, 3 h 9 min later"
    assert link == "<https://status.acme.example/incidents/a0|Open the incident>"
    assert request.json["text"] == "🟢 RESOLVED · Acme - API: Incident a0"
    assert (request.json["unfurl_links"], request.json["unfurl_media"]) == (False, False)


@pytest.mark.parametrize("count", [1, 12])
def test_vendor_text_is_plain(count: int) -> None:
    """6: nothing of the vendor stands where Slack reads markup, but the address, which is ours to link."""
    for payload in payloads(Notification((hostile_delivery(MARKUP),) * count)):
        texts = [part for part in json_objects(payload["blocks"]) if part.get("type") in ("plain_text", "mrkdwn")]
        marked = {part["text"] for part in texts if part["type"] == "mrkdwn"}
        assert marked == {"<https://status.acme.example/incidents/x|Open the incident>"}
        assert all(part["emoji"] is False for part in texts if part["type"] == "plain_text")
        assert not {"<", ">"} & set(payload["text"]) and "@everyone" not in payload["text"]
        assert payload["mrkdwn"] is False
        assert not any("https://evil" in part["text"] or "@everyone" in part["text"] for part in texts)


@pytest.mark.parametrize("text", LONG_TEXTS, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize(("count", "updates"), [(1, 1), (1, 60), (12, 1)])
def test_limits(text: str, count: int, updates: int) -> None:
    """6: a message is within what Slack accepts, and says how much is left out."""
    sent = payloads(Notification((hostile_delivery(text, updates),) * count))
    assert sum("more characters)" in str(payload) for payload in sent) == len(sent)
    for payload in sent:
        blocks = payload["blocks"]
        assert len(blocks) <= 50 and len(str(blocks)) < 13_000 and len(payload["text"]) < 3000
        assert 0 < len(blocks[0]["text"]["text"]) <= 150
        texts = [part["text"] for part in json_objects(blocks) if isinstance(part.get("text"), str)]
        assert all(0 < len(plain.encode("utf-16-le")) // 2 <= 3000 for plain in texts)
        if count == 1:
            assert ("earlier message" in str(payload)) == (updates > 1)


def test_a_digest_has_every_incident() -> None:
    """4: many events are one message, or several where one cannot hold them; each incident has its line and link."""
    sent = payloads(Notification(new_deliveries(120)))
    links = [part["text"] for part in json_objects(sent) if part.get("type") == "mrkdwn"]
    assert links == [f"<https://status.acme.example/incidents/a{n}|Open the incident>" for n in range(120)]
    assert sent[0]["blocks"][0]["text"]["text"] == f"120 events at once: 🔴 120 (1 of {len(sent)})"
    assert len(payloads(Notification(new_deliveries(12)))) == 1


def test_a_retry_goes_on_after_what_was_accepted() -> None:
    """4: of a digest in several requests, those that were accepted are not sent again within the run."""
    with FakeReceiver(200, Reply(429, {"Retry-After": "0.01"})) as receiver:
        outcome = send("slack", OPTIONS, {"HOOK": receiver.secret_url}, *new_deliveries(99))
        sent = [request.body for request in receiver.requests]
    assert (outcome.sent, outcome.remarks) == (1, ())
    assert sent[1] == sent[2] and len(sent) == len(set(sent)) + 1 > 3

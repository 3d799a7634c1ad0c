"""Teams: an Adaptive Card in which the vendor's text is in runs without Markdown."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from statuswatch.model.event import Notification
from statuswatch.sinks.teams import payloads
from tests.support.fake_receiver import FakeReceiver
from tests.support.hostile_text import LONG_TEXTS, MARKUP, hostile_delivery, json_objects
from tests.support.loopback_server import Reply
from tests.support.sending import new_deliveries, resolved, send

OPTIONS = {"url_env": "HOOK"}


def runs(payload: Any) -> list[str]:
    return [run["text"] for run in json_objects(payload) if run.get("type") == "TextRun"]


def test_an_event() -> None:
    """3: one card, coloured, with the status, both times and a button to the incident."""
    with FakeReceiver(202) as receiver:
        outcome = send("teams", OPTIONS, {"HOOK": receiver.secret_url}, *resolved(*new_deliveries(1)))
        (request,) = receiver.requests
    (attachment,) = request.json["attachments"]
    card = attachment["content"]
    assert request.json["type"] == "message"
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["version"] == "1.4" and card["body"][0]["style"] == "good"
    assert "".join(f"{run}|" for run in runs(card)) == (
        "🟢 RESOLVED · Acme - API|Incident a0|minor|resolved| — It is over.|"
        "published 2026-03-07 09:01:00 UTC, detected 2026-03-07 12:10:00 UTC, 3 h 9 min later|"
    )
    link = {"type": "Action.OpenUrl", "title": "Open the incident", "url": "https://status.acme.example/incidents/a0"}
    assert card["actions"] == [link] and outcome.sent == 1


@pytest.mark.parametrize("count", [1, 12])
def test_vendor_text_is_plain(count: int) -> None:
    """6: the vendor's text is only in runs, with no date to set, no mention, no address; our link is the incident."""
    for payload in payloads(Notification((hostile_delivery(MARKUP),) * count)):
        parts = list(json_objects(payload))
        assert not any(part.get("type") in ("TextBlock", "FactSet") for part in parts)
        assert {part["url"] for part in parts if "url" in part} == {"https://status.acme.example/incidents/x"}
        text = "\n".join(runs(payload))
        assert not any(active in text for active in ("{{", "<at", "</at", "https://evil", "@everyone"))
        assert "DATE(" in text


@pytest.mark.parametrize("text", LONG_TEXTS, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize(("count", "updates"), [(1, 1), (1, 60), (12, 1)])
def test_limits(text: str, count: int, updates: int) -> None:
    """6: a message is within what Teams accepts, in UTF-8 and in UTF-16, and says how much is left out."""
    for payload in payloads(Notification((hostile_delivery(text, updates),) * count)):
        body = msgspec.json.encode(payload)
        assert max(len(body), len(body.decode().encode("utf-16-le"))) <= 28_000
        assert "more characters" in str(payload) and all(runs(payload))
        if count == 1:
            assert ("earlier message" in str(payload)) == (updates > 1)


def test_a_digest_has_every_incident() -> None:
    """4: many events are one message, or several where one cannot hold them; each incident has its line and link."""
    sent = payloads(Notification(new_deliveries(120)))
    urls = [part["url"] for part in json_objects(sent) if "url" in part]
    assert urls == [f"https://status.acme.example/incidents/a{number}" for number in range(120)]
    assert runs(sent[0])[0] == f"120 events at once: 🔴 120 (1 of {len(sent)})"


@pytest.mark.parametrize(("status", "attempts"), [(429, 2), (413, 1)])
def test_a_rejection_that_looks_like_success(status: int, attempts: int) -> None:
    """An HTTP 200 whose body says that Teams rejected the message is a rejection."""
    words = f"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status} with"
    with FakeReceiver(Reply(200, body=words.encode()), default=202) as receiver:
        outcome = send("teams", OPTIONS, {"HOOK": receiver.secret_url}, *new_deliveries(1))
        assert len(receiver.requests) == attempts and len(outcome.waiting) == (attempts == 1)

"""Teams: an Adaptive Card in which the vendor's text is in runs without Markdown."""

from typing import Any

import msgspec
import pytest

from statuswatch.model.event import Notification
from statuswatch.sinks.teams import posts
from tests.support import hostile_text
from tests.support.fake_receiver import FakeReceiver
from tests.support.sending import ended, notices, send

SAMPLE: dict[str, Any] = {"url_env": "HOOK"}


def runs(it: Any) -> list[str]:
    return [run["text"] for run in hostile_text.objects(it) if run.get("type") == "TextRun"]


def test_an_event() -> None:
    """3: one card, coloured, with the status, both times and a button to the incident."""
    with FakeReceiver(202) as receiver:
        outcome = send("teams", SAMPLE, {"HOOK": receiver.url}, *ended(*notices(1)))
        (got,) = receiver.got
    (attachment,) = got.json["attachments"]
    card = attachment["content"]
    assert (got.json["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
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
    for post in posts(Notification((hostile_text.notice(hostile_text.MARKUP),) * count)):
        parts = list(hostile_text.objects(post))
        assert not any(it.get("type") in ("TextBlock", "FactSet") for it in parts)
        assert {it["url"] for it in parts if "url" in it} == {"https://status.acme.example/incidents/x"}
        text = "\n".join(runs(post))
        assert not any(it in text for it in ("{{", "<at", "</at", "https://evil", "@everyone"))
        assert "DATE(" in text


@pytest.mark.parametrize("text", hostile_text.LONG, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize(("count", "updates"), [(1, 1), (1, 60), (12, 1)])
def test_limits(text: str, count: int, updates: int) -> None:
    """6: a message is within what Teams takes, in UTF-8 and in UTF-16, and says how much is left out."""
    for post in posts(Notification((hostile_text.notice(text, updates),) * count)):
        body = msgspec.json.encode(post)
        assert max(len(body), len(body.decode().encode("utf-16-le"))) <= 28_000
        assert "more characters" in str(post) and all(runs(post))
        if count == 1:
            assert ("earlier message" in str(post)) == (updates > 1)


def test_a_digest_has_every_incident() -> None:
    """4: many events are one message, or several where one cannot hold them; each incident has its line and link."""
    sent = posts(Notification(notices(120)))
    urls = [it["url"] for it in hostile_text.objects(sent) if "url" in it]
    assert urls == [f"https://status.acme.example/incidents/a{number}" for number in range(120)]
    assert runs(sent[0])[0] == f"120 events at once: 🔴 120 (1 of {len(sent)})"


@pytest.mark.parametrize(("status", "tries"), [(429, 2), (413, 1)])
def test_a_refusal_that_looks_like_success(status: int, tries: int) -> None:
    """An HTTP 200 whose body says that Teams refused the message is a refusal."""
    words = f"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error {status} with"
    with FakeReceiver((200, {}, words.encode()), usual=202) as receiver:
        outcome = send("teams", SAMPLE, {"HOOK": receiver.url}, *notices(1))
        assert len(receiver.got) == tries and len(outcome.waiting) == (tries == 1)

"""Discord: an embed in which the vendor's markup is escaped."""

from __future__ import annotations

import re

import pytest

from statuswatch.model.event import Notification
from statuswatch.sinks.discord import escaped, payloads
from tests.support.fake_receiver import FakeReceiver
from tests.support.hostile_text import LONG_TEXTS, MARKUP, hostile_delivery
from tests.support.sending import new_deliveries, resolved, send

OPTIONS = {"url_env": "HOOK"}


def test_an_event() -> None:
    """3: one embed, coloured, with the link, the status and both times; Discord responds after it saved it."""
    with FakeReceiver() as receiver:
        env = {"HOOK": f"{receiver.secret_url}?thread_id=7"}
        send("discord", OPTIONS, env, *resolved(*new_deliveries(1)))
        (request,) = receiver.requests
    assert request.path.endswith("?thread_id=7&wait=true") and request.json["allowed_mentions"] == {"parse": []}
    assert request.json["embeds"] == [
        {
            "title": "🟢 RESOLVED · Acme - API",
            "url": "https://status.acme.example/incidents/a0",
            "color": 0x2E7D32,
            "description": "**Incident a0**\nminor\n\n**resolved** — It is over.",
            "footer": {"text": "published 2026-03-07 09:01:00 UTC, detected 2026-03-07 12:10:00 UTC, 3 h 9 min later"},
        }
    ]


def test_vendor_text_is_escaped() -> None:
    """6: before every character that Discord could read as markup stands a backslash, itself not escaped."""
    bare = re.compile(r"(?<!\\)(?:\\\\)*[*_~`|<>\[\]():#]")
    assert not bare.search(escaped(MARKUP))
    delivery = hostile_delivery(MARKUP)
    (payload,) = payloads(Notification((delivery,)))
    (embed,) = payload["embeds"]
    assert not bare.search(embed["title"])
    assert not bare.search(embed["description"].replace("**", ""))
    for digest in payloads(Notification((delivery,) * 12)):
        (embed,) = digest["embeds"]
        assert not bare.search(embed["description"].replace("[Open](https://status.acme.example/incidents/x)", ""))
        assert "@everyone" not in str(digest) and "https://evil" not in str(digest) and "content" not in digest


@pytest.mark.parametrize("text", LONG_TEXTS, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize(("count", "updates"), [(1, 1), (1, 60), (12, 1)])
def test_limits(text: str, count: int, updates: int) -> None:
    """6: a message is within what Discord accepts, and says how much is left out."""
    for payload in payloads(Notification((hostile_delivery(text, updates),) * count)):
        (embed,) = payload["embeds"]
        assert 0 < len(embed["title"]) <= 256 and 0 < len(embed["description"]) <= 4096
        assert len(embed["title"] + embed["description"] + embed.get("footer", {}).get("text", "")) <= 6000
        assert "more characters" in embed["description"]
        if count == 1:
            assert ("earlier message" in embed["description"]) == (updates > 1)


def test_a_digest_has_every_incident() -> None:
    """4: many events are one message, or several where one cannot hold them; each incident has its line and link."""
    sent = payloads(Notification(new_deliveries(120)))
    text = "\n".join(payload["embeds"][0]["description"] for payload in sent)
    assert re.findall(r"\[Open\]\(\S+/(a\d+)\)$", text, re.MULTILINE) == [f"a{number}" for number in range(120)]
    assert sent[0]["embeds"][0]["title"] == f"120 events at once: 🔴 120 (1 of {len(sent)})"

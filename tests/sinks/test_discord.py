"""Discord: an embed in which the vendor's markup is escaped."""

import re
from typing import Any

import pytest

from statuswatch.model.event import Notification
from statuswatch.sinks.discord import escaped, posts
from tests.support import hostile_text
from tests.support.fake_receiver import FakeReceiver
from tests.support.sending import ended, notices, send

SAMPLE: dict[str, Any] = {"url_env": "HOOK"}


def test_an_event() -> None:
    """3: one embed, coloured, with the link, the status and both times; and Discord is asked whether it saved it."""
    with FakeReceiver() as receiver:
        send("discord", SAMPLE, {"HOOK": f"{receiver.url}?thread_id=7"}, *ended(*notices(1)))
        (got,) = receiver.got
    assert got.path.endswith("?thread_id=7&wait=true") and got.json["allowed_mentions"] == {"parse": []}
    assert got.json["embeds"] == [
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
    assert not bare.search(escaped(hostile_text.MARKUP))
    ((post,), digest) = (posts(Notification((hostile_text.notice(hostile_text.MARKUP),) * count)) for count in (1, 12))
    (embed,) = post["embeds"]
    assert not bare.search(embed["title"])
    assert not bare.search(embed["description"].replace("**", ""))
    for it in digest:
        (embed,) = it["embeds"]
        assert not bare.search(embed["description"].replace("[Open](https://status.acme.example/incidents/x)", ""))
        assert "@everyone" not in str(it) and "https://evil" not in str(it) and "content" not in it


@pytest.mark.parametrize("text", hostile_text.LONG, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize(("count", "updates"), [(1, 1), (1, 60), (12, 1)])
def test_limits(text: str, count: int, updates: int) -> None:
    """6: a message is within what Discord takes, and says how much is left out."""
    for post in posts(Notification((hostile_text.notice(text, updates),) * count)):
        (embed,) = post["embeds"]
        assert 0 < len(embed["title"]) <= 256 and 0 < len(embed["description"]) <= 4096
        assert len(embed["title"] + embed["description"] + embed.get("footer", {}).get("text", "")) <= 6000
        assert "more characters" in embed["description"]
        if count == 1:
            assert ("earlier message" in embed["description"]) == (updates > 1)


def test_a_digest_has_every_incident() -> None:
    """4: many events are one message, or several where one cannot hold them; each incident has its line and link."""
    sent = posts(Notification(notices(120)))
    text = "\n".join(post["embeds"][0]["description"] for post in sent)
    assert re.findall(r"\[Open\]\(\S+/(a\d+)\)$", text, re.MULTILINE) == [f"a{number}" for number in range(120)]
    assert sent[0]["embeds"][0]["title"] == f"120 events at once: 🔴 120 (1 of {len(sent)})"

"""Slack: Block Kit in which the vendor's text is plain."""

from typing import Any

import pytest

from statuswatch.model.event import Notification
from statuswatch.sinks.slack import posts
from tests.support import hostile_text
from tests.support.fake_receiver import FakeReceiver
from tests.support.sending import ended, notices, send

SAMPLE: dict[str, Any] = {"url_env": "HOOK"}


def test_an_event() -> None:
    """3: one message, with what happened, the product, the status, both times and the link."""
    with FakeReceiver() as receiver:
        send("slack", SAMPLE, {"HOOK": receiver.url}, *ended(*notices(1)))
        (got,) = receiver.got
    header, title, status, context = got.json["blocks"]
    assert header["text"]["text"] == "🟢 RESOLVED · Acme - API" and title["text"]["text"] == "Incident a0\nminor"
    assert status["text"]["text"] == "resolved — It is over."
    times, link = (it["text"] for it in context["elements"])
    assert times == "published 2026-03-07 09:01:00 UTC, detected 2026-03-07 12:10:00 UTC, 3 h 9 min later"
    assert link == "<https://status.acme.example/incidents/a0|Open the incident>"
    assert got.json["text"] == "🟢 RESOLVED · Acme - API: Incident a0"
    assert (got.json["unfurl_links"], got.json["unfurl_media"]) == (False, False)


@pytest.mark.parametrize("count", [1, 12])
def test_vendor_text_is_plain(count: int) -> None:
    """6: nothing of the vendor stands where Slack reads markup, but the address, which is ours to link."""
    for post in posts(Notification((hostile_text.notice(hostile_text.MARKUP),) * count)):
        texts = [it for it in hostile_text.objects(post["blocks"]) if it.get("type") in ("plain_text", "mrkdwn")]
        marked = {it["text"] for it in texts if it["type"] == "mrkdwn"}
        assert marked == {"<https://status.acme.example/incidents/x|Open the incident>"}
        assert all(it["emoji"] is False for it in texts if it["type"] == "plain_text")
        assert not {"<", ">"} & set(post["text"]) and "@everyone" not in post["text"] and post["mrkdwn"] is False
        assert not any("https://evil" in it["text"] or "@everyone" in it["text"] for it in texts)


@pytest.mark.parametrize("text", hostile_text.LONG, ids=lambda text: ascii(text[:5]))
@pytest.mark.parametrize(("count", "updates"), [(1, 1), (1, 60), (12, 1)])
def test_limits(text: str, count: int, updates: int) -> None:
    """6: a message is within what Slack takes, and says how much is left out."""
    sent = posts(Notification((hostile_text.notice(text, updates),) * count))
    assert sum("more characters)" in str(post) for post in sent) == len(sent)
    for post in sent:
        assert len(post["blocks"]) <= 50 and len(str(post["blocks"])) < 13_000 and len(post["text"]) < 3000
        assert 0 < len(post["blocks"][0]["text"]["text"]) <= 150
        texts = [it["text"] for it in hostile_text.objects(post["blocks"]) if isinstance(it.get("text"), str)]
        assert all(0 < len(it.encode("utf-16-le")) // 2 <= 3000 for it in texts)
        if count == 1:
            assert ("earlier message" in str(post)) == (updates > 1)


def test_a_digest_has_every_incident() -> None:
    """4: many events are one message, or several where one cannot hold them; each incident has its line and link."""
    sent = posts(Notification(notices(120)))
    links = [it["text"] for it in hostile_text.objects(sent) if it.get("type") == "mrkdwn"]
    assert links == [f"<https://status.acme.example/incidents/a{n}|Open the incident>" for n in range(120)]
    assert sent[0]["blocks"][0]["text"]["text"] == f"120 events at once: 🔴 120 (1 of {len(sent)})"
    assert len(posts(Notification(notices(12)))) == 1


def test_a_retry_goes_on_where_the_last_try_ended() -> None:
    """4: of a digest in several posts, those that were taken are not sent again within the run."""
    with FakeReceiver(200, (429, {"Retry-After": "0.01"}, b"")) as receiver:
        outcome = send("slack", SAMPLE, {"HOOK": receiver.url}, *notices(99))
        sent = [got.body for got in receiver.got]
    assert (outcome.sent, outcome.remarks) == (1, ())
    assert sent[1] == sent[2] and len(sent) == len(set(sent)) + 1 > 3

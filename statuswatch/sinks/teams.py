"""A Microsoft Teams channel or chat, by a webhook of the Workflows app: an Adaptive Card for an event.

The vendor's text stands only in TextRuns, which have no Markdown. The card's version is 1.4, the newest that Power
Automate posts (microsoft/AdaptiveCards issue 8965). A workflow answers HTTP 202 before it posts: whether Teams then
took the card, only the workflow's own history says.
"""

import re
from typing import Any, Final

import msgspec

from statuswatch.model.event import Notification
from statuswatch.render.notification import (
    JOINER,
    NotificationText,
    cut,
    digest_headline,
    digest_line,
    notification_texts,
)
from statuswatch.sinks import Lookup, Send, SinkError
from statuswatch.sinks.posts import Hook, address, newest, packed, part, sender

OPTIONS: Final = Hook
DIGEST_ABOVE: Final = 10

# Bytes of a card's body. Teams takes about 28 KB of a message (learn.microsoft.com, connectors/teams) and counts, for
# bots, in UTF-16.
ROOM: Final = 24_000
LONGEST_PART: Final = 1000  # characters of the headline, and of the title
STYLES: Final = {"🔴": "attention", "🟡": "warning", "🟢": "good", "⚪": "emphasis"}


def configure(options: Hook, secret: Lookup, /) -> Send:
    return sender(address(secret(options.url_env), f"${options.url_env}"), posts, _taken)


def posts(message: Notification) -> list[dict[str, Any]]:
    told = notification_texts(message)
    if len(told) == 1:
        return [_post(_event(told[0]), told[0].url)]
    headline = digest_headline(message)
    parts = packed([_line(it) for it in told], ROOM - 1000, _bytes, most=100)
    return [
        _post([_headline(part(headline, number, len(parts)), "emphasis"), *lines])
        for number, lines in enumerate(parts, 1)
    ]


def inert(plain: str) -> str:
    """Text in which a card finds no date to set (`{{DATE(…)}}`) and a workflow no mention (`<at>`)."""
    return re.sub(r"\{(?=\{)|<(?=\s*/?\s*at\b)", rf"\g<0>{JOINER}", plain, flags=re.IGNORECASE)


def _post(body: list[dict[str, Any]], url: str = "") -> dict[str, Any]:
    content: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    if url:
        content["actions"] = [{**_open(url), "title": "Open the incident"}]
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}],
    }


def _event(it: NotificationText) -> list[dict[str, Any]]:
    before = [_headline(it.headline, STYLES[it.sign]), _text(_run(cut(it.title, LONGEST_PART), weight="Bolder"))]
    before.append(_text(_run(" · ".join(it.facts), isSubtle=True)))
    after = [_text(_run(it.remark)), _text(_run(it.times, isSubtle=True, size="Small"))]
    frame = _bytes(_told("-", "-"))
    left_out, said = newest(it.statuses, ROOM - sum(map(_bytes, before + after)), _bytes, frame)
    body = [*before, _text(_run(left_out, isSubtle=True)), *(_told(status, words) for status, words in said), *after]
    return [block for block in body if block.get("items") or block["inlines"]]


def _headline(words: str, style: str) -> dict[str, Any]:
    text = _text(_run(cut(words, LONGEST_PART), weight="Bolder", size="Medium"))
    return {"type": "Container", "style": style, "bleed": True, "items": [text]}


def _told(status: str, words: str) -> dict[str, Any]:
    return _text(_run(status, weight="Bolder"), _run(f" — {words}" if words else ""))


def _line(it: NotificationText) -> dict[str, Any]:
    link = {**_run("Open", color="Accent"), "selectAction": _open(it.url)}
    return {**_text(_run(f"{digest_line(it)} · "), link), "separator": True}


def _text(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [run for run in runs if run["text"]]}


def _run(words: str, **how: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": inert(words), **how}


def _open(url: str) -> dict[str, Any]:
    return {"type": "Action.OpenUrl", "url": url}


def _bytes(block: Any) -> int:
    """Of its JSON, in the larger of the two encodings."""
    encoded = msgspec.json.encode(inert(block) if isinstance(block, str) else block)
    return max(len(encoded), len(encoded.decode().encode("utf-16-le")))


def _taken(answer: bytes) -> None:
    """Raises SinkError for a refusal that comes as HTTP 200, as those of the retired Office 365 connectors do
    (MicrosoftDocs/msteams-docs issue 1810).
    """
    if b"delivery failed with error" in answer:
        status = re.search(rb"HTTP error (\d{3})", answer)
        code = int(status[1]) if status else 500
        raise SinkError(f"Teams refused it with HTTP {code}", final=code < 500 and code != 429)

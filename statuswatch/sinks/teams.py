"""A Microsoft Teams channel or chat, by a webhook of the Workflows app: an Adaptive Card for an event.

The vendor's text stands only in TextRuns, which have no Markdown. The card's version is 1.4, the newest that Power
Automate posts (microsoft/AdaptiveCards issue 8965). A workflow responds with HTTP 202 before it posts: whether Teams
then accepted the card, only the workflow's own history shows.
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
from statuswatch.render.phrases import Label
from statuswatch.sinks import ReadSecret, Send, SinkError
from statuswatch.sinks.payloads import (
    AddressOptions,
    newest_that_fit,
    numbered,
    pack,
    payload_sender,
    read_address,
)

OPTIONS: Final = AddressOptions
DIGEST_ABOVE: Final = 10

# Bytes of a card's body. A message may have about 28 KB (learn.microsoft.com, connectors/teams); Teams counts, for
# bots, in UTF-16.
MAX_CARD: Final = 24_000
MAX_PART: Final = 1000  # characters of the headline, and of the title
NEUTRAL: Final = "emphasis"
STYLES: Final = {
    Label.NEW: "attention",
    Label.UPDATED: "warning",
    Label.RESOLVED: "good",
    Label.ENDED: NEUTRAL,
    Label.MAINTENANCE: "accent",
}


def configure(options: AddressOptions, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises SecretError for an address that cannot be one."""
    url = read_address(options, read_secret)
    return payload_sender(url, payloads, _check_response)


def payloads(notification: Notification) -> list[dict[str, Any]]:
    """Return the bodies of the requests."""
    contents = notification_texts(notification)
    if len(contents) == 1:
        return [_payload(_event_card(contents[0]), contents[0].url)]
    headline = digest_headline(notification)
    parts = pack([_digest_line(content) for content in contents], MAX_CARD - 1000, _json_size)
    return [
        _payload([_headline(numbered(headline, number, len(parts)), NEUTRAL), *lines])
        for number, lines in enumerate(parts, 1)
    ]


def card_safe(plain: str) -> str:
    """Return text in which a card finds no date to set (`{{DATE(…)}}`) and a workflow no mention (`<at>`)."""
    return re.sub(r"\{(?=\{)|<(?=\s*/?\s*at\b)", rf"\g<0>{JOINER}", plain, flags=re.IGNORECASE)


def _payload(body: list[dict[str, Any]], url: str = "") -> dict[str, Any]:
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
    }
    if url:
        card["actions"] = [{**_open_url(url), "title": "Open the incident"}]
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
    }


def _event_card(content: NotificationText) -> list[dict[str, Any]]:
    before = [
        _headline(content.headline, STYLES[content.kind]),
        _text(_run(cut(content.title, MAX_PART), weight="Bolder")),
        _text(_run(" · ".join(content.facts), isSubtle=True)),
    ]
    after = [_text(_run(content.remark)), _text(_run(content.times, isSubtle=True, size="Small"))]
    room = MAX_CARD - sum(map(_json_size, before + after))
    frame = _json_size(_message("-", "-"))
    left_out, statuses = newest_that_fit(content.statuses, room, _json_size, frame=frame)
    messages = [_message(status, message) for status, message in statuses]
    blocks = [*before, _text(_run(left_out, isSubtle=True)), *messages, *after]
    return [block for block in blocks if block.get("items") or block["inlines"]]


def _headline(words: str, style: str) -> dict[str, Any]:
    text = _text(_run(cut(words, MAX_PART), weight="Bolder", size="Medium"))
    return {"type": "Container", "style": style, "bleed": True, "items": [text]}


def _message(status: str, message: str) -> dict[str, Any]:
    return _text(_run(status, weight="Bolder"), _run(f" — {message}" if message else ""))


def _digest_line(content: NotificationText) -> dict[str, Any]:
    link = {**_run("Open", color="Accent"), "selectAction": _open_url(content.url)}
    return {**_text(_run(f"{digest_line(content)} · "), link), "separator": True}


def _text(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [run for run in runs if run["text"]]}


def _run(words: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextRun", "text": card_safe(words), **style}


def _open_url(url: str) -> dict[str, Any]:
    return {"type": "Action.OpenUrl", "url": url}


def _json_size(block: Any) -> int:
    """Return the bytes of its JSON, in the larger of the two encodings."""
    encoded = msgspec.json.encode(card_safe(block) if isinstance(block, str) else block)
    return max(len(encoded), len(encoded.decode().encode("utf-16-le")))


def _check_response(body: bytes) -> None:
    """Raise SinkError for a rejection that comes as HTTP 200.

    Those of the retired Office 365 connectors do (MicrosoftDocs/msteams-docs issue 1810).
    """
    if b"delivery failed with error" in body:
        status = re.search(rb"HTTP error (\d{3})", body)
        code = int(status[1]) if status else 500
        raise SinkError(f"Teams answered HTTP {code}", final=code < 500 and code != 429)

"""A Slack channel, by an incoming webhook, in Block Kit.

The vendor's text stands only in `plain_text`, in which Slack reads no markup and no mentions. The incident's address is
a link and not a button: Slack shows a warning beside a button of an app that answers no clicks (slackapi/node-slack-sdk
issue 869), and a webhook answers none.
"""

import html
from typing import Any, Final

import msgspec

from statuswatch.model.event import Notification
from statuswatch.render.notification import NotificationText, cut, digest_headline, digest_line, notification_texts
from statuswatch.sinks import ReadSecret, Send
from statuswatch.sinks.payloads import (
    AddressOptions,
    newest_that_fit,
    numbered,
    pack,
    payload_sender,
    read_address,
    status_line,
    utf16_units,
)

OPTIONS: Final = AddressOptions
DIGEST_ABOVE: Final = 10

MAX_HEADER: Final = 150  # characters, as the two below: docs.slack.dev, reference of the blocks
MAX_SECTION: Final = 3000
MAX_BLOCKS: Final = 50  # in a message
MAX_MESSAGE: Final = (
    10_000  # bytes of all blocks: no limit is stated, 13,200 were refused (slackapi/bolt-js issue 2509)
)
MAX_PART: Final = 1000  # characters of the title, and of the product
MAX_FALLBACK: Final = 300  # characters that a desktop notification shows


def configure(options: AddressOptions, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises SecretError for an address that cannot be one."""
    return payload_sender(read_address(options, read_secret), payloads)


def payloads(notification: Notification) -> list[dict[str, Any]]:
    """Return the bodies of the requests."""
    contents = notification_texts(notification)
    if len(contents) == 1:
        (content,) = contents
        return [_payload(f"{content.headline}: {content.title}", _event_blocks(content))]
    headline = digest_headline(notification)
    parts = pack([_digest_line(content) for content in contents], MAX_MESSAGE - 500, _json_size, MAX_BLOCKS - 1)
    headlines = [numbered(headline, number, len(parts)) for number in range(1, len(parts) + 1)]
    return [_payload(words, [_header(words), *lines]) for words, lines in zip(headlines, parts, strict=True)]


def escaped_size(plain: str) -> int:
    """Return the number of characters, escaped: Slack does not say whether it counts before or after."""
    return utf16_units(_escaped(plain))


def _payload(fallback: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """`fallback` is what a desktop notification shows in place of the blocks."""
    text = _escaped(cut(fallback, MAX_FALLBACK))
    return {"text": text, "mrkdwn": False, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _event_blocks(content: NotificationText) -> list[dict[str, Any]]:
    before = [_header(content.headline)]
    if escaped_size(content.headline) > MAX_HEADER:
        before.append(_section(cut(content.product, MAX_PART, escaped_size)))
    title = cut(content.title, MAX_PART, escaped_size)
    before.append(_section("\n".join([title, " · ".join(content.facts)]).strip()))
    after = [_section(content.remark)] if content.remark else []
    after.append({"type": "context", "elements": [_plain(content.times), _link(content.url)]})
    left_out, statuses = newest_that_fit(
        [(status, cut(message, MAX_SECTION - 300, escaped_size)) for status, message in content.statuses],
        MAX_MESSAGE - sum(map(_json_size, before + after)),
        _json_size,
        frame=_json_size(_section(" — ")),
        max_items=MAX_BLOCKS - 10,
    )
    lines = [left_out, *(status_line(status, message) for status, message in statuses)]
    return [*before, *(_section(line) for line in lines if line), *after]  # an empty text is rejected


def _digest_line(content: NotificationText) -> dict[str, Any]:
    return {**_section(digest_line(content)), "fields": [_link(content.url)]}


def _header(words: str) -> dict[str, Any]:
    return {"type": "header", "text": _plain(cut(words, MAX_HEADER, escaped_size))}


def _section(words: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(cut(words, MAX_SECTION, escaped_size))}


def _plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words, "emoji": False}


def _link(url: str) -> dict[str, Any]:
    target = _escaped(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))
    return {"type": "mrkdwn", "text": f"<{target}|Open the incident>", "verbatim": True}


def _escaped(plain: str) -> str:
    return html.escape(plain, quote=False)


def _json_size(value: object) -> int:
    return len(msgspec.json.encode(value))

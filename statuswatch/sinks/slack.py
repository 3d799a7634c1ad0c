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
from statuswatch.sinks import Lookup, Send
from statuswatch.sinks.posts import Hook, address, line, newest, packed, part, sender, units

OPTIONS: Final = Hook
DIGEST_ABOVE: Final = 10

HEADER: Final = 150  # characters, as the two below: docs.slack.dev, reference of the blocks
SECTION: Final = 3000
BLOCKS: Final = 50  # in a message
ROOM: Final = 10_000  # bytes of all blocks: Slack states no limit, and refused 13,200 (slackapi/bolt-js issue 2509)
LONGEST_PART: Final = 1000  # of the title, and of the product


def configure(options: Hook, secret: Lookup, /) -> Send:
    return sender(address(secret(options.url_env), f"${options.url_env}"), posts)


def posts(message: Notification) -> list[dict[str, Any]]:
    told = notification_texts(message)
    if len(told) == 1:
        return [_post(f"{told[0].headline}: {told[0].title}", _event(told[0]))]
    headline = digest_headline(message)
    parts = packed([_line(it) for it in told], ROOM - 500, _bytes, BLOCKS - 1)
    headlines = [part(headline, number, len(parts)) for number in range(1, len(parts) + 1)]
    return [_post(it, [_header(it), *lines]) for it, lines in zip(headlines, parts, strict=True)]


def size(plain: str) -> int:
    """Slack says characters, and not whether before or after it escapes & < >: the larger is counted."""
    return units(_escaped(plain))


def _post(notification: str, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """`text` is what a notification shows in place of the blocks."""
    text = _escaped(cut(notification, 300))
    return {"text": text, "mrkdwn": False, "blocks": blocks, "unfurl_links": False, "unfurl_media": False}


def _event(it: NotificationText) -> list[dict[str, Any]]:
    product = [] if size(it.headline) <= HEADER else [_section(cut(it.product, LONGEST_PART, size))]
    title = _section("\n".join([cut(it.title, LONGEST_PART, size), " · ".join(it.facts)]).strip())
    before = [_header(it.headline), *product, title]
    after = [_section(it.remark)] if it.remark else []
    after.append({"type": "context", "elements": [_plain(it.times), _link(it.url)]})
    left_out, said = newest(
        [(status, cut(words, SECTION - 300, size)) for status, words in it.statuses],
        ROOM - sum(map(_bytes, before + after)),
        lambda plain: len(msgspec.json.encode(plain)),
        frame=_bytes(_section(" — ")),
        most=BLOCKS - 10,
    )
    lines = [left_out, *(line(status, words) for status, words in said)]
    return [*before, *(_section(it) for it in lines if it), *after]  # an empty text is refused


def _line(it: NotificationText) -> dict[str, Any]:
    return {**_section(digest_line(it)), "fields": [_link(it.url)]}


def _header(words: str) -> dict[str, Any]:
    return {"type": "header", "text": _plain(cut(words, HEADER, size))}


def _section(words: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(cut(words, SECTION, size))}


def _plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words, "emoji": False}


def _link(url: str) -> dict[str, Any]:
    whole = _escaped(url.replace("|", "%7C").replace("<", "%3C").replace(">", "%3E"))
    return {"type": "mrkdwn", "text": f"<{whole}|Open the incident>", "verbatim": True}


def _escaped(plain: str) -> str:
    return html.escape(plain, quote=False)


def _bytes(block: dict[str, Any]) -> int:
    return len(msgspec.json.encode(block))

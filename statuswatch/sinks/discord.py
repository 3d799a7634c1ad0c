"""A Discord channel, by its webhook: an embed for an event.

With `wait=true` Discord responds after it has saved the message; without, one that it does not save is an HTTP 204 too
(discord/discord-api-docs, Execute Webhook). It counts code points (issue 1315 there), backslashes included.
"""

import re
from typing import Any, Final

from statuswatch.model.event import Notification
from statuswatch.net.http import with_query
from statuswatch.render.notification import NotificationText, cut, digest_headline, digest_line, notification_texts
from statuswatch.sinks import ReadSecret, Send
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

MAX_TITLE: Final = 256  # of the embed
MAX_DESCRIPTION: Final = 4096  # with title and footer below the 6000 of a message, so that a message has one embed
MAX_INCIDENT_TITLE: Final = 800
MAX_LINE: Final = 2000  # of a digest


def configure(options: AddressOptions, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises SecretError for an address that cannot be one."""
    url = read_address(options, read_secret)
    return payload_sender(with_query(url, wait="true"), payloads)


def payloads(notification: Notification) -> list[dict[str, Any]]:
    """Return the bodies of the requests."""
    contents = notification_texts(notification)
    if len(contents) == 1:
        return [_payload(_event_embed(contents[0]))]
    headline = digest_headline(notification)
    parts = pack([_digest_line(content) for content in contents], MAX_DESCRIPTION, lambda line: len(line) + 1)
    return [
        _payload({"title": numbered(headline, number, len(parts)), "description": "\n".join(lines)})
        for number, lines in enumerate(parts, 1)
    ]


def escaped(plain: str) -> str:
    """Return text in which Discord finds no markup, emoji name, mention, time or link."""
    return re.sub(r"[\\*_~`|<>\[\]():#]", r"\\\g<0>", plain)


def escaped_size(plain: str) -> int:
    """Return the number of characters once escaped."""
    return len(escaped(plain))


def _payload(embed: dict[str, Any]) -> dict[str, Any]:
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _event_embed(content: NotificationText) -> dict[str, Any]:
    title = _bold(escaped(cut(content.title, MAX_INCIDENT_TITLE, escaped_size)))
    facts = escaped(" · ".join(content.facts))
    remark = escaped(content.remark)
    room = MAX_DESCRIPTION - sum(len(line) + 2 for line in (title, facts, remark))
    left_out, statuses = newest_that_fit(content.statuses, room, escaped_size, frame=10)
    messages = [_message(status, message) for status, message in statuses]
    paragraphs = ["\n".join(filter(None, (title, facts))), left_out, *messages, remark]
    return {
        "title": escaped(cut(content.headline, MAX_TITLE, escaped_size)),
        "url": content.url,
        "color": content.colour,
        "description": "\n\n".join(filter(None, paragraphs)),
        "footer": {"text": content.times},
    }


def _bold(escaped_text: str) -> str:
    return f"**{escaped_text}**" if escaped_text else ""


def _message(status: str, message: str) -> str:
    return f"**{escaped(status)}**" + (f" — {escaped(message)}" if message else "")


def _digest_line(content: NotificationText) -> str:
    url = content.url.replace("(", "%28").replace(")", "%29")
    return f"{escaped(cut(digest_line(content), MAX_LINE, escaped_size))} · [Open]({url})"

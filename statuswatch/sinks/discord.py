"""A Discord channel, by its webhook: an embed for an event.

Asked to wait, Discord answers after it has saved the message; else one that it does not save is an HTTP 204 too
(discord/discord-api-docs, Execute Webhook). It counts code points (issue 1315 there), backslashes included.
"""

import re
from typing import Any, Final

import httpx

from statuswatch.model.event import Notification
from statuswatch.render.notification import NotificationText, cut, digest_headline, digest_line, notification_texts
from statuswatch.sinks import Lookup, Send
from statuswatch.sinks.posts import Hook, address, newest, packed, part, sender

OPTIONS: Final = Hook
DIGEST_ABOVE: Final = 10

TITLE: Final = 256
DESCRIPTION: Final = 4096  # with title and footer below the 6000 of a message, so that a message has one embed
LONGEST_TITLE: Final = 800  # of the incident
LONGEST_LINE: Final = 2000  # of a digest


def configure(options: Hook, secret: Lookup, /) -> Send:
    url = httpx.URL(address(secret(options.url_env), f"${options.url_env}"))
    return sender(str(url.copy_merge_params({"wait": "true"})), posts)


def posts(message: Notification) -> list[dict[str, Any]]:
    told = notification_texts(message)
    if len(told) == 1:
        return [_post(_event(told[0]))]
    headline = digest_headline(message)
    parts = packed([_line(it) for it in told], DESCRIPTION, lambda line: len(line) + 1, most=100)
    return [
        _post({"title": part(headline, number, len(parts)), "description": "\n".join(lines)})
        for number, lines in enumerate(parts, 1)
    ]


def escaped(plain: str) -> str:
    """Text in which Discord finds no markup, emoji name, mention, time or link."""
    return re.sub(r"[\\*_~`|<>\[\]():#]", r"\\\g<0>", plain)


def size(plain: str) -> int:
    return len(escaped(plain))


def _post(embed: dict[str, Any]) -> dict[str, Any]:
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _event(it: NotificationText) -> dict[str, Any]:
    before = [f"**{escaped(cut(it.title, LONGEST_TITLE, size))}**" if it.title else "", escaped(" · ".join(it.facts))]
    after = [escaped(it.remark)]
    left_out, said = newest(it.statuses, DESCRIPTION - sum(len(line) + 2 for line in before + after), size, frame=10)
    told = [f"**{escaped(status)}**" + (f" — {escaped(words)}" if words else "") for status, words in said]
    return {
        "title": escaped(cut(it.headline, TITLE, size)),
        "url": it.url,
        "color": it.colour,
        "description": "\n\n".join(filter(None, ["\n".join(filter(None, before)), left_out, *told, *after])),
        "footer": {"text": it.times},
    }


def _line(it: NotificationText) -> str:
    url = it.url.replace("(", "%28").replace(")", "%29")
    return f"{escaped(cut(digest_line(it), LONGEST_LINE, size))} · [Open]({url})"

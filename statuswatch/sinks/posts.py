"""What sinks share that post JSON to one address: a message as posts, and what fits into one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import httpx
import msgspec

from statuswatch.errors import UsageError
from statuswatch.model.event import Notification
from statuswatch.render.notification import cut
from statuswatch.sinks import Options, Send
from statuswatch.sinks.http import post_json

LONGEST_STATUS: Final = 100  # characters

T = TypeVar("T")


class Hook(Options, frozen=True):
    """The address is the secret."""

    url_env: str


def address(url: str, where: str) -> str:
    """The address, where it can be one. Raises UsageError, which does not repeat it."""
    try:
        parts = httpx.URL(url)
        usable = parts.scheme in ("http", "https") and bool(parts.host)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        usable = False
    if not usable:
        raise UsageError(f"{where}: not the address of a receiver (http:// or https://)")
    return url


def sender(
    url: str, posts: Callable[[Notification], Sequence[Any]], taken: Callable[[bytes], None] = lambda answer: None
) -> Send:
    """Sends a message as its posts, in order. `taken` raises SinkError for an answer that only looks like success."""
    done: dict[str, int] = {}  # by the message's id: the next try goes on where this one ended, and repeats nothing

    async def send(client: httpx.AsyncClient, message: Notification) -> None:
        for number, post in enumerate(posts(message), 1):
            if number > done.get(message.id, 0):
                taken(await post_json(client, url, msgspec.json.encode(post)))
                done[message.id] = number
        done.pop(message.id, None)

    return send


def newest(
    statuses: Sequence[tuple[str, str]], room: int, size: Callable[[str], int], frame: int = 0, most: int = 100
) -> tuple[str, list[tuple[str, str]]]:
    """What fits of an event's messages: the newest ones, in their order, of the very newest at least the beginning; and
    a line that says how many are left out, or "". `frame` is what each takes besides its text.
    """
    room -= 80  # for that line
    kept: list[tuple[str, str]] = []
    for status, said in reversed(statuses):
        status = cut(status, LONGEST_STATUS)
        free = room - size(status) - frame
        if kept and (size(said) > free or len(kept) == most):
            break
        said = cut(said, free, size)
        room = free - size(said)
        kept.insert(0, (status, said))
    left_out = len(statuses) - len(kept)
    count = "1 earlier message is" if left_out == 1 else f"{left_out} earlier messages are"
    return f"({count} left out)" if left_out else "", kept


def packed(items: Iterable[T], room: int, size: Callable[[T], int], most: int) -> list[list[T]]:
    """All of them, in order, in as few parts as hold them: each part has room for so much, and `most` items."""
    parts: list[list[T]] = []
    free = 0
    for item in items:
        if not parts or size(item) > free or len(parts[-1]) == most:
            parts.append([])
            free = room
        parts[-1].append(item)
        free -= size(item)
    return parts


def units(plain: str) -> int:
    """UTF-16 code units: never less than characters, whatever a receiver calls one."""
    return len(plain.encode("utf-16-le")) // 2


def line(status: str, said: str) -> str:
    return f"{status} — {said}" if said else status


def part(headline: str, number: int, of: int) -> str:
    """The headline of one post of several."""
    return f"{headline} ({number} of {of})" if of > 1 else headline

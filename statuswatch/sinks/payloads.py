"""Sinks that post JSON to one address: a notification as payloads, and how much fits into one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from statuswatch.errors import SecretError, UsageError
from statuswatch.model.event import Notification
from statuswatch.net.http import SinkClient, is_http_address
from statuswatch.render.notification import cut
from statuswatch.sinks import Options, ReadSecret, Send
from statuswatch.sinks.http import post_json

MAX_STATUS: Final = 100  # characters
MAX_ITEMS: Final = 100  # in one payload
_REMARK_SIZE: Final = 80  # for the line that says how many messages are left out

T = TypeVar("T")


class AddressOptions(Options, frozen=True):
    """Options of a sink whose address is the secret."""

    url_env: str


def check_address(url: str, where: str) -> str:
    """Return the address. Raises UsageError, which does not repeat it, where it cannot be one."""
    if not is_http_address(url):
        raise UsageError(f"{where}: not the address of a receiver (http:// or https://)")
    return url


def read_address(options: AddressOptions, read_secret: ReadSecret) -> str:
    """Return the address that the variable holds. Raises SecretError, which does not repeat it."""
    url = read_secret(options.url_env)
    if not is_http_address(url):
        raise SecretError(f"${options.url_env} is not the address of a receiver (http:// or https://)")
    return url


def payload_sender(
    url: str,
    payloads: Callable[[Notification], Sequence[Any]],
    check_response: Callable[[bytes], None] = lambda body: None,
) -> Send:
    """Return a function that posts the payloads of a notification in order.

    `check_response` raises SinkError for a response that only looks like success.
    """
    accepted: dict[str, int] = {}  # by notification: the next attempt goes on after the last accepted payload

    async def send(client: SinkClient, notification: Notification) -> None:
        for number, payload in enumerate(payloads(notification), 1):
            if number > accepted.get(notification.id, 0):
                check_response(await post_json(client, url, msgspec.json.encode(payload)))
                accepted[notification.id] = number
        accepted.pop(notification.id, None)

    return send


def newest_that_fit(
    statuses: Sequence[tuple[str, str]],
    room: int,
    size: Callable[[str], int],
    *,
    frame: int = 0,
    max_items: int = MAX_ITEMS,
) -> tuple[str, list[tuple[str, str]]]:
    """Return a line that counts the messages left out, or "", and those that fit: the newest, in their order.

    Of the very newest at least the beginning is kept. `statuses` are (status, message) pairs; `frame` is what each of
    them takes besides its text, in units of `size`.
    """
    room -= _REMARK_SIZE
    kept: list[tuple[str, str]] = []
    for long_status, long_message in reversed(statuses):
        status = cut(long_status, MAX_STATUS)
        free = room - size(status) - frame
        if kept and (size(long_message) > free or len(kept) == max_items):
            break
        message = cut(long_message, free, size)
        room = free - size(message)
        kept.insert(0, (status, message))
    return _left_out(len(statuses) - len(kept)), kept


def _left_out(count: int) -> str:
    if not count:
        return ""
    return "(1 earlier message is left out)" if count == 1 else f"({count} earlier messages are left out)"


def pack(items: Iterable[T], room: int, size: Callable[[T], int], max_items: int = MAX_ITEMS) -> list[list[T]]:
    """Return all items, in order, in as few parts as possible.

    A part has at most `max_items` and, unless a single item is larger, a size of at most `room`.
    """
    parts: list[list[T]] = []
    free = 0
    for item in items:
        if not parts or size(item) > free or len(parts[-1]) == max_items:
            parts.append([])
            free = room
        parts[-1].append(item)
        free -= size(item)
    return parts


def utf16_units(plain: str) -> int:
    """Return the length in UTF-16 code units: never less than characters, whatever a receiver calls one."""
    return len(plain.encode("utf-16-le")) // 2


def status_line(status: str, message: str) -> str:
    """Return the status and message of an incident update as one line."""
    return f"{status} — {message}" if message else status


def numbered(headline: str, number: int, count: int) -> str:
    """Return the headline of one payload out of several."""
    return f"{headline} ({number} of {count})" if count > 1 else headline

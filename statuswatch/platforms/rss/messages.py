"""The messages that an entry lists in its markup, each `<small>time</small><br><strong>Label</strong> - text`.

They are the incident's updates, the newest first as a rule: Statuspage (recorded 2014-2025), Instatus, LambStatus
(quoted by others), OnlineOrNot (quoted; perhaps the newest message only).
"""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.model.incident import IncidentUpdate
from statuswatch.platforms.parsing import derived_id, incident_update
from statuswatch.platforms.rss.local_time import LocalTime, is_named_zone, named_offset, read_local_time, utc_offset
from statuswatch.platforms.rss.wording import status_of

_SMALL: Final = re.compile(r"<small\b[^<>]{0,100}>", re.IGNORECASE)
_LABEL: Final = re.compile(r"\s*(?:<br ?/?>)?\s*<strong>([^<>]{2,40})</strong>\s*[-–—](?:\s|$)", re.IGNORECASE)
_WINDOW: Final = re.compile(
    r"THIS IS A SCHEDULED EVENT (?P<start>[A-Z][a-z]{2} \d\d?, \d\d?:\d\d)[^\n]{0,40} (?P<zone>[A-Z]{2,5})(?:\n|$)"
)
_MAX_NOTICE: Final = timedelta(days=90)  # from the announcement of a maintenance to its start


class Message(msgspec.Struct, frozen=True):
    """One message of an entry."""

    time: LocalTime
    label: str
    body: str


def read_messages(markup: str, limit: datetime) -> list[Message]:
    """Return the messages in the order listed; none of them is later than the limit.

    Small print without a time and a label is text of the message in which it stands.
    """
    messages: list[Message] = []
    for part in _SMALL.split(markup)[1:]:
        message = _read_message(part, limit)
        if message:
            messages.append(message)
        elif messages:
            whole = f"{messages[-1].body}\n{part}"
            messages[-1] = msgspec.structs.replace(messages[-1], body=whole)
    return messages


def _read_message(part: str, limit: datetime) -> Message | None:
    """Return the message that begins with this small print, None where it is no time or no label follows."""
    printed, _, rest = part.partition("</small>")
    label = _LABEL.match(rest)
    if label is None:
        return None
    try:
        time = read_local_time(text.line(text.paragraph(printed)), limit)
    except ValueError:
        return None
    return Message(time, label[1], rest[label.end() :])


def message_updates(messages: list[Message], published: datetime) -> tuple[IncidentUpdate, ...]:
    """Return the updates, oldest first. An "Update" has the status of the one before it.

    An id is made of the local time as it is printed, and of a number where one time stands twice.
    """
    offset = utc_offset([message.time for message in messages], published)
    status = ""
    at_time: Counter[datetime] = Counter()
    updates = []
    for message in _oldest_first(messages):
        at = message.time.at
        at_time[at] += 1
        status = status_of(message.label) or status
        key = derived_id(f"{at:%m-%d %H:%M:%S}", str(at_time[at]))
        updates.append(incident_update(key, status or "update", message.body, at - offset, None))
    return tuple(updates)


def _oldest_first(messages: list[Message]) -> Iterable[Message]:
    """Return the messages by time; of two of the same time, the one that stands lower is the older."""
    lowest_first = messages[::-1]
    return sorted(lowest_first, key=lambda message: message.time.at)


def message_published_at(message: Message, published: datetime) -> datetime:
    """Return the time of the message in UTC, of an entry that was published then."""
    return message.time.at - utc_offset([message.time], published)


def read_window_start(markup: str, published: datetime) -> datetime | None:
    """Return when a maintenance begins: `THIS IS A SCHEDULED EVENT Apr 7, 13:00 - 23:45 UTC` (Statuspage, quoted)."""
    before_messages = markup.partition("<small")[0]
    found = _WINDOW.search(text.paragraph(before_messages))
    if found is None:
        return None
    zone = found["zone"].lower()
    if not is_named_zone(zone):
        return None
    start = read_local_time(found["start"], published + _MAX_NOTICE)
    return start.at - named_offset(zone)

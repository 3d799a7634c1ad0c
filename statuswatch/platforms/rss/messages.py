"""The messages that an entry lists in its markup: the incident's updates, the newest first as a rule.

They stand in one of two forms:

- `<small>time</small><br><strong>Label</strong> - text`: Statuspage (recorded 2014-2025), Instatus, LambStatus (quoted
  by others), OnlineOrNot (quoted; perhaps the newest message only);
- `<strong >label</strong > - text<br /><small>time</small>`: Webex, and with a whole sentence as the label PayPal (both
  as readers of the feeds have them).
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.model.incident import CLOSED_STATUSES, IncidentUpdate
from statuswatch.platforms.parsing import derived_id, incident_update
from statuswatch.platforms.rss.times import LocalTime, is_named_zone, named_offset, read_local_time, utc_offset
from statuswatch.platforms.rss.wording import UNCHANGED, Heading, find_headings, status_of

_SMALL: Final = re.compile(r"<small\b[^<>]{0,100}>", re.IGNORECASE)
_SMALL_END: Final = re.compile(r"</small\s{0,9}>", re.IGNORECASE)
_LABEL: Final = re.compile(
    r"\s*+(?:<br ?/?>)?\s*+<(?P<tag>strong|b)\b[^<>]{0,100}>\s*+"
    r"(?P<words>[^\s<>][^<>]{1,39}?)\s*+</(?P=tag)\s{0,9}>\s*+[-–—:](?:\s|$)",
    re.IGNORECASE,
)
_DASH: Final = re.compile(r"\s*[-–—:](?=\s|<|$)")
_WINDOW: Final = re.compile(
    r"THIS IS A SCHEDULED EVENT (?P<start>[A-Z][a-z]{2} \d\d?, \d\d?:\d\d)"
    r"(?: ?[-–] ?(?P<end>(?:[A-Z][a-z]{2} \d\d?, )?\d\d?:\d\d))?[^\n]{0,40} (?P<zone>[A-Z]{2,5})(?:\n|$)"
)
_MAX_NOTICE: Final = timedelta(days=90)  # from the announcement of a maintenance to its start
_DAY: Final = timedelta(days=1)
_MAX_PRINTED_TIME: Final = 300  # characters of the markup of a time


class Message(msgspec.Struct, frozen=True):
    """One message of an entry."""

    time: LocalTime
    label: str
    body: str


def lists_updates(markup: str) -> bool:
    """Return whether the entry shows more than its latest update."""
    return len(_SMALL.findall(markup)) > 1


def read_messages(markup: str, limit: datetime) -> list[Message]:
    """Return the messages in the order listed; none of them is later than the limit."""
    if not _SMALL.search(markup):
        return []
    return _messages_after_times(markup, limit) or _messages_before_times(markup, limit)


def _messages_after_times(markup: str, limit: datetime) -> list[Message]:
    """Return the messages that follow their times.

    Small print without a time and a label is text of the message in which it stands.
    """
    messages: list[Message] = []
    for part in _SMALL.split(markup)[1:]:
        message = _message_after_time(part, limit)
        if message:
            messages.append(message)
        elif messages:
            whole = f"{messages[-1].body}\n{part}"
            messages[-1] = msgspec.structs.replace(messages[-1], body=whole)
    return messages


def _message_after_time(part: str, limit: datetime) -> Message | None:
    """Return the message that begins with this small print, None where it is no time or no label follows."""
    end = _SMALL_END.search(part)
    label = _LABEL.match(part, end.end()) if end else None
    if end is None or label is None:
        return None
    time = _time(part[: end.start()], limit)
    return Message(time, label["words"], part[label.end() :]) if time else None


def _messages_before_times(markup: str, limit: datetime) -> list[Message]:
    """Return the messages that begin with a heading and end with their time; none where one lacks its time."""
    headings = find_headings(markup)
    if not headings:
        return []
    ends = [*(heading.start for heading in headings[1:]), len(markup)]
    messages = [
        _message_before_time(heading, markup[heading.end : end], limit)
        for heading, end in zip(headings, ends, strict=True)
    ]
    dated = [message for message in messages if message]
    return dated if len(dated) == len(messages) else []


def _message_before_time(heading: Heading, part: str, limit: datetime) -> Message | None:
    for small in _SMALL.finditer(part):
        end = _SMALL_END.search(part, small.end(), small.end() + _MAX_PRINTED_TIME)
        time = _time(part[small.end() : end.start()], limit) if end else None
        if time:
            body = _DASH.sub("", part[: small.start()], count=1) if _DASH.match(part) else part[: small.start()]
            return Message(time, heading.label, f"{heading.rest}\n{body}" if heading.rest else body)
    return None


def _time(printed: str, limit: datetime) -> LocalTime | None:
    try:
        return read_local_time(text.line(text.paragraph(printed)), limit)
    except ValueError:
        return None


def message_updates(messages: list[Message], published: datetime) -> tuple[IncidentUpdate, ...]:
    """Return the updates, oldest first. An "Update" has the status of the one before it.

    An id is made of the local time as it is printed, and of a number where one time stands twice.
    """
    offset = utc_offset([message.time for message in messages], published)
    status = ""
    updates = []
    for key, message in _in_course(messages):
        status = status_of(message.label) or status
        updates.append(incident_update(key, status or UNCHANGED, message.body, message.time.at - offset, None))
    return tuple(updates)


def _in_course(messages: Sequence[Message]) -> list[tuple[str, Message]]:
    """Return the messages by time, each with its id.

    Of two of the same time the one that stands lower is the older, but a closing one is the last of its minute: a
    component's automatic post may come right after it, and stays above it for good (GitHub, recorded).
    """
    at_time: Counter[datetime] = Counter()
    identified = []
    for message in _oldest_first(messages):
        at = message.time.at
        at_time[at] += 1
        identified.append((derived_id(f"{at:%m-%d %H:%M:%S}", str(at_time[at])), message))
    return sorted(identified, key=lambda pair: closing_last(pair[1].time.at, status_of(pair[1].label)))


def closing_last(at: datetime, status: str) -> tuple[datetime, bool]:
    """Return the key by which updates are sorted: by the minute, and in it the closing ones last."""
    return at.replace(second=0, microsecond=0), status in CLOSED_STATUSES


def _oldest_first(messages: Sequence[Message]) -> Iterable[Message]:
    """Return the messages by time; of two of the same time, the one that stands lower is the older."""
    lowest_first = messages[::-1]
    return sorted(lowest_first, key=lambda message: message.time.at)


def message_published_at(message: Message, published: datetime) -> datetime:
    """Return the time of the message in UTC, of an entry that was published then."""
    return message.time.at - utc_offset([message.time], published)


def newest_message(messages: Sequence[Message]) -> Message:
    """Return the newest message."""
    return _in_course(messages)[-1][1]


def read_window(markup: str, published: datetime) -> tuple[datetime | None, datetime | None]:
    """Return when a maintenance begins and ends, each None where that is not stated.

    `THIS IS A SCHEDULED EVENT Apr 7, 13:00 - 23:45 UTC` (Statuspage, quoted).
    """
    before_messages = markup.partition("<small")[0]
    found = _WINDOW.search(text.paragraph(before_messages))
    if found is None or not is_named_zone(found["zone"].lower()):
        return None, None
    offset = named_offset(found["zone"].lower())
    start = read_local_time(found["start"], published + _MAX_NOTICE).at
    end = _window_end(start, found["start"], found["end"] or "")
    return start - offset, end - offset if end else None


def _window_end(start: datetime, printed_start: str, printed_end: str) -> datetime | None:
    if not printed_end:
        return None
    day = "" if "," in printed_end else f"{printed_start.partition(',')[0]}, "
    try:
        end = read_local_time(f"{day}{printed_end}", start + _MAX_NOTICE).at
    except ValueError:
        return None
    return end if end >= start else end + _DAY

"""Moments and durations as people write them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from statuswatch.errors import UsageError

_DURATION: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_moment(word: str, now: datetime, option: str) -> datetime:
    """Return the moment that an option names: a time, a date, or how long ago. Without a zone it is UTC.

    Raises UsageError.
    """
    try:
        ago = parse_duration(word)
        if ago is not None:
            return now - ago
        moment = datetime.fromisoformat(word)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        forms = "a time (2026-11-03T14:00Z), a date (2026-11-03), or how long ago (90m, 12h, 7d, 2w)"
        raise UsageError(f"{option}: {word!r} is no time: write {forms}") from None


def parse_duration(word: str) -> timedelta | None:
    """Return a duration such as 45s, 90m, 12h, 7d or 2w; None for any other word. Raises OverflowError."""
    match = _DURATION.fullmatch(word)
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None

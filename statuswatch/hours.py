"""The hours of a sink: wall time of a zone, as `Mon-Fri 08:00-18:00 Europe/Berlin`. Pure."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

import msgspec

from statuswatch.errors import UsageError

if TYPE_CHECKING:
    import zoneinfo

EXAMPLE: Final = "Mon-Fri 08:00-18:00 Europe/Berlin"
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTES_OF_DAY: Final = 24 * 60
_HOURS: Final = re.compile(r"(?:(?P<days>[A-Za-z,-]+) +)?(?P<begin>\d\d:\d\d)-(?P<end>\d\d:\d\d) +(?P<zone>\S+)")


class Hours(msgspec.Struct, frozen=True):
    """Days of the week (0 is Monday), and minutes of the day from `begin` up to `end`, in a time zone.

    Where `end` is not later than `begin`, the hours go on after midnight and belong to the day on which they began.
    """

    days: frozenset[int]
    begin: int
    end: int
    zone: str
    text: str

    @classmethod
    def parse(cls, words: str) -> Self:
        """Return the hours. Raises UsageError for malformed text, and for a zone that is not known."""
        match = _HOURS.fullmatch(words.strip())
        if not match:
            raise UsageError(f"{words!r} are no hours: write days, times and a zone, such as {EXAMPLE!r}")
        days = _days(match["days"] or "mon-sun")
        begin, end = _minute(match["begin"]), _minute(match["end"])
        if begin in (end, MINUTES_OF_DAY):
            raise UsageError(f"{words!r} are no hours: the whole day is 00:00-24:00")
        _zone(match["zone"])
        return cls(days, begin, end, match["zone"], words.strip())

    def hold(self, now: datetime) -> bool:
        """Return whether `now` is outside the hours, so that deliveries are held.

        The wall clock of the moment decides: a minute that is skipped does not exist, a repeated one counts twice.
        """
        local = now.astimezone(_zone(self.zone))
        minute = local.hour * 60 + local.minute
        today = local.weekday()
        if self.begin < self.end:
            return not (today in self.days and self.begin <= minute < self.end)
        yesterday = (local.date() - timedelta(days=1)).weekday()
        began_today = today in self.days and minute >= self.begin
        began_yesterday = yesterday in self.days and minute < self.end
        return not (began_today or began_yesterday)


def _days(words: str) -> frozenset[int]:
    """Return the days of a list of days and ranges, such as `Mon-Fri,Sun`; a range may go over the weekend."""
    days: set[int] = set()
    for part in words.split(","):
        first, _, last = part.partition("-")
        begin, end = _day(first, words), _day(last if "-" in part else first, words)
        days.update((begin + offset) % 7 for offset in range((end - begin) % 7 + 1))
    return frozenset(days)


def _day(word: str, words: str) -> int:
    if word.lower() not in DAYS:
        raise UsageError(f"{words!r} are no days: use Mon, Tue, Wed, Thu, Fri, Sat, Sun, ranges and commas")
    return DAYS.index(word.lower())


def _minute(words: str) -> int:
    """Return the minute of the day; 24:00 is its end."""
    hour, minute = map(int, words.split(":"))
    total = hour * 60 + minute
    if minute > 59 or total > MINUTES_OF_DAY:
        raise UsageError(f"{words!r} is no time of day: use 00:00 to 24:00")
    return total


def _zone(name: str) -> "zoneinfo.ZoneInfo":
    import zoneinfo  # only here: few configurations have hours
    from difflib import get_close_matches

    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    zones = {zone.casefold(): zone for zone in zoneinfo.available_timezones()}
    if not zones:
        raise UsageError("this system has no database of time zones: pip install tzdata")
    near = get_close_matches(name.casefold(), zones, n=1, cutoff=0.8)
    remedy = (
        f"did you mean {zones[near[0]]!r}?" if near else "use a name such as Europe/Berlin, America/New_York or UTC"
    )
    raise UsageError(f"{name!r} is no time zone: {remedy}")

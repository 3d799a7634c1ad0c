"""Times of messages, which vendors print in their local time, without a year, under an ambiguous name of a zone."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME: Final = re.compile(
    r"(?P<month>[A-Z][a-z]{2})[a-z]* (?P<day>\d\d?),? (?:(?P<year>\d{4}),? )?"
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?P<half>[AP])M)?(?: (?P<zone>\S{1,12}))?",
    re.IGNORECASE,
)
# `27 Sep 2026 01:00 UTC`, `Sun, 27 Sep 2026 01:00:00 GMT`, and as ISO 8601 writes it, with a blank or a T.
_DAY_FIRST: Final = re.compile(
    r"(?:[A-Z][a-z]{1,8},? )?(?P<day>\d\d?)(?:st|nd|rd|th)? (?P<month>[A-Z][a-z]{2})[a-z]*\.?,? (?P<year>\d{4}),? "
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d))?(?: ?(?P<half>[AP])M)?(?: (?P<zone>\S{1,12}))?",
    re.IGNORECASE,
)
_ISO: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)[ T](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d+)?)?"
    r"(?P<half>)(?: ?(?P<zone>[A-Z+-][^\s]{0,11}))?",
    re.IGNORECASE,
)
_JOINING_WORDS: Final = re.compile(r",? (?:at|on|-|–) |\s{2,}", re.IGNORECASE)
_NUMERIC_ZONE: Final = re.compile(r"(?:GMT|UTC)?(?P<hours>[+-]\d\d?)(?::?(?P<minutes>\d\d))?")
_UTC_NAMES: Final = frozenset({"", "utc", "gmt", "z", "gmt+0"})
_HOURS_AHEAD: Final = {
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "cet": 1,
    "cest": 2,
    "eet": 2,
    "eest": 3,
}
_MAX_YEARS_BACK: Final = 8  # 29 February comes again within eight years
_HOUR: Final = timedelta(hours=1)
_MAX_AHEAD: Final = 14 * _HOUR
_ZONE_STEP: Final = timedelta(minutes=15)  # zones differ from UTC by multiples of it


class LocalTime(msgspec.Struct, frozen=True):
    """A local time, marked as UTC, and the name of its zone in lower case, "" where none is stated."""

    at: datetime
    zone: str


def read_local_time(printed: str, limit: datetime) -> LocalTime:
    """Return the time; without a year it is of the last one in which it is not after the limit. Raises ValueError."""
    found = _match(printed)
    if found is None:
        raise ValueError("not a time")
    zone = (found["zone"] or "").lower()
    if found["year"]:
        at = _on_calendar(found, int(found["year"]), limit)
        if at is not None:
            return LocalTime(at, zone)
        raise ValueError("no such day")
    for year in range(limit.year, limit.year - _MAX_YEARS_BACK - 1, -1):
        at = _on_calendar(found, year, limit)
        if at is not None and at <= limit:
            return LocalTime(at, zone)
    raise ValueError("no such day")


def read_stated_time(printed: str) -> datetime | None:
    """Return a time that states its year, in UTC; None where there is none, or its zone is not known."""
    try:
        time = read_local_time(printed.strip().strip("()."), datetime(1970, 1, 1, tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    numeric = _NUMERIC_ZONE.fullmatch(time.zone.upper())
    if numeric:
        return time.at - _numeric_offset(numeric)
    return time.at - named_offset(time.zone) if is_named_zone(time.zone) else None


def _match(printed: str) -> re.Match[str] | None:
    plain = _JOINING_WORDS.sub(" ", printed)
    found = _TIME.fullmatch(plain) or _DAY_FIRST.fullmatch(plain) or _ISO.fullmatch(plain)
    return found if found and _month(found) else None


def _month(found: re.Match[str]) -> int:
    """Return the number of the month, 0 where it is none."""
    stated = found["month"].lower()
    if stated.isdecimal():
        return int(stated)
    return _MONTHS.index(stated) + 1 if stated in _MONTHS else 0


def _on_calendar(found: re.Match[str], year: int, limit: datetime) -> datetime | None:
    """Return the time in that year, None where the year has no such day."""
    month = _month(found)
    hour = int(found["hour"])
    if found["half"]:
        hour = hour % 12 + (12 if found["half"].upper() == "P" else 0)
    minute, second = int(found["minute"]), int(found["second"] or 0)
    try:
        return datetime(year, month, int(found["day"]), hour, minute, second, tzinfo=limit.tzinfo)
    except ValueError:
        return None


def is_named_zone(zone: str) -> bool:
    """Return whether the zone's name alone says how far it is ahead of UTC."""
    return zone in _UTC_NAMES or zone in _HOURS_AHEAD


def named_offset(zone: str) -> timedelta:
    """Return how far a zone of that name usually is ahead of UTC, zero for an unknown one."""
    return _HOUR * _HOURS_AHEAD.get(zone, 0)


def utc_offset(times: Sequence[LocalTime], published: datetime) -> timedelta:
    """Return how far the vendor's local times are ahead of UTC.

    Names of zones are ambiguous, and Statuspage's feed of Parse calls the zone PST in summer too (recorded in 2014).
    So a message of the minute of `published` decides, where there is one.
    """
    zone = times[0].zone
    if zone in _UTC_NAMES:
        return timedelta()
    numeric = _NUMERIC_ZONE.fullmatch(zone.upper())
    if numeric:
        return _numeric_offset(numeric)
    possible = _possible_offsets(times, published)
    if zone in _HOURS_AHEAD:
        return _nearest(possible, named_offset(zone))
    return possible[0] if possible else timedelta()


def _numeric_offset(zone: re.Match[str]) -> timedelta:
    size = timedelta(hours=abs(int(zone["hours"])), minutes=int(zone["minutes"] or 0))
    return -size if zone["hours"].startswith("-") else size


def _possible_offsets(times: Iterable[LocalTime], published: datetime) -> list[timedelta]:
    """Return the offsets with which one of the times would be the minute of `published`."""
    minute = published.replace(second=0)
    gaps = [time.at.replace(second=0) - minute for time in times]
    return [gap for gap in gaps if abs(gap) <= _MAX_AHEAD and not gap % _ZONE_STEP]


def _nearest(possible: Iterable[timedelta], usual: timedelta) -> timedelta:
    """Return the possible offset nearest to the usual one, the usual one where none is within the hour of summer."""
    near = [offset for offset in possible if abs(offset - usual) <= _HOUR]
    return min(near, key=lambda offset: abs(offset - usual), default=usual)

"""The hours of a sink (contract, section 7): wall time of a zone, on chosen days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from statuswatch.errors import UsageError
from statuswatch.hours import Hours

if TYPE_CHECKING:
    from collections.abc import Iterator


def open_minutes(words: str, begin: datetime, end: datetime) -> int:
    """Return how many minutes between two times are within the hours."""
    hours = Hours.parse(words)
    return sum(not hours.hold(moment) for moment in minutes(begin, end))


def minutes(begin: datetime, end: datetime) -> Iterator[datetime]:
    while begin < end:
        yield begin
        begin += timedelta(minutes=1)


@pytest.mark.parametrize(
    ("words", "day", "clock", "within"),
    [
        ("Mon-Fri 08:00-18:00 Europe/Berlin", 2, "06:59", False),  # Monday, 2 March 2026; Berlin is an hour ahead
        ("Mon-Fri 08:00-18:00 Europe/Berlin", 2, "07:00", True),
        ("Mon-Fri 08:00-18:00 Europe/Berlin", 2, "16:59", True),
        ("Mon-Fri 08:00-18:00 Europe/Berlin", 2, "17:00", False),
        ("Mon-Fri 08:00-18:00 Europe/Berlin", 7, "12:00", False),
        ("mon,SAT 08:00-18:00 UTC", 7, "12:00", True),
        ("Fri-Mon 08:00-18:00 UTC", 8, "12:00", True),
        ("Fri-Mon 08:00-18:00 UTC", 4, "12:00", False),
        ("08:00-18:00 UTC", 8, "12:00", True),
        ("Sun 00:00-24:00 UTC", 8, "23:59", True),
        ("Sun 00:00-24:00 UTC", 9, "00:00", False),
        ("Mon-Fri 09:00-17:00 Asia/Kolkata", 2, "03:30", True),
    ],
)
def test_hours(words: str, day: int, clock: str, *, within: bool) -> None:
    """Contract 7.6.1: days, times from the first up to the second, and the zone's wall time."""
    hour, minute = map(int, clock.split(":"))
    assert Hours.parse(words).hold(datetime(2026, 3, day, hour, minute, tzinfo=UTC)) is not within


@pytest.mark.parametrize(
    ("day", "hour", "within"), [(6, 22, True), (7, 5, True), (7, 6, False), (7, 22, False), (6, 5, False)]
)
def test_a_night_belongs_to_the_day_on_which_it_began(day: int, hour: int, *, within: bool) -> None:
    """Contract 7.6.1: `Fri 22:00-06:00` is the night from Friday, 6 March 2026, to Saturday."""
    assert Hours.parse("Fri 22:00-06:00 UTC").hold(datetime(2026, 3, day, hour, tzinfo=UTC)) is not within


def test_a_skipped_minute_does_not_exist_and_a_repeated_one_counts_twice() -> None:
    """Contract 7.6.1: Berlin skips 02:00 to 03:00 on 29 March 2026, and repeats it on 25 October 2026."""
    words = "00:00-04:00 Europe/Berlin"
    spring, autumn, usual = (datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 28), (10, 24), (5, 9)))
    lengths = [open_minutes(words, day + timedelta(hours=12), day + timedelta(hours=36)) for day in (spring, autumn)]
    assert open_minutes(words, usual + timedelta(hours=12), usual + timedelta(hours=36)) == 240
    assert lengths == [180, 300]
    skipped = "02:15-02:45 Europe/Berlin"
    assert open_minutes(skipped, spring + timedelta(hours=12), spring + timedelta(hours=36)) == 0
    assert open_minutes(skipped, autumn + timedelta(hours=12), autumn + timedelta(hours=36)) == 60


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "are no hours"),
        ("Mon-Fri 8-18 UTC", "are no hours"),
        ("Mon-Fri 08:00-18:00", "are no hours"),
        ("Mon-Fri 08:00-18:00 UTC UTC", "are no hours"),
        ("Mon-Fry 08:00-18:00 UTC", "are no days"),
        ("Mon--Fri 08:00-18:00 UTC", "are no days"),
        ("Mon, 08:00-18:00 UTC", "are no days"),
        ("08:00-08:00 UTC", "the whole day is 00:00-24:00"),
        ("24:00-08:00 UTC", "the whole day is 00:00-24:00"),
        ("08:60-18:00 UTC", "is no time of day"),
        ("08:00-25:00 UTC", "is no time of day"),
        ("08:00-18:00 Europe/Nowhere", "is no time zone"),
        ("08:00-18:00 Europe", "is no time zone"),
        ("08:00-18:00 ../../etc/passwd", "is no time zone"),
        ("08:00-18:00 /etc/localtime", "is no time zone"),
    ],
)
def test_malformed_hours(words: str, problem: str) -> None:
    """Contract 7.6.1: an unknown zone and malformed text are exit 2."""
    with pytest.raises(UsageError, match=problem):
        Hours.parse(words)

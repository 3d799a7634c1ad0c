"""The strip of a page: a bar of days, on which only the days that differ are elements; in words for who cannot see it.

A run of days alike is one element: its class `d6` is its first day and `w3` its length.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from statuswatch.model.board import Board, BoardPage, Day, DayKind
from statuswatch.render.phrases import counted

CLASSES: Final = {
    DayKind.CALM: "k",
    DayKind.MAINTENANCE: "p",
    DayKind.NOTICE: "n",
    DayKind.UNSTATED: "s",
    DayKind.MINOR: "m",
    DayKind.MAJOR: "M",
    DayKind.CRITICAL: "C",
    DayKind.UNREAD: "x",
    DayKind.BEFORE: "b",
}
WORDS: Final = {
    DayKind.CALM: "nothing reported",
    DayKind.MAINTENANCE: "maintenance",
    DayKind.NOTICE: "no impact",
    DayKind.UNSTATED: "impact not stated",
    DayKind.MINOR: "minor",
    DayKind.MAJOR: "major",
    DayKind.CRITICAL: "critical",
    DayKind.UNREAD: "not known",
    DayKind.BEFORE: "before our records",
}
_WITH_INCIDENT: Final = (DayKind.CRITICAL, DayKind.MAJOR, DayKind.MINOR, DayKind.UNSTATED, DayKind.NOTICE)


class Run(NamedTuple):
    """Days in a row that are alike, of the same incident."""

    first: int
    length: int
    day: Day


def runs(days: Sequence[Day]) -> Iterator[Run]:
    """Yield the runs of days that are not calm, oldest first."""
    first = 0
    for day, group in groupby(days):
        length = len(list(group))
        if day.kind is not DayKind.CALM:
            yield Run(first, length, day)
        first += length


def strip(board: Board, page: BoardPage, path: str) -> str:
    """Return the bar of a page. `path` is that of the vendor's page; "" on that page itself.

    The marks are for the mouse: the keyboard and a screen reader have the words, and the list behind the vendor's link.
    """
    marks = "".join(_mark(board, run, path) for run in runs(page.days))
    words = f'<span class="sr">{in_words(board, page.days)}</span>'
    return f'<div class="strip">{words}<div aria-hidden="true">{marks}</div></div>'


def _mark(board: Board, run: Run, path: str) -> str:
    width = f" w{run.length}" if run.length > 1 else ""
    classes = f'"d{run.first}{width} {CLASSES[run.day.kind]}"'
    if run.day.incident is None:
        return f"<i class={classes}></i>"
    return f"<a class={classes} href={path}#{day_anchor(board, run.first)} tabindex=-1></a>"


def day_anchor(board: Board, number: int) -> str:
    """Return the anchor of a day on the vendor's page: its month and day."""
    return f"{date_of(board, number):%m%d}"


def date_of(board: Board, number: int) -> date:
    """Return the date of a day of the strip."""
    return board.first_day + timedelta(days=number)


def in_words(board: Board, days: Sequence[Day]) -> str:
    """Return the strip in words: how many days of each kind, and the latest with an incident."""
    counts = Counter(day.kind for day in days)
    kinds = [kind for kind in DayKind if kind is not DayKind.CALM and counts[kind]]
    if not kinds:
        return "Nothing reported on any day."
    words = ", ".join(f"{counts[kind]} {WORDS[kind]}" for kind in kinds)
    latest = next((number for number in reversed(range(len(days))) if days[number].kind in _WITH_INCIDENT), None)
    last = f"; the latest incident on {day_name(board, latest)}" if latest is not None else ""
    return f"Of {counted(len(days), 'day')}: {words}{last}."


def day_name(board: Board, number: int) -> str:
    """Return a day of the strip as people write it."""
    day = date_of(board, number)
    return f"{day.day} {day:%b}"


def axis(board: Board) -> str:
    """Return the first and the last day, for the two ends of the strips."""
    last = day_name(board, board.days - 1)
    return f'<span class="axis"><span>{day_name(board, 0)}</span> <span>{last}</span></span>'


def legend(pages: Sequence[BoardPage]) -> str:
    """Return the key to the colours; kinds that do not occur are left out, but for "not known"."""
    found = {day.kind for page in pages for day in page.days} | {DayKind.CALM, DayKind.UNREAD}
    entries = "".join(f'<li><i class="{CLASSES[kind]}"></i>{WORDS[kind]}</li>' for kind in CLASSES if kind in found)
    return f'<ul class="legend">{entries}</ul>'

"""How all pages stand together: what is open, worst first, what maintenance there is, and of which pages that cannot be
said. Pure; the filters of the configuration, which are about events, hide nothing here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from statuswatch.model import SCALE, Impact, Kind, Known, Page, Standing, anybody_answered
from statuswatch.review import names_one

# An impact that is not stated may be any, and stands below those that are known to hurt.
_WORST_FIRST: Final = (
    *(Impact.CRITICAL, Impact.MAJOR, Impact.MINOR),
    *(Impact.UNKNOWN, Impact.NONE, Impact.MAINTENANCE),
)


class Entry(msgspec.Struct, frozen=True):
    """One incident or maintenance window that is open; `stale`: it was, at the last good read of its page."""

    page: Page
    key: str
    known: Known
    stale: bool

    @property
    def begun(self) -> datetime:
        """When it began; where that is not remembered, a time by which it had."""
        return self.known.created_at or self.known.last


class View(msgspec.Struct, frozen=True):
    """The pages asked about. `windows` are the maintenance windows that have begun, or should have, `coming` the
    others; `hidden` counts what the globs exclude.
    """

    standings: tuple[Standing, ...]
    globs: tuple[str, ...]
    incidents: tuple[Entry, ...]
    windows: tuple[Entry, ...]
    coming: tuple[Entry, ...]
    hidden: int

    @property
    def entries(self) -> tuple[Entry, ...]:
        return (*self.incidents, *self.windows, *self.coming)

    @property
    def unknown(self) -> tuple[Standing, ...]:
        return tuple(it for it in self.standings if it.unknown)

    @property
    def answered(self) -> bool:
        """Whether any page answered, be it with an error; else our own network is the likely cause."""
        return anybody_answered(it.failed for it in self.standings)

    def stopping(self, least: Impact) -> tuple[Entry, ...]:
        """The incidents of that impact or a higher one now; one whose impact is not stated may be: better one stop too
        many.
        """
        grave = {*SCALE[SCALE.index(least) :], Impact.UNKNOWN}
        return tuple(it for it in self.incidents if it.known.impact in grave)


def view(standings: Sequence[Standing], now: datetime, globs: Sequence[str] = ()) -> View:
    """Of what is open, only what has a component that one of the globs names; what the vendor does not state passes."""
    everything = [
        Entry(it.page, key, known, it.stale) for it in standings for key, known in it.open.items() if not known.closed
    ]
    shown = [it for it in everything if names_one(it.known.components, globs)]
    planned = sorted((it for it in shown if it.known.kind is Kind.MAINTENANCE), key=_soonest_first)
    return View(
        standings=tuple(standings),
        globs=tuple(globs),
        incidents=tuple(sorted((it for it in shown if it.known.kind is not Kind.MAINTENANCE), key=_worst_first)),
        windows=tuple(it for it in planned if not _is_ahead(it.known, now)),
        coming=tuple(it for it in planned if _is_ahead(it.known, now)),
        hidden=len(everything) - len(shown),
    )


def _is_ahead(window: Known, now: datetime) -> bool:
    """Whether a window is still to come. One that its page calls scheduled after its time came may be under way."""
    return window.status == "scheduled" and (window.scheduled_for is None or window.scheduled_for > now)


def _worst_first(entry: Entry) -> tuple[int, float, str, str]:
    """Of one impact the latest first: it is the likelier news."""
    return _WORST_FIRST.index(entry.known.impact), -entry.begun.timestamp(), entry.page.key, entry.key


def _soonest_first(entry: Entry) -> tuple[bool, datetime, str, str]:
    start = entry.known.scheduled_for
    return start is None, start or entry.begun, entry.page.key, entry.key

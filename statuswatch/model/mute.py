"""Mutes: incidents that are detected and printed, but not delivered."""

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase

import msgspec

from statuswatch.model.incident import Moment


class Mute(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[mute]]`. `incident` is an id, or a glob on the title; without `until` the mute ends with its removal."""

    page: str
    incident: str
    until: Moment | None = None

    def names(self, page: str, incident: str, title: str) -> bool:
        """Return whether it names the incident: by its id first, then by its current title."""
        if page != self.page:
            return False
        return incident == self.incident or fnmatchcase(title.casefold(), self.incident.casefold())

    def covers(self, moment: datetime) -> bool:
        """Return whether it is in force at that time."""
        return self.until is None or moment < self.until


def longest(mutes: Iterable[Mute]) -> Mute | None:
    """Return the mute that ends last; None where there is none."""
    found: Mute | None = None
    for mute in mutes:
        if mute.until is None:
            return mute
        if found is None or not found.covers(mute.until):
            found = mute
    return found

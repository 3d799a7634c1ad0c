"""Mutes: incidents that are detected and printed, but not delivered."""

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


def mute_of(mutes: tuple[Mute, ...], page: str, incident: str, title: str, now: datetime) -> Mute | None:
    """Return the mute that is in force for an incident, the longest where there are several; None where none is."""
    found = [mute for mute in mutes if mute.names(page, incident, title) and mute.covers(now)]
    for mute in found:
        if mute.until is None:
            return mute
    return max(found, key=lambda mute: mute.until or now, default=None)

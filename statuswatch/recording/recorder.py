"""What sees the requests of a run."""

from datetime import datetime
from typing import Protocol

import msgspec

from statuswatch.model.incident import Impact
from statuswatch.model.page import Page
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import State
from statuswatch.net.client import ClientFactory


class RunStart(msgspec.Struct, frozen=True, kw_only=True):
    """What a run begins with. `unread` are watched pages that it leaves out: they count for shared fate."""

    pages: tuple[Page, ...]
    unread: tuple[Page, ...] = ()
    partial: bool = False
    assume_impact: Impact = Impact.UNKNOWN


class Recorder(Protocol):
    """Sees what a run requests and what each page comes to. `needs_bodies`: no validators may be sent."""

    needs_bodies: bool

    def begin(self, start: RunStart, before: State, now: datetime) -> None:
        """Note the pages of a run and the state that it begins with."""

    def connect(self, connect: ClientFactory) -> ClientFactory:
        """Return what opens clients whose responses are noted."""

    def finish(self, outcome: PageOutcome) -> None:
        """Note what one page came to."""


class NoRecorder:
    """Records nothing."""

    needs_bodies = False

    def begin(self, start: RunStart, before: State, now: datetime) -> None:
        """Note nothing."""

    def connect(self, connect: ClientFactory) -> ClientFactory:
        """Return the same."""
        return connect

    def finish(self, outcome: PageOutcome) -> None:
        """Note nothing."""

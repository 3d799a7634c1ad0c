"""What sees the requests of a run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from statuswatch.model.page import Page
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import State
from statuswatch.net.client import ClientFactory


class Recorder(Protocol):
    """Sees what a run requests and what each page comes to. `needs_bodies`: no validators may be sent."""

    needs_bodies: bool

    def begin(self, pages: Sequence[Page], before: State, now: datetime, *, partial: bool) -> None:
        """Note the pages of a run and the state that it begins with."""

    def connect(self, connect: ClientFactory) -> ClientFactory:
        """Return what opens clients whose responses are noted."""

    def finish(self, outcome: PageOutcome) -> None:
        """Note what one page came to."""


class NoRecorder:
    """Records nothing."""

    needs_bodies = False

    def begin(self, pages: Sequence[Page], before: State, now: datetime, *, partial: bool) -> None:
        """Note nothing."""

    def connect(self, connect: ClientFactory) -> ClientFactory:
        """Return the same."""
        return connect

    def finish(self, outcome: PageOutcome) -> None:
        """Note nothing."""

"""What sees the requests of a run."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from statuswatch.model.incident import Impact
from statuswatch.model.page import Failure, Page
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import State
from statuswatch.net.client import ClientFactory
from statuswatch.net.response import Response


class RunStart(msgspec.Struct, frozen=True, kw_only=True):
    """What a run begins with. `unread` are watched pages that it leaves out: they count for shared fate."""

    pages: tuple[Page, ...]
    unread: tuple[Page, ...] = ()
    partial: bool = False
    assume_impact: Impact = Impact.UNKNOWN


class RecordedResponse(NamedTuple):
    """A response of another process, or why there was none; None for a request that was cut off."""

    url: str
    at: datetime
    response: Response | Failure | None


class Recorder(Protocol):
    """Sees what a run requests and what each page comes to. `needs_bodies`: no validators may be sent."""

    needs_bodies: bool

    def begin(self, start: RunStart, before: State, now: datetime) -> None:
        """Note the pages of a run and the state that it begins with."""

    def connect(self, connect: ClientFactory) -> ClientFactory:
        """Return what opens clients whose responses are noted."""

    def add(self, key: str, responses: Iterable[RecordedResponse]) -> None:
        """Note the responses of a page that another process read."""

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

    def add(self, key: str, responses: Iterable[RecordedResponse]) -> None:
        """Note nothing."""

    def finish(self, outcome: PageOutcome) -> None:
        """Note nothing."""

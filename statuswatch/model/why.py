"""The answer to "is it us or them?": which vendors had something open in a range of time."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from statuswatch.model.history import PastIncident, Span
from statuswatch.model.incident import IncidentKind, IncidentUpdate
from statuswatch.model.mute import Mute
from statuswatch.model.page import Page


class LogMatch(NamedTuple):
    """A name in a log that belongs to a vendor: in which line, counted from 1; `in_error`: the line reports trouble."""

    key: str
    line: int
    name: str
    in_error: bool


class Answer(StrEnum):
    """The three answers about a vendor, which are never mixed up."""

    HAD = "had"  # it had something open then
    UNKNOWN = "unknown"  # nobody can say for the whole range
    NOTHING = "nothing"  # its page admits nothing


class Overlap(msgspec.Struct, frozen=True):
    """An incident, or a maintenance in progress, and the part of the range in which it was open."""

    incident: PastIncident
    span: Span
    mute: Mute | None = None

    @property
    def is_maintenance(self) -> bool:
        """True for a maintenance that was in progress."""
        return self.incident.kind is IncidentKind.MAINTENANCE

    @property
    def last_words(self) -> IncidentUpdate | None:
        """The newest message that was out at the end of the range; else the first one there is."""
        messages = [update for update in self.incident.updates if update.body]
        published = [update for update in messages if update.created_at <= self.span.end]
        shown = published[-1:] or messages[:1]
        return shown[0] if shown else None


class PageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one vendor. `unknown` are the parts of the range that nothing covers, `reason` says why.

    `named` is where the log names the vendor. Overlaps come worst first.
    """

    page: Page
    overlaps: tuple[Overlap, ...] = ()
    unknown: tuple[Span, ...] = ()
    reason: str = ""
    named: LogMatch | None = None

    @property
    def answer(self) -> Answer:
        """What had something open is not unknown, even where a part of the range is."""
        if self.overlaps:
            return Answer.HAD
        return Answer.UNKNOWN if self.unknown else Answer.NOTHING


class WhyView(msgspec.Struct, frozen=True, kw_only=True):
    """All answers, in the order in which they are shown: vendors that the log names first, the worst first."""

    span: Span
    at: datetime
    answers: tuple[PageAnswer, ...]
    has_log: bool = False

    def of(self, answer: Answer) -> tuple[PageAnswer, ...]:
        """Return the vendors with that answer."""
        return tuple(each for each in self.answers if each.answer is answer)

    @property
    def has_unknown(self) -> bool:
        """True where any part of the range is unknown for any page."""
        return any(each.unknown for each in self.answers)

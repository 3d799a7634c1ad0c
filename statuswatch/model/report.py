"""The report of a run."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, Self

import msgspec

from statuswatch.model.event import Event, PendingDelivery
from statuswatch.model.incident import CLOSED_STATUSES, IMPACT_SCALE, Component, Impact, IncidentKind
from statuswatch.model.mute import Mute
from statuswatch.model.page import Failure, Feed, Page, RequestNote, any_page_answered
from statuswatch.model.state import ARCHIVE, Failing, IncidentRecord, Outbox, PageState, State

MIN_SILENCE: Final = timedelta(days=180)  # without a word for so long, a page may be calm, or abandoned


class OpenCounts(msgspec.Struct, frozen=True):
    """How much is open: incidents, maintenance in progress, maintenance still to come."""

    incidents: int = 0
    in_progress: int = 0
    scheduled: int = 0

    @classmethod
    def of(cls, records: Iterable[IncidentRecord], now: datetime) -> Self:
        """Count the open ones among the records."""
        incidents = in_progress = scheduled = 0
        for record in records:
            if record.status in CLOSED_STATUSES:
                continue
            if record.kind is not IncidentKind.MAINTENANCE:
                incidents += 1
            elif is_upcoming(record, now):
                scheduled += 1
            else:
                in_progress += 1
        return cls(incidents, in_progress, scheduled)

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.incidents + other.incidents, self.in_progress + other.in_progress, self.scheduled + other.scheduled
        )

    @property
    def total(self) -> int:
        """All that is not closed."""
        return self.incidents + self.in_progress + self.scheduled


def is_upcoming(maintenance: IncidentRecord, now: datetime) -> bool:
    """Return whether a maintenance is still to come; one still `scheduled` after its start may be under way."""
    start = maintenance.scheduled_for
    return maintenance.status == "scheduled" and (start is None or start > now)


class PageNotes(msgspec.Struct, frozen=True, kw_only=True):
    """Remarks on one page for the person who reads along: none of them is an event.

    `skipped` names the entries of a good read that could not be understood, `losses` what enriching documents could
    not add. `unmatched` are the page's globs that match none of its components.
    """

    suspicion: str = ""
    skipped: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    found: tuple[str, ...] = ()  # facts about the page that belong into the configuration
    requests: tuple[RequestNote, ...] = ()


class PageOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One page in one run. `dirty`: its state has to be written for its own sake. `is_baseline`: first good read."""

    page: Page
    events: tuple[Event, ...] = ()
    state: PageState | None = None
    dirty: bool = False
    open: OpenCounts = OpenCounts()
    is_baseline: bool = False
    failure: Failure | None = None
    failing: Failing | None = None  # its series of failing reads, this one included
    notes: PageNotes = PageNotes()
    feed: Feed | None = None  # what the read understood; a run of `check` does not keep it


class PageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What is open on one page, and why that may not be all. `read_before`: there was at least one good read.

    `shared_failure` is the title of the shared incident that its failure belongs to. `last_word_at` is the time of the
    newest message that is remembered of it, and `caution` what the catalog knows against trusting its silence.
    """

    page: Page
    open: Mapping[str, IncidentRecord] = {}
    failure: Failure | None = None
    suspicion: str = ""
    skipped: tuple[str, ...] = ()
    read_before: bool = False
    components: tuple[Component, ...] = ()  # that the page lists; none where that is unknown
    shared_failure: str = ""
    last_word_at: datetime | None = None
    caution: str = ""

    def is_silent(self, now: datetime) -> bool:
        """Return whether the page has published nothing for so long that it may be abandoned."""
        return self.last_word_at is not None and now - self.last_word_at >= MIN_SILENCE

    @property
    def unknown(self) -> str:
        """Reason why nobody can say that nothing else is open; "" where the page was read and understood in full."""
        if self.failure:
            return self.shared_failure or self.failure.reason or "no reason is known"
        if self.suspicion:
            return self.suspicion
        more = f" (and {len(self.skipped) - 1} more)" if len(self.skipped) > 1 else ""
        return f"an entry could not be understood: {self.skipped[0]}{more}" if self.skipped else ""

    @property
    def stale(self) -> bool:
        """True where `open` is what was open at the last good read."""
        return self.failure is not None or bool(self.suspicion)


class PageView(msgspec.Struct, frozen=True):
    """One page as it was read just now, or as it is remembered: what is open, its state, and all that its lists show.

    `feed` is None where the page was not read, or could not be. `known_until` is the time until when its incidents are
    known: of the read itself, if that is good, else of the last one that the state file knows of.
    """

    status: PageStatus
    state: PageState | None
    feed: Feed | None = None
    known_until: datetime | None = None


class OpenIncident(msgspec.Struct, frozen=True):
    """One incident or maintenance that is open; `stale`: it was, at the last good read of its page."""

    page: Page
    key: str
    record: IncidentRecord
    stale: bool
    mute: Mute | None = None

    @property
    def started_at(self) -> datetime:
        """Time of creation; where that is not remembered, a time by which it had begun."""
        return self.record.created_at or self.record.last_update_at


class StatusView(msgspec.Struct, frozen=True):
    """What is open on the pages asked about, worst first; or, if `is_past`, what was open at a past moment.

    `hidden` counts what the component globs exclude.
    """

    pages: tuple[PageStatus, ...]
    globs: tuple[str, ...]
    incidents: tuple[OpenIncident, ...]
    in_progress: tuple[OpenIncident, ...]  # maintenance that has begun, or should have
    scheduled: tuple[OpenIncident, ...]  # maintenance still to come
    hidden: int
    is_past: bool = False

    @property
    def entries(self) -> tuple[OpenIncident, ...]:
        """All that is shown."""
        return (*self.incidents, *self.in_progress, *self.scheduled)

    @property
    def unknown(self) -> tuple[PageStatus, ...]:
        """The pages of which nobody can say that nothing else is open."""
        return tuple(page for page in self.pages if page.unknown)

    @property
    def reached_anyone(self) -> bool:
        """True where any page answered, be it with an error; else our own network is the likely cause."""
        return any_page_answered(page.failure for page in self.pages)

    def blocking(self, minimum: Impact, assumed: Impact = Impact.UNKNOWN) -> tuple[OpenIncident, ...]:
        """Return the incidents of that impact or a higher one now.

        An unstated impact counts as `assumed`; `unknown` may be as high as any.
        """
        blocking = set(IMPACT_SCALE[IMPACT_SCALE.index(minimum) :])
        unstated_blocks = assumed is Impact.UNKNOWN or assumed in blocking
        return tuple(
            incident
            for incident in self.incidents
            if incident.record.impact in blocking or (unstated_blocks and incident.record.impact is Impact.UNKNOWN)
        )


class SinkOutcome(msgspec.Struct, frozen=True):
    """One sink's deliveries: notifications it accepted, what waits for the next run, ids of events given up.

    `held` of those that wait are kept back by the sink's hours or by a mute, and are no failure. `dropped` events were
    given up and not announced to the receiver yet. `accepted` are the events of the notifications.
    """

    name: str
    sent: int = 0
    waiting: tuple[PendingDelivery, ...] = ()
    lost: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    held: int = 0
    dropped: int = 0
    accepted: tuple[Event, ...] = ()

    @property
    def failed(self) -> bool:
        """True where something waits that was due, or that the sink cannot deliver at all."""
        return len(self.waiting) > self.held


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What came of delivering a run's events: by sink, and the outbox for the next run.

    `dropped` counts, by sink, the events that were dropped and not announced yet, and `started` has the incidents whose
    start it received, and not their end. Of a dry run, `due` is what each
    sink would be sent, and `needed` the environment variables that it needs and that are not set.
    """

    outbox: Outbox
    dropped: Mapping[str, int] = {}
    started: Mapping[str, tuple[str, ...]] = {}
    sinks: tuple[SinkOutcome, ...] = ()
    due: Mapping[str, tuple[PendingDelivery, ...]] = {}
    needed: Mapping[str, tuple[str, ...]] = {}


class RunReport(msgspec.Struct, frozen=True, kw_only=True):
    """One run: its events, the pages they are of, and the state to save. `dirty`: it has to be saved.

    `changed` is true once the state file was rewritten.
    """

    detected_at: datetime
    pages: tuple[PageOutcome, ...]
    events: tuple[Event, ...]
    filtered: tuple[Event, ...] = ()  # that no filter of its page passes: nobody is notified of them
    muted: Mapping[str, Mute] = {}  # by the event's id
    state: State = State()
    dirty: bool = False
    changed: bool = False
    shard: str = ""  # K/N where the run read only a part of the pages
    seconds: float = 0.0
    sinks: tuple[SinkOutcome, ...] = ()
    due: Mapping[str, tuple[PendingDelivery, ...]] = {}  # of a dry run
    needed: Mapping[str, tuple[str, ...]] = {}  # of a dry run

    def delivered(self, delivery: Delivery) -> Self:
        """Return the report with what came of the deliveries; a changed outbox has to be saved."""
        return msgspec.structs.replace(
            self,
            sinks=delivery.sinks,
            due=delivery.due,
            needed=delivery.needed,
            dirty=self.dirty
            or (delivery.outbox, delivery.dropped, delivery.started)
            != (self.state.outbox, self.state.dropped, self.state.started),
            state=msgspec.structs.replace(
                self.state, outbox=delivery.outbox, dropped=delivery.dropped, started=delivery.started
            ),
        )

    def archived(self, outcome: SinkOutcome) -> Self:
        """Return the report with what came of the archive; what could not be appended has to be saved."""
        waits = {ARCHIVE: outcome.waiting} if outcome.waiting else {}
        rest = {name: waiting for name, waiting in self.state.outbox.items() if name != ARCHIVE}
        return msgspec.structs.replace(
            self,
            sinks=(*self.sinks, outcome) if outcome.remarks else self.sinks,
            dirty=self.dirty or self.state.outbox.get(ARCHIVE, ()) != outcome.waiting,
            state=msgspec.structs.replace(self.state, outbox=rest | waits),
        )

    @property
    def reached_anyone(self) -> bool:
        """True where any page answered, be it with an error; else our own network is the likely cause."""
        return any_page_answered(page.failure for page in self.pages)

    @property
    def failed(self) -> tuple[PageOutcome, ...]:
        """The pages that could not be read."""
        return tuple(page for page in self.pages if page.failure)

    @property
    def unknown(self) -> tuple[PageOutcome, ...]:
        """The pages that were not read and understood in full."""
        return tuple(page for page in self.pages if page.failure or page.notes.suspicion or page.notes.skipped)

    @property
    def open(self) -> OpenCounts:
        """What is open on the pages of this run."""
        return sum((page.open for page in self.pages), OpenCounts())

    @property
    def baseline(self) -> tuple[PageOutcome, ...]:
        """The pages that were read for the first time."""
        return tuple(page for page in self.pages if page.is_baseline)

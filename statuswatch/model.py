"""The nouns of the program. All frozen, all times aware and in UTC, all sequences tuples.

A *page* is a vendor's status page; it runs on a *platform*, which lists *incidents* with *updates*. A *document* is
what is fetched of a page. What changed about one incident since the last run is an *event*; all of a run is a
*report*; what is remembered is the *state*.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]  # a remembered time: with a zone, or state.json is not ours

EXPIRED: Final = "expired"  # our own word: nothing was heard of it for so long that it is not counted as open
CLOSED: Final = frozenset({"resolved", "postmortem", "completed", EXPIRED})


class Kind(StrEnum):
    INCIDENT = "incident"
    MAINTENANCE = "maintenance"
    PAGE = "page"  # the page itself cannot be read


class Impact(StrEnum):
    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"


SCALE: Final = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)  # the impacts that can be compared


STATED: Final = 3  # the rank of components that the vendor links to an incident; anything lower is recovered


class EventKind(StrEnum):
    NEW = "new"
    UPDATED = "updated"
    RESOLVED = "resolved"


class Change(StrEnum):
    """What differs; in the order in which an event lists it."""

    MISSED = "missed"
    DELISTED = "delisted"
    WITHDRAWN = "withdrawn"
    REOPENED = "reopened"
    UPDATES = "updates"
    STATUS = "status"
    IMPACT = "impact"
    TITLE = "title"
    SCHEDULE = "schedule"
    COMPONENTS = "components"
    EDITED = "edited"


class Component(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True, order=True):
    """A part of the vendor's product. `group` is set only where two components of the page share the name."""

    name: str
    group: str = ""

    @property
    def label(self) -> str:
        return f"{self.group} - {self.name}" if self.group else self.name


class IncidentUpdate(msgspec.Struct, frozen=True):
    """One message of the vendor. `created_at` is when it was published, `display_at` the time the vendor claims.

    `borrowed` marks a body that a decorating document filled in: the incident's own document replaces it silently.
    """

    id: str
    status: str
    body: str
    created_at: Moment
    display_at: Moment
    borrowed: bool = False


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """An incident or a maintenance window as its page shows it now. Updates are oldest first, components sorted.

    `position` is the time by which the vendor's list is ordered (creation or last change): an entry with an earlier
    one stands lower. `rank` says how rich the source of the components is (0: none are stated).
    """

    id: str
    kind: Kind = Kind.INCIDENT
    title: str
    status: str
    impact: Impact
    url: str
    created_at: Moment
    position: Moment
    components: tuple[Component, ...] = ()
    rank: int = 0
    updates: tuple[IncidentUpdate, ...] = ()
    scheduled_for: Moment | None = None
    scheduled_until: Moment | None = None

    @property
    def closed(self) -> bool:
        return self.status in CLOSED

    @property
    def last(self) -> datetime:
        """When the newest update was published."""
        return self.updates[-1].created_at if self.updates else self.created_at


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one incident. `updates` are those not told before, oldest first. From `worst` on it is what filters
    look at: the highest impact, all components ever named, and whether the vendor left either open at any event.
    """

    id: str
    kind: EventKind
    changes: tuple[Change, ...]
    page: "Page"
    incident: Incident
    updates: tuple[IncidentUpdate, ...]
    worst: Impact
    named: tuple[Component, ...]
    vague_impact: bool = False
    vague_components: bool = False
    worst_before: Impact | None = None  # what it was before; None where the incident was not known

    @property
    def at(self) -> datetime:
        """When its newest update was published: the order of a report."""
        newest = self.incident.last if self.incident.updates else self.incident.position
        return max((update.created_at for update in self.updates), default=newest)


class Notice(msgspec.Struct, frozen=True):
    """An event for one sink, and when it was detected. It waits for that `reason`; its receiver refused it for good
    `since` then.
    """

    event: Event
    detected_at: Moment
    since: Moment | None = None
    reason: str = ""


class Message(msgspec.Struct, frozen=True):
    """What is sent at once: one event, or many as a digest. `test` marks what did not happen."""

    notices: tuple[Notice, ...]
    test: bool = False

    @property
    def id(self) -> str:
        """The event's; of a digest one that is the same for the same events."""
        ids = [notice.event.id for notice in self.notices]
        return ids[0] if len(ids) == 1 else f"digest/{hashlib.sha256(chr(10).join(ids).encode()).hexdigest()[:12]}"


# -------------------------------------------------------------------------------------------------- pages and documents


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page to watch, and what of it is told. `platform` is "" where the configuration leaves it to be recognised.

    `id` is what a platform needs besides the address, where it does: status.io's id of the page, the address of a feed.
    """

    key: str
    name: str
    url: str
    platform: str = ""
    id: str = ""
    components: tuple[str, ...] = ()
    min_impact: Impact = Impact.NONE
    maintenance: bool = True
    kinds: tuple[str, ...] = ()  # of events, of incidents, or of both; none: all


class Document(msgspec.Struct, frozen=True):
    """Something to fetch. Without a required one the page is not read; any other costs only what it adds."""

    name: str
    url: str
    required: bool = False


class Validators(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a server gave with a document to ask by, next time, whether it changed."""

    etag: str = ""
    last_modified: str = ""


class Fetched(msgspec.Struct, frozen=True):
    body: bytes
    validators: Validators


class NotModified(msgspec.Struct, frozen=True):
    """The server says that it is as it was when its validators were remembered."""


class Failed(msgspec.Struct, frozen=True):
    """Why a document, or a page, could not be read: `reason` in a few words, then where, and what to do about it.

    `answered` is false where nothing came back at all, `gone` true where the server says that there is no such
    document, `misread` where it is not what the platform says, `busy` where it may be had later; `there` is the other
    host that it redirects to. `now` is the page as it is now, where that could be found, and `line` what to write in
    the configuration for it.
    """

    reason: str
    where: str = ""
    hint: str = ""
    answered: bool = True
    gone: bool = False
    misread: bool = False
    busy: bool = False
    there: str = ""
    now: Page | None = None
    line: str = ""

    def __str__(self) -> str:
        what = f"set {self.line}" if self.line else self.hint
        return self.reason + (f" ({self.where})" if self.where else "") + (f": {what}" if what else "")


class Exchange(msgspec.Struct, frozen=True):
    """What asking for one document came to: where it led (`hops`: the redirects) and how long it took."""

    document: Document
    result: Fetched | NotModified | Failed
    seconds: float
    hops: tuple[str, ...] = ()


def anybody_answered(outcomes: Iterable[Failed | None]) -> bool:
    """Whether any page answered, be it with an error; else our own network is the likely cause. Of none nobody can."""
    known = list(outcomes)
    return not known or any(failed is None or failed.answered for failed in known)


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says, once understood; `updated_at` is what each document says of its own age.

    `history` holds the kinds read from a list that also keeps closed entries, `complete` those of which every open
    one is listed, `current` those of which, by the nature of the platform, nothing but open ones is. `skipped` says
    which entries could not be understood, `losses` what decorating documents could not add; `names` is what the
    platform wants remembered about component ids.
    """

    identity: str
    incidents: tuple[Incident, ...]
    updated_at: Mapping[str, datetime] = {}
    by_creation: bool = False  # the list is ordered by creation, not by the last change
    history: frozenset[Kind] = frozenset()
    complete: frozenset[Kind] = frozenset()
    current: frozenset[Kind] = frozenset()
    skipped: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    names: Mapping[str, Component] = {}


class Attempt(msgspec.Struct, frozen=True):
    """A platform that a page was not recognised as, and why."""

    platform: str
    failed: Failed


class Inspection(msgspec.Struct, frozen=True):
    """One page explained: as what it was read, what came of it, all that was asked for it, and what it is not."""

    page: Page
    result: Feed | Failed
    exchanges: tuple[Exchange, ...]
    tried: tuple[Attempt, ...]


# --------------------------------------------------------------------------------------------------------------- memory


class Known(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What is remembered of an incident. Once closed, its title shrinks to a digest and what only an open one needs
    goes.

    `updates` are digests, oldest first, space-separated: 6 characters of the id, 2 of the status, 6 of the body
    (none: it was empty; a trailing `~`: it was borrowed). `worst` and `dropped` are the highest impact and the
    components it had before, for the filters; it was vague where an event was made while the vendor stated none.
    `told` counts its events, so that no two of them share an id. `message` is the beginning of the newest update's
    text.
    """

    status: str
    impact: Impact
    title: str
    last: Moment
    kind: Kind = Kind.INCIDENT
    updates: str = ""
    components: tuple[Component, ...] = ()
    rank: int = STATED
    worst: Impact | None = None
    dropped: tuple[Component, ...] = ()
    told: int = 0
    vague_impact: bool = False
    vague_components: bool = False
    scheduled_for: Moment | None = None
    scheduled_until: Moment | None = None
    url: str = ""
    message: str = ""
    created_at: Moment | None = None
    absent_since: Moment | None = None

    @property
    def closed(self) -> bool:
        return self.status in CLOSED


class Failing(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The page has failed at every read since; `told` once people know. `line` is as in Failed."""

    since: Moment
    reason: str
    told: bool = False
    line: str = ""


class Suspicion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The page has looked wrong since: believed when it still does half an hour later."""

    since: Moment
    reason: str


class PageMemory(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What is remembered of a page. `baseline` is when it was first read; absent while it never was. `id` is the
    configured one, or the one that was found.
    """

    url: str
    platform: str
    id: str = ""
    baseline: Moment | None = None
    identity: str = ""
    updated_at: dict[str, Moment] = {}
    parser: int = 0
    validators: dict[str, Validators] = {}
    names: dict[str, Component] = {}
    failing: Failing | None = None
    suspicion: Suspicion | None = None
    incidents: dict[str, Known] = {}


class PageReview(msgspec.Struct, frozen=True, kw_only=True):
    """What one page comes to in a run. `moved` is whether its memory has to be written for its own sake, `open` how
    many of its incidents and maintenance windows are open after it.

    `failed`, `suspicion` and `notes` are for the person who reads along; `baseline` is set where this was the first
    good read. `skipped` says which entries of a good read could not be understood.
    """

    page: Page
    events: tuple[Event, ...] = ()
    memory: PageMemory | None = None
    moved: bool = False
    open: int = 0
    baseline: bool = False
    failed: Failed | None = None
    suspicion: str = ""
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one page stands: what of it is open, and why that may not be all. `read_before` is whether there ever was a
    good read of it, this one included.
    """

    page: Page
    open: Mapping[str, Known] = {}
    failed: Failed | None = None
    suspicion: str = ""
    skipped: tuple[str, ...] = ()
    read_before: bool = False

    @property
    def unknown(self) -> str:
        """Why nobody can say that nothing else is open; "" where it was read, and understood in full."""
        if self.failed:
            return self.failed.reason or "no reason is known"
        if self.suspicion:
            return self.suspicion
        more = f" (and {len(self.skipped) - 1} more)" if len(self.skipped) > 1 else ""
        return f"an entry could not be understood: {self.skipped[0]}{more}" if self.skipped else ""

    @property
    def stale(self) -> bool:
        """Whether what is open is what was open at the last good read."""
        return self.failed is not None or bool(self.suspicion)


class Outcome(msgspec.Struct, frozen=True):
    """What came of telling one sink: how many messages it took, what waits for the next run, the ids of the events that
    were given up, what there is to say.
    """

    name: str
    sent: int = 0
    waiting: tuple[Notice, ...] = ()
    lost: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One run: what is told, of which pages, and whether the memory changed."""

    detected_at: datetime
    reviews: tuple[PageReview, ...]
    events: tuple[Event, ...]
    changed: bool
    shard: str = ""  # which, of a run that reads only a part of the pages
    seconds: float = 0.0
    outcomes: tuple[Outcome, ...] = ()
    due: Mapping[str, tuple[Notice, ...]] = {}  # what each sink would be sent, of a run that sends nothing

    @property
    def reached(self) -> bool:
        """Whether any page answered, be it with an error; else our own network is the likely cause."""
        return anybody_answered(review.failed for review in self.reviews)

    @property
    def failed(self) -> tuple[PageReview, ...]:
        return tuple(review for review in self.reviews if review.failed)

    @property
    def open(self) -> int:
        """Incidents and maintenance windows known to be open on the pages of this run."""
        return sum(review.open for review in self.reviews)

    @property
    def baseline(self) -> tuple[PageReview, ...]:
        return tuple(review for review in self.reviews if review.baseline)

    @property
    def baseline_open(self) -> int:
        return sum(review.open for review in self.baseline)


def utc(moment: datetime) -> datetime:
    """In UTC; a time without a zone is taken as UTC. Raises OverflowError at the edges of the calendar."""
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

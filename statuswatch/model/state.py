"""The state of a page between two runs, field by field as state.json has it.

Names in the file are those of version 1; where the attribute has a plainer name, `name=` keeps the file's.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Self

import msgspec

from statuswatch import text
from statuswatch.model.digest import UpdateDigest, newest_id_digest, parse_digests
from statuswatch.model.event import PendingDelivery
from statuswatch.model.incident import (
    CLOSED_STATUSES,
    STATED_BY_VENDOR,
    Component,
    Impact,
    Incident,
    IncidentKind,
    Moment,
)
from statuswatch.model.page import FailureClass, LookUp, Validators
from statuswatch.shard import SEPARATOR, parse_shard


class IncidentRecord(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """An incident as the state file remembers it. Once closed, its title is a digest and most fields are empty.

    `updates` holds update digests (see `UpdateDigest`), oldest first, separated by blanks. `peak_impact` and
    `former_components` are what filters need of its past; `event_count` keeps event ids apart; `message` is the
    beginning of the newest update's text. `status_unstated`: the vendor states no status. `update_times` holds the
    times of updates (see `UpdateTime`): of a closed incident only of those that the vendor gave no id.
    `not_found_since` is the time of the first 404 or 410 of its own document beside a found control.
    `closed_at_baseline` marks an incident that was over before its page was watched and had an event since; without an
    event, `was_over_at_baseline` says so by itself. `entry_digest` is that of the bytes that the vendor's list has for
    a closed incident: an entry of the same bytes is as it was.

    What was over at the baseline `is_brief` where that is enough: of its updates only the time of the newest is
    remembered.
    """

    status: str
    impact: Impact
    title: str
    last_update_at: Moment = msgspec.field(name="last")
    kind: IncidentKind = IncidentKind.INCIDENT
    updates: str = ""
    components: tuple[Component, ...] = ()
    source_quality: int = msgspec.field(default=STATED_BY_VENDOR, name="rank")
    peak_impact: Impact | None = msgspec.field(default=None, name="worst")
    former_components: tuple[Component, ...] = msgspec.field(default=(), name="dropped")
    event_count: int = msgspec.field(default=0, name="told")
    impact_unstated: bool = msgspec.field(default=False, name="vague_impact")
    components_unstated: bool = msgspec.field(default=False, name="vague_components")
    regions_unstated: bool = False
    scheduled_for: Moment | None = None
    scheduled_until: Moment | None = None
    url: str = ""
    message: str = ""
    created_at: Moment | None = None
    absent_since: Moment | None = None
    status_unstated: bool = False
    not_found_since: Moment | None = None
    update_times: str = msgspec.field(default="", name="times")
    closed_at_baseline: bool = False
    entry_digest: str = msgspec.field(default="", name="entry")

    @property
    def closed(self) -> bool:
        """True once it ended."""
        return self.status in CLOSED_STATUSES

    @property
    def was_over_at_baseline(self) -> bool:
        """True for an incident that was closed when its page was first read, and has not reopened since."""
        return self.closed and (self.closed_at_baseline or self.event_count == 0)

    @property
    def is_brief(self) -> bool:
        """True where only the time of the newest update is remembered, and with it all updates up to then."""
        return not self.updates and bool(self.entry_digest) and self.was_over_at_baseline

    def as_incident(self, key: str) -> Incident:
        """Return the incident as far as it is remembered: without its updates."""
        return Incident(
            id=key,
            kind=self.kind,
            title=self.title,
            status=self.status,
            impact=self.impact,
            url=self.url,
            created_at=self.created_at or self.last_update_at,
            position=self.last_update_at,
            components=self.components,
            source_quality=self.source_quality,
            scheduled_for=self.scheduled_for,
            scheduled_until=self.scheduled_until,
            status_unstated=self.status_unstated or msgspec.UNSET,
        )

    def update_statuses(self, statuses: Iterable[str]) -> dict[str, str]:
        """Return which of the statuses each remembered update had, by the digest of its id; none where it had another.

        For vendors that state no status of an update: it must not change for that.
        """
        by_digest = {text.word_digest(status): status for status in statuses}
        return {
            digest.id_digest: by_digest[digest.status_digest]
            for digest in self.update_digests
            if digest.status_digest in by_digest
        }

    @property
    def update_digests(self) -> tuple[UpdateDigest, ...]:
        """The digests of the remembered updates, oldest first."""
        return parse_digests(self.updates)

    @property
    def newest_id_digest(self) -> str:
        """The digest of the newest remembered update's id; "" where no update is remembered."""
        return newest_id_digest(self.updates)


class Failing(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A series of failing reads without a good one between; `reported` once an event said so.

    `failure_class` is that of the last read, and `alike_since` the time since when every read failed so, where that is
    later than `since`.
    """

    since: Moment
    reason: str
    reported: bool = msgspec.field(default=False, name="told")
    suggested_config: str = msgspec.field(default="", name="line")
    failure_class: FailureClass = msgspec.field(default=FailureClass.UNREACHABLE, name="class")
    alike_since: Moment | None = None

    @property
    def failed_alike_since(self) -> datetime:
        """Time since when every read failed in the same way."""
        return self.alike_since or self.since


class SharedFailure(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A shared incident: pages of one host or hosted platform that cannot be read. Its `new` fixes all of it."""

    since: Moment
    title: str
    url: str
    failure_class: FailureClass = msgspec.field(name="class")
    pages: tuple[str, ...]  # keys of the affected pages
    names: tuple[str, ...]
    reported_at: Moment


class Suspicion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reason to distrust the page's documents; believed when they still look so half an hour later."""

    since: Moment
    reason: str


class PageState(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """What is remembered of a page. `baseline` is the time of its first good read, None before it.

    `id` is the configured one, or the one that was found. `to_look_up` holds incidents of a longer list whose own
    document was not read yet. `components` are those that the page listed when it was last read in full before the
    state was saved, each with its group. `read_at` is the newest good read that was saved of documents whose `Age` was
    stated, and `last_modified` what the servers stated last. `history_empty`: that the history lists nothing is
    believed. `watched_since` is the time of the first good read, which pruning never moves; files of earlier versions
    lack it.
    """

    url: str
    platform: str
    id: str = ""
    baseline: Moment | None = None
    identity: str = ""
    updated_at: dict[str, Moment] = {}
    last_modified: dict[str, Moment] = {}
    read_at: Moment | None = None
    history_empty: bool = False
    parser_version: int = msgspec.field(default=0, name="parser")
    validators: dict[str, Validators] = {}
    names: dict[str, Component] = {}
    components: tuple[Component, ...] = msgspec.field(default=(), name="listed")
    failing: Failing | None = None
    suspicion: Suspicion | None = None
    to_look_up: dict[str, LookUp] = {}
    incidents: dict[str, IncidentRecord] = {}
    watched_since: Moment | None = None

    @property
    def known_since(self) -> datetime | None:
        """Time since when the page is watched; None before its first good read."""
        return self.watched_since or self.baseline

    def known_until(self, last_read: datetime | None) -> datetime | None:
        """Return the time until when its incidents are known, if the page was read at `last_read`.

        Reads that fail, or that are not trusted, show nothing of what happens.
        """
        times = [last_read or self.read_at or self.baseline]
        times += [self.failing.since] if self.failing else []
        times += [self.suspicion.since] if self.suspicion else []
        return min((time for time in times if time), default=None)


ALL_PAGES: Final = ""  # what a run over every page of the configuration is called in `written`


EncodedPage = bytes | msgspec.Raw  # encoded in this run, or a slice of the file that is not copied
ARCHIVE: Final = "archive"  # in an outbox: what could not be appended; no sink may have this name
Outbox = Mapping[str, tuple[PendingDelivery, ...]]  # what waits, by the name of the sink


class State(msgspec.Struct, frozen=True):
    """The state of all pages, each still encoded, the outbox, and the shared incidents that are open, by group.

    `dropped` counts the events that a sink was never sent, until its next notification announces them. `written` has
    the times of the runs that wrote the file last: over all pages (`ALL_PAGES`), over a shard ("2/8"), over one page.
    `started` has, by sink, the open incidents of which it received an event, as "page/incident".
    `dirty`: it differs from the file it came from.
    """

    pages: Mapping[str, EncodedPage] = {}
    outbox: Outbox = {}
    dropped: Mapping[str, int] = {}
    shared: Mapping[str, SharedFailure] = {}
    written: Mapping[str, datetime] = {}
    started: Mapping[str, tuple[str, ...]] = {}
    dirty: bool = False

    def last_read(self, key: str) -> datetime | None:
        """Return the time of the newest run that read the page and wrote the file; None where none is known."""
        return max((time for scope, time in self.written.items() if _covers(scope, key)), default=None)

    def written_at(self, now: datetime, scopes: Sequence[str]) -> Self:
        """Return the state as a run over these scopes writes it, without what that replaces."""
        rest = {scope: time for scope, time in self.written.items() if not _is_replaced(scope, scopes)}
        return msgspec.structs.replace(self, written=rest | dict.fromkeys(scopes, now.replace(microsecond=0)))


def _covers(scope: str, key: str) -> bool:
    return scope in (ALL_PAGES, key) or (SEPARATOR in scope and parse_shard(scope).holds(key))


def _is_replaced(scope: str, scopes: Sequence[str]) -> bool:
    if scope == ALL_PAGES or ALL_PAGES in scopes:
        return ALL_PAGES in scopes
    if SEPARATOR not in scope:
        return any(_covers(newer, scope) for newer in scopes)
    count = parse_shard(scope).count
    return scope in scopes or any(SEPARATOR in newer and parse_shard(newer).count != count for newer in scopes)

"""What commands answer as one JSON document, field by field: schema 1. Fields may be added, none changed or removed.

The Python API returns these types, and the tools of `mcp` have their schemas.
"""

from typing import Literal

import msgspec

from statuswatch.model.event_line import Always, EventLine, PageLine, Seconds, UpdateLine, UpstreamLine
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.why import Answer


class PageCounts(msgspec.Struct, frozen=True):
    """How many pages were asked about, and how many of them were read and understood in full."""

    requested: int = msgspec.field(name="asked")
    read: int


class UnknownPage(msgspec.Struct, frozen=True):
    """A page of which nobody can say that nothing else is open, and why."""

    key: str
    name: str
    url: str
    reason: str


class OpenLine(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that is open. `message` is its newest update.

    `absent_since`: the vendor's list has lacked it since then. `as_of_last_good_read`: the page is unknown now.
    """

    id: str
    kind: IncidentKind
    title: str
    status: str
    impact: Impact
    url: str
    components: tuple[str, ...]
    created_at: Seconds | None
    message: str
    last_update_at: Seconds
    absent_since: Seconds | None
    as_of_last_good_read: bool
    pages: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    scheduled_for: Seconds | msgspec.UnsetType | None = msgspec.UNSET
    scheduled_until: Seconds | msgspec.UnsetType | None = msgspec.UNSET
    muted: Always | msgspec.UnsetType = msgspec.UNSET
    muted_until: Seconds | msgspec.UnsetType | None = msgspec.UNSET


class OpenEntry(msgspec.Struct, frozen=True):
    """An open incident, and its page."""

    page: PageLine
    incident: OpenLine


class LastWord(msgspec.Struct, frozen=True):
    """When the page of that key last said anything; None where nothing is remembered."""

    key: str
    at: Seconds | None


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is open, worst first: what `status --format json` prints.

    `offline`: no page was read. `hidden` counts what the component globs exclude. `last_words` has the time of each
    page's newest message that is remembered, and `dormant` the pages whose silence is no reassurance.
    """

    schema: Literal[1]
    at: Seconds
    offline: bool
    pages: PageCounts
    components: tuple[str, ...]
    hidden: int
    unknown: tuple[UnknownPage, ...]
    last_words: tuple[LastWord, ...]
    dormant: tuple[str, ...]
    incidents: tuple[OpenEntry, ...]


class ListedLine(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as its page lists it now, open or closed. Updates are oldest first."""

    id: str
    kind: IncidentKind
    title: str
    status: str
    impact: Impact
    url: str
    components: tuple[str, ...]
    created_at: Seconds
    updates: tuple[UpdateLine, ...]
    pages: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    scheduled_for: Seconds | msgspec.UnsetType | None = msgspec.UNSET
    scheduled_until: Seconds | msgspec.UnsetType | None = msgspec.UNSET


class PageReport(msgspec.Struct, frozen=True, kw_only=True):
    """One page as it was read just now: what is open, and all that it lists, the newest first.

    `unknown` is why nobody can say that nothing else is open; "" where the page was read and understood in full.
    `caution` is what the catalog knows against trusting the page. `platform` is "" where it was not recognised.
    """

    schema: Literal[1]
    at: Seconds
    page: PageLine
    platform: str
    unknown: str
    caution: str
    open: tuple[OpenLine, ...]
    listed: tuple[ListedLine, ...]
    components: tuple[str, ...]


class SinkReport(msgspec.Struct, frozen=True):
    """One sink: notifications that it accepted, events that wait for the next run, and how many of them are held."""

    name: str
    sent: int
    waiting: int
    held: int


class CheckReport(msgspec.Struct, frozen=True, kw_only=True):
    """One run of `check`: its events, what is open after it, and what came of the deliveries.

    `baseline` are the keys of pages that were read for the first time. `changed`: the state file was rewritten.
    `rejections` say what a sink or the archive did not accept; its events wait for the next run.
    """

    schema: Literal[1]
    at: Seconds
    events: tuple[EventLine, ...]
    status: StatusReport
    baseline: tuple[str, ...]
    changed: bool
    sinks: tuple[SinkReport, ...]
    rejections: tuple[str, ...]


class SpanLine(msgspec.Struct, frozen=True):
    """A stretch of time."""

    begin: Seconds = msgspec.field(name="from")
    end: Seconds = msgspec.field(name="to")


class NamedLine(msgspec.Struct, frozen=True):
    """Where a build log names the vendor: in which line, by which name, and whether the line reports an error."""

    line: int
    name: str
    in_error: bool


class OverlapLine(msgspec.Struct, frozen=True, kw_only=True):
    """An incident that was open in the range, and when. `end_detected`: its end is when it was noticed to be gone."""

    id: str
    kind: IncidentKind
    title: str
    status: str
    impact: Impact
    peak_impact: Impact
    url: str
    components: tuple[str, ...]
    started_at: Seconds
    ended_at: Seconds | None
    end_detected: bool
    ending: str | None
    overlap: SpanLine
    last_words: UpdateLine | None
    upstream: tuple[UpstreamLine, ...] | msgspec.UnsetType = msgspec.UNSET
    muted: Always | msgspec.UnsetType = msgspec.UNSET


class PageAnswerLine(msgspec.Struct, frozen=True, kw_only=True):
    """The answer about one vendor: `had` something open, `nothing` that it admits, or `unknown`, with the reason."""

    page: PageLine
    answer: Answer
    named: NamedLine | None
    incidents: tuple[OverlapLine, ...]
    unknown: tuple[SpanLine, ...]
    reason: str


class WhyReport(msgspec.Struct, frozen=True, kw_only=True):
    """Which vendors had something open in a range of time: what `why --format json` prints."""

    schema: Literal[1]
    at: Seconds
    begin: Seconds = msgspec.field(name="from")
    end: Seconds = msgspec.field(name="to")
    log: bool
    counts: dict[str, int]
    answers: tuple[PageAnswerLine, ...]


class RewriteLine(msgspec.Struct, frozen=True):
    """An edit in place of a published text; `update_id` is "" where nobody can say which."""

    detected_at: Seconds
    after_end: bool
    update_id: str


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """An incident of the past, folded from its events: a line of `history --format jsonl`. `page` is a key."""

    schema: Literal[1]
    page: str
    page_name: str
    id: str
    kind: IncidentKind
    title: str
    status: str
    impact: Impact
    peak_impact: Impact
    url: str
    components: tuple[str, ...]
    begin: Seconds
    end: Seconds | None
    seconds: int | None
    end_detected: bool
    ending: str | None
    created_at: Seconds
    published_at: Seconds
    detected_at: Seconds | None
    scheduled_for: Seconds | None
    scheduled_until: Seconds | None
    update_count: int
    rewrite_count: int
    changes: tuple[str, ...]
    filtered: bool
    muted: bool
    pages: tuple[str, ...]
    updates: tuple[UpdateLine, ...]
    rewrites: tuple[RewriteLine, ...]


class GapLine(msgspec.Struct, frozen=True):
    """A part of the range in which the incidents of a page are not known."""

    page_name: str
    begin: Seconds = msgspec.field(name="from")
    end: Seconds = msgspec.field(name="to")


class HistoryReport(msgspec.Struct, frozen=True, kw_only=True):
    """Incidents of the past, the oldest first. `problems` are faults of the archive."""

    schema: Literal[1]
    at: Seconds
    incidents: tuple[HistoryLine, ...]
    not_covered: tuple[GapLine, ...]
    problems: tuple[str, ...]


class PageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the catalog or of the configuration, as `pages --format json` lists it.

    `note` is why it cannot be read, or should not be trusted.
    """

    key: str
    name: str
    url: str
    platform: str
    id: str
    category: str
    aliases: tuple[str, ...]
    evidence: str
    checked: str
    note: str
    components: tuple[str, ...]
    min_impact: Impact
    maintenance: bool
    kinds: tuple[str, ...]


class PageRows(msgspec.Struct, frozen=True, kw_only=True):
    """Pages that some words fit, the best first."""

    schema: Literal[1]
    pages: tuple[PageRow, ...]

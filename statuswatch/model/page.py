"""Status pages, their documents, and what reading them came to."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from statuswatch.model.incident import Component, Impact, Incident, IncidentKind, Moment


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page to watch, and its filters. `platform` is "" where the configuration leaves it to be recognised.

    `id` is what some platforms need besides the address: status.io's id of the page, the address of a feed. `kinds`
    are kinds of events, of incidents, or of both; none means all.
    """

    key: str
    name: str
    url: str
    platform: str = ""
    id: str = ""
    components: tuple[str, ...] = ()
    min_impact: Impact = Impact.NONE
    maintenance: bool = True
    kinds: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True):
    """An address to request. A page cannot be read without its required documents; others only enrich it."""

    name: str
    url: str
    required: bool = False


class Validators(msgspec.Struct, frozen=True, omit_defaults=True):
    """HTTP validators of a document: the next request sends them to ask whether it changed."""

    etag: str = ""
    last_modified: str = ""


class Fetched(msgspec.Struct, frozen=True):
    """A document that was received whole, and what its headers say of its own age.

    `age` is in seconds: how long a cache kept the copy. Both are None where the server does not state them.
    """

    body: bytes
    validators: Validators
    last_modified: datetime | None = None
    age: int | None = None
    served_at: datetime | None = None  # the server's `Date`


class NotModified(msgspec.Struct, frozen=True):
    """HTTP 304: the document is as it was when its validators were remembered."""

    served_at: datetime | None = None  # the server's `Date`


class FailureKind(StrEnum):
    """Why a document or a page could not be read. The values name a failed request in recordings."""

    NO_CONNECTION = "no_connection"  # no route, refused, or silence until the time was up
    UNRESOLVED = "unresolved"  # the name has no address
    PROXY = "proxy"  # our own proxy refused
    NOT_REACHED = "not_reached"  # the run's deadline came first, or the end of the process that was to read it
    TIMEOUT = "timeout"  # something came back, but not all of it in time
    TLS = "tls"
    BROKEN = "broken"  # the connection ended early, or spoke no HTTP
    BAD_ADDRESS = "bad_address"
    REDIRECTED = "redirected"  # to another host, from TLS to plain HTTP, or too often
    UNUSABLE_BODY = "unusable_body"  # too large, in too many parts, or in an encoding that was not asked for
    THROTTLED = "throttled"  # HTTP 429
    UNAVAILABLE = "unavailable"  # HTTP 502, 503, 504
    SERVER_ERROR = "server_error"  # any other HTTP 5xx: some servers answer so what they do not know
    FORBIDDEN = "forbidden"  # HTTP 401, 403
    NOT_FOUND = "not_found"  # HTTP 404, 410
    REJECTED = "rejected"  # any other HTTP status
    CONTENT = "content"  # not what the platform publishes
    OTHER_PAGE = "other_page"  # well understood, but the identity is another page's
    MISSING_VARIABLE = "missing_variable"  # a variable that holds a header of a private page is not set
    NO_READER = "no_reader"  # the page's platform is known, but statuswatch does not read it
    NEVER_READ = "never_read"
    NOT_RECORDED = "not_recorded"  # in a replay: the recording has no response
    INTERNAL = "internal"  # a fault of statuswatch


class FailureClass(StrEnum):
    """Failures that may have one cause: pages that fail alike may share their fate."""

    UNREACHABLE = "unreachable"  # no connection, timeout, HTTP 429 or 5xx
    FORBIDDEN = "forbidden"  # HTTP 401 or 403
    REJECTED = "rejected"  # another HTTP 4xx
    CONTENT = "content"  # content that is not understood


_CLASSES: Final = {
    FailureKind.FORBIDDEN: FailureClass.FORBIDDEN,
    FailureKind.MISSING_VARIABLE: FailureClass.FORBIDDEN,
    FailureKind.NOT_FOUND: FailureClass.REJECTED,
    FailureKind.REJECTED: FailureClass.REJECTED,
    FailureKind.REDIRECTED: FailureClass.CONTENT,
    FailureKind.UNUSABLE_BODY: FailureClass.CONTENT,
    FailureKind.CONTENT: FailureClass.CONTENT,
    FailureKind.OTHER_PAGE: FailureClass.CONTENT,
    FailureKind.NO_READER: FailureClass.CONTENT,
    FailureKind.INTERNAL: FailureClass.CONTENT,
}
_UNANSWERED: Final = frozenset(
    {
        FailureKind.NO_CONNECTION,
        FailureKind.UNRESOLVED,
        FailureKind.PROXY,
        FailureKind.NOT_REACHED,
        FailureKind.MISSING_VARIABLE,
        FailureKind.NO_READER,
        FailureKind.NOT_RECORDED,
    }
)
_NOT_ASKED: Final = frozenset({FailureKind.MISSING_VARIABLE, FailureKind.NO_READER})
_BUSY: Final = frozenset({FailureKind.THROTTLED, FailureKind.UNAVAILABLE})
_MOVED: Final = frozenset({FailureKind.NOT_FOUND, FailureKind.CONTENT})


class Failure(msgspec.Struct, frozen=True):
    """Why a document, or a page, could not be read: the reason in a few words, where, and what to do about it.

    `redirect` is the address on another host that the server redirects to, "" where it is private or without TLS.
    `suggested_page` is the page as it is now, where that could be found, and `suggested_config` the line of
    configuration for it. `retry_after` is the number of seconds that the server asks to wait.
    """

    kind: FailureKind
    reason: str
    where: str = ""
    hint: str = ""
    redirect: str = ""
    suggested_page: Page | None = None
    suggested_config: str = ""
    retry_after: float = 0.0

    @property
    def answered(self) -> bool:
        """False where nothing at all came back."""
        return self.kind not in _UNANSWERED

    @property
    def failure_class(self) -> FailureClass:
        """The class of failures that it is alike."""
        return _CLASSES.get(self.kind, FailureClass.UNREACHABLE)

    @property
    def busy(self) -> bool:
        """True where the same request may succeed later."""
        return self.kind in _BUSY

    @property
    def moved(self) -> bool:
        """True where the page answers, but not as configured."""
        return self.kind in _MOVED

    def __str__(self) -> str:
        remedy = f"set {self.suggested_config}" if self.suggested_config else self.hint
        return self.reason + (f" ({self.where})" if self.where else "") + (f": {remedy}" if remedy else "")


DocumentResult = Fetched | NotModified | Failure


class RequestNote(msgspec.Struct, frozen=True):
    """One request for a person to read: `outcome` is "HTTP 200", "HTTP 304" or a reason, `size` in bytes."""

    document: str
    outcome: str
    size: int
    seconds: float
    conditional: bool


class Exchange(msgspec.Struct, frozen=True):
    """One document's request: the result, how many seconds it took, the addresses it was redirected to.

    `conditional`: validators were sent.
    """

    document: Document
    result: DocumentResult
    seconds: float
    redirects: tuple[str, ...] = ()
    conditional: bool = False

    def note(self) -> RequestNote:
        """Summarise it without the body."""
        match self.result:
            case Fetched(body):
                outcome, size = "HTTP 200", len(body)
            case NotModified():
                outcome, size = "HTTP 304", 0
            case Failure(reason=reason):
                outcome, size = reason, 0
        return RequestNote(self.document.name, outcome, size, self.seconds, self.conditional)


def any_page_answered(failures: Iterable[Failure | None]) -> bool:
    """Return whether any page answered, be it with an error; else our own network is the likely cause.

    `failures` has one entry per page, None where it was read. A page that nobody asked, because its secret is missing
    or there is no reader for it, does not count. Without pages the answer is True.
    """
    outcomes = [failure for failure in failures if not (failure and failure.kind in _NOT_ASKED)]
    return not outcomes or any(failure is None or failure.answered for failure in outcomes)


UNLIMITED: Final = 1_000_000  # the window size of a list that keeps entries of any age


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """A page, once understood; `updated_at` is each document's statement of its own age.

    `identity_is_host`: it changes when the page moves to another host.
    `time_may_go_back`: that time is the newest of what is listed, so it is earlier once a newer incident has ended.
    `history` holds the kinds read from a list that also keeps closed entries, `complete` those of which every open
    one is listed, `current` those of which, by the nature of the platform, nothing but open ones is. `unread` are
    kinds that a list which was not read this time may hold, and `window_sizes` how many entries of a kind the history
    lists at most, where that is known; `in_summary_only` names entries that stand outside that window. `as_remembered`
    are ids of incidents that are listed as they are remembered, and left out of `incidents`: closed ones whose entries
    have the bytes that are remembered, and open ones that only a list of the past has. `over` are closed incidents of a
    first read, of which only the end was looked at: they have no updates,
    and their `created_at` is the second of the newest one. `longer` are incidents of a longer list, whose ids are those
    of the others. `updates_have_no_ids` of the vendor's: ours are made of their times.
    `skipped` names entries that could not be understood, `losses` what other documents could not add;
    `names` is what the platform wants remembered about component ids. `components` are all that the page lists, each
    with its group; none where it lists none, or where the document that does was not fetched.
    """

    identity: str
    incidents: tuple[Incident, ...]
    identity_is_host: bool = False
    updated_at: Mapping[str, datetime] = {}
    time_may_go_back: bool = False
    by_creation: bool = False  # the list is ordered by creation, not by the last change
    history: frozenset[IncidentKind] = frozenset()
    complete: frozenset[IncidentKind] = frozenset()
    current: frozenset[IncidentKind] = frozenset()
    unread: frozenset[IncidentKind] = frozenset()
    window_sizes: Mapping[IncidentKind, int] = {}
    in_summary_only: frozenset[str] = frozenset()
    as_remembered: frozenset[str] = frozenset()
    over: tuple[Incident, ...] = ()
    longer: tuple[Incident, ...] = ()
    updates_have_no_ids: bool = False
    skipped: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    names: Mapping[str, Component] = {}
    components: tuple[Component, ...] = ()


class OwnDocuments(msgspec.Struct, frozen=True):
    """The documents of single incidents that were requested in this run, by the id of the incident.

    `supported`: the platform has such documents. `controls` are those of one listed incident of each kind: where they
    are found, a failure of kind `NOT_FOUND` shows that the vendor removed the incident.
    """

    supported: bool = False
    incidents: Mapping[str, Incident | Failure] = {}
    controls: Mapping[IncidentKind, Incident | Failure] = {}

    def shows_removal(self, key: str, kind: IncidentKind) -> bool:
        """Return whether the incident's own document is gone while that of a listed one of its kind is found."""
        return _is_not_found(self.incidents.get(key)) and isinstance(self.controls.get(kind), Incident)

    def may_show_removal(self, key: str, kind: IncidentKind) -> bool:
        """Return whether the incident's own document is gone, and that of the listed one could not be read.

        One that is gone, too, shows that the page has no such documents.
        """
        control = self.controls.get(kind)
        is_unread = isinstance(control, Failure) and not _is_not_found(control)
        return is_unread and _is_not_found(self.incidents.get(key))


def _is_not_found(result: "Incident | Failure | None") -> bool:
    return isinstance(result, Failure) and result.kind is FailureKind.NOT_FOUND


class LongerListEntry(msgspec.Struct, frozen=True):
    """An entry of a longer list that has no updates: the id of an incident, and a time by which it had ended."""

    id: str
    ended_by: datetime


class LookUp(msgspec.Struct, frozen=True, array_like=True):
    """An incident of a longer list whose own document is to be read: its end counts if it is later than `ends_after`.

    `since` is the time at which it was found.
    """

    ends_after: Moment
    since: Moment


class PageSnapshot(msgspec.Struct, frozen=True):
    """A page that was read and understood, with its documents' validators and the version of the parser.

    `served_at` is the newest `Date` of its responses, `look_ups` the incidents of longer lists that are to be looked
    up. `last_modified` holds the times that the servers state of required documents, `age` the seconds for which a
    cache kept the oldest of them, None where none states it.
    """

    feed: Feed
    validators: dict[str, Validators]
    parser_version: int
    losses: tuple[str, ...] = ()  # enriching documents that could not be fetched this time
    missing: tuple[str, ...] = ()  # enriching documents that the page does not have
    own: OwnDocuments = OwnDocuments()
    look_ups: Mapping[str, LookUp] = {}
    served_at: datetime | None = None
    last_modified: Mapping[str, datetime] = {}
    age: int | None = None


PageResult = PageSnapshot | NotModified | Failure


class RecognitionAttempt(msgspec.Struct, frozen=True):
    """A platform that a page was not recognised as, and why."""

    platform: str
    failure: Failure


class Inspection(msgspec.Struct, frozen=True):
    """One page explained: what was read of it, every request, and the platforms it does not run on.

    `unmatched` are the page's globs that match none of the components that it lists.
    """

    page: Page
    result: Feed | Failure
    exchanges: tuple[Exchange, ...]
    attempts: tuple[RecognitionAttempt, ...]
    unmatched: tuple[str, ...] = ()

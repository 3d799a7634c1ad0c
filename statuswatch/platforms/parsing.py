"""Functions that every platform needs: decoding with a reason for each failure, and cleaning of vendor text.

One bad entry of a list costs only itself; a list without any good entry is an error.
"""

import hashlib
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain, islice
from operator import attrgetter
from typing import Any, Final, TypeVar
from urllib.parse import quote, urljoin

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.digest import entry_digest, time_id
from statuswatch.model.incident import (
    CLOSED_STATUSES,
    EXPIRED,
    REGION,
    Component,
    Incident,
    IncidentKind,
    IncidentUpdate,
    utc,
)
from statuswatch.model.page import Page
from statuswatch.model.state import IncidentRecord, PageState

T = TypeVar("T")
Raw = TypeVar("Raw")  # an entry of a list before it is parsed

# Forms of page ids on the platforms that share the addresses and the format of API v2.
PAGE_ID_FORMS: Final = {"statuspage": re.compile(r"[0-9a-z]{12}"), "incidentio": re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")}
# "No components were affected by this update." stands where Statuspage's texts and feeds list components.
_NO_COMPONENT: Final = re.compile(
    r"(?:no|none of the) (?:\w+ ){0,2}(?:components?|services?|systems?|products?|regions?)"
    r"(?: (?:(?:were|was|are|is|have been|has been) )?(?:affected|impacted|listed|selected)[^\n]*)?"
    r"|not (?:affected|impacted|specified|stated|applicable)|none|n/a|[-–—.]?",
    re.IGNORECASE,
)
_CREATED_AT: Final = attrgetter("created_at")
MAX_NAME: Final = 500  # characters
MAX_ID: Final = 200  # characters; the longest recorded is an ARN of 113
MAX_STATUS: Final = 50  # characters
MAX_UPDATES: Final = 5_000  # of one incident; the longest recorded has fewer than 100
MAX_LISTED: Final = 1000  # components of a page; the largest recorded lists 113

DECODE_ERRORS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
ENTRY_ERRORS: Final = (*DECODE_ERRORS, OverflowError, ValueError)  # an entry that is decoded and then makes no sense

_ESCAPE: Final = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|u[dD][89a-fA-F]..|.)")
_MARKUP: Final = re.compile(rb"<(?:!doctype\s+html|html|\?xml)", re.IGNORECASE)
# What feedparser raises on documents it cannot handle; it documents nothing. Recorded: ValueError (a number of 5,000
# digits) and KeyError (an element out of place).
_FEEDPARSER_ERRORS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class ParseInput(msgspec.Struct, frozen=True):
    """Everything fetched for a page, by document name, and the state of the page.

    A document is None where the page has no such document. Its name is absent where it was not fetched this time.
    `now` is the time of the run, None where there is none. `brief`: closed incidents that are as remembered are
    not looked at, and at a first read only the end of those for which that is enough.
    """

    page: Page
    documents: Mapping[str, bytes | None]
    state: PageState | None = None
    now: datetime | None = None
    brief: bool = False

    @property
    def records(self) -> Mapping[str, IncidentRecord]:
        """The remembered incidents of the page, by id."""
        return self.state.incidents if self.state else {}

    @property
    def is_brief_baseline(self) -> bool:
        """True at a first read that is brief."""
        return self.brief and (self.state is None or self.state.baseline is None)

    def required(self, name: str) -> bytes:
        """Return a document without which the page cannot be read. Raises FeedError where it is missing."""
        body = self.documents.get(name)
        if body is None:
            raise FeedError(f"{name}: missing")
        return body


class MissingPageIdError(FeedError):
    """The platform needs an `id` that the page does not have. `ids` are candidates, best first."""

    def __init__(self, message: str, *ids: str) -> None:
        super().__init__(message)
        self.ids = ids


class PageHead(msgspec.Struct):
    """`page` of every document of API v2, as Statuspage made it and others imitate it."""

    id: str
    updated_at: datetime | None = None


class StatedUpdate(msgspec.Struct):
    """An incident update of API v2."""

    id: str
    status: str
    created_at: datetime
    body: str | None = None
    display_at: datetime | None = None


class IncidentList(msgspec.Struct):
    """`api/v2/incidents.json`."""

    page: PageHead
    incidents: list[msgspec.Raw]


# --------------------------------------------------------------------------------------------------------- documents


def decode(body: bytes, document_type: type[T], name: str) -> T:
    """Decode a JSON document. Raises FeedError with the place of the first fault."""
    try:
        return _decode_repaired(without_bom(body), document_type)
    except DECODE_ERRORS as error:
        reason = "HTML instead of JSON" if _MARKUP.search(body[:1024]) else text.line(str(error))
        raise FeedError(f"{name}: {reason}") from error


def _decode_repaired(body: bytes, document_type: type[T]) -> T:
    """Decode JSON; where it is malformed, try once more with lone surrogates replaced.

    Half a character is left where software cuts a text within an emoji.
    """
    try:
        return msgspec.json.decode(body, type=document_type)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        return msgspec.json.decode(_ESCAPE.sub(_replace_lone_surrogate, body), type=document_type)


def _replace_lone_surrogate(escape: re.Match[bytes]) -> bytes:
    is_lone_surrogate = len(escape[0]) == len(rb"\ud83d")
    return rb"\ufffd" if is_lone_surrogate else escape[0]


def without_bom(body: bytes) -> bytes:
    """Return the document as UTF-8 without a byte order mark. Raises UnicodeDecodeError."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16").encode()
    return body.removeprefix(b"\xef\xbb\xbf")


def parse_syndication(body: bytes, name: str, **options: bool) -> Any:
    """Parse RSS or Atom with feedparser. Raises FeedError, also where feedparser itself breaks."""
    import feedparser  # slow to import, and not needed where nothing changed

    try:
        return feedparser.parse(io.BytesIO(body), **options)
    except _FEEDPARSER_ERRORS as error:
        raise FeedError(f"{name}: {type(error).__name__}: {text.line(str(error))}") from error


def parse_entries(raws: Iterable[Raw], build: Callable[[Raw], T | None], name: str) -> tuple[list[T], list[str]]:
    """Return the entries that `build` makes of a list, and reasons for those that were skipped.

    Of an entry that is as remembered it makes None.

    Raises FeedError where the list has entries and all of them are bad.
    """
    entries: list[T] = []
    skipped: list[str] = []
    any_good = False
    for number, raw in enumerate(raws):
        try:
            entry = build(raw)
        except ENTRY_ERRORS as error:
            skipped.append(f"{name}: entry {number}: {text.line(str(error))}")
            continue
        any_good = True
        if entry is not None:
            entries.append(entry)
    if skipped and not any_good:
        raise FeedError(f"{skipped[0]}; and no other entry could be understood")
    return entries, skipped


def whole_list(
    reading: ParseInput, name: str, entries_of: Callable[[bytes], tuple[list[T], list[str]]]
) -> tuple[list[T] | None, list[str]]:
    """Return the entries of a further document, None where it cannot be read whole, and reasons for what it lacks."""
    body = reading.documents.get(name)
    if body is None:
        return None, []
    try:
        entries, skipped = entries_of(body)
    except FeedError as error:
        return None, [str(error)]
    return (None if skipped else entries), skipped


def unread_kinds(
    reading: ParseInput, name: str, kinds: frozenset[IncidentKind], *, is_whole: bool
) -> frozenset[IncidentKind]:
    """Return the kinds that a further list may hold which was not read whole; none where the page has no such list."""
    return frozenset() if is_whole or page_lacks(reading, name) else kinds


def still_open(reading: ParseInput, listed: Iterable[Incident], past: Iterable[Incident]) -> frozenset[str]:
    """Return the ids of absent incidents that a list of the past shows as open: that list has them, so they are not.

    Its copy may be older than the list of what is open: nothing else of it counts.
    """
    absent = {record_id for record_id, record in reading.records.items() if not record.closed}
    absent -= {incident.id for incident in listed}
    return frozenset(entry.id for entry in past if entry.id in absent and not entry.closed)


def page_lacks(reading: ParseInput, name: str) -> bool:
    """Return whether the server answered that the page has no such document."""
    return reading.documents.get(name, b"") is None


class ClosedEntries:
    """Entries of closed incidents, recognised by their bytes. One that is as remembered is not looked at.

    Those of a first read of which only the end is looked at are `over`.

    Two entries of one digest are parsed into equal incidents. So `context` names all that a platform makes an incident
    of beside its own entry: the names of components, for one.
    """

    def __init__(self, reading: ParseInput, version: int, *context: object) -> None:
        facts = repr((reading.page.platform, reading.page.url, version, *context))
        self._context = hashlib.sha256(facts.encode()).digest()
        records = reading.records.items() if reading.brief else ()
        self._ids = {record.entry_digest: key for key, record in records if record.entry_digest}
        self._listed: set[str] = set()
        self._past = CLOSED_STATUSES - {EXPIRED} if reading.is_brief_baseline else frozenset()
        self.over: list[Incident] = []

    def end(self, status: str, created_at: datetime, updates: Sequence["StatedUpdate"]) -> datetime | None:
        """Return the end of an incident, where that is enough of it. Raises ValueError or OverflowError."""
        return end_of(published_times(updates), created_at) if self.is_over(status) else None

    def is_over(self, status: str) -> bool:
        """Return whether the end is enough of an incident with that status, if it tells all."""
        return status in self._past

    def place(self, incident: Incident, end: datetime | None) -> Incident | None:
        """Return the incident; None where its end is enough: it is over then."""
        if end is None:
            return incident
        self.over.append(incident)
        return None

    @property
    def listed(self) -> frozenset[str]:
        """The ids of the entries that were found to be as remembered."""
        return frozenset(self._listed)

    def digest(self, *parts: bytes) -> str:
        """Return the digest of an entry."""
        return entry_digest(self._context, *parts)

    def holds(self, digest: str) -> bool:
        """Return whether the entry of that digest is as remembered, and note that it is listed."""
        key = self._ids.get(digest)
        if key is None:
            return False
        self._listed.add(key)
        return True


# --------------------------------------------------------------------------------------------------------------- ids


def identifier(vendor_id: str) -> str:
    """Return an id that is fit to be printed and remembered. Raises ValueError where it is not."""
    if vendor_id.isalnum() and vendor_id.isascii() and len(vendor_id) <= MAX_ID:  # nearly all of them
        return vendor_id
    if not vendor_id or len(vendor_id) > MAX_ID or vendor_id != text.line(vendor_id):
        raise ValueError(f"an id of {len(vendor_id)} characters that is not plain text")
    return vendor_id


def path_part(key: str) -> str:
    """Return an id as a part of an address."""
    return key if key.isalnum() and key.isascii() else quote(key, safe="")


def derived_id(*facts: str) -> str:
    """Return an id for an entry without one, derived from facts that stay when it is edited, moved or resolved."""
    return hashlib.sha256("\x1f".join(facts).encode()).hexdigest()[:12]


def identity(vendor_id: str, name: str) -> str:
    """Return the id of the page that a document states. Raises FeedError where it is not plain text."""
    try:
        return identifier(vendor_id)
    except ValueError as error:
        raise FeedError(f"{name}: {error}") from error


def identity_of_platform(platform: str, page: PageHead, name: str) -> str:
    """Return the identity of a page of API v2. Raises FeedError where its id has the other platform's form."""
    for candidate, form in PAGE_ID_FORMS.items():
        if candidate != platform and form.fullmatch(page.id):
            raise FeedError(f"{name}: the page runs on {candidate}, not on {platform}")
    return identity(page.id, name)


# --------------------------------------------------------------------------------------- text, addresses, and times


def clean_title(vendor_text: str) -> str:
    """Return a title, or the name of a component, as one line of at most 500 characters and an ellipsis."""
    line = text.line(vendor_text)
    return line if len(line) <= MAX_NAME else f"{line[:MAX_NAME]}…"


@lru_cache(maxsize=256)
def clean_status(vendor_status: str) -> str:
    """Return a status in lower case and in British spelling. Raises ValueError where it is not one word."""
    status = text.line(vendor_status).lower()
    is_word = status.replace("_", "").replace("-", "").isalnum() and not status.startswith("-")
    if not is_word or len(status) > MAX_STATUS:
        raise ValueError(f"a status that is not a word: {status[:MAX_STATUS]!r}")
    return "cancelled" if status == "canceled" else status


def incident_link(vendor_url: str | None, page: Page) -> str:
    """Return a vendor's address of an incident where it is safe to follow; else the address of the page."""
    if not vendor_url:
        return page.url
    address = urljoin(f"{page.url}/", vendor_url)
    is_plain = address == text.line(address) and " " not in address and len(address) <= MAX_NAME
    return address if is_plain and address.startswith(("https://", "http://")) else page.url


def from_epoch(seconds: float) -> datetime:
    """Return the time of a Unix timestamp. Raises ValueError beyond the calendar."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"a time beyond the calendar: {seconds!r}") from error


def page_changed_at(page: PageHead) -> datetime | None:
    """Return the time at which the page says that it changed; None where it states none, or one beyond the calendar."""
    try:
        return utc(page.updated_at) if page.updated_at else None
    except OverflowError:
        return None


# ----------------------------------------------------------------------------------------------------------- updates


def incident_update(
    vendor_id: str, status: str, body: str | None, created_at: datetime, display_at: datetime | None
) -> IncidentUpdate:
    """Return an incident update with its text cleaned and its times in UTC. Raises ValueError or OverflowError.

    `display_at`, the time that the vendor claims, is `created_at` where the vendor states none.
    """
    created = utc(created_at)
    return IncidentUpdate(  # by position: it is made more often than anything else
        identifier(vendor_id),
        clean_status(status),
        text.paragraph(body) if body else "",
        created,
        utc(display_at) if display_at else created,
    )


def oldest_first(updates: Iterable[IncidentUpdate]) -> tuple[IncidentUpdate, ...]:
    """Sort updates that a vendor lists newest first; a repeated id is kept once.

    Of two updates with the same time, the one listed later is the older.
    """
    by_id = {update.id: update for update in reversed(_bounded(updates))}
    return tuple(sorted(by_id.values(), key=_CREATED_AT))


def published_times(updates: Sequence[StatedUpdate]) -> list[datetime] | None:
    """Return when the updates were published; None where an id is repeated, or has to be looked at.

    Raises ValueError or OverflowError where one is bad. Nothing else of them is built.
    """
    ids = {update.id for update in updates}
    if len(ids) != len(updates) or not are_plain(ids):
        return None
    for update in updates:
        clean_status(update.status)
        if update.display_at:
            utc(update.display_at)
    return [utc(update.created_at) for update in updates]


def are_plain(ids: Collection[str]) -> bool:
    """Return whether all ids are fit to be remembered as they are."""
    return not ids or ("".join(ids).encode().isalnum() and "" not in ids and len(max(ids, key=len)) <= MAX_ID)


def end_of(times: Sequence[datetime] | None, created_at: datetime) -> datetime | None:
    """Return the time of the newest update, of the incident where it has none.

    None where time does not tell all updates up to then: the newest must have its second for itself.
    """
    if times is None:
        return None
    newest = max([*times, created_at]).replace(microsecond=0)
    return None if times and len([time for time in times if time >= newest]) != 1 else newest


class UpdateWithoutId(msgspec.Struct):
    """An incident update of a document that gives updates no ids."""

    status: str
    created_at: datetime
    body: str | None = None
    display_at: datetime | None = None


def updates_by_time(updates: Iterable[UpdateWithoutId]) -> tuple[IncidentUpdate, ...]:
    """Return updates, oldest first, under ids made of their times; several of one second differ in their words.

    Raises ValueError or OverflowError.
    """
    listed = list(updates)
    seconds = Counter(utc(update.created_at).replace(microsecond=0) for update in listed)
    return oldest_first(
        incident_update(_time_id(update, seconds), update.status, update.body, update.created_at, update.display_at)
        for update in listed
    )


def _time_id(update: UpdateWithoutId, seconds: Counter[datetime]) -> str:
    created_at = utc(update.created_at)
    is_alone = seconds[created_at.replace(microsecond=0)] == 1
    return time_id(created_at, "" if is_alone else f"{update.status}\x1f{update.body or ''}")


def merge_same_id(updates: Iterable[IncidentUpdate]) -> tuple[IncidentUpdate, ...]:
    """Sort updates oldest first; merge those of one id into one, with the text of all.

    An id derived from a time cannot tell two updates of the same moment apart. One derived from their order would
    change as soon as that order does.
    """
    by_id: dict[str, list[IncidentUpdate]] = {}
    for update in sorted(set(_bounded(updates)), key=attrgetter("created_at", "body", "status")):
        by_id.setdefault(update.id, []).append(update)
    merged = (_merged(parts) for parts in by_id.values())
    return tuple(sorted(merged, key=attrgetter("created_at")))


def _bounded(updates: Iterable[IncidentUpdate]) -> list[IncidentUpdate]:
    """Return the updates of an incident. Raises ValueError where they are more than any vendor publishes."""
    bounded = list(islice(updates, MAX_UPDATES + 1))
    if len(bounded) > MAX_UPDATES:
        raise ValueError(f"more than {MAX_UPDATES:,} updates")
    return bounded


def _merged(parts: list[IncidentUpdate]) -> IncidentUpdate:
    bodies = (part.body for part in parts if part.body)
    return msgspec.structs.replace(parts[-1], body="\n".join(bodies))


# -------------------------------------------------------------------------------------------------------- components


@lru_cache(maxsize=1024)
def names_nothing(name: str) -> bool:
    """Return whether a vendor wrote that there is no component where a component is named."""
    return _NO_COMPONENT.fullmatch(name) is not None


def read_whole(
    reading: ParseInput,
    keys: Iterable[str],
    document_name: Callable[[str], str],
    parse_document: Callable[[str, bytes], Incident],
) -> tuple[dict[str, Incident], list[str]]:
    """Return the incidents whose own documents were fetched, by id, and why others could not be understood."""
    whole: dict[str, Incident] = {}
    losses: list[str] = []
    for key in keys:
        body = reading.documents.get(document_name(key))
        if body is None:
            continue
        try:
            whole[key] = parse_document(key, body)
        except FeedError as error:
            losses.append(str(error))
    return whole, losses


def groups_by_name(components: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return in which groups each name occurs, from pairs of (name, group)."""
    groups: dict[str, set[str]] = {}
    for name, group in components:
        groups.setdefault(name, set()).add(group)
    return groups


def labelled_components(
    components: Iterable[tuple[str, str]], page_groups: Mapping[str, set[str]]
) -> tuple[Component, ...]:
    """Return components from pairs of (name, group), sorted and without repeats.

    A component keeps its group only where its name occurs in several groups of the page. `page_groups`: see
    `groups_by_name`.
    """
    labelled = {
        Component(name, group if len(page_groups.get(name, ())) > 1 else "")
        for name, group in components
        if not names_nothing(name)
    }
    return tuple(sorted(labelled))


def region(place: str | None, code: str | None) -> Component | None:
    """Return the component of a region: "Iowa (us-central1)", or the place or the code alone; None without either.

    `place` is the vendor's name for it, which may end with the code; `code` is what the vendor's API calls it.
    """
    name, key = clean_title(place or ""), clean_title(code or "")
    if name and key and not name.endswith(f"({key})"):
        name = f"{name} ({key})"
    return Component(name or key, REGION) if name or key else None


def listed_components(components: Iterable[tuple[str, str]]) -> tuple[Component, ...]:
    """Return what a page lists, from pairs of (name, group), sorted, without repeats, and at most 1,000 of them."""
    listed = {Component(name, group) for name, group in components if name}
    return tuple(sorted(listed)[:MAX_LISTED])


# --------------------------------------------------------------------------------------------------------- incidents


def newest_copies(*lists: Iterable[Incident]) -> tuple[Incident, ...]:
    """Return each incident once: of several copies the one with the newest update, of equal ones the first."""
    newest: dict[str, Incident] = {}
    for incident in chain.from_iterable(lists):
        copy = newest.get(incident.id)
        if copy is None or incident.last_update_at > copy.last_update_at:
            newest[incident.id] = incident
    return tuple(newest.values())


def absent_records(reading: ParseInput, incidents: Iterable[Incident]) -> list[IncidentRecord]:
    """Return the remembered incidents that are open and that the feed does not list."""
    listed = {incident.id for incident in incidents}
    return [record for key, record in reading.records.items() if not record.closed and key not in listed]


def newly_absent(reading: ParseInput, document: str, incidents: Iterable[Incident]) -> bool:
    """Return whether an open incident is absent for the first time and `document` may yet say how it ended.

    The answer is False where the page has no such document.
    """
    absent = absent_records(reading, incidents)
    return bool(absent) and not page_lacks(reading, document) and not any(record.absent_since for record in absent)

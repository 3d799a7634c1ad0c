"""Instatus.

Both documents are read on every run:

- `summary.json` lists the incidents that are open and the windows that are planned or under way, and nothing else.
  Only what it lists is open. Statuses, impacts and schedules are the summary's.
- `history.rss` lists the newest entries of any status, by start. It adds updates and components to what is open, and
  lists what is over, so that an ended incident is resolved with its last message. Where only the feed shows an entry
  as open, the entry is ignored. A feed that is missing, late or in another language than English costs only what it
  adds.

Where the feed shows an entry as over and the summary still lists it, the newer copy counts, and the feed's where both
are equal: the summary may come from a cache. An entry that left the summary, and that the feed does not show as over
yet, is absent; it is delisted if the next read finds it no better, and at once on a page without the feed.
`/v3/components.json` names no incident and is not read.

Ids are the vendor's: the summary's (documented since 2024), else the last part of the entry's address, as in the feed
(documented and recorded). An entry with neither has an id derived from its start, and is not found in the feed. Only
where several entries of one document start together does the id depend on their names, too.

Oddities of the summary:

- An empty list is left out (recorded). That is believed unless the page's status says that the list has entries.
- The page's status may be UP beside an open incident or a planned window (recorded).
- The address of an entry is the page's and the id, without the feed's `/incident/` (recorded). The duration is a number
  (recorded) or a string of digits (documented).
- Times are JavaScript's in the vendor's older documentation.
- No field of `page` is stable: the name is edited, and the address changes once the page has a domain of its own.

Oddities of the feed, recorded on two pages:

- The updates stand in an entry's HTML, escaped once more than RSS asks for, in either order, without ids. The template
  adds a full stop to each. Their times have no year.
- Only the plain description names components, separated by commas.
- No recording shows whether the feed lists maintenance windows.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from operator import attrgetter
from typing import Final, Literal, NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ClosedEntries,
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    identifier,
    incident_link,
    incident_update,
    names_nothing,
    newest_copies,
    oldest_first,
    page_lacks,
    parse_entries,
    still_open,
    unread_kinds,
    without_bom,
)

PARSER_VERSION: Final = 2
_SUMMARY, _FEED = "summary.json", "history.rss"
_IDENTITY: Final = "instatus"  # of a page that states its name and its address
_BOTH: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_ID_WITH_DIGIT: Final = re.compile(r"(?=\D*\d)[\w-]{1,199}", re.ASCII)
_MAX_ITEMS: Final = 100  # of the feed, the newest first
_CONTENT: Final = "{http://purl.org/rss/1.0/modules/content/}encoded"
_COMPONENTS: Final = re.compile(r"^[ \t]*Affected Components:(.*)$", re.MULTILINE)
# <p><small>Sep <var> 25</var>, <var>15:15:00</var> GMT+0</small><br><strong>Resolved</strong> - the message
_UPDATE: Final = re.compile(r"<p><small>([^\n]{1,200}?)</small><br ?/?>\s*<strong>([^<]*)</strong> {0,3}-")
_UNSAFE_XML: Final = re.compile(r"\0|<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^<>]*>")
_TIME: Final = re.compile(r"([A-Za-z]{3})[a-z]* (\d{1,2}, \d{1,2}:\d\d)(?::(\d\d))? GMT([+-])(\d{1,2})(?::(\d\d))?")
# An update, whose time has no year, is published at most this long before the start of its incident or window.
_MAX_BEFORE_START: Final = {IncidentKind.INCIDENT: timedelta(days=1), IncidentKind.MAINTENANCE: timedelta(days=180)}
_STATUSES: Final = {"NOTSTARTEDYET": "scheduled", "PLANNED": "scheduled", "INPROGRESS": "in_progress"}
# In the order in which they follow one another, for two updates of the same second. Any other status is an error.
_STATUS_ORDER: Final = (
    *("scheduled", "in_progress", "verifying", "completed"),
    *("investigating", "identified", "monitoring", "resolved"),
)
_IMPACTS: Final = {  # as Statuspage rates the same states of components
    "OPERATIONAL": Impact.NONE,
    "DEGRADEDPERFORMANCE": Impact.MINOR,
    "MINOROUTAGE": Impact.MINOR,
    "PARTIALOUTAGE": Impact.MAJOR,
    "MAJOROUTAGE": Impact.CRITICAL,
}


class _Page(msgspec.Struct):
    status: Literal["UP", "HASISSUES", "UNDERMAINTENANCE"]
    name: str | None = None
    url: str | None = None


class _Active(msgspec.Struct, rename="camel"):
    """An entry of either list: `started` is of an incident; `start` and `duration`, in minutes, are of a window."""

    name: str
    status: str
    id: str | None = None
    url: str | None = None
    impact: str | None = None
    started: str | None = None
    start: str | None = None
    duration: str | int | float | None = None
    updated_at: str | None = None


class _Summary(msgspec.Struct, rename="camel"):
    page: _Page
    active_incidents: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET
    active_maintenances: list[msgspec.Raw] | msgspec.UnsetType = msgspec.UNSET


_decode_active: Final = msgspec.json.Decoder(_Active).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the summary and the feed."""
    base = page.url.removesuffix(f"/{_FEED}").removesuffix(f"/{_SUMMARY}")
    return Document(_SUMMARY, f"{base}/{_SUMMARY}", required=True), Document(_FEED, f"{base}/{_FEED}")


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return none: the platform has no other document that is of use."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the summary states the page's name and address."""
    return feed.identity == _IDENTITY


def parse(reading: ParseInput, /) -> Feed:
    """Return what the summary lists as open and the feed as over. Raises FeedError."""
    summary = decode(reading.required(_SUMMARY), _Summary, _SUMMARY)
    active, skipped = _active_entries(summary, reading.page)
    remembered = ClosedEntries(reading, PARSER_VERSION)
    entries, losses = _feed_entries(reading, remembered)
    by_id = {entry.id: entry for entry in entries or ()}
    closed = [entry for entry in by_id.values() if entry.closed]
    incidents = newest_copies((_joined(incident, by_id.get(incident.id)) for incident in active), closed)
    remembered_kinds = [reading.records[key].kind for key in remembered.listed]
    feed_is_empty = entries == [] and not remembered_kinds
    return Feed(
        identity=_identity(summary.page),
        updates_have_no_ids=True,
        incidents=incidents,
        by_creation=True,
        # The feed has both kinds; a kind of which it shows nothing may not be in it.
        history=_BOTH if feed_is_empty else _kinds(closed).union(remembered_kinds),
        complete=_BOTH,
        current=_BOTH if page_lacks(reading, _FEED) else frozenset(),
        unread=unread_kinds(reading, _FEED, _BOTH, is_whole=_FEED in reading.documents and not losses),
        as_remembered=remembered.listed | still_open(reading, incidents, by_id.values()),
        skipped=tuple(skipped),
        losses=tuple(losses),
    )


def _kinds(incidents: Iterable[Incident]) -> frozenset[IncidentKind]:
    return frozenset(incident.kind for incident in incidents)


def _identity(page: _Page) -> str:
    """Return one identity for all pages: nothing that a page states about itself is stable."""
    return _IDENTITY if page.name and page.url else f"{_IDENTITY}, without a name or an address"


def _joined(listed: Incident, entry: Incident | None) -> Incident:
    """Return an incident of the summary with the updates and components of the feed's entry of the same id.

    An entry that is over and not older replaces it.
    """
    if entry is None:
        return listed
    if entry.closed and entry.last_update_at >= listed.position:
        return entry
    return msgspec.structs.replace(
        listed, updates=entry.updates, components=entry.components, source_quality=entry.source_quality
    )


# ------------------------------------------------------------------------------------------------------- the summary


def _active_entries(summary: _Summary, page: Page) -> tuple[list[Incident], list[str]]:
    """Return the entries of both lists, and why some were skipped.

    Raises FeedError where a list is missing and the page's status says that it has entries.
    """
    active: list[Incident] = []
    skipped: list[str] = []
    for raws, build, status in (
        (summary.active_incidents, _active_incident, "HASISSUES"),
        (summary.active_maintenances, _active_window, "UNDERMAINTENANCE"),
    ):
        if not isinstance(raws, msgspec.UnsetType):
            entries, reasons = parse_entries(raws, partial(build, page), _SUMMARY)
            active += entries
            skipped += reasons
        elif summary.page.status == status:
            raise FeedError(f"{_SUMMARY}: {status}, and no list of them")
    return _with_ids(active), skipped


def _active_incident(page: Page, raw: msgspec.Raw) -> Incident:
    """Return an open incident; its id is "" where the vendor gives it none. Raises ValueError."""
    entry = _decode_active(raw)
    started = _time(entry.started)
    changed = _time(entry.updated_at) if entry.updated_at else started
    return Incident(
        id=_vendor_id(entry),
        kind=IncidentKind.INCIDENT,
        title=clean_title(entry.name),
        status=clean_status(_status(entry.status)),
        impact=_IMPACTS.get(entry.impact or "", Impact.UNKNOWN),
        url=incident_link(entry.url, page),
        created_at=started,
        position=changed,
    )


def _active_window(page: Page, raw: msgspec.Raw) -> Incident:
    """Return a window that is planned or under way; its id is "" where the vendor gives it none. Raises ValueError."""
    entry = _decode_active(raw)
    start = _time(entry.start)
    changed = _time(entry.updated_at) if entry.updated_at else start
    minutes = str(entry.duration or "")
    return Incident(
        id=_vendor_id(entry),
        kind=IncidentKind.MAINTENANCE,
        title=clean_title(entry.name),
        status=clean_status(_status(entry.status)),
        impact=Impact.MAINTENANCE,
        url=incident_link(entry.url, page),
        created_at=min(start, changed),  # the start may lie in the future
        position=changed,
        scheduled_for=start,
        scheduled_until=start + timedelta(minutes=int(minutes)) if minutes.isdecimal() else None,
    )


def _with_ids(active: list[Incident]) -> list[Incident]:
    """Return the entries, each with an id: derived from its start, and from its name where several start together."""
    starts = [_start_of(incident) for incident in active]
    entries_at = Counter(starts)
    identified: list[Incident] = []
    for incident, start in zip(active, starts, strict=True):
        if incident.id:
            identified.append(incident)
            continue
        name = (incident.title,) if entries_at[start] > 1 else ()
        identified.append(msgspec.structs.replace(incident, id=derived_id(*start, *name)))
    return identified


def _start_of(incident: Incident) -> tuple[str, str]:
    """Return the kind and the start, to the second."""
    start = incident.scheduled_for or incident.created_at
    return incident.kind, f"{start:%Y-%m-%dT%H:%M:%S}"


def _vendor_id(entry: _Active) -> str:
    return identifier(entry.id) if entry.id else _last_part(entry.url or "")


def _last_part(address: str) -> str:
    """Return the last part of the address's path, or "" where it is a mere word. Raises ValueError."""
    _, slash, last = urlsplit(address).path.rstrip("/").rpartition("/")
    return last if slash and _ID_WITH_DIGIT.fullmatch(last) else ""


def _time(vendor_time: str | None) -> datetime:
    """Return a time in ISO 8601 or in JavaScript's form: `Sat Jun 11 2022 18:55:50 GMT+0000 (...)`.

    Raises ValueError or OverflowError.
    """
    if not vendor_time:
        raise ValueError("no start is stated")
    plain = vendor_time.partition(" (")[0]
    try:
        return utc(datetime.fromisoformat(plain))
    except ValueError:
        return utc(datetime.strptime(plain, "%a %b %d %Y %H:%M:%S GMT%z"))


def _status(vendor_status: str) -> str:
    """Return one status for `INPROGRESS` of the summary and `In progress` of the feed."""
    plain = re.sub(r"[\W_]", "", vendor_status).upper()
    return _STATUSES.get(plain, plain.lower())


# ---------------------------------------------------------------------------------------------------------- the feed


def _feed_entries(reading: ParseInput, remembered: ClosedEntries) -> tuple[list[Incident] | None, list[str]]:
    """Return the entries of the feed, None where it could not be read, and reasons for what it does not add."""
    body = reading.documents.get(_FEED)
    if body is None:
        return None, []
    try:
        items = _feed_items(body)
        return parse_entries(items[:_MAX_ITEMS], partial(_feed_entry, reading.page, remembered), _FEED)
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        return None, [f"{_FEED}: {text.line(str(error))}"]
    except FeedError as error:
        return None, [str(error)]


def _feed_items(body: bytes) -> list[ElementTree.Element]:
    """Return the items of an RSS feed. Raises FeedError, ParseError or UnicodeDecodeError."""
    content = without_bom(body).decode()
    if _UNSAFE_XML.search(content):
        raise FeedError(f"{_FEED}: it has a document type, entities or null characters")
    root = ElementTree.fromstring(content)  # noqa: S314 - nothing is declared that could be expanded
    if root.tag != "rss":
        raise FeedError(f"{_FEED}: no RSS")
    return root.findall("channel/item")


def _feed_entry(page: Page, remembered: ClosedEntries, item: ElementTree.Element) -> Incident | None:
    """Return an entry of the feed with all of its updates; None where it is as remembered. Raises ValueError."""
    facts = [item.findtext(name, "") for name in ("link", "pubDate", "title", "description", _CONTENT)]
    digest = remembered.digest("\0".join(facts).encode())
    if remembered.holds(digest):
        return None
    address = item.findtext("link", "").strip()
    key = _last_part(address)
    if not key:
        raise ValueError(f"an address without an id: {text.line(address)[:100]!r}")
    kind = IncidentKind.MAINTENANCE if "/maintenance/" in address else IncidentKind.INCIDENT
    started = utc(parsedate_to_datetime(item.findtext("pubDate", "")))
    markup = html.unescape(item.findtext(_CONTENT, ""))
    updates = _updates(markup, started - _MAX_BEFORE_START[kind])
    components = _components(item.findtext("description", ""))
    return Incident(
        id=key,
        kind=kind,
        title=clean_title(item.findtext("title", "")),
        status=updates[-1].status,
        impact=Impact.MAINTENANCE if kind is IncidentKind.MAINTENANCE else Impact.UNKNOWN,
        url=incident_link(address, page),
        created_at=min(started, updates[0].created_at),
        position=started,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=updates,
        entry_digest=digest,
    )


def _components(description: str) -> tuple[Component, ...]:
    """Return the components that the plain description names."""
    named = _COMPONENTS.search(description)
    if not named:
        return ()
    names = (clean_title(part) for part in named[1].split(","))
    return tuple(sorted({Component(name) for name in names if not names_nothing(name)}))


class _StatedUpdate(NamedTuple):
    """An update as an entry's markup states it; `published_at` is in UTC."""

    published_at: datetime
    status: str
    body: str

    @property
    def moment(self) -> tuple[str, str]:
        """Its time and status. The year is left out: it is worked out, not stated."""
        return f"{self.published_at:%m-%dT%H:%M:%S}", self.status

    @property
    def order(self) -> tuple[datetime, int]:
        """Its time, and where its status stands in the course of an incident."""
        return self.published_at, _STATUS_ORDER.index(self.status)


def _updates(markup: str, earliest: datetime) -> tuple[IncidentUpdate, ...]:
    """Return the updates of an entry. Raises ValueError where one is missing or cannot be read.

    An id is derived from the time and the status of an update. Where several updates share both, it depends on the
    message, too.
    """
    stated = _stated_updates(markup, earliest)
    updates_at = Counter(update.moment for update in stated)
    updates: list[IncidentUpdate] = []
    for update in sorted(stated, key=attrgetter("order"), reverse=True):
        message = (text.paragraph(update.body),) if updates_at[update.moment] > 1 else ()
        key = derived_id(*update.moment, *message)
        updates.append(incident_update(key, update.status, update.body, update.published_at, None))
    return oldest_first(updates)


def _stated_updates(markup: str, earliest: datetime) -> list[_StatedUpdate]:
    """Return the updates in the order of the markup. Raises ValueError where one cannot be read, or there is none."""
    found = list(_UPDATE.finditer(markup))
    if not found or len(found) != markup.count("<p><small>"):  # the one overlooked might resolve the incident
        raise ValueError("an entry with an update that cannot be read, or without any")
    ends = [*(match.start() for match in found[1:]), len(markup)]
    stated: list[_StatedUpdate] = []
    for match, end in zip(found, ends, strict=True):
        status = _status(match[2])
        if status not in _STATUS_ORDER:
            raise ValueError(f"an update of unknown status: {text.line(match[2])[:50]!r}")
        message = markup[match.end() : end].rstrip().removesuffix("</p>").rstrip().removesuffix(".")
        stated.append(_StatedUpdate(_published_at(_TAG.sub("", match[1]), earliest), status, message))
    return stated


def _published_at(vendor_time: str, earliest: datetime) -> datetime:
    """Return the time of an update, which has no year, in the first year in which it is not before `earliest`.

    Raises ValueError.
    """
    match = _TIME.fullmatch(text.line(vendor_time))
    if match:
        month, day_and_time, second, sign, hours, minutes = match.groups()
        plain = f"{month} {day_and_time}:{second or '00'} {sign}{hours:0>2}{minutes or '00'}"
        for year in (earliest.year, earliest.year + 1):
            published = _in_year(year, plain)
            if published and published >= earliest:
                return published
    raise ValueError(f"a time that cannot be read: {text.line(vendor_time)[:50]!r}")


def _in_year(year: int, plain: str) -> datetime | None:
    """Return the time in that year; None where the year has no such day, as the 29th of February."""
    try:
        return datetime.strptime(f"{year} {plain}", "%Y %b %d, %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None

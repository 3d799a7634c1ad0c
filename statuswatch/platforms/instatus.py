"""Instatus.

`summary.json` lists what is open, incidents and windows that are planned or under way, and nothing else: what is open
is only what it lists, with its statuses, impacts and schedules. `history.rss` lists the newest entries of any status by
start. It adds the updates and components of what is open, and what is over, so that an incident that ended is told as
resolved, with its last message; what only it shows as open is passed over. Both are read on every run. A feed that is
missing, late or in another language than English costs only what it adds. Where it shows as over what the summary still
lists, the newer counts, of equal ones the feed: the summary may come from a cache. An entry gone from the summary that
the feed does not show as over yet is noted as absent; if the next read finds it no better it is no longer listed. On a
page without the feed it is so at once. `/v3/components.json` names no incident, and is not read.

Ids are the vendor's: the summary's (documented since 2024), else the last part of the entry's address, as in the feed
(documented and recorded). An entry with neither has one derived from its start alone, and is not found in the feed;
only where several of one document start together do their names tell them apart.

Oddities of the summary: a list without entries is left out (reported by readers of live pages), which is believed where
the page's status does not speak of that list; UP may stand beside an open incident (recorded); times are JavaScript's
in the vendor's older documentation. Of `page` nothing stays: the name is edited, and the address is another once the
page has a domain of its own.

Oddities of the feed, recorded on two pages: the updates stand in an entry's HTML, escaped once more than RSS asks for,
in either order, without ids, each with a full stop of the template's after it; their times lack the year; components
are named only in the plain description, separated by commas. Whether it lists windows is not known.
"""

import html
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final, Literal
from urllib.parse import urlsplit
from xml.etree import ElementTree

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    identifier,
    incident_link,
    incident_update,
    newest_copies,
    newly_absent,
    oldest_first,
    parse_entries,
    without_bom,
)

PARSER_VERSION: Final = 1
_SUMMARY, _FEED = "summary.json", "history.rss"
_IDENTITY: Final = "instatus"  # of a page that says its name and its address
_BOTH: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_NO_MERE_WORD: Final = re.compile(r"(?=\D*\d)[\w-]{1,199}", re.ASCII)
_NEWEST: Final = 100  # entries of the feed that are looked at
_MARKUP: Final = "{http://purl.org/rss/1.0/modules/content/}encoded"
_COMPONENTS: Final = re.compile(r"^[ \t]*Affected Components:(.*)$", re.MULTILINE)
# <p><small>Sep <var> 25</var>, <var>15:15:00</var> GMT+0</small><br><strong>Resolved</strong> - the message
_UPDATE: Final = re.compile(r"<p><small>([^\n]{1,200}?)</small><br ?/?>\s*<strong>([^<]*)</strong> {0,3}-")
_TAG: Final = re.compile(r"<[^<>]*>")
_TIME: Final = re.compile(r"([A-Za-z]{3})[a-z]* (\d{1,2}, \d{1,2}:\d\d)(?::(\d\d))? GMT([+-])(\d{1,2})(?::(\d\d))?")
# An update without a year is dated at most this long before the start of its incident or window, else after it.
_BEFOREHAND: Final = {IncidentKind.INCIDENT: timedelta(days=1), IncidentKind.MAINTENANCE: timedelta(days=180)}
_STATUSES: Final = {"NOTSTARTEDYET": "scheduled", "PLANNED": "scheduled", "INPROGRESS": "in_progress"}
# Those that are known, in the order in which they follow, where two updates are of the same second.
_ORDER: Final = (
    *("scheduled", "in_progress", "verifying", "completed"),
    *("investigating", "identified", "monitoring", "resolved"),
)
_IMPACTS: Final = {  # as Statuspage counts the same states of components
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
    """An entry of either list. `started` is an incident's, `start` and `duration` (minutes) are a window's."""

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
    base = page.url.removesuffix(f"/{_FEED}").removesuffix(f"/{_SUMMARY}")
    return Document(_SUMMARY, f"{base}/{_SUMMARY}", required=True), Document(_FEED, f"{base}/{_FEED}")


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    return feed.identity == _IDENTITY


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get(_SUMMARY)
    if body is None:
        raise FeedError(f"{_SUMMARY}: missing")
    summary = decode(body, _Summary, _SUMMARY)
    active, skipped = _active(summary, reading.page)
    past, losses = _past(reading)
    twins = {it.id: it for it in past or ()}
    over = [it for it in twins.values() if it.closed]
    incidents = newest_copies((_joined(it, twins.get(it.id)) for it in active), over)
    return Feed(
        identity=_IDENTITY if summary.page.name and summary.page.url else f"{_IDENTITY}, without a name or an address",
        incidents=incidents,
        by_creation=True,
        history=frozenset(it.kind for it in over) if past != [] else _BOTH,
        complete=_BOTH,
        current=frozenset() if newly_absent(reading, _FEED, incidents) else _BOTH,
        skipped=tuple(skipped),
        losses=tuple(losses),
    )


def _joined(listed: Incident, twin: Incident | None) -> Incident:
    """What the summary lists, with the updates and components of the feed's entry of the same id."""
    if twin is None or (twin.closed and twin.last_update_at >= listed.position):
        return twin or listed
    return msgspec.structs.replace(
        listed, updates=twin.updates, components=twin.components, source_quality=twin.source_quality
    )


def _active(summary: _Summary, page: Page) -> tuple[list[Incident], list[str]]:
    """The entries, and why some were skipped. Raises FeedError where a list is missing of which the page says that it
    has something.
    """
    active: list[Incident] = []
    skipped: list[str] = []
    for kind, raws, told_by in (
        (IncidentKind.INCIDENT, summary.active_incidents, "HASISSUES"),
        (IncidentKind.MAINTENANCE, summary.active_maintenances, "UNDERMAINTENANCE"),
    ):
        if isinstance(raws, msgspec.UnsetType):
            if summary.page.status == told_by:
                raise FeedError(f"{_SUMMARY}: {told_by}, and no list of them")
            continue
        understood, bad = parse_entries(raws, partial(_listed, kind, page), _SUMMARY)
        active += understood
        skipped += bad
    starts = [(it.kind, f"{it.scheduled_for or it.created_at:%Y-%m-%dT%H:%M:%S}") for it in active]
    at_once = Counter(starts)
    for place, (it, start) in enumerate(zip(active, starts, strict=True)):
        if not it.id:
            name = (it.title,) if at_once[start] > 1 else ()
            active[place] = msgspec.structs.replace(it, id=derived_id(*start, *name))
    return active, skipped


def _listed(kind: IncidentKind, page: Page, raw: msgspec.Raw) -> Incident:
    """An entry of the summary; without an id where the vendor gives it none."""
    it = _decode_active(raw)
    start = _time(it.start if kind is IncidentKind.MAINTENANCE else it.started)
    changed = _time(it.updated_at) if it.updated_at else start
    minutes = str(it.duration or "")
    window = kind is IncidentKind.MAINTENANCE
    return Incident(
        id=identifier(it.id) if it.id else _last_part(it.url or ""),
        kind=kind,
        title=clean_title(it.name),
        status=clean_status(_status(it.status)),
        impact=Impact.MAINTENANCE if window else _IMPACTS.get(it.impact or "", Impact.UNKNOWN),
        url=incident_link(it.url, page),
        created_at=min(start, changed) if window else start,  # a window may start in the future
        position=changed,
        scheduled_for=start if window else None,
        scheduled_until=start + timedelta(minutes=int(minutes)) if window and minutes.isdecimal() else None,
    )


def _last_part(address: str) -> str:
    """Of its path; "" where that is a mere word. Raises ValueError."""
    _, slash, last = urlsplit(address).path.rstrip("/").rpartition("/")
    return last if slash and _NO_MERE_WORD.fullmatch(last) else ""


def _time(vendors: str | None) -> datetime:
    """A time as of ISO 8601, or as JavaScript writes it: `Sat Jun 11 2022 18:55:50 GMT+0000 (...)`."""
    if not vendors:
        raise ValueError("no start is stated")
    plain = vendors.partition(" (")[0]
    try:
        return utc(datetime.fromisoformat(plain))
    except ValueError:
        return utc(datetime.strptime(plain, "%a %b %d %Y %H:%M:%S GMT%z"))


def _status(vendors: str) -> str:
    """`INPROGRESS` in the summary and `In progress` in the feed are one."""
    plain = re.sub(r"[\W_]", "", vendors).upper()
    return _STATUSES.get(plain, plain.lower())


def _past(reading: ParseInput) -> tuple[list[Incident] | None, list[str]]:
    """The entries of the feed, None where it could not be read, and what it could not add."""
    body = reading.documents.get(_FEED)
    if body is None:
        return None, []
    try:
        content = without_bom(body).decode()
        if re.search(r"\0|<!(?:DOCTYPE|ENTITY)", content, re.IGNORECASE):
            raise FeedError(f"{_FEED}: it has a document type, entities or null characters")
        root = ElementTree.fromstring(content)  # noqa: S314 - nothing is declared that could be expanded
        if root.tag != "rss":
            raise FeedError(f"{_FEED}: no RSS")
        return parse_entries(root.findall("channel/item")[:_NEWEST], partial(_entry, reading.page), _FEED)
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        return None, [f"{_FEED}: {text.line(str(error))}"]
    except FeedError as error:
        return None, [str(error)]


def _entry(page: Page, item: ElementTree.Element) -> Incident:
    address = item.findtext("link", "").strip()
    key = _last_part(address)
    if not key:
        raise ValueError(f"an address without an id: {text.line(address)[:100]!r}")
    kind = IncidentKind.MAINTENANCE if "/maintenance/" in address else IncidentKind.INCIDENT
    started = utc(parsedate_to_datetime(item.findtext("pubDate", "")))
    updates = _updates(html.unescape(item.findtext(_MARKUP, "")), started - _BEFOREHAND[kind])
    named = _COMPONENTS.search(item.findtext("description", ""))
    components = {Component(name) for part in (named[1] if named else "").split(",") if (name := clean_title(part))}
    return Incident(
        id=key,
        kind=kind,
        title=clean_title(item.findtext("title", "")),
        status=updates[-1].status,
        impact=Impact.MAINTENANCE if kind is IncidentKind.MAINTENANCE else Impact.UNKNOWN,
        url=incident_link(address, page),
        created_at=min(started, updates[0].created_at),
        position=started,
        components=tuple(sorted(components)),
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=updates,
    )


def _updates(markup: str, earliest: datetime) -> tuple[IncidentUpdate, ...]:
    """Those of an entry. An id is of the time without its year, which is worked out, and the status; of two with the
    same, the message tells them apart. Raises ValueError where there is none, or one of them cannot be read.
    """
    found = list(_UPDATE.finditer(markup))
    if not found or len(found) != markup.count(
        "<p><small>"
    ):  # one that is overlooked might be the one that resolves it
        raise ValueError("an entry with an update that cannot be read, or without any")
    ends = [*(match.start() for match in found[1:]), len(markup)]
    stated = []
    for match, end in zip(found, ends, strict=False):
        if (status := _status(match[2])) not in _ORDER:
            raise ValueError(f"an update of unknown status: {text.line(match[2])[:50]!r}")
        message = markup[match.end() : end].rstrip().removesuffix("</p>").rstrip().removesuffix(".")
        stated.append((_moment(_TAG.sub("", match[1]), earliest), status, message))
    places = [(f"{at:%m-%dT%H:%M:%S}", status) for at, status, _ in stated]
    at_once = Counter(places)
    updates = []
    for place, (at, status, body) in zip(places, stated, strict=True):
        facts = (*place, text.paragraph(body)) if at_once[place] > 1 else place
        updates.append(incident_update(derived_id(*facts), status, body, at, None))
    return oldest_first(sorted(updates, key=lambda it: (it.created_at, _ORDER.index(it.status)), reverse=True))


def _moment(vendors: str, earliest: datetime) -> datetime:
    """When an update was published: its time without a year, in the first year that is not before `earliest`. Raises
    ValueError.
    """
    if parts := _TIME.fullmatch(text.line(vendors)):
        month, time, second, sign, hours, minutes = parts.groups()
        plain = f"{month} {time}:{second or '00'} {sign}{hours:0>2}{minutes or '00'}"
        for year in (earliest.year, earliest.year + 1):
            try:
                at = datetime.strptime(f"{year} {plain}", "%Y %b %d, %H:%M:%S %z").astimezone(UTC)
            except ValueError:  # the 29th of February, most likely
                continue
            if at >= earliest:
                return at
    raise ValueError(f"a time that cannot be read: {text.line(vendors)[:50]!r}")

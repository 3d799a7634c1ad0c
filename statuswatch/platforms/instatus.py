"""Instatus.

Incidents, updates and their ids come from `history.rss`: the newest entries of any status, each with its updates, by
start. `summary.json` lists what is open now. It adds the impact and the schedule, and what the feed does not list; it
has no updates and names no components. Both are read on every run.

Oddities of the feed, recorded on two pages: the updates stand in an entry's HTML, escaped once more than RSS asks for,
in either order, without ids, each with a full stop of the template's after it; their times lack the year; components
are named only in the plain description, separated by commas. A page in another language than English has other words
for statuses and months: such entries are refused, as nothing tells whether they are over.

Oddities of the summary: a list without entries is left out, so that a calm page is `{"page": {"status": "UP", ...}}`
(reported by readers of live pages); `page.status` may be UP while an incident is listed (recorded); its times are
those of JavaScript on some pages, and entries lack ids on some, where their address ends with it (documented by the
vendor). Whether the feed lists windows is not known: one that is gone from the summary, and is not in the feed, is no
longer listed.
"""

import html
import io
import re
from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model import STATED, Component, Document, Feed, Impact, Incident, IncidentUpdate, Kind, Page, utc
from statuswatch.platforms.reading import (
    Reading,
    decode,
    derived,
    epoch,
    identifier,
    identity,
    link,
    oldest_first,
    one_of_each,
    title,
    understand,
    unmarked,
    update,
    word,
)

PARSER: Final = 1
LARGEST_FEED: Final = 1_000_000  # bytes of the feed that are looked at; the newest entries come first
_FEED, _SUMMARY = "history.rss", "summary.json"
_PLACE: Final = re.compile(r"/(incident|maintenance)/([^/?#]+)/?$")
_ID: Final = re.compile(r"c[a-z0-9]{20,29}")  # a CUID
_ENTITIES: Final = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_HTML: Final = re.compile(rb"\s*<(?:!doctype\s+html|html)", re.IGNORECASE)
_COMPONENTS: Final = re.compile(r"^[ \t]*Affected Components:(.*)$", re.MULTILINE)
# <p><small>Sep <var> 25</var>, <var>15:15:00</var> GMT+0</small><br><strong>Resolved</strong> - the message
_UPDATE: Final = re.compile(
    r"<p><small>([A-Za-z]{3,9}) {0,3}(?:<var[^<>]*>)? {0,3}(\d{1,2})(?:</var>)?, {0,3}"
    r"(?:<var[^<>]*>)?(\d{1,2}):(\d\d)(?::(\d\d))?(?:</var>)? {0,3}GMT([+-]\d{1,2})(?::(\d\d))?</small>"
    r"<br ?/?>\s*<strong>([^<]*)</strong> {0,3}-"
)
_HEADING: Final = "<p><small>"
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# An update without a year is dated at most this long before the start of its incident or window, else after it.
_BEFOREHAND: Final = {Kind.INCIDENT: timedelta(days=1), Kind.MAINTENANCE: timedelta(days=180)}
_STATUSES: Final = {  # in the order in which they follow, where two updates are of the same second
    "NOTSTARTEDYET": "scheduled",
    "PLANNED": "scheduled",
    "SCHEDULED": "scheduled",
    "INPROGRESS": "in_progress",
    "VERIFYING": "verifying",
    "INVESTIGATING": "investigating",
    "IDENTIFIED": "identified",
    "MONITORING": "monitoring",
    "COMPLETED": "completed",
    "RESOLVED": "resolved",
}
_ORDER: Final = tuple(_STATUSES.values())
_IMPACTS: Final = {  # as Statuspage counts the same states of components
    "OPERATIONAL": Impact.NONE,
    "DEGRADEDPERFORMANCE": Impact.MINOR,
    "MINOROUTAGE": Impact.MINOR,
    "PARTIALOUTAGE": Impact.MAJOR,
    "MAJOROUTAGE": Impact.CRITICAL,
}


class _Page(msgspec.Struct):
    name: str
    url: str
    status: Literal["UP", "HASISSUES", "UNDERMAINTENANCE"]


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
    return Document(_FEED, f"{base}/{_FEED}", required=True), Document(_SUMMARY, f"{base}/{_SUMMARY}")


def more(reading: Reading, feed: Feed, /, *, moved: bool) -> tuple[Document, ...]:
    return ()


def recognises(feed: Feed, /) -> bool:
    return bool(feed.current) and all(_ID.fullmatch(incident.id) for incident in feed.incidents)


def parse(reading: Reading, /) -> Feed:
    body = reading.documents.get(_FEED)
    if body is None:
        raise FeedError(f"{_FEED}: missing")
    channel = _channel(body)
    try:
        host = urlsplit(str(channel.feed.get("link", ""))).hostname or ""
    except ValueError as error:
        raise FeedError(f"{_FEED}: {error}") from error

    losses: list[str] = []
    listed, skipped = understand(channel.entries, partial(_listed, reading.page), _FEED)
    summary = _summary(reading, losses)
    active, bad = _actives(summary, reading.page) if summary else ([], [])
    known = {incident.id: incident for incident in listed}
    return Feed(
        identity=identity(host, _FEED),
        incidents=one_of_each(
            (_decorated(incident, active) for incident in listed), (it for it in active if it.id not in known)
        ),
        by_creation=True,
        # Without the summary an incident that the feed does not list yet would seem to be withdrawn.
        history=frozenset({Kind.INCIDENT, Kind.MAINTENANCE} if summary else ()),
        current=frozenset({Kind.MAINTENANCE} if summary else ()),
        skipped=(*skipped, *bad),
        losses=tuple(losses),
    )


def _channel(body: bytes) -> Any:
    """The feed as feedparser has it. Raises FeedError where it is cut, malformed, no RSS, or declares entities."""
    import feedparser  # takes its time: only where there is such a page

    if len(body) > LARGEST_FEED:
        body = body[:LARGEST_FEED].rpartition(b"</item>")[0] + b"</item></channel></rss>"
    try:
        body = unmarked(body)
    except UnicodeDecodeError as error:
        raise FeedError(f"{_FEED}: {error}") from error
    if _HTML.match(body):
        raise FeedError(f"{_FEED}: HTML instead of RSS")
    if _ENTITIES.search(body):
        raise FeedError(f"{_FEED}: it declares a document type or entities")
    channel = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-type": "application/rss+xml; charset=utf-8"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    if channel.get("bozo") or not str(channel.get("version") or "").startswith("rss"):
        raise FeedError(f"{_FEED}: {text.line(str(channel.get('bozo_exception') or 'no RSS'))}")
    return channel


def _listed(page: Page, entry: Mapping[str, Any]) -> Incident:
    """An entry of the feed."""
    kind, key = _place(str(entry.get("link", "")))
    published = entry.get("published_parsed")
    if not published:
        raise ValueError("an entry without a time")
    started = epoch(timegm(published))
    markup = html.unescape(" ".join(str(content.get("value", "")) for content in entry.get("content", ())))
    updates = _updates(markup, started - _BEFOREHAND[kind])
    named = _COMPONENTS.search(str(entry.get("summary", "")))
    components = {Component(name) for part in (named[1] if named else "").split(",") if (name := title(part))}
    created = min(started, updates[0].created_at)
    return Incident(
        id=key,
        kind=kind,
        title=title(str(entry.get("title", ""))),
        status=updates[-1].status,
        impact=Impact.MAINTENANCE if kind is Kind.MAINTENANCE else Impact.UNKNOWN,
        url=link(str(entry.get("link", "")), page),
        created_at=created,
        position=created,
        components=tuple(sorted(components)),
        rank=STATED if components else 0,
        updates=updates,
    )


def _updates(markup: str, earliest: datetime) -> tuple[IncidentUpdate, ...]:
    """Those of an entry. An id is of the time without its year, which is worked out, and the status; of two with the
    same, the message tells them apart. Raises ValueError where there is none, or one of them cannot be read.
    """
    found = list(_UPDATE.finditer(markup))
    if not found or len(found) != markup.count(_HEADING):  # one that is overlooked might be the one that resolves it
        raise ValueError("an entry with an update that cannot be read, or without any")
    ends = [*(match.start() for match in found[1:]), len(markup)]
    stated = []
    for match, end in zip(found, ends, strict=False):
        status = _STATUSES.get(_plain(match[8]))
        if status is None:
            raise ValueError(f"an update of unknown status: {text.line(match[8])[:50]!r}")
        message = markup[match.end() : end].rstrip().removesuffix("</p>").rstrip().removesuffix(".")
        stated.append((_moment(match, earliest), status, message))
    places = [(f"{at:%m-%dT%H:%M:%S}", status) for at, status, _ in stated]
    stated_updates = [
        update(derived(*place, *([text.paragraph(body)] * (places.count(place) > 1))), status, body, at, None)
        for place, (at, status, body) in zip(places, stated, strict=True)
    ]
    stated_updates.sort(key=lambda it: (it.created_at, _ORDER.index(it.status)), reverse=True)
    return oldest_first(stated_updates)


def _moment(match: re.Match[str], earliest: datetime) -> datetime:
    """When an update was published: its time without a year, in the first year that is not before `earliest`. Raises
    ValueError.
    """
    month, day, hour, minute, second, hours, minutes = match.groups()[:7]
    ahead = timedelta(hours=abs(int(hours)), minutes=int(minutes or 0))
    zone = timezone(-ahead if hours.startswith("-") else ahead)
    for year in (earliest.year, earliest.year + 1):
        try:
            number = _MONTHS.index(month[:3].lower()) + 1
            at = datetime(year, number, int(day), int(hour), int(minute), int(second or 0), tzinfo=zone)
        except ValueError:  # the 29th of February, most likely
            continue
        if at >= earliest:
            return at.astimezone(UTC)
    raise ValueError(f"a time beyond the calendar: {text.line(match[0])[:50]!r}")


def _summary(reading: Reading, losses: list[str]) -> _Summary | None:
    body = reading.documents.get(_SUMMARY)
    if body is None:
        return None
    try:
        summary = decode(body, _Summary, _SUMMARY)
        listless = summary.active_incidents is msgspec.UNSET and summary.active_maintenances is msgspec.UNSET
        if listless and summary.page.status != "UP":
            raise FeedError(f"{_SUMMARY}: {summary.page.status}, and it lists nothing")
    except FeedError as error:
        losses.append(str(error))
        return None
    return summary


def _actives(summary: _Summary, page: Page) -> tuple[list[Incident], list[str]]:
    active: list[Incident] = []
    skipped: list[str] = []
    for kind, raws in ((Kind.INCIDENT, summary.active_incidents), (Kind.MAINTENANCE, summary.active_maintenances)):
        if isinstance(raws, msgspec.UnsetType):
            continue
        try:
            understood, bad = understand(raws, partial(_active, kind, page), _SUMMARY)
        except FeedError as error:
            understood, bad = [], [str(error)]
        active += understood
        skipped += bad
    return active, skipped


def _active(kind: Kind, page: Page, raw: msgspec.Raw) -> Incident:
    """An entry of the summary."""
    it = _decode_active(raw)
    start = _time(it.start if kind is Kind.MAINTENANCE else it.started)
    created = min(start, _time(it.updated_at)) if it.updated_at else start  # a window may start in the future
    minutes = str(it.duration or "")
    window = kind is Kind.MAINTENANCE
    return Incident(
        id=identifier(it.id) if it.id else _place(it.url or "")[1],
        kind=kind,
        title=title(it.name),
        status=_STATUSES.get(_plain(it.status)) or word(it.status),
        impact=Impact.MAINTENANCE if window else _IMPACTS.get(_plain(it.impact or ""), Impact.UNKNOWN),
        url=link(it.url, page),
        created_at=created,
        position=created,
        scheduled_for=start if window else None,
        scheduled_until=start + timedelta(minutes=int(minutes)) if window and minutes.isdecimal() else None,
    )


def _decorated(incident: Incident, active: list[Incident]) -> Incident:
    """With what the summary adds; one that calls a closed incident active is an older copy."""
    twin = next((it for it in active if it.id == incident.id), None)
    if twin is None or incident.closed:
        return incident
    return msgspec.structs.replace(
        incident,
        impact=incident.impact if incident.kind is Kind.MAINTENANCE else twin.impact,
        scheduled_for=twin.scheduled_for,
        scheduled_until=twin.scheduled_until,
    )


def _place(address: str) -> tuple[Kind, str]:
    """The kind and the id of what the vendor's address leads to. Raises ValueError."""
    place = _PLACE.search(address)
    if place is None:
        raise ValueError(f"an address without an id: {text.line(address)[:100]!r}")
    return Kind(place[1]), identifier(place[2])


def _time(vendors: str | None) -> datetime:
    """A time as of ISO 8601, or as JavaScript writes it: `Sat Jun 11 2022 18:55:50 GMT+0000 (...)`."""
    plain = (vendors or "").partition(" (")[0]
    try:
        return utc(datetime.fromisoformat(plain))
    except ValueError:
        return utc(datetime.strptime(plain, "%a %b %d %Y %H:%M:%S GMT%z"))


def _plain(vendors: str) -> str:
    """A word of the vendor's as the summary writes it: `In progress` is INPROGRESS."""
    return "".join(letter for letter in vendors if letter.isalnum()).upper()

"""A feed, RSS or Atom, of whatever software writes it: the least that most status pages have.

The feed stands at the page's `id`, or at its `url` where that has a path. Where neither is a feed, the ones that its
HTML names and the usual places are proposed.

One entry is one incident, and lists its updates or only the latest, whose id is then "latest": the vendor replaces it.
What an entry says of its status is read in `entries`. Two feeds are of another kind:

- AWS (recorded) has one item an update, `#service-region_EPOCH`, and issues all of an incident's again when it is
  over, its epochs rounded down to the minute. Items of one place and title are one incident, until one says that it
  is over and a day goes by; ids are made of the place and of minutes. Older items leave the feed before newer ones, so
  an incident that is remembered keeps its id by the updates that are, or by its title while it is open.
- Site24x7 StatusIQ and status.cloud.microsoft (reported) have one item a component, with its state of now: those that
  are not well are incidents, and the feed lists only what is open.

Azure's feed lists only what is open (recorded: it is empty when nothing is). All others are histories; an empty one
lists nothing at all, so that what was open is withdrawn.

An entry that states no status is "reported". It is told as new, and counts as open until the feed, by its own date or
that of its newest entry, has gone on for 14 days without a new word on it, be it still listed or not. Then its status
is "expired", which no vendor says: it is not counted as open any longer, and its event says that no end was stated. So
a month-old entry is not open at the first read, and none stays open for ever.

Oddities: the published date of Statuspage moves, and lies ahead for a window to come (recorded); links may lack
their scheme (OnlineOrNot, quoted). The feed's own date is no sign of a change (incident.io: that of the request); it
only tells an older copy, where entries show no more than their latest text.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from urllib.parse import urljoin, urlsplit

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.incident import (
    EXPIRED,
    STATED_BY_VENDOR,
    Component,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
)
from statuswatch.model.page import Document, Feed, Page
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_title,
    derived_id,
    identifier,
    incident_link,
    incident_update,
    labelled_components,
    parse_entries,
)
from statuswatch.platforms.rss.document import built_at, decode, is_feed, unidentified
from statuswatch.platforms.rss.entry import (
    LATEST,
    MAINTENANCE,
    REPORTED,
    Channel,
    Entry,
    affected,
    blocks,
    dates,
    impact,
    is_status,
    markup,
    messages,
    said,
    scheduled,
    status,
    untitled,
)
from statuswatch.platforms.rss.series import chained, item, series_of

PARSER_VERSION: Final = 1
UNHEARD_OF: Final = timedelta(days=14)
_SILENCE: Final = f"Nothing new in {UNHEARD_OF.days} days; no end was stated. It is not counted as open any longer."
_LATEST: Final = text.digest(LATEST)
_ONLY_OPEN: Final = frozenset({"azure.status.microsoft"})  # what such feeds are, by their identity
_KINDS: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_HOST: Final = re.compile(r"(?:tag:|https?://)?([a-z0-9.-]+\.[a-z]{2,})(?:[:/,]|$)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"incidents?/([\w-]{4,})/?$", re.IGNORECASE | re.ASCII)
_STATES: Final = {
    **dict.fromkeys(("operational", "informational", "available", "service restored", "servicerestored"), Impact.NONE),
    **dict.fromkeys(("degraded performance", "service degradation", "servicedegradation"), Impact.MINOR),
    **dict.fromkeys(("partial outage", "service interruption", "serviceinterruption"), Impact.MAJOR),
    "major outage": Impact.CRITICAL,
    "under maintenance": Impact.MAINTENANCE,
}


def documents(page: Page, /) -> tuple[Document, ...]:
    if page.id:
        return (Document("feed", urljoin(f"{page.url}/", page.id), required=True),)
    return (Document("feed", page.url, required=True),) if urlsplit(page.url).path.strip("/") else ()


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    """A feed that says of anything in it how it stands; any other may be a weblog."""
    return any(incident.status != REPORTED and not _is_unheard_of(incident) for incident in feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get("feed")
    if not reading.page.id and (body is None or not is_feed(body)):
        raise unidentified(reading.page, body)
    return read(reading)


def read(reading: ParseInput, *, only_open: bool = False) -> Feed:
    """The feed, whose platform may know that it lists only what is open. Raises FeedError."""
    body = reading.documents.get("feed")
    if body is None:
        raise FeedError("feed: missing")
    head, entries = decode(body)

    home = str(head.get("link") or "")
    identity = next((found[1].lower() for it in (head.get("id"), home) if (found := _HOST.match(str(it or "")))), "")
    identity = identity or clean_title(str(head.get("title") or ""))
    if not identity:
        raise FeedError("feed: it does not say of what it is")
    built = built_at(head)
    channel = Channel(
        page=reading.page,
        home=home,
        identity=identity,
        built=built,
        only_open=only_open or identity in _ONLY_OPEN,
        several=any(markup(entry).count("<small") > 1 for entry in entries),
        known=reading.state.incidents if reading.state else {},
    )
    states = [(entry, state) for entry in entries if (state := _state(entry))]
    if len(states) * 2 > len(entries):
        components, skipped = parse_entries(states, partial(_component, channel), "feed")
        incidents = [one for one in components if one.impact is not Impact.NONE]
        channel = channel._replace(only_open=True)
    else:
        of_series = [(entry, match) for entry in entries if (match := series_of(entry))]
        others = [entry for entry in entries if not series_of(entry)]
        items, skipped = parse_entries(of_series, item, "feed")
        alone, more_skipped = parse_entries(others, partial(_incident, channel), "feed")
        incidents = [*chained(channel, items), *alone]
        skipped += more_skipped
    if not channel.only_open:
        incidents = _heard_of(channel, incidents)
    incidents, twice = _once(incidents)
    in_place = any(len(it.updates) == 1 and it.updates[0].id == LATEST for it in incidents)
    return Feed(
        identity=identity,
        incidents=tuple(incidents),
        updated_at={"feed": built} if built and in_place else {},
        history=frozenset() if channel.only_open else _KINDS,
        complete=frozenset() if entries else _KINDS,
        current=_KINDS if channel.only_open else frozenset(),
        skipped=(*skipped, *twice),
    )


# ------------------------------------------------------------------------------------------ one entry, one incident


def _incident(channel: Channel, entry: Entry) -> Incident:
    when = dates(entry, channel.built)
    html = markup(entry)
    plain = text.paragraph(html)
    name, in_title = untitled(clean_title(text.paragraph(str(entry.get("title") or ""))))
    key = _key(channel, entry, name, when.published)
    was = channel.known.get(key)
    listed = blocks(html, when.limit)
    # What is remembered of it goes on: ids that changed would be told again.
    in_place = was.updates[:6] == _LATEST if was and was.updates else not channel.several
    if listed and in_place:
        newest = max(listed, key=lambda block: block.at)
        stated = status(newest.label) or in_title or (was.status if was and not was.closed else "update")
        updates = _latest(stated, newest.body, messages([newest], when.published)[0].created_at)
    elif listed:
        updates = messages(listed, when.published)
        stated = updates[-1].status
        updates = _not_redated(updates, was) if was else updates
    else:
        stated, body = said(entry, plain, in_title)
        updates = _latest(stated, affected(body)[0], when.changed)
    parts = labelled_components(((clean_title(part), "") for part in affected(plain)[1] if part), {})
    is_window = not MAINTENANCE.isdisjoint({stated, updates[0].status}) or "Type: Maintenance\n" in plain
    created = min(when.published, when.changed, updates[0].created_at)
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if is_window else IncidentKind.INCIDENT,
        title=name,
        status=stated,
        impact=Impact.MAINTENANCE if is_window else impact(entry),
        url=_address(channel, entry),
        created_at=created,
        position=max(when.published, when.changed, updates[-1].created_at),
        components=parts,
        source_quality=STATED_BY_VENDOR if parts else 0,
        updates=updates,
        scheduled_for=scheduled(html, when.published) if is_window else None,
    )


def _not_redated(updates: tuple[IncidentUpdate, ...], was: IncidentRecord) -> tuple[IncidentUpdate, ...]:
    """Without those that were told under another time, which GitHub corrected a day later (recorded): their ids are
    new, their words are those of a remembered one that is not listed any more.
    """
    ids = {text.digest(it.id) for it in updates}
    bodies = {digest[:6]: digest[8:].rstrip("~") for digest in was.updates.split()}
    lost = {body for key, body in bodies.items() if body and key not in ids}
    kept = tuple(it for it in updates if text.digest(it.id) in bodies or text.digest(it.body) not in lost)
    return kept or updates


def _latest(stated: str, body: str, at: datetime) -> tuple[IncidentUpdate, ...]:
    return (incident_update(LATEST, stated, body, at, None),)


def _key(channel: Channel, entry: Entry, name: str, published: datetime) -> str:
    """The vendor's: the number at the end of `…incident/NUMBER`, which stays when the page moves to another host;
    else its whole id or link; else what does not change.
    """
    stated = str(entry.get("id") or "")
    address = str(entry.get("link") or "")
    if not stated and _bare(address) not in (_bare(channel.home), _bare(channel.page.url)):
        stated = address
    if not stated:
        return derived_id(name) if channel.only_open else derived_id(name, published.isoformat())
    found = _NUMBER.search(stated)
    try:
        return identifier(found[1] if found else stated)
    except ValueError:
        return derived_id(stated)


def _bare(address: str) -> str:
    return address.partition("://")[2].rstrip("/") or address


def _address(channel: Channel, entry: Entry) -> str:
    address = re.sub(r"(?<!:)//+", "/", str(entry.get("link") or ""))
    if not address.startswith(("http://", "https://", "/")) and _HOST.match(address):
        address = f"https://{address}"
    return incident_link(address, channel.page)


def _once(incidents: Iterable[Incident]) -> tuple[list[Incident], list[str]]:
    """Of entries with the same id the newest, and that there were others."""
    once: dict[str, Incident] = {}
    twice = []
    for it in sorted(incidents, key=lambda it: it.position, reverse=True):
        if once.setdefault(it.id, it) is not it:
            twice.append(f"feed: a second entry with the id {it.id}")
    return list(once.values()), twice


# ------------------------------------------------------------------------------------------ no status stated


def _heard_of(channel: Channel, incidents: list[Incident]) -> list[Incident]:
    """With what was reported so long ago that it does not count as open any longer, listed or not."""
    newest = channel.built or max((it.position for it in incidents), default=None)
    if newest is None:
        return incidents
    listed = {it.id for it in incidents}
    gone = (
        _remembered(channel, key, it)
        for key, it in channel.known.items()
        if it.status == REPORTED
        and it.updates[:6] == _LATEST
        and key not in listed
        and newest - it.last_update_at >= UNHEARD_OF
    )
    return [
        _unheard_of(it) if it.status == REPORTED and newest - it.position >= UNHEARD_OF else it
        for it in (*incidents, *gone)
    ]


def _unheard_of(it: Incident) -> Incident:
    latest = it.updates[-1]
    body = "\n".join(filter(None, (latest.body, _SILENCE)))
    return msgspec.structs.replace(
        it,
        status=EXPIRED,
        updates=(*it.updates[:-1], msgspec.structs.replace(latest, status=EXPIRED, body=body)),
    )


def _is_unheard_of(it: Incident) -> bool:
    return it.status == EXPIRED


def _remembered(channel: Channel, key: str, was: IncidentRecord) -> Incident:
    updates = _latest(was.status, "", was.last_update_at)
    return msgspec.structs.replace(was.as_incident(key), url=was.url or channel.page.url, updates=updates)


# ------------------------------------------------------------------------------------------ one item a component


def _state(entry: Entry) -> tuple[str, str] | None:
    """The component and its state: in an element of its own (Microsoft), or at the end of the title (StatusIQ)."""
    name = clean_title(text.paragraph(str(entry.get("title") or "")))
    state = text.line(str(entry.get("status") or ""))
    if state and not is_status(state):
        return name, state.lower()
    name, _, state = name.rpartition(" - ")
    return (name, state.lower()) if name and state.lower() in _STATES else None


def _component(channel: Channel, part: tuple[Entry, tuple[str, str]]) -> Incident:
    entry, (name, state) = part
    severity = _STATES.get(state, Impact.UNKNOWN)
    kind = IncidentKind.MAINTENANCE if severity is Impact.MAINTENANCE else IncidentKind.INCIDENT
    when = dates(entry, channel.built)
    stated = status(state)
    return Incident(
        id=derived_id(kind, name),
        kind=kind,
        title=name,
        status=stated,
        impact=severity,
        url=_address(channel, entry),
        created_at=when.published,
        position=when.changed,
        components=(Component(name),),
        source_quality=STATED_BY_VENDOR,
        updates=_latest(stated, markup(entry), when.changed),
    )

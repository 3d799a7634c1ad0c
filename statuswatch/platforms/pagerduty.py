"""Status pages of PagerDuty: its own, and those of its customers.

Read on every run: `api/posts?is_featured=true`, the incidents and maintenance windows that the page puts in front of
people, and `api/post_enums`, which has the words for the ids of their statuses and severities, other ids on every page.
Neither can be understood without the other. What decorates them, or follows them:

- `api/posts/<id>`, one whole: the list cuts messages short, within a tag if need be, and may show the latest update
  only. Read when anything moved, for the newest open ones and those that just ended, and for every open one that the
  list does not have any more, to learn how it ended.
- `api/services`: the names of services. Read when an id has no remembered name.

A list of past posts exists, but wants its dates (`since`, `until`): what came and went between two runs is not told.
Documented by seven running clients, of five pages, 2026; no recording. They agree on the fields, not on times, which
are Unix milliseconds in some and ISO 8601 in others: both are read.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import quote

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    from_epoch,
    identifier,
    incident_update,
    oldest_first,
    parse_entries,
)

PARSER_VERSION: Final = 1
MOST_WHOLE: Final = 5  # posts, open or just ended, that are read whole when something moved
_ENUMS: Final = "post_enums"
_CUT_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*\Z")
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")
# "all good" says nothing of what it was.
_IMPACTS: Final = {"minor": Impact.MINOR, "major": Impact.MAJOR, "critical": Impact.CRITICAL}
# How rich the source of a post's components is: all have a name; some have none, even on the list of services; none is
# stated; some have no name yet.
_NAMED, _UNNAMED, _NONE, _PARTLY = STATED_BY_VENDOR, 1, 0, -1

Moment = int | float | str


class _Enum(msgspec.Struct):
    id: str
    name: str
    post_type: str  # incident or maintenance
    post_enum_type: str  # status, severity or impacts


class _Enums(msgspec.Struct):
    post_enums: list[_Enum]


class _Impact(msgspec.Struct):
    service_id: str | None = None


class _Update(msgspec.Struct):
    reported_at: Moment
    status_id: str
    id: str = ""
    severity_id: str | None = None
    message: str | None = None
    impacts: list[_Impact] | None = None


class _Post(msgspec.Struct):
    id: str
    title: str
    post_type: str
    first_update_at: Moment | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    latest_update: _Update | None = None
    updates: list[_Update] | None = None

    @property
    def said(self) -> list[_Update]:
        """Its updates, the latest first: it may be the only one, or not be among the others."""
        return [*([self.latest_update] if self.latest_update else ()), *(self.updates or ())]

    @property
    def latest(self) -> _Update | None:
        return self.latest_update or max(self.updates or (), key=lambda it: _time(it.reported_at), default=None)

    @property
    def services(self) -> set[str]:
        """What the latest update impacts: the one that every document shows."""
        return {it.service_id for it in (self.latest and self.latest.impacts) or () if it.service_id}


class _Posts(msgspec.Struct):
    posts: list[msgspec.Raw]


class _Whole(msgspec.Struct):
    post: msgspec.Raw


class _Service(msgspec.Struct):
    id: str
    name: str | None = None
    display_name: str | None = None


class _ServiceList(msgspec.Struct):
    services: list[_Service]


_decode_post: Final = msgspec.json.Decoder(_Post).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    return (
        Document("posts", f"{page.url}/api/posts?is_featured=true&limit=500", required=True),
        Document(_ENUMS, f"{page.url}/api/{_ENUMS}", required=True),
    )


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    wanted = [Document(_whole(key), _address(reading.page, key)) for key in _gone(reading, feed.incidents)]
    if dirty:
        known = reading.state.incidents if reading.state else {}
        were_open = [it for it in feed.incidents if not it.closed or (it.id in known and not known[it.id].closed)]
        newest = sorted(were_open, key=lambda it: it.last_update_at, reverse=True)[:MOST_WHOLE]
        wanted += [Document(_whole(it.id), _address(reading.page, it.id)) for it in newest]
    if any(it.source_quality == _PARTLY for it in feed.incidents):
        wanted.append(Document("services", f"{reading.page.url}/api/services"))
    return tuple(wanted)


def matches(_feed: Feed, /) -> bool:
    return True  # it has words for the ids of statuses: no other platform's document does


def parse(reading: ParseInput, /) -> Feed:
    listed, enums = reading.documents.get("posts"), reading.documents.get(_ENUMS)
    if listed is None:
        raise FeedError("posts: missing")
    if enums is None:
        raise FeedError(f"{_ENUMS}: missing")
    words = {it.id: it.name for it in decode(enums, _Enums, _ENUMS).post_enums}
    if not words:
        raise FeedError(f"{_ENUMS}: no words for any status")
    losses: list[str] = []
    names, asked = _names(reading, losses)
    used: set[str] = set()

    def build(raw: msgspec.Raw, *, whole: bool = False) -> Incident:
        post = _decode_post(raw)
        used.update(post.services)
        if asked:  # what has no name even there is not asked for again
            names.update({key: Component("") for key in post.services if key not in names})
        return _incident(post, reading.page, words, names, whole=whole)

    incidents, skipped = parse_entries(decode(listed, _Posts, "posts").posts, build, "posts")
    posts = {it.id: it for it in incidents}
    for key in (*posts, *_gone(reading, incidents)):
        if (body := reading.documents.get(_whole(key))) is not None:
            try:
                whole = build(decode(body, _Whole, _whole(key)).post, whole=True)
                if whole.id != key:
                    raise FeedError(f"{_whole(key)}: another post, {whole.id}")
                posts[key] = whole
            except (FeedError, msgspec.MsgspecError, OverflowError, ValueError) as error:
                losses.append(str(error) if isinstance(error, FeedError) else f"{_whole(key)}: {error}")
    return Feed(
        identity="pagerduty",  # these documents name no page
        incidents=tuple(posts.values()),
        by_creation=True,
        complete=_proved(reading, posts.values()),
        skipped=tuple(skipped),
        losses=tuple(losses),
        names={key: names[key] for key in sorted(used) if key in names},
    )


def _gone(reading: ParseInput, listed: Iterable[Incident]) -> list[str]:
    """What was open and is not listed."""
    here = {it.id for it in listed}
    known = reading.state.incidents if reading.state else {}
    return [key for key, it in known.items() if not it.closed and it.kind is not IncidentKind.PAGE and key not in here]


def _proved(reading: ParseInput, listed: Iterable[Incident]) -> frozenset[IncidentKind]:
    """Both kinds, where the server says of each open post that is not listed that there is no such post."""
    gone = _gone(reading, listed)
    proved = bool(gone) and all(reading.documents.get(_whole(key), b"") is None for key in gone)
    return frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE} if proved else ())


def _names(reading: ParseInput, losses: list[str]) -> tuple[dict[str, Component], bool]:
    """The names of services by id, remembered and just read, and whether they were read."""
    names = dict(reading.state.names) if reading.state else {}
    body = reading.documents.get("services")
    if body is None:
        return names, False
    try:
        services = decode(body, _ServiceList, "services").services
    except FeedError as error:
        losses.append(str(error))
        return names, False
    return names | {it.id: Component(clean_title(it.display_name or it.name or "")) for it in services}, True


def _incident(
    post: _Post, page: Page, words: Mapping[str, str], names: Mapping[str, Component], *, whole: bool
) -> Incident:
    key, latest = identifier(post.id), post.latest
    kind = IncidentKind.MAINTENANCE if post.post_type == "maintenance" else IncidentKind.INCIDENT
    begun = post.first_update_at or post.starts_at
    if begun is None:
        raise ValueError("a post without a time")
    created = _time(begun)
    parts, source_quality = _components(post, names)
    severity = words.get((latest and latest.severity_id) or "", "").lower()
    window = kind is IncidentKind.MAINTENANCE
    return Incident(
        id=key,
        kind=kind,
        title=clean_title(post.title),
        status=_status(latest.status_id, words) if latest else "open",
        impact=Impact.MAINTENANCE if window else _IMPACTS.get(severity, Impact.UNKNOWN),
        url=f"{page.url}/posts/details/{quote(key, safe='')}",
        created_at=created,
        position=created,
        components=parts,
        source_quality=source_quality,
        updates=oldest_first(_update(entry, words, whole=whole) for entry in post.said),
        scheduled_for=_time(post.starts_at) if window and post.starts_at else None,
        scheduled_until=_time(post.ends_at) if window and post.ends_at else None,
    )


def _components(post: _Post, names: Mapping[str, Component]) -> tuple[tuple[Component, ...], int]:
    found = [names[it] for it in post.services if it in names]
    named = tuple(sorted({part for part in found if part.name}))
    if len(found) < len(post.services):
        return named, _PARTLY
    return named, _NONE if not named else _NAMED if all(part.name for part in found) else _UNNAMED


def _update(entry: _Update, words: Mapping[str, str], *, whole: bool) -> IncidentUpdate:
    """What the list says is borrowed: the whole message replaces it silently, and it never replaces that."""
    at = _time(entry.reported_at)
    message = entry.message if whole else _CUT_TAG.sub("", entry.message or "")
    status = _status(entry.status_id, words)
    said = incident_update(entry.id or derived_id(at.isoformat(), entry.status_id), status, message, at, None)
    return said if whole else msgspec.structs.replace(said, from_enrichment=bool(said.body))


def _status(key: str, words: Mapping[str, str]) -> str:
    """The page's word for it: "in progress" is in_progress. Raises ValueError."""
    if key not in words:
        raise ValueError(f"a status without a word in {_ENUMS}")
    return clean_status(_NO_WORD.sub("_", words[key].strip().lower()))


def _time(vendors: Moment) -> datetime:
    """From Unix milliseconds or ISO 8601. Raises ValueError."""
    return utc(datetime.fromisoformat(vendors)) if isinstance(vendors, str) else from_epoch(vendors / 1000)


def _whole(key: str) -> str:
    return f"posts/{key}"


def _address(page: Page, key: str) -> str:
    return f"{page.url}/api/posts/{quote(key, safe='')}"

"""Status pages of PagerDuty: its own, and those of its customers.

Read on every run: `api/posts?is_featured=true`, the incidents and the maintenance that the page shows first, and
`api/post_enums`, the words for the ids of their statuses and severities, which differ from page to page. Neither can be
understood without the other. Enriching documents:

- `api/posts/<id>`, one whole post: the list cuts messages short, even within a tag, and may show the latest update
  only. Read when anything changed, for the newest open posts and those that just ended; and for every open post that
  left the list, to learn how it ended.
- `api/services`: the names of services. Read when an id has no remembered name.

A list of past posts exists, but requires dates (`since`, `until`): what came and went between two runs is not reported.
Source: eight running clients, of five pages, 2026, and the feed that one of them wrote from the posts of its page over
months; no recording of the documents. The vendor documents posts for its REST API, with the same words. The clients
agree on the fields but not on times, which are Unix milliseconds in some and ISO 8601 in others: both are read.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import quote

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ENTRY_ERRORS,
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    from_epoch,
    identifier,
    incident_update,
    listed_components,
    oldest_first,
    parse_entries,
    read_whole,
)

PARSER_VERSION: Final = 2
MAX_WHOLE_POSTS: Final = 5  # open or just ended, read whole when something changed
_ENUMS: Final = "post_enums"
_CUT_TAG: Final = re.compile(r"</?[a-zA-Z][^<>]*\Z")
_NOT_WORD: Final = re.compile(r"[^a-z0-9]+")
_IMPACTS: Final = {"minor": Impact.MINOR, "major": Impact.MAJOR, "critical": Impact.CRITICAL}  # "all good" states none
_KINDS: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
# `source_quality` of the components of a post.
_NAMED: Final = STATED_BY_VENDOR  # every service has a name
_UNNAMED: Final = 1  # some have none, not even in the list of services
_NONE: Final = 0  # no service is stated, or none has a name
_NOT_YET_NAMED: Final = -1  # some have no name until the list of services is read

PostTime = int | float | str


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
    reported_at: PostTime
    status_id: str
    id: str = ""
    severity_id: str | None = None
    message: str | None = None
    impacts: list[_Impact] | None = None


class _Post(msgspec.Struct):
    id: str
    title: str
    post_type: str
    first_update_at: PostTime | None = None
    starts_at: PostTime | None = None
    ends_at: PostTime | None = None
    latest_update: _Update | None = None
    updates: list[_Update] | None = None

    @property
    def all_updates(self) -> list[_Update]:
        """The latest update, then the others. It may be the only one, and may be missing from the others."""
        latest = [self.latest_update] if self.latest_update else []
        return [*latest, *(self.updates or ())]

    @property
    def latest(self) -> _Update | None:
        """The latest update; by its time where the post does not state which it is."""
        if self.latest_update:
            return self.latest_update
        return max(self.updates or (), key=lambda update: _parse_time(update.reported_at), default=None)

    @property
    def service_ids(self) -> set[str]:
        """The services that the latest update impacts: it is the one that every document shows."""
        latest = self.latest
        impacts = (latest.impacts if latest else None) or ()
        return {impact.service_id for impact in impacts if impact.service_id}


class _Posts(msgspec.Struct):
    posts: list[msgspec.Raw]


class _WholePost(msgspec.Struct):
    post: msgspec.Raw


class _Service(msgspec.Struct):
    id: str
    name: str | None = None
    display_name: str | None = None


class _ServiceList(msgspec.Struct):
    services: list[_Service]


_decode_post: Final = msgspec.json.Decoder(_Post).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the featured posts and the words for their ids."""
    return (
        Document("posts", f"{page.url}/api/posts?is_featured=true&limit=500", required=True),
        Document(_ENUMS, f"{page.url}/api/{_ENUMS}", required=True),
    )


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return the open posts that left the list, those worth their whole text if anything changed, and the services."""
    keys = _absent(reading, feed.incidents)
    if dirty:
        keys += _worth_reading_whole(reading, feed)
    requested = [Document(_document_name(key), _post_address(reading.page, key)) for key in keys]
    if any(incident.source_quality == _NOT_YET_NAMED for incident in feed.incidents):
        requested.append(Document("services", f"{reading.page.url}/api/services"))
    return tuple(requested)


def matches(_feed: Feed, /) -> bool:
    """Return True: no other platform's document has words for the ids of statuses."""
    return True


def parse(reading: ParseInput, /) -> Feed:
    """Parse the posts. Raises FeedError if the list or its words are missing or cannot be understood."""
    body = reading.required("posts")
    words = _words(reading)
    losses: list[str] = []
    services: dict[str, Component] | None = None
    try:
        services = _services(reading)
    except FeedError as error:
        losses.append(str(error))
    parser = _PostParser(reading, words, services)
    listed, skipped = parse_entries(decode(body, _Posts, "posts").posts, parser.parse, "posts")
    posts = {incident.id: incident for incident in listed}
    whole_posts, whole_losses = read_whole(
        reading, [*posts, *_absent(reading, listed)], _document_name, partial(_parse_whole_post, parser)
    )
    posts.update(whole_posts)
    return Feed(
        identity="pagerduty",  # the documents do not name the page
        incidents=tuple(posts.values()),
        by_creation=True,
        complete=_complete(reading, posts.values()),
        skipped=tuple(skipped),
        losses=(*losses, *whole_losses),
        names=parser.used_names,
        components=listed_components((service.name, "") for service in (services or {}).values()),
    )


def _words(reading: ParseInput) -> dict[str, str]:
    """Return the page's words for its ids. Raises FeedError."""
    enums = decode(reading.required(_ENUMS), _Enums, _ENUMS).post_enums
    words = {enum.id: enum.name for enum in enums}
    if not words:
        raise FeedError(f"{_ENUMS}: no words for any status")
    return words


def _services(reading: ParseInput) -> dict[str, Component] | None:
    """Return the page's services by id; None where they were not fetched. Raises FeedError."""
    body = reading.documents.get("services")
    if body is None:
        return None
    services = decode(body, _ServiceList, "services").services
    return {service.id: Component(clean_title(service.display_name or service.name or "")) for service in services}


class _PostParser:
    """Parses the posts of one page with its words and the names of its services, and notes which names are used.

    `services` are the names just read, None where they were not; remembered ones are used too.
    """

    def __init__(self, reading: ParseInput, words: Mapping[str, str], services: Mapping[str, Component] | None) -> None:
        self._page = reading.page
        self._words = words
        self._names = dict(reading.state.names) if reading.state else {}
        self._names.update(services or {})
        self._services_read = services is not None
        self._used: set[str] = set()

    @property
    def used_names(self) -> dict[str, Component]:
        """The names of the services of all posts parsed so far, by id."""
        return {key: self._names[key] for key in sorted(self._used) if key in self._names}

    def parse(self, entry: msgspec.Raw, *, whole: bool = False) -> Incident:
        """Parse one post. `whole`: its messages are complete. Raises ValueError or MsgspecError."""
        post = _decode_post(entry)
        service_ids = post.service_ids
        self._used.update(service_ids)
        if self._services_read:  # a service that has no name in the list is not requested again
            for service_id in service_ids:
                self._names.setdefault(service_id, Component(""))
        return self._build_incident(post, whole=whole)

    def _build_incident(self, post: _Post, *, whole: bool) -> Incident:
        key = identifier(post.id)
        latest = post.latest
        begun = post.first_update_at or post.starts_at
        if begun is None:
            raise ValueError("a post without a time")
        created_at = _parse_time(begun)
        components, source_quality = self._components(post)
        maintenance = post.post_type == "maintenance"
        return Incident(
            id=key,
            kind=IncidentKind.MAINTENANCE if maintenance else IncidentKind.INCIDENT,
            title=clean_title(post.title),
            status=self._status(latest.status_id) if latest else "open",
            impact=Impact.MAINTENANCE if maintenance else self._impact(latest),
            url=f"{self._page.url}/posts/details/{quote(key, safe='')}",
            created_at=created_at,
            position=created_at,
            components=components,
            source_quality=source_quality,
            updates=oldest_first(self._build_update(update, whole=whole) for update in post.all_updates),
            scheduled_for=_optional_time(post.starts_at) if maintenance else None,
            scheduled_until=_optional_time(post.ends_at) if maintenance else None,
        )

    def _impact(self, latest: _Update | None) -> Impact:
        """Return the impact of the severity that the latest update states."""
        severity_id = (latest.severity_id if latest else None) or ""
        return _IMPACTS.get(self._words.get(severity_id, "").lower(), Impact.UNKNOWN)

    def _components(self, post: _Post) -> tuple[tuple[Component, ...], int]:
        """Return the components that have a name, and how good their source is."""
        service_ids = post.service_ids
        components = [self._names[key] for key in service_ids if key in self._names]
        named = tuple(sorted({component for component in components if component.name}))
        if len(components) < len(service_ids):
            return named, _NOT_YET_NAMED
        if not named:
            return named, _NONE
        return named, _NAMED if all(component.name for component in components) else _UNNAMED

    def _build_update(self, update: _Update, *, whole: bool) -> IncidentUpdate:
        """Build an update. A body from the list may be cut: the whole one replaces it silently, and not the reverse."""
        time = _parse_time(update.reported_at)
        message = update.message if whole else _CUT_TAG.sub("", update.message or "")
        update_id = update.id or derived_id(time.isoformat(), update.status_id)
        built = incident_update(update_id, self._status(update.status_id), message, time, None)
        if whole:
            return built
        return msgspec.structs.replace(built, from_enrichment=bool(built.body))

    def _status(self, status_id: str) -> str:
        """Return the page's word for a status: "in progress" becomes in_progress. Raises ValueError."""
        if status_id not in self._words:
            raise ValueError(f"a status without a word in {_ENUMS}")
        return clean_status(_NOT_WORD.sub("_", self._words[status_id].strip().lower()))


def _parse_whole_post(parser: _PostParser, key: str, body: bytes) -> Incident:
    """Parse `api/posts/<key>`. Raises FeedError, also where it is another post."""
    name = _document_name(key)
    try:
        incident = parser.parse(decode(body, _WholePost, name).post, whole=True)
    except ENTRY_ERRORS as error:
        raise FeedError(f"{name}: {error}") from error
    if incident.id != key:
        raise FeedError(f"{name}: another post, {incident.id}")
    return incident


def _worth_reading_whole(reading: ParseInput, feed: Feed) -> list[str]:
    """Return the ids of the newest posts that are open, or were at the last read."""
    open_before = {key for key, record in reading.records.items() if not record.closed}
    candidates = [incident for incident in feed.incidents if not incident.closed or incident.id in open_before]
    newest = sorted(candidates, key=lambda incident: incident.last_update_at, reverse=True)
    return [incident.id for incident in newest[:MAX_WHOLE_POSTS]]


def _absent(reading: ParseInput, listed: Iterable[Incident]) -> list[str]:
    """Return the ids of the posts that were open and are not listed."""
    listed_ids = {incident.id for incident in listed}
    return [
        key
        for key, record in reading.records.items()
        if not record.closed and record.kind is not IncidentKind.PAGE and key not in listed_ids
    ]


def _complete(reading: ParseInput, posts: Iterable[Incident]) -> frozenset[IncidentKind]:
    """Return both kinds where posts are absent and the server answers for each that there is none, else no kind."""
    absent = _absent(reading, posts)
    withdrawn = all(reading.documents.get(_document_name(key), b"") is None for key in absent)
    return _KINDS if absent and withdrawn else frozenset()


def _parse_time(value: PostTime) -> datetime:
    """Return the time of Unix milliseconds or ISO 8601. Raises ValueError."""
    if isinstance(value, str):
        return utc(datetime.fromisoformat(value))
    return from_epoch(value / 1000)


def _optional_time(value: PostTime | None) -> datetime | None:
    """Return the time; None where it is null, empty or zero. Raises ValueError."""
    return _parse_time(value) if value else None


def _document_name(key: str) -> str:
    return f"posts/{key}"


def _post_address(page: Page, key: str) -> str:
    return f"{page.url}/api/posts/{quote(key, safe='')}"

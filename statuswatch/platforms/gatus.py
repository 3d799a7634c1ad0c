"""Gatus, which vendors host themselves: checks of endpoints, and announcements.

`api/v1/endpoints/statuses` has the newest 50 results of each endpoint, `api/v1/config` the announcements. Field names
are those of the server: TwiN/gatus `config/endpoint/status.go`, `config/endpoint/result.go`, `api/config.go`,
`config/announcement/announcement.go`.

An endpoint is an incident while it is in trouble: from three results in a row that failed until two succeeded, the
software's own thresholds for an alert where nobody sets others (README, `failure-threshold` and `success-threshold`).
The page itself shows red after one. It does not say why an endpoint fails.

An announcement of an outage or a warning is an incident until it is archived or removed. Others announce no trouble.

Oddities:

- An endpoint has no id but a key made of its group and name: a renamed endpoint is another one.
- Announcements have none at all; theirs is the time that the author wrote. Those of one moment differ by their order.
- Announcements are not linked to endpoints, and say nothing of when they ended.
- Suites, which are sequences of endpoints, have a document of their own and are not read.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import LATEST, STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.checks import Check, Thresholds, Trouble, troubles
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_title,
    decode,
    groups_by_name,
    identifier,
    incident_update,
    labelled_components,
    listed_components,
    newest_copies,
    parse_entries,
    unread_kinds,
    whole_list,
)

PARSER_VERSION: Final = 1
_STATUSES: Final = "statuses"
_CONFIG: Final = "config"
_IDENTITY: Final = "gatus"
_THRESHOLDS: Final = Thresholds(bad=3, good=2)
_IMPACTS: Final = {"outage": Impact.MAJOR, "warning": Impact.MINOR}
_KINDS: Final = frozenset({IncidentKind.INCIDENT})


class _Result(msgspec.Struct):
    success: bool
    timestamp: datetime


class _Endpoint(msgspec.Struct):
    key: str
    results: list[_Result]
    name: str = ""
    group: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """The cleaned name and group."""
        return clean_title(self.name) or self.key, clean_title(self.group)


class _Announcement(msgspec.Struct):
    timestamp: datetime
    type: str
    message: str
    archived: bool = False


class _Config(msgspec.Struct):
    """What the page is told about itself; before announcements there were it said only who may look."""

    oidc: bool
    announcements: list[msgspec.Raw] = []


_decode_endpoint: Final = msgspec.json.Decoder(_Endpoint).decode
_decode_announcement: Final = msgspec.json.Decoder(_Announcement).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the results of the endpoints, and the announcements."""
    base = f"{page.url}/api/v1"
    return Document(_STATUSES, f"{base}/endpoints/statuses", required=True), Document(_CONFIG, f"{base}/config")


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: both documents are read on every run."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether there are endpoints: nothing else has such a document."""
    return feed.identity == _IDENTITY and bool(feed.components)


def parse(reading: ParseInput, /) -> Feed:
    """Return the endpoints in trouble, and what is announced. Raises FeedError."""
    raws = decode(reading.required(_STATUSES), list[msgspec.Raw], _STATUSES)
    endpoints, skipped = parse_entries(raws, _endpoint, _STATUSES)
    if not endpoints:
        raise FeedError(f"{_STATUSES}: it names no endpoint")
    groups = groups_by_name(endpoint.place for endpoint in endpoints)
    listed = [incident for endpoint in endpoints for incident in _incidents(reading, endpoint, groups)]
    announced, losses = whole_list(reading, _CONFIG, partial(_announced, reading.page))
    return Feed(
        identity=_IDENTITY,  # the documents do not name the page
        incidents=newest_copies(listed, announced or ()),
        by_creation=True,
        complete=frozenset() if announced is None else _KINDS,
        unread=unread_kinds(reading, _CONFIG, _KINDS, is_whole=announced is not None),
        skipped=tuple(skipped),
        losses=tuple(losses),
        components=listed_components(endpoint.place for endpoint in endpoints),
    )


def _endpoint(raw: msgspec.Raw) -> _Endpoint:
    """Return an endpoint. Raises ValueError for a key that is none, OverflowError for a time beyond the calendar."""
    endpoint = _decode_endpoint(raw)
    identifier(endpoint.key)
    for result in endpoint.results:
        utc(result.timestamp)
    return endpoint


def _incidents(reading: ParseInput, endpoint: _Endpoint, groups: dict[str, set[str]]) -> Iterator[Incident]:
    """Yield the troubles of an endpoint."""
    checks = (Check(utc(result.timestamp), result.success) for result in endpoint.results)
    components = labelled_components([endpoint.place], groups)
    for trouble in troubles(endpoint.key, checks, reading.records, thresholds=_THRESHOLDS):
        yield _incident(reading.page, trouble, clean_title(f"{endpoint.name or endpoint.key} is unhealthy"), components)


def _incident(page: Page, trouble: Trouble, title: str, components: tuple[Component, ...]) -> Incident:
    return Incident(
        id=trouble.id,
        title=title,
        status="resolved" if trouble.ended_at else "unhealthy",
        impact=Impact.UNKNOWN,
        url=page.url,
        created_at=trouble.began_at,
        position=trouble.began_at,
        components=components,
        source_quality=STATED_BY_VENDOR,
        updates=trouble.updates("unhealthy"),
    )


def _announced(page: Page, body: bytes) -> tuple[list[Incident], list[str]]:
    """Return what is announced, and reasons for what was skipped. Raises FeedError."""
    raws = decode(body, _Config, _CONFIG).announcements
    incidents, skipped = parse_entries(raws, partial(_announcement, page), _CONFIG)
    return _told_apart(incidents), skipped


def _announcement(page: Page, raw: msgspec.Raw) -> Incident | None:
    """Return an announced trouble; None where it is something else."""
    announcement = _decode_announcement(raw)
    impact = _IMPACTS.get(announcement.type)
    if impact is None:
        return None
    at = utc(announcement.timestamp)
    status = "resolved" if announcement.archived else "open"
    update = incident_update(LATEST, status, announcement.message, at, None)
    return Incident(
        id=f"announcement/{at:%Y-%m-%dT%H:%M:%SZ}",
        title=clean_title(update.body.partition("\n")[0]),
        status=status,
        impact=impact,
        url=page.url,
        created_at=at,
        position=at,
        updates=(update,),
    )


def _told_apart(incidents: Iterable[Incident]) -> list[Incident]:
    """Return announcements with ids of their own: those of one moment are counted, in the order of their texts."""
    by_id: dict[str, list[Incident]] = {}
    for incident in sorted(incidents, key=lambda incident: (incident.created_at, incident.title)):
        by_id.setdefault(incident.id, []).append(incident)
    return [
        msgspec.structs.replace(incident, id=f"{key}.{number}" if number else key)
        for key, alike in by_id.items()
        for number, incident in enumerate(alike)
    ]

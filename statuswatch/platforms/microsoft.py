"""Microsoft cloud status: one post for each service, which states how it is now.

`https://status.cloud.microsoft/api/posts/<surface>` is what the page itself reads. The `id` of a page is the surface:
`mac` (Microsoft 365 admin center, where none is given), `ppac` (Power Platform admin center), `azure`, and
`m365Consumer` (ten services in a list). Nobody documents them. Public readers state their names, the fields and the
closed list of statuses in the page's own code; they have recorded posts of healthy services only. Those in use are
found by the address, among them `adapters/microsoft.js` and `adapters/azure.js` of a status board for administrators.

A service that is not well is an incident. Its id is made of the surface and the service, so a later trouble of the same
service is the same incident, open again.

Oddities, stated by those readers:

- `LastUpdatedTime` is the clock of the request, and `InternalDateTime` that of a refresh every ten minutes.
- A post of `m365Consumer` may have no id, and times of the year 1.
- The text of a healthy post says what the page is for.
- A path that is not known answers with HTML and HTTP 200, or with HTTP 400.
"""

import re
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import urljoin

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import LATEST, STATED_BY_VENDOR, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    incident_update,
    labelled_components,
    listed_components,
    newest_copies,
    parse_entries,
    path_part,
)

PARSER_VERSION: Final = 1
_DEFAULT: Final = "mac"
_LIST: Final = "m365Consumer"
_NAMES: Final = {
    "mac": "Microsoft 365 admin center",
    "ppac": "Power Platform admin center",
    "azure": "Azure",
}
_HEALTHY: Final = frozenset({"available", "operational", "service_operational"})
_ENDED: Final = frozenset(
    {"service_restored", "restored", "resolved", "false_positive", "post_incident_review_published"}
)
_IMPACTS: Final = {"service_degradation": Impact.MINOR, "service_interruption": Impact.MAJOR}
_OLDEST: Final = 2000  # a time of an earlier year states nothing
_WORD: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


class _Post(msgspec.Struct):
    """A post; the vendor writes its members with a capital."""

    status: str = msgspec.field(name="Status")
    message: str | None = msgspec.field(name="Message")
    authored_at: datetime | None = msgspec.field(name="AuthoredDateTime")
    refreshed_at: datetime | None = msgspec.field(default=None, name="InternalDateTime")
    served_at: datetime | None = msgspec.field(default=None, name="LastUpdatedTime")
    title: str | None = msgspec.field(default=None, name="Title")
    service: str | None = msgspec.field(default=None, name="ServiceDisplayName")


_decode_post: Final = msgspec.json.Decoder(_Post).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the posts of one surface."""
    name = _surface(page)
    return (Document(name, urljoin(page.url, f"/api/posts/{path_part(name)}"), required=True),)


def _surface(page: Page) -> str:
    return page.id or _DEFAULT


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: there is only one document."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the feed is Microsoft's: nothing else has such a document."""
    return feed.identity.startswith("microsoft/")


def parse(reading: ParseInput, /) -> Feed:
    """Return the services that are not well, as incidents. Raises FeedError."""
    surface = _surface(reading.page)
    body = reading.required(surface)
    raws = decode(body, list[msgspec.Raw], surface) if surface == _LIST else [msgspec.Raw(body)]
    if surface != _LIST:
        decode(body, _Post, surface)
    posts, skipped = parse_entries(raws, partial(_named_post, surface), surface)
    if not posts:
        raise FeedError(f"{surface}: it names no service")
    incidents, unread = parse_entries(posts, partial(_incident, reading.page, surface), surface)
    served_at = max((time for post in posts if (time := _time(post.served_at))), default=None)
    return Feed(
        identity=f"microsoft/{surface}",
        incidents=newest_copies(incidents),
        updated_at={surface: served_at} if served_at else {},
        time_may_go_back=True,  # several servers answer, each with its own clock
        current=frozenset({IncidentKind.INCIDENT}),
        skipped=(*skipped, *unread),
        components=listed_components((post.service or "", "") for post in posts),
    )


def _named_post(surface: str, raw: msgspec.Raw) -> _Post:
    """Return a post under the name of its service. Raises ValueError where it has none."""
    post = _decode_post(raw)
    name = clean_title(post.service or _NAMES.get(surface, ""))
    if not name:
        raise ValueError("a post that names no service")
    return msgspec.structs.replace(post, service=name)


def _incident(page: Page, surface: str, post: _Post) -> Incident | None:
    """Return the trouble of a service; None where it is well. Raises ValueError where its status is not known."""
    stated = clean_status(_WORD.sub("_", post.status).replace(" ", "_"))
    if stated in _HEALTHY:
        return None
    if stated == "unknown":
        raise ValueError(f"the state of {post.service} is not known to the vendor")
    at = _first(_time(post.authored_at), _time(post.refreshed_at), _time(post.served_at))
    name = post.service or ""
    status = "resolved" if stated in _ENDED else stated
    return Incident(
        id=derived_id(surface, name),
        title=clean_title(post.title or "") or name,
        status=status,
        impact=_IMPACTS.get(stated, Impact.UNKNOWN),
        url=page.url,
        created_at=at,
        position=at,
        components=labelled_components([(name, "")], {}),
        source_quality=STATED_BY_VENDOR,
        updates=(incident_update(LATEST, status, post.message, at, None),),
    )


def _time(stated: datetime | None) -> datetime | None:
    """Return a time, None where it is none, long before the page was there, or at the end of the calendar."""
    try:
        return utc(stated) if stated and stated.year >= _OLDEST else None
    except OverflowError:
        return None


def _first(*times: datetime | None) -> datetime:
    """Return the first time that there is. Raises ValueError where there is none."""
    for time in times:
        if time:
            return time
    raise ValueError("a post without a time")

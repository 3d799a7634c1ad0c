"""Amazon Web Services: the public events of the AWS Health Dashboard.

One document, `public/currentevents` at the root of the host, lists the open events of all services and regions, and
some that were resolved just now; `[]` when there are none. It keeps no past events: an event that left it is over.

Oddities, recorded unless another source is named:

- The document is UTF-16 with a byte order mark. Numbers are strings or numbers, within one document.
- The code of the region is the fourth part of the ARN; `region_name` is the place.
- `event_log` is oldest first. An event may stay open for months, with 113 services.
- A resolved event has status 0 while the newest entry of its log has another (a copy of 2023). Others report an entry
  of status 0 in an event of another status. So either ends it.
- Entries of the log have no ids. In its RSS feed AWS cut the times of all entries to the minute when it resolved an
  event (2015), and in the copy of 2023 they are cut while the event's own time is not. So an entry's id is made of the
  minute in which it was published, and of its number where there are several in that minute.
"""

import re
from collections import Counter
from collections.abc import Container
from functools import partial
from typing import Final
from urllib.parse import quote

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_title,
    decode,
    derived_id,
    from_epoch,
    identifier,
    incident_update,
    newest_copies,
    parse_entries,
    region,
)

PARSER_VERSION: Final = 3
_NAME: Final = "currentevents"
_DATA_PATH: Final = "/public/currentevents"
_PAGE_PATH: Final = "/health/status"
_IDENTITY: Final = "aws health"  # the document does not name its page
REGION_CODE: Final = re.compile(
    r"us-(?:east|west)-[12]|us-gov-(?:east|west)-1|ca-(?:central|west)-1|mx-central-1|sa-east-1"
    r"|eu-central-[12]|eu-west-[123]|eu-north-1|eu-south-[12]|eusc-de-east-1"
    r"|af-south-1|il-central-1|me-(?:central|south)-1"
    r"|ap-(?:east|south)-[12]|ap-northeast-[123]|ap-southeast-[1-7]|cn-(?:north|northwest)-1|global"
)
_ARN: Final = "arn:aws"  # with "-cn" and "-us-gov" in the other partitions
# By status code, as the dashboard's legend has them. They are severities: AWS states no progress of an event.
_STATUSES: Final = ("resolved", "informational", "degradation", "disruption")
_IMPACTS: Final = (Impact.UNKNOWN, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)
_RESOLVED: Final = 0


class _Entry(msgspec.Struct):
    timestamp: int | str
    status: int | str
    message: str | None = None


class _Impacted(msgspec.Struct):
    service_name: str


class _Event(msgspec.Struct):
    arn: str
    date: int | str
    status: int | str
    summary: str
    service_name: str
    event_log: list[_Entry]
    service: str = ""
    region_name: str | None = None
    impacted_services: dict[str, _Impacted] | None = None


_decode_event: Final = msgspec.json.Decoder(_Event).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the list of current events."""
    return (Document(_NAME, f"{_base_url(page)}{_DATA_PATH}", required=True),)


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: there is only one document."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether all ids are ARNs. An empty list is no proof."""
    return bool(feed.incidents) and all(incident.id.startswith(_ARN) for incident in feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    """Return the events as incidents. Raises FeedError."""
    events = decode(reading.required(_NAME), list[msgspec.Raw], _NAME)
    build = partial(_incident, _base_url(reading.page), reading.records)
    incidents, skipped = parse_entries(events, build, _NAME)
    return Feed(
        identity=_IDENTITY,
        updates_have_no_ids=True,
        incidents=newest_copies(incidents),
        current=frozenset({IncidentKind.INCIDENT}),
        skipped=tuple(skipped),
    )


def _base_url(page: Page) -> str:
    """Return the address under which the dashboard and its data stand; the page's may be either of the two."""
    return page.url.removesuffix(_PAGE_PATH).removesuffix(_DATA_PATH)


def _incident(base_url: str, remembered: Container[str], raw: msgspec.Raw) -> Incident:
    event = _decode_event(raw)
    key = identifier(event.arn)
    started_at = from_epoch(int(event.date))
    log = sorted(event.event_log, key=lambda entry: int(entry.timestamp))
    codes = [_code(entry.status) for entry in log]
    code = _code(event.status)
    impact = _IMPACTS[code]
    if _RESOLVED in (code, *codes[-1:]):
        code = _RESOLVED
        # The end states no severity: the remembered impact stays, or the highest of the log counts.
        impact = Impact.UNKNOWN if key in remembered else _IMPACTS[max(codes, default=_RESOLVED)]
    return Incident(
        id=key,
        title=clean_title(event.summary),
        status=_STATUSES[code],
        impact=impact,
        url=f"{base_url}{_PAGE_PATH}?eventID={quote(key, safe=':/')}",
        created_at=started_at,
        position=started_at,
        components=_components(event),
        source_quality=STATED_BY_VENDOR,
        updates=_updates(log, codes),
    )


def _code(stated: int | str) -> int:
    """Return the status code. Raises ValueError for one without a meaning."""
    code = int(stated)
    if code not in range(len(_STATUSES)):
        raise ValueError(f"a status of {code}")
    return code


def _components(event: _Event) -> tuple[Component, ...]:
    """Return the services, each with the region of the event: that is a row of the dashboard. And the region itself."""
    services = {impacted.service_name for impacted in (event.impacted_services or {}).values()}
    if not services or not event.service.startswith("multipleservices"):
        services.add(event.service_name)
    place = f" ({event.region_name})" if event.region_name else ""
    components = {Component(clean_title(f"{service}{place}")) for service in services}
    where = region(event.region_name, _region_code(event.arn))
    return tuple(sorted({*components, where} if where else components))


def _region_code(arn: str) -> str:
    """Return the code of the region that an ARN names; "" where it names none."""
    parts = arn.split(":")
    return parts[3] if len(parts) > 3 else ""


def _updates(log: list[_Entry], codes: list[int]) -> tuple[IncidentUpdate, ...]:
    in_minute: Counter[int] = Counter()
    updates = []
    for entry, code in zip(log, codes, strict=True):
        at = from_epoch(int(entry.timestamp))
        minute = int(entry.timestamp) // 60
        in_minute[minute] += 1
        key = _update_id(minute, in_minute[minute])
        updates.append(incident_update(key, _STATUSES[code], entry.message, at, at))
    return tuple(updates)


def _update_id(minute: int, number: int) -> str:
    """Return the id of the minute's first, second … entry; it does not depend on how many there are."""
    return derived_id(str(minute)) if number == 1 else derived_id(str(minute), str(number))

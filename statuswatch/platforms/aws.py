"""Amazon Web Services: the public events of the AWS Health Dashboard.

One document, `public/currentevents` at the root of the host: the events that are open, of all services and regions,
and some that were resolved just now; `[]` when there are none. By its nature it keeps no past ones: an event that is
gone is over.

Oddities, recorded unless said otherwise: UTF-16 with a byte order mark; numbers as strings or as numbers within one
document; `event_log` is oldest first; an event may stay open for months, with 113 services. A resolved one has status
0 while the newest entry of its log has another (a copy of 2023); others have seen an entry of status 0 in an event of
another, so either ends it.

Entries of the log have no ids. In the feed before this one AWS cut the times of all entries to the minute when it
resolved an event (2015), and in the copy of 2023 they are cut while the event's own time is not: so an entry's id is
the minute in which it was published, and its number where there are several.
"""

from collections import Counter
from collections.abc import Container
from functools import partial
from typing import Final
from urllib.parse import quote

import msgspec

from statuswatch.errors import FeedError
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
)

PARSER_VERSION: Final = 1
_NAME: Final = "currentevents"
_PATH: Final = "/public/currentevents"
_PAGE: Final = "/health/status"
_IDENTITY: Final = "aws health"  # the document does not say of which page it is
_ARN: Final = "arn:aws"  # with "-cn" and "-us-gov" in the other partitions
# The dashboard's legend. It is of severity: nothing else is said of how far an event is.
_STATUSES: Final = ("resolved", "informational", "degradation", "disruption")
_IMPACTS: Final = (Impact.UNKNOWN, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL)


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
    return (Document(_NAME, f"{_base(page)}{_PATH}", required=True),)


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    """An empty list is no proof."""
    return bool(feed.incidents) and all(it.id.startswith(_ARN) for it in feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get(_NAME)
    if body is None:
        raise FeedError(f"{_NAME}: missing")
    events = decode(body, list[msgspec.Raw], _NAME)
    known = reading.state.incidents if reading.state else {}
    incidents, skipped = parse_entries(events, partial(_incident, _base(reading.page), known), _NAME)
    return Feed(
        identity=_IDENTITY,
        incidents=newest_copies(incidents),
        current=frozenset({IncidentKind.INCIDENT}),
        skipped=tuple(skipped),
    )


def _base(page: Page) -> str:
    """What the dashboard and its data stand under, whichever of the two the page's address is."""
    return page.url.removesuffix(_PAGE).removesuffix(_PATH)


def _incident(base: str, known: Container[str], raw: msgspec.Raw) -> Incident:
    it = _decode_event(raw)
    key = identifier(it.arn)
    begun = from_epoch(int(it.date))
    log = sorted(it.event_log, key=lambda entry: int(entry.timestamp))
    codes = [_code(entry.status) for entry in log]
    code = _code(it.status)
    impact = _IMPACTS[code]
    if 0 in (code, *codes[-1:]):
        # It is over, and as grave as it was: known already, or the gravest that its entries say.
        code, impact = 0, Impact.UNKNOWN if key in known else _IMPACTS[max(codes, default=0)]
    return Incident(
        id=key,
        title=clean_title(it.summary),
        status=_STATUSES[code],
        impact=impact,
        url=f"{base}{_PAGE}?eventID={quote(key, safe=':/')}",
        created_at=begun,
        position=begun,
        components=_components(it),
        source_quality=STATED_BY_VENDOR,
        updates=_updates(log, codes),
    )


def _code(vendors: int | str) -> int:
    code = int(vendors)
    if code not in range(len(_STATUSES)):
        raise ValueError(f"a status of {code}")
    return code


def _components(it: _Event) -> tuple[Component, ...]:
    """The services with the region of the event, which is what one row of the dashboard is of."""
    services = {part.service_name for part in (it.impacted_services or {}).values()}
    if not services or not it.service.startswith("multipleservices"):
        services.add(it.service_name)
    region = f" ({it.region_name})" if it.region_name else ""
    return tuple(sorted({Component(clean_title(f"{service}{region}")) for service in services}))


def _updates(log: list[_Entry], codes: list[int]) -> tuple[IncidentUpdate, ...]:
    in_minute: Counter[int] = Counter()
    updates = []
    for entry, code in zip(log, codes, strict=True):
        at = from_epoch(int(entry.timestamp))
        minute = int(entry.timestamp) // 60
        in_minute[minute] += 1
        number = [str(in_minute[minute])] if in_minute[minute] > 1 else []
        updates.append(incident_update(derived_id(str(minute), *number), _STATUSES[code], entry.message, at, at))
    return tuple(updates)

"""Salesforce Trust.

`v1/incidents/active` lists what is open and nothing else; `v1/incidents` keeps incidents of any status, in a window
whose size is not stated. Both are read on every run, and their entries have one shape: the end of an incident that is
no longer active stands in the second list. The data are on api.status.salesforce.com, the page is not. Source: an
incident of 2023 that was recorded, running clients of 2026, some with live values, and the tests of the vendor's
command line for Heroku, which reads these documents where status.heroku.com answers 404.

Oddities of these:

- An incident has no title. Its impacts have a type ("featurePerfDegradation"); its own is nearly always "Degradation".
- `message` is an object, mostly empty, and no message.
- The status, the type and the instances of an incident may be missing. `endTime` alone says that an impact is over: the
  recorded incident has `endTimeCreatedAt` beside an `endTime` of null.
- Some clients declare the lists of impacts and of events to be null at times, and ids to be text.
- The end of an impact is stated minutes after it. Messages go on after it, and their type is still "update".
- Maintenance, `v1/maintenances`, is not read: there are hundreds, most for a few of the vendor's instances.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import quote

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import (
    IMPACT_SCALE,
    STATED_BY_VENDOR,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
    utc,
)
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ClosedEntries,
    ParseInput,
    clean_status,
    clean_title,
    decode,
    identifier,
    incident_update,
    labelled_components,
    newest_copies,
    oldest_first,
    parse_entries,
    unread_kinds,
)

PARSER_VERSION: Final = 2
_PAGE: Final = "https://status.salesforce.com"
_DATA: Final = "https://api.status.salesforce.com"
_WORD_BREAK: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_IMPACTS: Final = {
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
    "blocker": Impact.CRITICAL,
}
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


class _Impact(msgspec.Struct, rename="camel"):
    type: str | None = None
    severity: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    end_time_created_at: str | None = None

    @property
    def started_at(self) -> datetime:
        """Time of its start; the earliest there is where none is stated."""
        return _parse_time(self.start_time) or _EARLIEST

    @property
    def ended_at(self) -> datetime | None:
        """Time at which its end was stated; None where it was not."""
        end = _parse_time(self.end_time)
        if end is None:
            return None
        return _parse_time(self.end_time_created_at) or end


class _Event(msgspec.Struct, rename="camel"):
    id: int | str
    type: str
    created_at: datetime
    message: str | None = None


class _Incident(msgspec.Struct, rename="camel"):
    id: int | str
    created_at: datetime
    stated_impacts: list[_Impact] | None = msgspec.field(name="IncidentImpacts")
    stated_events: list[_Event] | None = msgspec.field(name="IncidentEvents")
    status: str | None = None
    type: str | None = None
    service_keys: list[str] | None = None
    instance_keys: list[str] | None = None

    @property
    def impacts(self) -> list[_Impact]:
        """Its impacts; none where the list is null."""
        return self.stated_impacts or []

    @property
    def events(self) -> list[_Event]:
        """Its messages; none where the list is null."""
        return self.stated_events or []

    @property
    def ended_at(self) -> datetime | None:
        """Time at which the end of its last impact was stated; None while an impact goes on."""
        ends = [impact.ended_at for impact in self.impacts]
        stated = [end for end in ends if end is not None]
        if not stated or len(stated) < len(ends):
            return None
        return max(stated)


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the active incidents, and those of any status.

    The host of the data is known for Salesforce's own page only; a page that is tried as one has them at its address.
    """
    base = _DATA if page.url == _PAGE else page.url
    return (
        Document("active", f"{base}/v1/incidents/active", required=True),
        Document("incidents", f"{base}/v1/incidents"),
    )


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: both documents have all there is."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether there are incidents: an empty list proves no platform."""
    return bool(feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    """Parse both lists. Raises FeedError if the active incidents are missing or cannot be understood."""
    closed = ClosedEntries(reading, PARSER_VERSION)
    build = partial(_parse_incident, reading.page, closed)
    active, skipped = _parse_list(reading.required("active"), build, "active")
    recent: list[Incident] = []
    losses: list[str] = []
    recent_body = reading.documents.get("incidents")
    if recent_body is not None:
        try:
            recent, skipped_recent = _parse_list(recent_body, build, "incidents")
            skipped += skipped_recent
        except FeedError as error:
            losses.append(str(error))
    # An absent incident may stand in the second list with its end: without that list, nothing is known to be absent.
    requested = "incidents" in reading.documents and not losses
    return Feed(
        identity="salesforce",  # the documents do not name the page
        incidents=newest_copies(active, recent),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT} if requested and recent_body is not None else ()),
        complete=frozenset({IncidentKind.INCIDENT} if requested else ()),
        unread=unread_kinds(reading, "incidents", frozenset({IncidentKind.INCIDENT}), is_whole=requested),
        as_remembered=closed.listed,
        skipped=tuple(skipped),
        losses=tuple(losses),
    )


def _parse_list(
    body: bytes, build: Callable[[msgspec.Raw], Incident | None], name: str
) -> tuple[list[Incident], list[str]]:
    """Return the incidents of a document and why entries were skipped. Raises FeedError."""
    entries = decode(body, list[msgspec.Raw], name)
    return parse_entries(entries, build, name)


def _parse_incident(page: Page, closed: ClosedEntries, entry: msgspec.Raw) -> Incident | None:
    """Parse an incident; None where it is as remembered."""
    digest = closed.digest(entry)
    if closed.holds(digest):
        return None
    incident = _decode_incident(entry)
    key = identifier(str(incident.id))
    created_at = utc(incident.created_at)
    ended_at = incident.ended_at
    impacts = {_IMPACTS[impact.severity] for impact in incident.impacts if impact.severity in _IMPACTS}
    components = [*(incident.service_keys or ()), *(incident.instance_keys or ())]
    return Incident(
        id=key,
        title=clean_title(f"{_type_in_words(incident)}, incident {key}"),
        status=_status(incident.status, ended_at),
        impact=max(impacts, key=IMPACT_SCALE.index, default=Impact.UNKNOWN),
        url=f"{page.url}/incidents/{quote(key, safe='')}",
        created_at=created_at,
        position=created_at,
        components=labelled_components(((clean_title(component), "") for component in components), {}),
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=oldest_first(_build_update(event, ended_at) for event in incident.events),
        entry_digest=digest,
    )


def _status(stated: str | None, ended_at: datetime | None) -> str:
    """Return the stated status; where there is none, `resolved` or `active` by the end. Raises ValueError."""
    if stated:
        return clean_status(stated)
    return "active" if ended_at is None else "resolved"


def _build_update(event: _Event, ended_at: datetime | None) -> IncidentUpdate:
    """Build an update; one published after the end is `resolved`: its type does not say that the incident is over."""
    after_end = ended_at is not None and utc(event.created_at) >= ended_at
    status = "resolved" if after_end else _WORD_BREAK.sub("_", event.type)
    return incident_update(str(event.id), status, event.message, event.created_at, None)


def _type_in_words(incident: _Incident) -> str:
    """Return the type of the first impact, else of the incident, as words: "Feature Perf Degradation"."""
    impacts = sorted(incident.impacts, key=lambda impact: impact.started_at)
    types = [*(impact.type for impact in impacts), incident.type]
    first = next((stated for stated in types if stated), "Trouble")
    words = _WORD_BREAK.sub(" ", first)
    return words[:1].upper() + words[1:]


def _parse_time(value: str | None) -> datetime | None:
    """Return a time in UTC; None where it is null or empty. Raises ValueError."""
    return utc(datetime.fromisoformat(value)) if value else None

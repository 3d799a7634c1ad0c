"""Salesforce Trust.

`v1/incidents/active` lists what is open and nothing else; `v1/incidents` keeps incidents of any status, in a window
that is not stated. Both are read on every run, and their entries have one shape: an incident that is no longer active
is looked for among the others, for its end. The data are on api.status.salesforce.com, the page is not.
Documented by running clients of 2026, some with live values, and by the vendor's command line for Heroku; no recording.

Oddities, reported of live documents: an incident has no title, only the type of each of its impacts
("featurePerfDegradation"), and of its own "Degradation", nearly always; `message` is no message but an object, mostly
empty; the end of an impact is stated minutes after it; messages go on after it, and their type is still "update".
Maintenance windows, `v1/maintenances`, are not read: there are hundreds, most for a few of the vendor's instances.
"""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import IMPACT_SCALE, STATED_BY_VENDOR, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
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
)

PARSER_VERSION: Final = 1
_PAGE: Final = "https://status.salesforce.com"
_DATA: Final = "https://api.status.salesforce.com"
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_IMPACTS: Final = {
    "minor": Impact.MINOR,
    "major": Impact.MAJOR,
    "critical": Impact.CRITICAL,
    "blocker": Impact.CRITICAL,
}
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)


class _Impact(msgspec.Struct):
    type: str | None = None
    severity: str | None = None
    startTime: str | None = None  # noqa: N815
    endTime: str | None = None  # noqa: N815
    endTimeCreatedAt: str | None = None  # noqa: N815

    @property
    def begun(self) -> datetime:
        return _moment(self.startTime) or _EARLIEST

    @property
    def ended(self) -> datetime | None:
        """When its end was stated, if it was."""
        end = _moment(self.endTime)
        return end and (_moment(self.endTimeCreatedAt) or end)


class _Event(msgspec.Struct):
    id: int
    type: str
    createdAt: datetime  # noqa: N815
    message: str | None = None


class _Incident(msgspec.Struct):
    id: int
    createdAt: datetime  # noqa: N815
    IncidentImpacts: list[_Impact]
    IncidentEvents: list[_Event]
    status: str | None = None
    type: str | None = None
    serviceKeys: list[str] | None = None  # noqa: N815
    instanceKeys: list[str] | None = None  # noqa: N815

    @property
    def ended(self) -> datetime | None:
        """When the last of its impacts was said to be over; nothing while one goes on."""
        ends = [impact.ended for impact in self.IncidentImpacts]
        stated = [end for end in ends if end]
        return max(stated) if stated and len(stated) == len(ends) else None


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    # No other host is guessed at: on a page that is only tried as one of Salesforce there would be none.
    base = _DATA if page.url == _PAGE else page.url
    return (
        Document("active", f"{base}/v1/incidents/active", required=True),
        Document("incidents", f"{base}/v1/incidents"),
    )


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(feed: Feed, /) -> bool:
    return bool(feed.incidents)  # an empty list may be anyone's


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get("active")
    if body is None:
        raise FeedError("active: missing")
    active, skipped = _understood(body, reading.page, "active")
    losses: list[str] = []
    others: list[Incident] = []
    kept = reading.documents.get("incidents")
    if kept is not None:
        try:
            others, bad = _understood(kept, reading.page, "incidents")
            skipped += bad
        except FeedError as error:
            losses.append(str(error))
    # Where the others could not be read this time, what is gone may stand there with its end: nothing is said of it.
    looked = "incidents" in reading.documents and not losses
    return Feed(
        identity="salesforce",  # its documents name no page
        incidents=newest_copies(active, others),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT} if looked and kept is not None else ()),
        current=frozenset({IncidentKind.INCIDENT} if looked else ()),
        skipped=tuple(skipped),
        losses=tuple(losses),
    )


def _understood(body: bytes, page: Page, name: str) -> tuple[list[Incident], list[str]]:
    return parse_entries(decode(body, list[msgspec.Raw], name), lambda raw: _incident(raw, page), name)


def _incident(raw: msgspec.Raw, page: Page) -> Incident:
    it = _decode_incident(raw)
    key = identifier(str(it.id))
    created, over = utc(it.createdAt), it.ended
    impacts = {_IMPACTS[part.severity] for part in it.IncidentImpacts if part.severity in _IMPACTS}
    parts = [*(it.serviceKeys or ()), *(it.instanceKeys or ())]
    return Incident(
        id=key,
        title=clean_title(f"{_words(it)}, incident {key}"),
        status=clean_status(it.status) if it.status else "resolved" if over else "active",
        impact=max(impacts, key=IMPACT_SCALE.index, default=Impact.UNKNOWN),
        url=f"{page.url}/incidents/{quote(key, safe='')}",
        created_at=created,
        position=created,
        components=labelled_components(((clean_title(part), "") for part in parts), {}),
        source_quality=STATED_BY_VENDOR if parts else 0,
        updates=oldest_first(
            incident_update(
                str(entry.id),
                # The type says what is done, not that it is over; what is added later does not open it again.
                "resolved" if over and utc(entry.createdAt) >= over else _HUMP.sub("_", entry.type),
                entry.message,
                entry.createdAt,
                None,
            )
            for entry in it.IncidentEvents
        ),
    )


def _words(it: _Incident) -> str:
    """The type of its first impact, else its own, as words: "Feature Perf Degradation"."""
    types = [part.type for part in sorted(it.IncidentImpacts, key=lambda part: part.begun)]
    words = _HUMP.sub(" ", next((kind for kind in (*types, it.type) if kind), "Trouble"))
    return words[:1].upper() + words[1:]


def _moment(vendors: str | None) -> datetime | None:
    """A time, or none where it is null or empty. Raises ValueError."""
    return utc(datetime.fromisoformat(vendors)) if vendors else None

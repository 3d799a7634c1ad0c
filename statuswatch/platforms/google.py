"""Google's dashboards: Cloud, Workspace, Firebase, Ads, Maps Platform, Play, Search.

One document, `incidents.json` under the dashboard, lists past and open incidents by their start, the latest first
(recorded: those of a year, 157, 1.3 MB; at other times fewer, or over 4 MB). Nothing says that every open incident is
listed. All dashboards share a schema, `incidents.schema.json`. Of Workspace and Search single entries are recorded.

Oddities, recorded on Cloud unless another source is named:

- An open incident has null for an `end`, or none (Firebase, as a running client reads it), or "" (another one).
- An incident is over when it has an `end`, whatever its last update states (2 of 157 ended in SERVICE_DISRUPTION). That
  is the time of its end, and the end of the effect: 67 of 770 updates with another status, and 22 whole incidents, were
  published after it.
- An update has no id. Its id is made of its time of creation, which no two updates of an incident share. `modified` is
  not used: on Workspace that of an older update moves when the next one is created.
- AVAILABLE in an update does not close the incident: 33 of 270 came before the end. The status of an update does not
  change when the incident ends. A report is published as one more update, 9 days after the end.
- The title of a location mostly ends with its id, "Iowa (us-central1)". One that is over moves from `currently_` to
  `previously_affected_locations`. Nothing says which product is affected where (up to 35 by 5).
- `current_title` of a product is its present name. The incident keeps the name it has for it.
- `external_desc` is a title, or on Workspace (a copy of 2026) a whole text in Markdown that has one.
"""

import re
from collections import Counter
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ClosedEntries,
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    identifier,
    incident_link,
    incident_update,
    newest_copies,
    oldest_first,
    parse_entries,
    region,
)

PARSER_VERSION: Final = 3
_NAME: Final = "incidents.json"
_IDENTITY: Final = "google dashboard"  # the document does not name its dashboard
_ID: Final = re.compile(r"[0-9A-Za-z]{20}")
REGION_CODE: Final = re.compile(
    r"us-central1|us-east[1457]|us-south1|us-west[1-48]|northamerica-(?:northeast[12]|south1)|southamerica-(?:east|west)1"
    r"|europe-(?:central2|north[12]|southwest1|west(?:[1-46-9]|1[0-5]))|me-central[12]|me-west1|africa-south1"
    r"|asia-(?:east[12]|northeast[123]|south[12]|southeast[123])|australia-southeast[12]|global|us|eu|asia"
)
_IMPACTS: Final = {"low": Impact.MINOR, "medium": Impact.MAJOR, "high": Impact.CRITICAL}
_SEVERAL_PRODUCTS: Final = "Multiple Products"
_MARKDOWN: Final = re.compile(r"\*\*|^#+[ \t]+|\\(?=[!-/:-@\[-`{-~])", re.MULTILINE)  # bold, headings, escapes
_LABEL: Final = re.compile(r"(?:title|summary|description):\s*", re.IGNORECASE)


class _Update(msgspec.Struct):
    created: datetime
    status: str
    text: str
    when: datetime | None = None


class _Product(msgspec.Struct):
    title: str


class _Location(msgspec.Struct):
    id: str | None = None
    title: str | None = None


class _Incident(msgspec.Struct):
    id: str
    begin: datetime
    external_desc: str
    updates: list[_Update]
    uri: str
    service_name: str
    status_impact: str  # required: no other platform has it
    end: str | None = None
    severity: str | None = None
    affected_products: list[_Product] | None = None
    currently_affected_locations: list[_Location] | None = None
    previously_affected_locations: list[_Location] | None = None


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the list of incidents."""
    return (Document(_NAME, f"{_dashboard(page).url}/{_NAME}", required=True),)


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: there is only one document."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether all ids have Google's form. An empty list is no proof."""
    return bool(feed.incidents) and all(_ID.fullmatch(incident.id) for incident in feed.incidents)


def parse(reading: ParseInput, /) -> Feed:
    """Return the incidents. Raises FeedError."""
    entries = decode(reading.required(_NAME), list[msgspec.Raw], _NAME)
    closed = ClosedEntries(reading, PARSER_VERSION)
    incidents, skipped = parse_entries(entries, partial(_incident, _dashboard(reading.page), closed), _NAME)
    return Feed(
        identity=_IDENTITY,
        updates_have_no_ids=True,
        incidents=newest_copies(incidents),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT}),
        as_remembered=closed.listed,
        skipped=tuple(skipped),
    )


def _dashboard(page: Page) -> Page:
    """Return the page under the address of the dashboard, which links are relative to."""
    return msgspec.structs.replace(page, url=page.url.removesuffix(f"/{_NAME}"))


def _incident(dashboard: Page, closed: ClosedEntries, raw: msgspec.Raw) -> Incident | None:
    """Return an incident; None where it is as remembered."""
    digest = closed.digest(raw)
    if closed.holds(digest):
        return None
    entry = _decode_incident(raw)
    started_at = utc(entry.begin)
    updates = _updates(entry)
    components = _components(entry)
    ended_at = utc(msgspec.convert(entry.end, datetime)) if entry.end else None
    last_status = updates[-1].status if updates else clean_status(entry.status_impact)
    return Incident(
        id=identifier(entry.id),
        title=_title(entry.external_desc),
        status="resolved" if ended_at else last_status,
        impact=_IMPACTS.get(entry.severity or "", Impact.UNKNOWN),
        url=incident_link(entry.uri, dashboard),
        created_at=started_at,
        position=started_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=updates,
        ended_at=ended_at or msgspec.UNSET,
        entry_digest=digest,
    )


def _components(entry: _Incident) -> tuple[Component, ...]:
    """Return the affected products, else the service, and all regions that were affected at any time.

    No product is named for an incident of several that does not name them.
    """
    names = [product.title for product in entry.affected_products or ()]
    if not names and entry.service_name != _SEVERAL_PRODUCTS:
        names = [entry.service_name]
    locations = (*(entry.currently_affected_locations or ()), *(entry.previously_affected_locations or ()))
    regions = [region(location.title, location.id) for location in locations]
    return tuple(sorted({*(Component(clean_title(name)) for name in names), *filter(None, regions)}))


def _updates(entry: _Incident) -> tuple[IncidentUpdate, ...]:
    """Return the updates, oldest first; the document lists the newest first."""
    at_time: Counter[datetime] = Counter()
    updates = []
    for stated in reversed(entry.updates):
        created = utc(stated.created)
        at_time[created] += 1
        key = _update_id(created, at_time[created])
        updates.append(incident_update(key, stated.status, _without_marks(stated.text), created, stated.when))
    return oldest_first(reversed(updates))


def _update_id(created: datetime, number: int) -> str:
    """Return the id of the first, second … update of that time; it does not depend on how many there are."""
    return derived_id(created.isoformat()) if number == 1 else derived_id(created.isoformat(), str(number))


def _without_marks(markdown: str) -> str:
    """Return the text without its marks. Most texts have none, and the search is as slow as all else in this module."""
    return _MARKDOWN.sub("", markdown) if any(mark in markdown for mark in "*#\\") else markdown


def _title(description: str) -> str:
    """Return the first line that is more than a label."""
    for line in _without_marks(description).splitlines():
        words = _LABEL.sub("", line.strip(), count=1)
        if words:
            return clean_title(words)
    return ""

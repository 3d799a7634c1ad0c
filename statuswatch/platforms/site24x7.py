"""StatusIQ, the status pages of Site24x7 (Zoho).

`sp/api/u/summary_details`, read on every run, lists every active incident, with all its messages, and the resolved ones
of the last days, grouped by day: how many days, the page decides. An incident that is in neither list any more is no
longer active; how it ended is not known.
Documented by the vendor's two open-source libraries, which read this address, and by running clients; no recording.

Oddities: statuses and severities are numbers, with words in the page's own language beside them; maintenance windows
are among the incidents, told apart by the numbers of their statuses (21 to 24) or of their severity (4); ids are
encrypted, with `=` at the end; a message has an id in one of the vendor's libraries and none in the other: where it has
none it is told apart by its time and status. No incident has an address.
"""

from datetime import datetime
from typing import Final

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import CLOSED_STATUSES, STATED_BY_VENDOR, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_title,
    decode,
    derived_id,
    identifier,
    identity,
    incident_update,
    labelled_components,
    newest_copies,
    oldest_first,
    parse_entries,
)

PARSER_VERSION: Final = 1
_SUMMARY: Final = "summary_details"
_PATH: Final = f"/sp/api/u/{_SUMMARY}"
_STATUSES: Final = {
    10: "acknowledged",
    11: "investigating",
    12: "identified",
    13: "monitoring",
    14: "resolved",
    21: "scheduled",
    22: "in_progress",
    23: "verifying",
    24: "completed",
}
_WINDOW_STATUSES: Final = frozenset({21, 22, 23, 24})
# Informational, degraded performance, under maintenance, partial outage, major outage; 1, operational, says nothing of
# what it was.
_IMPACTS: Final = {
    2: Impact.NONE,
    3: Impact.MINOR,
    4: Impact.MAINTENANCE,
    5: Impact.MAJOR,
    6: Impact.CRITICAL,
}


class _Update(msgspec.Struct):
    incident_status_id: int
    status_updated_at: datetime
    incident_status_desc: str | None = None
    enc_inc_state_progress_id: str = ""


class _Component(msgspec.Struct):
    display_name: str
    componentgroup_display_name: str | None = None


class _Incident(msgspec.Struct):
    enc_inc_id: str
    incident_title: str
    incident_began_at: datetime
    incident_status_updates: list[_Update]
    incident_severity_id: int | None = None
    incident_affected_components: list[_Component] | None = None


class _Day(msgspec.Struct):
    grp_by_incidents_list: list[msgspec.Raw] | None = None


class _PageDetails(msgspec.Struct):
    enc_statuspage_id: str


class _Data(msgspec.Struct):
    statuspage_details: _PageDetails
    active_incident_details: list[msgspec.Raw]
    resolved_incident_details: list[_Day] | None = None


class _Summary(msgspec.Struct):
    data: _Data


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    return (Document(_SUMMARY, page.url if page.url.endswith(_PATH) else page.url + _PATH, required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    return ()


def matches(_feed: Feed, /) -> bool:
    return True  # no other platform's document has what this one must have


def parse(reading: ParseInput, /) -> Feed:
    body = reading.documents.get(_SUMMARY)
    if body is None:
        raise FeedError(f"{_SUMMARY}: missing")
    data = decode(body, _Summary, _SUMMARY).data
    active, skipped = parse_entries(data.active_incident_details, lambda raw: _incident(raw, reading.page), _SUMMARY)
    raws = (raw for day in data.resolved_incident_details or () for raw in day.grp_by_incidents_list or ())
    try:
        past, bad = parse_entries(raws, lambda raw: _incident(raw, reading.page, over=True), _SUMMARY)
    except FeedError as error:
        past, bad = [], [str(error)]
    return Feed(
        identity=identity(data.statuspage_details.enc_statuspage_id, _SUMMARY),
        incidents=newest_copies(active, past),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT} if data.resolved_incident_details is not None else ()),
        current=frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}),
        skipped=(*skipped, *bad),
    )


def _incident(raw: msgspec.Raw, page: Page, *, over: bool = False) -> Incident:
    """`over`: it stands among the resolved ones, whatever its newest message says."""
    it = _decode_incident(raw)
    key = identifier(it.enc_inc_id)
    began = utc(it.incident_began_at)
    severity = it.incident_severity_id
    window = severity == 4 or any(entry.incident_status_id in _WINDOW_STATUSES for entry in it.incident_status_updates)
    updates = oldest_first(
        incident_update(
            entry.enc_inc_state_progress_id
            or derived_id(utc(entry.status_updated_at).isoformat(), str(entry.incident_status_id)),
            _STATUSES.get(entry.incident_status_id, f"status-{entry.incident_status_id}"),
            entry.incident_status_desc,
            entry.status_updated_at,
            None,
        )
        for entry in it.incident_status_updates
    )
    status = updates[-1].status if updates else "open"
    if over and status not in CLOSED_STATUSES:
        status = "completed" if window else "resolved"
    parts = [
        (clean_title(part.display_name), clean_title(part.componentgroup_display_name or ""))
        for part in it.incident_affected_components or ()
    ]
    groups: dict[str, set[str]] = {}
    for part, group in parts:
        groups.setdefault(part, set()).add(group)
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if window else IncidentKind.INCIDENT,
        title=clean_title(it.incident_title),
        status=status,
        impact=Impact.MAINTENANCE if window else _IMPACTS.get(severity or 0, Impact.UNKNOWN),
        url=page.url,
        created_at=began,
        position=began,
        components=labelled_components(parts, groups),
        source_quality=STATED_BY_VENDOR if parts else 0,
        updates=updates,
    )

"""StatusIQ, the status pages of Site24x7 (Zoho).

`sp/api/u/summary_details`, read on every run, lists every active incident with all its messages, and the resolved ones
of the last days, grouped by day; the page decides how many days. An incident that is in neither list is no longer
active; how it ended is not known. The components of the page, some in groups, are in it too. Other clients read the
same document at `sp/api/public/summary_details/statuspages/<id>`; a page may be given by that address. Source: the
vendor's two open-source libraries, and running clients; no recording.

Oddities, as those libraries have them:

- Statuses and severities are numbers, with words in the page's own language beside them.
- Maintenance is among the incidents. The numbers of its statuses (21 to 24), or of its severity (4), tell it apart.
- Ids are encrypted and end with `=`.
- A message has an id in one library and none in the other. Without one it is identified by its time and status.
- The beginning and the messages of an incident may be missing: those libraries declare both optional.
- No incident has an address.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import (
    CLOSED_STATUSES,
    STATED_BY_VENDOR,
    Component,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
    utc,
)
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    DECODE_ERRORS,
    ClosedEntries,
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    groups_by_name,
    identifier,
    identity,
    incident_update,
    labelled_components,
    listed_components,
    newest_copies,
    oldest_first,
    parse_entries,
)

PARSER_VERSION: Final = 2
_SUMMARY: Final = "summary_details"
_PATH: Final = f"/sp/api/u/{_SUMMARY}"
_PATH_WITH_ID: Final = f"/sp/api/public/{_SUMMARY}/statuspages/"
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
_MAINTENANCE_STATUSES: Final = frozenset({21, 22, 23, 24})
_MAINTENANCE_SEVERITY: Final = 4
# Informational, degraded performance, under maintenance, partial outage, major outage. 1, operational, does not say
# what it was before.
_IMPACTS: Final = {
    2: Impact.NONE,
    3: Impact.MINOR,
    _MAINTENANCE_SEVERITY: Impact.MAINTENANCE,
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
    incident_began_at: datetime | None = None
    incident_status_updates: list[_Update] | None = None
    incident_severity_id: int | None = None
    incident_affected_components: list[_Component] | None = None

    @property
    def updates(self) -> list[_Update]:
        """Its messages; none where the list is missing."""
        return self.incident_status_updates or []

    @property
    def began_at(self) -> datetime:
        """When it began; the time of its first message where that is not stated. Raises ValueError without both."""
        times = [self.incident_began_at] if self.incident_began_at else [one.status_updated_at for one in self.updates]
        if not times:
            raise ValueError("an incident without a time")
        return min(map(utc, times))

    @property
    def is_maintenance(self) -> bool:
        """True by its severity, or by the status of any of its updates."""
        statuses = {update.incident_status_id for update in self.updates}
        return self.incident_severity_id == _MAINTENANCE_SEVERITY or not statuses.isdisjoint(_MAINTENANCE_STATUSES)


class _Day(msgspec.Struct):
    grp_by_incidents_list: list[msgspec.Raw] | None = None


class _Listed(msgspec.Struct):
    """A component of the page, or a group: one with its components, or a header above them, which is none itself."""

    display_name: str | None = None
    is_group: bool = False
    componentgroup_display_name: str | None = None
    componentgroup_components: list["_Listed"] | None = None

    @property
    def names_and_groups(self) -> list[tuple[str, str]]:
        """The names of its components, each with the group."""
        if not self.componentgroup_components:
            return [] if self.is_group else [(clean_title(self.display_name or ""), "")]
        group = clean_title(self.componentgroup_display_name or "")
        return [(clean_title(one.display_name or ""), group) for one in self.componentgroup_components]


class _PageDetails(msgspec.Struct):
    enc_statuspage_id: str


class _Data(msgspec.Struct):
    statuspage_details: _PageDetails
    active_incident_details: list[msgspec.Raw]
    resolved_incident_details: list[_Day] | None = None
    current_status: msgspec.Raw = msgspec.Raw(b"[]")

    @property
    def resolved(self) -> list[msgspec.Raw]:
        """The resolved incidents of all days."""
        days = self.resolved_incident_details or ()
        return [entry for day in days for entry in day.grp_by_incidents_list or ()]


class _Summary(msgspec.Struct):
    data: _Data


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode
_decode_listed: Final = msgspec.json.Decoder(list[_Listed] | None).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the one document; a page's address may be that of the document."""
    is_document = page.url.endswith(_PATH) or _PATH_WITH_ID in page.url
    url = page.url if is_document else page.url + _PATH
    return (Document(_SUMMARY, url, required=True),)


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: the document has all there is."""
    return ()


def matches(_feed: Feed, /) -> bool:
    """Return True: no other platform's document has the required fields of this one."""
    return True


def parse(reading: ParseInput, /) -> Feed:
    """Parse the document. Raises FeedError if it, or every active incident in it, cannot be understood."""
    data = decode(reading.required(_SUMMARY), _Summary, _SUMMARY).data
    closed = ClosedEntries(reading, PARSER_VERSION)
    build = partial(_parse_incident, reading.page, closed)
    active, skipped = parse_entries(data.active_incident_details, partial(build, resolved=False), _SUMMARY)
    try:
        resolved, skipped_resolved = parse_entries(data.resolved, partial(build, resolved=True), _SUMMARY)
    except FeedError as error:
        resolved, skipped_resolved = [], [str(error)]
    return Feed(
        identity=identity(data.statuspage_details.enc_statuspage_id, _SUMMARY),
        incidents=newest_copies(active, resolved),
        by_creation=True,
        history=frozenset({IncidentKind.INCIDENT} if data.resolved_incident_details is not None else ()),
        current=frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE}),
        as_remembered=closed.listed,
        skipped=(*skipped, *skipped_resolved),
        components=_listed(data.current_status),
    )


def _listed(body: msgspec.Raw) -> tuple[Component, ...]:
    """Return the components of the page; none where they cannot be understood: no incident depends on them."""
    try:
        listed = _decode_listed(body) or ()
    except DECODE_ERRORS:
        return ()
    return listed_components(place for one in listed for place in one.names_and_groups)


def _parse_incident(page: Page, closed: ClosedEntries, entry: msgspec.Raw, *, resolved: bool) -> Incident | None:
    """Parse an incident; None where it is as remembered.

    `resolved`: it stands among the resolved ones, whatever its newest message says.
    """
    digest = closed.digest(entry, b"resolved" if resolved else b"active")
    if closed.holds(digest):
        return None
    incident = _decode_incident(entry)
    key = identifier(incident.enc_inc_id)
    began_at = incident.began_at
    maintenance = incident.is_maintenance
    severity = incident.incident_severity_id or 0
    updates = oldest_first(_build_update(update) for update in incident.updates)
    components = _build_components(incident.incident_affected_components or [])
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if maintenance else IncidentKind.INCIDENT,
        title=clean_title(incident.incident_title),
        status=_status(updates, resolved=resolved, maintenance=maintenance),
        impact=Impact.MAINTENANCE if maintenance else _IMPACTS.get(severity, Impact.UNKNOWN),
        url=page.url,
        created_at=began_at,
        position=began_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=updates,
        entry_digest=digest,
    )


def _status(updates: Sequence[IncidentUpdate], *, resolved: bool, maintenance: bool) -> str:
    """Return the status of the newest update; a closed one in any case where the incident is among the resolved."""
    status = updates[-1].status if updates else "open"
    if resolved and status not in CLOSED_STATUSES:
        return "completed" if maintenance else "resolved"
    return status


def _build_update(update: _Update) -> IncidentUpdate:
    """Build an update; its id is made of its time and status where it has none."""
    code = update.incident_status_id
    time = utc(update.status_updated_at)
    return incident_update(
        update.enc_inc_state_progress_id or derived_id(time.isoformat(), str(code)),
        _STATUSES.get(code) or clean_status(f"status-{code}"),
        update.incident_status_desc,
        update.status_updated_at,
        None,
    )


def _build_components(affected: list[_Component]) -> tuple[Component, ...]:
    """Return the components, each with its group where the incident has two of that name."""
    names_and_groups = [
        (clean_title(component.display_name), clean_title(component.componentgroup_display_name or ""))
        for component in affected
    ]
    return labelled_components(names_and_groups, groups_by_name(names_and_groups))

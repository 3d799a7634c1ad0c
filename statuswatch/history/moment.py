"""The status of the pages at a past moment, from the archive and the state. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import msgspec

from statuswatch.history.coverage import coverage_of, is_known_at
from statuswatch.model.history import PastIncident
from statuswatch.model.incident import Component, IncidentKind
from statuswatch.model.page import Failure, FailureKind
from statuswatch.model.report import PageStatus, PageView
from statuswatch.model.state import IncidentRecord


def statuses_at(
    moment: datetime, views: Sequence[PageView], incidents: Iterable[PastIncident]
) -> tuple[PageStatus, ...]:
    """Return what was open on the pages at a moment. A page whose incidents are not known then is unknown.

    Its status and message are those of the updates until then, its impact the highest that it ever had.
    """
    past = tuple(incidents)
    own: dict[str, list[PastIncident]] = {}
    for incident in past:
        own.setdefault(incident.page.key, []).append(incident)
    return tuple(_status_at(moment, view, past, own.get(view.status.page.key, ())) for view in views)


def _status_at(
    moment: datetime, view: PageView, incidents: Sequence[PastIncident], own: Sequence[PastIncident]
) -> PageStatus:
    return msgspec.structs.replace(
        view.status,
        open={incident.id: _record_at(moment, incident) for incident in own if _is_open_at(moment, incident)},
        failure=_gap_at(moment, view, incidents),
        suspicion="",
        skipped=(),
        shared_failure="",
    )


def _is_open_at(moment: datetime, incident: PastIncident) -> bool:
    """Return whether an incident was open; a maintenance is, from its announcement on."""
    if incident.kind is IncidentKind.PAGE or (incident.ended_at is not None and incident.ended_at <= moment):
        return False
    begin = incident.published_at if incident.kind is IncidentKind.MAINTENANCE else incident.started_at
    return begin <= moment


def _record_at(moment: datetime, incident: PastIncident) -> IncidentRecord:
    published = [update for update in incident.updates if update.created_at <= moment]
    newest = published[-1] if published else None
    is_planned = incident.kind is IncidentKind.MAINTENANCE
    return IncidentRecord(
        status=newest.status if newest else "scheduled" if is_planned else "investigating",
        impact=incident.peak_impact,
        title=incident.title,
        last_update_at=newest.created_at if newest else incident.published_at,
        kind=incident.kind,
        components=tuple(map(Component.of_label, incident.components)),
        scheduled_for=incident.scheduled_for,
        scheduled_until=incident.scheduled_until,
        url=incident.url,
        message=" ".join(newest.body.split()) if newest else "",
        created_at=incident.started_at,
    )


def _gap_at(moment: datetime, view: PageView, incidents: Sequence[PastIncident]) -> Failure | None:
    """Return why the incidents of a page are not known at that moment; None where they are."""
    coverage = coverage_of(view, incidents)
    if is_known_at(coverage, moment):
        return None
    for incident in _unreadable_at(moment, view, incidents):
        return Failure(FailureKind.NEVER_READ, incident.title)
    if coverage.since is None or coverage.until is None:
        return Failure(FailureKind.NEVER_READ, "not covered: the page was never read")
    reason = f"it is covered from {_clock(coverage.since)} to {_clock(coverage.until)}"
    return Failure(FailureKind.NEVER_READ, f"not covered: {reason}")


def _unreadable_at(moment: datetime, view: PageView, incidents: Sequence[PastIncident]) -> Iterator[PastIncident]:
    key = view.status.page.key
    for incident in incidents:
        concerns = incident.kind is IncidentKind.PAGE and key in (incident.page.key, *incident.affected_pages)
        if concerns and incident.overlaps(moment, moment):
            yield incident


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"

"""A page that cannot be read: remembered from its first failing read on, reported after an hour. Pure."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from statuswatch.model.event import Change, Event, EventKind
from statuswatch.model.incident import Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.page import Failure, Page
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import Failing, PageState
from statuswatch.rules.diff import event_id

REPORT_FAILING_AFTER: Final = timedelta(hours=1)
UNREADABLE: Final = "unreadable-"  # so begins the id of an incident of kind `page`


def reconcile_failure(page: Page, state: PageState | None, failure: Failure, now: datetime) -> PageOutcome:
    """Return what a failed read comes to. Whether it is reported is decided once all pages are read."""
    before = state or new_state(page)
    after = msgspec.structs.replace(before, failing=_continue_failing(before.failing, failure, now))
    return PageOutcome(page=page, state=after, dirty=after != state, failure=failure, failing=after.failing)


def end_failing(page: Page, state: PageState | None, now: datetime) -> tuple[tuple[Event, ...], PageState]:
    """Return the state of a page that could be read, and the end of its `page` incident where one was reported."""
    before = state or new_state(page)
    failing = before.failing
    if failing is None:
        return (), before
    events = (failing_event(page, failing, EventKind.RESOLVED, now),) if failing.reported else ()
    return events, msgspec.structs.replace(before, failing=None)


def new_state(page: Page) -> PageState:
    """Return the state of a page that was never read."""
    return PageState(url=page.url, platform=page.platform, id=page.id)


def _continue_failing(before: Failing | None, failure: Failure, now: datetime) -> Failing:
    """Return the series of failing reads with one more.

    A series noted by a clock that ran ahead begins anew, unless it was reported: its end must have the same id.
    """
    failure_class = failure.failure_class
    if before is None or (before.since > now and not before.reported):
        return Failing(now, failure.reason, suggested_config=failure.suggested_config, failure_class=failure_class)
    failing = before
    if failure.suggested_config:
        failing = msgspec.structs.replace(failing, suggested_config=failure.suggested_config)
    if failure_class is not before.failure_class:
        failing = msgspec.structs.replace(failing, failure_class=failure_class, alike_since=now)
    return failing


def is_hour_up(since: datetime, now: datetime) -> bool:
    """Return whether failing reads span long enough to be reported."""
    return now - since >= REPORT_FAILING_AFTER


def failing_event(page: Page, failing: Failing, kind: EventKind, now: datetime) -> Event:
    """Return the start or the end of the `page` incident of one page."""
    update = _resolved_update(now) if kind is EventKind.RESOLVED else _failing_update(failing)
    incident = Incident(
        id=f"{UNREADABLE}{_compact(failing.since)}",
        kind=IncidentKind.PAGE,
        title=_title(page, failing, now),
        status=update.status,
        impact=Impact.UNKNOWN,
        url=page.url,
        created_at=failing.since,
        position=failing.since,
        updates=(update,),
    )
    return Event(
        id=event_id(page.key, incident.id, kind, (failing.since, kind)),
        kind=kind,
        changes=(Change.STATUS,) if kind is EventKind.RESOLVED else (),
        page=page,
        incident=incident,
        updates=(update,),
        peak_impact=Impact.UNKNOWN,
        all_components=(),
    )


def _title(page: Page, failing: Failing, now: datetime) -> str:
    day = "" if failing.since.date() == now.date() else f"{failing.since:%Y-%m-%d} "
    since = f"{day}{failing.since:%H:%M} UTC"
    return f"{page.name}'s status page cannot be read: {failing.reason} at every read since {since}"


def _failing_update(failing: Failing) -> IncidentUpdate:
    remedy = f" Set {failing.suggested_config}." if failing.suggested_config else ""
    return _update("failing", f"What happens there now is not known.{remedy}", failing.since)


def _resolved_update(now: datetime) -> IncidentUpdate:
    return _update("resolved", "It can be read again.", now)


def _update(status: str, body: str, at: datetime) -> IncidentUpdate:
    return IncidentUpdate(id=f"{status}-{_compact(at)}", status=status, body=body, created_at=at, display_at=at)


def _compact(moment: datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%SZ}"

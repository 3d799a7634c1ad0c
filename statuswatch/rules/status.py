"""How all pages stand together: what is open, worst first, what maintenance there is, and of which pages that cannot be
said. Pure; the filters of the configuration, which are about events, hide nothing here.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.model.report import OpenIncident, PageOutcome, PageStatus, StatusView, is_upcoming
from statuswatch.model.state import IncidentRecord, PageState
from statuswatch.rules.filters import matches_any

# An impact that is not stated may be any, and stands below those that are known to hurt.
_WORST_FIRST: Final = (
    *(Impact.CRITICAL, Impact.MAJOR, Impact.MINOR),
    *(Impact.UNKNOWN, Impact.NONE, Impact.MAINTENANCE),
)


def status_view(standings: Sequence[PageStatus], now: datetime, globs: Sequence[str] = ()) -> StatusView:
    """Of what is open, only what has a component that one of the globs names; what the vendor does not state passes."""
    everything = [
        OpenIncident(it.page, key, record, it.stale)
        for it in standings
        for key, record in it.open.items()
        if not record.closed
    ]
    shown = [it for it in everything if matches_any(it.record.components, globs)]
    planned = sorted((it for it in shown if it.record.kind is IncidentKind.MAINTENANCE), key=_soonest_first)
    return StatusView(
        pages=tuple(standings),
        globs=tuple(globs),
        incidents=tuple(
            sorted((it for it in shown if it.record.kind is not IncidentKind.MAINTENANCE), key=_worst_first)
        ),
        in_progress=tuple(it for it in planned if not is_upcoming(it.record, now)),
        scheduled=tuple(it for it in planned if is_upcoming(it.record, now)),
        hidden=len(everything) - len(shown),
    )


def _worst_first(entry: OpenIncident) -> tuple[int, float, str, str]:
    """Of one impact the latest first: it is the likelier news."""
    return _WORST_FIRST.index(entry.record.impact), -entry.started_at.timestamp(), entry.page.key, entry.key


def _soonest_first(entry: OpenIncident) -> tuple[bool, datetime, str, str]:
    start = entry.record.scheduled_for
    return start is None, start or entry.started_at, entry.page.key, entry.key


def page_status(outcome: PageOutcome, state: PageState | None) -> PageStatus:
    """Return what is open on a page that was read just now. Of its state only that is kept."""
    return PageStatus(
        page=outcome.page,
        open=_open_records(state),
        failure=outcome.failure,
        suspicion=outcome.notes.suspicion,
        skipped=outcome.notes.skipped,
        read_before=state is not None and state.baseline is not None,
    )


def remembered_status(page: Page, state: PageState | None) -> PageStatus:
    """Return what the state file says is open on a page."""
    failure: Failure | None = None
    suspicion = ""
    if state and state.failing:
        failing = state.failing
        hint = f"set {failing.suggested_config}" if failing.suggested_config else ""
        reason = f"failing since {_clock(failing.since)}: {failing.reason}"
        failure = Failure(FailureKind.NEVER_READ, reason, hint=hint)
    elif state is None or state.baseline is None:
        failure = Failure(FailureKind.NEVER_READ, "never read", hint="`statuswatch check` reads and remembers it")
    elif state.suspicion:
        suspicion = f"suspected since {_clock(state.suspicion.since)}: {state.suspicion.reason}"
    return PageStatus(
        page=page,
        open=_open_records(state),
        failure=failure,
        suspicion=suspicion,
        read_before=state is not None and state.baseline is not None,
    )


def _open_records(state: PageState | None) -> dict[str, IncidentRecord]:
    records = state.incidents.items() if state else ()
    return {key: record for key, record in records if not record.closed}


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"

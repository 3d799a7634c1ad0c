"""The status of all pages: what is open, worst first, which maintenance there is, and which pages are unknown. Pure.

The filters of the configuration are about events and hide nothing from a status.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from statuswatch.model.incident import Component, Impact, IncidentKind
from statuswatch.model.mute import Mute
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.model.report import OpenIncident, PageOutcome, PageStatus, StatusView, is_upcoming
from statuswatch.model.state import IncidentRecord, PageState, SharedFailure
from statuswatch.rules.filters import grouped, is_known_region, matches_any, unmatched_globs, unstated_by_vendor
from statuswatch.rules.mutes import mute_of_incident

# An unstated impact may be any, and stands below those that are known to hurt.
WORST_FIRST: Final = (
    *(Impact.CRITICAL, Impact.MAJOR, Impact.MINOR),
    *(Impact.UNKNOWN, Impact.NONE, Impact.MAINTENANCE),
)


def status_view(
    pages: Sequence[PageStatus],
    now: datetime,
    globs: Sequence[str] = (),
    mutes: Sequence[Mute] = (),
    *,
    is_past: bool = False,
) -> StatusView:
    """Return what is open on the pages, in the order in which it is shown; or what was open, if `now` `is_past`.

    With `globs`, only what has a matching component; what has no components is shown too. What one of the `mutes`
    mutes is marked, and counts like anything else.
    """
    entries = [entry for page in pages for entry in _open_incidents(page, mutes, now)]
    listed = {page.page.key: page.components for page in pages}
    shown = [entry for entry in entries if _is_selected(entry.page, entry.record, listed[entry.page.key], globs)]
    incidents = [entry for entry in shown if entry.record.kind is not IncidentKind.MAINTENANCE]
    maintenance = [entry for entry in shown if entry.record.kind is IncidentKind.MAINTENANCE]
    maintenance.sort(key=_soonest_first)
    return StatusView(
        pages=tuple(pages),
        globs=tuple(globs),
        incidents=tuple(sorted(incidents, key=_worst_first)),
        in_progress=tuple(entry for entry in maintenance if not is_upcoming(entry.record, now)),
        scheduled=tuple(entry for entry in maintenance if is_upcoming(entry.record, now)),
        hidden=len(entries) - len(shown),
        is_past=is_past,
    )


def unmatched_components(pages: Sequence[PageStatus], globs: Sequence[str]) -> tuple[str, ...]:
    """Return the globs that match nothing on any of the pages; none where that cannot be judged.

    A glob matches what a page lists and what an open incident names, and a known region of the vendor. On a page that
    lists no components, an incident that names none counts as matching. What a page lists is unknown where it could
    never be read.
    """
    if any(page.failure and not page.components for page in pages):
        return ()
    return tuple(glob for glob in globs if not any(_matches_on(page, glob) for page in pages))


def _matches_on(page: PageStatus, glob: str) -> bool:
    if is_known_region(page.page, glob) or (page.components and not unmatched_globs(page.components, [glob])):
        return True
    named = [record for record in page.open.values() if record.components or not page.components]
    return any(_is_selected(page.page, record, page.components, [glob]) for record in named)


def _is_selected(page: Page, record: IncidentRecord, listed: Iterable[Component], globs: Sequence[str]) -> bool:
    """Return whether globs select an incident, as far as its vendor states what it affects."""
    components = grouped(record.components, listed)
    return matches_any(components, globs, unstated_by_vendor(page, components))


def _open_incidents(page: PageStatus, mutes: Sequence[Mute], now: datetime) -> list[OpenIncident]:
    return [
        OpenIncident(page.page, key, record, page.stale, mute_of_incident(mutes, page.page.key, key, record.title, now))
        for key, record in page.open.items()
        if not record.closed
    ]


def _worst_first(entry: OpenIncident) -> tuple[int, float, str, str]:
    """Return the place of an incident: by impact, then the latest first, for it is the likelier news."""
    return WORST_FIRST.index(entry.record.impact), -entry.started_at.timestamp(), entry.page.key, entry.key


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
        read_before=_was_read(state),
        components=state.components if state else (),
        last_word_at=last_word(state),
    )


def remembered_status(page: Page, state: PageState | None) -> PageStatus:
    """Return what the state file says is open on a page."""
    failure = _remembered_failure(state)
    suspicion = ""
    if failure is None and state and state.suspicion:
        suspicion = f"suspected since {_clock(state.suspicion.since)}: {state.suspicion.reason}"
    return PageStatus(
        page=page,
        open=_open_records(state),
        failure=failure,
        suspicion=suspicion,
        read_before=_was_read(state),
        components=state.components if state else (),
        last_word_at=last_word(state),
    )


def last_word(state: PageState | None) -> datetime | None:
    """Return the time of the newest message that is remembered of a page; None where there is none."""
    return max((record.last_update_at for record in state.incidents.values()), default=None) if state else None


def _remembered_failure(state: PageState | None) -> Failure | None:
    if state and state.failing:
        failing = state.failing
        hint = f"set {failing.suggested_config}" if failing.suggested_config else ""
        reason = f"failing since {_clock(failing.since)}: {failing.reason}"
        return Failure(FailureKind.NEVER_READ, reason, hint=hint)
    if not _was_read(state):
        return Failure(FailureKind.NEVER_READ, "never read", hint="`statuswatch check` reads and remembers it")
    return None


def _was_read(state: PageState | None) -> bool:
    return state is not None and state.baseline is not None


def with_shared_failures(statuses: Sequence[PageStatus], shared: Mapping[str, SharedFailure]) -> tuple[PageStatus, ...]:
    """Return the statuses, with the title of the shared incident on each failing page that one lists."""
    titles = {key: record.title for record in shared.values() for key in record.pages}
    return tuple(
        msgspec.structs.replace(status, shared_failure=titles.get(status.page.key, "") if status.failure else "")
        for status in statuses
    )


def _open_records(state: PageState | None) -> dict[str, IncidentRecord]:
    records = state.incidents.items() if state else ()
    return {key: record for key, record in records if not record.closed}


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"

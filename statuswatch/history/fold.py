"""Incidents folded from archived events, and joined with what pages list and the state file remembers. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from statuswatch.model.event import Change, EventKind
from statuswatch.model.history import ArchivedEvent, ArchiveReading, PastIncident, Rewrite, listed_incident
from statuswatch.model.incident import (
    CLOSED_STATUSES,
    EXPIRED,
    IMPACT_SCALE,
    LATEST,
    Impact,
    IncidentKind,
    IncidentUpdate,
    closing_time,
)
from statuswatch.model.page import Page
from statuswatch.model.report import PageView
from statuswatch.model.state import IncidentRecord
from statuswatch.rules.expiry import MAX_SILENCE
from statuswatch.rules.page_failure import failing_event
from statuswatch.rules.record import to_second

IncidentKey = tuple[str, str]  # of the page, and of the incident
_DETECTED_ENDS: Final = (Change.DELISTED, Change.WITHDRAWN, Change.EXPIRED)


def fold_events(events: Iterable[ArchivedEvent]) -> tuple[PastIncident, ...]:
    """Fold events, in order of detection, into their incidents; in order of their start."""
    stories: dict[IncidentKey, _Story] = {}
    for event in events:
        key = event.page.key, event.incident.id
        if key not in stories:
            stories[key] = _Story(event)
        stories[key].add(event)
    return _in_order(story.fold() for story in stories.values())


def known_incidents(archive: ArchiveReading, views: Sequence[PageView] = ()) -> tuple[PastIncident, ...]:
    """Return all that is known of the past, in order of its start: the archive's incidents, and those of the pages.

    A page's list has the present text of an incident, the archive what it said before. Whether it is over is decided
    by the state of its page, where that remembers it.
    """
    by_key = {(incident.page.key, incident.id): incident for incident in fold_events(archive.events)}
    archived: dict[str, dict[str, PastIncident]] = {}
    for (page, key), incident in by_key.items():
        archived.setdefault(page, {})[key] = incident
    for view in views:
        page = view.status.page.key
        joined = _join_page(view, archived.get(page, {}))
        by_key |= {(page, incident.id): incident for incident in joined}
    return _in_order(by_key.values())


def _in_order(incidents: Iterable[PastIncident]) -> tuple[PastIncident, ...]:
    return tuple(sorted(incidents, key=lambda incident: (incident.started_at, incident.page.key, incident.id)))


class _Story:
    """The events of one incident while they are folded."""

    def __init__(self, first: ArchivedEvent) -> None:
        self.first = self.last = first
        self.begin: list[datetime] = []
        self.peak = first.incident.impact
        self.components: dict[str, None] = {}
        self.updates: dict[str, IncidentUpdate] = {}
        self.rewrites: list[Rewrite] = []
        self.changes: set[Change] = set()
        self.is_closed = False
        self.detected_end: tuple[datetime, Change] | None = None
        self.filtered = self.muted = False

    def add(self, event: ArchivedEvent) -> None:
        """Add the next event."""
        self.last = event
        self.begin.append(event.incident.created_at)
        self.peak = _higher(self.peak, event.incident.impact)
        self.components |= dict.fromkeys(event.incident.components)
        self.changes |= {*event.changes}
        self.filtered |= event.filtered
        self.muted |= event.muted
        if Change.EDITED in event.changes:
            self._add_rewrites(event)
        self.updates |= {_update_key(update): update for update in event.updates}
        self._move_end(event)

    def _add_rewrites(self, event: ArchivedEvent) -> None:
        edited = [update.id for update in event.updates if self._is_edit(update)]
        for update_id in edited or [""]:
            self.rewrites.append(Rewrite(detected_at=event.detected_at, after_end=self.is_closed, update_id=update_id))

    def _is_edit(self, update: IncidentUpdate) -> bool:
        before = self.updates.get(_update_key(update))
        return before is not None and (before.body, before.status) != (update.body, update.status)

    def _move_end(self, event: ArchivedEvent) -> None:
        """Follow the end: a resolved event is one, an open status after it a reopening."""
        was_closed, self.is_closed = self.is_closed, event.incident.status in CLOSED_STATUSES
        if event.kind is EventKind.RESOLVED:
            self.is_closed = True
        way = next((change for change in event.changes if change in _DETECTED_ENDS), None)
        if way:
            self.detected_end = event.detected_at, way
        elif not (was_closed and self.is_closed) or {Change.STATUS, Change.REOPENED} & {*event.changes}:
            self.detected_end = None

    def fold(self) -> PastIncident:
        """Return the incident."""
        incident, updates = self.last.incident, _oldest_first(self.updates.values())
        created_at = min(self.begin)
        published = [update.created_at for update in updates] if self.first.is_start else []
        return PastIncident(
            page=self.last.page,
            id=incident.id,
            kind=incident.kind,
            title=incident.title or self.first.incident.title,
            status=incident.status,
            impact=incident.impact,
            peak_impact=self.peak,
            url=incident.url or self.first.incident.url,
            components=tuple(sorted(self.components)),
            created_at=created_at,
            started_at=min([created_at, *(update.display_at for update in updates)]),
            published_at=min(published, default=created_at),
            detected_at=self.first.detected_at,
            is_start_archived=self.first.is_start,
            ended_at=self._end(updates),
            end_detected=self.is_closed and self.detected_end is not None,
            ending=self.detected_end[1] if self.is_closed and self.detected_end else None,
            scheduled_for=incident.scheduled_for,
            scheduled_until=incident.scheduled_until,
            updates=updates,
            rewrites=tuple(self.rewrites),
            changes=frozenset(self.changes),
            affected_pages=incident.pages,
            filtered=self.filtered,
            muted=self.muted,
        )

    def _end(self, updates: Sequence[IncidentUpdate]) -> datetime | None:
        if not self.is_closed:
            return None
        if self.detected_end:
            return self.detected_end[0]
        newest = max((update.created_at for update in updates), default=self.last.detected_at)
        return self.last.incident.ended_at or closing_time(updates) or newest


def _update_key(update: IncidentUpdate) -> str:
    """Return what tells the update from others. Where a vendor shows only the latest, the id is the same for all."""
    return f"{update.id} {update.created_at.isoformat()}" if update.id == LATEST else update.id


def _oldest_first(updates: Iterable[IncidentUpdate]) -> tuple[IncidentUpdate, ...]:
    return tuple(sorted(updates, key=lambda update: update.created_at))


def _higher(first: Impact, second: Impact) -> Impact:
    """Return the higher impact, of those that can be compared; else the second."""
    comparable = [impact for impact in (first, second) if impact in IMPACT_SCALE]
    return max(comparable, key=IMPACT_SCALE.index, default=second)


def _join_page(view: PageView, archived: Mapping[str, PastIncident]) -> Iterator[PastIncident]:
    """Yield the incidents of one page: of its lists, of its state, and of the archive."""
    listed = _listed(view)
    records = view.state.incidents if view.state else {}
    own = {key: incident for key, incident in archived.items() if incident.kind is not IncidentKind.PAGE}
    page = view.status.page
    remembered = {key: _remembered(page, key, record) for key, record in records.items() if not record.closed}
    made_of_times = view.feed is not None and view.feed.updates_have_no_ids
    for key in dict.fromkeys([*own, *listed, *remembered]):
        incident = _joined(page, own.get(key), listed.get(key), made_of_times=made_of_times) or remembered[key]
        yield _with_end(incident, records.get(key), view, is_listed=key in listed)
    yield from _page_incidents(view, archived)


def _listed(view: PageView) -> dict[str, PastIncident]:
    """Return what the page's lists show, by id; nothing where the read is not trusted."""
    if view.feed is None or view.status.stale:
        return {}
    page = view.status.page
    return {incident.id: listed_incident(page, incident) for incident in (*view.feed.longer, *view.feed.incidents)}


def _joined(
    page: Page, archived: PastIncident | None, listed: PastIncident | None, *, made_of_times: bool
) -> PastIncident | None:
    """Return the incident from the archive and the list; None where neither has it."""
    if archived and listed:
        return _with_story(listed, archived, made_of_times=made_of_times)
    return listed or (archived and msgspec.structs.replace(archived, page=page))


def _with_story(listed: PastIncident, archived: PastIncident, *, made_of_times: bool) -> PastIncident:
    """Return the listed incident with what the archive knows of its past."""
    is_over = archived.ended_at is not None and listed.is_open  # by our own detection: the vendor still lists it open
    return msgspec.structs.replace(
        listed,
        peak_impact=_higher(archived.peak_impact, listed.impact),
        components=tuple(sorted({*archived.components, *listed.components})),
        created_at=min(archived.created_at, listed.created_at),
        started_at=min(archived.started_at, listed.started_at),
        published_at=min(archived.published_at, listed.published_at),
        detected_at=archived.detected_at,
        is_start_archived=archived.is_start_archived,
        ended_at=archived.ended_at if is_over else listed.ended_at,
        end_detected=archived.end_detected if is_over else False,
        ending=archived.ending if is_over else None,
        updates=_joined_updates(archived.updates, listed.updates, made_of_times=made_of_times),
        rewrites=archived.rewrites,
        changes=archived.changes,
        filtered=archived.filtered,
        muted=archived.muted,
    )


def _joined_updates(
    archived: Sequence[IncidentUpdate], listed: Sequence[IncidentUpdate], *, made_of_times: bool
) -> tuple[IncidentUpdate, ...]:
    """Return all updates in their listed form; one that an own document showed without its id is known by its time.

    Where ids are `made_of_times`, one whose time the vendor corrected is known by its status and text.
    """
    ids = {_update_key(update) for update in listed}
    times = {(to_second(update.created_at), update.status) for update in listed}
    rest = [
        update
        for update in archived
        if _update_key(update) not in ids and (to_second(update.created_at), update.status) not in times
    ]
    dated_anew = _words_of_unknown(listed, archived) if made_of_times else set()
    return _oldest_first([*(update for update in rest if (update.status, update.body) not in dated_anew), *listed])


def _words_of_unknown(listed: Iterable[IncidentUpdate], archived: Iterable[IncidentUpdate]) -> set[tuple[str, str]]:
    ids = {_update_key(update) for update in archived}
    return {(update.status, update.body) for update in listed if _update_key(update) not in ids}


def _remembered(page: Page, key: str, record: IncidentRecord) -> PastIncident:
    """Return what the state file remembers of an open incident; of its updates that is the beginning of the newest."""
    created_at = record.created_at or record.last_update_at
    moment = record.last_update_at
    newest = IncidentUpdate(LATEST, record.status, record.message, moment, moment)
    return PastIncident(
        page=page,
        id=key,
        kind=record.kind,
        title=record.title,
        status=record.status,
        impact=record.impact,
        peak_impact=record.peak_impact or record.impact,
        url=record.url,
        components=tuple(sorted(part.label for part in (*record.components, *record.former_components))),
        created_at=created_at,
        started_at=created_at,
        published_at=created_at,
        scheduled_for=record.scheduled_for,
        scheduled_until=record.scheduled_until,
        updates=(newest,) if record.message else (),
    )


def _with_end(
    incident: PastIncident, record: IncidentRecord | None, view: PageView, *, is_listed: bool
) -> PastIncident:
    """Return the incident, open or over as the state of its page says."""
    if record is None:
        return incident if is_listed else _end_unwatched(incident, view)
    if not record.closed:
        return msgspec.structs.replace(incident, ended_at=None, end_detected=False, ending=None)
    if not incident.is_open:
        return incident
    ended_at = max(record.last_update_at, incident.started_at)
    if record.status != EXPIRED:
        return msgspec.structs.replace(incident, ended_at=ended_at, end_detected=True)
    if is_listed:  # its record keeps the time of the vendor's last word; it expired when that was long enough ago
        ended_at = max(ended_at, record.scheduled_until or ended_at) + MAX_SILENCE
    return msgspec.structs.replace(incident, ended_at=ended_at, end_detected=True, ending=Change.EXPIRED)


def _end_unwatched(incident: PastIncident, view: PageView) -> PastIncident:
    """Return an incident that the state of its page does not remember: it ended while nobody watched.

    A state that is older than the archive, as after a killed run, says nothing where the page could not be read since.
    """
    if view.state is None or not incident.is_open:
        return incident
    last_news = max([_detected(incident), *(update.created_at for update in incident.updates)])
    since = view.state.known_since
    if since and since > last_news:
        return msgspec.structs.replace(incident, ended_at=since, end_detected=True)
    if view.feed is None or view.status.stale:
        return incident
    return msgspec.structs.replace(incident, ended_at=last_news, end_detected=True)


def _detected(incident: PastIncident) -> datetime:
    return max([incident.detected_at or incident.created_at, *(rewrite.detected_at for rewrite in incident.rewrites)])


def _page_incidents(view: PageView, archived: Mapping[str, PastIncident]) -> Iterator[PastIncident]:
    """Yield the incidents of kind `page` of one page: the state remembers only the open one."""
    current = _open_page_incident(view)
    own = [incident for incident in archived.values() if incident.kind is IncidentKind.PAGE]
    for incident in own:
        is_current = current is not None and current.id == incident.id
        yield incident if is_current else _end_unwatched(incident, view)
    if current and all(incident.id != current.id for incident in own):
        yield current


def _open_page_incident(view: PageView) -> PastIncident | None:
    failing = view.state.failing if view.state else None
    if failing is None or not failing.reported:
        return None
    page = view.status.page
    return listed_incident(page, failing_event(page, failing, EventKind.NEW, failing.since).incident)

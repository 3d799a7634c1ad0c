"""From entries to incidents: an entry lists its incident's updates, shows the latest one only, or is one update."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.model.incident import (
    CLOSED_STATUSES,
    LATEST,
    STATED_BY_VENDOR,
    Impact,
    Incident,
    IncidentKind,
    IncidentUpdate,
)
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import incident_update, parse_entries
from statuswatch.platforms.rss.channel import Channel, entry_address, entry_update_id, group_entries, incident_id
from statuswatch.platforms.rss.document import Entry, EntryDates, is_dated, read_dates
from statuswatch.platforms.rss.facts import Facts, read_facts, without_components
from statuswatch.platforms.rss.messages import (
    Message,
    closing_last,
    message_published_at,
    message_updates,
    newest_message,
    read_messages,
    read_window,
)
from statuswatch.platforms.rss.series import read_item, series_incidents, split_series
from statuswatch.platforms.rss.wording import (
    MAINTENANCE_STATUSES,
    REPORTED,
    UNCHANGED,
    read_impact,
    read_statement,
    split_title,
    status_of,
)

_LATEST_DIGEST: Final = text.digest(LATEST)
_UNSTATED: Final = frozenset({REPORTED, UNCHANGED})


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an entry, its title without the words of status."""

    entry: Entry
    title: str
    title_status: str
    dates: EntryDates
    plain: str
    messages: list[Message]


class _Progress(msgspec.Struct, frozen=True):
    """The status of an incident and its updates, oldest first; there is at least one."""

    status: str
    updates: tuple[IncidentUpdate, ...]


class _Window(msgspec.Struct, frozen=True):
    """When a maintenance begins and ends, as far as that is stated."""

    starts_at: datetime | None
    ends_at: datetime | None


def entry_incidents(channel: Channel, entries: Sequence[Entry]) -> tuple[list[Incident], list[str]]:
    """Return the incidents of a feed of updates or incidents, and why entries were skipped.

    Raises FeedError where none of the entries of either kind could be understood.
    """

    def build(group: list[Entry]) -> Incident | None:
        return _incident(channel, group)

    series, singles = split_series(entries)
    items, skipped_items = parse_entries(series, read_item, "feed")
    incidents, skipped = parse_entries(group_entries(channel, singles), build, "feed")
    listed = [incident for incident in incidents if incident]
    return [*series_incidents(channel, items), *listed], [*skipped_items, *skipped]


def newest_of_each_id(incidents: Iterable[Incident]) -> tuple[list[Incident], list[str]]:
    """Return the incidents, the newest first, without older ones of the same id, and a remark on each of these."""
    newest: dict[str, Incident] = {}
    remarks = []
    for incident in sorted(incidents, key=lambda incident: incident.position, reverse=True):
        if incident.id in newest:
            remarks.append(f"feed: a second entry with the id {incident.id}")
        else:
            newest[incident.id] = incident
    return list(newest.values()), remarks


def _incident(channel: Channel, group: Sequence[Entry]) -> Incident | None:
    """Return the incident that the entries are about, None where they are about none.

    Raises ValueError where one cannot be understood.
    """
    title, _ = split_title(group[0].title)
    undated = not any(map(is_dated, group))
    published = None if undated else min(read_dates(entry, channel.built_at).published for entry in group)
    oldest_first = _oldest_first(group)
    key = incident_id(channel, oldest_first, title=title, published=published)
    record = channel.records.get(key)
    parts = [_read_parts(channel, entry, record) for entry in oldest_first]
    newest = parts[-1]
    facts = read_facts(
        newest.entry, newest.title, newest.plain, categories_name_components=channel.categories_name_components
    )
    progress = _read_progress(channel, parts, record)
    if facts.is_other and progress.status in _UNSTATED and (record is None or record.closed):
        return None
    return _build(channel, key, parts, _with_stated_end(channel, facts, progress, newest))


def _oldest_first(group: Sequence[Entry]) -> list[Entry]:
    """Return the entries by time; of two of the same time, the one that stands lower is the older."""
    lowest_first = list(reversed(group))
    return sorted(lowest_first, key=lambda entry: entry.published or entry.updated or ())


def _build(channel: Channel, key: str, parts: Sequence[_Parts], stated: tuple[Facts, _Progress]) -> Incident:
    facts, progress = stated
    newest = parts[-1]
    dates = [part.dates for part in parts]
    is_maintenance = facts.is_maintenance or _shows_maintenance(progress)
    window = _window(newest, facts) if is_maintenance else _Window(None, None)
    status, is_stated = _status(channel, newest, progress, window)
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if is_maintenance else IncidentKind.INCIDENT,
        title=_title(parts, channel.records.get(key)),
        status=status,
        impact=Impact.MAINTENANCE if is_maintenance else read_impact(newest.entry),
        url=entry_address(newest.entry, channel.page),
        # Statuspage's published date moves, and lies ahead for a maintenance to come (recorded).
        created_at=min(*(min(date.published, date.changed) for date in dates), progress.updates[0].created_at),
        position=max(*(max(date.published, date.changed) for date in dates), progress.updates[-1].created_at),
        components=facts.components,
        source_quality=STATED_BY_VENDOR if facts.components else 0,
        updates=progress.updates,
        scheduled_for=window.starts_at,
        scheduled_until=window.ends_at,
        status_unstated=msgspec.UNSET if is_stated else True,
    )


def _read_parts(channel: Channel, entry: Entry, record: IncidentRecord | None) -> _Parts:
    first_sight = (record.created_at or record.last_update_at) if record else channel.now
    dates = read_dates(entry, channel.built_at, first_sight)
    title, title_status = split_title(entry.title)
    return _Parts(
        entry=entry,
        title=title,
        title_status=title_status,
        dates=dates,
        plain=text.paragraph(entry.markup),
        messages=read_messages(entry.markup, dates.limit),
    )


def _title(parts: Sequence[_Parts], record: IncidentRecord | None) -> str:
    """Return the newest title; "Chat API went down" stays where "Chat API recovered" ends it."""
    title = parts[-1].title
    before = [part.title for part in parts[:-1]]
    if record and not record.closed:
        before.append(record.title)
    if parts[-1].title_status in CLOSED_STATUSES:
        return next((former for former in before if former.startswith(f"{title} ")), title)
    return title


# -------------------------------------------------------------------------------------------------- status and updates


def _read_progress(channel: Channel, parts: Sequence[_Parts], record: IncidentRecord | None) -> _Progress:
    if len(parts) > 1:
        return _progress_of_entries(parts, record)
    part = parts[0]
    if record and _had_several_entries(record) and not part.messages:
        return _progress_of_entries(parts, record)  # the last of several entries that is still listed
    if not part.messages:
        return _progress_of_text(channel, part, record)
    if _is_replaced_in_place(channel, part, record):
        return _progress_of_newest_message(part, record)
    return _progress_of_messages(part, record)


def _is_replaced_in_place(channel: Channel, part: _Parts, record: IncidentRecord | None) -> bool:
    """Return whether the entry shows its latest message only, which its vendor replaces.

    An incident goes on as it is remembered: with other ids, its updates would be reported again.
    """
    if len(part.messages) > 1:
        return False
    if record and record.updates:
        return shows_latest_only(record)
    return not channel.lists_updates


def _progress_of_text(channel: Channel, part: _Parts, record: IncidentRecord | None) -> _Progress:
    statement = read_statement(part.entry, part.plain, part.title_status)
    body = without_components(statement.body)
    return _Progress(statement.status, latest_update(statement.status, body, _text_time(channel, part, body, record)))


def _text_time(channel: Channel, part: _Parts, body: str, record: IncidentRecord | None) -> datetime:
    """Return when the text was published: where no date is stated, when it was first seen."""
    if is_dated(part.entry) or record is None:
        return part.dates.changed
    is_remembered = any(digest.body_digest in ("", text.digest(body)) for digest in record.update_digests)
    return record.last_update_at if is_remembered or channel.now is None else channel.now


def _progress_of_newest_message(part: _Parts, record: IncidentRecord | None) -> _Progress:
    newest = newest_message(part.messages)
    status = status_of(newest.label) or part.title_status or _remembered_status(record)
    published_at = message_published_at(newest, part.dates.published)
    return _Progress(status, latest_update(status, newest.body, published_at))


def _remembered_status(record: IncidentRecord | None) -> str:
    return record.status if record and not record.closed else UNCHANGED


def _progress_of_messages(part: _Parts, record: IncidentRecord | None) -> _Progress:
    updates = message_updates(part.messages, part.dates.published)
    status = updates[-1].status
    if part.title_status in CLOSED_STATUSES and status not in CLOSED_STATUSES:
        status = part.title_status
    return _Progress(status, _continued(updates, record))


def _progress_of_entries(parts: Sequence[_Parts], record: IncidentRecord | None) -> _Progress:
    """Return the progress of an incident with several entries. One without a status has that of the one before."""
    updates = _updates_of_entries(parts)
    ordered = sorted(updates, key=lambda update: closing_last(update.created_at, update.status))
    status = ""
    course = []
    for update in ordered:
        if update.status not in _UNSTATED:
            status = update.status
        course.append(msgspec.structs.replace(update, status=status or REPORTED))
    return _Progress(status or REPORTED, _continued(tuple(course), record))


def _updates_of_entries(parts: Sequence[_Parts]) -> list[IncidentUpdate]:
    """Return the updates, each once. That of an entry has an id of its guid and its time."""
    updates: dict[str, IncidentUpdate] = {}
    numbers: Counter[str] = Counter()
    for part in parts:
        for update in message_updates(part.messages, part.dates.published) if part.messages else ():
            updates.setdefault(update.id, update)
        if part.messages:
            continue
        published = part.dates.published
        statement = read_statement(part.entry, part.plain, part.title_status)
        body = without_components(statement.body)
        first_key = entry_update_id(part.entry)
        numbers[first_key] += 1
        key = entry_update_id(part.entry, numbers[first_key])
        updates[key] = incident_update(key, statement.status, body, published, None)
    return list(updates.values())


def _continued(updates: tuple[IncidentUpdate, ...], record: IncidentRecord | None) -> tuple[IncidentUpdate, ...]:
    """Return the updates as they go on from what is remembered."""
    if record is None or not record.updates or not shows_latest_only(record):
        return updates
    return _after_latest(updates, record)


def _after_latest(updates: tuple[IncidentUpdate, ...], record: IncidentRecord) -> tuple[IncidentUpdate, ...]:
    """Return the updates of an incident of which only the latest one was shown before.

    That one keeps its id. It is recognised by its time, else by its text; those before it were shown before it.
    """
    latest = record.update_digests[0]
    ids = {digest.id_digest for digest in record.update_digests}
    unknown = [update for update in updates if text.digest(update.id) not in ids]
    same_text = [update for update in unknown if text.digest(update.body) == latest.body_digest]
    not_later = [update for update in unknown if update.created_at.replace(microsecond=0) <= record.last_update_at]
    if not same_text and not not_later:
        return updates
    former = (not_later or same_text)[-1]
    start = updates.index(former)
    return (msgspec.structs.replace(former, id=LATEST), *updates[start + 1 :])


def _had_several_entries(record: IncidentRecord) -> bool:
    """Return whether the incident is remembered by several entries; the first of them was its only one once."""
    return any(digest.id_digest != _LATEST_DIGEST for digest in record.update_digests)


def latest_update(status: str, body: str, at: datetime) -> tuple[IncidentUpdate, ...]:
    """Return the one update of an entry that shows no more than its latest text. Raises ValueError."""
    return (incident_update(LATEST, status, body, at, None),)


def shows_latest_only(record: IncidentRecord) -> bool:
    """Return whether the incident is remembered by its latest text."""
    digests = record.update_digests
    return bool(digests) and digests[0].id_digest == _LATEST_DIGEST


# ------------------------------------------------------------------------------------------------- maintenance and end


def _shows_maintenance(progress: _Progress) -> bool:
    return not MAINTENANCE_STATUSES.isdisjoint({progress.status, progress.updates[0].status})


def _window(part: _Parts, facts: Facts) -> _Window:
    starts_at, ends_at = read_window(part.entry.markup, part.dates.published)
    return _Window(starts_at or facts.starts_at, ends_at or facts.ends_at)


def _with_stated_end(channel: Channel, facts: Facts, progress: _Progress, newest: _Parts) -> tuple[Facts, _Progress]:
    """Return facts and progress; an incident whose stated end is past is over (IBM Cloud)."""
    is_past = facts.ends_at is not None and facts.ends_at <= _clock(channel, newest)
    if facts.is_maintenance or not is_past or progress.status in CLOSED_STATUSES:
        return facts, progress
    return facts, _Progress("resolved", progress.updates)


def _status(channel: Channel, newest: _Parts, progress: _Progress, window: _Window) -> tuple[str, bool]:
    """Return the status, and whether the vendor states one. That of a maintenance follows from its window."""
    if progress.status not in _UNSTATED:
        return progress.status, True
    if window.starts_at is None:
        return progress.status, False
    clock = _clock(channel, newest)
    if clock < window.starts_at:
        return "scheduled", False
    return "completed" if window.ends_at and window.ends_at <= clock else "in_progress", False


def _clock(channel: Channel, part: _Parts) -> datetime:
    """Return the time of the run, else the newest time that the feed states."""
    return channel.now or max(channel.built_at or part.dates.changed, part.dates.changed)

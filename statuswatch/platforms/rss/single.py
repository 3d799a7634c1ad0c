"""One entry that is one incident: it lists the incident's updates, or shows the latest one only."""

from typing import Final

import msgspec

from statuswatch import text
from statuswatch.model.incident import STATED_BY_VENDOR, Impact, Incident, IncidentKind, IncidentUpdate
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.rss.addresses import entry_address
from statuswatch.platforms.rss.affected import read_components, without_components
from statuswatch.platforms.rss.channel import Channel
from statuswatch.platforms.rss.entry import Entry, EntryDates, read_dates
from statuswatch.platforms.rss.ids import incident_id
from statuswatch.platforms.rss.messages import (
    Message,
    message_published_at,
    message_updates,
    read_messages,
    read_window_start,
)
from statuswatch.platforms.rss.updates import latest_update, shows_latest_only, without_redated
from statuswatch.platforms.rss.vocabulary import MAINTENANCE_STATUSES
from statuswatch.platforms.rss.wording import read_impact, read_statement, split_title, status_of

_MAINTENANCE_LINE: Final = "Type: Maintenance\n"  # Instatus


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an entry, its title without the words of status; `record` is what is remembered of the incident."""

    key: str
    title: str
    title_status: str
    dates: EntryDates
    plain: str
    messages: list[Message]
    record: IncidentRecord | None


class _Progress(msgspec.Struct, frozen=True):
    """The status of an incident and its updates, oldest first; there is at least one."""

    status: str
    updates: tuple[IncidentUpdate, ...]


def single_incident(channel: Channel, entry: Entry) -> Incident:
    """Return the incident that the entry is about. Raises ValueError where it cannot be understood."""
    parts = _read_parts(channel, entry)
    progress = _read_progress(channel, entry, parts)
    components = read_components(parts.plain)
    is_maintenance = _is_maintenance(parts, progress)
    dates = parts.dates
    return Incident(
        id=parts.key,
        kind=IncidentKind.MAINTENANCE if is_maintenance else IncidentKind.INCIDENT,
        title=parts.title,
        status=progress.status,
        impact=Impact.MAINTENANCE if is_maintenance else read_impact(entry),
        url=entry_address(entry, channel.page),
        # Statuspage's published date moves, and lies ahead for a maintenance to come (recorded).
        created_at=min(dates.published, dates.changed, progress.updates[0].created_at),
        position=max(dates.published, dates.changed, progress.updates[-1].created_at),
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=progress.updates,
        scheduled_for=read_window_start(entry.markup, dates.published) if is_maintenance else None,
    )


def _read_parts(channel: Channel, entry: Entry) -> _Parts:
    dates = read_dates(entry, channel.built_at)
    title, title_status = split_title(entry.title)
    key = incident_id(channel, entry, title=title, published=dates.published)
    return _Parts(
        key=key,
        title=title,
        title_status=title_status,
        dates=dates,
        plain=text.paragraph(entry.markup),
        messages=read_messages(entry.markup, dates.limit),
        record=channel.records.get(key),
    )


def _read_progress(channel: Channel, entry: Entry, parts: _Parts) -> _Progress:
    if not parts.messages:
        return _progress_of_text(entry, parts)
    if _is_replaced_in_place(channel, parts.record):
        return _progress_of_newest_message(parts)
    return _progress_of_messages(parts)


def _is_replaced_in_place(channel: Channel, record: IncidentRecord | None) -> bool:
    """Return whether the entry shows its latest message only, which its vendor replaces.

    An incident goes on as it is remembered: with other ids, its updates would be reported again.
    """
    if record and record.updates:
        return shows_latest_only(record)
    return not channel.lists_updates


def _progress_of_text(entry: Entry, parts: _Parts) -> _Progress:
    statement = read_statement(entry, parts.plain, parts.title_status)
    body = without_components(statement.body)
    return _Progress(statement.status, latest_update(statement.status, body, parts.dates.changed))


def _progress_of_newest_message(parts: _Parts) -> _Progress:
    newest = max(parts.messages, key=lambda message: message.time.at)
    status = status_of(newest.label) or parts.title_status or _remembered_status(parts.record)
    published_at = message_published_at(newest, parts.dates.published)
    return _Progress(status, latest_update(status, newest.body, published_at))


def _remembered_status(record: IncidentRecord | None) -> str:
    return record.status if record and not record.closed else "update"


def _progress_of_messages(parts: _Parts) -> _Progress:
    updates = message_updates(parts.messages, parts.dates.published)
    status = updates[-1].status
    return _Progress(status, without_redated(updates, parts.record) if parts.record else updates)


def _is_maintenance(parts: _Parts, progress: _Progress) -> bool:
    statuses = {progress.status, progress.updates[0].status}
    return not MAINTENANCE_STATUSES.isdisjoint(statuses) or _MAINTENANCE_LINE in parts.plain

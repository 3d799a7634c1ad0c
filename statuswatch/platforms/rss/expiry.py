"""Incidents whose entry states no status, and so no end.

Such an incident is reported as new and counts as open. Once the feed, by its own date or that of its newest entry, has
gone on for 14 days without an update of it, its status is "expired", listed or not. No vendor states that status: the
incident does not count as open any longer, and its text says that no end was stated. So a month-old entry is not open
at the first read, and none stays open for ever.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from statuswatch.model.incident import EXPIRED, Incident
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.rss.channel import Channel
from statuswatch.platforms.rss.updates import latest_update, shows_latest_only
from statuswatch.platforms.rss.vocabulary import REPORTED

MAX_SILENCE: Final = timedelta(days=14)
_REMARK: Final = f"Nothing new in {MAX_SILENCE.days} days; no end was stated. It is not counted as open any longer."


def expire(channel: Channel, incidents: Sequence[Incident]) -> list[Incident]:
    """Return the incidents, expired where due, and those that expired after they left the feed."""
    feed_time = channel.built_at or max((incident.position for incident in incidents), default=None)
    if feed_time is None:
        return list(incidents)
    unlisted = _unlisted(channel, incidents, feed_time)
    return [_expired(incident) if _is_due(incident, feed_time) else incident for incident in (*incidents, *unlisted)]


def _is_due(incident: Incident, feed_time: datetime) -> bool:
    return incident.status == REPORTED and feed_time - incident.position >= MAX_SILENCE


def _unlisted(channel: Channel, incidents: Sequence[Incident], feed_time: datetime) -> Iterator[Incident]:
    """Return what is remembered without a status, is not listed, and has been silent for too long."""
    listed = {incident.id for incident in incidents}
    for key, record in channel.records.items():
        is_unstated = record.status == REPORTED and shows_latest_only(record)
        if is_unstated and key not in listed and feed_time - record.last_update_at >= MAX_SILENCE:
            yield _remembered(channel, key, record)


def _remembered(channel: Channel, key: str, record: IncidentRecord) -> Incident:
    return msgspec.structs.replace(
        record.as_incident(key),
        url=record.url or channel.page.url,
        updates=latest_update(record.status, "", record.last_update_at),
    )


def _expired(incident: Incident) -> Incident:
    latest = incident.updates[-1]
    body = f"{latest.body}\n{_REMARK}" if latest.body else _REMARK
    expired = msgspec.structs.replace(latest, status=EXPIRED, body=body)
    return msgspec.structs.replace(incident, status=EXPIRED, updates=(*incident.updates[:-1], expired))

"""Incidents that are listed under new ids: their records move, without an event. Pure.

Pages change the ids of all their entries: another scheme or host, or another way to derive them.
"""

from collections.abc import Hashable, Mapping
from typing import NamedTuple

import msgspec

from statuswatch.model.digest import encode_updates, id_digest
from statuswatch.model.incident import Incident
from statuswatch.model.page import Feed
from statuswatch.model.state import IncidentRecord, PageState
from statuswatch.rules.record import short_title, to_second
from statuswatch.rules.updates import encode_times, updates_unknown_by_time


def with_moved_ids(state: PageState, feed: Feed) -> PageState:
    """Return the state with the records of vanished ids under the unknown ids that are the same incidents.

    An open one has the same kind, title and creation, a closed one the same kind, title and time of the newest update.
    Where several are alike, none is moved.
    """
    moved = match_moved(state.incidents, feed)
    if not moved:
        return state
    former = {old for old, _ in moved.values()}
    kept = {key: record for key, record in state.incidents.items() if key not in former}
    return msgspec.structs.replace(state, incidents={**kept, **{key: record for key, (_, record) in moved.items()}})


class FormerRecords(NamedTuple):
    """What was open under another address or platform: found under its new id, or reported and missing now."""

    found: dict[str, IncidentRecord]
    missing: dict[str, IncidentRecord]


def match_former(records: Mapping[str, IncidentRecord], feed: Feed) -> FormerRecords:
    """Return which open records of another address or platform the feed lists, under their new ids, and which not.

    One that was never reported needs no end.
    """
    found: dict[str, IncidentRecord] = {}
    for incident in feed.incidents if records else ():
        if incident.id in records:
            record = records[incident.id]
            remembered_ids = {digest.id_digest for digest in record.update_digests}
            has_known_update = any(id_digest(update) in remembered_ids for update in incident.updates)
            found[incident.id] = record if has_known_update else _moved_record(record, incident)
    moved = match_moved(records, feed)
    former_ids = set(found) | {old for old, _ in moved.values()}
    found |= {key: record for key, (_, record) in moved.items()}
    missing = {key: record for key, record in records.items() if key not in former_ids and record.event_count}
    return FormerRecords(found, missing)


def is_same_page(state: PageState, feed: Feed) -> bool:
    """Return whether a feed is the remembered page, be it under another host: most of its incidents are remembered."""
    if not state.identity or feed.identity == state.identity:
        return True
    if not feed.identity_is_host:
        return False
    listed_before = [incident for incident in feed.incidents if _is_remembered(state.incidents, incident)]
    return 2 * (len(listed_before) + len(match_moved(state.incidents, feed))) > len(feed.incidents)


def _is_remembered(records: Mapping[str, IncidentRecord], incident: Incident) -> bool:
    """Return whether the id is that of a record with the same title. A number may be an id on several pages."""
    record = records.get(incident.id)
    return record is not None and short_title(record.title) == short_title(incident.title)


def match_moved(records: Mapping[str, IncidentRecord], feed: Feed) -> dict[str, tuple[str, IncidentRecord]]:
    """Return, by new id, the former id and the record that moves there."""
    unknown = [incident for incident in feed.incidents if incident.id not in records]
    if feed.skipped or not unknown:  # an entry that could not be understood may have any of the ids
        return {}
    listed = {incident.id for incident in feed.incidents}
    vanished: dict[Hashable, list[str]] = {}
    for key, record in records.items():
        if key not in listed and record.kind not in feed.unread:
            vanished.setdefault(_record_facts(record), []).append(key)
    by_facts: dict[Hashable, list[Incident]] = {}
    for incident in unknown if vanished else ():
        for facts in (_open_facts(incident), _closed_facts(incident)):
            by_facts.setdefault(facts, []).append(incident)
    return {
        by_facts[facts][0].id: (keys[0], _moved_record(records[keys[0]], by_facts[facts][0]))
        for facts, keys in vanished.items()
        if len(keys) == 1 and len(by_facts.get(facts, ())) == 1
    }


def _record_facts(record: IncidentRecord) -> Hashable:
    if record.closed:
        return "closed", record.kind, record.title, record.last_update_at
    return "open", record.kind, record.title, record.created_at


def _open_facts(incident: Incident) -> Hashable:
    return "open", incident.kind, incident.title, to_second(incident.created_at)


def _closed_facts(incident: Incident) -> Hashable:
    newest = to_second(max(incident.last_update_at, incident.created_at))
    return "closed", incident.kind, short_title(incident.title), newest


def _moved_record(record: IncidentRecord, incident: Incident) -> IncidentRecord:
    """Return the record with the ids of the listed updates that are not newer than what is known."""
    newest = int(record.last_update_at.timestamp())
    if record.closed:
        old_updates = incident.updates
    else:
        unknown = updates_unknown_by_time(record.updates, record.update_times, incident.updates, newest)
        old_updates = tuple(update for update in incident.updates if update not in unknown)
    updates = encode_updates(old_updates)
    times = encode_times("", old_updates, updates, only_without_id=record.closed)
    return msgspec.structs.replace(record, updates=updates, update_times=times, entry_digest="")

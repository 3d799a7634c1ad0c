"""Slack's own status page, its API v2.0.0.

`current` lists what is open. `history` lists recent entries of any status, the newest first; as recorded, open ones
too. Both are read on every run. Only `current` says what is open. The history adds what is over, so that an incident
that ended is reported as resolved, with its last note. Of two copies of an incident the one with the newest note
counts, and of equal ones the closed one: `current` may come from a cache.

An entry that left `current`, and is not closed in the history or the history cannot be read, is noted as absent and
not reported at this read. If the next read finds the same, the entry is no longer listed. On a page without a history
it is no longer listed at once.

Oddities:

- Notes have no ids and no status, and come oldest first (recorded). Entries end without a note, or get notes for days
  after their end (recorded).
- The list's `date_updated` goes back when the newest of several open incidents ends (38 of 47 times in the record of
  outages/slack-outages, 2021 to 2023), so an earlier one is no evidence of an older copy.
- A copy of `current` may list an incident again after it ended (8 times in that record). It may also lack a note that
  was rewritten, and carry a later one (7 of 1,738 versions).
- Ids are numbers (recorded) or digits in a string (the vendor's documentation).
- Times have the offset of California. Bodies are HTML. No document names its page.
- The only severity is the type: `outage` is the worst of `notice`, `incident` and `outage` on the vendor's page. The
  others state no impact.
"""

from datetime import datetime
from functools import partial
from typing import Final

import msgspec

from statuswatch import text
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
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import (
    ParseInput,
    clean_status,
    clean_title,
    decode,
    derived_id,
    identifier,
    incident_link,
    incident_update,
    labelled_components,
    merge_same_id,
    newest_copies,
    page_lacks,
    parse_entries,
    still_open,
    unread_kinds,
)

PARSER_VERSION: Final = 2
_CURRENT_PATH: Final = "/api/v2.0.0/current"
_HISTORY_PATH: Final = "/api/v2.0.0/history"
_KINDS: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})
_STATUSES: Final = ("active", "resolved", "scheduled", "in_progress", "completed", "cancelled")
_IMPACT_BY_TYPE: Final = {"maintenance": Impact.MAINTENANCE, "outage": Impact.CRITICAL}


class _Note(msgspec.Struct):
    date_created: datetime
    body: str | None = None


class _Incident(msgspec.Struct):
    id: int | str
    title: str
    status: str
    date_created: datetime
    notes: list[_Note] | None = None
    type: str | None = None
    url: str | None = None
    services: list[str] | None = None


class _Current(msgspec.Struct):
    status: str
    active_incidents: list[msgspec.Raw]
    date_updated: str | None = None


_decode_incident: Final = msgspec.json.Decoder(_Incident).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the list of open incidents, and the history."""
    base = page.url.removesuffix(_CURRENT_PATH)
    return (
        Document("current", f"{base}{_CURRENT_PATH}", required=True),
        Document("history", f"{base}{_HISTORY_PATH}"),
    )


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: both documents are read on every run."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether the feed is Slack's: nothing else has such a document."""
    return feed.identity == "slack"


def parse(reading: ParseInput, /) -> Feed:
    """Return what is open, and what the history shows as over. Raises FeedError."""
    current = _read_current(reading)
    build = partial(_incident, reading)
    listed, skipped = parse_entries(current.active_incidents, build, "current")
    past, losses = _past(reading)
    ended = [incident for incident in past or () if incident.closed]
    incidents = newest_copies(ended, listed)
    return Feed(
        identity="slack",
        incidents=incidents,
        updated_at=_updated_at(current),
        time_may_go_back=True,
        updates_have_no_ids=True,
        by_creation=True,
        history=_KINDS if ended or past == [] else frozenset(),
        complete=_KINDS,
        current=_KINDS if page_lacks(reading, "history") else frozenset(),
        as_remembered=still_open(reading, incidents, past or ()),
        unread=unread_kinds(reading, "history", _KINDS, is_whole=past is not None and not losses),
        skipped=tuple(skipped),
        losses=tuple(losses),
    )


def _read_current(reading: ParseInput) -> _Current:
    """Return the list of open incidents. Raises FeedError, also where it is empty and the page says otherwise."""
    current = decode(reading.required("current"), _Current, "current")
    if current.status != "ok" and not current.active_incidents:
        raise FeedError(f"current: it says {clean_title(current.status)!r} and lists nothing")
    return current


def _updated_at(current: _Current) -> dict[str, datetime]:
    """Return the time of the list of open incidents; it is no more than that of its newest entry."""
    try:
        return {"current": utc(datetime.fromisoformat(current.date_updated or ""))}
    except (ValueError, OverflowError):
        return {}


def _past(reading: ParseInput) -> tuple[list[Incident] | None, list[str]]:
    """Return the incidents of the history, None where it could not be read, and what it could not add.

    The history alone never says that an incident is open. An entry that cannot be understood may be the end of one.
    """
    body = reading.documents.get("history")
    if body is None:
        return None, []
    try:
        entries = decode(body, list[msgspec.Raw], "history")
        return parse_entries(entries, partial(_incident, reading), "history")
    except FeedError as error:
        return None, [str(error)]


def _incident(reading: ParseInput, raw: msgspec.Raw) -> Incident:
    entry = _decode_incident(raw)
    key = identifier(str(entry.id))
    created_at = utc(entry.date_created)
    is_maintenance = entry.type == "maintenance"
    status = _status(entry)
    components = _components(entry)
    record = reading.records.get(key)
    return Incident(
        id=key,
        kind=IncidentKind.MAINTENANCE if is_maintenance else IncidentKind.INCIDENT,
        title=clean_title(entry.title),
        status=status,
        impact=_IMPACT_BY_TYPE.get(entry.type or "", Impact.UNKNOWN),
        url=incident_link(entry.url, reading.page),
        created_at=created_at,
        position=created_at,
        components=components,
        source_quality=STATED_BY_VENDOR if components else 0,
        updates=_updates(key, status, notes=entry.notes or [], record=record),
    )


def _status(entry: _Incident) -> str:
    """Return the status; a maintenance that is active is in progress. Raises ValueError."""
    status = clean_status(entry.status)
    return "in_progress" if entry.type == "maintenance" and status == "active" else status


def _components(entry: _Incident) -> tuple[Component, ...]:
    names = map(clean_title, entry.services or ())
    return labelled_components(((name, "") for name in names if name), {})


def _updates(key: str, status: str, *, notes: list[_Note], record: IncidentRecord | None) -> tuple[IncidentUpdate, ...]:
    """Return the notes as updates, each under the status that its incident had when the note was first read.

    Of notes that were never read, the last has the present status. The others came before the end, unless the
    incident is remembered as closed: then they were added to it.
    """
    ends_now = status in CLOSED_STATUSES and not (record and record.closed)
    last_time = max((utc(note.date_created) for note in notes), default=None)
    remembered = record.update_statuses(_STATUSES) if record else {}
    updates = []
    for note in notes:
        created_at = utc(note.date_created)
        update_id = derived_id(key, created_at.isoformat())
        first_status = "active" if ends_now and created_at != last_time else status
        update_status = remembered.get(text.digest(update_id), first_status)
        updates.append(incident_update(update_id, update_status, note.body, created_at, None))
    return merge_same_id(updates)

"""What no list of a page shows, looked up: longer lists, and the documents of single incidents. Without I/O.

They use what is left of the page's time, and their failure costs the page nothing.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import Incident, IncidentKind
from statuswatch.model.page import (
    Document,
    DocumentResult,
    Failure,
    FailureKind,
    Feed,
    Fetched,
    LongerListEntry,
    OwnDocuments,
    PageSnapshot,
)
from statuswatch.model.state import PageState
from statuswatch.platforms import LONGER_LISTS, OWN_DOCUMENTS
from statuswatch.reading.gather import PageReader, Plan
from statuswatch.rules.absence import absent_records, is_older_document
from statuswatch.rules.moved_ids import with_moved_ids
from statuswatch.rules.unlisted import choose_incidents, look_ups_of, needs_longer_list, newest_remembered


def look_up(reader: PageReader, state: PageState, snapshot: PageSnapshot, now: datetime) -> Plan[PageSnapshot]:
    """Return the snapshot with the own documents of what is absent; the same one where the platform has none."""
    if reader.page.platform not in OWN_DOCUMENTS:
        return snapshot
    state = with_moved_ids(state, snapshot.feed)
    entries = yield from _read_longer_lists(reader, state, snapshot.feed, now)
    look_ups = look_ups_of(state, snapshot.feed, entries, now)
    if not (look_ups or absent_records(state, snapshot.feed)):
        return snapshot
    keys = choose_incidents(state, snapshot.feed, look_ups, now)
    own = yield from _read_own_documents(reader, state, snapshot.feed, keys)
    return msgspec.structs.replace(snapshot, own=own, look_ups=look_ups)


def _read_longer_lists(reader: PageReader, state: PageState, feed: Feed, now: datetime) -> Plan[list[LongerListEntry]]:
    """Return the entries of a longer list, as far back as the newest remembered update."""
    entries: list[LongerListEntry] = []
    if reader.page.platform not in LONGER_LISTS or not needs_longer_list(state, feed):
        return entries
    platform = LONGER_LISTS[reader.page.platform]
    newest = newest_remembered(state, now)
    for number in range(1, platform.MAX_LONGER_LISTS + 1):
        document = platform.longer_list(reader.page, number)
        results = yield from reader.look_up([document])
        result = results.get(document.url)
        try:
            part = platform.parse_longer_list(result.body) if isinstance(result, Fetched) else ()
        except FeedError:
            part = ()
        entries += part
        if not part or min(entry.ended_by for entry in part) < newest:
            break
    return entries


def _read_own_documents(reader: PageReader, state: PageState, feed: Feed, keys: list[str]) -> Plan[OwnDocuments]:
    """Request the own documents of incidents, and of one listed incident of each of their kinds as the control."""
    platform = OWN_DOCUMENTS[reader.page.platform]
    records = state.incidents
    kinds = {records[key].kind if key in records else IncidentKind.INCIDENT for key in keys}
    controls = {kind: control for kind in sorted(kinds) if (control := _control(feed, kind))}
    created = {key: records[key].created_at if key in records else None for key in keys}
    created |= {control.id: control.created_at for control in controls.values()}
    documents = {key: platform.own_document(reader.page, key, moment) for key, moment in created.items()}
    requested = {document.url: document for document in documents.values() if document}
    results = yield from reader.look_up(list(requested.values()))
    parsed = {key: _parse(reader, state, key, document, results) for key, document in documents.items()}
    return OwnDocuments(
        supported=True,
        incidents={key: parsed[key] for key in keys},
        controls={kind: parsed[control.id] for kind, control in controls.items()},
    )


def _control(feed: Feed, kind: IncidentKind) -> Incident | None:
    """Return the newest listed incident of a kind: if any has a document of its own, this one has."""
    listed = [incident for incident in feed.incidents if incident.kind is kind]
    return max(listed, key=lambda incident: (incident.created_at, incident.id), default=None)


def _parse(
    reader: PageReader, state: PageState, key: str, document: Document | None, results: Mapping[str, DocumentResult]
) -> Incident | Failure:
    result = results.get(document.url) if document else None
    if document is None or not isinstance(result, Fetched):
        return result if isinstance(result, Failure) else Failure(FailureKind.NEVER_READ, "not requested")
    try:
        incident = OWN_DOCUMENTS[reader.page.platform].parse_own(reader.parse_input(), key, result.body)
    except FeedError as error:
        return Failure(FailureKind.CONTENT, str(error), document.url)
    if incident is None:
        return Failure(FailureKind.NOT_FOUND, "the vendor does not list it", document.url)
    record = state.incidents.get(key)
    if record and not record.closed and is_older_document(record, incident):
        return Failure(FailureKind.CONTENT, "an older copy", document.url)
    return incident

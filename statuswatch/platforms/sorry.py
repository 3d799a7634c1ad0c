"""Sorry.

`api/v1/notices` lists the 25 newest notices of any state, each with its latest update only. `api/v1/notices/<id>` is
one whole notice, with its updates and components: read when something changed, for those that are open or just ended,
and as the own document of one that left the list. `api/v1/components` lists the components of the page.

Source: the vendor's documentation of the API of a page and of its notices; a description of the API of
status.st-andrews.ac.uk that was verified on live answers (github.com/api-evangelist/university-of-st-andrews,
`openapi/` and `examples/`); and running clients that read status.postmarkapp.com (github.com/PedroTroller/statuswatch,
`fetchers/sorryapp.js`; one of github.com/Infrawrench/Infrawrench of October 2026, which states order and fields). No
recording.

Oddities, from these:

- An announcement is a notice of the type `general`, without a state. It is left out.
- Examples show updates without an id, live answers were described with one. Without one it is identified by its time.
- No impact is stated.
- A false alarm is a state of its own; it ends a notice.
- Both lists are cut into pages of 25. Components beyond the first page are not read, and then none are listed.
"""

from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import quote

import msgspec

from statuswatch import text
from statuswatch.errors import FeedError
from statuswatch.model.digest import time_id
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentKind, IncidentUpdate, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    ENTRY_ERRORS,
    ParseInput,
    clean_status,
    clean_title,
    decode,
    identifier,
    incident_link,
    incident_update,
    labelled_components,
    listed_components,
    oldest_first,
    parse_entries,
    read_whole,
)

PARSER_VERSION: Final = 1
MAX_WHOLE_NOTICES: Final = 5  # open or just ended, read whole when something changed
_NOTICES: Final = "notices"
_COMPONENTS: Final = "components"
_GENERAL, _PLANNED = "general", "planned"  # types of notices; all others are unplanned
_STATES: Final = {"underway": "in_progress", "complete": "completed", "false_alarm": "resolved"}
_BOTH: Final = frozenset({IncidentKind.INCIDENT, IncidentKind.MAINTENANCE})


class _Update(msgspec.Struct):
    created_at: datetime
    id: int | str | None = None
    state: str | None = None
    content: str | None = None


class _Component(msgspec.Struct):
    name: str | None = None


class _Notice(msgspec.Struct):
    id: int | str
    type: str
    subject: str
    state: str | None = None
    url: str | None = None
    created_at: datetime | None = None
    begins_at: datetime | None = None
    ends_at: datetime | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    latest_update: _Update | None = None
    updates: list[_Update] | None = None
    components: list[_Component] | None = None

    @property
    def kind(self) -> IncidentKind:
        """Maintenance, if it is planned."""
        return IncidentKind.MAINTENANCE if self.type == _PLANNED else IncidentKind.INCIDENT

    @property
    def status(self) -> str:
        """The stated state, as a status; without one, whether an end is stated. Raises ValueError."""
        if self.state:
            return _status(self.state)
        return "resolved" if self.ended_at else "open"

    @property
    def published_at(self) -> datetime:
        """The time of its creation, else that of its beginning. Raises ValueError where it has neither."""
        time = self.created_at or self.began_at
        if time is None:
            raise ValueError("a notice without a time")
        return utc(time)

    @property
    def all_updates(self) -> list[_Update]:
        """All updates where it is whole, else the latest one."""
        if self.updates is not None:
            return self.updates
        return [self.latest_update] if self.latest_update else []


class _Notices(msgspec.Struct):
    notices: list[msgspec.Raw]


class _WholeNotice(msgspec.Struct):
    notice: msgspec.Raw


class _Meta(msgspec.Struct):
    next_page: str | None = None


class _Components(msgspec.Struct):
    components: list[_Component]
    meta: _Meta | None = None


_decode_notice: Final = msgspec.json.Decoder(_Notice).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the newest notices."""
    return (Document(_NOTICES, f"{page.url}/api/v1/{_NOTICES}", required=True),)


def follow_ups(reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return the newest notices that are open, or were at the last read, and the components, if anything changed."""
    if not dirty:
        return ()
    open_before = {key for key, record in reading.records.items() if not record.closed}
    worth = [incident for incident in feed.incidents if not incident.closed or incident.id in open_before]
    newest = sorted(worth, key=lambda incident: incident.last_update_at, reverse=True)[:MAX_WHOLE_NOTICES]
    whole = [own_document(reading.page, incident.id, None) for incident in newest]
    return (*whole, Document(_COMPONENTS, f"{reading.page.url}/api/v1/{_COMPONENTS}"))


def matches(_feed: Feed, /) -> bool:
    """Return True: no other platform has a list of notices there."""
    return True


def parse(reading: ParseInput, /) -> Feed:
    """Parse the notices. Raises FeedError if the list, or every notice in it, cannot be understood."""
    entries = decode(reading.required(_NOTICES), _Notices, _NOTICES).notices
    listed, skipped = parse_entries(entries, lambda entry: _parse_notice(entry, reading.page), _NOTICES)
    notices = {incident.id: incident for incident in listed}
    whole, losses = read_whole(reading, notices, _document_name, partial(parse_own, reading))
    components: tuple[Component, ...] = ()
    try:
        components = _page_components(reading)
    except FeedError as error:
        losses.append(str(error))
    return Feed(
        identity="sorry",  # the documents do not name the page
        incidents=tuple({**notices, **whole}.values()),
        by_creation=True,
        history=_BOTH,
        skipped=tuple(skipped),
        losses=tuple(losses),
        components=components,
    )


def _page_components(reading: ParseInput) -> tuple[Component, ...]:
    """Return the components of the page; none where they were not read, or not all of them. Raises FeedError."""
    body = reading.documents.get(_COMPONENTS)
    document = decode(body, _Components, _COMPONENTS) if body is not None else None
    if document is None or (document.meta and document.meta.next_page):
        return ()
    return listed_components((clean_title(component.name or ""), "") for component in document.components)


# ----------------------------------------------------------------------------------------------------- own documents


def own_document(page: Page, incident_id: str, created_at: datetime | None, /) -> Document:
    """Return the document of one notice."""
    return Document(_document_name(incident_id), f"{page.url}/api/v1/{_NOTICES}/{quote(incident_id, safe='')}")


def parse_own(reading: ParseInput, incident_id: str, body: bytes, /) -> Incident:
    """Return the incident of its own document. Raises FeedError, also where it is another's."""
    name = _document_name(incident_id)
    try:
        incident = _parse_notice(decode(body, _WholeNotice, name).notice, reading.page)
    except ENTRY_ERRORS as error:
        raise FeedError(f"{name}: {text.line(str(error))}") from error
    if incident is None or incident.id != incident_id:
        raise FeedError(f"{name}: another notice")
    return _without_old_updates(incident, reading)


def _without_old_updates(incident: Incident, reading: ParseInput) -> Incident:
    """Return a notice without updates from before the page's baseline that are not remembered.

    The list, which has the latest one only, may be all that was read then.
    """
    record = reading.records.get(incident.id)
    baseline = reading.state.baseline if reading.state else None
    if record is None or baseline is None:
        return incident
    remembered = {digest.id_digest for digest in record.update_digests}
    start = min(baseline, record.last_update_at)  # the vendor's clock may be behind ours
    updates = [one for one in incident.updates if one.created_at >= start or text.digest(one.id) in remembered]
    return msgspec.structs.replace(incident, updates=tuple(updates))


def _document_name(key: str) -> str:
    return f"{_NOTICES}/{key}"


# ----------------------------------------------------------------------------------------------------------- notices


def _parse_notice(entry: msgspec.Raw, page: Page) -> Incident | None:
    """Return a notice, None where it is an announcement. Raises ValueError or MsgspecError."""
    notice = _decode_notice(entry)
    if notice.type == _GENERAL:
        return None
    names = [clean_title(component.name) for component in notice.components or () if component.name]
    incident = Incident(
        id=identifier(str(notice.id)),
        kind=notice.kind,
        title=clean_title(notice.subject),
        status=notice.status,
        impact=Impact.UNKNOWN,
        url=incident_link(notice.url, page),
        created_at=notice.published_at,
        position=notice.published_at,
        components=labelled_components(((name, "") for name in names), {}),
        source_quality=STATED_BY_VENDOR if names else 0,
        updates=oldest_first(_build_update(update, notice.status) for update in notice.all_updates),
    )
    return _as_window(incident, notice) if notice.kind is IncidentKind.MAINTENANCE else incident


def _as_window(incident: Incident, notice: _Notice) -> Incident:
    return msgspec.structs.replace(
        incident,
        impact=Impact.MAINTENANCE,
        scheduled_for=utc(notice.begins_at) if notice.begins_at else None,
        scheduled_until=utc(notice.ends_at) if notice.ends_at else None,
    )


def _build_update(update: _Update, status: str) -> IncidentUpdate:
    """Build an update; one without a state has that of its notice."""
    key = time_id(utc(update.created_at), "") if update.id is None else str(update.id)
    stated = _status(update.state) if update.state else status
    return incident_update(key, stated, update.content, update.created_at, None)


def _status(state: str) -> str:
    """Return a state as a status. Raises ValueError where it is not one word."""
    status = clean_status(state)
    return _STATES.get(status, status)

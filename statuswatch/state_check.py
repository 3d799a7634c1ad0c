"""Content of the state file, cleaned and checked when it is loaded.

The file is committed, and anybody may have edited it. Text is cleaned as a vendor's is. What no run can have written is
the file's fault, and ends the run.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import msgspec

from statuswatch import text
from statuswatch.model.event import Event, PendingDelivery
from statuswatch.model.incident import CLOSED_STATUSES, utc
from statuswatch.model.state import IncidentRecord, PageState, SharedFailure
from statuswatch.shard import SEPARATOR, is_shard

T = TypeVar("T", PageState, SharedFailure, PendingDelivery)
MAX_ADDRESS: Final = 2_000  # characters
MULTILINE: Final = "body"  # the one field whose text may have several lines
_OFFSET: Final = re.compile(rb':\d\d(?:\.\d+)?[+-]\d\d:?\d\d"')  # the end of a time that is not in UTC
_PRINTABLE_ESCAPES: Final = b'"\\'
_STATUS: Final = re.compile(r"\w[\w -]{0,49}")
_UPDATES: Final = re.compile(r"(?:[A-Za-z0-9+/]{8}(?:[A-Za-z0-9+/]{6}~?)?(?: |\Z))*")
_TIMES: Final = re.compile(r"(?:[A-Za-z0-9+/]{6}-?[0-9a-z]{1,9}~?(?: |\Z))*")

Invalid = (ValueError, OverflowError)  # what a state that no run can have written raises


def checked_page(encoded: bytes, page: PageState) -> PageState:
    """Return the state of a page, cleaned. Raises ValueError or OverflowError where a record is impossible.

    Nearly all pages are plain ASCII: that is seen from their bytes, and costs no look at each text.
    """
    if not _is_plain(encoded):
        page = _cleaned(page)
    unsafe = [
        key
        for key, record in page.incidents.items()
        if (record.updates or record.url or record.update_times or record.status not in CLOSED_STATUSES)
        and not _is_record_safe(key, record)
    ]
    if not unsafe:
        return page
    repaired = {key: msgspec.structs.replace(page.incidents[key], url="") for key in unsafe}
    return msgspec.structs.replace(page, incidents={**page.incidents, **repaired})


def checked_deliveries(deliveries: Iterable[PendingDelivery]) -> tuple[PendingDelivery, ...]:
    """Return what waits for a sink, cleaned. Raises ValueError or OverflowError where an event is impossible."""
    return tuple(_checked_delivery(_cleaned(delivery)) for delivery in deliveries)


def checked_shared(shared: Mapping[str, SharedFailure]) -> dict[str, SharedFailure]:
    """Return the shared incidents, cleaned. Raises ValueError or OverflowError where one is impossible."""
    checked = {}
    for group, failure in shared.items():
        cleaned = _cleaned(failure)
        checked[text.line(group)] = msgspec.structs.replace(cleaned, url=safe_address(cleaned.url))
    return checked


def checked_written(written: Mapping[str, datetime]) -> dict[str, datetime]:
    """Return the times of the last runs, in UTC. Raises ValueError or OverflowError where a scope is impossible."""
    for scope in written:
        if SEPARATOR in scope and not is_shard(scope):
            raise ValueError(f"malformed `written`: {scope!r} is no shard")
    return {scope: utc(time) for scope, time in written.items()}


def checked_started(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of incidents whose start a sink received, cleaned."""
    return tuple(sorted({text.line(name) for name in names}))


def safe_address(address: str) -> str:
    """Return an address that may be followed; "" where it may not."""
    is_web = address[:8].lower().startswith(("https://", "http://"))
    is_plain = " " not in address and address == text.line(address) and len(address) <= MAX_ADDRESS
    return address if is_web and is_plain else ""


def _is_plain(encoded: bytes) -> bool:
    """Return whether all text is printable ASCII, and all times are in UTC."""
    return encoded.isascii() and not (b"\x7f" in encoded or _OFFSET.search(encoded)) and _is_printable(encoded)


def _is_printable(encoded: bytes) -> bool:
    """Return whether no character that is escaped is more than a quote or a backslash: every ETag has quotes."""
    place = encoded.find(b"\\")
    while place >= 0:
        if encoded[place + 1] not in _PRINTABLE_ESCAPES:
            return False
        place = encoded.find(b"\\", place + 2)
    return True


def _is_record_safe(key: str, record: IncidentRecord) -> bool:
    """Return whether a record's address may be followed. Raises ValueError where the record is impossible."""
    check_status(key, record.status)
    if not _UPDATES.fullmatch(record.updates):
        raise ValueError(f"incident {key}: malformed `updates`")
    if record.update_times and not _TIMES.fullmatch(record.update_times):
        raise ValueError(f"incident {key}: malformed `times`")
    return not record.url or bool(safe_address(record.url))


def check_status(key: str, status: str) -> None:
    """Raise ValueError for a status that no platform can have stated."""
    if status not in CLOSED_STATUSES and not _STATUS.fullmatch(status):
        raise ValueError(f"incident {key}: malformed `status`")


def _checked_delivery(delivery: PendingDelivery) -> PendingDelivery:
    event = delivery.event
    check_status(event.id, event.incident.status)
    for update in (*event.incident.updates, *event.updates):
        check_status(event.id, update.status)
    return msgspec.structs.replace(delivery, event=_with_safe_addresses(event))


def _with_safe_addresses(event: Event) -> Event:
    incident = msgspec.structs.replace(event.incident, url=safe_address(event.incident.url))
    page = msgspec.structs.replace(event.page, url=safe_address(event.page.url))
    return msgspec.structs.replace(event, page=page, incident=incident)


def _cleaned(value: T) -> T:
    fields = msgspec.to_builtins(value, builtin_types=(datetime,))
    return msgspec.convert(_clean(fields), type(value))


def _clean(value: Any, field: str = "") -> Any:
    """Clean every text in decoded JSON, names of fields included; put every time into UTC."""
    match value:
        case str() if not (value.isascii() and value.isprintable()):
            return text.lines(value) if field == MULTILINE else text.line(value)
        case datetime():
            return utc(value)
        case dict():
            return {_clean(key): _clean(part, key) for key, part in value.items()}
        case list() | tuple():
            return [_clean(part, field) for part in value]
        case _:
            return value

"""The archive: every event as a JSON line, appended to the file of its month, `<folder>/YYYY-MM.jsonl`.

A line is one write at the end of the file. What cannot be appended waits for the next run. A reader skips what is no
event, and drops what was appended twice, so that a killed run or a merge of two branches needs no repair. The files are
committed, and anybody may have edited them: text in them is cleaned as a vendor's is.
"""

import errno
import os
import re
import stat
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.errors import StateError
from statuswatch.model.event import PendingDelivery
from statuswatch.model.history import ArchivedEvent, ArchivedIncident, ArchiveReading
from statuswatch.model.incident import IncidentUpdate, utc
from statuswatch.model.page import Page
from statuswatch.render import jsonlines
from statuswatch.shard import paths_of_shards
from statuswatch.state_check import Invalid, check_status, safe_address

ATTRIBUTES: Final = b"*.jsonl merge=union\n"  # git joins the lines that two branches appended
_MONTH: Final = re.compile(r"\d{4}-\d{2}\.jsonl")
_MARKER: Final = re.compile(rb"<{7}|={7}|>{7}|\|{7}")  # of git, where the attribute was not in force
_ID: Final = re.compile(rb'"id":"([^"\\]+)"')  # of an event: the first one of its line

_NOT_REGULAR: Final = "it is not a regular file"

IncidentKey = tuple[str, str]  # of the page, and of the incident


class Appended(msgspec.Struct, frozen=True):
    """What came of appending: the events that are archived, those that are not, and why."""

    count: int = 0
    waiting: tuple[PendingDelivery, ...] = ()
    reason: str = ""


def append_events(folder: Path, deliveries: Sequence[PendingDelivery]) -> Appended:
    """Append the events in order, and flush them to the disk. Never raises: what a fault kept out is in the result.

    A new folder gets the attributes by which git merges its files.
    """
    months: dict[str, list[PendingDelivery]] = {}
    for delivery in deliveries:
        months.setdefault(f"{utc(delivery.detected_at):%Y-%m}.jsonl", []).append(delivery)
    waiting: list[PendingDelivery] = []
    reason = ""
    for name, group in months.items():
        try:
            _make_folder(folder)
            _append(folder / name, [_line(delivery) for delivery in group])
        except OSError as error:  # any of its lines may be lost: a reader drops those that are not
            reason = f"{text.line(str(folder / name))} cannot be written: {error.strerror or error}"
            waiting += group
    return Appended(len(deliveries) - len(waiting), tuple(waiting), reason)


def _line(delivery: PendingDelivery) -> bytes:
    is_filtered, is_muted = delivery.filtered is True, delivery.muted is True
    line = jsonlines.render(delivery.event, delivery.detected_at, filtered=is_filtered, muted=is_muted)
    return line.encode() + b"\n"


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True)
    with suppress(OSError):
        (folder / ".gitattributes").write_bytes(ATTRIBUTES)


def _append(path: Path, lines: Iterable[bytes]) -> None:
    """Append the lines, each with one write. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, _NOT_REGULAR)
        for line in lines:
            whole = line if _ends_with_a_line(descriptor) else b"\n" + line
            if os.write(descriptor, whole) < len(whole):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ends_with_a_line(descriptor: int) -> bool:
    """Return whether the file is empty or ends with a whole line: a run that was killed may have left a part of one."""
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if not size:
        return True
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def read_archive(
    folder: Path,
    *,
    since: datetime | None = None,
    keys: Collection[str] = (),
    incidents: Collection[IncidentKey] = (),
) -> ArchiveReading:
    """Read the archive: every event of the incidents that had one at or after `since`, and of the named `incidents`.

    Those are what was open at `since`, or began later, where `incidents` are all that is open now. Without `since` it
    is the whole archive. `keys` limits it to these pages, with the shared incidents that list one of them; none means
    all. Months are read from the newest back, no further than the beginnings of these incidents. No folder is an empty
    archive; one for each shard is one archive. Raises StateError.
    """
    reader = _Reader(frozenset(key.lower() for key in keys), frozenset(incidents), since)
    first_month = f"{utc(since):%Y-%m}" if since else ""
    for path in _months(folder):
        if path.name < first_month and not reader.incomplete:
            break
        reader.read(path, whole=path.name >= first_month)
    return reader.result()


def _months(folder: Path) -> list[Path]:
    """Return the files, the newest first. Raises StateError."""
    found: list[Path] = []
    for place in map(Path, paths_of_shards(str(folder))):
        try:
            found += [path for path in place.iterdir() if _MONTH.fullmatch(path.name)]
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unreadable(place, error) from error
    return sorted(found, key=lambda path: path.name, reverse=True)


class _HeadPage(msgspec.Struct):
    key: str


class _HeadIncident(msgspec.Struct):
    id: str
    pages: tuple[str, ...] = ()


class _Head(msgspec.Struct):
    """What decides whether a line is relevant."""

    schema: int
    id: str
    page: _HeadPage
    incident: _HeadIncident

    @property
    def key(self) -> IncidentKey:
        """Key of the incident."""
        return self.page.key, self.incident.id


_decode_head: Final = msgspec.json.Decoder(_Head).decode
_decode_event: Final = msgspec.json.Decoder(ArchivedEvent).decode
_NOT_OURS: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, *Invalid)  # a line that is no event


class _Reader:
    """Events of one archive, while its months are read. `incomplete` are the incidents whose start is still to come."""

    def __init__(self, keys: frozenset[str], incidents: frozenset[IncidentKey], since: datetime | None) -> None:
        self.incomplete = set(incidents)
        self._named, self._keys, self._since = incidents, keys, since
        self._events: dict[str, ArchivedEvent] = {}
        self._problems: list[str] = []

    def read(self, path: Path, *, whole: bool) -> None:
        """Read the file of a month: all of it, or only what belongs to incomplete incidents. Raises StateError."""
        cut: list[tuple[int, bytes]] = []
        markers = 0
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # reading a FIFO may never end
                raise OSError(errno.EINVAL, _NOT_REGULAR)
            with path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    if _MARKER.match(line):
                        markers += 1
                    elif line.strip() and not self._take(line, whole=whole):
                        cut.append((number, line))
            alien = [number for number, line in cut if not _is_repeated(path, line)]
        except OSError as error:
            raise _unreadable(path, error) from error
        self._note(path, alien, markers)
        self.incomplete = self._find_incomplete()

    def result(self) -> ArchiveReading:
        """Return what was read, in order of detection."""
        relevant = self._relevant()
        events = [event for event in self._events.values() if _key_of(event) in relevant]
        events.sort(key=lambda event: (event.detected_at, event.page.key, event.incident.id, event.id))
        return ArchiveReading(tuple(events), tuple(self._problems))

    def _take(self, line: bytes, *, whole: bool) -> bool:
        """Keep the event of a line, if it is relevant; return whether the line is an event."""
        try:
            head = _decode_head(line)
            if head.schema != jsonlines.SCHEMA:
                return False
            if not self._is_relevant(head, whole=whole):
                return True
            event = _cleaned(_decode_event(line))
        except _NOT_OURS:
            return False
        earlier = self._events.get(event.id)
        if earlier is None or _order(event) < _order(earlier):  # of a repeated one the first
            self._events[event.id] = event
        return True

    def _is_relevant(self, head: _Head, *, whole: bool) -> bool:
        if not whole and head.key not in self.incomplete:
            return False
        return not self._keys or head.page.key in self._keys or not self._keys.isdisjoint(head.incident.pages)

    def _relevant(self) -> set[IncidentKey]:
        events = self._events.values()
        late = {_key_of(event) for event in events if self._since is None or event.detected_at >= self._since}
        return late | self._named

    def _find_incomplete(self) -> set[IncidentKey]:
        begun = {_key_of(event) for event in self._events.values() if event.is_start}
        return self._relevant() - begun

    def _note(self, path: Path, alien: Sequence[int], markers: int) -> None:
        name = text.line(str(path))
        if alien:
            lines = "1 line is no event and was" if len(alien) == 1 else f"{len(alien)} lines are no events and were"
            self._problems.append(f"{name}: {lines} skipped (the first is line {alien[0]})")
        if markers:
            what_to_do = "both sides were read: delete the lines of the markers"
            self._problems.append(f"{name} has git conflict markers; {what_to_do}")


def _order(event: ArchivedEvent) -> tuple[datetime, bool, bool]:
    return event.detected_at, event.filtered, event.muted


def _key_of(event: ArchivedEvent) -> IncidentKey:
    return event.page.key, event.incident.id


def _is_repeated(path: Path, line: bytes) -> bool:
    """Return whether a line that was cut off is there again, whole: a later run repeated its event."""
    event_id = _ID.search(line)
    if not event_id:
        return False
    with path.open("rb") as file:
        return any(event_id[0] in other and other != line and _is_event(other, event_id[1]) for other in file)


def _is_event(line: bytes, event_id: bytes) -> bool:
    try:
        return _decode_head(line).id == event_id.decode()
    except _NOT_OURS:
        return False


def _cleaned(event: ArchivedEvent) -> ArchivedEvent:
    """Return the event with its texts cleaned and its times in UTC. Raises ValueError for an impossible status."""
    incident = _cleaned_incident(event.incident)
    for status in (incident.status, *(update.status for update in event.updates)):
        check_status(event.id, status)
    return msgspec.structs.replace(
        event,
        id=text.line(event.id),
        page=Page(key=text.line(event.page.key), name=text.line(event.page.name), url=safe_address(event.page.url)),
        incident=incident,
        updates=tuple(_cleaned_update(update) for update in event.updates),
        detected_at=utc(event.detected_at),
    )


def _cleaned_incident(incident: ArchivedIncident) -> ArchivedIncident:
    return msgspec.structs.replace(
        incident,
        id=text.line(incident.id),
        title=text.line(incident.title),
        url=safe_address(incident.url),
        components=tuple(map(text.line, incident.components)),
        created_at=utc(incident.created_at),
        pages=tuple(map(text.line, incident.pages)),
        scheduled_for=incident.scheduled_for and utc(incident.scheduled_for),
        scheduled_until=incident.scheduled_until and utc(incident.scheduled_until),
    )


def _cleaned_update(update: IncidentUpdate) -> IncidentUpdate:
    is_plain = update.body.isascii() and update.body.replace("\n", "").isprintable()
    return IncidentUpdate(
        text.line(update.id),
        update.status,
        update.body if is_plain else text.lines(update.body),
        utc(update.created_at),
        utc(update.display_at),
    )


def _unreadable(path: Path, error: OSError) -> StateError:
    reason = error.strerror or str(error)
    return StateError(f"the archive cannot be read: {reason} ({text.line(str(path))}): make it readable")

"""UptimeRobot's public pages: the state of each monitor.

`/api/getMonitorList/<key>`, read on every run, is what the page itself reads. The key is the `id` of the page, or the
address at stats.uptimerobot.com ends with it; else the page's HTML has it, as `pspApiPath`. Nobody documents it.
Readers in use have recorded it while all was well and say what the states are: TheLion/statuspage-HA
`custom_components/statuspage_monitor/providers/uptimerobot.py`; others have tests for `totalMonitors` and `perPage`.

A monitor that is down ("danger") is an incident. It does not say since when, nor why: the incident begins when it is
first read. Its id is that of the monitor, so a later trouble is the same incident, open again.

Oddities, as those readers have them:

- "warning" is not yet down: what is remembered of the monitor stays as it is. "paused" and "black" are not watched.
- A page of more monitors than `perPage` lists its first ones. Where some are left out, no absence is judged.
- `getEventFeed` has what people announce. Its readers contradict each other on what its states mean, and so it is not
  read.
"""

import re
from datetime import datetime
from functools import partial
from typing import Final, Literal
from urllib.parse import urljoin, urlsplit

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.incident import LATEST, STATED_BY_VENDOR, Impact, Incident, IncidentKind, utc
from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import (
    MissingPageIdError,
    ParseInput,
    clean_title,
    decode,
    groups_by_name,
    incident_update,
    labelled_components,
    listed_components,
    newest_copies,
    parse_entries,
    path_part,
)

PARSER_VERSION: Final = 1
_LIST: Final = "getMonitorList"
_HTML: Final = "page"
_HOST: Final = "stats.uptimerobot.com"
_KEY: Final = re.compile(rb"/api/getMonitorList/([0-9A-Za-z]{6,20})(?![0-9A-Za-z])")
_DOWN: Final = "danger"
_UNSURE: Final = "warning"
_WELL: Final = frozenset({"success", "paused", "black"})


class _Downtime(msgspec.Struct):
    date: str


class _Monitor(msgspec.Struct, rename="camel"):
    monitor_id: int
    name: str
    status_class: str
    group_name: str | None = None
    last_downtime: _Downtime | None = None

    @property
    def place(self) -> tuple[str, str]:
        """The cleaned name and group."""
        return clean_title(self.name), clean_title(self.group_name or "")


class _Settings(msgspec.Struct, rename="camel"):
    total_monitors: int | None = None


class _MonitorList(msgspec.Struct):
    status: Literal["ok"]
    data: list[msgspec.Raw]
    psp: _Settings = msgspec.field(default_factory=_Settings)


_decode_monitor: Final = msgspec.json.Decoder(_Monitor).decode


def documents(page: Page, /) -> tuple[Document, ...]:
    """Return the list of monitors; the page's HTML where its key is not known."""
    key = _key(page)
    if not key:
        return (Document(_HTML, page.url, required=True),)
    return (Document(_LIST, urljoin(page.url, f"/api/{_LIST}/{path_part(key)}"), required=True),)


def _key(page: Page) -> str:
    address = urlsplit(page.url)
    return page.id or (address.path.strip("/") if address.hostname == _HOST else "")


def follow_ups(_reading: ParseInput, _feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
    """Return nothing: there is only one document."""
    return ()


def matches(feed: Feed, /) -> bool:
    """Return whether there are monitors: nothing else has such a document."""
    return bool(feed.components)


def parse(reading: ParseInput, /) -> Feed:
    """Return the monitors that are down. Raises FeedError."""
    key = _key(reading.page)
    if not key:
        keys = _KEY.findall(reading.required(_HTML))
        raise MissingPageIdError(f"{_HTML}: the page needs an `id`", *(found.decode() for found in dict.fromkeys(keys)))
    document = decode(reading.required(_LIST), _MonitorList, _LIST)
    monitors, skipped = parse_entries(document.data, _decode_monitor, _LIST)
    if not monitors:
        raise FeedError(f"{_LIST}: it names no monitor")
    groups = groups_by_name(monitor.place for monitor in monitors)
    incidents, unread = parse_entries(monitors, partial(_incident, reading, groups), _LIST)
    total = document.psp.total_monitors
    is_whole = total is None or total <= len(document.data)
    return Feed(
        identity=f"uptimerobot/{clean_title(key)}",
        incidents=newest_copies(incidents),
        complete=frozenset({IncidentKind.INCIDENT} if is_whole else ()),
        skipped=(*skipped, *unread),
        losses=() if is_whole else (f"{_LIST}: it lists {len(document.data)} of {total} monitors",),
        components=listed_components(monitor.place for monitor in monitors),
    )


def _incident(reading: ParseInput, groups: dict[str, set[str]], monitor: _Monitor) -> Incident | None:
    """Return the trouble of a monitor; None where it is well. Raises ValueError where its state is not understood."""
    key = str(monitor.monitor_id)
    record = reading.records.get(key)
    is_remembered = record is not None and not record.closed
    if monitor.status_class in _WELL or (monitor.status_class == _UNSURE and not is_remembered):
        return None
    if monitor.status_class not in (_DOWN, _UNSURE):
        raise ValueError(f"a state that is not understood: {clean_title(monitor.status_class)[:50]!r}")
    began_at = (record.created_at if record and is_remembered else None) or _now(reading, monitor)
    return Incident(
        id=key,
        title=clean_title(f"{monitor.name} is down"),
        status="down",
        impact=Impact.UNKNOWN,
        url=reading.page.url,
        created_at=began_at,
        position=began_at,
        components=labelled_components([monitor.place], groups),
        source_quality=STATED_BY_VENDOR,
        updates=(incident_update(LATEST, "down", None, began_at, None),),
    )


def _now(reading: ParseInput, monitor: _Monitor) -> datetime:
    """Return the time of the run; without one, that of the last downtime. Raises ValueError where there is neither."""
    if reading.now:
        return utc(reading.now)
    return utc(datetime.fromisoformat(monitor.last_downtime.date if monitor.last_downtime else ""))

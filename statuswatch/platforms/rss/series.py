"""Feeds with one item for each update, as AWS has them (recorded).

An item's guid is `…#service-region_EPOCH`. When an incident is over, AWS issues all of its items again, with epochs
rounded down to the minute, and each title then says that it is over. So the items of one place and title are one
incident, until one of them says that it is over and a day goes by. AWS may widen the title half-way (recorded): items
of one place whose titles share most words, the later ones under the new title, are one incident, too. Ids are made of
the place and of minutes.

Older items leave the feed before newer ones. So an incident that is remembered keeps its id by its remembered updates,
or by its title while it is open.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident, IncidentUpdate
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import derived_id, incident_link, incident_update
from statuswatch.platforms.rss.channel import Channel
from statuswatch.platforms.rss.document import Entry, read_dates
from statuswatch.platforms.rss.wording import REPORTED, split_title, status_of

_GUID: Final = re.compile(r"#(?P<place>[a-z0-9-]{1,100})_\d{9,11}$", re.ASCII)
_IMPACT_BY_SEVERITY: Final = {
    "Informational message": Impact.MINOR,
    "Performance issues": Impact.MAJOR,
    "Service degradation": Impact.MAJOR,
    "Service impact": Impact.MAJOR,
    "Service disruption": Impact.CRITICAL,
}
_SEVERITY: Final = re.compile(f"({'|'.join(_IMPACT_BY_SEVERITY)}): ")
_WORD: Final = re.compile(r"[a-z0-9]{2,}")
_FILLERS: Final = frozenset({"and", "or", "the", "of", "in", "for", "to", "with", "on", "an", "by"})
_PAUSE: Final = timedelta(days=1)  # after an end: what comes later under the title is another incident


class SeriesEntry(msgspec.Struct, frozen=True):
    """An entry that is one update of an incident, and the place that its guid names."""

    entry: Entry
    place: str


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One update of an incident. `is_over`: its title says so, once the incident is over.

    `id` is "" until all items of the feed are known.
    """

    place: str
    id: str = ""
    title: str
    severity: str
    body: str
    at: datetime
    is_over: bool


def split_series(entries: Iterable[Entry]) -> tuple[list[SeriesEntry], list[Entry]]:
    """Return the entries that are one update each, and the others."""
    series: list[SeriesEntry] = []
    singles: list[Entry] = []
    for entry in entries:
        guid = _GUID.search(entry.id)
        if guid:
            series.append(SeriesEntry(entry, guid["place"]))
        else:
            singles.append(entry)
    return series, singles


def read_item(series_entry: SeriesEntry) -> Item:
    """Return the update that the entry is. Raises ValueError where it has no date."""
    entry = series_entry.entry
    title, title_status = split_title(entry.title)
    severity = _SEVERITY.match(title)
    return Item(
        place=series_entry.place,
        title=title[severity.end() :] if severity else title,
        severity=severity[1] if severity else "",
        body=entry.markup,
        at=read_dates(entry, None).changed,
        is_over=title_status == "resolved",
    )


def series_incidents(channel: Channel, items: Sequence[Item]) -> list[Incident]:
    """Return the incidents that the items are updates of."""
    runs = _runs(_with_ids(items))
    items_by_key: dict[str, list[Item]] = {}
    for key, run in zip(_keys(channel, runs), runs, strict=True):
        items_by_key.setdefault(key, []).extend(run)
    return [_incident(channel, key, run) for key, run in items_by_key.items()]


def _with_ids(items: Sequence[Item]) -> Iterator[Item]:
    """Return the items by time, each with an id of its place and minute, and of a number within the minute.

    Of two of one time, the one that stands lower in the feed is the older.
    """
    in_minute: Counter[tuple[str, datetime]] = Counter()
    lowest_first = items[::-1]
    for item in sorted(lowest_first, key=attrgetter("at")):
        minute = item.at.replace(second=0)
        in_minute[item.place, minute] += 1
        number = in_minute[item.place, minute]
        yield msgspec.structs.replace(item, id=derived_id(item.place, minute.isoformat(), str(number)))


def _runs(items: Iterable[Item]) -> list[list[Item]]:
    """Return the items of each incident; they come by time."""
    runs_by_title: dict[tuple[str, str], list[list[Item]]] = {}
    for item in items:
        runs = runs_by_title.setdefault((item.place, item.title), [])
        if not runs or _is_after_the_end(item, runs[-1][-1]):
            runs.append([])
        runs[-1].append(item)
    return _joined([run for runs in runs_by_title.values() for run in runs])


def _joined(runs: Iterable[list[Item]]) -> list[list[Item]]:
    """Return the runs, those that go on under another title as one."""
    joined: list[list[Item]] = []
    for run in sorted(runs, key=lambda run: run[0].at):
        former = next((before for before in reversed(joined) if _goes_on(before[-1], run[0])), None)
        if former:
            former.extend(run)
        else:
            joined.append(list(run))
    return joined


def _goes_on(last: Item, first: Item) -> bool:
    """Return whether an incident of the place goes on under another title."""
    if last.place != first.place or last.is_over or not timedelta() <= first.at - last.at < _PAUSE:
        return False
    return _are_alike(last.title, first.title)


def _are_alike(title: str, other: str) -> bool:
    """Return whether most words of the shorter title stand in the longer one, too."""
    words, other_words = _words(title), _words(other)
    shorter = min(len(words), len(other_words))
    return shorter > 0 and len(words & other_words) * 3 >= shorter * 2


def _words(title: str) -> set[str]:
    return set(_WORD.findall(title.lower())) - _FILLERS


def _is_after_the_end(item: Item, previous: Item) -> bool:
    return previous.is_over and item.at - previous.at >= _PAUSE


def _keys(channel: Channel, runs: Sequence[Sequence[Item]]) -> list[str]:
    """Return the id of each run's incident; two runs of one remembered incident have the same."""
    keys = [_key_by_updates(channel, run) for run in runs]
    return [key or _key_by_title(channel, run, keys) or _new_key(run) for key, run in zip(keys, runs, strict=True)]


def _key_by_updates(channel: Channel, run: Sequence[Item]) -> str:
    """Return the id of the incident that is remembered with one of the updates, "" where there is none."""
    listed = {text.digest(item.id) for item in run}
    for key, record in _records_of_place(channel, run[0].place):
        if any(digest.id_digest in listed for digest in record.update_digests):
            return key
    return ""


def _key_by_title(channel: Channel, run: Sequence[Item], used_keys: Sequence[str]) -> str:
    """Return the id of the open incident that is remembered under the title, "" where there is none."""
    for key, record in _records_of_place(channel, run[0].place):
        if key in used_keys or record.closed:
            continue
        goes_on = timedelta() <= run[0].at - record.last_update_at < _PAUSE and _are_alike(record.title, run[0].title)
        if record.title == run[0].title or goes_on:
            return key
    return ""


def _records_of_place(channel: Channel, place: str) -> Iterator[tuple[str, IncidentRecord]]:
    for key, record in channel.records.items():
        if key.startswith(f"{place}_"):
            yield key, record


def _new_key(run: Sequence[Item]) -> str:
    first = run[0]
    return f"{first.place}_{int(first.at.timestamp()) // 60 * 60}"


def _incident(channel: Channel, key: str, items: Iterable[Item]) -> Incident:
    run = sorted(items, key=attrgetter("at"))
    last = run[-1]
    return Incident(
        id=key,
        title=last.title,
        status="resolved" if last.is_over else status_of(last.severity or REPORTED),
        impact=_IMPACT_BY_SEVERITY.get(last.severity, Impact.UNKNOWN),
        url=incident_link(channel.home if channel.home.startswith("http") else "", channel.page),
        created_at=run[0].at.replace(second=0),
        position=last.at,
        components=(Component(last.place),),
        source_quality=STATED_BY_VENDOR,
        status_unstated=msgspec.UNSET if last.is_over or last.severity else True,
        updates=tuple(_update(item, is_end=item is last and last.is_over) for item in run),
    )


def _update(item: Item, *, is_end: bool) -> IncidentUpdate:
    return incident_update(item.id, "resolved" if is_end else "update", item.body, item.at, None)

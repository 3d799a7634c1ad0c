"""Feeds with one item an update, as AWS has them."""

import re
from collections import Counter
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from statuswatch import text
from statuswatch.model.incident import STATED_BY_VENDOR, Component, Impact, Incident
from statuswatch.platforms.parsing import clean_title, derived_id, incident_link, incident_update
from statuswatch.platforms.rss.entry import REPORTED, Channel, Entry, dates, markup, status, untitled

_SERIES: Final = re.compile(r"#([a-z0-9-]{1,100})_(\d{9,11})$", re.ASCII)
_SEVERITY: Final = re.compile(r"(Informational message|Performance issues|Service (?:degradation|disruption|impact)): ")
_SEVERITIES: Final = {
    "Informational message": Impact.MINOR,
    "Performance issues": Impact.MAJOR,
    "Service degradation": Impact.MAJOR,
    "Service impact": Impact.MAJOR,
    "Service disruption": Impact.CRITICAL,
}


class Item(NamedTuple):
    """One update of a series. `is_over` is what its title says, which is said of the whole series when it is over."""

    place: str
    id: str
    title: str
    severity: str
    body: str
    at: datetime
    is_over: bool


def series_of(entry: Entry) -> re.Match[str] | None:
    return _SERIES.search(str(entry.get("id") or ""))


def item(part: tuple[Entry, re.Match[str]]) -> Item:
    entry, found = part
    name, in_title = untitled(clean_title(text.paragraph(str(entry.get("title") or ""))))
    severity = _SEVERITY.match(name)
    return Item(
        place=found[1],
        id="",
        title=name[severity.end() :] if severity else name,
        severity=severity[1] if severity else "",
        body=markup(entry),
        at=dates(entry, None).changed,
        is_over=in_title == "resolved",
    )


def chained(channel: Channel, items: list[Item]) -> list[Incident]:
    same: Counter[tuple[str, datetime]] = Counter()
    runs: dict[tuple[str, str], list[list[Item]]] = {}
    for _, it in sorted(enumerate(items), key=lambda one: (one[1].at, -one[0])):  # of one time the lower is older
        minute = it.at.replace(second=0)
        same[it.place, minute] += 1
        it = it._replace(id=derived_id(it.place, minute.isoformat(), str(same[it.place, minute])))
        chain = runs.setdefault((it.place, it.title), [])
        if not chain or (chain[-1][-1].is_over and it.at - chain[-1][-1].at >= timedelta(days=1)):
            chain.append([])
        chain[-1].append(it)
    incidents: dict[str, list[Item]] = {}
    chains = [run for chain in runs.values() for run in chain]
    keys = [_by_updates(channel, run) for run in chains]
    for run, key in zip(chains, keys, strict=True):
        first = run[0]
        key = key or _by_title(channel, run, keys) or f"{first.place}_{int(first.at.timestamp()) // 60 * 60}"
        incidents.setdefault(key, []).extend(run)
    return [_of_series(channel, key, sorted(run, key=lambda it: it.at)) for key, run in incidents.items()]


def _by_updates(channel: Channel, run: list[Item]) -> str:
    digests = {text.digest(it.id) for it in run}
    mine = ((key, it) for key, it in channel.known.items() if key.startswith(f"{run[0].place}_"))
    return next((key for key, it in mine if digests & {one[:6] for one in it.updates.split()}), "")


def _by_title(channel: Channel, run: list[Item], taken: list[str]) -> str:
    mine = ((key, it) for key, it in channel.known.items() if key.startswith(f"{run[0].place}_") and key not in taken)
    return next((key for key, it in mine if not it.closed and it.title == run[0].title), "")


def _of_series(channel: Channel, key: str, run: list[Item]) -> Incident:
    last = run[-1]
    stated = "resolved" if last.is_over else status(last.severity or REPORTED)
    return Incident(
        id=key,
        title=last.title,
        status=stated,
        impact=_SEVERITIES.get(last.severity, Impact.UNKNOWN),
        url=incident_link(channel.home if channel.home.startswith("http") else "", channel.page),
        created_at=run[0].at.replace(second=0),
        position=last.at,
        components=(Component(last.place),),
        source_quality=STATED_BY_VENDOR,
        updates=tuple(
            incident_update(it.id, "resolved" if it is last and last.is_over else "update", it.body, it.at, None)
            for it in run
        ),
    )

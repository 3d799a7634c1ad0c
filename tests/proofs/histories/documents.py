"""What the documents of a page list, read for the oracle with json and regular expressions: nothing of the program.

Each reader returns the incidents of one read, or raises `UnreadableError`.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CLOSED: Final = frozenset({"resolved", "postmortem", "completed", "cancelled", "expired"})
_ENTRY: Final = re.compile(r"<entry>(.*?)</entry>", re.DOTALL)
_MESSAGE: Final = re.compile(
    r"<small>\s*(\w{3}) <var data-var='date'>\s*(\d+)</var>, <var data-var='time'>(\d\d):(\d\d)</var> UTC</small>\s*"
    r"<br\s*/?>\s*<strong>([^<]*)</strong> - (.*?)</p>",
    re.DOTALL,
)


class UnreadableError(Exception):
    """The documents do not say what the page lists: the page has failed."""


@dataclass(frozen=True)
class Update:
    """An incident update; `key` identifies it among those of its incident."""

    key: str
    status: str
    text: str
    at: datetime

    @property
    def closes(self) -> bool:
        return self.status in CLOSED


@dataclass(frozen=True)
class Listed:
    """An incident as one read lists it. Updates are oldest first; `named_by_vendor`: it links its components."""

    key: str
    kind: str
    title: str
    status: str
    impact: str
    created_at: datetime
    updates: tuple[Update, ...]
    components: frozenset[str] = frozenset()
    named_by_vendor: bool = False
    regions: frozenset[str] = frozenset()
    schedule: tuple[datetime | None, ...] = ()

    @property
    def closed(self) -> bool:
        return self.status in CLOSED

    @property
    def newest(self) -> datetime:
        return max([self.created_at, *(update.at for update in self.updates)])

    @property
    def closed_at(self) -> datetime:
        """The time of the update that closed it; without one, of its newest update."""
        end, is_open = self.newest if self.closed else datetime.max.replace(tzinfo=UTC), True
        for update in self.updates:
            if update.closes and is_open:
                end = update.at
            is_open = not update.closes
        return end


@dataclass(frozen=True)
class Listing:
    """What a page lists. `page_time` is None where it may go back, or none is stated."""

    incidents: Mapping[str, Listed]
    page_time: datetime | None = None
    list_time: datetime | None = None  # a later one shows a newer read; an earlier one shows nothing
    history: bool = True  # the page has a list of past incidents
    complete: bool = False  # all that is open is listed
    identity: str = ""  # the page that the documents say they are of
    skipped: int = field(default=0)  # entries that cannot be understood


def flat(text: str) -> str:
    """Return the words of a text, without markup."""
    joined = re.sub(r"</?(?:b|i|a|em|strong|code)\b[^>]*>", "", text)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", joined)).split())


def without_markdown(text: str) -> str:
    """Return a text without marks for bold type, headings, escapes and breaks of lines."""
    return re.sub(r"\*\*|^#+[ \t]+|\\(?=[!-/:-@\[-`{-~])|\\$", "", text, flags=re.MULTILINE)


def moment(text: str) -> datetime:
    """Return a time in UTC, to the second."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).replace(microsecond=0)


def read(platform: str, documents: Mapping[str, bytes]) -> Listing:
    """Return what the documents of a page, by path, list."""
    reader: Callable[[Mapping[str, bytes]], Listing] = READERS[platform]
    try:
        return reader(documents)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise UnreadableError(str(error)) from error


def statuspage(documents: Mapping[str, bytes]) -> Listing:
    """Read `summary.json`, which here is the list of incidents as well."""
    summary = json.loads(documents["/api/v2/summary.json"])
    kinds = (("incident", "incidents"), ("maintenance", "scheduled_maintenances"))
    names = {one["id"]: one["name"] for one in summary["components"] if not one.get("group")}
    listed = [_of_statuspage(kind, entry, names) for kind, name in kinds for entry in summary[name]]
    page = summary["page"]
    found = {one.key: one for one in listed}
    return Listing(found, page_time=moment(page["updated_at"]), complete=True, identity=page["id"])


def _of_statuspage(kind: str, entry: dict[str, Any], names: Mapping[str, str]) -> Listed:
    linked = {one["name"].strip() for one in entry.get("components") or () if not one.get("group")}
    affected = [one for update in entry["incident_updates"] for one in update.get("affected_components") or ()]
    is_found = all(one["code"] in names for one in affected)
    named = {(names[one["code"]] if is_found else one["name"]).strip() for one in affected}
    stated = [(update, moment(update["created_at"])) for update in reversed(entry["incident_updates"])]
    updates = [Update(update["id"], _status(update["status"]), flat(update["body"] or ""), at) for update, at in stated]
    schedule = (entry.get("scheduled_for"), entry.get("scheduled_until")) if kind == "maintenance" else ()
    return Listed(
        key=entry["id"],
        kind=kind,
        title=flat(entry["name"]),
        status=_status(entry["status"]),
        impact=entry["impact"] or "unknown",
        created_at=moment(entry["created_at"]),
        updates=_in_order(updates),
        components=frozenset(linked or named),
        named_by_vendor=bool(linked),
        schedule=tuple(moment(text) if text else None for text in schedule),
    )


def slack(documents: Mapping[str, bytes]) -> Listing:
    """Read `current`: what is open, and nothing else."""
    current = json.loads(documents["/api/v2.0.0/current"])
    entries = current["active_incidents"]
    if current["status"] != "ok" and not entries:
        raise UnreadableError("it states a fault and lists none")
    listed = [_of_slack(entry) for entry in entries]
    times = [moment(current["date_updated"])] if current.get("date_updated") else []
    return Listing({one.key: one for one in listed}, list_time=max(times, default=None), history=False, complete=True)


def _of_slack(entry: dict[str, Any]) -> Listed:
    is_maintenance = entry["type"] == "maintenance"
    status = _status(entry["status"])
    status = "in_progress" if is_maintenance and status == "active" else status
    by_time: dict[datetime, list[str]] = {}
    for note in entry["notes"]:
        by_time.setdefault(moment(note["date_created"]), []).append(flat(note["body"] or ""))
    updates = [Update(at.isoformat(), status, "".join(sorted(texts)), at) for at, texts in by_time.items()]
    return Listed(
        key=str(entry["id"]),
        kind="maintenance" if is_maintenance else "incident",
        title=flat(entry["title"]),
        status=status,
        impact={"maintenance": "maintenance", "outage": "critical"}.get(entry["type"], "unknown"),
        created_at=moment(entry["date_created"]),
        updates=_in_order(updates),
        components=frozenset(filter(None, map(str.strip, entry["services"]))),
        named_by_vendor=any(entry["services"]),
    )


def google(documents: Mapping[str, bytes]) -> Listing:
    """Read `incidents.json`: open and past incidents. An incident is over where it has an end."""
    listed = [_of_google(entry) for entry in json.loads(documents["/incidents.json"])]
    return Listing({one.key: one for one in listed})


def _of_google(entry: dict[str, Any]) -> Listed:
    updates = []
    numbers: Counter[str] = Counter()
    for update in reversed(entry["updates"]):
        at = moment(update["created"])
        numbers[update["created"]] += 1
        key = f"{update['created']} {numbers[update['created']]}"
        updates.append(Update(key, _status(update["status"]), flat(without_markdown(update["text"])), at))
    products = {product["title"].strip() for product in entry.get("affected_products") or ()}
    service = {entry["service_name"].strip()} - {"Multiple Products"}
    affected = (entry.get(f"{when}_affected_locations") or () for when in ("currently", "previously"))
    ordered = _in_order(updates)
    status = "resolved" if entry.get("end") else ordered[-1].status if ordered else _status(entry["status_impact"])
    return Listed(
        key=entry["id"],
        kind="incident",
        title=flat(entry["external_desc"]),
        status=status,
        impact={"low": "minor", "medium": "major", "high": "critical"}.get(entry["severity"], "unknown"),
        created_at=moment(entry["begin"]),
        updates=ordered,
        components=frozenset(products or service),
        named_by_vendor=bool(products or service),
        regions=frozenset(place["id"] for places in affected for place in places),
    )


def atom(documents: Mapping[str, bytes]) -> Listing:
    """Read a history feed of Statuspage: times without a year, one entry an incident."""
    text = documents["/history.atom"].decode()
    if "</feed>" not in text:
        raise UnreadableError("no feed")
    listed = [_of_entry(entry) for entry in _ENTRY.findall(text)]
    return Listing({one.key: one for one in listed})


def _of_entry(entry: str) -> Listed:
    key = re.search(r"Incident/(\d+)", entry)
    title = re.search(r"<title>(.*?)</title>", entry, re.DOTALL)
    published = re.search(r"<published>([^<]+)</published>", entry)
    assert key
    assert title
    assert published
    near = moment(published[1])
    messages = [
        (_in_year(f"{month} {day} {hour}:{minute} +0000", near), _status(label), flat(body))
        for month, day, hour, minute, label, body in reversed(_MESSAGE.findall(html.unescape(entry)))
    ]
    updates: list[Update] = []
    numbers: Counter[datetime] = Counter()
    status = "update"
    for at, label, body in sorted(messages, key=lambda message: (message[0], message[1] in CLOSED)):
        numbers[at] += 1
        status = status if label == "update" else label  # an update goes on under the status before it
        updates.append(Update(f"{at.isoformat()} {numbers[at]}", status, body, at))
    is_maintenance = any(update.status in ("scheduled", "in_progress", "completed") for update in updates)
    return Listed(
        key=key[1],
        kind="maintenance" if is_maintenance else "incident",
        title=flat(html.unescape(title[1])),
        status=updates[-1].status,
        impact="maintenance" if is_maintenance else "unknown",
        created_at=near,
        updates=tuple(updates),
    )


def _in_year(text: str, near: datetime) -> datetime:
    """Return a time without a year in the year that brings it nearest to another time."""
    moments = []
    for year in (near.year - 1, near.year, near.year + 1):
        with suppress(ValueError):  # February 29
            moments.append(datetime.strptime(f"{year} {text}", "%Y %b %d %H:%M %z").astimezone(UTC))
    return min(moments, key=lambda at: abs(at - near))


def _status(text: str) -> str:
    status = text.strip().lower().replace(" ", "_")
    return "cancelled" if status == "canceled" else status


def _in_order(updates: list[Update]) -> tuple[Update, ...]:
    """Sort updates that come oldest first, as far as their times differ."""
    unique = {update.key: update for update in updates}
    return tuple(sorted(unique.values(), key=lambda update: update.at))


READERS: Final = {"statuspage": statuspage, "slack": slack, "google": google, "rss": atom}

"""The facts that an entry states beside its messages: its type, its components, its schedule, its end.

They stand in labelled lines, `Type: maintenance`, `Affected Components: API, Web` (Instatus), `Outage End: …` (IBM
Cloud), in categories, and at the beginning of the title, `Security bulletin: …`.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from statuswatch.model.incident import Component
from statuswatch.platforms.parsing import clean_title, labelled_components
from statuswatch.platforms.rss.document import Entry
from statuswatch.platforms.rss.times import read_stated_time
from statuswatch.platforms.rss.wording import alternatives

_LINE: Final = re.compile(r"^[ \t•*-]*([^\W\d_][\w /()-]{1,40}?) ?[:：] ?([^\n]{1,2000})$", re.MULTILINE)
_HEADING: Final = "\nAffected components\n"  # incident.io (recorded): a list follows, each name with its live state
_LIVE_STATE: Final = re.compile(r" \([^()]*\)$")
_MAX_NAME: Final = 80  # characters; what is longer is a sentence
_MAX_NAMES: Final = 100
_RANGE: Final = re.compile(r"\s+(?:-|–|—|to|until)\s+|\s*[–—]\s*", re.IGNORECASE)
_HOUR: Final = re.compile(r"\d\d?:\d\d(?::\d\d)?")

_TYPE_LABELS: Final = ("type", "event type", "notification type", "message type")
_START_LABELS: Final = (
    *("outage start", "start", "starts", "start time", "start date", "begin", "begins", "begin time", "from"),
    *("scheduled start", "scheduled for", "planned start", "maintenance start", "window start", "startzeit", "beginn"),
)
_END_LABELS: Final = (
    *("outage end", "end", "ends", "ended", "end time", "end date", "until", "to", "incident end", "resolved at"),
    *("scheduled end", "scheduled until", "planned end", "maintenance end", "window end", "endzeit", "ende"),
)
_WINDOW_LABELS: Final = ("window", "maintenance window", "schedule", "scheduled", "when", "time", "date", "duration")
# Labels of components, the best first; only the names of the first that is stated count, and of the places beside it.
_PART_LABELS: Final = (
    *("affected components", "components affected", "impacted components", "components", "component"),
    *("affected services", "services affected", "impacted services", "services", "service"),
    *("affected products", "impacted products", "products", "product", "resources", "resource", "affected resources"),
    *("affected systems", "impacted systems", "systems"),
)
_PLACE_LABELS: Final = (
    *("regions", "region", "affected regions", "impacted regions", "locations", "affected locations"),
    *("impacted locations", "data centers", "datacenters"),
)

_MAINTENANCE_WORDS: Final = (
    *("maintenance", "scheduled maintenance", "planned maintenance", "emergency maintenance", "maintenance window"),
    *("planned work", "scheduled event", "planned outage", "wartung", "wartungsarbeiten", "geplante wartung"),
    *("onderhoud", "mantenimiento", "manutenção", "manutenzione", "メンテナンス", "维护", "維護"),
)
_INCIDENT_WORDS: Final = frozenset({"incident", "outage", "disruption", "service disruption", "issue", "degradation"})
# Words of a line `Type: …`, which says itself that it names a type.
_OTHER_TYPES: Final = frozenset(
    (
        *("announcement", "announcements", "release", "releases", "release note", "release notes", "security", "news"),
        *("security bulletin", "security bulletins", "security advisory", "bulletin", "survey", "blog"),
        *("changelog", "deprecation", "deprecation notice", "feature", "new feature", "newsletter", "promotion"),
        *("product update", "marketing", "end of life", "end-of-life", "ankündigung", "webinar"),
    )
)
# Words of a category or at the beginning of a title: only those that can be no component and no incident.
_OTHER_WORDS: Final = frozenset(
    (
        *("announcement", "announcements", "release note", "release notes", "security bulletin", "security bulletins"),
        *("security advisory", "survey", "customer survey", "newsletter", "changelog", "deprecation notice"),
        *("deprecation", "product update", "new feature", "webinar", "end of life notice", "ankündigung"),
    )
)
_TITLE_TYPE: Final = re.compile(
    rf"\[?\s*({alternatives((*_OTHER_WORDS, *_MAINTENANCE_WORDS))})\s*(?:\]|[:：]| [-–—|] )\s*\S", re.IGNORECASE
)


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry states of its incident. `is_other`: it is no incident, and no maintenance either."""

    is_other: bool
    is_maintenance: bool
    starts_at: datetime | None
    ends_at: datetime | None
    components: tuple[Component, ...]


def read_facts(entry: Entry, title: str, plain: str, *, categories_name_components: bool) -> Facts:
    """Return the facts; `title` is the entry's without words of status, `plain` its markup as plain text."""
    values = _labelled_values(plain)
    kind = _kind(entry, title, values)
    starts_at, ends_at = _schedule(values)
    names = _category_names(entry) if categories_name_components else _component_names(plain, values)
    return Facts(
        is_other=kind == "other",
        is_maintenance=kind == "maintenance",
        starts_at=starts_at,
        ends_at=ends_at,
        components=labelled_components(((name, "") for name in names if name), {}),
    )


def without_components(plain: str) -> str:
    """Return the text without the list of components at its end."""
    return plain.partition(_HEADING)[0]


def _labelled_values(plain: str) -> dict[str, str]:
    """Return the values of labelled lines, by label; of two lines with one label the first."""
    values: dict[str, str] = {}
    for label, value in _LINE.findall(plain):
        values.setdefault(label.lower(), value.strip())
    return values


def _kind(entry: Entry, title: str, values: Mapping[str, str]) -> str:
    """Return "incident", "maintenance", "other", or "" where the entry does not say what it is.

    The line for the type comes first, then the categories, then the title.
    """
    stated = _first(values, _TYPE_LABELS).lower()
    if kind := _kind_of_type(stated):
        return kind
    for category in entry.categories:
        plain = " ".join(category.lower().replace("_", " ").replace("-", " ").split())
        if plain in _INCIDENT_WORDS:
            return "incident"
        if plain in _MAINTENANCE_WORDS or plain in _OTHER_WORDS:
            return _kind_of_type(plain)
    prefix = _TITLE_TYPE.match(title)
    return _kind_of_type(prefix[1].lower()) if prefix else ""


def _kind_of_type(stated: str) -> str:
    if stated in _INCIDENT_WORDS:
        return "incident"
    if stated in _MAINTENANCE_WORDS:
        return "maintenance"
    return "other" if stated in _OTHER_TYPES or stated in _OTHER_WORDS else ""


def _schedule(values: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """Return when the incident or the maintenance begins and ends, as far as that is stated."""
    start = _first(values, _START_LABELS)
    end = _first(values, _END_LABELS)
    if not end:
        start, end = _split_range(start or _first(values, _WINDOW_LABELS))
    return read_stated_time(start), read_stated_time(end)


def _split_range(stated: str) -> tuple[str, str]:
    """Return both ends of `27 Sep 2026 01:00 - 03:00 UTC`; the second is "" where there is only one."""
    start, *rest = _RANGE.split(stated, maxsplit=1)
    if not rest:
        return stated, ""
    end = rest[0]
    hour = _HOUR.match(end)
    if hour and not read_stated_time(end):
        day = _HOUR.split(start, maxsplit=1)[0]
        end = f"{day}{end}"
    zone = end.rpartition(" ")[2]
    if read_stated_time(start) and zone.isalpha() and not start.endswith(zone):
        start = f"{start} {zone}"
    return start, end


def _category_names(entry: Entry) -> list[str]:
    return [clean_title(category) for category in entry.categories[:_MAX_NAMES]]


def _component_names(plain: str, values: Mapping[str, str]) -> list[str]:
    listed = plain.partition(_HEADING)[2]
    if listed:
        return [clean_title(_LIVE_STATE.sub("", name)) for name in listed.split("\n")]
    return [*_names(_first(values, _PART_LABELS)), *_names(_first(values, _PLACE_LABELS))]


def _names(value: str) -> list[str]:
    """Return the names of a list; none where the line is a sentence."""
    names = [clean_title(name) for name in re.split(r"[,;]\s", value)]
    if any(len(name) > _MAX_NAME for name in names) or value.endswith((".", "!", "?")):
        return []
    return names[:_MAX_NAMES]


def _first(values: Mapping[str, str], labels: Iterable[str]) -> str:
    return next((values[label] for label in labels if label in values), "")

"""Checks of a component, as monitoring software publishes them, read as troubles of the component.

A trouble begins with the first of several bad checks in a row and ends with the first of several good ones; how many
is the software's own rule. Its id is made of the component and of its first bad check. Old checks leave the list: an
open trouble that is remembered keeps its id once its beginning is not listed any more.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from operator import attrgetter

import msgspec

from statuswatch.model.incident import IncidentUpdate
from statuswatch.model.state import IncidentRecord
from statuswatch.platforms.parsing import incident_update


class Check(msgspec.Struct, frozen=True, order=True):
    """One check of a component."""

    at: datetime
    is_good: bool


class Thresholds(msgspec.Struct, frozen=True):
    """How many checks in a row begin a trouble, and how many end it."""

    bad: int
    good: int


class Trouble(msgspec.Struct, frozen=True):
    """A trouble of a component; `ended_at` is None while it lasts. `is_dated`: the list shows its beginning."""

    id: str
    began_at: datetime
    ended_at: datetime | None = None
    is_dated: bool = True

    def updates(self, status: str) -> tuple[IncidentUpdate, ...]:
        """Return its beginning under that status, and its end."""
        begin = incident_update("begin", status, None, self.began_at, None)
        end = incident_update("end", "resolved", None, self.ended_at, None) if self.ended_at else None
        return (begin, end) if end else (begin,)


def troubles(
    key: str, checks: Iterable[Check], records: Mapping[str, IncidentRecord], *, thresholds: Thresholds
) -> list[Trouble]:
    """Return the troubles that checks show, oldest first.

    One that was over before anything was remembered of it, and whose beginning is not listed, is left out: its id would
    change as the list moves on.
    """
    ordered = sorted(set(checks))
    current = _remembered(key, ordered, records)
    found: list[Trouble] = []
    for first, is_beginning_listed in _turns(ordered, thresholds):
        if first.is_good and current:
            found.append(msgspec.structs.replace(current, ended_at=first.at))
            current = None
        elif not first.is_good and not current:
            current = Trouble(f"{key}/{first.at:%Y-%m-%dT%H:%M:%SZ}", first.at, is_dated=is_beginning_listed)
    if current:
        found.append(current)
    return [trouble for trouble in found if trouble.is_dated or not trouble.ended_at]


def _turns(ordered: Iterable[Check], thresholds: Thresholds) -> Iterator[tuple[Check, bool]]:
    """Yield the first check of each row that is long enough, and whether the list shows what was before it."""
    for number, (is_good, row) in enumerate(groupby(ordered, key=attrgetter("is_good"))):
        checks = list(row)
        if len(checks) >= (thresholds.good if is_good else thresholds.bad):
            yield checks[0], number > 0


def _remembered(key: str, ordered: list[Check], records: Mapping[str, IncidentRecord]) -> Trouble | None:
    """Return the open trouble that is remembered, where its beginning is not listed."""
    for trouble_id, record in records.items():
        if trouble_id.rpartition("/")[0] != key or record.closed or not record.created_at:
            continue
        if not ordered or record.created_at < ordered[0].at:
            return Trouble(trouble_id, record.created_at)
    return None

"""A verdict of a judge, and what it judges: plain events, and hostile text through every stage of an incident."""

from __future__ import annotations

import importlib
import shutil
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from statuswatch.model.event import EventKind, Notification, PendingDelivery
from statuswatch.model.incident import Impact
from tests.support.hostile_text import ALL_SPLICES, LONG_TEXTS, MARKUP
from tests.support.sample_events import NOW, event, hostile_event, update

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TEXTS: Final = (ALL_SPLICES, MARKUP, *LONG_TEXTS)
MAX_FINDINGS: Final = 5
BROKEN: Final = "broken on purpose, and refused"


class UnavailableError(Exception):
    """A judge that cannot be had, and what would bring it."""


class Verdict(NamedTuple):
    """How many entries were judged, and what was wrong with some of them."""

    judged: str
    total: int
    findings: tuple[str, ...]

    @property
    def valid(self) -> int:
        """The number of entries without a finding."""
        return self.total - len(self.findings)


def verdict(judged: str, found: Iterable[str]) -> Verdict:
    """Return the verdict on entries, each with what is wrong with it: "" for nothing."""
    entries = list(found)
    return Verdict(judged, len(entries), tuple(entry for entry in entries if entry))


def control(found: Mapping[str, str]) -> Verdict:
    """Return the verdict on entries that are broken on purpose, each with what the judge says of it.

    One that the judge accepts is a finding: its other verdicts are worth nothing.
    """
    return verdict(BROKEN, ("" if reason else f"accepted: {name}" for name, reason in found.items()))


def package(name: str, install: str) -> Any:
    """Return a module. Raises UnavailableError where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UnavailableError(f"{name} is not installed: {install}") from None


def program(name: str, install: str) -> str:
    """Return the path of a program. Raises UnavailableError where it is not installed."""
    path = shutil.which(name)
    if path is None:
        raise UnavailableError(f"{name} is not installed: {install}")
    return path


def deliveries() -> list[PendingDelivery]:
    """Return the beginning, an update and the end of each sample incident: of every impact, and of hostile text."""
    plain = [event(impact=impact, id=f"plain-{impact}") for impact in Impact]
    hostile = []
    for number, words in enumerate(TEXTS):
        opened = hostile_event(words)
        named = msgspec.structs.replace(opened.incident, id=f"hostile-{number}")
        hostile.append(msgspec.structs.replace(opened, incident=named))
    return [PendingDelivery(stage, NOW) for opened in (*plain, *hostile) for stage in _stages(opened)]


def _stages(opened: Any) -> Iterator[Any]:
    updated = update("u3", "identified", opened.updates[-1].body, "14:40:00")
    closed = update("u4", "resolved", opened.updates[-1].body, "14:50:00")
    updates = opened.incident.updates
    for kind, unreported, status in (
        (EventKind.NEW, opened.updates, opened.incident.status),
        (EventKind.UPDATED, (updated,), "identified"),
        (EventKind.RESOLVED, (closed,), "resolved"),
    ):
        updates = (*updates, *unreported) if kind is not EventKind.NEW else updates
        incident = msgspec.structs.replace(opened.incident, status=status, updates=updates)
        key = f"{opened.page.key}/{incident.id}/{kind}/0123456789ab"
        yield msgspec.structs.replace(opened, id=key, kind=kind, incident=incident, updates=unreported)


def notifications() -> list[Notification]:
    """Return each sample event by itself, and all of them as a digest."""
    return [*(Notification((delivery,)) for delivery in deliveries()), Notification(tuple(deliveries()))]

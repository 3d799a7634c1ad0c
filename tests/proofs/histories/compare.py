"""Recordings replayed by `statuswatch replay`, and their events held against the oracle."""

from __future__ import annotations

import base64
import gzip
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from tests.proofs.histories.documents import UnreadableError, moment, read
from tests.proofs.histories.oracle import PAGE, Oracle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from tests.proofs.histories.documents import Listing
    from tests.proofs.histories.oracle import Expected

Json = dict[str, Any]


class Read(NamedTuple):
    """One run of a recording: its page, and its documents by path; `listing` is None where it failed."""

    now: datetime
    key: str
    platform: str
    listing: Listing | None


@dataclass
class Figures:
    """What one history came to."""

    name: str
    platform: str = ""
    versions: int = 0
    failed: int = 0
    suspicious: int = 0
    events: int = 0
    missing: list[str] = field(default_factory=list)
    invented: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    named: int = 0  # events that name components where the vendor names them
    nameable: int = 0

    @property
    def kept(self) -> bool:
        return not (self.missing or self.invented or self.repeated)

    def row(self) -> str:
        counts = (len(self.missing), len(self.invented), len(self.repeated))
        read = (self.versions, self.failed, self.suspicious)
        named = f"{self.named:,} of {self.nameable:,}" if self.nameable else "none named"
        cells = (self.name, self.platform, *(f"{count:,}" for count in (*read, self.events, *counts)), named)
        return f"| {' | '.join(cells)} |"


HEAD = (
    "| history | platform | versions | unreadable | suspicious | events | missing | invented | repeated "
    "| components, of events whose vendor names them |\n|---|---|---|---|---|---|---|---|---|---|\n"
)


def reads(path: Path) -> Iterator[Read]:
    """Yield the runs of a recording of one page."""
    page: Json = {}
    now = ""
    documents: dict[str, bytes] = {}
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for raw in file:
            line = json.loads(raw)
            if line["run"] != now:
                if now:
                    yield _read(page, now, documents)
                now, documents = line["run"], {}
            if line.get("pages"):
                (page,) = line["pages"]
            if line.get("page") and line.get("status") == 200:
                body = line.get("body")
                content = base64.b64decode(line["body_base64"]) if body is None else body.encode()
                documents[urlsplit(line["url"]).path] = content
    if now:
        yield _read(page, now, documents)


def _read(page: Json, now: str, documents: Mapping[str, bytes]) -> Read:
    try:
        listing = read(page["platform"], documents)
    except UnreadableError:
        listing = None
    return Read(moment(now), page["key"], page["platform"], listing)


def compare(name: str, history: Iterable[Read], events: Iterable[Json]) -> Figures:
    """Hold the events of a replay against the oracle."""
    figures = Figures(name)
    reported: dict[datetime, dict[str, Json]] = {}
    for event in events:
        figures.events += 1
        kind = event["incident"]["kind"]
        key = PAGE if kind == "page" else event["incident"]["id"]
        reported.setdefault(moment(event["detected_at"]), {})[key] = event
    ids = Counter(event["id"] for found in reported.values() for event in found.values())
    figures.repeated += [f"event {key}" for key, count in ids.items() if count > 1]
    oracle: Oracle | None = None
    carried: set[tuple[str, str]] = set()
    for one in history:
        figures.platform = one.platform
        figures.versions += 1
        figures.failed += one.listing is None
        oracle = oracle or Oracle(one.platform)
        expected = oracle.review(one.now, one.listing)
        found = reported.pop(one.now, {})
        _review(figures, oracle, one, expected, found)
        _count_names(figures, oracle, found)
        _find_repeats(figures, one.now, found, carried)
    figures.suspicious = oracle.suspicious_reads if oracle else 0
    figures.invented += [f"{now}: of no read: {key}" for now, found in reported.items() for key in found]
    return figures


def _review(
    figures: Figures, oracle: Oracle, one: Read, expected: Mapping[str, Expected], found: Mapping[str, Json]
) -> None:
    for key in expected.keys() | found.keys():
        event, want = found.get(key), expected.get(key)
        place = f"{one.now:%Y-%m-%d %H:%M:%S} {key}"
        if event is None:
            if want and want.due:
                figures.missing.append(f"{place}: {want.kind}, {_shown(want.updates)}")
        elif want is None:
            figures.invented.append(f"{place}: {event['event']} {event['changes']}, {_shown(_updates(event))}")
        elif event["event"] != want.kind or (key != PAGE and _updates(event) != want.updates):
            got = f"{event['event']} {event['changes']}, {_shown(_updates(event))}"
            figures.missing.append(f"{place}: {want.kind}, {_shown(want.updates)}; reported {got}")
        if _ends_unlisted(one, key, event, want):
            oracle.close(key, one.now)


def _ends_unlisted(one: Read, key: str, event: Json | None, want: Expected | None) -> bool:
    """Return whether an incident counts as no longer listed from now on: as reported, and as due."""
    if key == PAGE or one.listing is None or key in one.listing.incidents or want is None:
        return False
    return want.due or event is not None


def _updates(event: Json) -> frozenset[tuple[datetime, str]]:
    return frozenset((moment(update["created_at"]), update["status"]) for update in event["updates"])


def _shown(updates: Iterable[tuple[datetime, str]]) -> str:
    return ", ".join(f"{at:%m-%d %H:%M:%S} {status}" for at, status in sorted(updates)) or "no update"


def _count_names(figures: Figures, oracle: Oracle, found: Mapping[str, Json]) -> None:
    for key, event in found.items():
        before = oracle.records.get(key)
        if before and before.last.components:
            figures.nameable += 1
            figures.named += bool(event["incident"]["components"])


def _find_repeats(figures: Figures, now: datetime, found: Mapping[str, Json], carried: set[tuple[str, str]]) -> None:
    """Find updates that a second event carries, though they were not edited."""
    for key, event in found.items():
        for update in event["updates"]:
            place = (key, update["id"])
            if place in carried and "edited" not in event["changes"]:
                figures.repeated.append(f"{now:%Y-%m-%d %H:%M:%S} {key}: update {update['id']}")
            carried.add(place)


def command(path: Path) -> list[str]:
    """Return the command that replays a recording."""
    return [sys.executable, "-m", "statuswatch", "replay", str(path), "--format", "jsonl", "--quiet"]

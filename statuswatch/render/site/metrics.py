"""`metrics.prom`: the state of the pages in the text format of Prometheus.

No text of a vendor is in it: it would make a new series for every incident. Samples have no time of their own, as the
textfile collector demands; the time of the run is a sample.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from statuswatch.model.board import Board
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.report import OpenCounts, PageStatus

_IMPACTS: Final = (Impact.NONE, Impact.MINOR, Impact.MAJOR, Impact.CRITICAL, Impact.UNKNOWN)
Samples = Iterator[tuple[str, int]]  # labels and value


def render(board: Board) -> dict[str, str]:
    """Return the file of metrics."""
    return {"metrics.prom": text_of((page.status for page in board.pages), board.at)}


def text_of(statuses: Iterable[PageStatus], now: datetime) -> str:
    """Return the metrics of these pages.

    `page_read` is 0 for a page that is not known. What is open there is then absent, and not 0; but for a page of which
    only some entry could not be understood.
    """
    pages = sorted(statuses, key=lambda status: status.page.key)
    fresh = [status for status in pages if not status.stale]
    metrics: tuple[tuple[str, str, Iterable[tuple[str, int]]], ...] = (
        ("statuswatch_run_timestamp_seconds", "Time of the run, in seconds since 1970.", [("", int(now.timestamp()))]),
        (
            "statuswatch_page_read",
            "1 if the page was read and understood in full by the run, else 0.",
            [(_labels(status), int(not status.unknown)) for status in pages],
        ),
        ("statuswatch_incidents_open", "Open incidents by impact, as the vendor states it.", _incidents(fresh)),
        (
            "statuswatch_maintenance_in_progress",
            "Scheduled maintenance in progress.",
            _counts(fresh, now, lambda opened: opened.in_progress),
        ),
        (
            "statuswatch_maintenance_scheduled",
            "Scheduled maintenance to come.",
            _counts(fresh, now, lambda opened: opened.scheduled),
        ),
    )
    return "".join(_metric(name, meaning, samples) for name, meaning, samples in metrics)


def _metric(name: str, meaning: str, samples: Iterable[tuple[str, int]]) -> str:
    lines = "".join(f"{name}{labels} {value}\n" for labels, value in samples)
    return f"# HELP {name} {meaning}\n# TYPE {name} gauge\n{lines}"


def _incidents(statuses: Iterable[PageStatus]) -> Samples:
    for status in statuses:
        counts = Counter(
            record.impact if record.impact in _IMPACTS else Impact.NONE
            for record in status.open.values()
            if record.kind is not IncidentKind.MAINTENANCE and not record.closed
        )
        for impact in _IMPACTS:
            yield _labels(status, f',impact="{impact}"'), counts[impact]


def _counts(statuses: Iterable[PageStatus], now: datetime, count: Callable[[OpenCounts], int]) -> Samples:
    for status in statuses:
        yield _labels(status), count(OpenCounts.of(status.open.values(), now))


def _labels(status: PageStatus, more: str = "") -> str:
    return f'{{page="{status.page.key}"{more}}}'

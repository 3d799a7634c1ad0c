"""The ledger: figures about the incidents of a page, or of many, each with the number of cases that it rests on. Pure.

Figures are statements about what was published, not about how well a vendor works.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from statuswatch.model.board import Ledger, Spread, claimed_end, last_word_of, messages_known, span_of
from statuswatch.model.event import Change
from statuswatch.model.history import Coverage, PastIncident, Span
from statuswatch.model.incident import IncidentKind

MIN_BACKDATING: Final = timedelta(minutes=5)  # a start claimed that much earlier than it was published is backdated
_WITHOUT_WORD: Final = frozenset({Change.DELISTED, Change.EXPIRED})


def ledger_of(incidents: Iterable[PastIncident], coverage: Coverage, window: Span) -> Ledger:
    """Return the figures about the incidents of one page that began in the window."""
    return compute(incidents, window, covered=covered_part(coverage, window))


def ledger_of_all(pages: Sequence[tuple[Iterable[PastIncident], Coverage]], window: Span) -> Ledger:
    """Return the figures about the incidents of all pages; what is covered is the mean over the pages."""
    incidents = [incident for listed, _ in pages for incident in listed]
    parts = [covered_part(coverage, window) for _, coverage in pages]
    figures = compute(incidents, window, covered=sum(parts) / len(parts) if parts else 0.0)
    return msgspec.structs.replace(figures, pages=len(pages))


def compute(incidents: Iterable[PastIncident], window: Span, *, covered: float) -> Ledger:
    """Return the figures about the incidents that began in the window."""
    begun = [incident for incident in incidents if _began_in(incident, window)]
    proper = _of_kind(begun, IncidentKind.INCIDENT)
    whole = list(filter(messages_known, proper))
    live = [(hours, incident) for incident in whole if (hours := _open_hours(incident, window.end)) > 0]
    return Ledger(
        window=window,
        covered=covered,
        incidents=len(proper),
        by_impact=Counter(incident.peak_impact for incident in proper),
        maintenance=len(_of_kind(begun, IncidentKind.MAINTENANCE)),
        unreadable=len(_of_kind(begun, IncidentKind.PAGE)),
        with_updates=len(whole),
        duration=_spread_of(_duration, proper),
        publication_delay=_spread_of(_publication_delay, whole),
        detection_delay=_spread_of(_detection_delay, proper),
        messages=sum(_message_count(incident) for _, incident in live),
        message_hours=sum(hours for hours, _ in live),
        rewritten=_spread_of(_rewritten_after, begun),
        backdated=_count(_is_backdated, whole),
        withdrawn=_count(_is_withdrawn, begun),
        ended_without_word=_count(_ended_without_word, begun),
        published_after_end=_count(_is_published_after_end, whole),
    )


def spread(durations: Iterable[timedelta]) -> Spread:
    """Return median and 90th percentile (nearest rank); a duration below zero, of clocks that differ, counts as 0."""
    ordered = sorted(max(duration, timedelta()) for duration in durations)
    if not ordered:
        return Spread()
    middle = len(ordered) // 2
    median = ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
    return Spread(len(ordered), median, ordered[math.ceil(0.9 * len(ordered)) - 1])


def covered_part(coverage: Coverage, window: Span) -> float:
    """Return the part of a window that is covered, of 1."""
    if coverage.since is None or coverage.until is None or window.end <= window.begin:
        return 0.0
    whole = Span(max(coverage.since, window.begin), min(coverage.until, window.end))
    seconds = _seconds(whole)
    reached = whole.begin
    for hole in sorted(coverage.holes):
        part = Span(max(hole.begin, reached), min(hole.end, whole.end))
        seconds -= _seconds(part)
        reached = max(reached, part.end)
    return max(seconds, 0.0) / _seconds(window)


def last_word(incidents: Iterable[PastIncident]) -> datetime | None:
    """Return the time of the newest message that a vendor published; what we say of an unreadable page is none."""
    return max((last_word_of(each) for each in incidents if each.kind is not IncidentKind.PAGE), default=None)


def _seconds(span: Span) -> float:
    return max((span.end - span.begin).total_seconds(), 0.0)


def _began_in(incident: PastIncident, window: Span) -> bool:
    span = span_of(incident, window.end)
    return span is not None and window.begin <= span.begin < window.end


def _of_kind(incidents: Iterable[PastIncident], kind: IncidentKind) -> list[PastIncident]:
    return [incident for incident in incidents if incident.kind is kind]


def _count(predicate: Callable[[PastIncident], bool], incidents: Iterable[PastIncident]) -> int:
    return sum(map(predicate, incidents))


def _spread_of(duration: Callable[[PastIncident], timedelta | None], incidents: Iterable[PastIncident]) -> Spread:
    return spread(length for incident in incidents if (length := duration(incident)) is not None)


def _duration(incident: PastIncident) -> timedelta | None:
    """Return from start to end; None where the vendor stated no end."""
    return incident.ended_at - incident.started_at if incident.ended_at and not incident.end_detected else None


def _publication_delay(incident: PastIncident) -> timedelta:
    return incident.published_at - incident.started_at


def _detection_delay(incident: PastIncident) -> timedelta | None:
    """Return from the first message to our first event; None where that was not the start of the incident."""
    if incident.detected_at is None or not incident.is_start_archived:
        return None
    return incident.detected_at - incident.published_at


def _message_count(incident: PastIncident) -> int:
    """Return how many messages were published while the incident was going on."""
    end = incident.ended_at
    return sum(end is None or update.created_at <= end for update in incident.updates)


def _open_hours(incident: PastIncident, now: datetime) -> float:
    end = incident.ended_at or now
    return _seconds(Span(incident.published_at, end)) / 3600


def _rewritten_after(incident: PastIncident) -> timedelta | None:
    """Return how long after its end an incident's text was first rewritten; None where it was not."""
    times = [rewrite.detected_at for rewrite in incident.rewrites if rewrite.after_end]
    return min(times) - incident.ended_at if times and incident.ended_at else None


def _is_backdated(incident: PastIncident) -> bool:
    return _publication_delay(incident) >= MIN_BACKDATING


def _is_withdrawn(incident: PastIncident) -> bool:
    return incident.ending is Change.WITHDRAWN


def _ended_without_word(incident: PastIncident) -> bool:
    return incident.ending in _WITHOUT_WORD


def _is_published_after_end(incident: PastIncident) -> bool:
    """Return whether the first message came when, by the vendor's own closing message, all was over."""
    end = claimed_end(incident)
    return end is not None and end <= incident.published_at

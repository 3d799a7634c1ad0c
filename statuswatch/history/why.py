"""Which vendors had something open in a range of time, from the archive and from what their pages list. Pure.

An incident is laid at a vendor's door only where the vendor admits it, and a vendor of which nobody can say is never
shown as fine.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from statuswatch.history.coverage import gaps, merged
from statuswatch.model.history import Coverage, PastIncident, Span
from statuswatch.model.incident import Incident, IncidentKind
from statuswatch.model.mute import Mute
from statuswatch.model.page import UNLIMITED, Feed
from statuswatch.model.report import PageView
from statuswatch.model.why import Answer, LogMatch, Overlap, PageAnswer, WhyView
from statuswatch.rules.mutes import mute_of_incident
from statuswatch.rules.status import WORST_FIRST

ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
_ANSWERS: Final = (Answer.HAD, Answer.UNKNOWN, Answer.NOTHING)


def compose_why(
    views: Sequence[PageView],
    incidents: Iterable[PastIncident],
    span: Span,
    now: datetime,
    *,
    archived: Mapping[str, Coverage],
    named: Mapping[str, LogMatch] | None = None,
    mutes: Sequence[Mute] = (),
) -> WhyView:
    """Return the answers for these pages. `incidents` are all that is known of their past.

    `archived` is what the archive covers, by the key of the page, `named` where the log names a vendor, None where
    there is no log. What a page lists covers the range too, as far back as the list goes.
    """
    by_page: dict[str, list[PastIncident]] = {}
    for incident in incidents:
        by_page.setdefault(incident.page.key, []).append(incident)
    answers = []
    for view in views:
        page = view.status.page
        overlaps = [
            _overlap(incident, span, now, mutes)
            for incident in by_page.get(page.key, ())
            if incident.kind is not IncidentKind.PAGE and incident.overlaps(span.begin, span.end)
        ]
        unknown = unknown_parts(archived.get(page.key, Coverage()), listed_coverage(view, now), span)
        answers.append(
            PageAnswer(
                page=page,
                overlaps=tuple(sorted(overlaps, key=_worst_overlap_first)),
                unknown=unknown,
                reason=_reason(view, unknown),
                named=(named or {}).get(page.key),
            )
        )
    return WhyView(span=span, at=now, answers=tuple(sorted(answers, key=_order)), has_log=named is not None)


def unknown_parts(archived: Coverage, listed: Coverage, span: Span) -> tuple[Span, ...]:
    """Return the parts of the range that neither the archive nor the vendor's own list covers."""
    missing = [gaps(archived, gap.begin, gap.end) for gap in gaps(listed, span.begin, span.end)]
    return merged(part for parts in missing for part in parts)


def listed_coverage(view: PageView, now: datetime) -> Coverage:
    """Return how far back the page's own list of incidents goes: none where it was not read in full.

    A list shorter than its window has everything. One that is full, or of unknown window, goes back to its oldest
    entry, where no other list could hold an older one that is open. One that keeps nothing that ended says nothing of
    the past. Scheduled maintenance is not counted: vendors keep it for other times.
    """
    feed, kind = view.feed, IncidentKind.INCIDENT
    if feed is None or view.status.unknown or kind not in feed.history:
        return Coverage()
    if _is_whole(feed):
        return Coverage(ALWAYS, now)
    longer = [incident for incident in feed.longer if incident.kind is kind]
    oldest = min((incident.position for incident in (*_in_window(feed), *longer)), default=None)
    return Coverage(oldest, now) if oldest and kind not in feed.unread else Coverage()


def _is_whole(feed: Feed) -> bool:
    size = feed.window_sizes.get(IncidentKind.INCIDENT)
    return size is not None and (size >= UNLIMITED or len(_in_window(feed)) < size)


def _in_window(feed: Feed) -> list[Incident]:
    """Return the entries of the list of incidents, without those that stand outside of it."""
    listed = [incident for incident in feed.incidents if incident.kind is IncidentKind.INCIDENT]
    return [incident for incident in listed if incident.id not in feed.in_summary_only]


def _overlap(incident: PastIncident, span: Span, now: datetime, mutes: Sequence[Mute]) -> Overlap:
    begin = max(incident.active_from or incident.started_at, span.begin)
    end = max(begin, min(incident.ended_at or now, span.end))
    mute = mute_of_incident(mutes, incident.page.key, incident.id, incident.title, now)
    return Overlap(incident, Span(begin, end), mute)


def _reason(view: PageView, unknown: Sequence[Span]) -> str:
    """Return why a part of the range is not known; "" where all of it is."""
    if not unknown:
        return ""
    if view.status.unknown:
        return view.status.unknown
    return "neither the archive nor the vendor's list goes back so far"


def _worst_overlap_first(overlap: Overlap) -> tuple[bool, int, datetime, str]:
    incident = overlap.incident
    return overlap.is_maintenance, WORST_FIRST.index(incident.peak_impact), incident.started_at, incident.id


def _order(answer: PageAnswer) -> tuple[object, ...]:
    """Return the place of a vendor: named in the log or not; had, unknown, nothing; in each the worst first."""
    named, overlaps = answer.named, answer.overlaps
    is_in_error = named is not None and named.in_error
    worst = _worst_overlap_first(overlaps[0])[:2] if overlaps else (False, 0)
    begin = overlaps[0].span.begin if overlaps else ALWAYS
    return named is None, _ANSWERS.index(answer.answer), not is_in_error, *worst, begin, answer.page.key

"""Incidents of the past, for people, for programs and for spreadsheets, and what of the range is not covered."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from statuswatch.model.history import PastIncident, Span
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.render import jsonlines, phrases
from statuswatch.render.console import INDENT, indented, joined
from statuswatch.render.phrases import counted, runner_safe, runner_safe_line
from statuswatch.render.status import IMPACT_HEADINGS, IN_PROGRESS_HEADING, UNKNOWN_HEADING
from statuswatch.render.summary import MAX_KEYS

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")  # at the beginning of a cell a spreadsheet computes what follows
_COLUMNS: Final = (
    *("page", "page_name", "id", "kind", "title", "status", "impact", "peak_impact", "url", "components"),
    *("begin", "end", "seconds", "end_detected", "ending", "created_at", "published_at", "detected_at"),
    *("scheduled_for", "scheduled_until", "update_count", "rewrite_count", "changes", "filtered", "muted"),
)
_LIST_END: Final = "; "


def render(incidents: Sequence[PastIncident], gaps: Mapping[str, Sequence[Span]], width: int | None) -> list[Text]:
    """Return the lines: an incident in some lines, then what is not covered, then the counts.

    `gaps` are the parts of the range that are not covered, by the name of the page.
    """
    blocks = [[_headline(incident), _title(incident), _story(incident)] for incident in incidents]
    blocks += [[Text.assemble(_heading(UNKNOWN_HEADING), f" {line}")] for line in gap_lines(gaps)]
    lines = [line for block in blocks for line in indented(block, width)]
    return [*lines, *indented([Text(_closing(incidents, gaps), "bold")], width, 2)]


def gap_lines(gaps: Mapping[str, Sequence[Span]]) -> list[str]:
    """Return a line for each part of the range that is not covered; pages with the same one share it."""
    groups: dict[Span, list[str]] = {}
    for name, spans in gaps.items():
        for span in spans:
            groups.setdefault(span, []).append(name)
    return [
        runner_safe_line(f"not covered: {_gap(span)} ({phrases.some(names, MAX_KEYS)})")
        for span, names in sorted(groups.items())
    ]


def _gap(span: Span) -> str:
    if span.begin == span.end:
        return f"never read until {phrases.minute(span.end)}"
    return phrases.span(span.begin, span.end)


def _headline(incident: PastIncident) -> Text:
    begin = begin_of(incident)
    end = f"for {phrases.length(incident.ended_at - begin)}" if incident.ended_at else "still open"
    names = phrases.some_components(incident.components, phrases.MAX_COMPONENTS) or "not stated"
    subject = f"{incident.page.name} - {'status page' if incident.kind is IncidentKind.PAGE else names}"
    when = (f" [{phrases.minute(begin)}, {end}] ", "dim")
    return Text.assemble(_heading(_look(incident)), when, runner_safe(phrases.short(subject, phrases.MAX_TITLE)))


def _look(incident: PastIncident) -> tuple[str, str, str]:
    if incident.kind is IncidentKind.PAGE:
        return UNKNOWN_HEADING
    if incident.kind is IncidentKind.MAINTENANCE:
        sign, _, style = IN_PROGRESS_HEADING
        return sign, "DONE" if incident.ended_at else "NOW", style
    return IMPACT_HEADINGS[incident.peak_impact]


def _heading(look: tuple[str, str, str]) -> Text:
    sign, word, style = look
    return Text.assemble(f"{sign} ", (f"{word:<{INDENT - 4}}", style))


def _title(incident: PastIncident) -> Text:
    facts = [Text(runner_safe(phrases.short(incident.title, phrases.MAX_TITLE)), "bold")]
    if incident.peak_impact is Impact.UNKNOWN and incident.kind is IncidentKind.INCIDENT:
        facts.append(Text("impact not stated"))
    return joined([*facts, Text(runner_safe(incident.url))])


def _story(incident: PastIncident) -> Text:
    facts = [counted(len(incident.updates), "update"), incident.status]
    if incident.end_detected:
        facts.append(f"the vendor stated no end ({incident.ending or 'not listed any more'})")
    if incident.rewrites:
        late = sum(rewrite.after_end for rewrite in incident.rewrites)
        when = f", {late} after the end" if late else ""
        facts.append(f"{counted(len(incident.rewrites), 'text')} edited{when}")
    facts += [word for word, is_set in (("filtered", incident.filtered), ("muted", incident.muted)) if is_set]
    return Text(runner_safe_line(" · ".join(facts)), "dim")


def _closing(incidents: Sequence[PastIncident], gaps: Mapping[str, Sequence[Span]]) -> str:
    kinds = [incident.kind for incident in incidents]
    parts = [counted(kinds.count(IncidentKind.INCIDENT), "incident")]
    parts += [f"{kinds.count(IncidentKind.MAINTENANCE)} maintenance"] if IncidentKind.MAINTENANCE in kinds else []
    if unread := kinds.count(IncidentKind.PAGE):
        parts.append(f"{counted(unread, 'time')} a page could not be read")
    if count := sum(bool(spans) for spans in gaps.values()):
        parts.append(f"{counted(count, 'page')} not covered in full")
    return " · ".join(parts)


def begin_of(incident: PastIncident) -> datetime:
    """Return when an incident began; of a maintenance that never was in progress, its plan or its announcement."""
    return incident.active_from or incident.scheduled_for or incident.started_at


def jsonl(incidents: Iterable[PastIncident]) -> Iterator[str]:
    """Yield each incident as one JSON line."""
    for incident in incidents:
        yield jsonlines.encode(fields(incident)) + "\n"


def document(
    incidents: Sequence[PastIncident], gaps: Mapping[str, Sequence[Span]], now: datetime, *, problems: Sequence[str]
) -> str:
    """Return the whole answer as one JSON document on one line, without its end: `HistoryReport` describes it."""
    return jsonlines.encode(
        {
            "schema": jsonlines.SCHEMA,
            "at": jsonlines.moment(now),
            "incidents": [fields(incident) for incident in incidents],
            "not_covered": [
                {"page_name": name, "from": jsonlines.moment(span.begin), "to": jsonlines.moment(span.end)}
                for name, spans in gaps.items()
                for span in spans
            ],
            "problems": problems,
        }
    )


def fields(incident: PastIncident) -> dict[str, object]:
    """Return an incident for programs: flat, as a database loads it."""
    begin, end = begin_of(incident), incident.ended_at
    return {
        "schema": jsonlines.SCHEMA,
        "page": incident.page.key,
        "page_name": incident.page.name,
        "id": incident.id,
        "kind": incident.kind,
        "title": incident.title,
        "status": incident.status,
        "impact": incident.impact,
        "peak_impact": incident.peak_impact,
        "url": incident.url,
        "components": incident.components,
        "begin": jsonlines.moment(begin),
        "end": _moment(end),
        "seconds": int((end - begin).total_seconds()) if end else None,
        "end_detected": incident.end_detected,
        "ending": incident.ending,
        "created_at": jsonlines.moment(incident.created_at),
        "published_at": jsonlines.moment(incident.published_at),
        "detected_at": _moment(incident.detected_at),
        "scheduled_for": _moment(incident.scheduled_for),
        "scheduled_until": _moment(incident.scheduled_until),
        "update_count": len(incident.updates),
        "rewrite_count": len(incident.rewrites),
        "changes": sorted(incident.changes),
        "filtered": incident.filtered,
        "muted": incident.muted,
        "pages": incident.affected_pages,
        "updates": [jsonlines.update(update) for update in incident.updates],
        "rewrites": [
            {
                "detected_at": jsonlines.moment(rewrite.detected_at),
                "after_end": rewrite.after_end,
                "update_id": rewrite.update_id,
            }
            for rewrite in incident.rewrites
        ],
    }


def _moment(time: datetime | None) -> str | None:
    return jsonlines.moment(time) if time else None


def as_csv(incidents: Sequence[PastIncident]) -> str:
    """Return the incidents as CSV: lists are joined, and no cell is a formula."""
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for incident in incidents:
        values = fields(incident)
        writer.writerow([_cell(values[name]) for name in _COLUMNS])
    return output.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            words = _LIST_END.join(map(str, value))
        case _:
            words = str(value)
    words = runner_safe(words)
    return f"'{words}" if words.startswith(_FORMULA) else words

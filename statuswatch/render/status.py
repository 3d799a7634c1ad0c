"""What is open now, for people and for programs. An unknown page is never shown as fine."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from rich.text import Text

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.report import OpenCounts, OpenIncident, PageStatus, StatusView
from statuswatch.render import jsonlines, phrases
from statuswatch.render.console import INDENT, indented, joined
from statuswatch.render.phrases import counted, runner_safe, runner_safe_line
from statuswatch.render.summary import MAX_KEYS

Heading = tuple[str, str, str]  # sign, word, style
IMPACT_HEADINGS: Final = {
    Impact.CRITICAL: ("🔴", "CRITICAL", "bold red"),
    Impact.MAJOR: ("🔴", "MAJOR", "bold red"),
    Impact.MINOR: ("🟡", "MINOR", "bold yellow"),
    Impact.UNKNOWN: ("🟡", "UNSTATED", "bold yellow"),
    Impact.NONE: ("🟡", "NO IMPACT", "bold"),
    Impact.MAINTENANCE: ("🟡", "NO IMPACT", "bold"),  # an incident that its vendor calls nothing but maintenance
}
IN_PROGRESS_HEADING: Final = ("🔧", "NOW", "bold blue")
_SCHEDULED: Final = ("📅", "SCHEDULED", "bold")
UNKNOWN_HEADING: Final = ("❔", "UNKNOWN", "bold magenta")
_PRESENT_UNKNOWN: Final = "As of the last good read of its page: the present state is unknown"
_PAST_UNKNOWN: Final = "As far as other times tell: the state at this time is unknown"
_SILENT: Final = ("⚪", "SILENT", "bold")


def render(
    view: StatusView, now: datetime, width: int | None, *, state_file: str = "", full: bool = False
) -> list[Text]:
    """Return the lines, worst first; wrapped between words where there is a width.

    `state_file` is the file that the answer comes from, where no page was read. `full` prints all components, and a
    line for each unknown page.
    """
    lines = []
    for paragraphs in (
        *_entries(view, now, full=full),
        *_unknown_pages(view, full=full),
        *_silent_pages(view, now, full=full),
    ):
        lines += indented(paragraphs, width)
    return [*lines, *indented([_closing(view, state_file)], width, 2)]


def render_short(view: StatusView, width: int | None, *, state_file: str = "") -> list[Text]:
    """Return a line for each vendor with something open or unknown, and a line with the counts by impact."""
    closing_counts = counts_by_impact(view)
    if state_file:
        closing_counts += f" · {runner_safe_line(f'from the state file {state_file}')}"
    lines = []
    for status in sorted(view.pages, key=lambda status: _page_order(view, status)):
        ongoing = [entry for entry in (*view.incidents, *view.in_progress) if entry.page.key == status.page.key]
        if ongoing or status.unknown:
            line = _vendor(status, ongoing)
            if width is not None:
                line.truncate(width, overflow="ellipsis")
            lines.append(line)
    return [*lines, *indented([Text(closing_counts, "bold")], width, 2)]


def _page_order(view: StatusView, status: PageStatus) -> int:
    """Return the place of a page: by its worst incident, then by its maintenance; unknown pages come last."""
    ongoing = [entry.page.key for entry in (*view.incidents, *view.in_progress)]
    return ongoing.index(status.page.key) if status.page.key in ongoing else len(ongoing)


def _vendor(status: PageStatus, ongoing: Sequence[OpenIncident]) -> Text:
    """Return the line of a vendor; of what is open there, the first is the worst."""
    facts = [Text(", ".join(_impact_counts(ongoing)))]
    if status.unknown:
        facts.append(Text(runner_safe_line(f"unknown: {status.unknown}"), "magenta"))
    if ongoing:
        title = phrases.short(ongoing[0].record.title, phrases.MAX_TITLE)
        facts.append(Text(runner_safe_line(title)))
    sign = _heading(ongoing[0])[0] if ongoing else UNKNOWN_HEADING[0]
    return Text.assemble(f"{sign} ", (runner_safe_line(status.page.name), "bold"), ": ", joined(facts))


def _is_maintenance(entry: OpenIncident) -> bool:
    return entry.record.kind is IncidentKind.MAINTENANCE


def _heading(entry: OpenIncident) -> Heading:
    return IN_PROGRESS_HEADING if _is_maintenance(entry) else IMPACT_HEADINGS[entry.record.impact]


def _impact_counts(ongoing: Sequence[OpenIncident]) -> list[str]:
    """Return how many incidents of each impact there are, and how much maintenance is in progress."""
    words = [IMPACT_HEADINGS[entry.record.impact][1] for entry in ongoing if not _is_maintenance(entry)]
    ordered = dict.fromkeys(word for _, word, _ in IMPACT_HEADINGS.values())
    counts = [f"{words.count(word)} {word.lower()}" for word in ordered if word in words]
    maintenance = sum(_is_maintenance(entry) for entry in ongoing)
    return [*counts, f"{maintenance} maintenance in progress"] if maintenance else counts


def counts_by_impact(view: StatusView) -> str:
    """Return how many incidents of each impact are open, with maintenance and unknown pages."""
    parts = _impact_counts([*view.incidents, *view.in_progress])
    if not view.incidents:
        parts.insert(0, "0 open")
    if view.scheduled:
        parts.append(f"{len(view.scheduled)} scheduled")
    if view.unknown:
        parts.append(f"{counted(len(view.unknown), 'page')} unknown")
    return " · ".join(parts)


def _entries(view: StatusView, now: datetime, *, full: bool) -> Iterator[list[Text]]:
    for entry in view.incidents:
        age = phrases.ago(entry.started_at, now).removesuffix(" ago")
        at_least = "" if entry.record.created_at or age.startswith("dated") else "at least "
        yield _entry(IMPACT_HEADINGS[entry.record.impact], entry, f"open {at_least}{age}", view, now=now, full=full)
    for entry in view.in_progress:
        yield _entry(IN_PROGRESS_HEADING, entry, _progress(entry, now), view, now=now, full=full)
    for entry in view.scheduled:
        yield _entry(_SCHEDULED, entry, f"maintenance {_start(entry, now)}", view, now=now, full=full)


def _entry(
    heading: Heading, entry: OpenIncident, since: str, view: StatusView, *, now: datetime, full: bool
) -> list[Text]:
    """Return the paragraphs of one incident or maintenance; `since` says how long it is open, or when it begins."""
    record = entry.record
    max_components = phrases.UNLIMITED if full else phrases.MAX_COMPONENTS
    title = phrases.short(record.title, phrases.UNLIMITED if full else phrases.MAX_TITLE)
    facts = [
        Text(runner_safe(title), "bold"),
        Text("impact not stated" if record.impact is Impact.UNKNOWN else ""),
        Text(runner_safe(record.url or entry.page.url)),
    ]
    message = runner_safe(f" — {record.message}") if record.message else ""
    paragraphs = [
        _first(heading, phrases.affected(entry.page, record.components, max_components), since),
        joined(facts),
        Text.assemble((record.status, "bold"), message, (f" ({phrases.ago(record.last_update_at, now)})", "dim")),
    ]
    if remark := _remark(entry, view):
        paragraphs.append(Text(remark, "dim"))
    return paragraphs


def _first(heading: Heading, subject: str, fact: str) -> Text:
    sign, word, style = heading
    return Text.assemble(
        f"{sign} ", (f"{word:<{INDENT - 4}}", style), f" {runner_safe(subject)} · {runner_safe_line(fact)}"
    )


def _start(entry: OpenIncident, now: datetime) -> str:
    start = entry.record.scheduled_for
    if start is None:
        return "at a time not stated"
    return f"in {phrases.length(start - now)}, {phrases.span(start, entry.record.scheduled_until)}"


def _progress(entry: OpenIncident, now: datetime) -> str:
    """Return how far a maintenance is that has begun, as its page says or by its schedule."""
    start, end = entry.record.scheduled_for, entry.record.scheduled_until
    began = entry.record.status != "scheduled"
    if end and end <= now:
        status = "in progress" if began else "not begun"
        return f"maintenance {status} by its page, due to end at {phrases.minute(end)}"
    status = "in progress" if began or not start else f"due since {phrases.minute(start)}"
    until = f", until {phrases.minute(end)}" if end else ""
    return f"maintenance {status}{until}"


def _remark(entry: OpenIncident, view: StatusView) -> str:
    remarks = [_PAST_UNKNOWN if view.is_past else _PRESENT_UNKNOWN] if entry.stale else []
    if entry.record.absent_since:
        remarks.append(
            f"Not in the vendor's list since {phrases.minute(entry.record.absent_since)}; its end is unknown"
        )
    if view.globs and not entry.record.components:
        remarks.append(phrases.NO_COMPONENT_STATED)
    if entry.mute:
        remarks.append(phrases.muted(entry.mute))
    return " · ".join(remarks)


def _unknown_pages(view: StatusView, *, full: bool) -> Iterator[list[Text]]:
    """Yield a line for each unknown page; pages with the same reason share one, unless `full`."""
    groups: dict[str, list[PageStatus]] = {}
    for status in view.unknown:
        alone = full or len(status.open) or (status.failure and status.failure.suggested_config)
        groups.setdefault(status.page.key if alone else status.unknown, []).append(status)
    for statuses in groups.values():
        if len(statuses) == 1:
            subject = f"{statuses[0].page.name} - status page"
            yield [_first(UNKNOWN_HEADING, subject, _unknown_reason(statuses[0], view))]
        else:
            names = phrases.some((status.page.name for status in statuses), MAX_KEYS)
            yield [_first(UNKNOWN_HEADING, f"{len(statuses)} pages", f"{statuses[0].unknown} ({names})")]


def _silent_pages(view: StatusView, now: datetime, *, full: bool) -> Iterator[list[Text]]:
    """Yield a line for each page whose silence is no reassurance; with `full`, for each that is long silent."""
    for status in view.pages:
        if status.unknown or not (status.caution or (full and status.is_silent(now))):
            continue
        last = f"last word {phrases.ago(status.last_word_at, now)}" if status.last_word_at else "no word is remembered"
        reason = status.caution or "it may be calm, or abandoned"
        yield [_first(_SILENT, f"{status.page.name} - status page", f"{last}; {reason}")]


def _unknown_reason(status: PageStatus, view: StatusView) -> str:
    if view.is_past or not status.stale:
        return status.unknown
    reason = str(status.failure) if status.failure else status.suspicion
    if not status.read_before:
        return reason
    return f"{reason} · {len(status.open) or 'nothing'} open at the last good read"


def _closing(view: StatusView, state_file: str) -> Text:
    style = "bold green" if is_all_clear(view) and not state_file else "bold"
    return Text(runner_safe_line(closing(view, state_file=state_file)), style)


def is_all_clear(view: StatusView) -> bool:
    """Return whether every page asked about was read, understood and is not dormant, and nothing is open on any."""
    is_trusted = not any(status.caution for status in view.pages)
    return bool(view.pages) and is_trusted and not (view.unknown or view.incidents or view.in_progress)


def closing(view: StatusView, *, state_file: str = "") -> str:
    """Return the counts, and on how many pages they rest."""
    opened = OpenCounts(len(view.incidents), len(view.in_progress), len(view.scheduled))
    read = len(view.pages) - len(view.unknown)
    # The state file may be a month old, for a run without changes writes nothing: it never says that all is clear.
    clear = "All clear: " if is_all_clear(view) and not state_file else ""
    basis = "covered" if view.is_past else "remembered" if state_file else "read"
    parts = [
        f"{clear}{phrases.counts(opened, len(view.unknown))}",
        f"{read} of {counted(len(view.pages), 'page')} {basis}",
    ]
    if view.globs:
        hidden = f" ({view.hidden} more on other components)" if view.hidden else ""
        parts.append(f"only components {', '.join(view.globs)}{hidden}")
    if state_file:
        parts.append(f"from the state file {state_file}")
    return " · ".join(parts)


def document(view: StatusView, now: datetime, *, offline: bool) -> str:
    """Return the whole answer as one JSON document on one line, without its end: `StatusReport` describes it."""
    return jsonlines.encode(
        {
            "schema": jsonlines.SCHEMA,
            "at": jsonlines.moment(now),
            "offline": offline,
            "pages": {"asked": len(view.pages), "read": len(view.pages) - len(view.unknown)},
            "components": view.globs,
            "hidden": view.hidden,
            "unknown": [{**jsonlines.page(status.page), "reason": status.unknown} for status in view.unknown],
            "last_words": [
                {"key": status.page.key, "at": status.last_word_at and jsonlines.moment(status.last_word_at)}
                for status in view.pages
            ],
            "dormant": [status.page.key for status in view.pages if status.caution],
            "incidents": [
                {"page": jsonlines.page(entry.page), "incident": open_fields(entry)} for entry in view.entries
            ],
        }
    )


def open_fields(entry: OpenIncident) -> dict[str, object]:
    """Return the fields of an open incident: `OpenLine` describes them."""
    record = entry.record
    mute = entry.mute
    muted = {"muted": True, "muted_until": mute.until and jsonlines.moment(mute.until)} if mute else {}
    return {
        **jsonlines.incident(record.as_incident(entry.key)),
        "created_at": record.created_at and jsonlines.moment(record.created_at),
        "message": record.message,
        "last_update_at": jsonlines.moment(record.last_update_at),
        "absent_since": record.absent_since and jsonlines.moment(record.absent_since),
        "as_of_last_good_read": entry.stale,
        **muted,
    }

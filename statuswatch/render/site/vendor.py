"""One page for each vendor: its state, its days, its incidents with every message, its components and its ledger."""

from collections import defaultdict
from typing import Final

from statuswatch.model.board import Board, BoardPage, begin_of
from statuswatch.model.event import Change
from statuswatch.model.history import PastIncident
from statuswatch.model.incident import IncidentKind, IncidentUpdate
from statuswatch.model.report import OpenCounts
from statuswatch.render import phrases
from statuswatch.render.site import figures
from statuswatch.render.site.markup import (
    IMPACT_WORDS,
    age,
    anchor,
    escape,
    frame,
    joined,
    minute,
    muted_mark,
    outward,
    status_word,
    vendor_path,
)
from statuswatch.render.site.strip import axis, day_anchor, legend, runs, strip
from statuswatch.render.site.upstream import quotes

MAX_COMPONENTS: Final = 300  # of a page
MAX_INCIDENT_COMPONENTS: Final = 20
_ENDINGS: Final = {
    Change.DELISTED: "no longer listed",
    Change.WITHDRAWN: "withdrawn by the vendor",
    Change.EXPIRED: "no end stated",
}


def render(board: Board) -> dict[str, str]:
    """Return a page for each vendor."""
    return {vendor_path(page.page.key): _vendor(board, page) for page in board.pages}


def _vendor(board: Board, page: BoardPage) -> str:
    name, key = page.page.name, page.page.key
    body = f"""<h1>{escape(name)}</h1>
<p class="verdict">{_state(board, page)}</p>
<p class="dim">{joined((outward(page.page.url, page.page.url), _last_word(board, page), _coverage(page)))}</p>
<section aria-labelledby="days">
<h2 id="days">Last {phrases.counted(board.days, "day")}</h2>
{legend([page])}
{strip(board, page, "")}
<p class="dim">{axis(board)}</p>
</section>
<section aria-labelledby="incidents">
<h2 id="incidents">Incidents and maintenance</h2>
{_incidents(board, page)}
</section>
{_components(page)}<section aria-labelledby="ledger">
<h2 id="ledger">Ledger</h2>
<p class="dim">{figures.window(page.ledger)}.</p>
{figures.table(page.ledger, f"Figures of {name}")}
</section>"""
    return frame(board, f"{name} · Vendor status", body, root="../", feed=f"v/{key}.atom")


def _state(board: Board, page: BoardPage) -> str:
    status = page.status
    opened = OpenCounts.of(status.open.values(), board.at)
    if status.unknown:
        before = f" {phrases.counts(opened, 0)} at the last good read." if status.open else ""
        return f"Not known: {escape(status.unknown)}.{before}"
    return phrases.counts(opened, 0) if opened.total else "Nothing open"


def _last_word(board: Board, page: BoardPage) -> str:
    if page.last_word_at is None:
        return "no message of the vendor is known"
    silent = "; the page may be abandoned" if page.is_silent(board.at) else ""
    return f"last word {age(page.last_word_at, board.at)} ago{silent}"


def _coverage(page: BoardPage) -> str:
    since = page.coverage.since
    return f"known since {minute(since)}" if since else "no records yet"


def _incidents(board: Board, page: BoardPage) -> str:
    if not page.incidents:
        return f'<p class="dim">None in the last {phrases.counted(board.days, "day")}.</p>'
    days = defaultdict(list)
    for run in runs(page.days):
        if run.day.incident is not None:
            days[run.day.incident].append(day_anchor(board, run.first))
    return "\n".join(_incident(board, page, incident, days[number]) for number, incident in enumerate(page.incidents))


def _incident(board: Board, page: BoardPage, incident: PastIncident, days: list[str]) -> str:
    anchors = "".join(f"<span id={day}></span>" for day in days)
    title = f'<span dir="auto">{outward(incident.url, incident.title)}</span>'
    messages = "".join(_message(update) for update in reversed(incident.updates))
    listed = f"<ol>{messages}</ol>" if messages else ""
    return (
        f'<article id="{anchor(incident.id)}" class="{_style(incident)}">{anchors}<h3>{title}</h3>'
        f'<p class="dim">{joined(_facts(board, page, incident))}</p>'
        f"{quotes(board, page.page, incident, root='../')}{listed}</article>"
    )


def _style(incident: PastIncident) -> str:
    if incident.kind is IncidentKind.INCIDENT:
        return {"unknown": "unstated", "none": "notice"}.get(incident.peak_impact, incident.peak_impact)
    return "unread" if incident.kind is IncidentKind.PAGE else "maintenance"


def _facts(board: Board, page: BoardPage, incident: PastIncident) -> list[str]:
    components = escape(phrases.some_components(incident.components, MAX_INCIDENT_COMPONENTS))
    return [
        _kind(incident),
        status_word(incident.status),
        _time(board, incident),
        components,
        _ENDINGS.get(incident.ending, "") if incident.ending else "",
        _rewritten(incident),
        muted_mark(incident, muted=page.is_muted(incident)),
    ]


def _kind(incident: PastIncident) -> str:
    if incident.kind is IncidentKind.MAINTENANCE:
        return "maintenance"
    if incident.kind is IncidentKind.PAGE:
        return "page could not be read"
    now, peak = IMPACT_WORDS[incident.impact], IMPACT_WORDS[incident.peak_impact]
    return f"<b>{now.upper()}</b>" if now == peak else f"<b>{now.upper()}</b>, at its worst {peak}"


def _time(board: Board, incident: PastIncident) -> str:
    begin, end = begin_of(incident), incident.ended_at
    if incident.kind is IncidentKind.MAINTENANCE and incident.scheduled_for:
        return f"scheduled for {phrases.span(incident.scheduled_for, incident.scheduled_until)}"
    if end is None:
        return f"since {minute(begin)}, open {age(begin, board.at)}"
    noticed = ", noticed" if incident.end_detected else ""
    return f"{phrases.span(begin, end)}{noticed} ({phrases.length(end - begin)})"


def _rewritten(incident: PastIncident) -> str:
    count = sum(rewrite.after_end for rewrite in incident.rewrites)
    return f"rewritten {phrases.counted(count, 'time')} after the end" if count else ""


def _message(update: IncidentUpdate) -> str:
    claimed = ""
    if abs((update.created_at - update.display_at).total_seconds()) >= 60:
        claimed = f' <span class="dim">(dated {phrases.minute(update.display_at)})</span>'
    body = f'<p dir="auto">{escape(update.body)}</p>' if update.body else ""
    return f"<li>{minute(update.created_at)} <b>{status_word(update.status)}</b>{claimed}{body}</li>"


def _components(page: BoardPage) -> str:
    components = page.status.components
    if not components:
        return ""
    listed = escape(phrases.some((component.label for component in components), MAX_COMPONENTS))
    return (
        '<section aria-labelledby="components">\n<h2 id="components">Components</h2>\n'
        f'<p class="list" dir="auto">{listed}</p>\n</section>\n'
    )

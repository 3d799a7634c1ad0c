"""The board's front page: what is open, what is planned, what is not known, and a quiet row for each vendor."""

from collections.abc import Iterable, Sequence
from typing import Final

from statuswatch.model.board import Board, BoardPage
from statuswatch.model.history import PastIncident
from statuswatch.model.incident import Impact
from statuswatch.model.report import MIN_SILENCE, OpenCounts, OpenIncident, PageStatus
from statuswatch.render import phrases
from statuswatch.render.site.markup import (
    IMPACT_WORDS,
    age,
    anchor,
    escape,
    frame,
    joined,
    minute,
    status_word,
    vendor_path,
)
from statuswatch.render.site.strip import axis, legend, strip
from statuswatch.render.site.upstream import quotes

MAX_COMPONENTS: Final = 5
MAX_COMING: Final = 20  # maintenance to come; the calendar has all
_CALM_AND_SILENT: Final = (
    '<p class="dim">Calm or silent: the days since the last word of the page. '
    f"Silent from {MIN_SILENCE.days} days on: it may be calm, or abandoned.</p>"
)
_CLASSES: Final = {
    Impact.CRITICAL: "critical",
    Impact.MAJOR: "major",
    Impact.MINOR: "minor",
    Impact.UNKNOWN: "unstated",
    Impact.NONE: "notice",
    Impact.MAINTENANCE: "notice",
}


def render(board: Board) -> dict[str, str]:
    """Return `index.html`."""
    past = {page.page.key: {incident.id: incident for incident in page.incidents} for page in board.pages}
    body = "\n".join(
        (_verdict(board), _open(board, past), _maintenance(board, past), _not_known(board.view.unknown), _rows(board))
    )
    title = f"{counts(board)} · Vendor status"
    return {"index.html": frame(board, title, body, current="index.html")}


def counts(board: Board) -> str:
    """Return how much is open, as `status` counts."""
    view = board.view
    opened = OpenCounts(len(view.incidents), len(view.in_progress), len(view.scheduled))
    return phrases.counts(opened, len(view.unknown))


def _verdict(board: Board) -> str:
    view = board.view
    read = len(view.pages) - len(view.unknown)
    pages = phrases.counted(len(view.pages), "page")
    return (
        f'<h1 class="verdict">{counts(board)}</h1>\n'
        f'<p class="dim">{read} of {pages} read. What is not known is never counted as fine.</p>'
    )


def _section(heading: str, identity: str, content: str) -> str:
    return f'<section aria-labelledby="{identity}">\n<h2 id="{identity}">{heading}</h2>\n{content}\n</section>'


Past = dict[str, dict[str, PastIncident]]


def _open(board: Board, past: Past) -> str:
    entries = [_open_entry(board, entry, past) for entry in board.view.incidents]
    content = f'<ul class="cards">\n{"".join(entries)}</ul>' if entries else '<p class="dim">Nothing.</p>'
    return _section("Open now", "open", content)


def _open_entry(board: Board, entry: OpenIncident, past: Past) -> str:
    record, now = entry.record, board.at
    at_least = "" if record.created_at else "at least "
    listed = past.get(entry.page.key, {}).get(entry.key)
    facts = [
        f"<b>{IMPACT_WORDS[record.impact].upper()}</b>",
        _components(entry),
        f"open {at_least}{age(entry.started_at, now)}",
        phrases.counted(len(listed.updates), "message") if listed and len(listed.updates) > 1 else "",
        *_remarks(entry),
    ]
    words = _last_words(board, entry) + (quotes(board, entry.page, listed) if listed else "")
    return _card(_CLASSES[record.impact], entry, facts, words, linked=listed is not None)


def _card(style: str, entry: OpenIncident, facts: Iterable[str], words: str, *, linked: bool) -> str:
    path = vendor_path(entry.page.key)
    title = escape(phrases.short(entry.record.title, phrases.MAX_TITLE))
    if linked:
        title = f'<a href="{path}#{anchor(entry.key)}">{title}</a>'
    return (
        f'<li class="{style}"><h3><a href="{path}">{escape(entry.page.name)}</a>: <span dir="auto">{title}</span></h3>'
        f'<p class="dim">{joined(facts)}</p>{words}</li>\n'
    )


def _components(entry: OpenIncident) -> str:
    return escape(phrases.some_components((component.label for component in entry.record.components), MAX_COMPONENTS))


def _last_words(board: Board, entry: OpenIncident) -> str:
    record = entry.record
    when = f'<span class="dim">{status_word(record.status)}, {age(record.last_update_at, board.at)} ago</span>'
    quote = f'“<span dir="auto">{escape(record.message)}</span>” ' if record.message else ""
    return f"<p>{quote}{when}</p>"


def _remarks(entry: OpenIncident) -> list[str]:
    remarks = ["as of the last good read: the present state is not known"] if entry.stale else []
    if entry.record.absent_since:
        remarks.append(f"not in the vendor's list since {minute(entry.record.absent_since)}; its end is not known")
    if entry.mute:
        remarks.append(f'<span class="mark">{phrases.muted(entry.mute)}</span>')
    return remarks


def _maintenance(board: Board, past: Past) -> str:
    view = board.view
    entries = [_planned_entry(board, entry, past) for entry in (*view.in_progress, *view.scheduled[:MAX_COMING])]
    if not entries:
        return ""
    left_out = len(view.scheduled) - MAX_COMING
    more = f'<p><a href="maintenance.ics">The calendar</a> has {left_out} more.</p>' if left_out > 0 else ""
    return _section("Maintenance", "maintenance", f'<ul class="cards">\n{"".join(entries)}</ul>{more}')


def _planned_entry(board: Board, entry: OpenIncident, past: Past) -> str:
    record, now = entry.record, board.at
    listed = past.get(entry.page.key, {}).get(entry.key)
    is_coming = entry in board.view.scheduled
    schedule = phrases.span(record.scheduled_for, record.scheduled_until) if record.scheduled_for else ""
    begin = phrases.length(record.scheduled_for - now) if record.scheduled_for and is_coming else ""
    state = (f"in {begin}" if begin else "at a time not stated") if is_coming else "<b>IN PROGRESS</b>"
    facts = [state, schedule, _components(entry), *_remarks(entry)]
    return _card("coming" if is_coming else "maintenance", entry, facts, "", linked=listed is not None)


def _not_known(unknown: Sequence[PageStatus]) -> str:
    """Return the pages that are not known; those with the same reason share an entry, but all are named."""
    if not unknown:
        return ""
    groups: dict[str, list[PageStatus]] = {}
    for status in unknown:
        groups.setdefault(status.unknown, []).append(status)
    entries = "".join(_unknown_entry(reason, statuses) for reason, statuses in groups.items())
    return _section("Not known", "unknown", f'<ul class="cards">\n{entries}</ul>')


def _unknown_entry(reason: str, statuses: Sequence[PageStatus]) -> str:
    names = ", ".join(f'<a href="{vendor_path(status.page.key)}">{escape(status.page.name)}</a>' for status in statuses)
    before = sum(len(status.open) for status in statuses)
    remark = f"{before} open at the last good read" if before else "nothing open at the last good read"
    if not any(status.read_before for status in statuses):
        remark = "never read"
    return f'<li class="unread"><h3>{names}</h3><p class="dim">{joined((escape(reason), remark))}</p></li>\n'


def _rows(board: Board) -> str:
    rows = "\n".join(_row(board, page) for page in board.pages)
    head = f'<tr><th scope="col">Vendor</th><th scope="col">{axis(board)}</th><th scope="col">Now</th></tr>'
    table = f'<table class="rows"><thead class="dim">{head}</thead><tbody>\n{rows}\n</tbody></table>'
    content = f"{legend(board.pages)}\n{_CALM_AND_SILENT}\n{table}"
    return _section(f"Last {phrases.counted(board.days, 'day')}", "days", content)


def _row(board: Board, page: BoardPage) -> str:
    path = vendor_path(page.page.key)
    return (
        f'<tr><th scope="row"><a href="{path}">{escape(page.page.name)}</a></th>'
        f"<td>{strip(board, page, path)}</td><td>{word_of(board, page)}</td></tr>"
    )


def word_of(board: Board, page: BoardPage) -> str:
    """Return the state of a page in a word or two, with the days since its last word: calm and silent differ."""
    if page.status.unknown:
        return '<span class="x">not known</span>'
    opened = OpenCounts.of(page.status.open.values(), board.at)
    if opened.incidents:
        return f"<b>{opened.incidents} open</b>"
    if opened.in_progress:
        return "maintenance"
    if page.last_word_at is None:
        return "no word yet"
    days = max((board.at - page.last_word_at).days, 0)
    return f"{'silent' if page.is_silent(board.at) else 'calm'} {days} d"

"""What is open now, for people and for programs. A page of which that cannot be said is never shown as fine."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from rich.text import Text

from statuswatch.model.incident import Impact
from statuswatch.model.report import OpenIncident, PageStatus, StatusView
from statuswatch.render import jsonlines, phrases
from statuswatch.render.console import INDENT, indented
from statuswatch.render.summary import counted

MOST_NAMES: Final = 5  # of pages that could not be read, in the closing line; each has its own line above
_LABELS: Final = {
    Impact.CRITICAL: ("🔴", "CRITICAL", "bold red"),
    Impact.MAJOR: ("🔴", "MAJOR", "bold red"),
    Impact.MINOR: ("🟡", "MINOR", "bold yellow"),
    Impact.UNKNOWN: ("🟡", "UNSTATED", "bold yellow"),
    Impact.NONE: ("🟡", "NO IMPACT", "bold"),
    Impact.MAINTENANCE: ("🟡", "NO IMPACT", "bold"),  # an incident that its vendor calls nothing but maintenance
}
_NOW: Final = ("🔧", "NOW", "bold blue")
_COMING: Final = ("📅", "COMING", "bold")
_UNKNOWN: Final = ("❔", "UNKNOWN", "bold magenta")


def render(view: StatusView, now: datetime, width: int | None, *, memory: str = "") -> list[Text]:
    """The lines, worst first; wrapped between words where there is a width. `memory` is the file that all of it comes
    from, where no page was read.
    """
    return [*_blocks(view, now, width), *indented([_closing(view, memory)], width, 2)]


def _blocks(view: StatusView, now: datetime, width: int | None) -> Iterator[Text]:
    for entry in view.incidents:
        age = phrases.ago(entry.started_at, now).removesuffix(" ago")
        head = f"open {'' if entry.record.created_at or age.startswith('dated') else 'at least '}{age}"
        yield from _entry(_LABELS[entry.record.impact], entry, head, view, now, width)
    for entry in view.in_progress:
        yield from _entry(_NOW, entry, _under_way(entry, now), view, now, width)
    for entry in view.scheduled:
        start = entry.record.scheduled_for
        when = f"in {phrases.length(start - now)}, {phrases.span(start, entry.record.scheduled_until)}" if start else ""
        yield from _entry(_COMING, entry, f"maintenance {when or 'at a time not stated'}", view, now, width)
    for standing in view.unknown:
        yield from indented([_first(_UNKNOWN, f"{standing.page.name} - status page", _why(standing))], width)


def _closing(view: StatusView, memory: str) -> Text:
    return Text(_flat(closing(view, memory=memory)), "bold green" if is_all_clear(view) and not memory else "bold")


def is_all_clear(view: StatusView) -> bool:
    """Every page asked about was read and understood, and nothing is open on any."""
    return bool(view.pages) and not (view.unknown or view.incidents or view.in_progress)


def closing(view: StatusView, *, memory: str = "") -> str:
    """What all of it comes to, and on how many pages that rests."""
    asked, unknown = counted(len(view.pages), "page"), view.unknown
    read, verb = len(view.pages) - len(unknown), "known" if memory else "read"
    about = f" for {', '.join(view.globs)}" if view.globs else ""
    if view.incidents:
        pages = len({entry.page.key for entry in view.incidents})
        head = f"{counted(len(view.incidents), 'incident')} open{about} on {pages} of {asked}"
    elif is_all_clear(view) and not memory:  # what is remembered may be of last month: calm runs write nothing
        head = f"All clear{about}: {read} of {asked} {verb}, nothing open"
    elif not unknown:
        head = f"No incident open{about}: {read} of {asked} {verb}"
    elif read:
        head = f"No incident open{about} on the {read} of {asked} that {'are known' if memory else 'could be read'}"
    else:
        head = f"Nothing can be said{about}: {read} of {asked} {verb}"
    parts = [head]
    if view.in_progress or view.scheduled:
        planned = ((len(view.in_progress), "in progress"), (len(view.scheduled), "coming"))
        parts.append(f"maintenance: {', '.join(f'{count} {when}' for count, when in planned if count)}")
    if view.hidden:
        parts.append(f"{view.hidden} more open or coming on other components")
    if unknown:
        named = [f"{it.page.name} ({it.unknown})" for it in unknown[:MOST_NAMES]]
        more = f", and {len(unknown) - MOST_NAMES} more" if len(unknown) > MOST_NAMES else ""
        verb = "not known" if memory else "could not be read"
        parts.append(f"{counted(len(unknown), 'page')} {verb}: {', '.join(named)}{more}")
    if memory:
        parts.append(f"as remembered in {memory}")
    return " · ".join(parts)


def document(view: StatusView, now: datetime, *, offline: bool) -> str:
    """All of it as one JSON document on one line, without its end."""
    return jsonlines.encode(
        {
            "schema": jsonlines.SCHEMA,
            "at": jsonlines.moment(now),
            "offline": offline,
            "pages": {"asked": len(view.pages), "read": len(view.pages) - len(view.unknown)},
            "components": view.globs,
            "hidden": view.hidden,
            "unknown": [{**jsonlines.page(it.page), "reason": it.unknown} for it in view.unknown],
            "incidents": [{"page": jsonlines.page(entry.page), "incident": _fields(entry)} for entry in view.entries],
        }
    )


def _fields(entry: OpenIncident) -> dict[str, object]:
    known = entry.record
    return {
        **jsonlines.incident(known.as_incident(entry.key)),
        "created_at": known.created_at and jsonlines.moment(known.created_at),
        "message": known.message,
        "last_update_at": jsonlines.moment(known.last_update_at),
        "absent_since": known.absent_since and jsonlines.moment(known.absent_since),
        "as_of_last_good_read": entry.stale,
    }


def _entry(
    label: tuple[str, str, str], entry: OpenIncident, head: str, view: StatusView, now: datetime, width: int | None
) -> list[Text]:
    known = entry.record
    facts = (
        phrases.short(known.title, phrases.LONGEST_TITLE),
        "impact not stated" if known.impact is Impact.UNKNOWN else "",
        known.url or entry.page.url,
    )
    message = phrases.runner_safe(f" — {known.message}") if known.message else ""
    paragraphs = [
        _first(label, phrases.affected(entry.page, known.components), head),
        Text(phrases.runner_safe(" · ".join(fact for fact in facts if fact))),
        Text.assemble((known.status, "bold"), message, (f" ({phrases.ago(known.last_update_at, now)})", "dim")),
    ]
    if remark := _remark(entry, view):
        paragraphs.append(Text(remark, "dim"))
    return indented(paragraphs, width)


def _first(label: tuple[str, str, str], what: str, fact: str) -> Text:
    sign, word, style = label
    return Text.assemble(
        f"{sign} ",
        (f"{word:<{INDENT - 4}}", style),
        " ",
        (phrases.runner_safe(what), "bold"),
        phrases.runner_safe(f" · {_flat(fact)}"),
    )


def _under_way(entry: OpenIncident, now: datetime) -> str:
    """A window that has begun, as its page says or by its schedule."""
    known = entry.record
    start, end = known.scheduled_for, known.scheduled_until
    began = known.status != "scheduled"
    if end and end <= now:
        return f"maintenance {'in progress' if began else 'not begun'} by its page, due to end at {phrases.clock(end)}"
    until = f", until {phrases.clock(end)}" if end else ""
    return f"maintenance {'in progress' if began or not start else f'due since {phrases.clock(start)}'}{until}"


def _remark(entry: OpenIncident, view: StatusView) -> str:
    remarks = ["As of the last good read of its page: what it says now is not known"] if entry.stale else []
    if entry.record.absent_since:
        remarks.append("Its page lists it no longer; whether it is over shows at a later run of `check`")
    if view.globs and not entry.record.components:
        remarks.append(phrases.PASSES)
    return " · ".join(remarks)


def _why(standing: PageStatus) -> str:
    if not standing.stale:
        return standing.unknown
    count = len(standing.open)
    then = f"at its last good read {count or 'nothing'} {'were' if count > 1 else 'was'} open"
    reason = str(standing.failure) if standing.failure else standing.suspicion
    return f"{reason} · {then}" if standing.read_before else reason


def _flat(line: str) -> str:
    return phrases.runner_safe(" ".join(line.split()))

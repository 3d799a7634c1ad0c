"""The report as GitHub Markdown, for a workflow's step summary.

Bounded: GitHub drops a summary of more than 1 MiB whole.
"""

import re
from typing import Final

from statuswatch.model.event import Event
from statuswatch.model.incident import IncidentKind
from statuswatch.model.mute import Mute
from statuswatch.model.report import OpenIncident, RunReport, StatusView
from statuswatch.render import phrases
from statuswatch.render.phrases import counted
from statuswatch.render.summary import closing_line, failure_lines

MAX_SIZE: Final = 500_000  # bytes of the events
MAX_FAILURES: Final = 200  # lines
MAX_ROWS: Final = 200  # of the table of what is open
MAX_CELL: Final = 300  # characters
_PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def summary(report: RunReport, view: StatusView | None = None) -> str:
    """Return events, pages that failed, sinks with remarks, what is open, and the closing line with the counts."""
    failures = failure_lines(report.failed)
    problems = [f"- ⚠️ {text(line)}\n" for line in failures[:MAX_FAILURES]]
    if len(failures) > MAX_FAILURES:
        problems.append(f"- ⚠️ and {counted(len(failures) - MAX_FAILURES, 'more failure')}\n")
    problems += [f"- ⚠️ {text(sink.name)}: {text('; '.join(sink.remarks))}\n" for sink in report.sinks if sink.remarks]
    table = status_table(view) if view else ""
    closing = f"\n{text(closing_line(report))}\n\n"
    return "".join(["### statuswatch\n\n", *_events(report), *problems, table, closing])


def status_table(view: StatusView) -> str:
    """Return a row for each incident and maintenance that is open, worst first, then for each unknown page.

    It is empty where nothing is open and nothing unknown.
    """
    rows = [_open_row(entry) for entry in view.entries] + [
        ("unknown", status.page.name, status.unknown, "") for status in view.unknown
    ]
    if not rows:
        return ""
    cells = ["| " + " | ".join(text(phrases.short(cell, MAX_CELL)) for cell in row) + " |\n" for row in rows[:MAX_ROWS]]
    rest = f"\nand {counted(len(rows) - MAX_ROWS, 'more row')}\n" if len(rows) > MAX_ROWS else ""
    return "".join(["\n| impact | product | what | since |\n| --- | --- | --- | --- |\n", *cells, rest])


def _open_row(entry: OpenIncident) -> tuple[str, str, str, str]:
    record = entry.record
    impact = str(record.impact)
    if record.kind is IncidentKind.MAINTENANCE:
        impact = "scheduled" if record.status == "scheduled" else "maintenance"
    content = f"{record.title} ({record.status}{', muted' if entry.mute else ''})"
    product = phrases.affected(entry.page, record.components, phrases.MAX_COMPONENTS)
    return impact, product, content, phrases.minute(entry.started_at)


def _events(report: RunReport) -> list[str]:
    """Return the events, as many as fit, and how many are left out."""
    entries: list[str] = []
    size = 0
    for number, event in enumerate(report.events):
        entry = _event(event, report.muted.get(event.id))
        size += len(entry.encode())
        if size > MAX_SIZE:
            left_out = counted(len(report.events) - number, "more event")
            return [*entries, f"\n… and {left_out}; the log of the step has all of them.\n\n"]
        entries.append(entry)
    return entries


def text(plain: str) -> str:
    """Return plain text that means nothing in Markdown: no markup, HTML, link, mention or reference to an issue.

    Every ASCII punctuation mark may be escaped. GitHub looks for mentions, references and addresses after that, hence
    the word joiners.
    """
    escaped = _PUNCTUATION.sub(
        lambda mark: _ENTITIES.get(mark[1], "\\" + mark[1]), phrases.runner_safe(" ".join(plain.split()))
    )
    joined = re.sub(r"\\[@#:]", "\\g<0>\u2060", escaped)
    return re.sub(r"(?i)(?<![a-z0-9])(www|gh)(?=\\[.-])", "\\1\u2060", joined)


def _event(event: Event, mute: Mute | None) -> str:
    title, *facts, url = phrases.facts(event)
    product = phrases.product(event, phrases.MAX_COMPONENTS)
    sign = phrases.SIGNS[phrases.label(event)]
    linked = f"[{text(title) or 'open'}](<{address(url)}>)" if url else text(title)
    lines = [
        f"- {sign} **{phrases.word(event)}** {phrases.minute(event.at)} · {text(product)}<br>",
        f"  {linked}" + "".join(f" · {text(fact)}" for fact in facts),
    ]
    lines += [
        f"  - {text(status)}" + (f" — {text(message)}" if message else "")
        for status, message in phrases.statuses(event)
    ]
    if remark := phrases.remark(event):
        lines.append(f"  - {text(remark)}")
    if mute:
        lines.append(f"  - {text(phrases.muted(mute, event))}")
    return "\n".join(lines) + "\n"


def address(url: str) -> str:
    """Return an address that may stand between `<` and `>` as the target of a link, without a workflow command."""
    return re.sub(r"[<>\s\\]|(?<=##)\[", lambda mark: f"%{ord(mark[0]):02X}", url)

"""The ledger of recorded Atom feeds beside an independent count: `python -m tests.proofs.site.recorded FOLDER`.

Every copy of a feed in FOLDER is read as a run reads it, the events are archived and folded, and the figures computed.
The count takes nothing but the text of the copies, with regular expressions of its own.
"""

from __future__ import annotations

import html
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from statuswatch.history.fold import known_incidents
from statuswatch.history.ledger import compute
from statuswatch.model.history import ArchivedEvent, ArchiveReading, Span
from statuswatch.model.page import Page, PageSnapshot
from statuswatch.model.report import PageStatus, PageView
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import ParseInput
from statuswatch.render import jsonlines
from tests.support.page_timeline import START, PageTimeline

Figures = dict[str, Any]
_ENTRY = re.compile(r"<entry>(.*?)</entry>", re.DOTALL)
_MESSAGE = re.compile(
    r"<small>(\w{3}) <var data-var='date'>\s*(\d+)</var>, <var data-var='time'>(\d\d):(\d\d)</var> UTC</small><br>"
    r"<strong>([^<]*)</strong> - (.*?)</p>",
    re.DOTALL,
)


def copies(folder: Path) -> list[tuple[datetime, str]]:
    """Return the copies, oldest first, each with the time at which it is read: ten minutes after its last change."""
    found = []
    for path in sorted(folder.glob("*.atom")):
        content = path.read_text("utf-8")
        changed = re.search(r"<updated>([^<]+)</updated>", content)
        assert changed
        found.append((datetime.fromisoformat(changed[1]) + timedelta(minutes=10), content))
    return found


def ledger_figures(folder: Path) -> Figures:
    """Return the figures that the program computes."""
    timeline = PageTimeline(Page(key="github", name="GitHub", url="https://status.example", platform="rss", id="/f"))
    events, feed, now = [], None, START
    for now, content in copies(folder):
        feed = rss.parse(ParseInput(timeline.page, {"feed": content.encode()}, timeline.state))
        for event in timeline.apply((now - START).total_seconds() / 60, PageSnapshot(feed, {}, 1)):
            line = jsonlines.render(event, now)
            events.append(msgspec.json.decode(line, type=ArchivedEvent))
    view = PageView(PageStatus(page=timeline.page, read_before=True), timeline.state, feed)
    incidents = known_incidents(ArchiveReading(tuple(events)), [view])
    ledger = compute(incidents, Span(datetime(2000, 1, 1, tzinfo=UTC), now), covered=1.0)
    return {
        "incidents": ledger.incidents,
        "maintenance": ledger.maintenance,
        "with a stated end": ledger.duration.count,
        "duration, median": ledger.duration.median,
        "duration, 90th percentile": ledger.duration.percentile_90,
        "messages": ledger.messages,
        "rewritten after the end": ledger.rewritten.count,
    }


def counted_figures(folder: Path) -> Figures:
    """Return the same by a count of the text: every incident as the newest copy that has it shows it.

    What was over in the first copy and has left the last one is not known to a program that began with the first.
    """
    newest: dict[str, list[tuple[datetime, str, str]]] = {}
    rewritten: set[str] = set()
    over_at_first: set[str] = set()
    content = ""
    for number, (_, content) in enumerate(copies(folder)):
        for entry in _ENTRY.findall(content):
            key, messages = _messages(entry)
            before = {(time, status): body for time, status, body in newest.get(key, [])}
            is_over = any(status == "Resolved" for _, status in before)
            edited = any(body != before.get((time, status), body) for time, status, body in messages)
            if is_over and edited and key not in over_at_first:
                rewritten.add(key)
            if number == 0 and messages[-1][1] in ("Resolved", "Completed"):
                over_at_first.add(key)  # an edit of what was over when the page was first read is no event
            newest[key] = messages
    listed = {key for key, _ in map(_messages, _ENTRY.findall(content))}
    newest = {key: found for key, found in newest.items() if key in listed or key not in over_at_first}
    maintenance = {key for key, found in newest.items() if found[0][1] == "Scheduled"}
    newest = {key: found for key, found in newest.items() if key not in maintenance}
    ends = {
        key: next((time for time, status, _ in found if status == "Resolved"), None) for key, found in newest.items()
    }
    durations = sorted(end - newest[key][0][0] for key, end in ends.items() if end)
    return {
        "incidents": len(newest),
        "maintenance": len(maintenance),
        "with a stated end": len(durations),
        "duration, median": (durations[len(durations) // 2] + durations[(len(durations) - 1) // 2]) / 2,
        "duration, 90th percentile": durations[-(-len(durations) * 9 // 10) - 1],
        "messages": sum(
            sum(time <= (ends[key] or time) for time, *_ in found)
            for key, found in newest.items()
            if (ends[key] or datetime.max.replace(tzinfo=UTC)) > found[0][0]
        ),
        "rewritten after the end": len(rewritten),
    }


def _messages(entry: str) -> tuple[str, list[tuple[datetime, str, str]]]:
    """Return the id of an entry, and its messages, oldest first: time, status, text."""
    found = re.search(r"Incident/(\d+)", entry)
    published = re.search(r"<published>(\d{4})", entry)
    assert found and published
    messages = []
    for month, day, hour, minute, status, body in _MESSAGE.findall(html.unescape(entry)):
        time = datetime.strptime(f"{published[1]} {month} {day} {hour}:{minute} +0000", "%Y %b %d %H:%M %z")
        messages.append((time, status, body))
    return found[1], messages[::-1]


def main() -> None:
    """Print both counts of each sequence; exit 1 where they differ."""
    is_same = True
    sys.stdout.write("| sequence | figure | ledger | count |\n|---|---|---|---|\n")
    for folder in sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir()):
        ours, theirs = ledger_figures(folder), counted_figures(folder)
        for name, value in ours.items():
            is_same &= value == theirs[name]
            sys.stdout.write(f"| {folder.name} | {name} | {value} | {theirs[name]} |\n")
    sys.exit(0 if is_same else 1)


if __name__ == "__main__":
    main()

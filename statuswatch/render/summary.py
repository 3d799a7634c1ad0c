"""What a run says about itself: the closing line, the failures, and the one line that a commit carries."""

import re
from datetime import timedelta
from typing import Final

from statuswatch.model.event import Change, Event
from statuswatch.model.incident import EXPIRED
from statuswatch.model.report import PageOutcome, RunReport
from statuswatch.render import phrases

LONGEST_MESSAGE: Final = 200  # characters of a commit's subject
_VERBS: Final = {Change.DELISTED: "no longer listed", Change.WITHDRAWN: "withdrawn"}


def closing_line(report: RunReport) -> str:
    """The run in one line."""
    read = len(report.pages) - len(report.failed)
    parts = [
        *([f"shard {report.shard}"] if report.shard else []),
        f"{read} of {counted(len(report.pages), 'page')} read",
        counted(len(report.events), "event"),
        f"{report.open.total} open",
    ]
    if report.baseline:
        parts.append(f"baseline: {sum(page.open.total for page in report.baseline)} open")
    if delay := largest_delay(report):
        parts.append(f"largest delay {phrases.length(delay)}")
    if report.changed:
        parts.append("state written")
    return " · ".join(parts)


def largest_delay(report: RunReport) -> timedelta | None:
    """The longest time from a vendor's publication to our detection of it; none where nothing is told."""
    published = [update.created_at for event in report.events for update in event.updates]
    return max((report.detected_at - it for it in published), default=None)


def sink_lines(report: RunReport) -> list[str]:
    """What there is to say of the sinks: what each took or refused, or, of a run that sends nothing, would be sent."""
    lines = [
        f"{name}: would be sent {counted(len(notices), 'event')}: {', '.join(it.event.id for it in notices)}"
        for name, notices in report.due.items()
    ]
    for it in report.sinks:
        taken = [f"took {counted(it.sent, 'message')}"] if it.sent else []
        lines.append(f"{it.name}: {'; '.join([*taken, *it.remarks])}")
    return [phrases.runner_safe(" ".join(line.split())) for line in lines]


def delivery_errors(report: RunReport) -> list[str]:
    """What makes a run end with an error: who did not take everything. Nobody is too quiet to hear it."""
    waiting = [it.name for it in report.sinks if it.waiting]
    said = [f"not everything was taken by {', '.join(waiting)}; it is kept for the next run"] if waiting else []
    said += [f"GIVEN UP, never delivered to {it.name}: {', '.join(it.lost)}" for it in report.sinks if it.lost]
    return [phrases.runner_safe(" ".join(line.split())) for line in said]


def page_lines(review: PageOutcome, *, verbose: bool) -> list[str]:
    """What there is to say about one page besides its events."""
    lines = []
    if review.failure:
        lines.append(f"{review.page.key} failed: {review.failure}")
    if review.notes.suspicion:
        lines.append(
            f"{review.page.key}: {review.notes.suspicion}; nothing is told until a read half an hour later still says so"
        )
    lines += [f"{review.page.key}: skipped: {entry}" for entry in review.notes.skipped]
    lines += [f"{review.page.key}: {note}" for note in review.notes.found]
    if verbose:
        lines += [f"{review.page.key}: could not be read: {loss}" for loss in review.notes.losses]
        if not review.failure:
            lines.append(f"{review.page.key}: {'baseline, ' if review.is_baseline else ''}{review.open.total} open")
    return [phrases.runner_safe(" ".join(line.split())) for line in lines]


def commit_message(report: RunReport) -> str:
    """What happened, fit to be the subject of a commit: vendor text in it mentions nobody, closes nothing and skips
    no workflow.
    """
    if report.events:
        said = "; ".join(_said(event) for event in report.events)
        count = f"{len(report.events)} events: " if len(report.events) > 1 else ""
    elif report.baseline:
        count, said = (
            "",
            f"baseline of {counted(len(report.baseline), 'page')}, {sum(page.open.total for page in report.baseline)} open",
        )
    elif report.failed:
        names = ", ".join(commit_safe(review.page.name) for review in report.failed)
        count, said = "", f"{counted(len(report.failed), 'page')} could not be read: {names}"
    else:
        count, said = "", "nothing to tell; memory brought up to date"
    line = f"statuswatch: {count}{said}"
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 1]}…"


def commit_safe(plain: str) -> str:
    """A line in which GitHub finds no mention, reference, address or instruction."""
    plain = " ".join(plain.split()).translate(str.maketrans("@#[]", "＠＃()"))
    plain = re.sub(r"(?i)(?<![a-z0-9])(gh|www)(?=[.-])", "\\1\u2060", plain).replace("://", ":\u2060//")
    return re.sub(r"(?i)\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=\W)", "\\1\u2060", plain)


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _said(event: Event) -> str:
    ended = "no end stated" if event.incident.status == EXPIRED else str(event.kind)
    verb = next((_VERBS[change] for change in event.changes if change in _VERBS), ended)
    return f"{commit_safe(event.page.name)} {verb}: {commit_safe(event.incident.title)}"

"""What a run says about itself: the closing line, the failures, and the one line that a commit carries."""

import re
from datetime import timedelta
from typing import Final

from statuswatch.model import EXPIRED, Change, Event, PageReview, Report
from statuswatch.render import words

LONGEST_MESSAGE: Final = 200  # characters of a commit's subject
_VERBS: Final = {Change.DELISTED: "no longer listed", Change.WITHDRAWN: "withdrawn"}


def closing(report: Report) -> str:
    """The run in one line."""
    read = len(report.reviews) - len(report.failed)
    parts = [
        *([f"shard {report.shard}"] if report.shard else []),
        f"{read} of {counted(len(report.reviews), 'page')} read",
        counted(len(report.events), "event"),
        f"{report.open} open",
    ]
    if report.baseline:
        parts.append(f"baseline: {report.baseline_open} open")
    if delay := largest_delay(report):
        parts.append(f"largest delay {words.length(delay)}")
    if report.changed:
        parts.append("state written")
    return " · ".join(parts)


def largest_delay(report: Report) -> timedelta | None:
    """The longest time from a vendor's publication to our detection of it; none where nothing is told."""
    published = [update.created_at for event in report.events for update in event.updates]
    return max((report.detected_at - it for it in published), default=None)


def told(report: Report) -> list[str]:
    """What there is to say of the sinks: what each took or refused, or, of a run that sends nothing, would be sent."""
    lines = [
        f"{name}: would be sent {counted(len(notices), 'event')}: {', '.join(it.event.id for it in notices)}"
        for name, notices in report.due.items()
    ]
    for it in report.outcomes:
        taken = [f"took {counted(it.sent, 'message')}"] if it.sent else []
        lines.append(f"{it.name}: {'; '.join([*taken, *it.remarks])}")
    return [words.inert(" ".join(line.split())) for line in lines]


def untaken(report: Report) -> list[str]:
    """What makes a run end with an error: who did not take everything. Nobody is too quiet to hear it."""
    waiting = [it.name for it in report.outcomes if it.waiting]
    said = [f"not everything was taken by {', '.join(waiting)}; it is kept for the next run"] if waiting else []
    said += [f"GIVEN UP, never delivered to {it.name}: {', '.join(it.lost)}" for it in report.outcomes if it.lost]
    return [words.inert(" ".join(line.split())) for line in said]


def remarks(review: PageReview, *, verbose: bool) -> list[str]:
    """What there is to say about one page besides its events."""
    lines = []
    if review.failed:
        lines.append(f"{review.page.key} failed: {review.failed}")
    if review.suspicion:
        lines.append(
            f"{review.page.key}: {review.suspicion}; nothing is told until a read half an hour later still says so"
        )
    lines += [f"{review.page.key}: skipped: {entry}" for entry in review.skipped]
    lines += [f"{review.page.key}: {note}" for note in review.notes]
    if verbose:
        lines += [f"{review.page.key}: could not be read: {loss}" for loss in review.losses]
        if not review.failed:
            lines.append(f"{review.page.key}: {'baseline, ' if review.baseline else ''}{review.open} open")
    return [words.inert(" ".join(line.split())) for line in lines]


def message(report: Report) -> str:
    """What happened, fit to be the subject of a commit: vendor text in it mentions nobody, closes nothing and skips
    no workflow.
    """
    if report.events:
        said = "; ".join(_said(event) for event in report.events)
        count = f"{len(report.events)} events: " if len(report.events) > 1 else ""
    elif report.baseline:
        count, said = "", f"baseline of {counted(len(report.baseline), 'page')}, {report.baseline_open} open"
    elif report.failed:
        names = ", ".join(harmless(review.page.name) for review in report.failed)
        count, said = "", f"{counted(len(report.failed), 'page')} could not be read: {names}"
    else:
        count, said = "", "nothing to tell; memory brought up to date"
    line = f"statuswatch: {count}{said}"
    return line if len(line) <= LONGEST_MESSAGE else f"{line[: LONGEST_MESSAGE - 1]}…"


def harmless(plain: str) -> str:
    """A line in which GitHub finds no mention, reference, address or instruction."""
    plain = " ".join(plain.split()).translate(str.maketrans("@#[]", "＠＃()"))
    plain = re.sub(r"(?i)(?<![a-z0-9])(gh|www)(?=[.-])", "\\1\u2060", plain).replace("://", ":\u2060//")
    return re.sub(r"(?i)\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=\W)", "\\1\u2060", plain)


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _said(event: Event) -> str:
    ended = "no end stated" if event.incident.status == EXPIRED else str(event.kind)
    verb = next((_VERBS[change] for change in event.changes if change in _VERBS), ended)
    return f"{harmless(event.page.name)} {verb}: {harmless(event.incident.title)}"

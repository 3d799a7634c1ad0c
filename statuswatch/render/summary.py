"""The run in words: the closing line, the pages that failed, the sinks, and the subject of a commit."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from statuswatch.model.event import Change, Event
from statuswatch.model.incident import EXPIRED
from statuswatch.model.page import Failure, RequestNote
from statuswatch.model.report import PageOutcome, RunReport, SinkOutcome
from statuswatch.render import phrases
from statuswatch.render.phrases import counted, runner_safe_line

MAX_SUBJECT: Final = 200  # characters of a commit's subject
MAX_KEYS: Final = 8  # pages that are named in one line
MAX_REQUESTS: Final = 8  # of one page: a platform that is not configured is looked for in two dozen documents
_VERBS: Final = {Change.DELISTED: "no longer listed", Change.WITHDRAWN: "withdrawn"}


def closing_line(report: RunReport) -> str:
    """Return the run in one line."""
    read = len(report.pages) - len(report.failed)
    parts = [f"shard {report.shard}"] if report.shard else []
    parts.append(f"{read} of {counted(len(report.pages), 'page')} read")
    parts.append(counted(len(report.events), "event"))
    parts.append(phrases.counts(report.open, len(report.unknown)))
    if report.baseline:
        parts.append(f"baseline: {sum(page.open.total for page in report.baseline)} open")
    if delay := max_delay(report):
        parts.append(f"largest delay {phrases.length(delay)}")
    if report.changed:
        parts.append("state written")
    return " · ".join(parts)


def max_delay(report: RunReport) -> timedelta | None:
    """Return the longest time from a vendor's publication to our detection; None where nothing is reported."""
    published = [update.created_at for event in report.events for update in event.updates]
    return max((report.detected_at - time for time in published), default=None)


def sink_lines(report: RunReport) -> list[str]:
    """Return a line for each sink: notifications accepted and rejected; in a dry run the events it would be sent."""
    lines = []
    for name, waiting in report.due.items():
        ids = ", ".join(delivery.event.id for delivery in waiting)
        lines.append(f"{name}: would be sent {counted(len(waiting), 'event')}: {ids}")
    for name, variables in report.needed.items():
        lines.append(f"{name}: would need {', '.join(variables)}, not set in this environment")
    for sink in report.sinks:
        sent = [f"accepted {counted(sink.sent, 'notification')}"] if sink.sent else []
        lines.append(f"{sink.name}: {'; '.join([*sent, *sink.remarks])}")
    return [runner_safe_line(line) for line in lines]


def delivery_errors(report: RunReport) -> list[str]:
    """Return why the run ends with an error: a sink did not accept every event. Empty where all did."""
    failed = [sink for sink in report.sinks if sink.failed]
    errors = []
    if failed:
        names = ", ".join(f"{sink.name} ({_reason(sink)})" for sink in failed)
        errors.append(f"not every event was accepted by {names}: the next run tries again")
    errors += [_dropped(sink) for sink in report.sinks if sink.lost]
    return [runner_safe_line(error) for error in errors]


def _reason(sink: SinkOutcome) -> str:
    """Return why the last of a sink's events waits."""
    reasons = [delivery.reason for delivery in sink.waiting if delivery.reason]
    return reasons[-1] if reasons else "no reason is known"


def _dropped(sink: SinkOutcome) -> str:
    return f"GIVEN UP, never delivered to {sink.name}: {', '.join(sink.lost)}"


def failure_lines(outcomes: Sequence[PageOutcome], *, verbose: bool = False) -> list[str]:
    """Return a line for each page that failed; pages with the same reason share one, unless `verbose`."""
    failures = [(outcome.page.key, outcome.failure) for outcome in outcomes if outcome.failure]
    groups = [([key], failure) for key, failure in failures] if verbose else list(alike(failures))
    lines = []
    for pages, failure in groups:
        if len(pages) == 1:
            lines.append(f"{pages[0]} failed: {failure}")
        else:
            hint = f": {failure.hint}" if failure.hint else ""
            lines.append(f"{len(pages)} pages failed: {failure.reason} ({phrases.some(pages, MAX_KEYS)}){hint}")
    return [runner_safe_line(line) for line in lines]


def alike(failures: Sequence[tuple[str, Failure]]) -> Iterator[tuple[list[str], Failure]]:
    """Group the failures by reason and hint: yield the names and the first failure of each group.

    A failure that comes with a line of configuration stands alone, for the line is about its page.
    """
    groups: dict[tuple[str, ...], tuple[list[str], Failure]] = {}
    for name, failure in failures:
        own = (name,) if failure.suggested_config else ()
        names, _ = groups.setdefault((failure.reason, failure.hint, *own), ([], failure))
        names.append(name)
    yield from groups.values()


def page_lines(outcome: PageOutcome, *, verbose: bool) -> list[str]:
    """Return the remarks on one page besides its events and its failure; `verbose`: also every request."""
    key, notes = outcome.page.key, outcome.notes
    lines = []
    if notes.suspicion:
        lines.append(f"{key}: {notes.suspicion}: nothing is reported unless a read in 30 minutes still shows it")
    lines += [f"{key}: skipped: {entry}" for entry in notes.skipped]
    lines += [f"{key}: {note}" for note in notes.found]
    if verbose:
        lines += [f"{key}: could not be read: {loss}" for loss in notes.losses]
        lines.append(f"{key}: {_verbose_head(outcome)}")
        lines += [f"{key}: {request_line(request)}" for request in notes.requests[:MAX_REQUESTS]]
        if len(notes.requests) > MAX_REQUESTS:
            left_out = counted(len(notes.requests) - MAX_REQUESTS, "more request")
            lines.append(f"{key}: {left_out}; `statuswatch inspect` lists all of them")
    return [runner_safe_line(line) for line in lines]


def component_lines(outcomes: Sequence[PageOutcome]) -> list[str]:
    """Return a warning for each glob that matches nothing that its pages list."""
    pages: dict[str, list[str]] = {}
    for outcome in outcomes:
        for glob in outcome.notes.unmatched:
            pages.setdefault(glob, []).append(outcome.page.key)
    return [
        runner_safe_line(
            f"warning: {glob!r} in `components` matches no component ({phrases.some(keys, MAX_KEYS)}): "
            f"`statuswatch inspect {keys[0]}` lists them"
        )
        for glob, keys in pages.items()
    ]


def _verbose_head(outcome: PageOutcome) -> str:
    parts = [outcome.page.platform or "platform not configured"]
    if outcome.is_baseline:
        parts.append("baseline")
    if outcome.failure:
        parts.append("failed")
    else:
        parts.append(phrases.counts(outcome.open, 0))
    return " · ".join(parts)


def request_line(request: RequestNote) -> str:
    """Return one request: document, outcome, bytes, seconds, and "validators sent" where they were."""
    facts = [request.outcome]
    if request.size:
        facts.append(phrases.size(request.size))
    facts.append(f"{request.seconds:.2f} s")
    if request.conditional:
        facts.append("validators sent")
    return f"{request.document}: {' · '.join(facts)}"


def commit_message(report: RunReport) -> str:
    """Return the run as the subject of a commit.

    Vendor text in it mentions nobody, closes nothing and skips no workflow.
    """
    line = f"statuswatch: {_subject(report)}"
    return line if len(line) <= MAX_SUBJECT else f"{line[: MAX_SUBJECT - 1]}…"


def _subject(report: RunReport) -> str:
    if report.events:
        count = f"{len(report.events)} events: " if len(report.events) > 1 else ""
        return count + "; ".join(_event_phrase(event) for event in report.events)
    if report.baseline:
        opened = sum(page.open.total for page in report.baseline)
        return f"baseline of {counted(len(report.baseline), 'page')}, {opened} open"
    if report.failed:
        names = ", ".join(commit_safe(outcome.page.name) for outcome in report.failed)
        return f"{counted(len(report.failed), 'page')} could not be read: {names}"
    return "no event; state file updated"


def _event_phrase(event: Event) -> str:
    ended = "no end stated" if event.incident.status == EXPIRED else str(event.kind)
    verb = next((_VERBS[change] for change in event.changes if change in _VERBS), ended)
    return f"{commit_safe(event.page.name)} {verb}: {commit_safe(event.incident.title)}"


def commit_safe(plain: str) -> str:
    """Return a line in which GitHub finds no mention, reference, address or instruction."""
    plain = " ".join(plain.split()).translate(str.maketrans("@#[]", "＠＃()"))
    plain = re.sub(r"(?i)(?<![a-z0-9])(gh|www)(?=[.-])", "\\1\u2060", plain).replace("://", ":\u2060//")
    return re.sub(r"(?i)\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?=\W)", "\\1\u2060", plain)

"""Warnings that an Actions runner shows beside a run: pages that failed, and grave incidents."""

from collections.abc import Iterator
from typing import Final

from statuswatch.model.event import EventKind
from statuswatch.model.incident import IMPACT_SCALE, Impact, IncidentKind
from statuswatch.model.report import RunReport, StatusView
from statuswatch.render import phrases
from statuswatch.render.phrases import runner_safe_line
from statuswatch.render.summary import failure_lines

MAX_MESSAGE: Final = 300  # characters of one warning
_GRAVE: Final = frozenset(IMPACT_SCALE[IMPACT_SCALE.index(Impact.MAJOR) :])
_DATA: Final = str.maketrans({"%": "%25"})  # there are no line breaks left
_PROPERTY: Final = str.maketrans({"%": "%25", ":": "%3A", ",": "%2C"})


def warning(title: str, message: str) -> str:
    """Return the workflow command that shows a warning. No text in it can end it, or begin another command."""
    heading = runner_safe_line(title).translate(_PROPERTY)
    return f"::warning title={heading}::{runner_safe_line(phrases.short(message, MAX_MESSAGE)).translate(_DATA)}"


def of_report(report: RunReport) -> list[str]:
    """Return a warning for each new incident of at least major impact that is not muted, and each page that failed.

    Incidents come first: GitHub shows only the first ten warnings of a step.
    """
    grave = [
        warning(
            f"{phrases.word(event)}: {phrases.product(event, phrases.MAX_COMPONENTS)}", _joined(*phrases.facts(event))
        )
        for event in report.events
        if event.kind is EventKind.NEW and event.incident.impact in _GRAVE and event.id not in report.muted
    ]
    return [*grave, *(warning("status page not read", line) for line in failure_lines(report.failed, verbose=True))]


def of_status(view: StatusView) -> list[str]:
    """Return a warning for each open incident of at least major impact, and each page that is unknown."""
    return [*_open_incidents(view), *(warning("unknown", f"{page.page.key}: {page.unknown}") for page in view.unknown)]


def _open_incidents(view: StatusView) -> Iterator[str]:
    for entry in view.incidents:
        record = entry.record
        if record.impact in _GRAVE and record.kind is not IncidentKind.PAGE and not entry.mute:
            subject = phrases.affected(entry.page, record.components, phrases.MAX_COMPONENTS)
            yield warning(f"OPEN: {subject}", _joined(record.title, str(record.impact), record.url or entry.page.url))


def _joined(*facts: str) -> str:
    return " · ".join(fact for fact in facts if fact)

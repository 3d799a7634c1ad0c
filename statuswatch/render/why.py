"""The answer to "is it us or them?", for people, for programs and for an Actions runner.

Three answers are kept apart: they had this, nothing they admit, not known. A line of the log is never repeated.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from rich.text import Text

from statuswatch.model.event import Change
from statuswatch.model.history import PastIncident, Span
from statuswatch.model.incident import Impact
from statuswatch.model.why import Answer, Overlap, PageAnswer, WhyView
from statuswatch.render import annotation, jsonlines, phrases
from statuswatch.render.console import INDENT, indented, joined
from statuswatch.render.phrases import counted, runner_safe, runner_safe_line

MAX_NAMES: Final = 20  # vendors that admit nothing, on the console
_STYLES: Final = {
    Impact.CRITICAL: ("🔴", "bold red"),
    Impact.MAJOR: ("🔴", "bold red"),
    Impact.MINOR: ("🟡", "bold yellow"),
    Impact.UNKNOWN: ("🟡", "bold yellow"),
    Impact.NONE: ("🟡", "bold"),
    Impact.MAINTENANCE: ("🟡", "bold"),
}
_WORDS: Final = {Answer.HAD: "had something open", Answer.NOTHING: "admit nothing", Answer.UNKNOWN: "not known"}
_ENDINGS: Final = {
    Change.DELISTED: "no longer listed",
    Change.WITHDRAWN: "withdrawn by the vendor",
    Change.EXPIRED: "no end stated",
}


def render(view: WhyView, width: int | None) -> list[Text]:
    """Return the lines: vendors that the log names first, then the others, the worst first."""
    lines = [Text(f"From {phrases.minute(view.span.begin)} to {phrases.minute(view.span.end)}", "bold")]
    not_named = [answer for answer in view.answers if not answer.named]
    if view.has_log:
        lines += _named_in_log([answer for answer in view.answers if answer.named], width)
        lines += [Text("Not named in the log:", "bold")] if not_named else []
    return [*lines, *_not_named(not_named, width), *indented([Text(closing(view), "bold")], width, 2)]


def _named_in_log(answers: Sequence[PageAnswer], width: int | None) -> Iterator[Text]:
    heading = f"The log names {counted(len(answers), 'vendor')} with a status page{':' if answers else '.'}"
    yield from indented([Text(heading, "bold")], width, 2)
    for answer in answers:
        yield from _paragraphs(answer, width)


def _not_named(answers: Sequence[PageAnswer], width: int | None) -> Iterator[Text]:
    """Yield the lines of other vendors; those that admit nothing have one together."""
    for answer in answers:
        if answer.answer is not Answer.NOTHING:
            yield from _paragraphs(answer, width)
    if calm := [answer.page.name for answer in answers if answer.answer is Answer.NOTHING]:
        names = runner_safe_line(phrases.some(calm, MAX_NAMES))
        yield from indented([_first("⚪", "NOTHING", "bold", f"they admit: {names}")], width)


def closing(view: WhyView) -> str:
    """Return how many vendors have each answer."""
    counts = [(len(view.of(answer)), words) for answer, words in _WORDS.items()]
    return " · ".join(f"{count} {words}" for count, words in counts)


def _paragraphs(answer: PageAnswer, width: int | None) -> list[Text]:
    """Return the lines of one vendor: of each overlap, else of what is not known, else of nothing."""
    in_log = Text(_in_log(answer), "dim")
    if not answer.overlaps:
        return indented([_without_overlap(answer), *([in_log] if answer.named else [])], width)
    lines: list[Text] = []
    for overlap in answer.overlaps:
        lines += indented([*_overlap(answer, overlap), *([in_log] if answer.named and not lines else [])], width)
    if answer.unknown:
        lines += indented([_without_overlap(answer)], width)
    return lines


def _overlap(answer: PageAnswer, overlap: Overlap) -> Iterator[Text]:
    incident = overlap.incident
    sign, word, style = _heading(overlap)
    subject = phrases.affected_labels(answer.page, incident.components, phrases.MAX_COMPONENTS)
    yield _first(sign, word, style, f"{runner_safe(subject)} · {_span_words(overlap)}")
    title = Text(runner_safe(phrases.short(incident.title, phrases.MAX_TITLE)), "bold")
    yield joined([title, Text(_impact(overlap)), Text(runner_safe(incident.url or answer.page.url))])
    if words := overlap.last_words:
        yield Text.assemble(
            (runner_safe_line(words.status), "bold"),
            runner_safe(f" — {phrases.short(words.body, phrases.MAX_QUOTE)}"),
            (f" ({phrases.minute(words.created_at)})", "dim"),
        )
    for remark in _remarks(overlap):
        yield Text(remark, "dim")


def _heading(overlap: Overlap) -> tuple[str, str, str]:
    if overlap.is_maintenance:
        return "🔧", "IN WORK", "bold blue"
    sign, style = _STYLES[overlap.incident.peak_impact]
    return sign, "THEY HAD", style


def _impact(overlap: Overlap) -> str:
    if overlap.is_maintenance:
        return "scheduled maintenance"
    return phrases.impact(overlap.incident.peak_impact)


def _remarks(overlap: Overlap) -> Iterator[str]:
    incident = overlap.incident
    if incident.end_detected:
        yield f"{_ending(incident)}: the end is the time at which statuswatch noticed".capitalize()
    for upstream in phrases.upstream_of_past(incident):
        yield runner_safe_line(phrases.quoted(incident.page, upstream))
    if overlap.mute:
        yield phrases.muted(overlap.mute)


def _ending(incident: PastIncident) -> str:
    return _ENDINGS.get(incident.ending, "no end stated") if incident.ending else "no end stated"


def _span_words(overlap: Overlap) -> str:
    """Return when the incident was open, and for how much of the range."""
    incident = overlap.incident
    begin = incident.active_from or incident.started_at
    until = "still open" if incident.ended_at is None else f"to {_later(begin, incident.ended_at)}"
    return f"from {phrases.minute(begin)} {until} ({phrases.length(_length(overlap.span))} of the range)"


def _later(begin: datetime, end: datetime) -> str:
    return phrases.minute(end).split(" ", 1)[1] if begin.date() == end.date() else phrases.minute(end)


def _length(span: Span) -> timedelta:
    return span.end - span.begin


def _without_overlap(answer: PageAnswer) -> Text:
    name = runner_safe_line(answer.page.name)
    if not answer.unknown:
        return _first("⚪", "NOTHING", "bold", f"{name} · nothing they admit")
    spans = ", ".join(phrases.span(span.begin, span.end) for span in answer.unknown)
    return _first("❔", "UNKNOWN", "bold magenta", f"{name} · not known: {spans} ({runner_safe_line(answer.reason)})")


def _first(sign: str, word: str, style: str, fact: str) -> Text:
    return Text.assemble(f"{sign} ", (f"{word:<{INDENT - 4}}", style), f" {fact}")


def _in_log(answer: PageAnswer) -> str:
    named = answer.named
    if named is None:
        return ""
    in_error = " reports an error and" if named.in_error else ""
    return runner_safe_line(f"Line {named.line} of the log{in_error} names {named.name}")


def annotations(view: WhyView) -> list[str]:
    """Return workflow commands that show the answers beside a failed job. GitHub shows the first ten of a step."""
    return [*_warnings(view), f"::notice title=statuswatch::{runner_safe_line(closing(view)).replace('%', '%25')}"]


def _warnings(view: WhyView) -> Iterator[str]:
    for answer in view.answers:
        in_log = _in_log(answer)
        for overlap in answer.overlaps:
            kind = "maintenance" if overlap.is_maintenance else "an incident"
            incident = overlap.incident
            facts = _joined(incident.title, _impact(overlap), _span_words(overlap), incident.url, in_log)
            yield annotation.warning(f"{answer.page.name} had {kind} then", facts)
        if answer.unknown and (answer.named or not view.has_log):
            yield annotation.warning(f"{answer.page.name}: not known", _joined(answer.reason, in_log))


def _joined(*facts: str) -> str:
    return " · ".join(fact for fact in facts if fact)


def document(view: WhyView) -> str:
    """Return the whole answer as one JSON document on one line, without its end: `WhyReport` describes it."""
    return jsonlines.encode(
        {
            "schema": jsonlines.SCHEMA,
            "at": jsonlines.moment(view.at),
            **_span_fields(view.span),
            "log": view.has_log,
            "counts": {str(answer): len(view.of(answer)) for answer in _WORDS},
            "answers": [_answer_fields(answer) for answer in view.answers],
        }
    )


def _span_fields(span: Span) -> dict[str, str]:
    return {"from": jsonlines.moment(span.begin), "to": jsonlines.moment(span.end)}


def _answer_fields(answer: PageAnswer) -> dict[str, object]:
    named = answer.named
    return {
        "page": jsonlines.page(answer.page),
        "answer": answer.answer,
        "named": named and {"line": named.line, "name": named.name, "in_error": named.in_error},
        "incidents": [_overlap_fields(overlap) for overlap in answer.overlaps],
        "unknown": [_span_fields(span) for span in answer.unknown],
        "reason": answer.reason,
    }


def _overlap_fields(overlap: Overlap) -> dict[str, object]:
    incident, words = overlap.incident, overlap.last_words
    upstream = phrases.upstream_of_past(incident)
    return {
        "id": incident.id,
        "kind": incident.kind,
        "title": incident.title,
        "status": incident.status,
        "impact": incident.impact,
        "peak_impact": incident.peak_impact,
        "url": incident.url,
        "components": incident.components,
        "started_at": jsonlines.moment(incident.started_at),
        "ended_at": incident.ended_at and jsonlines.moment(incident.ended_at),
        "end_detected": incident.end_detected,
        "ending": incident.ending,
        "overlap": _span_fields(overlap.span),
        "last_words": words and jsonlines.update(words),
        **({"upstream": jsonlines.upstream(upstream)} if upstream else {}),
        **({"muted": True} if overlap.mute else {}),
    }

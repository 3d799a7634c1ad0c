"""The laws of a page, whatever its documents are."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Final

from statuswatch.model.page import Failure
from statuswatch.model.report import RunReport
from statuswatch.reading.gather import Session
from statuswatch.reading.plan import inspect
from statuswatch.render import console, jsonlines, markdown, summary
from tests.support.document_timeline import encoded, minutes_after, page_of
from tests.support.page_timeline import PageTimeline, at
from tests.support.plan_driver import run_plan
from tests.support.platform_samples import SAMPLES, assert_sound, ending

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from statuswatch.model.event import Event
    from statuswatch.model.page import Feed
    from statuswatch.model.report import PageOutcome
    from statuswatch.model.state import PageState

Documents = dict[str, bytes | None]  # by name, as they are fetched; None: the page has no such document
PATIENCE: Final = 2.0  # seconds of CPU in which any input must be understood, however slow the machine
SEPARATOR: Final = b"\x00\n"
NONE: Final = b"-"


@cache
def names(platform: str) -> tuple[str, ...]:
    """Return the names of all documents that a page has, now or later."""
    _, over, noted = ending(platform)
    return tuple(dict.fromkeys([*SAMPLES[platform].documents, *over, *noted]))


def pack(platform: str, documents: Mapping[str, bytes | None]) -> bytes:
    """Return the documents as one input of a fuzzer."""
    bodies = (documents.get(name) for name in names(platform))
    return SEPARATOR.join(NONE if body is None else body for body in bodies)


def unpack(platform: str, data: bytes) -> Documents:
    """Return the documents of an input of a fuzzer."""
    bodies = data.split(SEPARATOR, len(names(platform)) - 1)
    bodies += [NONE] * (len(names(platform)) - len(bodies))
    return {name: None if body == NONE else body for name, body in zip(names(platform), bodies, strict=True)}


@cache
def seeds(platform: str) -> tuple[Documents, ...]:
    """Return the sample, the sample once its incident is over, and each of its documents by itself."""
    stages = (SAMPLES[platform].documents, *ending(platform)[1:])
    whole = [{name: _body(stage.get(name)) for name in names(platform)} for stage in stages]
    return (*whole, *({**dict.fromkeys(names(platform)), name: body} for name, body in whole[0].items()))


def _body(document: object) -> bytes | None:
    body = encoded(document)
    assert body is None or isinstance(body, bytes)
    return body


def examine(platform: str, documents: Documents) -> bool:
    """Return whether the page was understood. Raises AssertionError where a law is broken."""
    started = time.process_time()
    feed = _feed(platform, documents)
    seconds = time.process_time() - started
    size = sum(len(body or b"") for body in documents.values())
    assert seconds < PATIENCE, f"{seconds:.1f} s for {size} bytes"
    if feed is None:
        return False
    assert_sound(feed)
    timeline = PageTimeline(page_of(SAMPLES[platform]))
    now = minutes_after(platform)
    assert _read(timeline, now, documents) == [], "a baseline gives an event"
    _assert_at_rest(timeline, now + 5, documents)
    timeline = PageTimeline(timeline.page)
    timeline.state = _first_state(platform)
    for minutes in (5, 45, 90):  # until every suspicion is settled: 4.12, 5
        _read(timeline, now + minutes, documents)
    _assert_at_rest(timeline, now + 95, documents)
    return True


def _feed(platform: str, documents: Documents) -> Feed | None:
    """Return all that a page has; None where it is refused."""
    sample = SAMPLES[platform]
    session = Session(at(minutes_after(platform)), conditional=False)
    inspection = run_plan(inspect(page_of(sample), session), documents)
    if isinstance(inspection.result, Failure):
        assert inspection.result.reason.isprintable(), "a reason that is not plain text"
        return None
    return inspection.result


@cache
def _first_state(platform: str) -> PageState | None:
    """Return the state of a page after the sample was read."""
    timeline = PageTimeline(page_of(SAMPLES[platform]))
    _read(timeline, minutes_after(platform), seeds(platform)[0])
    return timeline.state


def _assert_at_rest(timeline: PageTimeline, minutes: float, documents: Documents) -> None:
    """Assert that the same documents give no event again, and leave the state as it is.

    The second read starts from the state as another page's write would have saved it: the one after it must be at rest.
    A read that requests one document more may find something new there: these documents need not agree.
    """
    requested = _requested(timeline.outcome)
    for must_be_clean in (True, False, True):
        events = _read(timeline, minutes, documents)
        if _requested(timeline.outcome) <= requested:
            names_of_events = [(event.incident.id, str(event.kind), event.changes) for event in events]
            assert events == [], f"reported again: {names_of_events}"
            assert not (must_be_clean and timeline.outcome.dirty), "the same documents change the state"
        requested |= _requested(timeline.outcome)
        timeline.state = timeline.outcome.state


def _requested(outcome: PageOutcome) -> set[str]:
    return {request.document for request in outcome.notes.requests}


def _read(timeline: PageTimeline, minutes: float, documents: Documents) -> list[Event]:
    """Read a page as a run does, and print its events as a run does: for people, for programs, for a runner."""
    events = timeline.read_documents(minutes, documents)
    _assert_printable(timeline, at(minutes), events)
    return events


def _assert_printable(timeline: PageTimeline, now: datetime, events: list[Event]) -> None:
    outcome = timeline.outcome
    report = RunReport(detected_at=now, pages=(outcome,), events=tuple(events), changed=True)
    texts = [*summary.page_lines(outcome, verbose=True), summary.commit_message(report), markdown.summary(report)]
    for event in events:
        line = jsonlines.render(event, now)
        assert json.loads(line)["id"] == event.id
        texts += [line, *(str(row) for width in (None, 40) for row in console.render(event, width))]
    for text in texts:
        assert not any(char in text for char in "\x1b\x9b\u202e"), f"a control sequence in {text!r}"
        assert not any(line.strip().startswith("::") or "##[" in line for line in text.splitlines()), text

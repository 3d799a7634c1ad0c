"""What must hold of a page whatever its documents are."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.page import Failure, PageResult, PageSnapshot
from statuswatch.model.report import RunReport
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput
from statuswatch.render import console, jsonlines, markdown, summary
from tests.platforms.test_contract import SAMPLES, assert_sound
from tests.properties.test_platform_laws import after, encoded, ending
from tests.support.page_timeline import PageTimeline, at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from statuswatch.model.event import Event
    from statuswatch.model.page import Feed, Page
    from statuswatch.model.state import PageState

Documents = dict[str, bytes | None]  # by name, as they are fetched; None: the page has no such document
PATIENCE: Final = 2.0  # seconds of CPU in which whatever fits an input must be understood, however slow the machine
SEPARATOR: Final = b"\x00\n"
NONE: Final = b"-"


@cache
def names(platform: str) -> tuple[str, ...]:
    """Of all documents that a page has, now or later."""
    _, over, noted = ending(platform)
    return tuple(dict.fromkeys([*SAMPLES[platform].documents, *over, *noted]))


def pack(platform: str, documents: Mapping[str, bytes | None]) -> bytes:
    """As one input of a fuzzer."""
    bodies = (documents.get(name) for name in names(platform))
    return SEPARATOR.join(NONE if body is None else body for body in bodies)


def unpack(platform: str, data: bytes) -> Documents:
    bodies = data.split(SEPARATOR, len(names(platform)) - 1)
    bodies += [NONE] * (len(names(platform)) - len(bodies))
    return {name: None if body == NONE else body for name, body in zip(names(platform), bodies, strict=True)}


@cache
def seeds(platform: str) -> tuple[Documents, ...]:
    """The sample, what becomes of it, and each of its documents by itself."""
    stages = (SAMPLES[platform].documents, *ending(platform)[1:])
    whole = [{name: encoded(stage.get(name)) for name in names(platform)} for stage in stages]
    return (*whole, *({**dict.fromkeys(names(platform)), name: body} for name, body in whole[0].items()))


def examine(platform: str, documents: Documents) -> bool:
    """Whether the page was understood. Raises what must never be raised, AssertionError where a law is broken."""
    start = time.process_time()
    try:
        feed = _parsed(platform, documents, None)
    except FeedError as error:
        assert str(error).isprintable(), "a reason that is not plain text"
        return False
    finally:
        spent = time.process_time() - start
        assert spent < PATIENCE, f"{spent:.1f} s for {sum(len(body or b'') for body in documents.values())} bytes"
    assert_sound(feed)
    life = PageTimeline(_page(platform))
    now = after(SAMPLES[platform])
    assert _read(life, now, documents) == [], "a baseline tells something"
    _is_at_rest(life, now + 5, documents)
    life.memory = _begun(platform)
    for minutes in (5, 45, 90):  # until every doubt is settled: 4.12, 5
        _read(life, now + minutes, documents)
    _is_at_rest(life, now + 95, documents)
    return True


def _page(platform: str) -> Page:
    return msgspec.structs.replace(SAMPLES[platform].page, platform=platform)


def _parsed(platform: str, documents: Documents, known: PageState | None) -> Feed:
    return PLATFORMS[platform].parse(ParseInput(_page(platform), documents, known))


@cache
def _begun(platform: str) -> PageState | None:
    """What is remembered of the sample."""
    life = PageTimeline(_page(platform))
    _read(life, after(SAMPLES[platform]), seeds(platform)[0])
    return life.memory


def _is_at_rest(life: PageTimeline, minutes: float, documents: Documents) -> None:
    """What was told is not told again, and what was remembered stays as it is; where another page's write took along
    what else there is to remember, from the read after the next on.
    """
    for still in (True, False, True):
        again = _read(life, minutes, documents)
        assert again == [], f"told again: {[(it.incident.id, str(it.kind), it.changes) for it in again]}"
        assert not (still and life.review.dirty), "the same documents move the memory"
        life.memory = life.review.state


def _read(life: PageTimeline, minutes: float, documents: Documents) -> list[Event]:
    """What is told, as it is told: to people, to programs, to a runner. `Life` takes the memory through state.json."""
    answer: PageResult
    try:
        feed = _parsed(life.page.platform, documents, life.memory)
        answer = PageSnapshot(feed, {}, PLATFORMS[life.page.platform].PARSER_VERSION)
    except FeedError as error:
        answer = Failure(str(error), misread=True)
    events = life.answer(minutes, answer)
    _show(life, at(minutes), events)
    return events


def _show(life: PageTimeline, now: datetime, events: list[Event]) -> None:
    report = RunReport(detected_at=now, pages=(life.review,), events=tuple(events), changed=True)
    said = [*summary.page_lines(life.review, verbose=True), summary.commit_message(report), markdown.summary(report)]
    for event in events:
        line = jsonlines.render(event, now)
        assert json.loads(line)["id"] == event.id
        said += [line, *(str(it) for width in (None, 40) for it in console.render(event, width))]
    for text in said:
        assert not any(char in text for char in "\x1b\x9b\u202e"), f"a control sequence in {text!r}"
        assert not any(line.strip().startswith("::") or "##[" in line for line in text.splitlines()), text

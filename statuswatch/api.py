"""The Python API: the pipeline of the commands, which returns what they print.

`statuswatch` offers these functions and types; all else is private. Each function blocks until it has its answer.
Inside a running event loop it does its work on a thread of its own.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from statuswatch import pipeline
from statuswatch.config.load import load_config, working_folder
from statuswatch.config.resolve import caution
from statuswatch.config.schema import Config
from statuswatch.config.select import select_pages, sharded
from statuswatch.delivery.deliver import connect, deliver_report, rehearse
from statuswatch.errors import (
    NetworkError,
    OutputError,
    StateError,
    StatuswatchError,
    UsageError,
)
from statuswatch.model.event import Change, EventKind
from statuswatch.model.event_line import EventLine, IncidentLine, PageLine, UpdateLine, UpstreamLine
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.report import RunReport
from statuswatch.model.report_line import (
    CheckReport,
    ListedLine,
    OpenEntry,
    OpenLine,
    PageCounts,
    PageReport,
    SinkReport,
    StatusReport,
    UnknownPage,
)
from statuswatch.render import jsonlines
from statuswatch.render import page as page_document
from statuswatch.render import status as status_document
from statuswatch.render.summary import delivery_errors
from statuswatch.rules.status import status_view

__all__ = [
    "Change",
    "CheckReport",
    "EventKind",
    "EventLine",
    "Impact",
    "IncidentKind",
    "IncidentLine",
    "ListedLine",
    "NetworkError",
    "OpenEntry",
    "OpenLine",
    "OutputError",
    "PageCounts",
    "PageLine",
    "PageReport",
    "SinkReport",
    "StateError",
    "StatusReport",
    "StatuswatchError",
    "UnknownPage",
    "UpdateLine",
    "UpstreamLine",
    "UsageError",
    "check",
    "read",
    "status",
]

T = TypeVar("T")
Handler = Callable[[tuple[EventLine, ...]], None]


def read(page: str, *, config: Path | str | None = None) -> PageReport:
    """Read one page now: a key, an alias, a name or an address. Nothing is reported or written.

    `config` is the configuration file, else the one that the command would find. A page that cannot be read is no
    error: `unknown` is why. Raises UsageError and StateError.
    """
    return _off_the_loop(lambda: _read(page, config))


def status(config: Path | str | None = None, *, pages: Sequence[str] = (), offline: bool = False) -> StatusReport:
    """Return what is open now on the configured pages, or on those named. Nothing is reported or written.

    With `offline` no page is read: the answer is what the state file remembers. Raises UsageError, StateError, and
    NetworkError where no page answered at all.
    """
    return _off_the_loop(lambda: _status(config, pages, offline=offline))


def check(
    config: Path | str | None = None,
    *,
    pages: Sequence[str] = (),
    announce_open: bool = False,
    dry_run: bool = False,
    on_events: Handler | None = None,
) -> CheckReport:
    """Do what the command `check` does, without printing, and return the events.

    `on_events` is called with them before anything is delivered or saved: what it raises ends the run, and the next
    one reports the same events again, with the same ids. What a sink did not accept is in `rejections`, and is no
    error. Raises UsageError, StateError, and NetworkError where no page answered at all.
    """
    return _off_the_loop(lambda: _check(config, pages, on_events, announce_open=announce_open, dry_run=dry_run))


def _off_the_loop(work: Callable[[], T]) -> T:
    """Do the work, on a thread of its own where an event loop is running on this one: no loop runs inside another."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return work()
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def _settings(config: Path | str | None, words: Sequence[str]) -> Config:
    if isinstance(words, str):
        raise UsageError(f"pages is {words!r}: give a list of keys, aliases or addresses")
    settings = load_config(None if config is None else Path(config), os.environ, working_folder())
    return sharded(select_pages(settings, words) if words else settings, None)


def _read(word: str, config: Path | str | None) -> PageReport:
    settings = _settings(config, [word])
    now = datetime.now(UTC)
    (view,) = pipeline.read_views(pipeline.run_of(settings, [word]), now)
    opened = status_view([view.status], now, mutes=settings.mutes)
    encoded = page_document.document(view, opened, now, caution=caution(view.status.page))
    return msgspec.json.decode(encoded, type=PageReport)


def _status(config: Path | str | None, words: Sequence[str], *, offline: bool) -> StatusReport:
    settings = _settings(config, words)
    now = datetime.now(UTC)
    run = pipeline.run_of(settings, words)
    view = status_view(
        pipeline.recall_status(run) if offline else pipeline.read_status(run, now), now, mutes=settings.mutes
    )
    if not (offline or view.reached_anyone):
        raise NetworkError("no page answered at all: check your own network")
    return msgspec.json.decode(status_document.document(view, now, offline=offline), type=StatusReport)


def _check(
    config: Path | str | None, words: Sequence[str], on_events: Handler | None, *, announce_open: bool, dry_run: bool
) -> CheckReport:
    settings = _settings(config, words)
    dry_run |= settings.single_look
    now = datetime.now(UTC)
    run = pipeline.run_of(settings, words, announce_open=announce_open)
    if dry_run:
        run = pipeline.without_writing(run)
        deliver = rehearse(settings.notify, os.environ, settings.mutes)
    else:
        deliver = deliver_report(
            connect(settings.notify, os.environ), partial=run.partial, pages=run.pages, mutes=settings.mutes
        )
    report = pipeline.check(run, now, lambda found: on_events(_lines(found)) if on_events else None, deliver)
    if not report.reached_anyone:
        raise NetworkError("no page answered at all; nothing was reported, nothing was written: check your own network")
    view = status_view(pipeline.report_statuses(run, report), now, mutes=settings.mutes)
    opened = msgspec.json.decode(status_document.document(view, now, offline=False), type=StatusReport)
    return CheckReport(
        schema=jsonlines.SCHEMA,
        at=opened.at,
        events=_lines(report),
        status=opened,
        baseline=tuple(outcome.page.key for outcome in report.baseline),
        changed=report.changed,
        sinks=tuple(SinkReport(sink.name, sink.sent, len(sink.waiting), sink.held) for sink in report.sinks),
        rejections=tuple(delivery_errors(report)),
    )


def _lines(report: RunReport) -> tuple[EventLine, ...]:
    lines = (jsonlines.render(event, report.detected_at, muted=event.id in report.muted) for event in report.events)
    return tuple(msgspec.json.decode(line, type=EventLine) for line in lines)

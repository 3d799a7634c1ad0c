"""One run: load, read, print, deliver, archive, save. The order is the promise: at least once."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from statuswatch.config.schema import Config
from statuswatch.model.event import Event
from statuswatch.model.incident import Impact
from statuswatch.model.page import Feed, Page
from statuswatch.model.report import Delivery, PageOutcome, PageStatus, PageView, RunReport, SinkOutcome
from statuswatch.model.state import ALL_PAGES, ARCHIVE, EncodedPage, PageState, State
from statuswatch.net.client import ClientFactory, connect_to
from statuswatch.net.http import open_network
from statuswatch.reading.part import Keep, Part, decode_state, read_part
from statuswatch.reading.private import with_headers
from statuswatch.reading.reader import ReadOptions, ignore_outcome
from statuswatch.recording.recorder import NoRecorder, Recorder, RunStart
from statuswatch.rules.filters import is_reported
from statuswatch.rules.mutes import muted_events
from statuswatch.rules.shared_fate import Settlement, WatchedPage, settle_failures
from statuswatch.rules.status import page_status, remembered_status, with_shared_failures
from statuswatch.state import (
    MemoryState,
    ReadOnlyState,
    ShardStateFile,
    StateFile,
    StateStore,
    decode_page,
    encode_page,
    joined_state,
)


class LastReads:
    """The last reads of a process that watches. A pass reads what is due, and decides with them on shared fate.

    What the state says of a page is decoded again only where it changed.
    """

    def __init__(self) -> None:
        self._times: dict[str, datetime] = {}
        self._found: dict[str, tuple[Page, EncodedPage | None, WatchedPage]] = {}

    def note(self, outcomes: Sequence[PageOutcome], now: datetime) -> None:
        """Note the reads of a pass whose state counts."""
        self._times |= {outcome.page.key: now for outcome in outcomes}

    def times(self, keys: Iterable[str]) -> list[datetime]:
        """Return when these pages were read, those that were."""
        return [self._times[key] for key in keys if key in self._times]

    def find(self, page: Page, after: State, name: str) -> WatchedPage:
        """Return a page that this pass does not read. Raises StateError."""
        encoded = after.pages.get(page.key)
        read_at = self._times.get(page.key)
        known_page, known_state, watched = self._found.get(page.key, (None, None, None))
        if watched is None or known_page is not page or known_state is not encoded:
            watched = _unread_page(page, decode_state(page, after.pages, name))
        elif watched.read_at is read_at:
            return watched  # as for most pages at most passes
        watched = watched._replace(was_read=read_at is not None, read_at=read_at)
        self._found[page.key] = page, encoded, watched
        return watched


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What a run reads, how it reaches it, and where its state lives.

    `partial`: it leaves out pages of the configuration, so that nothing is forgotten. `last_reads` are those of the
    process that watches: a page that it read before counts as read. `archive` is the folder to
    which events are appended.
    """

    config: Config
    pages: tuple[Page, ...]
    store: StateStore
    options: ReadOptions
    connect: ClientFactory | None = None  # by default over the network
    recorder: Recorder = NoRecorder()
    partial: bool = False
    jobs: int = 1  # how many processes read
    last_reads: LastReads | None = None
    archive: Path | None = None


_NO_RECORDER: Final = NoRecorder()


def run_of(
    config: Config,
    keys: Sequence[str] = (),
    recorder: Recorder = _NO_RECORDER,
    *,
    conditional: bool = True,
    jobs: int = 1,
    **options: Any,
) -> Run:
    """Return a run over the configured pages, or over those of some keys. `options` are those of `ReadOptions`."""
    pages = config.chosen(keys)
    return Run(
        config=config,
        pages=pages,
        store=_read_store(config) or state_store(config, pages),
        options=ReadOptions(
            timeout=config.timeout,
            deadline=config.deadline,
            concurrency=config.concurrency,
            conditional=conditional and not recorder.needs_bodies,
            **options,
        ),
        recorder=recorder,
        partial=bool(keys),
        jobs=min(jobs, len(pages), config.concurrency),
        archive=config.history,
    )


def without_writing(run: Run) -> Run:
    """Return the run of which neither the state file nor the archive learns anything."""
    return msgspec.structs.replace(run, store=ReadOnlyState(run.store), archive=None)


Printer = Callable[[RunReport], None]
Deliver = Callable[[RunReport, State], Delivery]


def check(run: Run, now: datetime, print_events: Printer, deliver: Deliver) -> RunReport:
    """Run once. Where no page answered at all, nothing is printed, delivered or saved: see `RunReport.reached_anyone`.

    Raises StateError and NetworkError. What `print_events` raises ends the run before anything is delivered or saved.
    """
    started = time.monotonic()
    with run.store.locked() as store:
        before = store.load()
        outcomes, after = read_all(run, before, now)
        settlement = settle_failures(watched_pages(run, outcomes, after), before.shared, now)
        report = compose_report(run, outcomes, settlement, after, now)
        if report.reached_anyone:
            print_events(report)
            report = report.delivered(_deliver(deliver, report, before))
            report = report.archived(_archive(run, report, before))
            report = msgspec.structs.replace(report, changed=report.dirty and store.save(report.state))
    return msgspec.structs.replace(report, seconds=time.monotonic() - started)


def _deliver(deliver: Deliver, report: RunReport, before: State) -> Delivery:
    """Deliver to the sinks: what waits for the archive is none of theirs."""
    waiting = {name: queue for name, queue in before.outbox.items() if name == ARCHIVE}
    if not waiting:
        return deliver(report, before)
    rest = {name: queue for name, queue in before.outbox.items() if name != ARCHIVE}
    delivery = deliver(report, msgspec.structs.replace(before, outbox=rest))
    return msgspec.structs.replace(delivery, outbox={**delivery.outbox, **waiting})


def _archive(run: Run, report: RunReport, before: State) -> SinkOutcome:
    """Append the events of the run to the archive, after those that wait for it. A dry run leaves them there."""
    waiting = before.outbox.get(ARCHIVE, ())
    if run.archive is None and run.config.history is not None:
        return SinkOutcome(ARCHIVE, waiting=waiting)
    if not (waiting or (run.archive and (report.events or report.filtered))):
        return SinkOutcome(ARCHIVE)
    from statuswatch.delivery.archiving import archive_report

    return archive_report(run.archive, report, waiting, run.config.mutes)


def read_status(run: Run, now: datetime) -> tuple[PageStatus, ...]:
    """Read the pages as `check` does, and return what is open. Nothing is reported or written. Raises StateError."""
    before = run.store.load()
    outcomes, after = read_all(run, before, now)
    statuses = [page_status(entry, decode_state(entry.page, after.pages, run.store.name)) for entry in outcomes]
    return with_shared_failures(statuses, before.shared)


def report_statuses(run: Run, report: RunReport) -> tuple[PageStatus, ...]:
    """Return what is open on each page after a run that is over: as it was just read, or as it is remembered."""
    read = {outcome.page.key: outcome for outcome in report.pages}
    statuses = []
    for page in run.pages:
        state = decode_state(page, report.state.pages, run.store.name)
        outcome = read.get(page.key)
        statuses.append(page_status(outcome, state) if outcome else remembered_status(page, state))
    return with_shared_failures(statuses, report.state.shared)


def read_views(run: Run, now: datetime) -> tuple[PageView, ...]:
    """Read the pages as `check` does, in full, and return all that their lists show. Nothing is reported or written.

    Unlike a run of `check` it holds every page in memory. Raises StateError.
    """
    feeds: dict[str, Feed | None] = {}

    def keep_feed(outcome: PageOutcome) -> None:
        feeds[outcome.page.key] = outcome.feed
        run.options.on_page(outcome)

    before = run.store.load()
    options = msgspec.structs.replace(run.options, on_page=keep_feed, conditional=False, brief=False)
    outcomes, after = read_all(msgspec.structs.replace(run, options=options), before, now)
    views = []
    for outcome in outcomes:
        page = outcome.page
        state = decode_state(page, after.pages, run.store.name)
        status = page_status(outcome, state)
        known_until = now if state and not status.unknown else _known_until(state, before, page)
        views.append(PageView(status, state, feeds[page.key], known_until))
    return _with_shared(views, before)


def recall_views(run: Run) -> tuple[PageView, ...]:
    """Return what the state file remembers of the pages, without reading one. Raises StateError."""
    before = run.store.load()
    views = []
    for page in run.pages:
        state = decode_state(page, before.pages, run.store.name)
        known_until = _known_until(state, before, page)
        views.append(PageView(remembered_status(page, state), state, known_until=known_until))
    return _with_shared(views, before)


def _known_until(state: PageState | None, before: State, page: Page) -> datetime | None:
    return state.known_until(before.last_read(page.key)) if state else None


def _with_shared(views: Sequence[PageView], before: State) -> tuple[PageView, ...]:
    statuses = with_shared_failures([view.status for view in views], before.shared)
    return tuple(msgspec.structs.replace(view, status=status) for view, status in zip(views, statuses, strict=True))


def recall_status(run: Run) -> tuple[PageStatus, ...]:
    """Return what the state file says is open, without reading a page. Raises StateError."""
    return tuple(view.status for view in recall_views(run))


def _read_store(config: Config) -> StateStore | None:
    """Return what the files of all shards hold, for a command that only reads; None where one file is the run's."""
    if config.shard or not config.state_files:
        return None
    return MemoryState(joined_state(config.state_files), str(config.state))


def state_store(config: Config, pages: tuple[Page, ...]) -> StateFile:
    """Return where the configuration keeps the state of the pages."""
    if config.shard and config.state_files:
        return ShardStateFile(config.shard, config.state_files, (page.key for page in pages))
    return StateFile(config.state)


def read_all(run: Run, before: State, now: datetime) -> tuple[tuple[PageOutcome, ...], State]:
    """Read the pages of the run; return what each came to, and the state after it.

    The new state of a page is encoded as soon as the page is read: no more than the pages in flight are in memory.
    """
    states = dict(before.pages)
    outcomes: dict[str, PageOutcome] = {}

    def keep(outcome: PageOutcome, state: bytes | None) -> None:
        if state is not None:
            states[outcome.page.key] = state
        outcomes[outcome.page.key] = msgspec.structs.replace(outcome, state=None, feed=None)
        run.recorder.finish(outcome)
        run.options.on_page(outcome)

    run.recorder.begin(_start_of(run), before, now)
    connect = run.connect or with_headers(connect_to(open_network()), run.config, os.environ)
    part = Part(run.pages, before.pages, run.store.name)
    if run.jobs > 1:
        _read_in_jobs(run, part, now, connect, keep)
    else:
        read_part(part, run.options, now=now, connect=run.recorder.connect(connect), keep=keep)
    read = tuple(outcomes[page.key] for page in run.pages if page.key in outcomes)  # all of them, unless interrupted
    return read, msgspec.structs.replace(before, pages=states)


def _read_in_jobs(run: Run, part: Part, now: datetime, connect: ClientFactory, keep: Keep) -> None:
    from statuswatch.jobs import Found, Job, read_in_jobs

    def keep_found(found: Found) -> None:
        run.recorder.add(found.outcome.page.key, found.responses)
        keep(found.outcome, found.state)

    options = msgspec.structs.replace(run.options, on_page=ignore_outcome)
    is_recorded = run.recorder.needs_bodies
    job = Job(part=part, options=options, now=now, config=run.config, connect=connect, is_recorded=is_recorded)
    read_in_jobs(job, run.jobs, keep_found)


def _start_of(run: Run) -> RunStart:
    keys = {page.key for page in run.pages}
    unread = tuple(page for page in run.config.chosen() if page.key not in keys)
    return RunStart(pages=run.pages, unread=unread, partial=run.partial, assume_impact=run.config.assume_impact)


def watched_pages(run: Run, outcomes: tuple[PageOutcome, ...], after: State) -> tuple[WatchedPage, ...]:
    """Return every page that the configuration watches, with its last read: of this run, or remembered."""
    read = {outcome.page.key: outcome for outcome in outcomes}
    return tuple(_watched_page(run, page, read.get(page.key), after) for page in run.config.chosen())


def _watched_page(run: Run, page: Page, outcome: PageOutcome | None, after: State) -> WatchedPage:
    if outcome is None and run.last_reads:
        return run.last_reads.find(page, after, run.store.name)
    if outcome is None:
        return _unread_page(page, decode_state(page, after.pages, run.store.name))
    if not page.platform and (state := decode_state(page, after.pages, run.store.name)):
        page = msgspec.structs.replace(page, platform=state.platform)
    return WatchedPage(page, outcome.failing, outcome.failure.reason if outcome.failure else "")


def _unread_page(page: Page, state: PageState | None) -> WatchedPage:
    if state and not page.platform:
        page = msgspec.structs.replace(page, platform=state.platform)
    return WatchedPage(page, state.failing if state else None, was_read=False)


def compose_report(
    run: Run, outcomes: tuple[PageOutcome, ...], settlement: Settlement, after: State, now: datetime
) -> RunReport:
    """Put together what the pages came to: events in order, and the state to save. Pure."""
    configured = {page.key: page for page in run.config.pages}
    events = sorted([*settlement.events, *(event for outcome in outcomes for event in outcome.events)], key=_order)
    pages = {key: page for key, page in after.pages.items() if run.partial or key in configured}
    for key, failing in settlement.failing.items():
        pages[key] = encode_page(msgspec.structs.replace(decode_page(pages[key], key, run.store.name), failing=failing))
    reported, filtered = _filtered(events, configured, run.config.assume_impact)
    return RunReport(
        detected_at=now,
        pages=outcomes,
        events=reported,
        filtered=filtered,
        muted=muted_events(run.config.mutes, reported, now),
        state=_written(run, msgspec.structs.replace(after, pages=pages, shared=settlement.shared), now),
        dirty=after.dirty
        or bool(settlement.failing)
        or settlement.shared != after.shared
        or any(outcome.dirty for outcome in outcomes),
        shard=str(run.config.shard or ""),
    )


def _written(run: Run, state: State, now: datetime) -> State:
    """Return the state with the time of the reads that it rests on: of all pages, of a shard, or of single pages."""
    oldest = now
    if run.partial:
        read = {page.key for page in run.pages}
        unread = [page.key for page in run.config.chosen() if page.key not in read]
        times = run.last_reads.times(unread) if run.last_reads else ()
        if not times or len(times) < len(unread):
            return state.written_at(now, [page.key for page in run.pages])
        oldest = min(times)  # by which the process that watches had read every page
    return state.written_at(oldest, [str(run.config.shard) if run.config.shard else ALL_PAGES])


def _filtered(
    events: Sequence[Event], configured: Mapping[str, Page], assumed: Impact
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Return the events that the filters pass, and those that they hold back."""
    held = {event.id for event in events if not is_reported(event, configured, assumed)}
    passed = tuple(event for event in events if event.id not in held)
    return passed, tuple(event for event in events if event.id in held)


def _order(event: Event) -> tuple[datetime, str, str]:
    return event.at, event.page.key, event.incident.id

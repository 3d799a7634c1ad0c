"""A recording, run through the same pipeline: its own clock, no network, the state in memory."""

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from statuswatch.config.schema import Config
from statuswatch.errors import UsageError
from statuswatch.model.page import Page
from statuswatch.model.report import Delivery, RunReport
from statuswatch.model.state import State
from statuswatch.pipeline import Run, check
from statuswatch.reading.reader import ReadOptions
from statuswatch.recording.read import RecordedRun, read_recording
from statuswatch.state import MemoryState

_NO_LIMIT: float = 86_400.0  # seconds: nothing of a replay waits


def replay(
    path: Path,
    settings: Config | None,
    print_events: Callable[[RunReport], None],
    *,
    on_run: Callable[[RunReport], None] = lambda _: None,
    announce_open: bool = False,
) -> None:
    """Replay every run of the recording in order; `on_run` is called at the end of each.

    The configuration, if there is one, supplies filters and mutes, and the addresses of pages that the recording only
    names. Raises UsageError.
    """
    store = MemoryState()
    for recorded in read_recording(path):
        if recorded.state is not None:
            store.save(recorded.state)
        run = _run_of(recorded, settings, store, announce_open=announce_open)
        on_run(check(run, recorded.now, print_events, _deliver_nothing))


def _run_of(recorded: RecordedRun, settings: Config | None, store: MemoryState, *, announce_open: bool) -> Run:
    configured = {page.key: page for page in settings.pages} if settings else {}
    pages = tuple(_page(page, configured) for page in recorded.pages)
    unread = tuple(_page(page, configured) for page in recorded.unread)
    options = ReadOptions(
        timeout=_NO_LIMIT, deadline=_NO_LIMIT, concurrency=max(len(pages), 1), announce_open=announce_open
    )
    return Run(
        config=Config(
            pages=(*pages, *unread),
            state=Path(store.name),
            assume_impact=settings.assume_impact if settings else recorded.assume_impact,
            mutes=settings.mutes if settings else (),
        ),
        pages=pages,
        store=store,
        options=options,
        connect=recorded.connect(),
        partial=recorded.partial,
    )


def _page(recorded: Page | str, configured: Mapping[str, Page]) -> Page:
    """Return a page of the recording, with the filters that the configuration has for it."""
    if isinstance(recorded, str):
        if recorded not in configured:
            what_to_do = "name a configuration that has it with --config"
            raise UsageError(f"the recording does not say what page {recorded!r} is: {what_to_do}")
        return configured[recorded]
    if recorded.key not in configured:
        return recorded
    return msgspec.structs.replace(
        configured[recorded.key], url=recorded.url, platform=recorded.platform, id=recorded.id
    )


def _deliver_nothing(_: RunReport, before: State) -> Delivery:
    return Delivery(outbox=before.outbox)

"""Pages looked at without being remembered: one explained, or many verified."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final

import msgspec

from statuswatch.model.page import Failure, Inspection, Page
from statuswatch.model.report import PageOutcome
from statuswatch.net.client import Client, ClientFactory, Turns, connect
from statuswatch.net.http import open_network
from statuswatch.net.loop import map_concurrently
from statuswatch.reading.gather import Session
from statuswatch.reading.plan import inspect
from statuswatch.reading.reader import ReadOptions, drive, read_page, run_loop, timeout_failure
from statuswatch.reading.recognise import explain_failure, redirected_address

VERIFY_CONCURRENCY: Final = 16  # pages at a time
VERIFY_TIMEOUT: Final = 60.0  # seconds for a page, the wait for its turn included


def explain(page: Page, now: datetime, timeout: float, connect: ClientFactory) -> Inspection:
    """Read everything about one page within `timeout` seconds."""
    client: Client | None = None

    async def look() -> Inspection:
        nonlocal client
        async with asyncio.timeout(timeout) as limit, connect(page, limit.when() or 0) as client:
            session = Session(now, conditional=False)
            inspection = await drive(inspect(page, session), client)
            inspection = msgspec.structs.replace(inspection, exchanges=tuple(client.exchanges))
            if not isinstance(inspection.result, Failure):
                return inspection
            failure = await drive(explain_failure(page, None, inspection.result, session), client)
            return msgspec.structs.replace(inspection, result=failure)

    try:
        return run_loop(look())
    except TimeoutError:
        answered = client is not None and client.progress.answered
        failure = timeout_failure(page, timeout, answered=answered)
        return Inspection(page, failure, tuple(client.exchanges) if client else (), ())


def verify(
    pages: Sequence[Page],
    now: datetime,
    on_page: Callable[[PageOutcome], None],
    adapt: Callable[[ClientFactory], ClientFactory] = lambda connect: connect,
) -> tuple[PageOutcome, ...]:
    """Read the pages politely: a few at a time, and one request to a host at a time.

    The failure of a page names what the page is now, where that could be found, even on another host. `adapt` may
    change how clients are opened.
    """
    network = open_network()
    turns: Turns = defaultdict(asyncio.Lock)
    options = ReadOptions(timeout=VERIFY_TIMEOUT, deadline=VERIFY_TIMEOUT, concurrency=VERIFY_CONCURRENCY)

    def in_turn(_: Page, until: float) -> AbstractAsyncContextManager[Client]:
        return connect(network, until, turns)

    open_client = adapt(in_turn)

    async def read(page: Page) -> PageOutcome:
        outcome = await read_page(page, None, now, open_client, options)
        if outcome.failure and (address := redirected_address(page, outcome.failure)):
            moved = msgspec.structs.replace(page, url=address, platform="", id="")
            second = await read_page(moved, None, now, open_client, options)
            found = _as_found(moved, second)
            failure = msgspec.structs.replace(outcome.failure, suggested_page=found)
            outcome = msgspec.structs.replace(outcome, failure=failure)
        on_page(outcome)
        return msgspec.structs.replace(outcome, state=None)

    outcomes = run_loop(map_concurrently(pages, read, VERIFY_CONCURRENCY))
    return tuple(sorted(outcomes, key=lambda outcome: outcome.page.key))


def _as_found(moved: Page, outcome: PageOutcome) -> Page | None:
    if outcome.failure or not outcome.state:
        return None
    return msgspec.structs.replace(moved, platform=outcome.state.platform, id=outcome.state.id)

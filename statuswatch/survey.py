"""Looking at pages without remembering them: one explained, or many verified."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from statuswatch import fetch
from statuswatch.config import Config
from statuswatch.model import Exchange, Failed, Inspection, Page, PageReview
from statuswatch.page import inspect
from statuswatch.run import watch

AT_ONCE: Final = 16  # pages that are verified at a time
PATIENCE: Final = 60.0  # seconds for a page, the waiting for its turn included


def explain(page: Page, timeout: float) -> Inspection:
    """All there is to know of one page."""
    exchanges: list[Exchange] = []

    async def look() -> Inspection:
        async with asyncio.timeout(timeout) as limit, fetch.connect(fetch.network(), limit.when() or 0) as client:
            try:
                return await inspect(client, page)
            finally:
                exchanges.extend(client.exchanges)

    with asyncio.Runner(loop_factory=fetch.Loop) as runner:
        try:
            return runner.run(look())
        except TimeoutError:
            return Inspection(page, Failed(f"no complete answer within {timeout:g} s", page.url), tuple(exchanges), ())


def verify(
    config: Config, pages: Sequence[Page], now: datetime, on_page: Callable[[PageReview], None]
) -> tuple[PageReview, ...]:
    """Reads the pages politely, a few at a time and one request to a host at a time. What failed says what the page is
    now, where that could be found, even on another host.
    """
    network = fetch.network()
    turns: fetch.Turns = defaultdict(asyncio.Lock)
    patient = msgspec.structs.replace(config, timeout=PATIENCE)

    async def read(page: Page) -> PageReview:
        review = await watch(network, patient, page, None, now, turns=turns)
        if review.failed and review.failed.there:
            there = msgspec.structs.replace(page, url=review.failed.there, platform="", id="")
            second = await watch(network, patient, there, None, now, turns=turns)
            found = None
            if second.memory and not second.failed:
                found = msgspec.structs.replace(there, platform=second.memory.platform, id=second.memory.id)
            review = msgspec.structs.replace(review, failed=msgspec.structs.replace(review.failed, now=found))
        on_page(review)
        return msgspec.structs.replace(review, memory=None)

    with asyncio.Runner(loop_factory=fetch.Loop) as runner:
        reviews = runner.run(fetch.each(pages, read, AT_ONCE))
    return tuple(sorted(reviews, key=lambda review: review.page.key))

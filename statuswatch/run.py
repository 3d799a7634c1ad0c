"""One run: load, read all pages, review each as it arrives, tell, save. The order of the last two is the promise: at
least once. And the same without the last two, for who only asks how things stand.

A page is understood and compared as soon as its documents are there, so that no more than the pages in flight are
ever in memory.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime

import msgspec

from statuswatch import fetch
from statuswatch.config import Config
from statuswatch.model import Failed, Page, PageMemory, PageReview, Report, Standing
from statuswatch.notify import Channel, deliver, outboxes
from statuswatch.page import begin, explained, found
from statuswatch.review import Read, passes, review_page
from statuswatch.shard import shard_of
from statuswatch.state import Encoded, StateFile, decode_page, encode_page, is_failing


def check(
    config: Config,
    now: datetime,
    tell: Callable[[Report], None],
    *,
    only: Sequence[str] = (),
    announce_open: bool = False,
    dry_run: bool = False,
    on_page: Callable[[PageReview], None] = lambda _: None,
    channels: Sequence[Channel] = (),
) -> Report:
    """Runs once: reads, prints by `tell`, tells the sinks, saves. Where no page answered at all nothing is told and
    nothing is written: see `Report.reached`.

    `only` limits it to some keys, and then nothing is forgotten; nor does a shard forget what another one reads. Raises
    StateError; what `tell` raises ends the run before it is saved.
    """
    started = time.monotonic()
    pages = config.chosen(only)
    file = StateFile(config.state)
    with nullcontext() if dry_run else file.locked():
        after = _memory(config, file, pages)
        handed_over = after != (file.pages or {})
        with asyncio.Runner(loop_factory=fetch.Loop) as runner:
            reviews = runner.run(_read_pages(config, pages, file, after, now, announce_open, on_page))
        events = (event for review in reviews for event in review.events if passes(event))
        report = Report(
            detected_at=now,
            reviews=tuple(reviews),
            events=tuple(sorted(events, key=lambda event: (event.at, event.page.key, event.incident.id))),
            changed=False,
            shard=str(config.shard or ""),
        )
        if report.reached:
            tell(report)
            waiting = file.waiting
            if dry_run:
                report = msgspec.structs.replace(report, due=outboxes(channels, report.events, waiting, now))
            else:
                named = {it.notify.name for it in channels}
                others = {name: it for name, it in waiting.items() if only and name not in named}
                ours = {name: it for name, it in waiting.items() if name not in others}
                outcomes = deliver(channels, report.events, ours, now)
                waiting = {**others, **{it.name: it.waiting for it in outcomes if it.waiting}}
                report = msgspec.structs.replace(report, outcomes=outcomes)
            moved = handed_over or any(review.moved for review in reviews)
            if not dry_run and (moved or waiting != file.waiting):
                watched = {page.key for page in config.pages}
                kept = {key: page for key, page in after.items() if only or key in watched}
                report = msgspec.structs.replace(report, changed=file.save(kept, waiting))
    return msgspec.structs.replace(report, seconds=time.monotonic() - started)


def look(
    config: Config,
    now: datetime,
    *,
    only: Sequence[str] = (),
    on_page: Callable[[PageReview], None] = lambda _: None,
) -> tuple[Standing, ...]:
    """How the pages stand now: read as `check` reads them, with what is remembered, but nothing is told or written, and
    no other run is waited for. Raises StateError.
    """
    pages = config.chosen(only)
    file = StateFile(config.state)
    memory = _memory(config, file, pages)
    with asyncio.Runner(loop_factory=fetch.Loop) as runner:
        reviews = runner.run(_read_pages(config, pages, file, memory, now, False, on_page))
    return tuple(
        _standing(review.page, _remembered(page, memory, file), review.failed, review.suspicion, review.skipped)
        for page, review in zip(pages, reviews, strict=True)
    )


def recall(config: Config, *, only: Sequence[str] = ()) -> tuple[Standing, ...]:
    """How the pages stood when something about them last changed, from the memory alone. Raises StateError."""
    pages = config.chosen(only)
    file = StateFile(config.state)
    memory = _memory(config, file, pages)
    standings = []
    for page in pages:
        known = _remembered(page, memory, file)
        failed = suspicion = None
        if known and known.failing:
            hint = f"set {known.failing.line}" if known.failing.line else ""
            failed = Failed(f"failing since {_clock(known.failing.since)}: {known.failing.reason}", hint=hint)
        elif known is None or known.baseline is None:
            failed = Failed("never read", hint="`statuswatch check` reads and remembers it")
        elif known.suspicion:
            suspicion = f"suspected since {_clock(known.suspicion.since)}: {known.suspicion.reason}"
        standings.append(_standing(page, known, failed, suspicion or ""))
    return tuple(standings)


def _memory(config: Config, file: StateFile, pages: Sequence[Page]) -> dict[str, Encoded]:
    """What is remembered, page by page. Where every shard has a file of its own and their number changed, a page that
    moved here comes with what another file has of it, and one that moved away is kept until its shard's file has it.
    """
    memory = file.load()
    if config.shard and config.states:
        homes = {key: shard_of(key, config.shard.count) for key in memory}
        others = {it: StateFile(config.states[it - 1]).load() for it in {*homes.values()} - {config.shard.number}}
        memory = {key: page for key, page in memory.items() if key not in others.get(homes[key], ())}
        missing = {page.key for page in pages} - memory.keys()
        for path in config.states if missing else ():
            memory |= {key: page for key, page in StateFile(path).load().items() if key in missing}
    return memory


def _standing(
    page: Page, known: PageMemory | None, failed: Failed | None, suspicion: str, skipped: tuple[str, ...] = ()
) -> Standing:
    """Of what is open only: no more of a thousand pages is kept."""
    return Standing(
        page=page,
        open={key: it for key, it in known.incidents.items() if not it.closed} if known else {},
        failed=failed,
        suspicion=suspicion,
        skipped=skipped,
        read_before=known is not None and known.baseline is not None,
    )


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _remembered(page: Page, memory: Mapping[str, Encoded], file: StateFile) -> PageMemory | None:
    """Nothing, where the key meant another address or platform then: that is a new page."""
    if page.key not in memory:
        return None
    known = decode_page(memory[page.key], page.key, file.name)
    if known.url == page.url and page.platform in ("", known.platform) and page.id in ("", known.id):
        return known
    # A new baseline; but whoever heard that the page cannot be read hears that it can.
    told = known.failing if known.failing and known.failing.told else None
    return PageMemory(url=page.url, platform=page.platform, id=page.id, failing=told) if told else None


async def _read_pages(
    config: Config,
    pages: Sequence[Page],
    file: StateFile,
    memory: dict[str, Encoded],
    now: datetime,
    announce_open: bool,
    on_page: Callable[[PageReview], None],
) -> list[PageReview]:
    """Reviews the pages, and puts what is to be remembered of each into `memory` in the place of what was."""
    reviews: dict[str, PageReview] = {}
    network = fetch.network()

    def keep(review: PageReview, known: PageMemory | None) -> None:
        if review.memory and review.memory != known:
            memory[review.page.key] = encode_page(review.memory)
        reviews[review.page.key] = msgspec.structs.replace(review, memory=None)

    async def work(page: Page) -> None:
        known = _remembered(page, memory, file)
        keep(await watch(network, config, page, known, now, announce_open=announce_open), known)
        on_page(reviews[page.key])

    # Pages that failed the last time come first: they may take all of their time, and must not begin late.
    queue = sorted(pages, key=lambda page: not is_failing(memory.get(page.key, b"")))
    try:
        async with asyncio.timeout(config.deadline):
            await fetch.each(queue, work, config.concurrency)
    except TimeoutError:
        late = Failed(f"not reached within the run's deadline of {config.deadline:g} s", answered=False)
        for page in pages:
            if page.key not in reviews:
                known = _remembered(page, memory, file)
                keep(review_page(page, known, late, now), known)
    return [reviews[page.key] for page in pages]


async def watch(
    network: fetch.Network,
    config: Config,
    page: Page,
    known: PageMemory | None,
    now: datetime,
    *,
    announce_open: bool = False,
    turns: fetch.Turns | None = None,
) -> PageReview:
    """One page, whatever happens to it."""
    answered = False
    try:
        async with asyncio.timeout(config.timeout) as limit, fetch.connect(network, limit.when() or 0, turns) as client:
            try:
                return await _review(client, page, known, now, announce_open)
            finally:
                answered = client.answered
    except TimeoutError:
        hint = "it is slow or out of reach; the next run tries again"
        failed = Failed(f"no complete answer within {config.timeout:g} s", page.url, hint, answered=answered)
    except Exception as error:  # noqa: BLE001 - the page boundary: a fault in reading one page must not cost the others
        failed = Failed(
            f"statuswatch itself failed on it, {type(error).__name__}: {error}", page.url, "please report this"
        )
    return review_page(page, known, failed, now)


async def _review(
    client: fetch.Client, page: Page, known: PageMemory | None, now: datetime, announce_open: bool
) -> PageReview:
    """Reads documents until the platform wants no more, and reviews what they say."""
    reading, answer = await begin(client, page, known, [])
    if isinstance(answer, Failed):
        failed = await explained(client, page, known, answer, reading.fetched)
        return review_page(page, known, failed, now)
    if known:
        known = msgspec.structs.replace(known, platform=reading.page.platform, id=reading.page.id)
    review = review_page(reading.page, known, answer, now, announce_open=announce_open)
    while isinstance(answer, Read) and await reading.go_on(answer, moved=review.moved):
        answer = reading.understand()
        review = review_page(reading.page, known, answer, now, announce_open=announce_open)
    return review if known else msgspec.structs.replace(review, notes=(*review.notes, *found(page, reading.page)))

"""One run: load, read all pages, review each as it arrives, tell, save. The order of the last two is the promise: at
least once.

A page is understood and compared as soon as its documents are there, so that no more than the pages in flight are
ever in memory.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Final

import msgspec

from statuswatch import fetch
from statuswatch.config import Config
from statuswatch.errors import FeedError
from statuswatch.model import (
    Document,
    Failed,
    Fetched,
    NotModified,
    Page,
    PageMemory,
    PageReview,
    Report,
    Validators,
)
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.reading import Reading, UnidentifiedError
from statuswatch.review import Answer, Read, is_unsettled, passes, review_page
from statuswatch.state import StateFile, decode_page, encode_page

PROMPT: Final = 0.03  # seconds in which a server that is asked once answers before it is asked for more
SPARE: Final = 0.5  # seconds that a page keeps for saying why it failed
MOST_IDS: Final = 10  # that are tried for a page without one
SHARE_OF_ENRICHING: Final = 0.6  # of the time that a page has left


def check(
    config: Config,
    now: datetime,
    tell: Callable[[Report], None],
    *,
    only: Sequence[str] = (),
    announce_open: bool = False,
    dry_run: bool = False,
    on_page: Callable[[PageReview], None] = lambda _: None,
) -> Report:
    """Runs once. Where no page answered at all nothing is told and nothing is written: see `Report.reached`.

    `only` limits it to some keys, and then nothing is forgotten. Raises StateError; what `tell` raises ends the run
    before it is saved.
    """
    started = time.monotonic()
    pages = [page for page in config.pages if not only or page.key in only]
    file = StateFile(config.state)
    with nullcontext() if dry_run else file.locked():
        after = file.load()
        with asyncio.Runner(loop_factory=fetch.Loop) as runner:
            reviews = runner.run(_read_pages(config, pages, file, after, now, announce_open, on_page))
        events = (event for review in reviews for event in review.events if passes(event))
        report = Report(
            detected_at=now,
            reviews=tuple(reviews),
            events=tuple(sorted(events, key=lambda event: (event.at, event.page.key, event.incident.id))),
            changed=False,
        )
        if report.reached:
            tell(report)
            if any(review.moved for review in reviews) and not dry_run:
                watched = {page.key for page in config.pages}
                kept = {key: page for key, page in after.items() if only or key in watched}
                report = msgspec.structs.replace(report, changed=file.save(kept))
    return msgspec.structs.replace(report, seconds=time.monotonic() - started)


async def _read_pages(
    config: Config,
    pages: Sequence[Page],
    file: StateFile,
    memory: dict[str, bytes],
    now: datetime,
    announce_open: bool,
    on_page: Callable[[PageReview], None],
) -> list[PageReview]:
    """Reviews the pages, and puts what is to be remembered of each into `memory` in the place of what was."""
    reviews: dict[str, PageReview] = {}
    trust = fetch.trusted()

    def remembered(page: Page) -> PageMemory | None:
        """Nothing, where the key meant another address or platform then: that is a new page."""
        if page.key not in memory:
            return None
        known = decode_page(memory[page.key], page.key, file.name)
        if known.url == page.url and page.platform in ("", known.platform) and page.id in ("", known.id):
            return known
        # A new baseline; but whoever heard that the page cannot be read hears that it can.
        told = known.failing if known.failing and known.failing.told else None
        return PageMemory(url=page.url, platform=page.platform, id=page.id, failing=told) if told else None

    def keep(review: PageReview, known: PageMemory | None) -> None:
        if review.memory and review.memory != known:
            memory[review.page.key] = encode_page(review.memory)
        reviews[review.page.key] = msgspec.structs.replace(review, memory=None)

    async def watch(page: Page) -> None:
        known = remembered(page)
        keep(await _watch(trust, config, page, known, now, announce_open), known)
        on_page(reviews[page.key])

    # All of the memory is looked through before anything is read: what is wrong with it must end the run at once.
    # Pages that failed the last time come first: they may take all of their time, and must not begin late.
    queue = sorted(pages, key=lambda page: (known := remembered(page)) is None or known.failing is None)
    try:
        async with asyncio.timeout(config.deadline):
            await fetch.each(queue, watch, config.concurrency)
    except TimeoutError:
        late = Failed(f"not reached within the run's deadline of {config.deadline:g} s", answered=False)
        for page in pages:
            if page.key not in reviews:
                known = remembered(page)
                keep(review_page(page, known, late, now), known)
    return [reviews[page.key] for page in pages]


async def _watch(
    trust: ssl.SSLContext, config: Config, page: Page, known: PageMemory | None, now: datetime, announce_open: bool
) -> PageReview:
    """One page, whatever happens to it."""
    answered = False
    try:
        async with asyncio.timeout(config.timeout) as limit, fetch.connect(trust, limit.when() or 0) as client:
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
    reading, answer = await _begin(client, page, known)
    if reading is None or isinstance(answer, Failed):
        failed = await _explained(client, page, known, answer) if isinstance(answer, Failed) else answer
        return review_page(page, known, failed, now)
    if known:
        known = msgspec.structs.replace(known, platform=reading.page.platform, id=reading.page.id)
    review = review_page(reading.page, known, answer, now, announce_open=announce_open)
    while isinstance(answer, Read) and await reading.go_on(answer, moved=review.moved):
        answer = reading.understand()
        review = review_page(reading.page, known, answer, now, announce_open=announce_open)
    return review if known else msgspec.structs.replace(review, notes=(*review.notes, *_found(page, reading.page)))


async def _begin(
    client: fetch.Client, page: Page, known: PageMemory | None
) -> tuple["_PageReading", Answer] | tuple[None, Failed]:
    """The first documents of a page; where the configuration leaves it open, of the platform and with the id that were
    found before, or are found now.
    """
    if known:
        page = msgspec.structs.replace(page, platform=page.platform or known.platform, id=page.id or known.id)
    fetched: Results = {}
    if not page.platform:
        recognised = await _recognise(client, page, fetched)
        if isinstance(recognised, Failed):
            return None, recognised
        page = recognised
    return await _identified(client, page, known, fetched)


def _found(page: Page, read: Page) -> tuple[str, ...]:
    """What to write down, so that it need not be found again."""
    line = _line(page, read)
    return (f"runs on {read.platform}; write it down: {line}",) if line else ()


def _line(page: Page, read: Page) -> str:
    """The configuration line that makes of the one the other; "" where they are the same."""
    fields = {name: getattr(read, name) for name in ("platform", "id") if getattr(read, name) != getattr(page, name)}
    told = ", ".join(f'{name} = "{value}"' for name, value in fields.items())
    return f"{told} in [page.{page.key}]" if told else ""


async def _explained(client: fetch.Client, page: Page, known: PageMemory | None, failed: Failed) -> Failed:
    """With the configuration line that would be right now, where the page answers but not as configured. It is looked
    for once, at the first failing read, and remembered.
    """
    if known and known.failing:
        return msgspec.structs.replace(failed, line=failed.line or known.failing.line)
    if not page.platform or not (failed.gone or failed.misread):
        return failed
    try:
        async with asyncio.timeout_at(client.until - SPARE):
            now = await _recognise(client, msgspec.structs.replace(page, platform="", id=""), {})
    except TimeoutError:
        return failed
    return failed if isinstance(now, Failed) else msgspec.structs.replace(failed, line=_line(page, now))


async def _recognise(client: fetch.Client, page: Page, fetched: "Results") -> Page | Failed:
    """The page on the first platform that understands it as its own."""
    reason = ""
    for name, platform in PLATFORMS.items():
        tried = msgspec.structs.replace(page, platform=name)
        reading, answer = await _identified(client, tried, None, fetched, probing=True)
        match answer:
            case Read(feed) if platform.recognises(feed):
                return reading.page
            case Failed() as failed if not client.answered:
                return failed
            case Failed() as failed:
                reason = reason or f": {failed.reason}"
    hint = f"correct its `url`, or give its `platform`: {' or '.join(PLATFORMS)}"
    return Failed(f"its platform cannot be recognised{reason}", page.url, hint)


async def _identified(
    client: fetch.Client, page: Page, known: PageMemory | None, fetched: "Results", *, probing: bool = False
) -> tuple["_PageReading", Answer]:
    """The page with the id that its platform needs: where the configuration has none, the first that it can be read
    with.
    """
    reading = _PageReading(client, page, known, fetched)
    answer = await reading.begin(probing=probing)
    waiting = [] if page.id else reading.ids
    tried: set[str] = set()
    while waiting and len(tried) < MOST_IDS:
        candidate, *waiting = waiting
        if candidate not in tried:
            tried.add(candidate)
            other = _PageReading(client, msgspec.structs.replace(page, id=candidate), known, fetched)
            found = await other.begin(probing=probing)
            if isinstance(found, Read):
                return other, found
            waiting = [*other.ids, *waiting]
    return reading, answer


Results = dict[str, Fetched | NotModified | Failed]  # by address: what several platforms ask for is fetched once


class _PageReading:
    """The documents of one page, as they are gathered."""

    def __init__(self, client: fetch.Client, page: Page, known: PageMemory | None, fetched: Results) -> None:
        self.client, self.page, self.known = client, page, known
        self.platform = PLATFORMS[page.platform]
        self.fetched = fetched
        self.ids: list[str] = []  # what its id may be
        self.documents: dict[str, bytes | None] = {}
        self.validators: dict[str, Validators] = {}
        self.losses: list[str] = []
        self.gone: list[str] = []
        self.tried: set[str] = set()

    async def begin(self, *, probing: bool = False) -> Answer:
        """The first round: conditional, where the memory rests on nothing but what these documents said. Only what is
        required, where that is to show what the page is.
        """
        known = self.known
        asked = [it for it in self.platform.documents(self.page) if it.required or not probing]
        if not asked:
            return self.understand()
        usable = known is not None and known.parser == self.platform.PARSER and not is_unsettled(known)
        results = await self._fetch(asked, known.validators if known and usable else {}, in_turn=True)
        for document in asked:
            if document.required and isinstance(failed := results[document.name], Failed):
                return failed
        same = [document for document in asked if isinstance(results[document.name], NotModified)]
        if same and not any(isinstance(result, Fetched) for result in results.values()):
            return NotModified()
        if same:  # what changed cannot be read without what did not
            again = await self._fetch(same, {})
            for document in same:
                if document.required and isinstance(failed := again[document.name], Failed):
                    return failed
        return self.understand()

    def understand(self) -> Answer:
        try:
            feed = self.platform.parse(Reading(self.page, self.documents, self.known))
        except FeedError as error:
            if isinstance(error, UnidentifiedError):
                self.ids = [*error.ids]
            hint = "if the page moved or changed its platform, correct its `url` or `platform`"
            return Failed(str(error), self.page.url, hint, misread=True)
        calm = {document.name for document in self.platform.documents(self.page)}
        kept = {name: validators for name, validators in self.validators.items() if name in calm}
        return Read(feed, kept, self.platform.PARSER, tuple(self.losses), tuple(self.gone))

    async def go_on(self, answer: Read, *, moved: bool) -> bool:
        """Fetches the first document that the platform still wants; whether there was one."""
        reading = Reading(self.page, self.documents, self.known)
        wanted = [it for it in self.platform.more(reading, answer.feed, moved=moved) if it.name not in self.tried]
        if not wanted:
            return False
        await self._fetch(wanted[:1], {})
        return True

    async def _fetch(
        self, documents: Sequence[Document], conditions: Mapping[str, Validators], *, in_turn: bool = False
    ) -> dict[str, Fetched | NotModified | Failed]:
        head, *rest = documents
        first = asyncio.ensure_future(self._one(head, conditions.get(head.name)))
        try:
            if in_turn:
                await self._wait_a_little(first)
                if first.done() and head.required and isinstance(first.result(), Failed):
                    return {head.name: first.result()}  # nothing could make up for it
            answers = await asyncio.gather(first, *(self._one(it, conditions.get(it.name)) for it in rest))
        finally:
            if first.cancel():  # the page's time is up: nothing of it goes on behind the run's back
                await asyncio.wait({first})
        for document, answer in zip(documents, answers, strict=True):
            self.tried.add(document.name)
            match answer:
                case Fetched():
                    self.documents[document.name] = answer.body
                    if answer.validators != Validators():
                        self.validators[document.name] = answer.validators
                case Failed():
                    if answer.gone:
                        self.documents[document.name] = None
                        self.gone.append(f"{document.name}: {answer.reason} ({answer.where})")
                    else:
                        self.losses.append(f"{document.name}: {answer.reason} ({answer.where})")
        return dict(zip((document.name for document in documents), answers, strict=True))

    async def _wait_a_little(self, first: asyncio.Future[Fetched | NotModified | Failed]) -> None:
        """A prompt server is asked for one document after the other, over one connection: a handshake is most of what
        a document costs. A slow one is asked for the others meanwhile.
        """
        first.add_done_callback(lambda _: self.client.asked.set())
        await self.client.asked.wait()
        await asyncio.wait({first}, timeout=PROMPT)

    async def _one(self, document: Document, validators: Validators | None) -> Fetched | NotModified | Failed:
        """A document that only adds to the others gets a share of the time that is left, so that a slow one does not
        cost the page.
        """
        if document.url in self.fetched:
            return self.fetched[document.url]
        if document.required:
            result = await self.client.fetch(document, validators)
            if not isinstance(result, NotModified):
                self.fetched[document.url] = result
            return result
        now = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout_at(now + SHARE_OF_ENRICHING * (self.client.until - now)):
                return await self.client.fetch(document, validators)
        except TimeoutError:
            return Failed("no complete answer in its share of the time", document.url)

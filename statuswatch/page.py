"""One page: on which platform it runs, which of its documents are read, and what they say together."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urljoin

import msgspec

from statuswatch import fetch
from statuswatch.errors import FeedError
from statuswatch.model import (
    Attempt,
    Document,
    Failed,
    Feed,
    Fetched,
    Inspection,
    NotModified,
    Page,
    PageMemory,
    Validators,
)
from statuswatch.platforms import PLATFORMS, Platform
from statuswatch.platforms.reading import Reading, UnidentifiedError
from statuswatch.review import Answer, Read, is_unsettled

PROMPT: Final = 0.03  # seconds in which a server that is asked once answers before it is asked for more
SPARE: Final = 0.5  # seconds that a page keeps for saying why it failed
MOST_IDS: Final = 10  # that are tried for a page without one
SHARE_OF_ENRICHING: Final = 0.6  # of the time that a page has left

Results = dict[str, Fetched | NotModified | Failed]  # by address: what several platforms ask for is fetched once


class PageReading:
    """The documents of one page, as they are gathered."""

    def __init__(self, client: fetch.Client, page: Page, known: PageMemory | None, fetched: Results) -> None:
        self.client, self.page, self.known = client, page, known
        self.fetched = fetched
        self.ids: list[str] = []  # what its id may be
        self.documents: dict[str, bytes | None] = {}
        self.validators: dict[str, Validators] = {}
        self.losses: list[str] = []
        self.gone: list[str] = []
        self.tried: set[str] = set()

    @property
    def platform(self) -> Platform:
        return PLATFORMS[self.page.platform]

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


async def begin(
    client: fetch.Client, page: Page, known: PageMemory | None, tried: list[Attempt]
) -> tuple[PageReading, Answer]:
    """The first documents of a page; where the configuration leaves it open, of the platform and with the id that were
    found before, or are found now.
    """
    if known:
        page = msgspec.structs.replace(page, platform=page.platform or known.platform, id=page.id or known.id)
    fetched: Results = {}
    if not page.platform:
        recognised = await recognise(client, page, fetched, tried)
        if isinstance(recognised, Failed):
            return PageReading(client, page, known, fetched), recognised
        page = recognised
    return await _identified(client, page, known, fetched)


def found(page: Page, read: Page) -> tuple[str, ...]:
    """What to write down, so that it need not be found again."""
    told = line(page, read)
    return (f"runs on {read.platform}; write it down: {told}",) if told else ()


def line(page: Page, read: Page) -> str:
    """The configuration line that makes of the one the other; "" where they are the same."""
    names = ("url", "platform", "id")
    fields = {name: getattr(read, name) for name in names if getattr(read, name) != getattr(page, name)}
    told = ", ".join(f'{name} = "{value}"' for name, value in fields.items())
    return f"{told} in [page.{page.key}]" if told else ""


async def explained(
    client: fetch.Client, page: Page, known: PageMemory | None, failed: Failed, fetched: Results
) -> Failed:
    """With the configuration line that would be right now, where the page answers but not as configured. Which it is
    takes some requests, and is remembered while the page fails for the same reason.
    """
    if known and known.failing and known.failing.reason == failed.reason:
        return msgspec.structs.replace(failed, line=known.failing.line)
    now = await _whereabouts(client, page, failed, fetched)
    return msgspec.structs.replace(failed, now=now, line=line(page, now)) if now else failed


async def _whereabouts(client: fetch.Client, page: Page, failed: Failed, fetched: Results) -> Page | None:
    """What the page is now. Another host that it names is not asked: nobody here said that it is to be trusted."""
    if failed.there:
        return msgspec.structs.replace(page, url=failed.there)
    if not page.platform or not (failed.gone or failed.misread):
        return None
    try:
        async with asyncio.timeout_at(client.until - SPARE):
            now = await recognise(client, msgspec.structs.replace(page, platform="", id=""), fetched, [])
    except TimeoutError:
        return None
    return None if isinstance(now, Failed) else now


async def recognise(client: fetch.Client, page: Page, fetched: Results, tried: list[Attempt]) -> Page | Failed:
    """The page on the first platform that understands it as its own; `tried` is given what others came to."""
    for name, platform in PLATFORMS.items():
        bare = msgspec.structs.replace(page, platform=name)
        reading, answer = await _identified(client, bare, None, fetched, probing=True)
        if isinstance(answer, Read) and platform.recognises(answer.feed):
            return reading.page
        if isinstance(answer, Failed) and (not client.answered or (answer.busy and not tried)):
            return answer  # the others would be refused alike
        vague = Failed("understood, but not surely its own")
        tried.append(Attempt(name, answer if isinstance(answer, Failed) else vague))
    elsewhere = next((it.failed for it in tried if it.failed.there), None)
    base = urljoin(page.url, "/").rstrip("/")
    perhaps = f" (its base address: {base}, perhaps)" if base != page.url else ""
    hint = f"correct its `url`{perhaps}, or give its `platform`; `statuswatch inspect` says what was tried"
    return elsewhere or Failed(f"its platform cannot be recognised: {tried[0].failed.reason}", page.url, hint)


async def _identified(
    client: fetch.Client, page: Page, known: PageMemory | None, fetched: Results, *, probing: bool = False
) -> tuple[PageReading, Answer]:
    """The page with the id that its platform needs: where the configuration has none, the first that it can be read
    with.
    """
    reading = PageReading(client, page, known, fetched)
    answer = await reading.begin(probing=probing)
    waiting = [] if page.id else reading.ids
    tried: set[str] = set()
    while waiting and len(tried) < MOST_IDS:
        candidate, *waiting = waiting
        if candidate not in tried:
            tried.add(candidate)
            other = PageReading(client, msgspec.structs.replace(page, id=candidate), known, fetched)
            found = await other.begin(probing=probing)
            if isinstance(found, Read):
                return other, found
            if isinstance(found, Failed) and not (found.gone or found.misread or found.there):
                answer = found  # that it was refused is the reason, not that its id is unknown
                if found.busy or not client.answered:
                    break
            waiting = [*other.ids, *waiting]
    return reading, answer


async def inspect(client: fetch.Client, page: Page) -> Inspection:
    """Reads all there is of the page, as if something had moved."""
    tried: list[Attempt] = []
    reading, answer = await begin(client, page, None, tried)
    while isinstance(answer, Read) and await reading.go_on(answer, moved=True):
        answer = reading.understand()
    own = tuple(client.exchanges)
    match answer:
        case Read(feed):
            result: Feed | Failed = feed
        case Failed() as failed:
            result = await explained(client, page, None, failed, reading.fetched)
        case NotModified():
            result = Failed("HTTP 304, though nothing was said to be known")
    return Inspection(reading.page, result, own, tuple(tried))

"""Pages, read over the network or a recording: runs the plan of each page, within its time.

A page is understood and reconciled as soon as its documents are there: no more than the pages in flight are in memory.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec

from statuswatch.model.page import DocumentResult, Failure, FailureKind, Fetched, Page
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import PageState
from statuswatch.net.client import Client, ClientFactory
from statuswatch.net.loop import NEVER, Interruption, Loop, map_concurrently
from statuswatch.net.threads import run_in_daemon_thread, without_collection
from statuswatch.reading.gather import Plan, Request, Results, Round
from statuswatch.reading.plan import read
from statuswatch.rules.reconcile import reconcile

MAX_PROMPT_BYTES: Final = 500_000  # of a page's documents; more are parsed in a thread, while other pages go on
FEED_WEIGHT: Final = 10  # a byte of XML takes as long as ten of JSON
PROMPT_SECONDS: Final = 0.03  # a server that answers within them is asked for one document after the other
SPARE_SECONDS: Final = 0.5  # of a page's time, kept for saying why it failed
ENRICHMENT_SHARE: Final = 0.6  # of the time that a page has left, for a document that only enriches
OUT_OF_SHARE: Final = "no complete answer in its share of the time"

T = TypeVar("T")


def ignore_outcome(_: PageOutcome) -> None:
    """Do nothing with what a page came to."""


class ReadOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How pages are read: seconds for one page and for all, how many pages at a time, and what the run asked for.

    Without `conditional` no validators are sent. Unless it is `brief`, each outcome has all that its page
    says. `on_page` is called with each outcome, in the order of arrival. Once `interruption` is requested no further
    page is begun, and those left have no outcome.
    """

    timeout: float
    deadline: float
    concurrency: int
    announce_open: bool = False
    conditional: bool = True
    brief: bool = True
    on_page: Callable[[PageOutcome], None] = ignore_outcome
    interruption: Interruption = NEVER


def run_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on an event loop of its own."""
    with asyncio.Runner(loop_factory=Loop) as runner:
        return runner.run(work)


async def read_pages(
    pages: Sequence[Page],
    state_of: Callable[[Page], PageState | None],
    now: datetime,
    connect: ClientFactory,
    options: ReadOptions,
) -> None:
    """Read the pages, in this order as far as `concurrency` allows; each ends in one call of `on_page`.

    An interruption leaves out those that are not read yet.
    """
    finished: set[str] = set()

    async def read_one(page: Page) -> None:
        if options.interruption.requested:
            return
        outcome = await read_page(page, state_of(page), now, connect, options)
        finished.add(page.key)
        options.on_page(outcome)

    try:
        async with options.interruption.timeout(options.deadline):
            await map_concurrently(pages, read_one, options.concurrency)
    except TimeoutError:
        if options.interruption.requested:
            return
        reason = f"not reached within the run's deadline of {options.deadline:g} s"
        late = Failure(FailureKind.NOT_REACHED, reason)
        for page in pages:
            if page.key not in finished:
                options.on_page(reconcile(page, state_of(page), late, now))


async def read_page(
    page: Page, state: PageState | None, now: datetime, connect: ClientFactory, options: ReadOptions
) -> PageOutcome:
    """Read one page within its time, whatever happens to it."""
    client: Client | None = None
    plan = read(
        page,
        state,
        now,
        announce_open=options.announce_open,
        conditional=options.conditional,
        brief=options.brief,
    )
    try:
        async with asyncio.timeout(options.timeout) as limit, connect(page, limit.when() or 0) as client:
            outcome = await drive(plan, client)
    except TimeoutError:
        answered = client is not None and client.progress.answered
        outcome = reconcile(page, state, timeout_failure(page, options.timeout, answered=answered), now)
    except Exception as error:  # noqa: BLE001 - the page boundary: a fault in reading one page must not cost the others
        reason = f"statuswatch itself failed on it, {type(error).__name__}: {error}"
        outcome = reconcile(page, state, Failure(FailureKind.INTERNAL, reason, page.url, "please report this"), now)
    requests = tuple(exchange.note() for exchange in client.exchanges) if client else ()
    return msgspec.structs.replace(outcome, notes=msgspec.structs.replace(outcome.notes, requests=requests))


def timeout_failure(page: Page, seconds: float, *, answered: bool) -> Failure:
    """Return the failure of a page whose time was up."""
    kind = FailureKind.TIMEOUT if answered else FailureKind.NO_CONNECTION
    hint = "it is slow or out of reach; retried on the next run"
    return Failure(kind, f"no complete answer within {seconds:g} s", page.url, hint)


async def drive(plan: Plan[T], client: Client) -> T:
    """Run a plan: make the requests of each round, and return what the plan comes to."""
    step: Round | _End[T] = _advance(partial(next, plan))
    size = 0
    while not isinstance(step, _End):
        results = await _fetch_round(client, step)
        size += sum(_weight(result.body) for result in results.values() if isinstance(result, Fetched))
        advance = partial(_advance, partial(plan.send, results))
        is_long = size > MAX_PROMPT_BYTES
        step = await run_in_daemon_thread(partial(without_collection, advance)) if is_long else advance()
    result: T = step.value
    return result


class _End(NamedTuple, Generic[T]):
    """The end of a plan, and what it came to."""

    value: T


def _advance(advance: Callable[[], Round]) -> Round | _End[T]:
    """Let a plan go on to its next round, or to its end. It parses what it is sent."""
    try:
        return advance()
    except StopIteration as end:
        return _End(end.value)


def _weight(body: bytes) -> int:
    """Return the size of a document, in bytes of JSON that take as long to parse."""
    is_xml = body[:100].lstrip().startswith((b"<", b"\xef\xbb\xbf<"))
    return len(body) * FEED_WEIGHT if is_xml else len(body)


async def _fetch_round(client: Client, requests: Round) -> Results:
    head, *rest = requests.requests
    if not rest:
        return {head.document.url: await _fetch(client, head, requests)}
    first = asyncio.ensure_future(_fetch(client, head, requests))
    try:
        if requests.one_by_one:
            await _wait_briefly(client, first)
            if first.done() and head.document.required and isinstance(first.result(), Failure):
                return {head.document.url: first.result()}  # nothing could make up for it
        results = await _all_results(client, first, rest, requests)
    finally:
        if first.cancel():  # the page's time is up: nothing of it may go on behind the run's back
            await asyncio.wait({first})
    return {request.document.url: result for request, result in zip(requests.requests, results, strict=True)}


async def _all_results(
    client: Client, first: "asyncio.Future[DocumentResult]", rest: Sequence[Request], requests: Round
) -> list[DocumentResult]:
    if first.done() and len(rest) == 1:  # no other task is needed
        return [first.result(), await _fetch(client, rest[0], requests)]
    return await asyncio.gather(first, *(_fetch(client, request, requests) for request in rest))


async def _wait_briefly(client: Client, first: "asyncio.Future[DocumentResult]") -> None:
    """Give a prompt server the time to answer.

    One connection then serves the page, and a handshake is most of what a document costs. A slow server is asked for
    the other documents meanwhile.
    """
    first.add_done_callback(lambda _: client.progress.sent.set())
    await client.progress.sent.wait()
    await asyncio.wait({first}, timeout=PROMPT_SECONDS)


async def _fetch(client: Client, request: Request, requests: Round) -> DocumentResult:
    """Fetch a document. One that only enriches gets a share of the time left, so that it cannot cost the page."""
    now = asyncio.get_running_loop().time()
    until = client.until - SPARE_SECONDS if requests.spare_time or requests.own else None
    if until is None and not request.document.required:
        until = now + ENRICHMENT_SHARE * (client.until - now)
    if until is None:
        return await client.fetch(request.document, request.validators)
    try:
        async with asyncio.timeout_at(until):
            return await client.fetch(request.document, request.validators)
    except TimeoutError:
        return Failure(FailureKind.TIMEOUT, OUT_OF_SHARE, request.document.url)

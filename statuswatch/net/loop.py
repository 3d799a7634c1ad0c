"""The event loop of a run.

Names are resolved on threads of their own that nobody waits for: asyncio has a handful, and two dead names would hold
the exit of the run.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeVar

PROMPT_RESOLVERS: Final = 8  # threads, which are enough where names resolve
RESOLVED_WITHIN: Final = 0.01  # seconds; where they do not, each gets one
GRACE: Final = 0.7  # seconds that work in progress has left once an interruption is requested

T = TypeVar("T")
R = TypeVar("R")


class Interruption:
    """A request to end soon, from a signal handler or another thread: what is in progress gets a moment to finish."""

    def __init__(self) -> None:
        self.requested = False
        self._limits: dict[asyncio.Timeout, asyncio.AbstractEventLoop] = {}

    def request(self) -> None:
        """Bring every limit forward."""
        self.requested = True
        for limit, loop in list(self._limits.items()):
            with suppress(RuntimeError):  # the loop is closed: what it ran has ended
                loop.call_soon_threadsafe(self._bring_forward, limit, loop)

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncIterator[None]:
        """Limit a block to so many seconds, or to a moment from the request on. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(min(seconds, GRACE) if self.requested else seconds) as limit:
            self._limits[limit] = loop
            try:
                yield
            finally:
                del self._limits[limit]

    def _bring_forward(self, limit: asyncio.Timeout, loop: asyncio.AbstractEventLoop) -> None:
        if limit in self._limits:
            limit.reschedule(min(limit.when() or sys.maxsize, loop.time() + GRACE))


NEVER: Final = Interruption()  # for a run that only a Ctrl-C ends


async def map_concurrently(items: Collection[T], work: Callable[[T], Awaitable[R]], concurrency: int) -> list[R]:
    """Await `work` for every item, so many at a time; return the results in the order in which they end.

    The first error that it raises ends all the others.
    """
    waiting = iter(items)
    results: list[R] = []

    async def worker() -> None:
        for item in waiting:
            results.append(await work(item))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, len(items))):
                group.create_task(worker())
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return results


opened_transports: ContextVar[list[asyncio.BaseTransport]] = ContextVar("opened_transports")  # of the page at work
_Name = tuple[Any, Any, int, int, int, int]  # what the system's resolver is asked


class Loop(asyncio.SelectorEventLoop):
    """An event loop that resolves each name once, on daemon threads of its own, and notes who opens connections."""

    def __init__(self) -> None:
        super().__init__()
        self._lookups: dict[_Name, asyncio.Future[Any]] = {}
        self._queue: SimpleQueue[_Name | None] = SimpleQueue()
        self._unresolved = 0
        self._resolvers: list[Thread] = []
        self._timer: asyncio.TimerHandle | None = None

    async def create_connection(self, *arguments: Any, **options: Any) -> Any:
        """Open a connection, and note it for the page at work."""
        transport, protocol = await super().create_connection(*arguments, **options)
        opened_transports.get([]).append(transport)
        return transport, protocol

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        """Resolve a name once, however often the run asks for it."""
        name = (host, port, family, type, proto, flags)
        if name not in self._lookups:
            self._lookups[name] = self.create_future()
            self._unresolved += 1
            self._queue.put(name)
            if len(self._resolvers) < PROMPT_RESOLVERS:
                self._start_resolvers(PROMPT_RESOLVERS)
            elif self._unresolved > len(self._resolvers) and not self._timer:
                self._timer = self.call_later(RESOLVED_WITHIN, self._start_resolvers)
        return await asyncio.shield(self._lookups[name])

    def _start_resolvers(self, most: int = sys.maxsize) -> None:
        """Start one thread for each unresolved name, up to `most`: a name that hangs keeps its thread for itself."""
        self._timer = None
        while len(self._resolvers) < min(self._unresolved, most):
            self._resolvers.append(Thread(target=self._resolve, daemon=True))
            self._resolvers[-1].start()

    def _resolve(self) -> None:
        while name := self._queue.get():
            host, port, family, kind, proto, flags = name
            found: Any = None
            error: Exception | None = None
            try:
                found = socket.getaddrinfo(host, port, family, kind, proto, flags)
            except (OSError, UnicodeError) as raised:
                error = raised
            try:
                self.call_soon_threadsafe(self._settle, name, found, error)
            except RuntimeError:
                return  # the run is over; nobody waits for this name any more

    def _settle(self, name: _Name, found: Any, error: Exception | None) -> None:
        self._unresolved -= 1
        lookup = self._lookups[name]
        if error:
            lookup.set_exception(error)
            lookup.exception()  # seen: a page whose time is up does not come back for it
        else:
            lookup.set_result(found)

    def close(self) -> None:
        """End the resolvers too, unless one is stuck in a lookup."""
        for _ in self._resolvers:
            self._queue.put(None)
        if not self._unresolved:  # else one of them may never come back
            for resolver in self._resolvers:
                resolver.join()
        super().close()

"""Blocking work on daemon threads.

asyncio joins the threads of its own executor at exit: a receiver that hangs would hold up the end of the run.
"""

import asyncio
import gc
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread
from typing import Generic, Self, TypeVar

T = TypeVar("T")


async def run_in_daemon_thread(work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises. A caller that is cancelled leaves the thread behind."""
    handover = _Handover[T](asyncio.get_running_loop())

    def run() -> None:
        with handover:
            handover.succeed(work())

    Thread(target=run, daemon=True).start()
    return await handover.future


def without_collection(work: Callable[[], T]) -> T:
    """Return what `work` returns, while no garbage is collected.

    A collection of millions of objects holds up every thread for half a second.
    """
    _pause.begin()
    try:
        return work()
    finally:
        _pause.end()


class _CollectionPause:
    """A pause of the garbage collection, which lasts until everybody who began it ended it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._enabled = False

    def begin(self) -> None:
        with self._lock:
            if self._count == 0:
                self._enabled = gc.isenabled()
                gc.disable()
            self._count += 1

    def end(self) -> None:
        with self._lock:
            self._count -= 1
            if self._count == 0 and self._enabled:
                gc.enable()


_pause = _CollectionPause()


class _Handover(Generic[T]):
    """The result of a thread for an event loop; as a context manager it hands over what is raised in it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.future: asyncio.Future[T] = loop.create_future()

    def succeed(self, result: T) -> None:
        self._settle(lambda: self.future.set_result(result))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if error:
            # A future accepts no StopIteration, and a KeyboardInterrupt would end the run before it is saved.
            usable = isinstance(error, Exception) and not isinstance(error, StopIteration)
            exception = error if usable else RuntimeError(f"{type(error).__name__}: {error}")
            self._settle(lambda: self.future.set_exception(exception))
        return True

    def _settle(self, settle: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the run is over
            self._loop.call_soon_threadsafe(lambda: None if self.future.done() else settle())

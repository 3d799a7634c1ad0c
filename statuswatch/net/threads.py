"""Blocking work on a daemon thread of its own.

asyncio's own threads are joined at exit: a receiver that hangs would hold the end of the run.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Generic, Self, TypeVar

T = TypeVar("T")


async def run_in_daemon_thread(work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise what it raises. A caller that stops waiting leaves the thread behind."""
    carried = _Carried[T](asyncio.get_running_loop())

    def carry() -> None:
        with carried:
            carried.result(work())

    Thread(target=carry, daemon=True).start()
    return await carried.future


class _Carried(Generic[T]):
    """Brings to the loop what came of it on the thread: a result, or as a context what was raised."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.future: asyncio.Future[T] = loop.create_future()

    def result(self, result: T) -> None:
        self._settle(lambda: self.future.set_result(result))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> bool:
        if error:
            # A future takes no StopIteration; what is no Exception would end the run before it is saved.
            fit = isinstance(error, Exception) and not isinstance(error, StopIteration)
            raised = error if fit else RuntimeError(f"{type(error).__name__}: {error}")
            self._settle(lambda: self.future.set_exception(raised))
        return True

    def _settle(self, settle: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop is closed: the run is over
            self._loop.call_soon_threadsafe(lambda: None if self.future.done() else settle())

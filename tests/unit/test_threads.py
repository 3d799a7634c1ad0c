"""Blocking work on daemon threads."""

from __future__ import annotations

import asyncio
import threading

import pytest

from statuswatch.net.threads import run_in_daemon_thread


def test_the_result_of_the_work() -> None:
    """The caller gets what the work returns, from a thread that no exit waits for."""
    thread = asyncio.run(run_in_daemon_thread(threading.current_thread))
    assert thread.daemon and thread is not threading.main_thread()


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (OSError("no route"), OSError),
        (StopIteration(), RuntimeError),
        (SystemExit(3), RuntimeError),
        (KeyboardInterrupt(), RuntimeError),
    ],
)
def test_an_error_of_the_work(error: BaseException, raised: type[Exception]) -> None:
    """The caller gets what the work raises; what a future cannot carry, or would end the program, by its name."""

    def work() -> None:
        raise error

    with pytest.raises(raised, match=str(error) or type(error).__name__):
        asyncio.run(run_in_daemon_thread(work))


def test_work_that_outlives_its_loop() -> None:
    """A caller that stops waiting leaves the thread behind, and its late result disturbs nobody."""
    started, released, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        released.wait(60)
        threading.current_thread().name = "late"
        ended.set()

    async def cancel_once_started() -> None:
        task = asyncio.create_task(run_in_daemon_thread(work))
        while not started.is_set():
            await asyncio.sleep(0)
        task.cancel()

    asyncio.run(cancel_once_started())
    released.set()
    assert ended.wait(60)

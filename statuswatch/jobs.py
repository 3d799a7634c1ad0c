"""Reading in several processes: each reads, parses and compares its part of the pages, and hands back what it found.

The process that started them does everything else. A worker that dies fails the pages that it had not read yet.
"""

import gc
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.context import BaseContext
from typing import Any, Final

import msgspec

from statuswatch.config.schema import Config
from statuswatch.errors import StatuswatchError
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.model.report import PageOutcome
from statuswatch.net.client import ClientFactory, connect_to
from statuswatch.net.http import open_network
from statuswatch.net.loop import Interruption
from statuswatch.reading.part import Part, encoded_change, read_part
from statuswatch.reading.private import with_headers
from statuswatch.reading.reader import ReadOptions
from statuswatch.recording.recorder import RecordedResponse
from statuswatch.rules.reconcile import reconcile
from statuswatch.shard import job_of

MAX_LATE: Final = 10.0  # seconds after the deadline of the run for a worker to end
MAX_WAIT: Final = 0.5  # seconds without a look at the interruption
MAX_EXIT_SECONDS: Final = 5.0  # for a process that has closed its connection
_RETRIED: Final = "retried on the next run; with fewer --jobs a run needs less memory"

Worker = multiprocessing.process.BaseProcess
Keep = Callable[["Found"], None]
Messages = Iterator[tuple[Any, object]]  # each with our end of the connection
Workers = dict[Any, tuple[Worker, "Job"]]  # by our end of the connection


class Found(msgspec.Struct, frozen=True):
    """What a page came to: its state is encoded, where it changed. `responses` are to be recorded."""

    outcome: PageOutcome
    state: bytes | None
    responses: tuple[RecordedResponse, ...] = ()


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What one worker does. Without `connect` it opens the network by itself, with the headers of `config`."""

    part: Part
    options: ReadOptions
    now: datetime
    config: Config
    connect: ClientFactory | None
    is_recorded: bool


def read_in_jobs(job: Job, count: int, keep: Keep, *, clock: Callable[[], float] = time.monotonic) -> None:
    """Do a job in so many processes; each page ends in one call of `keep`. Raises what ends a run.

    A process that has not ended some seconds after the deadline is not waited for any longer. No process outlives the
    call, however it ends; none outlives this process.
    """
    context = multiprocessing.get_context(start_method())
    until = clock() + job.options.deadline + MAX_LATE
    workers: Workers = {}
    try:
        with _interrupts_held():
            for each in split(job, count):
                try:
                    connection, worker = _start(each, context, tuple(workers))
                except OSError as error:
                    _fail(each.part.pages, each, f"could not be started: {error.strerror or error}", keep)
                else:
                    workers[connection] = worker, each
        messages = partial(_messages, clock=clock, until=until, interruption=job.options.interruption)
        _collect(workers, messages, keep)
    finally:
        for connection, (worker, _) in workers.items():
            worker.kill()
            worker.join()
            connection.close()


def start_method() -> str:
    """Return how workers are started.

    A fork inherits the modules, the trust store and the state, and costs next to nothing. It is safe only where no
    other thread runs, whose locks it would inherit too; macOS has such threads of its own, and Windows has no fork.
    """
    return "fork" if sys.platform == "linux" and threading.active_count() == 1 else "spawn"


def split(job: Job, count: int) -> Iterator[Job]:
    """Yield the jobs of the workers: the pages by their keys, the concurrency in equal parts."""
    options = job.options
    parts: dict[int, list[Page]] = {}
    for page in job.part.pages:
        parts.setdefault(job_of(page.key, count), []).append(page)
    for number, pages in sorted(parts.items()):
        share, rest = divmod(options.concurrency, count)
        states = {page.key: job.part.states[page.key] for page in pages if page.key in job.part.states}
        yield msgspec.structs.replace(
            job,
            part=Part(tuple(pages), states, job.part.name),
            options=msgspec.structs.replace(options, concurrency=max(1, share + (number <= rest))),
        )


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold a Ctrl-C back, and keep it from the processes that are started meanwhile: it is ours to handle."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start(job: Job, context: BaseContext, siblings: tuple[Any, ...]) -> tuple[Any, Worker]:
    """Start a worker. A fork inherits our ends of the connections to its `siblings`, and must close them."""
    forks = context.get_start_method() == "fork"
    ours, theirs = context.Pipe()
    inherited = (ours, *siblings) if forks else ()
    worker = context.Process(  # type: ignore[attr-defined]  # every context has one
        target=_work, args=(job if forks else _without_network(job), theirs, inherited, gc.get_threshold()), daemon=True
    )
    worker.start()
    theirs.close()
    return ours, worker


def _without_network(job: Job) -> Job:
    """Return the job as it can be sent to another process."""
    config = msgspec.structs.replace(job.config, notify=(), mutes=())
    return msgspec.structs.replace(job, connect=None, config=config)


def _collect(workers: Workers, messages: Callable[[Mapping[Any, object]], Messages], keep: Keep) -> None:
    """Hand over what the workers find, until each has ended or is late; what one leaves unread has failed.

    An interruption leaves out what is not read yet.
    """
    unread = {connection: {page.key: page for page in job.part.pages} for connection, (_, job) in workers.items()}
    for connection, message in messages(unread):
        match message:
            case Found():
                del unread[connection][message.outcome.page.key]
                keep(message)
            case StatuswatchError():
                raise message
            case TimeoutError():
                _fail(tuple(unread.pop(connection).values()), workers[connection][1], "did not end in time", keep)
            case _:
                worker, job = workers[connection]
                pages = tuple(unread.pop(connection).values())
                _fail(pages, job, _end_of(worker) if pages else "", keep)


def _messages(
    unread: Mapping[Any, object], *, clock: Callable[[], float], until: float, interruption: Interruption
) -> Messages:
    """Yield the messages of the workers; None from each that has ended, TimeoutError from all that are late."""
    while unread and not interruption.requested:
        seconds = until - clock()
        ready = wait(list(unread), max(0.0, min(MAX_WAIT, seconds)))
        for connection in ready:
            yield connection, _receive(connection)
        if not ready and seconds <= 0:
            yield from [(connection, TimeoutError()) for connection in unread]


def _receive(connection: Any) -> object:
    """Return the next message of a worker; None where it has ended."""
    try:
        return connection.recv()
    except (EOFError, OSError, pickle.UnpicklingError):  # also one that died while it wrote
        return None


def _end_of(worker: Worker) -> str:
    """Return how a worker ended that left pages unread."""
    worker.join(MAX_EXIT_SECONDS)
    code = worker.exitcode
    if code is None:
        return "did not end in time"
    if code >= 0:
        return f"ended early (exit code {code})"
    with suppress(ValueError):
        return f"ended early (killed by {signal.Signals(-code).name})"
    return f"ended early (killed by signal {-code})"


def _fail(pages: Sequence[Page], job: Job, end: str, keep: Keep) -> None:
    reason = f"the process that reads it {end}"
    failure = Failure(FailureKind.NOT_REACHED, reason, hint=_RETRIED)
    for page in pages:
        state = job.part.state_of(page)
        outcome = reconcile(page, state, failure, job.now)
        keep(Found(outcome, encoded_change(outcome, state)))


# ------------------------------------------------------------------------------------------------ in the worker


def _work(job: Job, connection: Any, inherited: Sequence[Any], thresholds: tuple[int, int, int]) -> None:
    """Do a job, and send what it finds. `thresholds` are those of the garbage collection."""
    for other in inherited:
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.enable()  # started afresh, it has imported `__main__`, which disables that
    gc.set_threshold(*thresholds)
    gc.freeze()  # what a fork inherits is never garbage, and to look at it would copy it
    threading.Thread(target=_end_with_parent, args=(connection,), daemon=True).start()
    try:
        _read(job, lambda found: _send(connection, found))
    except StatuswatchError as error:
        _send(connection, error)
    else:
        _send(connection, None)


def _end_with_parent(connection: Any) -> None:
    """Wait for the end of the connection, on which nothing ever comes: then nobody waits for the job any more."""
    with suppress(EOFError, OSError):
        connection.recv_bytes()
    os._exit(1)


def _send(connection: Any, message: object) -> None:
    try:
        connection.send(message)
    except OSError:
        os._exit(1)


def _read(job: Job, send: Callable[[Found], None]) -> None:
    connect = job.connect or with_headers(connect_to(open_network()), job.config, os.environ)
    if not job.is_recorded:

        def keep(outcome: PageOutcome, state: bytes | None) -> None:
            send(Found(_lean(outcome), state))

        read_part(job.part, job.options, now=job.now, connect=connect, keep=keep)
        return
    from statuswatch.recording.write import ResponseBuffer, recorded

    buffer = ResponseBuffer()

    def keep_with_responses(outcome: PageOutcome, state: bytes | None) -> None:
        send(Found(_lean(outcome), state, buffer.take(outcome.page.key)))

    connect = recorded(connect, buffer)
    read_part(job.part, job.options, now=job.now, connect=connect, keep=keep_with_responses)


def _lean(outcome: PageOutcome) -> PageOutcome:
    """Return the outcome without what the other process does not need as objects."""
    return msgspec.structs.replace(outcome, state=None, feed=None)

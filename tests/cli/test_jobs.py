"""`--jobs`: several processes read, and one does everything else."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from statuswatch.cli.options import MAX_JOBS, MIN_AUTO_PAGES, cores, job_count
from statuswatch.config.schema import Config
from statuswatch.delivery.deliver import deliver_report
from statuswatch.errors import UsageError
from statuswatch.jobs import Job, split, start_method
from statuswatch.model.page import Page
from statuswatch.pipeline import check, run_of
from statuswatch.reading.part import Part
from statuswatch.reading.reader import ReadOptions
from statuswatch.shard import Shard, shard_of
from tests.support.fake_vendor import DAY, incident, statuspage
from tests.support.warm_command import CAN_FORK, inherited_environment, warm_command
from tests.support.workspace import PATIENCE, finish

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from tests.support.workspace import Workspace

KEYS: Final = ("acme", "p0", "p1", "p3", "p6")
ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = "/{}/api/v2/incidents.json"
on_linux: Final = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")


def test_the_laws_of_several_processes(tmp_path: Path) -> None:
    """Contract 2.5b: `--jobs N` gives the events, notes, recording and state file of one process; a worker that
    dies, or is late, fails its pages only.
    """
    if not (CAN_FORK and sys.platform == "linux"):
        pytest.skip("workers are forked on Linux only")
    # The package of the tests is not installed, and the process starts elsewhere.
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.support.jobs_law import main; main()"
    completed = warm_command().run(["-c", program], tmp_path, inherited_environment())
    assert (completed.code, completed.out) == (0, "held\n"), completed.err


def test_spawned_processes(workspace: Workspace) -> None:
    """Contract 2.5b: where a fork is not safe, as beside another thread, workers are started afresh, and do the
    same.
    """
    workspace.watch(*KEYS)
    urls = {key: f"{workspace.vendor.url}/{key}" for key in KEYS}
    for key in KEYS:
        workspace.vendor.put(statuspage(f"/{key}", [incident(f"i-{key}", "investigating")]))
    pages = tuple(Page(key=key, name=key, url=url, platform="statuspage") for key, url in urls.items())
    run = run_of(Config(pages=pages, state=workspace.state), jobs=2, announce_open=True)
    release = threading.Event()
    threading.Thread(target=release.wait, daemon=True).start()
    assert start_method() == "spawn"
    report = check(run, DAY, lambda _: None, deliver_report((), partial=False))
    release.set()
    assert not report.failed and {event.incident.id for event in report.events} == {f"i-{key}" for key in KEYS}


def test_the_parts() -> None:
    """Contract 2.5b: every page is in one part, the concurrency is shared out, and a shard's pages are spread over
    the parts.
    """
    keys = [key for number in range(4000) if Shard(2, 8).holds(key := f"page-{number}")]
    pages = tuple(Page(key=key, name=key, url="https://acme.example") for key in keys)
    options = ReadOptions(timeout=1, deadline=1, concurrency=5)
    job = Job(
        part=Part(pages, {keys[0]: b"{}"}, "state.json"),
        options=options,
        now=DAY,
        config=Config(pages=pages, state=Path("state.json")),
        connect=None,
        is_recorded=False,
    )
    parts = list(split(job, 2))
    assert sorted(page.key for each in parts for page in each.part.pages) == sorted(keys)
    assert sorted(each.options.concurrency for each in parts) == [2, 3]
    assert [key for each in parts for key in each.part.states] == keys[:1]
    assert {shard_of(key, 2) for key in keys} == {2}, "the partition of shards puts them all into one part"
    assert min(len(each.part.pages) for each in parts) > len(keys) / 3


def test_how_many() -> None:
    """Contract 2.5b: `auto` is a process for each core from 500 pages on; another word, or a number out of bounds,
    is exit 2.
    """
    assert job_count(None, 10_000) == 1 and job_count("3", 1) == 3
    assert job_count("auto", MIN_AUTO_PAGES - 1) == 1
    assert job_count("AUTO", MIN_AUTO_PAGES) == min(cores(), MAX_JOBS)
    for word in ("0", "-1", "two", "1.5", "", "²", str(MAX_JOBS + 1)):
        with pytest.raises(UsageError, match="--jobs"):
            job_count(word, 10)


def test_an_offline_answer_reads_nothing(workspace: Workspace) -> None:
    """Contract 2.5b: `status --offline --jobs` is exit 2; `status --jobs` reads as `status` does."""
    assert workspace.run("status", "--offline", "--jobs", "2").code == 2
    workspace.watch("p0", "p3", settings='platform = "statuspage"\n')
    for key in ("p0", "p3"):
        workspace.vendor.put(statuspage(f"/{key}", [incident(f"i-{key}", "investigating")]))
    one, several = (workspace.run("status", "--format", "json", *jobs) for jobs in ((), ("--jobs", "2")))
    assert one.code == several.code == 0 and "i-p0" in several.out and "i-p3" in several.out
    assert json.loads(several.out) | {"at": ""} == json.loads(one.out) | {"at": ""}


class Held:
    """A response that waits until it is released."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def __call__(self, connection: socket.socket) -> None:
        self.released.wait(PATIENCE)
        with suppress(OSError):
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


class Running:
    """A run of two workers, each of which waits for a page; by their numbers."""

    def __init__(self, workspace: Workspace) -> None:
        workspace.watch(*KEYS, top="timeout = 600\ndeadline = 600")  # no worker ends by itself
        self.held = Held()
        for key in KEYS:
            workspace.vendor.put(statuspage(f"/{key}", [incident(f"i-{key}", "investigating")]))
            workspace.vendor.answer(DOCUMENT.format(key), self.held)
        self.process = workspace.start("check", "--jobs", "2", start_new_session=True)
        for key in KEYS:
            workspace.vendor.wait_for(DOCUMENT.format(key))
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.workers = [os.pidfd_open(int(child)) for child in children]
        assert len(self.workers) == 2

    def close(self) -> None:
        self.held.released.set()
        self.process.kill()
        for worker in self.workers:
            os.close(worker)

    def await_workers(self) -> None:
        """Wait until no worker is left."""
        for worker in self.workers:
            assert select.select([worker], [], [], PATIENCE)[0], "a worker is left behind"


@pytest.fixture
def running(workspace: Workspace) -> Iterator[Running]:
    run = Running(workspace)
    yield run
    run.close()


@on_linux
def test_ctrl_c(running: Running, workspace: Workspace) -> None:
    """Contract 2.5b: Ctrl-C, which a terminal sends to the workers too, is exit 130 with one message, and no worker
    is left.
    """
    os.killpg(running.process.pid, signal.SIGINT)
    completed = finish(running.process)
    running.await_workers()
    assert completed.code == 130 and len(completed.err.splitlines()) == 1, completed
    assert not workspace.state.exists()


@on_linux
def test_sigterm(running: Running) -> None:
    """Contract 2.5b: SIGTERM ends the run as it does without workers, and none is left."""
    running.process.terminate()
    assert finish(running.process).code == -signal.SIGTERM
    running.await_workers()


@on_linux
def test_a_killed_worker(running: Running, workspace: Workspace) -> None:
    """Contract 2.5b: the pages of a worker that dies have failed, with that reason; the run completes without them."""
    signal.pidfd_send_signal(running.workers[0], signal.SIGKILL)
    running.held.released.set()
    completed = finish(running.process)
    assert completed.code == 0 and "the process that reads it ended early (killed by SIGKILL)" in completed.err
    failed = [key for key, page in workspace.saved_pages().items() if "SIGKILL" in str(page.get("failing"))]
    assert 0 < len(failed) < len(KEYS)

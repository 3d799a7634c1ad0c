"""The laws of `--jobs`, in a process that has no threads, so that it forks its workers: `python -m` this module.

Whatever vendors publish or fail to, several processes come to the same events, notes, state file and recording as one.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import signal
import sys
import threading
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from statuswatch.config.schema import Config
from statuswatch.jobs import Found, Job, read_in_jobs, start_method
from statuswatch.model.mute import Mute
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.net.response import Response
from statuswatch.pipeline import Run, check
from statuswatch.reading.part import Part
from statuswatch.reading.reader import ReadOptions
from statuswatch.recording.recorder import NoRecorder
from statuswatch.recording.write import FileRecorder
from statuswatch.render import summary
from statuswatch.render.jsonlines import render
from statuswatch.shard import job_of
from statuswatch.state import MemoryState, encode
from tests.support.fake_vendor import incident, statuspage
from tests.support.recorded_runs import FakeWire, NamingClient, deliver_nothing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from statuswatch.model.report import RunReport
    from statuswatch.net.client import Client
    from statuswatch.net.response import Progress

START: Final = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
PAGES: Final = tuple(
    Page(key=f"p{number}", name=f"P{number}", url=f"https://h{number % 2}.example/p{number}", platform="statuspage")
    for number in range(12)
)
MUTES: Final = tuple(Mute(page=page.key, incident="Trouble*") for page in PAGES[:4])
MINUTES: Final = (0, 45, 110, 175)  # of the runs: an hour of failures is reported, and may end
FAULTS: Final = ("unavailable", "garbage", "refused", "crash", "missing")
Step = tuple[str, ...]  # what happens to each page before a run


class CrashingWire(FakeWire):
    """A wire in which a callable in place of a response is called."""

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        if callable(response := self.responses.get(url)):
            response()
        return await super().get(url, headers, progress)


class Seen(NamedTuple):
    """What a run shows: printed lines, each page's outcome, notes on stderr, state file and recording."""

    lines: list[str]
    pages: tuple[object, ...]
    notes: list[str]
    state: bytes
    recording: list[dict[str, Any]]


class Side:
    """The program with so many processes, from run to run."""

    def __init__(self, folder: Path, jobs: int, *, announce_open: bool = False, recorded: bool = False) -> None:
        self.jobs, self.announce_open, self.store = jobs, announce_open, MemoryState()
        self.path = folder / f"{jobs}.jsonl" if recorded else None

    def run(self, minutes: int, responses: Mapping[str, Any], pages: tuple[Page, ...] = PAGES) -> Seen:
        """Run once over the responses, by address."""
        now = START + timedelta(minutes=minutes)
        recorder = FileRecorder(self.path, lambda: now) if self.path else NoRecorder()
        lines: list[str] = []
        run = Run(
            config=Config(pages=pages, state=Path("state.json"), mutes=MUTES),
            pages=pages,
            store=self.store,
            options=ReadOptions(timeout=60, deadline=240, concurrency=8, announce_open=self.announce_open),
            connect=connect_to(responses),
            recorder=recorder,
            jobs=self.jobs,
        )

        def print_events(report: RunReport) -> None:
            lines.extend(render(event, now, muted=event.id in report.muted) for event in report.events)

        report = check(run, now, print_events, deliver_nothing)
        if isinstance(recorder, FileRecorder):
            recorder.close()
        return Seen(lines, *describe(report), b"".join(encode(self.store.load())), self.recording())

    def recording(self) -> list[dict[str, Any]]:
        """Return the lines of the recording in the order of pages, without the times of arrival."""
        lines = [json.loads(line) for line in self.path.read_text().splitlines()] if self.path else []
        untimed = [{name: value for name, value in line.items() if name != "at"} for line in lines]
        return sorted(untimed, key=lambda line: (line["run"], line.get("page", ""), line.get("seq", 0)))


def connect_to(responses: Mapping[str, Any]) -> Any:
    """Return what opens clients over the responses."""

    def connect(_: Page, until: float) -> AbstractAsyncContextManager[Client]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Client]:
            yield NamingClient(CrashingWire(responses), until)

        return opened()

    return connect


def describe(report: RunReport) -> tuple[tuple[object, ...], list[str]]:
    """Return the outcomes, without how long requests took, and what is printed of them."""
    pages = []
    for page in report.pages:
        requests = tuple(msgspec.structs.replace(request, seconds=0.0) for request in page.notes.requests)
        pages.append(msgspec.structs.replace(page, notes=msgspec.structs.replace(page.notes, requests=requests)))
    notes = summary.failure_lines(report.failed, verbose=True)
    for page in pages:
        notes += summary.page_lines(page, verbose=True)
    return tuple(pages), [*notes, summary.closing_line(report), repr(report.open), repr(report.changed)]


def served(stories: Mapping[str, list[str]], step: Step) -> dict[str, Any]:
    """Return the responses to a run, by address. `stories` are the statuses so far of each page's incident."""
    responses: dict[str, Any] = {}
    for page, word in zip(PAGES, step, strict=True):
        story = stories[page.key]
        listed = [incident(f"i-{page.key}", *story, at=START - timedelta(days=1))] if story else []
        for path, document in statuspage("", listed).items():
            document = document | {"page": {"id": f"page-{page.key}"}}
            responses[page.url + path] = faulty(word) or Response(200, {}, json.dumps(document).encode())
    return responses


def faulty(word: str) -> Any:
    """Return what stands in for the response of a page with a fault; None where it has none."""
    match word:
        case "unavailable":
            return Response(503, {})
        case "garbage":
            return Response(200, {}, b'{"page": ')
        case "refused":
            return Failure(FailureKind.NO_CONNECTION, "no connection: refused")
        case "crash":
            return "no response at all"  # fails an assertion: a fault of ours
        case "missing":
            return Response(404, {})
    return None


def advance(stories: dict[str, list[str]], step: Step) -> None:
    """Let the incidents of pages begin, go on and end."""
    for key, word in zip(stories, step, strict=True):
        if word in ("investigating", "monitoring", "resolved"):
            stories[key] = [*stories[key], word]


words = st.sampled_from((*("quiet", "investigating", "monitoring", "resolved") * 2, *FAULTS))
steps = st.one_of(st.tuples(*[words] * len(PAGES)), st.sampled_from(FAULTS).map(lambda word: (word,) * len(PAGES)))


@settings(max_examples=int(os.environ.get("STATUSWATCH_EXAMPLES", "8")), deadline=None, derandomize=True, database=None)
@given(st.lists(steps, min_size=4, max_size=4), st.integers(2, 4), st.booleans(), st.booleans())
def several_processes_are_as_one(runs: list[Step], jobs: int, announce_open: bool, recorded: bool) -> None:  # noqa: FBT001
    """Compare run by run."""
    stories: dict[str, list[str]] = {page.key: [] for page in PAGES}
    with TemporaryDirectory() as folder:
        options = {"announce_open": announce_open, "recorded": recorded}
        one, several = Side(Path(folder), 1, **options), Side(Path(folder), jobs, **options)
        for minutes, step in zip(MINUTES, runs, strict=True):
            advance(stories, step)
            responses = served(stories, step)
            assert several.run(minutes, responses) == one.run(minutes, responses)


def a_dead_worker_fails_its_pages_only() -> None:
    """Kill one worker of two at a page's request: its pages fail, and the next run finds what they had."""
    stories = {page.key: ["investigating"] for page in PAGES}
    step = ("quiet",) * len(PAGES)
    responses, mine = served(stories, step), os.getpid()

    def die() -> None:
        assert os.getpid() != mine
        os.kill(os.getpid(), signal.SIGKILL)

    dying = {url: die for url in responses if url.startswith(f"{PAGES[0].url}/")}
    with TemporaryDirectory() as folder:
        side = Side(Path(folder), 2, recorded=True)
        side.run(0, responses)
        for key in stories:
            stories[key].append("resolved")
        responses = served(stories, step)
        shown = side.run(5, responses | dying)
        hit = {page.key for page in PAGES if job_of(page.key, 2) == job_of("p0", 2)}
        failures = {page.page.key: page.failure for page in shown.pages if page.failure}  # type: ignore[attr-defined]
        assert "p0" in failures and failures.keys() <= hit < {page.key for page in PAGES}
        reason = "the process that reads it ended early (killed by SIGKILL)"
        assert all(failure.reason == reason and not failure.answered for failure in failures.values())
        assert any(reason in note for note in shown.notes)
        reported = [json.loads(line)["page"]["key"] for line in shown.lines]
        assert sorted(reported) == sorted(page.key for page in PAGES if page.key not in failures)
        later = side.run(10, responses)
        assert {json.loads(line)["page"]["key"] for line in later.lines} == {*failures}
        not_reached = [line for line in shown.recording if line.get("error") == "not_reached"]
        assert {line["page"] for line in not_reached} == {*failures}


def dead_workers_are_no_answer() -> None:
    """Kill all workers: nothing is reported or saved."""
    urls = served({page.key: [] for page in PAGES}, ("quiet",) * len(PAGES))
    with TemporaryDirectory() as folder:
        side = Side(Path(folder), 2)
        before = b"".join(encode(side.store.load()))
        shown = side.run(0, dict.fromkeys(urls, lambda: os._exit(3)))
        assert shown.lines == [] and shown.state == before
        assert all("(exit code 3)" in page.failure.reason for page in shown.pages)  # type: ignore[attr-defined]


def a_late_worker_fails_its_pages_only() -> None:
    """Let one worker of two never end: what it left unread fails with that reason, and the run goes on at once."""
    hang = threading.Event().wait
    responses = served({page.key: [] for page in PAGES}, ("quiet",) * len(PAGES))
    hanging = {url: hang for url in responses if url.startswith(f"{PAGES[0].url}/")}
    config = Config(pages=PAGES, state=Path("state.json"))
    options = ReadOptions(timeout=600, deadline=600, concurrency=8)
    late = {page.key for page in PAGES if job_of(page.key, 2) == job_of("p0", 2)}
    read: dict[str, Failure | None] = {}

    def clock() -> float:
        """Return a time that passes once the other worker has read all of its pages."""
        return 1e6 if read.keys() >= {page.key for page in PAGES} - late else 0.0

    connect = connect_to(responses | hanging)
    part = Part(PAGES, {}, "state.json")
    job = Job(part=part, options=options, now=START, config=config, connect=connect, is_recorded=False)

    def keep(found: Found) -> None:
        assert found.outcome.page.key not in read, "a page ends once"
        read[found.outcome.page.key] = found.outcome.failure

    read_in_jobs(job, 2, keep, clock=clock)
    failures = {key: failure for key, failure in read.items() if failure}
    assert read.keys() == {page.key for page in PAGES} and "p0" in failures and failures.keys() <= late
    assert {failure.reason for failure in failures.values()} == {"the process that reads it did not end in time"}
    assert not any(failure.answered for failure in failures.values())
    assert not multiprocessing.active_children(), "a worker is left behind"


def main() -> None:
    """Hold all laws."""
    assert start_method() == "fork", "the process has threads, or the system does not fork"
    gc.set_threshold(20_000, 50, 50)  # as the command does it
    several_processes_are_as_one()
    a_dead_worker_fails_its_pages_only()
    dead_workers_are_no_answer()
    a_late_worker_fails_its_pages_only()
    sys.stdout.write("held\n")

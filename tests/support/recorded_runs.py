"""Runs over responses in memory, recorded into a file, and their replay."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from statuswatch.config.schema import Config
from statuswatch.model.page import DocumentResult, Failure, Page
from statuswatch.model.report import Delivery, RunReport
from statuswatch.net.client import Client
from statuswatch.net.response import Response
from statuswatch.pipeline import Run, check
from statuswatch.reading.reader import ReadOptions
from statuswatch.recording.write import FileRecorder
from statuswatch.render.jsonlines import render
from statuswatch.replay import replay
from statuswatch.state import MemoryState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from contextlib import AbstractAsyncContextManager

    from statuswatch.model.page import Document, Validators
    from statuswatch.model.state import State
    from statuswatch.net.response import Progress

START: Final = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
URL: Final = "https://status.acme.example"
ACME: Final = Page(key="acme", name="Acme", url=URL, platform="statuspage")
SLOW: Final[Any] = object()  # a request that is never answered


class FakeWire:
    """Answers from a table of addresses, or of names of documents; anything else is 404."""

    def __init__(self, responses: Mapping[str, Any]) -> None:
        self.responses = responses
        self.names: dict[str, str] = {}  # of documents, by address

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        progress.sent.set()
        response = self.responses.get(url, self.responses.get(self.names.get(url, ""), Response(404, {})))
        if response is SLOW:
            await asyncio.get_running_loop().create_future()
        if isinstance(response, list):
            response = response.pop(0)
        progress.answered = progress.answered or isinstance(response, Response)
        assert isinstance(response, Response | Failure)
        return response


class NamingClient(Client):
    """A client whose wire knows the names of the documents."""

    def __init__(self, wire: FakeWire, until: float) -> None:
        super().__init__(wire, until, pause=no_pause)
        self._names = wire.names

    async def fetch(self, document: Document, validators: Validators | None) -> DocumentResult:
        self._names[document.url] = document.name
        return await super().fetch(document, validators)


class Live:
    """Runs over a table of responses, recorded into a file."""

    def __init__(self, path: Path, *pages: Page, timeout: float = 60) -> None:
        self.path, self.pages, self.timeout = path, pages or (ACME,), timeout
        self.store = MemoryState()
        self.lines: list[str] = []

    def run(
        self, minutes: float, responses: Mapping[str, Any], *, record: bool = True, keys: tuple[str, ...] = ()
    ) -> RunReport:
        now = START + timedelta(minutes=minutes)
        recorder = FileRecorder(self.path, clock=lambda: now) if record else None

        def connect(_: Page, until: float) -> AbstractAsyncContextManager[Client]:
            @asynccontextmanager
            async def opened() -> AsyncIterator[Client]:
                yield NamingClient(FakeWire(responses), until)

            return opened()

        options = ReadOptions(timeout=self.timeout, deadline=240, concurrency=16, conditional=not record)
        run = Run(
            config=Config(pages=self.pages, state=Path("state.json")),
            pages=tuple(page for page in self.pages if not keys or page.key in keys),
            partial=bool(keys),
            store=self.store,
            options=options,
            connect=connect,
        )
        if recorder:
            run = msgspec.structs.replace(run, recorder=recorder)
        report = check(run, now, lambda report: self.lines.extend(lines_of(report)), deliver_nothing)
        if recorder:
            recorder.close()
        return report


async def no_pause(_: float) -> None:
    """Retry at once."""


def deliver_nothing(_: RunReport, before: State) -> Delivery:
    return Delivery(outbox=before.outbox)


def lines_of(report: RunReport) -> list[str]:
    return [render(event, report.detected_at) for event in report.events]


def replayed(path: Path, **options: Any) -> list[str]:
    lines: list[str] = []
    replay(path, None, lambda report: lines.extend(lines_of(report)), **options)
    return lines

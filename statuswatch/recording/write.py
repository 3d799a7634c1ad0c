"""Writing a recording."""

import asyncio
from base64 import b64encode
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from statuswatch import text
from statuswatch.errors import OutputError, UsageError
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.model.report import PageOutcome
from statuswatch.model.state import PageState, State
from statuswatch.net.client import Client, ClientFactory
from statuswatch.net.response import Progress, Response, Wire
from statuswatch.reading.reader import OUT_OF_SHARE
from statuswatch.recording.line import RecordingLine, encode_line
from statuswatch.recording.recorder import RecordedResponse, RunStart
from statuswatch.state import decode_page, encode_page

# Headers that say something about a document. No other is kept: some hold session ids.
KEPT_HEADERS: Final = ("content-type", "etag", "last-modified", "location", "retry-after", "date", "age")
BEGIN: Final = b'{"run":'  # of every line
_OUT_OF_TIME: Final = frozenset({FailureKind.TIMEOUT, FailureKind.NO_CONNECTION, FailureKind.NOT_REACHED})


def _begin_of(path: Path) -> bytes:
    """Return the first bytes of a file; none where it is empty, is no regular file, or does not exist."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(len(BEGIN))


class FileRecorder:
    """Appends to a recording. `clock` gives the time of each response."""

    needs_bodies = True

    def __init__(self, path: Path, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.name = text.line(str(path))
        self._clock = clock
        self._run = clock()
        self._numbers: defaultdict[str, int] = defaultdict(int)
        self._abandoned: defaultdict[str, list[str]] = defaultdict(list)  # addresses whose request was cut off
        try:
            begin = _begin_of(path)
            self._is_new = not begin
            if begin and begin != BEGIN:
                raise UsageError(f"--record: not a recording ({self.name}): name another file; nothing was added to it")
            self._file: BinaryIO = path.open("ab")
        except OSError as error:
            what_to_do = "name a file that can be written"
            raise UsageError(f"--record: {error.strerror or error} ({self.name}): {what_to_do}") from error

    def begin(self, start: RunStart, before: State, now: datetime) -> None:
        """Write the pages of a run; into a new file first their state and the open shared incidents, if any."""
        self._run = now
        self._numbers.clear()
        keys = [page.key for page in (*start.pages, *start.unread)]
        states = {key: _compact(decode_page(before.pages[key], key, self.name)) for key in keys if key in before.pages}
        if self._is_new and states:
            self._write(RecordingLine(run=now, state=states, shared=dict(before.shared) or None))
        self._is_new = False
        line = RecordingLine(
            run=now,
            pages=[msgspec.to_builtins(page) for page in start.pages],
            partial=start.partial,
            unread=[msgspec.to_builtins(page) for page in start.unread] or None,
            assume_impact=start.assume_impact,
        )
        self._write(line)

    def connect(self, connect: ClientFactory) -> ClientFactory:
        """Return what opens clients whose responses are written."""
        return recorded(connect, self)

    def add(self, key: str, responses: Iterable[RecordedResponse]) -> None:
        """Write the responses of a page that another process read. Raises OutputError."""
        for url, at, response in responses:
            if response is None:
                self.abandon(key, url)
            else:
                self.write(key, url, response, at=at)

    def finish(self, outcome: PageOutcome) -> None:
        """Write why requests were cut off: the page's own failure, or their share of its time."""
        key, failure = outcome.page.key, outcome.failure
        is_late = failure is not None and failure.kind in _OUT_OF_TIME and failure.where in ("", outcome.page.url)
        urls = self._abandoned.pop(key, [])
        if failure and failure.kind is FailureKind.NOT_REACHED and not urls:
            urls = [outcome.page.url]
        share = Failure(FailureKind.TIMEOUT, OUT_OF_SHARE)
        for url in urls:
            self.write(key, url, failure if failure and is_late else share)

    def write(self, key: str, url: str, response: Response | Failure, *, at: datetime | None = None) -> None:
        """Write one response, or why there was none; it came just now, or `at` a time. Raises OutputError."""
        self._numbers[key] += 1
        line = RecordingLine(run=self._run, at=at or self._clock(), page=key, seq=self._numbers[key], url=url)
        if isinstance(response, Failure):
            line.error, line.reason = response.kind, response.reason
        else:
            line.status = response.status
            line.headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
            _set_body(line, response.body)
        self._write(line)

    def abandon(self, key: str, url: str) -> None:
        """Remember that a request was cut off; `finish` says why."""
        self._abandoned[key].append(url)

    def close(self) -> None:
        """Flush everything to the file. Raises OutputError."""
        self._guarded(self._file.close)

    def _write(self, line: RecordingLine) -> None:
        self._guarded(lambda: self._file.write(encode_line(line) + b"\n"))

    def _guarded(self, operation: Callable[[], object]) -> None:
        try:
            operation()
        except OSError as error:
            reason = f"the recording could not be written: {error.strerror or error}"
            raise OutputError(f"{reason} ({self.name}): make room, or name another file with --record") from error


class ResponseBuffer:
    """The responses of pages that are read for a recorder in another process."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._clock = clock
        self._responses: defaultdict[str, list[RecordedResponse]] = defaultdict(list)

    def write(self, key: str, url: str, response: Response | Failure) -> None:
        """Keep one response, or why there was none."""
        self._responses[key].append(RecordedResponse(url, self._clock(), response))

    def abandon(self, key: str, url: str) -> None:
        """Keep that a request was cut off."""
        self._responses[key].append(RecordedResponse(url, self._clock(), None))

    def take(self, key: str) -> tuple[RecordedResponse, ...]:
        """Return the responses of a page that is read, and forget them."""
        return tuple(self._responses.pop(key, ()))


def recorded(connect: ClientFactory, recorder: "FileRecorder | ResponseBuffer") -> ClientFactory:
    """Return what opens clients whose responses the recorder is given."""

    @asynccontextmanager
    async def connect_page(page: Page, until: float) -> AsyncIterator[Client]:
        async with connect(page, until) as client:
            client.wire = _RecordingWire(client.wire, page.key, recorder)
            yield client

    return connect_page


def _compact(state: PageState) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.format(encode_page(state), indent=-1))


def _set_body(line: RecordingLine, body: bytes) -> None:
    try:
        line.body = body.decode()
    except UnicodeDecodeError:
        line.body_base64 = b64encode(body).decode()


class _RecordingWire:
    """A wire whose responses a recorder is given."""

    def __init__(self, wire: Wire, key: str, recorder: FileRecorder | ResponseBuffer) -> None:
        self._wire, self._key, self._recorder = wire, key, recorder

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        try:
            response = await self._wire.get(url, headers, progress)
        except asyncio.CancelledError:
            self._recorder.abandon(self._key, url)
            raise
        self._recorder.write(self._key, url, response)
        return response

"""Reading a recording back."""

import gzip
from base64 import b64decode
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from statuswatch import text
from statuswatch.errors import UsageError
from statuswatch.model.incident import Impact
from statuswatch.model.page import Failure, FailureKind, Page
from statuswatch.model.state import State
from statuswatch.net.client import Client, ClientFactory
from statuswatch.net.response import Progress, Response
from statuswatch.recording.line import RecordingLine, decode_line

_GZIP: Final = b"\x1f\x8b"


class RecordedRun(msgspec.Struct, frozen=True, kw_only=True):
    """The responses of one run. `state` replaces what is remembered, where the recording begins with one.

    `pages` are the listed ones, else the keys of the responses; `lines` are in the order of the file.
    """

    now: datetime
    pages: tuple[Page | str, ...]
    partial: bool
    unread: tuple[Page | str, ...] = ()
    assume_impact: Impact = Impact.UNKNOWN
    responses: Mapping[str, Mapping[str, Sequence[Response | Failure]]]  # by page key and address
    state: State | None = None

    def connect(self) -> ClientFactory:
        """Return what opens clients that are answered from the recording."""

        @asynccontextmanager
        async def recorded(page: Page, until: float) -> AsyncIterator[Client]:
            wire = _RecordedWire(self.responses.get(page.key, {}), page.url)
            yield Client(wire, until, pause=_no_pause)

        return recorded


async def _no_pause(_: float) -> None:
    """Go on at once: the pause before a retry is over since the recording was made."""


class _RecordedWire:
    """Answers each request with the next response that was recorded of its address."""

    def __init__(self, responses: Mapping[str, Sequence[Response | Failure]], page_url: str) -> None:
        self._queues = {url: deque(recorded) for url, recorded in responses.items()}
        self._page_url = page_url

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        progress.sent.set()
        queue = self._queues.get(url) or self._unreached()
        if not queue:
            return Failure(FailureKind.NOT_RECORDED, "the recording has no response to this request", url)
        response = queue.popleft()
        progress.answered |= not isinstance(response, Failure) or response.answered
        return msgspec.structs.replace(response, where=url) if isinstance(response, Failure) else response

    def _unreached(self) -> "deque[Response | Failure] | None":
        """Return the note that the run's deadline came before the page's first request."""
        queue = self._queues.get(self._page_url)
        first = queue[0] if queue else None
        return queue if isinstance(first, Failure) and first.kind is FailureKind.NOT_REACHED else None


def read_recording(path: Path) -> Iterator[RecordedRun]:
    """Read the runs of a recording, one after the other; `.gz` is read too. Raises UsageError with file and line."""
    lines: list[RecordingLine] = []
    for line in _read_lines(path):
        if lines and line.run != lines[-1].run:
            yield _run_of(lines)
            lines = []
        lines.append(line)
    if not lines:
        raise UsageError(f"the recording is empty ({text.line(str(path))}): make it with --record")
    yield _run_of(lines)


def _read_lines(path: Path) -> Iterator[RecordingLine]:
    name = text.line(str(path))
    try:
        with _open(path) as file:
            for number, raw in enumerate(file, 1):
                if raw.strip():
                    yield _parse_line(raw, f"{name}, line {number}")
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"the recording cannot be read: {reason} ({name}): name a file made with --record") from error


def _open(path: Path) -> Any:
    with path.open("rb") as file:
        is_compressed = file.read(2) == _GZIP
    return gzip.open(path, "rb") if is_compressed else path.open("rb")


def _parse_line(raw: bytes, place: str) -> RecordingLine:
    try:
        line = decode_line(raw)
        if line.run is None:
            raise msgspec.ValidationError("it has no `run`")
        if line.run.tzinfo is None:
            line.run = line.run.replace(tzinfo=UTC)
        if line.page and line.status is None and not line.error:
            raise msgspec.ValidationError("it has neither `status` nor `error`")
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        reason = text.line(str(error))
        what_to_do = "make it anew with --record" if raw.endswith(b"\n") else "its run was killed, so delete this line"
        raise UsageError(f"not a line of a recording: {reason} ({place}): {what_to_do}") from error
    return line


def _run_of(lines: Sequence[RecordingLine]) -> RecordedRun:
    responses: dict[str, dict[str, list[Response | Failure]]] = {}
    pages: dict[str, Page | str] = {}
    state: State | None = None
    unread: tuple[Page | str, ...] = ()
    assume_impact = Impact.UNKNOWN
    partial = True
    for line in sorted(lines, key=lambda line: (line.page, line.seq)):
        if line.state is not None:
            state = State(pages=dict(line.state), shared=line.shared or {})
        if line.pages is not None:
            partial = partial if line.partial is None else line.partial
            pages |= {page if isinstance(page, str) else page.key: page for page in _listed(line.pages)}
            unread = tuple(_listed(line.unread or ()))
            assume_impact = line.assume_impact
        if line.page:
            responses.setdefault(line.page, {}).setdefault(line.url, []).append(_response(line))
    for key in responses:
        pages.setdefault(key, key)
    now = lines[0].run or datetime.now(UTC)
    return RecordedRun(
        now=now.astimezone(UTC),
        pages=tuple(pages.values()),
        partial=partial,
        unread=unread,
        assume_impact=assume_impact,
        responses=responses,
        state=state,
    )


def _listed(pages: Iterable[Any]) -> Iterator[Page | str]:
    """Pages as a recording lists them: complete, or by their keys."""
    for page in pages:
        if isinstance(page, Mapping) and "url" in page and "key" in page:
            yield msgspec.convert({"name": page["key"], **page}, Page)
        elif isinstance(page, Mapping):
            yield str(page.get("key", ""))
        else:
            yield str(page)


def _response(line: RecordingLine) -> Response | Failure:
    if line.error or line.status is None:
        kinds = set(FailureKind)
        kind = FailureKind(line.error) if line.error in kinds else FailureKind.BROKEN
        return Failure(kind, line.reason or line.error.replace("_", " "))
    body = b64decode(line.body_base64) if line.body_base64 is not None else (line.body or "").encode()
    return Response(line.status, {name.lower(): value for name, value in line.headers.items()}, body)

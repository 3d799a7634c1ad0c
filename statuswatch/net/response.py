"""What comes back from a server, whoever asked: the network or a recording."""

from asyncio import Event
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from statuswatch.model.page import Failure


class Response(NamedTuple):
    """A response, its body already decompressed. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Progress:
    """How far the requests of one page have come. It outlives them: it must refer to no body."""

    def __init__(self) -> None:
        self.sent = Event()  # set once a request is on the wire
        self.answered = False  # True once anything at all came back


class Wire(Protocol):
    """One request, one response: no redirect is followed and nothing is retried."""

    async def get(self, url: str, headers: Mapping[str, str], progress: Progress) -> Response | Failure:
        """Return the response, or why there is none."""

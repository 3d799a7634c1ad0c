"""The tools over HTTP, for `serve --mcp`: one address, stateless, and no browser of another site."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from statuswatch.config.schema import Config
from statuswatch.errors import StatuswatchError, UsageError
from statuswatch.mcp.server import make_server
from statuswatch.mcp.tools import Answer, Desk

DEADLINE: Final = 12.0  # seconds for the pages of a call; the web server gives up on a request after 20
SPARE_SECONDS: Final = 5.0  # beyond it, for the archive and for what is not read over the network
MAX_BODY: Final = 1 << 20  # bytes of a request
LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})

_FOLDER: Final = re.compile(r"(?<![\w:/\\.])(?:[A-Za-z]:)?[/\\](?:[^\s/\\():'\"]+[/\\])+")  # no part of an address

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class PublicDesk(Desk):
    """A desk whose errors name files, but no folder of this machine."""

    def answer(self, name: str, arguments: Mapping[str, Any]) -> Answer:
        """Return the answer of a tool. Raises UsageError."""
        try:
            return super().answer(name, arguments)
        except StatuswatchError as error:
            raise UsageError(_FOLDER.sub("", str(error))) from None


class Agents:
    """An ASGI application that answers agents. It works within the context `running`, once.

    A request that a page of another site makes in a browser is refused: it names its origin, and agents have none.
    """

    def __init__(self, load: Callable[[], Config]) -> None:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        server = make_server(PublicDesk(load, DEADLINE), DEADLINE + SPARE_SECONDS)
        self._manager: StreamableHTTPSessionManager = StreamableHTTPSessionManager(
            server, json_response=True, stateless=True, max_request_body_size=MAX_BODY
        )

    @asynccontextmanager
    async def running(self, _: object) -> AsyncIterator[None]:
        """Answer until the context ends."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request."""
        origins = [value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"]
        if not all(map(_is_local, origins)):
            await _refuse(send, 403, b"no page of another site may ask")
        elif scope["method"] != "POST":  # it keeps no session and has no stream to follow
            await _refuse(send, 405, b"POST asks")
        else:
            await self._manager.handle_request(scope, receive, send)


async def _refuse(send: Send, status: int, words: bytes) -> None:
    headers = [(b"content-type", b"text/plain"), (b"allow", b"POST")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words + b"\n"})


def _is_local(origin: str) -> bool:
    try:
        return urlsplit(origin).hostname in LOCAL
    except ValueError:
        return False

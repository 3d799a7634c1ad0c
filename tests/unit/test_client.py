"""The client at the edge of httpx, mocked: every way in which a request can end is a value with a reason."""

import asyncio
import gc
import socket
import ssl
import weakref
from collections.abc import AsyncIterator
from typing import Any, ClassVar

import httpx
import pytest
import respx
from respx.mocks import AbstractRequestMocker

from statuswatch.model.page import Document, Failure, Fetched, NotModified, Validators
from statuswatch.net.client import Client, _body, _transport_failure, connect, open_network

URL = "https://status.acme.example/api/v2/incidents.json"


class TransportMocker(AbstractRequestMocker):
    """respx in the place of our transport, whose answers are not read yet when they come."""

    name = "transport"
    targets: ClassVar[list[str]] = ["statuswatch.transport.Transport"]
    target_methods: ClassVar[list[str]] = ["handle_async_request"]

    @classmethod
    def to_httpx_request(cls, **given: Any) -> Any:
        return given["request"]

    @classmethod
    async def from_async_httpx_response(cls, httpx_response: httpx.Response, target: Any, **_: Any) -> httpx.Response:
        body = httpx.ByteStream(httpx_response.content)
        return httpx.Response(httpx_response.status_code, headers=httpx_response.headers, stream=body)


def ask(validators: Validators | None = None, seconds: float = 5) -> Fetched | NotModified | Failure:
    async def once() -> Fetched | NotModified | Failure:
        until = asyncio.get_running_loop().time() + seconds
        async with connect(open_network(), until) as client:
            return await client.fetch(Document("incidents.json", URL), validators)

    return asyncio.run(once())


@pytest.mark.parametrize(
    ("error", "reason", "answered", "tries"),
    [
        (httpx.ConnectTimeout("all attempts failed"), "no connection: all attempts failed", False, 2),
        (httpx.ProxyError("407 Proxy Authentication Required"), "our proxy refused: 407", False, 1),
        (httpx.ReadError("reset"), "the connection broke: reset", True, 2),
        (httpx.RemoteProtocolError("not HTTP"), "the connection broke: not HTTP", True, 2),
        (httpx.UnsupportedProtocol("ftp"), "not an http address", True, 1),
    ],
)
def test_transport_errors(error: Exception, reason: str, answered: bool, tries: int) -> None:
    """5, 8: a failure says what it was and whether anything answered, and is tried once more where that may help."""
    with respx.mock(using="transport") as router:
        route = router.get(URL).mock(side_effect=error)
        failed = ask()
    assert isinstance(failed, Failure)
    assert failed.reason.startswith(reason)
    assert (failed.answered, route.call_count) == (answered, tries)
    assert failed.where == URL and failed.hint


@pytest.mark.parametrize(
    ("cause", "reason", "answered"),
    [
        (socket.gaierror(-2, "unknown"), "its name cannot be resolved", False),
        (ConnectionRefusedError(111, "x"), "no connection: connection refused", False),
        (OSError(101, "x"), "no connection: network is unreachable", False),
        (ssl.SSLError(1, "bad record"), "TLS failed", True),
    ],
)
def test_what_lies_behind_an_error(cause: Exception, reason: str, answered: bool) -> None:
    """5: the reason is the one furthest behind the error, also where the chain leads back to itself."""
    error = httpx.ConnectError("")
    error.__context__, cause.__context__, cause.__cause__ = cause, error, cause
    failed, _ = _transport_failure(error, URL)
    assert failed.reason.startswith(reason)
    assert failed.answered is answered


def test_a_second_try_counts() -> None:
    """5: where the second try succeeds the first is forgotten."""
    with respx.mock(using="transport") as router:
        router.get(URL).mock(side_effect=[httpx.ReadError("reset"), httpx.Response(200, content=b"{}")])
        assert ask() == Fetched(b"{}", Validators())


@pytest.mark.parametrize(
    ("validators", "header", "value"),
    [
        (Validators(etag='W/"abc"'), "if-none-match", 'W/"abc"'),
        (
            Validators(last_modified="Sat, 07 Mar 2026 00:57:23 GMT"),
            "if-modified-since",
            "Sat, 07 Mar 2026 00:57:23 GMT",
        ),
    ],
)
def test_conditions(validators: Validators, header: str, value: str) -> None:
    """6: an ETag is sent back as it came, weak or not; else Last-Modified."""
    with respx.mock(using="transport") as router:
        route = router.get(URL).mock(return_value=httpx.Response(304))
        assert ask(validators) == NotModified()
    assert route.calls.last.request.headers[header] == value


def test_validators_are_kept() -> None:
    """6: the ETag, else Last-Modified, never both."""
    modified = {"Last-Modified": "Sat, 07 Mar 2026 00:57:23 GMT"}
    with respx.mock(using="transport") as router:
        route = router.get(URL)
        route.mock(return_value=httpx.Response(200, content=b"{}", headers={"ETag": '"a"', **modified}))
        assert ask() == Fetched(b"{}", Validators(etag='"a"'))
        route.mock(return_value=httpx.Response(200, content=b"{}", headers=modified))
        assert ask() == Fetched(b"{}", Validators(last_modified=modified["Last-Modified"]))


@pytest.mark.parametrize("status", [*range(200, 206), 300, 304, *range(400, 430), *range(500, 512)])
def test_statuses(status: int) -> None:
    """5: of all statuses only 200 is a document; 404 and 410 say that there is none."""
    with respx.mock(using="transport") as router:
        router.get(URL).mock(return_value=httpx.Response(status, content=b"{}"))
        answer = ask(seconds=0.1)
    if status == 200:
        assert isinstance(answer, Fetched)
        return
    assert isinstance(answer, Failure)
    assert answer.reason == f"HTTP {status}" and answer.answered
    assert answer.gone is (status in (404, 410))


def test_no_response_keeps_a_client_alive() -> None:
    """A page's client, and all the bodies that it fetched, are gone with the page, without a collection of garbage."""

    async def once() -> weakref.ref[Client]:
        async with connect(open_network(), asyncio.get_running_loop().time() + 5) as client:
            await client.fetch(Document("incidents.json", URL), None)
            return weakref.ref(client)

    gc.disable()
    try:
        with respx.mock(using="transport", assert_all_called=False) as router:
            router.get(URL).mock(return_value=httpx.Response(200, content=b"{}"))
            client = asyncio.run(once())
            router.reset()  # what it notes of requests and answers is no part of the program
        assert client() is None
    finally:
        gc.enable()


def test_many_parts_leave_others_their_turns() -> None:
    """5: a body whose parts are all there at once lets other pages go on in between."""

    class Parts(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for _ in range(1000):
                yield b" " * 1000

    async def once() -> int:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        going = asyncio.create_task(other())
        assert len(await _body(httpx.Response(200, stream=Parts()))) == 1_000_000
        going.cancel()
        return turns

    assert asyncio.run(once()) >= 10

"""The client over a mocked transport: every way in which a request can end is a value with a reason."""

import asyncio
import gc
import os
import socket
import ssl
import weakref
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, ClassVar

import httpx
import pytest
import respx
from respx.mocks import AbstractRequestMocker

from statuswatch.model.page import Document, Failure, FailureKind, Fetched, NotModified, Validators
from statuswatch.net.client import Client, connect
from statuswatch.net.http import HttpWire, _body, _transport_failure, open_network, user_agent
from statuswatch.net.response import Progress

URL = "https://status.acme.example/api/v2/incidents.json"


class TransportMocker(AbstractRequestMocker):
    """respx in place of our transport, whose responses still have to be read."""

    name = "transport"
    targets: ClassVar[list[str]] = ["statuswatch.net.http.Transport"]
    target_methods: ClassVar[list[str]] = ["handle_async_request"]

    @classmethod
    def to_httpx_request(cls, **arguments: Any) -> Any:
        return arguments["request"]

    @classmethod
    async def from_async_httpx_response(cls, httpx_response: httpx.Response, target: Any, **_: Any) -> httpx.Response:
        body = httpx.ByteStream(httpx_response.content)
        return httpx.Response(httpx_response.status_code, headers=httpx_response.headers, stream=body)


def fetch(validators: Validators | None = None, seconds: float = 5) -> Fetched | NotModified | Failure:
    async def fetch_once() -> Fetched | NotModified | Failure:
        until = asyncio.get_running_loop().time() + seconds
        async with connect(open_network(), until) as client:
            return await client.fetch(Document("incidents.json", URL), validators)

    return asyncio.run(fetch_once())


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
def test_transport_errors(error: Exception, reason: str, *, answered: bool, tries: int) -> None:
    """Contract 5.2 and 5.3: a failure has its reason, whether anything answered, and one retry where that may help."""
    with respx.mock(using="transport") as router:
        route = router.get(URL).mock(side_effect=error)
        failure = fetch()
    assert isinstance(failure, Failure)
    assert failure.reason.startswith(reason)
    assert (failure.answered, route.call_count) == (answered, tries)
    assert failure.where == URL and failure.hint


@pytest.mark.parametrize(
    ("cause", "reason", "answered"),
    [
        (socket.gaierror(-2, "unknown"), "its name cannot be resolved", False),
        (ConnectionRefusedError(111, "x"), "no connection: connection refused", False),
        (OSError(101, "x"), "no connection: network is unreachable", False),
        (ssl.SSLError(1, "bad record"), "TLS failed", True),
    ],
)
def test_the_cause_of_an_error_is_the_reason(cause: Exception, reason: str, *, answered: bool) -> None:
    """5: the reason is the first cause, also where the chain of exceptions leads back to itself."""
    error = httpx.ConnectError("")
    error.__context__, cause.__context__, cause.__cause__ = cause, error, cause
    failure = _transport_failure(error, URL)
    assert failure.reason.startswith(reason)
    assert failure.answered is answered


def test_a_second_try_counts() -> None:
    """5: where the retry succeeds, its response is the result."""
    with respx.mock(using="transport") as router:
        router.get(URL).mock(side_effect=[httpx.ReadError("reset"), httpx.Response(200, content=b"{}")])
        assert fetch() == Fetched(b"{}", Validators())


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
        assert fetch(validators) == NotModified()
    assert route.calls.last.request.headers[header] == value


@pytest.mark.parametrize("etag", ["*", "abc", '"a', 'a"', '"a", "b"', 'w/"a"', '"a"b"', "W/*", '"ä"', '"a\x1b"', ""])
def test_an_etag_that_is_none(etag: str) -> None:
    """Contract 6.2: what has not the form of one ETag is neither kept nor sent, also where the state file holds it: `*`
    would match whatever the page says, for ever.
    """
    with respx.mock(using="transport") as router:
        route = router.get(URL)
        route.mock(return_value=httpx.Response(200, content=b"{}", headers=[(b"ETag", etag.encode("latin-1"))]))
        assert fetch(Validators(etag=etag)) == Fetched(b"{}", Validators())
        assert "if-none-match" not in route.calls.last.request.headers
        route.mock(return_value=httpx.Response(304))
        assert isinstance(fetch(Validators(etag=etag)), Failure)


@pytest.mark.parametrize("value", ["a\r\nX: y", "\x00", "ä", "y" * 501])
def test_a_time_that_cannot_be_sent(value: str) -> None:
    """6: so is a Last-Modified of the state file that is no plain text."""
    with respx.mock(using="transport") as router:
        route = router.get(URL).mock(return_value=httpx.Response(200, content=b"{}"))
        assert fetch(Validators(last_modified=value)) == Fetched(b"{}", Validators())
    assert "if-modified-since" not in route.calls.last.request.headers


def test_a_proxy_that_asks_for_credentials() -> None:
    """Contract 5.9: HTTP 407 is an answer of a proxy of ours, and none of the page."""
    with respx.mock(using="transport") as router:
        router.get(URL).mock(return_value=httpx.Response(407))
        failure = fetch()
    assert isinstance(failure, Failure) and failure.kind is FailureKind.PROXY
    assert failure.reason == "HTTP 407" and not failure.answered


def test_validators_are_kept() -> None:
    """6: the ETag, else Last-Modified, never both."""
    modified = {"Last-Modified": "Sat, 07 Mar 2026 00:57:23 GMT"}
    at = datetime(2026, 3, 7, 0, 57, 23, tzinfo=UTC)
    with respx.mock(using="transport") as router:
        route = router.get(URL)
        route.mock(return_value=httpx.Response(200, content=b"{}", headers={"ETag": '"a"', **modified}))
        assert fetch() == Fetched(b"{}", Validators(etag='"a"'), at)
        route.mock(return_value=httpx.Response(200, content=b"{}", headers=modified))
        assert fetch() == Fetched(b"{}", Validators(last_modified=modified["Last-Modified"]), at)


@pytest.mark.parametrize(
    ("headers", "last_modified", "age"),
    [
        ({}, None, None),
        ({"Last-Modified": "yesterday", "Age": "-5"}, None, None),
        ({"Last-Modified": "Mon, 99 Mar 2026 00:00:00 GMT", "Age": "9" * 40}, None, None),
        ({"Last-Modified": "Sat, 07 Mar 2026 00:57:23 -0000", "Age": " 300 "}, "2026-03-07T00:57:23+00:00", 300),
        ({"Last-Modified": "Sat, 07 Mar 2026 01:57:23 +0100", "Age": "0"}, "2026-03-07T00:57:23+00:00", 0),
    ],
)
def test_the_age_of_a_document(headers: dict[str, str], last_modified: str | None, age: int | None) -> None:
    """Contract 5.5.1: `Last-Modified` and `Age` are kept with a document; a value that makes no sense is none."""
    with respx.mock(using="transport") as router:
        router.get(URL).mock(return_value=httpx.Response(200, content=b"{}", headers=headers))
        document = fetch()
    assert isinstance(document, Fetched)
    assert document.last_modified == (datetime.fromisoformat(last_modified) if last_modified else None)
    assert document.age == age


@pytest.mark.parametrize(
    ("location", "redirect"),
    [
        ("https://new.example/one/api/v2/incidents.json", "https://new.example/one/api/v2/incidents.json"),
        ("//new.example/one/?lang=en#top", "https://new.example/one"),
        ("https://new.example:8443/", "https://new.example:8443"),
        ("http://new.example/one", ""),
        ("https://10.1.2.3/one", ""),
        ("https://status.internal/one", ""),
    ],
)
def test_a_redirect_to_another_host(location: str, redirect: str) -> None:
    """Contract 5.2 and 5.10: it is a failure that keeps the whole address, but no private one, and none without TLS."""
    with respx.mock(using="transport") as router:
        router.get(URL).mock(return_value=httpx.Response(301, headers={"Location": location}))
        failure = fetch()
    assert isinstance(failure, Failure) and failure.reason.startswith("it redirects to ")
    assert (failure.redirect, failure.where) == (redirect, URL)


@pytest.mark.parametrize("status", [*range(200, 206), 300, 304, *range(400, 407), *range(408, 430), *range(500, 512)])
def test_statuses(status: int) -> None:
    """Contract 5.2: of all statuses only 200 is a document; 404 and 410 say that there is none."""
    with respx.mock(using="transport") as router:
        router.get(URL).mock(return_value=httpx.Response(status, content=b"{}"))
        result = fetch(seconds=0.1)
    if status == 200:
        assert isinstance(result, Fetched)
        return
    assert isinstance(result, Failure)
    assert result.reason == f"HTTP {status}" and result.answered
    assert (result.kind is FailureKind.NOT_FOUND) is (status in (404, 410))


def test_no_response_keeps_a_client_alive() -> None:
    """A page's client, and all bodies that it fetched, are freed with the page, without a garbage collection."""

    async def once() -> weakref.ref[Client]:
        async with connect(open_network(), asyncio.get_running_loop().time() + 5) as client:
            await client.fetch(Document("incidents.json", URL), None)
            return weakref.ref(client)

    gc.disable()
    try:
        with respx.mock(using="transport", assert_all_called=False) as router:
            router.get(URL).mock(return_value=httpx.Response(200, content=b"{}"))
            client = asyncio.run(once())
            router.reset()  # the calls that respx keeps are no part of the program
        assert client() is None
    finally:
        gc.enable()


def test_many_parts_leave_other_pages_their_turns() -> None:
    """5: while a body whose parts are all there at once is read, other pages go on."""

    class Parts(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for _ in range(1000):
                yield b" " * 1000

    async def count_turns() -> int:
        turns = 0

        async def other_page() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other_page())
        assert len(await _body(httpx.Response(200, stream=Parts()))) == 1_000_000
        task.cancel()
        return turns

    assert asyncio.run(count_turns()) >= 10


def test_cookies_are_of_one_page() -> None:
    """7: a page gets the cookies back that it has set, and no other page gets them."""
    sent: list[str] = []

    class Empty(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b""

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers.get("cookie", ""))
        return httpx.Response(404, headers={"set-cookie": "session=1"} if len(sent) == 2 else {}, stream=Empty())

    async def request_four() -> None:
        for number in range(4):
            if number in (0, 3):
                wire = HttpWire(httpx.MockTransport(answer))
            await wire.get(URL, {}, Progress())

    asyncio.run(request_four())
    assert sent == ["", "", "session=1", ""]


def test_a_request_is_what_a_client_of_httpx_sends() -> None:
    """3: its headers are those of a client of httpx; a page's own replace them, and a login of the address is sent."""
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        raise httpx.ReadError("enough")

    async def request_all() -> None:
        wire, address = HttpWire(httpx.MockTransport(answer)), "https://user:pass@a.example:444/x y?q=\u00e4"
        await wire.get(address, {"accept": "text/plain", "If-None-Match": '"1"'}, Progress())
        headers = {"Accept": "text/plain", "Accept-Encoding": "gzip", "If-None-Match": '"1"'}
        headers["User-Agent"] = user_agent(os.environ)
        client = httpx.AsyncClient(transport=httpx.MockTransport(answer), headers=headers)
        with pytest.raises(httpx.ReadError):
            await client.get(address)
        await client.aclose()

    asyncio.run(request_all())
    ours, theirs = sent
    assert ours.url == theirs.url and dict(ours.headers) == dict(theirs.headers)

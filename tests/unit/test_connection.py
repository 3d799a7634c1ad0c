"""The transport below httpx on real sockets: which connection a request takes, and that none outlives its page."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx
import pytest
import trustme

from statuswatch.model.page import Document
from statuswatch.net.client import connect
from statuswatch.net.connection import Connections
from statuswatch.net.http import Transport, open_network
from tests.support.fake_vendor import FakeVendor

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Server:
    """Takes connections on the loopback and answers each request with the next part of a script.

    An empty part hangs up. Sockets of our own are needed here: these tests count connections.
    """

    def __init__(self, *script: bytes, tls: ssl.SSLContext | None = None) -> None:
        self.script = list(script)
        self.connections = 0
        self.tls = tls
        self.address = ("", 0)
        self.hung_up = asyncio.Event()  # set once the server closed a connection

    async def __aenter__(self) -> "Server":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", ssl=self.tls)
        self.address = self._server.sockets[0].getsockname()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self.address[1]}/"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.script:
                await reader.readuntil(b"\r\n\r\n")
                part = self.script.pop(0)
                writer.write(part)
                await writer.drain()
                if not part or b"Connection: close" in part:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self.hung_up.set()


async def get(http: httpx.AsyncClient, url: str) -> bytes:
    return (await http.get(url)).content


def client(trust: ssl.SSLContext | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=Transport(Connections(trust or ssl.create_default_context())), timeout=None)  # noqa: S113


@contextmanager
def certified() -> Iterator[tuple[ssl.SSLContext, ssl.SSLContext]]:
    """A server's side of TLS for 127.0.0.1, and a client's that trusts it."""
    authority = trustme.CA()
    server, trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.configure_trust(trust)
    yield server, trust


@pytest.mark.parametrize("secure", [False, True])
def test_a_connection_serves_the_documents_of_a_page(*, secure: bool) -> None:
    """Documents requested one after the other come over one connection; at the same time, over one each."""

    async def go(tls: ssl.SSLContext | None, trust: ssl.SSLContext | None) -> list[int]:
        async with Server(*[HEAD + b"{}"] * 5, tls=tls) as server, client(trust) as http:
            assert [await get(http, server.url) for _ in range(3)] == [b"{}"] * 3
            one = server.connections
            await asyncio.gather(get(http, server.url), get(http, server.url))
            return [one, server.connections]

    with certified() as (server, trust):
        assert asyncio.run(go(server if secure else None, trust if secure else None)) == [1, 2]


def test_pages_share_no_connection() -> None:
    """Another host, another port or another scheme is another connection."""

    async def go() -> int:
        async with Server(*[HEAD + b"{}"] * 2) as one, Server(HEAD + b"[]") as other, client() as http:
            assert [await get(http, server.url) for server in (one, other, one)] == [b"{}", b"[]", b"{}"]
            return one.connections + other.connections

    assert asyncio.run(go()) == 2


@pytest.mark.parametrize("ending", [HEAD.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"{}", HEAD + b"{}"])
def test_a_connection_that_was_ended_is_not_used_again(ending: bytes) -> None:
    """Also where the server closes it without having announced that."""

    async def go() -> int:
        async with Server(ending, tls=None) as server, client() as http:
            assert await get(http, server.url) == b"{}"
            await server.hung_up.wait()
            server.script.append(HEAD + b"[]")
            assert await get(http, server.url) == b"[]"
            return server.connections

    assert asyncio.run(go()) == 2


def test_a_response_that_is_not_read_ends_its_connection() -> None:
    """The connection of a redirect or an error is not used again: many servers close it without saying so."""
    moved = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 4\r\n\r\ngone"

    async def go() -> int:
        async with Server(moved, HEAD + b"{}") as server, client() as http:
            async with http.stream("GET", server.url) as response:
                assert response.status_code == 302
            assert await get(http, server.url) == b"{}"
            return server.connections

    assert asyncio.run(go()) == 2


@pytest.mark.parametrize("extra", [b"garbage", HEAD + b"[]"])
def test_a_connection_with_bytes_to_no_request_is_not_used_again(extra: bytes) -> None:
    """What a server sends after its response never becomes the response to another request."""

    async def go() -> int:
        async with Server(HEAD + b"{}" + extra, HEAD + b"{}") as server, client() as http:
            assert [await get(http, server.url) for _ in range(2)] == [b"{}", b"{}"]
            return server.connections

    assert asyncio.run(go()) == 2


def test_a_response_before_the_request_is_whole() -> None:
    """A server may refuse a large request before it has read that: the refusal is the response."""
    refusal = b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"

    async def go() -> int:
        async with Server(refusal) as server, client() as http:
            return (await http.post(server.url, content=bytes(100_000))).status_code

    assert asyncio.run(go()) == 413


@pytest.mark.parametrize("value", [b'"a"\r\nX: y', b"a\nb", b"a\0b"])
def test_a_header_with_a_line_break_is_not_sent(value: bytes) -> None:
    """A header is one line: what would begin another is refused before it is sent."""

    async def go() -> None:
        async with Server(HEAD + b"{}") as server, client() as http:
            with pytest.raises(httpx.LocalProtocolError):
                await http.get(server.url, headers=[(b"If-None-Match", value)])

    asyncio.run(go())


def test_a_body_comes_in_many_parts() -> None:
    """A body larger than any buffer arrives whole, through TLS too."""
    body = bytes(range(256)) * 20_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body

    async def go(tls: ssl.SSLContext, trust: ssl.SSLContext) -> bool:
        async with Server(answer, tls=tls) as server, client(trust) as http:
            return await get(http, server.url) == body

    with certified() as (server, trust):
        assert asyncio.run(go(server, trust))


def test_a_request_larger_than_a_socket_buffer() -> None:
    """A request that the socket does not accept at once is sent in parts, and arrives whole."""
    sent = bytes(range(256)) * 40_000

    async def go() -> bytes:
        arrived = bytearray()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            arrived.extend(await reader.readexactly(len(sent)))
            writer.write(HEAD + b"{}")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1")
        async with client() as http:
            await http.post(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", content=sent)
        server.close()
        return bytes(arrived)

    assert asyncio.run(go()) == sent


def named(*addresses: tuple[int, tuple[Any, ...]]) -> Callable[..., Any]:
    """A resolver that has these addresses for every name."""

    async def getaddrinfo(*_: object, **__: object) -> list[Any]:
        return [(family, socket.SOCK_STREAM, 0, "", address) for family, address in addresses]

    return getaddrinfo


@pytest.mark.parametrize("first", ["refuses", "is silent"])
def test_another_address_where_the_first_is_dead(first: str) -> None:
    """A host whose first address is dead is read by its next: at once where it refuses, soon where it is silent."""

    async def go(dead: tuple[Any, ...]) -> bytes:
        async with Server(HEAD + b"{}") as server, client() as http:
            loop = asyncio.get_running_loop()
            found = named((socket.AF_INET, dead), (socket.AF_INET, server.address))
            loop.getaddrinfo = found  # type: ignore[method-assign]
            async with asyncio.timeout(60):
                return await get(http, "http://two.test/")

    with ExitStack() as stack:
        bound = stack.enter_context(socket.socket())
        bound.bind(("127.0.0.1", 0))
        if first == "is silent":  # its queue is full: a connection is not accepted
            bound.listen(0)
            for _ in range(3):
                waiting = stack.enter_context(socket.socket())
                waiting.settimeout(0)
                waiting.connect_ex(bound.getsockname())
        assert asyncio.run(go(bound.getsockname())) == b"{}"


def test_no_address_accepts_it() -> None:
    """Where no address accepts the connection the error says so, whatever the reason of each."""

    async def go(refusing: tuple[Any, ...]) -> str:
        async with client() as http:
            loop = asyncio.get_running_loop()
            broadcast = ("255.255.255.255", 1)  # no connection can be made to a broadcast address
            found = named((socket.AF_INET, refusing), (socket.AF_INET, broadcast))
            loop.getaddrinfo = found  # type: ignore[method-assign]
            with pytest.raises(httpx.ConnectError) as caught:
                await http.get("http://two.test/")
            return str(caught.value)

    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert asyncio.run(go(bound.getsockname())) == "none of its addresses accepts it"


@pytest.mark.parametrize("moment", ["handshake", "answer", "body"])
def test_nothing_is_left_open(moment: str) -> None:
    """Wherever a page is cut off, its connections end with it."""

    async def go(tls: ssl.SSLContext | None, trust: ssl.SSLContext) -> None:
        reached, ended = asyncio.Event(), asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if moment == "body":
                writer.write(HEAD + b"{")
            reached.set()
            with suppress(OSError):
                await reader.read(-1)  # until the other side is gone
            ended.set()
            writer.close()

        async def ask() -> None:
            async with client(trust) as http:
                await http.get(f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}/")

        listening = await asyncio.start_server(serve, "127.0.0.1", ssl=tls if moment != "handshake" else None)
        asking = asyncio.create_task(ask())
        await reached.wait()
        assert asking.cancel()
        await ended.wait()
        listening.close()

    with certified() as (server, trust):
        asyncio.run(asyncio.wait_for(go(server, trust), 60))


def test_proxies_are_left_to_httpx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment names a proxy, it is asked for the page."""

    async def fetch() -> None:
        async with connect(open_network(), asyncio.get_running_loop().time() + 60) as page_client:
            await page_client.fetch(Document("x", "http://status.acme.example/x"), None)

    with FakeVendor() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        asyncio.run(fetch())
        assert proxy.paths() == ["http://status.acme.example/x"]

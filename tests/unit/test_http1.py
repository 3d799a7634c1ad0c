"""HTTP/1.1 from its bytes: what a response is, where its body ends, and what is refused."""

import gc
import weakref

import pytest

from statuswatch.net.http1 import MAX_HEAD, ProtocolError, ResponseParser

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
END = None  # the server closes the connection


def parse(*parts: bytes | None) -> ResponseParser:
    """A response that is fed these parts."""
    response = ResponseParser()
    for part in parts:
        if part is END:
            response.end()
        else:
            response.feed(part)
    return response


def bytewise(content: bytes) -> list[bytes]:
    return [content[place : place + 1] for place in range(len(content))]


RESPONSES = {  # bytes: body, and whether the connection serves again
    "a length": (OK + b"Content-Length: 2\r\n\r\n{}", b"{}", True),
    "a length of nothing": (OK + b"Content-Length: 0\r\n\r\n", b"", True),
    "chunks": (CHUNKED + b"1\r\n{\r\n1;x=y\r\n}\r\n0\r\nX-Trailer: 1\r\n\r\n", b"{}", True),
    "chunks whose lengths are padded": (CHUNKED + b"2  \r\n{}\r\n0\r\n\r\n", b"{}", True),
    "Connection: close": (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}", b"{}", False),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", False),
    "HTTP/1.0 that goes on": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", b"", True),
    "304 with the length of its document": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", b"", True),
    "interim responses": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n"
        + OK
        + b"Content-Length: 2\r\n\r\n{}",
        b"{}",
        True,
    ),
    "no reason phrase": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
    "lines that end with LF only": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", b"{}", True),
    "a folded header": (OK + b"Policy: a;\r\n b\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
    "an empty header": (OK + b"X:\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
    "an offer to upgrade": (OK + b"Upgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n{}", b"{}", True),
}


@pytest.mark.parametrize("pieces", [lambda content: [content], bytewise], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("name", RESPONSES)
def test_responses(name: str, pieces: object) -> None:
    """5: a response ends where its framing has it, however its bytes arrive."""
    content, body, reusable = RESPONSES[name]
    response = parse(*pieces(content))  # type: ignore[operator]
    assert response.complete and b"".join(response.parts) == body
    assert response.reusable is reusable


def test_a_body_that_ends_with_its_connection() -> None:
    """5: without a length and without chunks the body ends with the connection, which does not serve again."""
    response = parse(b"HTTP/1.1 200 OK\r\n\r\n{", b"}")
    assert not response.complete
    response.end()
    assert response.complete and not response.reusable and b"".join(response.parts) == b"{}"


def test_trailers_are_no_headers() -> None:
    """5: what comes after the last chunk changes no header."""
    response = parse(CHUNKED + b"2\r\n{}\r\n0\r\nETag: forged\r\n\r\n")
    assert response.headers == [(b"Transfer-Encoding", b"chunked")]


def test_headers_of_interim_responses_are_dropped() -> None:
    """5: a header of an interim response is none of the response."""
    response = parse(b"HTTP/1.1 103 Early Hints\r\nETag: x\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n")
    assert response.headers == [(b"Content-Length", b"0")]


@pytest.mark.parametrize("extra", [b"garbage", OK + b"Content-Length: 2\r\n\r\n[]", CHUNKED + b"2\r\n[]\r\n0\r\n\r\n"])
@pytest.mark.parametrize("closes", [b"", b"Connection: close\r\n"])
def test_bytes_after_a_response(extra: bytes, closes: bytes) -> None:
    """5: what follows a response answers no request: the response is what came first, and its connection ends."""
    response = parse(OK + closes + b"Content-Length: 2\r\n\r\n{}" + extra)
    assert response.complete and not response.reusable
    assert (response.status, b"".join(response.parts)) == (200, b"{}")
    assert (b"Transfer-Encoding", b"chunked") not in response.headers


REFUSED = {
    "nothing": (END,),
    "an interim response only": (b"HTTP/1.1 100 Continue\r\n\r\n", END),
    "half of a head": (OK, END),
    "half of a body": (OK + b"Content-Length: 3\r\n\r\n{}", END),
    "chunks without an end": (CHUNKED + b"2\r\n{}\r\n", END),
    "a document without HTTP": (b"{}",),
    "two lengths": (OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",),
    "a list of lengths": (OK + b"Content-Length: 2, 3\r\n\r\n{}",),
    "a length of no number": (OK + b"Content-Length: many\r\n\r\n{}",),
    "a length with a sign": (OK + b"Content-Length: +2\r\n\r\n{}",),
    "a length below zero": (OK + b"Content-Length: -1\r\n\r\n{}",),
    "a length beyond measure": (OK + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}",),
    "no length in its header": (OK + b"Content-Length:\r\n\r\n{}",),
    "a length, then chunks": (OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",),
    "chunks, then a length": (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",),
    "a coding that is unknown": (OK + b"Transfer-Encoding: gzip\r\n\r\n{}",),
    "a coding before chunks": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",),
    "a coding after chunks": (OK + b"Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n",),
    "chunked twice": (OK + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n2\r\n{}\r\n0\r\n\r\n",),
    "a coding that resembles chunked": (OK + b"Transfer-Encoding: chun\r\n ked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",),
    "space before the colon": (OK + b"Content-Length : 2\r\n\r\n{}",),
    "a header without a colon": (OK + b"garbage\r\nContent-Length: 2\r\n\r\n{}",),
    "a header without a name": (OK + b": x\r\nContent-Length: 2\r\n\r\n{}",),
    "NUL in a header": (OK + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}",),
    "CR in a header": (OK + b"X: a\rContent-Length: 2\r\n\r\n{}",),
    "a chunk of no number": (CHUNKED + b"zz\r\n{}",),
    "a chunk beyond measure": (CHUNKED + b"f" * 1000 + b"\r\n{}",),
    "a chunk that is longer than its length": (CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",),
    "a status of two digits": (b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\n{}",),
    "a status of four digits": (b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",),
    "status 0": (b"HTTP/1.1 000 OK\r\n\r\n{}", END),
    "HTTP/3 in plain text": (b"HTTP/3.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n{}",),
    "another protocol without its name": (b"HTTP/1.1 101 Switching Protocols\r\n\r\n{}",),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """5: no HTTP, a response that contradicts itself, or one that breaks off, is an error and never a document."""
    with pytest.raises(ProtocolError) as caught:
        parse(*REFUSED[name])
    assert str(caught.value)


FLOODS = {
    "interim responses": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "headers": (OK, b"X-Header: value\r\n" * 100),
    "one header": (OK + b"X: ", b"y" * 2000),
    "the status line": (b"HTTP/1.1 200 ", b"OK" * 1000),
    "line breaks before it": (b"", b"\r\n" * 1000),
    "the extension of a chunk": (CHUNKED + b"5;x=", b"y" * 2000),
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-Trailer: value\r\n" * 100),
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods(name: str) -> None:
    """5: what is no part of a body is bounded in bytes, wherever it comes."""
    begin, more = FLOODS[name]
    response = parse(begin)
    with pytest.raises(ProtocolError, match=r"200,000 bytes|too long|overflow"):
        for _ in range(MAX_HEAD // len(more) + 2):
            response.feed(more)


def test_a_long_head_is_read() -> None:
    """5: up to the bound a head is read."""
    response = parse(OK, b"X: " + b"y" * (MAX_HEAD - 100) + b"\r\n", b"Content-Length: 2\r\n\r\n{}")
    assert response.complete


def test_a_long_body_is_read() -> None:
    """5: a body has no bound here: its reader has one."""
    response = parse(OK + b"Content-Length: %d\r\n\r\n" % (5 * MAX_HEAD), *[b" " * MAX_HEAD] * 5)
    assert response.complete


def test_a_closed_response_needs_no_garbage_collection() -> None:
    """A response, and its body, are freed as soon as nobody refers to them."""
    gc.disable()
    try:
        response = parse(OK + b"Content-Length: 2\r\n\r\n{}")
        response.close()
        left = weakref.ref(response)
        del response
        assert left() is None
    finally:
        gc.enable()

"""The behaviours of hostile origins. Each is a function; its decorator states the outcome that it must have.

A function with a `wire` answers the request for the page's first document, or has the connection from its first byte on
(`first_byte`). A function without one returns that document. Each happens in the second of three acts, between two in
which the page is well: incident `a` is open, then resolved, and then `b` begins.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tests.proofs.bench.documents import brotli_bomb, gzip_bomb
from tests.proofs.hostile.origin import AFTER, BEFORE, DURING, WHOLE
from tests.support.fake_vendor import incident, statuspage

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proofs.hostile.origin import Behaviour, Documents, Wire

Json = dict[str, Any]
MAX_DOCUMENT: Final = 10_000_000  # bytes
OVER: Final = "RESOLVED a"  # the true event of the second act
LATE: Final = "no complete answer within"
BROKEN: Final = "the connection broke"
REFUSED: Final = "incidents.json: "
EITHER: Final = rf"{BROKEN}|{REFUSED}|{LATE}"  # HTTP leaves the choice to the client
SKIPPED: Final = r"skipped: incidents.json: entry 0: "


class Row(NamedTuple):
    """A behaviour and its outcome: a reason, or the events that are read; either where both are stated."""

    name: str
    does: str
    fails: str = ""  # a pattern of the reason
    events: tuple[str, ...] | None = None
    log: str = ""  # a pattern of a line of the log
    quick: bool = True  # runs in the suite
    memory: int = 30  # MB more than a calm run, at most
    work: int = 0  # seconds of CPU more, and of `timeout`, for a very long document
    platform: str = "statuspage"
    secure: bool = False
    path: str = ""
    behave: Behaviour | None = None
    document: Callable[[], bytes] = bytes


ROWS: Final[list[Row]] = []


def fails(reason: str, **options: Any) -> Callable[[Any], Any]:
    """Expect the page to fail for a reason of that pattern."""
    return partial(_row, fails=reason, **options)


def reads(*events: str, **options: Any) -> Callable[[Any], Any]:
    """Expect the page to be read, with these events beside the true one."""
    return partial(_row, events=(OVER, *events), **options)


def skips(log: str, **options: Any) -> Callable[[Any], Any]:
    """Expect the page to be read without the entry of the true event, which the next good read reports."""
    return partial(_row, log=log, events=(), **options)


def fails_or_reads(reason: str, *events: str, **options: Any) -> Callable[[Any], Any]:
    """Expect either."""
    return partial(_row, fails=reason, events=(OVER, *events), **options)


def _row(function: Any, *, first_byte: bool = False, **options: Any) -> Any:
    kind = {"behave": function} if function.__code__.co_argcount else {"document": cache(function)}
    options.setdefault("path", WHOLE if first_byte else PATHS[options.get("platform", "statuspage")])
    ROWS.append(Row(function.__name__, " ".join(function.__doc__.split()), **kind, **options))
    return function


# ------------------------------------------------------------------------------------------ the true documents


def story(act: int) -> list[Json]:
    """Return the incidents of an act, the newest first."""
    first = incident("a", "investigating") if act == BEFORE else incident("a", "investigating", "resolved")
    return [incident("b", "investigating"), first] if act == AFTER else [first]


def on_statuspage(act: int) -> dict[str, bytes]:
    """Return the documents of a page of Atlassian Statuspage."""
    return {path: json.dumps(document).encode() for path, document in statuspage("", story(act)).items()}


def on_slack(act: int, *added: Json) -> dict[str, bytes]:
    """Return the documents of Slack's page."""
    entries = [*added, *map(_slack_entry, story(act))]
    current = [entry for entry in entries if entry["status"] == "active"]
    listed = {"status": "active" if current else "ok", "active_incidents": current}
    return {
        "/api/v2.0.0/current": json.dumps(listed).encode(),
        "/api/v2.0.0/history": json.dumps(entries).encode(),
    }


def _slack_entry(listed: Json) -> Json:
    updates = listed["incident_updates"][::-1]
    notes = [{"date_created": update["created_at"], "body": update["body"]} for update in updates]
    return {
        "id": listed["id"],
        "title": listed["name"],
        "status": "resolved" if listed["status"] == "resolved" else "active",
        "date_created": listed["created_at"],
        "url": f"/incidents/{listed['id']}",
        "notes": notes,
    }


def on_aws(act: int, *added: Json) -> dict[str, bytes]:
    """Return the document of AWS."""
    return {"/public/currentevents": json.dumps([*added, *map(_aws_entry, story(act))]).encode()}


def _aws_entry(listed: Json) -> Json:
    status = "0" if listed["status"] == "resolved" else "2"
    log = [{"timestamp": str(1735725600 + 60 * n), "status": "2", "message": listed["name"]} for n in range(2)]
    return {
        "arn": listed["id"],
        "date": "1735725600",
        "status": status,
        "summary": listed["name"],
        "service_name": "EC2",
        "event_log": log if status == "0" else log[:1],
    }


def on_rss(act: int) -> dict[str, bytes]:
    """Return a feed."""
    return {"/feed.rss": _rss("".join(map(_item, story(act))))}


def _rss(items: str, prolog: str = "") -> bytes:
    return (
        f'<?xml version="1.0"?>{prolog}<rss version="2.0"><channel><title>Acme</title>{items}</channel></rss>'.encode()
    )


def _item(listed: Json) -> str:
    key, status = listed["id"], listed["status"]
    return (
        f"<item><guid>{key}</guid><link>/incidents/{key}</link><title>[{status}] Trouble</title>"
        f"<pubDate>Wed, 01 Jan 2025 10:0{len(listed['incident_updates'])}:00 GMT</pubDate>"
        f"<description>Trouble {status}.</description></item>"
    )


STORIES: Final[dict[str, Callable[[int], Documents]]] = {
    "statuspage": on_statuspage,
    "slack": on_slack,
    "aws": on_aws,
    "rss": on_rss,
}
PATHS: Final = {
    "statuspage": "/api/v2/incidents.json",
    "slack": "/api/v2.0.0/current",
    "aws": "/public/currentevents",
    "rss": "/feed.rss",
}


def listing(*added: Any, **fields: Any) -> bytes:
    """Return a document of these incidents before the true ones of the second act, with these fields."""
    document = statuspage("", [*added, *story(DURING)])[PATHS["statuspage"]]
    return json.dumps({**document, **fields}).encode()


def odd(key: str = "odd", *statuses: str, **fields: Any) -> Json:
    """Return an incident with these fields."""
    return incident(key, *(statuses or ("investigating",))) | fields


TRUTH: Final = listing()


async def forever(wire: Wire, content: bytes, pause: float = 0) -> None:
    """Send something again and again."""
    while True:
        await wire.send(content)
        await asyncio.sleep(pause)


# ------------------------------------------------------------------------------------------ time


@fails(LATE)
async def slow_drip(wire: Wire) -> None:
    """the body comes byte by byte, for ever"""
    await wire.answer(b"", "Content-Length: 100000")
    await forever(wire, b" ", 0.05)


@fails(LATE)
async def slow_headers(wire: Wire) -> None:
    """the headers come byte by byte, for ever"""
    await wire.send(b"HTTP/1.1 200 OK\r\nX: ")
    await forever(wire, b"y", 0.05)


@fails(LATE)
async def never_answers(wire: Wire) -> None:
    """the request is read, and that is all"""
    await wire.reader.read()


@fails(LATE)
async def stops_in_the_middle(wire: Wire) -> None:
    """half of the body, and then nothing"""
    await wire.answer(TRUTH[: len(TRUTH) // 2], f"Content-Length: {len(TRUTH)}")
    await wire.reader.read()


@fails(LATE, secure=True, first_byte=True)
async def tls_stalls(wire: Wire) -> None:
    """the connection is accepted, and the handshake not answered"""
    await wire.reader.read()


@fails(LATE)
async def trickle_of_1xx(wire: Wire) -> None:
    """103 Early Hints every 50 ms, and never an answer"""
    await forever(wire, b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.05)


@fails(BROKEN)
async def flood_of_1xx(wire: Wire) -> None:
    """100 Continue as fast as it is read, and never an answer"""
    await forever(wire, b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


@fails(EITHER)
async def endless_headers(wire: Wire) -> None:
    """header after header"""
    await wire.send(b"HTTP/1.1 200 OK\r\n")
    await forever(wire, b"X-Header: value\r\n" * 1000)


@fails(EITHER)
async def endless_header_line(wire: Wire) -> None:
    """one header that does not end"""
    await wire.send(b"HTTP/1.1 200 OK\r\nX-Header: ")
    await forever(wire, b"y" * 10_000)


@fails(EITHER)
async def endless_status_line(wire: Wire) -> None:
    """a status line that does not end"""
    await wire.send(b"HTTP/1.1 200 ")
    await forever(wire, b"OK" * 10_000)


@fails("a body of more than 10 MB")
async def endless_body(wire: Wire) -> None:
    """a body without a length, for ever"""
    await wire.send(b"HTTP/1.1 200 OK\r\n\r\n")
    await forever(wire, b" " * 65536)


@fails("a body in more than 10,000 tiny parts")
async def endless_chunks(wire: Wire) -> None:
    """chunk after chunk of one byte"""
    await wire.answer(b"", "Transfer-Encoding: chunked")
    await forever(wire, b"1\r\n \r\n" * 1000)


@fails(EITHER)
async def endless_chunk_extension(wire: Wire) -> None:
    """the head of a chunk has an extension that does not end"""
    await wire.answer(b"", "Transfer-Encoding: chunked")
    await wire.send(b"5;x=")
    await forever(wire, b"y" * 10_000)


@fails(EITHER)
async def endless_trailers(wire: Wire) -> None:
    """the whole document, and then trailer after trailer"""
    await wire.answer(b"", "Transfer-Encoding: chunked")
    await wire.send(b"%x\r\n%s\r\n0\r\n" % (len(TRUTH), TRUTH))
    await forever(wire, b"X-Trailer: value\r\n" * 1000)


# ------------------------------------------------------------------------------------------ size


@fails("a body of more than 10 MB", memory=25)
async def gzip_bomb_of_10_gb(wire: Wire) -> None:
    """10 MB of gzip that inflate to 10 GB"""
    await wire.answer(_bomb(), "Content-Encoding: gzip")


@fails("content encoding 'br', which was not asked for", memory=25)
async def brotli_bomb_of_8_gb(wire: Wire) -> None:
    """6 KB of brotli that inflate to 8 GB"""
    await wire.answer(brotli_bomb(), "Content-Encoding: br")


_bomb = cache(gzip_bomb)


@reads(quick=False)
def exactly_10_mb() -> bytes:
    """a document of as many bytes as may be"""
    return TRUTH.ljust(MAX_DOCUMENT)


@fails("a body of more than 10 MB", quick=False)
def a_byte_more_than_10_mb() -> bytes:
    """a document of one byte more"""
    return TRUTH.ljust(MAX_DOCUMENT + 1)


@fails_or_reads(EITHER)
async def header_of_1_mb(wire: Wire) -> None:
    """a header line of 1 MB before the document"""
    await wire.answer(TRUTH, b"X-Header: " + b"y" * 1_000_000)


@fails_or_reads(EITHER)
async def etag_of_1_mb(wire: Wire) -> None:
    """a validator of 1 MB"""
    await wire.answer(TRUTH, b'ETag: "' + b"y" * 1_000_000 + b'"')


# ------------------------------------------------------------------------------------------ TLS


@fails("its certificate is not valid", secure=True, first_byte=True)
async def tls_expired(wire: Wire) -> None:
    """a certificate of yesterday"""
    await wire.secure("expired")


@fails("its certificate is not valid", secure=True, first_byte=True)
async def tls_of_another_host(wire: Wire) -> None:
    """a certificate of another host"""
    await wire.secure("another host")


@fails("its certificate is not valid", secure=True, first_byte=True)
async def tls_self_signed(wire: Wire) -> None:
    """a certificate that is signed by itself"""
    await wire.secure("self-signed")


@fails("its certificate is not valid", secure=True, first_byte=True)
async def tls_of_an_unknown_issuer(wire: Wire) -> None:
    """a certificate by an unknown authority"""
    await wire.secure("unknown issuer")


@fails("TLS failed", secure=True, first_byte=True)
async def plain_http_for_tls(wire: Wire) -> None:
    """plain HTTP where TLS is expected"""
    await wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    await wire.reader.read()


@fails(rf"TLS failed|{BROKEN}", secure=True, first_byte=True)
async def garbage_for_tls(wire: Wire) -> None:
    """bytes that are no TLS"""
    await wire.send(bytes(range(256)) * 10)
    await wire.reader.read()


@fails(rf"{BROKEN}|no connection|TLS failed", secure=True, first_byte=True)
async def closed_in_the_handshake(wire: Wire) -> None:
    """the connection ends after the client's first message of TLS"""
    await wire.reader.read(1)


@fails(BROKEN, first_byte=True)
async def tls_for_plain_http(wire: Wire) -> None:
    """TLS where plain HTTP is expected"""
    await wire.secure()


@fails(BROKEN, first_byte=True)
async def http_2_for_http_1(wire: Wire) -> None:
    """the settings with which HTTP/2 begins"""
    await wire.send(b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64")
    await wire.reader.read()


# ------------------------------------------------------------------------------------------ connections and framing


@fails(rf"{BROKEN}|no connection", first_byte=True)
async def closed_at_once(wire: Wire) -> None:
    """the connection is accepted and closed"""


@fails(BROKEN)
async def closed_without_a_word(wire: Wire) -> None:
    """the request is read, and the connection closed"""


@fails(BROKEN)
async def reset_in_the_middle(wire: Wire) -> None:
    """the connection is reset in the middle of the body"""
    await wire.answer(TRUTH[: len(TRUTH) // 2], f"Content-Length: {len(TRUTH)}")
    await asyncio.sleep(0.05)
    wire.reset()


@fails(BROKEN)
async def content_length_too_large(wire: Wire) -> None:
    """a Content-Length of 100 bytes more than come"""
    await wire.answer(TRUTH, f"Content-Length: {len(TRUTH) + 100}")


@fails(REFUSED)
async def content_length_too_small(wire: Wire) -> None:
    """a Content-Length of 100 bytes fewer than come"""
    await wire.answer(TRUTH, f"Content-Length: {len(TRUTH) - 100}")


@fails(BROKEN)
async def content_length_of_no_number(wire: Wire) -> None:
    """Content-Length: many"""
    await wire.answer(TRUTH, "Content-Length: many")


@fails(BROKEN, quick=False)
async def content_length_below_zero(wire: Wire) -> None:
    """Content-Length: -1"""
    await wire.answer(TRUTH, "Content-Length: -1")


@fails(f"a body of more than 10 MB|{EITHER}")
async def content_length_beyond_measure(wire: Wire) -> None:
    """a Content-Length of 30 digits"""
    await wire.answer(TRUTH, f"Content-Length: {'9' * 30}")


@fails(EITHER)
async def two_content_lengths(wire: Wire) -> None:
    """two lengths that differ"""
    await wire.answer(TRUTH, f"Content-Length: {len(TRUTH)}", "Content-Length: 5")


@fails_or_reads(EITHER)
async def the_same_length_twice(wire: Wire) -> None:
    """two lengths that are the same"""
    await wire.answer(TRUTH, f"Content-Length: {len(TRUTH)}", f"Content-Length: {len(TRUTH)}")


@fails_or_reads(EITHER)
async def a_length_and_chunks(wire: Wire) -> None:
    """Content-Length and Transfer-Encoding, of which the second is right"""
    await wire.answer(b"%x\r\n%s\r\n0\r\n\r\n" % (len(TRUTH), TRUTH), "Content-Length: 5", "Transfer-Encoding: chunked")


@fails(BROKEN)
async def chunks_of_garbage(wire: Wire) -> None:
    """a chunk whose length is no number"""
    await wire.answer(b"zz\r\n" + TRUTH, "Transfer-Encoding: chunked")


@fails(BROKEN)
async def chunks_without_an_end(wire: Wire) -> None:
    """the whole document in one chunk, and then the connection ends"""
    await wire.answer(b"%x\r\n%s\r\n" % (len(TRUTH), TRUTH), "Transfer-Encoding: chunked")


@fails(BROKEN, quick=False)
async def a_chunk_beyond_measure(wire: Wire) -> None:
    """a chunk whose length has 1,000 digits"""
    await wire.answer(b"f" * 1000 + b"\r\n" + TRUTH, "Transfer-Encoding: chunked")


@fails(BROKEN)
async def an_unknown_transfer_encoding(wire: Wire) -> None:
    """Transfer-Encoding: gzip, chunked"""
    await wire.answer(TRUTH, "Transfer-Encoding: gzip, chunked")


@fails(BROKEN)
async def http_0_9(wire: Wire) -> None:
    """the document without any HTTP"""
    await wire.send(TRUTH)


@fails_or_reads(EITHER)
async def http_1_0(wire: Wire) -> None:
    """HTTP/1.0: a document that ends with its connection"""
    await wire.send(b"HTTP/1.0 200 OK\r\n\r\n" + TRUTH)


@fails(BROKEN)
async def garbage(wire: Wire) -> None:
    """bytes that are no HTTP"""
    await wire.send(bytes(range(256)) * 10)


@fails(BROKEN)
async def a_header_without_a_colon(wire: Wire) -> None:
    """a header line without a colon"""
    await wire.answer(TRUTH, "garbage")


@fails(BROKEN)
async def switching_protocols(wire: Wire) -> None:
    """101 Switching Protocols, which was not requested"""
    await wire.answer(TRUTH, "Upgrade: websocket", "Connection: Upgrade", status="101 Switching Protocols")


@fails(rf"HTTP 503|{BROKEN}")
async def escapes_in_the_status_line(wire: Wire) -> None:
    """a reason phrase that would colour the terminal"""
    await wire.answer(status="503 \x1b[31mred")


@fails_or_reads(EITHER)
async def a_second_answer(wire: Wire) -> None:
    """after the document an answer to no request, on the same connection"""
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(TRUTH), TRUTH))
    await wire.answer(b"{}")


# ------------------------------------------------------------------------------------------ statuses


@fails("HTTP 304")
async def not_modified(wire: Wire) -> None:
    """304 to a request without conditions"""
    await wire.send(b"HTTP/1.1 304 Not Modified\r\n\r\n")


@fails("HTTP 403")
async def forbidden(wire: Wire) -> None:
    """403 Forbidden"""
    await wire.answer(status="403 Forbidden")


@fails("HTTP 204")
async def no_content(wire: Wire) -> None:
    """204 No Content"""
    await wire.send(b"HTTP/1.1 204 No Content\r\n\r\n")


@fails("HTTP 206")
async def partial_content(wire: Wire) -> None:
    """206 with the first half"""
    await wire.answer(TRUTH[: len(TRUTH) // 2], status="206 Partial Content")


@fails("HTTP 511")
async def network_authentication(wire: Wire) -> None:
    """511 Network Authentication Required"""
    await wire.answer(b"<html>", status="511 Network Authentication Required")


@fails(rf"HTTP 999|{BROKEN}")
async def status_999(wire: Wire) -> None:
    """a status that HTTP does not have"""
    await wire.answer(status="999 Nonsense")


@fails("HTTP 429")
async def retry_after_an_age(wire: Wire) -> None:
    """429 with Retry-After: 99999999999"""
    await wire.answer(b"", "Retry-After: 99999999999", status="429 Too Many Requests")


@fails("HTTP 503")
async def retry_after_no_number(wire: Wire) -> None:
    """503 with a Retry-After that is no number"""
    await wire.answer(b"", "Retry-After: -1e308", status="503 Service Unavailable")


# ------------------------------------------------------------------------------------------ redirects


def redirects(*location: str | bytes) -> Callable[[Wire], Any]:
    """Return a behaviour that redirects."""

    async def answer(wire: Wire) -> None:
        lines = [b"Location: " + (line if isinstance(line, bytes) else line.encode()) for line in location]
        await wire.answer(b"", *lines, status="302 Found")

    return answer


@fails("more than 5 redirects")
async def redirect_loop(wire: Wire) -> None:
    """each redirect leads to the same address"""
    await redirects(wire.path)(wire)


@fails("redirects")
async def redirect_to_nowhere(wire: Wire) -> None:
    """a redirect without a Location"""
    await redirects()(wire)


@fails("redirects")
async def redirect_to_nothing(wire: Wire) -> None:
    """a redirect with an empty Location"""
    await redirects("")(wire)


@fails("redirects to file://")
async def redirect_to_a_file(wire: Wire) -> None:
    """Location: file:///etc/passwd"""
    await redirects("file:///etc/passwd")(wire)


@fails("redirects to http://169.254.169.254 .*look at the page in a browser")
async def redirect_to_a_private_address(wire: Wire) -> None:
    """Location: http://169.254.169.254/ (where clouds keep credentials)"""
    await redirects("http://169.254.169.254/latest/meta-data/")(wire)


@fails("redirects to http://login.example")
async def captive_portal(wire: Wire) -> None:
    """a redirect to the login of a network"""
    await redirects("http://login.example/?from=status")(wire)


@fails("redirects to |URL")
async def redirect_into_a_script(wire: Wire) -> None:
    """Location: javascript:alert(1)"""
    await redirects("javascript:alert(1)")(wire)


@fails("redirects to|a redirect to no address")
async def redirect_to_a_broken_address(wire: Wire) -> None:
    """Location: http://[ (no address)"""
    await redirects("http://[")(wire)


@fails(rf"redirects to|{BROKEN}|rror|nvalid")
async def redirect_with_escapes(wire: Wire) -> None:
    """a Location that would colour the terminal"""
    await redirects(b"http://a\x1b[31m\x9b31m/")(wire)


@fails(rf"redirects to|{BROKEN}|rror|nvalid")
async def redirect_with_8_bit_controls(wire: Wire) -> None:
    """a Location with the one-byte form of an escape sequence"""
    await redirects(b"http://a\x9b31mred/")(wire)


@fails(rf"redirects to|{BROKEN}|rror|nvalid")
async def redirect_from_right_to_left(wire: Wire) -> None:
    """a Location with a mark that turns the direction of the text"""
    await redirects("http://a\u202emoc.elpmaxe/")(wire)


@fails(rf"redirects to|{BROKEN}|rror|nvalid")
async def redirect_to_1_mb(wire: Wire) -> None:
    """a Location with a host of 50 KB"""
    await redirects(f"http://{'y' * 50_000}/")(wire)


@reads()
async def redirect_within_the_host(wire: Wire) -> None:
    """a relative Location that has the document"""
    if "?" in wire.path:
        await wire.answer(TRUTH)
    else:
        await redirects("?again")(wire)


@fails("redirects to http://127.0.0.1, from TLS to plain HTTP", secure=True)
async def redirect_to_plain_http(wire: Wire) -> None:
    """from TLS to plain HTTP on the same host, where anybody on the way could forge it"""
    await redirects(wire.origin.ports[0].url + wire.path)(wire)


# ------------------------------------------------------------------------------------------ encodings of the content


@fails("a gzip body that is broken")
async def says_gzip_and_is_not(wire: Wire) -> None:
    """Content-Encoding: gzip, and plain text"""
    await wire.answer(TRUTH, "Content-Encoding: gzip")


@fails(REFUSED, quick=False)
async def gzip_and_says_nothing(wire: Wire) -> None:
    """gzip without a Content-Encoding"""
    await wire.answer(gzip.compress(TRUTH))


@fails(rf"cut short|{EITHER}")
async def gzip_cut_short(wire: Wire) -> None:
    """half of a compressed document"""
    packed = gzip.compress(TRUTH)
    await wire.answer(packed[: len(packed) // 2], "Content-Encoding: gzip")


@reads()
async def gzip_with_garbage_behind(wire: Wire) -> None:
    """a compressed document, and garbage behind its end"""
    await wire.answer(gzip.compress(TRUTH) + b"garbage", "Content-Encoding: gzip")


@reads()
async def gzip_in_two_members(wire: Wire) -> None:
    """a document compressed in two halves, one behind the other"""
    half = len(TRUTH) // 2
    await wire.answer(gzip.compress(TRUTH[:half]) + gzip.compress(TRUTH[half:]), "Content-Encoding: gzip")


@fails("content encoding 'gzip, gzip'|incidents.json")
async def gzip_twice(wire: Wire) -> None:
    """compressed twice"""
    await wire.answer(gzip.compress(gzip.compress(TRUTH)), "Content-Encoding: gzip, gzip")


@fails("content encoding 'deflate'")
async def deflate(wire: Wire) -> None:
    """an encoding that was not accepted by the client"""
    await wire.answer(zlib.compress(TRUTH), "Content-Encoding: deflate")


@fails(rf"content encoding|{BROKEN}")
async def escapes_in_the_encoding(wire: Wire) -> None:
    """a Content-Encoding that would colour the terminal"""
    await wire.answer(TRUTH, b"Content-Encoding: \x1b[31m\x9b31mred")


@reads()
async def etag_of_bytes(wire: Wire) -> None:
    """a validator that is no text"""
    await wire.answer(TRUTH, b'ETag: "\xff\xfe\xe4"')


@reads()
async def etag_for_everything(wire: Wire) -> None:
    """ETag: *, which a request would match for ever"""
    await wire.answer(TRUTH, "ETag: *")


@fails("HTTP 407")
async def proxy_authentication(wire: Wire) -> None:
    """407 Proxy Authentication Required, where there is no proxy"""
    await wire.answer(status="407 Proxy Authentication Required")


@reads("NEW odd")
def invisible_characters() -> bytes:
    """a title of characters of no width, and joiners outside of emoji"""
    return listing(odd(name="a\u200b\u200d\u3164\u180e\ufe0f\U000e0100b"))


@reads()
async def cookies(wire: Wire) -> None:
    """a cookie for every host"""
    await wire.answer(TRUTH, "Set-Cookie: spy=1; Domain=127.0.0.1; Path=/")


# ------------------------------------------------------------------------------------------ documents


@fails(REFUSED)
def empty() -> bytes:
    """200 with an empty body"""
    return b""


@fails("HTML instead of JSON")
def html() -> bytes:
    """HTML with 200: a captive portal, an error page"""
    return b"<!DOCTYPE html><html><head><title>Login</title></head><body>Welcome</body></html>"


@fails(REFUSED)
def an_empty_object() -> bytes:
    """{}"""
    return b"{}"


@fails(REFUSED, quick=False)
def null() -> bytes:
    """null"""
    return b"null"


@fails(REFUSED, quick=False)
def a_list_for_an_object() -> bytes:
    """the list of incidents without its object"""
    return json.dumps(story(DURING)).encode()


@fails(REFUSED, quick=False)
def an_object_for_a_list() -> bytes:
    """an object where the list of incidents should be"""
    return listing(incidents={"a": story(DURING)[0]})


@fails(REFUSED)
def cut_json() -> bytes:
    """a document without its last bytes, and a length that agrees"""
    return TRUTH[:-20]


@fails("another page")
def another_page() -> bytes:
    """the document of another page"""
    return listing(page={"id": "somebodyelse"})


@reads()
def utf_16() -> bytes:
    """UTF-16 with a byte order mark"""
    return TRUTH.decode().encode("utf-16")


@fails(REFUSED, quick=False)
def utf_16_without_a_mark() -> bytes:
    """UTF-16 without a byte order mark"""
    return TRUTH.decode().encode("utf-16-le")


@fails(REFUSED)
def utf_16_of_garbage() -> bytes:
    """a byte order mark, and no UTF-16 behind it"""
    return b"\xff\xfe\xfd\xfc\xff"


@reads()
def utf_8_with_a_mark() -> bytes:
    """UTF-8 with a byte order mark"""
    return b"\xef\xbb\xbf" + TRUTH


@reads(log=SKIPPED)
def latin_1() -> bytes:
    """an incident in Latin-1"""
    return listing(odd(name="@")).replace(b'"@"', '"Fermé à clé"'.encode("latin-1"))


@reads("NEW odd")
def lone_surrogates() -> bytes:
    """half of a character, as an escape"""
    return listing(odd(name="half \ud800 of it"))


@reads("NEW odd")
def nul() -> bytes:
    """a title and a message with a null character, as an escape"""
    return listing(odd(name="a \x00 b\x1b[31m\x9b31m\u202e"))


@fails(REFUSED)
def nul_as_a_byte() -> bytes:
    """an incident with a null byte in its title"""
    return listing(odd(name="@")).replace(b'"@"', b'"a \x00 b"')


@fails(REFUSED)
def nesting() -> bytes:
    """100,000 lists in each other"""
    return b"[" * 100_000 + b"]" * 100_000


@fails_or_reads(REFUSED)
def nesting_in_an_unknown_field() -> bytes:
    """100,000 lists in each other, in a field that is not read"""
    return listing(unknown="@").replace(b'"@"', b"[" * 100_000 + b"]" * 100_000)


@fails_or_reads(REFUSED, quick=False)
def nesting_in_an_incident() -> bytes:
    """100,000 objects in each other, in a field of an incident"""
    return listing(odd(name="@")).replace(b'"@"', b'{"a":' * 100_000 + b"1" + b"}" * 100_000)


@reads(log=SKIPPED)
def a_number_of_10_000_digits() -> bytes:
    """a number of 10,000 digits for an id"""
    return listing(odd(id="@")).replace(b'"@"', b"9" * 10_000)


@fails_or_reads(REFUSED)
def an_unknown_number_of_10_000_digits() -> bytes:
    """a number of 10,000 digits in a field that is not read"""
    return listing(unknown="@").replace(b'"@"', b"9" * 10_000)


@reads("NEW 7", log="skipped: current: entry 0", platform="slack")
def numbers_of_10_000_digits_for_slack() -> bytes:
    """an id that may be a number, of 10,000 digits"""
    entries = [{**_slack_entry(odd()), "id": key, "url": f"/{key}"} for key in ("@", 7)]
    return on_slack(DURING, *entries)[PATHS["slack"]].replace(b'"@"', b"9" * 10_000)


@reads("NEW odd")
def duplicate_keys() -> bytes:
    """an incident with two titles"""
    return listing(odd(name="@")).replace(b'"@"', b'"one", "name": "two"')


@reads(log="skipped", platform="aws")
def epochs_of_1e308() -> bytes:
    """seconds beyond the calendar"""
    return on_aws(DURING, _aws_entry(odd()) | {"date": "@"})[PATHS["aws"]].replace(b'"@"', b"1e308")


@reads(log="skipped", platform="aws")
def epochs_of_10_000_digits() -> bytes:
    """seconds beyond all calendars"""
    return on_aws(DURING, _aws_entry(odd()) | {"date": "9" * 10_000})[PATHS["aws"]]


@reads("NEW old", "NEW far")
def years_0001_and_9999() -> bytes:
    """the first and the last second of the calendar"""
    far = json.dumps(odd("far")).replace("2025-01-01T10:00:00+00:00", "9999-12-31T23:59:59Z")
    old = json.dumps(odd("old")).replace("2025-01-01T10:00:00+00:00", "0001-01-01T00:00:00Z")
    return listing(json.loads(far), json.loads(old))


@reads(log=SKIPPED)
def beyond_the_year_9999() -> bytes:
    """the last second of the calendar, far in the west"""
    return listing(odd(created_at="9999-12-31T23:59:59-14:00"))


@reads(log=SKIPPED)
def times_as_numbers() -> bytes:
    """a time as a number"""
    return listing(odd(created_at=1735725600))


@reads("NEW odd")
def times_without_a_zone() -> bytes:
    """a time without a zone"""
    return listing(odd(created_at="2025-01-01T10:00:00"))


@reads("NEW odd")
def times_14_hours_ahead() -> bytes:
    """a time in the zone that is farthest ahead"""
    return listing(odd(created_at="2025-01-01T10:00:00+14:00"))


@reads(log=SKIPPED)
def a_leap_second() -> bytes:
    """23:59:60, as clocks may say"""
    return listing(odd(created_at="2016-12-31T23:59:60Z"))


@fails(REFUSED)
def not_a_number() -> bytes:
    """NaN, which JSON does not have"""
    return listing(unknown=float("nan"))


@fails(REFUSED, quick=False)
def infinity() -> bytes:
    """Infinity, which JSON does not have"""
    return listing(unknown=float("inf"))


@reads(quick=False)
def a_key_of_1_mb() -> bytes:
    """a field whose name has 1 MB"""
    return listing(**{"y" * 1_000_000: 1})


@reads(log=SKIPPED)
def ids_of_1_mb() -> bytes:
    """an id of 1 MB"""
    return listing(odd("y" * 1_000_000))


@reads(log=SKIPPED)
def ids_with_escapes() -> bytes:
    """an id that would colour the terminal"""
    return listing(odd("y\x1b[31m"))


@reads("NEW odd", "NEW ODD", "NEW \u00e9", "NEW e\u0301")
def ids_nearly_alike() -> bytes:
    """ids that differ only in case, or in how a character is composed"""
    return listing(*(odd(key) for key in ("odd", "ODD", "\u00e9", "e\u0301")))


@reads("NEW odd")
def an_incident_1_000_times() -> bytes:
    """one incident 1,000 times"""
    return listing(*[odd()] * 1000)


@reads("NEW one", "NEW two")
def ids_of_updates_twice() -> bytes:
    """two incidents whose updates have the same ids"""
    return listing(*(odd(key) | {"incident_updates": odd("x")["incident_updates"]} for key in ("one", "two")))


@reads(*(f"NEW i{number}" for number in range(4_900)), quick=False, memory=150, work=20)
def as_many_incidents_as_may_be() -> bytes:
    """4,900 incidents: nearly as many as may be remembered of a page"""
    return listing(*(odd(f"i{number}") for number in range(4_900)))


@fails("more than 5,000 components of incident odd", quick=False, memory=60, work=8)
def components_by_the_10_000() -> bytes:
    """an incident with 10,000 components"""
    return listing(odd(components=[{"id": f"c{number}", "name": f"c{number}"} for number in range(10_000)]))


@fails("bytes to remember, more than 2,000,000", quick=False, memory=150, work=20)
def more_to_remember_than_may_be() -> bytes:
    """4,000 incidents with long titles"""
    return listing(*(odd(f"i{number}", name=f"{number} {'t' * 480}") for number in range(4_000)))


@reads("NEW odd", quick=False, memory=60)
def a_title_of_5_mb() -> bytes:
    """a title of 5 MB"""
    return listing(odd(name="y " * 2_500_000))


@reads("NEW odd", quick=False, memory=100, work=8)
def a_message_of_5_mb() -> bytes:
    """a message of 5 MB, of markup alone"""
    listed = odd()
    listed["incident_updates"][0]["body"] = "<br/><p>&amp;\x1b[" * 250_000
    return listing(listed)


@reads(log=f"{SKIPPED}more than 5,000 updates", quick=False, memory=250, work=20)
def updates_by_the_100_000() -> bytes:
    """an incident with 100,000 updates"""
    entry = {"id": "@", "status": "x", "created_at": "2025-01-01T10:00:00Z"}
    listed = ",".join(json.dumps(entry | {"id": f"{number:x}"}) for number in range(100_000))
    return listing(odd(incident_updates="@")).replace(b'"@"', f"[{listed}]".encode())


@fails("it lists 90,001 incidents, more than 5,000", quick=False, memory=250, work=20)
def incidents_by_the_100_000() -> bytes:
    """as many incidents as 10 MB hold: 90,000"""
    entry = {"id": "@", "name": "n", "status": "x", "created_at": "2025-01-01T10:00:00Z", "incident_updates": []}
    listed = ",".join(json.dumps(entry | {"id": f"i{number:x}"}, separators=(",", ":")) for number in range(90_000))
    return TRUTH.replace(b'"incidents": [', b'"incidents": [' + listed.encode() + b",")


@skips(
    "history: entry 0: more than 5,000 updates",
    quick=False,
    memory=250,
    work=20,
    platform="slack",
    path="/api/v2.0.0/history",
)
def notes_by_the_100_000() -> bytes:
    """the end of an incident after 100,000 notes"""
    entry = _slack_entry(story(DURING)[0])
    note = '{"date_created":"2025-01-01T10:00:00.%06dZ","body":"n"}'
    listed = ",".join(note % number for number in range(1, 100_001))
    first, last = map(json.dumps, entry["notes"])
    return json.dumps([entry | {"notes": "@"}]).replace('"@"', f"[{first},{listed},{last}]").encode()


# ------------------------------------------------------------------------------------------ feeds


@fails("feed: ", platform="rss")
def a_billion_laughs() -> bytes:
    """entities that expand to a billion words"""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return _rss("<item>&l9;</item>", f'<!DOCTYPE rss [<!ENTITY l0 "lol">{entities}]>')


@fails("feed: ", platform="rss")
def an_entity_of_a_file() -> bytes:
    """an entity that is a file of the reader"""
    return _rss("<item>&file;</item>", '<!DOCTYPE rss [<!ENTITY file SYSTEM "file:///etc/passwd">]>')


@fails("feed: ", platform="rss", quick=False, memory=60, work=8)
def nesting_in_xml() -> bytes:
    """100,000 elements in each other"""
    return _rss("<item>" + "<a>" * 100_000 + "</a>" * 100_000 + "</item>")


@fails("feed: ", platform="rss", quick=False, memory=60)
def feed_of_one_entry_of_9_mb() -> bytes:
    """an entry of 9 MB"""
    return _rss(f"<item><title>{'y' * 9_000_000}</title></item>")


@reads(platform="rss", quick=False, memory=60, work=5)
def feed_of_9_mb() -> bytes:
    """80,000 entries, of which the newest come first"""
    date = "Tue, 31 Dec 2024 10:00:00 GMT"
    item = "<item><guid>i{0}</guid><title>[Resolved] n</title><pubDate>{1}</pubDate></item>"
    return _rss(_item(story(DURING)[0]) + "".join(item.format(number, date) for number in range(80_000)))

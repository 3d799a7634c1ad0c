"""One request to a receiver, and what its answer means."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from typing import Final, NamedTuple

import httpx

from statuswatch import text
from statuswatch.errors import exception_chain
from statuswatch.sinks import SinkError

MAX_RESPONSE: Final = 65_536  # bytes of it that are looked at
MAX_BODY_SECONDS: Final = 5.0  # seconds that an answer's body may take; its status counts without it
_ASK_AGAIN: Final = frozenset({408, 425, 429})


class HttpResponse(NamedTuple):
    """Whatever came back; of the body at most a little more than was wanted."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


async def request(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The answer to a request that was taken (2xx). Raises SinkError; a redirect is a refusal, for nobody said that the
    other address may have the secret. What was taken is taken, however its answer ends.
    """
    answer = await ask(client, method, url, content=content, headers=headers, whole=False)
    if answer.taken:
        return answer.body
    raise refusal(answer)


async def ask(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    content: bytes = b"",
    headers: Mapping[str, str] | None = None,
    largest: int = MAX_RESPONSE,
    whole: bool = True,
) -> HttpResponse:
    """The answer, whatever its status. Raises SinkError where there is none, or not the whole."""
    try:
        if (httpx.URL(url).port or 0) > 65_535:
            raise httpx.InvalidURL("no such port")
        async with client.stream(method, url, content=content, headers=dict(headers or {})) as response:
            body = await _body(response, largest, whole=whole)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError):
        raise SinkError("its address or a header cannot be sent: see what the variable holds", final=True) from None
    except httpx.HTTPError as error:
        # httpx puts the whole address into what it says: only the cause is repeated.
        raise SinkError(cause(error)) from None
    return HttpResponse(response.status_code, response.headers, body)


def refusal(answer: HttpResponse) -> SinkError:
    """What an answer that is not 2xx means. It is not cut here: half of a secret would no longer be known as one."""
    said = text.line(answer.body.decode(errors="replace")) if len(answer.body) <= MAX_RESPONSE else ""
    reason = f"HTTP {answer.status}" + (f": {said}" if said and "<" not in said[:20] else "")
    if answer.status in _ASK_AGAIN or answer.status >= 500:
        return SinkError(reason, retry_after=retry_after(answer.headers))
    return SinkError(reason, final=True)


async def post_json(
    client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str] | None = None
) -> bytes:
    return await request(
        client, "POST", url, content=body, headers={"Content-Type": "application/json", **(headers or {})}
    )


async def _body(response: httpx.Response, largest: int, *, whole: bool) -> bytes:
    """As much of it as is looked at; and where the whole is not needed, as much as comes."""
    body = bytearray()
    with nullcontext() if whole else suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(None if whole else MAX_BODY_SECONDS):
            async for part in response.aiter_bytes():
                body += part
                if len(body) > largest:
                    break
    return bytes(body)


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds; none where a date is named, or nothing."""
    wanted = headers.get("retry-after", "").strip()
    try:
        return float(wanted) if wanted and float(wanted) >= 0 else None
    except ValueError:
        return None


def cause(error: OSError | httpx.HTTPError) -> str:
    """Why a connection failed, in words that hold no address."""
    for seen in exception_chain(error):
        match seen:
            case ssl.SSLCertVerificationError():
                return f"its certificate is not valid: {seen.verify_message}"
            case ssl.SSLError():
                return "TLS failed"
            case socket.gaierror():
                return "its name cannot be resolved"
            case OSError(errno=int() as number) if number in errno.errorcode:
                return os.strerror(number).lower()
            case TimeoutError():
                return "no answer in time"
    return "no answer in time" if isinstance(error, httpx.TimeoutException) else "the connection broke"

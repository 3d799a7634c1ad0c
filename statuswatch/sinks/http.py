"""One request to a receiver, and what its answer means."""

import errno
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import httpx

from statuswatch import text
from statuswatch.sinks import SinkError

LARGEST_ANSWER: Final = 65_536  # bytes of it that are looked at
LONGEST_REASON: Final = 200  # characters of an answer that are repeated
_ASK_AGAIN: Final = frozenset({408, 425, 429})


class Answer(NamedTuple):
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
    other address may have the secret.
    """
    answer = await ask(client, method, url, content=content, headers=headers)
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
    largest: int = LARGEST_ANSWER,
) -> Answer:
    """The answer, whatever its status. Raises SinkError where there is none."""
    try:
        async with client.stream(method, url, content=content, headers=dict(headers or {})) as response:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > largest:
                    break
    except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError, ValueError):
        raise SinkError("its address is not one that can be asked", final=True) from None
    except httpx.HTTPError as error:
        # httpx puts the whole address into what it says: only the cause is repeated.
        raise SinkError(cause(error)) from None
    return Answer(response.status_code, response.headers, bytes(body))


def refusal(answer: Answer) -> SinkError:
    """What an answer that is not 2xx means."""
    said = text.line(answer.body.decode(errors="replace"))[:LONGEST_REASON]
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


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds; none where a date is named, or nothing."""
    wanted = headers.get("retry-after", "").strip()
    try:
        return float(wanted) if wanted and float(wanted) >= 0 else None
    except ValueError:
        return None


def cause(error: OSError | httpx.HTTPError) -> str:
    """Why a connection failed, in words that hold no address."""
    seen: Any = error
    for _ in range(10):
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
            case None:
                break
        seen = seen.__cause__ or seen.__context__
    return "no answer in time" if isinstance(error, httpx.TimeoutException) else "the connection broke"

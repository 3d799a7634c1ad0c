"""Requests of sinks, and what a response means."""

from collections.abc import Mapping
from typing import Any, Final

from statuswatch import text
from statuswatch.net.http import MAX_SINK_RESPONSE, RequestError, SinkClient
from statuswatch.net.response import Response
from statuswatch.sinks import SinkError

_PASSING_STATUSES: Final = frozenset({408, 425, 429})  # beside 5xx


async def post_json(client: SinkClient, url: str, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
    """Post JSON, and return the body of the response, as far as it came. Raises SinkError unless it was accepted.

    A redirect is a rejection: the user never configured the other address, and it must not get the secret. What was
    accepted stays accepted, however the response ends.
    """
    headers = {"Content-Type": "application/json", **(headers or {})}
    response = await request(client, "POST", url, content=body, headers=headers, whole=False)
    if not is_accepted(response):
        raise rejection(response)
    return response.body


async def request(client: SinkClient, method: str, url: str, **options: Any) -> Response:
    """Return the response, whatever its status. Raises SinkError. `options` are those of `SinkClient.request`."""
    try:
        return await client.request(method, url, **options)
    except RequestError as error:
        raise SinkError(str(error), final=error.final) from None


def is_accepted(response: Response) -> bool:
    """Return whether the receiver accepted the request (HTTP 2xx)."""
    return 200 <= response.status < 300


def rejection(response: Response) -> SinkError:
    """Return the error for a response other than HTTP 2xx.

    The text of the body is not cut here: half of a secret would not be recognised, and not be masked.
    """
    reason = f"HTTP {response.status}"
    body = text.line(response.body.decode(errors="replace")) if len(response.body) <= MAX_SINK_RESPONSE else ""
    if body and "<" not in body[:20]:  # not a page of HTML
        reason = f"{reason}: {body}"
    if response.status in _PASSING_STATUSES or response.status >= 500:
        return SinkError(reason, retry_after=retry_after(response.headers))
    return SinkError(reason, final=True)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of `Retry-After`; None where it is absent or a date."""
    try:
        seconds = float(headers.get("retry-after", "").strip())
    except ValueError:
        return None
    return seconds if seconds >= 0 else None

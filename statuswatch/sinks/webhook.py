"""The event as JSON, by POST, to an address of yours.

`Idempotency-Key` and `webhook-id` are the event's id, the same however often it is sent. With a secret the request is
signed as Standard Webhooks has it: `webhook-signature: v1,` and the base64 of an HMAC-SHA256 over
`<webhook-id>.<webhook-timestamp>.<body>`; a secret that begins with `whsec_` is base64.
"""

import base64
import binascii
import hashlib
import hmac
import time
from typing import Final
from urllib.parse import quote

import httpx

from statuswatch.errors import UsageError
from statuswatch.model.event import Notification
from statuswatch.render import jsonlines
from statuswatch.sinks import Lookup, Options, Send
from statuswatch.sinks.http import post_json

DIGEST_ABOVE: Final = 0  # programs want each event
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


class Webhook(Options, frozen=True):
    url_env: str
    secret_env: str = ""


OPTIONS: Final = Webhook


def configure(options: Webhook, secret: Lookup, /) -> Send:
    url = secret(options.url_env)
    key = _key(secret(options.secret_env), options.secret_env) if options.secret_env else b""

    async def send(client: httpx.AsyncClient, message: Notification) -> None:
        body = document(message)
        named = quote(message.id, safe=_PRINTABLE)  # a header is ASCII; an id holds what a vendor calls an incident
        headers = {"Idempotency-Key": named}
        if key:
            at = str(int(time.time()))
            headers |= {
                "webhook-id": named,
                "webhook-timestamp": at,
                "webhook-signature": signature(key, named, at, body),
            }
        await post_json(client, url, body, headers)

    return send


def document(message: Notification) -> bytes:
    """The event; or, where several are sent as one, a digest with all of them."""
    events = [jsonlines.fields(notice.event, notice.detected_at) for notice in message.deliveries]
    if message.test:
        events = [{**event, "test": True} for event in events]
    if len(events) == 1:
        return jsonlines.encode(events[0]).encode()
    digest = {"schema": jsonlines.SCHEMA, "id": message.id, "event": "digest", "events": events}
    return jsonlines.encode(digest).encode()


def signature(key: bytes, message_id: str, at: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), at.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _key(word: str, variable: str) -> bytes:
    if not word.startswith("whsec_"):
        return word.encode()
    try:
        return base64.b64decode(word.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"${variable}: begins with whsec_, and the rest is not base64") from error

"""The event as JSON, by POST to an address of the user.

`Idempotency-Key` and `webhook-id` are the event's id, the same however often it is sent. With a secret the request is
signed as Standard Webhooks defines it: `webhook-signature: v1,` and the base64 of an HMAC-SHA256 over
`<webhook-id>.<webhook-timestamp>.<body>`; a secret that begins with `whsec_` is base64.
"""

import base64
import binascii
import hashlib
import hmac
import time
from typing import Final
from urllib.parse import quote

from statuswatch.errors import UsageError
from statuswatch.model.event import Notification
from statuswatch.net.http import SinkClient
from statuswatch.render import jsonlines
from statuswatch.sinks import Options, ReadSecret, Send
from statuswatch.sinks.http import post_json

DIGEST_ABOVE: Final = 0  # programs want each event
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


class Webhook(Options, frozen=True):
    """Options of the sink."""

    url_env: str
    secret_env: str = ""


OPTIONS: Final = Webhook


def configure(options: Webhook, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises UsageError for a secret that is not base64."""
    url = read_secret(options.url_env)
    key = _decode_key(read_secret(options.secret_env), options.secret_env) if options.secret_env else b""

    async def send(client: SinkClient, notification: Notification) -> None:
        body = document(notification)
        await post_json(client, url, body, _headers(notification, body, key))

    return send


def document(notification: Notification) -> bytes:
    """Return the event as JSON; a digest with all events where there are several."""
    events = [jsonlines.fields(delivery.event, delivery.detected_at) for delivery in notification.deliveries]
    if notification.test:
        events = [{**event, "test": True} for event in events]
    if len(events) == 1:
        return jsonlines.encode(events[0]).encode()
    digest = {"schema": jsonlines.SCHEMA, "id": notification.id, "event": "digest", "events": events}
    return jsonlines.encode(digest).encode()


def signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of `webhook-signature`."""
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _headers(notification: Notification, body: bytes, key: bytes) -> dict[str, str]:
    # A header is ASCII; an id holds whatever a vendor calls an incident.
    webhook_id = quote(notification.id, safe=_PRINTABLE)
    headers = {"Idempotency-Key": webhook_id}
    if key:
        timestamp = str(int(time.time()))
        headers["webhook-id"] = webhook_id
        headers["webhook-timestamp"] = timestamp
        headers["webhook-signature"] = signature(key, webhook_id, timestamp, body)
    return headers


def _decode_key(secret: str, variable: str) -> bytes:
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UsageError(f"${variable}: begins with whsec_, and the rest is not base64") from error

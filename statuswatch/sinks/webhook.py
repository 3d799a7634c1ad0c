"""The event as JSON, by POST to an address of the user.

`Idempotency-Key` is the event's id, the same however often it is sent. With a secret the request is signed as Standard
Webhooks defines it: `webhook-signature: v1,` and the base64 of an HMAC-SHA256 over
`<webhook-id>.<webhook-timestamp>.<body>`; a secret that begins with `whsec_` is base64. The `webhook-id` is a digest of
the event's id: it must hold no dot, which separates what is signed, and nothing that a vendor chose. A key has 24 to 64
bytes.
"""

import base64
import binascii
import hashlib
import hmac
import time
from typing import Any, Final
from urllib.parse import quote

from statuswatch.errors import SecretError
from statuswatch.model.event import Notification
from statuswatch.net.http import SinkClient
from statuswatch.render import jsonlines
from statuswatch.sinks import Options, ReadSecret, Send
from statuswatch.sinks.http import post_json

DIGEST_ABOVE: Final = 0  # programs want each event
MIN_KEY: Final = 24  # bytes, as the specification of Standard Webhooks has it
MAX_KEY: Final = 64
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


class Webhook(Options, frozen=True):
    """Options of the sink."""

    url_env: str
    secret_env: str = ""


OPTIONS: Final = Webhook


def configure(options: Webhook, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises SecretError for a key that cannot be one."""
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
        return jsonlines.encode(_announced(events[0], notification)).encode()
    digest = {"schema": jsonlines.SCHEMA, "id": notification.id, "event": "digest", "events": events}
    return jsonlines.encode(_announced(digest, notification)).encode()


def _announced(fields: dict[str, Any], notification: Notification) -> dict[str, Any]:
    """Return the fields with the number of dropped events, where there are any."""
    return {**fields, "dropped": notification.dropped} if notification.dropped else fields


def signature(key: bytes, webhook_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of `webhook-signature`."""
    signed = b".".join((webhook_id.encode(), timestamp.encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def message_id(notification: Notification) -> str:
    """Return the value of `webhook-id`: the same however often the notification is sent."""
    return "msg_" + hashlib.sha256(notification.id.encode()).hexdigest()[:32]


def _headers(notification: Notification, body: bytes, key: bytes) -> dict[str, str]:
    # A header is ASCII; an id holds whatever a vendor calls an incident.
    headers = {"Idempotency-Key": quote(notification.id, safe=_PRINTABLE)}
    if key:
        webhook_id = message_id(notification)
        timestamp = str(int(time.time()))
        headers["webhook-id"] = webhook_id
        headers["webhook-timestamp"] = timestamp
        headers["webhook-signature"] = signature(key, webhook_id, timestamp, body)
    return headers


def _decode_key(secret: str, variable: str) -> bytes:
    key = secret.encode()
    if secret.startswith("whsec_"):
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            raise SecretError(f"${variable} begins with whsec_, and the rest is not base64") from None
    if not MIN_KEY <= len(key) <= MAX_KEY:
        raise SecretError(f"${variable} holds a key of {len(key)} bytes: a key has {MIN_KEY} to {MAX_KEY}")
    return key

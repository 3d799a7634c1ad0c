"""What vendors push. A body is never believed: it is recognised for the log, and its signature is checked. Pure."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

import msgspec

MAX_BODY: Final = 256_000  # bytes
_SIGNATURE: Final = "-signature"  # how the name of a header ends that holds one


class _Push(msgspec.Struct):
    """The keys by which a push is told from another. Whatever else is in it does not matter."""

    event_type: object = None
    incident: object = None
    maintenance: object = None
    component_update: object = None
    component: object = None
    subscription: object = None
    event: object = None
    status_page: object = None


_decode: Final = msgspec.json.Decoder(_Push).decode


def describe(body: bytes, headers: Mapping[str, str]) -> str:
    """Return what seems to have been pushed, in a few words of our own."""
    try:
        push = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "a push without JSON" if body.strip() else "an empty push"
    kinds = {
        "component": push.component_update is not None or push.component is not None,
        "maintenance": push.maintenance is not None,
        "incident": push.incident is not None,
    }
    kind = next((name for name, is_there in kinds.items() if is_there), "of no kind that is known")
    return f"{_vendor(push, headers)}: {kind}"


def _vendor(push: _Push, headers: Mapping[str, str]) -> str:
    if "x-betteruptime-event" in headers or isinstance(push.event_type, str):
        return "Better Stack"
    if "x-instatus-webhook-signature" in headers:
        return "Instatus"
    if push.subscription is not None and push.status_page is not None:
        return "Hund"
    return "a page like Statuspage's" if push.incident or push.component_update else "a push"


def is_same_secret(word: str, secret: str) -> bool:
    """Return whether two secrets are the same, in a time that tells nothing of either."""
    digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (word, secret)]
    return hmac.compare_digest(*digests)


def is_signed(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Return whether a header `X-…-Signature` is the HMAC-SHA256 of the body, in hexadecimal or base64."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    right = (digest.hex(), base64.b64encode(digest).decode())
    stated = [value for name, value in headers.items() if name.startswith("x-") and name.endswith(_SIGNATURE)]
    return any(is_same_secret(value.removeprefix("sha256="), word) for value in stated for word in right)

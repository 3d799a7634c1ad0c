"""Any service that the library Apprise knows, by its URL. Needs the extra `statuswatch[apprise]`.

What it is given is declared to be plain text, so that it escapes it where a service reads HTML or Markdown. Some
services read their Markdown in what Apprise takes for plain: what could call somebody or be a link is broken before.

Apprise says that a service did not take a message, not why. The message is told once one of the services took it:
another try would bring it to that one again, and hold up what comes after it for all.
"""

import asyncio
import logging
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import httpx

from statuswatch.errors import UsageError
from statuswatch.model.event import Notification
from statuswatch.net.threads import run_in_daemon_thread
from statuswatch.render.notification import NotificationText, cut, digest_headline, digest_line, notification_texts
from statuswatch.sinks import Lookup, Options, Send, SinkError

if TYPE_CHECKING:
    from apprise import NotifyBase

DIGEST_ABOVE: Final = 10
PAUSE: Final = 1.0  # seconds before the second try with those that did not take what others took
LEAST_BODY: Final = 60  # characters; whatever a service says its limit is
_TYPES: Final = {"🔴": "failure", "🟡": "warning", "🟢": "success", "⚪": "info"}


class Apprise(Options, frozen=True):
    url_env: str


OPTIONS: Final = Apprise


def configure(options: Apprise, secret: Lookup, /) -> Send:
    services = _services(secret(options.url_env).split(), options.url_env)

    async def send(_: httpx.AsyncClient, message: Notification) -> str:
        left = await _told(services, message)
        if len(left) == len(services):
            raise SinkError("Apprise could not send it")
        if left:
            await asyncio.sleep(PAUSE)
            left = await _told(left, message)
        return f"taken, but not by {_numbered(services, left)}" if left else ""

    return send


async def _told(services: "list[NotifyBase]", message: Notification) -> "list[NotifyBase]":
    """All at once; those that did not take it."""
    taken = await asyncio.gather(*(run_in_daemon_thread(_sending(it, message)) for it in services))
    return [it for it, was in zip(services, taken, strict=True) if not was]


def _sending(service: "NotifyBase", message: Notification) -> Callable[[], bool]:
    from apprise import Apprise as Sender

    def work() -> bool:
        sender = Sender(asset=service.asset)
        sender.add(service)
        title, body, kind = content(message, service.body_maxlen)
        return bool(sender.notify(body=body, title=title, notify_type=kind, body_format="text"))

    return work


def content(message: Notification, longest: int) -> tuple[str, str, str]:
    """Title, body and Apprise's kind. A digest is not cut: Apprise makes several messages of what is too long."""
    entries = notification_texts(message)
    if len(entries) == 1:
        (it,) = entries
        sign, page = it.sign, message.deliveries[0].event.page.name
        title = f"{it.sign} {it.label} · {page}"
        return title, _body(it, max(LEAST_BODY, longest - len(title) - 2)), _TYPES[sign]
    title = digest_headline(message)
    return title, "\n\n".join(f"{_inert(digest_line(it))}\n{it.url}".rstrip() for it in entries), "info"


def _body(it: NotificationText, longest: int) -> str:
    """Product, then what the card says, then our link, which is never cut."""
    told = "\n".join(_inert(line) for line in (it.product, *it.lines()))
    link = f"\n{it.url}" if it.url and len(it.url) < longest // 2 else ""
    return cut(told, longest - len(link)) + link


def _inert(words: str) -> str:
    """Text in which neither `<!here>` nor `[x](y)` is what it is in a chat, and no host's name is one."""
    joined = re.sub(r"<(?=\S)", "<\u2060", words).replace("](", "]\u2060(")
    return re.sub(r"(?<=[^\W_])\.(?=[^\W\d_]{2})", ".\u2060", joined)


def _numbered(services: "list[NotifyBase]", some: "list[NotifyBase]") -> str:
    numbers = [str(at) for at, it in enumerate(services, 1) if it in some]
    return f"address {', '.join(numbers)} of {len(services)}"


def _services(urls: list[str], variable: str) -> "list[NotifyBase]":
    for name in ("apprise", "urllib3"):  # they log addresses
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        logger.disabled = True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what its modules import
        try:
            import apprise
        except ImportError:
            raise UsageError("the sink apprise needs a package: pip install 'statuswatch[apprise]'") from None
        # In turn and without its own time limit it works on our thread; else on threads that are joined at exit.
        asset: Any = apprise.AppriseAsset(app_id="statuswatch", async_mode=False, service_timeout=0)
        services = [apprise.Apprise.instantiate(url, asset=asset) for url in urls]
    known = []
    for number, service in enumerate(services, 1):
        if service is None:
            raise UsageError(f"${variable}: address {number} of {len(urls)} is not one that Apprise knows")
        if service.overflow_mode == apprise.OverflowMode.UPSTREAM:
            service.overflow_mode = apprise.OverflowMode.SPLIT
        known.append(service)
    return known

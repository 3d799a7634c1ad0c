"""Any service that the library Apprise knows, by its URL. Needs the extra `statuswatch[apprise]`.

The text is declared to be plain, so that Apprise escapes it where a service reads HTML or Markdown. Some services read
their Markdown in what Apprise takes for plain text: what could mention somebody or be a link is broken up before.

Apprise reports that a service did not accept a message, not why. A notification counts as delivered once one of the
services accepted it: another attempt would repeat it there, and hold up later events for all.
"""

import asyncio
import logging
import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from statuswatch.errors import SecretError, UsageError
from statuswatch.model.event import Notification
from statuswatch.net.threads import run_in_daemon_thread
from statuswatch.render.notification import NotificationText, cut, digest_headline, digest_line, notification_texts
from statuswatch.render.phrases import Label
from statuswatch.sinks import Options, ReadSecret, Send, SinkError

if TYPE_CHECKING:
    from apprise import NotifyBase

    from statuswatch.net.http import SinkClient

DIGEST_ABOVE: Final = 10
RETRY_SECONDS: Final = 1.0  # before the second attempt with the services that did not accept what others did
MIN_BODY: Final = 60  # characters, whatever limit a service states
_NEUTRAL: Final = "info"
_TYPES: Final = {
    Label.NEW: "failure",
    Label.UPDATED: "warning",
    Label.RESOLVED: "success",
    Label.ENDED: _NEUTRAL,
    Label.MAINTENANCE: _NEUTRAL,
}


class Apprise(Options, frozen=True):
    """Options of the sink."""

    url_env: str


OPTIONS: Final = Apprise


def configure(options: Apprise, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises SecretError for an address that Apprise does not know."""
    services = _services(read_secret(options.url_env).split(), options.url_env)

    async def send(_: "SinkClient", notification: Notification) -> str:
        failed = await _notify(services, notification)
        if len(failed) == len(services):
            raise SinkError("Apprise could not send it")
        if failed:
            await asyncio.sleep(RETRY_SECONDS)
            failed = await _notify(failed, notification)
        return f"accepted, but not by {_numbers(services, failed)}" if failed else ""

    return send


async def _notify(services: "list[NotifyBase]", notification: Notification) -> "list[NotifyBase]":
    """Notify all services at the same time; return those that did not accept it."""
    results = await asyncio.gather(
        *(run_in_daemon_thread(_blocking_notify(service, notification)) for service in services)
    )
    return [service for service, accepted in zip(services, results, strict=True) if not accepted]


def _blocking_notify(service: "NotifyBase", notification: Notification) -> Callable[[], bool]:
    from apprise import Apprise as Sender

    def notify() -> bool:
        sender = Sender(asset=service.asset)
        sender.add(service)
        title, body, kind = content(notification, service.body_maxlen)
        return bool(sender.notify(body=body, title=title, notify_type=kind, body_format="text"))

    return notify


def content(notification: Notification, max_length: int) -> tuple[str, str, str]:
    """Return title, body and Apprise's type of notification.

    A digest is not cut: Apprise makes several messages of what is too long.
    """
    texts = notification_texts(notification)
    if len(texts) == 1:
        (text,) = texts
        title = f"{text.before_headline}{text.sign} {text.label} · {notification.deliveries[0].event.page.name}"
        body = _body(text, max(MIN_BODY, max_length - len(title) - 2))
        return title, body, _TYPES[text.kind]
    lines = [f"{_plain(digest_line(text))}\n{text.url}".rstrip() for text in texts]
    return digest_headline(notification), "\n\n".join(lines), _NEUTRAL


def _body(text: NotificationText, max_length: int) -> str:
    """Return the product, the lines about the event, and our link, which is never cut."""
    body = "\n".join(_plain(line) for line in (text.product, *text.lines()))
    link = f"\n{text.url}" if text.url and len(text.url) < max_length // 2 else ""
    return cut(body, max_length - len(link)) + link


def _plain(words: str) -> str:
    """Return text in which a chat finds neither a mention `<!here>`, nor a link `[x](y)`, nor the name of a host."""
    joined = re.sub(r"<(?=\S)", "<\u2060", words).replace("](", "]\u2060(")
    return re.sub(r"(?<=[^\W_])\.(?=[^\W\d_]{2})", ".\u2060", joined)


def _numbers(services: "list[NotifyBase]", chosen: "list[NotifyBase]") -> str:
    numbers = [str(number) for number, service in enumerate(services, 1) if service in chosen]
    return f"address {', '.join(numbers)} of {len(services)}"


def _services(urls: list[str], variable: str) -> "list[NotifyBase]":
    _silence_loggers()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what its modules import
        try:
            import apprise
        except ImportError:
            raise UsageError("the sink apprise needs a package: pip install 'statuswatch[apprise]'") from None
        # In turn and without its own time limit it works on our thread; else on threads that are joined at exit.
        asset: Any = apprise.AppriseAsset(app_id="statuswatch", async_mode=False, service_timeout=0)
        candidates = [apprise.Apprise.instantiate(url, asset=asset) for url in urls]
    services = []
    for number, service in enumerate(candidates, 1):
        if service is None:
            raise SecretError(f"${variable}: address {number} of {len(urls)} is not one that Apprise knows")
        if service.overflow_mode == apprise.OverflowMode.UPSTREAM:
            service.overflow_mode = apprise.OverflowMode.SPLIT
        services.append(service)
    return services


def _silence_loggers() -> None:
    for name in ("apprise", "urllib3"):  # they log addresses
        logger = logging.getLogger(name)
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        logger.disabled = True

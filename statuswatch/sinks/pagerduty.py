"""A PagerDuty service, by the Events API v2: an incident is an alert, triggered while it is open, resolved at its end.

A trigger for an open alert is noted on it, and a resolve where none is open is dropped, so that a repeat changes
nothing (PagerDuty/developer-docs, Send an Alert Event; the maximum lengths too).
"""

import hashlib
from typing import Any, ClassVar, Final

from statuswatch.model.event import Event, EventKind, Notification, PendingDelivery
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.net.http import SinkClient
from statuswatch.render.notification import NotificationText, cut, notification_text
from statuswatch.sinks import Options, ReadSecret, Send
from statuswatch.sinks.payloads import check_address, newest_that_fit, payload_sender, status_line, utf16_units

DIGEST_ABOVE: Final = 0  # each incident has an alert of its own

MAX_KEY: Final = 255  # bytes
MAX_SUMMARY: Final = 1024
MAX_DETAILS: Final = 100_000  # bytes of the vendor's messages; an event may have 512 KB
SEVERITIES: Final = {Impact.CRITICAL: "critical", Impact.MAJOR: "error", Impact.MINOR: "warning"}


class PagerDuty(Options, frozen=True):
    """Options of the sink."""

    OPENS_ALERTS: ClassVar = True
    DEFAULT_KINDS: ClassVar = frozenset({IncidentKind.INCIDENT})  # nobody is called for what is planned

    routing_key_env: str
    url: str = "https://events.pagerduty.com/v2/enqueue"


OPTIONS: Final = PagerDuty


def configure(options: PagerDuty, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises UsageError for an address that cannot be one."""
    key = read_secret(options.routing_key_env)

    def payloads(notification: Notification) -> list[dict[str, Any]]:
        return [
            {"routing_key": key, **alert_fields(delivery, test=notification.test, dropped=notification.dropped)}
            for delivery in notification.deliveries
        ]

    post = payload_sender(check_address(options.url, "pagerduty: url"), payloads)

    async def send(client: SinkClient, notification: Notification) -> str:
        await post(client, notification)
        if not notification.test:
            return ""
        ended = notification.deliveries[0].event.kind is EventKind.RESOLVED
        return "the alert was resolved" if ended else "an alert was triggered"

    return send


def alert_fields(delivery: PendingDelivery, *, test: bool = False, dropped: int = 0) -> dict[str, Any]:
    """Return the body of a request, without the routing key."""
    event = delivery.event
    content = notification_text(delivery, test=test, dropped=dropped)
    ended = event.kind is EventKind.RESOLVED or event.incident.closed  # a later update of an ended one opens nothing
    return {
        "event_action": "resolve" if ended else "trigger",
        "dedup_key": dedup_key(event),
        "payload": {
            "summary": cut(f"{content.headline}: {content.title}", MAX_SUMMARY, utf16_units),
            "source": event.page.url,
            "severity": SEVERITIES.get(event.incident.impact, "info"),
            "timestamp": event.at.isoformat(),
            "component": cut(content.product, MAX_SUMMARY, utf16_units),
            "class": str(event.incident.kind),
            "custom_details": _details(content),
        },
        "links": [{"href": content.url, "text": "Open the incident"}],
        "client": "statuswatch",
    }


def dedup_key(event: Event) -> str:
    """Return the key of the alert: the same at the incident's beginning and at its end."""
    key = f"{event.page.key}/{event.incident.id}"
    if len(key.encode()) <= MAX_KEY:
        return key
    return f"{event.page.key}/{hashlib.sha256(event.incident.id.encode()).hexdigest()}"


def _details(content: NotificationText) -> dict[str, Any]:
    left_out, statuses = newest_that_fit(content.statuses, MAX_DETAILS, lambda plain: len(plain.encode()))
    messages = [left_out, *(status_line(status, message) for status, message in statuses)]
    return {
        "title": content.title,
        "facts": " · ".join(content.facts),
        "messages": [message for message in messages if message],
        "remark": content.remark,
        "times": content.times,
    }

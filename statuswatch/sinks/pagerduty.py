"""A PagerDuty service, by the Events API v2: an incident is an alert, triggered while it is open, resolved at its end.

A trigger for an open alert is noted on it, and a resolve where none is open is dropped, so that a repeat changes
nothing (PagerDuty/developer-docs, Send an Alert Event; the lengths below too).
"""

import hashlib
from typing import Any, Final

from statuswatch.model.event import Event, EventKind, Notification, PendingDelivery
from statuswatch.model.incident import Impact
from statuswatch.render.notification import cut, notification_text
from statuswatch.sinks import Lookup, Options, Send
from statuswatch.sinks.posts import address, line, newest, sender, units

DIGEST_ABOVE: Final = 0  # each incident has an alert of its own

LONGEST_KEY: Final = 255
LONGEST_SUMMARY: Final = 1024
MOST_DETAILS: Final = 100_000  # bytes of the vendor's messages; an event may have 512 KB
SEVERITIES: Final = {Impact.CRITICAL: "critical", Impact.MAJOR: "error", Impact.MINOR: "warning"}


class PagerDuty(Options, frozen=True):
    routing_key_env: str
    url: str = "https://events.pagerduty.com/v2/enqueue"


OPTIONS: Final = PagerDuty


def configure(options: PagerDuty, secret: Lookup, /) -> Send:
    key = secret(options.routing_key_env)

    def posts(message: Notification) -> list[dict[str, Any]]:
        return [{"routing_key": key, **fields(notice, test=message.test)} for notice in message.deliveries]

    return sender(address(options.url, "pagerduty: url"), posts)


def fields(notice: PendingDelivery, *, test: bool = False) -> dict[str, Any]:
    """All of an event but the routing key."""
    event, it = notice.event, notification_text(notice, test=test)
    left_out, said = newest(it.statuses, MOST_DETAILS, lambda plain: len(plain.encode()))
    over = event.kind is EventKind.RESOLVED or event.incident.closed  # a later word on what is over opens nothing
    return {
        "event_action": "resolve" if over else "trigger",
        "dedup_key": dedup_key(event),
        "payload": {
            "summary": cut(f"{it.headline}: {it.title}", LONGEST_SUMMARY, units),
            "source": event.page.url,
            "severity": SEVERITIES.get(event.incident.impact, "info"),
            "timestamp": event.at.isoformat(),
            "component": cut(it.product, LONGEST_SUMMARY, units),
            "class": str(event.incident.kind),
            "custom_details": {
                "title": it.title,
                "facts": " · ".join(it.facts),
                "messages": [it for it in (left_out, *(line(status, words) for status, words in said)) if it],
                "remark": it.remark,
                "times": it.times,
            },
        },
        "links": [{"href": it.url, "text": "Open the incident"}],
        "client": "statuswatch",
    }


def dedup_key(event: Event) -> str:
    """The incident: the same at its beginning and at its end."""
    key = f"{event.page.key}/{event.incident.id}"
    if len(key.encode()) <= LONGEST_KEY:
        return key
    return f"{event.page.key}/{hashlib.sha256(event.incident.id.encode()).hexdigest()}"

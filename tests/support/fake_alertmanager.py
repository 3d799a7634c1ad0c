"""Alertmanager on the loopback, as far as the sink uses it: an alert is its labels, and is listed until it ends."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.support.fake_receiver import FakeReceiver
from tests.support.loopback_server import Reply

if TYPE_CHECKING:
    from tests.support.loopback_server import RawReply, Request

Alert = dict[str, Any]


class FakeAlertmanager(FakeReceiver):
    """Keeps `alerts`, the newest of each set of labels."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: list[Alert] = []

    def reply(self, request: Request) -> Reply | RawReply:
        """Return a scripted reply as long as there is one; then Alertmanager's."""
        if self.replies:
            return super().reply(request)
        with self.lock:
            self.requests.append(request)
            url = urlsplit(request.path)
            if url.path != "/api/v2/alerts":
                return Reply(404, body=b"404 page not found")
            if request.method == "POST":
                for alert in request.json:
                    self.alerts = [entry for entry in self.alerts if entry["labels"] != alert["labels"]]
                    self.alerts.append(alert)
                return Reply(200)
            matchers = parse_qs(url.query).get("filter", [])
            listed = [alert for alert in self.firing if all(_matches(alert, matcher) for matcher in matchers)]
            return Reply(200, {"Content-Type": "application/json"}, json.dumps(listed).encode())

    @property
    def firing(self) -> list[Alert]:
        """The alerts that have not ended."""
        now = datetime.now(UTC)
        return [alert for alert in self.alerts if datetime.fromisoformat(alert["endsAt"]) > now]


def _matches(alert: Alert, matcher: str) -> bool:
    name, _, value = matcher.partition("=")
    return bool(alert["labels"].get(name) == json.loads(value))

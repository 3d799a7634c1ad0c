"""A receiver of webhooks that refuses a share of its requests, and keeps the events that it accepted."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from tests.support.fake_receiver import FakeReceiver
from tests.support.loopback_server import Reply

if TYPE_CHECKING:
    import threading
    from random import Random

    from tests.support.loopback_server import RawReply, Request

REFUSALS: Final = (Reply(503, {"Retry-After": "0"}, b"busy"), Reply(404))
ALL_EVENTS: Final = '["new", "updated", "resolved", "edited"]'  # the `events` of its configuration


class RefusingSink(FakeReceiver):
    """Refuses `share` of its requests, some as busy and some for good. `contacted` is set by every request."""

    def __init__(self, name: str, share: float, rng: Random, contacted: threading.Event) -> None:
        super().__init__()
        self.name, self.share, self.rng, self.contacted = name, share, rng, contacted
        self.accepted: list[dict[str, Any]] = []
        self.refused = 0

    def reply(self, request: Request) -> Reply | RawReply:
        """Accept the event, or refuse it."""
        self.contacted.set()
        with self.lock:
            self.requests.append(request)
            if self.rng.random() < self.share:
                self.refused += 1
                return self.rng.choice(REFUSALS)
            with suppress(json.JSONDecodeError):  # its sender may have been killed in the middle of it
                event = request.json
                assert event["id"] == request.headers["Idempotency-Key"]
                self.accepted.append(event)
        return Reply(200)

    @property
    def repeated(self) -> int:
        """How many events it accepted again."""
        return len(self.accepted) - len({event["id"] for event in self.accepted})

    def configuration(self) -> str:
        """Return the table that sends every event to it; its address is in the variable of its name."""
        name, variable = self.name, self.name.upper()
        return f'[[notify]]\nsink = "webhook"\nname = "{name}"\nurl_env = "{variable}"\nevents = {ALL_EVENTS}\n'

"""From a vendor's push to the notification, on the real clock: a serving process, its vendor and its sink."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tests.proofs.serve.serving import PATIENCE, Serving, Vendors
from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import incident, statuspage

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.loopback_server import RawReply, Reply, Request


class TimedReceiver(FakeReceiver):
    """A receiver that notes when each notification came."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []
        self.changed = threading.Condition()

    def reply(self, request: Request) -> Reply | RawReply:
        """Note the time, and accept."""
        with self.changed:
            self.times.append(time.monotonic())
            self.changed.notify_all()
        return super().reply(request)

    def wait_for(self, count: int) -> float:
        """Return when the notification with this number came, as soon as there is one."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.times) >= count, PATIENCE)
        return self.times[count - 1]


def push_delays(folder: Path, pushes: int) -> list[float]:
    """Return the seconds from each push to its notification: an incident is published, and its page is rung for."""
    folder.mkdir()
    keys = tuple(f"page{number}" for number in range(pushes))
    sink = '[[notify]]\nsink = "webhook"\nurl_env = "SINK"\n'
    delays = []
    with (
        Vendors(keys) as vendors,
        TimedReceiver() as receiver,
        Serving(folder, vendors, settings=sink, SINK=receiver.url) as serving,
    ):
        serving.wait_until_ready()
        for number, key in enumerate(keys):
            now = datetime.now(UTC).replace(microsecond=0)
            vendors.put(statuspage(f"/{key}", [incident("a1", "investigating", at=now)]))
            began_at = time.monotonic()
            assert serving.ring(key) == 202
            delays.append(receiver.wait_for(number + 1) - began_at)
    return delays

"""From a vendor's push to the event, behind a cache that lags: the watch is real, its clock is simulated."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import TYPE_CHECKING, Final

from statuswatch.cli.watching import Watch
from tests.support.fake_vendor import incident
from tests.support.simulated_watch import START, simulated

if TYPE_CHECKING:
    from pathlib import Path

GAP: Final = 20  # minutes between two pushes


def delays(folder: Path, lag: float, pushes: int, every: int = 300, seed: int = 1) -> list[float]:
    """Return the seconds from each push to its event; what was pushed can be read `lag` seconds later."""
    folder.mkdir()
    rng = Random(seed)
    passes, clock, vendors = simulated(folder, "acme", every=every)
    watch = Watch(passes, clock=clock, seconds=(pushes + 1) * GAP * 60)
    pushed: dict[str, float] = {}

    def push(key: str) -> None:
        pushed[key] = clock.seconds
        watch.ring("acme")

    def publish(key: str) -> None:
        listed = vendors.incidents.setdefault("acme", [])
        listed.insert(0, incident(key, "investigating", "resolved", at=clock.moment.replace(microsecond=0)))

    for number in range(pushes):
        minute = (number + 1) * GAP + rng.uniform(0, 10)
        key = f"i{number}"
        clock.at(minute + lag / 60, partial(publish, key))
        clock.at(minute, partial(push, key))
    watch.run()
    found = {
        event.incident.id: (report.detected_at - START).total_seconds() + 1000.0
        for report in passes.reports
        for event in report.events
    }
    assert found.keys() == pushed.keys()
    return [found[key] - pushed[key] for key in pushed]

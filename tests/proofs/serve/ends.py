"""The time that SIGTERM takes to end a serving process, whatever it is in the middle of."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Final

from tests.proofs.serve.serving import PATIENCE, Serving, Vendors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Seconds by what is in work. The ring is one whose body never comes.
BOUNDS: Final = {"nothing": 2.0, "a read": 2.0, "a ring": 5.0, "a read and a ring": 5.0}


def ends(folder: Path) -> Iterator[tuple[str, float, float]]:
    """Yield what was in work, the seconds until the end, and how many are allowed (contract 2.20.5 and 2.22.2)."""
    for number, (work, bound) in enumerate(
        {"nothing": 2.0, "a read": 2.0, "a ring": 5.0, "a read and a ring": 5.0}.items()
    ):
        own = folder / str(number)
        own.mkdir(parents=True)
        with Vendors(("acme", "bolt")) as vendors, Serving(own, vendors) as serving:
            serving.wait_until_ready()
            if "read" in work:
                vendors.hang()
                before = len(vendors.requests)
                assert serving.ring("acme") == 202
                while len(vendors.requests) == before:
                    time.sleep(0.01)
            halfway = serving.ring_halfway("bolt") if "ring" in work else None
            time.sleep(0.2)
            began_at = time.monotonic()
            serving.process.send_signal(signal.SIGTERM)
            assert serving.process.wait(PATIENCE) == 0
            yield work, time.monotonic() - began_at, bound
            vendors.released.set()
            if halfway:
                halfway.close()

"""The short form of tests/proofs/serve: one kill, and one orderly end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.proofs.serve.kills import kill_while_rung
from tests.proofs.serve.lag import delays
from tests.proofs.serve.serving import PATIENCE, WORD, Serving, Vendors

if TYPE_CHECKING:
    from pathlib import Path


def test_a_kill_loses_no_ring(tmp_path: Path) -> None:
    """No ring that got 202 is lost by a SIGKILL: the next process answers it."""
    kill = kill_while_rung(tmp_path / "a", 3)
    assert kill.lost == () and kill.answered_later


def test_an_orderly_end(tmp_path: Path) -> None:
    """SIGTERM ends a serving process with exit 0; the token is in no line that it printed."""
    with Vendors(("acme",)) as vendors, Serving(tmp_path, vendors, "--verbose") as serving:
        serving.wait_until_ready()
        assert serving.ring("acme") == 202 and serving.ring("nobody") == 404
        assert serving.ask("GET", "/")[0] == 200
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(PATIENCE) == 0
        assert WORD not in (tmp_path / "stderr.txt").read_text()


def test_a_push_is_delivered_soon(tmp_path: Path) -> None:
    """In simulated time a push is delivered at once, and behind a cache that lags 15 or 60 seconds within 30 or 120."""
    for lag, bound in ((0, 1), (15, 31), (60, 121)):
        assert max(delays(tmp_path / str(lag), lag, pushes=4)) <= bound

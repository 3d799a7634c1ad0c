"""The short form of tests/proofs/serve: one kill, and one orderly end."""

from __future__ import annotations

import signal
import socket
import stat
from typing import TYPE_CHECKING

from tests.proofs.serve.day import simulate_day
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
    """SIGTERM ends a serving process with exit 0; the token is in no line that it printed.

    Its socket is one that systemd passes. `X-Forwarded-For` counts for nothing without --trust-proxy.
    """
    with Vendors(("acme",)) as vendors, Serving(tmp_path, vendors, "--verbose", activated=True) as serving:
        serving.wait_until_ready()
        assert serving.ring("acme", X_Forwarded_For="203.0.113.7") == 202 and serving.ring("nobody") == 404
        assert serving.ask("GET", "/")[0] == 200
        serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(PATIENCE) == 0
        assert WORD not in serving.printed() and "rung for acme by 127.0.0.1" in serving.printed()


def test_a_life_on_a_unix_socket(tmp_path: Path) -> None:
    """Contract 2.22 and 2.22.2: a serving process on a Unix socket, behind a proxy, under systemd, from start to end.

    The file of a socket left by another process is replaced. SIGHUP takes over pages and token; a wrong configuration
    is refused. SIGTERM ends it though a read hangs; a ring that is under way is still taken, and durable.
    """
    place, notifications = tmp_path / "s", tmp_path / "notify"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
    one, two = Vendors(("acme",)), Vendors(("acme", "bolt"))
    options = ("--trust-proxy", "--root-path", "/status")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor, one, two:
        supervisor.bind(str(notifications))
        supervisor.settimeout(PATIENCE)
        with Serving(
            tmp_path, one, *options, listen=f"unix:{place}", umask=0o007,
            NOTIFY_SOCKET=str(notifications), WATCHDOG_USEC="400000", OTHER="another-token",
        ) as serving:  # fmt: skip
            serving.wait_until_ready()
            assert receive_until(supervisor, b"WATCHDOG=1")[0] == b"READY=1\nSTATUS=watching 1 page"
            assert stat.S_IMODE(place.stat().st_mode) == 0o770
            assert serving.ask("GET", "/status/") == serving.ask("GET", "/")
            assert serving.ring("acme", X_Forwarded_For="203.0.113.7") == 202
            serving.wait_for("rung for acme by 203.0.113.7 (")

            serving.configure(one, "[serve\n")
            serving.hang_up()
            serving.wait_for("the one of before stays in use")
            assert serving.ring("acme") == 202 and serving.ring("bolt") == 404
            serving.configure(two, '[serve]\ntoken_env = "OTHER"\n')
            two.hang()
            serving.hang_up()
            serving.wait_for("loaded again: watching 2 pages")
            assert receive_until(supervisor, b"STATUS=watching 2 pages")
            two.wait_for("/bolt/api/v2/incidents.json")
            assert serving.ring("bolt") == 404 and serving.ring("bolt", "another-token") == 202

            with serving.ring_halfway("acme", "another-token") as connection:
                serving.process.send_signal(signal.SIGTERM)
                assert receive_until(supervisor, b"STOPPING=1")
                connection.sendall(b"{}")
                assert connection.recv(100).startswith(b"HTTP/1.1 202")
            assert serving.process.wait(PATIENCE) == 0
            two.released.set()
        assert set(serving.inbox.read_text().split()) == {"acme", "bolt"}


def test_pages_are_read_as_configured(tmp_path: Path) -> None:
    """Simulated hours through the whole watch: each page is read as configured, and never twice at once."""
    day = simulate_day(tmp_path, pages=14, hours=0.5, settled=0.25)
    assert day.off == 0 and day.at_once == 1 and day.reads > 40


def receive_until(supervisor: socket.socket, words: bytes) -> list[bytes]:
    """Return the notifications up to the first one with these words."""
    received: list[bytes] = []
    while not received or words not in received[-1]:
        received.append(supervisor.recv(1000))
    return received


def test_a_push_is_delivered_soon(tmp_path: Path) -> None:
    """In simulated time a push is delivered at once, and behind a cache that lags 15 or 60 seconds within 30 or 120."""
    for lag, bound in ((0, 1), (15, 31), (60, 121)):
        assert max(delays(tmp_path / str(lag), lag, pushes=4)) <= bound

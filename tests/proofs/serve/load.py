"""Load by clients that are not ours: `wrk` for the board and for rings; idle and slow connections."""

from __future__ import annotations

import re
import socket
import statistics
import subprocess
import time
from typing import TYPE_CHECKING, Final

from tests.proofs.serve.serving import WORD, Serving, Vendors

if TYPE_CHECKING:
    from pathlib import Path

SECONDS: Final = 5
RING: Final = 'wrk.method = "POST"\nwrk.body = "{}"\n'
PAGES: Final = tuple(f"page{number}" for number in range(20))


def wrk(url: str, folder: Path, script: str = "", connections: int = 32) -> str:
    """Return requests a second, and the median and the 99th percentile of the latency."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{SECONDS}s", "--latency", url]
    if script:
        (folder / "script.lua").write_text(script)
        command[1:1] = ["-s", str(folder / "script.lua")]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+(\S+)", out)
    half, most = re.search(r"50%\s+(\S+)", out), re.search(r"99%\s+(\S+)", out)
    bad = re.search(r"Non-2xx.*", out)
    assert rate and half and most and not bad, out
    return f"{float(rate[1]):.0f} requests/s, median {half[1]}, p99 {most[1]}"


def idle_and_slow(port: int, count: int = 1000) -> list[socket.socket]:
    """Open connections that send nothing, or a header that never ends: they are ended (contract 2.22.2)."""
    clients = []
    for number in range(count):
        client = socket.create_connection(("127.0.0.1", port))
        if number % 2:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        clients.append(client)
    return clients


def median_ring(serving: Serving, count: int = 200) -> str:
    """Return the time of a ring that has to be written: one page after the other, each for the first time."""
    seconds = []
    for number in range(count):
        began_at = time.perf_counter()
        assert serving.ring(PAGES[number % len(PAGES)]) == 202
        seconds.append(time.perf_counter() - began_at)
    seconds.sort()
    return f"median {statistics.median(seconds) * 1000:.1f} ms, p99 {seconds[int(count * 0.99)] * 1000:.1f} ms"


def load(folder: Path) -> list[str]:
    """Return a line for each figure."""
    lines = []
    with Vendors(PAGES) as vendors, Serving(folder, vendors, "--every", "10") as serving:
        serving.wait_until_ready()
        lines.append(f"memory after the first pass over {len(PAGES)} pages: {serving.memory():.0f} MB")
        lines.append(f"rings, one client: {median_ring(serving)}")
        url = f"http://127.0.0.1:{serving.port}"
        lines.append(f"board, 32 connections: {wrk(f'{url}/', folder)}")
        lines.append(f"rings, 32 connections: {wrk(f'{url}/hooks/page1/{WORD}', folder, RING)}")
        memory, before = serving.memory(), len(vendors.requests)
        lines.append(f"memory after all of these: {memory:.0f} MB")
        clients = idle_and_slow(serving.port)
        time.sleep(10)
        reads = len(vendors.requests) - before
        lines.append(
            f"1,000 connections, idle or with an endless header: {serving.memory() - memory:.0f} MB more; "
            f"{reads} requests to vendors in 10 s; readyz {serving.ask('GET', '/readyz')[0]}"
        )
        time.sleep(32)
        closed = sum(_is_closed(client) for client in clients)
        lines.append(f"of these, closed after 42 s: {closed}")
        for client in clients:
            client.close()
    return lines


def _is_closed(client: socket.socket) -> bool:
    client.settimeout(0)
    try:
        return client.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True

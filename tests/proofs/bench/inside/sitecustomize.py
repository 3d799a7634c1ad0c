"""A stand-in for the resolver: on PYTHONPATH by the benchmark, imported by Python at start.

`p7.bench.test` is 127.10.0.8 at once, or after `BENCH_NAME_DELAY` seconds. A name under `dead.test` is never answered:
the thread that asks is stuck for a minute and cannot be cancelled, as in the C library when no name server answers. The
rest is left to the real resolver. With `BENCH_SAMPLES` the program is sampled.
"""

import os
import re
import socket
import time
from typing import Any

_getaddrinfo = socket.getaddrinfo
_delay = float(os.environ.get("BENCH_NAME_DELAY", "0"))


def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
    name = host.decode() if isinstance(host, bytes) else str(host)
    if name.endswith(".dead.test"):
        time.sleep(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    if match := re.fullmatch(r"[a-z]+(\d*)\.bench\.test", name):
        if _delay:
            time.sleep(_delay)
        number = int(match[1] or 60_000)
        address = f"127.10.{number // 250}.{number % 250 + 1}"
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, int(port)))]
    return _getaddrinfo(host, port, *args, **kwargs)


socket.getaddrinfo = getaddrinfo
if os.environ.get("BENCH_SAMPLES"):
    from tests.proofs.bench.sampler import begin

    begin()

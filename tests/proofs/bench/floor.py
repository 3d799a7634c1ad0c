"""The CPU that no program on this interpreter can save: `python -m tests.proofs.bench.floor ROOT PORT`.

Prints milliseconds of CPU for each page, by kind of page and part: a TCP connection with a TLS handshake in which the
certificates are verified, inflating the documents, and decoding those fields of them that incidents are made of.
"""

import json
import socket
import ssl
import sys
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

import msgspec
from isal import isal_zlib

from tests.proofs.bench.documents import DOCUMENTS

PAGES = 300


class _Update(msgspec.Struct):
    id: str
    status: str
    body: str
    created_at: datetime


class _Incident(msgspec.Struct):
    id: str
    name: str
    status: str
    impact: str
    created_at: datetime
    incident_updates: list[_Update]


class _Attributes(msgspec.Struct):
    title: str | None = None
    message: str | None = None
    public_name: str | None = None
    aggregate_state: str | None = None
    starts_at: datetime | None = None
    published_at: datetime | None = None


class _Included(msgspec.Struct):
    id: str
    type: str
    attributes: _Attributes


class _Document(msgspec.Struct):
    """Any of the documents."""

    incidents: list[_Incident] = []
    included: list[_Included] = []


def mean_cpu(work: Callable[[], object]) -> float:
    """Return milliseconds of CPU, after a first time that is not counted."""
    work()
    started = time.process_time()
    for _ in range(PAGES):
        work()
    return (time.process_time() - started) / PAGES * 1000


def main(root: Path, port: int) -> None:
    trust, numbers = ssl.create_default_context(cafile=str(root / "ca.pem")), count()

    def connect() -> None:
        number = next(numbers)
        with (
            socket.create_connection((f"127.10.{number // 250}.{number % 250 + 1}", port)) as connection,
            trust.wrap_socket(connection, server_hostname=f"p{number}.bench.test"),
        ):
            pass

    def inflate(packed: list[bytes]) -> list[bytes]:
        return [isal_zlib.decompress(body, wbits=31) for body in packed]

    def decode(bodies: list[bytes]) -> list[_Document]:
        return list(map(decoder.decode, bodies))

    decoder, handshake = msgspec.json.Decoder(_Document), mean_cpu(connect)
    parts = {}
    for kind, paths in DOCUMENTS.items():
        packed = [(root / "www" / "p0.bench.test" / f"{path}.gz").read_bytes() for path in paths]
        bodies = inflate(packed)
        parts[kind] = {
            "TCP and TLS handshake, verified": handshake,
            "inflate": mean_cpu(partial(inflate, packed)),
            "decode by msgspec": mean_cpu(partial(decode, bodies)),
        }
    print(json.dumps(parts))  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

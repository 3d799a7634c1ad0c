"""What the origin serves: synthetic Statuspage documents of real shape and size, and two decompression bombs."""

import gzip
import json
import random
import re
import struct
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DOCUMENTS = ("incidents", "summary")
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
WORDS = """
    all and are as been by cause change customers deployed elevated errors existing for from have impact investigating
    issue latency mitigation monitor of provider queue recovered region requests some the traffic update users was will
""".split()  # noqa: SIM905
MARKER = re.compile("incident0[0-9a-z]{3}")  # see marker()
PAGE = "@@@"  # the end of every id: each page puts its own number here


def page_code(number: int) -> str:
    """The number of a page as the three characters that end all of its ids."""
    return "".join(DIGITS[number // 36**place % 36] for place in (2, 1, 0))


def marker(number: int) -> str:
    """The id of a page's newest incident: in state.json exactly when that page was read."""
    return f"incident0{page_code(number)}"


def templates() -> dict[str, bytes]:
    """The three documents of a page that has 50 incidents of 4 updates behind it, 35 components, and no trouble now."""
    chance = random.Random(2026)

    def identifier() -> str:
        return "".join(chance.choices(DIGITS, k=9)) + PAGE

    def text(words: int) -> str:
        return " ".join(chance.choices(WORDS, k=words)).capitalize() + "."

    def at(moment: datetime) -> str:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{chance.randrange(1000):03}Z"

    last, page_id = datetime(2026, 6, 30, 18, tzinfo=UTC), identifier()
    page = {"id": page_id, "name": "Bench", "url": "https://bench.test", "time_zone": "Etc/UTC", "updated_at": at(last)}
    components = [
        {"id": identifier(), "name": f"Component {n}", "status": "operational", "created_at": at(last),
         "updated_at": at(last), "position": n, "description": text(12), "showcase": True, "start_date": None,
         "group_id": None, "page_id": page_id, "group": False, "only_show_if_degraded": False}
        for n in range(1, 36)
    ]  # fmt: skip

    def incident(number: int, begun: datetime, *stages: str, **more: Any) -> dict[str, Any]:
        ident = identifier() if number else f"incident0{PAGE}"
        parts = [chance.choice(components)] if number % 3 else []  # a third of GitHub's incidents names no component
        moved = [{"code": part["id"], "name": part["name"], "old_status": "operational", "new_status": "operational"}
                 for part in parts] or None  # fmt: skip
        times = [at(begun + timedelta(minutes=20 * step)) for step in range(len(stages), 0, -1)]
        updates = [
            {"id": identifier(), "status": stage, "body": text(12), "incident_id": ident, "created_at": time,
             "updated_at": time, "display_at": time, "affected_components": moved, "deliver_notifications": True,
             "custom_tweet": None, "tweet_id": None}
            for stage, time in zip(stages, times, strict=True)
        ]  # fmt: skip
        return {"id": ident, "name": text(5), "status": stages[0], "created_at": times[-1], "updated_at": times[0],
                "monitoring_at": None, "resolved_at": times[0], "impact": "minor", "started_at": times[-1],
                "shortlink": f"https://stspg.test/{ident}", "page_id": page_id, "incident_updates": updates,
                "components": parts} | more  # fmt: skip

    stages = ("resolved", "monitoring", "identified", "investigating")
    contents: dict[str, dict[str, Any]] = {
        "incidents": {"incidents": [
            incident(n, last - timedelta(days=3 * n, hours=3), *stages, reminder_intervals=None) for n in range(50)
        ]},
        "summary": {"components": components, "incidents": [], "scheduled_maintenances": [],
                    "status": {"indicator": "none", "description": "All Systems Operational"}},
    }  # fmt: skip
    return {name: json.dumps({"page": page} | contents[name], separators=(",", ":")).encode() for name in DOCUMENTS}


def write(www: Path, pages: int) -> str:
    """A directory for each host, every document gzipped once and for all; returns what one page's are, in words."""
    bombs, bodies, sizes = {"gzip": gzip_bomb(), "br": brotli_bomb()}, templates(), dict[str, str]()
    for number, host in enumerate([*(f"p{n}" for n in range(pages)), *bombs]):
        folder = www / f"{host}.bench.test" / "api" / "v2"
        folder.mkdir(parents=True)
        for name, template in bodies.items():
            body = template.replace(PAGE.encode(), page_code(number).encode())
            packed = bombs[host] if host in bombs and name == "incidents" else gzip.compress(body, 6)
            (folder / f"{name}.json{'' if packed is bombs['br'] else '.gz'}").write_bytes(packed)
            sizes.setdefault(name, f"{name} {len(body) / 1000:.0f} KB ({len(packed) / 1000:.1f} gzipped)")
    return ", ".join(sizes.values())


def gzip_bomb() -> bytes:
    """10 GB of zeros in 10 MB: one deflated block of ten million, a thousand times. (The checksum is never reached.)"""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(bytes(10_000_000)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return struct.pack("<4BIBB", 31, 139, 8, 0, 0, 2, 255) + block * 1000 + deflate.flush() + bytes(8)


def brotli_bomb() -> bytes:
    """8 GB of zeros in 6 KB (RFC 7932): 470 times one zero, and a copy of the 16,777,215 bytes from distance 1."""
    size = 1 << 24
    block = (
        (0, 1), (2, 2), (size - 1, 24), (0, 1),  # not the last, six nibbles of length, the length, compressed
        (0, 3), (0, 6), (0, 2), (0, 2),  # one block type of each kind, plain distances, a context mode, one tree each
        (1, 2), (0, 2), (0, 8), (1, 2), (0, 2), (399, 10), (1, 2), (0, 2), (16, 6),  # three codes of one symbol, 0 bits
        (size - 1 - 2118, 24), (0, 1),  # the length of the copy, its distance
    )  # fmt: skip
    value = bits = 0
    for number, width in ((0, 1), *block * 470, (3, 2)):  # a window of 64 KB, the blocks, an empty last one
        value |= number << bits
        bits += width
    return value.to_bytes((bits + 7) // 8, "little")

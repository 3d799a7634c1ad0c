"""The documents that the origin serves: synthetic pages of real shape and size, and two bombs."""

import gzip
import json
import random
import re
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

DOCUMENTS = {  # the documents of a page, by its platform
    "betterstack": ("index.json",),
    "statuspage": ("api/v2/incidents.json", "api/v2/summary.json"),
}
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
WORDS = """
    all and are as been by cause change customers deployed elevated errors existing for from have impact investigating
    issue latency mitigation monitor of provider queue recovered region requests some the traffic update users was will
""".split()  # noqa: SIM905
PAGE = "@@@@@"  # the end of every id: each page puts its own number here, in five digits
NEWEST = "7777777"  # the beginning of the id of a page's newest incident
MARKER = re.compile(rf"{NEWEST}\d{{{len(PAGE)}}}")  # see marker()


def marker(number: int) -> str:
    """Return the id of a page's newest incident: state.json has it exactly when that page was read."""
    return f"{NEWEST}{number:0{len(PAGE)}}"


def documents_of(kind: str) -> str:
    number = len(DOCUMENTS[kind])
    return f"{number} document{'s' if number > 1 else ''}"


def pages_of(count: int, kind: str) -> str:
    return f"{count:,} pages of {documents_of(kind)}"


def templates() -> dict[str, bytes]:
    """Return the documents by path: pages with 50 past incidents of 4 updates, and no open one."""
    chance = random.Random(2026)
    last = datetime(2026, 6, 30, 18, tzinfo=UTC)
    contents = dict(zip(DOCUMENTS["statuspage"], _statuspage(chance, last), strict=True))
    contents |= dict(zip(DOCUMENTS["betterstack"], _betterstack(chance, last), strict=True))
    return {path: json.dumps(content, separators=(",", ":")).encode() for path, content in contents.items()}


def _identifier(chance: random.Random, digits: str = DIGITS) -> str:
    return "".join(chance.choices(digits, k=7)) + PAGE


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, k=words)).capitalize() + "."


def _statuspage(chance: random.Random, last: datetime) -> tuple[Any, ...]:
    """Return `incidents.json` and `summary.json`, with 35 components."""

    def at(moment: datetime) -> str:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{chance.randrange(1000):03}Z"

    page_id = _identifier(chance)
    page = {"id": page_id, "name": "Bench", "url": "https://bench.test", "time_zone": "Etc/UTC", "updated_at": at(last)}
    components = [
        {"id": _identifier(chance), "name": f"Component {n}", "status": "operational", "created_at": at(last),
         "updated_at": at(last), "position": n, "description": _text(chance, 12), "showcase": True, "start_date": None,
         "group_id": None, "page_id": page_id, "group": False, "only_show_if_degraded": False}
        for n in range(1, 36)
    ]  # fmt: skip

    def incident(number: int) -> dict[str, Any]:
        ident = _identifier(chance) if number else f"{NEWEST}{PAGE}"
        begun = last - timedelta(days=3 * number, hours=3)
        parts = [chance.choice(components)] if number % 3 else []  # a third of GitHub's incidents names no component
        dirty = [{"code": part["id"], "name": part["name"], "old_status": "operational", "new_status": "operational"}
                 for part in parts] or None  # fmt: skip
        times = [at(begun + timedelta(minutes=20 * step)) for step in (4, 3, 2, 1)]
        updates = [
            {"id": _identifier(chance), "status": stage, "body": _text(chance, 12), "incident_id": ident,
             "created_at": time, "updated_at": time, "display_at": time, "affected_components": dirty,
             "deliver_notifications": True, "custom_tweet": None, "tweet_id": None}
            for stage, time in zip(("resolved", "monitoring", "identified", "investigating"), times, strict=True)
        ]  # fmt: skip
        return {"id": ident, "name": _text(chance, 5), "status": "resolved", "created_at": times[-1],
                "updated_at": times[0], "monitoring_at": None, "resolved_at": times[0], "impact": "minor",
                "started_at": times[-1], "shortlink": f"https://stspg.test/{ident}", "page_id": page_id,
                "incident_updates": updates, "components": parts, "reminder_intervals": None}  # fmt: skip

    calm = {"indicator": "none", "description": "All Systems Operational"}
    return (
        {"page": page, "incidents": [incident(number) for number in range(50)]},
        {"page": page, "components": components, "incidents": [], "scheduled_maintenances": [], "status": calm},
    )


def _betterstack(chance: random.Random, last: datetime) -> tuple[Any, ...]:
    """Return `index.json`, with 35 resources."""
    digits = DIGITS[:10]

    def at(moment: datetime) -> str:
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{chance.randrange(1000):03}Z"

    def linked(*entries: dict[str, Any]) -> dict[str, Any]:
        return {"data": [{"id": entry["id"], "type": entry["type"]} for entry in entries]}

    resources = [
        {"id": _identifier(chance, digits), "type": "status_page_resource", "attributes": {
            "status_page_section_id": 61, "resource_id": number, "resource_type": "Monitor", "history": True,
            "widget_type": "history", "public_name": f"Component {number}", "explanation": "", "position": number,
            "fixed_position": True, "availability": 1.0, "status": "operational"}}
        for number in range(1, 36)
    ]  # fmt: skip
    reports, updates = list[dict[str, Any]](), list[dict[str, Any]]()
    for number in range(50):
        begun, part = last - timedelta(days=3 * number, hours=3), chance.choice(resources)["id"]
        ident = _identifier(chance, digits) if number else f"{NEWEST}{PAGE}"
        own = [
            {"id": _identifier(chance, digits), "type": "status_update", "attributes": {
                "message": _text(chance, 12), "published_at": at(begun + timedelta(minutes=20 * step)),
                "published_at_timezone": "UTC", "notify_subscribers": True, "status_report_id": ident,
                "affected_resources": [{"status_page_resource_id": part, "status": state}]}}
            for step, state in zip((4, 3, 2, 1), ("resolved", "degraded", "degraded", "downtime"), strict=True)
        ]  # fmt: skip
        updates += own
        reports.append({"id": ident, "type": "status_report", "attributes": {
            "title": _text(chance, 5), "report_type": "manual", "starts_at": at(begun), "ends_at": None,
            "status_page_id": 1, "aggregate_state": "resolved",
            "affected_resources": [{"status_page_resource_id": part, "status": "resolved"}],
        }, "relationships": {"status_updates": linked(*own)}})  # fmt: skip
    page = {"id": _identifier(chance, digits), "type": "status_page", "attributes": {
        "company_name": "Bench", "company_url": "https://bench.test", "timezone": "UTC", "updated_at": at(last),
        "aggregate_state": "operational",
    }, "relationships": {"resources": linked(*resources), "status_reports": linked(*reports)}}  # fmt: skip
    return ({"data": page, "included": [*resources, *reports, *updates]},)


def write(www: Path, pages: int) -> str:
    """Write a directory for each host, every document gzipped once; return the sizes of one page's, in words."""
    bodies, sizes = templates(), dict[str, str]()

    def put(number: int, host: str) -> None:
        for path, template in bodies.items():
            body = template.replace(PAGE.encode(), b"%05d" % number)
            file = www / f"{host}.bench.test" / f"{path}.gz"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(gzip.compress(body, 6))
            if not number:
                sizes[path] = f"{path} of {len(body) / 1000:.0f} KB ({file.stat().st_size / 1000:.1f} gzipped)"

    with ThreadPoolExecutor() as pool:
        list(pool.map(put, range(pages), (f"p{number}" for number in range(pages))))
    for number, (host, suffix, bomb) in enumerate((("gzip", ".gz", gzip_bomb()), ("br", "", brotli_bomb())), pages):
        put(number, host)
        file = www / f"{host}.bench.test" / DOCUMENTS["statuspage"][0]
        file.with_name(f"{file.name}.gz").unlink()
        file.with_name(f"{file.name}{suffix}").write_bytes(bomb)
    return ", or ".join(" and ".join(sizes[path] for path in paths) for paths in DOCUMENTS.values())


def gzip_bomb() -> bytes:
    """Return 10 GB of zeros in 10 MB: one block of ten million, a thousand times. (The checksum is never reached.)"""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(bytes(10_000_000)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return struct.pack("<4BIBB", 31, 139, 8, 0, 0, 2, 255) + block * 1000 + deflate.flush() + bytes(8)


def brotli_bomb() -> bytes:
    """Return 8 GB of zeros in 6 KB (RFC 7932): 470 times a zero, and a copy of 16,777,215 bytes from distance 1."""
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

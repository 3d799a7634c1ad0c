"""The CPU of a first run of 1,000 pages by area, and the part of it that no program could save."""

import json
import linecache
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from operator import or_
from typing import Any

from tests.proofs.bench.bench import Bench, hosts
from tests.proofs.bench.documents import DOCUMENTS, documents_of, pages_of

PAGES = 1000
# By patterns of the file, function or line of a place. A stack belongs to its innermost place that any area matches,
# and of several areas to the first.
AREAS = {
    "garbage collection": r"sampler\.py:collected:",
    "TLS handshake": r"do_handshake",
    "TLS records": r"/ssl\.py:|/sslproto\.py:|anyio/streams/tls\.py:",
    "TCP": r"sock_connect|\.connect\(|\.recv\(|\.recv_into\(|\.send\(|socket\.socket\(",
    "name resolution": r"getaddrinfo|/threading\.py:|:_resolve:|:_start_resolvers:",
    "inflate": r"decompress\(|decompressobj\(",
    "HTTP/1.1": r"feed_data\(|/net/http1\.py:",
    "httpx": r"/(?:httpx|certifi)/",
    "decode and understand": r"/statuswatch/(?:platforms/|text\.py)|/msgspec/",
    "compare": r"/statuswatch/(?:rules|model)/",
    "state.json": r"/statuswatch/state\.py:|/filelock/",
    "net": r"/statuswatch/net/|/aiohappyeyeballs/",
    "reading, pipeline": r"/statuswatch/(?:reading/|pipeline\.py:)",
    "asyncio": r"/asyncio/|/selectors\.py:",
}
IMPORTS = "start and imports"
OTHER = "anything else"


def area(stack: list[tuple[str, str, int]]) -> str:
    places = [f"{file}:{function}:{linecache.getline(file, line)}" for file, function, line in stack]
    if any(place.startswith("<frozen importlib") for place in places):
        return IMPORTS
    for place in places:
        for name, pattern in AREAS.items():
            if re.search(pattern, place):
                return name
    return OTHER


def areas(bench: Bench, kind: str) -> tuple[Counter[str], str]:
    """Return milliseconds of CPU for each page, by area; and a remark on how they were measured."""
    notes = bench.root / "samples"
    sample, _ = bench.check(*hosts(PAGES), kind=kind, BENCH_SAMPLES=str(notes))
    if sample.code:
        sys.exit(f"the run to be profiled ended with {sample.code}: {sample.error}")
    samples: dict[str, Any] = json.loads(notes.read_text())
    counts: Counter[str] = Counter()
    for stack, times in samples["stacks"]:
        counts[area(stack)] += times
    each = (sample.cpu - samples["before"]) * 1000 / PAGES / counts.total()
    spent = Counter({name: times * each for name, times in counts.items()})
    spent[IMPORTS] += samples["before"] * 1000 / PAGES
    return spent, f"{sample}, {counts.total():,} samples"


def profile(bench: Bench) -> list[str]:
    """Return two tables."""
    profiles = {kind: areas(bench, kind) for kind in DOCUMENTS}
    floors = bench.measure("floor", str(bench.root), str(bench.origin.port))[1]
    spent = {kind: milliseconds for kind, (milliseconds, _) in profiles.items()}
    largest = reduce(or_, spent.values())

    def table(title: str, names: Iterable[str], figures: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
        yield f"| {title} |{''.join(f' {documents_of(kind)}: ms a page | share |' for kind in DOCUMENTS)}"
        yield f"|---|{'---|---|' * len(DOCUMENTS)}"
        for name in (*names, "all"):
            cells = ""
            for kind in DOCUMENTS:
                cpu = figures[kind][name] if name != "all" else sum(figures[kind].values())
                cells += f" {cpu:.2f} | {cpu / spent[kind].total():.0%} |"
            yield f"| {name} |{cells}"

    return [
        *(f"{pages_of(PAGES, kind)}, first run: {remark}." for kind, (_, remark) in profiles.items()),
        "",
        *table("CPU, by where it goes", [name for name, _ in largest.most_common()], spent),
        "",
        *table("the floor: CPU of that alone", next(iter(floors.values())), floors),
    ]

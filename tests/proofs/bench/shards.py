"""How even the shards are, and how many pages one shard more moves: `python -m tests.proofs.bench.shards`."""

from __future__ import annotations

import os
import platform
import sys
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Final

from statuswatch.catalog import catalog
from statuswatch.shard import Shard, shard_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SHARDS: Final = 8
WATCHED: Final = {
    "20,000 pages, numbered": [f"page-{number}" for number in range(20_000)],
    "20,000 pages, vendor-product": [f"vendor{number % 500}-product{number // 500}" for number in range(20_000)],
    "the catalog": list(catalog()),
}
HEAD: Final = (
    "| keys | shards | smallest | largest | even would be | in two | in none | moved by a shard more | even would be |"
)


def row(name: str, keys: Iterable[str], count: int = SHARDS) -> Mapping[str, str | int | float]:
    """Return the figures of these pages: each shard chooses its own part, as its run does."""
    keys = list(keys)
    parts = [{key for key in keys if Shard(number, count).holds(key)} for number in range(1, count + 1)]
    holders = Counter(key for part in parts for key in part)
    return {
        "keys": name,
        "shards": count,
        "smallest": min(map(len, parts)),
        "largest": max(map(len, parts)),
        "even": len(keys) / count,
        "in two": sum(times > 1 for times in holders.values()),
        "in none": len({*keys} - holders.keys()),
        "moved": sum(shard_of(key, count) != shard_of(key, count + 1) for key in keys),
        "even move": len(keys) / (count + 1),
    }


def main() -> None:
    rows = [row(name, keys).values() for name, keys in WATCHED.items()]
    cells = [[value if isinstance(value, str) else f"{value:,.0f}" for value in values] for values in rows]
    lines = [
        f"{date.today()}, Python {platform.python_version()}, {os.cpu_count()} core(s)",  # noqa: DTZ011
        "",
        HEAD,
        "|---" * HEAD.count(" |") + "|",
        *(f"| {' | '.join(line)} |" for line in cells),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

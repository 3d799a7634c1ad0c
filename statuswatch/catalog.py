"""The pages that are known by a key: `catalog.csv`, data that anybody can extend."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from statuswatch.model import Page


@cache
def catalog() -> Mapping[str, Page]:
    """All of them by key."""
    lines = Path(__file__).with_name("catalog.csv").read_text(encoding="utf-8").splitlines()
    rows = [
        Page(key=it["key"], name=it["name"], url=it["url"], platform=it["platform"]) for it in csv.DictReader(lines)
    ]
    return MappingProxyType({page.key: page for page in rows})

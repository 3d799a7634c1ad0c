"""The configuration, as the rest of the program uses it."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import msgspec

from statuswatch.model.event import EventKind
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.shard import Shard

DEFAULT_EVENTS: Final = frozenset(map(str, EventKind))  # that a sink is told unless it says otherwise
KINDS: Final = (*EventKind, *IncidentKind)  # what `kinds` may name


class SinkConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A sink to tell, and of what. `options` are the sink's own, `where` is its place in the configuration."""

    sink: str
    name: str
    where: str
    options: object
    min_impact: Impact = Impact.NONE
    maintenance: bool = True
    events: frozenset[str] = DEFAULT_EVENTS
    pages: frozenset[str] = frozenset()
    digest_above: int | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """What to watch and how. `source` says where it comes from; "" is the built-in default. `states` are the files of
    all shards that there can be, of a run of one that has its own.
    """

    pages: tuple[Page, ...]
    state: Path
    timeout: float = 15.0
    deadline: float = 240.0
    concurrency: int = 128
    notify: tuple[SinkConfig, ...] = ()
    source: str = ""
    shard: Shard | None = None
    state_files: tuple[Path, ...] = ()

    def chosen(self, only: Collection[str] = ()) -> tuple[Page, ...]:
        """The pages of a run: these, or all, of its shard."""
        return tuple(
            page
            for page in self.pages
            if (not only or page.key in only) and (self.shard is None or self.shard.holds(page.key))
        )

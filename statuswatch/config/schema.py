"""The configuration, as the rest of the program uses it."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import msgspec

from statuswatch.hours import Hours
from statuswatch.model.event import EventKind
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.mute import Mute
from statuswatch.model.page import Page
from statuswatch.schedule import DEFAULT_EVERY, Interval
from statuswatch.shard import Shard

ALL_KINDS: Final = frozenset(IncidentKind)
DEFAULT_EVENTS: Final = frozenset(map(str, EventKind))  # what a sink receives where its table has no `events`
EVENT_CHOICES: Final = (*EventKind, "edited")  # what `events` of a sink may list
KIND_CHOICES: Final = (*EventKind, *IncidentKind)  # what `kinds` of a page may list


class SinkConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A sink and its filters. `options` are the sink's own, `where` is its place in the configuration.

    `pages` are the keys whose events it receives, those that `tags` select included; none means all. `kinds` are kinds
    of incidents. `assume_impact` is that of the whole file.
    """

    sink: str
    name: str
    where: str
    options: object
    min_impact: Impact = Impact.NONE
    maintenance: bool = True
    events: frozenset[str] = DEFAULT_EVENTS
    pages: frozenset[str] = frozenset()
    kinds: frozenset[IncidentKind] = ALL_KINDS
    components: tuple[str, ...] = ()
    hours: Hours | None = None
    assume_impact: Impact = Impact.UNKNOWN
    digest_above: int | None = None


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The pages to watch, the sinks to notify, and the limits of a run. `timeout` and `deadline` are in seconds.

    `source` is the file read; "" is the built-in default. `state_files` is set only where every shard has a file of its
    own: the files of all shards there can be, by number. With a `shard` the run is that shard's; without one it reads
    what all of them remember.

    `headers` are those of private pages: by the key of the page and the name of the header, the environment variable
    that holds the value. `public` are the keys of the pages that may be shown to anybody all the same. `history` is the
    folder of the archive, None where none is kept.

    `named` are the words of the command line, in lower case, by the key of the page that each means. `single_look`:
    among these pages is one that is not watched, so that nothing is remembered or delivered.

    `every` and `every_open` are intervals in seconds, for a process that stays running; `intervals` are those of single
    pages, by key, 0 where a page has none of its own. `token_env` names the variable that holds the token of the
    doorbell, and `hook_secrets`, by key of the page, those of the secrets that pushes are signed with.
    """

    pages: tuple[Page, ...]
    state: Path
    history: Path | None = None
    timeout: float = 15.0
    deadline: float = 240.0
    concurrency: int = 128
    assume_impact: Impact = Impact.UNKNOWN
    notify: tuple[SinkConfig, ...] = ()
    mutes: tuple[Mute, ...] = ()
    source: str = ""
    shard: Shard | None = None
    state_files: tuple[Path, ...] = ()
    headers: Mapping[str, Mapping[str, str]] = {}
    public: frozenset[str] = frozenset()
    named: Mapping[str, str] = {}
    single_look: bool = False
    every: float = DEFAULT_EVERY
    every_open: float = 0.0
    intervals: Mapping[str, Interval] = {}
    token_env: str = ""
    hook_secrets: Mapping[str, str] = {}

    def interval(self, key: str) -> Interval:
        """Return how often a page is read by a process that stays running."""
        own = self.intervals.get(key, Interval())
        return Interval(own.every or self.every, own.every_open or self.every_open)

    def chosen(self, words: Collection[str] = ()) -> tuple[Page, ...]:
        """Return the pages of a run: those that these words name, in any case, or all; of a shard only its own."""
        pages = self.pages
        if words:
            keys = {self.named.get(word.lower(), word.lower()) for word in words}
            pages = tuple(page for page in pages if page.key in keys)
        if self.shard is not None:
            pages = tuple(page for page in pages if self.shard.holds(page.key))
        return pages

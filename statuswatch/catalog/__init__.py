"""The pages that have a key: `catalog.csv`, one page a line, which anybody can extend.

`id` is what a platform needs besides the address: the id of a status.io page, the address of a feed. `aliases` are
other words for the vendor, and hosts that its page had before. `platform` is empty where nobody knows it; it may also
be one that statuswatch has no reader for. `evidence` and `checked` say why a row is believed, and when that was last
seen.
"""

from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import msgspec

from statuswatch.model.page import Page

HEAD: Final = "key,name,url,platform,category,id,aliases,evidence,checked"
ALIAS_SEPARATOR: Final = ";"
DORMANT: Final = "dormant?"

# What a row may rest on, the surest first.
EVIDENCE: Final[Mapping[str, str]] = {
    "read": "statuswatch itself read the page",
    "poll": "somebody's program read the page, with many others, and recognised its platform",
    "probe": "somebody tried the address and noted what came back",
    "code": "a program in use reads that address as that platform",
    "lists": "two independent sources agree",
    "list": "one source has it",
    "page": "there is a page at the address; what it runs on is not known",
    DORMANT: "the page is silent for over a year, while others report incidents of the vendor",
}


class Row(msgspec.Struct, frozen=True):
    """A line of the catalog."""

    key: str
    name: str
    url: str
    platform: str
    category: str
    id: str
    aliases: str
    evidence: str
    checked: str

    @property
    def page(self) -> Page:
        """The page to read."""
        return Page(key=self.key, name=self.name, url=self.url, platform=self.platform, id=self.id)

    @property
    def words(self) -> tuple[str, ...]:
        """What people call the vendor: key, name and aliases."""
        return (self.key, self.name, *filter(None, self.aliases.split(ALIAS_SEPARATOR)))

    @property
    def dormant(self) -> bool:
        """True where nothing open on the page is no reassurance: it may be abandoned."""
        return self.evidence == DORMANT

    def line(self) -> str:
        """Return the row as its line in the file."""
        return ",".join(msgspec.structs.astuple(self))


class Catalog(Mapping[str, Page]):
    """All pages by key, in order of the keys. A line is parsed when its page is asked for."""

    def __init__(self, lines: list[str]) -> None:
        self._lines = {line[: line.index(",")]: line for line in lines}

    def __getitem__(self, key: str) -> Page:
        return Row(*self._lines[key].split(",")).page

    def __contains__(self, key: object) -> bool:
        return key in self._lines

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    @cached_property
    def rows(self) -> Mapping[str, Row]:
        """All rows by key: for what needs more than the page."""
        return {key: Row(*line.split(",")) for key, line in self._lines.items()}

    def row(self, page: Page) -> Row | None:
        """Return the row of a page that is watched as the catalog has it; None where the user has another address."""
        line = self._lines.get(page.key)
        row = Row(*line.split(",")) if line else None
        return row if row and row.url == page.url else None


@cache
def catalog() -> Catalog:
    """Return the catalog. The file is read at the first call: a run that uses no key of it does not pay for it."""
    return Catalog(Path(__file__).with_name("catalog.csv").read_text(encoding="utf-8").splitlines()[1:])

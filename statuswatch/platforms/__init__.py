"""The software that status pages run on. A platform is a module; a new one is that file and its line in `PLATFORMS`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Protocol

from statuswatch.model import Document, Feed
from statuswatch.platforms import incidentio, statuspage
from statuswatch.platforms.reading import Reading


class Platform(Protocol):
    """What a platform's module has. All of it is pure."""

    PARSER: int  # raised whenever `parse` reads a document differently: remembered validators are then void

    def documents(self, url: str, /) -> tuple[Document, ...]:
        """What to read of the page at that address, on every run: at most two documents."""

    def parse(self, reading: Reading, /) -> Feed:
        """Understands the documents, or raises FeedError. A list that is missing is never an empty one."""

    def more(self, reading: Reading, feed: Feed, /, *, moved: bool) -> tuple[Document, ...]:
        """What else would tell more, best first; `moved` says that something changed. One is fetched, none twice."""

    def recognises(self, identity: str, /) -> bool:
        """Whether a page with this identity runs on the platform, as far as can be told."""


PLATFORMS: Final[Mapping[str, Platform]] = MappingProxyType(
    {
        "incidentio": incidentio,
        "statuspage": statuspage,
    }
)

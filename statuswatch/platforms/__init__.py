"""The software that status pages run on. A platform is a module; a new one is that file and its line in `PLATFORMS`.

They are imported when they are used: a run of three pages need not pay for all of them.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import ParseInput
from statuswatch.registry import Registry


class Platform(Protocol):
    """What a platform's module has. All of it is pure."""

    PARSER_VERSION: int  # raised whenever `parse` reads a document differently: remembered validators are then void

    def documents(self, page: Page, /) -> tuple[Document, ...]:
        """What to read of the page on every run: at most two documents."""

    def parse(self, reading: ParseInput, /) -> Feed:
        """Understands the documents, or raises FeedError. A list that is missing is never an empty one. Where the page
        lacks an `id` that it needs, raises UnidentifiedError.
        """

    def follow_ups(self, reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
        """What else would tell more, best first; `moved` says that something changed. One is fetched, none twice."""

    def matches(self, feed: Feed, /) -> bool:
        """Whether what it understood is of a page that runs on the platform, as far as can be told."""


# In the order in which they are tried on a page whose platform is not known: the surest and commonest first.
PLATFORMS: Final[Mapping[str, Platform]] = Registry(
    __name__,
    "incidentio",
    "statuspage",
    "instatus",
    "betterstack",
    "google",
    "slack",
    "aws",
    "apple",
    "heroku",
    "pagerduty",
    "salesforce",
    "site24x7",
    "zendesk",
    "statusio",
    "azure",
    "rss",
)

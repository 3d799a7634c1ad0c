"""The software that status pages run on. A new platform is one module here and its name in `PLATFORMS`.

A module is imported when its platform is used: a run of three pages does not pay for all of them.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from statuswatch.model.page import Document, Feed, Page
from statuswatch.platforms.parsing import ParseInput
from statuswatch.registry import Registry


class Platform(Protocol):
    """The interface of a platform's module. All of it is pure: bytes in, incidents out."""

    PARSER_VERSION: int  # raised when `parse` reads a document differently: remembered validators are then void

    def documents(self, page: Page, /) -> tuple[Document, ...]:
        """Return the documents to read on every run: at most two."""

    def parse(self, reading: ParseInput, /) -> Feed:
        """Return what the documents say; raise FeedError where they are not understood.

        A missing list is an error, never an empty list. Raises MissingPageIdError where the page needs an `id`.
        """

    def follow_ups(self, reading: ParseInput, feed: Feed, /, *, dirty: bool) -> tuple[Document, ...]:
        """Return further documents worth reading, best first. `dirty`: the feed differs from the state file.

        The first that was not requested yet is fetched; then all documents are parsed again.
        """

    def matches(self, feed: Feed, /) -> bool:
        """Return whether the feed shows that its page runs on this platform."""


# A page of unknown platform is tried in this order: the surest and the commonest first.
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

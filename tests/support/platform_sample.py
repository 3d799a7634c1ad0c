"""The documents of one page of a platform, small and of our own making, and how to read them with some changed."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from statuswatch.model.incident import Incident
from statuswatch.model.page import Feed, Page
from statuswatch.model.state import PageState
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput

URL = "https://status.acme.example"
Json = dict[str, Any]


class Sample(NamedTuple):
    """One page of a platform.

    `base` is the required document and `entries` the place of the list of incidents in it. `bad` are fields that make
    an entry impossible to parse. `title` is the place of an entry's title, as "name" or "attributes.name". Where the
    base document is not JSON it is bytes, and the last three are not used.
    """

    platform: str
    documents: Mapping[str, Json | list[Any] | bytes]
    base: str
    entries: tuple[str | int, ...] = ()
    bad: Json = {}  # noqa: RUF012 - never changed
    title: str = "name"
    page: Page = Page(key="acme", name="Acme", url=URL)

    def read(self, state: PageState | None = None, **changed: Any) -> Feed:
        """Parse the documents, some of them changed; None: the page has no such document. `a__b` is document a.b."""
        documents = {**self.documents, **{name.replace("__", "."): document for name, document in changed.items()}}
        encoded = {name: encode(document) for name, document in documents.items() if document is not None}
        return PLATFORMS[self.platform].parse(ParseInput(self.page, encoded, state))

    def page_state(self, **fields: Any) -> PageState:
        """A state of the page with those fields."""
        return PageState(**{"url": self.page.url, "platform": self.platform, **fields})

    def listed(self, document: Any) -> list[Any]:
        """The list of incidents in (a copy of) the base document."""
        for step in self.entries:
            document = document[step]
        assert isinstance(document, list)
        return document


def encode(document: Json | list[Any] | bytes) -> bytes:
    """The document as it is served."""
    return document if isinstance(document, bytes) else json.dumps(document).encode()


def only(feed: Feed, key: str) -> Incident:
    """The incident with that id."""
    return next(incident for incident in feed.incidents if incident.id == key)


def update(key: str, status: str, at: str, body: str = "Words.", **fields: Any) -> Json:
    """An incident update of API v2."""
    return {"id": key, "status": status, "body": body, "created_at": at, "display_at": at, **fields}

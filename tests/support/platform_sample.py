"""The documents of one page of a platform, small and our own, and how to read them with something changed."""

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
    """`base` is the document that is required, `entries` the place of the list of incidents in it; `bad` makes one of
    them impossible to understand, and `title` is where its title stands, as "name" or "attributes.name". The last three
    say nothing of a document that is not JSON, which is given in bytes.
    """

    platform: str
    documents: Mapping[str, Json | list[Any] | bytes]
    base: str
    entries: tuple[str | int, ...] = ()
    bad: Json = {}  # noqa: RUF012 - never changed
    title: str = "name"
    page: Page = Page(key="acme", name="Acme", url=URL)

    def read(self, known: PageState | None = None, **changed: Any) -> Feed:
        """The feed of these documents, with some of them changed; None leaves one out. `a__b` is the document a.b."""
        documents = {**self.documents, **{name.replace("__", "."): it for name, it in changed.items()}}
        encoded = {
            name: it if isinstance(it, bytes) else json.dumps(it).encode()
            for name, it in documents.items()
            if it is not None
        }
        return PLATFORMS[self.platform].parse(ParseInput(self.page, encoded, known))

    def memory(self, **fields: Any) -> PageState:
        """What may be remembered of the page."""
        return PageState(**{"url": self.page.url, "platform": self.platform, **fields})

    def listed(self, document: Any) -> list[Any]:
        """The list of incidents in (a copy of) the base document."""
        for step in self.entries:
            document = document[step]
        assert isinstance(document, list)
        return document


def only(feed: Feed, key: str) -> Incident:
    return next(it for it in feed.incidents if it.id == key)


def update(key: str, status: str, at: str, body: str = "Words.", **more: Any) -> Json:
    """An incident update of API v2."""
    return {"id": key, "status": status, "body": body, "created_at": at, "display_at": at, **more}

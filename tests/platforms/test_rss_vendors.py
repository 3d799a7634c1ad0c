"""Feeds of vendors with software of their own, in the form that running clients read; the texts are ours."""

from datetime import UTC, datetime
from typing import Final

from statuswatch.model.page import Feed, Page
from statuswatch.platforms import rss
from statuswatch.platforms.parsing import ParseInput

PAGE: Final = Page(key="acme", name="Acme", url="https://status.acme.example", id="/feed")
ENTRY: Final = """<entry><id>{key}</id><title>{title}</title><link href="https://status.acme.example/{key}"/>
  <published>{at}</published><updated>{at}</updated><content type="html">{content}</content></entry>"""


def read(*entries: str) -> Feed:
    """Return an Atom feed of these entries."""
    head = "<id>https://status.acme.example/feed</id><title>Acme</title><updated>2026-10-04T10:00:00Z</updated>"
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{"".join(entries)}</feed>'
    return rss.parse(ParseInput(PAGE, {"feed": body.encode()}, None, datetime(2026, 10, 4, tzinfo=UTC)))


def entry(key: str, title: str, content: str) -> str:
    """Return an entry."""
    return ENTRY.format(key=key, title=title, at="2026-10-02T10:00:00Z", content=content)


def test_okta() -> None:
    """4: Okta puts the end before the title, "Resolved | Service Disruption"; an open entry states no status."""
    feed = read(entry("a1", "Resolved | Service Disruption", "Words."), entry("a2", "Service Degradation", "Words."))
    assert {incident.id: (incident.title, incident.status) for incident in feed.incidents} == {
        "a1": ("Service Disruption", "resolved"),
        "a2": ("Service Degradation", "reported"),
    }


def test_auth0() -> None:
    """4: Auth0 lists updates newest first, without times, each beginning with its status: the newest one counts."""

    def updates(*statuses: str) -> str:
        return "".join(f"&lt;p&gt;&lt;strong&gt;{status}&lt;/strong&gt; - Words.&lt;/p&gt;" for status in statuses)

    feed = read(
        entry("b1", "Errors at login", updates("Resolved", "Investigating")),
        entry("b2", "Slow logs", updates("Identified", "Investigating")),
    )
    assert {incident.id: incident.status for incident in feed.incidents} == {"b1": "resolved", "b2": "identified"}

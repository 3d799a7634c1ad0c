"""A sample of rss: its documents, how its open incident ends, and a later remark on it."""

from typing import Any

from statuswatch.model.page import Page
from tests.support.platform_sample import URL, Sample

PAGE = Page(key="acme", name="Acme", url=URL, platform="rss", id="/history.atom")


def block(when: str, label: str, body: str = "Words.") -> str:
    """A message in the markup of Statuspage and others."""
    markup = f"<p><small>{when}</small><br><strong>{label}</strong> - {body}</p>"
    return markup.replace("<", "&lt;").replace(">", "&gt;")


def entry(number: str, published: str, content: str, title: str = "API down", updated: str = "") -> str:
    """An entry of Statuspage's Atom."""
    return f"""<entry><id>tag:status.acme.example,2005:Incident/{number}</id><title>{title}</title>
        <published>{published}</published><updated>{updated or published}</updated>
        <link rel="alternate" href="{URL}/incidents/code{number}"/><content type="html">{content}</content></entry>"""


def atom(*entries: str, updated: str = "2026-03-07T12:00:00Z") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?><!-- Acme --><feed xmlns="http://www.w3.org/2005/Atom">
        <id>tag:status.acme.example,2005:/history</id><link rel="alternate" href="{URL}"/>
        <title>Acme Status</title><updated>{updated}</updated>{"".join(entries)}</feed>""".encode()


# As statuspage-atom/github: newest first, days in <var>, two messages of one minute, an update under a status.
RESOLVED = entry(
    "10266025",
    "2026-03-07T11:41:44Z",
    block("Mar <var data-var='date'> 7</var>, <var data-var='time'>11:41</var> UTC", "Resolved")
    + block("Mar  7, 11:41 UTC", "Update", "Better.&lt;br /&gt;Much.")
    + block("Mar  7, 10:13 UTC", "Investigating"),
)
OPEN = entry("10266026", "2026-03-07T11:50:00Z", block("Mar  7, 11:50 UTC", "Identified"), "Web slow")
WINDOW = entry(
    "10266027",
    "2026-04-07T13:00:00Z",  # it lies ahead
    "&lt;p&gt;&lt;strong&gt;THIS IS A SCHEDULED EVENT Apr 7, 13:00 - 23:45 UTC&lt;/strong&gt;&lt;/p&gt;"
    + block("Mar  6, 18:00 UTC", "Scheduled"),
    "PDX on 2026-04-07",
    updated="2026-03-06T18:00:00Z",
)
SAMPLE = Sample("rss", {"feed": atom(WINDOW, OPEN, RESOLVED)}, "feed", page=PAGE)


def ended(documents: Any) -> str:
    """Add a closing message to the open entry; return its id."""
    over = block("Mar  7, 12:30 UTC", "Resolved") + block("Mar  7, 11:50 UTC", "Identified")
    documents["feed"] = atom(
        WINDOW, entry("10266026", "2026-03-07T12:30:00Z", over, "Web slow"), RESOLVED, updated="2026-03-07T12:30:00Z"
    )
    return "10266026"


def noted(documents: Any) -> None:
    """Add a message of the next day."""
    before = documents["feed"].decode()
    mark = block("Mar  7, 12:30 UTC", "Resolved")
    documents["feed"] = before.replace(mark, block("Mar  8, 12:30 UTC", "Update", "Why.") + mark).encode()

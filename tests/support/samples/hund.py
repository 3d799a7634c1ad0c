"""A sample of hund: its documents, how its open incident ends, and a later remark on it.

Of the form that a running client describes; the texts are ours.
"""

from typing import Any

from tests.support.platform_sample import Sample

ENTRY = """<entry><id>tag:status.acme.example,2005:State::FeedNotifier::Entry/{entry}</id>
  <published>{at}</published><updated>{at}</updated>
  <link rel="alternate" type="text/html" href="https://status.acme.example/issues/{issue}"/>
  <title>{title}</title><content type="html">&lt;p&gt;{words}&lt;/p&gt;</content></entry>
"""
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<feed xml:lang="en-US" xmlns="http://www.w3.org/2005/Atom">
<id>tag:status.acme.example,2005:/state_feed/feed</id>
<link rel="alternate" type="text/html" href="https://status.acme.example"/>
<title>Acme Status</title><updated>2026-02-10T10:00:00Z</updated>
"""


def entry(number: int, issue: str, at: str, title: str, words: str = "Words.") -> str:
    """Return an entry: a notice about an issue."""
    return ENTRY.format(entry=f"65c0ffee{number:04}", issue=issue, at=at, title=title, words=words)


def feed(*entries: str) -> bytes:
    """Return a feed."""
    return f"{HEAD}{''.join(entries)}</feed>".encode()


OPEN = entry(3, "65beef0001", "2026-02-10T09:00:00Z", "[Investigating] Logins fail", "We look into it.")
ENDED = (
    entry(2, "65beef0002", "2026-02-03T09:00:00Z", "[Ended] Maintenance Window: Database"),
    entry(1, "65beef0002", "2026-02-03T08:00:00Z", "[In Progress] Maintenance Window: Database"),
)
SAMPLE = Sample("hund", {"feed": feed(OPEN, *ENDED)}, "feed")
OVER = entry(4, "65beef0001", "2026-02-10T09:40:00Z", "[Resolved] Logins fail", "It is over.")
REMARK = entry(5, "65beef0001", "2026-02-11T09:00:00Z", "[Resolved] Logins fail", "What had happened.")


def ended(documents: Any) -> str:
    """Add an entry about the same issue that says it is over; return the id of the incident."""
    documents["feed"] = feed(OVER, OPEN, *ENDED)
    return "tag:status.acme.example,2005:State::FeedNotifier::Entry/65c0ffee0003"


def noted(documents: Any) -> None:
    """Add an entry of the next day."""
    documents["feed"] = feed(REMARK, OVER, OPEN, *ENDED)

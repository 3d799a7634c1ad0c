"""A sample of oracle: its documents, how its open incident ends, and a later remark on it.

Of the form that a running client reads; the texts are ours.
"""

from typing import Any

from tests.support.platform_sample import Sample

ITEM = """<item><title>{title}</title><link>https://status.acme.example/#/incidents/{key}</link>
  <guid isPermaLink="false">{key}</guid><pubDate>{date}</pubDate><description>{updates}</description></item>
"""
UPDATE = (
    "&lt;p&gt;&lt;small&gt;{month} &lt;var data-var='date'&gt;{day}&lt;/var&gt;, &lt;var data-var='time'&gt;{time}"
    "&lt;/var&gt; UTC&lt;/small&gt;&lt;br&gt;&lt;strong&gt;{status}&lt;/strong&gt; - {words}&lt;/p&gt;"
)


def update(status: str, day: int, time: str, words: str = "Words.") -> str:
    """Return an update of February 2026."""
    return UPDATE.format(month="Feb", day=f"{day:02}", time=time, status=status, words=words)


def item(key: str, title: str, date: str, *updates: str) -> str:
    """Return an item; its updates are listed newest first."""
    return ITEM.format(key=key, title=title, date=date, updates="".join(updates))


def feed(*items: str) -> bytes:
    """Return a feed."""
    head = (
        "<title>Acme Cloud Status</title><link>https://status.acme.example</link><description>Incidents</description>"
    )
    return f'<?xml version="1.0"?>\n<rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'.encode()


TITLE = "Compute | US East (Ashburn) | Acme-1"
DATE = "Tue, 10 Feb 2026 09:20:00 GMT"
BEGUN = (update("Identified", 10, "09:20"), update("Investigating", 10, "09:00", "We look into it."))
OPEN = item("ocid1.incident.0001", TITLE, DATE, *BEGUN)
ENDED = item(
    "ocid1.incident.0002",
    "Database | UK South (London) | Acme-0",
    "Tue, 03 Feb 2026 10:00:00 GMT",
    update("Resolved", 3, "10:00"),
    update("Investigating", 3, "09:00"),
)
SAMPLE = Sample("oracle", {"feed": feed(OPEN, ENDED)}, "feed")
OVER = update("Resolved", 10, "09:40", "It is over.")


def ended(documents: Any) -> str:
    """Add an update that says it is over; return the id of the incident."""
    documents["feed"] = feed(item("ocid1.incident.0001", TITLE, DATE.replace("09:20", "09:40"), OVER, *BEGUN), ENDED)
    return "ocid1.incident.0001"


def noted(documents: Any) -> None:
    """Add an update of the next day."""
    remark = update("Resolved", 11, "09:00", "What had happened.")
    date = "Wed, 11 Feb 2026 09:00:00 GMT"
    documents["feed"] = feed(item("ocid1.incident.0001", TITLE, date, remark, OVER, *BEGUN), ENDED)

"""A sample of statuscast: its documents, how its open incident ends, and a later remark on it.

Of the form of an excerpt of status.campaignmonitor.com in a running client's test; the texts are ours.
"""

from typing import Any

from tests.support.platform_sample import Sample

ITEM = """<item><title>{title}</title><description>&lt;p&gt;{words}&lt;/p&gt;</description>
  <link>https://status.acme.example/incident/{incident}</link>
  <guid isPermaLink="false">/{incident}/{update}</guid><pubDate>{date} -0700</pubDate></item>
"""


def item(incident: int, update: int, date: str, title: str, words: str = "Words.") -> str:
    """Return an item: an update of an incident."""
    return ITEM.format(incident=incident, update=update, date=date, title=title, words=words)


def feed(*items: str) -> bytes:
    """Return a feed."""
    head = "<title>Acme rss feed</title><lastBuildDate>Sun, 08 Feb 2026 05:58:40 -0700</lastBuildDate>"
    head += "<link>https://status.acme.example</link>"
    return (
        '<?xml version="1.0" encoding="UTF-8" ?><rss version="2.0" xmlns:sc="http://statuscast.com">'
        f"<channel>{head}{''.join(items)}</channel></rss>"
    ).encode()


OPEN = (
    item(706835, 1601159, "Fri, 06 Feb 2026 06:22:00", "Deliveries are late", "We look into it."),
    item(706835, 1601034, "Fri, 06 Feb 2026 04:20:00", "Deliveries are late", "Errors."),
)
ENDED = item(697722, 1583868, "Sun, 01 Feb 2026 22:10:00", "Logins fail", "This incident has been resolved.")
SAMPLE = Sample("statuscast", {"feed": feed(*OPEN, ENDED)}, "feed")
OVER = item(706835, 1601200, "Fri, 06 Feb 2026 08:00:00", "Deliveries are late", "This issue has been resolved.")
REMARK = item(706835, 1601300, "Sat, 07 Feb 2026 08:00:00", "Deliveries are late", "What had happened.")


def ended(documents: Any) -> str:
    """Add an item that says it is over; return the id of the incident."""
    documents["feed"] = feed(OVER, *OPEN, ENDED)
    return "706835"


def noted(documents: Any) -> None:
    """Add an item of the next day."""
    documents["feed"] = feed(REMARK, OVER, *OPEN, ENDED)

"""A sample of instatus: its documents, how its open incident ends, and a later remark on it."""

from html import escape
from typing import Any

from tests.support.platform_sample import URL, Json, Sample

LOGIN, QUEUE, WINDOW = "cmuh4kc8h00s013pih51rz3uf", "cmtnae42b0e811no58822esum", "cl4a8nlv50918qtmzdlw60ivu"
START = "Fri, 25 Sep 2026 15:15:00 +0000"


def update(day: str, time: str, status: str, body: str, zone: str = "GMT+0") -> str:
    """An update in the HTML of an entry, with the full stop that the template adds."""
    when = f"{day[:3]} <var data-var='date'> {day[4:]}</var>, <var data-var='time'>{time}</var> {zone}"
    return f"<p><small>{when}</small><br><strong>{status}</strong> -\n  {body}.</p>\n"


def item(key: str, name: str, start: str, *updates: str, components: str = "", kind: str = "incident") -> str:
    """An entry of history.rss like those recorded on status.northflank.com: HTML within CDATA, escaped once more."""
    return f"""
<item>
  <title>{escape(name)}</title>
  <description>
    Type: {kind.title()}
    Duration: 46 minutes

    Affected Components: {escape(components)}
    The updates again, as plain text.
  </description>
  <content:encoded>
    <![CDATA[<p><strong>Type:</strong> Incident</p>
    <p><strong>Affected Components:</strong> , </p>
    {escape("".join(updates))}
]]>
  </content:encoded>
  <pubDate>{start}</pubDate>
  <link>{URL}/{kind}/{key}</link>
  <guid>{URL}/{kind}/{key}</guid>
</item>"""


def rss(*items: str) -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
  <channel>
    <title>Acme Status - Incident history</title>
    <link>{URL}</link>
    <description>Acme</description>{"".join(items)}
  </channel>
</rss>
""".encode()


FIRST = update("Sep 25", "15:15:00", "Investigating", "We look into it.")
LAST = update("Sep 25", "16:01:05", "Monitoring", "It is fixed &amp; watched")
ITEMS = (
    item(LOGIN, "SSO & login", START, FIRST, LAST, components="App, Jobs"),
    item(
        QUEUE,
        "Queue",
        "Thu, 31 Dec 2025 23:50:00 +0000",
        update("Jan 1", "02:10:00", "Resolved", "Over.", "GMT+2"),  # newest first, like some entries of a recorded page
        update("Dec 31", "23:50:00", "Identified", "Found."),
    ),
)
ACTIVE: Json = {  # with an id, as the vendor documents now
    "id": LOGIN,
    "name": "SSO & login",
    "started": "2026-09-25T15:15:00.000Z",
    "status": "MONITORING",
    "impact": "PARTIALOUTAGE",
    "url": f"{URL}/incident/{LOGIN}",
    "updatedAt": "2026-09-25T16:01:05.000Z",
}
PLANNED: Json = {  # without one, and with the times of JavaScript, as the vendor documented before
    "name": "Database maintenance",
    "start": "Sat Sep 26 2026 18:55:54 GMT+0000 (Coordinated Universal Time)",
    "status": "NOTSTARTEDYET",
    "duration": "60",
    "url": f"{URL}/maintenance/{WINDOW}",
}
CALM: Json = {"page": {"name": "Acme", "url": URL, "status": "UP"}}
SUMMARY: Json = {
    "page": {"name": "Acme", "url": URL, "status": "HASISSUES"},
    "activeIncidents": [ACTIVE],
    "activeMaintenances": [PLANNED],
}
SAMPLE = Sample(
    "instatus",
    {"summary.json": SUMMARY, "history.rss": rss(*ITEMS)},
    "summary.json",
    ("activeIncidents",),
    {"started": "soon"},
)


def ended(documents: Any) -> str:
    """Resolve its open incident: it leaves the summary, and the feed has its end. Return its id."""
    documents["summary.json"] = CALM | {"activeMaintenances": [PLANNED]}
    over = update("Sep 25", "17:00:00", "Resolved", "It is over.")
    documents["history.rss"] = rss(
        item(LOGIN, "SSO & login", START, FIRST, LAST, over, components="App, Jobs"), *ITEMS[1:]
    )
    return LOGIN


def noted(documents: Any) -> None:
    """Edit the message of its end."""
    documents["history.rss"] = documents["history.rss"].replace(b"It is over.", b"What had happened.")

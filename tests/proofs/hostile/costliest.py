"""The longest documents of some platforms: a cost that grew with the square of their length would take hours."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from statuswatch.errors import FeedError
from statuswatch.model.page import Page, PageSnapshot
from statuswatch.platforms import PLATFORMS
from statuswatch.platforms.parsing import ParseInput
from statuswatch.rules.reconcile import reconcile

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
MAX_DOCUMENT: Final = 9_500_000  # bytes
MAX_FEED: Final = 950_000  # bytes; the rest of a longer one is not read
BEGUN: Final = datetime(2025, 1, 1, 10, tzinfo=UTC)
NOW: Final = datetime(2026, 3, 7, 9, tzinfo=UTC)
DAY: Final = "2025-01-01T10:00:00Z"
IDENTITY: Final = {"statuspage": "0" * 12, "incidentio": "01" + "0" * 24, "statusio": "0" * 24}


class Costliest(NamedTuple):
    """The documents of a page, of which one has so many entries `of` a kind."""

    platform: str
    of: str
    content: Callable[[int], Json]

    def documents(self, entries: int) -> dict[str, bytes]:
        """Return the documents with so many entries."""
        contents = self.content(entries)
        return {name: body if isinstance(body, bytes) else _json(body) for name, body in contents.items()}

    def max_entries(self) -> int:
        """Return the number of entries that fill a document."""
        few, many = (max(map(len, self.documents(count).values())) for count in (500, 1000))
        maximum = MAX_FEED if self.platform == "rss" else MAX_DOCUMENT
        return (maximum - few) * 500 // (many - few)

    def seconds(self, entries: int) -> float:
        """Return the CPU of the slowest of three reads: of the entries when new, when remembered, and when gone."""
        key = IDENTITY.get(self.platform, "feed")
        page = Page(key="p", name="P", url="https://p.example", platform=self.platform, id=key)
        long, short = self.documents(entries), self.documents(1)
        state, costs = None, []
        for hour, documents in enumerate((short, long, long, short)):
            started = time.process_time()
            with suppress(FeedError):  # beyond a bound: seeing that has a cost too
                feed = PLATFORMS[self.platform].parse(ParseInput(page, documents, state))
                state = reconcile(page, state, PageSnapshot(feed, {}, 1), NOW + timedelta(hours=hour)).state
            costs.append(time.process_time() - started)
        return max(costs)


COSTLIEST: Final[list[Costliest]] = []


def costly(platform: str) -> Callable[[Callable[[int], Json]], Callable[[int], Json]]:
    """Register the documents of a platform; the docstring of the function names their entries."""

    def add(function: Callable[[int], Json]) -> Callable[[int], Json]:
        COSTLIEST.append(Costliest(platform, (function.__doc__ or "").strip(), function))
        return function

    return add


def _json(content: Any) -> bytes:
    return msgspec.json.encode(content)


def _at(number: int) -> str:
    return f"{BEGUN + timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}"


def _statuspage(*incidents: Json, components: tuple[Json, ...] = ()) -> Json:
    about = {"page": {"id": IDENTITY["statuspage"]}}
    summary = {**about, "components": [*components], "incidents": [], "scheduled_maintenances": []}
    return {"incidents.json": {**about, "incidents": [*incidents]}, "summary.json": summary}


def _incidentio(*incidents: Json, native: tuple[Json, ...] = ()) -> Json:
    compat = {"page": {"id": IDENTITY["incidentio"]}, "incidents": [*incidents]}
    return {"incidents.json": compat, "native": {"incidents": [*native]}}


def _incident(number: int, *updates: Json, **more: Any) -> Json:
    about = {"id": f"i{number}", "name": "n", "status": "x", "created_at": DAY}
    return {**about, "incident_updates": [*updates], **more}


def _update(number: int) -> Json:
    return {"id": f"u{number}", "status": "x", "created_at": _at(number)}


def _native(number: int, *updates: Json, **more: Any) -> Json:
    return {"id": f"i{number}", "name": "n", "status": "x", "published_at": DAY, "updates": [*updates], **more}


def _slack(*open_ones: Json, over: tuple[Json, ...] = ()) -> Json:
    status = "active" if open_ones else "ok"
    return {"current": {"status": status, "active_incidents": [*open_ones]}, "history": [*over]}


def _noted(notes: int, status: str = "active") -> Json:
    updates = [{"date_created": _at(number)} for number in range(notes)]
    return {"id": 1, "title": "t", "status": status, "date_created": DAY, "notes": updates}


def _rss(items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>t</title>{items}</channel></rss>'.encode()


def _item(number: int, text: str = "") -> str:
    date = "Wed, 01 Jan 2025 10:00:00 GMT"
    return (
        f"<item><guid>i{number}</guid><title>t</title><pubDate>{date}</pubDate><description>{text}</description></item>"
    )


@costly("statuspage")
def statuspage_incidents(n: int) -> Json:
    """incidents"""
    return _statuspage(*map(_incident, range(n)))


@costly("statuspage")
def statuspage_updates_of_one_incident(n: int) -> Json:
    """updates of one incident"""
    return _statuspage(_incident(0, *map(_update, range(n))))


@costly("statuspage")
def statuspage_components_of_one_incident(n: int) -> Json:
    """components of one incident"""
    return _statuspage(_incident(0, components=[{"id": f"c{number}", "name": f"c{number}"} for number in range(n)]))


@costly("statuspage")
def statuspage_components_of_one_name(n: int) -> Json:
    """components of one name, each in a group of its own"""
    parts = ({"id": f"c{number}", "name": "c", "group_id": f"c{number}"} for number in range(n))
    return _statuspage(_incident(0), components=tuple(parts))


@costly("incidentio")
def incidentio_incidents(n: int) -> Json:
    """incidents"""
    return _incidentio(*map(_incident, range(n)), native=tuple(map(_native, range(n))))


@costly("incidentio")
def incidentio_updates_of_one_incident(n: int) -> Json:
    """updates of one incident"""
    updates = [{"id": f"u{number}", "published_at": _at(number), "to_status": "x"} for number in range(n)]
    return _incidentio(_incident(0, *map(_update, range(n))), native=(_native(0, *updates),))


@costly("incidentio")
def incidentio_maintenance_windows(n: int) -> Json:
    """maintenance windows"""
    return _incidentio(_incident(-1), native=tuple(_native(number, type="maintenance") for number in range(n)))


@costly("incidentio")
def incidentio_components_of_the_page(n: int) -> Json:
    """components of the page"""
    items = [{"component": {"name": "c", "component_id": f"c{number}"}} for number in range(n)]
    names = {"summary": {"id": IDENTITY["incidentio"], "structure": {"items": items}}}
    return {
        **_incidentio(_incident(0), native=(_native(0, affected_components=[{"component_id": "c0"}]),)),
        "names": names,
    }


@costly("slack")
def slack_incidents(n: int) -> Json:
    """incidents"""
    return _slack(*({**_noted(1), "id": number} for number in range(n)))


@costly("slack")
def slack_notes_of_one_incident(n: int) -> Json:
    """notes of one incident"""
    return _slack(_noted(n))


@costly("slack")
def slack_notes_of_one_incident_that_is_over(n: int) -> Json:
    """notes of one incident that is over"""
    return _slack(over=(_noted(n, "resolved"),))


@costly("instatus")
def instatus_incidents_without_an_id(n: int) -> Json:
    """incidents without an id"""
    page = {"name": "p", "url": "https://p.example", "status": "HASISSUES"}
    listed = [{"name": f"n{number}", "started": _at(number), "status": "x"} for number in range(n)]
    return {"summary.json": {"page": page, "activeIncidents": listed}}


@costly("instatus")
def instatus_updates_of_one_entry_of_the_feed(n: int) -> Json:
    """updates of one entry of the feed"""
    times = (BEGUN + timedelta(seconds=number) for number in range(n))
    updates = "".join(
        f"<p><small>{moment:%b %d, %H:%M:%S} GMT+0</small><br><strong>Resolved</strong> - </p>" for moment in times
    )
    entry = (
        "<link>https://p.example/incident/i1</link><pubDate>Wed, 01 Jan 2025 10:00:00 GMT</pubDate>"
        f'<encoded xmlns="http://purl.org/rss/1.0/modules/content/"><![CDATA[{updates}]]></encoded>'
    )
    return {
        "summary.json": {"page": {"name": "p", "url": "https://p.example", "status": "UP"}},
        "history.rss": _rss(f"<item>{entry}</item>"),
    }


@costly("statusio")
def statusio_incidents_in_one_of_many_containers(n: int) -> Json:
    """incidents in one of many containers"""
    component = {"id": "c", "containers": [{"id": f"k{number}"} for number in range(n)]}
    entry = {
        "name": "n",
        "datetime_open": DAY,
        "components_affected": [{"_id": "c"}],
        "containers_affected": [{"_id": "k0"}],
    }
    incidents = [{**entry, "_id": f"i{number}"} for number in range(n)]
    result = {
        "status_overall": {"status_code": 100},
        "status": [component],
        "incidents": incidents,
        "maintenance": {"active": [], "upcoming": []},
    }
    return {"status": {"result": result}}


@costly("aws")
def aws_entries_of_one_log(n: int) -> Json:
    """entries of one log"""
    log = [{"timestamp": 1735725600 + number, "status": 1} for number in range(n)]
    about = {"arn": "a", "date": 1735725600, "status": 2, "summary": "s", "service_name": "e"}
    return {"currentevents": [{**about, "event_log": log}]}


@costly("rss")
def rss_entries(n: int) -> Json:
    """entries"""
    return {"feed": _rss("".join(map(_item, range(n))))}


@costly("rss")
def rss_elements_in_each_other(n: int) -> Json:
    """elements in each other"""
    return {"feed": _rss("<item>" + "<a>" * n + "</a>" * n + _item(0)[6:])}


@costly("rss")
def rss_small_print_in_one_message(n: int) -> Json:
    """small print in one message"""
    updates = (
        "&lt;small&gt;Jan 1, 10:00 UTC&lt;/small&gt;&lt;strong&gt;Resolved&lt;/strong&gt; - " + "&lt;small&gt;" * n
    )
    return {"feed": _rss(_item(0, updates))}

"""A day of four invented vendors in a few seconds: real runs against an embedded server, in a temporary folder.

Only the vendors and the clock are invented. Each step changes the pages, moves the clock and runs the real pipeline.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

from statuswatch import pipeline
from statuswatch.config.schema import Config
from statuswatch.delivery.deliver import deliver_report
from statuswatch.model.event import Event
from statuswatch.model.page import Page
from statuswatch.model.report import RunReport
from statuswatch.render import summary

Json = dict[str, Any]
DAY: Final = "2026-05-04"
_PAGES: Final = (
    ("northwind", "Northwind Cloud", "statuspage"),
    ("parrot", "Parrot AI", "incidentio"),
    ("granite", "Granite Pay", "statuspage"),
    ("harbor", "Harbor DNS", "statuspage"),
)
_PARROT_COMPONENTS: Final = (("chat", "Chat completions"), ("login", "Login"))
_END: Final = """
These were real runs; only the vendors were invented. Next:
  statuswatch check                read some well-known pages; run it again to see changes
  statuswatch check github openai  read pages of the catalog
  statuswatch check --help         all options; the README has a workflow to copy"""


def play(print_events: Callable[[tuple[Event, ...], datetime], None], narrate: Callable[[str], None]) -> None:
    """Play the day: `print_events` is given the events of each run, `narrate` all other text."""
    vendors = _Vendors()
    with tempfile.TemporaryDirectory(prefix="statuswatch-demo-") as folder, _serving(vendors) as address:
        pages = tuple(
            Page(key=key, name=name, url=f"{address}/{key}", platform=platform) for key, name, platform in _PAGES
        )
        config = Config(pages=pages, state=Path(folder) / "state.json", timeout=5)
        for clock, story in _day(vendors):
            narrate(f"\n── {clock} UTC ── {story}")
            report = _run(config, datetime.fromisoformat(_at(clock)), print_events)
            for line in summary.failure_lines(report.failed):
                narrate(line)
            narrate(summary.closing_line(report))
    narrate(_END)


def _run(config: Config, now: datetime, print_events: Callable[[tuple[Event, ...], datetime], None]) -> RunReport:
    def print_report(report: RunReport) -> None:
        print_events(report.events, report.detected_at)

    return pipeline.check(pipeline.run_of(config), now, print_report, deliver_report((), partial=False))


def _day(vendors: "_Vendors") -> Iterator[tuple[str, str]]:
    """Change the pages for each run, then yield its time and what happened."""
    slow = _incident("nw1", "08:40", "Slow object storage in eu-west", "minor", ["Object storage"])
    vendors.publish("northwind", slow)
    payouts = _incident("gr1", "08:10", "Delayed payouts", "minor", ["Payouts"])
    vendors.publish("granite", payouts)
    _update(payouts, "08:30", "resolved", "Payouts are processed on time again.")
    upgrade = _maintenance("hb1", "08:00", "Nameserver upgrade", ["Anycast DNS"], start="10:00", end="11:00")
    vendors.publish("harbor", upgrade)
    yield "09:00", "The first run is the baseline: it remembers what is open and reports no event."

    chat = _incident("pa1", "09:02", "Elevated errors on chat completions", "major", ["chat", "login"])
    vendors.publish("parrot", chat)
    yield "09:05", "Parrot AI opens an incident. Its feed does not name the product; a second document does."

    vendors.broken.add("granite")
    _update(chat, "09:18", "identified", "A bad deployment is being rolled back.")
    yield "09:20", "An update. Granite Pay's status page breaks, which affects no other page."

    _update(chat, "09:51", "resolved", "All requests succeed again.")
    _update(slow, "09:40", "monitoring", "A fix is in place.")
    yield "10:05", "One incident is over, another goes on."

    _update(upgrade, "10:00", "in_progress", "The upgrade has begun.")
    yield "10:30", "Maintenance begins. A page that failed at every read for an hour is reported once, as an incident."

    vendors.broken.clear()
    missed = _incident("gr2", "10:40", "Card payments declined", "critical", ["Card payments"])
    vendors.publish("granite", missed)
    _update(missed, "11:20", "resolved", "The processor has recovered.")
    _update(upgrade, "11:10", "completed", "The upgrade is done.")
    yield "12:00", "Granite Pay can be read again, and the incident that came and went meanwhile is not lost."

    yield "12:05", "Nothing changed: nothing is reported, nothing is written."


def _incident(key: str, clock: str, title: str, impact: str, components: list[str]) -> Json:
    """Return an incident as Statuspage publishes it."""
    first = {
        "id": f"{key}-1",
        "status": "investigating",
        "body": "We are investigating reports of errors.",
        "created_at": _at(clock),
    }
    return {
        "id": key,
        "name": title,
        "status": "investigating",
        "impact": impact,
        "created_at": _at(clock),
        "components": [{"id": name, "name": name} for name in components],
        "incident_updates": [first],
    }


def _maintenance(key: str, clock: str, title: str, components: list[str], *, start: str, end: str) -> Json:
    """Return a scheduled maintenance as Statuspage publishes it."""
    maintenance = _incident(key, clock, title, "maintenance", components)
    maintenance["status"] = "scheduled"
    maintenance["incident_updates"][0] |= {"status": "scheduled", "body": "Queries are answered throughout."}
    return {**maintenance, "scheduled_for": _at(start), "scheduled_until": _at(end)}


def _update(incident: Json, clock: str, status: str, body: str) -> None:
    number = len(incident["incident_updates"]) + 1
    update = {"id": f"{incident['id']}-{number}", "status": status, "body": body, "created_at": _at(clock)}
    incident["incident_updates"].insert(0, update)
    incident["status"] = status


def _at(clock: str) -> str:
    return datetime.fromisoformat(f"{DAY}T{clock}").replace(tzinfo=UTC).isoformat()


class _Vendors:
    """The content of the four pages."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self._incidents: dict[str, list[Json]] = {key: [] for key, _, _ in _PAGES}

    def publish(self, page: str, incident: Json) -> None:
        """Put an incident or a maintenance on a page."""
        self._incidents[page].insert(0, incident)

    def document(self, path: str) -> Json | None:
        """Return the document at `/<page>/…`; None where the vendor has none."""
        page, _, name = path.strip("/").partition("/")
        if page not in self._incidents:
            return None
        identity = {"page": {"id": f"{page}-page", "name": page}}
        published = self._incidents[page]
        documents = _incidentio(identity, published) if page == "parrot" else _statuspage(identity, published)
        return documents.get(name)


def _statuspage(identity: Json, published: list[Json]) -> dict[str, Json]:
    incidents = [entry for entry in published if "scheduled_for" not in entry]
    windows = [entry for entry in published if "scheduled_for" in entry]
    return {
        "api/v2/incidents.json": {**identity, "incidents": incidents},
        "api/v2/scheduled-maintenances.json": {**identity, "scheduled_maintenances": windows},
        "api/v2/summary.json": {
            **identity,
            "components": [],
            "incidents": [entry for entry in incidents if entry["status"] != "resolved"],
            "scheduled_maintenances": [entry for entry in windows if entry["status"] != "completed"],
        },
    }


def _incidentio(identity: Json, incidents: list[Json]) -> dict[str, Json]:
    """Return the documents of incident.io: the compatible one does not name components, the native ones do."""
    compatible = [{name: value for name, value in incident.items() if name != "components"} for incident in incidents]
    native = [
        {
            "id": incident["id"],
            "name": incident["name"],
            "status": incident["status"],
            "published_at": incident["created_at"],
            "affected_components": [{"component_id": component["id"]} for component in incident["components"]],
        }
        for incident in incidents
    ]
    components = [{"component_id": key, "name": name} for key, name in _PARROT_COMPONENTS]
    structure = {"items": [{"group": {"name": "API", "components": components}}]}
    return {
        "api/v2/incidents.json": {**identity, "incidents": compatible},
        "proxy/127.0.0.1/incidents": {"incidents": native},
        "proxy/127.0.0.1": {"summary": {"id": identity["page"]["id"], "structure": structure}},
    }


@contextmanager
def _serving(vendors: _Vendors) -> Iterator[str]:
    """Serve the vendors on a free loopback port; yield the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = self.path.strip("/").partition("/")[0]
            document = None if page in vendors.broken else vendors.document(self.path)
            body = json.dumps(document).encode() if document else b"<html>Sorry</html>"
            missing = 503 if page in vendors.broken else 404
            self.send_response(200 if document else missing)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Log nothing: the requests are not part of the story."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()

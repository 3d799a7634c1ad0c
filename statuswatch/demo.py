"""A day of four invented vendors in a few seconds: real runs against an embedded server, in a temporary folder.

Only the vendors and the clock are made up. Each step sets what the pages say, moves the clock and runs the real thing.
"""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from statuswatch import pipeline
from statuswatch.config.schema import Config
from statuswatch.delivery.deliver import deliver_report
from statuswatch.model.event import Event
from statuswatch.model.page import Page
from statuswatch.render import summary

Json = dict[str, Any]

_PAGES = (
    ("northwind", "Northwind Cloud", "statuspage"),
    ("parrot", "Parrot AI", "incidentio"),
    ("granite", "Granite Pay", "statuspage"),
    ("harbor", "Harbor DNS", "statuspage"),
)


def play(tell: Callable[[tuple[Event, ...], datetime], None], say: Callable[[str], None]) -> None:
    """Plays the day: `tell` prints events, `say` everything else."""
    vendors = _Vendors()
    with tempfile.TemporaryDirectory(prefix="statuswatch-demo-") as folder, _serving(vendors) as address:
        pages = tuple(Page(key=key, name=name, url=f"{address}/{key}", platform=on) for key, name, on in _PAGES)
        config = Config(pages=pages, state=Path(folder) / "state.json", timeout=5)
        for clock, story in _day(vendors):
            say(f"\n── {clock} UTC ── {story}")
            now = datetime.fromisoformat(f"2026-05-04T{clock}:00+00:00")
            run = pipeline.run_of(config)
            report = pipeline.check(
                run, now, lambda report: tell(report.events, report.detected_at), deliver_report((), partial=False)
            )
            for review in report.failed:
                say(f"{review.page.name} failed: {review.failure.reason if review.failure else ''}")
            say(summary.closing_line(report))
    say(
        "\nThese were real runs; only the vendors were invented. Next:\n"
        "  statuswatch check                the built-in pages; again, to see changes\n"
        "  statuswatch check github openai  some of the catalog\n"
        "  statuswatch check --help         the rest; the README has a workflow to copy"
    )


def _day(vendors: "_Vendors") -> Iterator[tuple[str, str]]:
    """Sets the scene for each run, then yields its time and what happened."""
    slow = vendors.open("northwind", "nw1", "08:40", "Slow object storage in eu-west", "minor", ["Object storage"])
    vendors.open("granite", "gr1", "08:10", "Delayed payouts", "minor", ["Payouts"], "resolved")
    vendors.window("harbor", "hb1", "08:00", "Nameserver upgrade", "10:00", "11:00", ["Anycast DNS"])
    yield "09:00", "The first run remembers what is there and tells nothing."

    chat = vendors.open("parrot", "pa1", "09:02", "Elevated errors on chat completions", "major", ["chat", "login"])
    yield "09:05", "Parrot AI opens an incident. Its feed does not name the product: a second document does."

    vendors.broken.add("granite")
    vendors.say(chat, "09:18", "identified", "A bad deployment is being rolled back.")
    yield "09:20", "An update, and Granite Pay's status page breaks: one page costs no other page anything."

    vendors.say(chat, "09:51", "resolved", "All requests succeed again.")
    vendors.say(slow, "09:40", "monitoring", "A fix is in place.")
    yield "10:05", "One is over, another goes on."

    vendors.status("hb1", "harbor", "10:00", "in_progress", "The upgrade has begun.")
    yield "10:30", "A page that has failed at every read for an hour is an incident by itself, told once."

    vendors.broken.clear()
    missed = vendors.open("granite", "gr2", "10:40", "Card payments declined", "critical", ["Card payments"])
    vendors.say(missed, "11:20", "resolved", "The processor has recovered.")
    vendors.status("hb1", "harbor", "11:10", "completed", "The upgrade is done.")
    yield "12:00", "Granite Pay can be read again, and what began and ended meanwhile is not lost."

    yield "12:05", "Nothing changed: nothing is said, nothing is written."


class _Vendors:
    """What the four pages say."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.incidents: dict[str, list[Json]] = {key: [] for key, _, _ in _PAGES}
        self.windows: dict[str, list[Json]] = {key: [] for key, _, _ in _PAGES}

    def open(
        self, page: str, key: str, at: str, title: str, impact: str, parts: list[str], status: str = "investigating"
    ) -> Json:
        body = "We are investigating reports of errors." if status == "investigating" else "This is over."
        incident = {
            "id": key,
            "name": title,
            "status": status,
            "impact": impact,
            "created_at": _at(at),
            "components": [{"id": part, "name": part} for part in parts],
            "incident_updates": [{"id": f"{key}-1", "status": status, "body": body, "created_at": _at(at)}],
        }
        self.incidents[page].insert(0, incident)
        return incident

    def window(self, page: str, key: str, at: str, title: str, start: str, end: str, parts: list[str]) -> None:
        incident = self.open(page, key, at, title, "maintenance", parts, "scheduled")
        self.incidents[page].remove(incident)
        incident["incident_updates"][0]["body"] = "Queries are answered throughout."
        self.windows[page].append({**incident, "scheduled_for": _at(start), "scheduled_until": _at(end)})

    def say(self, incident: Json, at: str, status: str, body: str) -> None:
        number = len(incident["incident_updates"]) + 1
        update = {"id": f"{incident['id']}-{number}", "status": status, "body": body, "created_at": _at(at)}
        incident["incident_updates"].insert(0, update)
        incident["status"] = status

    def status(self, key: str, page: str, at: str, status: str, body: str) -> None:
        self.say(next(it for it in self.windows[page] if it["id"] == key), at, status, body)

    def document(self, path: str) -> Json | None:
        """The document at `/<page>/…`; None where the vendor has no such thing."""
        page, _, name = path.strip("/").partition("/")
        if page not in self.incidents:
            return None
        about = {"page": {"id": f"{page}-page", "name": page}}
        incidents, windows = self.incidents[page], self.windows[page]
        if page == "parrot":
            return self._native(about, incidents).get(name)
        return {
            "api/v2/incidents.json": {**about, "incidents": incidents},
            "api/v2/scheduled-maintenances.json": {**about, "scheduled_maintenances": windows},
            "api/v2/summary.json": {
                **about,
                "components": [],
                "incidents": [it for it in incidents if it["status"] != "resolved"],
                "scheduled_maintenances": [it for it in windows if it["status"] != "completed"],
            },
        }.get(name)

    def _native(self, about: Json, incidents: list[Json]) -> dict[str, Json]:
        names = [{"component_id": "chat", "name": "Chat completions"}, {"component_id": "login", "name": "Login"}]
        return {
            "api/v2/incidents.json": {
                **about,
                "incidents": [{key: it[key] for key in it if key != "components"} for it in incidents],
            },
            "proxy/127.0.0.1/incidents": {
                "incidents": [
                    {
                        "id": it["id"],
                        "name": it["name"],
                        "status": it["status"],
                        "published_at": it["created_at"],
                        "affected_components": [{"component_id": part["id"]} for part in it["components"]],
                    }
                    for it in incidents
                ]
            },
            "proxy/127.0.0.1": {
                "summary": {
                    "id": about["page"]["id"],
                    "structure": {"items": [{"group": {"name": "API", "components": names}}]},
                }
            },
        }


def _at(clock: str) -> str:
    return datetime.fromisoformat(f"2026-05-04T{clock}").replace(tzinfo=UTC).isoformat()


@contextmanager
def _serving(vendors: _Vendors) -> Iterator[str]:
    """The vendors on a loopback port of the system's choice; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = self.path.strip("/").partition("/")[0]
            document = None if page in vendors.broken else vendors.document(self.path)
            body = json.dumps(document).encode() if document else b"<html>Sorry</html>"
            self.send_response(200 if document else 503 if page in vendors.broken else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Says nothing: the requests are not the story."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()

"""A web server on the loopback that answers each path as the test says, and the documents of a status page for it."""

from __future__ import annotations

import json
import threading
import zlib
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Mapping, Sequence
    from email.message import Message

    Body = bytes | Callable[[socket.socket], None]

Json = dict[str, Any]
CLOSED: Final = ("resolved", "postmortem", "completed")
DAY: Final = datetime(2025, 1, 1, 10, tzinfo=UTC)


class Request(NamedTuple):
    path: str
    headers: Message


class FakeVendor:
    """Serves while its context lasts. With `etags` every 200 carries one, and a request that names it gets 304."""

    def __init__(self, *, etags: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self.etags = etags
        self.requests: list[Request] = []
        self._answers: dict[str, tuple[int, Mapping[str, str], Body]] = {}
        self._changed = threading.Condition()
        self._server = _Server(self)
        if tls:  # the handshake is left to the thread of the request
            self._server.socket = tls.wrap_socket(self._server.socket, True, do_handshake_on_connect=False)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, body: str | Json | Body, status: int = 200, **headers: str) -> None:
        """From now on; a callable is given the socket to write to. A path of which nothing was said is a 404."""
        content = json.dumps(body) if isinstance(body, dict) else body
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers[path] = status, named, content.encode() if isinstance(content, str) else content

    def put(self, documents: Mapping[str, Json]) -> None:
        for path, document in documents.items():
            self.answer(path, document)

    def wait_for(self, path: str, count: int = 1, seconds: float = 10) -> None:
        """Until the path was asked for that often."""
        with self._changed:
            asked = self._changed.wait_for(lambda: [it.path for it in self.requests].count(path) >= count, seconds)
        assert asked, f"nobody asked for {path} {count} times"

    def reply(self, request: Request) -> tuple[int, Mapping[str, str], Body]:
        """Notes the request; what it is answered."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        status, headers, body = self._answers.get(request.path, (404, {}, b"no such document"))
        if self.etags and status == 200 and not callable(body):
            headers = {**headers, "ETag": f'"{zlib.crc32(body):08x}"'}
            status, body = (304, b"") if request.headers["If-None-Match"] == headers["ETag"] else (200, body)
        return status, headers, body


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, site: FakeVendor) -> None:
        self.site = site
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing: clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        status, more, body = self.server.site.reply(Request(self.path, self.headers))
        if callable(body):
            body(self.connection)
            return
        self.send_response(status)
        for header in {"Content-Length": str(len(body)), **more}.items():
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
        """Says nothing."""


def incident(key: str, *statuses: str, impact: str = "minor", parts: Sequence[str] = (), at: datetime = DAY) -> Json:
    """An incident with an update for each status, a minute apart, from `at` on."""
    times = [(at + timedelta(minutes=number)).isoformat() for number in range(len(statuses))]
    updates = [
        {"id": f"{key}-{status}-{time}", "status": status, "body": f"It is {status}.", "created_at": time}
        for status, time in zip(statuses, times, strict=True)
    ]
    about = {"id": key, "name": f"Trouble {key}", "status": statuses[-1], "impact": impact, "created_at": times[0]}
    return {**about, "components": [{"id": it, "name": it} for it in parts], "incident_updates": updates[::-1]}


def window(key: str, *statuses: str, parts: Sequence[str] = (), at: datetime = DAY) -> Json:
    """A maintenance window."""
    times = {"scheduled_for": "2025-01-02T10:00:00Z", "scheduled_until": "2025-01-02T12:00:00Z"}
    return incident(key, *statuses, impact="maintenance", parts=parts, at=at) | times


def statuspage(base: str, incidents: Sequence[Json] = (), windows: Sequence[Json] = ()) -> dict[str, Json]:
    """The documents of an Atlassian Statuspage at the path `base`."""
    about: Json = {"page": {"id": f"{zlib.crc32(base.encode()):012d}"}}
    unsettled = [[it for it in them if it["status"] not in CLOSED] for them in (incidents, windows)]
    summary = {**about, "components": [], "incidents": unsettled[0], "scheduled_maintenances": unsettled[1]}
    return {
        f"{base}/api/v2/incidents.json": {**about, "incidents": list(incidents)},
        f"{base}/api/v2/scheduled-maintenances.json": {**about, "scheduled_maintenances": list(windows)},
        f"{base}/api/v2/summary.json": summary,
    }


def incidentio(base: str, incidents: Sequence[Json] = ()) -> dict[str, Json]:
    """The documents of an incident.io page at the path `base`: its own ones name the components, the other does not."""
    identity = f"01{zlib.crc32(base.encode()):024d}"
    names = [part for it in incidents for part in it["components"]]
    told = [{name: it[name] for name in it if name != "components"} for it in incidents]
    native = [{key: it[key] for key in ("id", "name", "status")} for it in incidents]
    for entry, it in zip(native, incidents, strict=True):
        entry["published_at"] = it["created_at"]
        entry["affected_components"] = [{"component_id": part["id"]} for part in it["components"]]
    return {
        f"{base}/api/v2/incidents.json": {"page": {"id": identity}, "incidents": told},
        f"{base}/proxy/127.0.0.1/incidents": {"incidents": native},
        f"{base}/proxy/127.0.0.1": {"summary": {"id": identity, "components": names}},
    }

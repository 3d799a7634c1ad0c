"""A vendor's web server: answers each path as the test says. And the documents of a status page for it."""

from __future__ import annotations

import json
import threading
import zlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.support.loopback_server import LoopbackServer, Reply

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Callable, Mapping, Sequence

    from tests.support.loopback_server import RawReply, Request

    Body = bytes | Callable[[socket.socket], None]

Json = dict[str, Any]
CLOSED: Final = ("resolved", "postmortem", "completed")
DAY: Final = datetime(2025, 1, 1, 10, tzinfo=UTC)
PATIENCE: Final = 60  # seconds to wait for a request


class FakeVendor(LoopbackServer):
    """Serves while its context lasts. With `etags` every 200 carries one, and a request that names it gets 304."""

    def __init__(self, *, etags: bool = False, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(tls=tls)
        self.etags = etags
        self.requests: list[Request] = []
        self._replies: dict[str, Reply | RawReply] = {}
        self._changed = threading.Condition()

    def answer(self, path: str, body: str | Json | Body, status: int = 200, **headers: str) -> None:
        """Answer this path so from now on. A callable writes to the connection; any other path is a 404."""
        if callable(body):
            self._replies[path] = body
            return
        content = json.dumps(body) if isinstance(body, dict) else body
        encoded = content.encode() if isinstance(content, str) else content
        self._replies[path] = Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, encoded)

    def put(self, documents: Mapping[str, Json]) -> None:
        """Publish these documents, by their paths."""
        for path, document in documents.items():
            self.answer(path, document)

    def paths(self) -> list[str]:
        """Return the path of each request."""
        return [request.path for request in self.requests]

    def wait_for(self, path: str, count: int = 1, seconds: float = PATIENCE) -> None:
        """Wait until the path was requested so often."""
        with self._changed:
            in_time = self._changed.wait_for(lambda: self.paths().count(path) >= count, seconds)
        assert in_time, f"nobody asked for {path} {count} times"

    def reply(self, request: Request) -> Reply | RawReply:
        """Note the request, and return its answer."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        reply = self._replies.get(request.path, Reply(404, body=b"no such document"))
        if not (self.etags and isinstance(reply, Reply) and reply.status == 200):
            return reply
        etag = f'"{zlib.crc32(reply.body):08x}"'
        headers = {**reply.headers, "ETag": etag}
        if request.headers["If-None-Match"] == etag:
            return Reply(304, headers)
        return reply._replace(headers=headers)


def incident(key: str, *statuses: str, impact: str = "minor", parts: Sequence[str] = (), at: datetime = DAY) -> Json:
    """Return an incident with an update for each status, a minute apart, from `at` on."""
    times = [(at + timedelta(minutes=number)).isoformat() for number in range(len(statuses))]
    updates = [
        {"id": f"{key}-{status}-{time}", "status": status, "body": f"It is {status}.", "created_at": time}
        for status, time in zip(statuses, times, strict=True)
    ]
    fields = {"id": key, "name": f"Trouble {key}", "status": statuses[-1], "impact": impact, "created_at": times[0]}
    components = [{"id": part, "name": part} for part in parts]
    return {**fields, "components": components, "incident_updates": updates[::-1]}


def window(key: str, *statuses: str, parts: Sequence[str] = (), at: datetime = DAY) -> Json:
    """Return a maintenance window."""
    times = {"scheduled_for": "2025-01-02T10:00:00Z", "scheduled_until": "2025-01-02T12:00:00Z"}
    return incident(key, *statuses, impact="maintenance", parts=parts, at=at) | times


def statuspage(base: str, incidents: Sequence[Json] = (), windows: Sequence[Json] = ()) -> dict[str, Json]:
    """Return the documents of an Atlassian Statuspage at the path `base`."""
    about: Json = {"page": {"id": f"{zlib.crc32(base.encode()):012d}"}}
    summary = {**about, "components": [], "incidents": _open(incidents), "scheduled_maintenances": _open(windows)}
    return {
        f"{base}/api/v2/incidents.json": {**about, "incidents": list(incidents)},
        f"{base}/api/v2/scheduled-maintenances.json": {**about, "scheduled_maintenances": list(windows)},
        f"{base}/api/v2/summary.json": summary,
    }


def _open(listed: Sequence[Json]) -> list[Json]:
    return [entry for entry in listed if entry["status"] not in CLOSED]


def incidentio(base: str, incidents: Sequence[Json] = ()) -> dict[str, Json]:
    """Return the documents of an incident.io page at the path `base`.

    Its own documents name the components, the compatible one does not.
    """
    identity = f"01{zlib.crc32(base.encode()):024d}"
    components = [part for entry in incidents for part in entry["components"]]
    compatible = [{name: value for name, value in entry.items() if name != "components"} for entry in incidents]
    return {
        f"{base}/api/v2/incidents.json": {"page": {"id": identity}, "incidents": compatible},
        f"{base}/proxy/127.0.0.1/incidents": {"incidents": [_native(entry) for entry in incidents]},
        f"{base}/proxy/127.0.0.1": {"summary": {"id": identity, "components": components}},
    }


def _native(entry: Json) -> Json:
    affected = [{"component_id": part["id"]} for part in entry["components"]]
    fields = {name: entry[name] for name in ("id", "name", "status")}
    return {**fields, "published_at": entry["created_at"], "affected_components": affected}

"""The HTTP side: a doorbell, health, metrics, and the board. Nobody can change anything here but ring.

A push is never believed. With the right token it makes the page be read: once at a time, and politely.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final, NamedTuple, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from statuswatch.serve.figures import Figures
from statuswatch.serve.pushes import MAX_BODY, describe, is_same_secret, is_signed
from statuswatch.serve.site import Site

BODY_SECONDS: Final = 10.0  # for the body of a push
RETRY_AFTER: Final = "30"  # seconds, where a ring cannot be written
HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PUBLIC_HEADERS: Final = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


class Doors(NamedTuple):
    """What the HTTP side may do: `token` is the secret of the doorbell, "" where there is none.

    `secrets` are those that pushes are signed with, by key of the page. `ring` raises OSError, `problems` are the
    reasons why the process is not ready.
    """

    token: Callable[[], str]
    keys: Callable[[], frozenset[str]]
    secrets: Callable[[], Mapping[str, str]]
    ring: Callable[[str], None]
    log: Callable[[str], None]
    problems: Callable[[], list[str]]
    lag: Callable[[], float]


class Agents(Protocol):
    """An application that answers agents, within its context `running`."""

    def running(self, app: Starlette, /) -> AbstractAsyncContextManager[None]:
        """Return the context in which it answers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None:
        """Answer a request."""


class App:
    """The endpoints."""

    def __init__(self, doors: Doors, site: Site, figures: Figures) -> None:
        self._doors, self._site, self._figures = doors, site, figures

    async def hook(self, request: Request) -> Response:
        """Answer a ring, and count the answer."""
        response = await self._ring(request)
        self._figures.rings.labels(str(response.status_code)).inc()
        return response

    async def _ring(self, request: Request) -> Response:
        key, token = request.path_params["key"].lower(), request.path_params["token"]
        right = self._doors.token()
        is_right = is_same_secret(token, right) and bool(right)
        if not is_right or key not in self._doors.keys():  # noqa: SIM118 - a function of ours
            return _plain("not found", 404)
        if request.method != "POST":  # some subscriptions are confirmed by a look at the address
            return _plain("a doorbell: POST rings it")
        body = await _read_body(request)
        if isinstance(body, Response):
            return body
        secret = self._doors.secrets().get(key)
        if secret is not None and not is_signed(body, request.headers, secret):
            return _plain("the signature is missing or wrong", 401)
        try:
            await run_in_threadpool(self._doors.ring, key)
        except OSError:
            unwritten = _plain("the ring cannot be written", 503)
            unwritten.headers["Retry-After"] = RETRY_AFTER
            return unwritten
        self._doors.log(f"rung for {key} by {address_of(request)} ({describe(body, request.headers)})")
        return _plain("accepted", 202)

    async def nothing(self, _: Request) -> Response:
        """Answer as for a wrong token."""
        return _plain("not found", 404)

    async def refuse(self, _: Request, error: Exception) -> Response:
        """Answer a method that an address does not have."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _plain(HTTPStatus(status).phrase.lower(), status)

    async def health(self, _: Request) -> Response:
        """Say that the process lives."""
        return _plain("alive")

    async def ready(self, _: Request) -> Response:
        """Say whether every page is read in time, and can be remembered."""
        problems = self._doors.problems()
        return JSONResponse({"ready": not problems, "problems": problems}, 503 if problems else 200, HEADERS)

    async def metrics(self, _: Request) -> Response:
        """Return the figures of the process, and the state of the pages."""
        self._figures.lag.set(self._doors.lag())
        content = self._figures.text()
        if states := self._site.find("metrics.prom"):
            content += states.content
        return Response(content, headers=HEADERS, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def file(self, request: Request) -> Response:
        """Return a file of the board."""
        found = self._site.find(request.path_params["path"])
        if found is None:
            return _plain("not found", 404)
        headers = {**HEADERS, "ETag": found.etag, "Cache-Control": "no-cache"}
        if found.type == "application/json":
            headers |= PUBLIC_HEADERS
        if _is_current(request.headers.get("if-none-match", ""), found.etag):
            return Response(status_code=304, headers=headers)
        return Response(found.content, headers={**headers, "Content-Type": found.type})


def build_app(doors: Doors, site: Site, figures: Figures, agents: Agents | None = None) -> Starlette:
    """Return the application. `agents` is what answers at /mcp."""
    app = App(doors, site, figures)
    return Starlette(
        routes=[
            *([Route("/mcp", _Guarded(agents))] if agents else []),
            Route("/hooks/{key}/{token}", app.hook, methods=["POST", "GET", "HEAD"]),
            Route("/hooks{rest:path}", app.nothing, methods=["POST", "GET", "HEAD"]),
            Route("/healthz", app.health),
            Route("/readyz", app.ready),
            Route("/metrics", app.metrics),
            Route("/{path:path}", app.file),
        ],
        exception_handlers={HTTPException: app.refuse},
        lifespan=agents.running if agents else None,
    )


class _Guarded:
    """An application whose answers have the security headers too."""

    def __init__(self, app: Agents) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
            await send(message)

        await self._app(scope, receive, send_guarded)


async def _read_body(request: Request) -> bytes | Response:
    """Return the body of a push; a response where it is too large or too slow."""
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > MAX_BODY:
                    return _plain(f"a push has at most {MAX_BODY} bytes", 413)
                parts.append(part)
    except TimeoutError:
        return _plain("the body is too slow", 408)
    except ClientDisconnect:
        return _plain("the body is not complete", 400)
    return b"".join(parts)


def address_of(request: Request) -> str:
    """Return where a request came from: an address and nothing else, for a proxy's header may hold any text."""
    try:
        return str(ip_address(request.client.host if request.client else ""))
    except ValueError:
        return "a client without an address"  # one of a Unix socket


def _is_current(stated: str, etag: str) -> bool:
    return any(tag.strip().removeprefix("W/") in (etag, "*") for tag in stated.split(","))


def _plain(words: str, status: int = 200) -> Response:
    return PlainTextResponse(f"{words}\n", status, HEADERS | {"Cache-Control": "no-store"})

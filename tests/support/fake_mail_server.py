"""A mail server on the loopback, and servers that do not behave like one."""

from __future__ import annotations

import asyncio
import email
import ssl
import threading
from email.policy import SMTP
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd import smtp

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

    import trustme

USER, PASSWORD = "robot-7f3a", "Pa55phrase-9c1d"
MAX_SECONDS = 60  # for the server to start, and to stop


class FakeMailServer:
    """Serves while its context lasts.

    `replies` are the replies to DATA in turn; `rejected` holds the replies to RCPT, by address.
    """

    def __init__(
        self,
        *replies: str,
        security: str = "none",
        rejected: dict[str, str] | None = None,
        authority: trustme.CA | None = None,
        login: bool = False,
        host: str = "127.0.0.1",
    ) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[smtp.Envelope] = []
        self.users: list[bytes] = []
        self.tls: list[bool] = []
        self._replies = list(replies)
        self._rejected = rejected or {}
        self._security = security
        self._login = login
        self._context: ssl.SSLContext | None = None
        if authority:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(host).configure_cert(self._context)
        self._loop = asyncio.new_event_loop()
        self.port = 0

    def options(self, **options: Any) -> dict[str, Any]:
        """Return the options of a sink that sends to this server."""
        return {
            **_options(self.port),
            "security": self._security,
            "sender": "Statuswatch <watch@acme.example>",
            **options,
        }

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _: Any, __: Any, envelope: smtp.Envelope, address: str, ___: Any
    ) -> str:
        if address in self._rejected:
            return self._rejected[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, session: Any, envelope: smtp.Envelope) -> str:  # noqa: N802 - likewise
        reply = self._replies.pop(0) if self._replies else "250 OK"
        if reply.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(email.message_from_bytes(envelope.content, policy=SMTP))
            self.envelopes.append(envelope)
            self.tls.append(session.ssl is not None or self._security == "tls")
        return reply

    def _authenticate(self, _: Any, __: Any, ___: Any, mechanism: str, login: Any) -> smtp.AuthResult:
        assert isinstance(login, smtp.LoginPassword), mechanism
        self.users.append(login.login)
        success = (login.login, login.password) == (USER.encode(), PASSWORD.encode())
        return smtp.AuthResult(success=success, handled=False)

    def _session(self) -> smtp.SMTP:
        starttls = self._security == "starttls"
        tls: dict[str, Any] = {"tls_context": self._context, "require_starttls": True} if starttls else {}
        # aiosmtpd does not know of TLS from the first byte: to require a login then makes it warn.
        auth: dict[str, Any] = {
            "authenticator": self._authenticate,
            "auth_required": starttls,
            "auth_require_tls": starttls,
        }
        return smtp.SMTP(self, hostname="mail.test", loop=self._loop, **tls, **(auth if self._login else {}))

    def __enter__(self) -> Self:
        started = threading.Event()

        async def serve() -> None:
            implicit = self._context if self._security == "tls" else None
            server = await self._loop.create_server(self._session, "127.0.0.1", 0, ssl=implicit)
            self.port = server.sockets[0].getsockname()[1]
            self._stop = asyncio.Event()
            started.set()
            await self._stop.wait()
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()), daemon=True)
        self._thread.start()
        assert started.wait(MAX_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(MAX_SECONDS)
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


class ScriptedServer:
    """Handles each connection as the test says, and counts them."""

    def __init__(self, handle: Callable[[StreamRequestHandler], None]) -> None:
        self.connections = 0
        server = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                server.connections += 1
                handle(self)

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self._server.server_address[1]

    def options(self, **options: Any) -> dict[str, Any]:
        """Return the options of a sink that sends to this server."""
        return {**_options(self.port), "security": "none", "sender": "watch@acme.example", **options}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _options(port: int) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "to": ["ops@acme.example"]}


def write_certificate(authority: trustme.CA, folder: Path) -> str:
    """Write the authority's certificate, and return the file for SSL_CERT_FILE."""
    path = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)

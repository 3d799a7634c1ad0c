"""A mail server on the loopback, and servers that behave otherwise than one."""

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


class Mailbox:
    """Serves while its context lasts. `answers` are given in turn to DATA, `refused` to RCPT of these addresses."""

    def __init__(
        self,
        *answers: str,
        security: str = "none",
        refused: dict[str, str] | None = None,
        authority: trustme.CA | None = None,
        login: bool = False,
        certified: str = "127.0.0.1",
    ) -> None:
        self.got: list[EmailMessage] = []
        self.envelopes: list[smtp.Envelope] = []
        self.users: list[bytes] = []
        self.tls: list[bool] = []
        self._answers = list(answers)
        self._refused = refused or {}
        self._security = security
        self._login = login
        self._context: ssl.SSLContext | None = None
        if authority:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(certified).configure_cert(self._context)
        self._loop = asyncio.new_event_loop()
        self.port = 0

    def options(self, **more: Any) -> dict[str, Any]:
        """What a configuration says to send to it."""
        addressed = {"host": "127.0.0.1", "port": self.port, "security": self._security}
        return {**addressed, "sender": "Statuswatch <watch@acme.example>", "to": ["ops@acme.example"], **more}

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _: Any, __: Any, envelope: smtp.Envelope, address: str, ___: Any
    ) -> str:
        if address in self._refused:
            return self._refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _: Any, session: Any, envelope: smtp.Envelope) -> str:  # noqa: N802 - likewise
        answer = self._answers.pop(0) if self._answers else "250 OK"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.got.append(email.message_from_bytes(envelope.content, policy=SMTP))
            self.envelopes.append(envelope)
            self.tls.append(session.ssl is not None or self._security == "tls")
        return answer

    def _known(self, _: Any, __: Any, ___: Any, mechanism: str, given: Any) -> smtp.AuthResult:
        assert isinstance(given, smtp.LoginPassword), mechanism
        self.users.append(given.login)
        return smtp.AuthResult(
            success=(given.login, given.password) == (USER.encode(), PASSWORD.encode()), handled=False
        )

    def _session(self) -> smtp.SMTP:
        later = self._security == "starttls"
        tls: dict[str, Any] = {"tls_context": self._context, "require_starttls": True} if later else {}
        # Of TLS from the first byte aiosmtpd knows nothing: to demand a login then makes it warn.
        auth: dict[str, Any] = {"authenticator": self._known, "auth_required": later, "auth_require_tls": later}
        return smtp.SMTP(self, hostname="mail.test", loop=self._loop, **tls, **(auth if self._login else {}))

    def __enter__(self) -> Self:
        begun = threading.Event()

        async def serve() -> None:
            implicit = self._context if self._security == "tls" else None
            server = await self._loop.create_server(self._session, "127.0.0.1", 0, ssl=implicit)
            self.port = server.sockets[0].getsockname()[1]
            self._stop = asyncio.Event()
            begun.set()
            await self._stop.wait()
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(serve()), daemon=True)
        self._thread.start()
        assert begun.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()


class Oddity:
    """A server that does with a connection what the test says; `port` is where. Counts who came."""

    def __init__(self, does: Callable[[StreamRequestHandler], None]) -> None:
        self.came = 0
        oddity = self

        class Handler(StreamRequestHandler):
            def handle(self) -> None:
                oddity.came += 1
                does(self)

        self._server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self._server.server_address[1]

    def options(self, **more: Any) -> dict[str, Any]:
        addressed = {"host": "127.0.0.1", "port": self.port, "security": "none"}
        return {**addressed, "sender": "watch@acme.example", "to": ["ops@acme.example"], **more}

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def trusting(authority: trustme.CA, folder: Path) -> str:
    """The file for SSL_CERT_FILE."""
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return str(folder / "ca.pem")

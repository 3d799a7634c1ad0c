"""Mail over SMTP: one message an event, one thread an incident.

Mail programs recognise a thread in different ways. All messages of an incident, the first included, refer to one id
that no message has: RFC 5256 makes a thread of them, and Gmail does where the references consistently name one id and
the subjects are equal (Google Workspace Updates, 29 March 2019). Both ignore what stands in brackets at the beginning
of a subject, so what changes stands there. Outlook reads Thread-Index and Thread-Topic (MS-OXOMSG 2.2.1.2).

A recipient that the server refuses for now (4xx) while another is accepted is tried again by itself, in this run and
in later ones; those who have the message are not sent it again. One that is refused for good is named.
"""

import base64
import hashlib
import html
import ipaddress
import re
import select
import smtplib
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from typing import Annotated, Any, Final, Literal

import msgspec

from statuswatch import text
from statuswatch.errors import SecretError, UsageError
from statuswatch.model.event import Event, Notification
from statuswatch.model.incident import IncidentKind
from statuswatch.net.http import SinkClient, connection_error
from statuswatch.net.threads import run_in_daemon_thread
from statuswatch.net.trust import trust_store
from statuswatch.render import phrases
from statuswatch.render.notification import (
    NotificationText,
    chat_safe,
    cut,
    digest_headline,
    digest_line,
    notification_text,
    notification_texts,
)
from statuswatch.sinks import Options, ReadSecret, Send, SinkError
from statuswatch.sinks.payloads import status_line

DIGEST_ABOVE: Final = 10
MAX_STEP_SECONDS: Final = 10.0  # for each step of a dialogue with the server
GREETING_SECONDS: Final = 1.0  # within which most servers greet
PROBE_SECONDS: Final = 3.0  # for a handshake that shows whether the port begins with TLS
LOGIN_MECHANISMS: Final = ("PLAIN", "LOGIN", "CRAM-MD5")  # TLS or the loopback protects all of them
MAX_STATUSES: Final = 50  # incident updates in one message: the newest
MAX_TITLE: Final = 150  # characters of the incident's title in the subject
MAX_COMPONENTS: Final = 80  # characters of the components in the subject
MAX_NAME: Final = 80  # characters of the page's name in the subject: Postfix drops what is over 100 KB of a header
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)  # of FILETIME


class _TextHeader(UniqueUnstructuredHeader):
    """A line of text, encoded as a whole: the standard library encodes by parts, and loses a space between two."""

    name: str

    def fold(self, *, policy: "Policy[Any]") -> str:
        """Return the header as it is sent."""
        header = Header(str(self), "utf-8", header_name=self.name)
        return f"{self.name}: {header.encode(linesep=policy.linesep)}{policy.linesep}"


# An id must not be folded; the standard library folds it in headers of which it does not know that they hold one.
_TYPES: Final[Mapping[str, Any]] = {
    "subject": _TextHeader,
    "thread-topic": _TextHeader,
    "in-reply-to": MessageIDHeader,
    "references": MessageIDHeader,
}
_HEADERS: Final = HeaderRegistry()
for _name, _type in _TYPES.items():
    _HEADERS.map_to_type(_name, _type)
_POLICY: Final = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)


class Email(Options, frozen=True):
    """Options of the sink."""

    host: Annotated[str, msgspec.Meta(min_length=1)]
    sender: str
    to: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    security: Literal["starttls", "tls", "none"] = "starttls"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    username_env: str = ""
    password_env: str = ""


OPTIONS: Final = Email


class _Server(msgspec.Struct, frozen=True):
    host: str
    port: int
    security: str
    login: tuple[str, str] | None


def configure(options: Email, read_secret: ReadSecret, /) -> Send:
    """Return the function that sends. Raises UsageError where an option cannot be right."""
    server = _server(options, read_secret)
    sender = _address(options.sender, "sender")
    to = [_address(recipient, "to") for recipient in options.to]
    addresses = {text.digest(address.addr_spec): address.addr_spec for address in to}
    deferred: dict[str, tuple[str, ...]] = {}  # by notification: digests of the recipients that it still waits for

    async def send(_: SinkClient, notification: Notification) -> str:
        content = document(notification, sender, to).as_bytes()
        waiting = deferred.get(notification.id) or notification.deliveries[0].recipients or ()
        recipients = [addresses[digest] for digest in waiting or addresses if digest in addresses]
        if not recipients:
            return "the recipients that it waited for are not configured any more"
        try:
            rejected = await run_in_daemon_thread(lambda: _send_mail(server, sender.addr_spec, recipients, content))
        except SinkError as error:
            raise error.for_recipients(waiting) from None
        if len(rejected) == len(addresses):
            final = all(_is_final(code) for code, _ in rejected.values())
            raise SinkError(_recipient_errors(rejected), final=final)
        deferred[notification.id] = _deferred(rejected)
        if deferred[notification.id]:
            raise SinkError(
                f"not accepted for {_recipient_errors(rejected)}", recipients=deferred[notification.id], ends_turn=False
            )
        return f"accepted, but not for {_recipient_errors(rejected)}" if rejected else ""

    return send


def _deferred(rejected: Mapping[str, tuple[int, bytes]]) -> tuple[str, ...]:
    """Return the digests of the recipients that may be accepted later."""
    return tuple(text.digest(address) for address, (code, _) in rejected.items() if not _is_final(code))


def _server(options: Email, read_secret: ReadSecret) -> _Server:
    if options.security == "none" and not _is_loopback(options.host):
        raise UsageError("email: security: 'none' is for a server on the loopback (localhost, 127.0.0.1, ::1)")
    if options.host != text.line(options.host) or " " in options.host:
        raise UsageError("email: host: not the name of a host")
    if bool(options.username_env) != bool(options.password_env):
        raise UsageError("email: username_env and password_env: both, or neither")
    login = None
    if options.username_env:
        login = _read_ascii(options.username_env, read_secret), _read_ascii(options.password_env, read_secret)
    port = options.port or _PORTS[options.security]
    return _Server(host=options.host, port=port, security=options.security, login=login)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(words: str, option: str) -> Address:
    """Return one address, perhaps with a name before it. Raises UsageError."""
    invalid = UsageError(f"email: {option}: {text.line(words)!r} is not an address, for example ops@acme.example")
    if words != text.line(words):
        raise invalid
    holder = EmailMessage(policy=_POLICY)
    try:
        holder["From"] = words
        header = holder["From"]
        (address,) = header.addresses
    except (ValueError, IndexError, AttributeError):
        raise invalid from None
    spec = address.addr_spec
    if header.defects or header.groups[0].display_name is not None:
        raise invalid
    if not re.fullmatch(r"[!-~]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", spec):
        raise invalid
    return Address(address.display_name, addr_spec=spec)


def _read_ascii(variable: str, read_secret: ReadSecret) -> str:
    value = read_secret(variable)
    if not value.isascii():
        raise SecretError(f"${variable}: only ASCII is possible: the standard library's SMTP login sends nothing else")
    return value


# ---------------------------------------------------------------------------------------------------------- the message


def document(notification: Notification, sender: Address, to: Iterable[Address]) -> EmailMessage:
    """Return the mail: equal for equal notifications, however often it is sent."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = sender
    mail["To"] = tuple(to)
    mail["Date"] = max(delivery.detected_at for delivery in notification.deliveries)
    mail["Message-ID"] = _message_id(notification.id, sender.domain)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office reply is sent to it
    if len(notification.deliveries) == 1:
        plain, markup = _fill_event(mail, notification, sender.domain)
    else:
        plain, markup = _fill_digest(mail, notification)
    mail.set_content(f"{plain}\n")
    mail.add_alternative(
        f'<!doctype html>\n<html><body style="font-family:sans-serif">{markup}</body></html>\n', "html"
    )
    return mail


def _fill_event(mail: EmailMessage, notification: Notification, domain: str) -> tuple[str, str]:
    """Set the headers for one event; return its text and HTML."""
    (delivery,) = notification.deliveries
    event = delivery.event
    content = notification_text(delivery, test=notification.test, dropped=notification.dropped)
    topic = _header_line(f"{cut(event.page.name, MAX_NAME)} · {cut(content.title, MAX_TITLE)}")
    incident = f"{event.page.key}/{event.incident.id}"
    mail["Subject"] = f"[{_subject_mark(content, event)}] {topic}"
    mail["In-Reply-To"] = mail["References"] = _message_id(incident, domain)
    mail["Thread-Topic"] = topic
    mail["Thread-Index"] = _thread_index(incident, event.incident.created_at)
    return _event_text(content), _event_html(content)


def _fill_digest(mail: EmailMessage, notification: Notification) -> tuple[str, str]:
    """Set the headers for a digest; return its text and HTML."""
    headline = digest_headline(notification)
    mail["Subject"] = headline
    entries = [(_unlinked(digest_line(content)), content.url) for content in notification_texts(notification)]
    plain = "\n\n".join([headline, *(f"{line}\n{url}" for line, url in entries)])
    items = [f"<li><p>{html.escape(line)} {_link(url)}</p></li>\n" for line, url in entries]
    return plain, "".join([f"<h2>{html.escape(headline)}</h2><ul>", *items, "</ul>"])


def _subject_mark(content: NotificationText, event: Event) -> str:
    """Return what may change in the subject from one message of the thread to the next."""
    labels = [component.label for component in event.incident.components]
    components = phrases.some_components(labels, phrases.UNLIMITED)
    if event.incident.kind is IncidentKind.PAGE:
        components = "status page"
    mark = f"{content.sign} {content.label}"
    if components:
        mark = f"{mark} · {cut(chat_safe(components), MAX_COMPONENTS)}"
    return _header_line(mark).translate({ord("["): "(", ord("]"): ")"})


def _event_text(content: NotificationText) -> str:
    messages = [status_line(status, message) for status, message in _newest_statuses(content)]
    facts = "\n".join(_non_empty(content.title, " · ".join(content.facts)))
    paragraphs = _non_empty(content.headline, facts, *messages, content.remark, content.times)
    return "\n\n".join([*(_unlinked(paragraph) for paragraph in paragraphs), *_non_empty(content.url)])


def _event_html(content: NotificationText) -> str:
    border = f"border-left:6px solid #{content.colour:06x};padding-left:8px"
    return "\n".join(
        [
            f'<h2 style="{border}">{_escaped(content.headline)}</h2>',
            f"<p><b>{_escaped(content.title)}</b><br>{_escaped(' · '.join(content.facts))}</p>",
            *(_status_html(status, message) for status, message in _newest_statuses(content)),
            *(f"<p><i>{_escaped(remark)}</i></p>" for remark in _non_empty(content.remark)),
            f"<p>{_link(content.url)}</p>",
            f"<p><small>{_escaped(content.times)}</small></p>",
        ]
    )


def _status_html(status: str, message: str) -> str:
    after = f" — {_escaped(message)}" if message else ""
    return f"<p><b>{_escaped(status)}</b>{after}</p>"


def _escaped(words: str) -> str:
    return html.escape(_unlinked(words))


def _link(url: str) -> str:
    return f'<a href="{html.escape(url)}">what the vendor says</a>' if url else ""


def _newest_statuses(content: NotificationText) -> Iterator[tuple[str, str]]:
    left_out = len(content.statuses) - MAX_STATUSES
    if left_out > 0:
        yield f"… (and {left_out} earlier updates)", ""
    yield from content.statuses[-MAX_STATUSES:]


def _unlinked(words: str) -> str:
    """Return text in which no mail program finds a host name to link: a word joiner stands after each dot in one."""
    return re.sub(r"(?<=[^\W_])\.(?=[^\W\d_]{2})", ".\u2060", words)


def _non_empty(*words: str) -> list[str]:
    return [word for word in words if word]


def _header_line(words: str) -> str:
    """Return one line, of which nothing is decoded as an encoded word (RFC 2047)."""
    return " ".join(words.split()).replace("=?", "=\u2060?")


def _message_id(name: str, domain: str) -> str:
    return f"<{hashlib.sha256(name.encode()).hexdigest()[:32]}@{domain}>"


def _thread_index(incident: str, started_at: datetime) -> str:
    """Return the head of a conversation: six bytes of a FILETIME, the first of which is 1, and a GUID."""
    ticks = (max(started_at, _EPOCH) - _EPOCH) // timedelta(microseconds=1) * 10  # some vendors' zero is the year 1
    head = ticks.to_bytes(8, "big")[:6]
    return base64.b64encode(head + hashlib.sha256(incident.encode()).digest()[:16]).decode()


# ----------------------------------------------------------------------------------------------------------- the server


class _PlainSMTP(smtplib.SMTP):
    """A connection that begins without TLS.

    A server that begins with TLS waits for its client, as this does for the server's greeting. Where no greeting comes
    at once, a second connection shows whether it is such a server.
    """

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        connection = socket.create_connection((host, port), timeout, self.source_address)
        is_silent = not select.select([connection], [], [], GREETING_SECONDS)[0]
        if is_silent and _begins_with_tls(host, port, min(timeout, PROBE_SECONDS)):
            connection.close()
            raise _TlsPortError
        return connection


class _TlsPortError(OSError):
    """The port begins with TLS."""


def _begins_with_tls(host: str, port: int, timeout: float) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # nothing is sent: it only shows whether the server speaks TLS
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout) as connection,
            context.wrap_socket(connection, server_hostname=host),
        ):
            return True
    except OSError:
        return False


def _log_in(connection: smtplib.SMTP, user: str, password: str) -> None:
    """Log in by the first mechanism that the server offers: a rejected login repeated may lock the account."""
    connection.ehlo_or_helo_if_needed()
    offered = connection.esmtp_features.get("auth", "").upper().split()
    connection.user, connection.password = user, password
    for mechanism in LOGIN_MECHANISMS:
        if mechanism in offered:
            method = getattr(connection, f"auth_{mechanism.lower().replace('-', '_')}")
            connection.auth(mechanism, method)
            return
    raise smtplib.SMTPException("no supported mechanism")


def _send_mail(server: _Server, sender: str, to: list[str], content: bytes) -> dict[str, tuple[int, bytes]]:
    """Send, and return the recipients that were rejected. Blocks. Raises SinkError."""
    connection: smtplib.SMTP | None = None
    try:
        context = trust_store()
        if server.security == "tls":
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=MAX_STEP_SECONDS, context=context)
        else:
            connection = _PlainSMTP(server.host, server.port, timeout=MAX_STEP_SECONDS)
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.login:
            _log_in(connection, *server.login)
        rejected = connection.sendmail(sender, to, content)
        with suppress(OSError):
            connection.putcmd("QUIT")  # the mail was accepted: the reply changes nothing, and is not waited for
    except smtplib.SMTPRecipientsRefused as error:
        return error.recipients
    except OSError as error:  # smtplib's own errors are OSErrors
        raise _sink_error(error) from None
    finally:
        if connection:
            connection.close()
    return rejected


def _sink_error(error: OSError) -> SinkError:
    if problem := _setup_problem(error):
        return SinkError(problem, final=True, ends_turn=True)
    match error:
        case smtplib.SMTPAuthenticationError(smtp_code=code):
            # The text of the reply may repeat the password. No other login of this run is tried.
            return SinkError(f"SMTP {code}: user name or password rejected", final=_is_final(code), ends_turn=True)
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=reply):
            return SinkError(_reply(code, reply), final=_is_final(code))
    return SinkError(connection_error(error))


def _setup_problem(error: OSError) -> str:
    """Return what has to be changed before the server can accept anything; "" where that is not the fault."""
    match error:
        case _TlsPortError():
            return "the port begins with TLS: set security = 'tls'"
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
            return "the port does not begin with TLS: set security = 'starttls'"
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(error):
            return "the server offers no STARTTLS; is it one for security = 'tls'?"
        case smtplib.SMTPServerDisconnected() | smtplib.SMTPResponseException():
            return ""
        case smtplib.SMTPException():
            return "the server offers no supported way to log in"
    return ""


def _is_final(code: int) -> bool:
    return 500 <= code <= 599


def _reply(code: int, message: bytes | str) -> str:
    if code < 0:
        return "the response is not SMTP"
    words = message.decode(errors="replace") if isinstance(message, bytes) else message
    return f"SMTP {code} {text.line(words)}".rstrip()


def _recipient_errors(recipients: Mapping[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{address}: {_reply(code, message)}" for address, (code, message) in recipients.items())

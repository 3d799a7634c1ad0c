"""Mail over SMTP: one message an event, one thread an incident.

A thread by what each program goes by. All messages of an incident refer to one id that no message has, the first that
is seen included, whatever it says: RFC 5256 threads such, and Gmail does where the references consistently name one id
and the subjects are the same (Google Workspace Updates, 29 March 2019). Of a subject neither looks at what stands in
brackets in front, so that what changes stands there. Outlook goes by Thread-Index and Thread-Topic (MS-OXOMSG 2.2.1.2).

The message is told once one recipient's address was taken: another try would bring it to those again who have it, and
hold up what comes after it for all. Those that were refused are named.
"""

import base64
import hashlib
import html
import ipaddress
import re
import smtplib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.header import Header
from email.headerregistry import Address, HeaderRegistry, MessageIDHeader, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
from typing import Annotated, Any, Final, Literal

import httpx
import msgspec

from statuswatch import text
from statuswatch.errors import UsageError
from statuswatch.model.event import Event, Notification
from statuswatch.model.incident import IncidentKind
from statuswatch.net.threads import run_in_daemon_thread
from statuswatch.net.trust import trust_store
from statuswatch.render.notification import (
    NotificationText,
    chat_safe,
    cut,
    digest_headline,
    digest_line,
    notification_text,
    notification_texts,
)
from statuswatch.sinks import Lookup, Options, Send, SinkError
from statuswatch.sinks.http import cause

DIGEST_ABOVE: Final = 10
TIMEOUT: Final = 10.0  # seconds for each step of a conversation with the server
MOST_STATUSES: Final = 50  # updates in one message: the newest
LONGEST_SUBJECT: Final = 150  # characters of the title in it
LONGEST_COMPONENTS: Final = 80  # characters of them in the subject
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_EPOCH: Final = datetime(1601, 1, 1, tzinfo=UTC)  # of FILETIME


class _Words(UniqueUnstructuredHeader):
    """A line of text, encoded whole: where the standard library encodes by parts, a space between two is lost."""

    name: str

    def fold(self, *, policy: "Policy[Any]") -> str:
        words = Header(str(self), "utf-8", header_name=self.name)
        return f"{self.name}: {words.encode(linesep=policy.linesep)}{policy.linesep}"


# An id is never folded: the standard library does where it does not know that a header holds one.
_TYPES: Final[Mapping[str, Any]] = {
    "subject": _Words,
    "thread-topic": _Words,
    "in-reply-to": MessageIDHeader,
    "references": MessageIDHeader,
}
_HEADERS: Final = HeaderRegistry()
for _name, _type in _TYPES.items():
    _HEADERS.map_to_type(_name, _type)
_POLICY: Final = SMTP.clone(cte_type="7bit", header_factory=_HEADERS)


class Email(Options, frozen=True):
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


def configure(options: Email, secret: Lookup, /) -> Send:
    if options.security == "none" and not _on_the_loopback(options.host):
        raise UsageError("email: security: 'none' is for a server on the loopback (localhost, 127.0.0.1, ::1)")
    if options.host != text.line(options.host) or " " in options.host:
        raise UsageError("email: host: not the name of a host")
    if bool(options.username_env) != bool(options.password_env):
        raise UsageError("email: username_env and password_env: both, or neither")
    sender, *to = (_address(it, "sender" if not at else "to") for at, it in enumerate((options.sender, *options.to)))
    variables = (options.username_env, options.password_env) if options.username_env else ()
    login = [_ascii(secret(it), it) for it in variables]
    server = _Server(
        host=options.host,
        port=options.port or _PORTS[options.security],
        security=options.security,
        login=(login[0], login[1]) if login else None,
    )

    async def send(_: httpx.AsyncClient, message: Notification) -> str:
        content = document(message, sender, to).as_bytes()
        refused = await run_in_daemon_thread(
            lambda: _post(server, sender.addr_spec, [it.addr_spec for it in to], content)
        )
        return f"taken, but not for {_listed(refused)}" if refused else ""

    return send


def _on_the_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _address(words: str, option: str) -> Address:
    """One address, perhaps with a name before it."""
    fault = UsageError(f"email: {option}: {text.line(words)!r} is not an address, for example ops@acme.example")
    if words != text.line(words):
        raise fault
    holder = EmailMessage(policy=_POLICY)
    try:
        holder["From"] = words
        header = holder["From"]
        (address,) = header.addresses
    except (ValueError, IndexError, AttributeError):
        raise fault from None
    spec = address.addr_spec
    if header.defects or header.groups[0].display_name is not None:
        raise fault
    if not re.fullmatch(r"[!-~]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", spec):
        raise fault
    return Address(address.display_name, addr_spec=spec)


def _ascii(word: str, variable: str) -> str:
    if not word.isascii():
        raise UsageError(f"${variable}: SMTP's AUTH, as the standard library has it, takes ASCII alone")
    return word


# ---------------------------------------------------------------------------------------------------------- the message


def document(message: Notification, sender: Address, to: Iterable[Address]) -> EmailMessage:
    """The mail: the same for the same message, however often it is sent."""
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = sender
    mail["To"] = tuple(to)
    mail["Date"] = max(notice.detected_at for notice in message.deliveries)
    mail["Message-ID"] = _id(message.id, sender.domain)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is answered to it
    if len(message.deliveries) == 1:
        (notice,) = message.deliveries
        it, event = notification_text(notice, test=message.test), notice.event
        topic = _line(f"{event.page.name} · {cut(it.title, LONGEST_SUBJECT)}")
        incident = f"{event.page.key}/{event.incident.id}"
        mail["Subject"] = f"[{_mark(it, event)}] {topic}"
        mail["In-Reply-To"] = mail["References"] = _id(incident, sender.domain)
        mail["Thread-Topic"] = topic
        mail["Thread-Index"] = _thread_index(incident, event.incident.created_at)
        plain, marked = _plain(it), _marked(it)
    else:
        headline = digest_headline(message)
        mail["Subject"] = headline
        entries = [(_unlinked(digest_line(it)), it.url) for it in notification_texts(message)]
        plain = "\n\n".join([headline, *(f"{line}\n{url}" for line, url in entries)])
        marked = "".join([f"<h2>{html.escape(headline)}</h2><ul>", *(_item(*entry) for entry in entries), "</ul>"])
    mail.set_content(f"{plain}\n")
    mail.add_alternative(
        f'<!doctype html>\n<html><body style="font-family:sans-serif">{marked}</body></html>\n', "html"
    )
    return mail


def _mark(it: NotificationText, event: Event) -> str:
    """What may change from one message of the thread to the next."""
    labels = ", ".join(component.label for component in event.incident.components)
    if event.incident.kind is IncidentKind.PAGE:
        labels = "status page"
    said = f"{it.sign} {it.label}" + (f" · {cut(chat_safe(labels), LONGEST_COMPONENTS)}" if labels else "")
    return _line(said).translate({ord("["): "(", ord("]"): ")"})


def _plain(it: NotificationText) -> str:
    said = [f"{status} — {words}" if words else status for status, words in _statuses(it)]
    paragraphs = [
        it.headline,
        "\n".join(_shown(it.title, " · ".join(it.facts))),
        *said,
        it.remark,
        "\n".join([*_shown(it.times)]),
    ]
    return "\n\n".join([*(_unlinked(paragraph) for paragraph in _shown(*paragraphs)), *_shown(it.url)])


def _marked(it: NotificationText) -> str:
    def safe(words: str) -> str:
        return html.escape(_unlinked(words))

    said = [f"<p><b>{safe(status)}</b>{f' — {safe(words)}' if words else ''}</p>" for status, words in _statuses(it)]
    return "\n".join(
        [
            f'<h2 style="border-left:6px solid #{it.colour:06x};padding-left:8px">{safe(it.headline)}</h2>',
            f"<p><b>{safe(it.title)}</b><br>{safe(' · '.join(it.facts))}</p>",
            *said,
            *(f"<p><i>{safe(remark)}</i></p>" for remark in _shown(it.remark)),
            f"<p>{_link(it.url)}</p>",
            f"<p><small>{safe(it.times)}</small></p>",
        ]
    )


def _item(line: str, url: str) -> str:
    return f"<li><p>{html.escape(line)} {_link(url)}</p></li>\n"


def _link(url: str) -> str:
    return f'<a href="{html.escape(url)}">what the vendor says</a>' if url else ""


def _statuses(it: NotificationText) -> Iterator[tuple[str, str]]:
    left_out = len(it.statuses) - MOST_STATUSES
    if left_out > 0:
        yield f"… (and {left_out} earlier updates)", ""
    yield from it.statuses[-MOST_STATUSES:]


def _unlinked(words: str) -> str:
    """Text in which no mail program finds the name of a host to link: a word joiner stands after each dot in one."""
    return re.sub(r"(?<=[^\W_])\.(?=[^\W\d_]{2})", ".\u2060", words)


def _shown(*words: str) -> list[str]:
    return [it for it in words if it]


def _line(words: str) -> str:
    """One line, in which nothing is taken for an encoded word (RFC 2047) and decoded."""
    return " ".join(words.split()).replace("=?", "=\u2060?")


def _id(of: str, domain: str) -> str:
    return f"<{hashlib.sha256(of.encode()).hexdigest()[:32]}@{domain}>"


def _thread_index(incident: str, began: datetime) -> str:
    """Six bytes of a FILETIME, the first of which is 1, and a GUID: the head of a conversation."""
    ticks = (max(began, _EPOCH) - _EPOCH) // timedelta(microseconds=1) * 10  # some vendors' zero is the year 1
    head = ticks.to_bytes(8, "big")[:6]
    return base64.b64encode(head + hashlib.sha256(incident.encode()).digest()[:16]).decode()


# ----------------------------------------------------------------------------------------------------------- the server


def _post(server: _Server, sender: str, to: list[str], content: bytes) -> dict[str, tuple[int, bytes]]:
    """The recipients that were refused, where another was not. Blocks. Raises SinkError."""
    connection: smtplib.SMTP | None = None
    try:
        context = trust_store()
        if server.security == "tls":
            connection = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        if server.security == "starttls":
            connection.starttls(context=context)
        if server.login:
            connection.login(*server.login)
        refused = connection.sendmail(sender, to, content)
        with suppress(OSError):
            connection.putcmd("QUIT")  # it was taken: whatever is answered now changes nothing, and is not waited for
    except OSError as error:  # smtplib's own errors are OSErrors
        raise _fault(error) from None
    finally:
        if connection:
            connection.close()
    return refused


def _fault(error: OSError) -> SinkError:
    match error:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            return SinkError(_listed(recipients), final=all(_is_final(code) for code, _ in recipients.values()))
        case smtplib.SMTPAuthenticationError(smtp_code=code):
            # What the server says may repeat what it was given.
            return SinkError(f"SMTP {code}: it does not take the user name and password", final=_is_final(code))
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=said):
            return SinkError(_reply(code, said), final=_is_final(code))
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(error):
            return SinkError("the server offers no STARTTLS; is it one for security = 'tls'?", final=True)
        case smtplib.SMTPServerDisconnected():
            return SinkError(cause(error))
        case smtplib.SMTPException():
            return SinkError("the server offers no way to log in that is known", final=True)
    return SinkError(cause(error))


def _is_final(code: int) -> bool:
    return 500 <= code <= 599


def _reply(code: int, said: bytes | str) -> str:
    if code < 0:
        return "its answer is not SMTP"
    words = said.decode(errors="replace") if isinstance(said, bytes) else said
    return f"SMTP {code} {text.line(words)}".rstrip()


def _listed(recipients: Mapping[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{address}: {_reply(*answer)}" for address, answer in recipients.items())

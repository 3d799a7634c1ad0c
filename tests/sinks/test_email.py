"""Mail: secure, authenticated, one thread an incident, and nothing of a vendor in it but words."""

from __future__ import annotations

import base64
import re
import socket
import struct
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trustme

from statuswatch.delivery import deliver as delivery_stage
from statuswatch.errors import UsageError
from statuswatch.model.event import Notification
from statuswatch.sinks import email
from tests.support.fake_mail_server import PASSWORD, USER, FakeMailServer, ScriptedServer, write_certificate
from tests.support.hostile_text import hostile_delivery, with_body
from tests.support.sending import NOW, connected, new_deliveries, resolved, send
from tests.support.sink_samples import EMAIL_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path
    from socketserver import StreamRequestHandler

    from statuswatch.model.event import PendingDelivery

LOGIN = {"username_env": "MAIL_USER", "password_env": "MAIL_PASSWORD"}
ENV = {"MAIL_USER": USER, "MAIL_PASSWORD": PASSWORD}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted_authority(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The authority, which the program trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", write_certificate(authority, tmp_path))
    return authority


@pytest.fixture
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail is attempted once, and a server that hangs is not waited for long."""
    monkeypatch.setattr(email, "MAX_STEP_SECONDS", 1.0)
    monkeypatch.setattr(delivery_stage, "MAX_ATTEMPTS", 1)


def mail_of(*deliveries: PendingDelivery, test: bool = False) -> EmailMessage:
    sender = email._address("watch@acme.example", "sender")
    return email.document(Notification(deliveries, test), sender, [email._address("ops@acme.example", "to")])


def text_and_html(mail: EmailMessage) -> tuple[str, str]:
    plain, markup = mail.iter_parts()
    return plain.get_content(), markup.get_content()


# ------------------------------------------------------------------------------------------------------ the connection


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_logged_in(security: str, trusted_authority: trustme.CA) -> None:
    """2: mail goes over TLS that is verified, by STARTTLS or from the first byte, and after a login."""
    with FakeMailServer(security=security, authority=trusted_authority, login=True) as server:
        outcome = send("email", server.options(**LOGIN), ENV, *new_deliveries(1))
        assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ())
        assert server.tls == [True]
        assert server.users == [USER.encode()]
        assert server.envelopes[0].mail_from == "watch@acme.example"
        assert server.envelopes[0].rcpt_tos == ["ops@acme.example"]


@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_an_unknown_authority(security: str, authority: trustme.CA) -> None:
    """No mail and no password goes to a server whose certificate is not valid."""
    with FakeMailServer(security=security, authority=authority, login=True) as server:
        outcome = send("email", server.options(**LOGIN), ENV, *new_deliveries(1))
        assert "its certificate is not valid" in outcome.remarks[0]
        assert (server.mails, server.users, len(outcome.waiting)) == ([], [], 1)


@pytest.mark.usefixtures("one_attempt")
def test_a_certificate_of_another_host(trusted_authority: trustme.CA) -> None:
    """A certificate must name the server."""
    with FakeMailServer(security="starttls", authority=trusted_authority, host="mail.other.example") as server:
        outcome = send("email", server.options(), {}, *new_deliveries(1))
        assert "its certificate is not valid" in outcome.remarks[0] and not server.mails


def test_the_wrong_security(trusted_authority: trustme.CA) -> None:
    """STARTTLS against a port that begins with TLS, and the reverse, fail at once with what to change."""
    for served, configured in (("tls", "starttls"), ("starttls", "tls")):
        with FakeMailServer(security=served, authority=trusted_authority) as server:
            outcome = send("email", server.options(security=configured), {}, *new_deliveries(2))
            assert f"set security = '{served}'" in outcome.remarks[0]
            assert {delivery.since for delivery in outcome.waiting} == {NOW, None}, "one attempt for all of them"


@pytest.mark.usefixtures("one_attempt")
def test_no_starttls_no_mail() -> None:
    """Where the server offers no STARTTLS nothing is sent in the clear."""
    with FakeMailServer() as server:
        outcome = send("email", server.options(security="starttls"), {}, *new_deliveries(1))
        assert "offers no STARTTLS" in outcome.remarks[0] and not server.mails


def test_a_rejected_login(trusted_authority: trustme.CA) -> None:
    """Contract 7.6.3: a rejected login is final. It is tried once in a run, for an account may be locked after a few
    attempts, and its message names neither user nor password.
    """
    with FakeMailServer(security="starttls", authority=trusted_authority, login=True) as server:
        env = {**ENV, "MAIL_PASSWORD": "wrong-Pa55"}
        outcome = send("email", server.options(**LOGIN), env, *new_deliveries(3))
        assert outcome.remarks[0] == "rejected: SMTP 535: user name or password rejected"
        assert server.users == [USER.encode()] and not server.mails, "once, and not by every mechanism"
        assert "wrong-Pa55" not in repr(outcome) and USER not in repr(outcome)


# --------------------------------------------------------------------------------------------------------- the replies


def test_a_passing_fault_is_retried() -> None:
    """After a 4xx the mail is sent again in the run, and accepted once."""
    with FakeMailServer("451 try later", "421 shutting down") as server:
        outcome = send("email", server.options(), {}, *new_deliveries(1))
        assert (outcome.sent, outcome.remarks) == (1, ())
        assert len(server.mails) == 1


def test_a_final_rejection() -> None:
    """After a 5xx the mail is not sent again in the run, waits for the next, and holds up no other incident."""
    with FakeMailServer("554 5.7.1 no such\x1b[31m luck") as server:
        outcome = send("email", server.options(), {}, *new_deliveries(2))
        assert (outcome.sent, len(outcome.waiting)) == (1, 1)
        assert outcome.remarks[0] == "rejected: SMTP 554 5.7.1 no such luck"


def test_recipients() -> None:
    """Delivered once one recipient was accepted, with the rejected ones named; with all rejected it is not."""
    to = ["ops@acme.example", "former@acme.example"]
    with FakeMailServer(rejected={"former@acme.example": "550 no such user"}) as server:
        outcome = send("email", server.options(to=to), {}, *new_deliveries(1))
        assert (outcome.sent, outcome.waiting) == (1, ())
        assert outcome.remarks == ("accepted, but not for former@acme.example: SMTP 550 no such user",)
        assert server.envelopes[0].rcpt_tos == ["ops@acme.example"]
    with FakeMailServer(rejected=dict.fromkeys(to, "550 no such user")) as server:
        outcome = send("email", server.options(to=to), {}, *new_deliveries(1))
        assert (outcome.sent, len(outcome.waiting)) == (0, 1) and "ops@acme.example: SMTP 550" in outcome.remarks[0]


TO = ["ops@acme.example", "boss@acme.example"]
GREYLISTED = {"boss@acme.example": "450 try later"}


@pytest.mark.usefixtures("no_pauses")
def test_a_recipient_that_is_refused_for_now() -> None:
    """Contract 7.6.3: a recipient refused with 4xx while another is accepted is retried by itself, within the run
    and in the next; the other is not sent the mail again, and later events go to both.
    """
    due = new_deliveries(2)
    with FakeMailServer(rejected=GREYLISTED) as server:
        outcome = send("email", server.options(to=TO), {}, *due)
        assert [envelope.rcpt_tos for envelope in server.envelopes] == [["ops@acme.example"]] * 2
    assert (outcome.sent, len(outcome.waiting), outcome.failed) == (0, 2, True)
    assert "not accepted for boss@acme.example: SMTP 450 try later" in outcome.waiting[0].reason
    assert "boss" not in repr(outcome.waiting[0].recipients), "the state file holds no address"
    with FakeMailServer() as server:
        again = send("email", server.options(to=TO), {}, *outcome.waiting)
        assert [envelope.rcpt_tos for envelope in server.envelopes] == [["boss@acme.example"]] * 2
    assert (again.sent, again.waiting, again.remarks) == (2, (), ())


@pytest.mark.usefixtures("no_pauses")
def test_a_recipient_that_is_refused_for_a_day() -> None:
    """One mailbox that is full must not keep events for ever: given up, and named, after 24 hours."""
    with FakeMailServer(rejected=GREYLISTED) as server:
        (waiting,) = send("email", server.options(to=TO), {}, *new_deliveries(1)).waiting
        later = send("email", server.options(to=TO), {}, waiting, now=NOW + timedelta(hours=24))
    assert (later.waiting, later.lost) == ((), (waiting.event.id,))


@pytest.mark.usefixtures("one_attempt")
def test_a_fault_while_one_recipient_waits() -> None:
    """Whatever fails later, those who have the mail are not sent it again."""
    with FakeMailServer(rejected=GREYLISTED) as server:
        (waiting,) = send("email", server.options(to=TO), {}, *new_deliveries(1)).waiting
    with FakeMailServer("451 busy") as server:
        (still,) = send("email", server.options(to=TO), {}, waiting).waiting
    assert still.recipients == waiting.recipients


@pytest.mark.usefixtures("no_pauses")
def test_a_recipient_that_is_not_configured_any_more() -> None:
    """What waits for a recipient that was removed waits no longer."""
    with FakeMailServer(rejected=GREYLISTED) as server:
        (waiting,) = send("email", server.options(to=TO), {}, *new_deliveries(1)).waiting
        outcome = send("email", server.options(to=TO[:1]), {}, waiting)
        assert len(server.mails) == 1 and outcome.waiting == ()


def replies(*lines: bytes) -> Callable[[StreamRequestHandler], None]:
    """Return a server that sends these replies, one for each line that it reads."""

    def handle(handler: StreamRequestHandler) -> None:
        for line in lines:
            handler.wfile.write(line)
            handler.rfile.readline()

    return handle


def hang(handler: StreamRequestHandler) -> None:
    handler.rfile.read()


def reset(handler: StreamRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize(
    ("handle", "reason"),
    [
        (hang, "no response in time"),
        (reset, "connection reset by peer|broken pipe|the connection broke"),
        (replies(), "the connection broke"),
        (replies(b"554 go away\r\n"), "SMTP 554 go away"),
        (replies(b"421 busy\r\n"), "SMTP 421 busy"),
        (replies(b"HTTP/1.1 400 Bad Request\r\n"), "the response is not SMTP"),
        (replies(b"220 hi\r\n", b"250 ok\r\n", b"452 full\r\n"), "SMTP 452 full"),
        (replies(b"220 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n"), "the connection broke"),
    ],
    ids=["hang", "reset", "close", "554", "421", "http", "452", "cut"],
)
def test_a_server_that_misbehaves(handle: Any, reason: str) -> None:
    """Whatever a server does, the reason is a few words and the event waits."""
    with ScriptedServer(handle) as server:
        outcome = send("email", server.options(), {}, *new_deliveries(1))
        rejected, waits = outcome.remarks
        assert re.fullmatch(f"rejected: ({reason})", rejected) and waits == "1 event waits; retried on the next run"
        assert server.connections == (2 if handle is hang else 1)  # the second asks a silent server for TLS


@pytest.mark.usefixtures("one_attempt")
def test_an_accepted_mail_stays_accepted() -> None:
    """Whatever becomes of the connection after the mail was accepted changes nothing."""

    def handle(handler: StreamRequestHandler) -> None:
        replies(b"220 hi\r\n", *[b"250 ok\r\n"] * 3, b"354 go\r\n")(handler)
        while handler.rfile.readline() != b".\r\n":
            pass
        handler.wfile.write(b"250 accepted\r\n")
        reset(handler)

    with ScriptedServer(handle) as server:
        outcome = send("email", server.options(), {}, *new_deliveries(1))
        assert (outcome.sent, outcome.remarks) == (1, ())


def test_a_server_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not reply costs its sink its time, and leaves no thread for the end of the run to wait for."""
    monkeypatch.setattr(delivery_stage, "MAX_SECONDS", 0.3)
    with ScriptedServer(hang) as server:
        outcome = send("email", server.options(), {}, *new_deliveries(1))
        assert outcome.remarks[0] == "rejected: not finished within 0.3 s" and len(outcome.waiting) == 1
        assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())


@pytest.mark.usefixtures("one_attempt")
def test_an_unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that cannot be found is a fault that may pass."""

    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    options = {**EMAIL_OPTIONS, "security": "tls", "host": "mail.invalid"}
    outcome = send("email", options, {}, *new_deliveries(1))
    assert outcome.remarks[0] == "rejected: its name cannot be resolved"


@pytest.mark.usefixtures("one_attempt")
def test_the_password_is_repeated_nowhere() -> None:
    """A server that repeats what it was sent brings no password into an output."""
    login = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode())

    def handle(handler: StreamRequestHandler) -> None:
        replies(b"220 hi\r\n", b"250-hi\r\n250 AUTH PLAIN LOGIN\r\n")(handler)
        handler.wfile.write(b"535 no " + login + b"\r\n")

    with ScriptedServer(handle) as server:
        printed = repr(send("email", server.options(**LOGIN), ENV, *new_deliveries(1)))
        assert "SMTP 535" in printed or "the connection broke" in printed
        assert PASSWORD not in printed and login.decode() not in printed


# ------------------------------------------------------------------------------------------------------------ the mail


def test_two_parts_and_our_link() -> None:
    """2: text and HTML have sign, product, title, status, message, times in UTC, and one link: the vendor's."""
    (delivery,) = new_deliveries(1)
    mail = mail_of(delivery)
    assert mail.get_content_type() == "multipart/alternative"
    for part in text_and_html(mail):
        assert "🔴 NEW · Acme - API" in part and "Incident a0" in part and "We look." in part
        assert "published 2026-03-07 09:01:00 UTC, detected 2026-03-07 12:00:00 UTC" in part
        assert part.count("https://") == 1 and delivery.event.incident.url in part
    assert mail["Subject"] == "[🔴 NEW · API] Acme · Incident a0"
    assert (mail["Date"].datetime, mail["Auto-Submitted"]) == (NOW, "auto-generated")
    assert mail["From"] == "watch@acme.example" and mail["To"] == "ops@acme.example"
    assert mail.as_bytes().isascii() and max(map(len, mail.as_bytes().split(b"\r\n"))) <= 998


def base_subject(mail: EmailMessage) -> str:
    """Return what Gmail and RFC 5256 compare of a subject."""
    return re.sub(r"^(\[[^\[\]]*\]\s*)+", "", mail["Subject"])


def test_one_incident_is_one_thread() -> None:
    """2: mails of one incident refer to one id that none of them has, with one base subject; others to another."""
    first, second = new_deliveries(2)
    (end,) = resolved(first)
    opened, other, ended = mail_of(first), mail_of(second), mail_of(end)
    for name in ("References", "In-Reply-To", "Thread-Topic", "Thread-Index"):
        assert opened[name] == ended[name] != other[name]
    assert opened["References"] == opened["In-Reply-To"]
    assert base_subject(opened) == base_subject(ended) == opened["Thread-Topic"]
    assert opened["Subject"] != ended["Subject"]
    assert len({mail["Message-ID"] for mail in (opened, ended, other)} | {opened["References"]}) == 4
    index = base64.b64decode(opened["Thread-Index"])
    assert len(index) == 22 and index[0] == 1


@pytest.mark.parametrize("year", [1, 1600, 9999])
def test_an_implausible_time_of_creation(year: int) -> None:
    """A vendor's time that cannot be, for example the zero of a program in Go, costs no mail."""
    (delivery,) = new_deliveries(1)
    dated = msgspec.structs.replace(delivery.event.incident, created_at=datetime(year, 1, 1, tzinfo=UTC))
    event = msgspec.structs.replace(delivery.event, incident=dated)
    mail = mail_of(msgspec.structs.replace(delivery, event=event))
    assert len(base64.b64decode(mail["Thread-Index"])) == 22


def test_components_change_no_thread() -> None:
    """What the vendor adds to an incident stands in the part of the subject that mail programs ignore."""
    (few,), (many,) = new_deliveries(1), new_deliveries(1, components=("API", "[EU] Chat", "x" * 200))
    before, after = mail_of(few), mail_of(many)
    assert base_subject(before) == base_subject(after)
    assert "(EU) Chat" in after["Subject"] and len(after["Subject"]) < 200


def test_equal_headers_each_time() -> None:
    """7: however often an event is sent, the headers of its mail are equal."""
    (delivery,) = new_deliveries(1)
    again = msgspec.structs.replace(delivery, since=NOW, reason="HTTP 503")
    first, second = (
        [header for header in mail_of(sent).items() if header[0] != "Content-Type"] for sent in (delivery, again)
    )
    assert first == second


def test_a_digest() -> None:
    """4: above ten events a run is one mail, with every incident and its link in it, and in no incident's thread."""
    with FakeMailServer() as server:
        assert send("email", server.options(), {}, *new_deliveries(11)).sent == 1
        (mail,) = server.mails
    assert mail["Subject"] == "11 events at once: 🔴 11" and "References" not in mail
    for part in text_and_html(mail):
        assert all(f"Incident a{number} " in part and f"/incidents/a{number}" in part for number in range(11))


EVIL = (
    "<script>x</script> <img src=x> [x](https://evil.example) https://evil.example www.evil.example evil.example/x "
    "mail@evil.example <!channel> @everyone 🔥 "
)


def test_vendor_text_is_words() -> None:
    """Markup, links and addresses in a vendor's text arrive as words: 100 KB of them cut with a count."""
    (short,) = new_deliveries(1, title=EVIL, components=(EVIL,))
    delivery = with_body(short, EVIL + "x" * 100_000)
    mail = mail_of(delivery)
    plain, markup = text_and_html(mail)
    for part in (plain, markup):
        assert not re.search(r"(?<!\u2060)evil\.example|www\.evil|mail@evil|(?<!acme)\.example/x", part)
        assert re.findall(r"https?://[^\s\"<]+", part) == [delivery.event.incident.url]
        assert "more characters)" in part and len(part) < 20_000 and "🔥" in part
    assert not re.search(r"<(script|img|!channel)", markup)
    assert "\n" not in mail["Subject"]


def test_no_header_from_a_vendor() -> None:
    """A line break in a title makes no header."""
    mail = mail_of(*new_deliveries(1, title="It is\r\nBcc: everyone@acme.example\r\n\r\nhello"))
    assert "Bcc" not in mail and b"\r\nBcc" not in mail.as_bytes()
    assert mail["Subject"].startswith("[🔴 NEW · API] Acme · It is Bcc:")


def test_no_header_is_long() -> None:
    """Name, title and components are cut in the subject: Postfix drops what is over 100 KB of a header."""
    for words in ("word " * 20_000, "語" * 100_000):
        delivery = hostile_delivery(words)
        page = msgspec.structs.replace(delivery.event.page, name=words.strip())
        mail = mail_of(msgspec.structs.replace(delivery, event=msgspec.structs.replace(delivery.event, page=page)))
        assert len(mail.as_bytes().split(b"\r\n\r\n")[0]) < 12_000


def test_many_updates() -> None:
    """Of very many updates in one event the newest are shown, with a count of the rest."""
    (delivery,) = new_deliveries(1)
    last = delivery.event.updates[0]
    updates = tuple(msgspec.structs.replace(last, id=f"u{n}", body=f"It goes on, {n}.") for n in range(60))
    event = msgspec.structs.replace(delivery.event, updates=updates)
    plain, _ = text_and_html(mail_of(msgspec.structs.replace(delivery, event=event)))
    assert "… (and 10 earlier updates)" in plain and "It goes on, 9." not in plain and "It goes on, 59." in plain


def test_an_example_is_marked() -> None:
    """An example says TEST in its subject."""
    assert "TEST" in mail_of(*new_deliveries(1), test=True)["Subject"]


@pytest.mark.parametrize("title", ["ä " * 70, "🔥" * 100, "a  b", "=?utf-8?q?x?= y", "日本語 の 障害 " * 10])
def test_subjects_arrive(title: str) -> None:
    """A subject in any script is read as it was written."""
    with FakeMailServer() as server:
        (delivery,) = new_deliveries(1, title=title)
        send("email", server.options(), {}, delivery)
        (mail,) = server.mails
    assert mail["Subject"] == mail_of(delivery)["Subject"]
    assert " ".join(title.split())[:60] in str(mail["Subject"]).replace("=\u2060?", "=?")


# --------------------------------------------------------------------------------------------------- the configuration


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"host": "mail.acme.example"}, "loopback"),
        ({"security": "ssl"}, "security"),
        ({"security": "tls", "host": ""}, "host"),
        ({"security": "tls", "host": "mail acme"}, "host"),
        ({"port": 0}, "port"),
        ({"port": 70_000}, "port"),
        ({"to": []}, "to"),
        ({"to": ["nobody"]}, "'nobody' is not an address"),
        ({"to": ["a@b.example, c@d.example"]}, "is not an address"),
        ({"sender": "a@b.example\r\nBcc: c@d.example"}, "sender"),
        ({"sender": "ö@b.example"}, "sender"),
        ({"sender": "all: a@b.example;"}, "sender"),
        ({"username_env": "MAIL_USER"}, "both, or neither"),
    ],
)
def test_options_that_cannot_be_right(options: dict[str, Any], words: str) -> None:
    """1: an option that cannot be right stops the run at its start, and no secret is repeated."""
    with pytest.raises(UsageError, match=re.escape(words)) as raised:
        connected("email", {**EMAIL_OPTIONS, **options}, ENV)
    assert PASSWORD not in str(raised.value)


def test_a_password_that_smtp_cannot_send() -> None:
    """7: a secret that is unusable breaks its sink only, and is not repeated."""
    options = {**EMAIL_OPTIONS, "username_env": "MAIL_USER", "password_env": "UMLAUT"}
    (sink,) = connected("email", options, {**ENV, "UMLAUT": "geheim-ß"})
    assert "$UMLAUT: only ASCII" in sink.broken and "geheim" not in sink.broken


def test_addresses_with_names() -> None:
    """An address may have a name before it."""
    options = {**EMAIL_OPTIONS, "sender": "Status Wätch <w@acme.example>", "to": ["<a@b.example>"]}
    connected("email", options, {})

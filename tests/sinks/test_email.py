"""Mail: secure, authenticated, one thread an incident, and nothing of a vendor's in it but words."""

import base64
import re
import socket
import struct
import threading
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from socketserver import StreamRequestHandler
from typing import Any

import msgspec
import pytest
import trustme

from statuswatch.errors import UsageError
from statuswatch.model.event import Notification, PendingDelivery
from statuswatch.sinks.email import _address, document
from tests.support.fake_mail_server import PASSWORD, USER, Mailbox, Oddity, trusting
from tests.support.sending import NOW, configured, ended, notices, send

SAMPLE: dict[str, Any] = {
    "host": "127.0.0.1",
    "port": 9,
    "security": "none",
    "sender": "watch@acme.example",
    "to": ["ops@acme.example"],
}
HTTP = False
LOGIN = {"username_env": "MAIL_USER", "password_env": "MAIL_PASSWORD"}
ENV = {"MAIL_USER": USER, "MAIL_PASSWORD": PASSWORD}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for long, and nobody asked twice."""
    monkeypatch.setattr("statuswatch.sinks.email.TIMEOUT", 1.0)
    monkeypatch.setattr("statuswatch.notify.ATTEMPTS", 1)


def mail(*of: PendingDelivery, test: bool = False) -> EmailMessage:
    return document(
        Notification(of, test), _address("watch@acme.example", "sender"), [_address("ops@acme.example", "to")]
    )


def parts(it: EmailMessage) -> tuple[str, str]:
    """Plain text and HTML."""
    plain, marked = it.iter_parts()
    return plain.get_content(), marked.get_content()


# ------------------------------------------------------------------------------------------------------------ the wire


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_encrypted_and_logged_in(
    security: str, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2: mail goes over TLS that is verified, by STARTTLS or from the first byte, and after a login."""
    monkeypatch.setenv("SSL_CERT_FILE", trusting(authority, tmp_path))
    with Mailbox(security=security, authority=authority, login=True) as box:
        outcome = send("email", box.options(**LOGIN), ENV, *notices(1))
        assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ())
        assert box.tls == [True]
        assert box.users == [USER.encode()]
        assert box.envelopes[0].mail_from == "watch@acme.example"
        assert box.envelopes[0].rcpt_tos == ["ops@acme.example"]


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for(security: str, authority: trustme.CA, hurried: None) -> None:
    """No mail and no password goes to a server whose certificate is not valid."""
    with Mailbox(security=security, authority=authority, login=True) as box:
        outcome = send("email", box.options(**LOGIN), ENV, *notices(1))
        assert "its certificate is not valid" in outcome.remarks[0]
        assert (box.got, box.users, len(outcome.waiting)) == ([], [], 1)


def test_a_certificate_of_somebody_else(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hurried: None
) -> None:
    """A certificate must name the server."""
    monkeypatch.setenv("SSL_CERT_FILE", trusting(authority, tmp_path))
    with Mailbox(security="starttls", authority=authority, certified="mail.other.example") as box:
        outcome = send("email", box.options(), {}, *notices(1))
        assert "its certificate is not valid" in outcome.remarks[0] and not box.got


def test_no_starttls_no_mail(hurried: None) -> None:
    """Where the server offers no STARTTLS nothing is sent in the clear."""
    with Mailbox() as box:
        outcome = send("email", box.options(security="starttls"), {}, *notices(1))
        assert "offers no STARTTLS" in outcome.remarks[0] and not box.got


def test_a_login_that_is_refused(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused login is final, and says neither user nor password."""
    monkeypatch.setenv("SSL_CERT_FILE", trusting(authority, tmp_path))
    with Mailbox(security="starttls", authority=authority, login=True) as box:
        outcome = send("email", box.options(**LOGIN), {**ENV, "MAIL_PASSWORD": "wrong-Pa55"}, *notices(1))
        assert outcome.remarks[0] == "refused: SMTP 535: it does not take the user name and password"
        assert set(box.users) == {USER.encode()} and not box.got
        assert "wrong-Pa55" not in repr(outcome) and USER not in repr(outcome)


# ----------------------------------------------------------------------------------------------------- what it answers


def test_asked_again_where_it_may_pass() -> None:
    """4xx is asked again in the run, with the same Message-ID."""
    with Mailbox("451 try later", "421 shutting down") as box:
        outcome = send("email", box.options(), {}, *notices(1))
        assert (outcome.sent, outcome.remarks) == (1, ())
        assert len(box.got) == 1


def test_final_where_it_will_not_pass() -> None:
    """5xx is not asked again in the run, is kept for the next, and holds up no other incident."""
    with Mailbox("554 5.7.1 no such\x1b[31m luck") as box:
        outcome = send("email", box.options(), {}, *notices(2))
        assert (outcome.sent, len(outcome.waiting)) == (1, 1)
        assert outcome.remarks[0] == "refused: SMTP 554 5.7.1 no such luck"


def test_recipients() -> None:
    """Told once one recipient's server took it, the refused ones being named; refused by all, it is not told."""
    to = ["ops@acme.example", "gone@acme.example"]
    with Mailbox(refused={"gone@acme.example": "550 no such user"}) as box:
        outcome = send("email", box.options(to=to), {}, *notices(1))
        assert (outcome.sent, outcome.waiting) == (1, ())
        assert outcome.remarks == ("taken, but not for gone@acme.example: SMTP 550 no such user",)
        assert box.envelopes[0].rcpt_tos == ["ops@acme.example"]
    with Mailbox(refused=dict.fromkeys(to, "550 no such user")) as box:
        outcome = send("email", box.options(to=to), {}, *notices(1))
        assert (outcome.sent, len(outcome.waiting)) == (0, 1) and "ops@acme.example: SMTP 550" in outcome.remarks[0]


def talk(*answers: bytes) -> Any:
    """A server that gives these answers, one for each line, whatever is said to it."""

    def does(handler: StreamRequestHandler) -> None:
        for answer in answers:
            handler.wfile.write(answer)
            handler.rfile.readline()

    return does


def hang(handler: StreamRequestHandler) -> None:
    handler.rfile.read()


def reset(handler: StreamRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    ("does", "said"),
    [
        (hang, "no answer in time"),
        (reset, "connection reset by peer|broken pipe|the connection broke"),
        (talk(), "the connection broke"),
        (talk(b"554 go away\r\n"), "SMTP 554 go away"),
        (talk(b"421 busy\r\n"), "SMTP 421 busy"),
        (talk(b"HTTP/1.1 400 Bad Request\r\n"), "its answer is not SMTP"),
        (talk(b"220 hi\r\n", b"250 ok\r\n", b"452 full\r\n"), "SMTP 452 full"),
        (talk(b"220 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n"), "the connection broke"),
    ],
    ids=["hang", "reset", "close", "554", "421", "http", "452", "cut"],
)
def test_a_server_that_is_none(does: Any, said: str, hurried: None) -> None:
    """Whatever a server does, it is said in a few words and the event waits."""
    with Oddity(does) as oddity:
        outcome = send("email", oddity.options(), {}, *notices(1))
        fault, waits = outcome.remarks
        assert re.fullmatch(f"refused: ({said})", fault) and waits == "1 event waits for the next run"
        assert oddity.came == 1


def test_what_is_said_at_the_end_changes_nothing(hurried: None) -> None:
    """A message that was taken was told, whatever becomes of the connection then."""

    def does(handler: StreamRequestHandler) -> None:
        talk(b"220 hi\r\n", *[b"250 ok\r\n"] * 3, b"354 go\r\n")(handler)
        while handler.rfile.readline() != b".\r\n":
            pass
        handler.wfile.write(b"250 taken\r\n")
        reset(handler)

    with Oddity(does) as oddity:
        outcome = send("email", oddity.options(), {}, *notices(1))
        assert (outcome.sent, outcome.remarks) == (1, ())


def test_a_hang_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that says nothing costs its sink its time, and leaves no thread that the end of the run waits for."""
    monkeypatch.setattr("statuswatch.notify.DEADLINE", 0.3)
    with Oddity(hang) as oddity:
        began = time.monotonic()
        outcome = send("email", oddity.options(), {}, *notices(1))
        assert time.monotonic() - began < 5
        assert outcome.remarks[0] == "refused: not done within 0.3 s" and len(outcome.waiting) == 1
        assert all(it.daemon for it in threading.enumerate() if it is not threading.main_thread())


def test_a_name_that_is_none(monkeypatch: pytest.MonkeyPatch, hurried: None) -> None:
    """A host that cannot be found is a fault that may pass."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    outcome = send("email", {**SAMPLE, "security": "tls", "host": "mail.invalid"}, {}, *notices(1))
    assert outcome.remarks[0] == "refused: its name cannot be resolved"


def test_the_password_goes_nowhere(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hurried: None
) -> None:
    """A server that repeats what it was sent brings no password into what is said."""
    monkeypatch.setenv("SSL_CERT_FILE", trusting(authority, tmp_path))

    def does(handler: StreamRequestHandler) -> None:
        talk(b"220 hi\r\n", b"250-hi\r\n250 AUTH PLAIN LOGIN\r\n")(handler)
        handler.wfile.write(b"535 no " + base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()) + b"\r\n")

    with Oddity(does) as oddity:
        said = repr(send("email", oddity.options(**LOGIN), ENV, *notices(1)))
        assert "SMTP 535" in said or "the connection broke" in said
        assert PASSWORD not in said and base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode() not in said


# ----------------------------------------------------------------------------------------------------------- the mail


def test_two_parts_and_our_link() -> None:
    """2: text and HTML have sign, product, title, status, message, times in UTC, and one link: the vendor's."""
    (notice,) = notices(1)
    it = mail(notice)
    assert it.get_content_type() == "multipart/alternative"
    for part in parts(it):
        assert "🔴 NEW · Acme - API" in part and "Incident a0" in part and "We look." in part
        assert "published 2026-03-07 09:01:00 UTC, detected 2026-03-07 12:00:00 UTC" in part
        assert part.count("https://") == 1 and notice.event.incident.url in part
    assert it["Subject"] == "[🔴 NEW · API] Acme · Incident a0"
    assert (it["Date"].datetime, it["Auto-Submitted"]) == (NOW, "auto-generated")
    assert it["From"] == "watch@acme.example" and it["To"] == "ops@acme.example"
    assert it.as_bytes().isascii() and max(map(len, it.as_bytes().split(b"\r\n"))) <= 998


def base(subject: str) -> str:
    """What Gmail and RFC 5256 compare of a subject."""
    return re.sub(r"^(\[[^\[\]]*\]\s*)+", "", subject)


def test_one_incident_is_one_thread() -> None:
    """2: messages of one incident refer to one id that none of them has, with one base subject; others to another."""
    first = notices(2)
    one, other = (mail(it) for it in first)
    (end,) = (mail(it) for it in ended(first[0]))
    for name in ("References", "In-Reply-To", "Thread-Topic", "Thread-Index"):
        assert one[name] == end[name] != other[name]
    assert one["References"] == one["In-Reply-To"]
    assert base(one["Subject"]) == base(end["Subject"]) == one["Thread-Topic"]
    assert one["Subject"] != end["Subject"]
    assert len({it["Message-ID"] for it in (one, end, other)} | {one["References"]}) == 4
    index = base64.b64decode(one["Thread-Index"])
    assert len(index) == 22 and index[0] == 1


@pytest.mark.parametrize("year", [1, 1600, 9999])
def test_whenever_it_began(year: int) -> None:
    """A vendor's time that cannot be, for example the zero of a program in Go, costs no mail."""
    (notice,) = notices(1)
    began = datetime(year, 1, 1, tzinfo=UTC)
    it = msgspec.structs.replace(notice.event.incident, created_at=began)
    event = msgspec.structs.replace(notice.event, incident=it)
    assert len(base64.b64decode(mail(msgspec.structs.replace(notice, event=event))["Thread-Index"])) == 22


def test_components_change_no_thread() -> None:
    """What the vendor adds to an incident stands in the part of the subject that no thread goes by."""
    (few,), (more,) = notices(1), notices(1, components=("API", "[EU] Chat", "x" * 200))
    one, other = mail(few), mail(more)
    assert base(one["Subject"]) == base(other["Subject"])
    assert "(EU) Chat" in other["Subject"] and len(other["Subject"]) < 200


def test_the_same_mail_each_time() -> None:
    """7: however often it is sent, the headers of a mail are the same; a different event's id is another."""
    (notice,) = notices(1)
    again = msgspec.structs.replace(notice, since=NOW, reason="HTTP 503")
    assert [it for it in mail(notice).items() if it[0] != "Content-Type"] == [
        it for it in mail(again).items() if it[0] != "Content-Type"
    ]


def test_a_digest() -> None:
    """4: above ten events a run is one mail, with every incident and its link in it, and in no incident's thread."""
    with Mailbox() as box:
        assert send("email", box.options(), {}, *notices(11)).sent == 1
        (got,) = box.got
    assert got["Subject"] == "11 events at once: 🔴 11" and "References" not in got
    for part in parts(got):
        assert all(f"Incident a{number} " in part and f"/incidents/a{number}" in part for number in range(11))


EVIL = (
    "<script>x</script> <img src=x> [x](https://evil.example) https://evil.example www.evil.example evil.example/x "
    "mail@evil.example <!channel> @everyone 🔥 "
)


def test_vendor_text_is_inert() -> None:
    """Markup, links and addresses in a vendor's text arrive as words: 100 KB of them cut with a count."""
    (notice,) = notices(1, title=EVIL, components=(EVIL,))
    long = msgspec.structs.replace(notice.event.updates[0], body=EVIL + "x" * 100_000)
    notice = msgspec.structs.replace(notice, event=msgspec.structs.replace(notice.event, updates=(long,)))
    it = mail(notice)
    plain, marked = parts(it)
    for part in (plain, marked):
        assert not re.search(r"(?<!\u2060)evil\.example|www\.evil|mail@evil|(?<!acme)\.example/x", part)
        assert re.findall(r"https?://[^\s\"<]+", part) == [notice.event.incident.url]
        assert "more characters)" in part and len(part) < 20_000 and "🔥" in part
    assert not re.search(r"<(script|img|!channel)", marked)
    assert "\n" not in it["Subject"]


def test_no_header_from_a_vendor() -> None:
    """A line break in a title makes no header."""
    (notice,) = notices(1, title="It is\r\nBcc: everyone@acme.example\r\n\r\nhello")
    it = mail(notice)
    assert "Bcc" not in it and b"\r\nBcc" not in it.as_bytes()
    assert it["Subject"].startswith("[🔴 NEW · API] Acme · It is Bcc:")


def test_many_updates() -> None:
    """Of very many updates in one event the newest are told, with a count of the rest."""
    (notice,) = notices(1)
    last = notice.event.updates[0]
    many = tuple(msgspec.structs.replace(last, id=f"u{n}", body=f"It goes on, {n}.") for n in range(60))
    plain, _ = parts(mail(msgspec.structs.replace(notice, event=msgspec.structs.replace(notice.event, updates=many))))
    assert "… (and 10 earlier updates)" in plain and "It goes on, 9." not in plain and "It goes on, 59." in plain


def test_a_test_says_so() -> None:
    """What did not happen says TEST in the subject."""
    assert "TEST" in mail(*notices(1), test=True)["Subject"]


@pytest.mark.parametrize("title", ["ä " * 70, "🔥" * 100, "a  b", "=?utf-8?q?x?= y", "日本語 の 障害 " * 10])
def test_subjects_arrive(title: str) -> None:
    """A subject in any script is read as it was written."""
    with Mailbox() as box:
        (notice,) = notices(1, title=title)
        send("email", box.options(), {}, notice)
        assert box.got[0]["Subject"] == mail(notice)["Subject"]
        assert " ".join(title.split())[:60] in str(box.got[0]["Subject"]).replace("=\u2060?", "=?")


# --------------------------------------------------------------------------------------------------- the configuration


@pytest.mark.parametrize(
    ("options", "said"),
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
        ({"username_env": "MAIL_USER", "password_env": "UMLAUT"}, "$UMLAUT"),
    ],
)
def test_options_that_cannot_be_right(options: dict[str, Any], said: str) -> None:
    """1: an option that cannot be right stops the run at its start, and no secret is repeated."""
    with pytest.raises(UsageError, match=re.escape(said)) as raised:
        configured("email", {**SAMPLE, **options}, {**ENV, "UMLAUT": "geheim-ß"})
    assert "geheim" not in str(raised.value)


def test_addresses_with_names() -> None:
    """An address may have a name before it."""
    configured("email", {**SAMPLE, "sender": "Status Wätch <w@acme.example>", "to": ["<a@b.example>"]}, {})

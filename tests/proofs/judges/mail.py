"""Mail programs as judges: a real Postfix that asks a real Dovecot about logins, and notmuch, which makes threads."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import smtplib
import ssl
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager, nullcontext
from email import message_from_bytes
from email.policy import SMTP, default
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import trustme

from statuswatch.model.event import Notification
from statuswatch.sinks import email
from tests.proofs.judges.running import free_port, is_listening, running, wait_until
from tests.proofs.judges.verdict import UnavailableError, Verdict, control, deliveries, notifications, program, verdict
from tests.support.sending import send

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from email.message import EmailMessage

SENDER: Final = "Statuswatch <status@acme.example>"
USER, PASSWORD = "robot-7f3a", "Pa55phrase-9c1d"
LOGIN: Final = {"username_env": "MAIL_USER", "password_env": "MAIL_PASSWORD"}
SAMPLE: Final = notifications()[0]
ENV: Final = {"MAIL_USER": USER, "MAIL_PASSWORD": PASSWORD}
MAX_SECONDS: Final = 600  # for which the servers live, should nobody end them
SERVICES: Final = {  # what each port of Postfix does
    "starttls": "",
    "login": "-o smtpd_sasl_mechanism_filter=login",
    "cram-md5": "-o smtpd_sasl_mechanism_filter=cram-md5",
    "tls": "-o smtpd_tls_wrappermode=yes",
    "bare": "-o smtpd_tls_security_level=none",
}


class Refusal(NamedTuple):
    """A setting by which no mail may go, and what the sink says of it."""

    name: str
    reason: str
    options: Mapping[str, Any] = {}
    env: Mapping[str, str] = {}
    is_trusted: bool = True


WAYS: Final = ("starttls", "login", "cram-md5", "tls")  # services, and mailboxes of the same names
REFUSALS: Final = (
    Refusal("wrong-password", "SMTP 535: user name or password rejected", env={"MAIL_PASSWORD": "wrong-Pa55"}),
    Refusal("no-login", "SMTP 554 5.7.1", dict.fromkeys(LOGIN, "")),
    Refusal("no-starttls", "the server offers no STARTTLS", {"service": "bare"}),
    Refusal("unknown-authority", "its certificate is not valid", is_trusted=False),
    Refusal("another-host", "its certificate is not valid", {"host": "localhost"}),
    Refusal("in-the-clear", "the server offers no supported way to log in", {"security": "none"}),
    Refusal("begins-with-tls", "set security = 'tls'", {"service": "tls", "security": "starttls"}),
    Refusal("begins-without-tls", "set security = 'starttls'", {"security": "tls"}),
)
MAILBOXES: Final = ("all", "broken", "example", *WAYS, *(refusal.name for refusal in REFUSALS))
_MAIN: Final = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.acme.example
mydestination =
virtual_mailbox_domains = acme.example
virtual_mailbox_base = {folder}/mailboxes
virtual_mailbox_maps = texthash:{folder}/etc/mailboxes
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_tls_chain_files = {folder}/certificate.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
smtpd_sasl_authenticated_header = yes
smtpd_delay_reject = no
smtpd_sender_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
mynetworks =
smtpd_forbid_bare_newline = reject
strict_rfc821_envelopes = yes
strict_7bit_headers = yes
strict_8bitmime_body = yes
strict_mime_encoding_domain = yes
"""
_MASTER: Final = """cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""
_DOVECOT: Final = """base_dir = {folder}/dovecot
state_dir = {folder}/dovecot
log_path = {folder}/dovecot.log
protocols =
ssl = no
auth_mechanisms = plain login cram-md5
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
service auth {{
  unix_listener {folder}/queue/private/auth {{
    mode = 0660
    user = postfix
  }}
}}
"""
_TRACE: Final = re.compile(rb"\A(?:(?:Return-Path|X-Original-To|Delivered-To|Received):[^\n]*\n(?:[ \t][^\n]*\n)*)+")


# ------------------------------------------------------------------------------------------------------- the server


class MailServer(NamedTuple):
    """A Postfix that demands STARTTLS and then a login before it takes a mail."""

    folder: Path
    ports: Mapping[str, int]

    def options(self, to: str, *, service: str = "starttls", **options: Any) -> dict[str, Any]:
        """Return the options of a sink that sends to a mailbox of this server, and logs in."""
        recipients = [f"{to}@acme.example"]
        port = self.ports[service]
        security = service if service in ("tls", "starttls") else "starttls"
        defaults = {"host": "127.0.0.1", "port": port, "security": security, "sender": SENDER, "to": recipients}
        return {name: value for name, value in {**defaults, **LOGIN, **options}.items() if value}

    def mailbox(self, to: str) -> Path:
        """Return a maildir."""
        return self.folder / "mailboxes" / to

    def stored(self, to: str, count: int = 0) -> list[bytes]:
        """Return the mails in a mailbox, once there are so many."""
        folder = self.mailbox(to) / "new"
        wait_until(lambda: folder.is_dir() and len(list(folder.iterdir())) >= count if count else True)
        return [path.read_bytes() for path in folder.iterdir()] if folder.is_dir() else []

    @contextmanager
    def trusted(self) -> Iterator[None]:
        """Trust the server's authority as a user does: by a variable."""
        before = os.environ.get("SSL_CERT_FILE")
        os.environ["SSL_CERT_FILE"] = str(self.folder / "authority.pem")
        try:
            yield
        finally:
            del os.environ["SSL_CERT_FILE"]
            if before is not None:
                os.environ["SSL_CERT_FILE"] = before

    def connect(self) -> smtplib.SMTP:
        """Return a connection that has no TLS yet."""
        return smtplib.SMTP("127.0.0.1", self.ports["starttls"], timeout=10)

    def start_tls(self, connection: smtplib.SMTP) -> None:
        """Go on with TLS."""
        connection.starttls(context=ssl.create_default_context(cafile=str(self.folder / "authority.pem")))
        connection.ehlo()


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Run Postfix and Dovecot on the loopback, with all that is theirs in one temporary folder."""
    postfix, dovecot = program("postfix", "apt-get install postfix"), program("dovecot", "apt-get install dovecot-core")
    if os.geteuid():
        raise UnavailableError("Postfix is started by root only: run the judge as root")
    version = subprocess.run([dovecot, "--version"], check=True, capture_output=True, text=True, timeout=60).stdout
    if not version.startswith("2.3."):
        raise UnavailableError(f"its logins are configured for Dovecot 2.3, and {version.split()[0]} is installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        server = MailServer(Path(name), {service: free_port() for service in SERVICES})
        _configure(server)
        configuration = str(server.folder / "etc")
        # It makes the folders of the queue.
        subprocess.run([postfix, "-c", configuration, "check"], check=True, capture_output=True, timeout=60)
        question = ["postconf", "-c", configuration, "-h", "daemon_directory"]
        master = subprocess.run(question, check=True, capture_output=True, text=True, timeout=60).stdout.strip()
        socket = server.folder / "queue" / "private" / "auth"
        with (
            running(["timeout", str(MAX_SECONDS), dovecot, "-F", "-c", f"{name}/dovecot.conf"], socket.is_socket),
            running(
                [f"{master}/master", "-c", configuration, "-d", "-e", str(MAX_SECONDS)],
                lambda: all(is_listening(port) for port in server.ports.values()),
            ),
        ):
            yield server


def _configure(server: MailServer) -> None:
    folder = server.folder
    folder.chmod(0o755)  # Postfix and Dovecot have users of their own
    for name in ("etc", "queue", "data", "mailboxes", "dovecot"):
        (folder / name).mkdir()
    for name in ("data", "mailboxes"):
        shutil.chown(folder / name, "postfix", "postfix")
    owner = (folder / "mailboxes").stat()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "certificate.pem"))
    services = [f"127.0.0.1:{port} inet n - n - - smtpd {SERVICES[name]}\n" for name, port in server.ports.items()]
    (folder / "etc" / "main.cf").write_text(_MAIN.format(folder=folder, uid=owner.st_uid, gid=owner.st_gid))
    (folder / "etc" / "master.cf").write_text("".join([*services, _MASTER]))
    (folder / "etc" / "mailboxes").write_text("".join(f"{name}@acme.example {name}/\n" for name in MAILBOXES))
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (folder / "dovecot.conf").write_text(_DOVECOT.format(folder=folder))


# -------------------------------------------------------------------------------------------------------- the mails


def document(notification: Notification, to: str) -> EmailMessage:
    """Return the mail that the sink makes of a notification."""
    recipient = email._address(f"{to}@acme.example", "to")
    return email.document(notification, email._address(SENDER, "sender"), [recipient])


def difference(stored: bytes, sent: EmailMessage) -> str:
    """Return how a stored mail differs from the sent one, but for the headers that the server put before it."""
    read = message_from_bytes(stored, policy=default)
    sent.set_boundary(read.get_boundary() or "none")  # a random one, chosen when it is sent
    wrong = [name for name in sent if str(read[name]) != str(sent[name])]
    if wrong:
        return f"other headers: {', '.join(wrong)}"
    if not read.is_multipart() or _bodies(read) != _bodies(sent):
        return "another body"
    if _TRACE.sub(b"", stored) != sent.as_bytes().replace(b"\r\n", b"\n"):
        return "other bytes"
    return transport_problem(stored)


def transport_problem(stored: bytes) -> str:
    """Return what the server's own header has against the way that a mail came."""
    received = str(message_from_bytes(stored, policy=default)["Received"])
    is_secure = "with ESMTPSA" in received and f"(Authenticated sender: {USER})" in received
    return "" if is_secure else f"not sent by TLS and a login: {received}"


def _bodies(mail: Any) -> list[tuple[str, str]]:
    return [(part.get_content_type(), part.get_content()) for part in mail.iter_parts()]


# ------------------------------------------------------------------------------------------------------- the judges


def judge_postfix() -> Iterator[Verdict]:
    """Send to a real mail server, and look at what is in its mailboxes."""
    with mail_server() as server:
        with server.trusted():
            yield _judge_mails(server)
            ways = [_way_problem(server, way) for way in WAYS]
            yield verdict("ways to log in", ways)
            yield verdict("examples of `notify test`", [_example_problem(server)])
        yield verdict("refusals, each delivered once put right", (_refusal_problem(server, case) for case in REFUSALS))
        yield control(_broken_sessions(server) | _broken_copies(server))
        ids = {incident: _ids(mails) for incident, mails in _mails_by_incident().items()}
        yield verdict("incidents whose stored mails are one thread", thread_problems(server.mailbox("all"), ids))


def _judge_mails(server: MailServer) -> Verdict:
    due, remarks = notifications(), {}
    for notification in due:
        remarks[notification.id] = send("email", server.options("all"), ENV, *notification.deliveries).remarks
    found: dict[str, list[bytes]] = {}
    for stored in server.stored("all", len(due)):
        found.setdefault(str(message_from_bytes(stored, policy=default)["Message-ID"]), []).append(stored)

    def judge(notification: Notification) -> str:
        mail = document(notification, "all")
        copies = found.get(str(mail["Message-ID"]), [])
        if remarks[notification.id] or len(copies) != 1:
            return f"{mail['Subject']}: stored {len(copies)} times {remarks[notification.id]}"
        return difference(copies[0], mail)

    return verdict("mails sent, and stored as they were", map(judge, due))


def _way_problem(server: MailServer, service: str) -> str:
    outcome = send("email", server.options(service, service=service), ENV, SAMPLE.deliveries[0])
    return " ".join(outcome.remarks) or _mailbox_problem(server, service)


def _mailbox_problem(server: MailServer, to: str) -> str:
    stored = server.stored(to, 1)
    return difference(stored[0], document(SAMPLE, to)) if len(stored) == 1 else f"{to}: stored {len(stored)} times"


def _example_problem(server: MailServer) -> str:
    """Send by the command, as its user does."""
    with tempfile.TemporaryDirectory() as folder:
        options = {"sink": "email", **server.options("example")}
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in options.items()]
        Path(folder, "statuswatch.toml").write_text("".join(['pages = ["openai"]\n[[notify]]\n', *lines]))
        command = [sys.executable, "-m", "statuswatch", "notify", "test"]
        env = {**os.environ, **ENV, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        completed = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if completed.returncode:
        return completed.stderr
    stored = server.stored("example", 1)
    return transport_problem(stored[0]) if len(stored) == 1 else f"stored {len(stored)} times"


def _refusal_problem(server: MailServer, refusal: Refusal) -> str:
    """Send what must be refused, and what waits since then in a later run with the right settings."""
    with server.trusted() if refusal.is_trusted else nullcontext():
        options = server.options(refusal.name, **refusal.options)
        outcome = send("email", options, {**ENV, **refusal.env}, SAMPLE.deliveries[0])
    if refusal.reason not in " ".join(outcome.remarks) or len(outcome.waiting) != 1:
        return f"{refusal.name}: {outcome}"
    with server.trusted():
        outcome = send("email", server.options(refusal.name), ENV, *outcome.waiting)
    return " ".join(outcome.remarks) or _mailbox_problem(server, refusal.name)


def _broken_sessions(server: MailServer) -> dict[str, str]:
    """Return what the server says of sessions and mails in which something is wrong."""
    found = {}
    sender, login = "status@acme.example", base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
    with server.connect() as connection:
        connection.ehlo()
        found["a mail without TLS"] = _refusal(connection.mail(sender))
        found["a login without TLS"] = _refusal(connection.docmd("AUTH", f"PLAIN {login}"))
    with server.connect() as connection:
        server.start_tls(connection)
        found["a mail without a login"] = _refusal(connection.mail(sender))
        found["a login with a wrong password"] = _refusal(connection.docmd("AUTH", f"PLAIN {login[:-4]}AAAA"))
    contents = {
        "a header that is not ASCII": b"Subject: caf\xc3\xa9\r\n\r\nText\r\n",
        "a body that is not ASCII": b"Subject: Caf\r\n\r\ncaf\xc3\xa9\r\n",
        "a bare line feed": b"Subject: Caf\r\n\r\nText\nmore\r\n",
    }
    for name, content in contents.items():
        with server.connect() as connection:
            server.start_tls(connection)
            connection.login(USER, PASSWORD)
            connection.mail(sender)
            connection.rcpt("broken@acme.example")
            connection.docmd("DATA")
            connection.send(content + b".\r\n")
            found[name] = _refusal(connection.getreply())
    return found


def _refusal(reply: tuple[int, bytes]) -> str:
    return str(reply) if reply[0] >= 400 else ""


def _broken_copies(server: MailServer) -> dict[str, str]:
    """Return how stored mails differ that were altered."""
    mail = document(SAMPLE, "starttls")
    (stored,) = server.stored("starttls", 1)
    head, body = stored.split(b"\n\n", 1)
    altered = {
        "without References": re.sub(rb"\nReferences:.*", b"", stored),
        "another Message-ID": stored.replace(b"\nMessage-ID: <", b"\nMessage-ID: <0"),
        "an altered body": head + b"\n\n" + body.replace(b"slow", b"fast", 1),
        "an altered byte that no reader shows": stored + b"\n",
        "sent without TLS": stored.replace(b"ESMTPSA", b"ESMTPA"),
        "sent without a login": stored.replace(b"(Authenticated sender", b"(Sender"),
    }
    return {name: difference(copy, mail) for name, copy in altered.items()}


# ---------------------------------------------------------------------------------------------------------- threads


def judge_notmuch() -> Iterator[Verdict]:
    """Have a mail program thread our mails: one thread for each incident."""
    mails = _mails_by_incident()
    yield verdict("incidents whose mails are one thread of their own", _threads_in_maildir(mails))
    (first, *rest), (other, *_) = list(mails.values())[:2]
    split, joined = _referring_to("<none@acme.example>", rest[0]), _referring_to(str(first["References"]), other)
    yield control(
        {
            "an incident with two References": "".join(_threads_in_maildir({"a": [first, split]})),
            "two incidents with the same References": "".join(_threads_in_maildir({"a": [first], "b": [joined]})),
        }
    )


def _mails_by_incident() -> dict[str, list[EmailMessage]]:
    mails: dict[str, list[EmailMessage]] = {}
    for delivery in deliveries():
        mails.setdefault(delivery.event.incident.id, []).append(document(Notification((delivery,)), "all"))
    return mails


def _ids(mails: Iterable[EmailMessage]) -> list[str]:
    return [str(mail["Message-ID"]).strip("<>") for mail in mails]


def _referring_to(message_id: str, mail: EmailMessage) -> EmailMessage:
    copy = message_from_bytes(mail.as_bytes(), policy=SMTP)
    for name in ("References", "In-Reply-To"):
        copy.replace_header(name, message_id)
    return copy


def _threads_in_maildir(mails: Mapping[str, list[EmailMessage]]) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        maildir = Path(name, "mail")
        for folder in ("cur", "new", "tmp"):
            (maildir / folder).mkdir(parents=True)
        for number, mail in enumerate(mail for thread in mails.values() for mail in thread):
            (maildir / "cur" / f"{number}:2,S").write_bytes(mail.as_bytes(policy=SMTP))
        return thread_problems(maildir, {incident: _ids(thread) for incident, thread in mails.items()})


def thread_problems(maildir: Path, ids: Mapping[str, list[str]]) -> list[str]:
    """Return what is wrong with the threads of a maildir, for each incident with the ids of its mails."""
    path = program("notmuch", "apt-get install notmuch")
    configuration = maildir.parent / "notmuch.conf"
    configuration.write_text(f"[database]\npath={maildir}\n[user]\nname=A\nprimary_email=a@b.example\n")
    env = {**os.environ, "NOTMUCH_CONFIG": str(configuration)}
    subprocess.run([path, "new", "--quiet"], env=env, check=True, capture_output=True)

    def query(output: str, mails: list[str]) -> list[str]:
        command = [path, "search", f"--output={output}", " or ".join(f"id:{mail}" for mail in mails)]
        return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.split()

    threads = {incident: query("threads", mails) for incident, mails in ids.items()}
    counts = Counter(thread for found in threads.values() for thread in found)

    def judge(incident: str) -> str:
        if len(query("messages", ids[incident])) != len(ids[incident]):
            return f"{incident}: not all of its mails were found"
        is_alone = [counts[thread] for thread in threads[incident]] == [1]
        return "" if is_alone else f"{incident}: {len(threads[incident])} threads, shared by {counts.total()}"

    return [judge(incident) for incident in ids]

"""Apprise: imported only where it is configured, silent, and sent a vendor's text as words."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from statuswatch.delivery import deliver as delivery_stage
from statuswatch.errors import UsageError
from statuswatch.model.event import Notification
from statuswatch.sinks import apprise
from tests.support.fake_receiver import SECRET, FakeReceiver
from tests.support.hostile_text import with_body
from tests.support.sending import connected, new_deliveries, send

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from statuswatch.model.event import PendingDelivery

OPTIONS: dict[str, Any] = {"url_env": "APPRISE_URL"}
TOKEN = "t0k3nt0k3nt0k3nt0k3nt0k3nt"  # noqa: S105 - no secret, and looked for in all that is printed
EVIL = "<b>x</b> **bold** [x](https://evil.example) www.evil.example evil.example/x <!channel> <@U1> @everyone 🔥 "


def apprise_url(receiver: FakeReceiver, scheme: str = "json", query: str = "") -> str:
    """Return the address of the receiver in Apprise's spelling."""
    return f"{scheme}://{receiver.url.removeprefix('http://')}/{SECRET}{query}"


def env_of(*receivers: FakeReceiver) -> dict[str, str]:
    return {"APPRISE_URL": "\n ".join(map(apprise_url, receivers))}


def evil_delivery() -> PendingDelivery:
    (delivery,) = new_deliveries(1, title=EVIL, components=(EVIL,))
    return delivery


@pytest.fixture
def one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notification is attempted once, and no pause is made."""
    monkeypatch.setattr(delivery_stage, "MAX_ATTEMPTS", 1)
    monkeypatch.setattr(apprise, "RETRY_SECONDS", 0.0)


def test_an_event() -> None:
    """2: title and body hold sign, page, product, title, status, message, times in UTC, and the vendor's link."""
    with FakeReceiver() as receiver:
        (delivery,) = new_deliveries(1)
        outcome = send("apprise", OPTIONS, env_of(receiver), delivery)
        (request,) = receiver.requests
    assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ())
    assert (request.json["title"], request.json["type"]) == ("🔴 NEW · Acme", "failure")
    body = request.json["message"]
    assert body.startswith(
        "Acme - API\nIncident a0\nminor\ninvestigating — We look.\npublished 2026-03-07 09:01:00 UTC"
    )
    assert body.endswith(f"\n{delivery.event.incident.url}")


@pytest.mark.usefixtures("one_attempt")
def test_a_notification_that_is_not_accepted_waits(capfd: pytest.CaptureFixture[str]) -> None:
    """What Apprise could not send waits for the next run; the address is printed nowhere, not by Apprise's log."""
    with FakeReceiver(default=500) as receiver:
        outcome = send("apprise", OPTIONS, env_of(receiver), *new_deliveries(1))
    assert outcome.remarks == ("rejected: Apprise could not send it", "1 event waits; retried on the next run")
    assert capfd.readouterr() == ("", "")


def test_a_fault_is_retried() -> None:
    """A service that did not accept a notification is tried again in the run."""
    with FakeReceiver(503) as receiver:
        assert send("apprise", OPTIONS, env_of(receiver), *new_deliveries(1)).sent == 1
        assert len(receiver.requests) == 2


@pytest.mark.usefixtures("one_attempt")
def test_one_of_two_services() -> None:
    """Delivered once one service accepted it: the other is tried once more, alone, and then named by its place."""
    with FakeReceiver() as accepting, FakeReceiver(500, 500) as failing:
        outcome = send("apprise", OPTIONS, env_of(accepting, failing), *new_deliveries(1))
        assert (outcome.sent, outcome.waiting) == (1, ())
        assert outcome.remarks == ("accepted, but not by address 2 of 2",)
        assert (len(accepting.requests), len(failing.requests)) == (1, 2)


def test_a_service_that_hangs_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that hangs costs its sink its time, and leaves no thread for the end of the run to wait for."""
    monkeypatch.setattr(delivery_stage, "MAX_SECONDS", 0.5)
    released = threading.Event()

    def hang(_: socket.socket) -> None:
        released.wait(60)

    with FakeReceiver(hang) as receiver:
        outcome = send("apprise", OPTIONS, env_of(receiver), *new_deliveries(1))
        assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())
        released.set()
    assert outcome.remarks[0] == "rejected: not finished within 0.5 s"


@pytest.mark.parametrize(
    ("scheme", "query", "text_of"),
    [
        ("json", "", lambda payload: payload["message"]),
        ("json", "?format=html", lambda payload: payload["message"]),
        ("json", "?format=markdown", lambda payload: payload["message"]),
        ("mmost", "", lambda payload: payload["text"]),
    ],
    ids=["text", "html", "markdown", "mattermost"],
)
def test_vendor_text_is_words(scheme: str, query: str, text_of: Callable[[Any], str]) -> None:
    """Vendor text mentions nobody, links nowhere, and is no markup where Apprise says that a service reads one."""
    with FakeReceiver() as receiver:
        url = apprise_url(receiver, scheme, query)
        if scheme == "mmost":
            url = f"{url.removesuffix(SECRET)}{TOKEN}"
        assert send("apprise", OPTIONS, {"APPRISE_URL": url}, evil_delivery()).sent == 1
        text = text_of(receiver.requests[0].json)
    assert not re.search(r"<!channel|<@U1|(?<!\\)@everyone|(?<!\u2060)evil\.example|\]\(http", text)
    assert text.count("https://") + text.count("https\\://") == 1
    if "html" in query:
        assert "<b>" not in text and "&lt;" in text
    if "markdown" in query:
        assert r"\*\*bold\*\*" in text and r"\[x\]" in text


@pytest.mark.parametrize("max_length", [200, 2000, 32_768])
def test_an_event_fits_the_limit_of_its_service(max_length: int) -> None:
    """One event is cut with a count of what is left out, and its link stays."""
    delivery = with_body(evil_delivery(), "x" * 100_000, count=5)
    title, body, _ = apprise.content(Notification((delivery,)), max_length)
    assert len(title) + len(body) <= max_length and "more characters)" in body
    assert body.endswith(delivery.event.incident.url)


def test_a_digest() -> None:
    """4: of a burst every incident arrives, in as many messages as the service's limit makes of it."""
    with FakeReceiver() as receiver:
        url = f"mmost://{receiver.url.removeprefix('http://')}/{TOKEN}"
        assert send("apprise", OPTIONS, {"APPRISE_URL": url}, *new_deliveries(40)).sent == 1
        texts = [request.json["text"] for request in receiver.requests]
    assert 1 < len(texts) < 10 and max(map(len, texts)) <= 4000
    assert all(f"/incidents/a{number}\n" in "".join([*texts, "\n"]) for number in range(40))


@pytest.mark.parametrize(
    "url", ["nothing-0f1e2d3c", "gopher://0f1e2d3c/x", "json://", "json://ok.example slack://0f1e2d3c"]
)
def test_an_unknown_address(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    """7: an address that Apprise does not know breaks its sink only, and is not repeated."""
    (sink,) = connected("apprise", OPTIONS, {"APPRISE_URL": url})
    assert re.search(r"\$APPRISE_URL: address . of . is not one that Apprise knows", sink.broken)
    assert "0f1e2d3c" not in sink.broken and capfd.readouterr() == ("", "")


def test_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """2: where the extra is not installed, the error says so, and how to install it."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UsageError, match=re.escape("pip install 'statuswatch[apprise]'")):
        connected("apprise", OPTIONS, {"APPRISE_URL": "json://ok.example"})


def test_imported_only_where_it_is_configured() -> None:
    """2: a run that does not use Apprise does not pay for it."""
    program = "import sys, statuswatch.cli, statuswatch.sinks.apprise; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("ntfys://tk_x@ntfy.example.com/TOPIC", "NotifyNtfy token"),
        ("ntfy://TOPIC", "NotifyNtfy basic"),
        ("mmosts://mattermost.example.com/3ccdd113474722377935511fc85d3dd4", "NotifyMattermost None"),
        ("rockets://ID/TOKEN@chat.example.com/?format=text", "NotifyRocketChat None"),
        ("gchat://SPACE/KEY/TOKEN/?format=text", "NotifyGoogleChat None"),
    ],
)
def test_documented_addresses(address: str, service: str) -> None:
    """The addresses that the documentation names for services without a sink of their own are Apprise's."""
    (found,) = apprise._services([address], "APPRISE_URL")
    assert f"{type(found).__name__} {getattr(found, 'auth', None)}" == service


@pytest.mark.usefixtures("one_attempt")
@pytest.mark.parametrize(
    ("address", "path", "field"),
    [
        ("ntfy://tk_x@{}/TOPIC", "/", "message"),
        ("mmost://{}/3ccdd113474722377935511fc85d3dd4", "/hooks/3ccdd113474722377935511fc85d3dd4", "text"),
        ("rocket://ID/TOKEN@{}/?format=text", "/hooks/ID/TOKEN", "text"),
    ],
)
def test_documented_services(address: str, path: str, field: str) -> None:
    """ntfy, Mattermost and Rocket.Chat get the incident's words where each reads its text, and no mention in them."""
    with FakeReceiver() as receiver:
        env = {"APPRISE_URL": address.format(receiver.url.removeprefix("http://"))}
        assert send("apprise", OPTIONS, env, evil_delivery()).sent == 1
        (request,) = receiver.requests
    assert request.path == path
    assert "We look." in request.json[field] and "@everyone" not in request.json[field]
    assert "<!channel>" not in request.json[field]

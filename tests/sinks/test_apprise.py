"""Apprise: asked for only where it is configured, silent, and given a vendor's text as words."""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from statuswatch.errors import UsageError
from statuswatch.model.event import Notification, PendingDelivery
from statuswatch.sinks.apprise import content
from tests.support.fake_receiver import SECRET, FakeReceiver
from tests.support.sending import configured, notices, send

SAMPLE: dict[str, Any] = {"url_env": "APPRISE_URL"}
HTTP = False  # what an answer means is Apprise's business


def environment(address: str) -> dict[str, str]:
    return {"APPRISE_URL": address.replace("https://", "jsons://").replace("http://", "json://") + f"/{SECRET}"}


TOKEN = "t0k3nt0k3nt0k3nt0k3nt0k3nt"  # noqa: S105 - no secret, and looked for in all that is printed


def at(receiver: FakeReceiver, kind: str = "json", more: str = "") -> str:
    return f"{kind}://{receiver.address.removeprefix('http://')}/{SECRET}{more}"


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked twice, and no pause is made."""
    monkeypatch.setattr("statuswatch.notify.ATTEMPTS", 1)
    monkeypatch.setattr("statuswatch.sinks.apprise.PAUSE", 0.0)


def test_an_event() -> None:
    """2: title and body say sign, page, product, title, status, message, times in UTC, and the vendor's link."""
    with FakeReceiver() as receiver:
        (notice,) = notices(1)
        outcome = send("apprise", SAMPLE, {"APPRISE_URL": at(receiver)}, notice)
        assert (outcome.sent, outcome.waiting, outcome.remarks) == (1, (), ())
        (got,) = receiver.got
    assert (got.json["title"], got.json["type"]) == ("🔴 NEW · Acme", "failure")
    body = got.json["message"]
    assert body.startswith(
        "Acme - API\nIncident a0\nminor\ninvestigating — We look.\npublished 2026-03-07 09:01:00 UTC"
    )
    assert body.endswith(f"\n{notice.event.incident.url}")


def test_what_is_not_taken_waits(capfd: pytest.CaptureFixture[str], once: None) -> None:
    """What Apprise could not send waits for the next run; nothing says the address, Apprise's log included."""
    with FakeReceiver(usual=500) as receiver:
        outcome = send("apprise", SAMPLE, {"APPRISE_URL": at(receiver)}, *notices(1))
    assert outcome.remarks == ("refused: Apprise could not send it", "1 event waits for the next run")
    assert capfd.readouterr() == ("", "")


def test_tried_again() -> None:
    """A service that did not take a message is asked again in the run."""
    with FakeReceiver(503) as receiver:
        assert send("apprise", SAMPLE, {"APPRISE_URL": at(receiver)}, *notices(1)).sent == 1
        assert len(receiver.got) == 2


def test_one_of_two(once: None) -> None:
    """Told once one service took it: the other is asked once more, alone, and then named by its place."""
    with FakeReceiver() as one, FakeReceiver(500, 500) as other:
        outcome = send("apprise", SAMPLE, {"APPRISE_URL": f"{at(one)}\n {at(other)}"}, *notices(1))
        assert (outcome.sent, outcome.waiting) == (1, ())
        assert outcome.remarks == ("taken, but not by address 2 of 2",)
        assert (len(one.got), len(other.got)) == (1, 2)


def test_a_hang_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that says nothing costs its sink its time, and leaves no thread that the end of the run waits for."""
    monkeypatch.setattr("statuswatch.notify.DEADLINE", 0.5)
    held = threading.Event()

    def hang(_: socket.socket) -> None:
        held.wait(10)

    with FakeReceiver(hang) as receiver:
        began = time.monotonic()
        outcome = send("apprise", SAMPLE, {"APPRISE_URL": at(receiver)}, *notices(1))
        assert time.monotonic() - began < 4
        assert all(it.daemon for it in threading.enumerate() if it is not threading.main_thread())
        held.set()
    assert outcome.remarks[0] == "refused: not done within 0.5 s"


EVIL = "<b>x</b> **bold** [x](https://evil.example) www.evil.example evil.example/x <!channel> <@U1> @everyone 🔥 "


def evil() -> PendingDelivery:
    (notice,) = notices(1, title=EVIL, components=(EVIL,))
    return notice


@pytest.mark.parametrize(
    ("kind", "more", "read"),
    [
        ("json", "", lambda it: it["message"]),
        ("json", "?format=html", lambda it: it["message"]),
        ("json", "?format=markdown", lambda it: it["message"]),
        ("mmost", "", lambda it: it["text"]),
    ],
    ids=["text", "html", "markdown", "mattermost"],
)
def test_vendor_text_is_inert(kind: str, more: str, read: Callable[[Any], str]) -> None:
    """Vendor text calls nobody, links nowhere, and is no markup where Apprise says that a service reads one."""
    with FakeReceiver() as receiver:
        url = at(receiver, kind, more) if kind == "json" else f"{at(receiver, kind).removesuffix(SECRET)}{TOKEN}"
        assert send("apprise", SAMPLE, {"APPRISE_URL": url}, evil()).sent == 1
        said = read(receiver.got[0].json)
    assert not re.search(r"<!channel|<@U1|(?<!\\)@everyone|(?<!\u2060)evil\.example|\]\(http", said)
    assert said.count("https://") + said.count("https\\://") == 1
    if "html" in more:
        assert "<b>" not in said and "&lt;" in said
    if "markdown" in more:
        assert r"\*\*bold\*\*" in said and r"\[x\]" in said


def test_only_as_long_as_it_may_be() -> None:
    """One event fits a service's limit, with a count of what is left out, and its link stays."""
    notice = evil()
    long = msgspec.structs.replace(notice.event.updates[0], body="x" * 100_000)
    notice = msgspec.structs.replace(notice, event=msgspec.structs.replace(notice.event, updates=(long,) * 5))
    for longest in (200, 2000, 32_768):
        title, body, _ = content(Notification((notice,)), longest)
        assert len(title) + len(body) <= longest and "more characters)" in body
        assert body.endswith(notice.event.incident.url)


def test_a_digest() -> None:
    """4: of a burst every incident arrives, in as many messages as the service's limit makes of it."""
    with FakeReceiver() as receiver:
        url = f"mmost://{receiver.address.removeprefix('http://')}/{TOKEN}"
        assert send("apprise", SAMPLE, {"APPRISE_URL": url}, *notices(40)).sent == 1
        said = "".join(got.json["text"] for got in receiver.got)
        assert 1 < len(receiver.got) < 10 and max(len(got.json["text"]) for got in receiver.got) <= 4000
    assert all(f"/incidents/a{number}\n" in f"{said}\n" for number in range(40))


@pytest.mark.parametrize(
    "url", ["nothing-0f1e2d3c", "gopher://0f1e2d3c/x", "json://", "json://ok.example slack://0f1e2d3c"]
)
def test_an_address_that_is_none(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    """1: an address that Apprise does not know stops the run at its start, and is not repeated."""
    with pytest.raises(UsageError, match=r"\$APPRISE_URL: address . of . is not one that Apprise knows") as raised:
        configured("apprise", SAMPLE, {"APPRISE_URL": url})
    assert "0f1e2d3c" not in str(raised.value) and capfd.readouterr() == ("", "")


def test_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """2: where the extra is not installed, that is said, and how to."""
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UsageError, match=re.escape("pip install 'statuswatch[apprise]'")):
        configured("apprise", SAMPLE, {"APPRISE_URL": "json://ok.example"})


def test_imported_only_where_it_is_configured() -> None:
    """2: what does not use it does not pay for it."""
    program = "import sys, statuswatch.cli, statuswatch.sinks.apprise; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0

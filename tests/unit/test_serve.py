"""The HTTP side of `serve`. Contract, section 2."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import threading
import time
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from statuswatch.cli.check import check
from statuswatch.cli.serve import Host, Press, serve
from statuswatch.cli.watching import Watch
from statuswatch.errors import UsageError
from statuswatch.model.page import Failure, FailureKind, RequestNote
from statuswatch.model.report import PageNotes, PageOutcome, RunReport, SinkOutcome
from statuswatch.model.state import State
from statuswatch.serve import app as app_module
from statuswatch.serve import server
from statuswatch.serve.app import Doors, build_app
from statuswatch.serve.figures import Figures, label_of
from statuswatch.serve.inbox import Inbox
from statuswatch.serve.pushes import MAX_BODY, describe, is_same_secret
from statuswatch.serve.site import Site
from tests.support.asgi import request
from tests.support.fake_vendor import incident
from tests.support.sending import new_deliveries
from tests.support.simulated_watch import START, simulated, watch
from tests.support.warm_command import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.applications import Starlette

    from tests.support.workspace import Workspace

WORD: Final = "a-word-of-some-length"  # the token
HOOK: Final = f"/hooks/acme/{WORD}"
# Skeletons of what the vendors document: keys and types, with values of our own.
PUSHES: Final[dict[str, tuple[dict[str, str], Any]]] = {
    "Statuspage": ({}, {"meta": {}, "page": {"id": "1"}, "incident": {"id": "2", "incident_updates": []}}),
    "Statuspage component": ({}, {"page": {}, "component": {}, "component_update": {"new_status": "operational"}}),
    "Instatus": ({"x-instatus-webhook-signature": "00"}, {"page": {}, "maintenance": {"maintenance_updates": []}}),
    "Better Stack": ({"X-BetterUptime-Event": "incident"}, {"event_type": "incident", "page": {}, "incident": {}}),
    "Hund": ({}, {"created_at": 1, "event": {}, "subscription": {}, "status_page": {"name": "Acme"}}),
    "StatusCast": ({}, {"confirm": "please"}),
}
PUSHERS: Final = {name.lower().replace(" ", ""): headers for name, (headers, _) in PUSHES.items()}
CORPUS: Final = Path(__file__).parents[3] / "shared" / "corpus"


class House:
    """An application whose rings are noted."""

    def __init__(self) -> None:
        self.rings: list[str] = []
        self.lines: list[str] = []
        self.secrets: dict[str, str] = {}
        self.problems: list[str] = []
        self.is_full = False
        self.site, self.figures = Site(), Figures()

    def ring(self, key: str) -> None:
        if self.is_full:
            raise OSError(28, "no space")
        self.rings.append(key)

    def app(self, token: str = WORD) -> Starlette:
        doors = Doors(
            token=lambda: token,
            keys=lambda: frozenset({"acme", "bolt"}),
            secrets=lambda: self.secrets,
            ring=self.ring,
            log=self.lines.append,
            problems=lambda: self.problems,
            lag=lambda: 1.5,
        )
        return build_app(doors, self.site, self.figures)


@pytest.fixture
def house() -> House:
    return House()


@pytest.mark.parametrize("vendor", PUSHES)
def test_a_push_of_each_vendor_rings(house: House, vendor: str) -> None:
    """Contract 2.22: a push is answered with 202, whatever is in it; a look at the address with 200, for who
    confirms so.
    """
    headers, body = PUSHES[vendor]
    assert request(house.app(), "POST", HOOK, json.dumps(body).encode(), headers).status == 202
    assert request(house.app(), "GET", HOOK).status == request(house.app(), "HEAD", HOOK).status == 200
    assert house.rings == ["acme"] and house.lines[0].startswith("rung for acme by 127.0.0.1 (")


def test_a_push_is_not_believed(house: House) -> None:
    """Contract 2.22: no word of a push is printed, and what is no JSON rings as well."""
    hostile = json.dumps({"incident": {"name": "\x1b[31m::error::"}, "event_type": "@everyone"}).encode()
    for body in (hostile, b"\xff\xfe", b"", b"[" * 100_000, b"{}"):
        assert request(house.app(), "POST", HOOK, body).status == 202
    assert len(house.rings) == 5 and not any("everyone" in line or "\x1b" in line for line in house.lines)


@pytest.mark.parametrize(
    "path", ["/hooks/acme/wrong", "/hooks/nobody/" + WORD, "/hooks/acme/", "/hooks/acme", "/hooks/../acme/" + WORD]
)
def test_a_wrong_token_and_an_unknown_page_look_alike(house: House, path: str) -> None:
    """Contract 2.22.1: a wrong token and an unknown key are 404, with the same body; nothing rings."""
    answer = request(house.app(), "POST", path)
    assert (answer.status, answer.body) == (404, b"not found\n") and house.rings == []


def test_without_a_token_there_is_no_doorbell(house: House) -> None:
    """Contract 2.22.1: where no token is configured, or its variable is empty, no address rings."""
    assert request(house.app(token=""), "POST", "/hooks/acme/").status == 404
    assert request(house.app(token=""), "POST", "/hooks/acme/x").status == 404
    assert is_same_secret("ä", "ä") and not is_same_secret("", "x") and not is_same_secret("\udcff", "x")


def test_a_body_is_bounded(house: House) -> None:
    """Contract 2.22.1: a body over 256 KB is 413 and not read to its end; nothing rings."""
    assert request(house.app(), "POST", HOOK, [b"x" * 100_000] * 50).status == 413
    assert house.rings == []
    assert request(house.app(), "POST", HOOK, b"x" * MAX_BODY).status == 202


def test_a_signature_is_checked_where_a_secret_is_configured(house: House) -> None:
    """Contract 2.22.1: with a secret, only a push whose `X-…-Signature` is the HMAC of its body rings."""
    house.secrets = {"acme": "s3cret"}
    right = hmac.new(b"s3cret", b"{}", hashlib.sha256).hexdigest()
    for value, status in ((right, 202), (f"sha256={right}", 202), ("00", 401)):
        assert request(house.app(), "POST", HOOK, b"{}", {"X-Instatus-Webhook-Signature": value}).status == status
    assert request(house.app(), "POST", HOOK, b"{}").status == 401
    house.secrets = {"acme": ""}  # its variable is not set: nobody knows the secret
    assert request(house.app(), "POST", HOOK, b"{}", {"X-A-Signature": "00"}).status == 401
    assert len(house.rings) == 2


def test_an_inbox_that_is_full(house: House) -> None:
    """Contract 2.22.1: a ring that cannot be written is 503 with `Retry-After`, never 202."""
    house.is_full = True
    answer = request(house.app(), "POST", HOOK)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")


def test_health(house: House) -> None:
    """Contract 2.22.2: `/healthz` answers while the process lives, `/readyz` says why it is not ready, `/metrics` no
    vendor's text.
    """
    assert request(house.app(), "GET", "/healthz").status == 200
    assert request(house.app(), "GET", "/readyz").status == 200
    house.problems = ["1 page late: acme"]
    answer = request(house.app(), "GET", "/readyz")
    assert answer.status == 503 and json.loads(answer.body)["problems"] == ["1 page late: acme"]
    metrics = request(house.app(), "GET", "/metrics").body
    assert b"statuswatch_schedule_lag_seconds 1.5" in metrics
    assert (label_of("incidents.json"), label_of("incident 01KK"), label_of("x?page=2")) == (
        "incidents.json",
        *["other"] * 2,
    )


def test_the_board_is_served_with_a_tag(house: House) -> None:
    """Contract 2.22.2: the board has an entity tag, 304 for who has it, security headers, and CORS for public JSON
    only.
    """
    house.site.replace({"index.html": b"<p>", "api/status.json": b"{}", "acme/index.html": b"<b>"})
    page = request(house.app(), "GET", "/")
    assert page.headers["content-type"].startswith("text/html") and "access-control-allow-origin" not in page.headers
    assert page.headers["x-content-type-options"] == "nosniff" and "content-security-policy" in page.headers
    tag = {"If-None-Match": f'W/"x", {page.headers["etag"]}'}
    assert request(house.app(), "GET", "/", headers=tag).status == 304
    assert request(house.app(), "GET", "/api/status.json").headers["access-control-allow-origin"] == "*"
    assert request(house.app(), "GET", "/acme/").body == b"<b>"
    assert request(house.app(), "GET", "/../etc/passwd").status == 404
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert request(house.app(), method, "/").status == 405


def test_every_answer_is_guarded_and_no_redirect(house: House) -> None:
    """Contract 2.22.1 and 2.22.2: security headers stand on every answer, CORS on none but public JSON, and no
    address redirects.
    """
    answers = [
        request(house.app(), method, path, body)
        for method in ("GET", "POST", "OPTIONS", "DELETE")
        for path in (
            "/",
            "/healthz",
            "/healthz/",
            "/readyz",
            "/metrics",
            HOOK,
            f"{HOOK}/",
            "/hooks/acme/x",
            "/acme",
            "//x",
        )
        for body in (b"", b"x" * (MAX_BODY + 1))
    ]
    assert {answer.status for answer in answers} == {200, 202, 404, 405, 413}
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff" and "content-security-policy" in answer.headers
        assert "access-control-allow-origin" not in answer.headers


def test_the_inbox_outlives_its_process(tmp_path: Path) -> None:
    """Contract 2.22: a ring is on the disk before it is answered, once for each page, and is taken over by the next
    process.
    """
    path, rung = tmp_path / "state.json.inbox", list[str]()
    inbox = Inbox(path, rung.append)
    for key in ("acme", "bolt", "acme"):
        inbox.add(key)
    assert path.read_text() == "acme\nbolt\n" and rung == ["acme", "bolt", "acme"]
    inbox.close()
    path.write_bytes(path.read_bytes() + b"\n../x y\ncur")  # a line that was cut is a key, or none
    later = list[str]()
    other = Inbox(path, later.append)
    assert other.take_over() == later == ["acme", "bolt", "cur"]
    other.remove("acme", unless=lambda _: False)
    other.remove("bolt", unless=lambda _: True)
    assert path.read_text() == "bolt\ncur\n"
    other.add("acme")
    other.close()
    assert path.read_text() == "bolt\ncur\nacme\n"


def test_an_inbox_that_cannot_be_written(tmp_path: Path) -> None:
    """A ring that cannot be written raises, and is not remembered as if it had been."""
    rung = list[str]()
    inbox = Inbox(tmp_path / "missing" / "state.json.inbox", rung.append)
    for _ in range(2):
        with pytest.raises(OSError, match="No such file"):
            inbox.add("acme")
    assert rung == [] and inbox.take_over() == []


def test_a_ring_is_answered_by_a_read(tmp_path: Path) -> None:
    """Contract 2.22: the page is read at once and after 10, 30 and 120 seconds until something changed; then the
    inbox forgets it.
    """
    passes, clock, vendors = simulated(tmp_path, "acme", every=3600)
    host = Host(quiet=True)
    watching = Watch(passes, clock=clock, seconds=1200, observer=host)
    app = host.open(watching)
    inbox = tmp_path / "state.json.inbox"
    contents: list[str] = []
    clock.at(10, lambda: host._inbox.add("acme"))
    clock.at(10.1, lambda: contents.append(inbox.read_text()))
    clock.at(10.4, lambda: vendors.incidents.update(acme=[incident("a", "investigating", at=START)]))
    watching.run()
    host.close()
    assert [round(minute * 60) for minute in vendors.times("acme")] == [0, 600, 610, 630]
    assert passes.event_lines() == ["new acme"]
    assert contents == ["acme\n"] and inbox.read_text() == ""
    assert request(app, "GET", "/readyz").status in (200, 503)
    assert b'statuswatch_events_total{kind="new"} 1.0' in request(app, "GET", "/metrics").body


class NotedSite(Site):
    """A site that says when its files were replaced."""

    def __init__(self) -> None:
        self.replaced = threading.Event()
        super().__init__()
        self.replaced.clear()

    def replace(self, files: Mapping[str, bytes]) -> None:
        super().replace(files)
        self.replaced.set()


def test_the_board_is_rendered_after_a_change(tmp_path: Path) -> None:
    """The board shows what a pass changed, and is not rendered for one that changed nothing."""
    passes, clock, vendors = simulated(tmp_path, "acme")
    clock.at(1, lambda: vendors.incidents.update(acme=[incident("a", "investigating", at=START)]))
    watch(passes, 10)
    site = NotedSite()
    press = Press(site)
    press.start()
    before = site.find("index.html")
    press.offer(passes.config, passes.reports[-1].state, is_changed=True)
    assert site.replaced.wait(PATIENCE)
    rendered = site.find("index.html")
    assert before and rendered and b"Acme" in rendered.content and rendered.etag != before.etag
    site.replaced.clear()
    press.offer(passes.config, passes.reports[-1].state, is_changed=False)
    press.stop()
    assert not press.is_alive() and not site.replaced.is_set()


def test_addresses_to_listen_on(tmp_path: Path) -> None:
    """`--listen` takes HOST:PORT and unix:PATH; a stale socket is replaced, one in use is exit 2."""
    for address in ("", "8080", "localhost", "127.0.0.1:x", f"unix:{tmp_path}/no/such", "256.256.256.256:1"):
        with pytest.raises(UsageError, match="--listen"):
            server.listen(address, {})
    place = f"unix:{tmp_path}/s"
    server.listen(place, {}).close()
    with server.listen(place, {}) as listener:
        listener.listen()
        with pytest.raises(UsageError, match="in use"):
            server.listen(place, {})
    with server.listen("127.0.0.1:0", {}) as listener:
        port = listener.getsockname()[1]
        listener.listen()
        with pytest.raises(UsageError, match="in use"):
            server.listen(f"127.0.0.1:{port}", {"LISTEN_PID": "1", "LISTEN_FDS": "1"})


def test_pushes_are_described_in_our_words() -> None:
    """What was pushed is named by its vendor and kind."""
    described = {
        name: describe(json.dumps(body).encode(), lowered(headers)) for name, (headers, body) in PUSHES.items()
    }
    assert described["Better Stack"] == "Better Stack: incident"
    assert described["Instatus"] == "Instatus: maintenance"
    assert described["Hund"].startswith("Hund") and "Statuspage" in described["Statuspage"]


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_a_lean_run_imports_no_extra(workspace: Workspace) -> None:
    """Contract 2.11: runs of `check` and of `check --watch`, with a sink to deliver to, import nothing of any extra."""
    script = (
        "import sys; from statuswatch.cli import main\n"
        "for sys.argv[1:] in (['check', '-q', '--announce-open'], ['check', '--watch', '--for', '1s', '-q']):\n"
        "    try: main()\n"
        "    except SystemExit as end: assert not end.code, end.code\n"
        "extras = {'starlette', 'uvicorn', 'prometheus_client', 'mcp', 'pydantic', 'apprise'}\n"
        "sys.exit(' '.join(extras & set(sys.modules)) or 0)"
    )
    workspace.watch("acme", top='[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n')
    workspace.vendor.answer("/hook", b"ok")
    env = {**workspace.env, "HOOK": f"{workspace.vendor.url}/hook"}
    subprocess.run([sys.executable, "-c", script], check=True, env=env, cwd=workspace.folder, timeout=PATIENCE)
    assert "/hook" in workspace.vendor.paths()


def test_serve_has_the_options_of_a_watch() -> None:
    """Contract 2.22: `serve` takes whatever `check --watch` takes, but for --dry-run: a ring that got 202 is
    written.
    """
    of_check, of_serve = (signature(command).parameters for command in (check, serve))
    assert set(of_check) - set(of_serve) == {"once", "watch", "exit_code", "dry_run"}
    assert set(of_serve) - set(of_check) == {"listen", "root_path", "trust_proxy", "mcp"}
    shared = set(of_check) & set(of_serve) - {"every", "duration"}  # which say that they need --watch
    assert all(of_check[name] == of_serve[name] for name in shared)


@pytest.mark.parametrize("module", ["starlette", "uvicorn", "httptools", "prometheus_client"])
def test_without_the_extra(module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Contract 2.22.2: the command says what to install, as a mistake of usage."""
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=rf"{module} not installed\): pip install 'statuswatch\[serve\]'") as raised:
        serve()
    assert raised.value.exit_code == 2


def test_a_proxy_may_leave_its_path_away_or_not(house: House) -> None:
    """Contract 2.22.2: with `--root-path` an address is answered with the path in front of it and without, and so is
    no other path.
    """
    app = server.Rooted(house.app(), "/status")
    for path in ("/status/healthz", "/healthz", "/status", "/status/", "/"):
        assert request(app, "GET", path).status == 200, path
    assert request(app, "GET", "/statuses/healthz").status == request(app, "GET", "/status/status/").status == 404
    assert request(app, "POST", f"/status{HOOK}").status == 202 and house.rings == ["acme"]


def test_who_rang_is_an_address_or_nothing(house: House) -> None:
    """Contract 2.22.2: the log names the address that rang. A proxy's header may hold any text, which is not
    printed.
    """
    for client in ("2001:db8::1", "\x1b[31m", ""):
        assert request(house.app(), "POST", HOOK, client=client).status == 202
    assert house.lines[0].startswith("rung for acme by 2001:db8::1 (")
    assert all(line.startswith("rung for acme by a client without an address (") for line in house.lines[1:])


def test_a_body_that_does_not_end_in_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 2.22.1: a push whose body takes too long is 408, and rings nothing."""
    monkeypatch.setattr(app_module, "BODY_SECONDS", 0.0)
    assert request(house.app(), "POST", HOOK, [b"{", b"}"], is_slow=True).status == 408
    assert house.rings == []


def test_readiness_has_reasons(tmp_path: Path) -> None:
    """`/readyz` is 503 until every page is tried, while one is late, and while state or inbox cannot be written."""
    passes, clock, _ = simulated(tmp_path, "acme", "bolt", token_env="PATH")  # noqa: S106 - a variable that is set
    host = Host(quiet=True)
    watching = Watch(passes, clock=clock, seconds=60, observer=host)
    app = host.open(watching)

    def problems() -> list[str]:
        answer = request(app, "GET", "/readyz")
        found: list[str] = json.loads(answer.body)["problems"]
        assert answer.status == (503 if found else 200)
        return found

    assert problems() == ["2 pages not tried yet: acme, bolt"]
    watching.run()
    assert problems() == ["2 pages late: acme, bolt"]  # by the real clock
    watching.schedule.postpone(("acme", "bolt"), time.time())
    assert problems() == []
    watching.is_saved = False
    (tmp_path / "state.json.inbox").mkdir()
    (tmp_path / "state.json.inbox").chmod(0o500)
    expected = ["the state file cannot be used", *["the inbox cannot be written"] * (os.geteuid() != 0)]
    assert problems() == expected
    host.close()


def test_figures() -> None:
    """`/metrics` counts reads, seconds by document, events, deliveries and the outbox by sink, and the oldest in it."""
    figures, waiting = Figures(), new_deliveries(2)
    outcome = PageOutcome(
        page=msgspec.structs.replace(waiting[0].event.page, key="bolt"),
        notes=PageNotes(requests=(RequestNote("incidents.json", "HTTP 200", 10, 0.3, conditional=False),)),
    )
    failed = PageOutcome(page=waiting[0].event.page, failure=Failure(FailureKind.TIMEOUT, "slow"))
    report = RunReport(
        detected_at=START,
        pages=(outcome, failed),
        events=tuple(delivery.event for delivery in waiting),
        sinks=(SinkOutcome("chat", sent=3, waiting=waiting),),
        state=State(outbox={"chat": waiting}),
    )
    figures.take(report)
    text = figures.text().decode()
    for line in (
        'reads_total{result="good"} 1.0',
        'reads_total{result="failed"} 1.0',
        "pages_unknown 1.0",
        'document_seconds_count{document="incidents.json"} 1.0',
        'events_total{kind="new"} 2.0',
        'deliveries_total{sink="chat"} 3.0',
        'outbox_events{sink="chat"} 2.0',
    ):
        assert f"statuswatch_{line}\n" in text, line
    age = re.search(r"^statuswatch_oldest_undelivered_seconds (.+)$", text, re.M)
    assert age and float(age[1]) > 3600


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there are no recorded payloads beside this checkout")
def test_recorded_pushes(house: House) -> None:
    """What vendors document, or were seen to push, is answered with 202, and named by its vendor."""
    for path in sorted(CORPUS.glob("webhook-*/*/*.json")):
        vendor = path.parts[-3].removeprefix("webhook-")
        assert request(house.app(), "POST", HOOK, path.read_bytes(), PUSHERS.get(vendor, {})).status == 202
        assert vendor in house.lines[-1].lower().replace(" ", ""), (path.name, house.lines[-1])
    assert len(house.rings) >= 8

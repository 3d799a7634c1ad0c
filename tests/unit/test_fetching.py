"""Section 5 of the contract on the wire: a real loopback server that misbehaves, and what the run makes of it."""

import gc
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Flag

import pytest
import trustme

from statuswatch.config.schema import Config
from statuswatch.model.page import Page
from statuswatch.model.report import RunReport
from statuswatch.net.client import open_network
from statuswatch.net.trust import trust_store
from statuswatch.pipeline import check
from tests.support.fake_vendor import FakeVendor, incident, statuspage, window

NOW = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
INCIDENTS = "/acme/api/v2/incidents.json"


def run(folder: Path, *urls: str, timeout: float = 5.0, **options: float) -> RunReport:
    """One run over pages at these addresses, with its state in the folder."""
    pages = tuple(
        Page(key=f"p{number}", name=f"P{number}", url=url, platform="statuspage") for number, url in enumerate(urls)
    )
    config = Config(pages=pages, state=folder / "state.json", timeout=timeout, **options)  # type: ignore[arg-type]
    return check(config, NOW, lambda _: None)


def reason(report: RunReport, number: int = 0) -> str:
    failed = report.pages[number].failed
    assert failed, "it was read"
    return str(failed)


def raw(content: bytes, *, then_hang: Flag | None = None) -> Callable[[socket.socket], None]:
    """Writes this to the socket as it is."""

    def write(connection: socket.socket) -> None:
        connection.sendall(content)
        if then_hang:
            then_hang.wait(20)

    return write


OK = b"HTTP/1.1 200 OK\r\n"


def test_slow_drip(tmp_path: Path) -> None:
    """5: a page that drips byte by byte costs its own time only: `timeout` is the whole of it."""
    ended = Flag()

    def drip(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 1000\r\n\r\n")
        while not ended.wait(0.05):
            connection.sendall(b" ")

    with FakeVendor() as site:
        site.put(statuspage("/acme") | statuspage("/other"))
        site.answer(INCIDENTS, drip)
        begun = time.monotonic()
        report = run(tmp_path, f"{site.url}/acme", f"{site.url}/other", timeout=0.5)
        took = time.monotonic() - begun
        ended.set()
    assert "no complete answer within 0.5 s" in reason(report)
    assert report.pages[1].failed is None and report.reached_anyone
    assert took < 0.5 + 1


def test_a_hanging_decoration_costs_itself(tmp_path: Path) -> None:
    """4: a decorating document that hangs costs its decoration, not the page."""
    hang = Flag()
    with FakeVendor() as site:
        site.put(statuspage("/acme", [incident("a", "investigating")]))
        site.answer("/acme/api/v2/summary.json", raw(OK, then_hang=hang))
        report = run(tmp_path, f"{site.url}/acme", timeout=1)
        hang.set()
    assert report.failed == () and report.open == 1
    assert any("summary.json" in loss for loss in report.pages[0].losses)


def test_redirects(tmp_path: Path) -> None:
    """5: redirects within the host are followed, a loop is a failure."""
    with FakeVendor() as site:
        documents = statuspage("/acme", [incident("a", "investigating")])
        site.put(documents)
        site.answer("/elsewhere", documents[INCIDENTS])
        site.answer(INCIDENTS, b"", 302, Location="/elsewhere")
        assert run(tmp_path, f"{site.url}/acme").open == 1
        site.answer("/elsewhere", b"", 302, Location=INCIDENTS)
        assert "more than 5 redirects" in reason(run(tmp_path, f"{site.url}/acme"))


@pytest.mark.parametrize("place", [b"/el\xc2\x9b31mse\xe2\x80\xae", b"\xe2\x80\xae://x/y", b"/else\xff"])
def test_where_a_redirect_leads_is_plain_text(tmp_path: Path, place: bytes) -> None:
    """7: the address that a redirect names is the vendor's text: nothing of it that is not plain is said."""
    with FakeVendor() as site:
        site.answer(INCIDENTS, raw(b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\nContent-Length: 0\r\n\r\n"))
        assert reason(run(tmp_path, f"{site.url}/acme")).isprintable()


def test_a_redirect_beyond_measure(tmp_path: Path) -> None:
    """5: of an address beyond measure 200 characters are said, and it is no line to be written down."""
    place = f"http://{'.'.join(['a' * 60] * 100)}"
    with FakeVendor() as site:
        site.answer(INCIDENTS, b"", 302, Location=f"{place}/status")
        failed = run(tmp_path, f"{site.url}/acme").reviews[0].failed
    assert failed and failed.reason == f"it redirects to {place[:200]}" and not failed.line


def test_passing_faults_are_tried_once_more(tmp_path: Path) -> None:
    """5: a passing fault of the server gets one more try, at once; a refusal gets none."""
    with FakeVendor() as site:
        site.put(statuspage("/acme"))
        site.answer(INCIDENTS, b"", 503)
        assert "HTTP 503" in reason(run(tmp_path, f"{site.url}/acme"))
        assert [it.path for it in site.requests].count(INCIDENTS) == 2
        site.requests.clear()
        site.answer(INCIDENTS, b"", 404)
        assert "HTTP 404" in reason(run(tmp_path, f"{site.url}/acme"))
        assert [it.path for it in site.requests].count(INCIDENTS) == 1


def test_retry_after(tmp_path: Path) -> None:
    """5: 429 honours Retry-After if it fits in the page's time; else the time is up."""
    with FakeVendor() as site:
        site.put(statuspage("/acme"))
        site.answer(INCIDENTS, b"", 429, Retry_After="0")
        assert "HTTP 429" in reason(run(tmp_path, f"{site.url}/acme"))
        assert [it.path for it in site.requests].count(INCIDENTS) == 2
        site.requests.clear()
        site.answer(INCIDENTS, b"", 429, Retry_After="60")
        assert "HTTP 429" in reason(run(tmp_path, f"{site.url}/acme", timeout=0.5))
        assert [it.path for it in site.requests].count(INCIDENTS) == 1


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_tls(tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """5: a page over TLS is read where its authority is trusted, and its name is checked."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with (
        FakeVendor(tls=serving(authority, "127.0.0.1")) as good,
        FakeVendor(tls=serving(authority, "another.example")) as bad,
    ):
        for site in (good, bad):
            site.put(statuspage("/acme"))
        report = run(tmp_path, f"{good.url}/acme", f"{bad.url}/acme")
    assert report.pages[0].failed is None
    assert "its certificate is not valid" in reason(report, 1)


def test_tls_not_trusted(tmp_path: Path, authority: trustme.CA) -> None:
    """5: a certificate of an unknown authority is a failure, and an answer: our own network is not the cause."""
    with FakeVendor(tls=serving(authority, "127.0.0.1")) as site:
        report = run(tmp_path, f"{site.url}/acme")
    assert "its certificate is not valid" in reason(report) and report.reached_anyone


def test_plain_http_where_tls_is_asked(tmp_path: Path) -> None:
    """5: a server that does not speak TLS is a failed page."""
    with FakeVendor() as site:
        assert "TLS failed" in reason(run(tmp_path, site.url.replace("http:", "https:") + "/acme"))


def test_nobody_listens(tmp_path: Path) -> None:
    """8: where no page answered at all, not even with an error, nothing is told and nothing is written."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        report = run(tmp_path, f"http://127.0.0.1:{unheard.getsockname()[1]}")
    assert "no connection: connection refused" in reason(report)
    assert not report.reached_anyone and not report.changed
    assert not (tmp_path / "state.json").exists()


def test_names_that_never_resolve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """5: names that never resolve cost their own pages their time, and hold nobody else nor the end of the run."""
    stuck = Flag()
    resolve = socket.getaddrinfo

    def answer(host: str, *rest: object, **more: object) -> object:
        if str(host).endswith(".dead.test"):
            stuck.wait(20)
        return resolve(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)  # the operating system's, not one of our own
    with FakeVendor() as site:
        site.put(statuspage("/acme"))
        begun = time.monotonic()
        dead = [f"http://n{number}.dead.test" for number in range(20)]
        report = run(tmp_path, *dead, f"{site.url}/acme", timeout=0.5)
        took = time.monotonic() - begun
    stuck.set()
    assert [review.failure is None for review in report.pages] == [False] * 20 + [True]
    assert took < 0.5 + 1


def test_no_resolver_outlives_its_run(tmp_path: Path) -> None:
    """5: where all names resolved, the threads that did it end with the run."""
    before = set(threading.enumerate())
    with FakeVendor() as site:
        site.put(statuspage("/acme"))
        serving = set(threading.enumerate())
        run(tmp_path, f"{site.url}/acme", f"{site.url.replace('127.0.0.1', 'localhost')}/acme")
        named = {it.name for it in set(threading.enumerate()) - serving}
    assert before <= serving and not [name for name in named if "_resolve" in name]


def test_pages_that_failed_come_first(tmp_path: Path) -> None:
    """5: a page that failed the last time is asked before the others: it may take all of its time."""
    with FakeVendor() as site:
        site.put(statuspage("/a") | statuspage("/b") | statuspage("/c"))
        urls = [f"{site.url}/{name}" for name in "abc"]
        site.answer("/c/api/v2/incidents.json", b"", 404)
        run(tmp_path, *urls, concurrency=1)
        site.requests.clear()
        run(tmp_path, *urls, concurrency=1)
        assert site.requests[0].path.startswith("/c/")


def test_deadline(tmp_path: Path) -> None:
    """5: the deadline bounds the whole run; a page not reached by then failed with that reason."""
    hang = Flag()
    with FakeVendor() as site:
        site.answer(INCIDENTS, raw(b"", then_hang=hang))
        site.put(statuspage("/other"))
        urls = [f"{site.url}/acme", f"{site.url}/other"]
        report = run(tmp_path, *urls, deadline=0.5, concurrency=1)
        hang.set()
    assert "not reached within the run's deadline of 0.5 s" in reason(report)
    assert "deadline" in reason(report, 1)


def test_pages_overlap(tmp_path: Path) -> None:
    """5: up to `concurrency` pages, the run is as long as its slowest page."""
    arrived: list[str] = []
    all_there = Flag()

    def together(connection: socket.socket) -> None:
        arrived.append("")
        if len(arrived) == 40:
            all_there.set()
        assert all_there.wait(10)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with FakeVendor() as site:
        for number in range(20):
            site.answer(f"/p{number}/api/v2/incidents.json", together)
            site.answer(f"/p{number}/api/v2/summary.json", together)
        report = run(tmp_path, *(f"{site.url}/p{number}" for number in range(20)))
    assert [reason(report, number)[:8] for number in range(20)] == ["HTTP 403"] * 20


def test_conditional_requests(tmp_path: Path) -> None:
    """6: what was understood is asked for again with its validators; where one document changed, all are read whole."""
    with FakeVendor(etags=True) as site:
        site.put(statuspage("/acme", [incident("a", "investigating")]))
        run(tmp_path, f"{site.url}/acme")
        before = (tmp_path / "state.json").read_bytes()
        site.requests.clear()
        assert run(tmp_path, f"{site.url}/acme").open == 1
        assert [bool(it.headers["If-None-Match"]) for it in site.requests] == [True, True]
        assert (tmp_path / "state.json").read_bytes() == before
        site.put(
            {INCIDENTS: statuspage("/acme", [incident("b", "resolved"), incident("a", "investigating")])[INCIDENTS]}
        )
        site.requests.clear()
        assert run(tmp_path, f"{site.url}/acme").failed == ()
        asked = [(it.path.rpartition("/")[2], bool(it.headers["If-None-Match"])) for it in site.requests]
        assert sorted(asked) == [("incidents.json", True), ("summary.json", False), ("summary.json", True)]


def test_odd_validators(tmp_path: Path) -> None:
    """6: a validator that could not be sent back as it came is not kept, and the page is read as ever."""
    with FakeVendor() as site:
        for path, document in statuspage("/acme", [incident("a", "investigating")]).items():
            site.answer(path, document, ETag='"ä"')
        for _ in range(2):
            assert run(tmp_path, f"{site.url}/acme").open == 1
    assert b"etag" not in (tmp_path / "state.json").read_bytes()


def test_only_gzip_is_asked_for(tmp_path: Path) -> None:
    """5: other encodings inflate before they can be counted, so they are not asked for."""
    with FakeVendor() as site:
        site.put(statuspage("/acme"))
        run(tmp_path, f"{site.url}/acme")
        assert {it.headers["Accept-Encoding"] for it in site.requests} == {"gzip"}
        assert all(it.headers["User-Agent"].startswith("statuswatch/") for it in site.requests)


def test_http_is_offered_to_pages_only(authority: trustme.CA) -> None:
    """TLS says which protocol is wanted: to a page HTTP/1.1, and nothing where mail is sent."""
    server = serving(authority, "127.0.0.1")
    server.set_alpn_protocols(["http/1.1"])
    chosen = []
    for trust in (open_network().trust, trust_store()):
        authority.configure_trust(trust)
        ways = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = trust.wrap_bio(ways[0], ways[1], server_hostname="127.0.0.1")
        theirs = server.wrap_bio(ways[1], ways[0], server_side=True)
        for end in (ours, theirs, ours, theirs):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
        chosen.append(ours.selected_alpn_protocol())
    assert chosen == ["http/1.1", None]


def test_a_missing_authority_is_not_invented() -> None:
    """5: certificates are checked against the system's authorities."""
    context = trust_store()
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


def at(folder: Path, minutes: int, url: str) -> RunReport:
    page = Page(key="p0", name="P0", url=url, platform="statuspage")
    return check(Config(pages=(page,), state=folder / "state.json"), NOW + timedelta(minutes=minutes), lambda _: None)


def test_a_corrected_address_ends_the_page_incident(tmp_path: Path) -> None:
    """5: whoever heard that a page cannot be read hears that it can, also after its `url` was corrected."""
    with FakeVendor() as site:
        site.put(statuspage("/new"))
        site.answer("/old/api/v2/incidents.json", b"", 403)
        told = [at(tmp_path, minutes, f"{site.url}/old").events for minutes in (0, 60)]
        assert [str(event.kind) for events in told for event in events] == ["new"]
        report = at(tmp_path, 65, f"{site.url}/new")
        assert [str(event.kind) for event in report.events] == ["resolved"]
        assert at(tmp_path, 70, f"{site.url}/new").events == ()


def test_a_document_that_is_not_there_is_no_reason_to_read_whole(tmp_path: Path) -> None:
    """6: a decorating document that the page does not have keeps no other from being asked for conditionally."""
    with FakeVendor(etags=True) as site:
        site.put({INCIDENTS: statuspage("/acme")[INCIDENTS]})
        for _ in range(2):
            run(tmp_path, f"{site.url}/acme")
        asked = [it for it in site.requests if it.path == INCIDENTS]
        assert [bool(it.headers["If-None-Match"]) for it in asked] == [False, True]


def test_a_list_that_failed_is_asked_for_again(tmp_path: Path) -> None:
    """4: the list of past windows that could not be read when it was wanted is read at the next run."""
    windows = "/acme/api/v2/scheduled-maintenances.json"
    with FakeVendor() as site:
        site.put(statuspage("/acme", [incident("o", "resolved")]))
        at(tmp_path, 0, f"{site.url}/acme")
        later = NOW + timedelta(minutes=1)
        missed = window("w", "scheduled", "in_progress", "completed", at=later)
        site.put(statuspage("/acme", [incident("n", "investigating", at=later), incident("o", "resolved")], [missed]))
        site.answer(windows, b"", 403)
        assert [event.incident.id for event in at(tmp_path, 10, f"{site.url}/acme").events] == ["n"]
        site.answer(windows, statuspage("/acme", [], [missed])[windows])
        told = at(tmp_path, 15, f"{site.url}/acme").events
        assert [(event.incident.id, str(event.kind)) for event in told] == [("w", "resolved")]


def test_validators_never_cause_a_write(tmp_path: Path) -> None:
    """6: a new ETag of the same content writes nothing; it rides along with the next write."""
    with FakeVendor() as site:
        for number in range(2):
            for path, document in statuspage("/acme", [incident("a", "investigating")]).items():
                site.answer(path, document, ETag=f'"{number}"')
            assert run(tmp_path, f"{site.url}/acme").changed is (number == 0)
        assert b'"etag":"\\"0\\""' in (tmp_path / "state.json").read_bytes()


def test_order_of_events(tmp_path: Path) -> None:
    """4: events of a run are ordered by the time of their newest update, then page key, then incident id."""
    with FakeVendor() as site:
        urls = [f"{site.url}/{page}" for page in ("b", "a")]
        for page in ("b", "a"):
            site.put(statuspage(f"/{page}", [incident("old", "resolved")]))
        run(tmp_path, *urls)
        later = NOW - timedelta(minutes=5)
        for page in ("b", "a"):
            new = [incident(key, "investigating", at=later) for key in ("y", "x")]
            first = incident(f"first{page}", "investigating", at=later - timedelta(minutes=1))
            site.put(statuspage(f"/{page}", [*new, first, incident("old", "resolved")]))
        told = [(event.page.key, event.incident.id) for event in run(tmp_path, *urls).events]
    assert told == [("p0", "firstb"), ("p1", "firsta"), ("p0", "x"), ("p0", "y"), ("p1", "x"), ("p1", "y")]


def test_nothing_goes_on_when_a_page_is_out_of_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """5: a page whose time is up before its first request is out leaves nothing behind that runs on or complains."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)  # it takes the connection, and never says a word of TLS
        begun = time.monotonic()
        report = run(tmp_path, f"https://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3)
        took = time.monotonic() - begun
    assert "no complete answer within 0.3 s" in reason(report) and not report.reached_anyone
    assert took < 0.3 + 1
    gc.collect()  # a connection left open would be complained of here
    assert caplog.records == []


def test_validators_of_another_parser(tmp_path: Path) -> None:
    """6: validators count only for the version of the parser that read their documents."""
    with FakeVendor(etags=True) as site:
        site.put(statuspage("/acme", [incident("a", "investigating")]))
        run(tmp_path, f"{site.url}/acme")
        state = tmp_path / "state.json"
        assert '"parser": 1' in state.read_text()
        state.write_text(state.read_text().replace('"parser": 1', '"parser": 999'))
        site.requests.clear()
        assert run(tmp_path, f"{site.url}/acme").open == 1
        assert not any(it.headers["If-None-Match"] for it in site.requests)

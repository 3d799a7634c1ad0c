"""Section 5 of the contract on the wire: a loopback server that misbehaves, and how a run reports that."""

import gc
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event as Flag

import pytest
import trustme

from statuswatch.config.schema import Config
from statuswatch.delivery.deliver import deliver_report
from statuswatch.model.page import Page
from statuswatch.model.report import RunReport
from statuswatch.net.http import open_network
from statuswatch.net.trust import trust_store
from statuswatch.pipeline import check, run_of
from statuswatch.platforms.statuspage import PARSER_VERSION
from tests.support.fake_vendor import FakeVendor, incident, statuspage, window
from tests.support.loopback_server import Request

NOW = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
INCIDENTS = "/acme/api/v2/incidents.json"


PATIENCE = 60.0  # seconds in which a page that is not slow is read, however busy the machine


def run(folder: Path, *urls: str, timeout: float = PATIENCE, now: datetime = NOW, **options: float) -> RunReport:
    """Run once over pages at these addresses, with the state file in the folder."""
    pages = tuple(
        Page(key=f"p{number}", name=f"P{number}", url=url, platform="statuspage") for number, url in enumerate(urls)
    )
    config = Config(pages=pages, state=folder / "state.json", timeout=timeout, **options)  # type: ignore[arg-type]
    return check(run_of(config), now, lambda _: None, deliver_report((), partial=False))


def reason(report: RunReport, number: int = 0) -> str:
    """Return why a page could not be read."""
    failure = report.pages[number].failure
    assert failure, "the page was read"
    return str(failure)


def open_count(report: RunReport) -> int:
    """Return how many incidents are open."""
    return report.open.incidents


class Hanging:
    """A server's side that writes something and then says nothing more.

    It lets go once the reader has hung up, of which `reader_left` tells.
    """

    def __init__(self, content: bytes = b"") -> None:
        self.content = content
        self.reader_left = Flag()

    def __call__(self, connection: socket.socket) -> None:
        connection.sendall(self.content)
        with suppress(OSError):
            while connection.recv(4096):
                pass
        self.reader_left.set()


def raw(content: bytes) -> Callable[[socket.socket], None]:
    """Write this to the socket as it is."""
    return lambda connection: connection.sendall(content)


OK = b"HTTP/1.1 200 OK\r\n"


def test_slow_drip(tmp_path: Path) -> None:
    """Contract 5.8: a page that drips byte by byte is cut off after `timeout`, and costs no other page anything."""
    reader_left = Flag()

    def drip(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 1000000000\r\n\r\n")
        with suppress(OSError):
            while not reader_left.wait(0.05):
                connection.sendall(b" ")
        reader_left.set()

    with FakeVendor() as vendor:
        vendor.put(statuspage("/acme") | statuspage("/other"))
        vendor.answer(INCIDENTS, drip)
        report = run(tmp_path, f"{vendor.url}/acme", f"{vendor.url}/other", timeout=2)
        assert reader_left.wait(PATIENCE), "the reader did not hang up"
    assert "no complete answer within 2 s" in reason(report)
    assert report.pages[1].failure is None and report.reached_anyone


def test_a_hanging_enrichment_costs_itself(tmp_path: Path) -> None:
    """Contract 4.8: an enriching document that hangs costs its enrichment, not the page."""
    summary = Hanging(OK)
    with FakeVendor() as vendor:
        vendor.put(statuspage("/acme", [incident("a", "investigating")]))
        vendor.answer("/acme/api/v2/summary.json", summary)
        report = run(tmp_path, f"{vendor.url}/acme", timeout=2)
        assert summary.reader_left.wait(PATIENCE)
    assert report.failed == () and open_count(report) == 1
    assert any("summary.json" in loss for loss in report.pages[0].notes.losses)


def test_redirects(tmp_path: Path) -> None:
    """Contract 5.2: redirects within the host are followed, a loop is a failure."""
    with FakeVendor() as vendor:
        documents = statuspage("/acme", [incident("a", "investigating")])
        vendor.put(documents)
        vendor.answer("/elsewhere", documents[INCIDENTS])
        vendor.answer(INCIDENTS, b"", 302, Location="/elsewhere")
        assert open_count(run(tmp_path, f"{vendor.url}/acme")) == 1
        vendor.answer("/elsewhere", b"", 302, Location=INCIDENTS)
        assert "more than 5 redirects" in reason(run(tmp_path, f"{vendor.url}/acme"))


@pytest.mark.parametrize("place", [b"/el\xc2\x9b31mse\xe2\x80\xae", b"\xe2\x80\xae://x/y", b"/else\xff"])
def test_the_target_of_a_redirect_is_plain_text(tmp_path: Path, place: bytes) -> None:
    """Contract 7.10: the address that a redirect names is the vendor's text: it is reported in printable characters
    only.
    """
    with FakeVendor() as vendor:
        vendor.answer(INCIDENTS, raw(b"HTTP/1.1 302 Found\r\nLocation: " + place + b"\r\nContent-Length: 0\r\n\r\n"))
        assert reason(run(tmp_path, f"{vendor.url}/acme")).isprintable()


def test_a_redirect_to_a_very_long_address(tmp_path: Path) -> None:
    """5: of a very long address 200 characters are reported, and it is not suggested for the configuration."""
    place = f"http://{'.'.join(['a' * 60] * 100)}"
    with FakeVendor() as vendor:
        vendor.answer(INCIDENTS, b"", 302, Location=f"{place}/status")
        failure = run(tmp_path, f"{vendor.url}/acme").pages[0].failure
    assert failure and failure.reason == f"it redirects to {place[:200]}" and not failure.suggested_config


def test_passing_faults_are_retried_once(tmp_path: Path) -> None:
    """Contract 5.3: a passing fault of the server is retried once, at once; a refusal is not."""
    with FakeVendor() as vendor:
        vendor.put(statuspage("/acme"))
        vendor.answer(INCIDENTS, b"", 503)
        assert "HTTP 503" in reason(run(tmp_path, f"{vendor.url}/acme"))
        assert vendor.paths().count(INCIDENTS) == 2
        vendor.requests.clear()
        vendor.answer(INCIDENTS, b"", 404)
        assert "HTTP 404" in reason(run(tmp_path, f"{vendor.url}/acme"))
        assert vendor.paths().count(INCIDENTS) == 1


def test_retry_after(tmp_path: Path) -> None:
    """Contract 5.3: 429 honours Retry-After if it fits in the page's time; else the time is up."""
    with FakeVendor() as vendor:
        vendor.put(statuspage("/acme"))
        vendor.answer(INCIDENTS, b"", 429, Retry_After="0")
        assert "HTTP 429" in reason(run(tmp_path, f"{vendor.url}/acme"))
        assert vendor.paths().count(INCIDENTS) == 2
        vendor.requests.clear()
        vendor.answer(INCIDENTS, b"", 429, Retry_After="60")
        assert "HTTP 429" in reason(run(tmp_path, f"{vendor.url}/acme", timeout=0.5))
        assert vendor.paths().count(INCIDENTS) == 1


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
        for vendor in (good, bad):
            vendor.put(statuspage("/acme"))
        report = run(tmp_path, f"{good.url}/acme", f"{bad.url}/acme")
    assert report.pages[0].failure is None
    assert "its certificate is not valid" in reason(report, 1)


def test_tls_not_trusted(tmp_path: Path, authority: trustme.CA) -> None:
    """Contract 5.2: a certificate of an unknown authority is a failure, and an answer: our own network is not the
    cause.
    """
    with FakeVendor(tls=serving(authority, "127.0.0.1")) as vendor:
        report = run(tmp_path, f"{vendor.url}/acme")
    assert "its certificate is not valid" in reason(report) and report.reached_anyone


def test_plain_http_where_tls_is_expected(tmp_path: Path) -> None:
    """5: a server that does not speak TLS is a failed page."""
    with FakeVendor() as vendor:
        assert "TLS failed" in reason(run(tmp_path, vendor.url.replace("http:", "https:") + "/acme"))


def test_nobody_listens(tmp_path: Path) -> None:
    """Contract 8, code 4: where no page answered at all, not even with an error, nothing is reported and nothing is
    written.
    """
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        report = run(tmp_path, f"http://127.0.0.1:{unheard.getsockname()[1]}")
    assert "no connection: connection refused" in reason(report)
    assert not report.reached_anyone and not report.changed
    assert not (tmp_path / "state.json").exists()


def test_names_that_never_resolve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """5: names that never resolve cost their own pages their time, and hold neither other pages nor the run's end."""
    run_ended = Flag()
    resolve = socket.getaddrinfo
    stuck: list[str] = []

    def answer(host: str, *rest: object, **options: object) -> object:
        if str(host).endswith(".dead.test"):
            stuck.append(host)
            assert run_ended.wait(PATIENCE), "the run waits for its resolvers"
        return resolve(host, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)  # the operating system's, not one of our own
    with FakeVendor() as vendor:
        vendor.put(statuspage("/acme"))
        dead = [f"http://n{number}.dead.test" for number in range(20)]
        report = run(tmp_path, *dead, f"{vendor.url}/acme", timeout=2)
    run_ended.set()
    assert [page.failure is None for page in report.pages] == [False] * 20 + [True]
    assert sorted(stuck) == sorted(f"n{number}.dead.test" for number in range(20))


def test_resolvers_end_with_their_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """5: where all names resolved, the run ends after the threads that did it."""
    resolvers: set[threading.Thread] = set()
    resolve = socket.getaddrinfo

    def note(*arguments: object, **options: object) -> object:
        resolvers.add(threading.current_thread())
        return resolve(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", note)
    with FakeVendor() as vendor:
        vendor.put(statuspage("/acme"))
        run(tmp_path, f"{vendor.url}/acme", f"{vendor.url.replace('127.0.0.1', 'localhost')}/acme")
    assert resolvers and not any(thread.is_alive() for thread in resolvers)


def test_pages_that_failed_come_first(tmp_path: Path) -> None:
    """5: a page that failed the last time is read first: it may take all of its time."""
    with FakeVendor() as vendor:
        vendor.put(statuspage("/a") | statuspage("/b") | statuspage("/c"))
        urls = [f"{vendor.url}/{name}" for name in "abc"]
        vendor.answer("/c/api/v2/incidents.json", b"", 404)
        run(tmp_path, *urls, concurrency=1)
        vendor.requests.clear()
        run(tmp_path, *urls, concurrency=1)
        assert vendor.requests[0].path.startswith("/c/")


def test_deadline(tmp_path: Path) -> None:
    """Contract 5.8: the deadline bounds the whole run; a page that it cut off, or did not reach, failed for that
    reason.
    """
    hanging = Hanging()
    with FakeVendor() as vendor:
        vendor.answer(INCIDENTS, hanging)
        vendor.put(statuspage("/other"))
        urls = [f"{vendor.url}/acme", f"{vendor.url}/other"]
        report = run(tmp_path, *urls, deadline=1, concurrency=1)
        assert hanging.reader_left.wait(PATIENCE)
        assert "/other/api/v2/incidents.json" not in vendor.paths()
    assert "not reached within the run's deadline of 1 s" in reason(report)
    assert "deadline" in reason(report, 1)


def test_pages_overlap(tmp_path: Path) -> None:
    """Contract 5.8: pages are read at the same time: none is answered here before all have asked."""
    all_asked = threading.Barrier(20)

    def refuse_together(connection: socket.socket) -> None:
        all_asked.wait(PATIENCE)
        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")

    with FakeVendor() as vendor:
        for number in range(20):
            vendor.answer(f"/p{number}/api/v2/incidents.json", refuse_together)
        report = run(tmp_path, *(f"{vendor.url}/p{number}" for number in range(20)))
    assert [reason(report, number)[:8] for number in range(20)] == ["HTTP 403"] * 20


def path_name(request: Request) -> str:
    """Return the last part of a request's path."""
    return request.path.rpartition("/")[2]


def test_conditional_requests(tmp_path: Path) -> None:
    """Contract 6.2: a page that was understood is read with its validators; where one document changed, all are read
    whole.
    """
    with FakeVendor(etags=True) as vendor:
        vendor.put(statuspage("/acme", [incident("a", "investigating")]))
        run(tmp_path, f"{vendor.url}/acme")
        before = (tmp_path / "state.json").read_bytes()
        vendor.requests.clear()
        assert open_count(run(tmp_path, f"{vendor.url}/acme")) == 1
        assert [bool(request.headers["If-None-Match"]) for request in vendor.requests] == [True, True]
        assert (tmp_path / "state.json").read_bytes() == before
        vendor.put(
            {INCIDENTS: statuspage("/acme", [incident("b", "resolved"), incident("a", "investigating")])[INCIDENTS]}
        )
        vendor.requests.clear()
        assert run(tmp_path, f"{vendor.url}/acme").failed == ()
        requests = [(path_name(request), bool(request.headers["If-None-Match"])) for request in vendor.requests]
        assert sorted(requests) == [("incidents.json", True), ("summary.json", False), ("summary.json", True)]


def test_odd_validators(tmp_path: Path) -> None:
    """6: a validator that could not be sent back as it came is not kept, and the page is read as ever."""
    with FakeVendor() as vendor:
        for path, document in statuspage("/acme", [incident("a", "investigating")]).items():
            vendor.answer(path, document, ETag='"ä"')
        for _ in range(2):
            assert open_count(run(tmp_path, f"{vendor.url}/acme")) == 1
    assert b"etag" not in (tmp_path / "state.json").read_bytes()


def test_only_gzip_is_accepted(tmp_path: Path) -> None:
    """5: other encodings inflate before they can be bounded, so they are not accepted."""
    with FakeVendor() as vendor:
        vendor.put(statuspage("/acme"))
        run(tmp_path, f"{vendor.url}/acme")
        assert {request.headers["Accept-Encoding"] for request in vendor.requests} == {"gzip"}
        assert all(request.headers["User-Agent"].startswith("statuswatch/") for request in vendor.requests)


def test_http_is_offered_to_pages_only(authority: trustme.CA) -> None:
    """TLS offers a page HTTP/1.1, and a mail server no protocol."""
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


def test_a_missing_authority_is_not_invented(monkeypatch: pytest.MonkeyPatch) -> None:
    """5: certificates are checked against the system's authorities."""
    monkeypatch.delenv("SSL_CERT_FILE")
    context = trust_store()
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


def run_at(folder: Path, minutes: int, url: str) -> RunReport:
    """Run once over one page, so many minutes after the first run."""
    return run(folder, url, now=NOW + timedelta(minutes=minutes))


def test_a_corrected_address_ends_the_page_incident(tmp_path: Path) -> None:
    """5: the incident of an unreadable page is resolved, also after its `url` was corrected."""
    with FakeVendor() as vendor:
        vendor.put(statuspage("/new"))
        vendor.answer("/old/api/v2/incidents.json", b"", 403)
        reports = [run_at(tmp_path, minutes, f"{vendor.url}/old") for minutes in (0, 60)]
        assert [str(event.kind) for report in reports for event in report.events] == ["new"]
        report = run_at(tmp_path, 65, f"{vendor.url}/new")
        assert [str(event.kind) for event in report.events] == ["resolved"]
        assert run_at(tmp_path, 70, f"{vendor.url}/new").events == ()


def test_a_missing_document_does_not_make_the_others_unconditional(tmp_path: Path) -> None:
    """6: an enriching document that the page does not have leaves the requests of the others conditional."""
    with FakeVendor(etags=True) as vendor:
        vendor.put({INCIDENTS: statuspage("/acme")[INCIDENTS]})
        for _ in range(2):
            run(tmp_path, f"{vendor.url}/acme")
        requests = [request for request in vendor.requests if request.path == INCIDENTS]
        assert [bool(request.headers["If-None-Match"]) for request in requests] == [False, True]


def test_a_list_that_failed_is_read_at_the_next_run(tmp_path: Path) -> None:
    """4: a list of past maintenance that could not be read when it was needed is read at the next run."""
    windows = "/acme/api/v2/scheduled-maintenances.json"
    with FakeVendor() as vendor:
        vendor.put(statuspage("/acme", [incident("o", "resolved")]))
        run_at(tmp_path, 0, f"{vendor.url}/acme")
        later = NOW + timedelta(minutes=1)
        missed = window("w", "scheduled", "in_progress", "completed", at=later)
        vendor.put(statuspage("/acme", [incident("n", "investigating", at=later), incident("o", "resolved")], [missed]))
        vendor.answer(windows, b"", 403)
        assert [event.incident.id for event in run_at(tmp_path, 10, f"{vendor.url}/acme").events] == ["n"]
        vendor.answer(windows, statuspage("/acme", [], [missed])[windows])
        events = run_at(tmp_path, 15, f"{vendor.url}/acme").events
        assert [(event.incident.id, str(event.kind)) for event in events] == [("w", "resolved")]


def test_validators_never_cause_a_write(tmp_path: Path) -> None:
    """Contract 6.2: a new ETag of the same content writes nothing; it is saved with the next change."""
    with FakeVendor() as vendor:
        for number in range(2):
            for path, document in statuspage("/acme", [incident("a", "investigating")]).items():
                vendor.answer(path, document, ETag=f'"{number}"')
            assert run(tmp_path, f"{vendor.url}/acme").changed is (number == 0)
        assert b'"etag":"\\"0\\""' in (tmp_path / "state.json").read_bytes()


def test_order_of_events(tmp_path: Path) -> None:
    """Contract 4.12: events of a run are ordered by the time of their newest update, then page key, then incident
    id.
    """
    with FakeVendor() as vendor:
        urls = [f"{vendor.url}/{page}" for page in ("b", "a")]
        for page in ("b", "a"):
            vendor.put(statuspage(f"/{page}", [incident("old", "resolved")]))
        run(tmp_path, *urls)
        later = NOW - timedelta(minutes=5)
        for page in ("b", "a"):
            new = [incident(key, "investigating", at=later) for key in ("y", "x")]
            first = incident(f"first{page}", "investigating", at=later - timedelta(minutes=1))
            vendor.put(statuspage(f"/{page}", [*new, first, incident("old", "resolved")]))
        order = [(event.page.key, event.incident.id) for event in run(tmp_path, *urls).events]
    assert order == [("p0", "firstb"), ("p1", "firsta"), ("p0", "x"), ("p0", "y"), ("p1", "x"), ("p1", "y")]


def test_nothing_goes_on_when_a_page_is_out_of_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """5: a page whose time is up before its first request is sent leaves no task and no open connection behind."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)  # it accepts the connection, and does not answer the handshake
        report = run(tmp_path, f"https://127.0.0.1:{silent.getsockname()[1]}", timeout=0.3)
    assert "no complete answer within 0.3 s" in reason(report) and not report.reached_anyone
    gc.collect()  # a connection left open would raise a ResourceWarning
    assert caplog.records == []


def test_validators_of_another_parser(tmp_path: Path) -> None:
    """6: validators count only for the version of the parser that read their documents."""
    with FakeVendor(etags=True) as vendor:
        vendor.put(statuspage("/acme", [incident("a", "investigating")]))
        run(tmp_path, f"{vendor.url}/acme")
        state = tmp_path / "state.json"
        assert f'"parser": {PARSER_VERSION}' in state.read_text()
        state.write_text(state.read_text().replace(f'"parser": {PARSER_VERSION}', '"parser": 999'))
        vendor.requests.clear()
        assert open_count(run(tmp_path, f"{vendor.url}/acme")) == 1
        assert not any(request.headers["If-None-Match"] for request in vendor.requests)

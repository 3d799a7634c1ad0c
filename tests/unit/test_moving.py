"""A page that moves: to another host, to another identity, to another platform. Never followed in silence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from statuswatch.config.schema import Config
from statuswatch.delivery.deliver import deliver_report
from statuswatch.model.incident import IncidentKind
from statuswatch.model.page import Page
from statuswatch.model.report import RunReport
from statuswatch.pipeline import check, run_of
from tests.support.fake_vendor import FakeVendor, incident, incidentio, statuspage

NOW = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
TIMEOUT = 60  # seconds: none of these pages is slow, but the machine may be


class Watch:
    """Runs of one page with one state file."""

    def __init__(self, folder: Path, url: str, platform: str) -> None:
        page = Page(key="acme", name="Acme", url=url, platform=platform)
        self.config = Config(pages=(page,), state=folder / "state.json", timeout=TIMEOUT)

    def run(self, minutes: float = 0) -> RunReport:
        """Run once, so many minutes after the first run."""
        now = NOW + timedelta(minutes=minutes)
        return check(run_of(self.config), now, lambda _: None, deliver_report((), partial=False))

    def reason(self, minutes: float = 0) -> str:
        """Run once, and return why the page could not be read."""
        failure = self.run(minutes).pages[0].failure
        assert failure, "the page was read"
        return str(failure)


OPEN = incident("a1", "investigating")


@pytest.mark.parametrize(("before", "after"), [(statuspage, incidentio), (incidentio, statuspage)])
def test_another_platform_at_the_same_address(tmp_path: Path, before: type, after: type) -> None:
    """5: a page that runs on another platform than configured fails, and each failed read names the line of
    configuration that would be right.
    """
    with FakeVendor() as vendor:
        watch = Watch(tmp_path, f"{vendor.url}/acme", before.__name__)
        vendor.put(before("/acme", [OPEN]))
        assert not watch.run().failed
        vendor.put(after("/acme", [OPEN]))
        for minutes in (5, 10):
            assert watch.reason(minutes).endswith(f'set platform = "{after.__name__}" in [page.acme]')
        before_count = len(vendor.requests)
        (event,) = watch.run(70).events
        assert event.incident.kind is IncidentKind.PAGE and f'platform = "{after.__name__}"' in event.updates[0].body
        assert len(vendor.requests) - before_count <= 2, "the new platform is looked for once"


def test_another_platform_from_the_first_read_on(tmp_path: Path) -> None:
    """5: a page that does not run on its configured platform fails from the first read on."""
    with FakeVendor() as vendor:
        vendor.put(incidentio("/acme", [OPEN]))
        watch = Watch(tmp_path, f"{vendor.url}/acme", "statuspage")
        assert "runs on incidentio, not on statuspage" in watch.reason()


def test_another_host(tmp_path: Path) -> None:
    """5: a redirect to another host is a failed read, and that host is not asked. A private one is not suggested."""
    with FakeVendor() as old, FakeVendor() as new:
        target = new.url.replace("127.0.0.1", "localhost")
        new.put(statuspage("/acme", [OPEN]))
        old.answer("/acme/api/v2/incidents.json", b"", 301, Location=f"{target}/acme/api/v2/incidents.json")
        reason = Watch(tmp_path, f"{old.url}/acme", "statuspage").reason()
        assert reason.startswith(f"it redirects to {target}")
        assert "set " not in reason and new.requests == []


@pytest.mark.parametrize(
    ("location", "line"),
    [
        ("https://hub.example/one/api/v2/incidents.json", 'url = "https://hub.example/one"'),
        ("https://hub.example/one/api/v2/incidents.json?lang=en", 'url = "https://hub.example/one"'),
        ("https://hub.example/one/", 'url = "https://hub.example/one"'),
        ("https://hub.example/", 'url = "https://hub.example"'),
        ("https://hub.example/acme/api/v2/incidents.json", 'url = "https://hub.example/acme"'),
        ("https://hub.example/one/feed.xml", ""),
        ("http://hub.example/one/api/v2/incidents.json", ""),
        ("https://192.168.0.7/one/api/v2/incidents.json", ""),
    ],
)
def test_the_path_of_another_host(tmp_path: Path, location: str, line: str) -> None:
    """5: the suggested address keeps the path that stands before the document's own; it is never private nor plain
    HTTP, and where the redirect leads to another document nothing is suggested.
    """
    with FakeVendor() as vendor:
        vendor.answer("/acme/api/v2/incidents.json", b"", 301, Location=location)
        reason = Watch(tmp_path, f"{vendor.url}/acme", "statuspage").reason()
    assert reason.startswith("it redirects to http")
    assert reason.endswith(f"set {line} in [page.acme]") if line else "set " not in reason


def test_the_path_of_another_host_after_a_redirect_within_the_first(tmp_path: Path) -> None:
    """5: what counts is the document that was requested, not the address between."""
    with FakeVendor() as vendor:
        vendor.answer("/acme/api/v2/incidents.json", b"", 302, Location="/en/acme/api/v2/incidents.json")
        target = "https://hub.example/en/acme/api/v2/incidents.json"
        vendor.answer("/en/acme/api/v2/incidents.json", b"", 302, Location=target)
        reason = Watch(tmp_path, f"{vendor.url}/acme", "statuspage").reason()
    assert reason.endswith('set url = "https://hub.example/en/acme" in [page.acme]')


def test_what_was_open_at_another_address(tmp_path: Path) -> None:
    """4, ids: at the baseline of a new address, what was open and is found goes on under its record; what was reported
    and is not found is no longer listed.
    """
    found, missing = incident("a2", "investigating"), incident("a3", "investigating")
    with FakeVendor() as vendor:
        vendor.put(statuspage("/old", []))
        Watch(tmp_path, f"{vendor.url}/old", "statuspage").run()
        vendor.put(statuspage("/old", [found, missing]))
        kinds = {
            event.incident.id: event.kind for event in Watch(tmp_path, f"{vendor.url}/old", "statuspage").run(5).events
        }
        assert kinds == {"a2": "new", "a3": "new"}
        vendor.put(statuspage("/new", [found]))
        moved = Watch(tmp_path, f"{vendor.url}/new", "statuspage")
        (event,) = moved.run(10).events
        assert (event.incident.id, event.kind, [*event.changes]) == ("a3", "resolved", ["delisted"])
        vendor.put(statuspage("/new", [incident("a2", "investigating", "resolved")]))
        (event,) = moved.run(15).events
        assert (event.incident.id, event.kind) == ("a2", "resolved")


def test_another_identity(tmp_path: Path) -> None:
    """Contract 5.2: another page at the same address is a failed read, whatever it lists."""
    with FakeVendor() as vendor:
        watch = Watch(tmp_path, f"{vendor.url}/acme", "statuspage")
        vendor.put(statuspage("/acme", [OPEN]))
        watch.run()
        for path, document in statuspage("/other", []).items():
            vendor.answer(path.replace("/other", "/acme"), document)
        assert "another page now" in watch.reason(5)


def test_a_page_without_any_platform_that_fits(tmp_path: Path) -> None:
    """5: where no platform understands the page as it is now, no line of configuration is suggested."""
    with FakeVendor() as vendor:
        vendor.answer("/acme/api/v2/incidents.json", "<html>We have moved</html>")
        reason = Watch(tmp_path, f"{vendor.url}/acme", "statuspage").reason()
        assert reason.startswith("incidents.json: HTML instead of JSON") and "set " not in reason


def test_a_feed_that_cannot_be_looked_for(tmp_path: Path, dead: str) -> None:
    """5: where no address of a feed can be requested, that is the reason; without a network the page is not blamed."""
    report = Watch(tmp_path, dead, "rss").run()
    assert not report.reached_anyone and not (tmp_path / "state.json").exists()
    with FakeVendor() as vendor:
        vendor.answer("/", b"", 403)
        assert Watch(tmp_path, vendor.url, "rss").reason().startswith("HTTP 403")
        vendor.answer("/history.atom", b"", 503)
        assert Watch(tmp_path, vendor.url, "rss").reason().startswith("HTTP 503")
        assert vendor.requests[-1].path == "/history.atom", "nothing more is requested"


@pytest.mark.parametrize(("status", "most"), [(429, 1), (503, 2)])
def test_a_busy_page_is_not_asked_for_its_platform(tmp_path: Path, status: int, most: int) -> None:
    """5: a busy server is not asked for the documents of every platform, and its own answer is the reason."""
    with FakeVendor() as vendor:
        vendor.answer("/acme/api/v2/incidents.json", b"", status)
        assert Watch(tmp_path, f"{vendor.url}/acme", "").reason().startswith(f"HTTP {status}")
        assert len(vendor.requests) <= most


def test_the_line_is_looked_for_when_the_reason_changes(tmp_path: Path) -> None:
    """5: a page that fails for a passing fault, and then because it moved, gets its line of configuration."""
    with FakeVendor() as vendor:
        watch = Watch(tmp_path, f"{vendor.url}/acme", "statuspage")
        vendor.put(statuspage("/acme", [OPEN]))
        watch.run()
        vendor.answer("/acme/api/v2/incidents.json", b"", 503)
        assert "set " not in watch.reason(5)
        vendor.put(incidentio("/acme", [OPEN]))
        assert watch.reason(10).endswith('set platform = "incidentio" in [page.acme]')
        assert b"incidentio" in (tmp_path / "state.json").read_bytes()


def test_what_it_is_now_is_asked_once(tmp_path: Path) -> None:
    """5: a page that fails for the same reason again is not looked for again on every platform."""
    with FakeVendor() as vendor:
        vendor.answer("/acme/api/v2/incidents.json", "<html>We have moved</html>")
        watch = Watch(tmp_path, f"{vendor.url}/acme", "statuspage")
        watch.reason()
        once = len(vendor.requests)
        watch.reason(5)
        assert once > 5 and len(vendor.requests) - once <= 2

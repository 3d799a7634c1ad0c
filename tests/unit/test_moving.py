"""A page that moves: to another host, to another identity, to another platform. Never followed in silence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from statuswatch.config.schema import Config
from statuswatch.model.incident import IncidentKind
from statuswatch.model.page import Page
from statuswatch.model.report import RunReport
from statuswatch.pipeline import check
from tests.support.fake_vendor import FakeVendor, incident, incidentio, statuspage

NOW = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)


class Watch:
    """Runs of one page with one memory."""

    def __init__(self, folder: Path, url: str, platform: str) -> None:
        self.page = Page(key="acme", name="Acme", url=url, platform=platform)
        self.config = Config(pages=(self.page,), state=folder / "state.json", timeout=10)

    def run(self, minutes: float = 0) -> RunReport:
        return check(self.config, NOW + timedelta(minutes=minutes), lambda _: None)

    def reason(self, minutes: float = 0) -> str:
        failed = self.run(minutes).reviews[0].failed
        assert failed, "it was read"
        return str(failed)


OPEN = incident("a1", "investigating")


@pytest.mark.parametrize(("before", "after"), [(statuspage, incidentio), (incidentio, statuspage)])
def test_another_platform_at_the_same_address(tmp_path: Path, before: type, after: type) -> None:
    """Issue of moving pages: a page that runs on another platform than configured has failed, and the line that would
    be right now is said, at this read and at the next.
    """
    with FakeVendor() as site:
        watch = Watch(tmp_path, f"{site.url}/acme", before.__name__)
        site.put(before("/acme", [OPEN]))
        assert not watch.run().failed
        site.put(after("/acme", [OPEN]))
        for minutes in (5, 10):
            assert watch.reason(minutes).endswith(f'set platform = "{after.__name__}" in [page.acme]')
        asked = len(site.requests)
        (event,) = watch.run(70).events
        assert event.incident.kind is IncidentKind.PAGE and f'platform = "{after.__name__}"' in event.updates[0].body
        assert len(site.requests) - asked <= 2, "it is looked for once"


def test_another_platform_from_the_first_read_on(tmp_path: Path) -> None:
    """5: a page configured for a platform that it does not run on is not read as if it did."""
    with FakeVendor() as site:
        site.put(incidentio("/acme", [OPEN]))
        watch = Watch(tmp_path, f"{site.url}/acme", "statuspage")
        assert "runs on incidentio, not on statuspage" in watch.reason()


def test_another_host(tmp_path: Path) -> None:
    """5: a redirect to another host is a failed read that names the line to write, and nobody asks there."""
    with FakeVendor() as old, FakeVendor() as new:
        there = new.url.replace("127.0.0.1", "localhost")
        new.put(statuspage("/acme", [OPEN]))
        old.answer("/acme/api/v2/incidents.json", b"", 301, Location=f"{there}/acme/api/v2/incidents.json")
        reason = Watch(tmp_path, f"{old.url}/acme", "statuspage").reason()
        assert reason.startswith(f"it redirects to {there}") and reason.endswith(f'set url = "{there}" in [page.acme]')
        assert new.requests == []


def test_another_identity(tmp_path: Path) -> None:
    """5: another page at the same address is a failed read, whatever it lists."""
    with FakeVendor() as site:
        watch = Watch(tmp_path, f"{site.url}/acme", "statuspage")
        site.put(statuspage("/acme", [OPEN]))
        watch.run()
        for path, document in statuspage("/other", []).items():
            site.answer(path.replace("/other", "/acme"), document)
        assert "another page now" in watch.reason(5)


def test_a_page_without_any_platform_that_fits(tmp_path: Path) -> None:
    """5: where no platform understands what is there now, no line is made up."""
    with FakeVendor() as site:
        site.answer("/acme/api/v2/incidents.json", "<html>We have moved</html>")
        reason = Watch(tmp_path, f"{site.url}/acme", "statuspage").reason()
        assert reason.startswith("incidents.json: HTML instead of JSON") and "set " not in reason


def test_a_feed_that_cannot_be_looked_for(tmp_path: Path, dead: str) -> None:
    """5: where the places of a feed cannot be asked, that is the reason, and no network is no word of the page."""
    report = Watch(tmp_path, dead, "rss").run()
    assert not report.reached_anyone and not (tmp_path / "state.json").exists()
    with FakeVendor() as site:
        site.answer("/", b"", 403)
        assert Watch(tmp_path, site.url, "rss").reason().startswith("HTTP 403")
        site.answer("/history.atom", b"", 503)
        assert Watch(tmp_path, site.url, "rss").reason().startswith("HTTP 503")
        assert site.requests[-1].path == "/history.atom", "no more is asked of it"


@pytest.mark.parametrize(("status", "most"), [(429, 1), (503, 2)])
def test_a_busy_page_is_not_asked_for_its_platform(tmp_path: Path, status: int, most: int) -> None:
    """5: a server that refuses for the time being is not asked for what all platforms would have, and the reason is
    its own.
    """
    with FakeVendor() as site:
        site.answer("/acme/api/v2/incidents.json", b"", status)
        assert Watch(tmp_path, f"{site.url}/acme", "").reason().startswith(f"HTTP {status}")
        assert len(site.requests) <= most


def test_the_line_is_looked_for_when_the_reason_changes(tmp_path: Path) -> None:
    """5: a page that fails for a passing fault first, and then because it moved, has its line said and remembered."""
    with FakeVendor() as site:
        watch = Watch(tmp_path, f"{site.url}/acme", "statuspage")
        site.put(statuspage("/acme", [OPEN]))
        watch.run()
        site.answer("/acme/api/v2/incidents.json", b"", 503)
        assert "set " not in watch.reason(5)
        site.put(incidentio("/acme", [OPEN]))
        assert watch.reason(10).endswith('set platform = "incidentio" in [page.acme]')
        assert b"incidentio" in (tmp_path / "state.json").read_bytes()


def test_what_it_is_now_is_asked_once(tmp_path: Path) -> None:
    """5: a page that fails for the same reason again is not asked again, by all platforms, what it is."""
    with FakeVendor() as site:
        site.answer("/acme/api/v2/incidents.json", "<html>We have moved</html>")
        watch = Watch(tmp_path, f"{site.url}/acme", "statuspage")
        watch.reason()
        once = len(site.requests)
        watch.reason(5)
        assert once > 5 and len(site.requests) - once <= 2

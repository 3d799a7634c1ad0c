"""Hund."""

from statuswatch.model.incident import IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import hund
from tests.support.samples.hund import ENDED, OPEN, OVER, SAMPLE, entry, feed


def test_the_address_of_the_feed() -> None:
    """3: the feed stands below the page; the page's address may be the feed's own, with or without its ending."""
    for url in ("", "/state_feed/feed", "/state_feed/feed.atom"):
        page = Page(key="acme", name="Acme", url=f"https://status.acme.example{url}")
        assert [document.url for document in hund.documents(page)] == ["https://status.acme.example/state_feed/feed"]


def test_entries_of_one_issue_are_one_incident() -> None:
    """4: entries with the link of one issue are one incident, and its updates; the state stands in the title."""
    maintenance, incident = sorted(SAMPLE.read().incidents, key=lambda one: one.created_at)
    assert (maintenance.kind, maintenance.closed) == (IncidentKind.MAINTENANCE, True)
    assert len(maintenance.updates) == 2 and maintenance.title == "Maintenance Window: Database"
    assert (incident.status, incident.title) == ("investigating", "Logins fail")
    assert incident.url == "https://status.acme.example/issues/65beef0001"
    (over,) = (one for one in SAMPLE.read(feed=feed(OVER, OPEN)).incidents)
    assert over.status == "resolved" and [update.status for update in over.updates] == ["investigating", "resolved"]


def test_states_in_the_language_of_the_page() -> None:
    """4: an end is read in other languages, too."""
    ends = [entry(9, "65beef0009", "2026-02-10T09:00:00Z", f"[{word}] Störung") for word in ("Gelöst", "Beendet")]
    assert all(incident.closed for end in ends for incident in SAMPLE.read(feed=feed(end, *ENDED)).incidents)


def test_what_is_listed() -> None:
    """4.12: the feed is a history of unknown length: what left it is not over."""
    assert len(SAMPLE.read().history) == 2 and not SAMPLE.read().complete and not SAMPLE.read().current
    assert hund.matches(SAMPLE.read())

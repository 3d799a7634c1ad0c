"""Upptime."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.errors import FeedError
from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import Page
from statuswatch.platforms import upptime
from statuswatch.platforms.parsing import MissingPageIdError, ParseInput
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import encode, only
from tests.support.samples.upptime import FACTS, PAGE, SAMPLE, issue

ISSUES, MAINTENANCE = "issues", "maintenance"


def test_ids_are_numbers() -> None:
    """4: the number of its issue is the id of an incident; a pull request is none."""
    ids = {incident.id: [update.id for update in incident.updates] for incident in SAMPLE.read().incidents}
    assert ids == {
        "57": ["opened"],
        "54": ["opened", "closed"],
        "53": ["opened", "closed"],
        "56": ["opened", "closed"],
    }


def test_what_an_issue_states() -> None:
    """4: the site stands in the title, behind a sign; an issue that somebody wrote names none."""
    feed = SAMPLE.read()
    down, degraded, word = (only(feed, key) for key in ("57", "54", "53"))
    assert (down.title, down.status, down.impact) == ("Acme API is down", "open", Impact.UNKNOWN)
    assert [component.name for component in down.components] == ["Acme API"]
    assert [component.name for component in degraded.components] == ["Web"] and degraded.status == "resolved"
    assert word.components == () and word.source_quality == 0
    assert down.url == "https://github.com/acme/status/issues/57"


@pytest.mark.parametrize(
    ("hour", "state", "status"),
    [(19, "open", "scheduled"), (21, "open", "in_progress"), (23, "open", "in_progress"), (23, "closed", "completed")],
)
def test_maintenance(hour: int, state: str, status: str) -> None:
    """4: maintenance has its times in a comment, and is over once its issue is closed."""
    listed = [issue(56, "Move", "2026-03-05T10:00:00Z", body=FACTS, state=state)]
    documents = {ISSUES: b"[]", MAINTENANCE: encode(listed)}
    now = datetime(2026, 3, 6, hour, tzinfo=UTC)
    (window,) = upptime.parse(ParseInput(PAGE, documents, now=now)).incidents
    assert (window.kind, window.status, window.updates[0].body) == (IncidentKind.MAINTENANCE, status, "Words.")
    assert window.scheduled_until == datetime(2026, 3, 6, 22, tzinfo=UTC)
    assert [component.name for component in window.components] == ["api", "web"]


def test_maintenance_without_times() -> None:
    """4: maintenance without times, or with others than times, has no schedule."""
    for body in (None, "<!--\nstart: soon\nend:\n-->", "Words."):
        listed = [issue(56, "Move", "2026-03-05T10:00:00Z", body=body)]
        window = only(SAMPLE.read(maintenance=listed), "56")
        assert window.scheduled_for is None and window.status == "scheduled"


def test_what_is_listed() -> None:
    """4.12c: of each kind the newest 100 are listed; maintenance that was not read says nothing."""
    assert SAMPLE.read().window_sizes == {IncidentKind.INCIDENT: 100, IncidentKind.MAINTENANCE: 100}
    for broken in (None, b"<html>", [issue(1, "Move", "2026-03-05T10:00:00Z", state="?")]):
        assert SAMPLE.read(maintenance=broken).history == {IncidentKind.INCIDENT}
    page, documents = first_read("upptime")
    removed = {**documents, ISSUES: documents[ISSUES][1:]}
    events = [*page.read_later(5, removed), *page.read_later(11, removed)]
    assert shape(events) == [("resolved", "57", ["withdrawn"], [])]


def test_a_limit_is_no_calm_page() -> None:
    """5: GitHub's answer to too many requests is not understood, whatever its HTTP status."""
    with pytest.raises(FeedError, match=ISSUES):
        SAMPLE.read(issues={"message": "API rate limit exceeded"})


def test_a_reopened_issue() -> None:
    """4.6: an issue that is opened again is a reopening."""
    page, documents = first_read("upptime")
    closed: Any = copy.deepcopy(documents)
    closed[ISSUES][0] |= {"state": "closed", "closed_at": "2026-03-07T09:02:00Z"}
    assert [each[0] for each in shape(page.read_later(5, closed))] == ["resolved"]
    events = [event for pause in (5, 40, 40) for event in page.read_later(pause, documents)]
    assert [each[:3] for each in shape(events)] == [("updated", "57", ["reopened"])]


@pytest.mark.parametrize(
    ("url", "key", "repository"),
    [
        ("https://github.com/acme/status", "", "acme/status"),
        ("https://acme.github.io/status", "", "acme/status"),
        ("https://status.acme.example", "acme/upptime", "acme/upptime"),
        ("https://status.acme.example", "", ""),
        ("https://status.acme.example", "../secrets/x", ""),
        ("https://github.com/acme", "", ""),
    ],
)
def test_addresses(url: str, key: str, repository: str) -> None:
    """3: the repository is the id, or stands in the address; without it nothing is requested."""
    page = Page(key="u", name="U", url=url, id=key)
    query = f"https://api.github.com/repos/{repository}/issues?state=all&per_page=100&labels="
    expected = [f"{query}status", f"{query}maintenance"] if repository else []
    assert [document.url for document in upptime.documents(page)] == expected
    if not repository:
        with pytest.raises(MissingPageIdError):
            upptime.parse(ParseInput(page, {}))

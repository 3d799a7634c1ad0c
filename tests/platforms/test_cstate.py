"""cState."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest

from statuswatch.model.incident import Impact, IncidentKind
from statuswatch.model.page import UNLIMITED, Page
from statuswatch.platforms import cstate
from statuswatch.platforms.parsing import ParseInput
from tests.support.document_timeline import first_read
from tests.support.page_timeline import shape
from tests.support.platform_sample import URL, encode, only
from tests.support.samples.cstate import OPEN, SAMPLE, UNSTATED, issue

INDEX, ISSUES = "index.json", "issues/index.json"
KEY = "2024-12-27-dns"
read = SAMPLE.read


def changed(name: str, **fields: Any) -> dict[str, Any]:
    """Return a document with fields of its first issue changed."""
    document: Any = copy.deepcopy(SAMPLE.documents[name])
    issues = document["systems"][0]["unresolvedIssues"] if name == INDEX else document["pages"]
    issues[0] |= fields
    return {name: document}


def test_ids_are_paths() -> None:
    """4: the path of its address is the id of an issue, on whatever host the page stands."""
    feed = read()
    assert {incident.id: [update.id for update in incident.updates] for incident in feed.incidents} == {
        KEY: [],
        "2024-02-24-maintenance": ["resolved"],
    }
    moved = read(**changed(INDEX, permalink="https://other.example/issues/2024-12-27-dns.html"))
    assert "2024-12-27-dns.html" in {incident.id for incident in moved.incidents}
    assert only(feed, KEY).url == f"{URL}/issues/{KEY}/"


def test_what_an_issue_states() -> None:
    """4: severity, systems, and times as Go prints them, in any zone."""
    feed = read()
    down, past = only(feed, KEY), only(feed, "2024-02-24-maintenance")
    assert (down.status, down.impact, down.kind) == ("open", Impact.CRITICAL, IncidentKind.INCIDENT)
    assert [component.label for component in down.components] == ["API", "Website"]
    assert down.created_at == datetime(2024, 12, 27, 9, 43, 40, 482_000, tzinfo=UTC)
    assert (past.status, past.impact) == ("resolved", Impact.MINOR)
    assert past.created_at == datetime(2024, 2, 24, 10, 35, tzinfo=UTC)
    assert past.updates[0].created_at == datetime(2024, 2, 24, 11, 35, tzinfo=UTC)
    assert [component.label for component in feed.components] == [
        "Main - API",
        "North Coast - Gateway",
        "Main - Website",
    ]


def test_announcements_are_no_incidents() -> None:
    """4: an informational issue is no incident."""
    assert not any("planning" in incident.id for incident in read().incidents)


@pytest.mark.parametrize(
    "printed", [UNSTATED, "", "yesterday", "0001-01-01 00:00:00 +0200 EET", "2024-02-30T00:00:00Z"]
)
def test_an_end_without_a_time(printed: str) -> None:
    """4: a resolved issue is over, also where nobody wrote when."""
    documents = {INDEX: without_issues(), **changed(ISSUES, resolved=True, resolvedAt=printed)}
    over = only(read(**documents), KEY)
    assert over.closed and over.updates == ()


def without_issues() -> Any:
    """Return the first document without an open issue."""
    index: Any = copy.deepcopy(SAMPLE.documents[INDEX])
    index["systems"][0]["unresolvedIssues"] = []
    return index


def test_an_issue_of_no_system() -> None:
    """4: an open issue that names no system stands in the list of all issues only."""
    lonely = issue("2024-12-28-dns", "2024-12-28 08:00:00 +0000 UTC", affected=[])
    document: Any = copy.deepcopy(SAMPLE.documents[ISSUES])
    document["pages"].insert(0, lonely)
    feed = read(**{ISSUES: document})
    assert only(feed, "2024-12-28-dns").source_quality == 0


def test_an_issue_of_two_systems_is_one() -> None:
    """4: an issue is listed under each of its systems."""
    index: Any = copy.deepcopy(SAMPLE.documents[INDEX])
    index["systems"][1]["unresolvedIssues"] = [OPEN]
    assert [incident.id for incident in read(**{INDEX: index}).incidents].count(KEY) == 1


def test_what_is_listed() -> None:
    """4.11, 4.12c, 4.12d: the list of all issues has everything; a page without it shows what is open alone.

    Where it is there and cannot be read whole, nothing is concluded from an absence.
    """
    index = encode(SAMPLE.documents[INDEX])
    whole, alone = read(), cstate.parse(ParseInput(SAMPLE.page, {INDEX: index, ISSUES: None}))
    assert whole.history == whole.complete == {IncidentKind.INCIDENT} and not whole.current
    assert whole.window_sizes == {IncidentKind.INCIDENT: UNLIMITED}
    assert alone.current == {IncidentKind.INCIDENT} and not alone.complete | alone.history
    one_is_bad = {"is": "issues", "pages": [OPEN, {**OPEN, "createdAt": "?"}]}
    for broken in (b"<html>", b"{}", encode(one_is_bad)):
        part = cstate.parse(ParseInput(SAMPLE.page, {INDEX: index, ISSUES: broken}))
        assert part.losses and not part.current | part.complete | part.history


def test_an_unescaped_title_fails_the_read() -> None:
    """5: a quotation mark in a title breaks the document; the page is not read then."""
    page, documents = first_read("cstate")
    broken = b'{"is": "index", "title": "The "Acme" status"}'
    assert page.read_later(5, {**documents, INDEX: broken}) == []
    assert page.timeline.outcome.failure
    assert page.read_later(5, documents) == []


def test_a_removed_issue_is_withdrawn() -> None:
    """4.12c: an open issue that is gone from the list of all is WITHDRAWN, at the second read."""
    page, documents = first_read("cstate")
    issues: Any = copy.deepcopy(SAMPLE.documents[ISSUES])
    del issues["pages"][0]
    removed = {**documents, INDEX: without_issues(), ISSUES: issues}
    assert page.read_later(5, removed) == []
    assert shape(page.read_later(11, removed)) == [("resolved", KEY, ["withdrawn"], [])]


def test_address_of_the_document() -> None:
    """3: a page may be given by the address of its document."""
    urls = [cstate.documents(Page(key="c", name="C", url=url))[1].url for url in (URL, f"{URL}/index.json")]
    assert urls == [f"{URL}/issues/index.json"] * 2

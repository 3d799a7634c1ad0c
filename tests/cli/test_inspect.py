"""`inspect`: one page explained."""

from __future__ import annotations

import re
import threading
import tomllib
from typing import TYPE_CHECKING, Any, Final

import pytest
from filelock import FileLock
from hypothesis import example, given
from hypothesis import strategies as st

from statuswatch.config.select import key_of, look_at, page_at
from statuswatch.errors import UsageError
from statuswatch.model.page import Document, Exchange, Failure, Feed, Inspection, RecognitionAttempt
from statuswatch.model.report import PageOutcome
from statuswatch.render import inspection, listing
from tests.support.fake_vendor import incident, incidentio, statuspage, window
from tests.support.sample_events import (
    ALL,
    OPENAI,
    failure,
    hostile,
    hostile_event,
    runner_commands,
    searched,
    squashed,
)
from tests.support.workspace import PATIENCE

if TYPE_CHECKING:
    import socket

    from tests.support.workspace import Workspace

HTML: Final = "<!doctype html><html><body>Claim this page</body></html>"


def test_inspect_explains_a_configured_page(workspace: Workspace) -> None:
    """Contract 2.1 and 2.5: each document has address, status, size and validators; each open incident its
    components.
    """
    workspace.acme(
        incident("a1", "investigating", parts=["Login"]),
        incident("a2", "resolved"),
        windows=(window("w", "scheduled"),),
    )
    before = workspace.files()
    with FileLock(workspace.folder / ".state.json.lock"):
        completed = workspace.run("inspect", "acme")
    assert completed.code == 0 and completed.err == ""
    assert {path: content for path, content in workspace.files().items() if not path.endswith(".lock")} == before
    for words in (
        f"Acme · {workspace.vendor.url}/acme\nPlatform: statuspage (configured)\nIdentity: ",
        "  incidents.json HTTP 200 · ",
        f"    {workspace.vendor.url}/acme/api/v2/incidents.json\n",
        f"    {workspace.vendor.url}/acme/api/v2/summary.json\n",
        "no validators",
        "  2 incidents, 1 maintenance window, 3 updates; 2 open\n",
        "components: stated for 1, not stated for 2",
        "  open: Trouble a1 · minor · investigating\n    Login · since 2025-01-01 10:00 UTC · 1 update\n",
        "1 update\n    It is investigating.\n",
    ):
        assert words in completed.out, words
    assert "To watch it" not in completed.out, "the page is watched"


def test_inspect_shows_an_entry_without_a_date(workspace: Workspace) -> None:
    """Contract 2: `inspect` reads a feed as a run does: an entry without a date is open since its first sight."""
    entry = "<item><title>Slow logins</title><description>We look into it.</description><guid>a</guid></item>"
    feed = f"""<rss version="2.0"><channel><title>Acme Status</title><link>{workspace.vendor.url}/acme</link>
        {entry}</channel></rss>"""
    workspace.vendor.answer("/acme/feed", feed)
    (workspace.folder / "statuswatch.toml").write_text(
        f'[page.acme]\nname = "Acme"\nurl = "{workspace.vendor.url}/acme"\nplatform = "rss"\nid = "/acme/feed"\n'
    )
    completed = workspace.run("inspect", "acme")
    assert completed.code == 0 and completed.err == ""
    assert "  open: Slow logins · " in completed.out and "skipped" not in completed.out


def test_inspect_of_an_older_copy(workspace: Workspace) -> None:
    """Contract 8, code 4: what a run would not believe is named as such; it is not the state of the page."""
    workspace.acme(incident("a1", "investigating", "identified"))
    workspace.check()
    workspace.acme(incident("a1", "investigating"))
    completed = workspace.run("inspect", "acme")
    assert completed.code == 4
    assert "  not believed: an older copy: it lacks the newest known update of a1; nothing is reported" in completed.out
    assert "error: the documents are not believed (http" in completed.err


def test_inspect_shows_what_is_remembered_and_filtered(workspace: Workspace) -> None:
    """Contract 2: the state file and the filters of a page explain why it is silent."""
    workspace.watch("acme", settings='components = ["API*"]\nmin_impact = "major"\n')
    workspace.check()
    out = workspace.run("inspect", "acme").out
    assert re.search(r"State file\n  first read \d{4}-\d\d-\d\d .* UTC; 1 incident, 1 open\n", out)
    assert "Filters\n  components: API*\n  min_impact: major\n" in out
    workspace.vendor.answer("/acme/api/v2/incidents.json", HTML)
    workspace.check()
    assert "failing since" in workspace.run("inspect", "acme").out


@pytest.mark.parametrize(("platform", "documents"), [("statuspage", statuspage), ("incidentio", incidentio)])
def test_inspect_prints_the_configuration_for_an_address(workspace: Workspace, platform: str, documents: Any) -> None:
    """Contract 2: the platform of a bare address is recognised, and the lines to copy work."""
    workspace.vendor.put(documents("/mine", [incident("m1", "investigating")]))
    completed = workspace.run("inspect", f"{workspace.vendor.url}/mine")
    assert f"Platform: {platform} (recognised" in completed.out
    _, _, lines = completed.out.partition("To watch it\n")
    assert list(tomllib.loads(lines)["page"].values()) == [
        {"name": "page", "url": f"{workspace.vendor.url}/mine", "platform": platform}
    ]
    (workspace.folder / "statuswatch.toml").write_text(lines)
    assert "1 of 1 page read" in workspace.check().err


def test_inspect_never_takes_a_marketing_page_for_a_page(workspace: Workspace) -> None:
    """Contract 5: an unclaimed name answers every path with HTML and 200: exit 4, and no configuration."""
    for name in ("incidents", "summary", "scheduled-maintenances"):
        workspace.vendor.answer(f"/mine/api/v2/{name}.json", HTML)
    workspace.vendor.answer("/mine", HTML)
    completed = workspace.run("inspect", f"{workspace.vendor.url}/mine")
    assert completed.code == 4
    assert (
        "Platform: not recognised\n  not incidentio, statuspage: incidents.json: HTML instead of JSON\n"
        in completed.out
    )
    assert "To watch it" not in completed.out and "could not be read" in completed.err
    assert f"(its base address: {workspace.vendor.url}, perhaps)" in completed.out


def test_inspect_of_a_document_proposes_its_page(workspace: Workspace) -> None:
    """Contract 2: the hint for a document names its page; platforms that fail alike share a line."""
    completed = workspace.run("inspect", f"{workspace.vendor.url}/other/api/v2/incidents.json")
    assert (
        completed.code == 4
        and f"correct its `url` (its base address: {workspace.vendor.url}, perhaps)" in completed.out
    )
    assert re.search(r"^  not incidentio, statuspage, [a-z0-9, -]+: HTTP 404$", completed.out, re.MULTILINE)


def test_inspect_suggests_the_right_platform(workspace: Workspace) -> None:
    """Contract 2: a page on another platform than configured is not read, and the error has the right line."""
    workspace.vendor.put(incidentio("/acme", [incident("a1", "investigating")]))
    completed = workspace.run("inspect", "acme")
    assert completed.code == 4 and 'set platform = "incidentio" in [page.acme]' in completed.out


def test_inspect_shows_redirects_and_what_was_skipped(workspace: Workspace) -> None:
    """Contract 2: redirects are shown one by one, and skipped entries with their reason."""
    documents = statuspage("/acme", [incident("a1", "investigating"), incident("a2", "resolved")])
    workspace.vendor.put(documents)
    path = "/acme/api/v2/incidents.json"
    documents[path]["incidents"][1]["created_at"] = "yesterday"
    workspace.vendor.answer("/there", documents[path])
    workspace.vendor.answer(path, b"", 302, Location="/there")
    out = workspace.run("inspect", "acme").out
    assert f"redirected to {workspace.vendor.url}/there" in out and "skipped: incidents.json: entry 1" in out


def test_inspect_names_the_document_that_hangs(workspace: Workspace) -> None:
    """Contract 2: a document that never ends is listed with the others, with the time that it took."""
    over = threading.Event()

    def hang(_: socket.socket) -> None:
        over.wait(PATIENCE)

    workspace.watch("acme", top="timeout = 2")
    workspace.vendor.answer(
        "/acme/api/v2/incidents.json", lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n")
    )
    workspace.vendor.answer("/acme/api/v2/summary.json", hang)
    out = workspace.run("inspect", "acme").out
    over.set()
    assert re.search(r"  summary.json no complete answer · \d\.\d\d s\n    http.*/acme/api/v2/summary.json\n", out)


def test_inspect_of_what_does_not_exist(workspace: Workspace, dead: str) -> None:
    """Contract 8, codes 2 and 4: an unknown key is exit 2 with a suggestion; an address that does not answer is exit
    4.
    """
    unknown = workspace.run("inspect", "opnai")
    assert unknown.code == 2 and "did you mean 'openai'?" in unknown.err
    silent = workspace.run("inspect", dead)
    assert silent.code == 4 and "no connection" in silent.out
    assert silent.err == f"statuswatch: error: the page could not be read ({dead}): the reason is printed above\n"


def test_inspect_makes_vendor_text_inert(workspace: Workspace) -> None:
    """Contract 7.10: vendor text gives no command to a runner, and no colour to a terminal."""
    entry = incident("a1", "investigating")
    entry["name"] = "\x1b[31m[bold]red[/bold] ##[error]now"
    entry["incident_updates"][0]["body"] = "::error::now"
    workspace.acme(entry)
    out = workspace.run("inspect", "acme").out
    assert "[bold]red[/bold] ## [error]now" in out and not re.search(r"^\s*::error", out, re.MULTILINE)


def test_keys_for_addresses() -> None:
    """Contract 2: an address gets the vendor's name for a key; a bare host is an https address."""
    assert [
        key_of(f"https://{host}") for host in ("status.acme.example", "acme.statuspage.io", "www.acmestatus.com")
    ] == [
        "acme",
        "acme",
        "acmestatus",
    ]
    assert page_at("status.acme.example").url == "https://status.acme.example"
    with pytest.raises(UsageError, match="unknown page 'acmee'"):
        look_at("acmee")


@searched
@given(hostile, st.sampled_from([None, 20, 80]))
@example(ALL, None)
@example(ALL, 20)
def test_an_inspection_gives_a_runner_no_command(vendor_text: str, width: int | None) -> None:
    """Contract 7.10: each line of an inspection and of a list of pages is plain text without a workflow command. No
    vendor text makes a cell or a line of its own.
    """
    event = hostile_event(vendor_text)
    name = event.page.name
    feed = Feed(identity=name, incidents=(event.incident,), skipped=(name,), losses=(name,))
    failed: Failure = failure(name, name, name)
    for result in (feed, failed):
        exchange = Exchange(Document("incidents.json", OPENAI.url), failed, 0.1)
        explained = Inspection(event.page, result, (exchange,), (RecognitionAttempt("slack", failed),))
        lines = [line.plain for line in inspection.render(explained, "recognised", None, width)]
        assert runner_commands("\n".join(lines)) == []
        assert not re.search(r"[\x00-\x1f\x7f-\x9f]", "".join(lines))
        assert squashed(name) in squashed("".join(lines))
    cells = listing.failure(PageOutcome(page=event.page, failure=failed), None, "2026-11")
    (line,) = listing.plain([cells])
    assert line.count("\t") == len(cells) - 1 and runner_commands(line) == []
    *_, row = listing.as_markdown(listing.FAILURE_HEAD, [cells]).splitlines()
    assert len(re.findall(r"(?<!\\)\|", row)) == len(cells) + 1

"""`pages` and `inspect`: finding a page, and understanding one."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import time
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from rich.console import Console

from statuswatch.catalog import catalog, search_catalog
from statuswatch.config.select import key_of, page_at
from statuswatch.errors import UsageError
from statuswatch.model.page import Document, Fetched
from statuswatch.net.client import Turns, connect, open_network, user_agent
from statuswatch.render import listing
from tests.support.fake_vendor import FakeVendor, incident, incidentio, statuspage, window

if TYPE_CHECKING:
    from tests.support.workspace import Workspace

HTML = "<!doctype html><html><body>Claim this page</body></html>"


# ------------------------------------------------------------------------------------------------------------- inspect


def test_inspect_explains_a_configured_page(workspace: Workspace) -> None:
    """Each document with address, status, size and validators; what was understood; the open ones with components."""
    workspace.acme(
        incident("a1", "investigating", parts=["Login"]),
        incident("a2", "resolved"),
        windows=(window("w", "scheduled"),),
    )
    done = workspace.run("inspect", "acme")
    assert done.code == 0 and done.err == ""
    for words in (
        f"Acme · {workspace.vendor.url}/acme\nPlatform: statuspage (configured)\nIdentity: ",
        "  incidents.json HTTP 200 · ",
        f"    {workspace.vendor.url}/acme/api/v2/incidents.json\n",
        f"    {workspace.vendor.url}/acme/api/v2/summary.json\n",
        "no validators",
        "  2 incidents, 1 maintenance window, 3 updates; 2 open\n",
        "components: stated for 1, not stated for 2",
        "  open: Trouble a1 · minor · investigating\n    Login · since 2025-01-01 10:00:00 UTC · 1 update\n",
        "1 update\n    It is investigating.\n",
    ):
        assert words in done.out, words
    assert "To watch it" not in done.out, "it is watched"


def test_inspect_shows_what_is_remembered_and_filtered(workspace: Workspace) -> None:
    """Who wonders why a page is silent sees since when it is read, what fails, and what its filters leave out."""
    workspace.watch("acme", settings='components = ["API*"]\nmin_impact = "major"\n')
    workspace.check()
    out = workspace.run("inspect", "acme").out
    assert re.search(r"Remembered\n  first read \d{4}-\d\d-\d\d .* UTC; 1 incident, 1 open\n", out)
    assert "Filters\n  components: API*\n  min_impact: major\n" in out
    workspace.vendor.answer("/acme/api/v2/incidents.json", HTML)
    workspace.check()
    assert "failing since" in workspace.run("inspect", "acme").out


@pytest.mark.parametrize(("platform", "documents"), [("statuspage", statuspage), ("incidentio", incidentio)])
def test_inspect_tells_what_to_write_for_an_address(workspace: Workspace, platform: str, documents: Any) -> None:
    """For a bare address the platform is recognised, and the lines to copy make a configuration that reads it."""
    workspace.vendor.put(documents("/mine", [incident("m1", "investigating")]))
    done = workspace.run("inspect", f"{workspace.vendor.url}/mine")
    assert f"Platform: {platform} (recognised" in done.out
    _, _, lines = done.out.partition("To watch it\n")
    assert list(tomllib.loads(lines)["page"].values()) == [
        {"name": "page", "url": f"{workspace.vendor.url}/mine", "platform": platform}
    ]
    (workspace.folder / "statuswatch.toml").write_text(lines)
    assert "1 of 1 page read" in workspace.check().err


SLACK: Final = {  # as of slack-status-v2/slack: notes without ids, and their HTML
    "status": "active",
    "active_incidents": [
        {
            "id": 1579,
            "title": "Messages are slow to arrive",
            "type": "incident",
            "status": "active",
            "url": "https://slack-status.com/2026-10/6c28dfb7b670dc02",
            "date_created": "2026-10-01T05:39:35-07:00",
            "notes": [{"body": "<p>We are looking into it.</p>", "date_created": "2026-10-01T05:39:35-07:00"}],
            "services": ["Messaging"],
        }
    ],
}


def test_the_inspection_shown_is_real(workspace: Workspace) -> None:
    """The inspection in the README is what the command prints of such a page, but for the port, times and the ETag."""
    workspace.vendor.answer("/api/v2.0.0/current", SLACK, ETag='"a19e4593"')
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    (shown,) = re.findall(r"\$ statuswatch inspect http[^\n]*\n(.*?)```", readme, re.DOTALL)
    printed = workspace.run("inspect", workspace.vendor.url).out
    plain = re.sub(r"\d\.\d\d s", "0.01 s", printed.replace(workspace.vendor.url, "http://127.0.0.1:8080"))
    assert [part for part in shown.split("  …\n") if part not in plain] == []


def test_inspect_never_takes_a_marketing_page_for_a_page(workspace: Workspace) -> None:
    """An unclaimed name answers every path with HTML and 200: exit 4, no platform, nothing to write down."""
    for name in ("incidents", "summary", "scheduled-maintenances"):
        workspace.vendor.answer(f"/mine/api/v2/{name}.json", HTML)
    workspace.vendor.answer("/mine", HTML)
    done = workspace.run("inspect", f"{workspace.vendor.url}/mine")
    assert done.code == 4
    assert "Platform: not recognised\n  not incidentio, statuspage: incidents.json: HTML instead of JSON\n" in done.out
    assert "To watch it" not in done.out and "could not be read" in done.err
    assert f"(its base address: {workspace.vendor.url}, perhaps)" in done.out


def test_inspect_of_a_document_proposes_its_page(workspace: Workspace) -> None:
    """Who gives the address of a document hears what may be that of the page; platforms that fail alike are a line."""
    done = workspace.run("inspect", f"{workspace.vendor.url}/acme/api/v2/incidents.json")
    assert done.code == 4 and f"correct its `url` (its base address: {workspace.vendor.url}, perhaps)" in done.out
    assert re.search(r"^  not incidentio, statuspage, [a-z0-9, ]+: HTTP 404$", done.out, re.MULTILINE)


def test_inspect_tells_the_line_that_is_right_now(workspace: Workspace) -> None:
    """A page on another platform than configured is not read, and the line that would be right is said."""
    workspace.vendor.put(incidentio("/acme", [incident("a1", "investigating")]))
    done = workspace.run("inspect", "acme")
    assert done.code == 4 and 'set platform = "incidentio" in [page.acme]' in done.out


def test_inspect_shows_redirects_and_what_was_skipped(workspace: Workspace) -> None:
    """Redirects are shown hop by hop, and entries that could not be understood with their reason."""
    documents = statuspage("/acme", [incident("a1", "investigating"), incident("a2", "resolved")])
    workspace.vendor.put(documents)
    path = "/acme/api/v2/incidents.json"
    documents[path]["incidents"][1]["created_at"] = "yesterday"
    workspace.vendor.answer("/there", documents[path])
    workspace.vendor.answer(path, b"", 302, Location="/there")
    out = workspace.run("inspect", "acme").out
    assert f"redirected to {workspace.vendor.url}/there" in out and "skipped: incidents.json: entry 1" in out


def test_inspect_names_the_document_that_hangs(workspace: Workspace) -> None:
    """A document that never ends is listed with the others, with the time that it took."""
    workspace.watch("acme", top="timeout = 2")
    workspace.vendor.answer(
        "/acme/api/v2/incidents.json", lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n")
    )
    workspace.vendor.answer("/acme/api/v2/summary.json", lambda _: time.sleep(4))
    out = workspace.run("inspect", "acme").out
    assert re.search(r"  summary.json no complete answer · \d\.\d\d s\n    http.*/acme/api/v2/summary.json\n", out)


def test_inspect_of_what_does_not_exist(workspace: Workspace, dead: str) -> None:
    """A key that nobody knows is exit 2 with what is near; an address that nobody answers is exit 4."""
    unknown = workspace.run("inspect", "opnai")
    assert unknown.code == 2 and "did you mean 'openai'?" in unknown.err
    nobody = workspace.run("inspect", dead)
    assert nobody.code == 4 and "no connection" in nobody.out


def test_inspect_makes_vendor_text_inert(workspace: Workspace) -> None:
    """7: vendor text gives no command to a runner, and no colour to a terminal."""
    hostile = incident("a1", "investigating")
    hostile["name"] = "\x1b[31m[bold]red[/bold] ##[error]now"
    hostile["incident_updates"][0]["body"] = "::error::now"
    workspace.acme(hostile)
    out = workspace.run("inspect", "acme").out
    assert "[bold]red[/bold] ## [error]now" in out and not re.search(r"^\s*::error", out, re.MULTILINE)


def test_keys_for_addresses() -> None:
    """A page known only by its address gets the vendor's name for a key; a bare host is an https address."""
    assert [
        key_of(f"https://{host}") for host in ("status.acme.example", "acme.statuspage.io", "www.acmestatus.com")
    ] == [
        "acme",
        "acme",
        "acmestatus",
    ]
    assert page_at("status.acme.example", []).url == "https://status.acme.example"
    with pytest.raises(UsageError, match="there is no page 'acme'"):
        page_at("acme", [])


# --------------------------------------------------------------------------------------------------------------- pages


@pytest.mark.parametrize("query", ["openai", "OpenAI ai", "incidentio status.openai"])
def test_pages_finds_by_any_of_its_words(workspace: Workspace, query: str) -> None:
    """Keys, names, categories, platforms and addresses are searched; all words of the query count."""
    done = workspace.run("pages", *query.split(), "--format", "json")
    assert "openai" in [it["key"] for it in json.loads(done.out)] and done.code == 0


def test_pages_as_lines() -> None:
    """Every page of the catalog is a line of tab-separated cells where the output is no terminal."""
    rows = listing.plain([listing.cells(page, {}) for page in search_catalog(catalog().values(), ["github"])])
    assert "github\tGitHub\tstatuspage\t\thttps://www.githubstatus.com" in rows


def test_pages_on_a_narrow_terminal() -> None:
    """Keys and addresses are not cut into pieces: other columns are left out where there is no room for all."""
    rows = [("acme-cloud", "Acme Cloud", "statuspage", "dev-tools", "https://status.acme.example")]

    def shown(width: int) -> list[str]:
        console = Console(file=io.StringIO(), width=width)
        console.print(listing.terminal(listing.HEAD, rows, width))
        return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]

    assert shown(80)[1].split("  ") == [*rows[0]]
    assert shown(60)[1] == "acme-cloud  statuspage  https://status.acme.example"
    assert shown(40) == ["key         url", "acme-cloud  https://status.acme.example"]


def test_pages_suggests_what_is_near(workspace: Workspace) -> None:
    """A near miss suggests, on stderr; the data is empty."""
    done = workspace.run("pages", "cloudflair")
    assert (done.code, done.out) == (0, "") and "did you mean 'cloudflare'?" in done.err


def test_a_reader_that_has_enough(workspace: Workspace) -> None:
    """8: `pages | head -1` is exit 5 of the command, as for any output that nobody takes, and not a word of it."""
    ours, theirs = os.pipe()
    os.close(ours)
    done = workspace.run("pages", stdout=theirs)
    os.close(theirs)
    assert (done.code, done.err) == (5, "")


def test_pages_configured(workspace: Workspace) -> None:
    """--configured lists what this configuration watches, with its filters."""
    workspace.watch("acme", "bolt", settings='kinds = ["new"]\n')
    pages = json.loads(workspace.run("pages", "--configured", "--format", "json").out)
    assert [(it["key"], it["platform"], it["kinds"]) for it in pages] == [
        ("acme", "statuspage", ["new"]),
        ("bolt", "incidentio", ["new"]),
    ]


def test_pages_verify(workspace: Workspace) -> None:
    """--verify reads every page and prints those that do not read, with the row that would."""
    workspace.watch("acme", "bolt", "mine", "gone")
    workspace.bolt()
    workspace.vendor.put(statuspage("/mine"))
    workspace.vendor.put(incidentio("/acme"))
    done = workspace.run("pages", "--configured", "--verify", "--format", "json")
    first, second = json.loads(done.out)
    assert (first["key"], first["row"]) == ("acme", f"acme,Acme,{workspace.vendor.url}/acme,incidentio,,")
    assert (second["key"], second["row"]) == ("gone", "")
    assert done.code == 0 and "2 of 4 pages read" in done.err
    table = workspace.run("pages", "--configured", "--verify", "--format", "markdown").out
    assert table.startswith("| key | why it does not read | the row that would |\n| --- | --- | --- |\n| acme | ")
    assert not workspace.state.exists()


def test_pages_verify_without_a_network(workspace: Workspace, dead: str) -> None:
    """Exit 4 where no page answered at all: that says nothing of the pages."""
    assert workspace.run("pages", "--configured", "--verify").err == "statuswatch: 1 of 1 page read\n"
    workspace.watch("acme", acme=dead)
    done = workspace.run("pages", "--configured", "--verify")
    assert (done.code, done.out) == (4, "")


def test_one_request_to_a_host_at_a_time() -> None:
    """A verification asks no host while another of its pages asks it."""

    async def ask(site: FakeVendor) -> list[int]:
        turns: Turns = defaultdict(asyncio.Lock)
        now = asyncio.get_running_loop().time()
        seen = []
        async with connect(open_network(), now + 60, turns) as client:
            async with turns["127.0.0.1"]:
                waiting = asyncio.ensure_future(client.fetch(Document("a", f"{site.url}/a"), None))
                for _ in range(20):
                    await asyncio.sleep(0)
                seen.append(len(site.requests))
            assert isinstance(await waiting, Fetched)
            seen.append(len(site.requests))
        return seen

    with FakeVendor() as site:
        site.answer("/a", "{}")
        assert asyncio.run(ask(site)) == [0, 1]


def test_who_asks() -> None:
    """The User-Agent is the program's, with the address of the project that runs it where a runner knows it."""
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/status", "GITHUB_SERVER_URL": "https://github.com"}
    assert user_agent(runner).endswith(" (+https://github.com/acme/status)")
    assert user_agent({}).startswith("statuswatch/") and " " not in user_agent({})

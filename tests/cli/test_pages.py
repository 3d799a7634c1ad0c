"""`pages`: the catalog searched, and the watched pages verified."""

from __future__ import annotations

import asyncio
import io
import json
import os
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from statuswatch.catalog import catalog
from statuswatch.catalog.search import search_catalog
from statuswatch.model.page import Document, Fetched
from statuswatch.net.client import Turns, connect
from statuswatch.net.http import open_network, user_agent
from statuswatch.render import listing
from tests.support.fake_vendor import FakeVendor, incidentio, statuspage

if TYPE_CHECKING:
    from tests.support.workspace import Workspace


@pytest.mark.parametrize("query", ["openai", "OpenAI ai", "incidentio status.openai"])
def test_pages_finds_by_any_of_its_words(workspace: Workspace, query: str) -> None:
    """Contract 2.1: keys, names, categories, platforms and addresses are searched; any word of the query counts."""
    completed = workspace.run("pages", *query.split(), "--format", "json")
    assert "openai" in [page["key"] for page in json.loads(completed.out)] and completed.code == 0


def test_pages_as_lines() -> None:
    """Contract 2: every page of the catalog is a line of tab-separated cells where the output is no terminal."""
    rows = listing.plain([listing.cells(page, None, "") for page in search_catalog(catalog().values(), ["github"])])
    assert "github\tGitHub\tstatuspage\t\thttps://www.githubstatus.com\t" in rows


def test_pages_on_a_narrow_terminal() -> None:
    """Contract 7: on a narrow terminal the scheme goes first, then category, platform and name; nothing is cut.

    A column with nothing in it takes no room.
    """
    rows = [("acme-cloud", "Acme Cloud", "statuspage", "dev-tools", "https://status.acme.example")]

    def shown(width: int) -> list[str]:
        console = Console(file=io.StringIO(), width=width)
        console.print(listing.terminal(listing.HEAD, [(*cells, "") for cells in rows], width))
        return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]

    assert shown(80)[1].split("  ") == [*rows[0]]
    assert shown(70)[1] == "acme-cloud  Acme Cloud  statuspage  dev-tools  status.acme.example"
    assert shown(60)[1] == "acme-cloud  Acme Cloud  statuspage  status.acme.example"
    assert shown(50)[1] == "acme-cloud  Acme Cloud  status.acme.example"
    assert shown(40) == ["key         url", "acme-cloud  status.acme.example"]


def test_pages_suggests_what_is_near(workspace: Workspace) -> None:
    """Contract 2: a near miss gets a suggestion on stderr; the data is empty."""
    completed = workspace.run("pages", "cloudflair")
    assert (completed.code, completed.out) == (0, "") and "did you mean 'cloudflare'?" in completed.err


def test_a_reader_that_has_enough(workspace: Workspace) -> None:
    """Contract 8, code 5: `pages | head -1` is exit 5, as for any output that is not read to its end, without a
    message.
    """
    ours, theirs = os.pipe()
    os.close(ours)
    completed = workspace.run("pages", stdout=theirs)
    os.close(theirs)
    assert (completed.code, completed.err) == (5, "")


def test_pages_configured(workspace: Workspace) -> None:
    """Contract 2.1: --configured lists the pages of the configuration, with their filters."""
    workspace.watch("acme", "bolt", settings='kinds = ["new"]\n')
    pages = json.loads(workspace.run("pages", "--configured", "--format", "json").out)
    assert [(page["key"], page["platform"], page["kinds"]) for page in pages] == [
        ("acme", "statuspage", ["new"]),
        ("bolt", "incidentio", ["new"]),
    ]


def test_pages_verify(workspace: Workspace) -> None:
    """Contract 2.1: --verify reads every page and prints those that cannot be read, with the row that can."""
    workspace.watch("acme", "bolt", "mine", "removed")
    workspace.bolt()
    workspace.vendor.put(statuspage("/mine"))
    workspace.vendor.put(incidentio("/acme"))
    completed = workspace.run("pages", "--configured", "--verify", "--format", "json")
    first, second = json.loads(completed.out)
    assert first["key"] == "acme"
    assert first["row"].startswith(f"acme,Acme,{workspace.vendor.url}/acme,incidentio,,,,read,20")
    assert (second["key"], second["row"]) == ("removed", "")
    assert completed.code == 0 and "2 of 4 pages read" in completed.err
    table = workspace.run("pages", "--configured", "--verify", "--format", "markdown").out
    assert table.startswith("| key | reason | row for the catalog |\n| --- | --- | --- |\n| acme | ")
    assert not workspace.state.exists()


def test_pages_verify_without_a_network(workspace: Workspace, dead: str) -> None:
    """Contract 8, code 4: exit 4 where no page answered at all, for that says nothing about the pages."""
    assert workspace.run("pages", "--configured", "--verify").err == "statuswatch: 1 of 1 page read\n"
    workspace.watch("acme", acme=dead)
    completed = workspace.run("pages", "--configured", "--verify")
    assert (completed.code, completed.out) == (4, "")


def test_one_request_to_a_host_at_a_time() -> None:
    """Contract 2: a verification sends one request to a host at a time."""

    async def request_counts(vendor: FakeVendor) -> list[int]:
        turns: Turns = defaultdict(asyncio.Lock)
        now = asyncio.get_running_loop().time()
        counts = []
        async with connect(open_network(), now + 60, turns) as client:
            async with turns["127.0.0.1"]:
                waiting = asyncio.ensure_future(client.fetch(Document("a", f"{vendor.url}/a"), None))
                for _ in range(20):
                    await asyncio.sleep(0)
                counts.append(len(vendor.requests))
            assert isinstance(await waiting, Fetched)
            counts.append(len(vendor.requests))
        return counts

    with FakeVendor() as vendor:
        vendor.answer("/a", "{}")
        assert asyncio.run(request_counts(vendor)) == [0, 1]


def test_user_agent() -> None:
    """Contract 2: the User-Agent is the program's, with the project's address where a runner states it."""
    runner = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/status", "GITHUB_SERVER_URL": "https://github.com"}
    assert user_agent(runner).endswith(" (+https://github.com/acme/status)")
    assert user_agent({}).startswith("statuswatch/") and " " not in user_agent({})

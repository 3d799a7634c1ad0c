"""`statuswatch report`, and `check --metrics`, as their user meets them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tests.support.fake_vendor import incident
from tests.support.workspace import finish

if TYPE_CHECKING:
    from tests.support.workspace import Workspace


def test_a_site_is_written(workspace: Workspace) -> None:
    """Contract 2.7: every file of the site is there; nothing is printed on stdout, and the state file is not
    written.
    """
    completed = workspace.run("report", "--out", "site", "--days", "30")
    assert (completed.code, completed.out) == (0, "")
    assert "statuswatch: site: " in completed.err
    assert "1 open" in completed.err
    site = workspace.folder / "site"
    for name in (
        *("index.html", "ledger.html", "style.css", "board.js", "feed.atom", "maintenance.ics", "metrics.prom"),
        *("v/acme.html", "v/acme.atom", "api/status.json", "api/incidents.json", "badge/acme.svg", "badge/acme.json"),
    ):
        assert (site / name).is_file(), name
    assert "Last 30 days" in (site / "index.html").read_text("utf-8")
    assert not workspace.state.exists()


def test_a_site_is_of_one_whole_read(workspace: Workspace) -> None:
    """Contract 2.7: the pages are read once, without a condition, while another run holds the lock."""
    workspace.vendor.etags = True
    workspace.check()
    before = workspace.state.read_bytes()
    workspace.vendor.requests.clear()
    with FileLock(workspace.folder / ".state.json.lock"):
        assert workspace.run("report", "--out", "site").code == 0
    assert workspace.state.read_bytes() == before
    assert len(set(workspace.vendor.paths())) == len(workspace.vendor.paths()) > 0
    assert not [request for request in workspace.vendor.requests if request.headers["If-None-Match"]]


def test_a_vendor_no_longer_watched_goes_away(workspace: Workspace) -> None:
    """Contract 2.7: its files are removed with the next site."""
    workspace.bolt(incident("b0", "investigating"))
    workspace.watch("acme", "bolt")
    assert workspace.run("report", "--out", "site", "--quiet").err == ""
    assert (workspace.folder / "site/v/bolt.html").exists()
    workspace.watch("acme")
    workspace.run("report", "--out", "site")
    assert [path.name for path in (workspace.folder / "site/v").iterdir() if path.suffix == ".html"] == ["acme.html"]


def test_a_private_page_appears_nowhere(workspace: Workspace) -> None:
    """Contract 2.7 and 3.9: a page with secret headers is not even read, unless it is public."""
    workspace.bolt(incident("b0", "investigating"))
    workspace.watch("acme", "bolt")
    config = workspace.folder / "statuswatch.toml"
    private = config.read_text() + 'headers_env = { Authorization = "BOLT_TOKEN" }\n'
    config.write_text(private)
    completed = workspace.run("report", "--out", "site", env={"BOLT_TOKEN": "hunter2hunter2"})
    assert "1 private page left out" in completed.err
    site = {path: path.read_text("utf-8") for path in (workspace.folder / "site").rglob("*") if path.is_file()}
    assert not [path for path, content in site.items() if "bolt" in f"{path.name} {content}".lower()]
    config.write_text(private + "public = true\n")
    workspace.run("report", "--out", "site", env={"BOLT_TOKEN": "hunter2hunter2"})
    assert (workspace.folder / "site/v/bolt.html").exists()


def test_only_private_pages(workspace: Workspace) -> None:
    """There is nothing to show: exit 2."""
    workspace.watch("acme", settings='headers_env = { Authorization = "TOKEN" }\n')
    completed = workspace.run("report", "--out", "site")
    assert completed.code == 2
    assert "error: every page is private" in completed.err


def test_no_network(workspace: Workspace, dead: str) -> None:
    """Contract 2.7 and 8, code 4: no page answered at all: exit 4, and the old site stands."""
    workspace.run("report", "--out", "site")
    before = (workspace.folder / "site/index.html").read_bytes()
    workspace.watch("acme", acme=f"{dead}/acme")
    completed = workspace.run("report", "--out", "site")
    assert completed.code == 4
    assert "the old site stands" in completed.err
    assert (workspace.folder / "site/index.html").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "--out"),
        (("--out", "site", "--days", "0"), 2, "--days"),
        (("--out", "site", "--base-url", "board.example"), 2, "--base-url: 'board.example' is not the base address"),
        (("--out", "statuswatch.toml"), 5, "error: Not a directory"),
    ],
)
def test_wrong_input(workspace: Workspace, arguments: tuple[str, ...], code: int, words: str) -> None:
    """A mistake is named, with what to do."""
    completed = workspace.run("report", *arguments)
    assert completed.code == code
    assert words in completed.err


def test_metrics_of_a_run(workspace: Workspace, dead: str) -> None:
    """Contract 2.8: `check --metrics` writes what is open after the run; where no page answered, that none could be
    read.
    """
    workspace.check("--metrics", "acme.prom")
    content = (workspace.folder / "acme.prom").read_text()
    assert 'statuswatch_page_read{page="acme"} 1\n' in content
    assert 'statuswatch_incidents_open{page="acme",impact="minor"} 1\n' in content
    workspace.watch("acme", acme=f"{dead}/acme")
    assert workspace.run("check", "--metrics", "acme.prom").code == 4
    content = (workspace.folder / "acme.prom").read_text()
    assert 'statuswatch_page_read{page="acme"} 0\n' in content
    assert 'statuswatch_incidents_open{page="acme"' not in content


def test_metrics_that_cannot_be_written(workspace: Workspace) -> None:
    """Contract 2.8: exit 5, after everything else was done; with --dry-run, which writes nothing, exit 2. No file of
    another kind is lost to a mistaken name, nor to one after `--record` (2.6).
    """
    assert "error: --metrics: Is a directory (.): name another file" in workspace.run("check", "--metrics", ".").err
    completed = workspace.run("check", "--metrics", "missing/acme.prom")
    assert completed.code == 5
    assert "error: --metrics: No such file or directory" in completed.err
    assert workspace.state.exists()
    assert workspace.run("check", "--metrics", "acme.prom", "--dry-run").code == 2
    for option, code in (("--metrics", 5), ("--record", 2)):
        before = workspace.files()
        completed = workspace.run("check", option, "state.json")
        assert completed.code == code and "(state.json): name another file" in completed.err
        assert workspace.files() == before


def test_the_documents_of_a_site(workspace: Workspace) -> None:
    """`api/status.json` names the page and what is open there; `--base-url` makes the links of the feeds absolute."""
    workspace.run("report", "--out", "site", "--base-url", "https://board.example/x/")
    now = json.loads((workspace.folder / "site/api/status.json").read_bytes())
    assert [entry["incident"]["id"] for entry in now["incidents"]] == ["a0"]
    assert 'href="https://board.example/x/feed.atom"' in (workspace.folder / "site/feed.atom").read_text()


def test_a_check_imports_nothing_of_the_board_or_of_an_extra(workspace: Workspace) -> None:
    """A run of `check` without --metrics pays for none of it."""
    process = workspace.start("check", env={"PYTHONPROFILEIMPORTTIME": "1"})
    completed = finish(process)
    assert "statuswatch.pipeline" in completed.err
    board = ("statuswatch.render.site", "statuswatch.publish", "statuswatch.model.board", "ctypes")
    extras = ("statuswatch.mcp", "statuswatch.api", "mcp", "mcp_types", "pydantic", "starlette")
    for module in (*board, *extras):
        assert f" {module}\n" not in completed.err


def test_what_the_archive_knows_is_on_the_site(workspace: Workspace) -> None:
    """An incident that the vendor no longer lists is shown from the archive, with its end."""
    began = datetime.now(UTC) - timedelta(hours=1)
    workspace.watch("acme", top='history = "history"')
    workspace.check()
    workspace.acme(incident("a0", "investigating"), incident("a1", "investigating", at=began))
    workspace.check()
    workspace.acme(incident("a0", "investigating"), incident("a1", "investigating", "resolved", at=began))
    workspace.check()
    workspace.acme(incident("a0", "investigating"))
    workspace.run("report", "--out", "site")
    past = json.loads((workspace.folder / "site/api/incidents.json").read_bytes())["incidents"]
    (archived,) = [entry for entry in past if entry["id"] == "a1"]
    assert archived["status"] == "resolved"
    assert archived["detected_at"] and archived["end"]

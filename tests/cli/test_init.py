"""`statuswatch init`: a first configuration from names, and from what a repository depends on."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from statuswatch.config.load import load_config
from tests.support.scanned_repositories import REPOSITORIES, write_repository
from tests.support.workspace import finish

if TYPE_CHECKING:
    from tests.support.workspace import Workspace

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture
def bare(workspace: Workspace) -> Workspace:
    """Make a workspace without a configuration."""
    (workspace.folder / "statuswatch.toml").unlink()
    return workspace


def watched(folder: Path) -> list[str]:
    return [page.key for page in load_config(None, {}, folder).pages]


def written(workspace: Workspace) -> dict[str, Any]:
    return tomllib.loads((workspace.folder / "statuswatch.toml").read_text())


def test_names_aliases_and_addresses_are_resolved_together(bare: Workspace) -> None:
    """Contract 2.12: one command takes keys, aliases, names and addresses; what it writes is a configuration without
    a mistake.
    """
    completed = bare.run("init", "OpenAI", "gcp", "New Relic", "https://www.githubstatus.com", "status.acme.example")
    assert completed.code == 0
    assert watched(bare.folder) == ["openai", "google-cloud", "new-relic", "github", "acme"]
    assert written(bare)["page"] == {"acme": {"url": "https://status.acme.example"}}
    assert bare.run("config", "check").code == 0
    assert "statuswatch.toml watches 5 pages; next: `statuswatch check`" in completed.err
    assert bare.vendor.requests == []


def test_a_repository_that_shows_no_vendor(bare: Workspace) -> None:
    """Contract 2.12: that the files were looked at, and show none, is not left to guess."""
    (bare.folder / "empty").mkdir()
    completed = bare.run("init", "--scan", "empty")
    assert completed.code == 2
    assert "no vendor of the catalog was found in the files of empty" in completed.err


def test_what_cannot_be_watched_is_listed(bare: Workspace) -> None:
    """Contract 2.12: a typing error comes with the nearest keys, a vendor without a reader with that; the rest is
    written.
    """
    completed = bare.run("init", "strpie", "braintree", "openai")
    assert completed.code == 0
    assert watched(bare.folder) == ["openai"]
    for place in (completed.err, (bare.folder / "statuswatch.toml").read_text()):
        assert "'strpie' is not in the catalog: did you mean stripe" in place
        assert "braintree is known, and cannot be read" in place


def test_nothing_to_watch(bare: Workspace) -> None:
    """Contract 2.12: where no word means a page that can be read, nothing is written; exit 2."""
    for arguments, reason in ((("strpie",), "did you mean stripe"), ((), "name vendors, or a folder")):
        completed = bare.run("init", *arguments)
        assert (completed.code, completed.out) == (2, "")
        assert reason in completed.err
    assert not (bare.folder / "statuswatch.toml").exists()


@pytest.mark.parametrize("name", REPOSITORIES)
def test_a_repository_is_scanned_by_default(bare: Workspace, name: str) -> None:
    """Contract 2.12: in a repository each vendor is proposed with its reason, one line each, and --yes takes all
    that can be read.
    """
    files, vendors = REPOSITORIES[name]
    write_repository(bare.folder, files)
    (bare.folder / ".git").mkdir()
    completed = bare.run("init", "--yes")
    assert completed.code == 0
    readable = watched(bare.folder)
    assert completed.out.splitlines() == [f"{key} ← {vendors[key]}" for key in readable]
    unreadable = [key for key in vendors if key not in readable]
    assert all(f"{key} is known, and cannot be read" in completed.err for key in unreadable)
    assert set(readable) | set(unreadable) == set(vendors)


def test_piped_a_proposal_needs_a_flag(bare: Workspace) -> None:
    """Contract 2.12: where nobody can be asked, proposals are printed and nothing is written; exit 2."""
    write_repository(bare.folder / "shop", {"package.json": '{"dependencies": {"stripe": "1"}}'})
    completed = bare.run("init", "--scan", "shop")
    assert completed.code == 2
    assert completed.out == "stripe ← package.json: stripe\nnpm ← package.json\n"
    assert "pass --yes to watch all of these" in completed.err
    assert not (bare.folder / "statuswatch.toml").exists()


def test_a_person_leaves_vendors_out(bare: Workspace) -> None:
    """Contract 2.12: on a terminal a person is asked what to leave out; a word that is not proposed is asked again."""
    write_repository(bare.folder / "shop", {"package.json": '{"dependencies": {"stripe": "1"}}'})
    ours, theirs = os.openpty()
    process = bare.start("init", "openai", "--scan", "shop", stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    os.write(ours, b"nope\nnpm\n")
    assert process.wait(60) == 0
    os.close(ours)
    assert watched(bare.folder) == ["openai", "stripe"]


def test_no_answer_is_an_interruption(bare: Workspace) -> None:
    """Contract 8, code 130: the end of the input, in place of an answer, writes nothing."""
    write_repository(bare.folder / "shop", {"package.json": '{"dependencies": {"stripe": "1"}}'})
    ours, theirs = os.openpty()
    process = bare.start("init", "--scan", "shop", stdin=theirs, stdout=theirs)
    os.close(theirs)
    os.write(ours, b"\x04")
    completed = finish(process)
    os.close(ours)
    assert (completed.code, completed.err.strip()) == (130, "statuswatch: interrupted; nothing was written")
    assert not (bare.folder / "statuswatch.toml").exists()


def test_an_existing_configuration_is_left_as_it_is(workspace: Workspace) -> None:
    """Contract 2.12: what it lacks is printed, as TOML; the file is a person's."""
    workspace.watch("acme", top='pages = ["github"]\n')
    before = workspace.files()
    completed = workspace.run("init", "github", "openai", "status.acmeworks.example")
    assert completed.code == 0
    assert completed.out.splitlines() == [
        "pages = [",
        '  "openai",',
        "]",
        "",
        '[page."acmeworks"]',
        'url = "https://status.acmeworks.example"',
    ]
    assert workspace.files() == before
    assert "watches all of these already" in workspace.run("init", "github").err
    assert "lacks no other page" in workspace.run("init", "github", "opnai").err


def test_the_workflow_is_written_once(bare: Workspace) -> None:
    """Contract 2.12: --github writes the file of the template; one that is there already is a person's."""
    template = ROOT / ".github/template/.github/workflows/statuswatch.yml"
    path = bare.folder / ".github/workflows/statuswatch.yml"
    assert "is written" in bare.run("init", "openai", "--github").err
    assert path.read_text() == template.read_text()
    path.write_text("name: mine\n")
    assert "left as it is" in bare.run("init", "openai", "--github").err
    assert path.read_text() == "name: mine\n"

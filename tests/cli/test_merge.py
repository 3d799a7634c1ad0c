"""`statuswatch merge`: two versions of a state file become one, by hand and inside `git merge`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.fake_vendor import FakeVendor, incident
from tests.support.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.workspace import Completed

GIT: Final = shutil.which("git") or "git"
EMPTY: Final = '{"pages": {}, "version": 1}\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace whose vendor has two pages, and a state in which both were read for the first time."""
    with FakeVendor() as vendor:
        workspace = Workspace(tmp_path, vendor)
        workspace.watch("acme", "bolt")
        workspace.acme(incident("a1", "investigating"))
        workspace.bolt(incident("b1", "investigating"))
        workspace.check()
        yield workspace


def keep(workspace: Workspace, name: str) -> str:
    """Copy the state under another name."""
    shutil.copy(workspace.state, workspace.folder / name)
    return name


def merge(workspace: Workspace, *names: str) -> Completed:
    return workspace.run("merge", *names)


def test_a_merged_file_remembers_both_sides(workspace: Workspace) -> None:
    """Each side read what the other did not: the merged file has both, and reading it all again yields no event."""
    base = keep(workspace, "base.json")
    workspace.acme(incident("a1", "investigating", "resolved"))
    assert workspace.event_lines("acme") == ["resolved acme/a1"]
    ours = keep(workspace, "ours.json")
    shutil.copy(workspace.folder / base, workspace.state)
    workspace.bolt(incident("b1", "investigating"), incident("b2", "investigating"))
    assert workspace.event_lines("bolt") == ["new bolt/b2"]
    theirs = keep(workspace, "theirs.json")
    completed = merge(workspace, base, ours, theirs)
    assert (completed.code, completed.out, completed.err) == (0, "", "")
    shutil.copy(workspace.folder / ours, workspace.state)
    assert workspace.event_lines() == []
    assert {*workspace.saved_pages()["bolt"]["incidents"]} == {"b1", "b2"}


def test_a_side_that_changed_nothing_yields_to_the_other(workspace: Workspace) -> None:
    """Where one side is the base, the result is the other side, byte for byte."""
    base = keep(workspace, "base.json")
    workspace.acme(incident("a1", "investigating", "identified"))
    workspace.check()
    changed = workspace.state.read_bytes()
    for ours, theirs in ((base, keep(workspace, "other.json")), (keep(workspace, "mine.json"), base)):
        result = workspace.folder / "result.json"
        shutil.copy(workspace.folder / ours, result)
        assert merge(workspace, base, "result.json", theirs).code == 0
        assert result.read_bytes() == changed


def delivery(number: int, **fields: Any) -> dict[str, Any]:
    """An event that waits for a sink, as state.json has it."""
    page = {"key": "acme", "name": "Acme", "url": "https://status.acme.example"}
    vendor = {"id": f"i{number}", "kind": "incident", "title": "T", "status": "investigating", "impact": "minor"}
    times = {"created_at": "2026-03-07T09:00:00Z", "position": "2026-03-07T09:00:00Z"}
    event = {
        "id": f"acme/i{number}/new/000000000000",
        "kind": "new",
        "changes": [],
        "page": page,
        "incident": {**vendor, **times, "url": "", "components": [], "updates": []},
        "updates": [],
        "worst": "minor",
        "named": [],
    }
    return {"event": event, "detected_at": f"2026-03-07T09:{number:02}:00Z", "reason": "HTTP 500", **fields}


def test_an_event_waits_until_one_side_delivered_it(workspace: Workspace) -> None:
    """Contract 6.12: what one side delivered waits no longer, what either side added waits once, in order; dropped
    events add up.
    """

    def write(name: str, numbers: list[int], dropped: int) -> None:
        waiting = {"webhook": [delivery(number) for number in numbers]}
        content = {"pages": {}, "version": 1, "waiting": waiting, "dropped": {"webhook": dropped}}
        (workspace.folder / name).write_text(json.dumps(content))

    write("base.json", [1, 2, 3], 5)
    write("ours.json", [2, 3, 5], 7)
    write("theirs.json", [1, 3, 4, 5], 6)
    completed = merge(workspace, "base.json", "ours.json", "theirs.json")
    assert completed.code == 0, completed
    merged = json.loads((workspace.folder / "ours.json").read_text())
    assert [waiting["event"]["incident"]["id"] for waiting in merged["waiting"]["webhook"]] == ["i3", "i4", "i5"]
    assert merged["dropped"] == {"webhook": 8}


def test_what_cannot_be_decided_stays_a_conflict(workspace: Workspace) -> None:
    """Contract 6.12: two other addresses of one page: exit 3 and git's markers, which no run takes for a state."""
    versions = {}
    for name in ("base", "ours", "theirs"):
        state = json.loads(workspace.state.read_text())
        state["pages"]["acme"]["url"] = f"https://{name}.example"
        versions[name] = json.dumps(state)
        (workspace.folder / f"{name}.json").write_text(versions[name])
    completed = merge(workspace, "base.json", "ours.json", "theirs.json")
    assert (completed.code, completed.out) == (3, "")
    assert completed.err.startswith(
        "statuswatch: error: the state files cannot be merged: page acme: its address or platform differs (ours.json): "
    )
    content = (workspace.folder / "ours.json").read_text()
    assert versions["ours"] in content and versions["theirs"] in content
    refused = workspace.run("check", "--state", "ours.json")
    assert refused.code == 3 and "conflict" in refused.err


@pytest.mark.parametrize("broken", ["base.json", "ours.json", "theirs.json"])
def test_a_file_that_cannot_be_read_is_named(workspace: Workspace, broken: str) -> None:
    """Contract 2.4 and 6.12: a version that is no state file ends the merge with exit 3, and no file is changed."""
    for name in ("base.json", "ours.json", "theirs.json"):
        (workspace.folder / name).write_text("{" if name == broken else EMPTY)
    before = workspace.files()
    completed = merge(workspace, "base.json", "ours.json", "theirs.json")
    assert (
        completed.code == 3
        and f"error: the state file cannot be used: Input data was truncated ({broken})" in completed.err
    )
    assert workspace.files() == before
    (workspace.folder / broken).unlink()
    assert merge(workspace, "base.json", "ours.json", "theirs.json").code == 3


def test_git_merges_with_it(workspace: Workspace) -> None:
    """Contract 6.12: as a merge driver of git: two branches whose runs changed the same page merge without a
    conflict.
    """
    folder = workspace.folder
    driver = f'PYTHONPATH="{os.pathsep.join(sys.path)}" "{sys.executable}" -m statuswatch merge %O %A %B'

    def git(*arguments: str) -> None:
        names = ("user.name=t", "user.email=t@example.org", f"merge.statuswatch.driver={driver}")
        options = [part for name in names for part in ("-c", name)]
        environment = workspace.env | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run([GIT, *options, *arguments], cwd=folder, env=environment, check=True, capture_output=True)

    git("init", "--quiet", "--initial-branch=main")
    (folder / ".gitattributes").write_text("state.json merge=statuswatch\n")
    git("add", ".gitattributes", "state.json")
    git("commit", "--quiet", "--message=base")
    git("branch", "theirs")
    workspace.acme(incident("a1", "investigating", "identified"))
    assert workspace.event_lines("acme") == ["updated acme/a1"]
    git("commit", "--quiet", "--all", "--message=ours")
    git("checkout", "--quiet", "theirs")
    workspace.acme(incident("a1", "investigating", "identified", "resolved"), incident("a2", "investigating"))
    assert workspace.event_lines("acme") == ["new acme/a2", "resolved acme/a1"]
    git("commit", "--quiet", "--all", "--message=theirs")
    git("checkout", "--quiet", "main")
    git("merge", "--quiet", "theirs")
    assert workspace.event_lines() == []
    assert workspace.saved_pages()["acme"]["incidents"]["a1"]["status"] == "resolved"

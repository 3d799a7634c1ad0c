"""The page "ten minutes": each of its ways is walked, line by line, up to the point where GitHub itself is needed."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.fake_github import TOKEN, FakeGitHub
from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import FakeVendor, incident
from tests.support.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.workspace import Completed

GITHUB: Final = Path(__file__).parents[2] / ".github"
PAGE: Final = (GITHUB / "docs" / "ten-minutes.md").read_text(encoding="utf-8")
COMMAND: Final = re.compile(r"(?ms)^cat >> (\S+) <<'(\w+)'\n(.*?)^\2\n|^([^\n]+)\n")


def blocks(title: str) -> list[str]:
    """Return the blocks of a section that a reader runs."""
    (section,) = re.findall(rf"(?ms)^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE)
    return re.findall(r"(?s)```sh\n(.*?)```", section)


class Reader:
    """Somebody who types the lines of a block. The two vendors of the page are simulated, under their own keys."""

    def __init__(self, workspace: Workspace, secrets: dict[str, str]) -> None:
        self.workspace, self.secrets = workspace, secrets
        self.configuration = workspace.folder / "statuswatch.toml"
        self.configuration.unlink()
        self.completed: list[Completed] = []

    def type(self, block: str) -> None:
        """Do what each line says; every command must complete."""
        for target, _, content, line in COMMAND.findall(block):
            if target:
                with (self.workspace.folder / target).open("a", encoding="utf-8") as file:
                    file.write(content)
            else:
                self._do(shlex.split(line))

    def _do(self, words: list[str]) -> None:
        match words:
            case ["statuswatch", *arguments]:
                self._simulate()
                self.completed.append(self.workspace.run(*arguments, env=self.secrets))
                assert self.completed[-1].code == 0, self.completed[-1]
            case ["export", assignment]:
                assert assignment.partition("=")[0] in self.secrets
            case ["cp", "-R", "template/.", "."]:
                shutil.copytree(GITHUB / "template", self.workspace.folder, dirs_exist_ok=True)
            case _:
                raise AssertionError(f"the page has a line that no test knows: {words}")

    def _simulate(self) -> None:
        """Let both keys of the page lead to the simulated vendor."""
        if self.configuration.exists() and "\n[page.github]\n" not in self.configuration.read_text():
            pages = self._tables()
            self.configuration.write_text(f"{self.configuration.read_text()}\n{pages}")

    def _tables(self) -> str:
        return "".join(
            f'[page.{key}]\nurl = "{self.workspace.vendor.url}/{place}"\nplatform = "statuspage"\n'
            for key, place in (("github", "acme"), ("npm", "acme"), ("openai", "acme"))
            if key in self.configuration.read_text()
        )


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace whose vendor has one open incident."""
    with FakeVendor() as vendor:
        workspace = Workspace(tmp_path, vendor)
        workspace.acme(incident("a1", "investigating"))
        yield workspace


def later(workspace: Workspace, secrets: dict[str, str]) -> None:
    """Let the vendor open another incident, and check."""
    workspace.acme(incident("a2", "investigating", impact="major"), incident("a1", "investigating"))
    assert workspace.run("check", "--once", env=secrets).code == 0


def test_from_nothing_to_slack(workspace: Workspace) -> None:
    """An example arrives by `notify test`, and the next incident by the next check."""
    with FakeReceiver() as slack:
        secrets = {"SLACK_WEBHOOK_URL": slack.secret_url}
        reader = Reader(workspace, secrets)
        for block in blocks("To Slack"):
            reader.type(block)
        assert len(slack.requests) == 1
        later(workspace, secrets)
        assert len(slack.requests) > 1


def test_from_nothing_to_github_issues(workspace: Workspace) -> None:
    """The files of the template check as they are, and with the token of a workflow an incident is an issue."""
    with FakeGitHub() as github:
        secrets = {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "me/watch"}
        reader = Reader(workspace, secrets)
        (block,) = blocks("To GitHub issues, without any account")
        copy, _, rest = block.partition("\n")
        reader.type(f"{copy}\n")
        written = reader.configuration.read_text()
        sink = 'sink = "github-issues"\n'
        assert sink in written
        reader.configuration.write_text(written.replace(sink, f'{sink}api = "{github.url}"\n'))
        reader.type(rest)
        assert github.issues == []
        later(workspace, secrets)
        assert len(github.issues) >= 1


def test_from_nothing_to_a_gate(workspace: Workspace) -> None:
    """The gate is open while nothing bad is, closed by a major incident, and closed by a page that cannot be read."""
    first, second = blocks("To a gate in front of a deploy")
    command, _, rest = second.strip().partition(" && ")
    assert (f"{command}\n", rest) == (first, "echo deploying")
    workspace.run("init", "github", "npm", "--yes")
    reader = Reader(workspace, {})
    reader.configuration.write_text('pages = ["github", "npm"]\n')
    reader.type(first)
    arguments = shlex.split(first)[1:]
    workspace.acme(incident("a2", "investigating", impact="major"))
    assert workspace.run(*arguments).code == 10
    workspace.vendor.answer("/acme/api/v2/incidents.json", "no", 503)
    assert workspace.run(*arguments).code == 4


def test_from_nothing_to_a_board(workspace: Workspace) -> None:
    """The site is there, and shows what is open."""
    reader = Reader(workspace, {})
    (block,) = blocks("To a public board")
    reader.type(block)
    assert "a1" in (workspace.folder / "site" / "index.html").read_text()

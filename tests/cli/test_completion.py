"""Shell completion: commands, options, keys of pages and names of sinks, in real shells where there are any."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from statuswatch.catalog import catalog
from tests.support.shell_completion import tab_environment

if TYPE_CHECKING:
    from tests.support.workspace import Workspace

SHELLS: Final = ("bash", "zsh", "fish", "pwsh", "powershell")


def offered(workspace: Workspace, line: str, shell: str = "bash") -> str:
    """Return what the shell is offered at the end of the line."""
    completed = workspace.run(env=tab_environment(shell, line))
    assert completed.err == ""
    return completed.out


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_is_offered_commands_options_and_keys(workspace: Workspace, shell: str) -> None:
    """Commands, the options of a command, and keys of pages are completed in each shell."""
    assert "inspect" in offered(workspace, "statuswatch ins", shell)
    assert "--dry-run" in offered(workspace, "statuswatch check --dry", shell)
    assert "acme" in offered(workspace, "statuswatch check ac", shell)


def test_a_run_is_offered_the_pages_of_the_configuration(workspace: Workspace) -> None:
    """`check` and `status` take watched pages, `inspect` and `pages` those of the catalog as well."""
    assert offered(workspace, "statuswatch check ").split() == ["acme"]
    assert offered(workspace, "statuswatch status ac").split() == ["acme"]
    assert offered(workspace, "statuswatch inspect githu").split() == ["github"]
    assert "github" in offered(workspace, "statuswatch pages githu").split()
    (workspace.folder / "statuswatch.toml").unlink()
    assert len(offered(workspace, "statuswatch check ").split()) == len(catalog())


def test_sinks_and_a_broken_configuration(workspace: Workspace) -> None:
    """Names of sinks are completed; a configuration with a mistake offers the catalog, and prints nothing."""
    workspace.watch("acme", top='[[notify]]\nsink = "slack"\nname = "oncall"\nurl_env = "A"\n')
    assert offered(workspace, "statuswatch notify test ").split() == ["oncall"]
    workspace.watch("acme", top='min_impact = "majr"\n')
    assert offered(workspace, "statuswatch notify test ").split() == []
    assert offered(workspace, "statuswatch check githu").split() == ["github"]


def install(workspace: Workspace, shell: str) -> None:
    """Put the command into the folder, and the script that the shell sources beside it."""
    command = workspace.folder / "statuswatch"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m statuswatch "$@"\n')
    command.chmod(0o755)
    env = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    (workspace.folder / "script").write_text(workspace.run("--show-completion", shell, env=env).out)


def in_shell(workspace: Workspace, *command: str) -> list[str]:
    env = {**workspace.env, "PATH": f"{workspace.folder}:/usr/bin:/bin"}
    return subprocess.run(
        command, cwd=workspace.folder, env=env, capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_bash_itself(workspace: Workspace) -> None:
    """The script that `--show-completion` prints works in bash."""
    install(workspace, "bash")
    line = (
        'COMP_WORDS=(statuswatch check ac); COMP_CWORD=2; _statuswatch_completion statuswatch; echo "${COMPREPLY[@]}"'
    )
    assert in_shell(workspace, "bash", "-c", f". ./script; {line}") == ["acme"]


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish")
def test_fish_itself(workspace: Workspace) -> None:
    """The script that `--show-completion` prints works in fish."""
    install(workspace, "fish")
    assert in_shell(workspace, "fish", "-c", 'source script; complete -C "statuswatch check ac"') == ["acme"]

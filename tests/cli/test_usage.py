"""The command line: help, options that contradict one another, and which files are used."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest

from tests.support.warm_command import CAN_FORK, inherited_environment, warm_command
from tests.support.workspace import COMMAND, PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workspace import Workspace

COMMANDS: Final = (
    *("init", "check", "status", "why", "history", "ingest", "serve", "pages", "inspect", "notify", "report", "config"),
    *("mcp", "demo", "replay", "merge"),
)


def test_version(workspace: Workspace) -> None:
    """Contract 2.1: --version is the version."""
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", workspace.run("--version").out)


@pytest.mark.skipif(not CAN_FORK, reason="it forks")
def test_what_is_registered_runs_at_exit(tmp_path: Path) -> None:
    """The process ends without freeing its objects, but with its exit functions, its output and its exit code."""
    program = "import atexit, sys\natexit.register(print, 'at exit')\nsys.argv = ['statuswatch', *{}]\n"
    program += "from statuswatch.__main__ import main\nmain()"
    command, env = warm_command(), inherited_environment()
    version, wrong = (command.run(["-c", program.format([word])], tmp_path, env) for word in ("--version", "--wrong"))
    assert (version.code, wrong.code) == (0, 2)
    assert version.out.endswith("at exit\n") and wrong.out == "at exit\n" and "--wrong" in wrong.err


def test_help_names_every_command(workspace: Workspace) -> None:
    """Contract 2.1: --help has a line for each command, none of them cut, and a run without a command prints it."""
    completed = workspace.run("--help")
    assert completed.code == 0
    for command in COMMANDS:
        assert re.search(rf"^  {command}  .*\.$", completed.out, re.MULTILINE), command
    assert "..." not in completed.out.partition("Commands:")[2]
    assert workspace.run().err == completed.out


@pytest.mark.parametrize("command", ["", *COMMANDS, "notify test", "config check", "config schema"])
def test_help_ends_with_examples_and_exit_codes(workspace: Workspace, command: str) -> None:
    """Contract 2.4: every help text ends with two examples and the exit codes that matter."""
    completed = workspace.run(*command.split(), "--help")
    assert completed.code == 0
    end = completed.out.partition("\n  Examples:\n")[2]
    examples, _, codes = end.partition("\n\n  Exit codes:\n")
    assert len(examples.splitlines()) == 2
    assert all(f"statuswatch {command}".rstrip() in line for line in examples.splitlines())
    assert all(re.fullmatch(r"    \d+ +\S.*", line) for line in codes.splitlines())
    assert len(codes.splitlines()) >= 3


OPTIONS: Final = {
    "check": (
        *("--config", "--state", "--shard", "--format", "--full", "--once", "--watch", "--every", "--announce-open"),
        *("--dry-run", "--exit-code", "--quiet", "--verbose", "--record", "--jobs", "--metrics", "--for"),
    ),
    "status": ("--fail-on", "--component", "--allow-unknown", "--offline", "--format", "--short", "--at"),
}


@pytest.mark.parametrize("command", OPTIONS)
def test_every_option(workspace: Workspace, command: str) -> None:
    """Contract 2.1: the help of a command has its options, and help writes nothing."""
    printed = workspace.run(command, "--help").out
    assert [option for option in OPTIONS[command] if f"{option} " not in printed] == []
    assert not workspace.state.exists()


def test_help_imports_nothing_heavy() -> None:
    """Contract 2: `--help` answers at once: neither the HTTP client nor Rich nor msgspec is imported."""
    completed = subprocess.run(
        [COMMAND[0], "-X", "importtime", "-m", "statuswatch", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in completed.stderr.splitlines()}
    assert imported & {"statuswatch", "typer"} == {"statuswatch", "typer"}
    assert imported & {"httpx", "httpcore", "rich", "msgspec", "feedparser", "asyncio", "ssl"} == set()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["check", "acmee"], "statuswatch.toml): did you mean 'acme'?"),
        (["check", "--config", "missing.toml"], "missing.toml: cannot be read: No such file or directory"),
        (
            ["check", "--config", "typo.toml"],
            "typo.toml: pages: the catalog has no page 'opnai': did you mean 'openai'?",
        ),
        (["check", "--onse"], "--once"),
        (["check", "--format", "xml"], "jsonl"),
        (["chek"], "check"),
        (["status", "--fail-on", "none"], "minor"),
        (["status", "--fail-on", "severe"], "minor"),
        (["status", "--format", "jsonl"], "json"),
        (["status", "--once"], "no such option"),
        (["notify", "test", "oncall"], "no sink is configured ("),
    ],
)
def test_a_wrong_command_line_is_exit_2(workspace: Workspace, arguments: list[str], hint: str) -> None:
    """Contract 8, code 2: a wrong command line or configuration is answered with a hint, and nothing is read or
    written.
    """
    (workspace.folder / "typo.toml").write_text('pages = ["opnai"]')
    before = workspace.files()
    completed = workspace.run(*arguments)
    assert (completed.code, completed.out) == (2, "")
    assert hint in completed.err
    assert "Traceback" not in completed.err
    assert (workspace.vendor.requests, workspace.files()) == ([], before)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["check", "--watch", "--once"], "--watch cannot be combined with --once: leave one of them out"),
        (["check", "--exit-code", "--watch"], "--watch cannot be combined with --exit-code: leave one of them out"),
        (["check", "-q", "-v"], "--quiet cannot be combined with --verbose: leave one of them out"),
        (["check", "--every", "60"], "--every needs --watch: add --watch, or leave --every out"),
        (["check", "--for", "1m"], "--for needs --watch: add --watch, or leave --for out"),
        (
            ["check", "--dry-run", "--metrics", "x"],
            "--dry-run cannot be combined with --metrics: leave one of them out",
        ),
        (["status", "--offline", "--record", "x"], "--offline cannot be combined with --record: leave one of them out"),
        (
            ["status", "--at", "1h", "--fail-on", "minor"],
            "--at cannot be combined with --fail-on: leave one of them out",
        ),
        (["pages", "--fix"], "--fix needs --verify: add --verify, or leave --fix out"),
        (["status", "--short", "--full"], "--short cannot be combined with --full: leave one of them out"),
        (
            ["status", "--short", "--format", "json"],
            "--short cannot be combined with --format json: leave one of them out",
        ),
        (["check", "--onse"], "no such option: --onse (statuswatch check): did you mean --once?"),
        (["chekc"], "no such command 'chekc' (statuswatch): did you mean 'check'?"),
        (["inspect"], "missing argument 'PAGE|URL' (statuswatch inspect): see `statuswatch inspect --help`"),
        (["status", "--component", ""], "--component is empty: give a GLOB, such as 'API*'"),
    ],
)
def test_contradictory_options_are_exit_2(workspace: Workspace, arguments: list[str], error: str) -> None:
    """Contract 2.3 and 2.4: options that contradict one another are exit 2; the error says what to do, in one style."""
    completed = workspace.run(*arguments)
    assert (completed.code, completed.out, completed.err) == (2, "", f"statuswatch: error: {error}\n")
    assert workspace.vendor.requests == []


def test_the_built_in_default_is_named(workspace: Workspace, dead: str) -> None:
    """Contract 3.1: a run without a configuration names the built-in default on stderr, unless it is quiet."""
    (workspace.folder / "statuswatch.toml").unlink()
    proxy = {"HTTPS_PROXY": dead, "NO_PROXY": ""}
    expected = "configuration: the built-in default, for no file was found; state file: "
    assert expected in workspace.run("check", "sentry", env=proxy).err
    for command in (["why", "sentry"], ["status", "--offline"], ["pages", "--configured"]):
        assert expected in workspace.run(*command, env=proxy).err
        assert expected not in workspace.run(*command, "--quiet", env=proxy).err


def test_options_name_the_configuration_and_the_state_file(workspace: Workspace) -> None:
    """Contract 3.1: --config before $STATUSWATCH_CONFIG before the folder's own, and --state before all of them."""
    (workspace.folder / "statuswatch.toml").rename(workspace.folder / "mine.toml")
    (workspace.folder / "etc").mkdir()
    (workspace.folder / "etc" / "watch.toml").write_text((workspace.folder / "mine.toml").read_text())
    workspace.check("--config", "mine.toml", env={"STATUSWATCH_CONFIG": "nowhere.toml"})
    workspace.check(env={"STATUSWATCH_CONFIG": "etc/watch.toml"})
    workspace.check("--config", "etc/watch.toml", "--state", "other.json")
    found = sorted(str(path.relative_to(workspace.folder)) for path in workspace.folder.rglob("[!.]*.json"))
    assert found == ["etc/state.json", "other.json", "state.json"]

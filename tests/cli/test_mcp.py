"""`statuswatch mcp` as a client starts it: one process, asked by the official client over its stdin and stdout."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from statuswatch import __version__
from tests.support.mcp_client import with_client
from tests.support.workspace import COMMAND

if TYPE_CHECKING:
    from mcp import Client

    from tests.support.workspace import Workspace

ROOT: Final = Path(__file__).parents[2]


def test_the_official_client_over_stdio(workspace: Workspace) -> None:
    """Contract 2.11: every line on stdout is a message of the protocol; the process ends with its stdin, and wrote
    nothing else.
    """
    from mcp import StdioServerParameters

    wire = workspace.folder / "wire.jsonl"
    program = 'out=$1; shift; "$@" | tee "$out"'
    server = StdioServerParameters(
        command="/bin/sh",
        args=["-c", program, "sh", str(wire), *COMMAND, "mcp"],
        env=workspace.env,
        cwd=workspace.folder,
    )
    before = workspace.files()

    async def session(client: Client) -> tuple[list[str], object, object]:
        tools = await client.list_tools()
        status = await client.call_tool("status", {})
        board = await client.read_resource("statuswatch://board")
        return [tool.name for tool in tools.tools], status.structured_content, board.contents[0]

    tools, status, board = with_client(server, session)
    assert tools == ["status", "why", "history", "find_page", "read_page"]
    assert isinstance(status, dict)
    assert [entry["incident"]["id"] for entry in status["incidents"]] == ["a0"]
    assert json.loads(getattr(board, "text", "")) == status
    messages = [json.loads(line) for line in wire.read_text().splitlines()]
    assert {message["jsonrpc"] for message in messages} == {"2.0"}
    wire.unlink()
    assert workspace.files() == before


def test_wrong_configuration(workspace: Workspace) -> None:
    """A mistake in the configuration ends the command at once, as it ends every other."""
    (workspace.folder / "statuswatch.toml").write_text('pages = "openai"\n')
    completed = workspace.run("mcp")
    assert (completed.code, completed.out) == (2, "")
    assert "statuswatch.toml" in completed.err


def test_the_entry_of_a_registry() -> None:
    """`server.json` has the version and the requirement of this package; the README has the mark of its owner."""
    entry = json.loads((ROOT / ".github/docs/server.json").read_text())
    (package,) = entry["packages"]
    assert entry["version"] == package["version"] == __version__
    assert len(entry["description"]) <= 100  # as the schema has it
    assert f"<!-- mcp-name: {entry['name']} -->" in (ROOT / "README.md").read_text()
    (extra,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["mcp"]
    assert [argument["value"] for argument in package["runtimeArguments"]] == [extra]
    assert [argument["value"] for argument in package["packageArguments"]] == ["mcp"]

"""`serve --mcp`: the tools over HTTP, beside the board, asked by the official client."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from statuswatch.cli.serve import Host
from statuswatch.config.load import load_config
from statuswatch.errors import UsageError
from statuswatch.mcp.http import DEADLINE, MAX_BODY, SPARE_SECONDS, Agents, PublicDesk
from statuswatch.mcp.tools import MAX_READS, MINUTE, Allowance
from statuswatch.serve.app import Doors, build_app
from statuswatch.serve.figures import Figures
from statuswatch.serve.server import IDLE_SECONDS, Server, listen
from statuswatch.serve.site import Site
from tests.support.mcp_client import call_tools

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.workspace import Workspace


@pytest.fixture
def port(workspace: Workspace) -> Iterator[int]:
    """Serve the tools for the workspace, and return the port."""
    doors = Doors(
        token=lambda: "",
        keys=frozenset,
        secrets=dict,
        ring=lambda _: None,
        log=lambda _: None,
        problems=list,
        lag=lambda: 0.0,
    )
    agents = Agents(lambda: load_config(None, {}, workspace.folder))
    listener = listen("127.0.0.1:0", {})
    listener.listen()  # a client that comes early waits
    server = Server(build_app(doors, Site(), Figures(), agents), listener, root_path="", trust_proxy=False)
    number: int = listener.getsockname()[1]
    server.start()
    yield number
    server.stop()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_over_http(workspace: Workspace, port: int, mode: str) -> None:
    """Contract 2.11.3: old clients and new ones receive what stdio gives them."""

    (result,) = call_tools(f"http://127.0.0.1:{port}/mcp", ("read_page", {"page": "acme"}), mode=mode)
    received: Any = result.structured_content
    assert [entry["id"] for entry in received["listed"]] == ["a0"]
    assert json.loads(result.content[0].text) == received  # type: ignore[union-attr]


def test_a_browser_of_another_site_is_refused(workspace: Workspace, port: int) -> None:
    """Contract 2.11.3: a request that names the origin of another site is 403; only POST is answered, and a body is
    bounded.
    """
    for method, headers, body, status in (
        ("POST", {"Origin": "https://evil.example"}, b"{}", 403),
        ("POST", {"Origin": "http://127.0.0.1.evil.example"}, b"{}", 403),
        ("POST", {"Origin": "null"}, b"{}", 403),
        ("POST", {"Origin": "http://localhost:6274"}, b"{", 400),
        ("GET", {"Accept": "text/event-stream"}, b"", 405),
        ("DELETE", {}, b"", 405),
        ("POST", {}, b" " * (MAX_BODY + 1), 413),
    ):
        usual = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        with closing(HTTPConnection("127.0.0.1", port)) as connection:
            connection.request(method, "/mcp", body, usual | headers)
            response = connection.getresponse()
            assert response.status == status, (method, headers)
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert workspace.vendor.requests == []


def test_a_call_ends_before_its_connection() -> None:
    """The web server closes a connection whose request takes longer than `IDLE_SECONDS`."""
    assert DEADLINE + SPARE_SECONDS < IDLE_SECONDS


def test_an_error_names_no_folder(workspace: Workspace) -> None:
    """Whoever asks over HTTP learns no path of this machine; an address in an error stays as it is."""
    desk = PublicDesk(lambda: load_config(None, {}, workspace.folder), DEADLINE)
    with pytest.raises(UsageError, match=r"no archive is kept \(statuswatch\.toml\)"):
        desk.answer("history", {})
    workspace.state.write_text("{")
    with pytest.raises(UsageError, match=r"state\.json") as raised:
        desk.answer("status", {})
    assert str(workspace.folder) not in str(raised.value)
    with pytest.raises(UsageError, match=r"'https://vendor\.example/…'"):
        desk.answer("read_page", {"page": "https://vendor.example/a/b/c"})


def test_reads_are_bounded() -> None:
    """Contract 2.11.2: a call may read as many pages as it needs; the next ones of the minute may not go on and on."""
    now = [0.0]
    allowance = Allowance(lambda: now[0])
    allowance.spend(MAX_READS * 2)
    with pytest.raises(UsageError, match="within a minute"):
        allowance.spend(1)
    now[0] = MINUTE
    allowance.spend(MAX_READS - 1)
    allowance.spend(1)
    with pytest.raises(UsageError, match="within a minute"):
        allowance.spend(1)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 2.11.3: `serve --mcp` says what to install."""
    monkeypatch.setitem(sys.modules, "mcp.server.lowlevel", None)
    with pytest.raises(UsageError, match=r"pip install 'statuswatch\[mcp\]'"):
        Host(quiet=True, mcp=True)

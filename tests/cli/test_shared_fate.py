"""Pages of one host that fail alike, from the command line: one event, and one line of `status`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.support.fake_vendor import statuspage

if TYPE_CHECKING:
    from tests.support.workspace import Workspace

KEYS = ("ash", "birch", "cedar", "damson", "elm")


def age_failures(workspace: Workspace) -> None:
    """Rewrite the state file as if its pages had begun to fail 61 minutes ago."""
    state = json.loads(workspace.state.read_bytes())
    since = (datetime.now(UTC) - timedelta(minutes=61)).isoformat(timespec="seconds").replace("+00:00", "Z")
    for page in state["pages"].values():
        if "failing" in page:
            page["failing"]["since"] = since
    workspace.state.write_text(json.dumps(state))


def test_a_host_that_is_down_is_one_event_and_one_line(workspace: Workspace) -> None:
    """Contract 5: shared fate is one incident; `status` groups its pages; it resolves once."""
    workspace.watch("acme", *KEYS, settings="", **{key: f"{workspace.vendor.url}/{key}" for key in KEYS})
    text = (workspace.folder / "statuswatch.toml").read_text()
    for key in KEYS:
        text = text.replace(f'/{key}"\n', f'/{key}"\nplatform = "statuspage"\n')
    (workspace.folder / "statuswatch.toml").write_text(text)
    for key in KEYS:
        workspace.vendor.answer(f"/{key}/api/v2/incidents.json", "down", status=503)
    assert workspace.event_lines() == []
    age_failures(workspace)
    events = workspace.events()
    assert [event["event"] for event in events] == ["new"]
    assert events[0]["page"]["key"] == "host:127.0.0.1"
    assert events[0]["incident"]["pages"] == list(KEYS)
    assert "5 of 6 watched pages cannot be read (HTTP 503)" in events[0]["incident"]["title"]
    for arguments in (["status"], ["status", "--offline"]):
        shown = workspace.run(*arguments).out
        assert shown.count("5 of 6 watched pages cannot be read") == 1
        assert "5 pages" in shown
    for key in KEYS:
        workspace.vendor.put(statuspage(f"/{key}"))
    assert [event["event"] for event in workspace.events()] == ["resolved"]
    assert workspace.event_lines() == []

"""`statuswatch ingest`: one page, now."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.fake_vendor import incident
from tests.support.workspace import event_line

if TYPE_CHECKING:
    from tests.support.workspace import Workspace


def test_a_page_is_read_until_something_changed(workspace: Workspace) -> None:
    """Contract 2.21: it reads the page, reports what changed, and forgets no other page."""
    workspace.bolt()
    workspace.watch("acme", "bolt")
    workspace.check()
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    completed = workspace.run("ingest", "ACME", "--format", "jsonl")
    assert completed.code == 0 and event_line(json.loads(completed.out)) == "new acme/a1"
    assert sorted(workspace.saved_pages()) == ["acme", "bolt"]


def test_without_a_wait_it_reads_once(workspace: Workspace) -> None:
    """Contract 2.21: --wait 0 reads once, changed or not."""
    workspace.check()
    before = len(workspace.vendor.requests)
    completed = workspace.run("ingest", "acme", "--wait", "0")
    assert (completed.code, completed.out) == (0, "") and len(workspace.vendor.requests) > before


def test_a_key_is_validated(workspace: Workspace) -> None:
    """Contract 2.21: what is no key, or no watched page, is exit 2 and is read by nobody."""
    for word in ("$(id)", "", "https://evil.example/?token=abc", "openai"):
        completed = workspace.run("ingest", "--wait", "0", "--", word)
        assert completed.code == 2 and "abc" not in completed.err, word
    assert workspace.vendor.requests == []

"""`--record` and `replay`: a recording of real runs gives their events again."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from tests.support.fake_vendor import incident

if TYPE_CHECKING:
    from tests.support.workspace import Workspace


def record_three_runs(workspace: Workspace) -> str:
    """Make a baseline, an incident and its end; return what the runs printed."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b1", "investigating", parts=["API"]))
    printed = ""
    for statuses in ([], ["investigating"], ["investigating", "resolved"]):
        workspace.acme(*([incident("a1", *statuses)] if statuses else []))
        printed += workspace.check("--format", "jsonl", "--record", "recording.jsonl").out
    return printed


def test_a_replay_prints_what_the_runs_printed(workspace: Workspace) -> None:
    """Contract 2.6: a replay without network gives the events of the live runs, byte for byte."""
    printed = record_three_runs(workspace)
    workspace.vendor.requests.clear()
    replayed = workspace.run("replay", "recording.jsonl", "--format", "jsonl")
    assert (replayed.code, replayed.out) == (0, printed)
    assert len(printed.splitlines()) == 2
    assert not workspace.vendor.requests
    assert replayed.err.count("2 of 2 pages read") == 3


def test_a_replay_writes_nothing(workspace: Workspace) -> None:
    """Contract 2.6: its state is in memory: no file of the folder changes, also where a state file lies beside it."""
    record_three_runs(workspace)
    before = workspace.files()
    completed = workspace.run("replay", "recording.jsonl")
    assert completed.code == 0 and "state written" not in completed.err
    assert workspace.files() == before


def test_a_recording_may_begin_with_a_state_file(workspace: Workspace) -> None:
    """Contract 2.6: the recording of a run that knew an incident gives its end, not a baseline."""
    workspace.acme(incident("a1", "investigating"))
    workspace.check()
    workspace.acme(incident("a1", "investigating", "resolved"))
    printed = workspace.check("--format", "jsonl", "--record", "recording.jsonl").out
    assert json.loads(printed)["event"] == "resolved"
    assert workspace.run("replay", "recording.jsonl", "--format", "jsonl").out == printed


def test_a_compressed_recording(workspace: Workspace) -> None:
    """A .gz file is read too."""
    printed = record_three_runs(workspace)
    packed = workspace.folder / "recording.jsonl.gz"
    packed.write_bytes(gzip.compress((workspace.folder / "recording.jsonl").read_bytes()))
    assert workspace.run("replay", str(packed), "--format", "jsonl").out == printed


def test_no_validators_are_sent_while_recording(workspace: Workspace) -> None:
    """A recording needs whole documents: no request is conditional."""
    workspace.vendor.etags = True
    workspace.check()
    workspace.check()
    assert any(request.headers["If-None-Match"] for request in workspace.vendor.requests)
    workspace.vendor.requests.clear()
    workspace.check("--record", "recording.jsonl")
    assert workspace.vendor.requests
    assert not any(request.headers["If-None-Match"] for request in workspace.vendor.requests)


def test_status_and_inspect_record_too(workspace: Workspace) -> None:
    """`status --record` and `inspect --record` append their responses in the same format."""
    assert workspace.run("status", "--record", "status.jsonl").code == 0
    assert workspace.run("inspect", "acme", "--record", "inspect.jsonl").code == 0
    for name in ("status.jsonl", "inspect.jsonl"):
        lines = [json.loads(line) for line in (workspace.folder / name).read_text().splitlines()]
        assert lines[0]["pages"][0]["key"] == "acme"
        assert {line["page"] for line in lines[1:]} == {"acme"}
        assert workspace.run("replay", name, "--announce-open", "--format", "jsonl").out.count('"a0"')


def test_a_configuration_supplies_filters(workspace: Workspace) -> None:
    """`replay --config` applies the filters of that configuration to the recorded pages."""
    record_three_runs(workspace)
    workspace.watch("acme", "bolt", settings='min_impact = "critical"\n')
    replayed = workspace.run("replay", "recording.jsonl", "--config", "statuswatch.toml", "--format", "jsonl")
    assert (replayed.code, replayed.out) == (0, "")


def test_what_is_no_recording_is_named(workspace: Workspace) -> None:
    """Exit 2 says which file and line, and what to do."""
    completed = workspace.run("replay", "statuswatch.toml")
    assert completed.code == 2
    assert "statuswatch.toml, line 2" in completed.err and "--record" in completed.err
    completed = workspace.run("replay", "missing.jsonl")
    assert completed.code == 2 and "missing.jsonl" in completed.err
    cut, empty = workspace.folder / "cut.jsonl", workspace.folder / "empty.jsonl"
    cut.write_text('{"run": "2026-')
    completed = workspace.run("replay", cut.name)
    assert completed.code == 2 and "cut.jsonl, line 1): its run was killed, so delete this line" in completed.err
    empty.touch()
    completed = workspace.run("replay", empty.name)
    assert completed.code == 2 and "the recording is empty (empty.jsonl): make it with --record" in completed.err
    completed = workspace.run("check", "--record", "home")
    assert completed.code == 2 and "--record" in completed.err
    completed = workspace.run("status", "--offline", "--record", "recording.jsonl")
    assert completed.code == 2 and "--offline cannot be combined with --record" in completed.err

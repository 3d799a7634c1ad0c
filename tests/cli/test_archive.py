"""`check` with an archive: print, deliver, archive, save."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from statuswatch.history.archive import read_archive
from tests.support.archive_lines import month_files
from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import incident

if TYPE_CHECKING:
    import socket

    from tests.support.workspace import Workspace


def lines(workspace: Workspace) -> list[dict[str, Any]]:
    return [json.loads(line) for group in month_files(workspace.folder / "history").values() for line in group]


def configure(workspace: Workspace, table: str) -> None:
    """Add a table to the configuration."""
    path = workspace.folder / "statuswatch.toml"
    path.write_text(f"{path.read_text()}\n{table}")


def test_every_event_is_archived(workspace: Workspace) -> None:
    """Contract 6.13: each event is archived as it is printed; one that a filter or a mute holds back, with its flag."""
    workspace.watch("acme", top='history = "history"')
    workspace.check()
    assert not (workspace.folder / "history").exists()  # a baseline has no events
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    assert workspace.events() == lines(workspace)
    workspace.watch("acme", top='history = "history"', settings='min_impact = "critical"\n')
    workspace.acme(incident("a2", "investigating"), incident("a1", "investigating"), incident("a0", "investigating"))
    assert workspace.events() == []
    assert lines(workspace)[-1]["filtered"] is True and "muted" not in lines(workspace)[-1]
    mute = '[[mute]]\npage = "acme"\nincident = "*"\n'
    workspace.watch("acme", top='history = "history"')
    configure(workspace, mute)
    workspace.acme(incident("a2", "investigating", "resolved"), incident("a1", "investigating"))
    assert [event["muted"] for event in workspace.events()] == [True]
    assert lines(workspace)[-1]["muted"] is True
    files = workspace.files()
    workspace.check()
    assert workspace.files() == files


def test_the_order_of_a_run(workspace: Workspace) -> None:
    """Contract 7.1: when an event is delivered, it is neither archived nor saved yet; it is at the end of the run."""
    hook = '[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n'
    workspace.watch("acme", top='history = "history"\n' + hook)
    at_delivery: list[list[str]] = []

    def accept(connection: socket.socket) -> None:
        files = [f"{path} {content!r}" for path, content in workspace.files().items()]
        at_delivery.append([file for file in files if "a1" in file])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with FakeReceiver(default=accept) as receiver:
        env = {"HOOK": receiver.url}
        workspace.check(env=env)
        workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
        assert "a1" in workspace.check(env=env).out
    assert at_delivery == [[]]
    assert [line["incident"]["id"] for line in lines(workspace)] == ["a1"]
    assert "a1" in workspace.saved_pages()["acme"]["incidents"]


def test_a_dry_run_archives_nothing(workspace: Workspace) -> None:
    """Contract 7.6: `--dry-run` prints events; it writes nothing."""
    workspace.watch("acme", top='history = "history"')
    workspace.check()
    workspace.acme(incident("a1", "investigating"))
    before = workspace.files()
    assert workspace.event_lines("--dry-run") == ["new acme/a1"]
    assert workspace.files() == before


def test_what_cannot_be_archived_waits(workspace: Workspace) -> None:
    """Contract 6.13 and 7.1: if an append fails, the state is saved, the run exits with 5, and the next one appends
    first what waits. The sinks have the events already, and are not notified twice.
    """
    with FakeReceiver() as receiver:
        sink = '\n[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n'
        env = {"HOOK": receiver.url, "NO_PROXY": "*"}
        workspace.watch("acme", top='history = "blocked/history"')
        configure(workspace, sink)
        workspace.check(env=env)
        (workspace.folder / "blocked").write_text("a file in the place of a folder")
        workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
        completed = workspace.run("check", env=env)
        assert completed.code == 5
        assert "archive (" in completed.err and "1 event waits; appended first by the next run" in completed.err
        assert list(json.loads(workspace.state.read_bytes())["waiting"]) == ["archive"]
        (workspace.folder / "blocked").unlink()
        workspace.acme(
            incident("a2", "investigating"), incident("a1", "investigating"), incident("a0", "investigating")
        )
        workspace.check(env=env)
        assert len(receiver.requests) == 2
    reading = read_archive(workspace.folder / "blocked" / "history")
    assert [event.incident.id for event in reading.events] == ["a1", "a2"]
    assert "waiting" not in json.loads(workspace.state.read_bytes())


def test_an_archive_that_is_not_kept_any_more(workspace: Workspace) -> None:
    """6: what waits for it is dropped, and named; a dry run drops nothing."""
    workspace.watch("acme", top='history = "blocked/history"')
    (workspace.folder / "blocked").write_text("")
    workspace.check()
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    assert workspace.run("check").code == 5
    workspace.watch("acme")
    before = workspace.files()
    workspace.run("check", "--dry-run")
    assert workspace.files() == before
    assert "`history` is not set any more; its waiting events are dropped: acme/a1/new/" in workspace.check().err
    assert "waiting" not in json.loads(workspace.state.read_bytes())


def test_a_folder_for_each_shard(workspace: Workspace) -> None:
    """Contract 6.13: `{shard}` in `history` is the number of the shard; without --shard it is exit 2."""
    workspace.watch("acme", top='history = "history-{shard}"')
    completed = workspace.run("check")
    assert completed.code == 2 and "is a folder for each shard: say which" in completed.err
    workspace.check("--shard", "1/1")
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    workspace.check("--shard", "1/1")
    assert list(month_files(workspace.folder / "history-1"))


def test_names_and_places_that_are_refused(workspace: Workspace) -> None:
    """8: a sink called `archive` and a file in place of the folder are mistakes of the configuration."""
    workspace.watch("acme", top='history = "state.json"')
    workspace.state.write_text('{"pages": {}, "version": 1}')
    sink = '[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\nname = "Archive"\n'
    configure(workspace, sink)
    completed = workspace.run("check")
    assert completed.code == 2
    assert "name a folder for the archive" in completed.err
    assert "notify[0].name: 'Archive' is reserved for the archive: choose another name" in completed.err

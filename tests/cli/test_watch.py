"""`check --watch`: one pass after another, until interrupted."""

from __future__ import annotations

import json
import select
import signal
import socket
import subprocess
import threading
from typing import TYPE_CHECKING

from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import incident
from tests.support.workspace import COMMAND, PATIENCE, event_line, finish

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.workspace import Workspace


def read_until(process: subprocess.Popen[bytes], words: bytes) -> list[str]:
    """Return the lines of stderr up to the first one with these words."""
    assert process.stderr
    lines = []
    for line in iter(process.stderr.readline, b""):
        lines.append(line.decode())
        if words in line:
            return lines
    raise AssertionError(f"stderr ended without {words!r}: {lines}")


def test_watch_repeats(workspace: Workspace) -> None:
    """Contract 2.20: --watch repeats: a change between two passes is reported by the next one; Ctrl-C is exit 130."""
    process = workspace.start("check", "--watch", "--every", "1", "--format", "jsonl")
    assert process.stdout
    read_until(process, b"baseline: 1 open")
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    assert event_line(json.loads(process.stdout.readline())) == "new acme/a1"
    process.send_signal(signal.SIGINT)
    completed = finish(process)
    assert (completed.code, completed.out) == (130, "") and "interrupted" in completed.err


def test_an_interruption_between_passes(workspace: Workspace) -> None:
    """Contract 2.20.5 and 8, code 130: Ctrl-C between two passes is exit 130, and does not claim that nothing was
    written.
    """
    process = workspace.start("check", "--watch", "--quiet")
    workspace.vendor.wait_for("/acme/api/v2/incidents.json")
    while not workspace.state.exists():
        select.select([], [], [], 0.01)
    process.send_signal(signal.SIGINT)
    completed = finish(process)
    assert (completed.code, completed.out) == (130, "") and completed.err.startswith("statuswatch: interrupted")
    assert list(workspace.saved_pages()) == ["acme"]


def test_a_termination_within_a_pass(workspace: Workspace, tmp_path: Path) -> None:
    """Contract 2.20.5: SIGTERM ends a watch between pages, though one hangs: what was read is saved, and the exit
    code is 0. systemd is told that it is ready and that it ends.
    """
    hangs = threading.Event()
    workspace.watch("acme", "bolt", top="timeout = 60\n")

    def hang(_: socket.socket) -> None:
        hangs.wait(PATIENCE)

    workspace.vendor.answer("/bolt/api/v2/incidents.json", hang)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(tmp_path / "notify"))
        supervisor.settimeout(PATIENCE)
        process = workspace.start("check", "--watch", env={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert supervisor.recv(1000) == b"READY=1\nSTATUS=watching 2 pages"
        workspace.vendor.wait_for("/acme/api/v2/incidents.json")
        workspace.vendor.wait_for("/bolt/api/v2/incidents.json")
        process.send_signal(signal.SIGTERM)
        completed = finish(process)
        hangs.set()
        assert supervisor.recv(1000) == b"STOPPING=1"
    assert completed.code == 0 and "1 of 1 page read" in completed.err, completed
    assert list(workspace.saved_pages()) == ["acme"]


def test_a_watch_of_some_time(workspace: Workspace) -> None:
    """Contract 2.20.5: --for ends the watch; it needs --watch and a duration."""
    completed = workspace.run("check", "--watch", "--for", "1s", "--announce-open", "--format", "jsonl")
    assert completed.code == 0 and event_line(json.loads(completed.out)) == "new acme/a0"
    assert workspace.run("check", "--for", "1s").code == 2
    for word in ("soon", "0", "", "1h-2m"):
        assert workspace.run("check", "--watch", "--for", word).code == 2


def test_a_watch_without_a_network(workspace: Workspace, dead: str) -> None:
    """Contract 2.20.4: without a network a watch goes on. With --quiet it prints the error, once, and ends with its
    code.
    """
    workspace.watch("acme", acme=dead)
    completed = workspace.run("check", "--watch", "--for", "1s", "--quiet")
    assert (completed.code, completed.out) == (4, "")
    assert completed.err.count("\n") == 1 and "no page answered at all" in completed.err


def test_a_watch_outlives_a_sink_that_rejects(workspace: Workspace) -> None:
    """Contract 2.20.2: an event that a sink rejects does not end the watch. It waits, and is not tried at every
    pass.
    """
    with FakeReceiver(default=404) as receiver:
        workspace.watch("acme", top='[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n')
        arguments = ("check", "--watch", "--for", "2s", "--every", "1", "--announce-open", "-q")
        completed = workspace.run(*arguments, env={"HOOK": receiver.url})
    assert completed.code == 5 and completed.err.count("not every event was accepted") == 1
    assert len(receiver.requests) == 1


def test_an_interruption_is_not_swallowed_by_a_finalizer() -> None:
    """Contract 2.20.5: Ctrl-C ends a watch, also while a finalizer of an earlier pass runs."""
    script = """
import os, signal
from statuswatch.cli.watching import collect_garbage
class Garbage:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
garbage = Garbage()
garbage.cycle = garbage
del garbage
try:
    collect_garbage()
except KeyboardInterrupt:
    print("interrupted")
"""
    completed = subprocess.run([COMMAND[0], "-c", script], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert (completed.stdout, completed.stderr) == ("interrupted\n", "")

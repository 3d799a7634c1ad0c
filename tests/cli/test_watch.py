"""`check --watch`: one pass after another, until interrupted."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import TYPE_CHECKING

from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import incident
from tests.support.workspace import COMMAND, PATIENCE, event_line, finish

if TYPE_CHECKING:
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
    """Contract 2: --watch repeats: a change between two passes is reported by the next one; Ctrl-C is exit 130."""
    process = workspace.start("check", "--watch", "--every", "1", "--format", "jsonl")
    assert process.stdout
    read_until(process, b"baseline: 1 open")
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    assert event_line(json.loads(process.stdout.readline())) == "new acme/a1"
    process.send_signal(signal.SIGINT)
    completed = finish(process)
    assert (completed.code, completed.out) == (130, "") and "interrupted" in completed.err


def test_each_pass_has_its_time(workspace: Workspace) -> None:
    """Contract 7: a pass begins with its time, and ends with the time at which the next one begins."""
    process = workspace.start("check", "--watch", "--every", "3600")
    first, *_, last = read_until(process, b"next pass")
    process.send_signal(signal.SIGINT)
    finish(process)
    started = re.fullmatch(r"statuswatch: \[(\d{4}-\d\d-\d\d) (\d\d):(\d\d:\d\d) UTC\] pass begins\n", first)
    planned = re.fullmatch(r"statuswatch: next pass at \S+ (\d\d):(\d\d:\d\d) UTC; Ctrl-C ends the watch\n", last)
    assert started and planned
    assert (int(planned[1]) - int(started[2])) % 24 == 1 and planned[2] == started[3]


def test_an_interruption_between_passes(workspace: Workspace) -> None:
    """Contract 7: Ctrl-C between two passes does not claim that nothing was written."""
    process = workspace.start("check", "--watch", "--every", "3600")
    read_until(process, b"next pass")
    process.send_signal(signal.SIGINT)
    completed = finish(process)
    assert (completed.code, completed.out) == (130, "")
    assert completed.err == "statuswatch: interrupted between two passes; every finished pass is complete\n"
    assert list(workspace.saved_pages()) == ["acme"]


def test_quiet_passes(workspace: Workspace, dead: str) -> None:
    """Contract 2: with --quiet a watch prints nothing on stderr but the errors of its passes."""
    workspace.watch("acme", acme=dead)
    process = workspace.start("check", "--watch", "--every", "1", "--quiet")
    lines = read_until(process, b"error: ") + read_until(process, b"error: ")
    process.send_signal(signal.SIGINT)
    assert finish(process).code == 130
    assert len(lines) == 2 and all("no page answered at all" in line for line in lines)


def test_watch_outlives_a_sink_that_rejects(workspace: Workspace) -> None:
    """Contract 7: an event that a sink rejects does not end the watch: the next pass tries again."""
    with FakeReceiver(default=404) as receiver:
        workspace.watch("acme", top='[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n')
        arguments = ("check", "--watch", "--every", "1", "--announce-open", "-q")
        process = workspace.start(*arguments, env={"HOOK": receiver.url})
        lines = [read_until(process, b"error: ")[-1] for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert finish(process).code == 130
    assert lines[0] == lines[1] and len(receiver.requests) >= 2


def test_watch_outlives_a_lost_network(workspace: Workspace, dead: str) -> None:
    """Contract 2: without a network a watch reports the error, and goes on."""
    workspace.watch("acme", acme=dead)
    process = workspace.start("check", "--watch", "--every", "1")
    for _ in range(2):
        read_until(process, b"no page answered at all")
    process.send_signal(signal.SIGINT)
    assert finish(process).code == 130


def test_an_interruption_is_not_swallowed_by_a_finalizer() -> None:
    """Contract 8: Ctrl-C ends a watch, also while a finalizer of an earlier pass runs."""
    script = """
import os, signal
from statuswatch.cli.check import collect_garbage
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

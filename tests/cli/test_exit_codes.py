"""`check`: the exit code of every way a run can end, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.support.fake_vendor import incident, statuspage
from tests.support.workspace import (
    INCIDENTS,
    PATIENCE,
    Workspace,
    event_line,
    finish,
)

if TYPE_CHECKING:
    import socket

Json = dict[str, Any]


def response(document: Json) -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


BROKEN: Final = {
    "garbage": b"nonsense\n",
    "empty": b"",
    "future version": b'{"pages": {}, "version": 2, "more": 1}\n',
    "cut": b'{\n "pages": {\n  "acme": {',
    "conflict": b'{\n<<<<<<< HEAD\n "pages": {},\n=======\n "pages": {},\n>>>>>>> main\n "version": 1\n}\n',
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_state_file_is_exit_3(workspace: Workspace, how: str) -> None:
    """Contract 6.5: of a state file that cannot be used, the error names the way back; nothing is reported or
    written.
    """
    workspace.state.write_bytes(BROKEN[how])
    completed = workspace.run("check", "--announce-open")
    assert (completed.code, completed.out) == (3, "")
    assert workspace.state.read_bytes() == BROKEN[how]
    assert "error: the state file cannot be used: " in completed.err and "state.json): restore" in completed.err
    assert re.search(r"`git checkout HEAD -- \S*state\.json`", completed.err)
    assert "delete it" in completed.err
    assert workspace.vendor.requests == []
    word = {"empty": "empty", "future version": "version 2", "conflict": "conflict markers"}.get(how, "")
    assert word in completed.err


@pytest.mark.parametrize("place", ["statuswatch.toml/state.json", "home"])
def test_a_state_file_in_a_wrong_place_is_exit_3(workspace: Workspace, place: str) -> None:
    """Contract 8, code 3: where state.json cannot be read or written nothing is reported, and the error names the
    place.
    """
    completed = workspace.run("check", "--announce-open", "--state", place)
    assert (completed.code, completed.out) == (3, "")
    assert place in completed.err
    assert "Traceback" not in completed.err


def test_a_folder_that_is_missing_is_exit_3(workspace: Workspace) -> None:
    """Contract 8, code 3: a typing error in the path of state.json makes no folder and no second state file."""
    completed = workspace.run("check", "--announce-open", "--state", "typo/state.json")
    assert (completed.code, completed.out) == (3, "")
    assert "typo" in completed.err
    assert not (workspace.folder / "typo").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_exit_3(workspace: Workspace) -> None:
    """Contract 8, code 3: no permission to write is exit 3 before anything is reported."""
    (workspace.folder / "fixed").mkdir(mode=0o555)
    completed = workspace.run("check", "--announce-open", "--state", "fixed/state.json")
    assert (completed.code, completed.out) == (3, "")
    assert "Permission denied" in completed.err


def test_a_second_run_does_not_interleave(workspace: Workspace) -> None:
    """Contract 6.6: of two runs at once the second waits a moment for a lock, then exits 3 and has completed
    nothing.
    """
    workspace.watch("acme", top="timeout = 30")
    go = threading.Event()
    document = statuspage("/acme", [incident("a1", "investigating")])[INCIDENTS]

    def slow(connection: socket.socket) -> None:
        go.wait(PATIENCE)
        connection.sendall(response(document))

    workspace.vendor.answer(INCIDENTS, slow)
    first = workspace.start("check", "--format", "jsonl", "--announce-open")
    workspace.vendor.wait_for(INCIDENTS)
    second = workspace.run("check", "--announce-open")
    assert (second.code, second.out) == (3, "")
    assert "in use by another run" in second.err
    assert not workspace.state.exists()
    third = workspace.start("check", "--format", "jsonl", "--announce-open")
    go.set()
    ended = [finish(first), finish(third)]
    assert [process.code for process in ended] == [0, 0]
    events = [event_line(json.loads(line)) for process in ended for line in process.out.splitlines()]
    assert sorted(events) == ["new acme/a0", "new acme/a1"]


def test_no_answer_at_all_is_exit_4(workspace: Workspace, dead: str) -> None:
    """Contract 8, code 4: where no page answers, nothing is reported or written, and pages that failed alike share a
    line.
    """
    workspace.check()
    workspace.watch("acme", "bolt", acme=dead, bolt=f"{dead}/bolt")
    before = workspace.files()
    completed = workspace.run("check", "--announce-open")
    assert (completed.code, completed.out) == (4, "")
    assert completed.err.startswith("statuswatch: 2 pages failed: no connection: connection refused (acme, bolt): ")
    assert completed.err.splitlines()[-1].startswith("statuswatch: error: no page answered at all")
    assert workspace.files() == before


def test_without_configuration_and_network_is_exit_4(workspace: Workspace, dead: str, tmp_path: Path) -> None:
    """Contract 3.1 and 8, code 4: the very first run of somebody whose network is down says so, for the built-in
    pages.
    """
    (workspace.folder / "statuswatch.toml").unlink()
    down = {"HTTPS_PROXY": dead, "HTTP_PROXY": dead, "NO_PROXY": ""}
    completed = workspace.run("check", env=down)
    assert (completed.code, completed.out) == (4, "")
    assert "8 pages failed: " in completed.err and "(openai, " in completed.err
    assert not workspace.state.exists()
    chosen = workspace.run("check", "sentry", env=down)
    assert (chosen.code, "0 of 1 page read" in chosen.err) == (4, True)


def test_no_answer_to_a_question_for_the_platform_is_exit_4(workspace: Workspace, dead: str) -> None:
    """Contract 8, code 4: a page without `platform` that does not answer is not a page that answered with an error."""
    workspace.watch("mine", mine=dead)
    completed = workspace.run("check")
    assert (completed.code, completed.out) == (4, "")
    assert "no connection" in completed.err
    assert not workspace.state.exists()


def test_a_broken_page_in_the_state_file_is_exit_3(workspace: Workspace) -> None:
    """Contract 6: one page of the state file that cannot be decoded is exit 3: nothing is reported or written."""
    workspace.watch("bolt", "acme")
    workspace.bolt(incident("b0", "investigating"))
    workspace.check()
    broken = workspace.state.read_text().replace('"status":"investigating"', '"status":7', 1)
    assert '"status":7' in broken
    workspace.state.write_text(broken)
    workspace.bolt(incident("b1", "investigating"), incident("b0", "investigating"))
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    completed = workspace.run("check")
    assert (
        (completed.code, completed.out) == (3, "")
        and "page acme: " in completed.err
        and "Traceback" not in completed.err
    )
    assert workspace.state.read_text() == broken


@pytest.mark.parametrize(
    "proxy", ["htp://u:geheim@127.0.0.1:9", "http://127.0.0.1:port", "http://u:geheim@127.0.0.1:99999"]
)
def test_a_proxy_without_an_address_is_our_own_network(workspace: Workspace, proxy: str) -> None:
    """Contract 8, code 4: a proxy that cannot be used is no fault of a page's: exit 4, nothing reported, nothing
    written.
    """
    workspace.watch("acme", acme="https://status.invalid")
    for command in ("check", "status", "inspect") if proxy.startswith("htp:") else ("check",):
        completed = workspace.run(command, "acme", env={"HTTPS_PROXY": proxy, "NO_PROXY": ""})
        assert (completed.code, completed.out) == (4, "") and "proxy that the environment names" in completed.err
        assert "geheim" not in completed.err and "Traceback" not in completed.err
    assert not (workspace.folder / "state.json").exists()


def test_a_proxy_that_refuses_is_our_own_network(workspace: Workspace) -> None:
    """Contract 8, code 4, and 8.1: a proxy of ours is no page; where it lets nobody through, no page answered."""
    (workspace.folder / "statuswatch.toml").unlink()
    completed = workspace.run("check", env={"HTTPS_PROXY": workspace.vendor.url, "NO_PROXY": ""})
    assert (completed.code, completed.out) == (4, "")
    assert not workspace.state.exists()


@pytest.mark.parametrize("form", ["console", "jsonl"])
@pytest.mark.parametrize("how", ["full", "pipe", "closed"])
def test_events_that_were_not_printed_are_reported_again(workspace: Workspace, how: str, form: str) -> None:
    """Contract 7.1 and 8, code 5: print, then save: where stdout accepts nothing it is exit 5, and the next run
    reports it all.
    """
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    arguments = ("check", "--announce-open", "--format", form)
    if how == "full":
        if not Path("/dev/full").exists():
            pytest.skip("there is no /dev/full here")
        with Path("/dev/full").open("wb") as full:
            completed = workspace.run(*arguments, stdout=full)
    elif how == "pipe":
        ours, theirs = os.pipe()
        os.close(ours)
        completed = workspace.run(*arguments, stdout=theirs)
        os.close(theirs)
    else:
        completed = workspace.run_in_shell(">&-", *arguments)
    assert "Traceback" not in completed.err
    assert "Exception ignored" not in completed.err
    assert completed.code == 5
    assert "the next run reports them again" in completed.err
    assert not workspace.state.exists()
    assert sorted(workspace.event_lines("--announce-open")) == ["new acme/a0", "new acme/a1"]


def test_a_closed_stdout_does_not_matter_without_events(workspace: Workspace) -> None:
    """Contract 8, code 5: a run without events prints nothing on stdout, so that a closed one is no error."""
    completed = workspace.run_in_shell(">&-", "check")
    assert completed.code == 0
    assert "baseline: 1 open" in completed.err


def test_exit_code_is_10_where_there_were_events(workspace: Workspace) -> None:
    """Contract 8, codes 0 and 10: with --exit-code events are exit 10, once; without events it is 0."""
    codes = [workspace.run("check", "--exit-code").code]
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    codes += [workspace.run("check", "--exit-code").code for _ in range(2)]
    assert codes == [0, 10, 0]


def test_an_interrupted_run_writes_nothing(workspace: Workspace) -> None:
    """Contract 8, code 130: Ctrl-C while a page hangs is exit 130, without a traceback and without a trace."""
    workspace.check()
    before = workspace.state.read_bytes()
    over = threading.Event()

    def hang(_: socket.socket) -> None:
        over.wait(PATIENCE)

    workspace.vendor.answer(INCIDENTS, hang)
    process = workspace.start("check")
    workspace.vendor.wait_for(INCIDENTS, 2)
    process.send_signal(signal.SIGINT)
    completed = finish(process)
    over.set()
    assert (completed.code, completed.out) == (130, "")
    assert "Traceback" not in completed.err
    assert "interrupted" in completed.err
    assert workspace.state.read_bytes() == before


def test_of_several_codes_the_first_is_used(workspace: Workspace, dead: str) -> None:
    """Contract 8.1: 5 comes before 10, 4 before 5, 3 before 4, and 2 before 3."""
    hook = '[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n'
    workspace.watch("acme", top=hook)
    assert workspace.run("check", "--announce-open", "--exit-code").code == 5
    workspace.watch("acme", top=hook, acme=dead)
    assert workspace.run("check", "--exit-code").code == 4
    workspace.state.write_text("{")
    assert workspace.run("check").code == 3
    (workspace.folder / "statuswatch.toml").write_text("pages = []")
    assert workspace.run("check").code == 2

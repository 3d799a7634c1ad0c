"""The command as its user meets it: a process, its exit code, what it prints where, and what it leaves behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import trustme

from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import FakeVendor, incident, incidentio, statuspage, window
from tests.support.workspace import (
    COMMAND,
    INCIDENTS,
    PATIENCE,
    PLATFORMS,
    Workspace,
    event_line,
    finish,
    on_a_terminal,
)

Json = dict[str, Any]


def response(document: Json) -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def announcement(workspace: Workspace) -> str:
    """What a console shows of the incident that Acme has to begin with."""
    return (
        "🔴 NEW       [2025-01-01 10:00:00 UTC] Product: Acme - not stated\n"
        f"             Trouble a0 · minor · {workspace.vendor.url}/acme/incidents/a0\n"
        "             Status: investigating — It is investigating.\n"
    )


# ---- what a run tells


def test_watch_repeats(workspace: Workspace) -> None:
    """Section 2: --watch repeats: what comes between two passes is told by the next; Ctrl-C ends it with 130."""
    process = workspace.start("check", "--watch", "--every", "1", "--format", "jsonl")
    assert process.stdout and process.stderr
    assert b"baseline: 1 open" in process.stderr.readline()
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    assert event_line(json.loads(process.stdout.readline())) == "new acme/a1"
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert (done.code, done.out) == (130, "") and "interrupted" in done.err


def test_watch_outlives_a_sink_that_refuses(workspace: Workspace) -> None:
    """Section 2: what a sink refuses ends no watching run: it is tried again by the next pass."""
    with FakeReceiver(usual=404) as receiver:
        workspace.watch("acme", top='[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n')
        process = workspace.start(
            "check", "--watch", "--every", "1", "--announce-open", "-q", env={"HOOK": receiver.url}
        )
        assert process.stderr
        said = [next(line for line in iter(process.stderr.readline, b"") if b"error: " in line) for _ in range(2)]
        process.send_signal(signal.SIGINT)
        assert finish(process).code == 130 and said[0] == said[1] and len(receiver.got) >= 2


def test_watch_outlives_a_lost_network(workspace: Workspace, dead: str) -> None:
    """Section 2: without a network a watching run says so and goes on."""
    workspace.watch("acme", acme=dead)
    process = workspace.start("check", "--watch", "--every", "1")
    lines = iter(process.stderr.readline, b"")  # type: ignore[union-attr]
    seen = [next(line for line in lines if b"no page answered at all" in line) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    assert len(seen) == 2 and finish(process).code == 130


def test_an_interruption_is_heard_while_a_pass_is_tidied_up() -> None:
    """Section 8: Ctrl-C ends a watching run, in whatever of a past one it finds a finalizer at work."""
    script = """
import os, signal
from statuswatch import cli
class Left:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
left = Left()
left.itself = left
del left
try:
    cli._let_go()
except KeyboardInterrupt:
    print("heard")
"""
    done = subprocess.run([COMMAND[0], "-c", script], capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert (done.stdout, done.stderr) == ("heard\n", "")


@pytest.mark.parametrize("arguments", [(), ("--once",)])
def test_the_first_run_is_a_baseline(workspace: Workspace, arguments: tuple[str, ...]) -> None:
    """Section 4, rule 1: the first read tells nothing, and the closing line says how many are open."""
    workspace.watch("acme", "bolt")
    workspace.acme(incident("a1", "investigating"), incident("a2", "identified"), incident("a3", "resolved"))
    workspace.bolt(incident("b1", "monitoring"))
    done = workspace.check(*arguments)
    assert done.out == ""
    assert "baseline: 3 open" in done.err
    assert "acme: " not in done.err
    assert {key: sorted(page["incidents"]) for key, page in workspace.saved_pages().items()} == {
        "acme": ["a1", "a2", "a3"],
        "bolt": ["b1"],
    }


def test_open_incidents_are_announced_when_asked(workspace: Workspace) -> None:
    """Section 2: with --announce-open a baseline tells what is open as new, once, and nothing that is over."""
    workspace.acme(incident("a1", "investigating"), incident("a2", "resolved"), windows=(window("w1", "scheduled"),))
    assert sorted(workspace.event_lines("--announce-open")) == ["new acme/a1", "new acme/w1"]
    assert workspace.event_lines("--announce-open") == []


def test_a_life_is_told_from_run_to_run(workspace: Workspace) -> None:
    """Section 4, rules 2, 8, 5 and 3: new, updated, resolved, and what was over before a run saw it."""
    workspace.check()
    told = []
    for statuses in (["investigating"], ["investigating", "identified"], ["investigating", "identified", "resolved"]):
        workspace.acme(incident("a1", *statuses), incident("a0", "investigating"))
        told += workspace.event_lines()
    soon = datetime.now(UTC) + timedelta(minutes=1)
    workspace.acme(incident("a2", "investigating", "resolved", at=soon), incident("a0", "investigating"))
    (missed,) = workspace.events()
    assert told == ["new acme/a1", "updated acme/a1", "resolved acme/a1"]
    assert (event_line(missed), missed["changes"]) == ("resolved acme/a2", ["missed"])


def test_the_console_shows_an_event_as_the_contract_has_it(workspace: Workspace) -> None:
    """Section 7: three lines an event: what and when and where, which and how bad, and what the vendor says."""
    workspace.acme(incident("a1", "investigating", impact="major", parts=["API", "Login"]))
    assert workspace.check("--announce-open").out == (
        "🔴 NEW       [2025-01-01 10:00:00 UTC] Product: Acme - API, Login\n"
        f"             Trouble a1 · major · {workspace.vendor.url}/acme/incidents/a1\n"
        "             Status: investigating — It is investigating.\n"
    )


@pytest.mark.parametrize("form", ["console", "jsonl"])
def test_stdout_is_data_and_stderr_is_talk(workspace: Workspace, form: str) -> None:
    """Section 2: events and nothing else on stdout, everything else on stderr, and no colours where nobody looks."""
    workspace.watch("acme", "bolt")
    workspace.vendor.answer("/bolt/api/v2/incidents.json", "<html>Sorry</html>", 503)
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    done = workspace.check("--format", form, "--verbose", "--announce-open")
    lines = done.out.splitlines()
    if form == "jsonl":
        assert [event_line(json.loads(line)) for line in lines] == ["new acme/a0", "new acme/a1"]
    else:
        assert all(re.match(r"🔴 NEW  | {13}\S", line) for line in lines)
        assert len(lines) == 6
    assert all(line.startswith("statuswatch: ") for line in done.err.splitlines())
    assert "bolt failed: HTTP 503" in done.err
    assert "\x1b" not in done.out + done.err


def test_stdout_is_data_even_where_there_is_no_stderr(workspace: Workspace) -> None:
    """Section 2: with stderr closed, talk is lost; it never gets into the events."""
    done = workspace.run_in_shell("2>&-", "check", "--format", "jsonl", "--announce-open")
    assert done.code == 0
    assert [event_line(json.loads(line)) for line in done.out.splitlines()] == ["new acme/a0"]


def test_events_are_text_on_any_terminal(workspace: Workspace) -> None:
    """Section 7: an encoding without emoji or dashes is no reason to lose an event or to end with a bug."""
    done = workspace.check("--announce-open", env={"PYTHONIOENCODING": "ascii"})
    assert "Trouble a0" in done.out


def test_a_terminal_gets_a_progress_bar(workspace: Workspace) -> None:
    """Section 2: a progress bar shows on a terminal only, and is gone before the events come."""
    seen = on_a_terminal(workspace, "check", "--announce-open", "--dry-run")
    piped = workspace.check("--announce-open")
    assert "reading pages" in seen
    assert "reading pages" not in piped.out + piped.err
    assert seen.rindex("reading pages") < seen.index("🔴")


def test_quiet_says_nothing_but_errors(workspace: Workspace, dead: str) -> None:
    """Section 2: --quiet leaves the events and the errors."""
    assert workspace.check("--quiet", "--announce-open") == (0, announcement(workspace), "")
    workspace.watch("acme", acme=dead)
    done = workspace.run("check", "--quiet")
    assert (done.code, done.out) == (4, "")
    assert "error: " in done.err


def test_verbose_says_what_every_page_came_to(workspace: Workspace) -> None:
    """Section 2: --verbose names the configuration, the memory and every page."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    err = workspace.check("--verbose").err
    for part in (
        str(workspace.folder / "statuswatch.toml"),
        str(workspace.state),
        "acme: baseline, 1 open",
        "bolt: baseline, 0",
    ):
        assert part in err


# ---- the second run, and what changes in between


def test_a_calm_run_is_silent_and_cheap(workspace: Workspace) -> None:
    """Section 6: the same feeds again: no event, state.json byte for byte, at most two conditional requests a page."""
    workspace.vendor.etags = True
    workspace.watch("acme", "bolt")
    workspace.acme(incident("a1", "investigating", parts=["API"]), windows=(window("w1", "scheduled"),))
    workspace.bolt(incident("b1", "investigating", parts=["Chat"]))
    workspace.check()
    before, asked = workspace.state.read_bytes(), len(workspace.vendor.requests)
    done = workspace.check("--format", "jsonl")
    assert done.out == ""
    assert workspace.state.read_bytes() == before
    requests = workspace.vendor.requests[asked:]
    for key in PLATFORMS:
        assert 1 <= sum(it.path.startswith(f"/{key}/") for it in requests) <= 2
    assert [it.path for it in requests if "If-None-Match" not in it.headers] == []


def test_a_calm_run_without_validators_is_silent_too(workspace: Workspace) -> None:
    """Section 4: running the same feeds twice gives no second event, whatever the server knows of ETags."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b1", "investigating", parts=["Chat"]))
    workspace.check()
    before = workspace.state.read_bytes()
    assert workspace.event_lines() == []
    assert workspace.state.read_bytes() == before


def test_page_limits_the_run_and_forgets_nothing(workspace: Workspace) -> None:
    """Sections 2 and 6: a run limited to some pages reads only them, and the others are still remembered."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b0", "investigating"))
    workspace.check()
    remembered, asked = workspace.saved_pages()["bolt"], len(workspace.vendor.requests)
    workspace.acme(incident("a1", "investigating"))
    workspace.bolt(incident("b1", "investigating"), incident("b0", "investigating"))
    assert workspace.event_lines("acme") == ["new acme/a1"]
    assert not [it.path for it in workspace.vendor.requests[asked:] if it.path.startswith("/bolt")]
    assert workspace.saved_pages()["bolt"] == remembered
    assert workspace.event_lines() == ["new bolt/b1"]


def test_a_removed_page_is_forgotten_at_the_next_write(workspace: Workspace) -> None:
    """Section 6: a page that is no longer configured goes with the next write, and causes none."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    workspace.check()
    before = workspace.state.read_bytes()
    workspace.watch("acme")
    workspace.check()
    assert workspace.state.read_bytes() == before
    workspace.acme(incident("a1", "investigating"))
    workspace.check()
    assert list(workspace.saved_pages()) == ["acme"]


@pytest.mark.parametrize("change", ["url", "platform"])
def test_another_address_or_platform_is_a_new_baseline(workspace: Workspace, change: str) -> None:
    """Section 3: a changed `url` or `platform` of a key is a new baseline."""
    workspace.check()
    if change == "url":
        workspace.vendor.put(statuspage("/moved", [incident("m1", "investigating"), incident("m2", "investigating")]))
        workspace.watch("acme", acme=f"{workspace.vendor.url}/moved")
    else:
        workspace.vendor.put(incidentio("/acme", [incident("m1", "investigating"), incident("m2", "investigating")]))
        toml = workspace.folder / "statuswatch.toml"
        toml.write_text(toml.read_text().replace('"statuspage"', '"incidentio"'))
    done = workspace.check()
    assert (done.out, "baseline: 2 open" in done.err) == ("", True)
    assert sorted(workspace.saved_pages()["acme"]["incidents"]) == ["m1", "m2"]


@pytest.mark.parametrize("platform", ["statuspage", "incidentio"])
def test_a_platform_that_is_left_out_is_recognised(workspace: Workspace, platform: str) -> None:
    """Section 3: `platform` may be left out; then a run says so once and asks that it be written down."""
    workspace.watch("mine")
    documents = statuspage if platform == "statuspage" else incidentio
    workspace.vendor.put(documents("/mine", [incident("m0", "investigating")]))
    first = workspace.check()
    workspace.vendor.put(documents("/mine", [incident("m1", "investigating"), incident("m0", "investigating")]))
    second = workspace.check("--format", "jsonl")
    assert "baseline: 1 open" in first.err
    assert [event_line(json.loads(line)) for line in second.out.splitlines()] == ["new mine/m1"]
    assert [line for line in first.err.splitlines() if "mine" in line and f'platform = "{platform}"' in line]
    assert "platform" not in second.err
    asked = [it.path for it in workspace.vendor.requests]
    workspace.watch("mine", settings=f'platform = "{platform}"')
    third = workspace.check()
    assert (third.out, "platform" in third.err, "baseline" in third.err) == ("", False, False)
    assert len(workspace.vendor.requests) - len(asked) <= 2


def test_a_platform_that_cannot_be_recognised_is_asked_for(workspace: Workspace) -> None:
    """Sections 3 and 5: a page that nobody understands failed, and its reader is told where the platforms are named."""
    workspace.watch("acme", "mine")
    workspace.vendor.answer("/mine/api/v2/incidents.json", "<html>Hello</html>")
    err = workspace.check().err
    (line,) = [line for line in err.splitlines() if "mine failed" in line]
    assert line.endswith("give its `platform`; `statuswatch inspect` says what was tried")


def test_changing_a_filter_tells_nothing(workspace: Workspace) -> None:
    """Section 3: filters decide what is told, never what is remembered; changing one tells nothing by itself."""
    workspace.acme(incident("a1", "investigating", parts=["API"]), windows=(window("w1", "scheduled"),))
    workspace.check()
    before = workspace.state.read_bytes()
    for words in ('min_impact = "critical"\n', 'components = ["Search"]\n', "maintenance = false\n", ""):
        workspace.watch("acme", settings=words)
        assert workspace.event_lines() == []
        assert workspace.state.read_bytes() == before


def test_who_heard_the_beginning_hears_the_end(workspace: Workspace) -> None:
    """Section 3: the highest impact ever and all components ever count, so a filter swallows no end of a story."""
    workspace.watch("acme", settings='min_impact = "major"\ncomponents = ["API"]\n')
    told = []
    for statuses, impacts, parts in (
        (["investigating"], ["major", "major", "minor", "major"], ["API", "Search", "API", ""]),
        (["investigating", "identified"], ["minor", "minor", "minor", "none"], ["Search", "Search", "API", ""]),
        (["investigating", "identified", "resolved"], ["none"] * 4, [""] * 4),
    ):
        workspace.acme(
            *(
                incident(f"a{number}", *statuses, impact=impact, parts=[part] if part else [])
                for number, (impact, part) in enumerate(zip(impacts, parts, strict=True), 1)
            )
        )
        told.append(workspace.event_lines("--announce-open"))
    assert told == [[f"{kind} acme/{key}" for key in ("a1", "a4")] for kind in ("new", "updated", "resolved")]


def test_maintenance_is_told_from_when_it_is_wanted(workspace: Workspace) -> None:
    """Section 3: with `maintenance = false` windows are remembered and not told; back on, their next change is."""
    old = incident("a0", "investigating")
    workspace.watch("acme", settings="maintenance = false\n")
    workspace.acme(old, windows=(window("w1", "scheduled"),))
    assert workspace.event_lines("--announce-open") == ["new acme/a0"]
    workspace.acme(old, windows=(window("w1", "scheduled", "in_progress"),))
    assert workspace.event_lines() == []
    workspace.watch("acme")
    workspace.acme(old, windows=(window("w1", "scheduled", "in_progress", "completed"),))
    assert workspace.event_lines() == ["resolved acme/w1"]


def test_a_dry_run_prints_and_leaves_no_trace(workspace: Workspace) -> None:
    """Section 2: --dry-run prints what a run would tell and writes nothing, not even a lock, however often."""
    clean = workspace.files()
    rehearsals = [workspace.events("--dry-run", "--announce-open") for _ in range(2)]
    assert workspace.files() == clean
    told = workspace.events("--announce-open")
    assert [event_line(event) for event in told] == ["new acme/a0"]
    for rehearsal in rehearsals:
        assert [{**event, "detected_at": ""} for event in rehearsal] == [{**event, "detected_at": ""} for event in told]
    workspace.acme(incident("a0", "investigating", "resolved"))
    before = workspace.files()
    assert workspace.event_lines("--dry-run") == ["resolved acme/a0"]
    assert workspace.files() == before


# ---- 2: usage
def test_help_and_version(workspace: Workspace) -> None:
    """Section 2: --version is the version, --help names every command, and no command at all is a question for help."""
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", workspace.run("--version").out)
    done = workspace.run("--help")
    assert done.code == 0
    for command in ("check", "demo"):
        assert re.search(rf"^  {command}  ", done.out, re.MULTILINE)
    options = ("--config", "--state", "--format", "--once", "--announce-open", "--dry-run", "--exit-code", "--quiet")
    said = workspace.run("check", "--help").out
    assert [option for option in options if option not in said] == []
    assert not workspace.state.exists()


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
    ],
)
def test_a_wrong_command_line_is_exit_2(workspace: Workspace, arguments: list[str], hint: str) -> None:
    """Sections 3 and 8: a wrong command line or configuration is answered with a hint, and nothing is done."""
    (workspace.folder / "typo.toml").write_text('pages = ["opnai"]')
    before = workspace.files()
    done = workspace.run(*arguments)
    assert (done.code, done.out) == (2, "")
    assert hint in done.err
    assert "Traceback" not in done.err
    assert (workspace.vendor.requests, workspace.files()) == ([], before)


def test_flags_name_the_configuration_and_the_memory(workspace: Workspace) -> None:
    """Sections 2 and 3: --config before $STATUSWATCH_CONFIG before the folder's own, and --state before all of them."""
    (workspace.folder / "statuswatch.toml").rename(workspace.folder / "mine.toml")
    (workspace.folder / "etc").mkdir()
    (workspace.folder / "etc" / "watch.toml").write_text((workspace.folder / "mine.toml").read_text())
    workspace.check("--config", "mine.toml", env={"STATUSWATCH_CONFIG": "nowhere.toml"})
    workspace.check(env={"STATUSWATCH_CONFIG": "etc/watch.toml"})
    workspace.check("--config", "etc/watch.toml", "--state", "other.json")
    found = sorted(str(it.relative_to(workspace.folder)) for it in workspace.folder.rglob("[!.]*.json"))
    assert found == ["etc/state.json", "other.json", "state.json"]


# ---- 3: state.json
SPOILED: Final = {
    "garbage": b"nonsense\n",
    "empty": b"",
    "future version": b'{"pages": {}, "version": 2, "more": 1}\n',
    "cut": b'{\n "pages": {\n  "acme": {',
    "conflict": b'{\n<<<<<<< HEAD\n "pages": {},\n=======\n "pages": {},\n>>>>>>> main\n "version": 1\n}\n',
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_memory_is_exit_3(workspace: Workspace, how: str) -> None:
    """Section 6: a state.json that cannot be used is said to be, with the way back; nothing is told or written."""
    workspace.state.write_bytes(SPOILED[how])
    done = workspace.run("check", "--announce-open")
    assert (done.code, done.out) == (3, "")
    assert workspace.state.read_bytes() == SPOILED[how]
    assert "state.json cannot be used" in done.err
    assert re.search(r"`git checkout HEAD -- \S*state\.json`", done.err)
    assert "delete it" in done.err
    assert workspace.vendor.requests == []
    word = {"empty": "empty", "future version": "version 2", "conflict": "conflict markers"}.get(how, "")
    assert word in done.err


@pytest.mark.parametrize("place", ["statuswatch.toml/state.json", "home"])
def test_a_memory_that_cannot_be_is_exit_3(workspace: Workspace, place: str) -> None:
    """Section 8: where state.json cannot be read or written nothing is told, and the place is named."""
    done = workspace.run("check", "--announce-open", "--state", place)
    assert (done.code, done.out) == (3, "")
    assert place in done.err
    assert "Traceback" not in done.err


def test_a_folder_that_is_missing_is_exit_3(workspace: Workspace) -> None:
    """Section 8: a typing error in the path of state.json makes no folders and no second memory."""
    done = workspace.run("check", "--announce-open", "--state", "memmory/state.json")
    assert (done.code, done.out) == (3, "")
    assert "memmory" in done.err
    assert not (workspace.folder / "memmory").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_exit_3(workspace: Workspace) -> None:
    """Section 8: no permission to write is exit 3 before anything is told."""
    (workspace.folder / "fixed").mkdir(mode=0o555)
    done = workspace.run("check", "--announce-open", "--state", "fixed/state.json")
    assert (done.code, done.out) == (3, "")
    assert "Permission denied" in done.err


def test_a_second_run_does_not_interleave(workspace: Workspace) -> None:
    """Section 6: of two runs at once the second waits a moment for a lock, then exits 3 and has done nothing."""
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
    done = [finish(first), finish(third)]
    assert [it.code for it in done] == [0, 0]
    told = [event_line(json.loads(line)) for it in done for line in it.out.splitlines()]
    assert sorted(told) == ["new acme/a0", "new acme/a1"]


# ---- 4: no network
def test_no_answer_at_all_is_exit_4(workspace: Workspace, dead: str) -> None:
    """Section 8: where no page answers nothing is told or written, each has its reason, and it is over soon."""
    workspace.check()
    workspace.watch("acme", "bolt", acme=dead, bolt=f"{dead}/bolt")
    before = workspace.files()
    started = time.monotonic()
    done = workspace.run("check", "--announce-open")
    assert time.monotonic() - started < 3
    assert (done.code, done.out) == (4, "")
    for key in ("acme", "bolt"):
        assert re.search(rf"^statuswatch: {key} failed: no connection: connection refused", done.err, re.MULTILINE)
    assert done.err.splitlines()[-1].startswith("statuswatch: error: no page answered at all")
    assert workspace.files() == before


def test_an_error_is_an_answer(workspace: Workspace, dead: str) -> None:
    """Section 8: a page that answers with an error makes the run complete; its failure is in the report."""
    workspace.watch("acme", "bolt", bolt=dead)
    workspace.vendor.answer(INCIDENTS, "no", 403)
    done = workspace.check()
    assert "acme failed: HTTP 403" in done.err
    assert "bolt failed: no connection" in done.err
    assert "0 of 2 pages read" in done.err


def test_without_configuration_and_network_is_exit_4(workspace: Workspace, dead: str, tmp_path: Path) -> None:
    """Sections 3 and 8: the very first run of somebody whose network is down says so, of the built-in pages."""
    (workspace.folder / "statuswatch.toml").unlink()
    down = {"HTTPS_PROXY": dead, "HTTP_PROXY": dead, "NO_PROXY": ""}
    done = workspace.run("check", env=down)
    assert (done.code, done.out) == (4, "")
    assert "openai failed: " in done.err
    assert not workspace.state.exists()
    chosen = workspace.run("check", "sentry", env=down)
    assert (chosen.code, "0 of 1 page read" in chosen.err) == (4, True)


def test_no_answer_to_a_question_for_the_platform_is_exit_4(workspace: Workspace, dead: str) -> None:
    """Section 8: a page without `platform` that does not answer is no page that answered with an error."""
    workspace.watch("mine", mine=dead)
    done = workspace.run("check")
    assert (done.code, done.out) == (4, "")
    assert "no connection" in done.err
    assert not workspace.state.exists()


def test_a_page_of_the_memory_that_is_wrong_ends_the_run(workspace: Workspace) -> None:
    """Section 6: where only one page's memory cannot be understood, exit 3, nothing told, nothing written."""
    workspace.watch("bolt", "acme")
    workspace.bolt(incident("b0", "investigating"))
    workspace.check()
    spoiled = workspace.state.read_text().replace('"status":"investigating"', '"status":7', 1)
    assert '"status":7' in spoiled
    workspace.state.write_text(spoiled)
    workspace.bolt(incident("b1", "investigating"), incident("b0", "investigating"))
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    done = workspace.run("check")
    assert (done.code, done.out) == (3, "") and "page acme: " in done.err and "Traceback" not in done.err
    assert workspace.state.read_text() == spoiled


@pytest.mark.parametrize(
    "proxy", ["htp://u:geheim@127.0.0.1:9", "http://127.0.0.1:port", "http://u:geheim@127.0.0.1:99999"]
)
def test_a_proxy_without_an_address_is_our_own_network(workspace: Workspace, proxy: str) -> None:
    """Section 8: a proxy that cannot be used is no fault of a page's: exit 4, nothing told, nothing written."""
    workspace.watch("acme", acme="https://status.invalid")
    for command in ("check", "status", "inspect") if proxy.startswith("htp:") else ("check",):
        done = workspace.run(command, "acme", env={"HTTPS_PROXY": proxy, "NO_PROXY": ""})
        assert (done.code, done.out) == (4, "") and "proxy that the environment names" in done.err
        assert "geheim" not in done.err and "Traceback" not in done.err
    assert not (workspace.folder / "state.json").exists()


def test_a_proxy_that_refuses_is_our_own_network(workspace: Workspace) -> None:
    """Section 8: a proxy of ours is no page; where it lets nobody through, no page answered."""
    (workspace.folder / "statuswatch.toml").unlink()
    done = workspace.run("check", env={"HTTPS_PROXY": workspace.vendor.url, "NO_PROXY": ""})
    assert (done.code, done.out) == (4, "")
    assert not workspace.state.exists()


def test_one_page_costs_no_other(workspace: Workspace) -> None:
    """Section 5: pages that reset, cut, drip, lie or babble fail with a reason each, and the good one is told."""

    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def drip(connection: socket.socket) -> None:
        over = threading.Event()
        while not over.wait(0.1):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"[:1])

    answers: dict[str, Any] = {
        "reset": reset,
        "cut": lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"),
        "drip": drip,
        "babble": lambda connection: connection.sendall(b"\x00\x01\x02 whatever\r\n\r\n"),
        "html": "<!DOCTYPE html><html></html>",
        "object": {},
        "list": "[]",
    }
    for key, body in answers.items():
        workspace.vendor.answer(f"/{key}/api/v2/incidents.json", body)
    workspace.watch("acme", *answers, top="timeout = 2")
    toml = workspace.folder / "statuswatch.toml"
    toml.write_text(re.sub(r"(/\w+\"\n)(?!platform)", r'\1platform = "statuspage"\n', toml.read_text()))
    done = workspace.check("--announce-open")
    assert done.out == announcement(workspace)
    reasons = dict(re.findall(r"^statuswatch: (\w+) failed: (.+?) \(http", done.err, re.MULTILINE))
    assert list(reasons) == list(answers)
    assert reasons["drip"] == "no complete answer within 2 s"
    assert reasons["html"] == "incidents.json: HTML instead of JSON"
    assert len(set(reasons.values())) == len(reasons)


def test_certificates_are_checked(workspace: Workspace) -> None:
    """Section 5: a page is believed over TLS with a certificate that the system trusts, and with no other."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(workspace.folder / "ca.pem"))
    with FakeVendor(tls=context) as safe:
        safe.put(statuspage("/safe", [incident("s1", "investigating")]))
        workspace.watch("acme", "safe", safe=f"{safe.url}/safe")
        err = workspace.check("--dry-run").err
        trusted = {"SSL_CERT_FILE": str(workspace.folder / "ca.pem")}
        assert "2 of 2 pages read" in workspace.check("--dry-run", env=trusted).err
    assert "1 of 2 pages read" in err
    assert "certificate" in err


# ---- 5: not told
@pytest.mark.parametrize("form", ["console", "jsonl"])
@pytest.mark.parametrize("how", ["full", "pipe", "closed"])
def test_what_could_not_be_printed_is_told_again(workspace: Workspace, how: str, form: str) -> None:
    """Sections 7 and 8: print, then save: where stdout takes nothing it is exit 5, and the next run tells all of it."""
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    arguments = ("check", "--announce-open", "--format", form)
    if how == "full":
        if not Path("/dev/full").exists():
            pytest.skip("there is no /dev/full here")
        with Path("/dev/full").open("wb") as full:
            done = workspace.run(*arguments, stdout=full)
    elif how == "pipe":
        ours, theirs = os.pipe()
        os.close(ours)
        done = workspace.run(*arguments, stdout=theirs)
        os.close(theirs)
    else:
        done = workspace.run_in_shell(">&-", *arguments)
    assert "Traceback" not in done.err
    assert "Exception ignored" not in done.err
    assert done.code == 5
    assert "the next run tells them again" in done.err
    assert not workspace.state.exists()
    assert sorted(workspace.event_lines("--announce-open")) == ["new acme/a0", "new acme/a1"]


def test_a_calm_run_minds_no_closed_stdout(workspace: Workspace) -> None:
    """Section 8: a sink that is offered nothing refuses nothing."""
    done = workspace.run_in_shell(">&-", "check")
    assert done.code == 0
    assert "baseline: 1 open" in done.err


# ---- 10 and 130, and worse
def test_exit_code_is_10_where_there_were_events(workspace: Workspace) -> None:
    """Section 8: with --exit-code events are exit 10, and are remembered as told; without events it is 0."""
    codes = [workspace.run("check", "--exit-code").code]
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    codes += [workspace.run("check", "--exit-code").code for _ in range(2)]
    assert codes == [0, 10, 0]


def test_an_interrupted_run_has_done_nothing(workspace: Workspace) -> None:
    """Section 8: Ctrl-C while a page hangs is exit 130, without a traceback and without a trace."""
    workspace.check()
    before = workspace.state.read_bytes()
    over = threading.Event()

    def hang(_: socket.socket) -> None:
        over.wait(PATIENCE)

    workspace.vendor.answer(INCIDENTS, hang)
    process = workspace.start("check")
    workspace.vendor.wait_for(INCIDENTS, 2)
    process.send_signal(signal.SIGINT)
    done = finish(process)
    over.set()
    assert (done.code, done.out) == (130, "")
    assert "Traceback" not in done.err
    assert "interrupted" in done.err
    assert workspace.state.read_bytes() == before


# ---- Actions, demo
def outputs(text: str) -> dict[str, str]:
    """What a runner reads in $GITHUB_OUTPUT."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_a_runner_is_given_a_summary_and_outputs(workspace: Workspace) -> None:
    """Section 7: with GITHUB_ACTIONS=true a run appends its summary and its outputs; the message is one line."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    env = {"GITHUB_ACTIONS": "true"}
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        (workspace.folder / name).write_text("before\n")
        env[name] = str(workspace.folder / name)
    said = []
    workspace.check(env=env)
    said.append(outputs((workspace.folder / "GITHUB_OUTPUT").read_text()))
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    workspace.vendor.answer("/bolt/api/v2/incidents.json", "no", 500)
    done = workspace.check(env=env)
    assert done.out.count("🔴 NEW") == 1
    summary = (workspace.folder / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith("before\n### statuswatch\n")
    assert "Trouble a1" in summary
    assert "HTTP 500" in summary
    said.append(outputs((workspace.folder / "GITHUB_OUTPUT").read_text()))
    workspace.check(env=env)
    said.append(outputs((workspace.folder / "GITHUB_OUTPUT").read_text()))
    names = ("changed", "events", "open", "failed")
    assert [tuple(it[name] for name in names) for it in said] == [
        ("true", "0", "1", "0"),
        ("true", "1", "2", "1"),
        ("false", "0", "2", "1"),
    ]
    assert said[1]["message"] == "statuswatch: Acme new: Trouble a1"
    assert all("\n" not in it["message"] for it in said)


def test_nobody_but_a_runner_is_given_files(workspace: Workspace) -> None:
    """Section 7: without GITHUB_ACTIONS=true the runner's variables mean nothing."""
    summary = workspace.folder / "summary.md"
    workspace.check(env={"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_OUTPUT": str(summary), "GITHUB_ACTIONS": "false"})
    assert not summary.exists()


def test_the_demo_shows_everything_and_leaves_nothing(tmp_path: Path) -> None:
    """Section 2: the whole pipeline in under ten seconds, without network or configuration, and what to type next."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    empty = tmp_path / "empty"
    empty.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(empty), "TMPDIR": str(temporary), "LANG": "C.UTF-8"}
    env |= {"STATUSWATCH_CONFIG": "nowhere.toml", "GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(empty / "output")}
    done = subprocess.run(
        [*COMMAND, "demo"], env=env, cwd=empty, capture_output=True, timeout=10, check=False, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    for sign in ("🔴 NEW  ", "🟡 UPDATED  ", "🟢 RESOLVED  ", "over before a run saw it", "  statuswatch check "):
        assert sign in done.stdout
    assert "baseline: " in done.stdout
    assert list(empty.iterdir()) == []
    assert list(temporary.iterdir()) == []

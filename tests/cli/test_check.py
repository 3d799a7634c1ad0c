"""`check` as its user meets it: what it prints where, and what it remembers."""

from __future__ import annotations

import json
import re
import socket
import ssl
import struct
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import trustme

from tests.support.fake_vendor import FakeVendor, incident, incidentio, statuspage, window
from tests.support.workspace import (
    INCIDENTS,
    PLATFORMS,
    Workspace,
    event_line,
    on_a_terminal,
)


def announcement(workspace: Workspace) -> str:
    """Return the console lines of the incident that Acme has at first."""
    return (
        "🔴 NEW       [2025-01-01 10:00 UTC] Product: Acme - not stated\n"
        f"             Trouble a0 · MINOR · {workspace.vendor.url}/acme/incidents/a0\n"
        "             investigating — It is investigating.\n"
    )


@pytest.mark.parametrize("arguments", [(), ("--once",)])
def test_the_first_run_is_a_baseline(workspace: Workspace, arguments: tuple[str, ...]) -> None:
    """Contract 4, row 1: the first read reports nothing, and the closing line counts the open ones."""
    workspace.watch("acme", "bolt")
    workspace.acme(incident("a1", "investigating"), incident("a2", "identified"), incident("a3", "resolved"))
    workspace.bolt(incident("b1", "monitoring"))
    completed = workspace.check(*arguments)
    assert completed.out == ""
    assert "baseline: 3 open" in completed.err
    assert "acme: " not in completed.err
    assert {key: sorted(page["incidents"]) for key, page in workspace.saved_pages().items()} == {
        "acme": ["a1", "a2", "a3"],
        "bolt": ["b1"],
    }


def test_open_incidents_are_announced_when_asked(workspace: Workspace) -> None:
    """Contract 2.1: with --announce-open a baseline reports open incidents as new, once, and no closed one."""
    workspace.acme(incident("a1", "investigating"), incident("a2", "resolved"), windows=(window("w1", "scheduled"),))
    assert sorted(workspace.event_lines("--announce-open")) == ["new acme/a1", "new acme/w1"]
    assert workspace.event_lines("--announce-open") == []


def test_an_incident_from_run_to_run(workspace: Workspace) -> None:
    """Contract 1.1 and 4, rows 2, 3, 5 and 8: what changed since the last run is reported, once."""
    workspace.check()
    reported = []
    for statuses in (["investigating"], ["investigating", "identified"], ["investigating", "identified", "resolved"]):
        workspace.acme(incident("a1", *statuses), incident("a0", "investigating"))
        reported += workspace.event_lines()
    soon = datetime.now(UTC) + timedelta(minutes=1)
    workspace.acme(incident("a2", "investigating", "resolved", at=soon), incident("a0", "investigating"))
    (missed,) = workspace.events()
    assert reported == ["new acme/a1", "updated acme/a1", "resolved acme/a1"]
    assert (event_line(missed), missed["changes"]) == ("resolved acme/a2", ["missed"])


def test_the_console_shows_an_event_as_the_contract_has_it(workspace: Workspace) -> None:
    """Contract 7.7: an event has three lines: product and time, title with impact and address, and the update."""
    workspace.acme(incident("a1", "investigating", impact="major", parts=["API", "Login"]))
    assert workspace.check("--announce-open").out == (
        "🔴 NEW       [2025-01-01 10:00 UTC] Product: Acme - API, Login\n"
        f"             Trouble a1 · MAJOR · {workspace.vendor.url}/acme/incidents/a1\n"
        "             investigating — It is investigating.\n"
    )


@pytest.mark.parametrize("form", ["console", "jsonl"])
def test_stdout_is_data_and_stderr_is_everything_else(workspace: Workspace, form: str) -> None:
    """Contract 2.2: events and nothing else on stdout, everything else on stderr, and no colours where nobody looks."""
    workspace.watch("acme", "bolt")
    workspace.vendor.answer("/bolt/api/v2/incidents.json", "<html>Sorry</html>", 503)
    workspace.acme(incident("a1", "investigating"), incident("a0", "investigating"))
    completed = workspace.check("--format", form, "--verbose", "--announce-open")
    lines = completed.out.splitlines()
    if form == "jsonl":
        assert [event_line(json.loads(line)) for line in lines] == ["new acme/a0", "new acme/a1"]
    else:
        assert all(re.match(r"🔴 NEW  | {13}\S", line) for line in lines)
        assert len(lines) == 6
    assert all(line.startswith("statuswatch: ") for line in completed.err.splitlines())
    assert "bolt failed: HTTP 503" in completed.err
    assert "\x1b" not in completed.out + completed.err


def test_stdout_is_data_even_where_there_is_no_stderr(workspace: Workspace) -> None:
    """Contract 2.2: with stderr closed, remarks are lost; they never get into the events."""
    completed = workspace.run_in_shell("2>&-", "check", "--format", "jsonl", "--announce-open")
    assert completed.code == 0
    assert [event_line(json.loads(line)) for line in completed.out.splitlines()] == ["new acme/a0"]


def test_events_are_text_on_any_terminal(workspace: Workspace) -> None:
    """Contract 7.7: an encoding without emoji or dashes is no reason to lose an event or to end with a bug."""
    completed = workspace.check("--announce-open", env={"PYTHONIOENCODING": "ascii"})
    assert "Trouble a0" in completed.out


def test_a_terminal_gets_a_progress_bar(workspace: Workspace) -> None:
    """Contract 2.2: a progress bar shows on a terminal only, and is gone before the events come."""
    output = on_a_terminal(workspace, "check", "--announce-open", "--dry-run")
    piped = workspace.check("--announce-open")
    assert "reading pages" in output
    assert "reading pages" not in piped.out + piped.err
    assert output.rindex("reading pages") < output.index("🔴")


def test_quiet_prints_nothing_but_errors(workspace: Workspace, dead: str) -> None:
    """Contract 2.1: --quiet leaves the events and the errors."""
    assert workspace.check("--quiet", "--announce-open") == (0, announcement(workspace), "")
    workspace.watch("acme", acme=dead)
    completed = workspace.run("check", "--quiet")
    assert (completed.code, completed.out) == (4, "")
    assert "error: " in completed.err


def test_verbose_prints_every_page_and_request(workspace: Workspace) -> None:
    """Contract 2.1: --verbose prints the configuration, the state file, every page and every request."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    workspace.vendor.etags = True
    err = workspace.check("--verbose").err
    files = f"configuration: {workspace.folder / 'statuswatch.toml'}; state file: {workspace.state}"
    for part in (files, "acme: statuspage · baseline · 1 open", "bolt: incidentio · baseline · 0 open"):
        assert part in err
    assert re.search(r"^statuswatch: acme: summary.json: HTTP 200 · \d+ bytes · \d+\.\d\d s$", err, re.MULTILINE)
    err = workspace.check("--verbose").err
    assert re.search(r": acme: incidents.json: HTTP 304 · \d+\.\d\d s · validators sent$", err, re.MULTILINE)


def test_a_calm_run_is_silent_and_cheap(workspace: Workspace) -> None:
    """Contract 6: the same feeds again: no event, state.json byte for byte, at most two conditional requests a page."""
    workspace.vendor.etags = True
    workspace.watch("acme", "bolt")
    workspace.acme(incident("a1", "investigating", parts=["API"]), windows=(window("w1", "scheduled"),))
    workspace.bolt(incident("b1", "investigating", parts=["Chat"]))
    workspace.check()
    before, count = workspace.state.read_bytes(), len(workspace.vendor.requests)
    completed = workspace.check("--format", "jsonl")
    assert completed.out == ""
    assert workspace.state.read_bytes() == before
    requests = workspace.vendor.requests[count:]
    for key in PLATFORMS:
        assert 1 <= sum(request.path.startswith(f"/{key}/") for request in requests) <= 2
    assert [request.path for request in requests if "If-None-Match" not in request.headers] == []


def test_a_calm_run_without_validators_is_silent_too(workspace: Workspace) -> None:
    """Contract 4: running the same feeds twice gives no second event, whatever the server knows of ETags."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b1", "investigating", parts=["Chat"]))
    workspace.check()
    before = workspace.state.read_bytes()
    assert workspace.event_lines() == []
    assert workspace.state.read_bytes() == before


def test_page_limits_the_run_and_forgets_nothing(workspace: Workspace) -> None:
    """Contract 2.1 and 6.7: a run limited to some pages reads only them, and the others are still remembered."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b0", "investigating"))
    workspace.check()
    remembered, count = workspace.saved_pages()["bolt"], len(workspace.vendor.requests)
    workspace.acme(incident("a1", "investigating"))
    workspace.bolt(incident("b1", "investigating"), incident("b0", "investigating"))
    assert workspace.event_lines("acme") == ["new acme/a1"]
    assert not [request.path for request in workspace.vendor.requests[count:] if request.path.startswith("/bolt")]
    assert workspace.saved_pages()["bolt"] == remembered
    assert workspace.event_lines() == ["new bolt/b1"]


def test_a_removed_page_is_forgotten_at_the_next_write(workspace: Workspace) -> None:
    """Contract 6.7: a page that is no longer configured goes with the next write, and causes none."""
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


@pytest.mark.parametrize("change", ["url", "platform", "id"])
def test_another_address_or_platform_is_a_new_baseline(workspace: Workspace, change: str) -> None:
    """Contract 3.7: a changed `url`, `platform` or `id` of a key is a new baseline."""
    workspace.check()
    if change == "id":
        workspace.acme(incident("m1", "investigating"), incident("m2", "investigating"))
        workspace.watch("acme", settings='id = "another"\n')
    elif change == "url":
        workspace.vendor.put(statuspage("/moved", [incident("m1", "investigating"), incident("m2", "investigating")]))
        workspace.watch("acme", acme=f"{workspace.vendor.url}/moved")
    else:
        workspace.vendor.put(incidentio("/acme", [incident("m1", "investigating"), incident("m2", "investigating")]))
        toml = workspace.folder / "statuswatch.toml"
        toml.write_text(toml.read_text().replace('"statuspage"', '"incidentio"'))
    completed = workspace.check()
    assert (completed.out, "baseline: 2 open" in completed.err) == ("", True)
    assert sorted(workspace.saved_pages()["acme"]["incidents"]) == ["m1", "m2"]


@pytest.mark.parametrize("platform", ["statuspage", "incidentio"])
def test_a_platform_that_is_left_out_is_recognised(workspace: Workspace, platform: str) -> None:
    """Contract 3: `platform` may be left out; then the first run prints the line to configure."""
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
    count = len(workspace.vendor.requests)
    workspace.watch("mine", settings=f'platform = "{platform}"')
    third = workspace.check()
    assert (third.out, "platform" in third.err, "baseline" in third.err) == ("", False, False)
    assert len(workspace.vendor.requests) - count <= 2


def test_a_platform_that_cannot_be_recognised_is_asked_for(workspace: Workspace) -> None:
    """Contract 3 and 5: a page that no platform understands has failed, and the hint says what to configure."""
    workspace.watch("acme", "mine")
    workspace.vendor.answer("/mine/api/v2/incidents.json", "<html>Hello</html>")
    err = workspace.check().err
    (line,) = [line for line in err.splitlines() if "mine failed" in line]
    assert line.endswith("give its `platform`; `statuswatch inspect` shows what was tried")


def test_changing_a_filter_causes_no_event(workspace: Workspace) -> None:
    """Contract 3.4: filters decide what is reported, never what is remembered; changing one causes no event."""
    workspace.acme(incident("a1", "investigating", parts=["API"]), windows=(window("w1", "scheduled"),))
    workspace.check()
    before = workspace.state.read_bytes()
    for words in ('min_impact = "critical"\n', 'components = ["Search"]\n', "maintenance = false\n", ""):
        workspace.watch("acme", settings=words)
        assert workspace.event_lines() == []
        assert workspace.state.read_bytes() == before


def test_an_incident_that_was_reported_is_reported_to_its_end(workspace: Workspace) -> None:
    """Contract 3.5: the highest impact ever and all components ever count, so a filter swallows no end of a story."""
    workspace.watch("acme", settings='min_impact = "major"\ncomponents = ["API"]\n')
    reported = []
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
        reported.append(workspace.event_lines("--announce-open"))
    assert reported == [[f"{kind} acme/{key}" for key in ("a1", "a4")] for kind in ("new", "updated", "resolved")]


def test_maintenance_can_be_switched_off_and_on(workspace: Workspace) -> None:
    """Contract 3.4: with `maintenance = false` windows are remembered and not reported; back on, their next change
    is.
    """
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
    """Contract 7.6: --dry-run prints the events of a run and writes nothing, not even a lock, however often."""
    clean = workspace.files()
    rehearsals = [workspace.events("--dry-run", "--announce-open") for _ in range(2)]
    assert workspace.files() == clean
    reported = workspace.events("--announce-open")
    assert [event_line(event) for event in reported] == ["new acme/a0"]
    for rehearsal in rehearsals:
        assert [{**event, "detected_at": ""} for event in rehearsal] == [
            {**event, "detected_at": ""} for event in reported
        ]
    workspace.acme(incident("a0", "investigating", "resolved"))
    before = workspace.files()
    assert workspace.event_lines("--dry-run") == ["resolved acme/a0"]
    assert workspace.files() == before


def test_an_error_is_an_answer(workspace: Workspace, dead: str) -> None:
    """Contract 8, code 0, and 8.1: a page that answers with an error makes the run complete; its failure is in the
    report.
    """
    workspace.watch("acme", "bolt", bolt=dead)
    workspace.vendor.answer(INCIDENTS, "no", 403)
    completed = workspace.check()
    assert "acme failed: HTTP 403" in completed.err
    assert "bolt failed: no connection" in completed.err
    assert "0 of 2 pages read" in completed.err


def test_one_page_costs_no_other(workspace: Workspace) -> None:
    """Contract 5.8: pages that fail in different ways have a reason each; the good one is reported."""

    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def drip(connection: socket.socket) -> None:
        over = threading.Event()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
        while not over.wait(0.1):
            connection.sendall(b" ")

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
    completed = workspace.check("--announce-open")
    assert completed.out == announcement(workspace)
    reasons = dict(re.findall(r"^statuswatch: (\w+) failed: (.+?) \(http", completed.err, re.MULTILINE))
    assert list(reasons) == list(answers)
    assert reasons["drip"] == "no complete answer within 2 s"
    assert reasons["html"] == "incidents.json: HTML instead of JSON"
    assert len(set(reasons.values())) == len(reasons)


def test_certificates_are_checked(workspace: Workspace) -> None:
    """Contract 5: a page is believed over TLS with a certificate that the system trusts, and with no other."""
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

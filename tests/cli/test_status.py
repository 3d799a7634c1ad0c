"""`status`: what is open now, on how many pages that rests, and the gate in front of a deploy."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from tests.support.fake_vendor import incident, statuspage, window
from tests.support.workspace import INCIDENTS, on_a_terminal

if TYPE_CHECKING:
    from tests.support.workspace import Completed, Workspace


Json = dict[str, Any]


def answer(workspace: Workspace, *arguments: str, code: int = 0) -> Json:
    """Return the JSON document of `status`."""
    completed = workspace.run("status", "--format", "json", *arguments)
    assert completed.code == code, completed
    fields: Json = json.loads(completed.out)
    return fields


def open_entries(workspace: Workspace, *arguments: str) -> list[str]:
    """Return page and id of everything that is open."""
    entries = answer(workspace, *arguments)["incidents"]
    return [f"{entry['page']['key']}/{entry['incident']['id']}" for entry in entries]


def test_status_reads_and_writes_nothing(workspace: Workspace) -> None:
    """Contract 2.5: without a state file it reads what is open now, and leaves no trace, not even a lock."""
    workspace.acme(incident("a1", "identified", impact="critical", parts=["API"]), incident("a2", "resolved"))
    clean = workspace.files()
    completed = workspace.run("status")
    out = re.sub(r"\d+ d\b", "N d", completed.out)
    assert (completed.code, completed.err, workspace.files()) == (0, "", clean)
    assert out == (
        "🔴 CRITICAL  Acme - API · open N d\n"
        f"             Trouble a1 · {workspace.vendor.url}/acme/incidents/a1\n"
        "             identified — It is identified. (N d ago)\n"
        "1 open · 1 of 1 page read\n"
    )
    workspace.check()
    before = workspace.files()
    assert workspace.run("status").out == completed.out
    assert workspace.files() == before


def test_status_waits_for_no_run(workspace: Workspace) -> None:
    """Contract 2.5: it takes no lock, so it answers while another run holds it, and from a folder nobody may write."""
    with FileLock(workspace.folder / ".state.json.lock"):
        assert open_entries(workspace) == ["acme/a0"]
    (workspace.folder / "fixed").mkdir(mode=0o555)
    assert open_entries(workspace, "--state", "fixed/state.json") == ["acme/a0"]


def test_status_uses_the_state_file(workspace: Workspace) -> None:
    """Contract 4, rule 13: an incident that rolled out of its page's list is still open, as in `check`."""
    documents = statuspage("/acme", [incident("a1", "investigating")])
    workspace.vendor.put(documents)
    workspace.check()
    workspace.vendor.put(statuspage("/acme", [incident("a2", "resolved", at=datetime(2025, 2, 1, tzinfo=UTC))]))
    workspace.vendor.answer("/acme/api/v2/summary.json", "no", 500)
    assert open_entries(workspace) == ["acme/a1"]


def test_all_clear(workspace: Workspace) -> None:
    """Contract 2: "all clear" comes with the number of pages read; scheduled maintenance does not prevent it."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b1", "resolved"))
    soon = window("w1", "scheduled") | {"scheduled_for": "2199-01-01T00:00:00Z", "scheduled_until": None}
    workspace.acme(windows=(soon,))
    completed = workspace.run("status")
    assert completed.out.splitlines()[-1] == "All clear: 0 open · 1 scheduled · 2 of 2 pages read"
    assert "📅 SCHEDULED Acme - not stated · maintenance in " in completed.out
    assert workspace.run("status", "--fail-on", "minor").code == 0


def test_a_page_that_fails_is_unknown(workspace: Workspace) -> None:
    """Contract 5: a page that cannot be read is unknown, with the incidents of its last good read."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    workspace.check()
    workspace.vendor.answer(INCIDENTS, "no", 503)
    completed = workspace.run("status")
    assert completed.code == 0
    assert "As of the last good read of its page" in completed.out
    assert "❔ UNKNOWN   Acme - status page · HTTP 503 (" in completed.out
    assert completed.out.splitlines()[-1] == "1 open · 1 page unknown · 1 of 2 pages read"
    (entry,) = answer(workspace)["incidents"]
    assert entry["incident"]["as_of_last_good_read"] is True
    workspace.state.unlink()
    assert workspace.run("status").out.splitlines()[-1] == "0 open · 1 page unknown · 1 of 2 pages read"


def test_check_and_status_count_alike(workspace: Workspace) -> None:
    """Contract 7.7: the closing lines of `check` and `status` have the same counts."""
    workspace.watch("acme", "bolt")
    workspace.vendor.answer("/bolt/api/v2/incidents.json", "no", 503)
    soon = window("w1", "scheduled") | {"scheduled_for": "2199-01-01T00:00:00Z", "scheduled_until": None}
    incidents = [incident("a1", "investigating"), incident("a2", "identified")]
    workspace.acme(*incidents, windows=(window("w2", "in_progress"), soon))
    counts = "2 open · 1 maintenance in progress · 1 scheduled · 1 page unknown"
    assert f" · {counts} · " in workspace.check().err
    assert workspace.run("status").out.splitlines()[-1] == f"{counts} · 1 of 2 pages read"
    assert workspace.run("status", "--offline").out.splitlines()[-1].startswith(f"{counts} · ")


def test_short(workspace: Workspace) -> None:
    """Contract 2.1: --short has a line for each affected vendor, and one with the counts by impact."""
    workspace.watch("acme", "bolt")
    workspace.vendor.answer("/bolt/api/v2/incidents.json", "no", 503)
    workspace.acme(incident("a1", "investigating", impact="critical"), incident("a2", "identified"))
    assert workspace.run("status", "--short").out == (
        "🔴 Acme: 1 critical, 1 minor · Trouble a1\n❔ Bolt: unknown: HTTP 503\n1 critical · 1 minor · 1 page unknown\n"
    )


def test_a_suspicion_is_unknown(workspace: Workspace) -> None:
    """Contract 5: a document that may be an older copy is not believed here either."""
    workspace.check()
    workspace.acme()
    document = answer(workspace)
    assert [page["reason"] for page in document["unknown"]] == ["its history is suddenly empty"]
    assert [entry["incident"]["id"] for entry in document["incidents"]] == ["a0"]
    assert workspace.run("status", "--fail-on", "critical").code == 4


def test_an_entry_that_is_not_understood_is_unknown(workspace: Workspace) -> None:
    """Contract 5: an entry that could not be understood may be open: the rest counts, and the page is not fine."""
    bad = incident("a2", "investigating")
    del bad["name"]
    workspace.acme(incident("a1", "resolved"), bad)
    document = answer(workspace)
    assert (document["pages"], document["incidents"]) == ({"asked": 1, "read": 0}, [])
    assert document["unknown"][0]["reason"].startswith("an entry could not be understood: incidents.json: entry 1: ")
    assert "missing required field `name`" in document["unknown"][0]["reason"]
    assert workspace.run("status", "--fail-on", "major").code == 4


def test_offline(workspace: Workspace) -> None:
    """Contract 2.1: --offline answers from state.json alone, with the last message, and sends no request."""
    workspace.watch("acme", "bolt")
    workspace.bolt()
    workspace.acme(incident("a1", "investigating", "identified", impact="major", parts=["API"]))
    workspace.check("acme")
    count = len(workspace.vendor.requests)
    completed = workspace.run("status", "--offline")
    assert len(workspace.vendor.requests) == count
    assert completed.code == 0
    assert "             identified — It is identified. (" in completed.out
    assert "❔ UNKNOWN   Bolt - status page · never read" in completed.out
    assert completed.out.splitlines()[-1] == (
        f"1 open · 1 page unknown · 1 of 2 pages remembered · from the state file {workspace.state}"
    )
    assert answer(workspace, "--offline", "acme")["offline"] is True
    workspace.watch("acme", acme=f"{workspace.vendor.url}/moved")
    assert answer(workspace, "--offline")["unknown"][0]["reason"] == "never read"


def test_offline_failing_and_suspected(workspace: Workspace) -> None:
    """Contract 2: offline, a page that failed or looked wrong at its last read is unknown, and since when."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b0", "resolved"))
    workspace.check()
    workspace.vendor.answer(INCIDENTS, "no", 403)
    workspace.bolt()
    workspace.check()
    document = answer(workspace, "--offline")
    reasons = [re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "THEN", page["reason"]) for page in document["unknown"]]
    assert reasons == ["failing since THEN: HTTP 403", "suspected since THEN: its history is suddenly empty"]
    assert [entry["incident"]["as_of_last_good_read"] for entry in document["incidents"]] == [True]


def test_offline_without_a_state_file(workspace: Workspace) -> None:
    """Contract 2: without a state file every page is unknown, and that is never fine."""
    completed = workspace.run("status", "--offline")
    assert (completed.code, workspace.vendor.requests) == (0, [])
    assert "0 open · 1 page unknown · 0 of 1 page remembered" in completed.out
    assert workspace.run("status", "--offline", "--fail-on", "major").code == 4


@pytest.mark.parametrize("arguments", [(), ("--offline",)])
def test_a_broken_state_file_is_exit_3(workspace: Workspace, arguments: tuple[str, ...]) -> None:
    """Contract 8, code 3: a state.json that cannot be read is exit 3 here too, and the file is left alone."""
    workspace.state.write_bytes(b"nonsense\n")
    completed = workspace.run("status", *arguments)
    assert (completed.code, completed.out) == (3, "")
    assert "cannot be used" in completed.err
    assert workspace.state.read_bytes() == b"nonsense\n"


def test_pages(workspace: Workspace) -> None:
    """Contract 2.5c: PAGE limits it to some pages; a key that is not watched is exit 2."""
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b1", "investigating"))
    assert open_entries(workspace, "bolt") == ["bolt/b1"]
    assert {request.path.split("/")[1] for request in workspace.vendor.requests} == {"bolt"}
    completed = workspace.run("status", "blot")
    assert (completed.code, "did you mean 'bolt'?" in completed.err) == (2, True)


def test_filters_hide_nothing(workspace: Workspace) -> None:
    """Contract 2.5: filters decide what `check` reports; `status` shows everything that is open."""
    words = 'components = ["Web"]\nmin_impact = "critical"\nmaintenance = false\nkinds = ["resolved"]\n'
    workspace.watch("acme", settings=words)
    workspace.acme(
        incident("a1", "investigating", parts=["API"]), windows=(window("w1", "in_progress", parts=["API"]),)
    )
    assert open_entries(workspace) == ["acme/a1", "acme/w1"]


def gate(workspace: Workspace, *arguments: str) -> Completed:
    return workspace.run("status", "--quiet", *arguments)


def test_the_gate(workspace: Workspace) -> None:
    """Contract 8, code 10: --fail-on exits 10 when something at or above that impact is open on a component asked
    about.
    """
    workspace.acme(
        incident("a1", "investigating", impact="major", parts=["Login"]), windows=(window("w1", "in_progress"),)
    )
    codes = {word: gate(workspace, "--fail-on", word).code for word in ("minor", "major", "critical")}
    assert codes == {"minor": 10, "major": 10, "critical": 0}
    assert [gate(workspace, "--fail-on", "minor", "--component", glob).code for glob in ("log*", "API")] == [10, 0]
    assert gate(workspace, "--fail-on", "minor", "--component", "API", "--component", "Login").code == 10
    assert gate(workspace).code == 0
    err = workspace.run("status", "--fail-on", "minor").err
    assert err == "statuswatch: --fail-on minor: 1 incident of that, a higher or an unstated impact open\n"
    workspace.acme(incident("a1", "resolved", impact="critical"))
    assert gate(workspace, "--fail-on", "minor").code == 0


def test_the_gate_rejects_an_empty_component(workspace: Workspace) -> None:
    """Contract 3.10: an empty glob, as of an unset variable, would let everything pass: exit 2."""
    workspace.acme(incident("a1", "investigating", parts=["Login"]))
    assert gate(workspace, "--fail-on", "minor", "--component", "").code == 2


@pytest.mark.parametrize("impact", [None, "catastrophic"])
def test_the_gate_stops_at_what_is_not_stated(workspace: Workspace, impact: str | None) -> None:
    """Contract 3.6: an impact or a component that the vendor does not state may be the one: the gate stops."""
    workspace.acme(incident("a1", "investigating") | {"impact": impact})
    completed = gate(workspace, "--fail-on", "critical", "--component", "Login")
    assert completed.code == 10
    assert "impact not stated" in completed.out
    assert "Passes the filter on components" in completed.out


def test_the_gate_and_what_is_unknown(workspace: Workspace) -> None:
    """Contract 8, codes 4 and 10, and 8.1: 4 where a page was not read, unless --allow-unknown; an open incident
    comes first.
    """
    workspace.watch("acme", "bolt")
    workspace.bolt(incident("b1", "investigating", impact="major", parts=["Chat"]))
    workspace.vendor.answer(INCIDENTS, "no", 503)
    completed = gate(workspace, "--fail-on", "critical")
    assert completed.code == 4
    assert completed.err == (
        "statuswatch: error: --fail-on critical: the state of acme is unknown: try again, or pass --allow-unknown\n"
    )
    assert "❔ UNKNOWN   Acme - status page · HTTP 503" in completed.out
    assert gate(workspace, "--fail-on", "critical", "--allow-unknown").code == 0
    assert gate(workspace, "--fail-on", "critical", "bolt").code == 0
    assert gate(workspace, "--fail-on", "major").code == 10
    assert gate(workspace, "--fail-on", "major", "--allow-unknown").code == 10
    assert gate(workspace, "--allow-unknown").code == 0
    assert gate(workspace).code == 0


def test_the_gate_remembers(workspace: Workspace) -> None:
    """Contract 8, code 10: an incident of the last good read stops too, while its page cannot be read."""
    workspace.acme(incident("a1", "investigating", impact="major"))
    workspace.check()
    workspace.vendor.answer(INCIDENTS, "no", 503)
    assert gate(workspace, "--fail-on", "major", "--allow-unknown").code == 10
    assert gate(workspace, "--fail-on", "critical").code == 4


def test_no_page_answered(workspace: Workspace, dead: str) -> None:
    """Contract 8, code 4: where no page answers at all it is exit 4, with any option; offline no page has to answer."""
    workspace.check()
    workspace.watch("acme", acme=dead)
    completed = workspace.run("status")
    assert completed.code == 4
    assert completed.err == "statuswatch: error: no page answered at all: check your own network\n"
    assert "1 open · 1 page unknown · 0 of 1 page read" in completed.out  # as of the last good read, at the old address
    assert gate(workspace, "--fail-on", "major").code == 4
    assert gate(workspace, "--fail-on", "major", "--allow-unknown").code == 0
    assert gate(workspace, "--offline").code == 0


def test_on_a_terminal(workspace: Workspace) -> None:
    """Contract 2: a progress bar shows on a terminal only, not offline, and is gone before the answer."""
    output = on_a_terminal(workspace, "status")
    assert output.rindex("reading pages") < output.index("🟡")
    assert "reading pages" not in on_a_terminal(workspace, "status", "--quiet")
    assert "reading pages" not in on_a_terminal(workspace, "status", "--offline")


def test_on_a_dumb_terminal(workspace: Workspace) -> None:
    """A terminal without a cursor to move gets lines of its own width, and no progress bar."""
    output = on_a_terminal(workspace, "status", term="dumb", columns=40)
    assert output.startswith("🟡") and all(len(line) <= 40 or "http" in line for line in output.splitlines())


def test_a_recognised_platform_is_a_remark(workspace: Workspace) -> None:
    """Contract 3: a platform that was recognised is a remark on stderr; --quiet leaves the answer alone."""
    workspace.watch("mine", mine=f"{workspace.vendor.url}/acme")
    assert 'write it down: platform = "statuspage" in [page.mine]' in workspace.run("status").err
    assert workspace.run("status", "--quiet").err == ""


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_answer_that_cannot_be_printed(workspace: Workspace, form: str) -> None:
    """Contract 8, code 5: an answer that nobody reads is exit 5, not a bug, and passes no gate."""
    completed = workspace.run_in_shell(">&-", "status", "--format", form, "--fail-on", "critical")
    assert (completed.code, "Traceback" in completed.err) == (5, False)
    assert "the answer could not be printed" in completed.err
    if (full := Path("/dev/full")).exists():
        with full.open("wb") as stdout:
            assert workspace.run("status", "--format", form, stdout=stdout).code == 5

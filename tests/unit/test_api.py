"""The Python API: the commands' answers as types, without their output."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import statuswatch
from statuswatch import api
from tests.support.fake_receiver import FakeReceiver
from tests.support.fake_vendor import incident, window

if TYPE_CHECKING:
    from tests.support.workspace import Workspace


@pytest.fixture
def folder(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Make the workspace the working directory of this process, as a program has one."""
    monkeypatch.chdir(workspace.folder)
    monkeypatch.setenv("HOME", workspace.env["HOME"])
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.delenv("STATUSWATCH_CONFIG", raising=False)
    return workspace


def as_json(report: msgspec.Struct) -> Any:
    return json.loads(msgspec.json.encode(report))


def test_status_is_what_the_command_prints(folder: Workspace) -> None:
    """Contract 2.10: `status()` has every field of `status --format json`, and nothing else."""
    muted = '[[mute]]\npage = "acme"\nincident = "a0"\nuntil = 2999-01-01T00:00:00Z\n'
    folder.watch("acme", "bolt", settings="")
    with (folder.folder / "statuswatch.toml").open("a") as file:
        file.write(muted)
    folder.acme(incident("a0", "investigating", parts=["API"]), windows=(window("m1", "scheduled"),))
    report = statuswatch.status()
    printed = json.loads(folder.run("status", "--format", "json").out)
    assert as_json(report) | {"at": printed["at"]} == printed
    assert [entry.incident.id for entry in report.incidents] == ["a0", "m1"]
    assert (report.incidents[0].incident.muted, bool(report.incidents[1].incident.muted)) == (True, False)
    assert [(page.key, page.reason) for page in report.unknown] == [("bolt", "HTTP 404")]
    hash(report)


def test_status_of_some_pages(folder: Workspace) -> None:
    """Contract 2.10: `pages` takes what the command takes; a word alone is a mistake, and so is one that means no
    page.
    """
    assert statuswatch.status(pages=["ACME"]).pages == statuswatch.PageCounts(requested=1, read=1)
    with pytest.raises(statuswatch.UsageError, match="give a list"):
        statuswatch.status(pages="acme")
    with pytest.raises(statuswatch.UsageError, match="unknown page 'nowhere-at-all'"):
        statuswatch.status(pages=["nowhere-at-all"])
    with pytest.raises(statuswatch.UsageError, match="cannot be read"):
        statuswatch.status("absent.toml")


def test_status_offline(folder: Workspace) -> None:
    """Contract 2.10: with `offline` the state file answers, and no page is read."""
    folder.check()
    folder.vendor.requests.clear()
    report = statuswatch.status(offline=True)
    assert report.offline
    assert [entry.incident.id for entry in report.incidents] == ["a0"]
    assert folder.vendor.requests == []


def test_read_returns_what_is_open_and_all_that_is_listed(folder: Workspace) -> None:
    """Contract 2.10: `read(page)` takes a key, an alias or an address; it lists closed incidents too, and writes
    nothing.
    """
    folder.acme(incident("a0", "investigating", parts=["API"]), incident("a1", "investigating", "resolved"))
    before = folder.files()
    report = statuswatch.read("acme")
    assert (report.page.key, report.platform, report.unknown, report.caution) == ("acme", "statuspage", "", "")
    assert [entry.id for entry in report.open] == ["a0"]
    assert {entry.id: entry.status for entry in report.listed} == {"a0": "investigating", "a1": "resolved"}
    assert [update.status for update in report.listed[0].updates] == ["investigating", "resolved"]
    assert statuswatch.read(f"{folder.vendor.url}/acme").listed == report.listed
    assert folder.files() == before


def test_read_says_why_a_page_is_unknown(folder: Workspace) -> None:
    """Contract 2.10: a page that cannot be read is an answer, not an error."""
    folder.vendor.answer("/acme/api/v2/incidents.json", "<html>", 500)
    report = statuswatch.read("acme")
    assert (report.unknown, report.open, report.listed) == ("HTTP 500", (), ())


def test_check_is_the_command(folder: Workspace) -> None:
    """Contract 2.10: `check()` has a baseline, then events with the ids of the command; it delivers, saves, and
    prints nothing.
    """
    with FakeReceiver() as receiver:
        folder.watch("acme")
        with (folder.folder / "statuswatch.toml").open("a") as file:
            file.write('[[notify]]\nsink = "webhook"\nurl_env = "HOOK"\n')
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HOOK", f"{receiver.url}/hook")
            first = statuswatch.check()
            assert (first.baseline, first.events, first.changed) == (("acme",), (), True)
            folder.acme(incident("a0", "investigating", "resolved"))
            rehearsed = statuswatch.check(dry_run=True)
            second = statuswatch.check()
        (event,) = second.events
        assert rehearsed.events[0].id == event.id
        assert (event.event, event.incident.id, event.changes) == ("resolved", "a0", ("status",))
        assert bool(event.muted) is False
        assert second.sinks == (statuswatch.SinkReport("webhook", 1, 0, 0),)
        assert [request.headers["Idempotency-Key"] for request in receiver.requests] == [event.id]
        assert second.status.incidents == ()
        assert folder.events() == []


def test_check_archives(folder: Workspace) -> None:
    """Contract 2.10: every event is appended to the archive of the configuration, but in a dry run."""
    folder.watch("acme", top='history = "history"')
    statuswatch.check()
    folder.acme(incident("a0", "investigating", "resolved"))
    statuswatch.check(dry_run=True)
    assert not (folder.folder / "history").exists()
    (event,) = statuswatch.check().events
    (month,) = (folder.folder / "history").glob("*.jsonl")
    assert json.loads(month.read_text())["id"] == event.id


def test_nothing_is_saved_where_the_handler_fails(folder: Workspace) -> None:
    """Contract 2.10: at least once: what `on_events` raises ends the run, and the next run has the same events."""
    statuswatch.check()
    folder.acme(incident("a0", "investigating", "resolved"))
    before = folder.state.read_bytes()

    def fail(events: tuple[statuswatch.EventLine, ...]) -> None:
        raise OSError(f"no room for {len(events)}")

    with pytest.raises(OSError, match="no room for 1"):
        statuswatch.check(on_events=fail)
    assert folder.state.read_bytes() == before
    received: list[statuswatch.EventLine] = []
    report = statuswatch.check(on_events=received.extend)
    assert tuple(received) == report.events


def test_what_a_sink_rejects_is_no_error(folder: Workspace) -> None:
    """Contract 2.10: the events of the run are returned all the same; what waits for the sink is named."""
    statuswatch.check()
    with (folder.folder / "statuswatch.toml").open("a") as file:
        file.write('[[notify]]\nsink = "webhook"\nurl_env = "UNSET_HOOK"\n')
    folder.acme(incident("a0", "investigating", "resolved"))
    report = statuswatch.check()
    assert len(report.events) == 1
    assert "UNSET_HOOK" in report.rejections[0]


def test_no_page_answered(folder: Workspace, dead: str) -> None:
    """Contract 2.10: `status` and `check` raise NetworkError where no page answered at all; nothing is written then."""
    folder.watch("acme", acme=dead)
    with pytest.raises(statuswatch.NetworkError):
        statuswatch.status()
    with pytest.raises(statuswatch.NetworkError):
        statuswatch.check()
    assert not folder.state.exists()
    assert statuswatch.read("acme").unknown


def test_inside_a_running_event_loop(folder: Workspace) -> None:
    """Contract 2.10: a notebook has a running loop: the call works, and blocks it. `asyncio.to_thread` keeps the
    loop free.
    """

    async def program() -> list[statuswatch.PageReport]:
        return [statuswatch.read("acme"), await asyncio.to_thread(statuswatch.read, "acme")]

    assert [report.unknown for report in asyncio.run(program())] == ["", ""]


def test_import_imports_nothing() -> None:
    """Contract 2.10: `import statuswatch` imports no other module; a name that is not public does not exist."""
    program = "import sys; before = set(sys.modules); import statuswatch; print(*(set(sys.modules) - before))"
    command = [sys.executable, "-S", "-c", program]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=statuswatch.__path__[0] + "/..")
    assert printed.stdout.split() == ["statuswatch"]
    with pytest.raises(AttributeError, match="no attribute 'nothing_public'"):
        statuswatch.nothing_public  # type: ignore[attr-defined]  # noqa: B018


def test_the_public_names() -> None:
    """Contract 2.10: what is public is what `statuswatch.__all__` lists; the types of answers are frozen."""
    assert sorted({*api.__all__, "__version__"}) == sorted(statuswatch.__all__)
    for name in statuswatch.__all__:
        value = getattr(statuswatch, name)
        if isinstance(value, type) and issubclass(value, msgspec.Struct):
            assert value.__struct_config__.frozen, name

"""Section 6 of the contract: state.json, whole or not at all."""

import errno
import json
import os
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from statuswatch import state, text
from statuswatch.errors import StateError
from statuswatch.model.event import PendingDelivery
from statuswatch.model.incident import Component, Impact, Moment
from statuswatch.model.state import EncodedPage, Failing, IncidentRecord, PageState, State
from tests.proofs.crash.fault_injection import ERRNOS, Faults
from tests.support.sending import new_deliveries
from tests.support.workspace import Workspace

NOW = datetime(2026, 3, 7, 9, 0, tzinfo=UTC)
PAGE = PageState(
    url="https://status.acme.example",
    platform="statuspage",
    baseline=NOW,
    identity="acme",
    incidents={
        "b": IncidentRecord(
            status="resolved", impact=Impact.MINOR, title="9f2c41d0", last_update_at=NOW, updates="Aq3xT9Nd"
        )
    },
)


PAGES = {"a": state.encode_page(PAGE)}


def save(path: Path, pages: dict[str, EncodedPage]) -> bool:
    return state.StateFile(path).save(State(pages))


def test_format(tmp_path: Path) -> None:
    """Contract 6.1: one file, versioned, sorted keys, one incident a line, final newline."""
    file = state.StateFile(tmp_path / "state.json")
    assert file.save(State({"z": state.encode_page(PAGE), "a": state.encode_page(PAGE)}))
    content = (tmp_path / "state.json").read_text()
    page = """{
   "baseline": "2026-03-07T09:00:00Z",
   "identity": "acme",
   "incidents": {
    "b": {"impact":"minor","last":"2026-03-07T09:00:00Z","status":"resolved","title":"9f2c41d0","updates":"Aq3xT9Nd"}
   },
   "platform": "statuspage",
   "url": "https://status.acme.example"
  }"""
    assert content == f'{{\n "pages": {{\n  "a": {page},\n  "z": {page}\n }},\n "version": 1\n}}\n'
    assert json.loads(content)


def test_the_repositorys_own() -> None:
    """6: the state.json of the repository starts as a valid empty one."""
    own = Path(__file__).parents[2] / "state.json"
    assert state.decode(own.read_bytes(), "state.json") == State() or b'"openai"' in own.read_bytes()
    assert b"".join(state.encode(State())) == b'{\n "pages": {},\n "version": 1\n}\n'


PLAIN: Final[dict[Any, st.SearchStrategy[Any]]] = {
    str: st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(text.line),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    type(None): st.none(),
    msgspec.UnsetType: st.just(msgspec.UNSET),
}


MOMENTS: Final = st.datetimes(timezones=st.just(UTC))
FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "status": st.sampled_from(["investigating", "in_progress", "resolved", "Störung"]),
    "update_times": st.sampled_from(["", "Aq3xT9s9k2", "Aq3xT9s9k2~ g/o2Ow-1"]),
    "updates": st.sampled_from(["", "Aq3xT9Nd", "Aq3xT9Ndg/o2Ow Aq3xT9Ndg/o2Ow~ +q3xT9Nd"]),
    "url": st.sampled_from(["", 'https://status.acme.example/é?a=\\"', "HTTP://127.0.0.1:80/"]),
    "body": st.text(st.characters(exclude_categories=["Cs"]), max_size=20).map(text.lines),
}


def anything(of: Any) -> st.SearchStrategy[Any]:
    """Whatever a type of the model allows: every field of a struct, those that are added later too."""
    if of is Moment or of in PLAIN:
        return PLAIN.get(of, MOMENTS)
    parts = get_args(of)
    match get_origin(of):
        case None if issubclass(of, Enum):
            return st.sampled_from(of)
        case None:
            hints = get_type_hints(of, include_extras=True)
            fields = {field.name: field_of(field.name, hints[field.name]) for field in msgspec.structs.fields(of)}
            return st.fixed_dictionaries(fields).map(lambda values: of(**values))
        case origin if origin is tuple:
            return st.lists(anything(parts[0]), max_size=2).map(tuple)
        case origin if origin is dict:
            return st.dictionaries(anything(parts[0]), anything(parts[1]), max_size=2)
        case _:
            return st.one_of([anything(part) for part in parts])


def field_of(name: str, hint: Any) -> st.SearchStrategy[Any]:
    """What a field may hold; `updates` are digests in a record, and texts in an event."""
    return FIELDS[name] if hint is str and name in FIELDS else anything(hint)


keys = st.text('ab<>"é', max_size=3)


@given(
    st.dictionaries(keys, anything(PageState), max_size=2),
    st.dictionaries(keys, st.lists(anything(PendingDelivery), min_size=1, max_size=2).map(tuple), max_size=2),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
def test_round_trip(pages: dict[str, PageState], waiting: dict[str, tuple[PendingDelivery, ...]]) -> None:
    """6: pages and outbox are read back as they were and written again byte for byte, whatever the order in which
    they were learned.
    """
    started = {name: tuple(f"acme/{number}" for number in range(len(queue))) for name, queue in waiting.items()}
    whole = State(pages={key: state.encode_page(page) for key, page in pages.items()}, outbox=waiting, started=started)
    content = b"".join(state.encode(whole))
    loaded = state.decode(content, "state.json")
    read = {key: state.decode_page(page, key, "state.json") for key, page in loaded.pages.items()}
    assert read == pages and (loaded.outbox, loaded.started) == (waiting, started)
    assert b"".join(state.encode(loaded)) == content
    turned = {key: state.encode_page(turned_round(page)) for key, page in reversed(read.items())}
    outbox, starts = (dict(reversed([*table.items()])) for table in (loaded.outbox, loaded.started))
    assert b"".join(state.encode(State(pages=turned, outbox=outbox, started=starts))) == content
    assert_made_for_git(content, pages, waiting)


def turned_round(page: PageState) -> PageState:
    """The same state, learned in another order."""
    fields = {name: getattr(page, name) for name in ("updated_at", "validators", "names", "incidents")}
    return msgspec.structs.replace(page, **{name: dict(reversed(values.items())) for name, values in fields.items()})


def assert_made_for_git(
    content: bytes, pages: dict[str, PageState], waiting: dict[str, tuple[PendingDelivery, ...]]
) -> None:
    """6: sorted keys at every level, a line for each incident and each event that waits, a final newline."""
    levels: list[list[str]] = []
    json.loads(content, object_pairs_hook=lambda pairs: levels.append([key for key, _ in pairs]))
    assert all(level == sorted(level) for level in levels)
    assert content.endswith(b"}\n") and b"\n\n" not in content
    lines = content.decode().split("\n")
    for key, record in ((key, record) for page in pages.values() for key, record in page.incidents.items()):
        line = f"    {encoded(key)}: {encoded(record)}"
        assert line in lines or f"{line}," in lines
    for deliveries in waiting.values():
        for delivery in deliveries:
            assert any(f"   {encoded(delivery)}{end}" in lines for end in (",", "]", "],"))


def encoded(value: object) -> str:
    return msgspec.json.encode(value, order="sorted").decode()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "it is empty"),
        (b"{", "truncated"),
        (b"\xff", "the state file cannot be used: "),
        (b"[]", "Expected `object`"),
        (b'{"version": 2, "pages": {}}', "it is of version 2, and this program reads version 1"),
        (b'{"version": 1}', "missing required field `pages`"),
        (b'{"version": 1, "pages": {}, "more": 1}', "unknown field `more`"),
        (b'<<<<<<< HEAD\n{"version": 1}\n=======\n{}\n>>>>>>> main\n', "git conflict markers"),
        (b'{"version": 1,\n<<<<<<< HEAD\n "pages": {}}\n', "git conflict markers"),
        (b'{"version": 1,\n "pages": {}}\n>>>>>>> main\n', "git conflict markers"),  # half resolved
    ],
)
def test_unreadable(tmp_path: Path, content: bytes, expected: str) -> None:
    """Contract 6.5: an unreadable state file ends the run, says how to recover, and is not touched."""
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(StateError) as raised:
        state.StateFile(tmp_path / "state.json").load()
    assert expected in str(raised.value) and "git checkout" in str(raised.value)
    assert "Nothing was reported and nothing was written" in str(raised.value)
    assert (tmp_path / "state.json").read_bytes() == content


@pytest.mark.parametrize("field", ['"baseline": "2026-03-07T09:00:00"', '"url": 1', '"unknown": 1'])
def test_unreadable_page(field: str) -> None:
    """6: so does a page in the file that is not as we write it, for example with a time without a zone."""
    block = state.encode_page(PAGE).replace(b'"baseline": "2026-03-07T09:00:00Z"', field.encode())
    with pytest.raises(StateError, match="page acme"):
        state.decode_page(block, "acme", "state.json")


@pytest.mark.parametrize("field", ["created_at", "position", "display_at", "scheduled_for", "detected_at", "since"])
def test_what_waits_has_times_with_a_zone(field: str) -> None:
    """6: so does an event that waits for a sink, at any place where it has a time."""
    content = b"".join(state.encode(State(outbox={"hook": new_deliveries(1)})))
    loaded = state.decode(content, "state.json")
    assert b"".join(state.encode(loaded)) == content
    broken = re.sub(rb'("%s":)("[^"]*"|null)' % field.encode(), rb'\1"2026-03-07T09:00:00"', content)
    assert broken != content
    with pytest.raises(StateError, match="timezone"):
        state.decode(broken, "state.json")


def test_an_unchanged_state_is_not_written(tmp_path: Path) -> None:
    """Contract 6.1: a state that is as it was is not written again."""
    path = tmp_path / "state.json"
    save(path, PAGES)
    path.chmod(0o444)
    before = path.stat()
    file = state.StateFile(path)
    assert file.save(file.load()) is False
    assert path.stat().st_mtime_ns == before.st_mtime_ns and path.stat().st_ino == before.st_ino


def test_links_and_modes_survive(tmp_path: Path) -> None:
    """6: a state.json that is a link stays one, and the file keeps its permissions."""
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "kept.json", tmp_path / "state.json"
    real.write_bytes(b"".join(state.encode(State())))
    real.chmod(0o640)
    link.symlink_to(real)
    file = state.StateFile(link)
    file.load()
    assert file.save(State(PAGES))
    assert link.is_symlink() and b'"a"' in real.read_bytes()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert [path.name for path in (tmp_path / "real").iterdir()] == ["kept.json"]


@pytest.mark.parametrize("number", ERRNOS, ids=errno.errorcode.get)
def test_any_failing_call_leaves_the_old_file_or_the_new_one(tmp_path: Path, number: int) -> None:
    """Contract 6.4: whichever system call fails, the file is whole: the old one, and the run says why, or the new one;
    and nothing but the lock is left beside it.
    """
    old, new = (b"".join(state.encode(State(pages={key: state.encode_page(PAGE)}))) for key in "ab")
    path, fails, failed_calls = tmp_path / "state.json", 0, set()
    while True:
        fails += 1
        path.write_bytes(old)
        (tmp_path / ".state.json.lock").unlink(missing_ok=True)
        message = ""
        with Faults(tmp_path, fails, number) as faults:
            try:
                file = state.StateFile(path)
                with file.locked():
                    file.load()
                    file.save(State({"b": state.encode_page(PAGE)}))
            except StateError as error:
                message = str(error)
        assert path.read_bytes() == (old if message else new)
        kept = {"state.json", ".state.json.lock"} if faults.calls[fails - 1 :] else {"state.json"}
        assert {found.name for found in tmp_path.iterdir()} <= kept
        if len(faults.calls) < fails:
            break
        assert not message or os.strerror(number) in message
        failed_calls.add((faults.calls[fails - 1], bool(message)))
    assert not message and {(call, True) for call in ("open", "read", "write", "fsync", "replace")} <= failed_calls


@pytest.mark.parametrize("kind", ["fifo", "device"])
def test_what_is_not_a_file(workspace: Workspace, kind: str) -> None:
    """6: what stands in the place of state.json and is no file is neither opened, which may never end, nor replaced."""
    if kind == "fifo":
        os.mkfifo(workspace.state)
    else:
        workspace.state.symlink_to("/dev/full")
    before, listed = workspace.state.lstat().st_ino, sorted(workspace.folder.iterdir())
    completed = workspace.run(*(("status", "--offline") if kind == "fifo" else ("check", "-q")))
    assert (completed.code, completed.out) == (3, "")
    assert "the state file cannot be used: it is a FIFO, a socket or a device, not a file (" in completed.err
    assert workspace.state.lstat().st_ino == before and sorted(workspace.folder.iterdir()) == listed


def test_links(tmp_path: Path) -> None:
    """6: a link is followed, also to a file that is not there yet; one to nowhere or in a circle is an error."""
    (tmp_path / "real").mkdir()
    link, loop, lost = (tmp_path / name for name in ("link", "loop", "lost"))
    link.symlink_to("real/state.json")
    loop.symlink_to("loop")
    lost.symlink_to("gone/state.json")
    with (file := state.StateFile(link)).locked():
        assert file.load() == State() and file.save(State(PAGES))
    assert link.is_symlink() and (tmp_path / "real" / "state.json").is_file()
    for path, reason in ((loop, "cannot be read: Too many levels"), (lost, f"does not exist: {tmp_path / 'gone'}")):
        with pytest.raises(StateError, match=reason), state.StateFile(path).locked():
            pytest.fail("it was locked")


def test_a_hard_link_keeps_what_was(tmp_path: Path) -> None:
    """6: the file is replaced whole: another name of the old one stays the old one."""
    path, other = tmp_path / "state.json", tmp_path / "other"
    save(path, {})
    other.hardlink_to(path)
    before = other.read_bytes()
    assert save(path, PAGES)
    assert other.read_bytes() == before != path.read_bytes()


def test_what_killed_runs_left_is_removed(tmp_path: Path) -> None:
    """6: the next write removes what runs left that were killed while they wrote, and nothing else."""
    path = tmp_path / "s[a]*.json"
    leftovers = [f".{path.name}.{name}.tmp" for name in ("abcd1234", "_x_y_z_1")]
    kept = [f".{path.name}.lock", f".{path.name}.original", ".other.json.abcd1234.tmp", ".sa*.json.abcd1234.tmp"]
    for name in (*leftovers, *kept):
        (tmp_path / name).touch()
    save(path, {})
    assert sorted(found.name for found in tmp_path.iterdir()) == sorted([path.name, *kept])


@pytest.mark.parametrize(
    "name", ["n" * 300, "new\n::error::line", "d/" * 3000, "none/state.json", ".", "/", "state.json/x"]
)
def test_odd_names(tmp_path: Path, name: str) -> None:
    """Contract 8, code 3: a name that cannot be one is an error that says so in one line; one that can be is one."""
    (tmp_path / "state.json").touch()
    file = state.StateFile(tmp_path / name)
    assert file.name.splitlines() == [file.name]
    if "\n" in name:
        with file.locked():
            assert file.save(State(PAGES)) and (tmp_path / name).is_file()
        return
    with pytest.raises(StateError) as raised, file.locked():
        pytest.fail("it was locked")
    assert f" ({file.name}): " in str(raised.value)


def test_what_cannot_be_saved_is_not_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """6: a folder that is not writable any more ends the run before anything is reported."""
    with state.StateFile(tmp_path / "state.json").locked():
        pass
    monkeypatch.setattr(os, "access", lambda *_: False)
    with (
        pytest.raises(StateError, match=r"cannot be locked: Permission denied.*\.state\.json\.lock"),
        state.StateFile(tmp_path / "state.json").locked(),
    ):
        pytest.fail("it was locked")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc here")
def test_a_lock_that_cannot_be_made_is_held_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """6: where no lock can be made, no other run is named as holding it."""
    monkeypatch.setattr(state, "LOCK_TIMEOUT", 0.05)
    with (
        pytest.raises(StateError, match=r"cannot be locked: (the lock cannot be made there|No such file)"),
        state.StateFile(Path("/proc/state.json")).locked(),
    ):
        pytest.fail("it was locked")


def test_a_second_run_waits_then_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 6.6: two runs at once on one file: the second waits a moment for the lock, then ends."""
    monkeypatch.setattr(state, "LOCK_TIMEOUT", 0.05)
    first, second = (state.StateFile(tmp_path / "state.json") for _ in range(2))
    with first.locked(), pytest.raises(StateError, match="in use by another run"), second.locked():
        pytest.fail("both hold it")
    with second.locked():
        pass


# Many short runs: each notes that it has the lock, in a file that must not exist yet.
SHORT_RUNS: Final = """
import os, sys
from pathlib import Path
from statuswatch import state
state.LOCK_TIMEOUT = 120.0
path, held = Path(sys.argv[1]), Path(sys.argv[1]).with_name("held")
for _ in range(30):
    with state.StateFile(path).locked():
        os.close(os.open(held, os.O_CREAT | os.O_EXCL))
        held.unlink()
"""


def test_many_short_runs_at_once(tmp_path: Path) -> None:
    """Contract 6.11: of many short runs at once never two have the lock, and its file is not left behind."""
    command = [sys.executable, "-c", SHORT_RUNS, str(tmp_path / "state.json")]
    runs = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(5)]
    assert [run.communicate()[1] for run in runs] == [b""] * len(runs)
    assert [run.returncode for run in runs] == [0] * len(runs)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_on_a_deleted_file_keeps_nobody_away(tmp_path: Path) -> None:
    """Contract 6.11: whoever acquires the lock looks whether its path still names the file that is locked."""
    lock = FileLock(tmp_path / "lock")
    with lock:
        assert state._names_its_file(lock)
        (tmp_path / "lock").unlink()
        assert not state._names_its_file(lock)
        (tmp_path / "lock").touch()
        assert not state._names_its_file(lock)
        lock.release()
        assert not state._names_its_file(lock)


def test_a_run_that_waits_in_vain_deletes_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 6.11: only the run that has the lock deletes its file."""
    monkeypatch.setattr(state, "LOCK_TIMEOUT", 0.05)
    first, second = (state.StateFile(tmp_path / "state.json") for _ in range(2))
    with first.locked():
        for _ in range(2):
            with pytest.raises(StateError, match="in use by another run"), second.locked():
                pytest.fail("both have it")
        assert (tmp_path / ".state.json.lock").exists()
    assert not (tmp_path / ".state.json.lock").exists()


def test_a_killed_run_holds_no_lock(tmp_path: Path) -> None:
    """6: a killed run leaves no lock."""
    lock = tmp_path / ".state.json.lock"
    program = (
        f"import filelock; lock = filelock.FileLock({str(lock)!r}); lock.acquire(); print('held', flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout and other.stdout.readline() == b"held\n"
        with pytest.raises(TimeoutError):
            FileLock(lock, timeout=0).acquire()
        other.kill()
    with state.StateFile(tmp_path / "state.json").locked():
        pass
    assert not lock.exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """8: where state.json could not be written the run ends before it reads anything."""
    with (
        pytest.raises(StateError, match="the folder of the state file does not exist"),
        state.StateFile(tmp_path / "none" / "state.json").locked(),
    ):
        pytest.fail("it was locked")


def test_the_folder_is_flushed_after_the_file_was_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract 6.4: the file is flushed before it gets its name, and its folder after that: the new name survives a
    power cut.
    """
    steps: list[str] = []
    flush, replace = os.fsync, Path.replace

    def record_flush(descriptor: int) -> None:
        steps.append("flush folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "flush file")
        flush(descriptor)

    def record_replace(path: Path, target: Path) -> Path:
        steps.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", record_flush)
    monkeypatch.setattr(Path, "replace", record_replace)
    assert save(tmp_path / "state.json", PAGES)
    assert steps == ["flush file", "rename", "flush folder"]


def test_is_failing_looks_at_the_first_bytes_only() -> None:
    """A page is known to fail without decoding it; a component or an incident of that name is no failure."""
    named = msgspec.structs.replace(PAGE, names={"failing": Component("Login")}, identity="i" * 200)
    assert b'"failing":' in state.encode_page(named)
    assert not state.is_failing(state.encode_page(named))
    failing = msgspec.structs.replace(named, failing=Failing(NOW, "HTTP 500"))
    assert state.is_failing(state.encode_page(failing))
    assert not state.is_failing(state.encode_page(PAGE)) and not state.is_failing(b"")


def test_keys_of_a_file_are_read_in_lower_case(tmp_path: Path) -> None:
    """Contract 3.3b: the state of a page whose key had an upper case before is not lost; two such keys stay one
    page.
    """
    path = tmp_path / "state.json"
    page = PageState(url="https://status.acme.example", platform="statuspage")
    path.write_bytes(
        b"".join(
            state.encode(State(pages={"Acme": state.encode_page(page), "ACME": b"{}", "acme": state.encode_page(page)}))
        )
    )
    before = path.read_bytes()
    loaded = state.StateFile(path).load()
    assert [*loaded.pages] == ["acme"]
    assert state.decode_page(loaded.pages["acme"], "acme", "x") == page
    assert path.read_bytes() == before

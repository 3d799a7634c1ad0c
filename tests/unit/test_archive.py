"""Section 6 of the contract: the archive, appended line by line, read whatever became of its files."""

import errno
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from statuswatch.errors import StateError
from statuswatch.history.archive import append_events, read_archive
from statuswatch.model.event import Change, Event, EventKind, PendingDelivery
from statuswatch.model.history import ArchiveReading
from tests.proofs.crash.fault_injection import Faults
from tests.support.archive_lines import month_files
from tests.support.hostile_text import ALL_SPLICES
from tests.support.sample_events import NEW, RESOLVED, UPDATED, event

NOVEMBER = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)


def named(key: str, kind: EventKind = NEW, *changes: Change, incident: str = "i1") -> Event:
    return msgspec.structs.replace(event(kind, *changes, id=incident), id=key)


def waits(key: str, at: datetime = NOVEMBER, kind: EventKind = NEW, incident: str = "i1") -> PendingDelivery:
    return PendingDelivery(named(key, kind, incident=incident), at)


def ids(reading: ArchiveReading) -> list[str]:
    return [event.id for event in reading.events]


def test_a_file_for_each_month_of_detection(tmp_path: Path) -> None:
    """Contract 6.13: every event is one JSON line as in section 7, in the file of the month in which it was
    detected.
    """
    folder = tmp_path / "history"
    held = PendingDelivery(named("c"), DECEMBER, filtered=True, muted=True)
    appended = append_events(folder, [waits("a"), waits("b", DECEMBER), held])
    assert (appended.count, appended.waiting) == (3, ())
    files = month_files(folder)
    assert list(files) == ["2026-11.jsonl", "2026-12.jsonl"]
    first, (_, last) = json.loads(files["2026-11.jsonl"][0]), map(json.loads, files["2026-12.jsonl"])
    assert (first["schema"], first["id"], first["detected_at"]) == (1, "a", "2026-11-30T23:59:00Z")
    assert "filtered" not in first and "muted" not in first
    assert last["filtered"] is last["muted"] is True
    reading = read_archive(folder)
    assert ids(reading) == ["a", "b", "c"] and not reading.problems
    assert [event.filtered for event in reading.events] == [False, False, True]


def test_a_new_folder_has_the_attributes_of_its_merge(tmp_path: Path) -> None:
    """6: git joins the lines of two branches; a folder of the user's own is left as it is."""
    append_events(tmp_path / "new" / "history", [waits("a")])
    assert (tmp_path / "new" / "history" / ".gitattributes").read_text() == "*.jsonl merge=union\n"
    append_events(tmp_path / "new", [waits("a")])
    assert not (tmp_path / "new" / ".gitattributes").exists()


def test_a_cut_line_is_skipped_and_the_next_begins_a_new_one(tmp_path: Path) -> None:
    """Contract 6.13: a truncated last line is skipped with a warning, and the next run starts a new line after it."""
    append_events(tmp_path, [waits("a"), waits("b")])
    path = tmp_path / "2026-11.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    reading = read_archive(tmp_path)
    assert ids(reading) == ["a"]
    assert reading.problems == (f"{path}: 1 line is no event and was skipped (the first is line 2)",)
    append_events(tmp_path, [waits("c")])
    assert ids(read_archive(tmp_path)) == ["a", "c"]
    append_events(tmp_path, [waits("b")])  # as the run does that was killed and repeated
    reading = read_archive(tmp_path)
    assert ids(reading) == ["a", "b", "c"] and not reading.problems


def test_lines_in_any_order_and_twice(tmp_path: Path) -> None:
    """Contract 6.13: repeats are harmless, and so is the order in which a merge joins the lines."""
    append_events(tmp_path, [waits("a"), waits("b", NOVEMBER + timedelta(seconds=1)), waits("c", DECEMBER)])
    append_events(tmp_path, [waits("a", DECEMBER)])
    path = tmp_path / "2026-11.jsonl"
    path.write_text("\r\n".join([*reversed(path.read_text().splitlines()), "", ""]))
    reading = read_archive(tmp_path)
    assert ids(reading) == ["a", "b", "c"] and not reading.problems
    assert reading.events[0].detected_at == NOVEMBER


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"not JSON",
        b"\xff\xfe",
        b"[" * 5000,
        b'{"schema":2,"id":"x","page":{"key":"a"},"incident":{"id":"i"}}',
        b'{"schema":1,"id":"x","page":{"key":"a"},"incident":{"id":"i"}}',
    ],
)
def test_alien_lines_are_skipped(tmp_path: Path, line: bytes) -> None:
    """6: a line that is no event costs no other one, wherever it stands."""
    append_events(tmp_path, [waits("a")])
    path = tmp_path / "2026-11.jsonl"
    path.write_bytes(line + b"\n" + path.read_bytes())
    reading = read_archive(tmp_path)
    assert ids(reading) == ["a"]
    assert len(reading.problems) == 1


def test_conflict_markers_are_reported(tmp_path: Path) -> None:
    """6: where git left a conflict, both sides are read, and the reader says so."""
    append_events(tmp_path, [waits("a"), waits("b")])
    path = tmp_path / "2026-11.jsonl"
    first, second = path.read_text().splitlines()
    path.write_text("\n".join(["<<<<<<< HEAD", first, "=======", second, ">>>>>>> main", ""]))
    reading = read_archive(tmp_path)
    assert ids(reading) == ["a", "b"]
    assert "git conflict markers" in reading.problems[0] and len(reading.problems) == 1


def test_what_cannot_be_appended_waits(tmp_path: Path) -> None:
    """Contract 6.13: if an append fails, its events wait; what was appended before stays, and is no second event."""
    for fails in range(1, 100):
        folder = tmp_path / f"{fails}" / "history"
        folder.parent.mkdir()
        with Faults(folder, fails, errno.ENOSPC) as faults:
            appended = append_events(folder, [waits("a"), waits("b")])
        if len(faults.calls) < fails:
            break
        if appended.waiting:
            assert [delivery.event.id for delivery in appended.waiting] == ["a", "b"]
            assert "No space left on device" in appended.reason and str(folder) in appended.reason
            append_events(folder, appended.waiting)
        reading = read_archive(folder)
        assert ids(reading) == ["a", "b"] and not reading.problems
    assert fails > 10
    assert appended.count == 2


def test_places_that_are_no_archive(tmp_path: Path) -> None:
    """6: a folder in place of a file, a FIFO, a folder that nobody may read: nothing hangs, and nothing is fine."""
    (tmp_path / "2026-11.jsonl").mkdir()
    os.mkfifo(tmp_path / "2026-12.jsonl")
    appended = append_events(tmp_path, [waits("a"), waits("b", DECEMBER)])
    assert len(appended.waiting) == 2
    with pytest.raises(StateError, match="archive cannot be read"):
        read_archive(tmp_path)
    assert read_archive(tmp_path / "none").events == ()


def test_only_the_months_that_are_needed_are_read(tmp_path: Path) -> None:
    """6: since a time, the story of each incident that had an event then is whole; of others nothing is returned."""
    old = NOVEMBER - timedelta(days=200)
    append_events(
        tmp_path,
        [
            *(waits("i1-new", old), waits("i2-new", old, incident="i2"), waits("i3-new", old, incident="i3")),
            waits("i1-middle", old + timedelta(days=40), UPDATED),
            waits("i2-end", old + timedelta(days=41), RESOLVED, "i2"),
            waits("i1-end", DECEMBER, RESOLVED),
        ],
    )
    (tmp_path / "2019-01.jsonl").write_text("never read\n")
    reading = read_archive(tmp_path, since=NOVEMBER)
    assert ids(reading) == ["i1-new", "i1-middle", "i1-end"] and not reading.problems
    reading = read_archive(tmp_path, since=NOVEMBER, incidents=[("openai", "i3")])
    assert ids(reading) == ["i1-new", "i3-new", "i1-middle", "i1-end"]
    assert read_archive(tmp_path, since=NOVEMBER, keys=["acme"]).events == ()
    assert len(read_archive(tmp_path, keys=["OpenAI"]).events) == 6


def test_text_is_cleaned_as_a_vendors_is(tmp_path: Path) -> None:
    """6: anybody may have edited the file: what is read of it is inert."""
    append_events(tmp_path, [waits("a")])
    path = tmp_path / "2026-11.jsonl"
    line = json.loads(path.read_text())
    hostile = ALL_SPLICES
    line["incident"] |= {"title": hostile, "url": "javascript:alert(1)", "components": [hostile]}
    line["updates"][0]["body"] = hostile
    path.write_text(json.dumps(line) + "\n")
    (read,) = read_archive(tmp_path).events
    shown = (read.incident.title, *read.incident.components, read.updates[0].body)
    assert not any("\x1b" in part or "\u202e" in part or "\x00" in part for part in shown)
    assert read.incident.url == ""


@pytest.mark.parametrize("turned", [False, True])
def test_two_branches_of_one_month(tmp_path: Path, turned: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """6: what two shards appended to one month file is joined line by line, whichever is pushed first."""
    sides = [tmp_path / "ours", tmp_path / "theirs"]
    for side, shard in zip(sides, "ab", strict=True):
        append_events(side, [waits("base"), *(waits(f"{shard}{number}") for number in range(3))])
    append_events(tmp_path / "base", [waits("base")])
    ours, theirs = reversed(sides) if turned else sides
    files = [str(folder / "2026-11.jsonl") for folder in (ours, tmp_path / "base", theirs)]
    subprocess.run(["git", "merge-file", "--union", *files], check=True)  # noqa: S607 - the git of the path
    reading = read_archive(ours)
    assert sorted(ids(reading)) == ["a0", "a1", "a2", "b0", "b1", "b2", "base"] and not reading.problems

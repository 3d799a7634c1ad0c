"""Publishing: a reader, or a killed run, finds the old files or the new; what is not of the site stays."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from statuswatch import publish
from statuswatch.errors import OutputError
from statuswatch.publish import MANIFEST, publish_file, publish_site

if TYPE_CHECKING:
    from collections.abc import Mapping

OLD: Final = {"index.html": b"old", "v/acme.html": b"old acme", "v/bolt.html": b"same"}
NEW: Final = {"index.html": b"new", "v/bolt.html": b"same", "badge/bolt.svg": b"new"}


def files_in(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder but the list of the site's own."""
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the old site."""
    folder = tmp_path / "out" / "site"
    publish_site(folder, OLD)
    return folder


@pytest.fixture(params=["exchange", "one by one"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Replace the folder in one step, and file by file, as where the working directory lies in it."""
    if request.param == "one by one":
        monkeypatch.chdir(folder)


def test_a_first_site(tmp_path: Path) -> None:
    """The folder is made, with its parents."""
    publish_site(tmp_path / "a" / "b", OLD)
    assert files_in(tmp_path / "a" / "b") == OLD


@pytest.mark.usefixtures("_both_ways")
def test_the_new_site_replaces_the_old(folder: Path) -> None:
    """Contract 2.7: files of vendors that are no longer watched go away, and nothing is left beside the folder."""
    publish_site(folder, NEW)
    assert files_in(folder) == NEW
    assert [path.name for path in folder.parent.iterdir()] == ["site"]
    publish_site(folder, OLD)
    assert files_in(folder) == OLD


@pytest.mark.usefixtures("_both_ways")
def test_other_files_stay(folder: Path) -> None:
    """Contract 2.7: it never deletes what is not its own: files, folders, links."""
    (folder / "CNAME").write_text("board.example")
    (folder / "v" / "notes.txt").write_text("mine")
    (folder / "empty").mkdir()
    (folder / "link").symlink_to("CNAME")
    publish_site(folder, NEW)
    assert files_in(folder) == {**NEW, "CNAME": b"board.example", "v/notes.txt": b"mine", "link": b"board.example"}
    assert (folder / "link").is_symlink()
    assert (folder / "empty").is_dir()


def test_a_foreign_file_in_the_way_is_refused(tmp_path: Path) -> None:
    """Contract 2.7: a file of the same name that it did not write is never overwritten; nothing at all is written."""
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(OutputError, match=r"index\.html is not a file of the site .* choose another folder"):
        publish_site(tmp_path, NEW)
    assert files_in(tmp_path) == {"index.html": b"mine"}


def test_a_list_of_files_that_was_tampered_with(folder: Path) -> None:
    """A path that leads out of the folder deletes nothing there."""
    outside = folder.parent / "precious"
    outside.write_text("mine")
    (folder / MANIFEST).write_text("index.html\nv/acme.html\nv/bolt.html\n../precious\n/etc/hostname\n")
    publish_site(folder, NEW)
    publish._replace_files(folder, _staged(folder, NEW), NEW, frozenset(("../precious", str(outside))))
    assert outside.read_text() == "mine"


def _staged(folder: Path, files: Mapping[str, bytes]) -> Path:
    staged = folder.parent / "staged"
    publish_site(staged, files)
    return staged


def test_unchanged_files_keep_their_time(folder: Path) -> None:
    """A cache or a copy sees which pages changed."""
    os.utime(folder / "v/bolt.html", (1, 1))
    publish_site(folder, NEW)
    assert (folder / "v/bolt.html").stat().st_mtime == 1


def test_the_folder_keeps_its_mode(folder: Path) -> None:
    """Whoever could read the old site can read the new one."""
    folder.chmod(0o750)
    publish_site(folder, NEW)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_a_failing_run_leaves_the_old_site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is an error that says so, and nothing is left of the attempt."""

    def full(path: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device", str(path), len(content))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"No space left on device .* the old site stands"):
        publish_site(folder, NEW)
    monkeypatch.undo()
    assert files_in(folder) == OLD
    assert [path.name for path in folder.parent.iterdir()] == ["site"]


class KilledError(BaseException):
    """Stands for SIGKILL: from there on nothing of the process changes the file system, no clean-up either."""


@pytest.mark.usefixtures("_both_ways")
@pytest.mark.parametrize("call", range(0, 40, 3))
def test_a_killed_run_leaves_whole_files(folder: Path, call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before any call that changes the file system, every file is whole, and the next run writes all.

    In one step the site is the old one or the new one. One by one, the front page is the last to change.
    """
    with monkeypatch.context() as patch:
        _die_at(call, patch)
        with suppress(KilledError):
            publish_site(folder, NEW)
    found = files_in(folder)
    if Path.cwd() == folder:
        assert set(found.items()) <= {*OLD.items(), *NEW.items()}
        assert found["index.html"] == b"old" or NEW.items() <= found.items()
    else:
        assert found in (OLD, NEW)
    publish_site(folder, NEW)
    assert files_in(folder) == NEW


def _die_at(call: int, patch: pytest.MonkeyPatch) -> None:
    """End the process at its so many-th call of a kind that changes files."""
    counted = 0

    def counting(original: Any) -> Any:
        def count(*arguments: Any, **options: Any) -> Any:
            nonlocal counted
            counted += 1
            if counted > call:
                raise KilledError
            return original(*arguments, **options)

        return count

    for name in ("mkdir", "link", "rename", "replace", "unlink", "rmdir", "chmod"):
        patch.setattr(os, name, counting(getattr(os, name)))
    patch.setattr(Path, "write_bytes", counting(Path.write_bytes))
    patch.setattr(publish, "_exchange", counting(publish._exchange))


def test_leftovers_of_killed_runs_are_removed(folder: Path) -> None:
    """An old one goes; a young one may belong to a run that is under way."""
    old, young = (folder.with_name(f".site.statuswatch-{name}") for name in ("1", "2"))
    old.mkdir()
    young.mkdir()
    os.utime(old, (1, 1))
    publish_site(folder, NEW)
    assert (old.exists(), young.exists()) == (False, True)


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    """Contract 2.8: a rename replaces files alone: as root it would put a file in the place of /dev/null."""
    path = tmp_path / "metrics"
    os.mkfifo(path)
    with pytest.raises(OutputError, match="a FIFO, a socket or a device, not a file"):
        publish_file(path, b"one")
    assert path.is_fifo() and list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """Contract 2.8: `--metrics`: the collector that reads it meanwhile finds the old file or the new one."""
    path = tmp_path / "statuswatch.prom"
    publish_file(path, b"one")
    with path.open("rb") as reader:
        publish_file(path, b"two")
        assert reader.read() == b"one"
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in tmp_path.iterdir()] == ["statuswatch.prom"]
    with pytest.raises(OutputError, match="No such file or directory"):
        publish_file(tmp_path / "missing" / "x.prom", b"three")

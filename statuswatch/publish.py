"""Files that others read while they are replaced: a reader, or a killed run, finds the old ones or the new, whole.

A site is written into a folder beside its own, which then takes its place in one step. Files in it that are not of the
site are carried over; its own are listed in a file of it.
"""

import ctypes
import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from statuswatch import text
from statuswatch.errors import OutputError

MANIFEST: Final = ".statuswatch-site"
MAX_LEFTOVER_AGE: Final = 3600  # seconds after which the folder of a killed run is removed
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


def publish_file(path: Path, content: bytes, *, mark: bytes = b"") -> None:
    """Replace a file by a rename. One that does not begin with the mark is another's. Raises OutputError."""
    temporary = path.parent / f".{path.name}.{os.getpid()}"
    try:
        try:
            if path.is_dir():  # "." and "/" too, which have no name
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
            if path.exists() and not path.is_file():  # a rename would take the place of /dev/null
                raise OSError(errno.EINVAL, "a FIFO, a socket or a device, not a file")
            if path.exists() and path.stat().st_size and not path.read_bytes().startswith(mark):
                raise OSError(errno.EEXIST, "another file is there, which is left as it is")
            temporary.write_bytes(content)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(path, error, "name another file, in a folder that can be written") from error


def publish_site(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make these files, by their paths, the site in the folder. Raises OutputError: the old site then stands.

    What the last site had and this one lacks goes away. Files that are not of the site stay; one in the place of a file
    of the site is refused.
    """
    try:
        folder = folder.resolve()
        if folder.exists() and not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        _refuse_foreign_files(folder, files)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _staging_folder(folder) as staged:
            _remove_leftovers(folder, staged)
            _write_all(staged, files, folder)
            _replace_folder(folder, staged, files)
    except OSError as error:
        raise _not_written(folder, error, "the old site stands; name a folder that can be written") from error


def _refuse_foreign_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Raise OutputError for a file in the place of one of the site's, but not written by it."""
    own = _own_files(folder)
    for path in (*files, MANIFEST):
        if path not in own and os.path.lexists(folder / path):
            raise OutputError(f"{path} is not a file of the site ({folder}): choose another folder, or remove it")


def _own_files(folder: Path) -> frozenset[str]:
    """Return the paths that the last site in the folder had."""
    try:
        listed = (folder / MANIFEST).read_text("utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError):
        return frozenset()
    return frozenset((*listed, MANIFEST))


def _remove_leftovers(folder: Path, staged: Path) -> None:
    """Remove what killed runs left beside the folder. One that is hardly older than ours may be of a run under way."""
    made_at = staged.stat().st_mtime  # by the clock of the file system
    for leftover in folder.parent.glob(f".{folder.name}.statuswatch-*"):
        with suppress(OSError):
            if made_at - leftover.stat().st_mtime > MAX_LEFTOVER_AGE:
                shutil.rmtree(leftover)


@contextmanager
def _staging_folder(folder: Path) -> Iterator[Path]:
    staged = folder.with_name(f".{folder.name}.statuswatch-{secrets.token_hex(4)}")
    staged.mkdir()
    try:
        if folder.exists():
            shutil.copymode(folder, staged)
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _write_all(staged: Path, files: Mapping[str, bytes], folder: Path) -> None:
    """Write every file of the site, and the list of them. A file that is as before stays the same one."""
    manifest = "".join(f"{path}\n" for path in sorted(files)).encode()
    for parent in {(staged / path).parent for path in files}:
        parent.mkdir(parents=True, exist_ok=True)
    for path, content in (*files.items(), (MANIFEST, manifest)):
        if not _link_unchanged(folder / path, staged / path, content):
            (staged / path).write_bytes(content)


def _link_unchanged(before: Path, after: Path, content: bytes) -> bool:
    """Return whether the file is as before, and then linked: it keeps its time, for caches and copies."""
    try:
        if before.stat().st_size != len(content) or before.read_bytes() != content:
            return False
        after.hardlink_to(before)
    except OSError:
        return False
    return True


def _replace_folder(folder: Path, staged: Path, files: Mapping[str, bytes]) -> None:
    """Put the staged folder in the place of the old one; file by file where that cannot be done in one step."""
    own = _own_files(folder)
    if not folder.exists():
        staged.rename(folder)
    elif _may_exchange(folder) and _carry_over(folder, staged, own) and _exchange(staged, folder):
        _carry_over(staged, folder, own | _own_files(staged))  # what appeared in the meantime
    else:
        _replace_files(folder, staged, files, own)


def _may_exchange(folder: Path) -> bool:
    """Return whether the folder may be replaced as a whole: not below a shell whose working directory is in it."""
    try:
        return sys.platform == "linux" and not Path.cwd().is_relative_to(folder)
    except FileNotFoundError:
        return True


def _carry_over(source: Path, target: Path, own: frozenset[str]) -> bool:
    """Link every file that is not of the site from one folder into the other. False where one cannot be linked."""
    try:
        for parent, folders, names in os.walk(source):
            relative = Path(parent).relative_to(source)
            links = [name for name in folders if (source / relative / name).is_symlink()]
            for name in (*names, *links):
                path = relative / name
                if path.as_posix() not in own and not os.path.lexists(target / path):
                    (target / path).parent.mkdir(parents=True, exist_ok=True)
                    os.link(source / path, target / path, follow_symlinks=False)
            for name in set(folders).difference(links):
                if not os.listdir(source / relative / name):  # noqa: PTH208
                    (target / relative / name).mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step. False where Linux cannot: a mount point, some file systems, old libraries."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    code = rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return bool(code == 0)


def _replace_files(folder: Path, staged: Path, files: Mapping[str, bytes], own: frozenset[str]) -> None:
    """Replace the files one by one, the front page last, then remove those that the site no longer has.

    First the list of files is of both sites: after a kill in the middle, all of them are still its own.
    """
    both = staged / f"{MANIFEST}.both"
    both.write_text("".join(f"{path}\n" for path in sorted(own.union(files).difference([MANIFEST]))), "utf-8")
    both.replace(folder / MANIFEST)
    for path in sorted(files, key=lambda path: path == "index.html"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (staged / path).replace(folder / path)
    for path in own.difference(files, [MANIFEST]):
        _remove_own(folder, path)
    (staged / MANIFEST).replace(folder / MANIFEST)


def _remove_own(folder: Path, path: str) -> None:
    """Remove a file that the last site had. A path that leads out of the folder is none of ours."""
    target = folder / path
    if target.parent.resolve().is_relative_to(folder) and not target.is_dir():
        target.unlink(missing_ok=True)
        with suppress(OSError):  # not empty
            if target.parent != folder:
                target.parent.rmdir()


def _not_written(path: Path, error: OSError, what_to_do: str) -> OutputError:
    reason = error.strerror or errno.errorcode.get(error.errno or 0, "cannot be written")
    return OutputError(f"{text.line(reason)} ({text.line(str(path))}): {what_to_do}")

"""A folder, scanned: which vendors its files show, each with one reason."""

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from statuswatch import text
from statuswatch.catalog.vendors import vendors_of
from statuswatch.scan import SCANNERS, Name, Scanner

MAX_FILES: Final = 20_000  # that are looked at by name
MAX_BYTES: Final = 20_000_000  # of a file that is read: the lock of a large project has some
SKIPPED_FOLDERS: Final = frozenset(
    """
    .git .hg .svn node_modules bower_components vendor .venv venv env .tox .nox __pycache__ site-packages .terraform
    target dist build out .next .nuxt .cache coverage .mypy_cache .ruff_cache .pytest_cache .idea .gradle Pods
    """.split()  # noqa: SIM905
)
# Folders of what other repositories are made from: this one does not depend on what they name. `templates` is not among
# them, since configuration that is rendered and used stands there as well.
_MADE_FROM: Final = re.compile(r"(?i)template|examples?|samples?|.*cookiecutter.*|.*\{\{.*")


class Proposal(msgspec.Struct, frozen=True):
    """A vendor that the folder depends on: its key, and the reason as people read it."""

    key: str
    reason: str


class Scan(msgspec.Struct, frozen=True):
    """What a folder shows. `problems` are files that could not be read, and whether there were too many."""

    proposals: tuple[Proposal, ...]
    problems: tuple[str, ...] = ()


def scan(folder: Path) -> Scan:
    """Return the vendors that the files of a folder show, each once, in the order of the scanners.

    Nothing outside the folder is read: symbolic links are not followed.
    """
    problems: list[str] = []
    paths = sorted(_files(folder, problems), key=lambda path: (len(path.parts), str(path)))
    found: dict[str, str] = {}
    contents: dict[PurePosixPath, str] = {}
    for scanner in SCANNERS.values():
        for path in paths:
            if scanner.reads(path):
                if path not in contents:
                    contents[path] = _read(folder / path, path, problems)
                for key, reason in _evidence(scanner, path, contents[path]):
                    found.setdefault(key, reason)
    proposals = tuple(Proposal(key, text.line(reason)) for key, reason in found.items())
    return Scan(proposals, tuple(dict.fromkeys(problems)))


def _evidence(scanner: Scanner, path: PurePosixPath, content: str) -> Iterator[tuple[str, str]]:
    """Yield the key of each vendor that a file shows, and why."""
    names = dict.fromkeys(scanner.find(path, content))
    for name in names:
        for key in vendors_of(name.kind, name.name):
            yield key, f"{path}: {_shown(name)}"
    if scanner.REGISTRY and names:
        yield scanner.REGISTRY, str(path)


def _shown(name: Name) -> str:
    return name.shown or name.name


def _files(folder: Path, problems: list[str]) -> Iterator[PurePosixPath]:
    """Yield the files below the folder, but those of dependencies, build results, templates and examples."""
    count = 0

    def note(error: OSError) -> None:
        problems.append(f"{error.filename} cannot be read: {error.strerror}")

    for parent, folders, files in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS and not _MADE_FROM.fullmatch(name))
        for name in sorted(files):
            count += 1
            if count > MAX_FILES:
                problems.append(f"only the first {MAX_FILES:,} files of {folder} were looked at")
                return
            yield PurePosixPath(Path(parent, name).relative_to(folder).as_posix())


def _read(path: Path, shown: PurePosixPath, problems: list[str]) -> str:
    """Return the content of a file, as far as it is text; "" where it cannot be read or is no plain file."""
    try:
        if path.is_symlink() or not path.is_file():
            return ""
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        problems.append(f"{shown} cannot be read: {error.strerror or error}")
        return ""
    if len(content) > MAX_BYTES:
        problems.append(f"{shown} has more than {MAX_BYTES // 1_000_000} MB: not read")
        return ""
    return content.decode("utf-8", "replace")

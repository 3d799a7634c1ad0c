"""The file of the configuration: which one it is, and its content as TOML."""

import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from statuswatch.config.build import build_config, default_config
from statuswatch.config.checks import Place, mistake
from statuswatch.config.schema import Config
from statuswatch.errors import UsageError

NAME: Final = "statuswatch.toml"
PROJECT: Final = "pyproject.toml"
_TABLE: Final = "tool.statuswatch"


def load_config(path: Path | None, env: Mapping[str, str], cwd: Path) -> Config:
    """Load the configuration of `path`, else of $STATUSWATCH_CONFIG, else of the file found by search.

    Without any it is the built-in default. Raises UsageError with every mistake: the file, the key, what is wrong and
    what to do.
    """
    named = path or env.get("STATUSWATCH_CONFIG")
    if named:
        return _load_file(cwd / named)
    for folder in searched_folders(env, cwd):
        if os.path.lexists(folder / NAME):  # also a folder, or a broken link, in its place
            return _load_file(folder / NAME)
        if (folder / PROJECT).is_file() and _project_table(folder / PROJECT) is not None:
            return _load_file(folder / PROJECT)
    return default_config(cwd)


def working_folder() -> Path:
    """Return the working directory. Raises UsageError where it was removed."""
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError("the working directory no longer exists: change to a folder that does") from error


def searched_folders(env: Mapping[str, str], cwd: Path) -> list[Path]:
    """Return the folders in which the file is looked for, in order.

    They go from the working directory up to the first one that holds `.git`, or to the home folder; outside both, only
    the working directory is one.
    """
    home = env.get("HOME") or env.get("USERPROFILE") or ""
    folders: list[Path] = []
    for folder in (cwd, *cwd.parents):
        folders.append(folder)
        if os.path.lexists(folder / ".git") or _is_home(folder, home):
            return folders
    return [cwd]


def _is_home(folder: Path, home: str) -> bool:
    with suppress(OSError):
        return Path(home).is_absolute() and Path(folder).samefile(home)
    return False


def _load_file(path: Path) -> Config:
    table = _project_table(path) if path.name == PROJECT else _read_toml(path)
    if table is None:
        raise mistake(Place(str(path)), f"has no [{_TABLE}]: add that table, or name another file")
    return build_config(table, str(path), path.parent)


def _project_table(path: Path) -> dict[str, Any] | None:
    """Return the table of pyproject.toml that is ours; None where there is none. Raises UsageError."""
    if b"statuswatch" not in _read(path):  # most projects: a mistake in their files is none of ours
        return None
    tool = _read_toml(path).get("tool")
    table = tool.get("statuswatch") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise mistake(Place(str(path), _TABLE), f"not a table: write [{_TABLE}]")
    return table


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise mistake(Place(str(path)), f"cannot be read: {reason}: name a file that this user can read") from error


def _read_toml(path: Path) -> dict[str, Any]:
    place = Place(str(path))
    try:
        return tomllib.loads(_read(path).decode("utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise mistake(place, f"not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise mistake(place, "not UTF-8 text: save the file as UTF-8") from error

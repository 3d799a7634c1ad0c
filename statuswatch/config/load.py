"""The file of the configuration: which one it is, and its content as TOML."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from statuswatch.config.build import build_config
from statuswatch.config.checks import Place, mistake
from statuswatch.config.schema import Config


def load_config(path: Path | None, env: Mapping[str, str], cwd: Path) -> Config:
    """Load the configuration of `path`, else of $STATUSWATCH_CONFIG, else of a file in the working directory.

    There it is statuswatch.toml, else [tool.statuswatch] of pyproject.toml, else the built-in default. Raises
    UsageError with the file, the key, what is wrong and what to do.
    """
    named = path or env.get("STATUSWATCH_CONFIG")
    if named:
        return _load_file(cwd / named)
    if (cwd / "statuswatch.toml").is_file():
        return _load_file(cwd / "statuswatch.toml")
    project = cwd / "pyproject.toml"
    table = _read_project(project) if project.is_file() else {}
    return build_config(table, str(project) if table else "", cwd)


def _load_file(path: Path) -> Config:
    if path.name != "pyproject.toml":
        return build_config(_read_toml(path), str(path), path.parent)
    table = _read_project(path)
    if not table:
        raise mistake(Place(str(path)), "has no [tool.statuswatch]: add that table, or name another file")
    return build_config(table, str(path), path.parent)


def _read_project(path: Path) -> dict[str, Any]:
    """Return the table of pyproject.toml that is ours; empty where it has none. Raises UsageError."""
    tool = _read_toml(path).get("tool")
    table = tool.get("statuswatch", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise mistake(Place(str(path), "tool.statuswatch"), "not a table: write [tool.statuswatch]")
    return table


def _read_toml(path: Path) -> dict[str, Any]:
    place = Place(str(path))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise mistake(place, f"not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise mistake(place, "not UTF-8 text: save the file as UTF-8") from error
    except OSError as error:
        raise mistake(place, f"cannot be read: {error.strerror or error}") from error

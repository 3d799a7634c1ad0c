"""Files that scanners share: JSON and TOML that may be broken, and tables inside them."""

import tomllib
from collections.abc import Iterator
from typing import Any

import msgspec


def json_table(content: str) -> dict[str, Any]:
    """Return the object in the file; an empty one where there is none."""
    try:
        value = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def toml_table(content: str) -> dict[str, Any]:
    """Return the document; an empty one where it cannot be understood."""
    try:
        return tomllib.loads(content)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def table_at(value: Any, *path: str) -> dict[str, Any]:
    """Return the table at the path; an empty one where there is none."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def list_at(value: Any, *path: str) -> list[Any]:
    """Return the list at the path; an empty one where there is none."""
    found = table_at(value, *path[:-1]).get(path[-1])
    return found if isinstance(found, list) else []


def tables_in(values: list[Any]) -> Iterator[dict[str, Any]]:
    """Yield the tables of a list."""
    yield from (value for value in values if isinstance(value, dict))


def with_version(name: str, version: object) -> str:
    """Return the name, and its version where a lock states one."""
    return f"{name} {version}" if isinstance(version, str) and version[:1].isdigit() else name

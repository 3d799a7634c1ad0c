"""Node packages: `package.json`, and `package-lock.json` for their versions. Only what the project itself names."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name
from statuswatch.scan.formats import json_table, table_at, with_version

REGISTRY: Final = "npm"
_FILES: Final = ("package-lock.json", "npm-shrinkwrap.json", "package.json")
_TABLES: Final = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether it is a manifest or a lock of npm."""
    return path.name in _FILES


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield direct dependencies; a lock lists its workspaces, each with its own."""
    table = json_table(content)
    if path.name == "package.json":
        yield from (Name(VendorKind.NPM, name) for name in _direct(table))
        return
    packages = table_at(table, "packages")
    for place, package in packages.items():
        if "node_modules/" in f"{place}/":
            continue
        for name in _direct(package):
            installed = table_at(packages, f"node_modules/{name}")
            yield Name(VendorKind.NPM, name, with_version(name, installed.get("version")))


def _direct(package: Any) -> list[str]:
    return [name for table in _TABLES for name in table_at(package, table)]

"""Rust crates: `Cargo.toml`, and `Cargo.lock`, in which packages without a source are those of the project."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name
from statuswatch.scan.formats import list_at, table_at, tables_in, toml_table, with_version

REGISTRY: Final = "crates-io"
_TABLES: Final = ("dependencies", "dev-dependencies", "build-dependencies")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether the file names crates."""
    return path.name in ("Cargo.lock", "Cargo.toml")


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield direct dependencies."""
    table = toml_table(content)
    if path.name == "Cargo.toml":
        for holder in (table, table_at(table, "workspace"), *table_at(table, "target").values()):
            yield from _declared(holder)
        return
    packages = list(tables_in(list_at(table, "package")))
    versions = {package.get("name"): package.get("version") for package in packages}
    for package in packages:
        if "source" not in package:
            for entry in list_at(package, "dependencies"):
                name = str(entry).partition(" ")[0]
                yield Name(VendorKind.CRATE, name, with_version(name, versions.get(name)))


def _declared(holder: Any) -> Iterator[Name]:
    for group in _TABLES:
        for name, value in table_at(holder, group).items():
            renamed = value.get("package") if isinstance(value, dict) else None
            yield Name(VendorKind.CRATE, renamed if isinstance(renamed, str) else name)

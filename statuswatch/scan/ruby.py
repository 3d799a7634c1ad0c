"""Ruby gems: `Gemfile.lock`, of which only the section DEPENDENCIES counts, `Gemfile`, and gem specifications."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name
from statuswatch.scan.formats import with_version

REGISTRY: Final = "rubygems"
_GEM: Final = re.compile(r"""(?m)^\s*(?:gem|\w+\.add_(?:runtime_|development_)?dependency)[\s(]+["']([\w.-]+)["']""")
_DEPENDENCY: Final = re.compile(r"(?m)^  ([\w.-]+)")
_LOCKED: Final = re.compile(r"(?m)^    ([\w.-]+) \(([0-9][^)]*)\)$")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether the file names gems."""
    return path.name in ("Gemfile.lock", "Gemfile") or path.suffix == ".gemspec"


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield direct dependencies."""
    if path.name != "Gemfile.lock":
        yield from (Name(VendorKind.GEM, name) for name in _GEM.findall(content))
        return
    versions = dict(_LOCKED.findall(content))
    section = content.partition("\nDEPENDENCIES\n")[2].partition("\n\n")[0]
    for name in _DEPENDENCY.findall(section):
        yield Name(VendorKind.GEM, name, with_version(name, versions.get(name)))

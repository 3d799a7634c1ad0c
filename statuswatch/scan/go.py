"""Go modules: `go.mod`, without what others need (`// indirect`)."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name

REGISTRY: Final = ""
_MODULE: Final = re.compile(r"(?m)^\s*(?:require\s+)?([\w.-]+\.[a-z]+/[^\s()]+)\s+(v[^\s]+)[ \t]*(//[^\n]*)?$")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether it is the manifest of a module."""
    return path.name == "go.mod"


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield the modules that are required directly."""
    for module, version, remark in _MODULE.findall(content):
        if "indirect" not in remark:
            yield Name(VendorKind.GO, module, f"{module} {version}")

"""Environment variables by their names: `.env` files and their examples. Values are never kept."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name

REGISTRY: Final = ""
_VARIABLE: Final = re.compile(r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether it is a file of variables: `.env`, `.env.example`, `prod.env`."""
    return path.name == ".env" or path.name.startswith(".env.") or path.suffix == ".env" or path.name == "env.example"


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield the names of the variables."""
    yield from (Name(VendorKind.ENV, name) for name in _VARIABLE.findall(content))

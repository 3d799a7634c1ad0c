"""Files that only one vendor reads, such as `vercel.json`. Their content does not matter."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind, vendors_of
from statuswatch.scan import Name

REGISTRY: Final = ""


def reads(path: PurePosixPath, /) -> bool:
    """Return whether some vendor has a file of that name."""
    return bool(vendors_of(VendorKind.FILE, str(path)))


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield the file itself."""
    yield Name(VendorKind.FILE, str(path), "is there")

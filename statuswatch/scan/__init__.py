"""The vendors that a repository depends on, each with its reason. Offline: files are read, nothing is run.

A scanner is one module and one line in `SCANNERS`: which files it reads, and which names they hold. It is pure. The
names are compared exactly with `vendors.csv`: nothing is guessed from a likeness.
"""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final, Protocol

import msgspec

from statuswatch.catalog.vendors import VendorKind
from statuswatch.registry import Registry


class Name(msgspec.Struct, frozen=True):
    """A name in a file that may show a vendor. `shown` is how the reason words it: "stripe 14.2.0"; "" is the name."""

    kind: VendorKind
    name: str
    shown: str = ""


class Scanner(Protocol):
    """The interface of a scanner's module. `REGISTRY` is the key of the vendor that its files themselves depend on."""

    REGISTRY: str

    def reads(self, path: PurePosixPath, /) -> bool:
        """Return whether the scanner reads the file; the path is relative to the folder that is scanned."""

    def find(self, path: PurePosixPath, content: str, /) -> Iterator[Name]:
        """Yield the names in the file. A file that cannot be understood has none."""


# The order of the reasons: of several reasons for a vendor the first is shown.
SCANNERS: Final[Mapping[str, Scanner]] = Registry(
    __name__,
    "npm",
    "python",
    "go",
    "ruby",
    "rust",
    "php",
    "terraform",
    "variables",
    "workflows",
    "containers",
    "hosts",
    "files",
)

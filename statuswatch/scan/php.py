"""PHP packages: `composer.json`. Its lock mixes what the project wants with what others need."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name
from statuswatch.scan.formats import json_table, table_at

REGISTRY: Final = "packagist"


def reads(path: PurePosixPath, /) -> bool:
    """Return whether it is the manifest of Composer."""
    return path.name == "composer.json"


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield direct dependencies; `php` and its extensions are no packages."""
    table = json_table(content)
    for group in ("require", "require-dev"):
        yield from (Name(VendorKind.COMPOSER, name) for name in table_at(table, group) if "/" in name)

"""GitHub Actions: the actions that workflows use, and the names of the secrets that they pass on."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name

REGISTRY: Final = ""
_USES: Final = re.compile(r"""(?m)^\s*(?:-\s*)?["']?uses["']?\s*:\s*["']?([^\s"'#]+)""")
_SECRET: Final = re.compile(r"\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether it is a workflow or an action."""
    if path.suffix not in (".yml", ".yaml"):
        return False
    return path.parts[:2] == (".github", "workflows") or path.stem == "action"


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield actions of others, images of container actions, and names of secrets."""
    for target in _USES.findall(content):
        if target.startswith("docker://"):
            image = target.removeprefix("docker://")
            yield Name(VendorKind.IMAGE, image, f"uses {image}")
        elif not target.startswith("."):
            action = "/".join(target.partition("@")[0].split("/")[:2])
            yield Name(VendorKind.ACTION, action, f"uses {action}")
    yield from (Name(VendorKind.ENV, name, f"secrets.{name}") for name in _SECRET.findall(content))

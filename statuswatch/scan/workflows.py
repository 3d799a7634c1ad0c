"""GitHub Actions: the actions that workflows use, and the names of the secrets that they pass on.

A secret that is named and need not exist shows nothing: one in a comment, an optional one of a reusable workflow, and
all of the workflow that runs statuswatch, which offers those of its sinks.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name

REGISTRY: Final = ""
_USES: Final = re.compile(r"""(?m)^\s*(?:-\s*)?["']?uses["']?\s*:\s*["']?([^\s"'#]+)""")
_SECRET: Final = re.compile(r"\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)")
_COMMENT: Final = re.compile(r"(?m)^[ \t]*#.*$")
_OPTIONAL: Final = re.compile(r"(?m)^\s+(\w+):\n(?:\s+description:.*\n)?\s+required: *false\b")
_STATUSWATCH: Final = re.compile(r"(?m)^name: statuswatch\b|\buses: \S+/statuswatch/\.github/workflows/watch\.yml@")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether it is a workflow or an action."""
    if path.suffix not in (".yml", ".yaml"):
        return False
    return path.parts[:2] == (".github", "workflows") or path.stem == "action"


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield actions of others, images of container actions, and names of secrets."""
    content = _COMMENT.sub("", content)
    for target in _USES.findall(content):
        if target.startswith("docker://"):
            image = target.removeprefix("docker://")
            yield Name(VendorKind.IMAGE, image, f"uses {image}")
        elif not target.startswith("."):
            action = "/".join(target.partition("@")[0].split("/")[:2])
            yield Name(VendorKind.ACTION, action, f"uses {action}")
    if not _STATUSWATCH.search(content):
        optional = set(_OPTIONAL.findall(content))
        names = (name for name in _SECRET.findall(content) if name not in optional)
        yield from (Name(VendorKind.ENV, name, f"secrets.{name}") for name in names)

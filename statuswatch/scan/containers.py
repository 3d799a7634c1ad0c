"""Container images: `FROM` of Dockerfiles, `image:` of compose files. Without a registry they are of Docker Hub."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name

REGISTRY: Final = ""
_FROM: Final = re.compile(r"(?im)^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)(?:[ \t]+AS[ \t]+(\S+))?")
_IMAGE: Final = re.compile(r"""(?m)^\s+image\s*:\s*["']?([^\s"'#]+)""")
_COMPOSE: Final = re.compile(r"(?:docker-)?compose(?:[.-][\w.-]+)?\.ya?ml")
_DOCKERFILE: Final = re.compile(r"(?i)(?:Dockerfile|Containerfile)(?:[.-].+)?|.+\.(?:dockerfile|containerfile)")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether the file names images."""
    return bool(_DOCKERFILE.fullmatch(path.name) or _COMPOSE.fullmatch(path.name))


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield the images. A stage of the file itself, and a name that is put together from variables, is none."""
    if _COMPOSE.fullmatch(path.name):
        yield from (
            Name(VendorKind.IMAGE, name, f"image {name}") for name in _IMAGE.findall(content) if "$" not in name
        )
        return
    stages: set[str] = {"scratch"}
    for image, stage in _FROM.findall(content):
        if "$" not in image and image.lower() not in stages:
            yield Name(VendorKind.IMAGE, image, f"FROM {image}")
        stages.add(stage.lower())

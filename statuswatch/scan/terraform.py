"""Terraform providers: `required_providers`, `provider "…"` blocks, and `.terraform.lock.hcl`."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from statuswatch.catalog.vendors import VendorKind
from statuswatch.scan import Name

REGISTRY: Final = ""
_REQUIRED: Final = re.compile(r"\brequired_providers\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_SOURCE: Final = re.compile(r"""\bsource\s*=\s*"(?:[\w.-]+/)??([\w-]+/[\w-]+)\"""")
_LOCKED: Final = re.compile(r"""(?m)^provider\s+"(?:[\w.-]+/)?([\w-]+/[\w-]+)"\s*\{(?:\s*version\s*=\s*"([^"]*)")?""")
_PROVIDER: Final = re.compile(r"""(?m)^provider\s+"([\w-]+)"\s*\{""")
_COMMENT: Final = re.compile(r"(?m)^\s*(?:#|//).*$")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether it is a configuration or the lock of Terraform or OpenTofu."""
    return path.name == ".terraform.lock.hcl" or path.suffix in (".tf", ".tofu")


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield the sources of providers. One that is only configured is HashiCorp's, as Terraform reads it."""
    content = _COMMENT.sub("", content)
    if path.suffix == ".hcl":
        for source, version in _LOCKED.findall(content):
            yield _provider(source, version)
        return
    sources = [source for block in _REQUIRED.findall(content) for source in _SOURCE.findall(block)]
    yield from map(_provider, sources)
    names = {source.rpartition("/")[2] for source in sources}
    yield from (_provider(f"hashicorp/{name}") for name in _PROVIDER.findall(content) if name not in names)


def _provider(source: str, version: str = "") -> Name:
    return Name(VendorKind.TERRAFORM, source, f"provider {source} {version}".rstrip())

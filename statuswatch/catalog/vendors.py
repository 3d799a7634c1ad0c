"""The vendors behind names: `vendors.csv` says which page a host, a package, an action or a variable belongs to.

A row is (kind, pattern, key, reason). Names are compared exactly, in the form that their registry gives them: nothing
is guessed from a likeness. A row without a key takes a name out of a wider row: its vendor has no page in the catalog.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

_SEPARATORS: Final = re.compile(r"[-_.]+")
_REGISTRY: Final = re.compile(r"[^/]*[.:][^/]*|localhost")


class VendorKind(StrEnum):
    """Kinds of names that show a vendor."""

    ACTION = "action"  # GitHub Actions, owner/name
    CLIENT = "client"  # the beginning of an error line that a package registry's own client prints
    COMPOSER = "composer"
    CRATE = "crate"
    ENV = "env"  # an environment variable
    FILE = "file"  # a path from the root of a repository
    GEM = "gem"
    GO = "go"
    HOST = "host"
    IMAGE = "image"  # of a container, with its registry
    NAME = "name"  # as texts write it: for what one vendor says of another
    NPM = "npm"
    PYPI = "pypi"
    TERRAFORM = "terraform"  # the source of a provider, namespace/name


def vendors_of(kind: VendorKind, name: str) -> tuple[str, ...]:
    """Return the keys of the vendors that the name shows, the nearest first; none where nobody knows.

    An action shows its vendor and GitHub, on which it runs; any other name shows one vendor.
    """
    if kind is VendorKind.HOST:
        key = vendor_of_host(name)
    else:
        rows = vendor_rows()[kind]
        normal = normalised(kind, name)
        key = _image_vendor(rows, normal) if kind is VendorKind.IMAGE else _longest(rows, normal)
    if kind is VendorKind.ACTION:
        return tuple(dict.fromkeys(found for found in (key, vendor_rows()[kind].get("*", "")) if found))
    return (key,) if key else ()


def vendor_of_host(host: str) -> str:
    """Return the key of the vendor that runs the host, "" where nobody knows: the longest row that covers it wins."""
    rows = vendor_rows()[VendorKind.HOST]
    rest = host.lower().rstrip(".")
    while rest not in rows:
        _, dot, rest = rest.partition(".")
        if not dot:
            return ""
    return rows[rest]


@cache
def vendor_rows() -> Mapping[VendorKind, Mapping[str, str]]:
    """Return the keys by kind and pattern. The file is read at the first call: a run of `check` never needs it."""
    rows: dict[VendorKind, dict[str, str]] = {kind: {} for kind in VendorKind}
    lines = Path(__file__).with_name("vendors.csv").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        kind, pattern, key, _ = line.split(",")
        rows[VendorKind(kind)][pattern] = key
    return MappingProxyType(rows)


def normalised(kind: VendorKind, name: str) -> str:
    """Return the name as patterns of its kind have it."""
    match kind:
        case VendorKind.PYPI:  # PEP 503
            return _SEPARATORS.sub("-", name).lower()
        case VendorKind.ACTION:  # `owner/name/path@ref`, of which owner and name count
            return "/".join(name.partition("@")[0].lower().split("/")[:2])
        case VendorKind.HOST | VendorKind.TERRAFORM | VendorKind.COMPOSER | VendorKind.CLIENT:
            return name.lower()
        case VendorKind.IMAGE:
            return _full_image(name.lower())
        case _:
            return name


def _full_image(name: str) -> str:
    """Return the image with its registry, as Docker completes it; "" for the empty image `scratch`."""
    if name == "scratch":
        return ""
    first, slash, _ = name.partition("/")
    if slash and _REGISTRY.fullmatch(first):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def _image_vendor(rows: Mapping[str, str], name: str) -> str:
    """Return the vendor of an image: of its registry (`x/`), or of a domain that its registry lies below (`*.x`)."""
    registry, slash, _ = name.partition("/")
    if f"{registry}/" in rows:
        return rows[f"{registry}/"]
    rest = registry.partition(":")[0]
    while slash and "." in rest:
        rest = rest.partition(".")[2]
        if f"*.{rest}" in rows:
            return rows[f"*.{rest}"]
    return ""


def _longest(rows: Mapping[str, str], name: str) -> str:
    """Return the vendor of a whole name, else of its longest prefix that is a pattern."""
    if name in rows:
        return rows[name]
    for length in range(len(name), 0, -1):
        key = rows.get(f"{name[:length]}*")
        if key is not None:
            return key
    return ""

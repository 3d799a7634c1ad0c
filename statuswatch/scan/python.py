"""Python packages: requirement files, `pyproject.toml`, `setup.cfg`, `Pipfile`, and `uv.lock` for their versions."""

import configparser
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, Final

from statuswatch.catalog.vendors import VendorKind, normalised
from statuswatch.scan import Name
from statuswatch.scan.formats import list_at, table_at, tables_in, toml_table, with_version

REGISTRY: Final = "pypi"
_REQUIREMENT: Final = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\]\s*)?(?:===?\s*([0-9][\w.!+-]*))?")
_REQUIREMENT_FILE: Final = re.compile(r"(?:.*[-_.])?requirements?(?:[-_.].*)?\.(?:txt|in)")


def reads(path: PurePosixPath, /) -> bool:
    """Return whether the file names Python packages."""
    if path.name in ("uv.lock", "pyproject.toml", "setup.cfg", "Pipfile"):
        return True
    in_folder = path.parent.name == "requirements" and path.suffix in (".txt", ".in")
    return in_folder or _REQUIREMENT_FILE.fullmatch(path.name) is not None


def find(path: PurePosixPath, content: str, /) -> Iterator[Name]:
    """Yield direct dependencies."""
    match path.name:
        case "uv.lock":
            yield from _locked(toml_table(content))
        case "pyproject.toml":
            yield from _project(toml_table(content))
        case "setup.cfg":
            yield from _setup(content)
        case "Pipfile":
            table = toml_table(content)
            yield from (_name(name) for group in ("packages", "dev-packages") for name in table_at(table, group))
        case _:
            yield from _requirements(content)


def _name(name: str, version: object = None) -> Name:
    normal = normalised(VendorKind.PYPI, name)
    return Name(VendorKind.PYPI, normal, with_version(normal, version))


def _parsed(requirements: list[Any]) -> Iterator[Name]:
    for requirement in requirements:
        found = _REQUIREMENT.match(requirement) if isinstance(requirement, str) else None
        if found:
            yield _name(found[1], found[2])


def _requirements(content: str) -> Iterator[Name]:
    """Yield the requirements of a file; of a compiled one only those that its source names."""
    lines = content.splitlines()
    for number, line in enumerate(lines):
        if line[:1] in ("", " ", "\t", "#", "-") or "://" in line.partition("#")[0].partition("@")[0]:
            continue
        if not _is_transitive(line, lines[number + 1 :]):
            yield from _parsed([line])


def _is_transitive(line: str, following: list[str]) -> bool:
    """Return whether only other packages want this one, as the comments of a compiled file (`# via`) say."""
    remarks = [line.partition("#")[2]] if "# via" in line else []
    for later in following:
        if not later.lstrip().startswith(("#", "--hash")):
            break
        remarks.append(later.lstrip())
    remark = "\n".join(remarks)
    return "via" in remark and "-r " not in remark and ".in" not in remark and "pyproject.toml" not in remark


def _project(table: dict[str, Any]) -> Iterator[Name]:
    yield from _parsed(list_at(table, "project", "dependencies"))
    groups = (table_at(table, "project", "optional-dependencies"), table_at(table, "dependency-groups"))
    for group in groups:
        for requirements in group.values():
            yield from _parsed(requirements if isinstance(requirements, list) else [])
    poetry = table_at(table, "tool", "poetry")
    named = [table_at(poetry, "dependencies"), table_at(poetry, "dev-dependencies")]
    named += [table_at(group, "dependencies") for group in table_at(poetry, "group").values()]
    yield from (_name(name) for names in named for name in names if name != "python")


def _setup(content: str) -> Iterator[Name]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(content)
    except configparser.Error:
        return
    yield from _parsed(parser.get("options", "install_requires", fallback="").split("\n"))
    if parser.has_section("options.extras_require"):
        yield from _parsed([line for _, lines in parser.items("options.extras_require") for line in lines.split("\n")])


def _locked(table: dict[str, Any]) -> Iterator[Name]:
    """Yield what the project in a `uv.lock` names itself: the package whose source is the folder."""
    packages = list(tables_in(list_at(table, "package")))
    versions = {package.get("name"): package.get("version") for package in packages}
    for package in packages:
        if not {"editable", "virtual"} & table_at(package, "source").keys():
            continue
        groups = [list_at(package, "dependencies"), *table_at(package, "dev-dependencies").values()]
        groups += table_at(package, "optional-dependencies").values()
        for dependency in tables_in([entry for group in groups if isinstance(group, list) for entry in group]):
            if isinstance(name := dependency.get("name"), str):
                yield _name(name, versions.get(name))

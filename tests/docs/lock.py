"""Lock what a run needs: `python -m tests.docs.lock` writes `statuswatch/locks/`, each version with its hashes.

There is one file without extras and one for each extra that a user installs. They hold for every Python and platform
that the package supports; markers say what is for some of them. Versions that still fit stay; `--upgrade` takes the
newest. Needs `uv` and a package index.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROOT: Final = Path(__file__).parents[2]
LOCKS: Final = ROOT / "statuswatch" / "locks"
COMMAND: Final = "python -m tests.docs.lock"
FOR_DEVELOPERS: Final = frozenset({"bench", "dev", "fuzz", "release"})  # extras that no user installs
LOWEST_PYTHON: Final = "3.11"
ENVIRONMENTS: Final = tuple(
    {"python_version": version, "python_full_version": f"{version}.0", "sys_platform": platform, "os_name": name}
    for version in ("3.11", "3.12", "3.13", "3.14")
    for platform, name in (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))
)
_PIN: Final = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\]+?))?"
    r"(?P<hashes>(?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n",
    re.MULTILINE,
)


class Pin(NamedTuple):
    """One version of one package in a lock, and where it counts."""

    name: str
    version: str
    marker: Marker | None

    def counts_in(self, environment: Mapping[str, str]) -> bool:
        """Return whether the package is installed there."""
        return self.marker is None or self.marker.evaluate(dict(environment))


def names() -> dict[str, str]:
    """Return the lock files, each with its extra; "" for none."""
    extras = [extra for extra in project()["optional-dependencies"] if extra not in FOR_DEVELOPERS]
    return {"requirements.txt": "", **{f"requirements-{extra}.txt": extra for extra in extras}}


def project() -> dict[str, dict[str, list[str]]]:
    """Return the table `project` of pyproject.toml."""
    table: dict[str, dict[str, list[str]]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def requirements(extra: str) -> list[Requirement]:
    """Return what pyproject.toml requires, with those of an extra; an extra of our own is replaced by its content."""
    declared: list[str] = [*project()["dependencies"]]
    if extra:
        declared += project()["optional-dependencies"][extra]
    return [Requirement(text) for text in declared]


def pins(lock: str) -> list[Pin]:
    """Return what a lock holds. Raises ValueError for a line that is no pin with hashes."""
    rest = _PIN.sub("", "".join(line for line in lock.splitlines(keepends=True) if not line.startswith("#")))
    if rest.strip():
        raise ValueError(f"not a pinned version with hashes: {rest.strip().splitlines()[0]}")
    return [
        Pin(canonicalize_name(match["name"]), match["version"], Marker(match["marker"]) if match["marker"] else None)
        for match in _PIN.finditer(lock)
    ]


def problems(lock: str, required: Iterable[Requirement]) -> Iterator[str]:
    """Yield what a lock lacks, or has in a version that does not fit: of pyproject.toml, and of what it pins itself."""
    pinned = pins(lock)
    for requirement in (*required, *_required_by(pinned)):
        for environment in ENVIRONMENTS:
            if requirement.marker and not requirement.marker.evaluate({**environment, "extra": ""}):
                continue
            name = canonicalize_name(requirement.name)
            versions = [pin.version for pin in pinned if pin.name == name and pin.counts_in(environment)]
            where = f"Python {environment['python_version']} on {environment['sys_platform']}"
            if len(versions) != 1 or not requirement.specifier.contains(versions[0], prereleases=True):
                yield f"{requirement}: {', '.join(versions) or 'missing'} ({where})"


def _required_by(pinned: Iterable[Pin]) -> Iterator[Requirement]:
    """Yield what the pinned packages require, of those that are installed in the pinned version."""
    for pin in pinned:
        try:
            distribution = metadata.distribution(pin.name)
        except metadata.PackageNotFoundError:
            continue
        if distribution.version == pin.version:
            declared = (Requirement(text) for text in distribution.requires or ())
            yield from (one for one in declared if "extra" not in str(one.marker))


def compile_lock(uv: str, name: str, extra: str, *, upgrade: bool) -> None:
    """Write one lock."""
    path = LOCKS / name
    options = ["--universal", f"--python-version={LOWEST_PYTHON}", "--generate-hashes", "--no-header", "--no-annotate"]
    options += ["--quiet", "--no-emit-index-url", *(["--upgrade"] if upgrade else [])]
    options += [f"--extra={extra}"] if extra else []
    command = [uv, "pip", "compile", *options, f"--output-file={path}", "pyproject.toml"]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "UV_NO_PROGRESS": "1"}, stdout=subprocess.DEVNULL)
    path.write_text(f"# Made by `{COMMAND}`.\n{path.read_text()}", encoding="utf-8")


def main() -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog=COMMAND)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions, not those of the lock")
    upgrade = parser.parse_args().upgrade
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        sys.stderr.write("uv is missing: pip install uv\n")
        return 1
    LOCKS.mkdir(exist_ok=True)
    locks = names()
    for stale in {path.name for path in LOCKS.glob("*.txt")} - {*locks}:
        (LOCKS / stale).unlink()
    for name, extra in locks.items():
        compile_lock(uv, name, extra, upgrade=upgrade)
        sys.stderr.write(f"{name}: {len(pins((LOCKS / name).read_text()))} packages\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

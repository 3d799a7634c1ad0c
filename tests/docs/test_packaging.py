"""The dependencies: bounded below, and audited where the audit service knows them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from packaging.requirements import Requirement

from statuswatch import __version__
from tests.docs import lock

REPOSITORY: Final = Path(__file__).parents[2]
GOOD: Final = {"name": "httpx", "version": "0.28.1", "vulns": []}
BAD: Final = {"name": "anyio", "version": "4.8", "vulns": [{"id": "PYSEC-1", "fix_versions": ["4.9"]}]}
OURS: Final = {"name": "statuswatch", "skip_reason": "Dependency not found on PyPI"}
UNKNOWN: Final = {"name": "rich", "skip_reason": "Dependency not found on PyPI"}
BUNDLED: Final = {"name": "pip", "version": "23", "vulns": BAD["vulns"]}


def declared() -> list[str]:
    table = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    project = table["project"]
    return [
        *table["build-system"]["requires"],
        *project["dependencies"],
        *(dependency for extra in project["optional-dependencies"].values() for dependency in extra),
    ]


def test_every_dependency_is_bounded_below() -> None:
    """An older version fails at installation, not at run time; `.ci/lowest` installs the bound."""
    assert len(declared()) > 20
    bounded = re.compile(r"[\w.-]+>=\d[\w.]*(,[<!]=?[\w.]+)*(; sys_platform == '\w+')?")
    assert [dependency for dependency in declared() if not bounded.fullmatch(dependency)] == []


def test_continuous_integration_runs_both_ends() -> None:
    """Each change is tested with the newest and with the lowest versions."""
    job = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["checks"]
    matrix, last = job["strategy"]["matrix"], job["steps"][-1]
    assert [*matrix["checks"], *(entry["checks"] for entry in matrix["include"])] == [".ci/run", ".ci/lowest"]
    assert (last["env"], last["run"]) == ({"CHECKS": "${{ matrix.checks }}"}, 'bash "$CHECKS"')


@pytest.mark.parametrize(
    ("answer", "code", "message"),
    [
        ({"dependencies": [GOOD, OURS, BUNDLED]}, 0, "pip-audit: 1 packages audited, 0 vulnerabilities\n"),
        ({"dependencies": [GOOD, BAD]}, 1, "pip-audit: anyio 4.8: PYSEC-1, fixed in 4.9\n"),
        ({"dependencies": [GOOD, UNKNOWN]}, 0, "SKIPPED, not audited: rich\n"),
        ({"dependencies": [UNKNOWN, OURS]}, 0, "SKIPPED, nothing was audited: its service knows none of 1 packages\n"),
        (None, 0, "SKIPPED, nothing was audited: ConnectionError: no such host\n"),
    ],
)
def test_a_package_that_cannot_be_audited_is_reported(tmp_path: Path, answer: Any, code: int, message: str) -> None:
    """A finding fails the run; where the service does not answer, or knows nothing, the audit says so."""
    stand_in = "raise ConnectionError('no such host')" if answer is None else f"print({json.dumps(answer)!r})"
    (tmp_path / "pip_audit.py").write_text(stand_in)
    completed = subprocess.run(
        [sys.executable, REPOSITORY / ".ci" / "audit.py"],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "GITHUB_ACTIONS": ""},
        capture_output=True,
        text=True,
    )
    assert (completed.returncode, completed.stdout) == (code, "")
    assert message in completed.stderr


# ------------------------------------------------------------------------------------------------- locked versions


@pytest.mark.parametrize("name", lock.names())
def test_the_lock_satisfies_the_project(name: str) -> None:
    """Each lock pins, for every Python and platform, what pyproject.toml and the pinned packages require."""
    path = lock.LOCKS / name
    assert path.exists(), f"{name} is missing: run {lock.COMMAND}; an extra for developers belongs in FOR_DEVELOPERS"
    found = [*lock.problems(path.read_text(), lock.requirements(lock.names()[name]))]
    assert found == [], f"run {lock.COMMAND}"


def test_every_lock_belongs_to_an_extra_and_names_no_index() -> None:
    """No lock is left of an extra that was removed, and none says where the packages were found."""
    assert {path.name for path in lock.LOCKS.iterdir()} == {*lock.names()}
    assert not [path.name for path in lock.LOCKS.iterdir() if "://" in path.read_text()]


HASHES: Final = " \\\n    --hash=sha256:" + "0" * 64 + "\n"


@pytest.mark.parametrize(
    ("pinned", "found"),
    [
        (f"surely-missing==1.5{HASHES}", 0),
        (f"surely-missing==2.0{HASHES}", 12),
        (f"surely-missing==1.5 ; sys_platform == 'linux'{HASHES}", 8),
        ("", 12),
    ],
)
def test_a_lock_that_does_not_fit_is_seen(pinned: str, found: int) -> None:
    """Another version, no version, and a version for some platforms alone are problems wherever they count."""
    assert len([*lock.problems(pinned, [Requirement("surely-missing>=1,<2")])]) == found


@pytest.mark.parametrize("line", ["httpx==0.28.1\n", "httpx>=0.28.1\n", "--index-url https://example.org\n"])
def test_a_lock_has_nothing_but_pins_with_hashes(line: str) -> None:
    """A line without a hash, or that is no pin, is refused."""
    with pytest.raises(ValueError, match="not a pinned version"):
        lock.pins(line)


# ------------------------------------------------------------------------------------------------------- a release


def notes(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = REPOSITORY / ".ci" / "notes.py"
    return subprocess.run([sys.executable, program, *arguments], capture_output=True, text=True)


def test_the_notes_of_a_release_are_cut_from_the_changelog() -> None:
    """An unreleased version has the newest notes; a tag needs a heading of its own, and the right version."""
    version = __version__
    written = notes(version)
    assert written.returncode == 0 and "### Added" in written.stdout and "## [" not in written.stdout
    assert f"](../../blob/v{version}/.github/CONTRACT.md)" in written.stdout
    released = f"## [{version}]" in (REPOSITORY / ".github" / "CHANGELOG.md").read_text()
    assert notes(version, "--tag", f"v{version}").returncode == (0 if released else 1)
    other = notes(version, "--tag", "v99.0.0")
    assert (other.returncode, other.stdout) == (1, "") and other.stderr.startswith("error: the tag is v99.0.0")


def test_the_version_stands_in_one_place() -> None:
    """The distribution takes its version from the package."""
    table = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    assert "version" not in table["project"] and table["project"]["dynamic"] == ["version"]
    assert table["tool"]["hatch"]["version"] == {"path": "statuswatch/__init__.py"}

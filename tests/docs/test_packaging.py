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

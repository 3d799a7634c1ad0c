"""What is installed with it: bounded below, and audited where somebody can say."""

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

CHECKOUT: Final = Path(__file__).parent.parent
GOOD: Final = {"name": "httpx", "version": "0.28.1", "vulns": []}
BAD: Final = {"name": "anyio", "version": "4.8", "vulns": [{"id": "PYSEC-1", "fix_versions": ["4.9"]}]}
OURS: Final = {"name": "statuswatch", "skip_reason": "Dependency not found on PyPI"}
UNKNOWN: Final = {"name": "rich", "skip_reason": "Dependency not found on PyPI"}
BROUGHT: Final = {"name": "pip", "version": "23", "vulns": BAD["vulns"]}


def declared() -> list[str]:
    table = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    project = table["project"]
    return [
        *table["build-system"]["requires"],
        *project["dependencies"],
        *(it for extra in project["optional-dependencies"].values() for it in extra),
    ]


def test_every_dependency_is_bounded_below() -> None:
    """Whoever has an older one is told at installation, not by a fault; and the bound is what `.ci/lowest` installs."""
    assert len(declared()) > 20
    assert [it for it in declared() if not re.fullmatch(r"[\w.-]+>=\d[\w.]*(,[<!]=?[\w.]+)*", it)] == []


def test_continuous_integration_runs_both_ends() -> None:
    """Each change is tried with the newest and with the lowest versions."""
    job = yaml.safe_load((CHECKOUT / ".github" / "workflows" / "ci.yml").read_text())["jobs"]["checks"]
    matrix, last = job["strategy"]["matrix"], job["steps"][-1]
    assert [*matrix["checks"], *(it["checks"] for it in matrix["include"])] == [".ci/run", ".ci/lowest"]
    assert (last["env"], last["run"]) == ({"CHECKS": "${{ matrix.checks }}"}, 'bash "$CHECKS"')


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({"dependencies": [GOOD, OURS, BROUGHT]}, 0, "pip-audit: 1 packages audited, 0 vulnerabilities\n"),
        ({"dependencies": [GOOD, BAD]}, 1, "pip-audit: anyio 4.8: PYSEC-1, mended in 4.9\n"),
        ({"dependencies": [GOOD, UNKNOWN]}, 0, "SKIPPED, not audited: rich\n"),
        ({"dependencies": [UNKNOWN, OURS]}, 0, "SKIPPED, nothing was audited: its service knows none of 1 packages\n"),
        (None, 0, "SKIPPED, nothing was audited: ConnectionError: no such host\n"),
    ],
)
def test_what_cannot_be_audited_is_said(tmp_path: Path, answer: Any, code: int, said: str) -> None:
    """A finding fails the run; a service that does not answer, or knows nothing, is not taken for good news."""
    stand_in = "raise ConnectionError('no such host')" if answer is None else f"print({json.dumps(answer)!r})"
    (tmp_path / "pip_audit.py").write_text(stand_in)
    done = subprocess.run(
        [sys.executable, CHECKOUT / ".ci" / "audit.py"],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "GITHUB_ACTIONS": ""},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr

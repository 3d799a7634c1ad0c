"""`demo`: the whole program without a network."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.support.workspace import COMMAND, PATIENCE

if TYPE_CHECKING:
    from pathlib import Path


def test_the_demo_shows_everything_and_leaves_nothing(tmp_path: Path) -> None:
    """Contract 2: the whole pipeline without network or configuration, and the commands to try next."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    empty = tmp_path / "empty"
    empty.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    env = {**kept, "HOME": str(empty), "TMPDIR": str(temporary), "LANG": "C.UTF-8"}
    env |= {"STATUSWATCH_CONFIG": "nowhere.toml", "GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": str(empty / "output")}
    completed = subprocess.run(
        [*COMMAND, "demo"], env=env, cwd=empty, capture_output=True, timeout=PATIENCE, check=False, text=True
    )
    assert (completed.returncode, completed.stderr) == (0, "")
    signs = ("🔴 NEW  ", "🟡 UPDATED  ", "🟢 RESOLVED  ", "🔧 UPDATED  ", "🔧 COMPLETED ")
    for words in (*signs, "began and ended between two runs", "1 page unknown", "  statuswatch check "):
        assert words in completed.stdout
    assert "baseline: " in completed.stdout
    assert list(empty.iterdir()) == []
    assert list(temporary.iterdir()) == []

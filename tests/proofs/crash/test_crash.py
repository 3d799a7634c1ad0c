"""At least once, whatever ends a run: the short form of tests/proofs/crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.proofs.crash import faults
from tests.proofs.crash.__main__ import crash

if TYPE_CHECKING:
    from pathlib import Path


def test_killed_runs_lose_nothing(tmp_path: Path) -> None:
    """3: each sink has every event, one that refuses a third of its requests too, and state.json is always whole."""
    figures = crash(tmp_path, 2)
    assert figures.wrong == [], figures.row()
    assert figures.kills == 2 and figures.told and all(it.taken for it in figures.sinks)
    assert sum(figures.files.values()) == 2 and figures.lost == 0


def test_a_run_that_cannot_save_loses_nothing(tmp_path: Path) -> None:
    """3: where the file cannot be written after the telling it is the old one, and the next run tells again, with the
    same ids; of two runs at once only one tells.
    """
    with faults.ground(tmp_path) as ground:
        (small, *_) = (it for it in faults.faults(ground.old) if it.limit)
        row, both = next(faults.places(ground, [small])), faults.together(ground, 1)
    assert row.wrong == both.wrong == []
    assert (row.runs, row.files, row.twice, row.lost) == (1, {"old": 1}, len(ground.ids), 0)
    assert (both.runs, both.files, both.twice, both.lost) == (2, {"new": 1}, 0, 0)

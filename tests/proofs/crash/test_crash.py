"""At least once, however a run ends: the short form of tests/proofs/crash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.proofs.crash import faults
from tests.proofs.crash.kills import kill_runs

if TYPE_CHECKING:
    from pathlib import Path


def test_killed_runs_lose_nothing(tmp_path: Path) -> None:
    """Contract 7.2: each sink gets every event, also one that refuses a third of its requests; the state is whole."""
    figures = kill_runs(tmp_path, 2)
    assert figures.wrong == [], figures.row()
    assert figures.kills == 2 and figures.events and all(sink.accepted for sink in figures.sinks)
    assert sum(figures.files.values()) == 2 and figures.lost == 0


def test_a_run_that_cannot_save_loses_nothing(tmp_path: Path) -> None:
    """Contract 7.1: where the file cannot be written after the delivery it is the old one, and the next run delivers
    again with the same ids; of two runs at once only one delivers.
    """
    with faults.ground(tmp_path) as ground:
        file_limit = next(fault for fault in faults.faults(ground.old) if fault.limit)
        limited, both = next(faults.places(ground, [file_limit])), faults.together(ground, 1)
    assert limited.wrong == both.wrong == []
    assert (limited.runs, limited.files, limited.repeated, limited.lost) == (1, {"old": 1}, len(ground.ids), 0)
    assert (both.runs, both.files, both.repeated, both.lost) == (2, {"new": 1}, 0, 0)

"""A process that watches for long: the short form of tests/proofs/endurance."""

from pathlib import Path

from tests.proofs.endurance.endurance import endure


def test_a_watching_process_reports_all_and_holds_nothing(tmp_path: Path) -> None:
    """20 runs with faults, over some months: every event is reported once, to the sink too, and no object, task, thread
    or file of a past run is held.
    """
    figures = endure(tmp_path, 20)
    assert all(figures.verdicts().values()), figures.table()
    assert figures.reported > 30 and figures.faults > 2

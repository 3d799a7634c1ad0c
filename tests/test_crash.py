"""At least once, whatever ends a run: the short form of tests/crash.py."""

from pathlib import Path

from tests.crash import crash


def test_killed_runs_lose_nothing(tmp_path: Path) -> None:
    """3: each sink has every event, one that refuses a third of its requests too, and state.json is always whole."""
    figures = crash(tmp_path, 3)
    assert figures.wrong == [], figures.table()
    assert figures.kills == 3 and figures.told and all(it.taken for it in figures.sinks)

"""The frame of the judges that are not ours: what makes it fail. The judges themselves run as a proof."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.proofs.judges.__main__ import run
from tests.proofs.judges.verdict import UnavailableError, control, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from tests.proofs.judges.verdict import Verdict


def test_a_judge_is_shown_what_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    """A judge that accepts what is broken on purpose is as wrong as one that rejects what is sent; so is one that is
    shown nothing broken. One that cannot be had is named, and is no failure.
    """
    good, refused = verdict("entries", ["", ""]), control({"a": "bad", "b": "bad"})
    assert run({"fair": lambda: [good, refused]}) == 0
    assert "| fair | broken on purpose, and refused | 2 of 2 |" in capsys.readouterr().out
    assert run({"blind": lambda: [good, control({"a": "bad", "b": ""})]}) == 1
    assert "| 1 of 2 |\n\nblind, broken on purpose, and refused: accepted: b" in capsys.readouterr().out
    assert run({"strict": lambda: [verdict("entries", ["", "too long"]), refused]}) == 1
    assert run({"untried": lambda: [good, control({})]}) == 1

    def absent() -> Iterator[Verdict]:
        raise UnavailableError("install it")
        yield

    assert run({"absent": absent}) == 0
    assert "SKIPPED absent: install it" in capsys.readouterr().out

"""The ledger beside an independent count of recorded feeds: the short form of tests/proofs/site."""

from pathlib import Path
from typing import Final

import pytest

from tests.proofs.site.recorded import counted_figures, ledger_figures

FEEDS: Final = Path(__file__).parents[4] / "shared" / "corpus" / "statuspage-atom" / "github"


@pytest.mark.skipif(not FEEDS.is_dir(), reason="there are no recorded payloads beside this checkout")
def test_the_ledger_of_a_recorded_feed() -> None:
    """Every figure is what a count of the text gives: incidents, durations, messages, texts rewritten later."""
    figures = ledger_figures(FEEDS / "seq-06-incident-deleted-2025-12")
    assert figures == counted_figures(FEEDS / "seq-06-incident-deleted-2025-12")
    assert (figures["incidents"], figures["rewritten after the end"]) == (26, 1)

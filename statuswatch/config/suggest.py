"""Suggestions for a word that is nearly a known one."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """What may have been meant, to be put behind a complaint; "" where nothing is near."""
    known = [str(it) for it in known]
    few = len(known) <= 12  # of the hundreds of the catalog some page is always a little near
    did_you_mean = get_close_matches(word.casefold(), known, n=1, cutoff=0.6 if few else 0.75)
    if did_you_mean:
        return f"; did you mean {did_you_mean[0]!r}?"
    return f"; there are {', '.join(known)}" if few else ""

"""Suggestions for a misspelt word."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

MAX_LISTED: Final = 18  # so many choices are listed where none is near
MIN_SIMILARITY: Final = 0.6  # as difflib measures it, from 0 to 1
MIN_SIMILARITY_OF_MANY: Final = 0.75  # among the hundreds of keys of the catalog, one is always a little near


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return the end of an error message: the choice that is near, or a short list of all of them.

    It is "" where there are many choices and none is near.
    """
    words = [str(choice) for choice in choices]
    few = len(words) <= MAX_LISTED
    similarity = MIN_SIMILARITY if few else MIN_SIMILARITY_OF_MANY
    by_folded = {choice.casefold(): choice for choice in reversed(words)}  # of equal ones the first
    near = get_close_matches(word.casefold(), by_folded, n=1, cutoff=similarity)
    if near:
        return f": did you mean {by_folded[near[0]]!r}?"
    if few:
        return f": use one of {', '.join(words)}"
    return ""

"""Secrets of sinks in the text of a receiver or a library: masked before it is printed or saved. Pure."""

from collections.abc import Iterable
from typing import Final

from statuswatch import text
from statuswatch.masking import MASK, MIN_SECRET, mask_secrets, spellings

__all__ = ["MASK", "MAX_REASON", "MIN_SECRET", "mask", "spellings"]

MAX_REASON: Final = 240  # characters of a receiver's text that are repeated


def mask(words: str, secrets: Iterable[str]) -> str:
    """Return the text in one line without the secrets, and cut.

    It is cleaned first, since an invisible character would hide a secret, and cut last: half of a secret would not be
    recognised.
    """
    return mask_secrets(text.line(words), secrets)[:MAX_REASON]

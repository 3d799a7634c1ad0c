"""A part of the pages, for who watches more of them than one run can read. Pure."""

import hashlib
import re
from typing import Final

import msgspec

from statuswatch.errors import UsageError

PLACEHOLDER: Final = "{shard}"  # what stands for the number in the path of a state of which every shard has its own
MAX_SHARDS: Final = 256  # shards; a matrix of GitHub's has no more jobs
_WORD: Final = re.compile(r"([0-9]{1,3})/([0-9]{1,3})")


class Shard(msgspec.Struct, frozen=True):
    """One of `count`, counted from 1."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def holds(self, key: str) -> bool:
        return shard_of(key, self.count) == self.number


def parse_shard(word: str) -> Shard:
    """Raises UsageError."""
    found = _WORD.fullmatch(word)
    number, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= number <= count <= MAX_SHARDS:
        raise UsageError(f"--shard: {word!r} is not K/N, N from 1 to {MAX_SHARDS} and K from 1 to N; for example 2/8")
    return Shard(number, count)


def shard_of(key: str, count: int) -> int:
    """Whose a page is, by its key and their number alone. One shard more takes its even share of every other and moves
    no other page (jump consistent hash, Lamping and Veach 2014); a rendezvous would do so with a digest for each shard.
    """
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    found, leap = 0, 0
    while leap < count:
        found = leap
        seed = (seed * 2862933555777941757 + 1) % 2**64
        leap = ((found + 1) << 31) // ((seed >> 33) + 1)
    return found + 1

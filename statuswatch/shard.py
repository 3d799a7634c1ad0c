"""Shards: equal parts of the pages, for whoever watches more pages than one run can read."""

import hashlib
import re
from contextlib import suppress
from typing import Final

import msgspec

from statuswatch.errors import UsageError

PLACEHOLDER: Final = "{shard}"  # stands for the shard's number in the paths of `state` and `history`
MAX_SHARDS: Final = 256  # a matrix of GitHub Actions has at most so many jobs
SEPARATOR: Final = "/"  # of "K/N"; the key of a page has none
_SHARD: Final = re.compile(r"([0-9]{1,3})/([0-9]{1,3})")


class Shard(msgspec.Struct, frozen=True):
    """One of `count` shards, numbered from 1."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def holds(self, key: str) -> bool:
        """Return whether the page with this key belongs to the shard."""
        return shard_of(key, self.count) == self.number


def is_shard(word: str) -> bool:
    """Return whether the word is "K/N"."""
    with suppress(UsageError):
        return bool(parse_shard(word))
    return False


def parse_shard(word: str) -> Shard:
    """Parse "K/N". Raises UsageError."""
    match = _SHARD.fullmatch(word)
    number, count = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= number <= count <= MAX_SHARDS:
        raise UsageError(f"--shard: {word!r} is not K/N, N from 1 to {MAX_SHARDS} and K from 1 to N; for example 2/8")
    return Shard(number, count)


def paths_of_shards(path: str) -> tuple[str, ...]:
    """Return the paths of all shards there can be, by number, where each has its own; else the one path."""
    if PLACEHOLDER not in path:
        return (path,)
    return tuple(path.replace(PLACEHOLDER, str(number)) for number in range(1, MAX_SHARDS + 1))


def job_of(key: str, count: int) -> int:
    """Return the number of the process, from 1 to `count`, that reads the page with this key.

    All pages of a shard may be in one part of another partition by the same digest: this one has a digest of its own.
    """
    return shard_of(f"{key}\n", count)


def shard_of(key: str, count: int) -> int:
    """Return the number of the shard, from 1 to `count`, that the page with this key belongs to.

    It depends on nothing else. One shard more takes an even share of the pages of every other shard and moves no other
    page (jump consistent hash, Lamping and Veach 2014). Rendezvous hashing would do so too, with a digest per shard.
    """
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    bucket, jump = 0, 0
    while jump < count:
        bucket = jump
        seed = (seed * 2862933555777941757 + 1) % 2**64
        jump = ((bucket + 1) << 31) // ((seed >> 33) + 1)
    return bucket + 1

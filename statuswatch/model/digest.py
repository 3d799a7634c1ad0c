"""Digests of incident updates, in at most 15 characters, and of the bytes that an incident is made of."""

import re
from binascii import b2a_base64
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final, NamedTuple, Self

from statuswatch import text
from statuswatch.model.incident import IncidentUpdate

_ID_END: Final = 6  # characters of the id's digest
_STATUS_END: Final = 8  # two characters of the status's digest follow
_ENRICHED: Final = "~"
WITHOUT_ID: Final = "~"
_BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_TIME_ID: Final = re.compile(r"at-\d{8}T\d{6}Z(?:-|$)")


class UpdateDigest(NamedTuple):
    """One incident update: digests of its id, its status and its body.

    `body_digest` is "" where the update had no text. `from_enrichment`: another document supplied the body.
    """

    id_digest: str
    status_digest: str
    body_digest: str = ""
    from_enrichment: bool = False

    @classmethod
    def of(cls, update: IncidentUpdate) -> Self:
        """Return the digest of an update."""
        return cls.parse(_encode(update))

    @classmethod
    def parse(cls, encoded: str) -> Self:
        """Return the digest that the state file writes so."""
        body = encoded[_STATUS_END:]
        body_digest = body.removesuffix(_ENRICHED)
        return cls(encoded[:_ID_END], encoded[_ID_END:_STATUS_END], body_digest, body != body_digest)

    def __str__(self) -> str:
        mark = _ENRICHED if self.from_enrichment else ""
        return f"{self.id_digest}{self.status_digest}{self.body_digest}{mark}"


def id_digest(update: IncidentUpdate) -> str:
    """Return the digest of an update's id, by which it is recognised."""
    return text.digest(update.id)


def encode_updates(updates: Iterable[IncidentUpdate]) -> str:
    """Return the digests of updates as the state file has them: separated by blanks.

    A closed incident is compared by this text alone: nearly all that a page lists is closed, and as it was.
    """
    return " ".join([_encode(update) for update in updates])


def _encode(update: IncidentUpdate) -> str:
    body = text.digest(update.body) + _ENRICHED * update.from_enrichment if update.body else ""
    return f"{text.digest(update.id)}{text.word_digest(update.status)}{body}"


def encode_digests(digests: Iterable[UpdateDigest]) -> str:
    """Return digests as the state file has them: separated by blanks."""
    return " ".join(map(str, digests))


def parse_digests(encoded: str) -> tuple[UpdateDigest, ...]:
    """Return the digests of a record's `updates`, in their order."""
    return tuple(map(UpdateDigest.parse, encoded.split()))


def newest_id_digest(encoded: str) -> str:
    """Return the digest of the id of the newest update in a record's `updates`; "" where there is none."""
    return encoded.rpartition(" ")[2][:_ID_END]


def entry_digest(context: bytes, *parts: bytes) -> str:
    """Return 11 characters (64 bits of SHA-256) for the bytes of an incident in its vendor's list.

    An entry of the same digest is not looked at. That an edited one has it by accident happens once in 30 billion
    years of 10,000 pages with 50 entries and 1,000 edits a year each. There is no secret key: the state file is
    committed, so a key in it would be public, and one elsewhere would have to be managed. A stranger who wants to hide
    an edit must find a second text for a given digest, in 2**64 attempts. A vendor that makes two texts of one digest,
    in 2**32 attempts, hides no more than by not publishing the second. `context` is a digest of all else that the
    entry is understood by: where that changes, every entry is looked at again.
    """
    return b2a_base64(sha256(b"".join((context, *parts))).digest()[:8], newline=False)[:11].decode()


class UpdateTime(NamedTuple):
    """When one remembered update was published, in seconds since 1970; `without_id`: the vendor gave it no id."""

    id_digest: str
    second: int
    without_id: bool = False

    @classmethod
    def of(cls, update: IncidentUpdate) -> Self:
        """Return the time of an update."""
        return cls(id_digest(update), published_second(update), is_time_id(update.id))

    @classmethod
    def parse(cls, encoded: str) -> Self:
        """Return the time that the state file writes so."""
        second = encoded[_ID_END:]
        plain = second.removesuffix(WITHOUT_ID)
        return cls(encoded[:_ID_END], int(plain, 36), second != plain)

    def __str__(self) -> str:
        return f"{self.id_digest}{_base36(self.second)}{WITHOUT_ID * self.without_id}"


def parse_times(encoded: str) -> dict[str, UpdateTime]:
    """Return the times of a record's updates, by the digests of their ids."""
    return {time.id_digest: time for time in map(UpdateTime.parse, encoded.split())}


def published_second(update: IncidentUpdate) -> int:
    """Return the second in which an update was published, since 1970."""
    return int(update.created_at.timestamp())


def time_id(created_at: datetime, distinction: str = "") -> str:
    """Return the id of an update that the vendor gave none: its time, and what tells it apart within one second."""
    suffix = f"-{text.digest(distinction)}" if distinction else ""
    return f"at-{created_at.astimezone(UTC):%Y%m%dT%H%M%SZ}{suffix}"


def is_time_id(update_id: str) -> bool:
    """Return whether an update's id is made of its time."""
    return update_id.startswith("at-") and _TIME_ID.match(update_id) is not None


def _base36(number: int) -> str:
    digits = ""
    rest = abs(number)
    while rest or not digits:
        rest, digit = divmod(rest, 36)
        digits = _BASE36[digit] + digits
    return digits if number >= 0 else f"-{digits}"

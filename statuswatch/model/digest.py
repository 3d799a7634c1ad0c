"""Digests of incident updates: what the state file remembers of each, in at most 15 characters."""

from collections.abc import Iterable
from typing import Final, NamedTuple, Self

from statuswatch import text
from statuswatch.model.incident import IncidentUpdate

_ID_END: Final = 6  # characters of the id's digest
_STATUS_END: Final = 8  # two characters of the status's digest follow
_ENRICHED: Final = "~"


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

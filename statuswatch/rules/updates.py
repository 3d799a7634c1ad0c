"""The updates of an incident against those that its record remembers: which are new, which were edited. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from statuswatch.model.digest import UpdateDigest, encode_digests, newest_id_digest, parse_digests
from statuswatch.model.incident import IncidentUpdate


class UpdateComparison(NamedTuple):
    """Updates that are new, updates that were edited in place, and the digests to remember from now on."""

    fresh: tuple[IncidentUpdate, ...]
    edited: tuple[IncidentUpdate, ...]
    remembered: str


def compare_updates(remembered: str, updates: tuple[IncidentUpdate, ...], encoded: str) -> UpdateComparison:
    """Compare the listed updates, and their digests in `encoded`, with the remembered digests.

    Without remembered digests all updates are new. A read without updates changes nothing: the document that has them
    may have failed.
    """
    if not remembered:
        return UpdateComparison(updates, (), encoded)
    if not updates or encoded == remembered:
        return UpdateComparison((), (), remembered)
    former = {digest.id_digest: digest for digest in parse_digests(remembered)}
    fresh: list[IncidentUpdate] = []
    edited: list[IncidentUpdate] = []
    listed: dict[str, UpdateDigest] = {}
    for update, digest in zip(updates, parse_digests(encoded), strict=True):
        before = former.get(digest.id_digest)
        if before is None:
            fresh.append(update)
            listed[digest.id_digest] = digest
            continue
        if _was_edited(before, digest):
            edited.append(update)
        listed[digest.id_digest] = _with_best_body(before, digest)
    return UpdateComparison(tuple(fresh), tuple(edited), _remember(remembered, former, listed))


def is_poorer(digest: UpdateDigest, before: UpdateDigest) -> bool:
    """Return whether the body is empty where one is remembered, or from enrichment where the vendor's own is."""
    if not before.body_digest:
        return False
    return not digest.body_digest or (digest.from_enrichment and not before.from_enrichment)


def _was_edited(before: UpdateDigest, digest: UpdateDigest) -> bool:
    """Return whether the status differs, or the body where both sources are equally good and neither is empty."""
    if before.status_digest != digest.status_digest:
        return True
    if not before.body_digest or not digest.body_digest or before.from_enrichment != digest.from_enrichment:
        return False
    return before.body_digest != digest.body_digest


def _with_best_body(before: UpdateDigest, digest: UpdateDigest) -> UpdateDigest:
    if not is_poorer(digest, before):
        return digest
    return digest._replace(body_digest=before.body_digest, from_enrichment=before.from_enrichment)


def _remember(remembered: str, former: Mapping[str, UpdateDigest], listed: Mapping[str, UpdateDigest]) -> str:
    """Return the digests to remember: those no longer listed come first, and new ones last, however they are dated.

    So the last digest is always of the newest update that is listed. Where nothing is new and the newest is still
    listed, the order stays as it is.
    """
    as_before = all(former.get(key) == digest for key, digest in listed.items())
    if as_before and newest_id_digest(remembered) in listed:
        return remembered
    unlisted = [digest for key, digest in former.items() if key not in listed]
    listed_before = [digest for key, digest in listed.items() if key in former]
    learned = [digest for key, digest in listed.items() if key not in former]
    return encode_digests([*unlisted, *listed_before, *learned])
